//! AWS Organizations: the two tables of its operations, and their shared code.
//!
//! A read gets the world by shared reference: it may be an older world (stale reads), and it cannot write. A write checks everything
//! before it changes anything, so that a refusal changes nothing.

mod accounts;
mod effective;
mod handshakes;
mod leaving;
mod organization;
mod page;
mod policies;
mod policy_language;
mod policy_types;
mod services;
mod tags;
mod units;

use serde_json::{Value, json};

use super::input::Input;
use super::operation::Operation;
use super::weather::Weather;
use super::wire::{Outcome, Refusal};
use super::world::{FeatureSet, Organization, World};

/// A read and its world.
pub(super) struct Ask<'a> {
    pub world: &'a World,
    pub caller: &'a str,
    pub input: Input<'a>,
    /// The weather wants this page of a list to be empty.
    pub empty_page: bool,
}

/// A write and the world that it changes.
pub(super) struct Turn<'a> {
    pub world: &'a mut World,
    pub caller: &'a str,
    pub input: Input<'a>,
    pub now_ms: u64,
    pub weather: &'a Weather,
}

pub(super) type Read = fn(&Ask<'_>) -> Outcome;
pub(super) type Write = fn(&mut Turn<'_>) -> Outcome;

const READS: &[(&str, Read)] = &[
    ("DescribeAccount", accounts::describe),
    ("DescribeCreateAccountStatus", accounts::describe_creation),
    ("DescribeEffectivePolicy", effective::describe),
    ("DescribeHandshake", handshakes::describe),
    ("DescribeOrganization", organization::describe),
    ("DescribeOrganizationalUnit", units::describe),
    ("DescribePolicy", policies::describe),
    ("ListAWSServiceAccessForOrganization", services::list_trusted),
    ("ListAccounts", accounts::list),
    ("ListAccountsForParent", accounts::list_for_parent),
    ("ListChildren", units::list_children),
    ("ListCreateAccountStatus", accounts::list_creations),
    ("ListDelegatedAdministrators", services::list_administrators),
    ("ListDelegatedServicesForAccount", services::list_for_account),
    ("ListHandshakesForAccount", handshakes::list_for_account),
    ("ListHandshakesForOrganization", handshakes::list_for_organization),
    ("ListOrganizationalUnitsForParent", units::list_for_parent),
    ("ListParents", units::list_parents),
    ("ListPolicies", policies::list),
    ("ListPoliciesForTarget", policies::list_for_target),
    ("ListRoots", organization::list_roots),
    ("ListTagsForResource", tags::list),
    ("ListTargetsForPolicy", policies::list_targets),
];

const WRITES: &[(&str, Write)] = &[
    ("AcceptHandshake", handshakes::accept),
    ("AttachPolicy", policies::attach),
    ("CancelHandshake", handshakes::cancel),
    ("CloseAccount", leaving::close),
    ("CreateAccount", accounts::create),
    ("CreateOrganization", organization::create),
    ("CreateOrganizationalUnit", units::create),
    ("CreatePolicy", policies::create),
    ("DeclineHandshake", handshakes::decline),
    ("DeleteOrganization", organization::delete),
    ("DeleteOrganizationalUnit", units::delete),
    ("DeletePolicy", policies::delete),
    ("DeregisterDelegatedAdministrator", services::deregister),
    ("DetachPolicy", policies::detach),
    ("DisableAWSServiceAccess", services::distrust),
    ("DisablePolicyType", policy_types::disable),
    ("EnableAWSServiceAccess", services::trust),
    ("EnableAllFeatures", organization::enable_all_features),
    ("EnablePolicyType", policy_types::enable),
    ("InviteAccountToOrganization", handshakes::invite),
    ("MoveAccount", accounts::move_to),
    ("RegisterDelegatedAdministrator", services::register),
    ("RemoveAccountFromOrganization", leaving::remove),
    ("TagResource", tags::tag),
    ("UntagResource", tags::untag),
    ("UpdateOrganizationalUnit", units::update),
    ("UpdatePolicy", policies::update),
];

/// The operation of that name.
pub(super) fn operation(name: &str) -> Option<Operation<Read, Write>> {
    Operation::of(name, READS, WRITES)
}

/// Answers a read.
pub(super) fn read(read: Read, name: &str, ask: &Ask<'_>) -> Outcome {
    match name {
        // Also from outside: an invited account reads its invitation.
        "DescribeHandshake" | "ListHandshakesForAccount" => {}
        // Members ask about themselves.
        "DescribeEffectivePolicy" | "DescribeOrganization" => authorize(ask.world, ask.caller, Rank::Member)?,
        _ => authorize(ask.world, ask.caller, Rank::Administrator)?,
    }
    read(ask)
}

/// What AWS refuses while it still sees the other side of a write as that was before the last one. Sources: org-formation-cli issue 374,
/// alchemy pull request 231, retries of hashicorp/terraform-provider-aws; 2026-11-30.
const SEE_THE_PAST: &[(&str, &[&str])] = &[
    ("CreateOrganizationalUnit", &["ParentNotFoundException"]),
    ("DeleteOrganizationalUnit", &["OrganizationalUnitNotEmptyException"]),
    ("DeletePolicy", &["PolicyInUseException"]),
    ("EnablePolicyType", &["SERVICE_ACCESS_NOT_ENABLED"]),
    ("MoveAccount", &["AccountNotFoundException", "DestinationParentNotFoundException"]),
    ("RegisterDelegatedAdministrator", &["SERVICE_ACCESS_NOT_ENABLED"]),
];

/// Whether a write looks at what others have just changed.
pub(super) fn sees_the_past(name: &str) -> bool {
    SEE_THE_PAST.iter().any(|(operation, _)| *operation == name)
}

/// Whether a refusal may come of an older state of the organization.
pub(super) fn is_of_the_past(refusal: &Refusal) -> bool {
    let known = |code: &str| SEE_THE_PAST.iter().any(|(_, codes)| codes.contains(&code));
    known(refusal.code) || refusal.reason.is_some_and(known)
}

/// What a new organization refuses while AWS still works on it. The first two are modelled (botocore 1.44.8); of the others
/// hashicorp/terraform-provider-aws waits for it, up to four minutes (internal/service/organizations, 2026-11-30).
const WAIT_FOR_THE_ORGANIZATION: &[&str] =
    &["CreateAccount", "InviteAccountToOrganization", "AttachPolicy", "CreateOrganizationalUnit", "CreatePolicy"];

fn finalized(name: &str, turn: &Turn<'_>) -> Result<(), Refusal> {
    let age = turn.now_ms.saturating_sub(organization_of(turn.world)?.created_ms);
    if age >= turn.weather.finalizing_ms || !WAIT_FOR_THE_ORGANIZATION.contains(&name) {
        return Ok(());
    }
    // AWS's documentation of the reason: also right after the organization was made; then it passes within an hour.
    if name == "CreateAccount" && age * 2 >= turn.weather.finalizing_ms {
        return Err(constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS accounts."));
    }
    let message = "AWS Organizations couldn't perform the operation because your organization hasn't finished initializing.";
    Err(Refusal::new("FinalizingOrganizationException", message))
}

/// Makes a write.
pub(super) fn write(write: Write, name: &str, turn: &mut Turn<'_>) -> Outcome {
    // Those also serve callers from outside, and check themselves who may call.
    if !["AcceptHandshake", "CreateOrganization", "DeclineHandshake"].contains(&name) {
        authorize(turn.world, turn.caller, Rank::Management)?;
        finalized(name, turn)?;
    }
    write(turn)
}

/// Who may call.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Member,
    Administrator,
    Management,
}

/// Only the management account changes the organization; delegated administrators read it; members learn that it exists.
fn authorize(world: &World, caller: &str, needed: Rank) -> Result<(), Refusal> {
    if world.organization.is_none() || !world.accounts.contains_key(caller) {
        return Err(not_in_use());
    }
    let rank = if caller == world.management_account {
        Rank::Management
    } else if world.delegated_administrators.contains_key(caller) {
        Rank::Administrator
    } else {
        Rank::Member
    };
    if rank >= needed {
        return Ok(());
    }
    Err(Refusal::new("AccessDeniedException", "You don't have permissions to access this resource."))
}

fn not_in_use() -> Refusal {
    Refusal::new("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
}

fn organization_of(world: &World) -> Result<&Organization, Refusal> {
    world.organization.as_ref().ok_or_else(not_in_use)
}

fn all_features(world: &World) -> Result<(), Refusal> {
    match organization_of(world)?.feature_set {
        FeatureSet::All => Ok(()),
        FeatureSet::ConsolidatedBilling => {
            Err(constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", "This operation requires the organization to support all features."))
        }
    }
}

fn invalid(reason: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInputException", message).reason(reason)
}

fn constraint(reason: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new("ConstraintViolationException", message).reason(reason)
}

/// AWS puts times as seconds since 1970, with a fraction.
fn timestamp(ms: u64) -> Value {
    json!(ms as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_operation_is_in_both_tables_and_both_are_ordered() {
        let names: Vec<&str> = READS.iter().map(|(name, _)| *name).collect();
        let writes: Vec<&str> = WRITES.iter().map(|(name, _)| *name).collect();
        assert!(names.is_sorted() && writes.is_sorted());
        assert!(names.iter().all(|name| !writes.contains(name)));
    }
}
