//! The accounts: their keys, and the settings that are written for each.

use std::collections::BTreeMap;

use super::attributes::{self, Contacts};
use super::keys::{self, Candidate};
use super::networks::{Adopted, Networks};
use super::policies::Policies;
use super::{Left, Tags};
use crate::config::values;
use crate::resource::Kind;
use crate::resource::organizations::{self, World};

/// An account that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account<'w> {
    pub id: &'w str,
    pub key: String,
    pub name: &'w str,
    pub email: &'w str,
    /// The root or an OU.
    pub parent: &'w str,
    /// `None` for the default set.
    pub policies: Option<Vec<String>>,
    /// The layouts of its VPCs.
    pub layouts: Vec<String>,
    /// Those of the VPCs that others made.
    pub adopted: Adopted,
    pub tags: BTreeMap<String, String>,
    pub contacts: Contacts,
    /// The opt-in Regions that it has.
    pub regions: Vec<String>,
}

impl Account<'_> {
    /// The name to write, where the key is another one. `Err` when org.toml cannot say the name: then the account needs its `id`, with which
    /// the live name stays as it is.
    pub(super) fn name(&self) -> Result<Option<&str>, ()> {
        let sayable = values::account_name(self.name).is_ok() && !self.name.contains('{');
        match (self.name == self.key, sayable) {
            (true, _) => Ok(None),
            (false, true) => Ok(Some(self.name)),
            (false, false) => Err(()),
        }
    }
}

/// All accounts that can be used. The management account is one of them where something is said of it.
pub(super) fn accounts<'w>(
    world: &'w World,
    tags: &Tags<'_>,
    policies: &Policies<'_>,
    networks: &Networks,
    left: &mut Vec<Left>,
) -> Vec<Account<'w>> {
    let mut accounts = Vec::new();
    for (id, live) in &world.accounts {
        if let Some(why) = live.frozen() {
            left.push(Left::new(format!("{id} ({})", live.name), why));
            continue;
        }
        let parent = live.parent.as_deref().unwrap_or(&world.root);
        let account = Account {
            id,
            key: String::new(),
            name: &live.name,
            email: &live.email,
            parent,
            policies: policies.set(id),
            layouts: networks.layouts_of(id),
            adopted: networks.adopted_of(id),
            tags: tags.of(id),
            contacts: attributes::contacts(world, id, left),
            regions: attributes::regions(world, id, left),
        };
        let Account { policies, layouts, tags, contacts, regions, .. } = &account;
        let nothing_more = layouts.is_empty() && tags.is_empty() && contacts.is_empty() && regions.is_empty();
        let as_born = parent == world.root && policies.is_none() && nothing_more;
        if *id != world.management_account || !as_born {
            accounts.push(account);
        }
    }
    let candidates = accounts.iter().map(|account| {
        let address = account.email.split('@').next().unwrap_or_default();
        let address = address.split_once('+').map_or(address, |(_, detail)| detail);
        let wishes = vec![keys::tagged::<organizations::Account>(world, account.id), keys::slug(account.name), keys::slug(address)];
        Candidate { id: account.id, wishes, kind: organizations::Account::SPEC.kind }
    });
    let keys = keys::choose(candidates.collect(), &[]);
    for account in &mut accounts {
        account.key = keys.get(account.id).cloned().unwrap_or_default();
    }
    accounts.sort_by(|a, b| a.key.cmp(&b.key));
    accounts
}
