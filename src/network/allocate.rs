//! The allocator: a block of its pool for each VPC.

use std::collections::{BTreeMap, BTreeSet};

use super::cut::cut;
use super::{Block, Cut, Design, FreeSpace, Layout, Request, numbered};
use crate::address::{Address, Scope};

/// What is known to be live. Empty when nothing was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// VPCs of ours, by their address. They keep their block.
    pub vpcs: BTreeMap<Address, ObservedVpc>,
    /// All other addresses that are in use: secondary blocks, routes, VPCs of others. Never handed out.
    pub blocks: BTreeSet<Block>,
    /// The zone IDs of an account in a Region, in their order. Numbered where they were not read.
    pub zones: BTreeMap<Scope, Vec<String>>,
}

/// A live VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedVpc {
    /// Its first block.
    pub block: Block,
    /// Its subnets, by name.
    pub subnets: BTreeMap<String, Block>,
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
    let mut plan = AddressPlan::default();
    let mut zones = Zones { observed, numbered: BTreeMap::new() };
    // Pins go before what is free to choose; the order of the map is that of the addresses.
    let (pinned, free): (Vec<_>, Vec<_>) = design.vpcs.iter().partition(|(_, request)| request.pinned.is_some());
    for (address, request) in pinned.into_iter().chain(free) {
        match place(address, request, design, observed, &mut pools) {
            Ok((layout, block, origin)) => {
                let nothing = BTreeMap::new();
                let live = observed.vpcs.get(address).map_or(&nothing, |vpc| &vpc.subnets);
                let cut = cut(block, layout, zones.of(address, layout), live);
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

fn place<'d>(
    address: &Address,
    request: &Request,
    design: &'d Design,
    observed: &Observed,
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
        None => (free.lowest(layout.prefix).ok_or(Why::PoolFull)?, Origin::Allocated),
    };
    free.take(block);
    Ok((layout, block, origin))
}

/// Zone IDs: those that were read, or numbered ones, made once per Region.
struct Zones<'o> {
    observed: &'o Observed,
    numbered: BTreeMap<(String, u32), Vec<String>>,
}

impl Zones<'_> {
    fn of(&mut self, address: &Address, layout: &Layout) -> &[String] {
        match address.scope().and_then(|scope| self.observed.zones.get(scope)) {
            Some(read) => read,
            None => {
                let key = (layout.region.clone(), layout.zones);
                self.numbered.entry(key).or_insert_with(|| numbered(&layout.region, layout.zones))
            }
        }
    }
}
