//! VPCs and the resources that exist once per VPC: the addresses in use, the default security group, the default VPC.

use std::collections::{BTreeMap, BTreeSet};

use super::super::rules::{Direction, in_words};
use super::super::world::{Origin, Vpc, World};
use super::super::{DefaultSecurityGroupAttributes, DefaultVpcAttributes, DhcpOptionsAttributes, VpcAttributes, WITH_TAG};
use super::{Binder, NO_DEFAULT_VPC, shown};
use crate::address::{Address, Reference, Scope};
use crate::limits::LIMITS;
use crate::network::{Block, Design, LARGEST, ObservedVpc};
use crate::resource::network as kinds;
use crate::resource::network::Tags;
use crate::resource::{FindingSeverity, Kind};

/// The id of the DHCP options that are AWS's own.
const AWS_OPTIONS: &str = "default";

/// Optional features that a VPC has ever had.
pub(in crate::resource::network) fn with(tags: &Tags) -> BTreeSet<String> {
    tags.get(WITH_TAG).map(|names| names.split_whitespace().map(str::to_owned).collect()).unwrap_or_default()
}

/// The default VPC, if it exists and is to be deleted. An opt-in Region has one only once it is enabled, and it is enabled only if
/// org.toml says so.
pub(in crate::resource::network) fn default_vpc<'w>(scope: &Scope, design: &Design, world: &'w World) -> Option<&'w str> {
    if !is_default_vpc_to_go(scope, design) {
        return None;
    }
    world.vpcs.iter().find(|(_, vpc)| vpc.is_default).map(|(id, _)| id.as_str())
}

fn is_default_vpc_to_go(scope: &Scope, design: &Design) -> bool {
    let is_enabled = || !LIMITS.regions.is_opt_in(&scope.region) || design.enables(scope);
    design.without_default_vpc.contains(&scope.account) && is_enabled()
}

/// Signs that a default VPC is in use, besides network interfaces: anything in it that AWS did not create with it.
pub(in crate::resource::network) fn use_of_default_vpc(world: &World, id: &str) -> Option<String> {
    fn first<T>(things: &BTreeMap<String, T>, is: impl Fn(&T) -> bool) -> Option<&str> {
        things.iter().find(|(_, thing)| is(thing)).map(|(id, _)| id.as_str())
    }
    let table = |table: &super::super::world::RouteTable| {
        let made = |route: &super::super::world::Route| route.origin != Origin::Aws && !route.target.starts_with("igw-");
        table.vpc == id && (!table.is_main || table.routes.iter().any(made))
    };
    let secondary = world.vpcs.get(id).and_then(|vpc| vpc.blocks.iter().find(|block| **block != vpc.cidr)).map(String::as_str);
    let found = first(&world.subnets, |subnet| subnet.vpc == id && !subnet.is_default)
        .or_else(|| first(&world.route_tables, table))
        .or_else(|| first(&world.nat_gateways, |gateway| gateway.vpc == id))
        .or_else(|| first(&world.endpoints, |endpoint| endpoint.vpc == id))
        .or_else(|| first(&world.security_groups, |group| group.vpc == id && !group.is_default()))
        .or(secondary)?;
    Some(in_use(id, found))
}

fn in_use(vpc: &str, found: &str) -> String {
    format!("the default VPC `{vpc}` is in use: `{found}` is in it, which AWS did not make with it")
}

