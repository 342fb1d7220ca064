//! `for-all-values`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::condition::{Condition, Operand};
use crate::policy::operator::{Comparison, Quantifier, Sense};
use crate::policy::statement::{Effect, Statement};

pub(super) static RULE: Rule = Rule {
    id: "for-all-values",
    severity: Severity::Warning,
    finds: "`ForAllValues:` without a `Null` condition",
    why: "`ForAllValues:` also matches a request without the key: then an Allow allows it and a Deny denies it. Add `\"Null\": {\"<key>\": \
          \"false\"}` to the same statement to require the key. A Deny with a negated operator, which means \"unless\", is not reported.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "OnlyTheseTags", "Effect": "Allow", "Action": "s3:TagResource", "Resource": "*",
  "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"]}}}"#,
        good: r#"{"Sid": "OnlyTheseTags", "Effect": "Allow", "Action": "s3:TagResource", "Resource": "*",
  "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"]}, "Null": {"aws:TagKeys": "false"}}}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    subject.policy.statements.iter().flat_map(|statement| statement.conditions.iter().filter_map(|c| of(statement, c))).collect()
}

fn of(statement: &Statement, condition: &Condition) -> Option<Spot> {
    let operator = &condition.operator.value;
    // `IfExists` says itself what becomes of a request without the key.
    if operator.quantifier != Quantifier::All
        || operator.if_exists
        || is_deny_unless(statement, condition)
        || statement.conditions.iter().any(|other| guards(other, condition))
    {
        return None;
    }
    let does = match statement.effect.value {
        Effect::Allow => "this allows",
        Effect::Deny => "this denies",
    };
    let key = &condition.key.value;
    let summary = format!("{does} requests without `{key}` too");
    Some(Spot::new(condition.operator.at, summary, format!("add \"Null\": {{\"{key}\": \"false\"}}, or use `ForAnyValue:`")))
}

/// "Denied unless all of it is on the list": there the request without the key is meant too.
fn is_deny_unless(statement: &Statement, condition: &Condition) -> bool {
    statement.effect.value == Effect::Deny && condition.operator.value.sense == Sense::Different
}

fn guards(guard: &Condition, condition: &Condition) -> bool {
    guard.operator.value.comparison == Comparison::Null
        && guard.folded == condition.folded
        && guard.values.iter().all(|value| value.value == Operand::Flag(false))
}
