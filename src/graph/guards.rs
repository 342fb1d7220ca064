//! What the rules about guardrails have in common: who is under which guardrails before and after the run. Pure.
//!
//! An account or OU is under the guardrails that are attached to its own place and above it. A document is a guardrail too: editing it
//! removes the old one and adds the new one wherever the policy is attached.

use std::collections::{BTreeMap, BTreeSet};

use super::edges::Edges;
use super::guardrails::{Guardrail, guards_target, policies};
use crate::address::{Address, Reference};
use crate::change::Change;
use crate::resource::{self, PolicyRole};

/// What a change detaches from a place.
pub(super) struct Loss {
    pub index: usize,
    pub rails: BTreeSet<Guardrail>,
    /// Those that it detaches only after an edit makes a policy contain them, with that edit.
    pub later: BTreeMap<Guardrail, usize>,
    pub of: LossOf,
}

/// Whether the place loses the policy, or the policy loses the statement.
pub(super) enum LossOf {
    Set,
    Document(Reference),
}

/// Policies whose documents change, with their changes.
pub(super) type Edits = BTreeMap<Reference, usize>;

impl Edges<'_> {
    /// The live places above something.
    pub(super) fn places_before(&self, change: &Change) -> Vec<Address> {
        let parent = change.before.as_ref().and_then(|before| resource::reference(before, "parent"));
        // A quarantine OU may be as new as the account that passes through it.
        self.chain(parent, |place| self.now(place).or_else(|| self.then(place)))
    }

    /// The policies that are attached to places. A deleted place takes its attachments with it.
    pub(super) fn live_sets<'p>(&self, places: impl Iterator<Item = &'p Address>) -> impl Iterator<Item = Reference> {
        let sets = places.flat_map(|place| [place].into_iter().chain(self.guards.get(place).into_iter().flatten().copied()));
        let sets: Vec<_> = sets.filter_map(|address| self.now(address)).map(policies).collect();
        sets.into_iter().flatten()
    }

    /// The guardrails that targets will have.
    pub(super) fn rails_after<'t>(&self, targets: impl Iterator<Item = &'t Address>) -> BTreeSet<Guardrail> {
        let guards = targets.filter_map(|target| self.guards.get(target)).flatten();
        let sets = guards.filter_map(|guard| self.then(guard)).flat_map(policies);
        sets.flat_map(|policy| self.documents.after(&policy).collect::<Vec<_>>()).collect()
    }

    pub(super) fn edits(&self) -> Edits {
        let policies = self.changes.iter().enumerate().filter(|(_, change)| resource::policy_role(&change.address) == PolicyRole::Policy);
        let policies = policies.map(|(index, change)| (Reference::from(change.address.clone()), index));
        policies.filter(|(policy, _)| self.documents.is_edited(policy)).collect()
    }

    /// The current attachments of these policies, each with its place.
    pub(super) fn attached(&self, edits: &Edits) -> Vec<(Reference, Address)> {
        if edits.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (address, live) in self.live.resources.iter().chain(&self.live.beside) {
            let place = match guards_target(address) {
                true => resource::reference(&live.attributes, "target").and_then(|target| self.named(target)),
                false => Some(address.clone()).filter(|address| self.places.contains(address.kind())),
            };
            let Some(place) = place else { continue };
            found.extend(policies(&live.attributes).into_iter().filter(|policy| edits.contains_key(policy)).map(|p| (p, place.clone())));
        }
        found
    }

    /// What is detached, by place.
    pub(super) fn losses(&self, edits: &Edits) -> BTreeMap<Address, Vec<Loss>> {
        let mut losses: BTreeMap<Address, Vec<Loss>> = BTreeMap::new();
        for (&index, shift) in &self.shifts {
            if !shift.lost.is_empty() || !shift.lost_defaults.is_empty() || !shift.gained_defaults.is_empty() {
                let rails = shift.lost.iter().flat_map(|policy| self.documents.ever(policy)).collect();
                let later = self.later(&shift.lost, edits);
                losses.entry(shift.target.clone()).or_default().push(Loss { index, rails, later, of: LossOf::Set });
            }
        }
        for (policy, place) in self.attached(edits) {
            let Some(&index) = edits.get(&policy) else { continue };
            let rails = self.documents.lost(&policy);
            losses.entry(place).or_default().push(Loss { index, rails, later: BTreeMap::new(), of: LossOf::Document(policy) });
        }
        losses
    }

    /// The statements that only one of these policies contains, and only after an edit.
    fn later(&self, lost: &BTreeSet<Reference>, edits: &Edits) -> BTreeMap<Guardrail, usize> {
        let said: BTreeSet<Guardrail> = lost.iter().flat_map(|policy| self.documents.before(policy)).collect();
        let mut later: BTreeMap<Guardrail, BTreeSet<usize>> = BTreeMap::new();
        for (policy, edit) in lost.iter().filter_map(|policy| Some((policy, *edits.get(policy)?))) {
            for rail in self.documents.gained(policy).difference(&said) {
                later.entry(rail.clone()).or_default().insert(edit);
            }
        }
        let alone = |(rail, edits): (Guardrail, BTreeSet<usize>)| Some((rail, edits.first().copied().filter(|_| edits.len() == 1)?));
        later.into_iter().filter_map(alone).collect()
    }
}

/// What a change moves: for a placement, its account.
pub(super) fn mover(change: &Change) -> Address {
    let is_placement = resource::policy_role(&change.address) == PolicyRole::Placement;
    let target = change.after.as_ref().filter(|_| is_placement).and_then(|after| resource::reference(after, "target"));
    match target {
        Some(Reference::Address(account)) => account,
        Some(Reference::Id(_)) | None => change.address.clone(),
    }
}

/// Whether it arrives in a place where it was not before. A leaving account has no desired place: it stays where it is.
pub(super) fn arrives(change: &Change) -> bool {
    // A resource in an account has no other place, so its attributes need not be read.
    let after = change.after.as_ref().filter(|_| change.address.account().is_none());
    let to = after.and_then(|after| resource::reference(after, "parent"));
    to.is_some() && change.changes("parent")
}
