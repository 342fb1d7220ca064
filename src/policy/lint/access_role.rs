//! `access-role`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::pattern::{name, question};
use crate::policy::statement::{Effect, Statement};
use crate::policy::{Context, Fact, Truth};

pub(super) static RULE: Rule = Rule {
    id: "access-role",
    severity: Severity::Warning,
    finds: "a Deny that hits overlord's own access role",
    why: "overlord changes an account through its access role. If a guardrail denies this role an action, overlord cannot create, change or revert \
          anything with it there. Only certain denials are reported: actions that overlord may call in that account, in a Region of its networks.",
    examples: &[
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "KeepNetworks", "Effect": "Deny", "Action": ["ec2:CreateVpc", "ec2:DeleteVpc"], "Resource": "*"}"#,
            good: r#"{"Sid": "KeepNetworks", "Effect": "Deny", "Action": ["ec2:CreateVpc", "ec2:DeleteVpc"], "Resource": "*",
  "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}}"#,
            beside: None,
        },
        Example {
            family: Family::Rcp,
            bad: r#"{"Sid": "NoRoles", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}"#,
            good: r#"{"Sid": "NoRoles", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*",
  "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorgid"}}}"#,
            beside: None,
        },
    ],
    check,
};

/// What reaches the role itself.
const ASSUME: &str = "sts:AssumeRole";

fn check(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Spot> {
    let denies = subject.policy.statements.iter().filter(|statement| statement.effect.value == Effect::Deny);
    denies.filter_map(|statement| of(statement, subject.family, setting)).collect()
}

/// Services whose calls have no Region but this, in AWS's commercial partition.
/// Source: the IAM user guide, "aws:RequestedRegion", of global services.
const GLOBAL: [&str; 3] = ["account", "iam", "route53"];
const THEIR_REGION: &str = "us-east-1";

fn of(statement: &Statement, family: Family, setting: &Setting<'_>) -> Option<Spot> {
    let arn = format!("arn:aws:iam::{}:role/{}", name(0), setting.access_role);
    let holds = |context: &Context| statement.conditions.iter().all(|condition| condition.holds(context) == Truth::True);
    let hit = |action: &&String| {
        let service = service(action);
        let resource = if family == Family::Rcp { arn.clone() } else { question(&format!("arn:aws:{service}:*")) };
        let reached = ["*", resource.as_str()].iter().any(|r| statement.resources.selects_resource(r, &Context::partial()) != Truth::False);
        reached && statement.actions.selects_action(action) == Truth::True
    };
    if family == Family::Rcp {
        let is_hit = holds(&call()) && hit(&&ASSUME.to_owned());
        let summary = format!("`{}` denies everybody to assume overlord's access role", statement.title());
        let hint = "add \"StringNotEqualsIfExists\": {\"aws:PrincipalOrgID\": \"o-…\"} to its conditions";
        return is_hit.then(|| Spot::new(statement.actions.at, summary, hint));
    }
    let found = contexts(&arn, setting.regions).into_iter().find(|(_, context)| holds(context));
    let holds_globally = contexts(&arn, &[THEIR_REGION]).iter().any(|(_, context)| holds(context));
    let denied = |action: &&String| if GLOBAL.contains(&service(action)) { holds_globally } else { found.is_some() };
    let hits: Vec<&String> = setting.access_actions.iter().filter(denied).filter(hit).collect();
    let first = hits.first()?;
    let more = if hits.len() > 1 { format!(" and {} more", hits.len() - 1) } else { String::new() };
    let is_regional = hits.iter().any(|action| !GLOBAL.contains(&service(action)));
    let region = found.filter(|_| is_regional).map(|(region, _)| region).unwrap_or_default();
    let summary = format!("`{}` denies `{first}`{more} to overlord's access role{region}", statement.title());
    let hint = format!("add \"ArnNotLike\": {{\"aws:PrincipalArn\": \"arn:aws:iam::*:role/{}\"}} to its conditions", setting.access_role);
    Some(Spot::new(statement.actions.at, summary, hint))
}

fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

/// A call of the access role, in each Region, with the words for the Region if there are several.
fn contexts(arn: &str, regions: &[&str]) -> Vec<(String, Context)> {
    let mut call = call();
    call.set("aws:PrincipalArn", Fact::known([arn]));
    call.set("aws:PrincipalAccount", Fact::known([name(0)]));
    call.set("aws:CalledVia", Fact::Absent);
    if regions.is_empty() {
        return vec![(String::new(), call)];
    }
    let in_region = |region: &&str| {
        let mut call = call.clone();
        call.set("aws:RequestedRegion", Fact::known([*region]));
        (format!(" in {region}"), call)
    };
    regions.iter().map(in_region).collect()
}

/// The facts of every call that overlord makes: over TLS, and not on behalf of a service.
fn call() -> Context {
    let mut call = Context::partial();
    for (key, value) in [("aws:PrincipalIsAWSService", "false"), ("aws:ViaAWSService", "false"), ("aws:SecureTransport", "true")] {
        call.set(key, Fact::known([value]));
    }
    call
}
