//! Rules 3, 4 and 5: nothing is ever under fewer guardrails than before and after the run have in common. Pure.
//!
//! An account or OU is under the guardrails that are attached to its own place and above it. So a guardrail is attached to a place before
//! anything moves there, and detached from a place after what moves away has left. If nothing moves, the guardrail is attached to the new
//! level before it is detached from the old one. A document is a guardrail too: editing it removes the old one and adds the new one
//! wherever the policy is attached.

use std::collections::{BTreeMap, BTreeSet};

use super::Constraint;
use super::edges::Edges;
use super::guardrails::{Guardrail, guards_target, policies};
use crate::address::{Address, Reference};
use crate::change::{Action, Change};
use crate::resource::{self, PolicyRole};

/// What a change detaches from a place.
struct Loss {
    index: usize,
    rails: BTreeSet<Guardrail>,
    /// Those that it detaches only after an edit makes a policy contain them, with that edit.
    later: BTreeMap<Guardrail, usize>,
    of: LossOf,
}

/// Whether the place loses the policy, or the policy loses the statement.
enum LossOf {
    Set,
    Document(Reference),
}

/// An account's path through a quarantine OU.
struct Passing {
    /// The places that it was not in before.
    places: BTreeSet<Address>,
    /// The guardrails that it was under before.
    had: BTreeSet<Guardrail>,
}

/// Policies whose documents change, with their changes.
pub(super) type Edits = BTreeMap<Reference, usize>;

/// The changes that attach a guardrail to a place, or to something below it.
type Gainers = BTreeMap<(Guardrail, Address), Vec<usize>>;

impl<'a> Edges<'a> {
    /// Rule 3. An old guardrail may be changed later: rule 4 may require that.
    pub(super) fn guarded(&mut self, index: usize, change: &'a Change) {
        let Some(after) = change.after.as_ref().filter(|_| arrives(change) && !self.places.contains(change.address.kind())) else { return };
        let mover = mover(change);
        if change.before.is_some() {
            // It has its directly attached guardrails when it arrives.
            let own = self.guards.get(&mover).into_iter().flatten();
            let own: Vec<usize> = own.filter_map(|guard| self.by_address.get(guard)).collect();
            self.found.extend(own.into_iter().map(|guard| (index, guard, Constraint::Preferred)));
        }
        let before = self.places_before(change);
        let known: BTreeSet<Reference> = self.live_sets(before.iter().chain([&mover])).collect();
        for place in self.above(after) {
            if !before.contains(&place) {
                // An arriving account must not be blocked by a guardrail that is on its way out.
                self.found.extend(self.loosening.get(&place).map(|&loosened| (index, loosened, Constraint::Preferred)));
            }
            for guard in self.guards.get(&place).cloned().unwrap_or_default() {
                let tightened = self.by_address.get(guard);
                self.found.extend(tightened.map(|guard| (index, guard, Constraint::Required)));
                for &provider in self.providers_beyond(guard).iter() {
                    let Some(change) = self.changes.get(provider) else { continue };
                    let edge = if known.contains(&change.address.clone().into()) { Constraint::Preferred } else { Constraint::Required };
                    // The change that attaches a guardrail waits for it itself.
                    if tightened.is_none() || change.action == Action::Update {
                        self.found.push((index, provider, edge));
                    }
                }
            }
        }
    }

    /// The live places above something.
    pub(super) fn places_before(&self, change: &Change) -> Vec<Address> {
        let parent = change.before.as_ref().and_then(|before| resource::reference(before, "parent"));
        // A quarantine OU may be as new as the account that passes through it.
        self.chain(parent, |place| self.now(place).or_else(|| self.then(place)))
    }

