//! The networks that overlord made before, as pools and layouts: from the VPCs' own tags, and what lies in them. Others are named as left:
//! overlord takes over nobody's VPC.
//!
//! Either all of overlord's VPCs fit layouts, or none is taken: networks are read by Region, and what of ours no layout named would be planned
//! as deletions.

use std::collections::BTreeMap;

use super::Left;
use crate::network::{Block, Share};
use crate::resource::network::{LiveVpc, Survey};
use crate::resource::organizations::World;

/// What of networks is written down.
#[derive(Debug, Default)]
pub(super) struct Networks {
    /// Pools by key.
    pub pools: BTreeMap<String, Block>,
    /// Layouts by key, with that of their pool.
    pub layouts: BTreeMap<String, (Layout, String)>,
    /// The layouts of the VPCs of each account, by the account's id.
    accounts: BTreeMap<String, Vec<String>>,
}

/// What a VPC looks like.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub region: String,
    pub prefix: u8,
    pub zones: usize,
    pub zone_bits: u8,
    /// With their percentages, in the order of their addresses.
    pub tiers: Vec<(String, f64)>,
    pub nat: &'static str,
    pub endpoints: Vec<String>,
    pub ipv6: bool,
    pub dhcp: Option<(Vec<String>, Option<String>)>,
    pub flow_log: Option<(String, String, u32)>,
    /// What all that it consists of is called, where that is not its own tier and zone.
    pub name: Option<String>,
}

/// Bits of a subnet's address that tell its zone, as layouts may have them; the usual one first.
const ZONE_BITS: [u8; 5] = [3, 2, 1, 0, 4];

impl Networks {
    /// Layouts for all that overlord made, or none at all.
    pub(super) fn of(survey: &Survey, world: &World, left: &mut Vec<Left>) -> Self {
        strangers(survey, world, left);
        match Self::fit(survey) {
            Ok(networks) => networks,
            Err(why) => {
                ours(survey, world, &why, left);
                Self::default()
            }
        }
    }

    /// None, for that reason.
    pub(super) fn listed(survey: &Survey, world: &World, why: &str, left: &mut Vec<Left>) -> Self {
        strangers(survey, world, left);
        ours(survey, world, why, left);
        Self::default()
    }

    /// The keys of the layouts of an account, in order.
    pub(super) fn layouts_of(&self, account: &str) -> Vec<String> {
        self.accounts.get(account).cloned().unwrap_or_default()
    }

    fn fit(survey: &Survey) -> Result<Self, String> {
        let mut networks = Self::default();
        let mut ranges: BTreeMap<&str, Block> = BTreeMap::new();
        let mut placed: BTreeMap<&str, (Layout, &'static str)> = BTreeMap::new();
        for vpc in &survey.vpcs {
            let Some(key) = &vpc.layout else { continue };
            let block = vpc.cidr.parse::<Block>().map_err(|_| format!("`{}` has no block of IPv4 addresses", vpc.id))?;
            let layout = Layout::of(vpc, block).map_err(|why| format!("`{}` {why}", vpc.id))?;
            let range = range(block);
            match placed.get(key.as_str()) {
                Some((first, _)) if *first != layout => return Err(format!("the VPCs of the layout `{key}` are not alike")),
                Some((_, first)) if *first != range => return Err(format!("the VPCs of the layout `{key}` are in two private ranges")),
                Some(_) => {}
                None => drop(placed.insert(key, (layout, range))),
            }
            ranges.entry(range).and_modify(|all| *all = all.join(block)).or_insert(block);
            networks.accounts.entry(vpc.account.clone()).or_default().push(key.clone());
        }
        networks.accounts.values_mut().for_each(|layouts| layouts.sort());
        let lone = ranges.len() == 1;
        let pool = |range: &str| if lone { "main".to_owned() } else { range.to_owned() };
        networks.pools = ranges.iter().map(|(range, block)| (pool(range), *block)).collect();
        networks.layouts = placed.into_iter().map(|(key, (layout, range))| (key.to_owned(), (layout, pool(range)))).collect();
        Ok(networks)
    }
}

/// The key of a pool: one for each private range, so that no two overlap.
fn range(block: Block) -> &'static str {
    match block.first().to_be_bytes() {
        [10, ..] => "net-10",
        [172, ..] => "net-172",
        [192, ..] => "net-192",
        [100, ..] => "net-100",
        _ => "others",
    }
}

fn account(world: &World, id: &str) -> String {
    world.accounts.get(id).map_or_else(|| id.to_owned(), |account| format!("{id}, {}", account.name))
}

fn subject(vpc: &LiveVpc, world: &World) -> String {
    format!("{} ({}, {}, {})", vpc.id, account(world, &vpc.account), vpc.region, vpc.cidr)
}

/// Those that AWS made are no news.
fn strangers(survey: &Survey, world: &World, left: &mut Vec<Left>) {
    for vpc in survey.vpcs.iter().filter(|vpc| vpc.layout.is_none() && !vpc.is_default) {
        left.push(Left::new(subject(vpc, world), "a VPC that overlord did not make, and takes over none"));
    }
    for (id, region, why) in &survey.unread {
        left.push(Left::new(format!("networks of {} in {region}", account(world, id)), why.clone()));
    }
}

fn ours(survey: &Survey, world: &World, why: &str, left: &mut Vec<Left>) {
    for vpc in &survey.vpcs {
        if let Some(layout) = &vpc.layout {
            left.push(Left::new(subject(vpc, world), format!("a VPC that overlord made after its layout `{layout}`; {why}")));
        }
    }
}

