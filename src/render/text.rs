//! A plan as text for people.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::difference::attributes;
use super::fold::{self, Entry, Folding, Subject};
use super::vpcs::{self, Networks, Place};
use super::words::{ACTIONS, count, duration, plain, symbol, value, verb};
use super::{Style, cost, findings, impact, renames};
use crate::address::{self, Address, Scope};
use crate::apply::{Consent, RENEW_EVERY, RENEWAL};
use crate::graph::first_step;
use crate::plan::{Action, Change, Moved, Plan};
use crate::resource::organizations::{Account, Leaving};
use crate::resource::{self, Finding, FindingSeverity, Kind, KindSpec, reference};

/// The key of a resource that exists once where it is.
const MAIN: &str = "main";
/// Entries of one group that are shown before the rest is counted, without `--detail`.
const GROUP_ENTRIES: usize = 80;
/// Operations whose calls are counted one by one.
const OPERATIONS: usize = 12;

/// A plan: its changes by kind and by network, with a reason each, the findings, the counts, the calls and the time they take at best.
pub fn plan(plan: &Plan, style: Style) -> String {
    let mut out = String::new();
    let sections = sections(plan, style);
    out.push_str(&legend(&sections, style));
    for Section { heading, text, .. } in sections {
        let _ = writeln!(out, "{}\n{text}", style.bold(&heading));
    }
    told(&mut out, &plan.findings, style);
    out.push_str(&renames::text(plan, style));
    out.push_str(&summary(plan, style));
    out
}

/// A part of a plan under a heading.
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) text: String,
    /// Whether its lines are changes, with their signs.
    pub(super) has_changes: bool,
}

/// What the signs in front of changes say: those that occur, in the order in which they are counted.
pub(super) fn legend(sections: &[Section], style: Style) -> String {
    let lines = || sections.iter().filter(|section| section.has_changes).flat_map(|section| section.text.lines());
    let occurs = |action: &Action| {
        let begins = style.action(*action, &format!("{} ", symbol(*action)));
        let begins = begins.trim_end_matches("\u{1b}[0m");
        // In front of a change, or of the changes of a VPC below its line. A document's lines are indented more.
        lines().any(|line| ["  ", "      "].iter().any(|indent| line.strip_prefix(indent).is_some_and(|line| line.starts_with(begins))))
    };
    let signs: Vec<String> = ACTIONS
        .iter()
        .copied()
        .filter(occurs)
        .map(|action| style.action(action, &format!("{} {}", symbol(action), verb(action))))
        .collect();
    if signs.is_empty() { String::new() } else { format!("Signs: {}\n\n", signs.join(", ")) }
}

/// The organization, and what is in accounts and in no network, by kind; then the networks, those of new accounts as a line of the
/// account; and what it all does to what accounts may do.
pub(super) fn sections(plan: &Plan, style: Style) -> Vec<Section> {
    let (inside, others): (Vec<&Change>, Vec<&Change>) = plan.changes.iter().partition(|change| Place::of(&change.address).is_some());
    let mut networks = vpcs::by_place(&inside);
    let is_new = |change: &&&Change| Account::has(&change.address) && change.action == Action::Create;
    let new: BTreeSet<&str> = others.iter().filter(is_new).map(|change| change.address.key()).collect();
    let of_new: Networks<'_> = networks.iter().filter(|(place, _)| new.contains(place.account)).map(|(p, c)| (*p, c.clone())).collect();
    let mut sections = Vec::new();
    for (kind, changes) in by_kind(&others) {
        let entries = whole(&changes).iter().map(|change| entry(change, &of_new, style)).collect();
        let heading = format!("{} ({})", kind, count(changes.len(), "change"));
        sections.push(Section { heading, text: entries_text(entries, style), has_changes: true });
    }
    if style.detail {
        let opened = |(place, changes): (Place<'_>, Vec<&Change>)| Section {
            heading: format!("{place} ({})", count(changes.len(), "change")),
            text: by_kind(&changes)
                .iter()
                .flat_map(|(_, changes)| changes)
                .map(|c| entry(c, &Networks::new(), style).render(style))
                .collect(),
            has_changes: true,
        };
        sections.extend(networks.into_iter().map(opened));
        sections.extend(plan.impact.as_ref().map(|impact| impact::section(impact, style)));
        return sections;
    }
    networks.retain(|place, _| !new.contains(place.account));
    if !networks.is_empty() {
        let changes = networks.values().map(Vec::len).sum();
        let of = networks.keys().filter(|place| place.layout.is_some()).count();
        // A Region that is only enabled belongs to none.
        let whose = if of == 0 { String::new() } else { format!(" in {}", count(of, "VPC")) };
        let heading = format!("networks ({}{whose})", count(changes, "change"));
        let entries = networks.iter().map(|(place, changes)| vpcs::entry(*place, changes, style)).collect();
        sections.push(Section { heading, text: entries_text(entries, style), has_changes: true });
    }
    sections.extend(plan.impact.as_ref().map(|impact| impact::section(impact, style)));
    sections
}

