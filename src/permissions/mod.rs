//! The least privileges that overlord needs for a configuration: what `doctor` prints as IAM policies. Pure.
//!
//! ```text
//! Desired ─┬─ kinds, with attributes ─► needs of the kinds ─┐
//!          └─ families ───────────────► needs of families ──┴─► Permissions ─ document ─► IAM policy
//! ```
//!
//! The kinds and families say which calls they make (`src/resource/needs.rs`). Tests compare that with the request gate's table of
//! operations, with the calls in the files of the kinds, and with the calls of random runs.

mod declared;
mod document;

use std::collections::BTreeSet;

use crate::aws::{ASSUME_ROLE, LOOK_UP_EVENTS, partition_of};
use crate::resource::{By, Desired, FamilyNeeds, Grant, KINDS, Need, OnJoining, family_needs, import_needs};

use declared::Declared;
pub use document::MANAGED_POLICY_SIZE;

pub use crate::resource::{Deletes, Run};

/// The identities to allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The credentials that overlord is started with, in the management account.
    Caller,
    /// The access role, in every other account.
    AccessRole,
}

/// The permissions of one identity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    /// `service:Operation`, as the table of operations has it; the IAM action is called the same.
    pub operations: BTreeSet<&'static str>,
    /// IAM actions that AWS requires in addition to that of the operation.
    pub besides: BTreeSet<&'static str>,
    /// Services whose service-linked role AWS creates with another resource; the caller must be allowed to create it.
    pub linked_roles: BTreeSet<&'static str>,
    /// AWS's policies with which sessions as the root users of members are opened.
    pub root_tasks: BTreeSet<&'static str>,
    /// Operations that delete resources whose type supports tags.
    pub deletes: BTreeSet<(&'static str, Deletes)>,
}

/// All that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// By the credentials in the management account.
    pub caller: Grants,
    /// By the access role in the members.
    pub access_role: Grants,
    /// The name of the role that is assumed there.
    role: String,
    /// The external id that assuming it names.
    external_id: Option<String>,
    /// `aws`, `aws-us-gov`, …
    partition: &'static str,
    /// Where the resources in accounts are.
    regions: BTreeSet<String>,
}

impl Permissions {
    /// What a run with this configuration needs as long as the configuration stays the same: resources removed from it are deleted with
    /// the permissions of the previous one.
    pub fn of(desired: &Desired, run: Run) -> Self {
        let families = family_needs(desired);
        let declared = Declared::new(desired, &families);
        let mut permissions = Self::none(desired, &families);
        for (by, need) in families.iter().flat_map(|family| declared.own(family)).filter(|(_, need)| need.run <= run) {
            permissions.add(&by, &need.grant);
        }
        for (kind, need) in declared.needs().filter(|(_, need)| need.run <= run) {
            permissions.add(&declared.who(kind, need), &need.grant);
        }
        // An apply does not look for who made a difference.
        if run == Run::Plan {
            permissions.role = desired.reading_role().name;
            for (by, operations) in families.iter().flat_map(|family| declared.reads(family)) {
                permissions.add(&by, &Grant::Calls(operations));
            }
            if declared.looks_up_events_in_accounts() {
                permissions.access_role.operations.insert(LOOK_UP_EVENTS);
            }
        }
        if permissions.access_role != Grants::default() {
            permissions.allow_entry();
        }
        permissions
    }

    /// What `invite` needs for accounts that may or may not be in this configuration: to plan, to invite, and to apply what org.toml says
    /// about those that join. It changes nothing else in the organization and creates no account.
    pub fn of_invite(desired: &Desired) -> Self {
        let families = family_needs(desired);
        let declared = Declared::new(desired, &families);
        let mut permissions = Self::none(desired, &families);
        let is_needed = |need: &Need| need.run == Run::Plan || need.on_joining != OnJoining::No;
        for (by, need) in families.iter().flat_map(|family| declared.own(family)).filter(|(_, need)| is_needed(need)) {
            permissions.add(&by, &need.grant);
        }
        for (kind, need) in declared.needs() {
            let who = if is_needed(need) { declared.who(kind, need) } else { declared.who_in_accounts(kind, need) };
            permissions.add(&who, &need.grant);
        }
        for need in KINDS.iter().flat_map(|kind| kind.spec().needs).filter(|need| need.on_joining == OnJoining::Always) {
            permissions.caller.add(&need.grant);
        }
        // An account that has joined is entered, to check that its role can be assumed.
        permissions.allow_entry();
        permissions
    }

    /// What `import` needs, if there is no configuration yet: to read the organization, and networks in these Regions, with the role of
    /// that name.
    pub fn of_import(home_region: &str, access_role: &str, regions: &BTreeSet<String>) -> Self {
        let desired = Desired { home_region: home_region.to_owned(), access_role: access_role.to_owned(), ..Desired::default() };
        let mut permissions = Self { regions: regions.clone(), ..Self::none(&desired, &[]) };
        for (by, operations) in import_needs(!regions.is_empty()) {
            let who = match by {
                By::Caller => vec![Who::Caller],
                By::Accounts | By::Everybody => vec![Who::Caller, Who::AccessRole],
            };
            permissions.add(&who, &Grant::Calls(operations));
        }
        permissions
    }

    fn none(desired: &Desired, families: &[FamilyNeeds]) -> Self {
        let scoped = desired.resources.keys().filter_map(|address| Some(address.scope()?.region.clone()));
        Self {
            caller: Grants::default(),
            access_role: Grants::default(),
            role: desired.access_role.clone(),
            external_id: desired.external_id.clone(),
            partition: partition_of(&desired.home_region),
            regions: families.iter().flat_map(|family| family.regions.iter().cloned()).chain(scoped).collect(),
        }
    }

    /// Whether the role in the members is assumed.
    pub fn enters_members(&self) -> bool {
        self.caller.operations.contains(ASSUME_ROLE)
    }

    /// Allows the credentials in the management account to assume the role in the members.
    fn allow_entry(&mut self) {
        self.caller.operations.insert(ASSUME_ROLE);
    }

    /// What one of them is to be allowed.
    pub fn grants(&self, who: Who) -> &Grants {
        match who {
            Who::Caller => &self.caller,
            Who::AccessRole => &self.access_role,
        }
    }

    fn add(&mut self, who: &[Who], grant: &Grant) {
        who.iter().for_each(|who| self.grants_mut(*who).add(grant));
    }

    fn grants_mut(&mut self, who: Who) -> &mut Grants {
        match who {
            Who::Caller => &mut self.caller,
            Who::AccessRole => &mut self.access_role,
        }
    }
}

impl Grants {
    fn add(&mut self, grant: &Grant) {
        match grant {
            Grant::Calls(operations) => self.operations.extend(*operations),
            Grant::Deletions(what, operations) => {
                self.operations.extend(*operations);
                self.deletes.extend(operations.iter().map(|operation| (*operation, *what)));
            }
            Grant::Besides(actions) => self.besides.extend(*actions),
            Grant::LinkedRole(service) => {
                self.linked_roles.insert(service);
            }
            Grant::RootTask(policy) => {
                self.root_tasks.insert(policy);
            }
        }
    }
}

#[cfg(test)]
mod tests;
