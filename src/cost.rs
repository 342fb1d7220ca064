//! What networks cost a month, before and after a plan: list prices of resources that AWS charges by the hour. Pure.
//!
//! Counted are NAT gateways, public IPv4 addresses, interface endpoints, attachments to transit gateways and VPN connections, if overlord
//! manages them. Data transfer and charges per gigabyte are not counted: a configuration does not say how much traffic there is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use crate::prices::{HOURS, Item, Overrides, PRICES, Prices, Rates, Source, Usd};

use crate::address::{Address, Scope};
use crate::change::{Action, Change};
use crate::network::{Layout, Nat, Unmanaged, has_gateway_endpoint};
use crate::resource::network::{NatGateway, Subnet, VPN_ADDRESSES};
use crate::resource::{self, Attributes, Kind, LiveResource, Price};

/// The NAT modes that are compared.
pub const COMPARED: [Nat; 3] = [Nat::PerZone, Nat::Single, Nat::Regional];

/// What is paid in a month.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bill {
    /// By item.
    pub items: BTreeMap<Item, Line>,
    /// All of it.
    pub total: Usd,
}

/// One item of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Line {
    /// How many, of an endpoint in each of its zones.
    pub units: u64,
    /// US dollars a month.
    pub usd: Usd,
}

/// What one account costs a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Share {
    /// Before the plan.
    pub before: Usd,
    /// After the plan.
    pub after: Usd,
}

/// The networks' cost a month, before and after a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// When the built-in prices were collected, `YYYY-MM-DD`.
    pub prices_of: String,
    /// Before the plan.
    pub before: Bill,
    /// After the plan.
    pub after: Bill,
    /// The accounts that cost something before or after, by key.
    pub accounts: BTreeMap<String, Share>,
    /// What `after` would be if all VPCs with a NAT gateway used one of these modes.
    pub with_nat: BTreeMap<Nat, Usd>,
    /// Unmanaged resources in the accounts and Regions that were read, in neither sum above.
    #[serde(default, skip_serializing_if = "Bill::is_empty")]
    pub unmanaged: Bill,
}

impl Bill {
    /// Whether there are no costs.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn add(&mut self, item: Item, units: u64, rate: Usd) {
        let usd = rate.monthly(units);
        let line = self.items.entry(item).or_default();
        *line = Line { units: line.units + units, usd: line.usd + usd };
        self.total = self.total + usd;
    }
}

/// The same with unmanaged resources: NAT gateways, public addresses and interface endpoints that overlord does not manage, or no longer.
pub fn beside(cost: Option<Cost>, unmanaged: &BTreeMap<Scope, Unmanaged>, prices: &Overrides) -> Option<Cost> {
    let mut bill = Bill::default();
    for (scope, Unmanaged { nat_gateways, addresses, interfaces }) in unmanaged {
        let units = [(Item::NatGateway, nat_gateways), (Item::PublicAddress, addresses), (Item::InterfaceEndpoint, interfaces)];
        for (item, units) in units.into_iter().filter(|(_, units)| **units > 0) {
            bill.add(item, *units, prices.rate(&scope.region, item));
        }
    }
    if bill.is_empty() {
        return cost;
    }
    let nothing = || Cost { prices_of: PRICES.date.clone(), ..Cost::default() };
    Some(Cost { unmanaged: bill, ..cost.unwrap_or_else(nothing) })
}

/// The cost before and after `changes`; `None` if there are no costs.
pub fn of(observed: &BTreeMap<Address, LiveResource>, changes: &[Change], prices: &Overrides) -> Option<Cost> {
    let changes = || changes.iter().filter(|change| matters(&change.address));
    let changed: BTreeSet<&Address> = changes().map(|change| &change.address).filter(|address| observed.contains_key(address)).collect();
    let live = || observed.iter().filter(|(address, _)| matters(address)).map(|(address, live)| (address, &live.attributes));
    let kept = live().filter(|(address, _)| !changed.contains(address));
    let made = changes().filter(|change| change.action != Action::Delete);
    let made = made.filter_map(|change| Some((&change.address, change.after.as_ref()?)));
    let (before, after) = (Side::of(live(), prices), Side::of(kept.chain(made), prices));
    let mut accounts: BTreeMap<String, Share> = BTreeMap::new();
    for (account, usd) in before.accounts {
        accounts.entry(account.to_owned()).or_default().before = usd;
    }
    for (account, usd) in &after.accounts {
        accounts.entry((*account).to_owned()).or_default().after = *usd;
    }
    let nothing = before.bill.total == Usd::ZERO && after.bill.total == Usd::ZERO;
    let with_nat = COMPARED.iter().filter_map(|nat| Some((*nat, after.bill.total - after.nat + *after.with_nat.get(nat)?))).collect();
    (!nothing).then(|| Cost {
        prices_of: PRICES.date.clone(),
        before: before.bill,
        after: after.bill,
        accounts,
        with_nat,
        unmanaged: Bill::default(),
    })
}

