//! Adopted VPCs: unmanaged VPCs that org.toml names by their id. This module matches the resources in them to addresses. Pure.
//!
//! They carry no tag of overlord, so each resource is identified by its place: a subnet by its zone and the tier that contains its
//! addresses, as the layout divides an empty VPC; a route table by the subnets that use it; a NAT gateway by its zone, and its address by
//! the gateway; the internet gateway and the gateway endpoints by the VPC. A resource that overlord created or tagged later is identified
//! by its tag.

use std::collections::{BTreeMap, BTreeSet};

use super::super::world::{Vpc, World};
use crate::address::{Address, Scope};
use crate::network::{Block, Design, Layout, PUBLIC_TIER, cut, has_gateway_endpoint};
use crate::resource::network as kinds;
use crate::resource::{Finding, FindingSeverity, Kind};

/// The addresses of adopted resources, by id, and those that cannot be adopted. `ours` are the addresses of resources with overlord's
/// tag.
pub(super) fn find(
    scope: &Scope,
    design: &Design,
    world: &World,
    ours: &BTreeMap<String, Address>,
) -> (BTreeMap<String, Address>, Vec<Finding>) {
    let (mut found, mut findings) = (BTreeMap::new(), Vec::new());
    for (address, request) in design.vpcs_in(scope) {
        let Some((id, vpc)) = request.id.as_ref().and_then(|id| world.vpcs.get_key_value(id)) else { continue };
        let Some(layout) = design.layouts.get(&request.layout) else { continue };
        match refused(id, vpc, address, ours) {
            Some(summary) => findings.push(Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary }),
            None => {
                let taken = ours.values().collect();
                let mut adoption = Adoption { scope, address, id, layout, world, ours, taken, found: BTreeMap::new() };
                findings.extend(adoption.find(vpc));
                found.append(&mut adoption.found);
            }
        }
    }
    (found, findings)
}

fn refused(id: &str, vpc: &Vpc, address: &Address, ours: &BTreeMap<String, Address>) -> Option<String> {
    if vpc.is_default {
        return Some(format!(
            "`{id}` is the default VPC of its Region, which is kept or removed as `default_vpc` says: remove it from `vpc_id`"
        ));
    }
    if let Some(other) = ours.get(id).filter(|other| *other != address) {
        return Some(format!("`{id}` was made as `{other}`: remove it from `vpc_id`"));
    }
    let (other, _) = ours.iter().find(|(other, known)| *known == address && *other != id)?;
    Some(format!("it is there already, as `{other}`: remove `{id}` from `vpc_id`"))
}

struct Adoption<'a> {
    scope: &'a Scope,
    /// Of the VPC.
    address: &'a Address,
    id: &'a str,
    layout: &'a Layout,
    world: &'a World,
    ours: &'a BTreeMap<String, Address>,
    /// The addresses of managed resources.
    taken: BTreeSet<&'a Address>,
    found: BTreeMap<String, Address>,
}