/// What no longer is as a saved plan observed it.
pub fn moved(moved: &[Moved]) -> String {
    let line = |one: &Moved| {
        let Moved { address, attribute, then, now } = one;
        format!("moved: {}: `{attribute}` was {}, is {}", plain(&address.to_string()), value(then), value(now))
    };
    let mut lines: Vec<_> = moved.iter().take(GROUP_ENTRIES).map(line).collect();
    if let Some(rest) = moved.len().checked_sub(GROUP_ENTRIES).filter(|n| *n > 0) {
        lines.push(format!("moved: … and {rest} more (--format json lists all)"));
    }
    lines.join("\n")
}

/// Changes by kind, in the order of the table of kinds.
fn by_kind<'a>(changes: &[&'a Change]) -> Vec<(&'a str, Vec<&'a Change>)> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Change>> = BTreeMap::new();
    for change in changes {
        let kind = change.address.kind();
        groups.entry((vpcs::position(kind), kind)).or_default().push(change);
    }
    let mut groups: Vec<_> = groups.into_iter().map(|((_, kind), changes)| (kind, changes)).collect();
    for (_, changes) in &mut groups {
        changes.sort_by(|a, b| a.address.cmp(&b.address));
    }
    groups
}

/// The changes, in order of address, with two steps of one thing as one.
fn whole<'c>(changes: &[&'c Change]) -> Vec<Cow<'c, Change>> {
    let mut found: Vec<Cow<'c, Change>> = Vec::with_capacity(changes.len());
    for change in changes {
        let first = first_step(&change.address).and_then(|address| found.binary_search_by(|other| other.address.cmp(&address)).ok());
        match first.and_then(|first| found.get_mut(first)) {
            Some(first) => {
                let first = first.to_mut();
                first.after.clone_from(&change.after);
                first.reason = format!("{}; {}", first.reason, change.reason).into();
                first.calls.extend(change.calls.iter().cloned());
                let own = first.address.clone();
                first.waits_for.extend(change.waits_for.iter().filter(|address| **address != own).cloned());
                first.waits_for.sort();
                first.waits_for.dedup();
            }
            None => found.push(Cow::Borrowed(change)),
        }
    }
    found
}

/// One change, with the network that an account which it makes will have.
fn entry(change: &Change, networks: &Networks<'_>, style: Style) -> Entry {
    let destroys = matches!(change.action, Action::Delete | Action::Replace);
    let address = plain(&change.address.to_string());
    let mut body = body(change, style);
    let mut alone = String::new();
    if Account::has(&change.address) {
        let network = vpcs::of_account(networks, change.address.key());
        body.insert_str(0, &network.lines);
        alone = network.blocks;
    }
    Entry {
        action: change.action,
        of: change.address.kind().to_owned(),
        why: why(change),
        body,
        folding: if destroys { Folding::Never } else { Folding::Freely },
        subjects: vec![Subject { full: address, name: short(&change.address), alone, counts: BTreeMap::from([(change.action, 1)]) }],
    }
}

