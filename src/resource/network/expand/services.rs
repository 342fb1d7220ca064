//! Endpoints of AWS services inside the VPC.

use std::collections::BTreeSet;

use super::Parts;
use crate::address::Reference;
use crate::network::{Layout, PUBLIC_TIER, Vpc, has_gateway_endpoint};
use crate::resource::network::{self as kinds, Rule, SecurityGroupAttributes, VpcEndpointAttributes};

/// The name of the security group of the interface endpoints.
const GROUP: &str = "endpoints";

impl Parts<'_> {
    pub(super) fn services(&mut self) {
        if self.has_interface_endpoints() {
            let https = Rule { from: self.vpc.block.to_string(), protocol: "tcp".to_owned(), ports: "443".to_owned() };
            let attributes = SecurityGroupAttributes {
                description: "Interface endpoints, reached from inside of the VPC".to_owned(),
                ingress: BTreeSet::from([https]),
                name: format!("{}-{GROUP}", self.vpc.layout),
                tags: self.tags_of_one(GROUP),
                vpc: self.vpc(),
            };
            self.add(self.one_of::<kinds::SecurityGroup>(GROUP), &attributes);
        }
        let layout = self.layout;
        for service in &layout.endpoints {
            let attributes = if has_gateway_endpoint(service) { self.gateway_endpoint(service) } else { self.interface_endpoint(service) };
            self.add(self.one_of::<kinds::VpcEndpoint>(service), &attributes);
        }
    }

    pub(super) fn has_interface_endpoints(&self) -> bool {
        has_interface_endpoints(self.layout)
    }

    fn gateway_endpoint(&self, service: &str) -> VpcEndpointAttributes {
        VpcEndpointAttributes {
            endpoint_type: "Gateway".to_owned(),
            private_dns: false,
            route_tables: self.tables().map(|table| Reference::from(self.one_of::<kinds::RouteTable>(&table))).collect(),
            security_groups: BTreeSet::new(),
            service: service.to_owned(),
            subnets: BTreeSet::new(),
            tags: self.tags_of_one(service),
            vpc: self.vpc(),
        }
    }

    /// An interface in every zone of one tier in which AWS offers the service: the first tier that is not public, if there is one.
    fn interface_endpoint(&self, service: &str) -> VpcEndpointAttributes {
        let tier = endpoint_tier(self.vpc);
        let zones = endpoint_zones(self.vpc, self.observed.endpoint_zones.get(&self.one_of::<kinds::VpcEndpoint>(service)));
        VpcEndpointAttributes {
            endpoint_type: "Interface".to_owned(),
            private_dns: true,
            route_tables: BTreeSet::new(),
            security_groups: BTreeSet::from([self.one_of::<kinds::SecurityGroup>(GROUP).into()]),
            service: service.to_owned(),
            subnets: zones.into_iter().map(|zone| Reference::from(self.one_of::<kinds::Subnet>(&format!("{tier}-{zone}")))).collect(),
            tags: self.tags_of_one(service),
            vpc: self.vpc(),
        }
    }
}

/// The tier in which the interfaces of endpoints are.
pub(in crate::resource::network) fn endpoint_tier(vpc: &Vpc) -> &str {
    let tiers = || vpc.cut.tiers.iter().map(|tier| tier.tier.as_str());
    tiers().find(|tier| *tier != PUBLIC_TIER).or(tiers().next()).unwrap_or(PUBLIC_TIER)
}

/// The zones of that tier in which an endpoint can be. If there is none, AWS refuses to create it.
pub(in crate::resource::network) fn endpoint_zones<'v>(vpc: &'v Vpc, offered: Option<&BTreeSet<String>>) -> Vec<&'v str> {
    let tier = endpoint_tier(vpc);
    let all: Vec<&str> = vpc.cut.subnets.iter().filter(|subnet| subnet.tier == tier).map(|subnet| subnet.zone.as_str()).collect();
    let Some(offered) = offered else { return all };
    let some: Vec<&str> = all.iter().copied().filter(|zone| offered.contains(*zone)).collect();
    if some.is_empty() { all } else { some }
}

/// Whether a layout has endpoints with interfaces in subnets.
pub(super) fn has_interface_endpoints(layout: &Layout) -> bool {
    layout.endpoints.iter().any(|service| !has_gateway_endpoint(service))
}
