//! Which zones an account has: read only if a subnet is to be created. Otherwise the live subnets show the zones. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Scope;
use crate::network::{Design, Layout, Observed, ObservedVpc};

/// The zones that the allocator needs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Zones {
    /// The accounts and Regions in which a subnet is to be created in a zone without one.
    pub to_read: BTreeSet<Scope>,
    /// The others with a VPC, by the zones of its subnets.
    pub known: BTreeMap<Scope, Vec<String>>,
}

impl Zones {
    /// The zones known from the reads so far, and those still to read.
    pub fn of(design: &Design, observed: &Observed, is_planned: impl Fn(&str) -> bool) -> Self {
        let mut zones = Self::default();
        let mut live: BTreeMap<Scope, BTreeSet<&str>> = BTreeMap::new();
        for (address, request) in &design.vpcs {
            let (Some(scope), Some(layout)) = (address.scope(), design.layouts.get(&request.layout)) else { continue };
            if !is_planned(&scope.account) {
                continue;
            }
            let here = observed.vpcs.get(address).map(|vpc| lived_in(vpc, layout)).unwrap_or_default();
            if layout.asks_for_more_than(&here) {
                zones.to_read.insert(scope.clone());
            }
            live.entry(scope.clone()).or_default().extend(here);
        }
        for (scope, here) in live.into_iter().filter(|(scope, _)| !zones.to_read.contains(scope)) {
            let mut here: Vec<String> = here.into_iter().map(str::to_owned).collect();
            sort(&mut here);
            zones.known.insert(scope, here);
        }
        zones
    }
}

/// The zones in which a VPC has a subnet of a tier of its layout.
fn lived_in<'o>(vpc: &'o ObservedVpc, layout: &Layout) -> BTreeSet<&'o str> {
    let zone = |name: &'o String| layout.tiers.iter().find_map(|tier| name.strip_prefix(tier.name.as_str())?.strip_prefix('-'));
    vpc.subnets.keys().filter_map(zone).collect()
}

/// In the order of their numbers: `use1-az10` comes after `use1-az9`.
pub(super) fn sort(zones: &mut [String]) {
    let number = |zone: &str| zone.rsplit_once("az").and_then(|(_, number)| number.parse::<u32>().ok());
    zones.sort_by(|a, b| number(a).cmp(&number(b)).then_with(|| a.cmp(b)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_ordered_by_their_numbers() {
        let mut zones = ["use1-az10", "use1-az2", "use1-az1"].map(str::to_owned);
        sort(&mut zones);
        assert_eq!(zones, ["use1-az1", "use1-az2", "use1-az10"]);
    }
}
