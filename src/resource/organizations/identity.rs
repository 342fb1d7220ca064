//! Matches live resources to the addresses of the configuration. Pure.
//!
//! Accounts are matched by pinned id or e-mail, OUs by the path of their names, policies by type and name (invariant 8). A resource that
//! is not found this way may have been renamed: then its tag, or the former name of a `[[moved]]`, identifies it, among resources that
//! match nothing else. If one resource takes the name that another gives up, their tags decide: see [`Siblings`], and for OUs that
//! exchange their names [`Holdings`].

use std::collections::{BTreeMap, BTreeSet};

use super::swapped::Holdings;
use super::world::{Wanted, World, type_name};
use super::{AccountAttributes, organization_address};
use crate::address::{Address, Reference};
use crate::resource::{Desired, Finding, FindingSeverity};

/// The bound pairs, both ways.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Identity {
    ids: BTreeMap<Address, String>,
    addresses: BTreeMap<String, Address>,
    /// Resources that have a desired resource's name but may be another one that is not found by its name: only tags decide.
    doubtful: BTreeSet<String>,
    /// Ambiguous resources.
    pub findings: Vec<Finding>,
}

impl Identity {
    /// Binds as much as `world` allows: more once tags were read.
    pub fn of(desired: &Desired, wanted: &Wanted, world: &World) -> Self {
        let mut identity = Self::default();
        identity.bind(&organization_address(), &world.root);
        identity.bind_policies(desired, wanted, world);
        identity.bind_accounts(desired, wanted, world);
        // Their contents may distinguish them.
        identity.bind_units(desired, wanted, world);
        identity
    }

    /// AWS's id of a bound address.
    pub fn id(&self, address: &Address) -> Option<&str> {
        self.ids.get(address).map(String::as_str)
    }

    /// The address of a live resource.
    pub fn address(&self, id: &str) -> Option<&Address> {
        self.addresses.get(id)
    }

    /// Whether only its tags say which one it is.
    pub fn is_doubtful(&self, id: &str) -> bool {
        self.doubtful.contains(id)
    }

