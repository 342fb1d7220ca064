//! `[vpc.*]`: layouts must be valid for AWS and fit into their pool.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Model, repeated, tags};
use super::{missing, options, pools};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{File, Vpc, Zones};
use crate::config::span::{At, Key};
use crate::diagnostic::ByteRange;
use crate::limits::LIMITS;
use crate::network::{Connections, LARGEST, Layout, Nat, PUBLIC_TIER, Pool, SMALLEST, Share, Tier, end_of_zone, has_gateway_endpoint};
use crate::plural;

/// Zones of a layout at most: more than twice what the largest Region has.
const MOST_ZONES: u32 = 16;
/// Zones that a layout has room for when it does not say.
const ROOM_FOR_ZONES: u32 = 8;
/// Bits by which a /64 is longer than the /56 of a VPC.
const IPV6_BITS: u8 = 8;

/// The layouts that are sound, by key.
pub(super) fn read(model: &Model<'_>, pools: &BTreeMap<String, Pool>, report: &mut Report) -> BTreeMap<String, Layout> {
    let (file, mut layouts) = (model.file, BTreeMap::new());
    for (key, section) in &file.vpc {
        complete(key, section, report);
        let region = region(section, model, report);
        let pool = pool(section, file, report);
        let prefix = prefix(section, report);
        let zones = zones(section, report);
        let tiers = tiers(key, section, report);
        let nat = nat(section, tiers.as_deref(), report);
        endpoints(section, report);
        let endpoints: BTreeSet<String> = section.endpoints.iter().flat_map(|list| list.iter()).map(|name| name.value.clone()).collect();
        options::dns(section, endpoints.iter().any(|service| !has_gateway_endpoint(service)), report);
        let (dhcp, flow_log) = (options::dhcp(section, report), options::flow_log(key, section, model, report));
        tags::check_layout(&section.tags, key.at(), report);
        let (Some(region), Some(pool), Some(prefix), Some(zones), Some(tiers), Some(nat)) = (region, pool, prefix, zones, tiers, nat)
        else {
            continue;
        };
        let layout = Layout {
            region,
            pool,
            prefix,
            zones: zones.count,
            zone_bits: zones.bits,
            avoid_zones: if zones.only.is_empty() { avoid_zones(section, report) } else { BTreeSet::new() },
            only_zones: zones.only,
            nat,
            tiers,
            endpoints,
            dhcp,
            flow_log,
            dns_hostnames: section.dns_hostnames.as_ref().map(|names| names.value),
            dns_support: section.dns_support.as_ref().map(|support| support.value),
            ipv6: section.ipv6.as_ref().is_some_and(|ipv6| ipv6.value),
            connections: Connections::default(),
        };
        if has_room_for_subnets(&layout, section, report) && fits(key, &layout, section, pools, report) {
            layouts.insert(key.as_str().to_owned(), layout);
        }
    }
    layouts
}

fn complete(key: &Key, section: &Vpc, report: &mut Report) {
    let Vpc { region, pool, prefix, zones, tiers, .. } = section;
    let keys = [
        ("region", region.is_some()),
        ("pool", pool.is_some()),
        ("prefix", prefix.is_some()),
        ("zones", zones.is_some()),
        ("tiers", tiers.is_some()),
    ];
    missing(("vpc", key), &keys, "a layout needs a Region, a pool, a size and tiers", report);
}

fn region(section: &Vpc, model: &Model<'_>, report: &mut Report) -> Option<String> {
    section.region.as_ref().filter(|region| model.regions.check(region, region.at, report)).map(|region| region.value.clone())
}

fn pool(section: &Vpc, file: &File, report: &mut Report) -> Option<String> {
    let pool = section.pool.as_ref()?;
    if !file.pool.contains_key(pool.as_str()) {
        if !report.is_broken(&["pool", pool]) {
            let hint = report.suggest(pool, file.pool.keys().map(Key::as_str), &format!("declare it: [pool.{}]", pool.value));
            report.at(pool.at, Code::UnknownPool.error(format!("unknown pool `{}`", pool.value)).hint(hint));
        }
        return None;
    }
    Some(pool.value.clone())
}

fn prefix(section: &Vpc, report: &mut Report) -> Option<u8> {
    let prefix = section.prefix.as_ref()?;
    let found = u8::try_from(prefix.value).ok().filter(|prefix| (LARGEST..=SMALLEST).contains(prefix));
    if found.is_none() {
        let summary = format!("AWS takes no /{} for a VPC", prefix.value);
        report.at(prefix.at, Code::BadPrefix.error(summary).hint("write a prefix length from 16 (65536 addresses) to 28 (16 addresses)"));
    }
    found
}

/// Which zones, and the bits that distinguish them.
struct ZoneChoice {
    count: u32,
    bits: u8,
    /// The ends of the IDs of those that are listed.
    only: BTreeSet<String>,
}

