//! Networks as pools and layouts. VPCs that overlord made are recognised by their tags. VPCs created outside overlord that match a layout are
//! adopted: the accounts name them by id. All other VPCs are listed as left out.
//!
//! Either all of overlord's VPCs fit layouts, or import takes none of them: networks are read by Region, and the plan would delete a VPC of
//! overlord's that no layout names. A VPC created outside overlord is adopted only if a plan that names it has no changes.

use std::collections::BTreeMap;

use super::Left;
use crate::network::{self, Block, Connections, Design, Dhcp, FlowLog, Nat, Pool, Request, Share, Tier, vpc_address};
use crate::plan::Plan;
use crate::resource::network::{self as kinds, LiveVpc, Survey, ZONE_BITS};
use crate::resource::organizations::World;
use crate::resource::{Desired, FindingSeverity, Kind};

/// What of networks is written down.
#[derive(Debug, Default)]
pub(super) struct Networks {
    /// Pools by key.
    pub pools: BTreeMap<String, Block>,
    /// Layouts by key, with that of their pool.
    pub layouts: BTreeMap<String, (Layout, String)>,
    /// The layouts of the VPCs of each account, by the account's id.
    accounts: BTreeMap<String, Vec<String>>,
    /// The same for those created outside overlord.
    adopted: BTreeMap<String, Adopted>,
}

/// VPCs that others made, by layout: the block and the id.
pub(super) type Adopted = BTreeMap<String, (Block, String)>;

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
    /// The name of all its resources, if they are not named by tier and zone.
    pub name: Option<String>,
}

