//! SimulateCustomPolicy: what a caller may do under the given policies, as the documentation describes it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html>
//!
//! It answers yes or no: a key that the caller does not give and that the simulator does not fill in is absent. Where the documentation does
//! not say what a policy means for such a request, the sandbox refuses to answer. `crate::policy` reads the statements, as it reads those of
//! `permissions.rs`; levels and keys are evaluated here independently.

use serde_json::{Value, json};

use super::wire::{Call, Outcome, Refusal};
use super::world::World;
use crate::policy::{Context, Effect, Fact, Policy, Truth};

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInput", message)
}

pub(super) fn simulate(call: &Call, account: &str, world: &World) -> Outcome {
    let input = call.input.as_ref().map_err(Clone::clone)?;
    let form = Form(input);
    let identity = policies(form.list("PolicyInputList"))?;
    if identity.is_empty() {
        return Err(invalid("PolicyInputList must have a member"));
    }
    let mut levels = Vec::new();
    for number in 1.. {
        let level = format!("OrderedOrganizationPolicyInputList.member.{number}");
        if !form.has(&level) {
            break;
        }
        let texts = form.list(&format!("{level}.ServiceControlPolicyInputList"));
        if texts.is_empty() {
            return Err(invalid(format!("Organization policy at index {number} must contain at least one service control policy")));
        }
        levels.push(policies(texts)?);
    }
    let caller = form.text("CallerArn").unwrap_or_default();
    let context = context(&form, caller, account, world)?;
    let resource = form.list("ResourceArns").first().copied().unwrap_or("*");
    let mut results = Vec::new();
    for action in form.list("ActionNames") {
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
fn context(form: &Form<'_>, caller: &str, account: &str, world: &World) -> Result<Context, Refusal> {
    let mut context = Context::complete();
    for number in 1.. {
        let entry = format!("ContextEntries.member.{number}");
        let Some(key) = form.text(&format!("{entry}.ContextKeyName")) else { break };
        let values = form.list(&format!("{entry}.ContextKeyValues"));
        context.set(key, Fact::known(values));
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

fn policies(texts: Vec<&str>) -> Result<Vec<Policy>, Refusal> {
    let parsed = texts.into_iter().map(|text| {
        Policy::parse(text).map_err(|problems| {
            let why = problems.first().map(|problem| problem.summary.clone()).unwrap_or_default();
            invalid(format!("Syntax errors in policy: {why}"))
        })
    });
    parsed.collect()
}

/// A form whose lists are keys that end in `.member.1`, `.member.2`, …
struct Form<'v>(&'v Value);

impl<'v> Form<'v> {
    fn text(&self, key: &str) -> Option<&'v str> {
        self.0.get(key).and_then(Value::as_str)
    }

    fn list(&self, key: &str) -> Vec<&'v str> {
        (1..).map_while(|number| self.text(&format!("{key}.member.{number}"))).collect()
    }

    /// Whether a key has a value, or is present but empty.
    fn has(&self, key: &str) -> bool {
        let keys = self.0.as_object().into_iter().flatten().map(|(name, _)| name);
        keys.into_iter().any(|name| name.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    }
}
