//! The organization itself, its root, and the migration to all features.

use serde_json::{Value, json};

use super::page::{map_keys, page};
use super::{Ask, Turn, organization_of, timestamp};
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::{FeatureSet, Handshake, Joined, Organization, TypeStatus, World};

const DAY_MS: u64 = 86_400_000;

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    Ok(json!({ "Organization": show(ask.world, organization_of(ask.world)?) }))
}

fn show(world: &World, organization: &Organization) -> Value {
    let management = &world.management_account;
    let email = world.accounts.get(management).map(|account| account.email.as_str());
    json!({
        "Id": organization.id,
        "Arn": format!("arn:aws:organizations::{management}:organization/{}", organization.id),
        "FeatureSet": feature_set(organization.feature_set),
        "MasterAccountId": management,
        "MasterAccountArn": world.arn("account", management),
        "MasterAccountEmail": email,
        // AWS marks this field "do not use": it does not follow EnablePolicyType.
        "AvailablePolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    })
}

pub(super) fn feature_set(set: FeatureSet) -> &'static str {
    match set {
        FeatureSet::All => "ALL",
        FeatureSet::ConsolidatedBilling => "CONSOLIDATED_BILLING",
    }
}

/// The root as ListRoots and EnablePolicyType show it.
pub(super) fn show_root(world: &World, organization: &Organization) -> Value {
    let types: Vec<Value> = organization
        .policy_types
        .iter()
        .map(|(kind, status)| {
            let status = match status {
                TypeStatus::Enabled => "ENABLED",
                TypeStatus::PendingEnable(_) => "PENDING_ENABLE",
                TypeStatus::PendingDisable(_) => "PENDING_DISABLE",
            };
            json!({ "Type": kind, "Status": status })
        })
        .collect();
    json!({ "Id": organization.root, "Arn": world.arn("root", &organization.root), "Name": "Root", "PolicyTypes": types })
}

pub(super) fn list_roots(ask: &Ask<'_>) -> Outcome {
    let organization = organization_of(ask.world)?;
    let root = organization.root.as_str();
    let keys = |after: &str| -> super::page::Keys<'_> { Box::new(Some(root).filter(|root| *root > after).into_iter()) };
    page(ask, "Roots", keys, |_| Some(show_root(ask.world, organization)))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    if turn.world.organization.is_some() && turn.world.accounts.contains_key(turn.caller) {
        return Err(Refusal::new("AlreadyInOrganizationException", "The AWS account is already a member of an organization."));
    }
    if turn.caller != turn.world.management_account {
        let message = format!("the sandbox's organization is made by account {}", turn.world.management_account);
        return Err(Refusal::new("AccessDeniedException", message));
    }
    let features = match turn.input.get("FeatureSet") {
        Some("CONSOLIDATED_BILLING") => FeatureSet::ConsolidatedBilling,
        Some(_) | None => FeatureSet::All,
    };
    turn.world.add_organization(features);
    // Nothing is enabled yet, whatever the documentation of CreateOrganization says: Terraform's acceptance tests, which run on AWS, find a
    // new organization without an enabled policy type (internal/service/organizations/organization_test.go of
    // hashicorp/terraform-provider-aws, 2026-11-30; aws-cloudformation roadmap issue 1901).
    turn.world.disable_type("SERVICE_CONTROL_POLICY");
    if let Some(organization) = &mut turn.world.organization {
        organization.created_ms = turn.now_ms;
    }
    Ok(json!({ "Organization": show(turn.world, organization_of(turn.world)?) }))
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeleteOrganization.html>: no member may be left, closed ones among them.
pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    if turn.world.accounts.len() > 1 {
        let message =
            "The organization isn't empty. To delete an organization, you must first remove all accounts except the management account.";
        return Err(Refusal::new("OrganizationNotEmptyException", message));
    }
    turn.world.remove_organization();
    Ok(Value::Null)
}

/// Begins the upgrade from consolidated billing. Accounts that the organization created need not agree; invited ones would, and
/// the sandbox has no other members, so the handshake is open at once and AcceptHandshake finishes it.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/manage-begin-all-features-standard-migration.html>
pub(super) fn enable_all_features(turn: &mut Turn<'_>) -> Outcome {
    if organization_of(turn.world)?.feature_set == FeatureSet::All {
        let message = "The organization already has all features enabled.";
        return Err(Refusal::new("HandshakeConstraintViolationException", message).reason("ORGANIZATION_ALREADY_HAS_ALL_FEATURES"));
    }
    let pending = turn.world.handshakes.values().any(|handshake| !handshake.accepted);
    if pending {
        return Err(Refusal::new("HandshakeConstraintViolationException", "The change to all features is already under way."));
    }
    let management = &turn.world.management_account;
    let invited = turn.world.accounts.values().find(|account| account.joined == Joined::Invited && account.id != *management);
    if let Some(account) = invited {
        let message = format!("the sandbox cannot ask the invited account {} for its approval", account.id);
        return Err(Refusal::new("AccessDeniedException", message));
    }
    let id = format!("h-{}", turn.world.fresh(32));
    let handshake = Handshake { id: id.clone(), requested_ms: turn.now_ms, accepted: false };
    let shown = show_handshake(turn.world, &handshake);
    turn.world.handshakes.insert(id, handshake);
    Ok(json!({ "Handshake": shown }))
}

pub(super) fn accept_handshake(turn: &mut Turn<'_>) -> Outcome {
    let Some(handshake) = turn.world.handshakes.get_mut(turn.input.str("HandshakeId")) else {
        return Err(Refusal::new("HandshakeNotFoundException", "We can't find a handshake with the HandshakeId that you specified."));
    };
    if handshake.accepted {
        return Err(Refusal::new("HandshakeAlreadyInStateException", "The handshake is already accepted."));
    }
    handshake.accepted = true;
    let handshake = handshake.clone();
    if let Some(organization) = &mut turn.world.organization {
        organization.feature_set = FeatureSet::All;
    }
    Ok(json!({ "Handshake": show_handshake(turn.world, &handshake) }))
}

/// Whether handshakes with that action are requested.
pub(super) fn is_about(ask: &Ask<'_>, action: &str) -> bool {
    ask.input.at("Filter").and_then(|filter| filter.get("ActionType")).is_none_or(|wanted| wanted == action)
}

pub(super) fn list_handshakes(ask: &Ask<'_>) -> Outcome {
    let handshakes = &ask.world.handshakes;
    page(ask, "Handshakes", |after| map_keys(handshakes, after), |id| shown_handshake(ask, id))
}

/// One of the handshakes, if requested.
pub(super) fn shown_handshake(ask: &Ask<'_>, id: &str) -> Option<Value> {
    let wanted = is_about(ask, ENABLE_ALL_FEATURES);
    Some(show_handshake(ask.world, ask.world.handshakes.get(id).filter(|_| wanted)?))
}

/// The action of these handshakes.
const ENABLE_ALL_FEATURES: &str = "ENABLE_ALL_FEATURES";

fn show_handshake(world: &World, handshake: &Handshake) -> Value {
    let organization = world.organization.as_ref().map_or("", |organization| &organization.id);
    json!({
        "Id": handshake.id,
        "Arn": format!("arn:aws:organizations::{}:handshake/{organization}/enable_all_features/{}", world.management_account, handshake.id),
        "Action": ENABLE_ALL_FEATURES,
        "State": if handshake.accepted { "ACCEPTED" } else { "OPEN" },
        "Parties": [{ "Id": organization, "Type": "ORGANIZATION" }],
        "RequestedTimestamp": timestamp(handshake.requested_ms),
        "ExpirationTimestamp": timestamp(handshake.requested_ms + 90 * DAY_MS),
        "Resources": [{ "Type": "ORGANIZATION", "Value": organization }],
    })
}