impl Binder<'_> {
    pub(super) fn vpcs(&mut self) {
        let world = self.world;
        for (id, vpc) in &world.vpcs {
            match self.names.address(id).cloned() {
                Some(address) => self.vpc(id, vpc, address),
                None => self.foreign_vpc(id, vpc),
            }
        }
        for (id, options) in &world.extras.dhcp_options {
            if let Some(address) = self.names.address(id).cloned() {
                let attributes = DhcpOptionsAttributes {
                    domain_name: options.domain_name.clone(),
                    name_servers: options.name_servers.clone(),
                    tags: shown(&options.tags),
                };
                self.add(address, id, &attributes);
            }
        }
    }

    fn vpc(&mut self, id: &str, vpc: &Vpc, address: Address) {
        let with = with(&vpc.tags);
        let declares_options = self.layout(&address).is_some_and(|layout| layout.dhcp.is_some());
        let options = || vpc.dhcp_options.as_deref().map_or_else(|| Reference::Id(AWS_OPTIONS.to_owned()), |id| self.name_of(id));
        let attributes = VpcAttributes {
            cidr: vpc.cidr.clone(),
            dhcp_options: (declares_options || with.contains(kinds::DhcpOptions::SPEC.kind)).then(options),
            enable_dns_hostnames: self.world.extras.dns_hostnames.get(id).copied(),
            enable_dns_support: self.world.extras.dns_support.get(id).copied(),
            ipv6: vpc.ipv6,
            tags: shown(&vpc.tags),
            with,
        };
        self.observe(id, vpc, &address, &attributes);
        if self.design.vpcs.get(&address).is_some_and(|request| request.id.is_none()) {
            self.default_security_group(id, &address);
        }
        self.add(address, id, &attributes);
    }

    /// What the allocator must know about a managed VPC.
    fn observe(&mut self, id: &str, vpc: &Vpc, address: &Address, attributes: &VpcAttributes) {
        let blocks = vpc.blocks.iter().filter_map(|block| block.parse::<Block>().ok());
        match vpc.cidr.parse::<Block>() {
            Ok(first) if self.design.vpcs.contains_key(address) => {
                self.bound.blocks.extend(blocks.filter(|block| *block != first));
                let observed = ObservedVpc {
                    block: first,
                    subnets: self.subnets_in(id),
                    ipv6: attributes.ipv6,
                    with: attributes.with.clone(),
                    nat_zones: self.nat_zones_in(id),
                    adopted: self.adopted(address),
                };
                self.bound.vpcs.insert(address.clone(), observed);
            }
            _ => self.bound.blocks.extend(blocks),
        }
        let blocks = self.blocks_behind_routes(id);
        self.bound.blocks.extend(blocks);
    }

    /// The subnets of a VPC by the names from the layout; unmanaged ones by id: no other subnet can be in their range.
    fn subnets_in(&self, vpc: &str) -> BTreeMap<String, Block> {
        let subnets = self.world.subnets.iter().filter(|(_, subnet)| subnet.vpc == vpc);
        let name = |id: &String| match self.names.address(id).and_then(|address| address.key().split_once('/')) {
            Some((_, name)) => name.to_owned(),
            None => id.clone(),
        };
        subnets.filter_map(|(id, subnet)| Some((name(id), subnet.cidr.parse().ok()?))).collect()
    }

    /// The existing resources of an adopted VPC.
    fn adopted(&self, vpc: &Address) -> BTreeSet<Address> {
        let is_theirs = self.design.vpcs.get(vpc).is_some_and(|request| request.id.is_some());
        if is_theirs { self.names.of_vpc(vpc).cloned().collect() } else { BTreeSet::new() }
    }

    /// The zones with managed NAT gateways.
    fn nat_zones_in(&self, vpc: &str) -> BTreeSet<String> {
        let ours = self.world.nat_gateways.iter().filter(|(id, gateway)| gateway.vpc == vpc && self.names.address(id).is_some());
        let subnets = ours.filter_map(|(_, gateway)| self.world.subnets.get(gateway.subnet.as_ref()?));
        subnets.map(|subnet| subnet.zone.clone()).collect()
    }

    /// The destinations of unmanaged routes in a managed VPC: an office, a partner. A VPC with such addresses could not be reached from
    /// here. A range that is larger than a VPC can be summarizes many networks, and says nothing about one.
    fn blocks_behind_routes(&self, vpc: &str) -> BTreeSet<Block> {
        let routes = self.world.route_tables.values().filter(|table| table.vpc == vpc).flat_map(|table| &table.routes);
        let of_others = routes.filter(|route| !route.is_blackhole && route.origin != Origin::Aws && self.address(&route.target).is_none());
        of_others.filter_map(|route| route.destination.parse::<Block>().ok()).filter(|block| block.prefix() >= LARGEST).collect()
    }

    fn default_security_group(&mut self, vpc: &str, address: &Address) {
        let Some((id, group)) = self.world.security_groups.iter().find(|(_, group)| group.vpc == vpc && group.is_default()) else { return };
        let ingress = group.ingress.iter().map(|rule| in_words(Direction::Ingress, rule));
        let egress = group.egress.iter().map(|rule| in_words(Direction::Egress, rule));
        let attributes = DefaultSecurityGroupAttributes { rules: ingress.chain(egress).collect(), vpc: address.clone().into() };
        self.put(self.within::<kinds::DefaultSecurityGroup>(address.key()), id, &attributes, None);
    }

    fn foreign_vpc(&mut self, id: &str, vpc: &Vpc) {
        self.bound.blocks.extend(vpc.blocks.iter().filter_map(|block| block.parse::<Block>().ok()));
        if vpc.is_default {
            return;
        }
        let name = vpc.tags.get("Name").filter(|name| !name.is_empty()).map(|name| format!(" named `{name}`")).unwrap_or_default();
        let blocks = vpc.blocks.iter().map(|block| format!("`{block}`")).collect::<Vec<_>>().join(", ");
        let summary = format!("a VPC{name} with {blocks} that overlord did not make; its addresses are not assigned to any other VPC");
        self.find(FindingSeverity::Unmanaged, self.stranger(id), summary);
    }

    pub(super) fn default_vpc(&mut self) {
        if !is_default_vpc_to_go(self.scope, self.design) {
            return;
        }
        let address = self.within::<kinds::DefaultVpc>("main");
        let Some(id) = default_vpc(self.scope, self.design, self.world) else {
            self.put(address, NO_DEFAULT_VPC, &DefaultVpcAttributes { present: false, subnets: 0 }, None);
            return;
        };
        let subnets = self.world.subnets.values().filter(|subnet| subnet.vpc == id).count();
        let interface = self.world.extras.default_vpc_interfaces.first();
        let running = || interface.map(|first| format!("the default VPC `{id}` is in use: the network interface `{first}` is in it"));
        let hidden = || Some(in_use(id, self.world.extras.default_vpc_hidden.first()?));
        let frozen = use_of_default_vpc(self.world, id).or_else(running).or_else(hidden);
        self.put(address, id, &DefaultVpcAttributes { present: true, subnets }, None).frozen = frozen;
    }
}
