//! The rules by which AWS refuses a statement of a service or resource control policy. Written independently of `policy::grammar`, which `validate`
//! uses, so that the tests, which check both with one list, find a mistake in either.
//!
//! Sources: the Organizations user guide, "SCP syntax" and "RCP syntax"; the IAM user guide, "IAM JSON policy elements: Action" and "…: Resource".

use serde_json::{Map, Value};

type Statement = Map<String, Value>;

/// The full IAM language since 2025-09-19, without principals.
pub(super) fn scp_statement(statement: &Statement) -> bool {
    let has = |key: &str| statement.contains_key(key);
    matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny"))
        && (has("Action") != has("NotAction"))
        && (has("Resource") != has("NotResource"))
        && !has("Principal")
        && !has("NotPrincipal")
        && texts_are_sound(statement)
}

/// A resource control policy of a customer only denies, and to everybody.
pub(super) fn rcp_statement(statement: &Statement) -> bool {
    let has = |key: &str| statement.contains_key(key);
    statement.get("Effect").and_then(Value::as_str) == Some("Deny")
        && statement.get("Principal").and_then(Value::as_str) == Some("*")
        && has("Action")
        && !has("NotAction")
        && !has("NotPrincipal")
        && (has("Resource") != has("NotResource"))
        && texts_are_sound(statement)
}

fn texts_are_sound(statement: &Statement) -> bool {
    let all = |key: &str, is_sound: fn(&str) -> bool| match statement.get(key) {
        None => true,
        Some(Value::String(text)) => is_sound(text),
        Some(Value::Array(list)) => !list.is_empty() && list.iter().all(|item| item.as_str().is_some_and(is_sound)),
        Some(_) => false,
    };
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let mut keys = conditions.into_iter().flat_map(Map::values).filter_map(Value::as_object).flat_map(Map::keys);
    ["Action", "NotAction"].iter().all(|key| all(key, is_action))
        && ["Resource", "NotResource"].iter().all(|key| all(key, is_resource))
        && keys.all(|key| key.find(':').is_some_and(|colon| colon > 0))
}

fn is_action(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["*"] => true,
        [service, _] => !service.is_empty() && service.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)),
        _ => false,
    }
}

/// The colons in `${…}` part nothing.
fn is_resource(text: &str) -> bool {
    let mut flat = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        flat.push_str(before);
        flat.push('x');
        rest = behind.split_once('}').map_or("", |(_, behind)| behind);
    }
    flat.push_str(rest);
    let parts: Vec<&str> = flat.splitn(6, ':').collect();
    text == "*" || matches!(parts.as_slice(), ["arn", _, service, _, _, _] if !service.is_empty() && !service.contains(['*', '?']))
}
