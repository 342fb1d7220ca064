//! The Regions of all accounts, shared until they change, and older versions of them for stale reads.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::places::Place;
use super::region::Region;

/// A Region as it was, oldest first, each with the world time at which it was replaced.
type Past = VecDeque<(u64, Arc<Region>)>;

/// The Regions with writes, by account and name. A clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Regions {
    by_account: BTreeMap<String, BTreeMap<String, Arc<Region>>>,
    /// By account and name.
    past: BTreeMap<(String, String), Past>,
}

/// Regions are equal when they are; how they came to be so is no part of them.
impl PartialEq for Regions {
    fn eq(&self, other: &Self) -> bool {
        self.by_account == other.by_account
    }
}

impl Serialize for Regions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plain = |regions: &'_ BTreeMap<String, Arc<Region>>| -> BTreeMap<String, Region> {
            regions.iter().map(|(name, region)| (name.clone(), Region::clone(region))).collect()
        };
        serializer.collect_map(self.by_account.iter().map(|(account, regions)| (account, plain(regions))))
    }
}

impl<'de> Deserialize<'de> for Regions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let plain = BTreeMap::<String, BTreeMap<String, Region>>::deserialize(deserializer)?;
        let shared = |regions: BTreeMap<String, Region>| regions.into_iter().map(|(name, region)| (name, Arc::new(region))).collect();
        let by_account = plain.into_iter().map(|(account, regions)| (account, shared(regions))).collect();
        Ok(Self { by_account, past: BTreeMap::new() })
    }
}

impl Regions {
    /// Whether none has writes.
    pub fn is_empty(&self) -> bool {
        self.by_account.is_empty()
    }

    /// Every Region with writes: account, name, Region.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Region)> {
        self.by_account
            .iter()
            .flat_map(|(account, regions)| regions.iter().map(move |(name, region)| (account.as_str(), name.as_str(), &**region)))
    }

    /// The Regions of an account with writes, by name.
    pub fn of_account(&self, account: &str) -> impl Iterator<Item = (&str, &Region)> {
        self.by_account.get(account).into_iter().flatten().map(|(name, region)| (name.as_str(), &**region))
    }

    /// A Region as it is.
    pub(in crate::sandbox) fn get(&self, seed: u64, place: &Place) -> Arc<Region> {
        let kept = self.by_account.get(&place.account).and_then(|regions| regions.get(place.region.name));
        kept.cloned().unwrap_or_else(|| Arc::new(Region::born(seed, place)))
    }

    /// Whether a Region has no writes.
    pub(in crate::sandbox) fn is_untouched(&self, place: &Place) -> bool {
        !self.by_account.get(&place.account).is_some_and(|regions| regions.contains_key(place.region.name))
    }

    /// A Region as it was at a world time not later than now.
    pub(in crate::sandbox) fn get_past(&self, seed: u64, place: &Place, time_ms: u64) -> Arc<Region> {
        let past = self.past.get(&(place.account.clone(), place.region.name.to_owned()));
        let then = past.into_iter().flatten().find(|(replaced_ms, _)| *replaced_ms > time_ms);
        then.map_or_else(|| self.get(seed, place), |(_, region)| Arc::clone(region))
    }

    /// Takes a Region out, to change it and put it back.
    pub(in crate::sandbox) fn take(&mut self, seed: u64, place: &Place) -> Arc<Region> {
        let kept = self.by_account.get_mut(&place.account).and_then(|regions| regions.remove(place.region.name));
        kept.unwrap_or_else(|| Arc::new(Region::born(seed, place)))
    }

    /// Puts a Region in.
    pub(in crate::sandbox) fn put(&mut self, place: &Place, region: Arc<Region>) -> &mut Region {
        let regions = self.by_account.entry(place.account.clone()).or_default();
        let kept = regions.entry(place.region.name.to_owned()).or_default();
        *kept = region;
        Arc::make_mut(kept)
    }

    /// Remembers a Region as it was until now, and forgets what is older than `keep_ms`.
    pub(in crate::sandbox) fn remember(&mut self, place: &Place, region: Arc<Region>, now_ms: u64, keep_ms: u64) {
        let past = self.past.entry((place.account.clone(), place.region.name.to_owned())).or_default();
        past.push_back((now_ms, region));
        while past.front().is_some_and(|(replaced_ms, _)| replaced_ms + keep_ms < now_ms) {
            past.pop_front();
        }
    }
}
