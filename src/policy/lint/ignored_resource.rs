//! `ignored-resource`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::catalogue::Catalogue;
use crate::policy::statement::{Form, Statement};
use crate::policy::{Case, Truth};

pub(super) static RULE: Rule = Rule {
    id: "ignored-resource",
    severity: Severity::Warning,
    finds: "an action that takes no resource, in a statement about some",
    why: "The resource of such an action is `*`, which no ARN matches: the statement never applies to it. The list of actions has a date.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "KeepKey", "Effect": "Deny", "Action": ["kms:DisableKey", "kms:CreateKey"], "Resource": "arn:aws:kms:*:*:key/*"}"#,
        good: r#"{"Sid": "KeepKey", "Effect": "Deny", "Action": "kms:DisableKey", "Resource": "arn:aws:kms:*:*:key/*"},
 {"Sid": "NoKeys", "Effect": "Deny", "Action": "kms:CreateKey", "Resource": "*"}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Spot> {
    subject.policy.statements.iter().flat_map(|statement| of(statement, setting.catalogue)).collect()
}

fn of(statement: &Statement, catalogue: &Catalogue) -> Vec<Spot> {
    let some = statement.actions.form == Form::Any
        && statement.resources.form == Form::Any
        && !statement.resources.patterns.iter().any(|p| p.value.matches_plain("*", Case::Sensitive) == Truth::True);
    if !some {
        return Vec::new();
    }
    let idle = statement.actions.patterns.iter().filter(|pattern| catalogue.takes_no_resource(pattern.value.text()));
    let spot = |text: &str, at| {
        let summary = format!("`{text}` takes no resource, so the statement never applies to it (list of {})", catalogue.date());
        Spot::new(at, summary, "move it to a statement with \"Resource\": \"*\"").related(statement.resources.at, "only about these")
    };
    idle.map(|pattern| spot(pattern.value.text(), pattern.at)).collect()
}
