//! `single-valued`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::operator::{Comparison, Quantifier};

/// Keys that a request can have several values of. Source: the IAM user guide, "AWS global condition context keys".
const SEVERAL: [&str; 7] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "aws:vpceorgpaths",
];

pub(super) static RULE: Rule = Rule {
    id: "single-valued",
    severity: Severity::Warning,
    finds: "a key of several values under an operator for one",
    why: "AWS requires `ForAnyValue:` or `ForAllValues:` with such keys, and does not document what happens without them.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "OtherOus", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*",
  "Condition": {"StringNotLike": {"aws:ResourceOrgPaths": "o-exampleorgid/r-exam/ou-exam-12345678/*"}}}"#,
        good: r#"{"Sid": "OtherOus", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*",
  "Condition": {"ForAnyValue:StringNotLike": {"aws:ResourceOrgPaths": "o-exampleorgid/r-exam/ou-exam-12345678/*"}}}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let conditions = subject.policy.statements.iter().flat_map(|statement| &statement.conditions);
    let single = conditions.filter(|condition| {
        let operator = &condition.operator.value;
        operator.quantifier == Quantifier::Single && operator.comparison != Comparison::Null && SEVERAL.contains(&condition.folded.as_str())
    });
    let spot = |key: &str, at| Spot::new(at, format!("`{key}` has several values"), "write `ForAnyValue:` before the operator");
    single.map(|condition| spot(&condition.key.value, condition.operator.at)).collect()
}
