//! Divides a VPC's CIDR block into tiers, and each tier into zones.
//!
//! A tier gets its share of the block, and a zone its part of the tier. The number of parts is a power of 2 and all are equal, so that
//! zones can be added. In an unused block, tiers follow one another in the order of the file, and zone *i* gets part *i*. Live subnets
//! keep their range; new ones get the lowest free range.

use std::collections::BTreeMap;

use super::{Block, FreeSpace, Layout, Tier};

/// The subnets of a VPC.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cut {
    /// The tiers with their blocks, in the order of the layout.
    pub tiers: Vec<TierBlock>,
    /// The subnets, by tier in the order of the layout, then by zone.
    pub subnets: Vec<Subnet>,
    /// Names of tiers and subnets that do not fit beside the live subnets.
    pub unplaced: Vec<String>,
}

/// The range of a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierBlock {
    /// The tier's key.
    pub tier: String,
    /// All of its addresses, including those reserved for more zones.
    pub block: Block,
}

/// One subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// The tier's key.
    pub tier: String,
    /// The zone's ID.
    pub zone: String,
    /// Its addresses.
    pub block: Block,
    /// Which /64 of the VPC's /56 it has, 0 to 255, if the layout has IPv6. It follows from the position of `block`, so that it is as
    /// stable.
    pub ipv6: Option<u8>,
}

impl Subnet {
    /// `private-euw1-az1`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.tier, self.zone)
    }
}

/// Divides a block. `zones` are sorted zone IDs; `live` are the existing subnets of the block, by name, including those of tiers that the
/// layout does not have.
pub fn cut(block: Block, layout: &Layout, zones: &[String], live: &BTreeMap<String, Block>) -> Cut {
    let kept: Vec<Option<Block>> = layout.tiers.iter().map(|tier| place_of_live(block, tier, zones, live)).collect();
    let mut free = FreeSpace::new(block);
    live.values().chain(kept.iter().flatten()).for_each(|taken| free.take(*taken));
    let zones = chosen(layout, zones, live);
    let mut cut = Cut::default();
    for (tier, kept) in layout.tiers.iter().zip(kept) {
        let Some(place) = kept.or_else(|| free.lowest(block.prefix() + tier.share.bits())) else {
            cut.unplaced.push(tier.name.clone());
            continue;
        };
        free.take(place);
        zones_of(place, block, (layout, tier), &zones, live, &mut cut);
        cut.tiers.push(TierBlock { tier: tier.name.clone(), block: place });
    }
    cut
}

fn name(tier: &Tier, zone: &str) -> String {
    format!("{}-{zone}", tier.name)
}

/// The range of a tier according to its live subnets. They stay even if its share has become smaller than they are.
fn place_of_live(block: Block, tier: &Tier, zones: &[String], live: &BTreeMap<String, Block>) -> Option<Block> {
    if live.is_empty() {
        return None;
    }
    let subnet = zones.iter().find_map(|zone| live.get(&name(tier, zone)))?;
    let place = subnet.around(block.prefix() + tier.share.bits()).filter(|place| block.contains(*place));
    Some(place.unwrap_or(*subnet))
}

/// The zones with subnets, sorted: those that have some already, then the first of the others, and avoided ones only if there are no
/// more. A layout that lists its zones has subnets only in those.
fn chosen<'z>(layout: &Layout, zones: &'z [String], live: &BTreeMap<String, Block>) -> Vec<&'z String> {
    let count = layout.zones as usize;
    let lived_in = |zone: &str| !live.is_empty() && layout.tiers.iter().any(|tier| live.contains_key(&name(tier, zone)));
    let rank = |zone: &String| match (lived_in(zone), layout.avoid_zones.contains(zone)) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    };
    let mut all: Vec<(u8, usize, &String)> =
        zones.iter().enumerate().filter(|(_, zone)| layout.may_be_in(zone)).map(|(i, zone)| (rank(zone), i, zone)).collect();
    all.sort_unstable();
    all.truncate(count);
    all.sort_unstable_by_key(|(_, i, _)| *i);
    all.into_iter().map(|(_, _, zone)| zone).collect()
}

fn zones_of(
    place: Block,
    whole: Block,
    (layout, tier): (&Layout, &Tier),
    zones: &[&String],
    live: &BTreeMap<String, Block>,
    cut: &mut Cut,
) {
    let prefix = whole.prefix() + tier.share.bits() + layout.zone_bits;
    let mut free = FreeSpace::new(place);
    if !live.is_empty() {
        // A share that grew may reach into another tier: the ranges of that tier are not assigned again.
        live.values().chain(cut.subnets.iter().map(|subnet| &subnet.block)).for_each(|taken| free.take(*taken));
    }
    for zone in zones {
        let kept = if live.is_empty() { None } else { live.get(&name(tier, zone)).copied() };
        let Some(block) = kept.or_else(|| free.lowest(prefix)) else {
            cut.unplaced.push(name(tier, zone));
            continue;
        };
        free.take(block);
        let ipv6 = layout.ipv6.then(|| index(block, whole)).flatten();
        cut.subnets.push(Subnet { tier: tier.name.clone(), zone: (*zone).clone(), block, ipv6 });
    }
}

/// The place of a subnet in its VPC, in 256ths.
fn index(subnet: Block, whole: Block) -> Option<u8> {
    let offset = u64::from(subnet.first().checked_sub(whole.first())?);
    u8::try_from(offset * 256 / whole.size()).ok()
}
