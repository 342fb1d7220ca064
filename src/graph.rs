//! The graph: which change waits for which. Edges come from references (invariant 6). Pure.
//!
//! It stands between the diff, which knows no time, and the plan. Nine rules make all edges:
//! 1. A change waits for what its after-value refers to, through resources that do not change. A set of guardrails waits for those that
//!    it gains; its target, once that is there, may be renamed or moved meanwhile.
//! 2. A deletion waits for every change whose before-value refers to it and whose after-value no longer does.
//! 3. What comes to be in a place waits for the guardrails of that place and of all places above it, and for those that it gains itself. Places themselves do not
//!    wait: an empty OU needs no guard, and what goes into it waits for the whole chain.
//! 4. A guardrail that is loosened waits for what leaves its place, so that nothing is ever under fewer guardrails than those
//!    before and after have in common.
//! 5. For the same reason who loses a guardrail waits for whom gains it, above, below or with the account that moves.
//! 6. What comes to be in an account waits for the account, for its guardrails and for its Region, whether it refers to them or not.
//!    What goes from an account does not wait: it was there.
//! 7. A VPC that takes the place of the default one in the quota waits until that is gone.
//! 8. What takes a name waits for what gives it up. Where that goes round, one of the circle is renamed in two steps (`names.rs`).
//! 9. What takes an Allow from a level waits for what brings it another, so that what is below never stands still.
//!
//! A set that both gains and loses is two steps, and one change where they may stand next to each other (`steps.rs`): to gain first, to
//! move then and to lose last closes no circle. What can: a set that is full, and policies that exchange their documents. There rules 4
//! and 5 yield, and a warning says so.

use crate::address::{Address, Reference};
use crate::change::Change;
use crate::resource::{self, Attributes, Desired, Finding, Live};

mod cycles;
mod guardrails;
mod guards;
mod names;
mod openings;
mod producers;
mod rules;
mod steps;

/// Changes in an order in which they can be made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ordered {
    /// Each behind all that it waits for, otherwise in order of address.
    pub changes: Vec<Change>,
    /// One error per circle, and a warning for each guardrail that has to yield.
    pub findings: Vec<Finding>,
}

/// How much an edge insists. The last is given up first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Constraint {
    /// AWS refuses any other order, or something would come to a place that is not guarded.
    Required,
    /// A guardrail would be missing for a while.
    KeepsGuardrail,
    /// A level would for a while allow nothing, and all below it stand still.
    KeepsAllow,
    /// What leaves a place would for a while be without what it has there and will not have: its new place may say the same in other words.
    KeepsOldPlace,
    /// Something would be under a guardrail too many for a while, or come to a place before it has its own.
    Preferred,
}

/// Fills `waits_for` and puts the changes in order.
pub fn order(changes: Vec<Change>, desired: &Desired, live: &Live) -> Ordered {
    let steps = steps::split(names::break_rename_cycles(changes), desired, live);
    let edges = rules::Edges::new(&steps.changes, desired, live).find();
    let (changes, edges) = steps.joined(edges);
    cycles::arranged(changes, edges)
}

/// Whether it is the second of two steps; then the address of the first.
pub(crate) fn first_step(address: &Address) -> Option<Address> {
    steps::first_step(address).or_else(|| names::first_step(address))
}

/// The places that attributes lie in, from the parent up to the organization. Ends where it would go round.
pub(crate) fn places_above<'a>(attributes: &Attributes, lookup: impl Fn(&Address) -> Option<&'a Attributes>) -> Vec<Address> {
    let named = |reference| match reference {
        Reference::Address(address) => Some(address),
        Reference::Id(_) => None,
    };
    rules::chain(resource::reference(attributes, "parent"), named, lookup)
}

#[cfg(test)]
mod tests;