fn zones(section: &Vpc, report: &mut Report) -> Option<ZoneChoice> {
    let zones = section.zones.as_ref()?;
    let (count, only) = match &zones.value {
        Zones::Count(count) => (*count, BTreeSet::new()),
        Zones::List(list) => {
            let only = listed_zones(zones.at, list, section, report)?;
            (only.len() as u32, only)
        }
    };
    let mut sound = true;
    let max = section.max_zones.as_ref();
    for (name, at, number) in [Some(("zones", zones.at, count)), max.map(|max| ("max_zones", max.at, max.value))].into_iter().flatten() {
        if !(1..=MOST_ZONES).contains(&number) {
            let diagnostic = Code::BadZones.error(format!("`{name}` cannot be {number}"));
            report.at(at, diagnostic.hint(format!("write a number from 1 to {MOST_ZONES}")));
            sound = false;
        }
    }
    let room = max.map_or(ROOM_FOR_ZONES, |most| most.value.min(MOST_ZONES).next_power_of_two());
    if sound && count > room {
        let diagnostic = Code::BadZones
            .error(format!("{}, and each tier is cut into {room} blocks", plural::count(count as usize, "zone")))
            .hint(format!("say `max_zones = {}`: subnets get smaller; or name fewer zones", count.next_power_of_two()));
        let diagnostic = match max {
            Some(most) => diagnostic.related(report.span(most.at), "because of this"),
            None => diagnostic.detail("a tier has room for 8 zones unless `max_zones` says otherwise"),
        };
        report.at(zones.at, diagnostic);
        sound = false;
    }
    sound.then_some(ZoneChoice { count, bits: room.trailing_zeros() as u8, only })
}

/// The ends of the IDs in a list of zones. A list is complete, so `avoid_zones` has no meaning with it.
fn listed_zones(at: ByteRange, list: &[At<String>], section: &Vpc, report: &mut Report) -> Option<BTreeSet<String>> {
    if let Some(avoid) = &section.avoid_zones {
        let diagnostic =
            Code::BadZones.error("`avoid_zones` together with a list of `zones`").related(report.span(at), "the zones are listed here");
        report.at(avoid.at, diagnostic.hint("leave `avoid_zones` out: subnets are in the listed zones alone"));
        return None;
    }
    if list.is_empty() {
        let diagnostic = Code::BadZones.error("`zones` lists no zone");
        report.at(at, diagnostic.hint("list at least one, as in `[\"az1\", \"az2\"]`, or write a number"));
        return None;
    }
    repeated(list, report);
    let region = section.region.as_ref().map(|region| region.value.as_str()).unwrap_or_default();
    let mut sound = true;
    let mut only = BTreeSet::new();
    for zone in list.iter() {
        match end_of_zone(zone, region) {
            Some(end) => drop(only.insert(end.to_owned())),
            None => {
                let diagnostic = Code::BadZones.error(format!("`{}` is not a zone of `{region}`", zone.value));
                report.at(zone.at, diagnostic.hint("write the end of the zone's ID, which is the same for all accounts: \"az1\""));
                sound = false;
            }
        }
    }
    sound.then_some(only)
}

