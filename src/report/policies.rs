//! The policies, with where they are attached.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::state::{Known, State, Thing};
use super::{Account, Unit};
use crate::address::Reference;
use crate::limits::LIMITS;
use crate::resource::organizations;

/// The type of a policy of which only the id is known.
pub(super) const UNKNOWN_TYPE: &str = "unknown";

/// A policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policy {
    /// Its key; of AWS's own, the name.
    pub key: String,
    /// Its type, as org.toml spells it.
    #[serde(rename = "type")]
    pub policy_type: String,
    /// What AWS shows.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who knows of it; `None` for AWS's own.
    pub known: Option<Known>,
    /// What it says; null where it was not read.
    pub document: Value,
    /// The OUs and the root that it is attached to, by address, and how many accounts.
    pub units: Vec<String>,
    /// Accounts that it is attached to directly.
    pub accounts: usize,
}

/// The type of a policy, as org.toml spells it.
pub(super) fn type_of(policy: &Thing<'_>) -> String {
    let name = match policy.attributes.reference("policy_type") {
        Some(Reference::Address(policy_type)) => policy_type.key().to_owned(),
        Some(Reference::Id(name)) => name,
        None => return UNKNOWN_TYPE.to_owned(),
    };
    LIMITS.policy_type(&name).map_or(name, |spec| spec.short.clone())
}

/// Those that anybody has, and those of AWS's own that are attached.
pub(super) fn of(state: &State<'_>, units: &[Unit], accounts: &[Account]) -> Vec<Policy> {
    let mut policies: BTreeMap<(String, String), Policy> = BTreeMap::new();
    for (address, thing) in state.of_kind::<organizations::Policy>() {
        let text = |name: &str| thing.attributes.get(name).and_then(|value| value.as_str().map(str::to_owned));
        let policy = Policy {
            name: text("name"),
            description: text("description").filter(|description| !description.is_empty()),
            known: Some(thing.known),
            document: thing.attributes.get("content").unwrap_or_default(),
            ..Policy::bare(address.key(), &type_of(thing))
        };
        policies.insert((policy.policy_type.clone(), policy.key.clone()), policy);
    }
    let mut attach = |(policy_type, key): (&String, &String), to: Option<&Unit>| {
        let policy = policies.entry((policy_type.clone(), key.clone())).or_insert_with(|| Policy::bare(key, policy_type));
        match to {
            Some(unit) => policy.units.push(unit.address.to_string()),
            None => policy.accounts += 1,
        }
    };
    for unit in units {
        unit.policies.iter().flat_map(|(t, keys)| keys.iter().map(move |key| (t, key))).for_each(|policy| attach(policy, Some(unit)));
    }
    for account in accounts {
        account.policies.iter().flat_map(|(t, keys)| keys.iter().map(move |key| (t, key))).for_each(|policy| attach(policy, None));
    }
    policies.into_values().collect()
}

impl Policy {
    fn bare(key: &str, policy_type: &str) -> Self {
        Self {
            key: key.to_owned(),
            policy_type: policy_type.to_owned(),
            name: None,
            description: None,
            known: None,
            document: Value::Null,
            units: Vec::new(),
            accounts: 0,
        }
    }
}
