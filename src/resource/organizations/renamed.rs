//! New accounts that look like existing ones under another key. An account that overlord created carries the address that it had then. If
//! that address is no longer in org.toml and a new account is planned, the key was probably renamed without a `[[moved]]`. A second
//! account would exist for at least 90 days, so overlord detects this before it creates one. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Account;
use super::identity::Identity;
use super::world::{Wanted, World};
use crate::address::{Address, Reference};
use crate::resource::{Desired, Kind};

/// From this similarity on (Jaro-Winkler), two keys count as two spellings of one.
const SIMILAR: f64 = 0.8;
/// How many keys on each side are compared for single accounts: one pair is enough to stop, and all pairs of 5,000 would take seconds.
const COMPARED: usize = 500;

/// A key that looks renamed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rename {
    /// The address that `[[moved]]` would name as `from`, such as `team.payments`.
    pub from: String,
    /// The one that it would name as `to`.
    pub to: String,
    /// The accounts that exist under the old key and are planned again under the new one.
    pub accounts: Vec<RenamedAccount>,
}

/// An account that exists under an old key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RenamedAccount {
    /// Its 12-digit id.
    pub id: String,
    /// Its address, as its tag has it.
    pub from: Address,
    /// The address of the new account that is planned.
    pub to: Address,
}

impl Rename {
    /// The block that is missing in org.toml.
    pub fn block(&self) -> String {
        format!("[[moved]]\nfrom = \"{}\"\nto = \"{}\"\n", self.from, self.to)
    }
}

/// The keys that look renamed, in order.
pub(super) fn renames(desired: &Desired, wanted: &Wanted, world: &World, identity: &Identity) -> Vec<Rename> {
    let mut search = Search::new(desired, wanted, world, identity);
    let mut found = search.teams();
    found.extend(search.single());
    found.sort();
    found
}

struct Search<'a> {
    desired: &'a Desired,
    wanted: &'a Wanted,
    world: &'a World,
    identity: &'a Identity,
    /// Keys of accounts that are to be created.
    new: BTreeSet<&'a str>,
    /// Live accounts by the key in their tag, if org.toml does not have it.
    old: BTreeMap<&'a str, &'a str>,
}

impl<'a> Search<'a> {
    fn new(desired: &'a Desired, wanted: &'a Wanted, world: &'a World, identity: &'a Identity) -> Self {
        let is_new =
            |address: &&Address| identity.id(address).is_none() && !desired.pinned.contains_key(*address) && !wanted.is_invited(address);
        let staying = wanted.accounts.iter().filter(|(_, account)| account.leaves.is_none()).map(|(address, _)| address);
        let new = staying.filter(is_new).map(Address::key).collect();
        let known: BTreeSet<&str> = wanted.accounts.keys().map(Address::key).collect();
        let open = world.accounts.iter().filter(|(id, account)| identity.address(id).is_none() && account.frozen().is_none());
        let old =
            open.filter_map(|(id, _)| Some((world.address_tag(id)?.strip_prefix(Account::SPEC.kind)?.strip_prefix('.')?, id.as_str())));
        // Anyone may write a tag: what is not a valid key in org.toml cannot be in a `[[moved]]`.
        let is_key = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let old = old.filter(|(key, _)| is_key(key) && !known.contains(key)).collect();
        Self { desired, wanted, world, identity, new, old }
    }

    /// Teams without any account under their own key, paired with teams that have accounts and are missing in org.toml.
    fn teams(&mut self) -> Vec<Rename> {
        let mut pairs: Vec<(usize, u32, &str, &str)> = Vec::new();
        for (team, stages) in &self.desired.teams {
            if stages.iter().any(|stage| self.identity.id(&Account::address(format!("{team}-{stage}"))).is_some()) {
                continue;
            }
            let mut matched: BTreeMap<&str, usize> = BTreeMap::new();
            for stage in stages {
                let suffix = format!("-{stage}");
                let former = self.old.keys().filter_map(|key| key.strip_suffix(suffix.as_str()));
                former
                    .filter(|former| !self.desired.teams.contains_key(*former))
                    .for_each(|former| *matched.entry(former).or_default() += 1);
            }
            pairs.extend(matched.into_iter().map(|(former, stages)| (stages, alike(former, team), former, team.as_str())));
        }
        // The best pair first: a team has one former key, and a former key one team.
        pairs.sort_by_key(|(stages, alike, former, team)| (Reverse(*stages), Reverse(*alike), *former, *team));
        let (mut from, mut to) = (BTreeSet::new(), BTreeSet::new());
        let mut found = Vec::new();
        for (_, _, former, team) in pairs {
            if from.contains(former) || to.contains(team) {
                continue;
            }
            let stages = self.desired.teams.get(team).into_iter().flatten();
            let keys: Vec<(String, String)> = stages.map(|stage| (format!("{former}-{stage}"), format!("{team}-{stage}"))).collect();
            let accounts: Vec<RenamedAccount> = keys.iter().filter_map(|(old, new)| self.take(old, new)).collect();
            if !accounts.is_empty() {
                from.insert(former);
                to.insert(team);
                found.push(Rename { from: format!("team.{former}"), to: format!("team.{team}"), accounts });
            }
        }
        found
    }

    /// Accounts that no renamed team explains, each with the most similar old one.
    fn single(&mut self) -> Vec<Rename> {
        let mut pairs: Vec<(u32, &str, &str)> = Vec::new();
        for new in self.new.iter().take(COMPARED) {
            let likely = self.old.iter().take(COMPARED).filter(|(old, id)| self.may_be(new, old, id));
            pairs.extend(likely.map(|(old, _)| (alike(old, new), *old, *new)));
        }
        pairs.sort_by_key(|(alike, old, new)| (Reverse(*alike), *old, *new));
        let taken = pairs.into_iter().filter_map(|(_, old, new)| {
            let account = self.take(old, new)?;
            Some(Rename { from: account.from.to_string(), to: account.to.to_string(), accounts: vec![account] })
        });
        taken.collect()
    }

    /// Removes a pair from the rest.
    fn take(&mut self, old: &str, new: &str) -> Option<RenamedAccount> {
        let id = *self.old.get(old).filter(|_| self.new.contains(new))?;
        self.old.remove(old);
        self.new.remove(new);
        Some(RenamedAccount { id: id.to_owned(), from: Account::address(old), to: Account::address(new) })
    }

    /// Whether the live account may be the new one: by its name, its place, its team or its key.
    fn may_be(&self, new: &str, old: &str, id: &str) -> bool {
        let (Some(wanted), Some(live)) = (self.wanted.accounts.get(&Account::address(new)), self.world.accounts.get(id)) else {
            return false;
        };
        let named = wanted.name.as_deref() == Some(live.name.as_str());
        let parent = match &wanted.parent {
            Some(Reference::Address(parent)) => self.identity.id(parent),
            Some(Reference::Id(id)) => Some(id.as_str()),
            None => None,
        };
        let placed = parent.is_some() && live.parent.as_deref() == parent;
        let of_team = |team: &&String| new.strip_prefix(team.as_str()).is_some_and(|rest| rest.starts_with('-'));
        let teamed = self.desired.teams.keys().filter(of_team).any(|team| old.strip_prefix(team).is_some_and(|rest| rest.starts_with('-')));
        named || placed || teamed || strsim::jaro_winkler(old, new) >= SIMILAR
    }
}

/// The similarity of two keys, in thousandths.
fn alike(one: &str, other: &str) -> u32 {
    (strsim::jaro_winkler(one, other) * 1000.0) as u32
}
