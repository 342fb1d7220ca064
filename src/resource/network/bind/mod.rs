//! The live side of the diff: converts what was read of an account and Region into the form of the configuration. Pure.
//!
//! [`Names`] maps live resources to addresses. Then each kind becomes [`LiveResource`]s with the same attributes as the desired ones.
//! Everything else becomes findings and used blocks. [`whole`] covers VPCs and the resources that exist once per VPC, [`paths`] subnets,
//! route tables, gateways and routes, [`services`] endpoints, groups and logs, and [`connections`] what leads to other VPCs and offices.

mod adopted;
mod connections;
mod names;
mod paths;
mod running;
mod services;
mod twins;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub(super) use names::{Names, names_of_peerings};
pub(super) use twins::twin_vpcs;
pub(super) use whole::{default_vpc, use_of_default_vpc, with};

use super::world::World;
use super::{NO_DEFAULT_VPC, Tags};
use crate::address::{Address, Reference, Scope};
use crate::network::{Block, Design, Layout, ObservedVpc, Others, Unmanaged};
use crate::resource::{Finding, FindingSeverity, Kind, LiveResource, untyped};

/// The bound resources of an account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Bound {
    pub resources: BTreeMap<Address, LiveResource>,
    pub findings: Vec<Finding>,
    /// The managed VPCs that are in the configuration.
    pub vpcs: BTreeMap<Address, ObservedVpc>,
    /// All other addresses in use.
    pub blocks: BTreeSet<Block>,
    /// Unmanaged resources that cost money.
    pub unmanaged: Unmanaged,
    /// Unmanaged resources that count against quotas.
    pub others: Others,
    /// The public addresses of managed resources.
    pub public_ips: BTreeMap<Address, BTreeSet<String>>,
}

/// Binds what was read. `shared` are the addresses, by id, of managed resources in other accounts or Regions.
pub(super) fn bind(scope: &Scope, design: &Design, world: &World, shared: &BTreeMap<String, Address>) -> Bound {
    let (names, findings) = Names::of(scope, design, world);
    let bound = Bound { findings, ..Bound::default() };
    let mut binder = Binder { scope, design, world, names, shared, bound };
    binder.vpcs();
    binder.default_vpc();
    binder.paths();
    binder.services();
    binder.connections();
    binder.strangers();
    binder.running();
    binder.others();
    binder.bound
}

struct Binder<'a> {
    scope: &'a Scope,
    design: &'a Design,
    world: &'a World,
    names: Names,
    shared: &'a BTreeMap<String, Address>,
    bound: Bound,
}

impl Binder<'_> {
    /// Adds a managed resource, or an adopted one: an adopted one is never deleted.
    fn add(&mut self, address: Address, id: &str, attributes: &impl Serialize) {
        let ours = !self.names.is_adopted(id);
        self.put(address, id, attributes, Some(ours));
    }

    fn put(&mut self, address: Address, id: &str, attributes: &impl Serialize, ours: Option<bool>) -> &mut LiveResource {
        let resource = LiveResource { id: Some(id.to_owned()), attributes: untyped(attributes), ours, frozen: None };
        self.bound.resources.entry(address).insert_entry(resource).into_mut()
    }

    fn find(&mut self, severity: FindingSeverity, subject: String, summary: String) {
        self.bound.findings.push(Finding { severity, subject, summary });
    }

    /// The address of a managed resource.
    fn address(&self, id: &str) -> Option<&Address> {
        self.shared.get(id).or_else(|| self.names.address(id))
    }

    /// The reference to a live resource in the attributes of another one.
    fn name_of(&self, id: &str) -> Reference {
        self.address(id).map_or_else(|| Reference::Id(id.to_owned()), |address| address.clone().into())
    }

    fn names_of(&self, ids: &BTreeSet<String>) -> BTreeSet<Reference> {
        ids.iter().map(|id| self.name_of(id)).collect()
    }

    /// Another address of the same account and Region.
    fn within<K: Kind>(&self, key: impl Into<String>) -> Address {
        K::address_within(self.scope.clone(), key)
    }

    /// The layout of one of the configuration's VPCs.
    fn layout(&self, vpc: &Address) -> Option<&Layout> {
        self.design.layouts.get(&self.design.vpcs.get(vpc)?.layout)
    }

    /// `vpc-1 (records-dev/eu-west-1)`: an unmanaged resource, and where it is.
    fn stranger(&self, id: &str) -> String {
        format!("{id} ({}/{})", self.scope.account, self.scope.region)
    }
}

/// The key of the layout that a key belongs to: `standard` of `standard/public-euw1-az1`.
fn layout_of(key: &str) -> &str {
    key.split_once('/').map_or(key, |(layout, _)| layout)
}

/// Tags as attributes hold them.
fn shown(tags: &Tags) -> Tags {
    let is_shown = |key: &String| !key.starts_with("overlord:") && !key.starts_with("aws:");
    tags.iter().filter(|(key, _)| is_shown(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests;
