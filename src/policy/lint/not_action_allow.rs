//! `not-action-allow`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::statement::{Effect, Form};

pub(super) static RULE: Rule = Rule {
    id: "not-action-allow",
    severity: Severity::Warning,
    finds: "an Allow of all but a list",
    why: "It allows every service that AWS will ever launch. It does not deny the listed actions: another Allow at the level may allow them.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "NoGames", "Effect": "Allow", "NotAction": "gamelift:*", "Resource": "*"}"#,
        good: r#"{"Sid": "NoGames", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*"}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let found = subject.policy.statements.iter().filter(|s| s.effect.value == Effect::Allow && s.actions.form == Form::Not);
    let spot = |at| {
        Spot::new(at, "this allows all actions except the listed ones, and denies nothing", "list the allowed actions, or deny the others")
    };
    found.map(|statement| spot(statement.actions.at)).collect()
}
