//! What the family needs to be allowed, whatever the configuration declares.

use super::lock;
use crate::aws::{ASSUME_ROLE, LOOK_UP_EVENTS};
use crate::resource::{By, Desired, FamilyNeeds, Need};

/// OUs, accounts and tags are read whatever is declared, because unmanaged ones are reported.
const READ: Need = Need::plan(&[
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListHandshakesForOrganization",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
    "tag:GetResources",
]);

/// What `import` reads.
const IMPORT: &[&str] = &[
    "account:GetAlternateContact",
    "account:GetContactInformation",
    "account:ListRegions",
    "iam:ListOrganizationsFeatures",
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListDelegatedServicesForAccount",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListPolicies",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
    "organizations:ListTargetsForPolicy",
    ASSUME_ROLE,
];

/// What the family needs for a configuration.
pub(in crate::resource) fn needs(_: &Desired) -> FamilyNeeds {
    let own = std::iter::once(READ).chain(lock::NEEDS);
    FamilyNeeds {
        own: own.map(|need| (By::Caller, need)).collect(),
        // `drift` looks up who made a difference.
        reads: vec![(By::Caller, &[LOOK_UP_EVENTS])],
        ..FamilyNeeds::default()
    }
}

/// What an import needs.
pub(in crate::resource) fn import_needs() -> Vec<(By, &'static [&'static str])> {
    vec![(By::Caller, IMPORT)]
}
