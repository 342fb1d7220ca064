//! Policies and where they are attached.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::page::{page, set_keys};
use super::policy_language::{rcp_statement, scp_statement};
use super::tags::checked_tags;
use super::{Ask, Turn, all_features, constraint, invalid, organization_of};
use crate::limits::{LIMITS, PolicyTypeLimits};
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::{Policy, RCP_FULL_AWS_ACCESS, TargetKind, TypeStatus, World};

fn not_found() -> Refusal {
    Refusal::new("PolicyNotFoundException", "We can't find a policy with the PolicyId that you specified.")
}

pub(super) fn target_not_found() -> Refusal {
    Refusal::new("TargetNotFoundException", "We can't find a root, OU, account, or policy with the TargetId that you specified.")
}

fn show_summary(world: &World, policy: &Policy) -> Value {
    let kind = policy.kind.to_lowercase();
    let arn = if policy.aws_managed {
        format!("arn:aws:organizations::aws:policy/{kind}/{}", policy.id)
    } else {
        let organization = world.organization.as_ref().map_or("", |organization| &organization.id);
        format!("arn:aws:organizations::{}:policy/{organization}/{kind}/{}", world.management_account, policy.id)
    };
    json!({
        "Id": policy.id,
        "Arn": arn,
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.kind,
        "AwsManaged": policy.aws_managed,
    })
}

fn show(world: &World, policy: &Policy) -> Value {
    json!({ "Policy": { "PolicySummary": show_summary(world, policy), "Content": policy.content } })
}

/// A policy type that AWS knows.
pub(super) fn known_type(name: &str) -> Result<&'static PolicyTypeLimits, Refusal> {
    let known = LIMITS.policy_type(name).filter(|limits| limits.name == name);
    known.ok_or_else(|| invalid("INVALID_ENUM_POLICY_TYPE", format!("You specified an invalid policy type: {name}.")))
}

/// AWS's own policy of a type shows only once the organization exists; it does not wait for the type to be enabled.
pub(super) fn list(ask: &Ask<'_>) -> Outcome {
    let policies = ask.world.policies_of(&known_type(ask.input.str("Filter"))?.name);
    page(ask, "Policies", |after| set_keys(policies, after), |id| Some(show_summary(ask.world, ask.world.policies.get(id)?)))
}

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    Ok(show(ask.world, ask.world.policies.get(ask.input.str("PolicyId")).ok_or_else(not_found)?))
}

pub(super) fn list_for_target(ask: &Ask<'_>) -> Outcome {
    let kind = known_type(ask.input.str("Filter"))?.name.as_str();
    ask.world.target_kind(ask.input.str("TargetId")).ok_or_else(target_not_found)?;
    let attached = ask.world.attached_to(ask.input.str("TargetId"));
    let show = |id| ask.world.policies.get(id).filter(|policy| policy.kind == kind).map(|policy| show_summary(ask.world, policy));
    page(ask, "Policies", |after| set_keys(attached, after), show)
}

pub(super) fn list_targets(ask: &Ask<'_>) -> Outcome {
    let policy = ask.world.policies.get(ask.input.str("PolicyId")).ok_or_else(not_found)?;
    let targets = ask.world.targets_of(&policy.id);
    page(ask, "Targets", |after| set_keys(targets, after), |id| show_target(ask.world, id))
}

fn show_target(world: &World, id: &str) -> Option<Value> {
    let (kind, path, name) = match world.target_kind(id)? {
        TargetKind::Root => ("ROOT", "root", "Root"),
        TargetKind::Unit => ("ORGANIZATIONAL_UNIT", "ou", world.ous.get(id)?.name.as_str()),
        TargetKind::Account => ("ACCOUNT", "account", world.accounts.get(id)?.name.as_str()),
    };
    Some(json!({ "TargetId": id, "Arn": world.arn(path, id), "Name": name, "Type": kind }))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let (name, content) = (turn.input.str("Name"), turn.input.str("Content"));
    let limits = known_type(turn.input.str("Type"))?;
    let tags = checked_tags(&[], turn.input)?;
    if all_features(turn.world).is_err() {
        return Err(type_not_available());
    }
    check_content(limits, content)?;
    no_namesake(turn.world, &limits.name, name, None)?;
    let id = turn.world.add_policy(&limits.name, name, turn.input.str("Description"), content);
    if !tags.is_empty() {
        turn.world.tags.insert(id.clone(), tags);
    }
    Ok(show(turn.world, turn.world.policies.get(&id).ok_or_else(not_found)?))
}

pub(super) fn type_not_available() -> Refusal {
    let message = "You can't use the specified policy type with the feature set currently enabled for this organization.";
    Refusal::new("PolicyTypeNotAvailableForOrganizationException", message)
}

fn no_namesake(world: &World, kind: &str, name: &str, itself: Option<&str>) -> Result<(), Refusal> {
    let mut policies = world.policies_of(kind).iter().filter_map(|id| world.policies.get(id));
    if policies.any(|policy| policy.name == name && Some(policy.id.as_str()) != itself) {
        return Err(Refusal::new("DuplicatePolicyException", "A policy with the same name already exists."));
    }
    Ok(())
}

fn check_content(limits: &PolicyTypeLimits, content: &str) -> Result<(), Refusal> {
    if content.chars().count() > limits.size {
        let message = "You attempted to create a policy that is larger than the maximum size.";
        return Err(constraint("POLICY_CONTENT_LIMIT_EXCEEDED", message));
    }
    let malformed = || {
        Refusal::new(
            "MalformedPolicyDocumentException",
            "The provided policy document doesn't meet the requirements of the specified policy type.",
        )
    };
    let Ok(Value::Object(document)) = serde_json::from_str(content) else { return Err(malformed()) };
    let well_formed = match limits.short.as_str() {
        "scp" => statements(&document).is_some_and(|list| list.iter().all(|statement| scp_statement(statement))),
        "rcp" => statements(&document).is_some_and(|list| list.iter().all(|statement| rcp_statement(statement))),
        short => begins(short).is_none_or(|first| document.keys().eq([first])),
    };
    if well_formed { Ok(()) } else { Err(malformed()) }
}

