//! SimulateCustomPolicy: what a caller may do under the given policies, as the documentation describes it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html>
//!
//! It answers yes or no: a key that the caller does not give and that the simulator does not fill in is absent. Where the documentation does
//! not say what a policy means for such a request, the sandbox refuses to answer. `crate::policy` reads the statements, as it reads those of
//! `permissions.rs`; levels and keys are evaluated here independently.

use serde::Deserialize;
use serde_json::json;

use super::wire::{Call, Outcome, Refusal};
use super::world::World;
use crate::policy::{Context, Effect, Fact, Policy, Truth};

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInput", message)
}

pub(super) fn simulate(call: &Call, account: &str, world: &World) -> Outcome {
    let input: Input = call.parse()?;
    let identity = policies(&input.policy_input_list)?;
    if identity.is_empty() {
        return Err(invalid("PolicyInputList must have a member"));
    }
    let mut levels = Vec::new();
    for (index, level) in input.ordered_organization_policy_input_list.iter().enumerate() {
        if level.service_control_policy_input_list.is_empty() {
            let message = format!("Organization policy at index {} must contain at least one service control policy", index + 1);
            return Err(invalid(message));
        }
        levels.push(policies(&level.service_control_policy_input_list)?);
    }
    let context = context(&input, account, world)?;
    let resource = input.resource_arns.first().map_or("*", String::as_str);
    let mut results = Vec::new();
    for action in &input.action_names {
        if action.contains(['*', '?']) || !action.contains(':') {
            return Err(invalid(format!("Invalid action: {action}")));
        }
        results.push(result(action, resource, &context, &identity, &levels)?);
    }
    match results.is_empty() {
        true => Err(invalid("ActionNames must have a member")),
        false => Ok(json!({ "EvaluationResults": results, "IsTruncated": false })),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Input {
    policy_input_list: Vec<String>,
    ordered_organization_policy_input_list: Vec<Level>,
    caller_arn: String,
    context_entries: Vec<ContextEntry>,
    resource_arns: Vec<String>,
    action_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Level {
    #[serde(default)]
    service_control_policy_input_list: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextEntry {
    context_key_name: String,
    #[serde(default)]
    context_key_values: Vec<String>,
}

/// One action on one resource. A Deny decides, then a level without an Allow, then the identity policies.
fn result(action: &str, resource: &str, context: &Context, identity: &[Policy], levels: &[Vec<Policy>]) -> Outcome {
    let matches = |policies: &[Policy], effect: Effect| {
        let statements = policies.iter().flat_map(|policy| &policy.statements).filter(|statement| statement.effect.value == effect);
        match Truth::any(statements.map(|statement| statement.matches(action, resource, context))) {
            Truth::Unknown => Err(Refusal::not_served("SimulateCustomPolicy where the documentation leaves open what a policy says")),
            truth => Ok(truth == Truth::True),
        }
    };
    let (mut denied, mut allowed) = (false, true);
    for level in levels {
        denied |= matches(level, Effect::Deny)?;
        allowed &= matches(level, Effect::Allow)?;
    }
    let by_organization = allowed && !denied;
    denied |= matches(identity, Effect::Deny)?;
    allowed &= matches(identity, Effect::Allow)?;
    let decision = match (denied, allowed) {
        (true, _) => "explicitDeny",
        (false, true) => "allowed",
        (false, false) => "implicitDeny",
    };
    let mut result = json!({ "EvalActionName": action, "EvalResourceName": "*", "EvalDecision": decision });
    if let (Some(result), false) = (result.as_object_mut(), levels.is_empty()) {
        result.insert("OrganizationsDecisionDetail".to_owned(), json!({ "AllowedByOrganizations": by_organization }));
    }
    Ok(result)
}

/// What is given, and over it what the simulator fills in of the caller.
fn context(input: &Input, account: &str, world: &World) -> Result<Context, Refusal> {
    let (mut context, caller) = (Context::complete(), &input.caller_arn);
    for entry in &input.context_entries {
        context.set(&entry.context_key_name, Fact::known(entry.context_key_values.iter().map(String::as_str)));
    }
    let parts: Vec<&str> = caller.split(':').collect();
    let (id, kind) = match parts.as_slice() {
        [""] => (account, "User"),
        ["arn", _, "iam", "", id, name] if name.starts_with("user/") => (*id, "User"),
        ["arn", _, "iam", "", id, name] if name.starts_with("role/") => (*id, "AssumedRole"),
        _ => return Err(invalid(format!("Invalid CallerArn: {caller}"))),
    };
    context.set("aws:PrincipalAccount", Fact::known([id]));
    context.set("aws:PrincipalType", Fact::known([kind]));
    let organization = world.organization.as_ref().filter(|_| world.accounts.contains_key(id));
    if let Some(organization) = organization {
        context.set("aws:PrincipalOrgID", Fact::known([organization.id.as_str()]));
    }
    Ok(context)
}

fn policies(texts: &[String]) -> Result<Vec<Policy>, Refusal> {
    let parsed = texts.iter().map(|text| {
        Policy::parse(text).map_err(|problems| {
            let why = problems.first().map(|problem| problem.summary.clone()).unwrap_or_default();
            invalid(format!("Syntax errors in policy: {why}"))
        })
    });
    parsed.collect()
}
