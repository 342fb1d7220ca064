//! The family of AWS Organizations: one reader for all of its kinds.

mod account;
mod account_creation;
mod attachment_steps;
mod bind;
mod calls;
mod delegated_administrator;
mod identity;
mod organization;
mod organizational_unit;
mod policy;
mod policy_attachments;
mod policy_type;
mod questions;
mod read;
mod rehearsal;
mod removal;
mod trusted_service;
mod world;

#[cfg(test)]
mod answers_tests;

pub use account::{Account, AccountAttributes};
pub use delegated_administrator::{DelegatedAdministrator, DelegatedAdministratorAttributes};
pub use organization::{Organization, OrganizationAttributes};
pub use organizational_unit::{OrganizationalUnit, OrganizationalUnitAttributes};
pub use policy::{Policy, PolicyAttributes};
pub use policy_attachments::{PolicyAttachments, PolicyAttachmentsAttributes};
pub use policy_type::{PolicyType, PolicyTypeAttributes};
pub use trusted_service::{TrustedService, TrustedServiceAttributes};

use crate::address::Address;
use crate::aws::{AwsResult, Sessions};
use crate::resource::{Desired, Live};
use crate::sandbox;

/// Reads what `desired` needs of the organization, and binds it to the addresses of the configuration.
///
/// # Errors
/// A read failed; the organization belongs to another management account.
pub async fn live(sessions: &Sessions, desired: &Desired) -> AwsResult<Live> {
    let world = read::read(&sessions.organizations(), desired).await?;
    bind::bind(desired, world.as_ref())
}

/// As [`live`], together with the same organization as a world that the sandbox can run.
///
/// # Errors
/// As [`live`].
pub async fn live_and_world(sessions: &Sessions, desired: &Desired) -> AwsResult<(Live, sandbox::World)> {
    let world = read::read(&sessions.organizations(), desired).await?;
    Ok((bind::bind(desired, world.as_ref())?, rehearsal::sandbox_world(desired, world.as_ref())))
}

/// The address of the organization. As a parent or a target it stands for the root, and its id is the root's.
pub fn organization_address() -> Address {
    Address::new("organization", "main")
}

/// The management account in the ARN of an organization or a root: `arn:aws:organizations::<management>:root/o-…/r-…`
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>).
fn management_account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}
