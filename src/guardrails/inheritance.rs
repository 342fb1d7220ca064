//! The hierarchy and its attachments, as the policy engine takes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::address::{Address, Reference};
use crate::policy::Family;
use crate::policy::effective::{Attached, Effective, Level, Tree, merge};
use crate::resource::organizations::{Account, Organization, OrganizationalUnit, Policy, PolicyAttachments};
use crate::resource::{Attributes, Desired, Kind};

/// An organization as its management policies see it.
#[derive(Debug, Clone, Default)]
pub struct Inheritance {
    /// The parent of each OU and account; the root has none.
    parents: BTreeMap<Address, Option<Address>>,
    /// By type, in the API's spelling, and level.
    attached: BTreeMap<String, BTreeMap<Address, Vec<Attached>>>,
}

impl Inheritance {
    /// For a configuration. If a document is among those `written`, its positions are those of its file.
    pub fn of_desired(desired: &Desired, written: &BTreeMap<Address, Arc<Tree>>) -> Self {
        let mut inheritance = Self::default();
        let mut policies = BTreeMap::new();
        for (address, attributes) in &desired.resources {
            if Organization::has(address) {
                inheritance.parents.insert(address.clone(), None);
            } else if OrganizationalUnit::has(address) || Account::has(address) {
                inheritance.parents.insert(address.clone(), parent(attributes));
            } else if Policy::has(address) {
                let policy = configuring(address, attributes, written);
                policies.extend(policy.map(|policy| (Reference::from(address.clone()), policy)));
            }
        }
        for set in desired.resources.iter().filter(|(address, _)| PolicyAttachments::has(address)).map(|(_, set)| set) {
            let Some(Reference::Address(target)) = set.reference("target") else { continue };
            let references: Vec<Reference> = set.get("policies").and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default();
            for (policy_type, attached) in references.iter().filter_map(|reference| policies.get(reference)) {
                let of_type = inheritance.attached.entry(policy_type.clone()).or_default();
                of_type.entry(target.clone()).or_default().push(attached.clone());
            }
        }
        inheritance
    }

    /// The types that are attached anywhere, in the API's spelling.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.attached.keys().map(String::as_str)
    }

    /// The levels that have a policy of the type themselves.
    pub fn attached_to(&self, policy_type: &str) -> impl Iterator<Item = &Address> {
        self.attached.get(policy_type).into_iter().flat_map(BTreeMap::keys)
    }

    /// The path from the root to an account or OU, with the attached policies of the type.
    pub fn levels(&self, below: &Address, policy_type: &str) -> Vec<Level> {
        let of_type = self.attached.get(policy_type);
        let mut levels = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = self.parents.get_key_value(below);
        while let Some((address, parent)) = next.filter(|(address, _)| seen.insert(*address)) {
            let policies = of_type.and_then(|attached| attached.get(address)).cloned().unwrap_or_default();
            levels.push(Level { at: address.clone(), policies });
            next = parent.as_ref().and_then(|parent| self.parents.get_key_value(parent));
        }
        levels.reverse();
        levels
    }

    /// The effective policy of an account or OU; `None` if no policy of the type is attached above it or to it.
    pub fn effective(&self, below: &Address, policy_type: &str) -> Option<Effective> {
        merge(&self.levels(below, policy_type))
    }
}

fn parent(attributes: &Attributes) -> Option<Address> {
    match attributes.reference("parent")? {
        Reference::Address(address) => Some(address),
        Reference::Id(_) => None,
    }
}

/// The type and the document of a policy that decides about no request.
fn configuring(address: &Address, attributes: &Attributes, written: &BTreeMap<Address, Arc<Tree>>) -> Option<(String, Attached)> {
    let Some(Reference::Address(policy_type)) = attributes.reference("policy_type") else { return None };
    if Family::of_type(policy_type.key()).is_some() {
        return None;
    }
    let read = || {
        let text = attributes.get("content").as_ref().map(Value::to_string).unwrap_or_default();
        Tree::parse(&text).0.map(Arc::new)
    };
    let tree = written.get(address).cloned().or_else(read)?;
    Some((policy_type.key().to_owned(), Attached { name: address.key().into(), tree }))
}
