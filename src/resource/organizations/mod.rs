//! The family of AWS Organizations: one reader for all of its kinds.

pub mod access_role;
mod account;
mod account_creation;
mod alternate_contact;
mod attachment_steps;
mod bind;
mod calls;
mod contacts;
mod crowded;
mod delegated_administrator;
mod departing;
pub mod effective;
mod email;
mod facts;
mod family;
pub mod handshakes;
mod identity;
mod invitation;
mod invited;
mod leaving;
pub mod lock;
mod needs;
mod organization;
mod organizational_unit;
mod placement;
mod policy;
mod policy_attachments;
mod policy_type;
mod primary_contact;
mod questions;
mod read;
mod rehearsal;
mod removal;
mod renamed;
mod root_access;
mod root_credentials;
pub mod simulator;
mod swapped;
mod tag_index;
mod trusted_service;
mod world;

#[cfg(test)]
mod answers_tests;

pub use account::{Account, AccountAttributes};
pub use alternate_contact::{AlternateContact, AlternateContactAttributes};
pub use contacts::{ACCOUNT_MANAGEMENT, CONTACT_TYPES, alternate_contact_address, primary_contact_address};
pub use delegated_administrator::{DelegatedAdministrator, DelegatedAdministratorAttributes};
pub use email::{EMAIL_TAG, EmailChange};
pub use facts::Facts;
pub use family::Organizations;
pub use invitation::{Invitation, InvitationAttributes, with_address};
pub use invited::{Allowance, InvitationState, LiveInvitation, Standing, day, minute};
pub use leaving::{Leaving, leaving};
pub use lock::{LOCK_NAME, LOCK_OWNER_TAG};
pub use organization::{Organization, OrganizationAttributes};
pub use organizational_unit::{OrganizationalUnit, OrganizationalUnitAttributes};
pub use placement::{Placement, PlacementAttributes};
pub use policy::{Policy, PolicyAttributes};
pub use policy_attachments::{PolicyAttachments, PolicyAttachmentsAttributes};
pub use policy_type::{PolicyType, PolicyTypeAttributes};
pub use primary_contact::{PrimaryContact, PrimaryContactAttributes};
pub use read::{Attributing, Tagging, Whole};
pub use renamed::{Rename, RenamedAccount};
pub use root_access::{CREDENTIALS, IAM, RootAccess, RootAccessAttributes, SESSIONS, root_access_address};
pub use root_credentials::{RootCredentials, RootCredentialsAttributes};
pub use trusted_service::{TrustedService, TrustedServiceAttributes};
pub(crate) use world::{LivePolicy, World};

use std::collections::BTreeSet;
use std::time::SystemTime;

use crate::address::{Address, Reference};
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::{Desired, EventSpec, Kind, Live};
use crate::sandbox;

/// An organization as it was read, or the absence of one.
pub struct Reading(Option<world::World>);

/// Reads what `desired` needs of the organization. `known` is called with the address and id of each usable account of the configuration,
/// as soon as AWS has listed it. It is called twice for some, and not for those that only their tags identify.
///
/// # Errors
/// A read failed; the organization belongs to another management account.
pub async fn read(sessions: &Sessions, desired: &Desired, known: impl FnMut(Address, String)) -> AwsResult<Reading> {
    let clients = questions::Clients { organizations: sessions.organizations(), account: sessions.account(), tagging: sessions.tagging() };
    let mut world = read::read(&clients, desired, known).await?;
    if let Some(world) = &mut world {
        read_root(sessions, desired, world).await?;
        let now = sessions.request_gate().clock().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        world.now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    }
    Ok(Reading(world))
}

/// The credentials of root users that are to have none: this takes a session in each account, so only those accounts are read.
async fn read_root(sessions: &Sessions, desired: &Desired, world: &mut world::World) -> AwsResult<()> {
    let wanted = world::Wanted::of(desired)?;
    if wanted.root_access.is_none() || !world.trusted_services.contains(IAM) {
        return Ok(());
    }
    world.root_features = root_access::features(sessions).await?;
    if !world.root_features.contains(CREDENTIALS) {
        return Ok(());
    }
    let identity = identity::Identity::of(desired, &wanted, world);
    let selected = wanted.root_credentials.iter().filter(|(address, _)| desired.selection.selects(address));
    let ids = selected.filter_map(|(_, wanted)| match &wanted.account {
        Reference::Address(account) => identity.id(account),
        Reference::Id(_) => None,
    });
    let is_open = |id: &&str| world.accounts.get(*id).is_some_and(|account| account.frozen().is_none());
    let ids = ids.filter(is_open).map(str::to_owned).collect();
    world.root_credentials = root_credentials::audits(sessions, ids).await;
    match world.root_credentials.values().find_map(|found| found.as_ref().err().filter(|e| matches!(e, Error::Interrupted))) {
        Some(interrupted) => Err(interrupted.clone()),
        None => Ok(()),
    }
}

