//! `duplicate-sid`.

use std::collections::BTreeMap;

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};

pub(super) static RULE: Rule = Rule {
    id: "duplicate-sid",
    severity: Severity::Warning,
    finds: "two statements of one Sid",
    why: "A Sid must be unique in its policy. Otherwise nobody can see which of the two statements decided.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "Keep", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"},
 {"Sid": "Keep", "Effect": "Deny", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"}"#,
        good: r#"{"Sid": "KeepBuckets", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"},
 {"Sid": "KeepKeys", "Effect": "Deny", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let mut first = BTreeMap::new();
    let mut spots = Vec::new();
    for sid in subject.policy.statements.iter().filter_map(|statement| statement.sid.as_ref()) {
        match first.get(sid.value.as_str()) {
            Some(at) => spots.push(
                Spot::new(sid.at, format!("two statements are called `{}`", sid.value), "give one another Sid").related(*at, "the first"),
            ),
            None => drop(first.insert(sid.value.as_str(), sid.at)),
        }
    }
    spots
}
