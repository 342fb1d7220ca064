//! The loop around the schedule.

use crate::address::Address;
use crate::aws::{Error, Sessions};
use crate::plan::{Action, Plan};

/// How a change came out.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is so now.
    Applied,
    /// It failed.
    Failed(Error),
    /// Not begun, because of another change that failed, was withheld or was never begun.
    Skipped {
        /// The change at the root of it.
        because_of: Address,
    },
    /// A deletion without consent.
    Withheld,
    /// Not begun, because the run was interrupted.
    NotStarted,
}

/// What the loop says while it runs, for the progress display.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A change began.
    Started {
        /// Which.
        address: Address,
        /// What it does.
        action: Action,
    },
    /// A change came out.
    Finished {
        /// Which.
        address: Address,
        /// How.
        outcome: Outcome,
    },
}

/// All outcomes, in the plan's order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// One per change.
    pub outcomes: Vec<(Address, Outcome)>,
}

/// Applies a plan. Independent branches go on after a failure.
pub async fn apply(plan: &Plan, sessions: &Sessions, allow_delete: bool, events: &mut (dyn FnMut(Event) + Send)) -> Report {
    let _ = (plan, sessions, allow_delete, events);
    todo!()
}
