//! Applies a plan: the schedule (pure) and the loop that runs it.

mod consent;
mod lock;
mod run;
pub mod schedule;

pub use crate::resource::{Company, Context, KnownCreation};
pub use consent::{Consent, Needs};
pub use lock::{RENEW_EVERY, RENEWAL, RunLock, Stopped, apply_locked, now};
pub use run::{Counts, Event, Outcome, Report, Status, apply, apply_beside_others};
