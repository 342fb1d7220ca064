//! `global-services`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::plural::more;
use crate::policy::catalogue::Catalogue;
use crate::policy::condition::Condition;
use crate::policy::global_services::GLOBAL_SERVICES;
use crate::policy::pattern::name;
use crate::policy::statement::{Effect, Statement};
use crate::policy::{Context, Fact, Truth};

pub(super) static RULE: Rule = Rule {
    id: "global-services",
    severity: Severity::Warning,
    finds: "a Deny outside some Regions that also denies services with one global endpoint",
    why: "IAM, Route 53, CloudFront, Support, Budgets, Organizations and others have one endpoint, most of them in us-east-1, and each request to \
          them carries that Region. A Deny of everything outside eu-west-1 therefore denies them everywhere. Exclude them with `NotAction`; \
          `overlord policy new region-guard` writes such a policy. The list of these services has a date.",
    examples: &[
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "OnlyIreland", "Effect": "Deny", "Action": "*", "Resource": "*",
  "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}}"#,
            good: r#"{"Sid": "OnlyIreland", "Effect": "Deny", "Action": ["ec2:*", "rds:*"], "Resource": "*",
  "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}}"#,
            beside: None,
        },
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "OnlyIreland", "Effect": "Deny", "NotAction": ["iam:*", "organizations:*", "sts:*", "support:*"], "Resource": "*",
  "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}}"#,
            good: r#"{"Sid": "OnlyThere", "Effect": "Deny", "Action": "*", "Resource": "*",
  "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1", "us-west-2"]}, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}}"#,
            beside: None,
        },
    ],
    check,
};

const REGION: &str = "aws:requestedregion";
/// Services that are named before the rest is counted: those whose loss hurts first.
const FIRST: [&str; 6] = ["iam", "organizations", "route53", "cloudfront", "support", "budgets"];

fn check(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Spot> {
    let denies = subject.policy.statements.iter().filter(|statement| statement.effect.value == Effect::Deny);
    denies.filter_map(|statement| of(statement, setting.catalogue)).collect()
}

fn of(statement: &Statement, catalogue: &Catalogue) -> Option<Spot> {
    let on_region = statement.conditions.iter().find(|condition| condition.folded == REGION)?;
    let seen_from =
        on_region.values.iter().flat_map(|value| value.value.patterns()).map(|pattern| pattern.text()).next().unwrap_or_default();
    let hit = |(service, region): &(&str, &str)| {
        let context = typical(region);
        let denied = |action: &str| statement.actions.selects_action(action) == Truth::True;
        statement.conditions.iter().all(|condition| reaches(condition, &context))
            && catalogue.of(service).is_some_and(|actions| actions.iter().any(|action| denied(&format!("{service}:{}", action.name))))
    };
    let mut hits: Vec<&str> = GLOBAL_SERVICES.as_seen_from(seen_from).filter(hit).map(|(service, _)| service).collect();
    hits.sort_by_key(|service| FIRST.iter().position(|first| first == service).unwrap_or(FIRST.len()));
    let rest = hits.len().saturating_sub(FIRST.len());
    let more = if rest > 0 { format!(" and {}", more(rest, "global service")) } else { String::new() };
    let named = hits.iter().take(FIRST.len()).map(|service| format!("`{service}`")).collect::<Vec<_>>().join(", ");
    let summary =
        format!("`{}` denies {named}{more}, which have no endpoint in these Regions (list of {})", statement.title(), GLOBAL_SERVICES.date);
    let hint = "name them in `NotAction`: `overlord policy new region-guard` writes such a policy";
    (!hits.is_empty()).then(|| Spot::new(statement.actions.at, summary, hint).related(on_region.key.at, "these Regions"))
}

/// Whether a condition lets the statement hit such a request: on the Region for certain, on anything else unless it certainly does not.
fn reaches(condition: &Condition, context: &Context) -> bool {
    let holds = condition.holds(context);
    if condition.folded == REGION { holds == Truth::True } else { holds != Truth::False }
}

/// A request that a role makes itself, over TLS.
fn typical(region: &str) -> Context {
    let mut context = Context::partial();
    context.set("aws:RequestedRegion", Fact::known([region]));
    context.set("aws:PrincipalArn", Fact::known([format!("arn:aws:iam::{}:role/a-role-that-no-policy-names", name(0))]));
    for (key, value) in [("aws:PrincipalIsAWSService", "false"), ("aws:ViaAWSService", "false"), ("aws:SecureTransport", "true")] {
        context.set(key, Fact::known([value]));
    }
    context
}
