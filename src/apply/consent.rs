//! Consent: what a user has confirmed beyond the plan itself. Pure. The command line creates it; the loop checks it.
//!
//! `yes` covers what can be undone. A deletion needs `--allow-delete`. An account that is closed or removed from the organization needs
//! its own id, typed: no flag covers 2 of them. A plan that locks out overlord's own role starts only if the account, or what locks it
//! out, is named.

use std::collections::BTreeSet;
use std::fmt;

use crate::address::Address;
use crate::plan::{Action, Change, Plan};
use crate::policy::Lockout;
use crate::resource::organizations::Leaving;

/// What a user has confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consent {
    deletions: bool,
    leaving: BTreeSet<(Leaving, String)>,
    lockouts: BTreeSet<String>,
}

/// The confirmation that a change lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// For deletions.
    AllowDelete,
    /// For the removal or closing of this account.
    Id {
        /// How it leaves.
        leaving: Leaving,
        /// Its 12-digit id.
        id: String,
    },
}

impl Consent {
    /// For nothing destructive.
    pub fn none() -> Self {
        Self::default()
    }

    /// For deletions, but for no account that leaves.
    pub fn to_deletions() -> Self {
        Self { deletions: true, ..Self::default() }
    }

    /// The same, and for the account of that id to leave.
    #[must_use]
    pub fn and(mut self, leaving: Leaving, id: impl Into<String>) -> Self {
        self.leaving.insert((leaving, id.into()));
        self
    }

    /// The same, and for a lockout of overlord's role: from an account, by its key or id; by a policy, by its key; or by a level, by its
    /// address.
    #[must_use]
    pub fn and_lockout(mut self, name: impl Into<String>) -> Self {
        self.lockouts.insert(name.into());
        self
    }

    /// The lockouts of a plan that are not confirmed, each with the accounts left.
    pub fn locked_out(&self, plan: &Plan) -> Vec<Lockout> {
        let is_named = |account: &Address| {
            let ids = [plan.observed.get(account).and_then(|live| live.id.as_ref()), plan.desired.pinned.get(account)];
            self.lockouts.contains(account.key()) || ids.into_iter().flatten().any(|id| self.lockouts.contains(id))
        };
        let lockouts = plan.impact.iter().flat_map(|impact| &impact.lockouts).filter(|lockout| !self.lockouts.contains(&lockout.by));
        let left = lockouts.map(|lockout| {
            let accounts = lockout.accounts.iter().filter(|account| !is_named(account)).cloned().collect();
            Lockout { accounts, ..lockout.clone() }
        });
        left.filter(|lockout| !lockout.accounts.is_empty()).collect()
    }

    /// What it lacks for a change, if anything.
    pub fn lacks(&self, change: &Change) -> Option<Needs> {
        match (change.leaving(), &change.id) {
            (Some(leaving), Some(id)) => {
                let given = self.leaving.iter().any(|(how, whose)| *how == leaving && whose == id);
                (!given).then(|| Needs::Id { leaving, id: id.clone() })
            }
            // An existing account never leaves without an id.
            (Some(_), None) | (None, _) => (change.action == Action::Delete && !self.deletions).then_some(Needs::AllowDelete),
        }
    }
}

/// As the command line accepts it.
impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllowDelete => f.write_str("--allow-delete"),
            Self::Id { leaving: Leaving::Closed, id } => write!(f, "--close {id}"),
            Self::Id { leaving: Leaving::Removed, id } => write!(f, "--remove {id}"),
        }
    }
}
