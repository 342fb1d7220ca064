//! Expands an address plan into desired resources: what each VPC consists of, with the attributes of `crate::resource::network`, which
//! the reader of AWS uses too.
//!
//! VPCs are expanded one by one, independently. [`whole`] creates the VPC and the resources that exist once per VPC, [`paths`] its
//! subnets with their route tables, gateways and routes, [`services`] its endpoints, and [`connections`] the connections of single VPCs
//! and between them.

mod connections;
mod paths;
pub(super) mod services;
#[cfg(test)]
mod tests;
mod whole;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use crate::address::{Address, Reference, Scope};
use crate::limits::LIMITS;
use crate::network::{AddressPlan, Design, Gateways, Layout, Observed, ObservedVpc, Pool, Request, Vpc};
use crate::resource::network::{self as kinds, DefaultVpcAttributes, RegionAttributes, Tags};
use crate::resource::{Attributes, Kind, untyped};

/// The resources of all networks, without those of accounts that could not be read. `plan` is what [`crate::network::allocate`] made of
/// the other two.
pub fn expand(design: &Design, observed: &Observed, plan: &AddressPlan) -> BTreeMap<Address, Attributes> {
    let mut made = Vec::new();
    for (address, vpc) in &plan.vpcs {
        let (Some(scope), Some(request), Some(layout)) = (address.scope(), design.vpcs.get(address), design.layouts.get(&vpc.layout))
        else {
            continue;
        };
        let live = observed.vpcs.get(address);
        // An adopted VPC is never created: if it is missing, that is a finding.
        let is_lost = request.id.is_some() && live.is_none();
        if !observed.unreachable.contains_key(&scope.account) && !is_lost {
            let (pool, gateways) = (design.pools.get(&layout.pool), &design.gateways);
            let (scope, before) = (&Arc::new(scope.clone()), made.len());
            Parts { scope, request, layout, pool, gateways, observed, vpc, live, resources: &mut made }.expand();
            // Each VPC separately, so that they are nearly sorted: a million resources are not sorted at once.
            made.get_mut(before..).unwrap_or_default().sort_by(|(one, _), (other, _)| one.cmp(other));
        }
    }
    let mut resources = made.into_iter().collect();
    opted_in(design, observed, &mut resources);
    default_vpcs(design, observed, &mut resources);
    connections::hubs(design, observed, &mut resources);
    connections::meshes(design, observed, plan, &mut resources);
    resources
}

/// Creates the resources of one VPC.
struct Parts<'p> {
    scope: &'p Arc<Scope>,
    request: &'p Request,
    layout: &'p Layout,
    pool: Option<&'p Pool>,
    gateways: &'p Gateways,
    observed: &'p Observed,
    vpc: &'p Vpc,
    /// The live VPC; `None` if it does not exist yet.
    live: Option<&'p ObservedVpc>,
    resources: &'p mut Vec<(Address, Attributes)>,
}

impl Parts<'_> {
    fn expand(&mut self) {
        if LIMITS.regions.is_opt_in(&self.scope.region) {
            let region = kinds::Region::address_within(self.scope.clone(), "main");
            self.add(region, &RegionAttributes { status: "ENABLED".to_owned() });
        }
        self.whole();
        self.paths();
        self.services();
        self.connections();
    }

    fn add(&mut self, address: Address, attributes: &impl Serialize) {
        let mut attributes = untyped(attributes);
        let keeps_its_name = self.live.is_some_and(|live| live.adopted.contains(&address)) && !self.request.tags.contains_key("Name");
        if keeps_its_name && attributes.get("tags").is_some() {
            attributes = attributes.with("tags", json!(self.request.tags));
        }
        self.resources.push((address, attributes));
    }

    /// `nat_gateway.standard`: a resource that exists once per VPC.
    fn only<K: Kind>(&self) -> Address {
        K::address_within(self.scope.clone(), self.vpc.layout.as_str())
    }

    /// `subnet.standard/public-euw1-az1`: a resource that exists several times per VPC.
    fn one_of<K: Kind>(&self, name: &str) -> Address {
        K::address_within(self.scope.clone(), format!("{}/{name}", self.vpc.layout))
    }

    fn vpc(&self) -> Reference {
        self.only::<kinds::Vpc>().into()
    }

    /// The declared tags, and a `Name` unless they contain one.
    fn tags(&self, name: &str) -> Tags {
        let mut tags = self.request.tags.clone();
        tags.entry("Name".to_owned()).or_insert_with(|| name.to_owned());
        tags
    }

    /// The tags of a resource that exists once per VPC: its name is that of its layout.
    fn tags_of_only(&self) -> Tags {
        self.tags(&self.vpc.layout)
    }

    /// `standard-euw1-az1`: the name of a resource without a tier says which layout it belongs to.
    fn tags_of_one(&self, name: &str) -> Tags {
        self.tags(&format!("{}-{name}", self.vpc.layout))
    }

    /// The zones of the VPC's subnets of one tier, in their order.
    fn zones_of(&self, tier: &str) -> impl Iterator<Item = &str> {
        self.vpc.cut.subnets.iter().filter(move |subnet| subnet.tier == tier).map(|subnet| subnet.zone.as_str())
    }
}

/// The Regions that accounts enable for any purpose.
fn opted_in(design: &Design, observed: &Observed, resources: &mut BTreeMap<Address, Attributes>) {
    let enabled = untyped(&RegionAttributes { status: "ENABLED".to_owned() });
    let is_planned = |account: &String| !observed.unreachable.contains_key(account) && !observed.frozen.contains(account);
    for (account, regions) in design.opted_in.iter().filter(|(account, _)| is_planned(account)) {
        for region in regions {
            let scope = Scope { account: account.clone(), region: region.clone() };
            resources.insert(kinds::Region::address_within(scope, "main"), enabled.clone());
        }
    }
}

/// The default VPCs that are to be deleted. An opt-in Region has one only once it is enabled, for a VPC of a layout or by `regions`.
fn default_vpcs(design: &Design, observed: &Observed, resources: &mut BTreeMap<Address, Attributes>) {
    let regions = design.regions();
    let gone = untyped(&DefaultVpcAttributes { present: false, subnets: 0 });
    let is_planned = |account: &&String| !observed.unreachable.contains_key(*account) && !observed.frozen.contains(*account);
    for account in design.without_default_vpc.iter().filter(is_planned) {
        for region in &regions {
            let scope = Scope { account: account.clone(), region: (*region).to_owned() };
            let enabled =
                !LIMITS.regions.is_opt_in(region) || resources.contains_key(&kinds::Region::address_within(scope.clone(), "main"));
            if enabled {
                resources.insert(kinds::DefaultVpc::address_within(scope, "main"), gone.clone());
            }
        }
    }
}
