//! What an account has in a Region, as it was read: plain values. The reader fills them, and the binder works on them. Everything is
//! identified by AWS's ids. Resources that other accounts share with this one are left out: they belong to those accounts.

use std::collections::{BTreeMap, BTreeSet};

use super::Tags;
use super::connected::Connected;
use super::security_group::Rule;

/// All that was read of one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct World {
    pub vpcs: BTreeMap<String, Vpc>,
    pub subnets: BTreeMap<String, Subnet>,
    pub route_tables: BTreeMap<String, RouteTable>,
    pub internet_gateways: BTreeMap<String, Gateway>,
    /// Existing or pending ones.
    pub nat_gateways: BTreeMap<String, NatGateway>,
    /// By allocation id.
    pub addresses: BTreeMap<String, Tags>,
    /// The public addresses of those, by allocation id.
    pub public_ips: BTreeMap<String, String>,
    /// Existing or pending ones.
    pub endpoints: BTreeMap<String, Endpoint>,
    pub security_groups: BTreeMap<String, SecurityGroup>,
    pub extras: Extras,
}

impl World {
    /// For each table, whether it routes to the internet gateway.
    pub fn leads_out(&self, table: &RouteTable) -> bool {
        table.routes.iter().any(|route| route.destination == "0.0.0.0/0" && self.internet_gateways.contains_key(&route.target))
    }
}

/// Read only if something indicates that it exists.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Extras {
    pub dhcp_options: BTreeMap<String, DhcpOptions>,
    pub egress_only_gateways: BTreeMap<String, Gateway>,
    pub flow_logs: BTreeMap<String, FlowLog>,
    /// By VPC: whether instances get DNS names.
    pub dns_hostnames: BTreeMap<String, bool>,
    /// By VPC: whether AWS's resolver answers.
    pub dns_support: BTreeMap<String, bool>,
    /// By VPC that shares its address with another one: its network interfaces that belong to no NAT gateway and no endpoint. A missing
    /// VPC could not be read.
    pub twin_interfaces: BTreeMap<String, BTreeSet<String>>,
    /// The network interfaces in the default VPC.
    pub default_vpc_interfaces: BTreeSet<String>,
    /// What else is in the default VPC and prevents its deletion: network ACLs, gateways.
    pub default_vpc_hidden: BTreeSet<String>,
    /// Connections to other VPCs and offices.
    pub connected: Connected,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Vpc {
    /// Its first block.
    pub cidr: String,
    /// All of its IPv4 blocks, the first one too.
    pub blocks: BTreeSet<String>,
    pub ipv6: bool,
    pub is_default: bool,
    pub dhcp_options: Option<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Subnet {
    pub vpc: String,
    pub cidr: String,
    /// Its /64.
    pub ipv6: Option<String>,
    /// The zone's ID.
    pub zone: String,
    /// Whether AWS created it with the default VPC.
    pub is_default: bool,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RouteTable {
    pub vpc: String,
    /// Whether it is the main table, for all subnets without another one.
    pub is_main: bool,
    /// The subnets that are associated with it.
    pub subnets: BTreeSet<String>,
    pub routes: Vec<Route>,
    /// VPN gateways.
    pub propagating: BTreeSet<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Route {
    /// A CIDR block, or the id of a prefix list.
    pub destination: String,
    /// The id of its target.
    pub target: String,
    pub origin: Origin,
    /// Its target is gone.
    pub is_blackhole: bool,
}

/// The origin of a route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// A call of its own.
    #[default]
    Call,
    /// It was created with the table or with an endpoint, and is deleted with it.
    Aws,
    /// A VPN gateway announced it.
    Propagated,
}

/// An internet gateway, or an egress-only one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Gateway {
    /// The VPC that it is attached to.
    pub vpc: Option<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct NatGateway {
    pub vpc: String,
    /// `None` for a regional one.
    pub subnet: Option<String>,
    pub is_regional: bool,
    /// The allocation id of its first address.
    pub address: Option<String>,
    /// The public addresses that AWS chose for a regional one.
    pub public_ips: BTreeSet<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Endpoint {
    pub vpc: String,
    /// The service's short name, or the whole name if it is not one of AWS's in the Region.
    pub service: String,
    /// `Gateway`, `Interface` or another one.
    pub endpoint_type: String,
    pub private_dns: bool,
    pub route_tables: BTreeSet<String>,
    pub subnets: BTreeSet<String>,
    pub security_groups: BTreeSet<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SecurityGroup {
    pub vpc: String,
    pub name: String,
    pub description: String,
    pub ingress: BTreeSet<Rule>,
    pub egress: BTreeSet<Rule>,
    pub tags: Tags,
}

impl SecurityGroup {
    /// Whether AWS created it with its VPC: AWS gives this name to no other group.
    pub fn is_default(&self) -> bool {
        self.name == "default"
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct DhcpOptions {
    pub domain_name: Option<String>,
    pub name_servers: Vec<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct FlowLog {
    /// The resource that it logs.
    pub of: String,
    pub destination: String,
    pub traffic: String,
    pub interval: u32,
    pub tags: Tags,
}
