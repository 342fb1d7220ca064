//! `other-service`.

use std::collections::BTreeSet;

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::arns::ARNS;
use crate::policy::condition::arn_parts;
use crate::policy::statement::{Form, Statement};

pub(super) static RULE: Rule = Rule {
    id: "other-service",
    severity: Severity::Warning,
    finds: "a resource of a service that none of the actions belongs to",
    why: "An action acts on resources of its own service, with few exceptions. With another ARN the statement never matches, so a Deny protects \
          nothing. The list of ARNs per service is dated data.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "KeepTables", "Effect": "Deny", "Action": "dynamodb:DeleteTable", "Resource": "arn:aws:s3:::tables-*"}"#,
        good: r#"{"Sid": "KeepTables", "Effect": "Deny", "Action": "dynamodb:DeleteTable", "Resource": "arn:aws:dynamodb:*:*:table/*"}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    subject.policy.statements.iter().flat_map(of).collect()
}

fn of(statement: &Statement) -> Vec<Spot> {
    if statement.actions.form == Form::Not || statement.resources.form == Form::Not {
        return Vec::new();
    }
    let prefixes: Option<BTreeSet<String>> =
        statement.actions.patterns.iter().map(|pattern| Some(pattern.value.text().split_once(':')?.0.to_lowercase())).collect();
    // A lone `*` is about every service.
    let Some(prefixes) = prefixes else { return Vec::new() };
    let foreign = statement.resources.patterns.iter().filter_map(|pattern| {
        let service =
            arn_parts(pattern.value.text()).get(2).filter(|service| !service.contains('$')).map(|service| (*service).to_owned())?;
        (!prefixes.iter().any(|prefix| ARNS.act_on(prefix, &service))).then_some((service, pattern.at))
    });
    let spot = |(service, at): (String, _)| {
        let summary = format!("no action of this statement is about resources of `{service}` (data of {})", ARNS.date);
        Spot::new(at, summary, "write an ARN of the service that the actions belong to").related(statement.actions.at, "these actions")
    };
    foreign.map(spot).collect()
}
