//! `united-allows`.

use std::collections::BTreeMap;

use super::cover::Cover;
use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::levels;
use crate::policy::statement::{Effect, Form, Policy, Statement};

pub(super) static RULE: Rule = Rule {
    id: "united-allows",
    severity: Severity::Warning,
    finds: "two allow lists, attached to one level",
    why: "Policies at one level unite: whatever either allows is allowed. So a list next to FullAWSAccess restricts nothing, and two lists \
          restrict less than each alone. Levels intersect: attach the second list to an OU above or below. Two lists with nothing in common are \
          one list in two documents and are not reported.",
    examples: &[
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "Storage", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#,
            good: r#"{"Sid": "OnlyStorage", "Effect": "Deny", "NotAction": "s3:*", "Resource": "*",
  "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}}"#,
            beside: Some(r#"{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}"#),
        },
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "Storage", "Effect": "Allow", "Action": ["s3:*", "kms:*", "iam:*"], "Resource": "*"}"#,
            good: r#"{"Sid": "Storage", "Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}"#,
            beside: Some(r#"{"Sid": "Compute", "Effect": "Allow", "Action": ["ec2:*", "iam:*"], "Resource": "*"}"#),
        },
    ],
    check,
};

fn check(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Spot> {
    let own: Vec<&Statement> = allows(subject.policy).collect();
    let Some(first) = own.first() else { return Vec::new() };
    // The same policies are attached together on many accounts: each combination is checked once.
    let cover = Cover::default();
    let mut seen: BTreeMap<&str, Option<(String, String)>> = BTreeMap::new();
    let found =
        setting.hierarchy.levels.iter().filter(|(_, level)| level.attached(subject.family).iter().any(|a| *a.name == *subject.name));
    let mut places = 0;
    let mut told: Option<(String, String)> = None;
    for (address, level) in found {
        let others = level.attached(subject.family).iter().filter(|other| *other.name != *subject.name);
        let mut said = None;
        for other in others {
            let says = || other.policy.as_deref().and_then(|policy| says(subject, &own, (&other.name, policy), &cover));
            said = said.or(seen.entry(&other.name).or_insert_with(says).clone());
        }
        if let Some((said, hint)) = said {
            places += 1;
            let place = if levels::is_root(address) { "the root".to_owned() } else { format!("`{address}`") };
            told.get_or_insert_with(|| (format!("at {place}, {said}"), hint));
        }
    }
    let more = if places > 1 { format!(" (and at {} more)", places - 1) } else { String::new() };
    told.map(|(said, hint)| Spot::new(first.effect.at, format!("{said}{more}"), hint)).into_iter().collect()
}

fn allows(policy: &Policy) -> impl Iterator<Item = &Statement> {
    policy.statements.iter().filter(|statement| statement.effect.value == Effect::Allow)
}

fn says(subject: &Subject<'_>, own: &[&Statement], (name, policy): (&str, &Policy), cover: &Cover) -> Option<(String, String)> {
    let other: Vec<&Statement> = allows(policy).collect();
    let within = |these: &[&Statement], those: &[&Statement]| {
        !those.is_empty() && these.iter().all(|this| those.iter().any(|that| cover.statement(that, this)))
    };
    match (within(own, &other), within(&other, own)) {
        (true, false) => {
            let said = format!("`{name}` allows everything that this policy allows: this policy restricts nothing");
            Some((said, format!("take `{name}` away from this level, or attach this policy to an OU above or below it")))
        }
        // The other one's finding, or two that say the same.
        (_, true) => None,
        (false, false) if subject.name > name && overlap(own, &other, cover) => {
            let said = format!("this policy and `{name}` unite: whatever either allows is allowed");
            Some((said, "attach one of them to an OU above or below, so that both must allow".to_owned()))
        }
        (false, false) => None,
    }
}

fn overlap(own: &[&Statement], other: &[&Statement], cover: &Cover) -> bool {
    let lists = |statement: &&&Statement| statement.actions.form == Form::Any;
    own.iter().filter(lists).any(|one| other.iter().filter(lists).any(|two| cover.meet(&one.actions, &two.actions)))
}
