//! What org.toml asks for: pools, layouts, and which account uses which. Created by `config`, which has checked it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::addresses::before_vpcs_in;
use super::{Block, Connections, Gateways};
use crate::address::{Address, Scope};

/// The prefix length of the largest block that AWS accepts for a VPC. Source: CreateVpc, `CidrBlock`.
pub const LARGEST: u8 = 16;
/// The prefix length of the smallest block that AWS accepts for a VPC and for a subnet. Source: CreateVpc, CreateSubnet.
pub const SMALLEST: u8 = 28;
/// The tier that is reachable from the internet. Zonal NAT gateways are in it.
pub const PUBLIC_TIER: &str = "public";

/// The networks of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Design {
    /// Where addresses come from, by key. No two overlap.
    pub pools: BTreeMap<String, Pool>,
    /// What VPCs look like, by key.
    pub layouts: BTreeMap<String, Layout>,
    /// The VPCs, by their address: `records-dev/eu-west-1/vpc.standard`.
    pub vpcs: BTreeMap<Address, Request>,
    /// The keys of the accounts whose default VPCs are to be deleted, in every Region of [`Self::regions`].
    pub without_default_vpc: BTreeSet<String>,
    /// The opt-in Regions that accounts enable, by the key of the account; those of their VPCs need not be among them.
    pub opted_in: BTreeMap<String, BTreeSet<String>>,
    /// Gateways that VPCs of several accounts use.
    pub gateways: Gateways,
    /// The Regions that are read in every account, whatever is there: so leftovers of a layout are found.
    pub governed: BTreeSet<String>,
}

impl Design {
    /// The VPCs of an account in a Region, which are next to each other in the order of addresses.
    pub(crate) fn vpcs_in<'d>(&'d self, scope: &'d Scope) -> impl Iterator<Item = (&'d Address, &'d Request)> {
        let first = before_vpcs_in(scope);
        self.vpcs.range(first..).take_while(move |(vpc, _)| vpc.scope() == Some(scope))
    }

    /// The Regions in which networks are read: the governed ones, and those of the layouts and transit gateways.
    pub fn regions(&self) -> BTreeSet<&str> {
        let layouts = self.layouts.values().map(|layout| layout.region.as_str());
        let gateways = self.gateways.transit.values().map(|gateway| gateway.region.as_str());
        layouts.chain(gateways).chain(self.governed.iter().map(String::as_str)).collect()
    }

    /// Whether an account is to have an opt-in Region enabled.
    pub fn enables(&self, scope: &Scope) -> bool {
        self.opted_in.get(&scope.account).is_some_and(|regions| regions.contains(&scope.region)) || self.has_vpc_in(scope)
    }

    /// Whether an account has a VPC in a Region.
    pub fn has_vpc_in(&self, scope: &Scope) -> bool {
        let first = before_vpcs_in(scope);
        self.vpcs.range(first..).next().is_some_and(|(vpc, _)| vpc.scope() == Some(scope))
    }
}

/// A range of addresses that VPCs get their blocks from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// All of it.
    pub cidr: Block,
    /// Parts that are never assigned.
    pub reserved: BTreeSet<Block>,
}

/// What a VPC looks like. Any account may have one of each layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The Region.
    pub region: String,
    /// The key of its pool.
    pub pool: String,
    /// The prefix length of its block, in bits: 16 to 28.
    pub prefix: u8,
    /// How many zones have subnets.
    pub zones: u32,
    /// How many bits of a subnet's address encode the zone: a tier is divided into 2 to the power of this blocks.
    pub zone_bits: u8,
    /// The only zones that have subnets, by the ends of their IDs, as in `az1`; empty where the first ones are taken.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub only_zones: BTreeSet<String>,
    /// The IDs of zones that new subnets avoid while others are left.
    #[serde(default)]
    pub avoid_zones: BTreeSet<String>,
    /// How subnets that are not public reach the internet.
    pub nat: Nat,
    /// Its tiers, in the order of the file, which is the order in which they take their part of the block.
    pub tiers: Vec<Tier>,
    /// Services with endpoints in it, by their short names. `s3` and `dynamodb` are gateway endpoints, all others interface endpoints.
    pub endpoints: BTreeSet<String>,
    /// What instances receive by DHCP; `None` for AWS's own.
    pub dhcp: Option<Dhcp>,
    /// Where its flow logs go; `None` without.
    pub flow_log: Option<FlowLog>,
    /// Whether instances get DNS names; `None` leaves it as it is.
    pub dns_hostnames: Option<bool>,
    /// Whether AWS's resolver answers; `None` leaves it as it is.
    pub dns_support: Option<bool>,
    /// Whether it also has IPv6 addresses: a /56 that AWS chooses, and a /64 of it per subnet.
    pub ipv6: bool,
    /// What its VPCs are connected with.
    #[serde(default)]
    pub connections: Connections,
}