/// Reads the whole organization, for a configuration that is still to be written.
///
/// # Errors
/// A read failed; `management_account` does not manage the organization.
pub async fn read_whole(sessions: &Sessions, management_account: &str, whole: impl Into<Whole>) -> AwsResult<Reading> {
    let clients = questions::Clients { organizations: sessions.organizations(), account: sessions.account(), tagging: sessions.tagging() };
    let mut world = read::read_whole(&clients, management_account, whole.into()).await?;
    if let Some(world) = world.as_mut().filter(|world| world.trusted_services.contains(IAM)) {
        world.root_features = root_access::features(sessions).await?;
    }
    Ok(Reading(world))
}

impl Reading {
    /// Reduces a whole organization to what [`read`] would have read for `desired`: policies of types that it does not manage are left
    /// out.
    ///
    /// # Errors
    /// The desired attributes are malformed.
    pub(crate) fn for_configuration(&self, desired: &Desired) -> AwsResult<Self> {
        let managed = world::Wanted::of(desired)?.policy_types;
        let mut world = self.0.clone();
        if let Some(world) = &mut world {
            world.policies.retain(|_, policy| managed.contains_key(&policy.policy_type));
        }
        Ok(Self(world))
    }

    /// The organization, if there is one.
    pub(crate) fn world(&self) -> Option<&World> {
        self.0.as_ref()
    }

    /// Binds it to the addresses of the configuration.
    ///
    /// # Errors
    /// The desired attributes are malformed.
    pub fn bind(&self, desired: &Desired) -> AwsResult<Live> {
        bind::bind(desired, self.0.as_ref())
    }

    /// The same organization as a world that the sandbox can run.
    pub fn sandbox_world(&self, desired: &Desired) -> sandbox::World {
        rehearsal::sandbox_world(desired, self.0.as_ref())
    }

    /// The primary e-mail of an account of the configuration; `None` if the account does not exist, or org.toml declares none.
    ///
    /// # Errors
    /// The desired attributes are malformed.
    pub fn email(&self, desired: &Desired, address: &Address) -> AwsResult<Option<EmailChange>> {
        let wanted = world::Wanted::of(desired)?;
        let found = self.0.as_ref().and_then(|world| {
            let identity = identity::Identity::of(desired, &wanted, world);
            let id = identity.id(address)?;
            let (live, wanted) = (world.accounts.get(id)?.email.clone(), wanted.accounts.get(address)?.email.clone()?);
            Some(EmailChange { id: id.to_owned(), awaited: email::is_awaited(world.tags.get(id), &wanted), live, wanted })
        });
        Ok(found)
    }

    /// The ids of all usable accounts, including those outside the configuration.
    pub fn members(&self) -> BTreeSet<String> {
        let accounts = self.0.iter().flat_map(|world| &world.accounts);
        accounts.filter(|(_, account)| account.frozen().is_none()).map(|(id, _)| id.clone()).collect()
    }
}

/// The request that sets a tag of an OU, a policy or an account.
const TAG_SET: EventSpec = EventSpec::added(&["tags"], &["organizations:TagResource"]);

/// The request that removes one.
const TAG_REMOVED: EventSpec = EventSpec::removed(&["tags"], &["organizations:UntagResource"]);

/// The address of the organization. As a parent or a target it means the root, and its id is the root's.
pub fn organization_address() -> Address {
    Organization::address("main")
}

/// The management account in the ARN of an organization or a root: `arn:aws:organizations::<management>:root/o-…/r-…`
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>).
fn management_account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

crate::resource::kinds! {
    Organization,
    TrustedService,
    DelegatedAdministrator,
    PolicyType,
    OrganizationalUnit,
    Policy,
    PolicyAttachments,
    Invitation,
    Account,
    Placement,
    AlternateContact,
    PrimaryContact,
    RootAccess,
    RootCredentials,
}
