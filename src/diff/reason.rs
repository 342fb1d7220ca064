//! Reasons: why a change is planned, in words. For readers only; the program never parses them.

use std::borrow::Cow;

use serde_json::Value;

use crate::address::{Address, Reference};
use crate::change::{Action, AttributeChange};
use crate::resource::organizations::{Leaving, organization_address};
use crate::resource::{KindSpec, LAPSED, LiveResource, OnChange};

/// How many members of a set a reason names before it says how many more there are.
const NAMED: usize = 3;

/// Why a resource is created. `former` is the one that it replaces.
pub(super) fn of_creation(address: &Address, former: Option<&Address>) -> Cow<'static, str> {
    if let Some(former) = former {
        return format!("its place in the tree changed, and AWS cannot move an OU: created again in place of `{former}`").into();
    }
    let reason = match address.scope() {
        Some(_) if address.kind() == "default_vpc" => "a new account has one, and org.toml wants it gone",
        Some(_) => "not in the account",
        None if *address == organization_address() => "there is no organization yet",
        None if matches!(address.kind(), "alternate_contact" | "primary_contact") => "not in the account",
        None if address.kind() == "root_access" => "root users are not managed centrally",
        None => "not in the organization",
    };
    reason.into()
}

/// Why a resource that was removed from the configuration is deleted. `successor` is the one that replaces it.
pub(super) fn of_deletion(address: &Address, before: &LiveResource, successor: Option<&Address>) -> Cow<'static, str> {
    // DHCP options are replaced when they change: theirs is a former set.
    let first = before.id.as_deref().filter(|_| address.kind() != "dhcp_options").and_then(|id| address.of_several(id));
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
    let attribute = |change: &AttributeChange| spec.attributes.iter().find(|attribute| attribute.name == change.name);
    let mut parts = Vec::new();
    if action == Action::Adopt {
        parts.push("not made by overlord".to_owned());
    }
    for change in attributes {
        parts.push(match attribute(change).map(|attribute| (attribute.on_change, attribute.sensitive)) {
            Some((OnChange::Move, false)) => format!("move from {} to {}", name(&change.before), name(&change.after)),
            Some((OnChange::ReplaceCreateFirst, _)) => format!("`{}` differs, and AWS cannot change it in place", change.name),
            Some((_, true)) | None => format!("`{}` differs", change.name),
            Some((OnChange::Update, false)) if (spec.kind, change.name.as_str()) == ("account", "email") => {
                format!("AWS sends a code to {}, which `overlord email` submits", name(&change.after))
            }
            Some((OnChange::Update, false)) if (spec.kind, change.name.as_str()) == ("account", LAPSED) => {
                format!("the code that AWS sent to {} is no longer pending, but the account's tag still says so", name(&change.before))
            }
            Some((OnChange::Delete, false)) => match &change.before {
                // All of them: a user who confirms should have read what is deleted.
                Value::Array(there) => {
                    format!("org.toml wants them gone: {}", there.iter().map(name).collect::<Vec<_>>().join(", "))
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => gone(change).to_owned(),
            },
            Some((OnChange::Update | OnChange::Forbidden(_), false)) => of_value(change),
        });
    }
    parts.join("; ")
}

fn gone(change: &AttributeChange) -> &'static str {
    match serde_json::from_value(change.after.clone()) {
        Ok(Leaving::Closed) => "org.toml wants it closed; AWS deletes what is in it after 90 days",
        Ok(Leaving::Removed) => "org.toml wants it out of the organization",
        Err(_) => "org.toml wants it gone",
    }
}

/// Both values of a difference, for a message that must name them: "`email` is `a@b`, not `c@d`".
pub(super) fn values(change: &AttributeChange, sensitive: bool) -> String {
    if sensitive {
        return format!("`{}` differs", change.name);
    }
    format!("`{}` is {}, not {}", change.name, name(&change.before), name(&change.after))
}

/// What differs: for a set what is added and removed, for other values only that they differ.
fn of_value(change: &AttributeChange) -> String {
    let (Value::Array(before), Value::Array(after)) = (&change.before, &change.after) else {
        return format!("`{}` differs", change.name);
    };
    let only_in = |these: &[Value], those: &[Value]| these.iter().filter(|value| !those.contains(value)).map(name).collect::<Vec<_>>();
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

fn name(value: &Value) -> String {
    if let Ok(reference) = <Reference as serde::Deserialize>::deserialize(value) {
        return format!("`{reference}`");
    }
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => format!("`{value}`"),
    }
}
