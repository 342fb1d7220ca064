//! Which live thing is which address of the configuration. Pure.
//!
//! Accounts by pinned id or e-mail, OUs by the path of their names, policies by type and name (invariant 8). What is not found so may
//! have been renamed: then its tag, or the former name of a `[[moved]]`, tells; among those that nothing else claims.

use std::collections::BTreeMap;

use super::organization_address;
use super::world::{Wanted, World, type_name};
use crate::address::{Address, Reference};
use crate::resource::{Desired, Finding, FindingSeverity};

/// The bound pairs, both ways.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Identity {
    ids: BTreeMap<Address, String>,
    addresses: BTreeMap<String, Address>,
    /// What could not be told apart.
    pub findings: Vec<Finding>,
}

impl Identity {
    /// Binds as much as `world` allows: more once tags were read.
    pub fn of(desired: &Desired, wanted: &Wanted, world: &World) -> Self {
        let mut identity = Self::default();
        identity.bind(&organization_address(), &world.root);
        identity.bind_units(desired, wanted, world);
        identity.bind_policies(desired, wanted, world);
        identity.bind_accounts(desired, wanted, world);
        identity
    }

    /// AWS's id of a bound address.
    pub fn id(&self, address: &Address) -> Option<&str> {
        self.ids.get(address).map(String::as_str)
    }

    /// The address that a live thing is bound to.
    pub fn address(&self, id: &str) -> Option<&Address> {
        self.addresses.get(id)
    }

    /// Unbound live accounts that a wanted and unbound one may turn out to be: all of them when one is missing. Name and e-mail may both
    /// have changed, and only the tag then keeps a second account from being made, which nobody is rid of for 90 days.
    pub fn account_candidates<'a>(&self, desired: &Desired, wanted: &Wanted, world: &'a World) -> Vec<&'a str> {
        let is_missing = |address: &Address| self.id(address).is_none() && !desired.pinned.contains_key(address);
        if !wanted.accounts.keys().any(is_missing) {
            return Vec::new();
        }
        let unbound = world.accounts.iter().filter(|(id, _)| self.address(id).is_none() && **id != world.management_account);
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
        let known_as = [Some(address), former.map(|former| &former.address)].map(|known| known.map(Address::to_string));
        let tagged = |id: &str| world.address_tag(id).is_some_and(|tag| known_as.iter().flatten().any(|known| known == tag));
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

    /// From the root down, since an OU is looked for under its bound parent.
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
        let mut parents = vec![&organization];
        while let Some(parent) = parents.pop() {
            let wanted = wanted_under.remove(parent).unwrap_or_default();
            let live = self.id(parent).and_then(|id| live_under.get(id)).map(Vec::as_slice).unwrap_or_default();
            for (address, name) in &wanted {
                if let Some((id, _)) = live.iter().find(|(_, live)| live == name) {
                    self.bind(address, id);
                }
            }
            for (address, _) in &wanted {
                if self.id(address).is_none()
                    && let Some(id) = self.renamed(desired, world, address, live)
                {
                    self.bind(address, &id);
                }
            }
            parents.extend(wanted.iter().map(|(address, _)| *address).filter(|address| self.id(address).is_some()));
        }
    }

    fn bind_policies(&mut self, desired: &Desired, wanted: &Wanted, world: &World) {
        let mut live: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        let mut by_name = BTreeMap::new();
        for (id, policy) in world.policies.iter().filter(|(_, policy)| !policy.aws_managed) {
            live.entry(&policy.policy_type).or_default().push((id, &policy.name));
            by_name.insert((policy.policy_type.as_str(), policy.name.as_str()), id);
        }
        for (address, policy) in &wanted.policies {
            if let Some(id) = by_name.get(&(type_name(policy), policy.name.as_str())) {
                self.bind(address, id);
            }
        }
        for (address, policy) in &wanted.policies {
            if self.id(address).is_none()
                && let Some(candidates) = live.get(type_name(policy))
                && let Some(id) = self.renamed(desired, world, address, candidates)
            {
                self.bind(address, &id);
            }
        }
    }

    fn bind_accounts(&mut self, desired: &Desired, wanted: &Wanted, world: &World) {
        let by_email: BTreeMap<String, &String> =
            world.accounts.iter().map(|(id, account)| (account.email.to_ascii_lowercase(), id)).collect();
        for (address, account) in &wanted.accounts {
            let id = match (desired.pinned.get(address), &account.email) {
                (Some(id), _) => match world.accounts.contains_key(id) {
                    true => Some(id),
                    false if wanted.is_invited(address) => None,
                    false => {
                        let summary = format!("the account `{id}` is not in the organization: add `invite = true`, or remove its `id`");
                        self.findings.push(Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary });
                        None
                    }
                },
                (None, Some(email)) => by_email.get(&email.to_ascii_lowercase()).copied(),
                (None, None) => None,
            };
            if let Some(id) = id {
                self.bind(address, id);
            }
        }
        // A live account is recognised by its former e-mail where OUs and policies are by their former name.
        let candidates = self.account_candidates(desired, wanted, world);
        let emails: Vec<(&str, &str)> = candidates.iter().filter_map(|id| Some((*id, world.accounts.get(*id)?.email.as_str()))).collect();
        for (address, account) in &wanted.accounts {
            if self.id(address).is_some() || desired.pinned.contains_key(address) {
                continue;
            }
            if let Some(id) = self.renamed(desired, world, address, &emails) {
                self.bind(address, &id);
            } else if wanted.is_invited(address) {
                // It exists already, and is not one of these.
            } else if let Some(id) = account.name.as_deref().and_then(|name| self.namesake(world, &candidates, name)) {
                let summary = format!("a new account is planned, and `{id}` already has this name with another e-mail");
                self.findings.push(Finding { severity: FindingSeverity::Warning, subject: address.to_string(), summary });
            }
        }
    }

    fn namesake<'a>(&self, world: &World, candidates: &[&'a str], name: &str) -> Option<&'a str> {
        let same = |id: &str| self.address(id).is_none() && world.accounts.get(id).is_some_and(|account| account.name == name);
        candidates.iter().copied().find(|id| same(id))
    }
}

/// E-mails are compared as AWS does, without case; names by every letter.
fn same_name(a: &str, b: &str) -> bool {
    a == b || (a.contains('@') && a.eq_ignore_ascii_case(b))
}

pub(crate) fn list(items: &[&str]) -> String {
    items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}
