//! A plan as text for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::Style;
use super::fold::{self, Entry};
use super::words::{ACTIONS, count, duration, is_document, plain, pretty, value, verb};
use crate::plan::{Action, AttributeChange, Change, Moved, Plan};
use crate::resource::{self, Finding, FindingSeverity, KINDS, reference};

/// Entries of one group that are shown before the rest is counted, without `--detail`.
const GROUP_ENTRIES: usize = 80;

/// A plan: its changes by kind with a reason each, the findings, the counts, the calls and the time they take at best.
pub fn plan(plan: &Plan, style: Style) -> String {
    let mut out = String::new();
    for (kind, changes) in by_kind(plan) {
        let _ = writeln!(out, "{}", style.bold(&format!("{kind} ({})", count(changes.len(), "change"))));
        out.push_str(&group(kind, &changes, style));
        out.push('\n');
    }
    findings(&mut out, &plan.findings, style);
    out.push_str(&summary(plan, style));
    out
}

/// What no longer is as a saved plan observed it.
pub fn moved(moved: &[Moved]) -> String {
    let line = |one: &Moved| {
        let Moved { address, attribute, then, now } = one;
        format!("moved: {}: `{attribute}` was {}, is {}", plain(&address.to_string()), value(then), value(now))
    };
    let mut lines: Vec<_> = moved.iter().take(GROUP_ENTRIES).map(line).collect();
    if let Some(rest) = moved.len().checked_sub(GROUP_ENTRIES).filter(|n| *n > 0) {
        lines.push(format!("moved: … and {rest} more (--format json tells them all)"));
    }
    lines.join("\n")
}

/// Changes by kind, in the order of the table of kinds.
pub(super) fn by_kind(plan: &Plan) -> Vec<(&str, Vec<&Change>)> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Change>> = BTreeMap::new();
    for change in &plan.changes {
        let kind = change.address.kind();
        let position = KINDS.iter().position(|k| k.spec().kind == kind).unwrap_or(usize::MAX);
        groups.entry((position, kind)).or_default().push(change);
    }
    let mut groups: Vec<_> = groups.into_iter().map(|((_, kind), changes)| (kind, changes)).collect();
    for (_, changes) in &mut groups {
        changes.sort_by(|a, b| a.address.cmp(&b.address));
    }
    groups
}

/// The changes of one kind. What is said of many in the same words is said once; what destroys is always said, and singly.
pub(super) fn group(kind: &str, changes: &[&Change], style: Style) -> String {
    let entries = changes.iter().map(|change| Entry { why: why(change), body: body(change, style), changes: vec![*change] });
    if style.detail {
        return entries.map(|entry| entry.render(kind, style)).collect();
    }
    let mut out = String::new();
    let mut hidden: BTreeMap<Action, usize> = BTreeMap::new();
    for (position, entry) in fold::fold(entries.collect()).iter().enumerate() {
        if position < GROUP_ENTRIES || entry.destroys() {
            out.push_str(&entry.render(kind, style));
        } else {
            entry.changes.iter().for_each(|change| *hidden.entry(change.action).or_default() += 1);
        }
    }
    if !hidden.is_empty() {
        let rest: usize = hidden.values().sum();
        let counts = hidden.iter().map(|(action, n)| format!("{n} to {}", verb(*action))).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "  {}", style.dim(&format!("… and {rest} more: {counts} (--detail shows them)")));
    }
    out
}

/// What stands below the line of a change.
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

/// The reason, and for what is made the one thing that tells most: where it goes.
fn why(change: &Change) -> String {
    let place = match (change.action, change.after.as_ref().and_then(|after| reference(after, "parent"))) {
        (Action::Create, Some(parent)) => format!("in {parent}; "),
        _ => String::new(),
    };
    plain(&format!("{place}{}", change.reason))
}

fn attributes(out: &mut String, change: &Change, style: Style) {
    let known = resource::kind(change.address.kind()).map(|kind| kind.spec().attributes).unwrap_or_default();
    let sensitive = |change: &AttributeChange| known.iter().any(|known| known.name == change.name && known.sensitive);
    for change in &change.attributes {
        if sensitive(change) {
            let _ = writeln!(out, "      {}: (sensitive)", change.name);
        } else if is_document(&change.before) || is_document(&change.after) {
            let _ = writeln!(out, "      {}:", change.name);
            document(out, &change.before, &change.after, style);
        } else if let Some(lines) = set_difference(&change.before, &change.after, style) {
            let _ = writeln!(out, "      {}: {lines}", change.name);
        } else if change.before.is_null() {
            let _ = writeln!(out, "      {}: {}", change.name, value(&change.after));
        } else {
            let _ = writeln!(out, "      {}: {} → {}", change.name, value(&change.before), value(&change.after));
        }
    }
}

