//! Freezes what leads to an account that was not read.

use std::collections::BTreeMap;

use super::{Route, TransitGatewayAttachment, VpcPeering};
use crate::address::{Address, Reference};
use crate::resource::organizations::Account;
use crate::resource::{Desired, Kind, Live};

/// A connection to an account that was not read stays as it is: the other side is unknown. `why` gives the reason for an account,
/// `unknown` the reason for a resource that is known only by its id.
pub(super) fn freeze(live: &mut Live, desired: &Desired, why: impl Fn(&str) -> Option<&'static str>, unknown: Option<&'static str>) {
    let hub = desired.network.gateways.transit.values().find_map(|hub| why(&hub.account));
    let account_of = |address: &Address| match address.scope() {
        Some(scope) => Some(scope.account.clone()),
        None => Account::has(address).then(|| address.key().to_owned()),
    };
    let mut frozen = BTreeMap::new();
    for (address, resource) in &mut live.resources {
        let mut leads_there = None;
        if VpcPeering::has(address) {
            leads_there = resource.attributes.references().iter().find_map(|one| match one {
                Reference::Address(there) => why(&account_of(there)?),
                Reference::Id(_) => None,
            });
        }
        if TransitGatewayAttachment::has(address) {
            leads_there = hub.filter(|_| matches!(resource.attributes.reference("transit_gateway"), Some(Reference::Id(_))));
        }
        if let Some(why) = leads_there {
            resource.frozen = Some(why.to_owned());
            frozen.insert(address.clone(), why);
        }
    }
    // A peering that another account requested is known only by its id if that account was not read.
    for (_, route) in live.resources.iter_mut().filter(|(address, _)| Route::has(address)) {
        let leads_there = match route.attributes.reference("target") {
            Some(Reference::Address(target)) => frozen.get(&target).copied(),
            Some(Reference::Id(id)) => unknown.filter(|_| id.starts_with("pcx-")),
            None => None,
        };
        if let Some(why) = leads_there {
            route.frozen = Some(why.to_owned());
        }
    }
}
