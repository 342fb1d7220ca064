//! `unknown-condition-key`.

use super::unknown_action::Nearest;
use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::catalogue::Catalogue;
use crate::policy::condition::Condition;

pub(super) static RULE: Rule = Rule {
    id: "unknown-condition-key",
    severity: Severity::Warning,
    finds: "a condition key that AWS does not document",
    why: "No request has a key that does not exist: `StringEquals` never matches, and `StringNotEquals` always does. The list of keys has a date.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "NoRoot", "Effect": "Deny", "Action": "*", "Resource": "*",
  "Condition": {"ArnLike": {"aws:PrincipleArn": "arn:aws:iam::*:root"}}}"#,
        good: r#"{"Sid": "NoRoot", "Effect": "Deny", "Action": "*", "Resource": "*",
  "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Spot> {
    let mut nearest = Nearest::default();
    let conditions = subject.policy.statements.iter().flat_map(|statement| &statement.conditions);
    conditions.filter_map(|one| of(one, setting.catalogue, &mut nearest)).collect()
}

fn of(condition: &Condition, catalogue: &Catalogue, nearest: &mut Nearest) -> Option<Spot> {
    let key = &condition.key.value;
    if catalogue.has_key(key)? {
        return None;
    }
    let prefix = key.split_once(':').map_or("", |(prefix, _)| prefix);
    let known: Vec<String> = catalogue.keys_of(prefix).collect();
    let hint = nearest.of(key, known.iter().map(String::as_str)).map_or_else(
        || "look it up in AWS's Service Authorization Reference; suppress this if it is new".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Some(Spot::new(condition.key.at, format!("the condition key `{key}` is not in AWS's list of {}", catalogue.date()), hint))
}
