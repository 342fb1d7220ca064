//! `unsupported-element`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::statement::{Effect, Form, Statement};

pub(super) static RULE: Rule = Rule {
    id: "unsupported-element",
    severity: Severity::Error,
    finds: "an element that the type does not have",
    why: "AWS refuses the document. Service control policies have no Principal. Resource control policies can only deny, apply to everybody \
          (`\"Principal\": \"*\"`), and name their actions by service, without `NotAction`.",
    examples: &[
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "KeepBuckets", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}"#,
            good: r#"{"Sid": "KeepBuckets", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}"#,
            beside: None,
        },
        Example {
            family: Family::Rcp,
            bad: r#"{"Sid": "Ours", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#,
            good: r#"{"Sid": "Ours", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
  "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorgid"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}"#,
            beside: None,
        },
        Example {
            family: Family::Rcp,
            bad: r#"{"Sid": "Tls", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}"#,
            good: r#"{"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": ["s3:*", "sqs:*"], "Resource": "*",
  "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}"#,
            beside: None,
        },
    ],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let statements = subject.policy.statements.iter();
    match subject.family {
        Family::Scp => statements.filter_map(of_scp).collect(),
        Family::Rcp => statements.flat_map(of_rcp).collect(),
    }
}

fn of_scp(statement: &Statement) -> Option<Spot> {
    let principal = statement.principal.as_ref()?;
    let summary = "a service control policy has no Principal: it is about everybody in the account";
    Some(Spot::new(principal.at, summary, "remove it; name principals in a condition on `aws:PrincipalArn`"))
}

fn of_rcp(statement: &Statement) -> Vec<Spot> {
    let mut spots = Vec::new();
    if statement.effect.value == Effect::Allow {
        spots.push(Spot::new(statement.effect.at, "a resource control policy only denies", "write a Deny with the condition reversed"));
    }
    match &statement.principal {
        None => {
            let summary = "a statement of a resource control policy has a Principal";
            spots.push(Spot::new(statement.effect.at, summary, r#"add "Principal": "*""#));
        }
        Some(principal) if !principal.value.is_everyone() => {
            let hint = r#"write "Principal": "*", and name principals in a condition on `aws:PrincipalArn`"#;
            spots.push(Spot::new(principal.at, "a resource control policy is about everybody", hint));
        }
        Some(_) => {}
    }
    let named = "name the services: \"Action\": [\"s3:*\", …]";
    match statement.actions.form {
        Form::Not => spots.push(Spot::new(statement.actions.at, "a resource control policy has no `NotAction`", named)),
        Form::Any => {
            let lone = statement.actions.patterns.iter().filter(|pattern| !pattern.value.text().contains(':'));
            spots.extend(lone.map(|pattern| Spot::new(pattern.at, "a resource control policy takes no lone `*` as an action", named)));
        }
    }
    spots
}
