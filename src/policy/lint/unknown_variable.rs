//! `unknown-variable`.

use super::unknown_action::Nearest;
use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::diagnostic::ByteRange;
use crate::policy::catalogue::Catalogue;
use crate::policy::pattern::Variable;
use crate::policy::statement::Statement;

pub(super) static RULE: Rule = Rule {
    id: "unknown-variable",
    severity: Severity::Warning,
    finds: "a `${…}` of a condition key that AWS does not document",
    why: "A variable without a value matches nothing: a Deny with it protects nothing, and a Deny with `NotResource` applies to everything. Often \
          it is a placeholder that another tool did not fill in. The list of keys has a date.",
    examples: &[
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "KeepOthers", "Effect": "Deny", "Action": "s3:DeleteObject", "NotResource": "arn:aws:s3:::home/${aws:user-name}/*"}"#,
            good: r#"{"Sid": "KeepOthers", "Effect": "Deny", "Action": "s3:DeleteObject", "NotResource": "arn:aws:s3:::home/${aws:username}/*"}"#,
            beside: None,
        },
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "OnlyThere", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"StringNotEquals": {"aws:RequestedRegion": "${region}"}}}"#,
            good: r#"{"Sid": "OnlyThere", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}"#,
            beside: None,
        },
    ],
    check,
};

fn check(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Spot> {
    let mut nearest = Nearest::default();
    let placed = subject.policy.statements.iter().flat_map(placed);
    placed.filter_map(|(variable, at)| of(variable, at, setting.catalogue, &mut nearest)).collect()
}

fn placed(statement: &Statement) -> impl Iterator<Item = (&Variable, ByteRange)> {
    let resources =
        statement.resources.patterns.iter().flat_map(|pattern| pattern.value.variables().map(|variable| (variable, pattern.at)));
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    let values =
        values.flat_map(|value| value.value.patterns().iter().flat_map(|pattern| pattern.variables()).map(|variable| (variable, value.at)));
    resources.chain(values)
}

fn of(variable: &Variable, at: ByteRange, catalogue: &Catalogue, nearest: &mut Nearest) -> Option<Spot> {
    let key = &variable.key;
    let Some((prefix, _)) = key.split_once(':') else {
        let hint = "a variable is a condition key with its prefix, such as `${aws:username}`; `${$}` is a dollar sign";
        return Some(Spot::new(at, format!("`${{{key}}}` is not a condition key"), hint));
    };
    if catalogue.has_key(key)? {
        return None;
    }
    let known: Vec<String> = catalogue.keys_of(prefix).collect();
    let hint = nearest.of(key, known.iter().map(String::as_str)).map_or_else(
        || "look it up in AWS's Service Authorization Reference; suppress this if it is new".to_owned(),
        |near| format!("did you mean `${{{near}}}`?"),
    );
    Some(Spot::new(at, format!("the condition key of `${{{key}}}` is not in AWS's list of {}", catalogue.date()), hint))
}
