//! A plan as text for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::Style;
use super::words::{ACTIONS, count, duration, is_document, pretty, symbol, value, verb};
use crate::plan::{Action, AttributeChange, Change, Plan};
use crate::resource::{Finding, FindingSeverity, KINDS, reference};

/// Lines of one group that are shown before the rest is counted, without `--detail`.
const GROUP_LINES: usize = 80;

/// A plan: its changes by kind with a reason each, the findings, the counts, the calls and the time they take at best.
pub fn plan(plan: &Plan, style: Style) -> String {
    let mut out = String::new();
    for (kind, changes) in by_kind(plan) {
        group(&mut out, kind, &changes, style);
    }
    findings(&mut out, &plan.findings, style);
    out.push_str(&summary(plan, style));
    out
}

/// Changes by kind, in the order of the table of kinds.
fn by_kind(plan: &Plan) -> Vec<(&str, Vec<&Change>)> {
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

fn group(out: &mut String, kind: &str, changes: &[&Change], style: Style) {
    let _ = writeln!(out, "{}", style.bold(&format!("{kind} ({})", count(changes.len(), "change"))));
    let shown = if style.detail { changes.len() } else { GROUP_LINES };
    for change in changes.iter().take(shown) {
        one(out, change, style);
    }
    if let Some(rest) = changes.len().checked_sub(shown).filter(|n| *n > 0) {
        let mut counts: BTreeMap<Action, usize> = BTreeMap::new();
        for change in changes.iter().skip(shown) {
            *counts.entry(change.action).or_default() += 1;
        }
        let counts = counts.iter().map(|(action, n)| format!("{n} to {}", verb(*action))).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "  {}", style.dim(&format!("… and {rest} more: {counts} (--detail shows them)")));
    }
    out.push('\n');
}

fn one(out: &mut String, change: &Change, style: Style) {
    let head = format!("{} {}", symbol(change.action), change.address);
    let _ = writeln!(out, "  {}  {}", style.action(change.action, &head), style.dim(&why(change)));
    let all = style.detail && change.before.is_none();
    match change.action {
        Action::Update | Action::Replace | Action::Move | Action::Adopt => attributes(out, &change.attributes, style),
        Action::Create | Action::Delete | Action::NoOp if all => attributes(out, &change.attributes, style),
        Action::Create | Action::Delete | Action::NoOp => {}
    }
}

/// The reason, and for what is made the one thing that tells most: where it goes.
fn why(change: &Change) -> String {
    let place = match (change.action, change.after.as_ref().and_then(|after| reference(after, "parent"))) {
        (Action::Create, Some(parent)) => format!("in {parent}; "),
        _ => String::new(),
    };
    format!("{place}{}", change.reason)
}

fn attributes(out: &mut String, changes: &[AttributeChange], style: Style) {
    for change in changes {
        if is_document(&change.before) || is_document(&change.after) {
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

/// What two lists do not share, as `+a -b`; `None` when one is no list.
fn set_difference(before: &Value, after: &Value, style: Style) -> Option<String> {
    let (before, after) = (before.as_array()?, after.as_array()?);
    let added = after.iter().filter(|v| !before.contains(v)).map(|v| style.action(Action::Create, &format!("+{}", value(v))));
    let removed = before.iter().filter(|v| !after.contains(v)).map(|v| style.action(Action::Delete, &format!("-{}", value(v))));
    Some(added.chain(removed).collect::<Vec<_>>().join(" "))
}

fn document(out: &mut String, before: &Value, after: &Value, style: Style) {
    let (before, after) = (pretty(before), pretty(after));
    for hunk in TextDiff::from_lines(&before, &after).unified_diff().context_radius(2).iter_hunks() {
        for line in hunk.iter_changes() {
            let text = line.value().trim_end_matches('\n');
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
                if unmanaged > GROUP_LINES && !style.detail {
                    continue;
                }
                style.dim("unmanaged")
            }
        };
        let _ = writeln!(out, "{label}: {}: {}", finding.subject, finding.summary);
    }
    if let Some(rest) = unmanaged.checked_sub(GROUP_LINES).filter(|n| *n > 0 && !style.detail) {
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
    if plan.changes.is_empty() {
        if errors == 0 {
            let _ = writeln!(out, "{}", style.good("No changes: the organization is as org.toml says."));
        }
        return out;
    }
    let counts = ACTIONS.iter().filter_map(|action| {
        let n = plan.changes.iter().filter(|c| c.action == *action).count();
        (n > 0).then(|| style.action(*action, &format!("{n} to {}", verb(*action))))
    });
    let _ = writeln!(out, "{} {}", style.bold("Plan:"), counts.collect::<Vec<_>>().join(", "));
    let total = plan.budget.calls.values().sum::<usize>();
    let calls = plan.budget.calls.iter().map(|(call, n)| format!("{n} {}", call.split_once(':').map_or(call.as_str(), |(_, op)| op)));
    let _ = writeln!(out, "Calls: {total} that write: {}", calls.collect::<Vec<_>>().join(", "));
    if let Some(slowest) = &plan.budget.slowest {
        let at_best = duration(plan.budget.seconds_at_best);
        let _ = writeln!(out, "Time: at least {at_best} at AWS's published rates, because of {slowest}");
    }
    if plan.changes.iter().any(|c| matches!(c.action, Action::Delete | Action::Replace)) {
        let _ = writeln!(out, "{}", style.warning("Deletions need --allow-delete; without it they are left out."));
    }
    out
}
