//! The hierarchy of an organization as the policy engine needs it, built from the configuration or from live resources. Both have the
//! same attributes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::address::{Address, Reference};
use crate::limits::LIMITS;
use crate::policy::{Attached, Family, Hierarchy, Policy};
use crate::resource::organizations::{self, Account, Organization, OrganizationalUnit, PolicyAttachments};
use crate::resource::{Attributes, Desired, Kind};

/// Policies with their family; `None` for a policy that decides about no request.
type Policies = BTreeMap<Reference, Option<(Family, Attached)>>;

/// The hierarchy of a configuration.
pub fn hierarchy(desired: &Desired) -> Hierarchy {
    hierarchy_of(&desired.resources, &desired.management_account, desired.pinned.clone())
}

/// The hierarchy of resources by address. If an attached policy is not among them, its content is unknown.
pub fn hierarchy_of<'r>(
    resources: impl IntoIterator<Item = (&'r Address, &'r Attributes)>,
    management: &str,
    ids: BTreeMap<Address, String>,
) -> Hierarchy {
    live_hierarchy(resources, management, ids, &BTreeMap::new())
}

/// The same for live resources, which mostly refer to each other by id: `known` maps ids to addresses. Attachments that are deleted with
/// their OU are attached to it.
pub(crate) fn live_hierarchy<'r>(
    resources: impl IntoIterator<Item = (&'r Address, &'r Attributes)>,
    management: &str,
    ids: BTreeMap<Address, String>,
    known: &BTreeMap<String, Address>,
) -> Hierarchy {
    let mut hierarchy = Hierarchy { management: management.to_owned(), ids, ..Hierarchy::default() };
    let mut policies = BTreeMap::new();
    let mut sets = Vec::new();
    for (address, attributes) in resources {
        if Organization::has(address) {
            hierarchy.levels.entry(address.clone()).or_default();
        } else if OrganizationalUnit::has(address) || Account::has(address) {
            hierarchy.levels.entry(address.clone()).or_default().parent = place(attributes, "parent", known);
            sets.push((Some(address.clone()), attributes));
        } else if organizations::Policy::has(address) {
            policies.insert(Reference::from(address.clone()), declared(address, attributes));
        } else if PolicyAttachments::has(address) {
            sets.push((place(attributes, "target", known), attributes));
        }
    }
    // One value for all attachments of an AWS-managed policy: its evaluation is computed once.
    let mut aws_owns = BTreeMap::new();
    for (target, set) in sets {
        attach(&mut hierarchy, target, set, (&policies, &mut aws_owns), known);
    }
    hierarchy
}

fn attach(
    hierarchy: &mut Hierarchy,
    target: Option<Address>,
    set: &Attributes,
    (policies, aws_owns): (&Policies, &mut Policies),
    known: &BTreeMap<String, Address>,
) {
    // A resource that does not exist yet, or no longer, is not a level.
    let Some(level) = target.and_then(|target| hierarchy.levels.get_mut(&target)) else { return };
    let references: Vec<Reference> = set.get("policies").and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default();
    for reference in references.into_iter().map(|reference| resolved(reference, known)) {
        let found = match policies.get(&reference) {
            Some(declared) => declared.clone(),
            None => aws_owns.entry(reference).or_insert_with_key(aws_own).clone(),
        };
        if let Some((family, attached)) = found {
            hierarchy.families.insert(family);
            match family {
                Family::Scp => level.scps.push(attached),
                Family::Rcp => level.rcps.push(attached),
            }
        }
    }
}

fn place(attributes: &Attributes, name: &str, known: &BTreeMap<String, Address>) -> Option<Address> {
    match resolved(attributes.reference(name)?, known) {
        Reference::Address(address) => Some(address),
        Reference::Id(_) => None,
    }
}

fn resolved(reference: Reference, known: &BTreeMap<String, Address>) -> Reference {
    match &reference {
        Reference::Id(id) => known.get(id).cloned().map_or(reference, Reference::Address),
        Reference::Address(_) => reference,
    }
}

/// `None` for a type that decides about no request.
fn declared(address: &Address, attributes: &Attributes) -> Option<(Family, Attached)> {
    let family = match attributes.reference("policy_type")? {
        Reference::Address(policy_type) => Family::of_type(policy_type.key())?,
        Reference::Id(policy_type) => Family::of_type(&policy_type)?,
    };
    let text = attributes.get("content").as_ref().map(Value::to_string).unwrap_or_default();
    Some((family, Attached { name: address.key().into(), policy: Policy::parse(&text).ok().map(Arc::new) }))
}

/// An AWS-managed policy. Any other unknown policy only counts as an existing service control policy.
fn aws_own(reference: &Reference) -> Option<(Family, Attached)> {
    let Reference::Id(id) = reference else { return None };
    let Some(spec) = LIMITS.policy_types.iter().find(|spec| spec.default.as_ref() == Some(id)) else {
        return Some((Family::Scp, Attached { name: id.as_str().into(), policy: None }));
    };
    let name = spec.default_name.as_deref().unwrap_or(id);
    let everything = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let policy = Policy::parse(&everything.to_string()).ok().map(Arc::new);
    Some((Family::of_type(&spec.name)?, Attached { name: name.into(), policy }))
}
