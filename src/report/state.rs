//! The resources that the report covers: all that AWS has in the organization, and those of org.toml that AWS does not have.

use std::collections::BTreeMap;

use crate::address::{Address, Reference};
use crate::config::Loaded;
use crate::policy::Hierarchy;
use crate::resource::organizations::Account;
use crate::resource::{self, Attributes, Desired, Kind, Live, LiveResource};

/// Who knows of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// AWS has it, and org.toml too.
    ToBoth,
    /// org.toml has it, AWS does not.
    Missing,
    /// AWS has it, org.toml does not.
    Unmanaged,
}

/// One thing.
pub(super) struct Thing<'a> {
    pub(super) attributes: &'a Attributes,
    pub(super) known: Known,
    pub(super) id: Option<&'a str>,
    /// Why it is left as it is.
    pub(super) frozen: Option<&'a str>,
}

/// The organization: root, OUs, accounts, policies and what is attached where.
pub(super) struct State<'a> {
    pub(super) things: BTreeMap<&'a Address, Thing<'a>>,
    /// Addresses by AWS's ids.
    ids: BTreeMap<String, Address>,
}

impl<'a> State<'a> {
    pub(super) fn of(loaded: &'a Loaded, live: &'a Live) -> Self {
        let desired = &loaded.desired;
        let is_part = |address: &Address| resource::policy_role(address).is_in_hierarchy();
        let mut state = Self { things: BTreeMap::new(), ids: BTreeMap::new() };
        let in_aws = live.resources.iter().chain(&live.beside).filter(|(address, _)| is_part(address));
        for (address, LiveResource { id, attributes, frozen, .. }) in in_aws {
            let declared = desired.resources.contains_key(address);
            // What AWS will make along with something else has no id; an account that is invited has none yet.
            let is_there = id.is_some() || !resource::has_own_id(address);
            let known = match (declared, is_there) {
                (true, true) => Known::ToBoth,
                (_, false) => Known::Missing,
                (false, true) => Known::Unmanaged,
            };
            if let Some(id) = id.clone().filter(|_| resource::has_own_id(address)) {
                state.ids.insert(id, address.clone());
            }
            state.things.insert(address, Thing { attributes, known, id: id.as_deref(), frozen: frozen.as_deref() });
        }
        for (address, attributes) in desired.resources.iter().filter(|(address, _)| is_part(address)) {
            state.things.entry(address).or_insert(Thing { attributes, known: Known::Missing, id: None, frozen: None });
        }
        state
    }

    /// The levels, with what is attached to them.
    pub(super) fn hierarchy(&self, desired: &Desired) -> Hierarchy {
        let mut ids = desired.pinned.clone();
        let accounts = self.things.iter().filter(|(address, _)| Account::has(address));
        ids.extend(accounts.filter_map(|(address, thing)| Some(((*address).clone(), thing.id?.to_owned()))));
        let resources = self.things.iter().map(|(address, thing)| (*address, thing.attributes));
        crate::guardrails::live_hierarchy(resources, &desired.management_account, ids, &self.ids)
    }

    /// What is of a kind.
    pub(super) fn of_kind<K: Kind>(&self) -> impl Iterator<Item = (&'a Address, &Thing<'a>)> {
        self.things.iter().filter(|(address, _)| K::has(address)).map(|(address, thing)| (*address, thing))
    }

    /// What a reference leads to; `None` for what nobody has read.
    pub(super) fn address(&self, reference: Reference) -> Option<Address> {
        match reference {
            Reference::Address(address) => Some(address),
            Reference::Id(id) => self.ids.get(&id).cloned(),
        }
    }
}