    /// Unbound live accounts that a desired and unbound one may turn out to be: all of them if one is missing. Name and e-mail may both
    /// have changed. Then only the tag prevents a second account, which would exist for 90 days. An account that is to leave is missing
    /// for good once it has left, so only accounts with its name are considered.
    pub fn account_candidates<'a>(&self, desired: &Desired, wanted: &Wanted, world: &'a World) -> Vec<&'a str> {
        let is_missing = |address: &Address| self.id(address).is_none() && !desired.pinned.contains_key(address);
        let missing: Vec<&AccountAttributes> =
            wanted.accounts.iter().filter(|(address, _)| is_missing(address)).map(|(_, account)| account).collect();
        if missing.is_empty() {
            return Vec::new();
        }
        let may_be = |name: &str| missing.iter().any(|account| account.leaves.is_none() || account.name.as_deref() == Some(name));
        let unbound = world.accounts.iter().filter(|(id, _)| self.address(id).is_none());
        let unbound = unbound.filter(|(_, account)| may_be(&account.name));
        unbound.map(|(id, _)| id.as_str()).collect()
    }

    fn bind(&mut self, address: &Address, id: &str) {
        if let Some(other) = self.addresses.get(id) {
            let summary = format!("it is the same as `{other}`: both are recognised as `{id}`");
            self.findings.push(Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary });
            return;
        }
        self.addresses.insert(id.to_owned(), address.clone());
        self.ids.insert(address.clone(), id.to_owned());
    }

    /// The one of `candidates` that is `address` under another name. Candidates are ids with their names.
    fn renamed(&mut self, desired: &Desired, world: &World, address: &Address, candidates: &[(&str, &str)]) -> Option<String> {
        let former = desired.moved.get(address);
        let tagged = |id: &str| is_tagged(desired, world, address, id);
        let named = |name: &str| former.is_some_and(|former| former.names.iter().any(|known| same_name(known, name)));
        let free = || candidates.iter().filter(|(id, _)| self.address(id).is_none());
        let by_tag = free().filter(|(id, _)| tagged(id)).map(|(id, _)| *id).collect::<Vec<_>>();
        let found = match by_tag.is_empty() {
            true => free().filter(|(_, name)| named(name)).map(|(id, _)| *id).collect(),
            false => by_tag,
        };
        match found.as_slice() {
            [] => None,
            [id] => Some((*id).to_owned()),
            several => {
                let summary = format!("it may be any of {}: give all but one of them another `overlord:address` tag", list(several));
                self.findings.push(Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary });
                None
            }
        }
    }

    /// From the root down, since an OU is searched under its bound parent.
    fn bind_units(&mut self, desired: &Desired, wanted: &Wanted, world: &World) {
        let mut wanted_under: BTreeMap<&Address, Vec<(&Address, &str)>> = BTreeMap::new();
        for (address, unit) in &wanted.units {
            if let Reference::Address(parent) = &unit.parent {
                wanted_under.entry(parent).or_default().push((address, &unit.name));
            }
        }
        let mut live_under: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (id, unit) in &world.units {
            live_under.entry(&unit.parent).or_default().push((id, &unit.name));
        }
        let organization = organization_address();
        let holdings = Holdings::of(self, wanted, world);
        let mut parents = vec![&organization];
        while let Some(parent) = parents.pop() {
            let wanted = wanted_under.remove(parent).unwrap_or_default();
            let live = self.id(parent).and_then(|id| live_under.get(id)).map(Vec::as_slice).unwrap_or_default();
            self.bind_siblings(desired, world, &wanted, live, Some(&holdings));
            parents.extend(wanted.iter().map(|(address, _)| *address).filter(|address| self.id(address).is_some()));
        }
    }

    fn bind_policies(&mut self, desired: &Desired, wanted: &Wanted, world: &World) {
        let mut live: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (id, policy) in world.policies.iter().filter(|(_, policy)| !policy.aws_managed) {
            live.entry(&policy.policy_type).or_default().push((id, &policy.name));
        }
        let mut wanted_of: BTreeMap<&str, Vec<(&Address, &str)>> = BTreeMap::new();
        for (address, policy) in &wanted.policies {
            wanted_of.entry(type_name(policy)).or_default().push((address, &policy.name));
        }
        for (name, wanted) in wanted_of {
            let live = live.get(name).map(Vec::as_slice).unwrap_or_default();
            self.bind_siblings(desired, world, &wanted, live, None);
        }
    }

    /// Resources with unique names: the desired and the live ones, each with its name; and their contents, if those may distinguish them.
    fn bind_siblings<'a>(
        &mut self,
        desired: &Desired,
        world: &World,
        wanted: &[(&'a Address, &'a str)],
        live: &[(&'a str, &'a str)],
        holdings: Option<&Holdings<'a>>,
    ) {
        let mut siblings = Siblings::by_name(wanted, live);
        let mut doubtful = siblings.by_tag(live, |address, id| is_tagged(desired, world, address, id), wanted);
        if let Some(holdings) = holdings {
            let has = |address: &Address, id: &str| is_tagged(desired, world, address, id);
            let is_alone = |address: &Address| live.iter().filter(|(id, _)| has(address, id)).count() == 1;
            let tagged = |id: &str| wanted.iter().map(|(address, _)| *address).find(|address| has(address, id) && is_alone(address));
            doubtful.extend(holdings.exchange(&mut siblings.ids, tagged));
        }
        self.doubtful.extend(doubtful.into_iter().map(str::to_owned));
        for (address, id) in siblings.ids {
            self.bind(address, id);
        }
        for (address, _) in wanted {
            if self.id(address).is_none()
                && let Some(id) = self.renamed(desired, world, address, live)
            {
                self.bind(address, &id);
            }
        }
    }

    fn bind_accounts(&mut self, desired: &Desired, wanted: &Wanted, world: &World) {
        let by_email = by_email(world);
        for (address, account) in &wanted.accounts {
            let id = match (desired.pinned.get(address), &account.email) {
                (Some(id), _) => match world.accounts.contains_key(id) {
                    true => Some(id),
                    false if wanted.is_invited(address) => None,
                    // It has left.
                    false if account.leaves.is_some() => None,
                    false => {
                        let summary = format!("the account `{id}` is not in the organization: add `invite = true`, or remove its `id`");
                        self.findings.push(Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary });
                        None
                    }
                },
                (None, Some(email)) => {
                    let same = by_email.get(&email.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default();
                    self.twins(address, same, &format!("have the e-mail `{email}`"), world);
                    same.first().copied()
                }
                (None, None) => None,
            };
            if let Some(id) = id {
                self.bind(address, id);
            }
        }
        // A live account is recognised by its former e-mail; OUs and policies by their former name.
        let candidates = self.account_candidates(desired, wanted, world);
        let emails: Vec<(&str, &str)> = candidates.iter().filter_map(|id| Some((*id, world.accounts.get(*id)?.email.as_str()))).collect();
        for (address, account) in &wanted.accounts {
            if self.id(address).is_some() || desired.pinned.contains_key(address) {
                continue;
            }
            if let Some(id) = self.renamed(desired, world, address, &emails) {
                self.bind(address, &id);
            } else if wanted.is_invited(address) {
                // It exists already, and is none of these.
            } else if let Some(id) = account.name.as_deref().and_then(|name| self.namesake(world, &candidates, name)) {
                let summary = match account.leaves {
                    None => format!("a new account is planned, and `{id}` already has this name with another e-mail"),
                    Some(_) => {
                        format!("no account has its e-mail, so it is taken to have left; `{id}` has its name: if that is it, give its `id`")
                    }
                };
                self.findings.push(Finding { severity: FindingSeverity::Warning, subject: address.to_string(), summary });
            }
        }
        self.tagged_twins(desired, wanted, world);
    }

    /// Two live accounts with one address: an answer was lost, or somebody copied a tag. Only the user knows which one is meant.
    fn twins(&mut self, address: &Address, ids: &[&String], what: &str, world: &World) {
        let open: Vec<&str> = ids
            .iter()
            .filter(|id| world.accounts.get(**id).is_some_and(|account| account.frozen().is_none()))
            .map(|id| id.as_str())
            .collect();
        if open.len() < 2 {
            return;
        }
        let summary = format!(
            "{} live accounts {what}: {}; write the `id` of the one to keep into org.toml, and close the other",
            open.len(),
            list(&open)
        );
        self.findings.push(Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary });
    }

    /// Accounts whose tag names the address of another live account, as far as tags were read.
    fn tagged_twins(&mut self, desired: &Desired, wanted: &Wanted, world: &World) {
        let unbound = world.accounts.keys().filter(|id| self.address(id).is_none());
        let mut tagged: BTreeMap<Address, Vec<&String>> = BTreeMap::new();
        for id in unbound {
            let Some(address) = world.address_tag(id).and_then(|tag| tag.parse::<Address>().ok()) else { continue };
            if wanted.accounts.contains_key(&address) && !desired.pinned.contains_key(&address) {
                tagged.entry(address).or_default().push(id);
            }
        }
        for (address, mut ids) in tagged {
            let Some(bound) = self.id(&address).and_then(|id| world.accounts.get_key_value(id)) else { continue };
            // Two accounts with one e-mail are already reported.
            let same = |id: &&String| world.accounts.get(*id).is_some_and(|account| same_name(&account.email, &bound.1.email));
            ids.retain(|id| !same(id));
            if !ids.is_empty() {
                ids.insert(0, bound.0);
                self.twins(&address, &ids, "are tagged as this one", world);
            }
        }
    }

    fn namesake<'a>(&self, world: &World, candidates: &[&'a str], name: &str) -> Option<&'a str> {
        let same = |id: &str| self.address(id).is_none() && world.accounts.get(id).is_some_and(|account| account.name == name);
        candidates.iter().copied().find(|id| same(id))
    }
}