/// What one VPC of a layout costs a month, in each NAT mode that it can have.
pub fn of_layout(layout: &Layout, prices: &Overrides) -> BTreeMap<Nat, Usd> {
    let zones = u64::from(layout.zones);
    let interfaces = layout.endpoints.iter().filter(|service| !has_gateway_endpoint(service)).count() as u64;
    let rate = |item| prices.rate(&layout.region, item);
    let (attachments, vpns) = (u64::from(layout.connections.attach.is_some()), u64::from(layout.connections.vpn.is_some()));
    let rest = rate(Item::InterfaceEndpoint).monthly(interfaces * zones)
        + rate(Item::TransitGatewayAttachment).monthly(attachments)
        + rate(Item::VpnConnection).monthly(vpns)
        + rate(Item::PublicAddress).monthly(vpns * VPN_ADDRESSES);
    let possible = |nat: &Nat| layout.has_public_tier() || !nat.is_zonal();
    let ways = COMPARED.into_iter().chain([Nat::None]).filter(possible);
    ways.map(|nat| (nat, rest + nat_usd(gateways(nat, zones), &layout.region, prices))).collect()
}

/// How many NAT gateways, each with an address, are paid for in a VPC.
fn gateways(nat: Nat, zones: u64) -> u64 {
    match nat {
        // A regional one is paid for in every zone that it is active in.
        Nat::PerZone | Nat::Regional => zones,
        Nat::Single => zones.min(1),
        Nat::None => 0,
    }
}

fn nat_usd(gateways: u64, region: &str, prices: &Overrides) -> Usd {
    prices.rate(region, Item::NatGateway).monthly(gateways) + prices.rate(region, Item::PublicAddress).monthly(gateways)
}

/// Whether a resource has a price, or decides what another one costs.
fn matters(address: &Address) -> bool {
    resource::spec(address).is_some_and(|spec| spec.price.is_some()) || Subnet::has(address)
}

/// One of the two sides of a plan.
#[derive(Default)]
struct Side<'a> {
    bill: Bill,
    accounts: BTreeMap<&'a str, Usd>,
    /// The part that NAT costs, and what it would be in other modes.
    nat: Usd,
    with_nat: BTreeMap<Nat, Usd>,
}

impl<'a> Side<'a> {
    fn of(resources: impl Iterator<Item = (&'a Address, &'a Attributes)>, prices: &Overrides) -> Self {
        let mut side = Self::default();
        let mut zones: BTreeMap<Vpc<'_>, BTreeSet<&str>> = BTreeMap::new();
        let mut paid: Vec<(&Address, &Attributes, Price)> = Vec::new();
        for (address, attributes) in resources {
            if Subnet::has(address) {
                zones.entry(vpc(address)).or_default().insert(zone(address));
            }
            if let Some(price) = resource::spec(address).and_then(|spec| spec.price) {
                paid.push((address, attributes, price));
            }
        }
        let mut with_nat: BTreeMap<Vpc<'_>, (&str, u64)> = BTreeMap::new();
        for (address, attributes, price) in paid {
            let Some(scope) = address.scope() else { continue };
            let zones = zones.get(&vpc(address)).map_or(1, |zones| zones.len() as u64);
            let units = price(attributes, zones);
            side.add(address, &units, prices);
            if NatGateway::has(address) {
                let gateways = units.iter().filter(|(item, _)| *item == Item::NatGateway).map(|(_, units)| units).sum();
                side.nat = side.nat + nat_usd(gateways, &scope.region, prices);
                with_nat.insert(vpc(address), (&scope.region, zones));
            }
        }
        side.compare(with_nat.values(), prices);
        side
    }

    /// What these VPCs would cost in each NAT mode: their Regions and numbers of zones.
    fn compare<'v>(&mut self, vpcs: impl Iterator<Item = &'v (&'v str, u64)>, prices: &Overrides) {
        for (region, zones) in vpcs {
            for nat in COMPARED {
                let usd = self.with_nat.entry(nat).or_default();
                *usd = *usd + nat_usd(gateways(nat, *zones), region, prices);
            }
        }
    }

    fn add(&mut self, address: &'a Address, units: &[(Item, u64)], prices: &Overrides) {
        let Some(scope) = address.scope() else { return };
        for (item, units) in units {
            let usd = prices.rate(&scope.region, *item).monthly(*units);
            let line = self.bill.items.entry(*item).or_default();
            *line = Line { units: line.units + units, usd: line.usd + usd };
            self.bill.total = self.bill.total + usd;
            let account = self.accounts.entry(&scope.account).or_default();
            *account = *account + usd;
        }
    }
}

/// A VPC, by where it is and its layout.
type Vpc<'a> = (Option<&'a Scope>, &'a str);

/// The VPC that something belongs to: its layout's key begins every key in it. Read from addresses, for there are many subnets.
fn vpc(address: &Address) -> Vpc<'_> {
    (address.scope(), address.key().split('/').next().unwrap_or_default())
}

/// The zone at the end of a subnet's key: `euw1-az1`. It is enough to distinguish the zones of one VPC.
fn zone(address: &Address) -> &str {
    let key = address.key();
    key.rmatch_indices('-').nth(1).and_then(|(hyphen, _)| key.get(hyphen + 1..)).unwrap_or(key)
}

#[cfg(test)]
mod tests;
