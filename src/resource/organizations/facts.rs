//! Counts that `overlord doctor` shows: how many accounts, OUs and so on the organization has.

use std::collections::{BTreeMap, BTreeSet};

use super::Reading;

/// Counts and states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// `r-…`.
    pub root: String,
    /// `ALL` or `CONSOLIDATED_BILLING`.
    pub feature_set: String,
    /// The states of all accounts, closed ones among them, by id.
    pub accounts: BTreeMap<String, String>,
    /// OUs.
    pub units: usize,
    /// The policy types that are enabled or pending, with their status.
    pub policy_types: BTreeMap<String, String>,
    /// The trusted services, if any is desired.
    pub trusted_services: BTreeSet<String>,
    /// For each managed policy type, the most policies at one target, and that target.
    pub most_attached: BTreeMap<String, (usize, String)>,
}

impl Reading {
    /// The counts; `None` if there is no organization.
    pub fn facts(&self) -> Option<Facts> {
        let world = self.0.as_ref()?;
        let mut attached: BTreeMap<&str, BTreeMap<&String, usize>> = BTreeMap::new();
        for policy in world.policies.values() {
            for target in &policy.targets {
                *attached.entry(&policy.policy_type).or_default().entry(target).or_default() += 1;
            }
        }
        let most = attached.into_iter().filter_map(|(policy_type, targets)| {
            let (target, count) = targets.into_iter().max_by_key(|(_, count)| *count)?;
            Some((policy_type.to_owned(), (count, target.clone())))
        });
        Some(Facts {
            root: world.root.clone(),
            feature_set: world.feature_set.clone(),
            accounts: world.accounts.iter().map(|(id, account)| (id.clone(), account.state.clone())).collect(),
            units: world.units.len(),
            policy_types: world.policy_types.clone(),
            trusted_services: world.trusted_services.clone(),
            most_attached: most.collect(),
        })
    }
}
