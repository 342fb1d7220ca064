//! Quota usage: of the organization, as `doctor` counts it, and of the account and Region that use the most of each network quota.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::Loaded;
use crate::doctor::{InUse, in_use};
use crate::resource::organizations::Facts;
use crate::resource::{self, Live};

/// Quotas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quotas {
    /// How much of each is used.
    pub in_use: Vec<InUse>,
    /// Why open invitations are not counted among the accounts that are to come, where they could not be read.
    pub invitations_not_read: Option<String>,
}

impl Quotas {
    pub(super) fn of(loaded: &Loaded, live: &Live, facts: Option<&Facts>, invitations: Result<usize, &str>) -> Self {
        let quotas = &loaded.quotas;
        let organization = facts.map(|facts| in_use(&loaded.desired, live, facts, quotas, invitations.unwrap_or_default()));
        let networks = resource::KINDS.iter().filter_map(|kind| {
            let quota = kind.spec().quota?;
            let title = quota.title?;
            let (at, used) = most(live, kind.spec().kind, quota.zone)?;
            let most = (quota.most)(&loaded.desired.network_quotas);
            Some(InUse { quota: title.to_owned(), used, to_come: 0, most, at: Some(at) })
        });
        Self {
            in_use: organization.into_iter().flatten().chain(networks).collect(),
            invitations_not_read: invitations.err().map(str::to_owned),
        }
    }
}

/// Where the most of a kind are, of what overlord knows: by account and Region, and zone, where `zone` extracts the zone of a key.
fn most(live: &Live, kind: &str, zone: fn(&str) -> Option<&str>) -> Option<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for address in live.resources.keys().filter(|address| address.kind() == kind) {
        let Some((scope, zone)) = address.scope().zip(zone(address.key())) else { continue };
        let place = format!("{}/{}{}{zone}", scope.account, scope.region, if zone.is_empty() { "" } else { "/" });
        *counts.entry(place).or_default() += 1;
    }
    // Of several with as many, the first.
    counts.into_iter().rev().max_by_key(|(_, count)| *count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::resource::{Attributes, LiveResource};

    #[test]
    fn the_place_with_the_most_is_told() {
        let live = |addresses: &[&str]| {
            let resource = || LiveResource { id: None, attributes: Attributes::new(), ours: None, frozen: None };
            let resources = addresses.iter().map(|address| (address.parse::<Address>().unwrap(), resource()));
            Live { resources: resources.collect(), ..Live::default() }
        };
        let live = live(&[
            "a/eu-west-1/nat_gateway.one/euw1-az1",
            "a/eu-west-1/nat_gateway.one/euw1-az2",
            "a/eu-west-1/nat_gateway.two/euw1-az2",
            "a/eu-west-1/nat_gateway.three/regional",
            "a/eu-west-1/vpc.one",
            "b/eu-west-1/vpc.one",
            "b/eu-west-1/vpc.two",
            "ou.work",
        ]);
        let most = |kind: &str| most(&live, kind, resource::kind(kind).and_then(|kind| kind.spec().quota).unwrap().zone);
        assert_eq!(most("nat_gateway"), Some(("a/eu-west-1/euw1-az2".to_owned(), 2)));
        assert_eq!(most("vpc"), Some(("b/eu-west-1".to_owned(), 2)));
        assert_eq!(most("elastic_ip"), None);
    }
}
