//! The EC2 state of one account in one Region, and its initial content.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnetwork::Ipv4Network;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::address::Address;
use super::dhcp_options::DhcpOptions;
use super::egress_only_internet_gateway::EgressOnlyInternetGateway;
use super::flow_log::FlowLog;
use super::interface::NetworkInterface;
use super::internet_gateway::InternetGateway;
use super::kinds::Kind;
use super::nat_gateway::NatGateway;
use super::network_acl::NetworkAcl;
use super::peering::Peering;
use super::places::Place;
use super::route_table::{RouteTable, Target};
use super::security_group::SecurityGroup;
use super::subnet::Subnet;
use super::tokens::Token;
use super::transit_gateway::TransitGateway;
use super::transit_gateway_attachment::TransitGatewayAttachment;
use super::vpc::Vpc;
use super::vpc_endpoint::VpcEndpoint;
use super::vpn::{self, CustomerGateway, VpnConnection, VpnGateway};

/// EC2 of one account in one Region. Resources are stored by their ids; `tags` has the tags of all of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Region {
    /// Makes the ids differ from those of every other Region of every account.
    salt: String,
    /// Ids given out so far.
    counter: u64,
    /// The DHCP options that a new VPC gets.
    pub default_dhcp_options: String,
    /// VPCs.
    pub vpcs: BTreeMap<String, Vpc>,
    /// DHCP options.
    pub dhcp_options: BTreeMap<String, DhcpOptions>,
    /// Subnets.
    pub subnets: BTreeMap<String, Subnet>,
    /// Internet gateways.
    pub internet_gateways: BTreeMap<String, InternetGateway>,
    /// Egress-only internet gateways.
    pub egress_only_internet_gateways: BTreeMap<String, EgressOnlyInternetGateway>,
    /// Route tables.
    pub route_tables: BTreeMap<String, RouteTable>,
    /// Elastic addresses.
    pub addresses: BTreeMap<String, Address>,
    /// NAT gateways, those deleted within the hour included.
    pub nat_gateways: BTreeMap<String, NatGateway>,
    /// Security groups.
    pub security_groups: BTreeMap<String, SecurityGroup>,
    /// VPC endpoints, those being deleted included.
    pub vpc_endpoints: BTreeMap<String, VpcEndpoint>,
    /// Flow logs.
    pub flow_logs: BTreeMap<String, FlowLog>,
    /// Network interfaces of instances and other services. Those of NAT gateways and endpoints follow from these.
    pub interfaces: BTreeMap<String, NetworkInterface>,
    /// Network ACLs that callers created. The default ACL of each VPC is derived.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub network_acls: BTreeMap<String, NetworkAcl>,
    /// Peerings, those of both sides, and those deleted within the hour.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub peerings: BTreeMap<String, Peering>,
    /// Transit gateways of the account.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub transit_gateways: BTreeMap<String, TransitGateway>,
    /// Attachments of the account's VPCs to transit gateways.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub transit_gateway_attachments: BTreeMap<String, TransitGatewayAttachment>,
    /// VPN gateways.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vpn_gateways: BTreeMap<String, VpnGateway>,
    /// The far ends of VPNs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub customer_gateways: BTreeMap<String, CustomerGateway>,
    /// VPN connections.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vpn_connections: BTreeMap<String, VpnConnection>,
    /// Tags by id.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Client tokens.
    pub(super) tokens: BTreeMap<String, Token>,
}

impl Region {
    /// An untouched Region: it has a default VPC, with a subnet for each zone, an internet gateway and a route to it.
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html>
    pub(in crate::sandbox) fn born(seed: u64, place: &Place) -> Self {
        let mut region = Self::bare(seed, place);
        let block = |third: u8, prefix| Ipv4Network::new(Ipv4Addr::new(172, 31, third, 0), prefix).ok();
        let Some(cidr) = block(0, 16) else { return region };
        let vpc = region.add_vpc(Vpc { is_default: true, dns_hostnames: true, ..Vpc::new(cidr, &region.default_dhcp_options) });
        for (number, zone) in (0_u8..).zip(place.zones()) {
            let Some(cidr) = block(number * 16, 20) else { continue };
            let id = region.fresh("subnet");
            let subnet = Subnet { map_public_ip: true, default_for_zone: true, ..Subnet::new(&vpc, cidr, &zone.id) };
            region.subnets.insert(id, subnet);
        }
        let gateway = region.fresh("igw");
        region.internet_gateways.insert(gateway.clone(), InternetGateway { vpc: Some(vpc.clone()) });
        if let Some(main) = region.route_tables.values_mut().find(|table| table.vpc == vpc) {
            main.routes.insert("0.0.0.0/0".to_owned(), Target::Gateway(gateway));
        }
        region
    }

