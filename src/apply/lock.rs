//! A run under the lock. The run takes the lock before its first write, renews it while it lasts, and releases it at the end.
//!
//! To the loop in `run.rs` the lock is only something that must be held. One write comes before the lock: a run that creates the
//! organization cannot lock anything before, so it takes the lock right after. CreateOrganization itself is atomic.

use std::fmt;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::{Either, select};
use sha2::{Digest, Sha256};

use super::run::{self, Event};
use super::{Company, Consent, Report};
use crate::aws::{AwsResult, Error, Sessions, pause};
use crate::plan::Plan;
use crate::resource::organizations::lock::{self, LiveLock, LockHolder, Renewal, Taken};
use crate::resource::organizations::{LOCK_NAME, organization_address};

/// How often a long run renews its lock: a fifth of the time after which the lock counts as stale.
pub const RENEW_EVERY: Duration = Duration::from_secs(120);

/// The mutating call of a renewal.
pub const RENEWAL: &str = "organizations:TagResource";

/// The lock of one run.
#[derive(Debug)]
pub struct RunLock {
    sessions: Sessions,
    owner: String,
    run: String,
    id: String,
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
enum State {
    /// Not taken yet, or released.
    Free,
    /// Held: the id of the OU.
    Held(String),
    /// Another run holds it.
    Theirs(LiveLock),
    /// It was held, and was then removed by another caller.
    Lost,
    /// It could not be released.
    Stuck(Error),
}

/// Why a run under the lock made no change.
#[derive(Debug)]
pub enum Stopped<E> {
    /// The lock could not be taken: another run holds it, or AWS refused.
    Lock(Error),
    /// The check under the lock failed.
    Check(E),
}

impl RunLock {
    /// A lock that is not taken yet. `run` says where the run can be found; the owner is the caller, once the guard has read it.
    pub fn new(sessions: &Sessions, run: &str) -> Self {
        let owner = owner(sessions.caller_arn().unwrap_or_default());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let hash = Sha256::new().chain_update(format!("{owner}\0{run}\0{}\0{now}", std::process::id())).finalize();
        let id = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { sessions: sessions.clone(), owner, run: LockHolder::text(run), id, state: Mutex::new(State::Free) }
    }

