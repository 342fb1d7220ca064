//! The least privileges that overlord needs for a configuration: what `doctor` prints as IAM policies. Pure.
//!
//! ```text
//! Desired ─┬─ kinds, with attributes ─┐
//!          └─ design of networks ─────┴─ needs (a table) ─► Permissions ─ document ─► IAM policy
//! ```
//!
//! The table says which calls each part of a configuration causes. Tests check it against the request gate's table of operations, against
//! the calls in the files of the kinds, and against the calls of random runs.

mod document;
mod needs;

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::aws::partition_of;
use crate::limits::LIMITS;
use crate::network::{self, Design, Observed};
use crate::resource::{Attributes, Desired};

pub use document::MANAGED_POLICY_SIZE;
use needs::{Cause, DRIFT, Grant, IMPORT, NEEDS, SCREEN};

/// The runs to allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Run {
    /// Reading: `plan`, `drift`, `doctor`.
    Plan,
    /// Reading and writing: `apply`, `email`.
    Apply,
}

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

/// What an operation deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deletes {
    /// Resources with overlord's address tag.
    Addressed,
    /// The lock that prevents 2 applies at the same time. It has tags of its own.
    Lock,
    /// Default VPCs, which AWS creates without tags.
    Untagged,
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
    /// Where networks are.
    regions: BTreeSet<String>,
}