/// The statements of a policy document; `None` when it has none.
fn statements(document: &serde_json::Map<String, Value>) -> Option<Vec<&serde_json::Map<String, Value>>> {
    let list: Vec<&Value> = match document.get("Statement")? {
        Value::Array(list) => list.iter().collect(),
        single => vec![single],
    };
    list.into_iter().map(Value::as_object).collect::<Option<Vec<_>>>().filter(|list| !list.is_empty())
}

/// The one key that documents of a type begin with, where AWS documents it as fixed.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_management_policies.html>, syntax and examples of each.
fn begins(short: &str) -> Option<&'static str> {
    match short {
        "tag" => Some("tags"),
        "backup" => Some("plans"),
        "ai-opt-out" => Some("services"),
        "declarative-ec2" => Some("ec2_attributes"),
        "security-hub" => Some("securityhub"),
        "inspector" => Some("inspector"),
        "bedrock" => Some("bedrock"),
        "s3" => Some("s3_attributes"),
        "network-security-director" => Some("network_security_director"),
        _ => None,
    }
}

pub(super) fn update(turn: &mut Turn<'_>) -> Outcome {
    let policy = ours(turn.world, turn.input.str("PolicyId"))?;
    let name = turn.input.get("Name").unwrap_or(&policy.name);
    no_namesake(turn.world, &policy.kind, name, Some(&policy.id))?;
    if let Some(content) = turn.input.get("Content") {
        check_content(known_type(&policy.kind)?, content)?;
    }
    let policy = turn.world.policies.get_mut(turn.input.str("PolicyId")).ok_or_else(not_found)?;
    if let Some(name) = turn.input.get("Name") {
        policy.name = name.to_owned();
    }
    if let Some(description) = turn.input.get("Description") {
        policy.description = description.to_owned();
    }
    if let Some(content) = turn.input.get("Content") {
        policy.content = content.to_owned();
    }
    let policy = policy.clone();
    Ok(show(turn.world, &policy))
}

/// A policy that is not AWS's.
fn ours<'w>(world: &'w World, id: &str) -> Result<&'w Policy, Refusal> {
    let policy = world.policies.get(id).ok_or_else(not_found)?;
    if policy.aws_managed {
        return Err(invalid("IMMUTABLE_POLICY", "You specified a policy that is managed by AWS and can't be modified."));
    }
    Ok(policy)
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = ours(turn.world, turn.input.str("PolicyId"))?.id.clone();
    if !turn.world.targets_of(&id).is_empty() {
        let message = "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.";
        return Err(Refusal::new("PolicyInUseException", message));
    }
    turn.world.remove_policy(&id);
    Ok(Value::Null)
}

/// The limits of the policy's type, which must be enabled and at rest.
fn limits_at_rest(world: &World, policy: &Policy) -> Result<&'static PolicyTypeLimits, Refusal> {
    match organization_of(world)?.policy_types.get(&policy.kind) {
        Some(TypeStatus::Enabled) => known_type(&policy.kind),
        Some(TypeStatus::PendingEnable(_) | TypeStatus::PendingDisable(_)) => Err(super::policy_types::in_progress()),
        None => Err(super::policy_types::not_enabled()),
    }
}

pub(super) fn attach(turn: &mut Turn<'_>) -> Outcome {
    let policy = turn.world.policies.get(turn.input.str("PolicyId")).ok_or_else(not_found)?;
    turn.world.target_kind(turn.input.str("TargetId")).ok_or_else(target_not_found)?;
    let limits = limits_at_rest(turn.world, policy)?;
    if turn.world.attached_to(turn.input.str("TargetId")).contains(turn.input.str("PolicyId")) {
        return Err(Refusal::new("DuplicatePolicyAttachmentException", "The selected policy is already attached to the specified target."));
    }
    if turn.world.attached_of_type(turn.input.str("TargetId"), &policy.kind).count() >= limits.attached {
        let message = "You attempted to attach more policies of this type than are allowed to the target.";
        return Err(constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    turn.world.attach(turn.input.str("PolicyId"), turn.input.str("TargetId"));
    Ok(Value::Null)
}

pub(super) fn detach(turn: &mut Turn<'_>) -> Outcome {
    let policy = turn.world.policies.get(turn.input.str("PolicyId")).ok_or_else(not_found)?;
    turn.world.target_kind(turn.input.str("TargetId")).ok_or_else(target_not_found)?;
    if !turn.world.attached_to(turn.input.str("TargetId")).contains(turn.input.str("PolicyId")) {
        return Err(Refusal::new("PolicyNotAttachedException", "The policy isn't attached to the specified target in the specified root."));
    }
    if policy.id == RCP_FULL_AWS_ACCESS {
        return Err(invalid("NON_DETACHABLE_POLICY", "You can't detach this AWS managed policy."));
    }
    limits_at_rest(turn.world, policy)?;
    let of_type: BTreeSet<&str> =
        turn.world.attached_of_type(turn.input.str("TargetId"), &policy.kind).map(|policy| policy.id.as_str()).collect();
    if policy.kind == "SERVICE_CONTROL_POLICY" && of_type.len() == 1 {
        let message = "You attempted to detach a policy from an entity that would cause the entity to have fewer than the minimum number of policies of a certain type required.";
        return Err(constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    turn.world.detach(turn.input.str("PolicyId"), turn.input.str("TargetId"));
    Ok(Value::Null)
}
