//! VPCs and their attributes.

use ipnetwork::{Ipv4Network, Ipv6Network};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::region::Region;
use super::vpc_cidr::{self, in_range};
use super::{Ask, Place, Turn, dependency, tags};
use crate::sandbox::input::bad_value;
use crate::sandbox::wire::{Outcome, Refusal};

/// A VPC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// The primary block.
    pub cidr: Ipv4Network,
    /// Secondary blocks.
    #[serde(default)]
    pub secondary: Vec<Ipv4Network>,
    /// The IPv6 block.
    #[serde(default)]
    pub ipv6: Option<Ipv6Block>,
    /// The id of its DHCP options; `default` after AssociateDhcpOptions said so.
    pub dhcp_options: String,
    /// enableDnsSupport.
    pub dns_support: bool,
    /// enableDnsHostnames.
    pub dns_hostnames: bool,
    /// Whether it is the one that the Region was born with.
    pub is_default: bool,
}

/// An IPv6 block of a VPC or a subnet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ipv6Block {
    /// Its association's id.
    pub association: String,
    /// The block.
    pub cidr: Ipv6Network,
}

impl Vpc {
    /// A VPC as CreateVpc makes it.
    pub fn new(cidr: Ipv4Network, dhcp_options: &str) -> Self {
        Self {
            cidr,
            secondary: Vec::new(),
            ipv6: None,
            dhcp_options: dhcp_options.to_owned(),
            dns_support: true,
            dns_hostnames: false,
            is_default: false,
        }
    }

    /// All its IPv4 blocks, the primary one first.
    pub fn blocks(&self) -> impl Iterator<Item = Ipv4Network> {
        [self.cidr].into_iter().chain(self.secondary.iter().copied())
    }
}

const LISTING: Listing = Listing {
    kind: Kind::Vpc,
    set: "vpcSet",
    ids: "VpcId",
    filters: &[
        ("vpc-id", "vpcId"),
        ("cidr", "cidrBlock"),
        ("cidr-block-association.cidr-block", "cidrBlockAssociationSet/cidrBlock"),
        ("dhcp-options-id", "dhcpOptionsId"),
        ("is-default", "isDefault"),
        ("isDefault", "isDefault"),
        ("owner-id", "ownerId"),
        ("state", "state"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.vpcs.keys(), |id| show(ask.region, ask.place, id))
}

fn show(region: &Region, place: &Place, id: &str) -> Option<Value> {
    let vpc = region.vpcs.get(id)?;
    let mut shown = json!({
        "vpcId": id,
        "ownerId": place.account,
        "state": "available",
        "cidrBlock": vpc.cidr,
        "cidrBlockAssociationSet": vpc.blocks().map(|block| vpc_cidr::show(region, id, block)).collect::<Value>(),
        "dhcpOptionsId": vpc.dhcp_options,
        "instanceTenancy": "default",
        "isDefault": vpc.is_default,
        "tagSet": region.tag_set(id),
    });
    if let (Some(block), Some(fields)) = (&vpc.ipv6, shown.as_object_mut()) {
        fields.insert("ipv6CidrBlockAssociationSet".to_owned(), json!([vpc_cidr::show_ipv6(block, place)]));
    }
    Some(shown)
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let missing = || Refusal::new("MissingParameter", "The request must contain the parameter cidrBlock");
    let cidr = in_range(turn.input.parsed("CidrBlock")?.ok_or_else(missing)?)?;
    let tags = tags::of_creation(turn.input, Kind::Vpc)?;
    let ipv6 = turn.input.flag("AmazonProvidedIpv6CidrBlock") == Some(true);
    if turn.region.vpcs.len() >= turn.weather.vpc_quota {
        return Err(Refusal::new("VpcLimitExceeded", "The maximum number of VPCs has been reached."));
    }
    let id = turn.region.add_vpc(Vpc::new(cidr, &turn.region.default_dhcp_options.clone()));
    if ipv6 {
        vpc_cidr::give_ipv6(turn.region, &id);
    }
    turn.region.put_tags(&id, tags);
    Ok(json!({ "vpc": show(turn.region, turn.place, &id) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("VpcId")?;
    Kind::Vpc.find(&turn.region.vpcs, id)?;
    if turn.region.needs_vpc(id, turn.now_ms) {
        return Err(dependency(format!("The vpc '{id}' has dependencies and cannot be deleted.")));
    }
    let region = &mut *turn.region;
    region.vpcs.remove(id);
    region.route_tables.retain(|_, table| table.vpc != id);
    region.security_groups.retain(|_, group| group.vpc != id);
    region.flow_logs.retain(|_, log| log.resource != id);
    region.prune_tags();
    Ok(json!({ "return": true }))
}

impl Region {
    /// Whether something other than what a VPC is born with is left in it.
    fn needs_vpc(&self, vpc: &str, now_ms: u64) -> bool {
        self.subnets.values().any(|subnet| subnet.vpc == vpc)
            || self.internet_gateways.values().any(|gateway| gateway.vpc.as_deref() == Some(vpc))
            || self.egress_only_internet_gateways.values().any(|gateway| gateway.vpc == vpc)
            || self.route_tables.values().any(|table| table.vpc == vpc && table.main.is_none())
            || self.security_groups.values().any(|group| group.vpc == vpc && !group.is_default())
            || self.nat_gateways.values().any(|gateway| gateway.vpc == vpc && gateway.holds(now_ms))
            || self.vpc_endpoints.values().any(|endpoint| endpoint.vpc == vpc && endpoint.life.is_there(now_ms))
            || self.network_acls.values().any(|acl| acl.vpc == vpc)
            || self.has_vpn(vpc, now_ms)
            || self.transit_gateway_attachments.values().any(|attachment| attachment.vpc == vpc && attachment.life.is_there(now_ms))
    }
}

pub(super) fn modify_attribute(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("VpcId")?;
    let value = |name: &str| turn.input.at(name).and_then(|attribute| attribute.flag("Value"));
    let (support, hostnames) = (value("EnableDnsSupport"), value("EnableDnsHostnames"));
    let vpc = Kind::Vpc.find_mut(&mut turn.region.vpcs, id)?;
    match (support, hostnames) {
        (Some(_), Some(_)) => {
            return Err(Refusal::new("InvalidParameterCombination", "Only one attribute can be modified at a time"));
        }
        (Some(support), None) => vpc.dns_support = support,
        (None, Some(true)) if !vpc.dns_support => {
            return Err(Refusal::new("InvalidParameterValue", "enableDnsHostnames requires enableDnsSupport"));
        }
        (None, Some(hostnames)) => vpc.dns_hostnames = hostnames,
        (None, None) => return Err(Refusal::new("MissingParameter", "The request must contain an attribute")),
    }
    Ok(json!({ "return": true }))
}

pub(super) fn describe_attribute(ask: &Ask<'_>) -> Outcome {
    let id = ask.input.text("VpcId")?;
    let attribute = ask.input.text("Attribute")?;
    let vpc = Kind::Vpc.find(&ask.region.vpcs, id)?;
    let value = match attribute {
        "enableDnsSupport" => vpc.dns_support,
        "enableDnsHostnames" => vpc.dns_hostnames,
        "enableNetworkAddressUsageMetrics" => false,
        _ => return Err(bad_value("attribute", attribute)),
    };
    Ok(json!({ "vpcId": id, attribute: { "value": value } }))
}
