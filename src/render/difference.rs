//! The differences of one resource: its attributes before and after.

use std::fmt::Write as _;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::Style;
use super::words::{is_document, plain, pretty, value};
use crate::plan::{Action, AttributeChange, Change};
use crate::resource;

/// The attributes that differ, a line each.
pub(super) fn attributes(out: &mut String, change: &Change, style: Style) {
    let spec = resource::spec(&change.address);
    let sensitive = |change: &AttributeChange| spec.and_then(|spec| spec.attribute(&change.name)).is_some_and(|known| known.sensitive);
    for change in &change.attributes() {
        if sensitive(change) {
            let _ = writeln!(out, "      {}: (sensitive)", change.name);
        } else {
            attribute(out, &change.name, (&change.before, &change.after), style);
        }
    }
}

/// One value that differs: on a line, or as the lines of a document that do.
pub(super) fn attribute(out: &mut String, name: &str, (before, after): (&Value, &Value), style: Style) {
    if is_document(before) || is_document(after) {
        let _ = writeln!(out, "      {name}:");
        document(out, before, after, style);
    } else if let Some(lines) = set_difference(before, after, style) {
        let _ = writeln!(out, "      {name}: {lines}");
    } else if before.is_null() {
        let _ = writeln!(out, "      {name}: {}", value(after));
    } else {
        let _ = writeln!(out, "      {name}: {} → {}", value(before), value(after));
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
