//! `malformed-value`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::condition::Operand;

pub(super) static RULE: Rule = Rule {
    id: "malformed-value",
    severity: Severity::Warning,
    finds: "a value that is not of its operator's kind",
    why: "No request can have such a value. Negated operators such as `NotIpAddress` match everything, all others match nothing.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "OfficeOnly", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/42"}}}"#,
        good: r#"{"Sid": "OfficeOnly", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let conditions = subject.policy.statements.iter().flat_map(|statement| &statement.conditions);
    let values = conditions.flat_map(|condition| condition.values.iter().map(move |value| (condition, value)));
    let malformed = values.filter_map(|(condition, value)| match &value.value {
        Operand::Malformed(text) => Some((condition, text, value.at)),
        Operand::Text(_) | Operand::Arn(_) | Operand::Number(_) | Operand::Instant(_) | Operand::Flag(_) | Operand::Network(_) => None,
    });
    let spot = |key: &str, text: &str, at| {
        Spot::new(
            at,
            format!("`{text}` is not a value that this operator can compare with `{key}`"),
            "write a value of its kind, or use another operator",
        )
    };
    malformed.map(|(condition, text, at)| spot(&condition.key.value, text, at)).collect()
}
