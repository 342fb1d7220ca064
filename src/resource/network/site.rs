//! One account in one Region, read and bound independently of all others.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;

use super::bind::{self, Bound};
use super::rehearsal::Place;
use super::scope::{self, Reading};
use super::{ENABLED, Region, RegionAttributes};
use crate::address::{Address, Scope};
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::{Desired, Keep, Kind, LiveResource, untyped};

/// How many accounts and Regions are read at a time. AWS's rates apply to each of them separately, so more is faster until the request
/// gate is full. Each one holds the answers of its 8 calls.
pub(super) const AT_A_TIME: usize = 256;

/// How many if each needs only one call, which makes as many requests.
pub(super) const AT_A_TIME_ONCE: usize = 8 * AT_A_TIME;

/// An account in a Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Site {
    pub scope: Scope,
    /// Its id.
    pub account: String,
}

impl Site {
    /// An error of a call here. The role is assumed from outside.
    pub fn error(&self, error: Error) -> Error {
        error.with_role_in(&self.account, Some(&self.scope.region))
    }
}

/// The Regions in which networks are read.
pub(super) fn regions(desired: &Desired) -> BTreeSet<&str> {
    if desired.selection.reads_networks() { desired.network.regions() } else { BTreeSet::new() }
}

/// An account in each Region, including those that only this account enables.
pub(super) fn sites(desired: &Desired, regions: &BTreeSet<&str>, key: &str, id: &str) -> Vec<Site> {
    let own = desired.selection.reads_networks().then(|| desired.network.opted_in.get(key)).flatten();
    let regions: BTreeSet<&str> = regions.iter().copied().chain(own.into_iter().flatten().map(String::as_str)).collect();
    let scope = |region: &&str| Scope { account: key.to_owned(), region: (*region).to_owned() };
    regions.iter().map(|region| Site { scope: scope(region), account: id.to_owned() }).collect()
}

/// The result of a read.
#[derive(Clone)]
pub(super) enum Answer {
    Taken(Box<Taken>),
    /// Connections can be bound only once everything is read.
    Connected(Box<Reading>),
}

/// Reads a site, and binds it as far as possible.
pub(super) fn read<'a>(sessions: &'a Sessions, desired: &'a Desired, keep: Keep, site: Site) -> BoxFuture<'a, (Site, AwsResult<Answer>)> {
    Box::pin(async move {
        let reading = scope::read(sessions, desired, &site.scope, &site.account).await.map_err(|error| site.error(error));
        let answer = reading.map(|reading| Answer::of(&site, desired, keep, reading));
        (site, answer)
    })
}

impl Answer {
    /// Binds what was read at a site, as far as possible.
    pub fn of(site: &Site, desired: &Desired, keep: Keep, reading: Reading) -> Self {
        match reading.world.extras.connected.asked {
            true => Self::Connected(Box::new(reading)),
            false => Self::Taken(Box::new(Taken::of(site, desired, keep, reading, &BTreeMap::new()))),
        }
    }
}

/// The bound resources of an account and Region.
#[derive(Clone)]
pub(super) struct Taken {
    /// Whether it is an opt-in Region that the account has not enabled.
    pub not_enabled: bool,
    pub bound: Bound,
    pub kept: Option<Place>,
}

impl Taken {
    pub fn of(site: &Site, desired: &Desired, keep: Keep, reading: Reading, shared: &BTreeMap<String, Address>) -> Self {
        let scope = &site.scope;
        let Reading { region, world } = &reading;
        let not_enabled = region.as_ref().is_some_and(|status| status != ENABLED);
        let mut bound = match not_enabled {
            true => Bound::default(),
            false => bind::bind(scope, &desired.network, world, shared),
        };
        if let Some(status) = region.clone().filter(|_| desired.network.enables(scope)) {
            let region = LiveResource {
                id: Some(scope.region.clone()),
                attributes: untyped(&RegionAttributes { status }),
                ours: None,
                frozen: None,
            };
            bound.resources.insert(Region::address_within(scope.clone(), "main"), region);
        }
        Self { not_enabled, bound, kept: Place::kept(site, keep, reading) }
    }
}

impl Place {
    pub fn kept(site: &Site, keep: Keep, Reading { region, world }: Reading) -> Option<Self> {
        let place = || Self { account: site.account.clone(), region: site.scope.region.clone(), status: region, world };
        (keep == Keep::Worlds).then(place)
    }
}
