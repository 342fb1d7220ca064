//! `missing-sid`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};

pub(super) static RULE: Rule = Rule {
    id: "missing-sid",
    severity: Severity::Hint,
    finds: "a statement without a Sid",
    why: "overlord's decisions, tests and messages name a statement by its Sid. Without one, they use its number, which may change.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}"#,
        good: r#"{"Sid": "KeepBuckets", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let without = subject.policy.statements.iter().filter(|statement| statement.sid.is_none());
    without.map(|s| Spot::new(s.effect.at, format!("{} has no Sid", s.title()), r#"name it: "Sid": "KeepBuckets""#)).collect()
}
