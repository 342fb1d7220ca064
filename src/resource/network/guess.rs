//! Describes an unmanaged VPC as a layout. Pure. This is a guess: only a plan shows whether it is right.

use std::collections::{BTreeMap, BTreeSet};

use super::survey::LiveVpc;
use super::world::{Subnet, World};
use crate::network::{Block, PUBLIC_TIER, has_gateway_endpoint};

/// How many bits of a subnet's address may encode its zone in a layout; the usual number first.
pub const ZONE_BITS: [u8; 5] = [3, 2, 1, 0, 4];

/// The tier of subnets that are not reachable from the internet.
const PRIVATE_TIER: &str = "private";

/// Fills in its contents.
///
/// # Errors
/// Why no layout matches it.
pub(super) fn describe(live: &mut LiveVpc, world: &World) -> Result<(), String> {
    if live.ipv6 {
        return Err("it has IPv6 addresses, which an import does not adopt in an unmanaged VPC".to_owned());
    }
    let subnets: BTreeMap<&str, &Subnet> =
        world.subnets.iter().filter(|(_, subnet)| subnet.vpc == live.id).map(|(id, subnet)| (id.as_str(), subnet)).collect();
    if subnets.is_empty() {
        return Err("it has no subnets".to_owned());
    }
    let tiers = ZONE_BITS.into_iter().find_map(|bits| tiers(&subnets, bits));
    let tiers = tiers.ok_or("no layout divides a VPC like this: a tier has equal subnets side by side, one in each zone of the VPC")?;
    let tables: BTreeMap<&str, &str> =
        world.route_tables.iter().flat_map(|(id, table)| table.subnets.iter().map(|subnet| (subnet.as_str(), id.as_str()))).collect();
    let is_public = |subnet: &str| {
        let table = tables.get(subnet).and_then(|table| world.route_tables.get(*table));
        table.is_some_and(|table| world.leads_out(table))
    };
    let (mut public, mut private) = (0_usize, 0_usize);
    for tier in tiers {
        let name = match tier.iter().filter(|(id, _)| is_public(id)).count() {
            0 => {
                private += 1;
                if private == 1 { PRIVATE_TIER.to_owned() } else { format!("{PRIVATE_TIER}-{private}") }
            }
            reached if reached == tier.len() => {
                public += 1;
                PUBLIC_TIER.to_owned()
            }
            _ => return Err("only some subnets of a tier are reachable from the internet".to_owned()),
        };
        live.subnets.extend(tier.iter().map(|(_, subnet)| (name.clone(), subnet.zone.clone(), subnet.cidr.clone())));
    }
    if public > 1 {
        return Err("several tiers are reachable from the internet, and a layout can have one".to_owned());
    }
    let gateways = || world.nat_gateways.values().filter(|gateway| gateway.vpc == live.id);
    live.has_regional_nat_gateway = gateways().any(|gateway| gateway.is_regional);
    live.zonal_nat_gateways = gateways().filter(|gateway| !gateway.is_regional).count();
    if live.zonal_nat_gateways > 0 && public == 0 {
        return Err("its NAT gateways are in no tier that is reachable from the internet".to_owned());
    }
    let used: BTreeSet<&str> = subnets.keys().filter_map(|subnet| tables.get(subnet).copied()).collect();
    let everywhere = |tables: &BTreeSet<String>| tables.iter().map(String::as_str).eq(used.iter().copied());
    let endpoints = world.endpoints.values().filter(|endpoint| endpoint.vpc == live.id && endpoint.endpoint_type == "Gateway");
    let endpoints = endpoints.filter(|endpoint| has_gateway_endpoint(&endpoint.service) && everywhere(&endpoint.route_tables));
    live.endpoints = endpoints.map(|endpoint| endpoint.service.clone()).collect();
    Ok(())
}

/// The subnets by tier, if so many bits encode the zone: each tier has as many zones as the VPC.
fn tiers<'w>(subnets: &BTreeMap<&'w str, &'w Subnet>, zone_bits: u8) -> Option<Vec<Vec<(&'w str, &'w Subnet)>>> {
    let zones: BTreeSet<&str> = subnets.values().map(|subnet| subnet.zone.as_str()).collect();
    let mut tiers: BTreeMap<Block, Vec<(&str, &Subnet)>> = BTreeMap::new();
    for (id, subnet) in subnets {
        let block: Block = subnet.cidr.parse().ok()?;
        tiers.entry(block.around(block.prefix().checked_sub(zone_bits)?)?).or_default().push((id, subnet));
    }
    let has_all = |tier: &Vec<(&str, &Subnet)>| {
        let here: BTreeSet<&str> = tier.iter().map(|(_, subnet)| subnet.zone.as_str()).collect();
        tier.len() == here.len() && here == zones
    };
    tiers.values().all(has_all).then(|| tiers.into_values().collect())
}
