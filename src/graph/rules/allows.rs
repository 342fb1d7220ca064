//! Rule 9: a level that allows something before and after the run also allows it in between. Pure.
//!
//! If no policy of a level allows an action, it is denied to everything below. So a change that removes an Allow, by a detachment or an
//! edit, depends on a change that adds another one.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Reference};
use crate::graph::Constraint;
use crate::graph::cycles::Found;
use crate::graph::edges::Edges;
use crate::graph::guardrails::{Shift, policies};
use crate::graph::guards::{Edits, arrives};

impl Edges<'_> {
    pub(in crate::graph) fn keep_an_allow_attached(&mut self) {
        let edits = self.edits();
        let mut shifts: BTreeMap<&Address, Vec<(usize, &Shift)>> = BTreeMap::new();
        for (&index, shift) in &self.shifts {
            shifts.entry(&shift.target).or_default().push((index, shift));
        }
        let mut found = Vec::new();
        for (target, guards) in &self.guards {
            let shifts = shifts.get(target).map(Vec::as_slice).unwrap_or_default();
            for guard in guards {
                let (Some(now), Some(then)) = (self.now(guard), self.then(guard)) else { continue };
                let (closers, openers) = self.doors(&policies(now), &policies(then), shifts, &edits);
                let pairs = closers.iter().flat_map(|closer| openers.iter().map(move |opener| (*closer, *opener)));
                found.extend(
                    pairs.filter(|(closer, opener)| closer != opener).map(|(closer, opener)| (closer, opener, Constraint::KeepsAllow)),
                );
            }
        }
        found.extend(self.left_before_it_closes(&edits));
        self.found.append(&mut found);
    }

    /// Resources leave a deleted place before its policies stop allowing anything.
    fn left_before_it_closes(&self, edits: &Edits) -> Vec<Found> {
        let closes = |policy: &Reference| self.documents.allowed(policy) && !self.documents.allows(policy);
        let closing: Edits = edits.iter().filter(|(policy, _)| closes(policy)).map(|(policy, edit)| (policy.clone(), *edit)).collect();
        if closing.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let movers = self.changes.iter().enumerate().filter(|(_, change)| change.before.is_some() && arrives(change));
        for (index, change) in movers.filter(|(_, change)| !self.places.contains(change.address.kind())) {
            let goes = |place: &Address| !self.desired.resources.contains_key(place);
            for set in self.places_before(change).iter().filter(|place| goes(place)).filter_map(|place| self.now(place)).map(policies) {
                if !set.iter().any(|policy| self.documents.allowed(policy) && !closing.contains_key(policy)) {
                    found.extend(set.iter().filter_map(|policy| closing.get(policy)).map(|edit| (*edit, index, Constraint::KeepsAllow)));
                }
            }
        }
        found
    }

    /// The changes that remove an Allow from a set and those that add one. None if one Allow stays all the time.
    fn doors(
        &self,
        before: &BTreeSet<Reference>,
        after: &BTreeSet<Reference>,
        shifts: &[(usize, &Shift)],
        edits: &Edits,
    ) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let allowed = |policy: &Reference| self.documents.allowed(policy);
        let allows = |policy: &Reference| self.documents.allows(policy);
        if before.intersection(after).any(|policy| allowed(policy) && allows(policy)) {
            return Default::default();
        }
        let edit = |policy: &Reference| edits.get(policy).copied();
        let closers = before.iter().filter(|policy| allowed(policy) && !allows(policy)).filter_map(edit);
        let openers = after.iter().filter(|policy| allows(policy) && !allowed(policy)).filter_map(edit);
        let takes = |shift: &Shift| shift.lost.iter().chain(&shift.lost_defaults).any(allowed);
        let brings = |shift: &Shift| shift.gained.iter().chain(&shift.gained_defaults).any(allows);
        (
            closers.chain(shifts.iter().filter(|(_, shift)| takes(shift)).map(|(index, _)| *index)).collect(),
            openers.chain(shifts.iter().filter(|(_, shift)| brings(shift)).map(|(index, _)| *index)).collect(),
        )
    }
}
