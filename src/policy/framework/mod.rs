//! Frameworks: dated lists of services to which an organization is obliged to keep, policies generated from them, and which accounts are
//! restricted to them. Pure.
//!
//! The lists are the user's own files. The result says only which services an account can call, not how it uses them. A list of prefixes is
//! coarser than a list of products, so it never proves that an account is compliant.

mod generate;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

pub use generate::{GENERATED, Generated, Shape, generate};
pub use standing::{Cell, Column, Matrix, Opening, Row, Standing, UNLISTED, matrix};

use super::catalogue::Catalogue;
use super::lint::unknown_action::nearest;

/// A list of services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceList {
    /// What it is a list of.
    pub title: String,
    /// Where it comes from.
    pub source: String,
    /// The date of the list, `YYYY-MM-DD`.
    pub as_of: String,
    /// The date of its last review, `YYYY-MM-DD`.
    pub reviewed: String,
    /// The prefixes of actions of each service, in lower case, by the name that AWS sells it under.
    pub services: BTreeMap<String, BTreeSet<String>>,
    /// Its file, as the user would type it.
    pub file: String,
}

impl ServiceList {
    /// The prefixes of all its services.
    pub fn prefixes(&self) -> BTreeSet<&str> {
        self.services.values().flatten().map(String::as_str).collect()
    }
}

/// A list that accounts are to be restricted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framework {
    /// Its key in org.toml.
    pub key: String,
    /// The services of the framework.
    pub list: ServiceList,
    /// Services that every account needs in addition.
    pub baseline: Option<ServiceList>,
}

impl Framework {
    /// The prefixes of the baseline that are not on the list: the restriction leaves them open on purpose.
    pub fn beside(&self) -> BTreeSet<&str> {
        let list = self.list.prefixes();
        self.baseline.iter().flat_map(ServiceList::prefixes).filter(|prefix| !list.contains(prefix)).collect()
    }

    /// The prefixes of the list and of the services that every account needs.
    pub fn allowed(&self) -> BTreeSet<&str> {
        self.list.prefixes().into_iter().chain(self.beside()).collect()
    }
}

/// Whether AWS documents actions of that prefix.
///
/// # Errors
/// It does not; with the nearest prefix that there is.
pub fn known_service<'c>(prefix: &str, catalogue: &'c Catalogue) -> Result<(), Option<&'c str>> {
    match catalogue.of(prefix) {
        Some(_) => Ok(()),
        None => Err(nearest(prefix, catalogue.prefixes())),
    }
}

#[cfg(test)]
mod tests;
