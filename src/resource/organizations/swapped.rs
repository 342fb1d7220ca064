//! OUs under one parent that exchange their names, when every name already exists: which OU is which. Pure.
//!
//! By their names alone, overlord would move the contents of such OUs instead. The result is the same: the contents and attachments of
//! each OU are as org.toml says. So overlord's tags decide, but only if fewer resources then move from one OU to another. It reads the
//! tags only if an OU contains more of a sibling's contents than of the contents that its own name is to have: that is so in every such
//! cycle.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::Identity;
use super::world::{Wanted, World};
use crate::address::{Address, Reference};
use crate::limits::LIMITS;

/// The contents of an OU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    /// In it or below it, by id.
    Account(&'a str),
    /// Directly below it, by name.
    Unit(&'a str),
    /// Attached to it, by id.
    Policy(&'a str),
}

/// How many resources, the accounts first: an OU's identity is mostly in its accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Count {
    accounts: usize,
    others: usize,
}

impl Count {
    fn and(self, other: Self) -> Self {
        Self { accounts: self.accounts + other.accounts, others: self.others + other.others }
    }
}

type Things<'a> = BTreeSet<Thing<'a>>;

/// For OUs under one parent: which live one is which desired one.
type Ids<'a> = BTreeMap<&'a Address, &'a str>;

/// The desired and the live contents of OUs.
pub(super) struct Holdings<'a> {
    wanted: BTreeMap<&'a Address, Things<'a>>,
    there: BTreeMap<&'a str, Things<'a>>,
}

impl<'a> Holdings<'a> {
    /// `identity` has the accounts and policies bound.
    pub fn of(identity: &Identity, wanted: &'a Wanted, world: &'a World) -> Self {
        let mut holdings = Self { wanted: BTreeMap::new(), there: BTreeMap::new() };
        for (address, account) in &wanted.accounts {
            let member = identity.id(address).and_then(|id| world.accounts.get_key_value(id));
            let (Some((id, member)), Some(parent)) = (member, &account.parent) else { continue };
            let thing = Thing::Account(id);
            lineage(wanted, parent).for_each(|unit| holdings.wanted.entry(unit).or_default().extend([thing]));
            let lies_in = member.parent.iter().flat_map(|parent| world.lineage(parent));
            lies_in.for_each(|unit| holdings.there.entry(unit).or_default().extend([thing]));
        }
        for unit in wanted.units.values() {
            if let Reference::Address(parent) = &unit.parent {
                holdings.wanted.entry(parent).or_default().insert(Thing::Unit(&unit.name));
            }
        }
        for unit in world.units.values() {
            holdings.there.entry(&unit.parent).or_default().insert(Thing::Unit(&unit.name));
        }
        for set in wanted.attachments.values() {
            let Reference::Address(target) = &set.target else { continue };
            let ids = set.policies.iter().filter_map(|policy| match policy {
                Reference::Address(policy) => identity.id(policy).and_then(|id| world.policies.get_key_value(id)),
                Reference::Id(id) => world.policies.get_key_value(id),
            });
            holdings.wanted.entry(target).or_default().extend(ids.map(|(id, _)| Thing::Policy(id)));
        }
        for (id, policy) in &world.policies {
            policy.targets.iter().for_each(|target| holdings.there.entry(target).or_default().extend([Thing::Policy(id)]));
        }
        holdings
    }

    /// Binds OUs that exchange their names so that they keep their contents. `ids` has them by name. `tagged` returns the OU that a live
    /// one's tag names, if it is known and unique. Returns those whose tags matter, known or not.
    pub fn exchange(&self, ids: &mut Ids<'a>, tagged: impl Fn(&str) -> Option<&'a Address>) -> BTreeSet<&'a str> {
        let mut doubtful = BTreeSet::new();
        for first in self.in_doubt(ids) {
            let Some(circle) = circle(first, ids, &tagged, &mut doubtful) else { continue };
            let held = |ids: &Ids<'a>| {
                let counts = circle.keys().filter_map(|address| Some(self.shared(address, ids.get(address)?)));
                counts.fold(Count::default(), Count::and)
            };
            if held(&circle) > held(ids) {
                ids.extend(circle);
            }
        }
        doubtful
    }

    /// The live OUs with contents for a sibling, if they have more of them than their own namesake is to have.
    fn in_doubt(&self, ids: &Ids<'a>) -> Vec<&'a str> {
        let mut surplus: BTreeMap<Thing<'a>, Vec<(&'a Address, &'a str)>> = BTreeMap::new();
        for (&address, &id) in ids {
            only_in(self.there.get(id), self.wanted.get(address)).for_each(|thing| surplus.entry(thing).or_default().push((address, id)));
        }
        if surplus.is_empty() {
            return Vec::new();
        }
        let mut found = BTreeSet::new();
        for (&address, &id) in ids {
            let missing = only_in(self.wanted.get(address), self.there.get(id));
            let elsewhere: BTreeSet<_> = missing.filter_map(|thing| surplus.get(&thing)).flatten().collect();
            let in_doubt = elsewhere.into_iter().filter(|(namesake, id)| self.shared(address, id) > self.shared(namesake, id));
            found.extend(in_doubt.map(|(_, id)| *id));
        }
        found.into_iter().collect()
    }

    /// How much of a desired OU's contents a live one has.
    fn shared(&self, address: &Address, id: &str) -> Count {
        let (Some(wanted), Some(there)) = (self.wanted.get(address), self.there.get(id)) else { return Count::default() };
        let accounts = wanted.intersection(there).filter(|thing| matches!(thing, Thing::Account(_))).count();
        Count { accounts, others: wanted.intersection(there).count() - accounts }
    }
}

/// Follows tags and names: from a live OU to the desired one that its tag names, then to the live one with that name, and so on until the
/// first is reached again; `None` if it is not. `passed` gets the live ones on the way.
fn circle<'a>(
    first: &'a str,
    ids: &Ids<'a>,
    tagged: impl Fn(&str) -> Option<&'a Address>,
    passed: &mut BTreeSet<&'a str>,
) -> Option<Ids<'a>> {
    let mut circle = Ids::new();
    let mut id = first;
    loop {
        passed.insert(id);
        let address = tagged(id)?;
        if circle.insert(address, id).is_some() {
            return None;
        }
        id = ids.get(address).copied()?;
        if id == first {
            return Some(circle);
        }
    }
}

fn only_in<'t, 'a>(these: Option<&'t Things<'a>>, those: Option<&'t Things<'a>>) -> impl Iterator<Item = Thing<'a>> + 't {
    these.into_iter().flatten().copied().filter(move |thing| those.is_none_or(|those| !those.contains(thing)))
}

/// A desired OU and those above it.
fn lineage<'a>(wanted: &'a Wanted, parent: &Reference) -> impl Iterator<Item = &'a Address> {
    let unit = |parent: &Reference| match parent {
        Reference::Address(address) => wanted.units.get_key_value(address),
        Reference::Id(_) => None,
    };
    std::iter::successors(unit(parent), move |(_, of)| unit(&of.parent)).map(|(address, _)| address).take(LIMITS.quotas.ou_depth)
}

#[cfg(test)]
#[path = "swapped_tests.rs"]
mod tests;
