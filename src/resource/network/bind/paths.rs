//! Network paths: subnets, route tables with their routes, gateways and their addresses; and unmanaged resources among them.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use super::super::world::{NatGateway, Origin, RouteTable, Subnet};
use super::super::{
    EgressOnlyInternetGatewayAttributes, ElasticIpAttributes, InternetGatewayAttributes, NatGatewayAttributes, RouteAttributes,
    RouteTableAttributes, SubnetAttributes,
};
use super::{Binder, layout_of, shown};
use crate::address::{Address, Reference};
use crate::resource::network as kinds;
use crate::resource::{Finding, FindingSeverity};

impl Binder<'_> {
    pub(super) fn paths(&mut self) {
        let world = self.world;
        let mut tables = BTreeMap::new();
        for (id, table) in &world.route_tables {
            tables.extend(table.subnets.iter().map(|subnet| (subnet.as_str(), id.as_str())));
            if let Some(address) = self.names.address(id).cloned() {
                self.route_table(id, table, address);
            }
        }
        for (id, subnet) in &world.subnets {
            if let Some(address) = self.names.address(id).cloned() {
                let table = tables.get(id.as_str()).map(|table| self.name_of(table));
                self.subnet(id, subnet, address, table);
            }
        }
        for (id, gateway) in &world.internet_gateways {
            if let Some(address) = self.names.address(id).cloned() {
                let vpc = gateway.vpc.as_deref().map(|vpc| self.name_of(vpc));
                self.add(address, id, &InternetGatewayAttributes { tags: shown(&gateway.tags), vpc });
            }
        }
        for (id, gateway) in &world.extras.egress_only_gateways {
            if let Some(address) = self.names.address(id).cloned() {
                let vpc = self.name_of(gateway.vpc.as_deref().unwrap_or_default());
                self.add(address, id, &EgressOnlyInternetGatewayAttributes { tags: shown(&gateway.tags), vpc });
            }
        }
        for (id, gateway) in &world.nat_gateways {
            if let Some(address) = self.names.address(id).cloned() {
                self.nat_gateway(id, gateway, address);
            }
        }
        for (id, tags) in &world.addresses {
            if let Some(address) = self.names.address(id).cloned() {
                self.add(address, id, &ElasticIpAttributes { tags: shown(tags) });
            }
        }
    }

    fn subnet(&mut self, id: &str, subnet: &Subnet, address: Address, route_table: Option<Reference>) {
        let attributes = SubnetAttributes {
            cidr: subnet.cidr.clone(),
            ipv6: subnet.ipv6.as_deref().and_then(place_in_vpc),
            route_table,
            tags: shown(&subnet.tags),
            vpc: self.name_of(&subnet.vpc),
            zone: subnet.zone.clone(),
        };
        self.add(address, id, &attributes);
    }

    fn route_table(&mut self, id: &str, table: &RouteTable, address: Address) {
        let had_vpn = self.world.vpcs.get(&table.vpc).is_some_and(|vpc| super::with(&vpc.tags).contains("vpn"));
        let attributes = RouteTableAttributes {
            propagating_gateways: Some(self.names_of(&table.propagating)).filter(|taken| had_vpn || !taken.is_empty()),
            tags: shown(&table.tags),
            vpc: self.name_of(&table.vpc),
        };
        for route in table.routes.iter().filter(|route| route.origin == Origin::Call) {
            let attributes = RouteAttributes {
                destination: route.destination.clone(),
                route_table: address.clone().into(),
                target: self.target(&route.target, &table.vpc),
            };
            // A route has no tags. A route with a managed target is managed. Any other route is changed if its destination is declared,
            // and never deleted; the same applies to a route to a prefix list, which no layout creates.
            let of_others = self.names.is_adopted(id) && self.names.is_adopted(&route.target);
            let ours = matches!(attributes.target, Reference::Address(_)) && !route.destination.starts_with("pl-") && !of_others;
            let key = format!("{}/{}", address.key(), route.destination);
            self.put(self.within::<kinds::Route>(key), &format!("{id}/{}", route.destination), &attributes, Some(ours));
        }
        self.add(address, id, &attributes);
    }

    fn nat_gateway(&mut self, id: &str, gateway: &NatGateway, address: Address) {
        let attributes = NatGatewayAttributes {
            availability_mode: if gateway.is_regional { "regional" } else { "zonal" }.to_owned(),
            elastic_ip: gateway.address.as_deref().map(|id| self.name_of(id)),
            // AWS does not report it, and it can be no other one: here it only gives the order in which both are created and deleted.
            internet_gateway: Some(self.way_out(gateway, &address)),
            subnet: gateway.subnet.as_deref().filter(|_| !gateway.is_regional).map(|id| self.name_of(id)),
            tags: shown(&gateway.tags),
            vpc: self.name_of(&gateway.vpc),
        };
        self.add(address, id, &attributes);
    }

    /// The internet gateway that a NAT gateway needs: that of its layout, or for one in a spare VPC the attached one.
    fn way_out(&self, gateway: &NatGateway, address: &Address) -> Reference {
        let own = self.within::<kinds::InternetGateway>(layout_of(address.key()));
        let attached = self.world.internet_gateways.iter().find(|(_, of)| of.vpc.as_ref() == Some(&gateway.vpc)).map(|(id, _)| id);
        let spare =
            attached.and_then(|id| self.names.address(id)).filter(|found| attached.is_some_and(|id| **found == own.one_of_several(id)));
        spare.cloned().unwrap_or(own).into()
    }

    /// Unmanaged resources in managed VPCs: they stay, and while they exist, AWS deletes neither the VPC nor their subnet. Security
    /// groups are not included: a VPC is there for them.
    pub(super) fn strangers(&mut self) {
        let world = self.world;
        let subnets = world.subnets.iter().map(|(id, subnet)| (id, Some(&subnet.vpc)));
        let tables = world.route_tables.iter().filter(|(_, table)| !table.is_main).map(|(id, table)| (id, Some(&table.vpc)));
        let gateways = world.internet_gateways.iter().map(|(id, gateway)| (id, gateway.vpc.as_ref()));
        let nat_gateways = world.nat_gateways.iter().map(|(id, gateway)| (id, Some(&gateway.vpc)));
        let endpoints = world.endpoints.iter().map(|(id, endpoint)| (id, Some(&endpoint.vpc)));
        let all = subnets.chain(tables).chain(gateways).chain(nat_gateways).chain(endpoints);
        let mut found: BTreeMap<&Address, Vec<String>> = BTreeMap::new();
        for (id, vpc) in all.filter(|(id, _)| self.names.address(id).is_none()) {
            if let Some(address) = vpc.and_then(|vpc| self.names.address(vpc)) {
                found.entry(address).or_default().push(format!("`{id}`"));
            }
        }
        let findings = found.into_iter().map(|(address, ids)| Finding {
            severity: FindingSeverity::Unmanaged,
            subject: address.to_string(),
            summary: format!("it contains unmanaged resources, which stay as they are: {}", ids.join(", ")),
        });
        self.bound.findings.extend(findings);
    }
}

/// Which /64 of its VPC's /56 a block of IPv6 addresses is.
fn place_in_vpc(block: &str) -> Option<u8> {
    let (first, _) = block.split_once('/')?;
    first.parse::<Ipv6Addr>().ok()?.octets().get(7).copied()
}
