//! The allocator: assigns each VPC a CIDR block from its pool.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::cut::cut;
use super::zones::{unread, zone_of};
use super::{Block, Cut, Design, FreeSpace, Layout, Others, Request};
use crate::address::{Address, Scope};

/// The live networks. Empty if nothing was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Observed {
    /// VPCs managed by overlord, by their address. They keep their block.
    pub vpcs: BTreeMap<Address, ObservedVpc>,
    /// All other addresses in use: secondary blocks, routes, unmanaged VPCs. Never assigned.
    pub blocks: BTreeSet<Block>,
    /// The zone IDs of an account in a Region, sorted. Numbered ones if they were not read.
    #[serde(with = "by_scope")]
    pub zones: BTreeMap<Scope, Vec<String>>,
    /// The zones in which an interface endpoint can be or is, by its address. Read only if one is to be created or to get an interface.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoint_zones: BTreeMap<Address, BTreeSet<String>>,
    /// Unmanaged resources that cost money, if there are any.
    #[serde(with = "by_scope", skip_serializing_if = "BTreeMap::is_empty")]
    pub unmanaged: BTreeMap<Scope, Unmanaged>,
    /// Unmanaged resources that count against quotas, if org.toml wants a VPC there.
    #[serde(with = "by_scope", skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<Scope, Others>,
    /// The public addresses of Elastic IPs and of regional NAT gateways that overlord manages.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub public_ips: BTreeMap<Address, BTreeSet<String>>,
    /// Accounts, by key, that could not be read, entirely or in one Region, and why. Nothing is planned in them, and the pools of their
    /// VPCs assign no new blocks.
    pub unreachable: BTreeMap<String, String>,
    /// Closed accounts, by key: they get nothing, and their resources are gone.
    pub frozen: BTreeSet<String>,
    /// Invited accounts, by key, that have not joined: they are among `frozen`, nothing is shared with them, and nothing connects to
    /// them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub absent: BTreeSet<String>,
}

impl Observed {
    /// Whether resources in an account cannot be referred to: the account could not be read, or is not a member yet.
    pub(crate) fn is_away(&self, account: &str) -> bool {
        self.unreachable.contains_key(account) || self.absent.contains(account)
    }
}

/// Unmanaged resources in an account and Region that AWS charges by the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unmanaged {
    /// NAT gateways.
    pub nat_gateways: u64,
    /// Public addresses that are allocated, in use or not.
    pub addresses: u64,
    /// Interface endpoints, each in each of its subnets.
    pub interfaces: u64,
}

/// A live VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedVpc {
    /// Its first block.
    pub block: Block,
    /// Its subnets, by name.
    pub subnets: BTreeMap<String, Block>,
    /// Whether it has IPv6 addresses.
    #[serde(default)]
    pub ipv6: bool,
    /// Optional features that it has ever had, from its tag `overlord:with`.
    #[serde(default)]
    pub with: BTreeSet<String>,
    /// The zones with NAT gateways that overlord manages: if there is to be one gateway, the existing one stays.
    #[serde(default)]
    pub nat_zones: BTreeSet<String>,
    /// All existing resources of an adopted VPC: it keeps its `Name`, unless org.toml sets one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adopted: BTreeSet<Address>,
}

/// Which VPC has which addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressPlan {
    /// The VPCs, by address.
    pub vpcs: BTreeMap<Address, Vpc>,
    /// The VPCs without a free block.
    pub unplaced: BTreeMap<Address, Unplaced>,
    /// The rest of each pool, by key.
    pub pools: BTreeMap<String, PoolUse>,
}

/// A VPC with its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// The key of its layout.
    pub layout: String,
    /// Its block.
    pub block: Block,
    /// Why it has this block.
    pub origin: Origin,
    /// Its subnets.
    pub cut: Cut,
}

/// Why a VPC has its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// It already has it.
    Live,
    /// org.toml says so.
    Pinned,
    /// It was the lowest free one.
    Allocated,
}

