//! Network interfaces. Those of NAT gateways and interface endpoints are derived from them; tests add any others.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Place};
use crate::sandbox::wire::Outcome;

/// A network interface of an instance or of a service that the sandbox does not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkInterface {
    /// Its subnet.
    pub subnet: String,
    /// Its security groups.
    pub groups: BTreeSet<String>,
    /// Free text.
    pub description: String,
    /// Its address in the subnet.
    pub private_ip: Ipv4Addr,
    /// The public address mapped to it.
    #[serde(default)]
    pub public_ip: Option<Ipv4Addr>,
}

/// A network interface of any owner.
struct Shown<'r> {
    kind: &'static str,
    subnet: &'r str,
    groups: Vec<&'r str>,
    description: String,
    private_ip: Ipv4Addr,
    public_ip: Option<Ipv4Addr>,
    requester_managed: bool,
}

const LISTING: Listing = Listing {
    kind: Kind::NetworkInterface,
    set: "networkInterfaceSet",
    ids: "NetworkInterfaceId",
    filters: &[
        ("network-interface-id", "networkInterfaceId"),
        ("vpc-id", "vpcId"),
        ("subnet-id", "subnetId"),
        ("group-id", "groupSet/groupId"),
        ("interface-type", "interfaceType"),
        ("description", "description"),
        ("status", "status"),
        ("requester-managed", "requesterManaged"),
        ("association.public-ip", "association/publicIp"),
        ("availability-zone-id", "availabilityZoneId"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let mut all = ask.region.all_interfaces(ask.now_ms);
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let ids: Vec<String> = all.iter().map(|(id, _)| id.clone()).collect();
    let show = |id: &str| {
        let (_, interface) = all.iter().find(|(other, _)| other == id)?;
        Some(show(ask.region, ask.place, id, interface))
    };
    list(ask, &LISTING, ids.iter(), show)
}

fn show(region: &Region, place: &Place, id: &str, interface: &Shown<'_>) -> Value {
    let subnet = region.subnets.get(interface.subnet);
    let group = |group: &&str| json!({ "groupId": group, "groupName": region.security_groups.get(*group).map(|group| &group.name) });
    json!({
        "networkInterfaceId": id,
        "ownerId": place.account,
        "vpcId": subnet.map(|subnet| &subnet.vpc),
        "subnetId": interface.subnet,
        "availabilityZoneId": subnet.map(|subnet| &subnet.zone),
        "interfaceType": interface.kind,
        "description": interface.description,
        "status": "in-use",
        "requesterManaged": interface.requester_managed,
        "sourceDestCheck": interface.kind != "nat_gateway",
        "privateIpAddress": interface.private_ip,
        "groupSet": interface.groups.iter().map(group).collect::<Value>(),
        "association": interface.public_ip.map(|ip| json!({ "publicIp": ip, "ipOwnerId": place.account })),
        "tagSet": region.tag_set(id),
    })
}

impl Region {
    fn all_interfaces(&self, now_ms: u64) -> Vec<(String, Shown<'_>)> {
        let foreign = self.interfaces.iter().map(|(id, interface)| {
            let shown = Shown {
                kind: "interface",
                subnet: &interface.subnet,
                groups: interface.groups.iter().map(String::as_str).collect(),
                description: interface.description.clone(),
                private_ip: interface.private_ip,
                public_ip: interface.public_ip,
                requester_managed: false,
            };
            (id.clone(), shown)
        });
        let gateways = self.nat_gateways.iter().filter(|(_, gateway)| gateway.holds(now_ms)).flat_map(|(id, gateway)| {
            let link = gateway.link.iter().filter_map(move |link| Some((id, gateway.subnet()?, link)));
            link.map(|(id, subnet, link)| {
                let shown = Shown {
                    kind: "nat_gateway",
                    subnet,
                    groups: Vec::new(),
                    description: format!("Interface for NAT Gateway {id}"),
                    private_ip: link.private_ip,
                    public_ip: link.allocation.as_ref().and_then(|id| self.addresses.get(id)).map(|address| address.public_ip),
                    requester_managed: true,
                };
                (link.interface.clone(), shown)
            })
        });
        let endpoints = self.vpc_endpoints.iter().filter(|(_, endpoint)| endpoint.life.is_there(now_ms)).flat_map(|(id, endpoint)| {
            endpoint.subnets.iter().map(move |(subnet, interface)| {
                let shown = Shown {
                    kind: "vpc_endpoint",
                    subnet,
                    groups: endpoint.groups.iter().map(String::as_str).collect(),
                    description: format!("VPC Endpoint Interface {id}"),
                    private_ip: self.private_ip(subnet, interface),
                    public_ip: None,
                    requester_managed: true,
                };
                (interface.clone(), shown)
            })
        });
        foreign.chain(gateways).chain(endpoints).collect()
    }

    /// How many interfaces are in a subnet.
    pub(super) fn interfaces_in(&self, subnet: &str, now_ms: u64) -> usize {
        let foreign = self.interfaces.values().filter(|interface| interface.subnet == subnet).count();
        let gateways = self.nat_gateways.values().filter(|gateway| gateway.subnet() == Some(subnet) && gateway.holds(now_ms)).count();
        let endpoints =
            self.vpc_endpoints.values().filter(|endpoint| endpoint.subnets.contains_key(subnet) && endpoint.life.is_there(now_ms));
        foreign + gateways + endpoints.count()
    }

    /// Whether public addresses are mapped to something in a VPC.
    pub(super) fn has_public_addresses(&self, vpc: &str, now_ms: u64) -> bool {
        let in_vpc = |subnet: &String| self.subnets.get(subnet).is_some_and(|subnet| subnet.vpc == vpc);
        self.interfaces.values().any(|interface| interface.public_ip.is_some() && in_vpc(&interface.subnet))
            || self.nat_gateways.values().any(|gateway| gateway.vpc == vpc && gateway.public && gateway.holds(now_ms))
    }

    /// Whether a security group is on an interface.
    pub(super) fn group_is_used(&self, group: &str, now_ms: u64) -> bool {
        self.interfaces.values().any(|interface| interface.groups.contains(group))
            || self.vpc_endpoints.values().any(|endpoint| endpoint.groups.contains(group) && endpoint.life.is_there(now_ms))
    }

    /// An address in a subnet that follows from an interface's id; not always one of its own.
    pub(super) fn private_ip(&self, subnet: &str, interface: &str) -> Ipv4Addr {
        let number = u32::from_str_radix(&self.digits(6, interface), 16).unwrap_or_default();
        let block = self.subnets.get(subnet).map(|subnet| subnet.cidr);
        // The first four and the last are AWS's.
        let address = block.and_then(|block| block.nth(4 + number % (block.size() - 5)));
        address.unwrap_or(Ipv4Addr::UNSPECIFIED)
    }
}
