//! Which accounts are restricted to which frameworks of org.toml, according to the guardrails in AWS.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Standing;
use crate::address::Address;
use crate::config::Loaded;
use crate::policy::framework::{self, Matrix, Opening, UNLISTED, matrix};
use crate::policy::{Family, Hierarchy};

/// The results of accounts for the frameworks of org.toml.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compliance {
    /// The day of the list of actions, `YYYY-MM-DD`.
    pub actions_as_of: String,
    /// The role that overlord works through.
    pub access_role: String,
    /// The frameworks, by key.
    pub frameworks: Vec<FrameworkList>,
    /// What is open outside of a list; accounts name them by their place.
    pub exceptions: Vec<Exceptions>,
    /// Why there are no results per account.
    pub not_told: Option<String>,
}

/// A framework, with the list that it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameworkList {
    /// Its key.
    pub framework: String,
    /// What its list is a list of.
    pub title: String,
    /// Where that comes from.
    pub source: String,
    /// Of which day it is, `YYYY-MM-DD`.
    pub as_of: String,
    /// The date of its last review, `YYYY-MM-DD`.
    pub reviewed: String,
    /// How many services it has.
    pub services: usize,
    /// How many services of AWS's are not among them.
    pub services_outside: usize,
}

/// The result of an account for a list of services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// Nothing outside of the list can pass.
    Restricted,
    /// Of some services outside of the list something can.
    Exceptions,
    /// Of each service outside of the list something can.
    NotRestricted,
    /// Guardrails do not bind the management account.
    NotBound,
}

/// What is open outside of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exceptions {
    /// By the prefix of the service; without actions for those that AWS's list does not have yet.
    pub services: BTreeMap<String, Open>,
}

/// What is open of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// The actions that can pass.
    pub actions: Vec<String>,
    /// How many it has.
    pub of: usize,
    /// Whether none of them passes but under some circumstances.
    pub conditional: bool,
}

/// All of it, and the accounts' part.
pub(super) struct Found {
    compliance: Compliance,
    standings: BTreeMap<Address, BTreeMap<String, Standing>>,
}

impl Compliance {
    /// `None` where org.toml has no framework.
    pub(super) fn of(loaded: &Loaded, hierarchy: &Hierarchy) -> Option<Found> {
        if loaded.frameworks.is_empty() {
            return None;
        }
        let role = &loaded.desired.access_role;
        let matrix = matrix(&loaded.frameworks, hierarchy, role, &loaded.desired.catalogue());
        let mut compliance = Self {
            actions_as_of: matrix.actions_as_of.clone(),
            access_role: role.clone(),
            frameworks: matrix.columns.iter().map(FrameworkList::of).collect(),
            exceptions: Vec::new(),
            not_told: None,
        };
        if !hierarchy.families.contains(&Family::Scp) {
            let why = "org.toml does not manage service control policies, and none was read: overlord does not report whom they restrict";
            compliance.not_told = Some(why.to_owned());
            return Some(Found { compliance, standings: BTreeMap::new() });
        }
        let standings = compliance.standings(&matrix);
        Some(Found { compliance, standings })
    }

    fn standings(&mut self, matrix: &Matrix<'_>) -> BTreeMap<Address, BTreeMap<String, Standing>> {
        let mut found = BTreeMap::new();
        for row in &matrix.rows {
            let Some(account) = &row.account else { continue };
            let cells = matrix.columns.iter().zip(&row.cells);
            let of = cells.map(|(column, cell)| {
                let (standing, exceptions) = match &*cell.standing {
                    framework::Standing::NotBound => (Kept::NotBound, None),
                    framework::Standing::Restricted => (Kept::Restricted, None),
                    framework::Standing::NotRestricted => (Kept::NotRestricted, None),
                    framework::Standing::Exceptions(open) => (Kept::Exceptions, Some(self.number(open))),
                };
                (column.framework.key.clone(), Standing { standing, exceptions, access_role_exempt: cell.exempts_access_role })
            });
            found.insert(account.clone(), of.collect());
        }
        found
    }

    /// The index of exceptions, which are stored once each.
    fn number(&mut self, open: &BTreeMap<String, Opening>) -> usize {
        let of = |(prefix, Opening { actions, of, conditional }): (&String, &Opening)| {
            let is_listed = prefix != UNLISTED;
            let actions = if is_listed { actions.clone() } else { Vec::new() };
            (prefix.clone(), Open { actions, of: if is_listed { *of } else { 0 }, conditional: *conditional })
        };
        let exceptions = Exceptions { services: open.iter().map(of).collect() };
        self.exceptions.iter().position(|known| *known == exceptions).unwrap_or_else(|| {
            self.exceptions.push(exceptions);
            self.exceptions.len() - 1
        })
    }
}

impl Found {
    pub(super) fn of_account(&self, account: &Address) -> BTreeMap<String, Standing> {
        self.standings.get(account).cloned().unwrap_or_default()
    }

    pub(super) fn told(self) -> Compliance {
        self.compliance
    }
}

impl FrameworkList {
    fn of(column: &framework::Column<'_>) -> Self {
        let list = &column.framework.list;
        Self {
            framework: column.framework.key.clone(),
            title: list.title.clone(),
            source: list.source.clone(),
            as_of: list.as_of.clone(),
            reviewed: list.reviewed.clone(),
            services: list.services.len(),
            services_outside: column.outside,
        }
    }
}