/// A VPC without a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// The key of its layout.
    pub layout: String,
    /// Why it has none.
    pub why: Why,
}

/// Why a VPC has no block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its pool has no free block of that size.
    PoolFull,
    /// The block that org.toml chooses is reserved, in use, or not in its pool.
    PinTaken(Block),
    /// The configuration has no such layout, or no such pool.
    Undeclared,
    /// Its account could not be read.
    Unreachable,
    /// An account with VPCs in its pool could not be read: their blocks are unknown.
    WaitsForUnreachable,
}

impl Why {
    /// Whether the user has to change something. A VPC that waits for an unreadable account is placed by a later run.
    pub fn is_error(self) -> bool {
        match self {
            Self::PoolFull | Self::PinTaken(_) | Self::Undeclared => true,
            Self::Unreachable | Self::WaitsForUnreachable => false,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PoolFull => f.write_str("its pool has no free block of that size: enlarge the pool, or take another one"),
            Self::PinTaken(block) => write!(f, "the block `{block}` is reserved, in use or not in its pool: choose another one in `cidr`"),
            Self::Undeclared => f.write_str("its layout or its pool is not in org.toml: declare it"),
            Self::Unreachable => f.write_str("its account could not be read: nothing is planned in it"),
            Self::WaitsForUnreachable => f.write_str(
                "an account with VPCs in its pool could not be read, and they may have any block of it: \
                 plan again when it can be read, or choose a block in `cidr`",
            ),
        }
    }
}

/// A pool and the rest of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUse {
    /// The free part.
    pub free: FreeSpace,
    /// The VPCs with a block in it, by address.
    pub vpcs: BTreeMap<Address, Block>,
}

/// Gives every VPC its block, and every block its subnets. The same input gives the same plan.
pub fn allocate(design: &Design, observed: &Observed) -> AddressPlan {
    let mut pools = open(design, observed);
    let closed = closed(design, observed);
    let mut plan = AddressPlan::default();
    let mut zones = Zones { observed, numbered: BTreeMap::new() };
    // Pinned blocks come before free choices; the order of the map is that of the addresses.
    let is_frozen = |address: &Address| address.scope().is_some_and(|scope| observed.frozen.contains(&scope.account));
    let vpcs = design.vpcs.iter().filter(|(address, _)| !is_frozen(address));
    let (pinned, free): (Vec<_>, Vec<_>) = vpcs.partition(|(_, request)| request.pinned.is_some());
    for (address, request) in pinned.into_iter().chain(free) {
        match place(address, request, (design, observed), &closed, &mut pools) {
            Ok((layout, block, origin)) => {
                let nothing = BTreeMap::new();
                let live = observed.vpcs.get(address).map_or(&nothing, |vpc| &vpc.subnets);
                let cut = cut(block, layout, &zones.of(address, layout, live), live);
                plan.vpcs.insert(address.clone(), Vpc { layout: request.layout.clone(), block, origin, cut });
                if let Some(pool) =
                    pools.get_mut(&layout.pool).filter(|_| design.pools.get(&layout.pool).is_some_and(|p| p.cidr.contains(block)))
                {
                    pool.vpcs.insert(address.clone(), block);
                }
            }
            Err(why) => drop(plan.unplaced.insert(address.clone(), Unplaced { layout: request.layout.clone(), why })),
        }
    }
    plan.pools = pools;
    plan
}

/// The pools without reserved and used blocks, whether managed or not.
fn open(design: &Design, observed: &Observed) -> BTreeMap<String, PoolUse> {
    let in_use = observed.vpcs.values().flat_map(|vpc| [vpc.block].into_iter().chain(vpc.subnets.values().copied()));
    let in_use: BTreeSet<Block> = in_use.chain(observed.blocks.iter().copied()).collect();
    let mut pools = BTreeMap::new();
    for (key, pool) in &design.pools {
        let mut free = FreeSpace::new(pool.cidr);
        in_use.iter().chain(&pool.reserved).for_each(|block| free.take(*block));
        pools.insert(key.clone(), PoolUse { free, vpcs: BTreeMap::new() });
    }
    pools
}

