//! The allocator: assigns each VPC a CIDR block from its pool.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::cut::cut;
use super::zones::{unread, zone_of};
use super::{Block, Cut, Design, FreeSpace, Layout, Others, Request};
use crate::address::{Address, Scope};

/// What is known to be live. Empty when nothing was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Observed {
    /// VPCs of ours, by their address. They keep their block.
    pub vpcs: BTreeMap<Address, ObservedVpc>,
    /// All other addresses that are in use: secondary blocks, routes, VPCs of others. Never handed out.
    pub blocks: BTreeSet<Block>,
    /// The zone IDs of an account in a Region, in their order. Numbered where they were not read.
    #[serde(with = "by_scope")]
    pub zones: BTreeMap<Scope, Vec<String>>,
    /// The zones in which an interface endpoint can be or is, by its address, where that was asked: one is to be made or to get an interface.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoint_zones: BTreeMap<Address, BTreeSet<String>>,
    /// What is paid for and nobody manages here, where there is any.
    #[serde(with = "by_scope", skip_serializing_if = "BTreeMap::is_empty")]
    pub unmanaged: BTreeMap<Scope, Unmanaged>,
    /// What counts against quotas and nobody manages here, where org.toml wants a VPC.
    #[serde(with = "by_scope", skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<Scope, Others>,
    /// The public addresses of elastic addresses and of regional NAT gateways of ours.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub public_ips: BTreeMap<Address, BTreeSet<String>>,
    /// Accounts, by key, that could not be read, whole or in one Region, and why. Nothing is planned in them, and nothing is newly
    /// allocated from the pools of their VPCs.
    pub unreachable: BTreeMap<String, String>,
    /// Accounts, by key, that are closed: they get nothing, and what they had is gone.
    pub frozen: BTreeSet<String>,
    /// Accounts, by key, that are invited and have not joined: they are among `frozen`, nothing is shared with them, and nothing leads there.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub absent: BTreeSet<String>,
}

impl Observed {
    /// Whether what lies in an account cannot be referred to: the account could not be read, or is no member yet.
    pub(crate) fn is_away(&self, account: &str) -> bool {
        self.unreachable.contains_key(account) || self.absent.contains(account)
    }
}

/// What is paid for by the hour in an account and Region, and is not bound to a resource of org.toml.
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
    /// What more than the usual it has ever had, by its tag `overlord:with`.
    #[serde(default)]
    pub with: BTreeSet<String>,
    /// The zones in which NAT gateways of ours stand: where there is to be one, that one stays.
    #[serde(default)]
    pub nat_zones: BTreeSet<String>,
    /// All that is there of one that others made: it keeps the `Name` that it has, unless org.toml says one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adopted: BTreeSet<Address>,
}

/// Which VPC has which addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressPlan {
    /// The VPCs, by address.
    pub vpcs: BTreeMap<Address, Vpc>,
    /// Those that there is no block for.
    pub unplaced: BTreeMap<Address, Unplaced>,
    /// What the pools are left with, by key.
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
    /// It has it already.
    Live,
    /// org.toml says so.
    Pinned,
    /// It was the lowest that was free.
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
    /// An account with VPCs in its pool could not be read: which blocks those have is not known.
    WaitsForUnreachable,
}

impl Why {
    /// Whether the user has to change something. What waits for an account that cannot be read is placed by a later run.
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

/// A pool and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUse {
    /// What nobody has.
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
    // Pins go before what is free to choose; the order of the map is that of the addresses.
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

/// The pools without what is reserved and what is in use, by whomever.
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

/// The pools that nothing is newly handed out from: an account that could not be read has VPCs with blocks of them that nobody chose.
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
    /// The zones that a VPC may have subnets in, those of its live ones among them: they are read only where one is to be made.
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
            let (account, region) = text.split_once('/').ok_or_else(|| D::Error::custom(format!("`{text}` is no account and Region")))?;
            Ok((Scope { account: account.to_owned(), region: region.to_owned() }, value))
        };
        BTreeMap::<String, V>::deserialize(deserializer)?.into_iter().map(scope).collect()
    }
}