    /// A Region of an account so new that AWS has not made its default VPC.
    pub(in crate::sandbox) fn bare(seed: u64, place: &Place) -> Self {
        let salt = format!("{seed}/{}/{}", place.account, place.region.name);
        let mut region = Self { salt, ..Self::default() };
        region.default_dhcp_options = region.fresh("dopt");
        region.dhcp_options.insert(region.default_dhcp_options.clone(), DhcpOptions::of_aws(place.region.name));
        region
    }

    /// Adds a VPC with what it is born with: a main route table and a default security group. Returns its id.
    pub fn add_vpc(&mut self, vpc: Vpc) -> String {
        let id = self.fresh("vpc");
        let association = self.fresh("rtbassoc");
        let table = self.fresh("rtb");
        self.route_tables.insert(table, RouteTable { main: Some(association), ..RouteTable::new(&id) });
        let group = self.fresh("sg");
        let default = SecurityGroup::default_of(&id, &group, self);
        self.security_groups.insert(group, default);
        self.vpcs.insert(id.clone(), vpc);
        id
    }

    /// An id that has not been given out before: `vpc-` and 17 hexadecimal digits.
    pub fn fresh(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}-{}", self.digits(17, &self.counter.to_string()))
    }

    /// Hexadecimal digits that follow from this Region and `what`.
    pub(super) fn digits(&self, count: usize, what: &str) -> String {
        let digest = Sha256::digest(format!("{}/{what}", self.salt));
        digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).take(count).collect()
    }

    /// The tags of a thing as answers have them.
    pub(super) fn tag_set(&self, id: &str) -> Value {
        let tags = self.tags.get(id).into_iter().flatten();
        tags.map(|(key, value)| json!({ "key": key, "value": value })).collect()
    }
}

impl Region {
    /// Gives a thing its first tags.
    pub(super) fn put_tags(&mut self, id: &str, tags: BTreeMap<String, String>) {
        if !tags.is_empty() {
            self.tags.insert(id.to_owned(), tags);
        }
    }

    /// Forgets what AWS no longer lists.
    pub(super) fn forget(&mut self, now_ms: u64) {
        let before = self.count_slow();
        self.nat_gateways.retain(|_, gateway| gateway.is_listed(now_ms));
        self.vpc_endpoints.retain(|_, endpoint| endpoint.life.is_there(now_ms));
        self.peerings.retain(|_, peering| peering.is_listed(now_ms));
        self.transit_gateways.retain(|_, gateway| vpn::is_listed(&gateway.life, now_ms));
        self.transit_gateway_attachments.retain(|_, attachment| vpn::is_listed(&attachment.life, now_ms));
        self.vpn_gateways.retain(|_, gateway| vpn::is_listed(&gateway.life, now_ms));
        self.customer_gateways.retain(|_, office| vpn::is_listed(&office.life, now_ms));
        self.vpn_connections.retain(|_, connection| vpn::is_listed(&connection.life, now_ms));
        if self.count_slow() < before {
            self.prune_tags();
        }
    }

    /// How many things there are that are listed when they are gone.
    fn count_slow(&self) -> usize {
        self.nat_gateways.len()
            + self.vpc_endpoints.len()
            + self.peerings.len()
            + self.transit_gateways.len()
            + self.transit_gateway_attachments.len()
            + self.vpn_gateways.len()
            + self.customer_gateways.len()
            + self.vpn_connections.len()
    }

    /// Removes the tags of what is not there any more.
    pub(super) fn prune_tags(&mut self) {
        let mut tags = std::mem::take(&mut self.tags);
        tags.retain(|id, _| Kind::of_id(id).is_some_and(|kind| kind.exists(self, id)));
        self.tags = tags;
    }
}