/// The name of a resource among others of its kind: its key. In an account, it also says which; the key of what exists once says nothing.
fn short(address: &Address) -> String {
    let (kind, key) = (address.kind(), address.key());
    let place = match address.place() {
        address::Place::Organization => return key.to_owned(),
        address::Place::Account(account) => account.to_owned(),
        address::Place::Region(Scope { account, region }) => format!("{account}/{region}"),
    };
    if key == MAIN { place } else { format!("{place}/{kind}.{key}") }
}

/// Entries of one section. Equal entries are merged; deletions are always listed.
fn entries_text(entries: Vec<Entry>, style: Style) -> String {
    if style.detail {
        return entries.iter().map(|entry| entry.render(style)).collect();
    }
    let mut out = String::new();
    let mut hidden: BTreeMap<Action, usize> = BTreeMap::new();
    for (position, entry) in fold::fold(entries).iter().enumerate() {
        if position < GROUP_ENTRIES || entry.destroys() {
            out.push_str(&entry.render(style));
        } else {
            let counts = entry.subjects.iter().flat_map(|subject| &subject.counts);
            counts.for_each(|(action, n)| *hidden.entry(*action).or_default() += n);
        }
    }
    if !hidden.is_empty() {
        let rest: usize = hidden.values().sum();
        let counts = hidden.iter().map(|(action, n)| format!("{n} to {}", verb(*action))).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "  {}", style.dim(&format!("… and {rest} more: {counts} (--detail shows them)")));
    }
    out
}

/// The details below the line of a change.
fn body(change: &Change, style: Style) -> String {
    let mut out = String::new();
    match change.action {
        Action::Update | Action::Replace | Action::Move | Action::Adopt => attributes(&mut out, change, style),
        Action::Create | Action::Delete | Action::NoOp if style.detail => attributes(&mut out, change, style),
        Action::Create | Action::Delete | Action::NoOp => {}
    }
    if style.detail {
        let facts = [
            ("id", change.id.iter().map(|id| plain(id)).collect::<Vec<_>>()),
            ("calls", change.calls.clone()),
            ("waits for", change.waits_for.iter().map(|address| plain(&address.to_string())).collect()),
        ];
        for (name, values) in facts.iter().filter(|(_, values)| !values.is_empty()) {
            let _ = writeln!(out, "      {}", style.dim(&format!("{name}: {}", values.join(", "))));
        }
    }
    out
}

/// The reason; for a new resource also its most informative attribute: its parent.
fn why(change: &Change) -> String {
    let place = match (change.action, change.after.as_ref().and_then(|after| reference(after, "parent"))) {
        (Action::Create, Some(parent)) => {
            let placed = resource::spec(&change.address).map_or(KindSpec::BASE.placed, |spec| spec.placed);
            format!("{placed} {parent}; ")
        }
        _ => String::new(),
    };
    plain(&format!("{place}{}", change.reason))
}

fn told(out: &mut String, found: &[Finding], style: Style) {
    if found.is_empty() {
        return;
    }
    let (lines, rest) = findings::lines(found, style);
    for line in lines {
        let label = match line.severity {
            FindingSeverity::Error => style.error("error"),
            FindingSeverity::Warning => style.warning("warning"),
            FindingSeverity::Unmanaged => style.dim("unmanaged"),
        };
        let _ = writeln!(out, "{label}: {}: {}", plain(&line.subject), plain(&line.summary));
    }
    if rest > 0 {
        let _ = writeln!(out, "{}", style.dim(&format!("… and {rest} more unmanaged (--detail shows them)")));
    }
    out.push('\n');
}