    /// The policies that are attached to places. A deleted place takes its attachments with it.
    fn live_sets<'p>(&self, places: impl Iterator<Item = &'p Address>) -> impl Iterator<Item = Reference> {
        let sets = places.flat_map(|place| [place].into_iter().chain(self.guards.get(place).into_iter().flatten().copied()));
        let sets: Vec<_> = sets.filter_map(|address| self.now(address)).map(policies).collect();
        sets.into_iter().flatten()
    }

    /// The guardrails that targets will have.
    fn rails_after<'t>(&self, targets: impl Iterator<Item = &'t Address>) -> BTreeSet<Guardrail> {
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
    fn attached(&self, edits: &Edits) -> Vec<(Reference, Address)> {
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
    fn losses(&self, edits: &Edits) -> BTreeMap<Address, Vec<Loss>> {
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

    /// Rule 4, and the part of rule 5 about an account's own attachments.
    pub(super) fn loosened(&mut self) {
        let edits = self.edits();
        let losses = self.losses(&edits);
        let changes = self.changes;
        for (index, change) in changes.iter().enumerate() {
            // Resources in a replaced place move by changes of their own.
            let moves = change.before.is_some() && arrives(change) && !self.places.contains(change.address.kind());
            let mover = mover(change);
            // A new account was under nothing before.
            let is_new = mover != change.address && self.change_of(&mover).is_some_and(|change| change.before.is_none());
            if let Some(after) = change.after.as_ref().filter(|_| moves && !is_new) {
                let own = self.guards.get(&mover).into_iter().flatten().find_map(|guard| self.by_address.get(guard));
                let own = own.filter(|own| self.shifts.get(own).is_some_and(|shift| !shift.gained.is_empty()));
                if own.is_some() || !losses.is_empty() {
                    let stays = self.above(after).into_iter().chain([mover]).collect();
                    self.moving(index, own, &stays, &edits, &losses);
                }
            }
        }
    }

    /// The resource that moves, the change that attaches its own guardrails, itself with the places above it afterwards, and the edited
    /// and detached guardrails.
    fn moving(
        &mut self,
        index: usize,
        own: Option<usize>,
        stays: &BTreeSet<Address>,
        edits: &Edits,
        losses: &BTreeMap<Address, Vec<Loss>>,
    ) {
        let Some(change) = self.changes.get(index) else { return };
        let mut places = self.places_before(change);
        let kept = self.rails_after(stays.iter());
        let left = self.live_sets(places.iter().filter(|place| !stays.contains(*place)));
        let left: BTreeSet<Guardrail> = left.flat_map(|policy| self.documents.before(&policy).collect::<Vec<_>>()).collect();
        // A guardrail that is attached to it directly, or that a policy it keeps contains after an edit, is in force before it leaves the
        // old one.
        let gained = own.and_then(|own| self.shifts.get(&own)).map(|shift| &shift.gained);
        let takes = gained.into_iter().flatten().flat_map(|policy| self.documents.after(policy)).any(|rail| left.contains(&rail));
        self.found.extend(own.filter(|_| takes).map(|own| (index, own, Constraint::KeepsGuardrail)));
        let mover = mover(change);
        let lost = places.iter().chain([&mover]).filter_map(|place| losses.get(place)).flatten();
        let missed: BTreeSet<Guardrail> = lost.flat_map(|loss| loss.rails.iter().cloned()).chain(left).collect();
        for (policy, &edit) in edits.iter().filter(|(policy, _)| kept.contains(&Guardrail::Policy((*policy).clone()))) {
            if !self.documents.gained(policy).is_disjoint(&missed) {
                self.found.push((index, edit, Constraint::KeepsGuardrail));
            }
        }
        places.push(mover.clone());
        let passing = self.passing(change);
        let owned = self.owned(&mover, own, edits);
        let lost = places.iter().filter_map(|place| Some((place, losses.get(place)?)));
        for (place, loss) in lost.flat_map(|(place, losses)| losses.iter().map(move |loss| (place, loss))) {
            let on_its_way = passing.as_ref().filter(|passing| passing.places.contains(place));
            let missed = |rail: &&Guardrail| on_its_way.is_none_or(|passing| passing.had.contains(rail));
            let rails: BTreeSet<&Guardrail> = loss.rails.iter().filter(missed).collect();
            let leaves = match &loss.of {
                LossOf::Set => !stays.contains(place),
                LossOf::Document(policy) => !kept.contains(&Guardrail::Policy(policy.clone())),
            };
            let (directly, otherwise): (Vec<&Guardrail>, Vec<&Guardrail>) =
                rails.iter().filter(|rail| kept.contains(**rail)).partition(|rail| owned.contains_key(*rail));
            // No other place needs to keep what is attached to it directly before and after.
            let before = directly.iter().filter_map(|rail| owned.get(*rail)).flatten();
            self.found
                .extend(before.filter(|before| **before != loss.index).map(|before| (loss.index, *before, Constraint::KeepsGuardrail)));
            // From a place that stays above it, it would miss only what it will have in another place.
            if !otherwise.is_empty() {
                self.found.push((loss.index, index, Constraint::KeepsGuardrail));
            } else if leaves && (on_its_way.is_none() || !rails.is_empty()) {
                self.found.push((loss.index, index, Constraint::KeepsOldPlace));
            }
        }
    }

    /// The guardrails that a moving resource will have by its own set, wherever it moves; each with the changes that attach them.
    fn owned(&self, mover: &Address, own: Option<usize>, edits: &Edits) -> BTreeMap<Guardrail, Vec<usize>> {
        let sets = self.guards.get(mover).into_iter().flatten().filter_map(|guard| self.then(guard));
        let gained = own.and_then(|own| Some((own, &self.shifts.get(&own)?.gained)));
        let mut owned: BTreeMap<Guardrail, Vec<usize>> = BTreeMap::new();
        for policy in sets.flat_map(policies) {
            let attached = gained.filter(|(_, gained)| gained.contains(&policy)).map(|(own, _)| own);
            let said = self.documents.gained(&policy);
            for rail in self.documents.after(&policy) {
                let edited = edits.get(&policy).copied().filter(|_| said.contains(&rail));
                // One of several is enough; the first is used.
                owned.entry(rail).or_insert_with(|| attached.into_iter().chain(edited).collect());
            }
        }
        owned
    }

    /// What the resource of a placement is under on its way, and what it was under before it moved: nothing else is missed.
    fn passing(&self, change: &Change) -> Option<Passing> {
        let mover = mover(change);
        let arrival = self.change_of(&mover).filter(|arrival| mover != change.address && arrives(arrival))?;
        let from = self.places_before(arrival);
        let places = self.places_before(change).into_iter().filter(|place| !from.contains(place)).collect();
        let had = self.live_sets(from.iter().chain([&mover]));
        let had = had.flat_map(|policy| self.documents.before(&policy).collect::<Vec<_>>()).collect();
        Some(Passing { places, had })
    }

    /// Rule 5: a change that detaches a guardrail depends on the change that attaches it, above and below.
    pub(super) fn transferred(&mut self) {
        let edits = self.edits();
        let losses = self.losses(&edits);
        let lost: BTreeSet<&Guardrail> = losses.values().flatten().flat_map(|loss| &loss.rails).collect();
        if lost.is_empty() {
            return;
        }
        let (mut there, mut below) = (Gainers::new(), Gainers::new());
        for (index, place, rails) in self.gains(&edits) {
            let rails: Vec<&Guardrail> = rails.iter().filter(|rail| lost.contains(rail)).collect();
            if rails.is_empty() {
                continue;
            }
            let Some(over) = self.places_throughout(&place) else { continue };
            for rail in rails {
                there.entry((rail.clone(), place.clone())).or_default().push(index);
                over.iter().for_each(|above| below.entry((rail.clone(), above.clone())).or_default().push(index));
            }
        }
        for (place, losses) in losses.iter().filter(|_| !there.is_empty()) {
            let over: Vec<Address> = self.over(place).unwrap_or_default().into_iter().chain([place.clone()]).collect();
            for loss in losses {
                for rail in &loss.rails {
                    let gaining = over.iter().filter_map(|above| there.get(&(rail.clone(), above.clone())));
                    let gaining = gaining.chain(below.get(&(rail.clone(), place.clone()))).flatten();
                    // Before the edit, nothing of it can be lost; afterwards it is in force wherever the policy stays attached.
                    let gaining = gaining.filter(|gainer| loss.later.get(rail) != Some(gainer));
                    self.found.extend(gaining.map(|&gainer| (loss.index, gainer, Constraint::KeepsGuardrail)));
                }
            }
        }
    }

    /// What is attached, with the change and the place.
    fn gains(&self, edits: &Edits) -> Vec<(usize, Address, BTreeSet<Guardrail>)> {
        let sets = self.shifts.iter().filter(|(_, shift)| !shift.gained.is_empty());
        let sets = sets.map(|(&index, shift)| {
            (
                index,
                shift.target.clone(),
                shift.gained.iter().flat_map(|policy| self.documents.after(policy)).collect::<BTreeSet<Guardrail>>(),
            )
        });
        // Where it is attached now, and where it will be.
        let mut attached = self.attached(edits);
        attached.retain(|(policy, place)| self.stays_under(place, policy));
        let gained = self.shifts.values().flat_map(|shift| shift.gained.iter().map(|policy| (policy.clone(), shift.target.clone())));
        attached.extend(gained.filter(|(policy, _)| edits.contains_key(policy)));
        let edited = attached.into_iter().filter_map(|(policy, place)| Some((*edits.get(&policy)?, place, self.documents.gained(&policy))));
        sets.chain(edited).collect()
    }

    /// Whether a place will still be under a policy: a policy that is detached is no gain, whatever it contains meanwhile.
    fn stays_under(&self, place: &Address, policy: &Reference) -> bool {
        let Some(over) = self.over(place) else { return false };
        self.rails_after(over.iter().chain([place])).contains(&Guardrail::Policy(policy.clone()))
    }

    /// The places above a resource at all times; `None` for a new one, which waits for its guardrails itself.
    fn places_throughout(&self, target: &Address) -> Option<Vec<Address>> {
        let mut over = self.over(target)?;
        if let Some(change) = self.change_of(target).filter(|change| arrives(change)) {
            change.before.as_ref().filter(|_| change.action != Action::Replace)?;
            let before = self.places_before(change);
            over.retain(|place| before.contains(place));
        }
        Some(over)
    }
}

/// What a change moves: for a placement, its account.
fn mover(change: &Change) -> Address {
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
    let after = change.after.as_ref().filter(|_| change.address.scope().is_none());
    let to = after.and_then(|after| resource::reference(after, "parent"));
    to.is_some() && change.changes("parent")
}