/// What two lists or two tables do not share, as `+a -b`; `None` when they are neither.
fn set_difference(before: &Value, after: &Value, style: Style) -> Option<String> {
    if let (Some(before), Some(after)) = (before.as_object(), after.as_object()) {
        let pair = |(key, new): (&String, &Value)| format!("{} = {}", plain(key), value(new));
        let changed = after.iter().filter_map(|(key, new)| match before.get(key) {
            None => Some(style.action(Action::Create, &format!("+{}", pair((key, new))))),
            Some(old) if old != new => Some(format!("{} → {}", pair((key, old)), value(new))),
            Some(_) => None,
        });
        let removed = before.iter().filter(|(key, _)| !after.contains_key(*key));
        let removed = removed.map(|entry| style.action(Action::Delete, &format!("-{}", pair(entry))));
        // A reference is a table too, and is read as a whole.
        let reference = |map: &serde_json::Map<String, Value>| map.contains_key("ref") || map.contains_key("id");
        return (!reference(before) && !reference(after)).then(|| changed.chain(removed).collect::<Vec<_>>().join(", "));
    }
    let (before, after) = (before.as_array()?, after.as_array()?);
    let added = after.iter().filter(|v| !before.contains(v)).map(|v| style.action(Action::Create, &format!("+{}", value(v))));
    let removed = before.iter().filter(|v| !after.contains(v)).map(|v| style.action(Action::Delete, &format!("-{}", value(v))));
    Some(added.chain(removed).collect::<Vec<_>>().join(" "))
}

fn document(out: &mut String, before: &Value, after: &Value, style: Style) {
    let (before, after) = (pretty(before), pretty(after));
    for hunk in TextDiff::from_lines(&before, &after).unified_diff().context_radius(2).iter_hunks() {
        for line in hunk.iter_changes() {
            let text = plain(line.value().trim_end_matches('\n'));
            let painted = match line.tag() {
                ChangeTag::Delete => style.action(Action::Delete, &format!("- {text}")),
                ChangeTag::Insert => style.action(Action::Create, &format!("+ {text}")),
                ChangeTag::Equal => style.dim(&format!("  {text}")),
            };
            let _ = writeln!(out, "        {painted}");
        }
    }
}

fn findings(out: &mut String, findings: &[Finding], style: Style) {
    if findings.is_empty() {
        return;
    }
    let mut unmanaged = 0;
    for finding in findings {
        let label = match finding.severity {
            FindingSeverity::Error => style.error("error"),
            FindingSeverity::Warning => style.warning("warning"),
            FindingSeverity::Unmanaged => {
                unmanaged += 1;
                if unmanaged > GROUP_ENTRIES && !style.detail {
                    continue;
                }
                style.dim("unmanaged")
            }
        };
        let _ = writeln!(out, "{label}: {}: {}", plain(&finding.subject), plain(&finding.summary));
    }
    if let Some(rest) = unmanaged.checked_sub(GROUP_ENTRIES).filter(|n| *n > 0 && !style.detail) {
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
        return out;
    }
    let counts = plan.counts();
    let told = ACTIONS.iter().filter_map(|action| Some(style.action(*action, &format!("{} to {}", counts.get(action)?, verb(*action)))));
    let _ = writeln!(out, "{} {}", style.bold("Plan:"), told.collect::<Vec<_>>().join(", "));
    let total = plan.budget.calls.values().sum::<usize>();
    let calls = plan.budget.calls.iter().map(|(call, n)| format!("{n} {}", call.split_once(':').map_or(call.as_str(), |(_, op)| op)));
    let _ = writeln!(out, "Calls: {total} that write: {}", calls.collect::<Vec<_>>().join(", "));
    if let Some(slowest) = &plan.budget.slowest {
        let at_best = duration(plan.budget.seconds_at_best);
        let _ = writeln!(out, "Time: at least {at_best} at AWS's published rates, because of {slowest}");
    }
    if [Action::Delete, Action::Replace].iter().any(|destroys| counts.contains_key(destroys)) {
        let _ = writeln!(out, "{}", style.warning("Deletions need --allow-delete; without it they are left out."));
    }
    out
}