impl Adoption<'_> {
    fn find(&mut self, vpc: &Vpc) -> Option<Finding> {
        if !self.ours.contains_key(self.id) {
            self.found.insert(self.id.to_owned(), self.address.clone());
        }
        let strangers = self.subnets(vpc);
        self.route_tables();
        self.gateways();
        strangers
    }

    /// Gives an unmanaged resource an address, unless another one has it. `name` is `None` for resources that exist once per VPC.
    fn put<K: Kind>(&mut self, id: &str, name: Option<&str>) {
        let key = self.address.key();
        let key = name.map_or_else(|| key.to_owned(), |name| format!("{key}/{name}"));
        let address = K::address_within(self.scope.clone(), key);
        let is_free = !self.taken.contains(&address) && self.found.values().all(|known| *known != address);
        if !self.ours.contains_key(id) && is_free {
            self.found.insert(id.to_owned(), address);
        }
    }

    /// The name of a subnet or another resource in the VPC.
    fn name(&self, id: &str) -> Option<&str> {
        let address = self.ours.get(id).or_else(|| self.found.get(id))?;
        address.key().split_once('/').map(|(_, name)| name)
    }

    /// Names the subnets. If they do not match the layout, the layout has changed, and it is unknown what to create.
    fn subnets(&mut self, vpc: &Vpc) -> Option<Finding> {
        let block = vpc.cidr.parse::<Block>().ok()?;
        let tiers = cut(block, self.layout, &[], &BTreeMap::new()).tiers;
        let mut strangers = Vec::new();
        let mut settled: BTreeSet<&str> = BTreeSet::new();
        let (world, here) = (self.world, self.id);
        for (id, subnet) in world.subnets.iter().filter(|(_, subnet)| subnet.vpc == here) {
            let lies_in = |place: Block| subnet.cidr.parse().is_ok_and(|block| place.contains(block));
            if let Some(tier) = tiers.iter().find(|tier| lies_in(tier.block)) {
                self.put::<kinds::Subnet>(id, Some(&format!("{}-{}", tier.tier, subnet.zone)));
            }
            if self.name(id).is_none() {
                strangers.push(format!("`{id}`"));
            }
            settled.extend(self.layout.tiers.iter().map(|tier| tier.name.as_str()).filter(|tier| self.is_of(id, tier)));
        }
        let missing = self.layout.tiers.iter().find(|tier| !settled.contains(tier.name.as_str())).filter(|_| !strangers.is_empty());
        let why = match (missing, self.misplaced()) {
            (Some(tier), _) => format!("the tier `{}` has none, and {} fit in none", tier.name, strangers.join(", ")),
            (None, Some(subnet)) => format!("the internet reaches `{subnet}`, and none of those that would be public"),
            (None, None) => return None,
        };
        let summary = format!(
            "the tiers of the subnets of `{}` are unknown: {why}; in a VPC of `vpc_id` tiers are known by their order and shares, so leave \
             those, and add tiers at the end",
            self.id
        );
        Some(Finding { severity: FindingSeverity::Error, subject: self.address.to_string(), summary })
    }

    /// A subnet that is public but not named so, if no subnet named public is.
    fn misplaced(&self) -> Option<&str> {
        let tables = self.world.route_tables.values().filter(|table| table.vpc == self.id && self.world.leads_out(table));
        let reached = tables.flat_map(|table| &table.subnets).filter(|subnet| self.name(subnet).is_some());
        let (public, others): (Vec<&str>, Vec<&str>) = reached.map(String::as_str).partition(|subnet| self.is_of(subnet, PUBLIC_TIER));
        others.first().copied().filter(|_| public.is_empty())
    }

    /// Whether a subnet is of a tier.
    fn is_of(&self, subnet: &str, tier: &str) -> bool {
        self.name(subnet).and_then(|name| name.strip_prefix(tier)).is_some_and(|zone| zone.starts_with('-'))
    }

    /// All public subnets use one table, and every other one has its own.
    fn route_tables(&mut self) {
        let (world, here) = (self.world, self.id);
        for (id, table) in world.route_tables.iter().filter(|(_, table)| table.vpc == here) {
            let is_public = table.subnets.iter().any(|subnet| self.is_of(subnet, PUBLIC_TIER));
            let name = if is_public { Some(PUBLIC_TIER) } else { table.subnets.iter().filter_map(|subnet| self.name(subnet)).min() };
            if let Some(name) = name.map(str::to_owned) {
                self.put::<kinds::RouteTable>(id, Some(&name));
            }
        }
    }

    fn gateways(&mut self) {
        let (world, here) = (self.world, self.id);
        for (id, gateway) in &world.internet_gateways {
            if gateway.vpc.as_deref() == Some(here) {
                self.put::<kinds::InternetGateway>(id, None);
            }
        }
        for (id, gateway) in &world.extras.egress_only_gateways {
            if gateway.vpc.as_deref() == Some(here) {
                self.put::<kinds::EgressOnlyInternetGateway>(id, None);
            }
        }
        for (id, gateway) in world.nat_gateways.iter().filter(|(_, gateway)| gateway.vpc == here) {
            let zone = gateway.subnet.as_ref().and_then(|subnet| world.subnets.get(subnet)).map(|subnet| subnet.zone.as_str());
            let Some(name) = (if gateway.is_regional { Some("regional") } else { zone }) else { continue };
            self.put::<kinds::NatGateway>(id, Some(name));
            // Its address has the same name.
            let name = self.name(id).map(str::to_owned);
            if let Some((address, name)) = gateway.address.as_ref().filter(|id| world.addresses.contains_key(*id)).zip(name) {
                self.put::<kinds::ElasticIp>(address, Some(&name));
            }
        }
        for (id, endpoint) in world.endpoints.iter().filter(|(_, endpoint)| endpoint.vpc == here) {
            if endpoint.endpoint_type == "Gateway" && has_gateway_endpoint(&endpoint.service) {
                self.put::<kinds::VpcEndpoint>(id, Some(&endpoint.service));
            }
        }
    }
}