/// The pools that assign no new blocks: an account that could not be read has VPCs with unpinned blocks of them.
fn closed<'d>(design: &'d Design, observed: &Observed) -> BTreeSet<&'d str> {
    let unknown = design.vpcs.iter().filter(|(address, request)| request.pinned.is_none() && is_unreachable(address, observed));
    unknown.filter_map(|(_, request)| Some(design.layouts.get(&request.layout)?.pool.as_str())).collect()
}

fn is_unreachable(address: &Address, observed: &Observed) -> bool {
    address.scope().is_some_and(|scope| observed.unreachable.contains_key(&scope.account))
}

fn place<'d>(
    address: &Address,
    request: &Request,
    (design, observed): (&'d Design, &Observed),
    closed: &BTreeSet<&str>,
    pools: &mut BTreeMap<String, PoolUse>,
) -> Result<(&'d Layout, Block, Origin), Why> {
    let layout = design.layouts.get(&request.layout).ok_or(Why::Undeclared)?;
    let free = &mut pools.get_mut(&layout.pool).ok_or(Why::Undeclared)?.free;
    if let Some(live) = observed.vpcs.get(address) {
        return Ok((layout, live.block, Origin::Live));
    }
    let (block, origin) = match request.pinned {
        Some(block) if free.is_free(block) => (block, Origin::Pinned),
        Some(block) => return Err(Why::PinTaken(block)),
        None if is_unreachable(address, observed) => return Err(Why::Unreachable),
        None if closed.contains(layout.pool.as_str()) => return Err(Why::WaitsForUnreachable),
        None => (free.lowest(layout.prefix).ok_or(Why::PoolFull)?, Origin::Allocated),
    };
    free.take(block);
    Ok((layout, block, origin))
}

/// Zone IDs: those that were read, or numbered ones, made once per Region.
struct Zones<'o> {
    observed: &'o Observed,
    numbered: BTreeMap<(String, u32, BTreeSet<String>), Vec<String>>,
}

impl Zones<'_> {
    /// The zones in which a VPC may have subnets, including those of its live ones: read only if a subnet is to be created.
    fn of(&mut self, address: &Address, layout: &Layout, live: &BTreeMap<String, Block>) -> Cow<'_, [String]> {
        let known: &[String] = match address.scope().and_then(|scope| self.observed.zones.get(scope)) {
            Some(read) => read,
            None => {
                let key = (layout.region.clone(), layout.zones, layout.only_zones.clone());
                self.numbered.entry(key).or_insert_with(|| unread(layout))
            }
        };
        let lived_in: BTreeSet<&str> = live.keys().filter_map(|name| zone_of(name)).collect();
        let unknown: Vec<&str> = lived_in.into_iter().filter(|zone| !known.iter().any(|k| k == zone)).collect();
        if unknown.is_empty() {
            return Cow::Borrowed(known);
        }
        let mut all: Vec<String> = known.iter().cloned().chain(unknown.into_iter().map(str::to_owned)).collect();
        all.sort_unstable();
        Cow::Owned(all)
    }
}

/// Scopes as keys of JSON: `records-dev/eu-west-1`.
mod by_scope {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::address::Scope;

    pub fn serialize<V: Serialize, S: Serializer>(values: &BTreeMap<Scope, V>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(values.iter().map(|(scope, value)| (format!("{}/{}", scope.account, scope.region), value)))
    }

    pub fn deserialize<'de, V: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Scope, V>, D::Error> {
        let scope = |(text, value): (String, V)| {
            let (account, region) = text.split_once('/').ok_or_else(|| D::Error::custom(format!("invalid account and Region `{text}`")))?;
            Ok((Scope { account: account.to_owned(), region: region.to_owned() }, value))
        };
        BTreeMap::<String, V>::deserialize(deserializer)?.into_iter().map(scope).collect()
    }
}
