//! `literal-wildcard`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::condition::{Condition, Operand};
use crate::policy::operator::Comparison;

pub(super) static RULE: Rule = Rule {
    id: "literal-wildcard",
    severity: Severity::Warning,
    finds: "a `*` or `?` that stands for itself",
    why: "`StringEquals`, `StringNotEquals` and their case-insensitive forms compare literally. Only `StringLike` and the ARN operators support \
          wildcards.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "OnlyEurope", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-*"}}}"#,
        good: r#"{"Sid": "OnlyEurope", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"StringNotLike": {"aws:RequestedRegion": "eu-*"}}}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    subject.policy.statements.iter().flat_map(|statement| &statement.conditions).flat_map(of).collect()
}

fn of(condition: &Condition) -> Vec<Spot> {
    if !matches!(condition.operator.value.comparison, Comparison::String | Comparison::StringIgnoreCase) {
        return Vec::new();
    }
    let wild = condition.values.iter().filter(|value| match &value.value {
        // `${*}` is how one writes that it is meant so.
        Operand::Text(pattern) => pattern.text().replace("${*}", "").replace("${?}", "").contains(['*', '?']),
        Operand::Arn(_) | Operand::Number(_) | Operand::Instant(_) | Operand::Flag(_) | Operand::Network(_) | Operand::Malformed(_) => {
            false
        }
    });
    wild.map(|value| Spot::new(value.at, "this operator takes no wildcards", "use `StringLike` or `StringNotLike`")).collect()
}