impl Layout {
    fn of(vpc: &LiveVpc, block: Block) -> Result<Self, String> {
        // What connects VPCs needs sections of its own.
        let known = ["dhcp_options", "egress_only_internet_gateway", "flow_log"];
        if let Some(other) = vpc.with.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("has, or had, what an import does not write: `{other}`"));
        }
        let zones = vpc.subnets.iter().map(|(_, zone, _)| zone).collect::<std::collections::BTreeSet<_>>().len();
        let (zone_bits, tiers) = ZONE_BITS
            .into_iter()
            .filter(|bits| zones <= 1 << bits)
            .find_map(|bits| Some((bits, tiers(vpc, block, bits)?)))
            .ok_or("is cut as no layout is")?;
        let nat = match (vpc.has_regional_nat_gateway, vpc.zonal_nat_gateways) {
            (true, 0) => "regional",
            (false, 0) => "none",
            (false, count) if count == zones => "per-zone",
            (false, 1) => "single",
            (true | false, _) => return Err("has NAT gateways as no layout has".to_owned()),
        };
        Ok(Self {
            region: vpc.region.clone(),
            prefix: block.prefix(),
            zones,
            zone_bits,
            tiers,
            nat,
            endpoints: vpc.endpoints.iter().cloned().collect(),
            ipv6: vpc.ipv6,
            dhcp: vpc.dhcp.clone(),
            flow_log: vpc.flow_log.clone(),
            name: vpc.name.clone().filter(|name| Some(name) != vpc.layout.as_ref()),
        })
    }
}

/// The tiers of a block, if each of them is so many parts of it, and they lie apart.
fn tiers(vpc: &LiveVpc, whole: Block, zone_bits: u8) -> Option<Vec<(String, f64)>> {
    let mut places: BTreeMap<&str, Block> = BTreeMap::new();
    for (tier, _, cidr) in &vpc.subnets {
        let subnet: Block = cidr.parse().ok()?;
        let place = subnet.around(subnet.prefix().checked_sub(zone_bits)?).filter(|place| whole.contains(*place))?;
        if *places.entry(tier).or_insert(place) != place {
            return None;
        }
    }
    let mut tiers: Vec<(Block, &str)> = places.into_iter().map(|(tier, place)| (place, tier)).collect();
    tiers.sort_unstable();
    let apart = tiers.windows(2).all(|pair| matches!(pair, [(one, _), (other, _)] if !one.overlaps(*other)));
    let percent = |place: Block| Share::PERCENTS.get(usize::from(place.prefix().checked_sub(whole.prefix())?)).copied();
    let shares: Option<Vec<_>> = tiers.iter().map(|(place, tier)| Some(((*tier).to_owned(), percent(*place)?))).collect();
    shares.filter(|shares| apart && !shares.is_empty() && shares.iter().map(|(_, share)| share).sum::<f64>() <= 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vpc(subnets: &[(&str, &str, &str)]) -> LiveVpc {
        let text = |(a, b, c): &(&str, &str, &str)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned());
        LiveVpc {
            account: "222222222222".to_owned(),
            region: "eu-west-1".to_owned(),
            id: "vpc-1".to_owned(),
            cidr: "10.2.0.0/19".to_owned(),
            layout: Some("standard".to_owned()),
            subnets: subnets.iter().map(text).collect(),
            ..LiveVpc::default()
        }
    }

    fn found(vpcs: Vec<LiveVpc>) -> Result<Networks, String> {
        Networks::fit(&Survey { vpcs, unread: Vec::new() })
    }

    const STANDARD: [(&str, &str, &str); 4] = [
        ("public", "euw1-az1", "10.2.0.0/24"),
        ("public", "euw1-az2", "10.2.1.0/24"),
        ("private", "euw1-az1", "10.2.16.0/23"),
        ("private", "euw1-az2", "10.2.18.0/23"),
    ];

    #[test]
    fn a_cut_is_recognised() {
        let networks = found(vec![LiveVpc { zonal_nat_gateways: 1, ..vpc(&STANDARD) }]).unwrap();
        let (layout, pool) = &networks.layouts["standard"];
        assert_eq!((layout.prefix, layout.zones, layout.zone_bits, layout.nat, pool.as_str()), (19, 2, 3, "single", "main"));
        assert_eq!(layout.tiers, [("public".to_owned(), 25.0), ("private".to_owned(), 50.0)]);
        assert_eq!(networks.layouts_of("222222222222"), ["standard"]);
    }

    #[test]
    fn fewer_zones_are_recognised_by_where_the_tiers_lie() {
        let subnets =
            [("public", "euw1-az1", "10.2.0.0/21"), ("private", "euw1-az1", "10.2.8.0/21"), ("private", "euw1-az2", "10.2.12.0/22")];
        assert!(found(vec![vpc(&subnets)]).is_err(), "a tier's parts are equal");
        let subnets =
            [("public", "euw1-az1", "10.2.0.0/21"), ("public", "euw1-az2", "10.2.8.0/21"), ("private", "euw1-az1", "10.2.16.0/21")];
        let networks = found(vec![vpc(&subnets)]).unwrap();
        assert_eq!(networks.layouts["standard"].0.zone_bits, 1);
    }

    #[test]
    fn what_is_not_alike_is_left() {
        let other = LiveVpc { ipv6: true, cidr: "10.2.0.0/19".to_owned(), ..vpc(&STANDARD) };
        assert!(found(vec![vpc(&STANDARD), other]).unwrap_err().contains("not alike"));
        let connected = LiveVpc { with: ["vpc_peering".to_owned()].into(), ..vpc(&STANDARD) };
        assert!(found(vec![connected]).unwrap_err().contains("vpc_peering"));
    }
}
