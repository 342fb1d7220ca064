//! The organization as it was read, as a world that the sandbox can run. A rehearsal is applied to it.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{self, LivePolicy, Member, World};
use super::{Invitation, InvitationAttributes, Standing};
use crate::resource::network::SHARING_SERVICE;
use crate::resource::{Desired, Kind, typed};
use crate::sandbox::{self, Account, AccountState, FeatureSet, Joined, OrganizationalUnit, Policy, TypeStatus};

/// Replaces a document that was not read, since overlord does not manage its policy.
const UNREAD: &str = "{}";
/// The seed for the ids of new resources in the rehearsal. They differ from those that were read, even from a sandbox's, whose seeds are
/// small.
const SEED: u64 = u64::MAX;

/// The sandbox's world with the same ids, so that a plan made from `live` can be applied to it. What was not read is missing: policies of
/// types that overlord does not manage, and tags that the plan does not depend on.
pub(crate) fn sandbox_world(desired: &Desired, live: Option<&World>) -> sandbox::World {
    let mut world = sandbox::World::new(&desired.management_account);
    world.seed = SEED;
    world.added_regions.clone_from(&desired.added_regions);
    let Some(live) = live else { return world };
    let feature_set = match live.feature_set.as_str() {
        "ALL" => FeatureSet::All,
        _ => FeatureSet::ConsolidatedBilling,
    };
    // For AWS's own policies; everything else comes from what was read.
    world.add_organization(feature_set);
    let clock_ms = world.clock_ms;
    if let Some(organization) = &mut world.organization {
        organization.root.clone_from(&live.root);
        organization.policy_types =
            live.policy_types.iter().filter_map(|(name, status)| Some((name.clone(), type_status(status, clock_ms)?))).collect();
    }
    world.accounts = live.accounts.iter().map(|(id, member)| (id.clone(), account(id, member, desired))).collect();
    let units = live
        .units
        .iter()
        .map(|(id, unit)| (id.clone(), OrganizationalUnit { id: id.clone(), name: unit.name.clone(), parent: unit.parent.clone() }));
    world.ous = units.collect();
    world.attachments = BTreeMap::new();
    for (id, read) in &live.policies {
        for target in &read.targets {
            world.attachments.entry(target.clone()).or_default().insert(id.clone());
        }
        if !read.aws_managed || !world.policies.contains_key(id) {
            world.policies.insert(id.clone(), policy(id, read));
        }
    }
    world.tags.clone_from(&live.tags);
    world.trusted_services = live.trusted_services.iter().map(|service| (service.clone(), clock_ms)).collect();
    // No read call says whether RAM may share: if it is trusted, that was usually done by RAM's own call.
    world.sharing_since_ms = live.trusted_services.contains(SHARING_SERVICE).then_some(0);
    for (service, administrators) in &live.administrators {
        for account in administrators {
            world.delegated_administrators.entry(account.clone()).or_default().insert(service.clone(), clock_ms);
        }
    }
    for ((account, contact_type), contact) in &live.alternate_contacts {
        world.contacts.entry(account.clone()).or_default().alternate.insert(contact_type.clone(), contact.as_api());
    }
    for (account, contact) in &live.primary_contacts {
        world.contacts.entry(account.clone()).or_default().primary = contact.as_api();
    }
    world.root_features.clone_from(&live.root_features);
    for (account, found) in &live.root_credentials {
        world.root_credentials.insert(account.clone(), found.clone().unwrap_or_default());
    }
    external_accounts(desired, live, &mut world);
    // Whether a standalone account has everything that AWS requires cannot be read.
    world.standalone = live.accounts.keys().cloned().collect();
    world.reindex();
    world
}

/// The invited accounts that are not members, and the open invitations.
fn external_accounts(desired: &Desired, live: &World, world: &mut sandbox::World) {
    let wanted = desired.resources.iter().filter(|(address, _)| Invitation::has(address));
    let wanted = wanted.filter_map(|(address, attributes)| Some((address, typed::<InvitationAttributes>(attributes).ok()?.recipient)));
    for (number, (address, recipient)) in wanted.enumerate() {
        let is_member = |(id, account): (&String, &Member)| *id == recipient || account.email.eq_ignore_ascii_case(&recipient);
        if live.accounts.iter().any(is_member) {
            continue;
        }
        let is_email = recipient.contains('@');
        // Which id an e-mail belongs to, and vice versa, only its owner knows. No real account's id starts with 3 zeros.
        let id = if is_email { format!("000{number:09}") } else { recipient.clone() };
        let email = if is_email { recipient.clone() } else { format!("{id}@outside.invalid") };
        world.add_outsider(&id, address.key(), &email);
        if let Standing::Open(..) = Standing::of(&live.invitations, &[&recipient]) {
            world.add_invitation(&id, &recipient);
        }
    }
}

fn type_status(status: &str, clock_ms: u64) -> Option<TypeStatus> {
    match status {
        "ENABLED" => Some(TypeStatus::Enabled),
        "PENDING_ENABLE" => Some(TypeStatus::PendingEnable(clock_ms)),
        "PENDING_DISABLE" => Some(TypeStatus::PendingDisable(clock_ms)),
        _ => None,
    }
}

fn account(id: &str, member: &Member, desired: &Desired) -> Account {
    Account {
        id: id.to_owned(),
        name: member.name.clone(),
        email: member.email.clone(),
        state: match member.state.as_str() {
            "PENDING_ACTIVATION" => AccountState::PendingActivation,
            "SUSPENDED" => AccountState::Suspended,
            "PENDING_CLOSURE" => AccountState::PendingClosure,
            "CLOSED" => AccountState::Closed,
            _ => AccountState::Active,
        },
        joined: match member.joined {
            world::Joined::Invited => Joined::Invited,
            world::Joined::Created { .. } | world::Joined::Unknown => Joined::Created,
        },
        // Its joining date is not kept: long ago.
        joined_ms: 0,
        parent: member.parent.clone(),
        roles: BTreeSet::from([desired.access_role.clone()]),
        external_ids: BTreeMap::new(),
    }
}

fn policy(id: &str, read: &LivePolicy) -> Policy {
    Policy {
        id: id.to_owned(),
        kind: read.policy_type.clone(),
        name: read.name.clone(),
        description: read.description.clone(),
        content: read.content.clone().unwrap_or_else(|| UNREAD.to_owned()),
        aws_managed: read.aws_managed,
    }
}