/// The last lines: counts, calls, time.
pub fn summary(plan: &Plan, style: Style) -> String {
    let errors = plan.findings.iter().filter(|f| f.severity == FindingSeverity::Error).count();
    let mut out = String::new();
    if errors > 0 {
        let _ = writeln!(out, "{}", style.error(&format!("{} must be solved before this plan can be applied.", count(errors, "error"))));
    }
    if plan.is_empty() {
        if errors == 0 {
            let _ = writeln!(out, "{}", style.good("No changes: the organization is as org.toml says."));
        }
        out.push_str(&cost::text(plan.cost.as_ref(), style));
        return out;
    }
    let counts = plan.counts();
    let told = ACTIONS.iter().filter_map(|action| Some((*action, *counts.get(action)?, verb(*action))));
    let leaving = [(Leaving::Closed, "close"), (Leaving::Removed, "take out of the organization")];
    let leaving = leaving.map(|(how, verb)| (how, plan.changes.iter().filter(|change| change.leaving() == Some(how)).count(), verb));
    let leave: usize = leaving.iter().map(|(_, n, _)| n).sum();
    // An account that leaves is no deletion that a flag covers.
    let told = told.map(|(action, n, verb)| (action, if action == Action::Delete { n - leave } else { n }, verb));
    let told = told.chain(leaving.map(|(_, n, verb)| (Action::Delete, n, verb))).filter(|(_, n, _)| *n > 0);
    let told = told.map(|(action, n, verb)| style.action(action, &format!("{n} to {verb}")));
    let _ = writeln!(out, "{} {}", style.bold("Plan:"), told.collect::<Vec<_>>().join(", "));
    let total = plan.budget.calls.values().sum::<usize>();
    let _ = writeln!(out, "Calls: {total} that write: {}", calls(plan));
    if !plan.budget.lock.is_empty() {
        let _ = writeln!(out, "Lock: {}", lock(plan));
    }
    if let Some(slowest) = &plan.budget.slowest {
        let at_best = duration(plan.budget.seconds_at_best);
        let _ = writeln!(out, "Time: at least {at_best} at AWS's published rates, because of {slowest}");
    }
    out.push_str(&cost::text(plan.cost.as_ref(), style));
    let destroys = |change: &&Change| matches!(change.action, Action::Delete | Action::Replace) && change.leaving().is_none();
    if plan.changes.iter().any(|change| destroys(&change)) {
        let _ = writeln!(out, "{}", style.warning("Deletions are skipped unless you pass --allow-delete."));
    }
    consents(&mut out, plan, style);
    out.push_str(&plan.impact.as_ref().map(|impact| impact::lockouts(impact, style)).unwrap_or_default());
    out
}

/// What consent each account needs that leaves: its own id.
fn consents(out: &mut String, plan: &Plan, style: Style) {
    let needs =
        plan.changes.iter().filter_map(|change| Some((change, Consent::none().lacks(change).filter(|_| change.leaving().is_some())?)));
    let needs: Vec<_> = needs.collect();
    for (change, needs) in needs.iter().take(if style.detail { usize::MAX } else { GROUP_ENTRIES }) {
        let told = format!("{} leaves only with {needs}.", plain(&change.address.to_string()));
        let _ = writeln!(out, "{}", style.warning(&told));
    }
    if let Some(rest) = needs.len().checked_sub(GROUP_ENTRIES).filter(|n| *n > 0 && !style.detail) {
        let _ = writeln!(out, "{}", style.dim(&format!("… and {rest} more (--detail shows their ids)")));
    }
}

/// The calls that the lock takes besides.
fn lock(plan: &Plan) -> String {
    let name = |call: &str| call.split_once(':').map_or(call, |(_, operation)| operation).to_owned();
    let calls: Vec<String> = plan.budget.lock.iter().map(|(call, n)| format!("{n} {}", name(call))).collect();
    let total: usize = plan.budget.lock.values().sum();
    format!("{total} more that write: {}; and 1 {} every {}", calls.join(", "), name(RENEWAL), duration(RENEW_EVERY.as_secs_f64()))
}

/// The calls by operation; of many operations those that are called most.
fn calls(plan: &Plan) -> String {
    let mut calls: Vec<(&str, usize)> = plan.budget.calls.iter().map(|(call, n)| (call.as_str(), *n)).collect();
    let others = calls.len().saturating_sub(OPERATIONS);
    if others > 0 {
        calls.sort_by_key(|(_, n)| Reverse(*n));
    }
    let mut told: Vec<String> =
        calls.iter().take(OPERATIONS).map(|(call, n)| format!("{n} {}", call.split_once(':').map_or(*call, |(_, op)| op))).collect();
    if others > 0 {
        told.push(format!("{} of {}", calls.iter().skip(OPERATIONS).map(|(_, n)| n).sum::<usize>(), count(others, "other operation")));
    }
    told.join(", ")
}