/// Layouts and the blocks of their VPCs, until all are known.
#[derive(Default)]
struct Found<'s> {
    /// By key, with the private range.
    layouts: BTreeMap<String, (Layout, &'static str)>,
    /// All blocks, each with the id of its VPC.
    blocks: Vec<(Block, &'s str)>,
    accounts: BTreeMap<String, Vec<String>>,
    adopted: BTreeMap<String, Adopted>,
}

impl Networks {
    /// Layouts for all VPCs that overlord made, or for none; and for VPCs created outside overlord that match one.
    pub(super) fn of(survey: &Survey, world: &World, left: &mut Vec<Left>) -> Self {
        match Found::of_ours(survey) {
            Ok(mut found) => {
                for vpc in survey.vpcs.iter().filter(|vpc| vpc.is_of_others()) {
                    if let Err(why) = found.adopt(survey, vpc) {
                        stranger(vpc, world, &why, left);
                    }
                }
                unread(survey, world, left);
                found.networks()
            }
            Err(why) => Self::listed(survey, world, &why, left),
        }
    }

    /// None, for that reason.
    pub(super) fn listed(survey: &Survey, world: &World, why: &str, left: &mut Vec<Left>) -> Self {
        survey.vpcs.iter().filter(|vpc| vpc.is_of_others()).for_each(|vpc| stranger(vpc, world, why, left));
        unread(survey, world, left);
        ours(survey, world, why, left);
        Self::default()
    }

    /// The keys of the layouts of an account, in order.
    pub(super) fn layouts_of(&self, account: &str) -> Vec<String> {
        self.accounts.get(account).cloned().unwrap_or_default()
    }

    /// The VPCs of an account that others made.
    pub(super) fn adopted_of(&self, account: &str) -> Adopted {
        self.adopted.get(account).cloned().unwrap_or_default()
    }
}

impl<'s> Found<'s> {
    fn of_ours(survey: &'s Survey) -> Result<Self, String> {
        let mut found = Self::default();
        for vpc in &survey.vpcs {
            let Some(key) = &vpc.layout else { continue };
            let block = block(vpc).map_err(|why| format!("`{}` {why}", vpc.id))?;
            let layout = Layout::of(vpc, block).map_err(|why| format!("`{}` {why}", vpc.id))?;
            let range = range(block);
            match found.layouts.get(key) {
                Some((first, _)) if *first != layout => return Err(format!("the VPCs of the layout `{key}` are not alike")),
                Some((_, first)) if *first != range => return Err(format!("the VPCs of the layout `{key}` are in two private ranges")),
                Some(_) => {}
                None => drop(found.layouts.insert(key.clone(), (layout, range))),
            }
            found.blocks.push((block, &vpc.id));
            found.accounts.entry(vpc.account.clone()).or_default().push(key.clone());
        }
        Ok(found)
    }

    /// Takes a VPC that others made, if it is like a layout.
    fn adopt(&mut self, survey: &Survey, vpc: &'s LiveVpc) -> Result<(), String> {
        if let Some(why) = &vpc.unlike {
            return Err(why.clone());
        }
        let block = block(vpc).map_err(|why| format!("it {why}"))?;
        if let Some((_, other)) = self.blocks.iter().find(|(other, _)| other.overlaps(block)) {
            return Err(format!("its addresses overlap with `{other}`, and VPCs in org.toml must not overlap"));
        }
        let layout = Layout { name: None, ..Layout::of(vpc, block).map_err(|why| format!("it {why}"))? };
        layout.holds(survey, vpc, block)?;
        let key = self.key(&layout, vpc, range(block));
        self.layouts.entry(key.clone()).or_insert((layout, range(block)));
        self.blocks.push((block, &vpc.id));
        self.accounts.entry(vpc.account.clone()).or_default().push(key.clone());
        self.adopted.entry(vpc.account.clone()).or_default().insert(key, (block, vpc.id.clone()));
        Ok(())
    }

    /// The layout that is the same and that the account has no VPC of, or the first key that is free: the Region, or the Region with a number.
    fn key(&self, layout: &Layout, vpc: &LiveVpc, range: &'static str) -> String {
        let has = |key: &String| self.accounts.get(&vpc.account).is_some_and(|keys| keys.contains(key));
        let same = self.layouts.iter().find(|(key, known)| **known == (layout.clone(), range) && !has(key));
        if let Some((key, _)) = same {
            return key.clone();
        }
        let numbered = (2..).map(|number| format!("{}-{number}", vpc.region));
        let free = std::iter::once(vpc.region.clone()).chain(numbered).find(|key| !self.layouts.contains_key(key));
        free.unwrap_or_default()
    }

    fn networks(self) -> Networks {
        let Self { layouts, blocks, mut accounts, adopted } = self;
        accounts.values_mut().for_each(|layouts| layouts.sort());
        let mut ranges: BTreeMap<&str, Block> = BTreeMap::new();
        for (block, _) in blocks {
            ranges.entry(range(block)).and_modify(|all| *all = all.join(block)).or_insert(block);
        }
        let lone = ranges.len() == 1;
        let pool = |range: &str| if lone { "main".to_owned() } else { range.to_owned() };
        let pools = ranges.iter().map(|(range, block)| (pool(range), *block)).collect();
        let layouts = layouts.into_iter().map(|(key, (layout, range))| (key, (layout, pool(range)))).collect();
        Networks { pools, layouts, accounts, adopted }
    }
}

fn block(vpc: &LiveVpc) -> Result<Block, &'static str> {
    vpc.cidr.parse().map_err(|_| "has no IPv4 CIDR block")
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
fn stranger(vpc: &LiveVpc, world: &World, why: &str, left: &mut Vec<Left>) {
    left.push(Left::new(subject(vpc, world), format!("a VPC that overlord did not create; {why}")));
}

fn unread(survey: &Survey, world: &World, left: &mut Vec<Left>) {
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
        let known = [kinds::DhcpOptions::SPEC.kind, kinds::EgressOnlyInternetGateway::SPEC.kind, kinds::FlowLog::SPEC.kind];
        if let Some(other) = vpc.with.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("has, or had, a resource that import does not write: `{other}`"));
        }
        let zones = vpc.subnets.iter().map(|(_, zone, _)| zone).collect::<std::collections::BTreeSet<_>>().len();
        let (zone_bits, tiers) = ZONE_BITS
            .into_iter()
            .filter(|bits| zones <= 1 << bits)
            .find_map(|bits| Some((bits, tiers(vpc, block, bits)?)))
            .ok_or("is divided as no layout can be")?;
        let nat = match (vpc.has_regional_nat_gateway, vpc.zonal_nat_gateways) {
            (true, 0) => "regional",
            (false, 0) => "none",
            (false, count) if count == zones => "per-zone",
            (false, 1) => "single",
            (true | false, _) => return Err("has NAT gateways that no layout can have".to_owned()),
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

    /// Whether a VPC created outside overlord has everything that the layout needs.
    fn holds(&self, survey: &Survey, vpc: &LiveVpc, block: Block) -> Result<(), String> {
        const KEY: &str = "it";
        let (Some(layout), address) = (self.design(KEY), vpc_address(&vpc.account, &vpc.region, KEY)) else {
            return Err("its tiers do not fit a layout".to_owned());
        };
        let places = network::cut(block, &layout, &[], &BTreeMap::new()).tiers;
        let lies = |(tier, _, cidr): &(String, String, String)| {
            places.iter().any(|place| place.tier == *tier && cidr.parse().is_ok_and(|subnet| place.block.contains(subnet)))
        };
        if !vpc.subnets.iter().all(lies) {
            return Err("its tiers have gaps, and those of a layout follow each other from the first address on".to_owned());
        }
        let request = Request { layout: KEY.to_owned(), pinned: Some(block), id: Some(vpc.id.clone()), tags: BTreeMap::new() };
        let design = Design {
            pools: [(KEY.to_owned(), Pool { cidr: block, reserved: [].into() })].into(),
            layouts: [(KEY.to_owned(), layout)].into(),
            vpcs: [(address, request)].into(),
            ..Design::default()
        };
        let live = survey.live(&vpc.account, &vpc.region, &design);
        let plan = Plan::build(&Desired { network: design, ..Desired::default() }, &live);
        let error = || plan.findings.iter().find(|finding| finding.severity == FindingSeverity::Error);
        match plan.changes.first() {
            Some(change) => {
                let (kind, name) = (change.address.kind(), change.address.key().trim_start_matches("it/"));
                Err(format!("it almost matches a layout, except for `{kind}.{name}`: {}", change.reason))
            }
            None => error().map_or(Ok(()), |error| Err(error.summary.clone())),
        }
    }

    /// As the address plan knows it.
    fn design(&self, pool: &str) -> Option<network::Layout> {
        let tier = |(name, percent): &(String, f64)| Some(Tier { name: name.clone(), share: Share::of_percent(*percent)? });
        Some(network::Layout {
            region: self.region.clone(),
            pool: pool.to_owned(),
            prefix: self.prefix,
            zones: u32::try_from(self.zones).ok()?,
            zone_bits: self.zone_bits,
            only_zones: Default::default(),
            avoid_zones: Default::default(),
            nat: Nat::ALL.into_iter().find(|(name, _)| *name == self.nat)?.1,
            tiers: self.tiers.iter().map(tier).collect::<Option<_>>()?,
            endpoints: self.endpoints.iter().cloned().collect(),
            dhcp: self.dhcp.clone().map(|(name_servers, domain_name)| Dhcp { name_servers, domain_name }),
            flow_log: self.flow_log.clone().map(|(destination, traffic, interval)| FlowLog { destination, traffic, interval }),
            dns_hostnames: None,
            dns_support: None,
            ipv6: self.ipv6,
            connections: Connections::default(),
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
        let mut survey = Survey::default();
        survey.vpcs = vpcs;
        Found::of_ours(&survey).map(Found::networks)
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