impl Permissions {
    /// What a run with this configuration needs as long as the configuration stays the same: resources removed from it are deleted with
    /// the permissions of the previous one.
    pub fn of(desired: &Desired, run: Run) -> Self {
        let facts = Facts::of(desired);
        let mut permissions = Self::none(desired);
        for need in NEEDS.iter().filter(|need| need.run <= run) {
            for who in facts.who(need.cause) {
                permissions.grants_mut(who).add_need(need);
            }
        }
        // An apply does not look for who made a difference.
        if run == Run::Plan {
            permissions.role = desired.reading_role().name;
            permissions.caller.operations.extend(DRIFT);
            if facts.reads_networks {
                permissions.caller.operations.extend(SCREEN);
                permissions.access_role.operations.extend(DRIFT.iter().chain(SCREEN));
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
        let facts = Facts::of(desired);
        let mut permissions = Self::none(desired);
        for need in NEEDS.iter().filter(|need| need.run == Run::Plan || need.cause.is_of_a_joined_account()) {
            let who = match need.cause {
                // They may come from the command line.
                Cause::Kind("account" | "invitation") => vec![Who::Caller],
                cause => facts.who(cause),
            };
            who.into_iter().for_each(|who| permissions.grants_mut(who).add_need(need));
        }
        // An account that has joined is entered, to check that its role can be assumed.
        permissions.allow_entry();
        permissions
    }

    /// What `import` needs, if there is no configuration yet: to read the organization, and networks in these Regions, with the role of
    /// that name.
    pub fn of_import(home_region: &str, access_role: &str, regions: &BTreeSet<String>) -> Self {
        let desired = Desired { home_region: home_region.to_owned(), access_role: access_role.to_owned(), ..Desired::default() };
        let mut permissions = Self { regions: regions.clone(), ..Self::none(&desired) };
        permissions.caller.operations.extend(IMPORT);
        // Opt-in Regions are read once more, as the first plan will read them.
        permissions.access_role.operations.insert("account:GetRegionOptStatus");
        permissions.caller.operations.insert("account:GetRegionOptStatus");
        let in_accounts = |need: &&needs::Need| matches!(need.cause, Cause::Networks | Cause::Blocks | Cause::Governed);
        for need in NEEDS.iter().filter(|need| need.run == Run::Plan && !regions.is_empty()).filter(in_accounts) {
            [Who::Caller, Who::AccessRole].into_iter().for_each(|who| permissions.grants_mut(who).add(need.grant));
        }
        permissions
    }

    fn none(desired: &Desired) -> Self {
        Self {
            caller: Grants::default(),
            access_role: Grants::default(),
            role: desired.access_role.clone(),
            external_id: desired.external_id.clone(),
            partition: partition_of(&desired.home_region),
            regions: desired.network.regions().into_iter().map(str::to_owned).collect(),
        }
    }

    /// Whether the role in the members is assumed.
    pub fn enters_members(&self) -> bool {
        self.caller.operations.contains("sts:AssumeRole")
    }

    /// Allows the credentials in the management account to assume the role in the members.
    fn allow_entry(&mut self) {
        NEEDS.iter().filter(|need| need.cause == Cause::Members).for_each(|need| self.caller.add(need.grant));
    }

    /// What one of them is to be allowed.
    pub fn grants(&self, who: Who) -> &Grants {
        match who {
            Who::Caller => &self.caller,
            Who::AccessRole => &self.access_role,
        }
    }

    fn grants_mut(&mut self, who: Who) -> &mut Grants {
        match who {
            Who::Caller => &mut self.caller,
            Who::AccessRole => &mut self.access_role,
        }
    }
}

impl Grants {
    fn add_need(&mut self, need: &needs::Need) {
        self.add(need.grant);
        let Grant::Calls(operations) = need.grant else { return };
        let what = match need.cause {
            Cause::Kind("default_vpc") => Deletes::Untagged,
            Cause::Lock => Deletes::Lock,
            _ => Deletes::Addressed,
        };
        self.deletes.extend(operations.iter().filter(|operation| document::TAGGED.contains(operation)).map(|operation| (*operation, what)));
    }

    fn add(&mut self, grant: Grant) {
        match grant {
            Grant::Calls(operations) => self.operations.extend(operations),
            Grant::Besides(actions) => self.besides.extend(actions),
            Grant::LinkedRole(service) => drop(self.linked_roles.insert(service)),
            Grant::RootTask(policy) => drop(self.root_tasks.insert(policy)),
        }
    }
}

/// What the table needs to know about a configuration.
struct Facts {
    /// How many resources of each kind the organization has.
    organization: BTreeMap<String, Vec<Attributes>>,
    /// How many resources of each kind accounts have.
    networks: BTreeMap<String, Vec<Attributes>>,
    /// Whether networks are read at all.
    reads_networks: bool,
    /// Whether a Region must be enabled.
    opt_in: bool,
    /// Whether Regions are read in which nothing is declared.
    governed: bool,
    /// Whether the management account has a network of its own.
    in_management: bool,
}

impl Facts {
    fn of(desired: &Desired) -> Self {
        let design = &desired.network;
        let mut organization: BTreeMap<String, Vec<Attributes>> = BTreeMap::new();
        for (address, attributes) in &desired.resources {
            organization.entry(address.kind().to_owned()).or_default().push(attributes.clone());
        }
        let sample = sample(design);
        let plan = network::allocate(&sample, &Observed::default());
        let mut networks: BTreeMap<String, Vec<Attributes>> = BTreeMap::new();
        for (address, attributes) in crate::resource::network::expand(&sample, &Observed::default(), &plan) {
            networks.entry(address.kind().to_owned()).or_default().push(attributes);
        }
        let regions = design.regions();
        let opted_in = design.opted_in.values().any(|regions| !regions.is_empty());
        let pinned = desired.pinned.iter().find(|(_, id)| **id == desired.management_account);
        Self {
            organization,
            networks,
            reads_networks: !regions.is_empty(),
            opt_in: opted_in || regions.iter().any(|region| LIMITS.regions.is_opt_in(region)),
            governed: !design.governed.is_empty(),
            in_management: pinned.is_some_and(|(account, _)| has_network(design, account.key())),
        }
    }

    /// Which identities need what has that cause.
    fn who(&self, cause: Cause) -> Vec<Who> {
        let of_networks = |holds: bool| {
            let caller = (holds && self.in_management).then_some(Who::Caller);
            holds.then_some(Who::AccessRole).into_iter().chain(caller).collect()
        };
        let everybody = |holds: bool| if holds { vec![Who::Caller, Who::AccessRole] } else { Vec::new() };
        match cause {
            Cause::Always | Cause::Lock => vec![Who::Caller],
            // Follows from the other rows.
            Cause::Members => Vec::new(),
            Cause::Networks => of_networks(self.reads_networks),
            Cause::Blocks => everybody(self.reads_networks),
            Cause::OptIn => everybody(self.opt_in),
            Cause::Governed => of_networks(self.governed),
            Cause::Creation if self.organization.contains_key("account") => vec![Who::Caller],
            Cause::Creation => Vec::new(),
            Cause::Kind(kind) if self.organization.contains_key(kind) => vec![Who::Caller],
            Cause::Kind(kind) => of_networks(self.networks.contains_key(kind)),
            Cause::Says(kind, attribute, text) => {
                let says = |all: Option<&Vec<Attributes>>| all.into_iter().flatten().any(|one| says(one, attribute, text));
                match says(self.organization.get(kind)) {
                    true => vec![Who::Caller],
                    false => of_networks(says(self.networks.get(kind))),
                }
            }
        }
    }
}

/// Whether an attribute is declared and its JSON contains that text.
fn says(attributes: &Attributes, attribute: &str, text: &str) -> bool {
    attributes.get(attribute).is_some_and(|value| !value.is_null() && value.to_string().contains(text))
}

/// Whether the account of that key has VPCs or a transit gateway, enables Regions or loses its default VPCs.
fn has_network(design: &Design, account: &str) -> bool {
    let of_it = |address: &Address| address.scope().is_some_and(|scope| scope.account == account);
    design.vpcs.keys().any(of_it)
        || design.without_default_vpc.contains(account)
        || design.opted_in.contains_key(account)
        || design.gateways.transit.values().any(|gateway| gateway.account == account)
}

/// The same networks with 2 VPCs per layout: those have a resource of every kind. Thousands of accounts would have millions.
fn sample(design: &Design) -> Design {
    let mut of_layout: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sample = Design { vpcs: BTreeMap::new(), ..design.clone() };
    for (address, request) in &design.vpcs {
        let count = of_layout.entry(&request.layout).or_default();
        *count += 1;
        if *count <= 2 {
            sample.vpcs.insert(address.clone(), request.clone());
        }
    }
    sample
}

#[cfg(test)]
mod tests;
