//! The family of AWS Organizations: one reader for all of its kinds.

mod account;
mod delegated_administrator;
mod organization;
mod organizational_unit;
mod policy;
mod policy_attachments;
mod policy_type;
mod trusted_service;

pub use account::{Account, AccountAttributes};
pub use delegated_administrator::{DelegatedAdministrator, DelegatedAdministratorAttributes};
pub use organization::{Organization, OrganizationAttributes};
pub use organizational_unit::{OrganizationalUnit, OrganizationalUnitAttributes};
pub use policy::{Policy, PolicyAttributes};
pub use policy_attachments::{PolicyAttachments, PolicyAttachmentsAttributes};
pub use policy_type::{PolicyType, PolicyTypeAttributes};
pub use trusted_service::{TrustedService, TrustedServiceAttributes};

use crate::address::Address;

/// The address of the organization. As a parent or a target it stands for the root, and its id is the root's.
pub fn organization_address() -> Address {
    Address::new("organization", "main")
}
