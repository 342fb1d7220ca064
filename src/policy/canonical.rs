//! The canonical form of a document: one value for all spellings that AWS treats alike.
//!
//! Service and resource control policies are written in IAM's language. There, action, resource and condition values are sets: order and
//! repetition mean nothing, and a set of one may be written as a scalar. Management policy types have their own language, in which lists may
//! be ordered: for them only the order of object keys is dropped.

use serde_json::{Map, Value};

use super::strict;

/// The parts of a statement whose list is a set.
const SETS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];

/// The canonical form of `text` as a document of `policy_type` (in the API's spelling, such as `SERVICE_CONTROL_POLICY`). A text that
/// is no JSON, or repeats an object key, is the JSON string of itself: a live document that overlord did not write must not stop a
/// run, and differs from every desired one.
pub fn canonical(policy_type: &str, text: &str) -> Value {
    strict::parse(text).map_or_else(|_| Value::String(text.to_owned()), |value| canonical_value(policy_type, value))
}

/// As [`canonical`], for a text that is parsed already.
pub(super) fn canonical_value(policy_type: &str, value: Value) -> Value {
    match value {
        Value::Object(document) if is_iam_language(policy_type) => Value::Object(iam_document(document)),
        other => other,
    }
}

fn is_iam_language(policy_type: &str) -> bool {
    matches!(policy_type, "SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY")
}

/// A lone statement becomes a list of one: the form of all of AWS's own documents and examples.
fn iam_document(mut document: Map<String, Value>) -> Map<String, Value> {
    if let Some(statements) = document.get_mut("Statement") {
        let list = match statements.take() {
            Value::Array(list) => list,
            lone => vec![lone],
        };
        *statements = Value::Array(list.into_iter().map(statement).collect());
    }
    document
}

fn statement(value: Value) -> Value {
    let Value::Object(mut statement) = value else { return value };
    for name in SETS {
        if let Some(value) = statement.get_mut(name) {
            *value = set(value.take());
        }
    }
    if let Some(Value::Object(operators)) = statement.get_mut("Condition") {
        for keys in operators.values_mut() {
            if let Value::Object(keys) = keys {
                for value in keys.values_mut() {
                    *value = set(value.take());
                }
            }
        }
    }
    Value::Object(statement)
}

/// Sorted, each value once; a set of one as its value, which is the shorter form.
fn set(value: Value) -> Value {
    let Value::Array(mut items) = value else { return value };
    items.sort_by_cached_key(Value::to_string);
    items.dedup();
    match <[Value; 1]>::try_from(items) {
        // A list of one list is nothing that AWS knows; unwrapping it would make canonical of canonical a different value.
        Ok([lone]) if !lone.is_array() => lone,
        Ok([lone]) => Value::Array(vec![lone]),
        Err(items) => Value::Array(items),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const SCP: &str = "SERVICE_CONTROL_POLICY";

    fn check(policy_type: &str, before: &Value, after: &Value) {
        assert_eq!(canonical(policy_type, &before.to_string()), *after);
    }

    #[test]
    fn sets_are_sorted_and_single_values_are_scalars() {
        check(
            SCP,
            &json!({"Statement": {"Effect": "Deny", "Action": ["b:*", "a:*", "b:*"], "Resource": ["*"],
                "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"], "k": ["v"]}}}}),
            &json!({"Statement": [{"Effect": "Deny", "Action": ["a:*", "b:*"], "Resource": "*",
                "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"], "k": "v"}}}]}),
        );
    }

    #[test]
    fn other_types_keep_their_lists() {
        let tag = json!({"tags": {"team": {"tag_value": {"@@assign": ["b", "a"]}}}});
        check("TAG_POLICY", &tag, &tag);
        let alike = json!({"Statement": {"Action": ["b", "a"]}});
        check("BACKUP_POLICY", &alike, &alike);
    }

    #[test]
    fn what_is_no_json_is_kept_as_text() {
        assert_eq!(canonical(SCP, "{"), json!("{"));
        assert_eq!(canonical(SCP, r#"{"Version": 1, "Version": 2}"#), json!(r#"{"Version": 1, "Version": 2}"#));
    }

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[a-c:*]{0,4}".prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            Just(Value::Null)
        ]
    }

    /// Anything at all, with the names that matter likely.
    fn anything() -> impl Strategy<Value = Value> {
        let name = prop_oneof![
            Just("Statement".to_owned()),
            Just("Action".to_owned()),
            Just("NotResource".to_owned()),
            Just("Condition".to_owned()),
            "[a-z]{1,3}"
        ];
        leaf().prop_recursive(6, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name.clone(), inner, 0..4).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_is_idempotent(document in anything(), iam in any::<bool>()) {
            let policy_type = if iam { SCP } else { "BACKUP_POLICY" };
            let once = canonical_value(policy_type, document);
            prop_assert_eq!(canonical(policy_type, &once.to_string()), once);
        }

        #[test]
        fn order_and_repetition_of_a_set_change_nothing(
            (actions, shuffled) in prop::collection::vec("[a-d]:[A-D*]{1,2}", 1..6)
                .prop_flat_map(|actions| {
                    let mut twice = actions.clone();
                    twice.extend(actions.iter().take(2).cloned());
                    (Just(actions), Just(twice).prop_shuffle())
                }),
            part in prop::sample::select(SETS.to_vec()),
        ) {
            let document = |list: &[String]| json!({"Statement": [{"Effect": "Deny", part: list, "Condition": {"ArnLike": {"k": list}}}]});
            prop_assert_eq!(canonical_value(SCP, document(&actions)), canonical_value(SCP, document(&shuffled)));
        }
    }
}
