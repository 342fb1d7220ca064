//! `bucket-objects`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::arns::ARNS;
use crate::policy::catalogue::Catalogue;
use crate::policy::condition::arn_parts;
use crate::policy::statement::{Form, Statement};

pub(super) static RULE: Rule = Rule {
    id: "bucket-objects",
    severity: Severity::Warning,
    finds: "an action on objects, with the ARN of a bucket",
    why: "An object's ARN is its bucket's ARN followed by `/` and its key. The bucket's own ARN matches no object, so a Deny of `s3:GetObject` on \
          it protects nothing.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "KeepLogs", "Effect": "Deny", "Action": ["s3:DeleteObject", "s3:PutObject"], "Resource": "arn:aws:s3:::logs"}"#,
        good: r#"{"Sid": "KeepLogs", "Effect": "Deny", "Action": ["s3:DeleteObject", "s3:PutObject"], "Resource": "arn:aws:s3:::logs/*"}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Spot> {
    subject.policy.statements.iter().flat_map(|statement| of(statement, setting.catalogue)).collect()
}

fn of(statement: &Statement, catalogue: &Catalogue) -> Vec<Spot> {
    let resources = &statement.resources;
    let reaches_objects = resources.patterns.iter().any(|pattern| may_be_an_object(pattern.value.text()));
    if statement.actions.form == Form::Not || resources.form == Form::Not || reaches_objects || resources.patterns.is_empty() {
        return Vec::new();
    }
    let is_of_objects = |text: &str| {
        let mut matching = catalogue.matching(text).peekable();
        matching.peek().is_some() && matching.all(|(service, action)| service == "s3" && ARNS.is_of_objects(&action.name))
    };
    let idle = statement.actions.patterns.iter().filter(|pattern| is_of_objects(pattern.value.text()));
    let spot = |text: &str, at| {
        let summary = format!("`{text}` is about objects, and no ARN here is that of an object");
        let hint = "write `arn:aws:s3:::BUCKET/*`, in addition to the bucket's ARN if other actions need it";
        Spot::new(at, summary, hint).related(resources.at, "these are buckets")
    };
    idle.map(|pattern| spot(pattern.value.text(), pattern.at)).collect()
}

/// Whether a resource matches the ARN of any object: `arn:aws:s3:::bucket/key`, or that of an access point's.
fn may_be_an_object(text: &str) -> bool {
    let parts = arn_parts(text);
    let is_s3 = parts.get(2).is_none_or(|service| *service == "s3" || service.contains('$'));
    // A star may stand for the slash.
    text == "*" || (is_s3 && parts.get(3..).unwrap_or_default().iter().any(|part| part.contains(['/', '*', '$'])))
}
