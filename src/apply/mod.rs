//! Applying a plan: the schedule (pure) and the loop that runs it.

mod consent;
mod context;
mod lock;
mod opening;
mod run;
pub mod schedule;

pub use consent::{Consent, Needs};
pub use context::{Company, Context, KnownCreation};
pub use lock::{LOCK_CALLS, RENEW_EVERY, RENEWAL, RunLock, Stopped, apply_locked, now};
pub(crate) use opening::NOT_YET;
pub use run::{Counts, Event, Outcome, Report, Status, apply, apply_beside_others};
