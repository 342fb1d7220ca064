//! Targets without room for all policies that are to be attached: AWS limits the policies of a type per target, including those that are
//! not part of a set. Pure.
//!
//! It complements the binder: its result is an attribute of the live set, from which the graph chooses what to detach first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::world::{Wanted, World, type_name};
use crate::address::Reference;
use crate::limits::{LIMITS, PolicyTypeLimits};
use crate::resource::Desired;

/// How many policies of each type are attached to each target, and the type of each policy.
pub(super) struct Rooms<'w> {
    /// By target and type.
    attached: BTreeMap<(&'w str, &'w str), usize>,
    types: BTreeMap<Reference, &'w str>,
    desired: &'w Desired,
}

impl<'w> Rooms<'w> {
    pub fn of(world: &'w World, wanted: &'w Wanted, desired: &'w Desired, name: impl Fn(&str) -> Reference) -> Self {
        let mut rooms = Self { attached: BTreeMap::new(), types: BTreeMap::new(), desired };
        for (id, policy) in &world.policies {
            rooms.types.insert(name(id), &policy.policy_type);
            policy.targets.iter().for_each(|target| *rooms.attached.entry((target, &policy.policy_type)).or_default() += 1);
        }
        rooms.types.extend(wanted.policies.iter().map(|(address, policy)| (address.clone().into(), type_name(policy))));
        rooms
    }

    /// What must be detached from a target before the set fits, as in [`crate::resource::CROWDED`]; `None` if there is room.
    pub fn crowded(&self, target: &str, before: &BTreeSet<Reference>, after: &BTreeSet<Reference>) -> Option<Value> {
        let crowds: Vec<Value> = LIMITS.policy_types.iter().filter_map(|limits| self.of_type(limits, target, before, after)).collect();
        (!crowds.is_empty()).then(|| crowds.into())
    }

    fn of_type(&self, limits: &PolicyTypeLimits, target: &str, before: &BTreeSet<Reference>, after: &BTreeSet<Reference>) -> Option<Value> {
        let is_default = |policy: &Reference| limits.default.clone().is_some_and(|id| *policy == Reference::Id(id));
        let of_type = |policy: &&Reference| self.types.get(*policy) == Some(&limits.name.as_str());
        // AWS's default comes last and is detached at once: it makes room itself.
        let gained = after.difference(before).filter(of_type).filter(|policy| !is_default(policy)).count();
        let (defaults, lost): (Vec<&Reference>, Vec<&Reference>) = before.difference(after).filter(of_type).partition(|p| is_default(p));
        let there = self.attached.get(&(target, limits.name.as_str())).copied().unwrap_or_default();
        let first = (there + gained).saturating_sub(defaults.len() + self.desired.most_attached(limits));
        (gained > 0 && first > 0).then(|| json!({ "first": first, "of": lost }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::organizations::world::LivePolicy;

    #[test]
    fn what_must_go_first_is_what_does_not_fit_whoever_attached_the_rest() {
        let policy = |(id, name): (&str, &str)| {
            let targets = BTreeSet::from(["ou-1".to_owned()]);
            (
                id.to_owned(),
                LivePolicy { policy_type: "RESOURCE_CONTROL_POLICY".to_owned(), name: name.to_owned(), targets, ..LivePolicy::default() },
            )
        };
        let there = [("p-RCPFullAWSAccess", "RCPFullAWSAccess"), ("p-1", "a"), ("p-2", "b"), ("p-3", "aws-guardrails-x")];
        let world = World { policies: there.map(policy).into(), ..World::default() };
        let (id, new) = (|id: &str| Reference::Id(id.to_owned()), |key: &str| Reference::Address(format!("policy.{key}").parse().unwrap()));
        let wanted = Wanted::default();
        let desired = Desired::default();
        let mut rooms = Rooms::of(&world, &wanted, &desired, id);
        rooms.types.extend(["q", "r", "s"].map(|key| (new(key), "RESOURCE_CONTROL_POLICY")));
        let before = BTreeSet::from(["p-RCPFullAWSAccess", "p-1", "p-2"].map(id));
        let crowded = |gained: &[&str], target: &str| {
            let after = gained.iter().map(|key| new(key)).chain([id("p-RCPFullAWSAccess")]).collect();
            rooms.crowded(target, &before, &after)
        };
        assert_eq!(crowded(&["q"], "ou-1"), None);
        assert_eq!(crowded(&["q", "r"], "ou-1"), Some(json!([{ "first": 1, "of": [{ "id": "p-1" }, { "id": "p-2" }] }])));
        assert_eq!(crowded(&["q", "r", "s"], "ou-1"), Some(json!([{ "first": 2, "of": [{ "id": "p-1" }, { "id": "p-2" }] }])));
        assert_eq!(crowded(&["q", "r", "s"], "ou-2"), None);
    }
}
