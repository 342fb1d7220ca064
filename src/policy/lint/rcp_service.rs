//! `rcp-service`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::pattern::question;
use crate::policy::services::RCP_SERVICES;
use crate::policy::truth::Truth;

pub(super) static RULE: Rule = Rule {
    id: "rcp-service",
    severity: Severity::Warning,
    finds: "an action in a resource control policy that such policies do not restrict",
    why: "Resource control policies apply only to some services, and not to all actions of these. They deny no other actions.",
    examples: &[Example {
        family: Family::Rcp,
        bad: r#"{"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": ["ec2:*", "s3:*"], "Resource": "*",
  "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}"#,
        good: r#"{"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
  "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let statements = subject.policy.statements.iter().filter(|_| subject.family == Family::Rcp);
    let patterns = statements.flat_map(|statement| &statement.actions.patterns);
    let idle = patterns.filter(|pattern| RCP_SERVICES.restrict(&question(pattern.value.text())) == Truth::False);
    let spot = |text: &str, at| {
        let summary = format!("resource control policies do not restrict `{text}` (list of {})", RCP_SERVICES.date);
        Spot::new(at, summary, "remove it, and restrict it with a service control policy")
    };
    idle.map(|pattern| spot(pattern.value.text(), pattern.at)).collect()
}
