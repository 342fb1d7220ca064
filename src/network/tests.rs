//! The golden table, and the properties of the allocator against a naive one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::zones::numbered;
use super::*;
use crate::address::Address;

pub(crate) fn block(text: &str) -> Block {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

fn layout(prefix: u8, zones: u32, zone_bits: u8, tiers: &[(&str, f64)]) -> Layout {
    Layout {
        region: "eu-west-1".to_owned(),
        pool: "main".to_owned(),
        prefix,
        zones,
        zone_bits,
        only_zones: Default::default(),
        avoid_zones: Default::default(),
        nat: Nat::None,
        tiers: tiers.iter().map(|(name, share)| Tier { name: (*name).to_owned(), share: Share::of_percent(*share).unwrap() }).collect(),
        endpoints: BTreeSet::new(),
        dhcp: None,
        flow_log: None,
        dns_hostnames: None,
        dns_support: None,
        ipv6: true,
        connections: Default::default(),
    }
}

pub(crate) fn overlord() -> Layout {
    layout(19, 3, 3, &[("public", 25.0), ("shared", 25.0), ("private", 50.0)])
}

/// The table that the original Overlord made of 10.2.0.0/19 in eu-west-1.
#[test]
fn the_golden_table() {
    let cut = cut(block("10.2.0.0/19"), &overlord(), &numbered("eu-west-1", 3), &BTreeMap::new());
    let tiers: Vec<String> = cut.tiers.iter().map(|t| format!("{} {}", t.tier, t.block)).collect();
    assert_eq!(tiers, ["public 10.2.0.0/21", "shared 10.2.8.0/21", "private 10.2.16.0/20"]);
    let subnets: String = cut.subnets.iter().map(|s| format!("{} {} {:02x}\n", s.name(), s.block, s.ipv6.unwrap())).collect();
    assert_eq!(
        subnets,
        "public-euw1-az1 10.2.0.0/24 00\npublic-euw1-az2 10.2.1.0/24 08\npublic-euw1-az3 10.2.2.0/24 10\n\
         shared-euw1-az1 10.2.8.0/24 40\nshared-euw1-az2 10.2.9.0/24 48\nshared-euw1-az3 10.2.10.0/24 50\n\
         private-euw1-az1 10.2.16.0/23 80\nprivate-euw1-az2 10.2.18.0/23 90\nprivate-euw1-az3 10.2.20.0/23 a0\n"
    );
}

#[test]
fn blocks_are_read_and_refused() {
    assert_eq!(block("0.0.0.0/0").last(), u32::MAX);
    assert_eq!((block("255.255.255.255/32").size(), block("255.255.255.255/32").halves()), (1, None));
    assert_eq!("10.2.0.1/19".parse::<Block>(), Err(ParseBlockError::NotFirst(block("10.2.0.0/19"))));
    for bad in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/8 ", "::/0", "10.0.0.0/255.0.0.0/8"] {
        assert_eq!(bad.parse::<Block>(), Err(ParseBlockError::NotCidr), "{bad}");
    }
    assert_eq!(block("10.2.0.0/19").join(block("10.2.64.0/19")), block("10.2.0.0/17"));
    assert!(block("172.31.0.0/16").is_private() && !block("172.32.0.0/16").is_private() && !block("10.0.0.0/7").is_private());
}

/// If the live tier is not at its position in the file, it keeps its range, and the new one gets a free range.
#[test]
fn a_tier_before_a_live_one_does_not_move_it() {
    let zones = numbered("eu-west-1", 3);
    let first = cut(block("10.0.0.0/20"), &layout(20, 2, 3, &[("private", 50.0)]), &zones, &BTreeMap::new());
    let live: BTreeMap<String, Block> = first.subnets.iter().map(|s| (s.name(), s.block)).collect();
    let grown = cut(block("10.0.0.0/20"), &layout(20, 3, 3, &[("public", 25.0), ("private", 50.0)]), &zones, &live);
    let tiers: Vec<String> = grown.tiers.iter().map(|t| format!("{} {}", t.tier, t.block)).collect();
    assert_eq!(tiers, ["public 10.0.8.0/22", "private 10.0.0.0/21"]);
    let private: Vec<String> = grown.subnets.iter().filter(|s| s.tier == "private").map(|s| s.block.to_string()).collect();
    assert_eq!(private, ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]);
}