impl Layout {
    /// Whether its subnets may be in a zone.
    pub fn may_be_in(&self, zone: &str) -> bool {
        self.only_zones.is_empty() || zone.rsplit('-').next().is_some_and(|end| self.only_zones.contains(end))
    }

    /// Whether it asks for subnets in more zones than these.
    pub fn asks_for_more_than(&self, zones: &BTreeSet<&str>) -> bool {
        match self.only_zones.is_empty() {
            true => zones.len() < self.zones as usize,
            false => !self.only_zones.iter().all(|end| zones.iter().any(|zone| zone.rsplit('-').next() == Some(end))),
        }
    }
}

/// DHCP options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dhcp {
    /// Addresses of name servers, at most four, in order.
    pub name_servers: Vec<String>,
    /// The domain that host names are completed with.
    pub domain_name: Option<String>,
}

/// A flow log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLog {
    /// The ARN of a bucket or of a delivery stream.
    pub destination: String,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
    /// Seconds that a record sums up at most: 60 or 600.
    pub interval: u32,
}

impl FlowLog {
    /// What [`Self::traffic`] may be.
    pub const TRAFFICS: [&'static str; 3] = ["ALL", "ACCEPT", "REJECT"];
    /// What [`Self::interval`] may be. Source: CreateFlowLogs, `MaxAggregationInterval`.
    pub const INTERVALS: [u32; 2] = [60, 600];

    /// The account of the delivery stream that it goes to; `None` for a bucket.
    pub fn stream_account(&self) -> Option<&str> {
        let mut parts = self.destination.split(':');
        (parts.nth(2) == Some("firehose")).then(|| parts.nth(1)).flatten()
    }
}

/// A kind of subnets, one in each zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Its key: `public`.
    pub name: String,
    /// Its part of the block.
    pub share: Share,
}

/// A part of a block: all of it, half, a quarter, … down to a 32nd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Share(u8);

impl Share {
    /// All shares that there are, as percentages.
    pub const PERCENTS: [f64; 6] = [100.0, 50.0, 25.0, 12.5, 6.25, 3.125];

    /// The share of that percentage; `None` when the percentage is none of [`Self::PERCENTS`].
    pub fn of_percent(percent: f64) -> Option<Self> {
        // All of them are exact in binary.
        Self::PERCENTS.iter().position(|p| *p == percent).and_then(|bits| u8::try_from(bits).ok()).map(Self)
    }

    /// As a percentage.
    pub fn percent(self) -> f64 {
        100.0 / f64::from(1_u32 << self.0)
    }

    /// By how many bits its prefix is longer than that of the block.
    pub fn bits(self) -> u8 {
        self.0
    }
}

/// How subnets that are not public reach the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nat {
    /// A NAT gateway in each zone: a failing zone does not affect the others.
    PerZone,
    /// One NAT gateway, in the first zone: cheaper.
    Single,
    /// One gateway of the VPC that spans its zones, in no subnet.
    Regional,
    /// No access to the internet.
    None,
}

impl Nat {
    /// All of them, as org.toml calls them.
    pub const ALL: [(&'static str, Nat); 4] =
        [("per-zone", Nat::PerZone), ("single", Nat::Single), ("regional", Nat::Regional), ("none", Nat::None)];

    /// As org.toml calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerZone => "per-zone",
            Self::Single => "single",
            Self::Regional => "regional",
            Self::None => "none",
        }
    }

    /// Whether its gateways are in subnets of the public tier.
    pub fn is_zonal(self) -> bool {
        match self {
            Self::PerZone | Self::Single => true,
            Self::Regional | Self::None => false,
        }
    }
}

/// A VPC that an account is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The key of its layout.
    pub layout: String,
    /// Its block, where org.toml chooses it.
    pub pinned: Option<Block>,
    /// AWS's id of an unmanaged VPC that org.toml adopts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The declared tags of all that it consists of, placeholders filled in.
    pub tags: BTreeMap<String, String>,
}

impl Layout {
    /// The prefix length of the subnets of a tier.
    pub fn subnet_prefix(&self, tier: &Tier) -> u8 {
        self.prefix + tier.share.bits() + self.zone_bits
    }

    /// Whether it has a public tier.
    pub fn has_public_tier(&self) -> bool {
        self.tiers.iter().any(|tier| tier.name == PUBLIC_TIER)
    }
}

/// Whether a service has a gateway endpoint: routes, at no cost. Source: the VPC's documentation, "Gateway endpoints".
pub fn has_gateway_endpoint(service: &str) -> bool {
    matches!(service, "dynamodb" | "s3")
}