    fn now(&self) -> i64 {
        now(&self.sessions)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No operation leaves it half-changed, so a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this run holds it.
    pub fn is_held(&self) -> bool {
        matches!(*self.state(), State::Held(_))
    }

    /// The holder, if it is another run.
    pub fn theirs(&self) -> Option<LiveLock> {
        match &*self.state() {
            State::Theirs(lock) => Some(lock.clone()),
            State::Free | State::Held(_) | State::Lost | State::Stuck(_) => None,
        }
    }

    /// What went wrong with the lock after it was taken, and what to do.
    pub fn trouble(&self) -> Option<(String, String)> {
        let unlock = "remove it with `overlord apply --unlock`".to_owned();
        match &*self.state() {
            State::Lost => {
                let what = format!("the lock `{LOCK_NAME}` was removed while this ran: nothing more was started");
                Some((what, "make sure that no other run is under way, then run the same command again".to_owned()))
            }
            State::Stuck(error) => Some((format!("the lock `{LOCK_NAME}` could not be released: {error}"), unlock)),
            State::Held(_) => Some((format!("the lock `{LOCK_NAME}` was not released"), unlock)),
            State::Free | State::Theirs(_) => None,
        }
    }

    /// Takes it.
    ///
    /// # Errors
    /// Another run holds it: the error says who, since when and which. Or AWS refused.
    pub async fn take(&self, root: &str) -> AwsResult<()> {
        let now = self.now();
        let holder = LockHolder { owner: self.owner.clone(), run: self.run.clone(), id: self.id.clone(), since: now, renewed: now };
        match lock::take(&self.sessions, root, &holder).await? {
            Taken::Ours(ou) => {
                *self.state() = State::Held(ou);
                Ok(())
            }
            Taken::Theirs(lock) => {
                let error = refusal(&lock, self.now());
                *self.state() = State::Theirs(lock);
                Err(error)
            }
        }
    }

    /// Runs `work` and renews the lock meanwhile. If another caller removes the lock, the run is interrupted: requests in flight finish.
    pub async fn keep<T>(&self, work: impl Future<Output = T>) -> T {
        match select(pin!(work), pin!(self.renewals())).await {
            Either::Left((done, _)) => done,
            Either::Right(((), work)) => work.await,
        }
    }

    /// Returns when the lock is lost or the run is interrupted.
    async fn renewals(&self) {
        let interrupt = self.sessions.request_gate().interrupt();
        while pause(RENEW_EVERY, interrupt).await.is_ok() {
            let State::Held(ou) = self.state().clone() else { continue };
            // A failed renewal may succeed the next time: only a removed lock is final.
            if let Ok(Renewal::Gone) = lock::renew(&self.sessions, &ou, self.now()).await {
                *self.state() = State::Lost;
                interrupt.trigger();
                return;
            }
        }
    }

    /// Releases it if it is held. An error is kept for [`RunLock::trouble`].
    pub async fn release(&self) {
        let State::Held(ou) = self.state().clone() else { return };
        let released = lock::remove(&self.sessions, &ou).await;
        *self.state() = released.map_or_else(State::Stuck, |()| State::Free);
    }
}

/// Applies a plan under the lock, as [`super::apply`] does without one. `check` runs once the lock is held, before the first change: all
/// changes of other runs are finished by then.
///
/// # Errors
/// The lock could not be taken, or `check` failed; no change was made. If the run creates the organization, the lock is taken after that;
/// if that fails, the change that created the organization fails with it.
pub async fn apply_locked<E>(
    plan: &Plan,
    lock: &RunLock,
    consent: &Consent,
    check: impl Future<Output = Result<(), E>>,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Report, Stopped<E>> {
    let root = plan.observed.get(&organization_address()).and_then(|live| live.id.clone());
    if let Some(root) = &root {
        lock.take(root).await.map_err(Stopped::Lock)?;
    }
    if let Err(error) = lock.keep(check).await {
        lock.release().await;
        return Err(Stopped::Check(error));
    }
    let report = lock.keep(run::apply_with(plan, &lock.sessions, Company::Alone, Some(lock), consent, events)).await;
    lock.release().await;
    Ok(report)
}

/// AWS's time, in seconds since 1970.
pub fn now(sessions: &Sessions) -> i64 {
    let now = sessions.request_gate().clock().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// The user or the role's session, as the end of an ARN names it.
fn owner(arn: &str) -> String {
    let resource = arn.rsplit(':').next().unwrap_or_default();
    let name = resource.split_once('/').map_or(resource, |(_, name)| name);
    LockHolder::text(if name.is_empty() { "unknown" } else { name })
}

fn refusal(lock: &LiveLock, now: i64) -> Error {
    let hint = match lock.holder.is_stale(now) {
        true => "that run has probably died: make sure that it has, then remove its lock with `overlord apply --unlock`",
        false => "wait for its end and run the same command again; if it has died, remove its lock with `overlord apply --unlock`",
    };
    Error::Failed { message: format!("{}", Refused { lock, now }), hint: Some(hint.to_owned()) }
}

/// Another run holds the lock.
struct Refused<'a> {
    lock: &'a LiveLock,
    now: i64,
}

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another run holds the lock `{LOCK_NAME}`: {}", self.lock.holder.told(self.now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_the_end_of_the_callers_arn() {
        for (arn, name) in [
            ("arn:aws:iam::111111111111:user/division/alice", "division/alice"),
            ("arn:aws:sts::111111111111:assumed-role/overlord-apply/GitHubActions", "overlord-apply/GitHubActions"),
            ("arn:aws:iam::111111111111:root", "root"),
            ("", "unknown"),
        ] {
            assert_eq!(owner(arn), name);
        }
    }

    #[test]
    fn renewals_come_well_before_a_lock_is_stale() {
        assert!(i64::try_from(RENEW_EVERY.as_secs()).unwrap() * 3 < lock::STALE_AFTER);
    }
}