/// The zones that new subnets avoid: those of the list, or those that are known to lack services.
fn avoid_zones(section: &Vpc, report: &mut Report) -> BTreeSet<String> {
    let Some(list) = &section.avoid_zones else { return LIMITS.zones.avoid.clone() };
    repeated(list, report);
    let is_zone = |text: &str| {
        let number = text.rsplit_once("-az").filter(|(region, _)| !region.is_empty()).map(|(_, number)| number);
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    for zone in list.iter().filter(|zone| !is_zone(zone)) {
        let diagnostic = Code::BadZones.error(format!("`{}` is not a zone ID", zone.value));
        report.at(zone.at, diagnostic.hint("write the ID, which is the same for all accounts: \"use1-az3\", not \"us-east-1c\""));
    }
    list.iter().map(|zone| zone.value.clone()).collect()
}

fn nat(section: &Vpc, tiers: Option<&[Tier]>, report: &mut Report) -> Option<Nat> {
    let Some(text) = &section.nat else { return Some(Nat::None) };
    let Some((_, nat)) = Nat::ALL.iter().find(|(name, _)| *name == text.as_str()) else {
        let known = Nat::ALL.map(|(name, _)| name);
        let hint = report.suggest(text, known.into_iter(), "choose one");
        report.at(text.at, Code::BadNat.error(format!("`nat` cannot be `{}`", text.value)).hint(hint));
        return None;
    };
    if nat.is_zonal() && tiers.is_some_and(|tiers| tiers.iter().all(|tier| tier.name != PUBLIC_TIER)) {
        let diagnostic = Code::BadNat
            .error(format!("`nat = \"{}\"` without a tier `{PUBLIC_TIER}`", text.value))
            .detail("these NAT gateways are in public subnets")
            .hint(format!("add `{PUBLIC_TIER} = 25` to `tiers`, or use \"regional\", which needs none, or \"none\""));
        report.at(text.at, diagnostic);
        return None;
    }
    Some(*nat)
}

/// The tiers in the order of the file: the order of their addresses in the block.
fn tiers(key: &Key, section: &Vpc, report: &mut Report) -> Option<Vec<Tier>> {
    let hint = "name its tiers and their percentages: `tiers = { public = 25, shared = 25, private = 50 }`";
    let table = section.tiers.as_ref()?;
    if table.is_empty() && !report.any_broken_below(&["vpc", key.as_str(), "tiers"]) {
        report.at(table.at, Code::MissingKey.error(format!("`vpc.{}` has no tiers, so it has no subnets", key.as_str())).hint(hint));
        return None;
    }
    let mut in_order: Vec<(&Key, &At<f64>)> = table.iter().collect();
    in_order.sort_by_key(|(key, _)| key.at());
    let mut tiers = Vec::new();
    for (name, percent) in &in_order {
        match Share::of_percent(percent.value) {
            Some(share) => tiers.push(Tier { name: name.as_str().to_owned(), share }),
            None => {
                let diagnostic = Code::BadShare
                    .error(format!("a tier cannot have {} % of the block", percent.value))
                    .detail("blocks of addresses are halved, and halved again")
                    .hint("write 100, 50, 25, 12.5, 6.25 or 3.125");
                report.at(percent.at, diagnostic);
            }
        }
    }
    let sum: f64 = tiers.iter().map(|tier| tier.share.percent()).sum();
    if tiers.len() < in_order.len() {
        return None;
    }
    if sum > 100.0 {
        let diagnostic = Code::SharesTooLarge.error(format!("the tiers take {sum} % of the block"));
        report.at(table.at, diagnostic.hint("make some smaller: together they take at most 100"));
        return None;
    }
    Some(tiers)
}

fn endpoints(section: &Vpc, report: &mut Report) {
    if let Some(list) = &section.endpoints {
        super::super::repeated(list, report);
        let well_formed =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
        for name in list.iter().filter(|name| !well_formed(name) || name.starts_with("com.")) {
            let diagnostic = Code::BadEndpoint.error(format!("`{}` is not a service with endpoints", name.value));
            report.at(name.at, diagnostic.hint("write the part after the Region in `com.amazonaws.eu-west-1.s3`: \"s3\""));
        }
    }
}

fn has_room_for_subnets(layout: &Layout, section: &Vpc, report: &mut Report) -> bool {
    let mut sound = true;
    for (tier, (_, percent)) in
        layout.tiers.iter().filter_map(|tier| Some((tier, section.tiers.as_ref()?.get_key_value(tier.name.as_str())?)))
    {
        let (prefix, room) = (layout.subnet_prefix(tier), 1_u32 << layout.zone_bits);
        let diagnostic = if prefix > SMALLEST {
            Code::SubnetTooSmall
                .error(format!("the subnets of the tier `{}` would be /{prefix}, and AWS's smallest is a /{SMALLEST}", tier.name))
                .detail(format!("a /{} × {} % ÷ {room} blocks, one for each of `max_zones`", layout.prefix, tier.share.percent()))
                .hint("give the tier more, the layout a shorter `prefix`, or say a smaller `max_zones`")
        } else if layout.ipv6 && tier.share.bits() + layout.zone_bits > IPV6_BITS {
            Code::SubnetTooSmall
                .error(format!("the tier `{}` has no /64 of IPv6 for each of its subnets", tier.name))
                .detail(format!("a VPC's /56 has 256, and {} % of them ÷ {room} blocks is less than one", tier.share.percent()))
                .hint("give the tier more, say a smaller `max_zones`, or leave `ipv6` out")
        } else {
            continue;
        };
        report.at(percent.at, diagnostic);
        sound = false;
    }
    sound
}

fn fits(key: &Key, layout: &Layout, section: &Vpc, pools: &BTreeMap<String, Pool>, report: &mut Report) -> bool {
    let (Some(pool), Some(at)) = (pools.get(&layout.pool), section.prefix.as_ref().map(|p| p.at)) else { return false };
    let free = pools::unreserved(pool);
    if free.room(layout.prefix) > 0 {
        return true;
    }
    let largest = free.largest().filter(|prefix| *prefix <= SMALLEST);
    let hint = match largest {
        Some(prefix) => {
            format!("its largest free block is a /{prefix}: write `prefix = {}` or longer, or enlarge the pool", prefix.max(LARGEST))
        }
        None => "reserve less of the pool, or enlarge it".to_owned(),
    };
    let summary = format!("a /{} for `vpc.{}` does not fit into the pool `{}`, {}", layout.prefix, key.as_str(), layout.pool, pool.cidr);
    report.at(at, Code::LayoutTooLarge.error(summary).hint(hint));
    false
}