/// Resources with unique names: the OUs under one parent, the policies of one type. Which live one is which desired one.
struct Siblings<'a> {
    ids: BTreeMap<&'a Address, &'a str>,
}

impl<'a> Siblings<'a> {
    fn by_name(wanted: &[(&'a Address, &'a str)], live: &[(&'a str, &'a str)]) -> Self {
        let by_name: BTreeMap<&str, &str> = live.iter().map(|(id, name)| (*name, *id)).collect();
        Self { ids: wanted.iter().filter_map(|(address, name)| Some((*address, *by_name.get(name)?))).collect() }
    }

    /// Follows each live one whose name is not desired to the desired one in its tag. The live one with that name may be another desired
    /// one in turn, and so on, until a name is reached that no live one has. So names are only ever passed on to a free one, and AWS can
    /// make the renames one after the other. Returns those whose tags matter, known or not.
    fn by_tag(
        &mut self,
        live: &[(&'a str, &'a str)],
        is_tagged: impl Fn(&Address, &str) -> bool,
        wanted: &[(&'a Address, &'a str)],
    ) -> BTreeSet<&'a str> {
        let mut doubtful = BTreeSet::new();
        let named: BTreeSet<&str> = self.ids.values().copied().collect();
        for (surplus, _) in live.iter().filter(|(id, _)| !named.contains(id)) {
            let mut id = *surplus;
            let mut passed: BTreeMap<&Address, &str> = BTreeMap::new();
            while let Some((address, _)) = wanted.iter().find(|(address, _)| is_tagged(address, id)) {
                let alone = live.iter().filter(|(other, _)| is_tagged(address, other)).count() == 1;
                if !alone || passed.insert(address, id).is_some() {
                    break;
                }
                match self.ids.get(address) {
                    Some(holder) => id = holder,
                    // Only one is renamed, and nothing takes its name.
                    None => {
                        self.ids.extend(passed.into_iter().filter(|_| id != *surplus));
                        break;
                    }
                }
                doubtful.insert(id);
            }
        }
        doubtful
    }
}

/// The accounts by e-mail, case-insensitive; with the same e-mail, usable ones come first.
fn by_email(world: &World) -> BTreeMap<String, Vec<&String>> {
    let mut found: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for (id, account) in &world.accounts {
        found.entry(account.email.to_ascii_lowercase()).or_default().push(id);
    }
    found.values_mut().for_each(|ids| ids.sort_by_key(|id| world.accounts.get(*id).is_some_and(|account| account.frozen().is_some())));
    found
}

/// Whether overlord's tag has that address, or its address before a `[[moved]]`.
fn is_tagged(desired: &Desired, world: &World, address: &Address, id: &str) -> bool {
    let former = desired.moved.get(address).map(|former| &former.address);
    world.address_tag(id).is_some_and(|tag| [Some(address), former].into_iter().flatten().any(|known| known.to_string() == tag))
}

/// E-mails are compared case-insensitively, as in AWS; names exactly.
fn same_name(a: &str, b: &str) -> bool {
    a == b || (a.contains('@') && a.eq_ignore_ascii_case(b))
}

pub(crate) fn list(items: &[&str]) -> String {
    items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}
