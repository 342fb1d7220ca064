//! `literal-variable`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::condition::Operand;
use crate::policy::pattern::Pattern;
use crate::policy::statement::{Placed, Statement, Version};

pub(super) static RULE: Rule = Rule {
    id: "literal-variable",
    severity: Severity::Warning,
    finds: "a policy variable in a document of the old version",
    why: "Without `\"Version\": \"2012-10-17\"` a document is in the language of 2008, in which `${…}` is text.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Statement": {"Sid": "OwnFiles", "Effect": "Deny", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::home/${aws:username}/*"}}"#,
        good: r#"{"Version": "2012-10-17",
 "Statement": {"Sid": "OwnFiles", "Effect": "Deny", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::home/${aws:username}/*"}}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    match subject.policy.version {
        Version::Of2012 => Vec::new(),
        Version::Of2008 => subject.policy.statements.iter().flat_map(of).collect(),
    }
}

fn of(statement: &Statement) -> Vec<Spot> {
    let resources = statement.resources.patterns.iter().map(|Placed { value, at }| (value, *at));
    let values = statement.conditions.iter().flat_map(|condition| &condition.values).filter_map(|Placed { value, at }| match value {
        Operand::Text(pattern) => Some((pattern, *at)),
        Operand::Arn(parts) => parts.iter().find(|part| is_variable(part)).map(|part| (part, *at)),
        Operand::Number(_) | Operand::Instant(_) | Operand::Flag(_) | Operand::Network(_) | Operand::Malformed(_) => None,
    });
    let found = resources.chain(values).filter(|(pattern, _)| is_variable(pattern));
    found
        .map(|(_, at)| Spot::new(at, "this `${…}` is text, and no variable", r#"begin the document with "Version": "2012-10-17""#))
        .collect()
}

fn is_variable(pattern: &Pattern) -> bool {
    pattern.text().contains("${")
}
