//! Words that all formats share: symbols, counts, durations, values.

use serde_json::Value;

use crate::plan::Action;
use crate::resource;

pub(crate) use crate::escape::one_line as plain;
pub(crate) use crate::plural::count;

/// The one-character symbol of an action.
pub(super) fn symbol(action: Action) -> &'static str {
    match action {
        Action::NoOp => " ",
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "±",
        Action::Delete => "-",
        Action::Move => ">",
        Action::Adopt => "<",
    }
}

/// An action as in "3 to create".
pub(super) fn verb(action: Action) -> &'static str {
    match action {
        Action::NoOp => "unchanged",
        Action::Create => "create",
        Action::Update => "update in place",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Move => "move",
        Action::Adopt => "adopt",
    }
}

/// All actions that a plan can hold, in the order they are counted.
pub(super) const ACTIONS: [Action; 6] = [Action::Create, Action::Adopt, Action::Update, Action::Move, Action::Replace, Action::Delete];

/// A kind as people say it, so many of it: `1 VPC`, `9 subnets`, `2 NAT gateways`.
pub(crate) fn things(n: usize, kind: &str) -> String {
    match resource::kind(kind) {
        Some(known) => known.spec().counted(n),
        None => count(n, &kind.replace('_', " ")),
    }
}

/// Seconds as people say them: `0 s`, `45 s`, `9 min 30 s`, `2 h 5 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.ceil() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// A value on one line: references by what they refer to, text in quotes, lists and tables in brackets.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => format!("[{}]", items.iter().map(self::value).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => match (map.len(), map.get("ref").or_else(|| map.get("id"))) {
            (1, Some(Value::String(name))) => plain(name),
            _ => format!("{{ {} }}", map.iter().map(|(k, v)| format!("{k} = {}", self::value(v))).collect::<Vec<_>>().join(", ")),
        },
    }
}

/// Whether a value is a document that people read over several lines.
pub(super) fn is_document(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(|v| matches!(v, Value::Array(_) | Value::Object(_))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => false,
    }
}

/// A document over several lines; what is no JSON document stays as it is.
pub(super) fn pretty(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => format!("{value:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_have_the_names_that_people_say() {
        for (n, kind, text) in [
            (6, "ou", "6 OUs"),
            (1, "vpc", "1 VPC"),
            (2, "policy", "2 policies"),
            (1, "route_table", "1 route table"),
            (2, "dhcp_options", "2 sets of DHCP options"),
        ] {
            assert_eq!(things(n, kind), text);
        }
    }

    #[test]
    fn durations_round_up() {
        for (seconds, text) in [(0.0, "0 s"), (0.2, "1 s"), (60.0, "1 min"), (570.0, "9 min 30 s"), (3600.0, "1 h"), (7510.0, "2 h 5 min")]
        {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn values_are_readable() {
        assert_eq!(value(&json!([{"ref": "policy.deny-leave"}, {"id": "p-FullAWSAccess"}])), "[policy.deny-leave, p-FullAWSAccess]");
        assert_eq!(value(&json!({"team": "records", "stage": "dev"})), r#"{ stage = "dev", team = "records" }"#);
    }
}