/// A share that becomes smaller than the live subnets takes nothing from them.
#[test]
fn live_subnets_outlast_their_share() {
    let zones = numbered("eu-west-1", 3);
    let first = cut(block("10.0.0.0/22"), &layout(22, 2, 2, &[("public", 25.0), ("private", 50.0)]), &zones, &BTreeMap::new());
    let live: BTreeMap<String, Block> = first.subnets.iter().map(|s| (s.name(), s.block)).collect();
    let shrunk = cut(block("10.0.0.0/22"), &layout(22, 2, 2, &[("public", 3.125), ("private", 50.0)]), &zones, &live);
    assert_eq!((shrunk.subnets, shrunk.unplaced), (first.subnets, Vec::new()));
}

/// Zones are read only if a subnet is to be created: those of an existing VPC are known from its subnets.
#[test]
fn live_zones_need_no_reading() {
    let mut design = Design { layouts: BTreeMap::from([("l0".to_owned(), overlord())]), ..Design::default() };
    design.pools.insert("main".to_owned(), Pool { cidr: block("10.0.0.0/8"), reserved: BTreeSet::new() });
    let address = vpc_address("a", "eu-west-1", "l0");
    design.vpcs.insert(address.clone(), Request { layout: "l0".to_owned(), pinned: None, id: None, tags: BTreeMap::new() });
    let read = ["euw1-az2", "euw1-az3", "euw1-az6"].map(str::to_owned).to_vec();
    let first = allocate(&design, &Observed { zones: BTreeMap::from([(address.scope().unwrap().clone(), read)]), ..Observed::default() });
    let again = allocate(&design, &Observed { vpcs: built(&first, &[true]), ..Observed::default() });
    assert_eq!(again.vpcs[&address].cut, first.vpcs[&address].cut);
}

/// Small, so that pools run out often: 10.0.0.0/20 has 256 blocks of /28.
const POOL: &str = "10.0.0.0/20";

