//! An organization as its guardrails see it: the policies attached to the root, the OUs and the accounts, and the parent of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::Address;
use crate::policy::levels;

use super::statement::Policy;

/// The two types of policies that decide about requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Service control policies: those of the caller's account.
    Scp,
    /// Resource control policies: those of the resource's account.
    Rcp,
}

impl Family {
    /// As org.toml spells it.
    pub fn short(self) -> &'static str {
        match self {
            Self::Scp => "scp",
            Self::Rcp => "rcp",
        }
    }

    /// One of its policies, as people say it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scp => "service control policy",
            Self::Rcp => "resource control policy",
        }
    }

    /// The family of a type in the API's spelling.
    pub fn of_type(policy_type: &str) -> Option<Self> {
        match policy_type {
            "SERVICE_CONTROL_POLICY" => Some(Self::Scp),
            "RESOURCE_CONTROL_POLICY" => Some(Self::Rcp),
            _ => None,
        }
    }
}

/// A policy that is attached somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Attached {
    /// Its key in org.toml, or its name, when it is AWS's own.
    pub name: Arc<str>,
    /// What it says; `None` where that is not known, and so neither what it allows nor what it denies.
    pub policy: Option<Arc<Policy>>,
}

/// The root, an OU or an account, with what is attached to it directly.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Level {
    /// Its parent; `None` for the root.
    pub parent: Option<Address>,
    /// Service control policies, by name.
    pub scps: Vec<Attached>,
    /// Resource control policies, by name.
    pub rcps: Vec<Attached>,
}

impl Level {
    /// What is attached of a family.
    pub fn attached(&self, family: Family) -> &[Attached] {
        match family {
            Family::Scp => &self.scps,
            Family::Rcp => &self.rcps,
        }
    }
}

/// The levels by address: `organization.main` for the root, `ou.<key>`, `account.<key>`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hierarchy {
    /// The root, the OUs and the accounts.
    pub levels: BTreeMap<Address, Level>,
    /// The families that are switched on: the others restrict nothing.
    pub families: BTreeSet<Family>,
    /// The 12-digit id of the management account.
    pub management: String,
    /// Ids of accounts, as far as they are known.
    pub ids: BTreeMap<Address, String>,
}

impl Hierarchy {
    /// The levels above an account or OU and itself, root first. It ends where the way up ends, and after as many steps as there are levels.
    pub fn chain(&self, below: &Address) -> Vec<(&Address, &Level)> {
        let mut chain = Vec::new();
        let mut next = self.levels.get_key_value(below);
        while let Some((address, level)) = next {
            chain.push((address, level));
            next = level.parent.as_ref().filter(|_| chain.len() < self.levels.len()).and_then(|parent| self.levels.get_key_value(parent));
        }
        chain.reverse();
        chain
    }

    /// The accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &Address> {
        self.levels.keys().filter(|address| levels::is_account(address))
    }

    /// Whether an account is the management account, which guardrails do not bind.
    pub fn is_management(&self, account: &Address) -> bool {
        self.ids.get(account).is_some_and(|id| *id == self.management)
    }

    /// The account of that id, where an account is known to have it.
    pub fn account_of(&self, id: &str) -> Option<&Address> {
        self.ids.iter().find(|(_, known)| *known == id).map(|(address, _)| address)
    }
}
