//! Reasons: why a change is planned, in words. For readers only; the program never parses them.

use std::borrow::Cow;

use serde_json::Value;

use crate::address::Address;
use crate::change::{Action, AttributeChange};
use crate::resource::{AttributeSpec, KindSpec, LiveResource, OnChange, shown};

/// How many members of a set a reason names before it says how many more there are.
const NAMED: usize = 3;

/// Why a resource is created. `former` is the one that it replaces.
pub(super) fn of_creation(address: &Address, spec: &KindSpec, former: Option<&Address>) -> Cow<'static, str> {
    if let (Some(former), Some(why)) = (former, spec.recreated) {
        return format!("{why}: created again in place of `{former}`").into();
    }
    let here = if address.account().is_some() { "not in the account" } else { "not in the organization" };
    spec.missing.unwrap_or(here).into()
}

/// Why a resource that was removed from the configuration is deleted. `successor` is the one that replaces it.
pub(super) fn of_deletion(address: &Address, spec: &KindSpec, before: &LiveResource, successor: Option<&Address>) -> Cow<'static, str> {
    // The former one of a replacement has such an address too, and is no second one.
    let first = before.id.as_deref().filter(|_| !spec.is_replaceable()).and_then(|id| address.of_several(id));
    if let Some(first) = first {
        return format!("a second one of `{first}`, and nothing else uses it").into();
    }
    match (successor, address.scope()) {
        (Some(successor), _) => format!("`{successor}` takes its place").into(),
        (None, Some(_)) => "removed from org.toml; created by overlord and no longer used".into(),
        (None, None) => "removed from org.toml; created by overlord, empty and detached by then".into(),
    }
}

/// Why an existing resource is changed.
pub(super) fn of_change(action: Action, spec: &KindSpec, attributes: &[AttributeChange]) -> String {
    let mut parts = Vec::new();
    if action == Action::Adopt {
        parts.push("not made by overlord".to_owned());
    }
    parts.extend(attributes.iter().map(|change| of_attribute(spec.attribute(&change.name), change)));
    parts.join("; ")
}

/// Why one attribute is changed.
fn of_attribute(attribute: Option<&AttributeSpec>, change: &AttributeChange) -> String {
    let differs = || format!("`{}` differs", change.name);
    let Some(attribute) = attribute else { return differs() };
    match (attribute.on_change, attribute.sensitive, attribute.reason) {
        (OnChange::ReplaceCreateFirst, _, _) => format!("`{}` differs, and AWS cannot change it in place", change.name),
        (_, true, _) => differs(),
        (_, false, Some(reason)) => reason(&change.before, &change.after),
        (OnChange::Move, false, None) => format!("move from {} to {}", shown(&change.before), shown(&change.after)),
        (OnChange::Delete, false, None) => match &change.before {
            // All of them: a user who confirms should have read what is deleted.
            Value::Array(there) => format!("org.toml wants them gone: {}", there.iter().map(shown).collect::<Vec<_>>().join(", ")),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => "org.toml wants it gone".to_owned(),
        },
        (OnChange::Update | OnChange::Forbidden(_), false, None) => of_value(change),
    }
}

/// Both values of a difference, for a message that must name them: "`email` is `a@b`, not `c@d`".
pub(super) fn values(change: &AttributeChange, sensitive: bool) -> String {
    if sensitive {
        return format!("`{}` differs", change.name);
    }
    format!("`{}` is {}, not {}", change.name, shown(&change.before), shown(&change.after))
}

/// What differs: for a set what is added and removed, for other values only that they differ.
fn of_value(change: &AttributeChange) -> String {
    let (Value::Array(before), Value::Array(after)) = (&change.before, &change.after) else {
        return format!("`{}` differs", change.name);
    };
    let only_in = |these: &[Value], those: &[Value]| these.iter().filter(|value| !those.contains(value)).map(shown).collect::<Vec<_>>();
    let (lacks, has) = (only_in(after, before), only_in(before, after));
    // Policies are attached to a target; all other lists contain values.
    let [add, remove] = if change.name == "policies" { ["attach", "detach"] } else { ["add", "remove"] };
    match (lacks.is_empty(), has.is_empty()) {
        (false, false) => format!("`{}`: {add} {}, {remove} {}", change.name, listed(&lacks), listed(&has)),
        (false, true) => format!("`{}`: {add} {}", change.name, listed(&lacks)),
        (true, false) => format!("`{}`: {remove} {}", change.name, listed(&has)),
        (true, true) => format!("`{}` is in another order", change.name),
    }
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