fn any_block(prefixes: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = Block> {
    (prefixes, any::<u32>()).prop_map(|(prefix, index)| block(POOL).part(prefix, index % (1 << (prefix - 20))).unwrap())
}

prop_compose! {
    fn any_layout()(prefix in 21_u8..=25, zones in 1_u32..=4, zone_bits in 2_u8..=3, order in Just(vec![("public", 25.0), ("shared", 12.5), ("private", 50.0), ("data", 6.25)]).prop_shuffle(), count in 1_usize..=4) -> Layout {
        layout(prefix, zones, zone_bits, order.get(..count).unwrap())
    }
}

prop_compose! {
    fn any_design()(layouts in prop::collection::vec(any_layout(), 1..4), reserved in prop::collection::btree_set(any_block(22..=28), 0..4), accounts in prop::collection::btree_map("[a-e]{1,2}", (0_usize..3, prop::option::weighted(0.1, any::<u32>())), 1..16)) -> Design {
        let mut design = Design::default();
        let vpcs = accounts.into_iter().map(|(account, (index, pin))| {
            let index = index % layouts.len();
            let prefix = layouts.get(index).unwrap().prefix;
            let pinned = pin.and_then(|p| block(POOL).part(prefix, p % (1 << (prefix - 20))));
            (vpc_address(&account, "eu-west-1", &format!("l{index}")), Request { layout: format!("l{index}"), pinned, id: None, tags: BTreeMap::new() })
        });
        design.vpcs = vpcs.collect();
        design.layouts = layouts.into_iter().enumerate().map(|(i, l)| (format!("l{i}"), l)).collect();
        design.pools.insert("main".to_owned(), Pool { cidr: block(POOL), reserved });
        design
    }
}

prop_compose! {
    /// A world: some VPCs of a design, built as planned, and unmanaged blocks.
    pub(crate) fn any_world()(design in any_design(), others in prop::collection::btree_set(any_block(21..=28), 0..4), live in prop::collection::vec(any::<bool>(), 16)) -> (Design, Observed) {
        let mut observed = Observed { blocks: others, ..Observed::default() };
        let plan = allocate(&design, &observed);
        observed.vpcs = built(&plan, &live);
        (design, observed)
    }
}

/// The blocks of a plan's VPCs, once built.
pub(crate) fn built(plan: &AddressPlan, which: &[bool]) -> BTreeMap<Address, ObservedVpc> {
    let chosen = plan.vpcs.iter().zip(which.iter().cycle()).filter(|(_, chosen)| **chosen);
    chosen
        .map(|((address, vpc), _)| {
            let subnets = vpc.cut.subnets.iter().map(|s| (s.name(), s.block)).collect();
            (
                address.clone(),
                ObservedVpc {
                    block: vpc.block,
                    subnets,
                    ipv6: false,
                    with: BTreeSet::new(),
                    nat_zones: BTreeSet::new(),
                    adopted: BTreeSet::new(),
                },
            )
        })
        .collect()
}

/// No two overlap, and none overlaps a reserved or unmanaged block.
fn check_apart(design: &Design, observed: &Observed, plan: &AddressPlan) -> Result<(), TestCaseError> {
    let vpcs: Vec<_> = plan.vpcs.values().collect();
    for (i, vpc) in vpcs.iter().enumerate() {
        for other in vpcs.iter().skip(i + 1) {
            prop_assert!(!vpc.block.overlaps(other.block), "{} and {}", vpc.block, other.block);
        }
        for taken in observed.blocks.iter().chain(&design.pools["main"].reserved) {
            prop_assert!(vpc.origin == Origin::Live || !vpc.block.overlaps(*taken), "{} and {taken}", vpc.block);
        }
        prop_assert!(design.pools["main"].cidr.contains(vpc.block));
        let subnets = &vpc.cut.subnets;
        for (j, subnet) in subnets.iter().enumerate() {
            prop_assert!(vpc.block.contains(subnet.block));
            for other in subnets.iter().skip(j + 1) {
                prop_assert!(!subnet.block.overlaps(other.block), "{} and {}", subnet.block, other.block);
                prop_assert!(subnet.ipv6 != other.ipv6);
            }
        }
    }
    Ok(())
}

/// The allocator in the simplest way: each block of the pool in turn, against everything that is in use.
fn naive(design: &Design, observed: &Observed) -> BTreeMap<Address, Option<Block>> {
    let mut used: Vec<Block> = observed.blocks.iter().copied().chain(design.pools["main"].reserved.iter().copied()).collect();
    used.extend(observed.vpcs.values().map(|vpc| vpc.block));
    let mut placed = BTreeMap::new();
    for pins in [true, false] {
        for (address, request) in design.vpcs.iter().filter(|(_, r)| r.pinned.is_some() == pins) {
            let prefix = design.layouts[&request.layout].prefix;
            let mut candidates: Vec<Block> = (0..1 << (prefix - 20)).map(|i| block(POOL).part(prefix, i).unwrap()).collect();
            candidates.retain(|c| request.pinned.is_none_or(|pin| pin == *c));
            let live = observed.vpcs.get(address).map(|vpc| vpc.block);
            let found = live.or_else(|| candidates.into_iter().find(|c| !used.iter().any(|u| u.overlaps(*c))));
            used.extend(found);
            placed.insert(address.clone(), found);
        }
    }
    placed
}

proptest! {
    #[test]
    fn nothing_overlaps((design, observed) in any_world()) {
        check_apart(&design, &observed, &allocate(&design, &observed))?;
    }

    #[test]
    fn it_does_what_the_naive_one_does((design, observed) in any_world()) {
        let plan = allocate(&design, &observed);
        let ours: BTreeMap<_, _> = plan.vpcs.iter().map(|(a, v)| (a.clone(), Some(v.block))).chain(plan.unplaced.keys().map(|a| (a.clone(), None))).collect();
        prop_assert_eq!(ours, naive(&design, &observed));
        let pool = &plan.pools["main"];
        let units = block(POOL).size() / 16;
        let used = |b: Block| observed.blocks.iter().chain(&design.pools["main"].reserved).chain(plan.vpcs.values().map(|v| &v.block)).any(|u| u.overlaps(b));
        let free = (0..units as u32).filter(|i| !used(block(POOL).part(28, *i).unwrap())).count();
        prop_assert_eq!(pool.free.room(28), free as u64);
    }

    /// A new tier, share, zone, account or layout: live subnets never move.
    #[test]
    fn nobody_who_is_live_moves((design, observed) in any_world(), more in any_design(), zones in 1_u32..=4, share in prop::option::of(0_usize..6)) {
        let mut grown = design.clone();
        for (address, request) in &more.vpcs {
            grown.vpcs.entry(address.clone()).or_insert_with(|| Request { layout: format!("new-{}", request.layout), ..request.clone() });
        }
        grown.layouts.extend(more.layouts.iter().map(|(key, layout)| (format!("new-{key}"), layout.clone())));
        for layout in grown.layouts.values_mut() {
            layout.zones = layout.zones.max(zones);
            if let (Some(tier), Some(share)) = (layout.tiers.first_mut(), share) {
                tier.share = Share::of_percent(Share::PERCENTS[share]).unwrap();
            }
            layout.tiers.insert(0, Tier { name: "edge".to_owned(), share: Share::of_percent(6.25).unwrap() });
        }
        let plan = allocate(&grown, &observed);
        check_apart(&grown, &observed, &plan)?;
        for (address, live) in &observed.vpcs {
            let vpc = &plan.vpcs[address];
            prop_assert_eq!(vpc.block, live.block);
            let now: BTreeMap<String, Block> = vpc.cut.subnets.iter().map(|s| (s.name(), s.block)).collect();
            for (name, block) in &live.subnets {
                prop_assert_eq!(now.get(name), Some(block), "{} {}", address, name);
            }
        }
    }

    /// Once built, the same plan results again; and a removed VPC moves no other one.
    #[test]
    fn a_plan_that_was_built_is_planned_again((design, observed) in any_world(), kept in prop::collection::vec(any::<bool>(), 16)) {
        let plan = allocate(&design, &observed);
        let all = Observed { vpcs: built(&plan, &[true]), ..observed.clone() };
        let again = allocate(&design, &all);
        for (address, vpc) in &plan.vpcs {
            prop_assert_eq!((again.vpcs[address].block, &again.vpcs[address].cut), (vpc.block, &vpc.cut));
        }
        let mut fewer = design.clone();
        let keep: BTreeSet<Address> = design.vpcs.keys().zip(kept.iter().cycle()).filter(|(_, k)| **k).map(|(a, _)| a.clone()).collect();
        fewer.vpcs.retain(|address, _| keep.contains(address));
        for (address, vpc) in allocate(&fewer, &all).vpcs.iter().filter(|(_, vpc)| vpc.origin == Origin::Live) {
            prop_assert_eq!(vpc.block, again.vpcs[address].block);
        }
    }

    /// An account that cannot be read may have any block that is not pinned: only live or pinned blocks are assigned.
    #[test]
    fn nothing_is_handed_out_beside_the_unknown((design, mut observed) in any_world(), lost in any::<prop::sample::Index>()) {
        let lost = lost.get(&design.vpcs.keys().collect::<Vec<_>>()).scope().unwrap().account.clone();
        observed.vpcs.retain(|address, _| address.scope().unwrap().account != lost);
        observed.unreachable.insert(lost.clone(), "AccessDenied".to_owned());
        let chosen = design.vpcs.iter().all(|(a, request)| a.scope().unwrap().account != lost || request.pinned.is_some());
        let plan = allocate(&design, &observed);
        prop_assert!(chosen || plan.vpcs.values().all(|vpc| vpc.origin != Origin::Allocated));
        prop_assert!(!chosen || plan.unplaced.values().all(|u| u.why.is_error()));
    }

    #[test]
    fn the_order_of_what_is_taken_means_nothing(blocks in prop::collection::vec(any_block(21..=28), 0..12).prop_flat_map(|b| (Just(b.clone()), Just(b).prop_shuffle()))) {
        let taken = |blocks: &[Block]| {
            let mut free = FreeSpace::new(block(POOL));
            blocks.iter().for_each(|b| free.take(*b));
            free.blocks()
        };
        prop_assert_eq!(taken(&blocks.0), taken(&blocks.1));
    }

    #[test]
    fn blocks_print_as_they_are_read(block in any_block(20..=32)) {
        prop_assert_eq!(block.to_string().parse::<Block>(), Ok(block));
    }
}

/// New subnets avoid zones that lack services, and no such list ever moves existing ones.
#[test]
fn new_subnets_avoid_zones_and_live_ones_stay() {
    let zones: Vec<String> = (1..=4).map(|number| format!("use1-az{number}")).collect();
    let layout = |avoid: &[&str], zones| Layout { avoid_zones: avoid.iter().map(|zone| (*zone).to_owned()).collect(), zones, ..overlord() };
    let whole = block("10.2.0.0/19");
    let cut_with = |layout: &Layout, live: &BTreeMap<String, Block>| cut(whole, layout, &zones, live);
    let zones_of = |cut: &Cut| -> BTreeSet<String> { cut.subnets.iter().map(|subnet| subnet.zone.clone()).collect() };
    let set = |numbers: &[u8]| -> BTreeSet<String> { numbers.iter().map(|number| format!("use1-az{number}")).collect() };
    let nothing = BTreeMap::new();
    assert_eq!(zones_of(&cut_with(&layout(&["use1-az3"], 3), &nothing)), set(&[1, 2, 4]));
    // If there are no others, an avoided zone is better than none.
    assert_eq!(zones_of(&cut_with(&layout(&["use1-az3"], 4), &nothing)), set(&[1, 2, 3, 4]));
    let before = cut_with(&layout(&[], 3), &nothing);
    let live: BTreeMap<String, Block> = before.subnets.iter().map(|subnet| (subnet.name(), subnet.block)).collect();
    assert_eq!(cut_with(&layout(&["use1-az1", "use1-az2", "use1-az3"], 3), &live), before);
    // More zones: existing subnets stay, and new ones are in other zones.
    let two = cut_with(&layout(&[], 2), &nothing);
    let live: BTreeMap<String, Block> = two.subnets.iter().map(|subnet| (subnet.name(), subnet.block)).collect();
    let grown = cut_with(&layout(&["use1-az1", "use1-az3"], 3), &live);
    assert_eq!(zones_of(&grown), set(&[1, 2, 4]));
    assert!(two.subnets.iter().all(|subnet| grown.subnets.contains(subnet)));
}

/// A list of zones is exact: subnets are only in those zones, and existing ones keep their addresses.
#[test]
fn a_list_of_zones_is_where_subnets_are() {
    let listed = |ends: &[&str]| Layout {
        only_zones: ends.iter().map(|end| (*end).to_owned()).collect(),
        zones: ends.len() as u32,
        region: "us-east-1".to_owned(),
        ..overlord()
    };
    let all: Vec<String> = (1..=4).map(|number| format!("use1-az{number}")).collect();
    let zones_of = |cut: &Cut| -> BTreeSet<String> { cut.subnets.iter().map(|subnet| subnet.zone.clone()).collect() };
    let set = |numbers: &[u8]| -> BTreeSet<String> { numbers.iter().map(|number| format!("use1-az{number}")).collect() };
    let whole = block("10.2.0.0/19");
    let (nothing, layout) = (BTreeMap::new(), listed(&["az1", "az2", "az4"]));
    let first = cut(whole, &layout, &all, &nothing);
    assert_eq!(zones_of(&first), set(&[1, 2, 4]));
    assert_eq!(super::zones::unread(&layout), ["use1-az1", "use1-az2", "use1-az4"], "and so a plan that reads none calls them");
    // A zone that the account does not have is not replaced by another one.
    assert_eq!(zones_of(&cut(whole, &layout, &all[..3], &nothing)), set(&[1, 2]));
    let live: BTreeMap<String, Block> = first.subnets.iter().map(|subnet| (subnet.name(), subnet.block)).collect();
    let moved = cut(whole, &listed(&["az1", "az3", "az4"]), &all, &live);
    assert_eq!(zones_of(&moved), set(&[1, 3, 4]));
    let kept =
        |cut: &Cut| cut.subnets.iter().filter(|subnet| subnet.zone != "use1-az2" && subnet.zone != "use1-az3").cloned().collect::<Vec<_>>();
    assert_eq!(kept(&moved), kept(&first), "what stays keeps its addresses");
}
