//! The dependency graph of the changes. Its edges come from references (invariant 6). Pure.
//!
//! It runs between the diff, which knows no order of execution, and the plan. Nine rules create all edges. Each is a function in a file
//! of `rules/`, with its reason and its tests:
//! 1. `references`: a change depends on what it refers to.
//! 2. `deletions`: a deletion depends on the changes of all that referred to the deleted resource.
//! 3. `arrivals`: a resource that arrives in a place depends on the guardrails there.
//! 4. `departures`: a change that loosens a guardrail depends on the changes that move resources out of its place.
//! 5. `transfers`: a change that detaches a guardrail depends on the change that attaches it above, below, or to the account that moves.
//! 6. `accounts`: a resource that is created in an account depends on the account, on its guardrails and on its Region.
//! 7. `quotas`: a resource that takes the place of another one in a quota depends on the change that frees it.
//! 8. `names`: a change that takes a name depends on the change that gives it up. If names form a cycle, one member is renamed in 2
//!    steps (`names.rs`).
//! 9. `allows`: a change that removes an Allow from a level depends on the change that adds another one.
//!
//! A set that both attaches and detaches is 2 steps, or one change if both can run one right after the other (`steps.rs`). Attaching
//! first, then moving, and detaching last forms no cycle. Two cases can form one: a set that is full, and policies that exchange their
//! documents. There rules 4 and 5 give way, and a warning says so.

use crate::address::{Address, Reference};
use crate::change::Change;
use crate::resource::{self, Attributes, Desired, Finding, Live};

mod cycles;
mod edges;
mod guardrails;
mod guards;
mod names;
mod producers;
mod rules;
mod steps;

/// Changes in an order in which they can be applied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ordered {
    /// Each after all of its dependencies, otherwise in order of address.
    pub changes: Vec<Change>,
    /// One error per cycle, and a warning for each guardrail rule that has to give way.
    pub findings: Vec<Finding>,
}

/// The strength of an edge. The last one is dropped first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Constraint {
    /// AWS refuses any other order, or a resource would arrive in a place without guardrails.
    Required,
    /// A guardrail would be missing for a while.
    KeepsGuardrail,
    /// A level would allow nothing for a while, so nothing below it would work.
    KeepsAllow,
    /// A resource that leaves a place would for a while lack a guardrail that it has there and will not have: its new place may say the
    /// same in other words.
    KeepsOldPlace,
    /// A resource would be under one guardrail too many for a while, or arrive in a place before its own guardrails are attached.
    Preferred,
}

/// Fills `waits_for` and sorts the changes.
pub fn order(changes: Vec<Change>, desired: &Desired, live: &Live) -> Ordered {
    let steps = steps::split(names::break_rename_cycles(changes), desired, live);
    let edges = edges::Edges::new(&steps.changes, desired, live).find();
    let (changes, edges) = steps.joined(edges);
    cycles::arranged(changes, edges)
}

/// Whether it is the second of two steps; then the address of the first.
pub(crate) fn first_step(address: &Address) -> Option<Address> {
    steps::first_step(address).or_else(|| names::first_step(address))
}

/// The places that contain something with these attributes, from the parent up to the organization. Ends before a cycle would repeat.
pub(crate) fn places_above<'a>(attributes: &Attributes, lookup: impl Fn(&Address) -> Option<&'a Attributes>) -> Vec<Address> {
    let named = |reference| match reference {
        Reference::Address(address) => Some(address),
        Reference::Id(_) => None,
    };
    edges::chain(resource::reference(attributes, "parent"), named, lookup)
}

#[cfg(test)]
mod tests;
