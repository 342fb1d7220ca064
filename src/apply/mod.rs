//! Applying a plan: the schedule (pure) and the loop that runs it.

mod consent;
mod context;
mod opening;
mod run;
pub mod schedule;

pub use consent::{Consent, Needs};
pub use context::{Context, KnownCreation};
pub(crate) use opening::NOT_YET;
pub use run::{Counts, Event, Outcome, Report, Status, apply};
