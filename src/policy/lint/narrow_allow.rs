//! `narrow-allow`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::statement::{Effect, Form};

pub(super) static RULE: Rule = Rule {
    id: "narrow-allow",
    severity: Severity::Hint,
    finds: "an Allow of a service control policy that is about some resources only",
    why: "A service control policy grants nothing. An Allow for some resources denies all other resources at that level, including future ones. A \
          Deny with `NotResource` has the same effect and keeps it when another policy allows more.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "Logs", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}"#,
        good: r#"{"Sid": "Logs", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let allows = subject.policy.statements.iter().filter(|s| subject.family == Family::Scp && s.effect.value == Effect::Allow);
    let narrow = allows.filter(|s| s.resources.form == Form::Not || !s.resources.patterns.iter().any(|p| p.value.is_everything()));
    let spot = |at| {
        let summary = "this Allow denies every other resource at its level";
        Spot::new(at, summary, "write \"Resource\": \"*\", and deny the resources that must not be used")
    };
    narrow.map(|statement| spot(statement.resources.at)).collect()
}
