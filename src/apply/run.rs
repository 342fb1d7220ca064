//! The loop around the schedule. It decides nothing: the plan says which changes there are and in which order; the schedule says when
//! each starts.
//!
//! All futures run on the caller's task, so dropping the future of [`apply`] stops everything at once.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::schedule::{Class, Ended, Schedule, Skipped, Task};
use super::{Company, Consent, Context, Needs, RunLock};
use crate::address::Address;
use crate::aws::{ActiveTasks, AwsResult, Error, IN_FLIGHT, Sessions};
use crate::graph::first_step;
use crate::limits::LIMITS;
use crate::plan::{Action, Change, Plan};
use crate::resource::network::Region;
use crate::resource::organizations::organization_address;
use crate::resource::{self, Ids, Kind, Start};

/// How many changes run at a time. Most of them only wait until AWS has created something: the 60,000 NAT gateways of 5,000 accounts in 4
/// Regions become available side by side. The request gate applies AWS's rates and limits the requests in flight. This constant only
/// limits memory: a running change is one future, and a test holds the futures of all kinds to [`FUTURE`].
const AT_A_TIME: usize = 65_536;

/// How many changes may be active at a time, per request that may be in flight: so one is always ready for the next free place. More
/// would not finish sooner. They would fill the request gate's queue ahead of changes that become urgent later.
const AT_WORK: usize = 2;

/// The largest size of a change's future, in bytes: with [`AT_A_TIME`] of them, 2 gigabytes.
#[cfg(test)]
const FUTURE: usize = 32 * 1024;

/// The milliseconds assumed for a call of an operation without a published rate, when changes are sorted by urgency.
const UNPUBLISHED: u64 = 100;

/// The result of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was applied.
    Applied,
    /// It failed.
    Failed(Error),
    /// Not started, because another change failed, was not applied or was never started.
    Skipped {
        /// The change that caused it.
        because_of: Address,
    },
    /// Not applied: destructive, and the confirmation is missing.
    Withheld {
        /// Which confirmation it needs.
        needs: Needs,
    },
    /// AWS will accept it later: see [`Error::Waiting`]. Not a failure, but its dependents are skipped all the same.
    Waiting(Error),
    /// Started and not finished, because the run was interrupted: not a failure. The next run does the rest.
    Interrupted,
    /// Not started, because the run was interrupted.
    NotStarted,
}

/// What the loop reports while it runs, for the progress display.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A change started.
    Started {
        /// Which.
        address: Address,
        /// What it does.
        action: Action,
    },
    /// A change ended.
    Finished {
        /// Which.
        address: Address,
        /// Its result.
        outcome: Outcome,
    },
}

/// All outcomes, in the plan's order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// One per change.
    pub outcomes: Vec<(Address, Outcome)>,
    /// AWS's ids of the created resources, by address. A resource without an id of its own, such as the policies of an account, is not
    /// included.
    pub ids: BTreeMap<Address, String>,
}

impl Report {
    /// How many changes had which result.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, outcome) in &self.outcomes {
            *match outcome {
                Outcome::Applied => &mut counts.applied,
                Outcome::Failed(_) => &mut counts.failed,
                Outcome::Skipped { .. } => &mut counts.skipped,
                Outcome::Withheld { .. } => &mut counts.withheld,
                Outcome::Waiting(_) => &mut counts.waiting,
                Outcome::Interrupted => &mut counts.interrupted,
                Outcome::NotStarted => &mut counts.not_started,
            } += 1;
        }
        counts
    }

    /// The run as a whole.
    pub fn status(&self) -> Status {
        let counts = self.counts();
        if counts.applied == self.outcomes.len() {
            Status::Done
        } else if counts.applied == 0 && counts.failed > 0 {
            Status::Failed
        } else {
            Status::Partly
        }
    }
}

/// How many changes had which result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// See [`Outcome::Applied`].
    pub applied: usize,
    /// See [`Outcome::Failed`].
    pub failed: usize,
    /// See [`Outcome::Skipped`].
    pub skipped: usize,
    /// See [`Outcome::Withheld`].
    pub withheld: usize,
    /// See [`Outcome::Waiting`].
    pub waiting: usize,
    /// See [`Outcome::Interrupted`].
    pub interrupted: usize,
    /// See [`Outcome::NotStarted`].
    pub not_started: usize,
}

/// The result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Everything is applied.
    Done,
    /// Some changes were not applied: failed, needing confirmation, pending, interrupted or never started.
    Partly,
    /// Something failed, and nothing was applied.
    Failed,
}

/// Applies a plan. Independent branches continue after a failure. Destructive changes are not applied unless `consent` covers them. No
/// lock is taken: [`super::apply_locked`] takes one.
pub async fn apply(plan: &Plan, sessions: &Sessions, consent: &Consent, events: &mut (dyn FnMut(Event) + Send)) -> Report {
    apply_with(plan, sessions, Company::Alone, None, consent, events).await
}

/// Like [`apply`], while other runs may change the same organization: without a lock, each creation that AWS would repeat is checked
/// again.
pub async fn apply_beside_others(plan: &Plan, sessions: &Sessions, consent: &Consent, events: &mut (dyn FnMut(Event) + Send)) -> Report {
    apply_with(plan, sessions, Company::Others, None, consent, events).await
}

/// Applies a plan under a lock, if there is one. A lock that is not held yet is taken as soon as the organization is created.
pub(super) async fn apply_with(
    plan: &Plan,
    sessions: &Sessions,
    company: Company,
    lock: Option<&RunLock>,
    consent: &Consent,
    events: &mut (dyn FnMut(Event) + Send),
) -> Report {
    if plan.has_errors() {
        let refused =
            |change: &Change| (change.address.clone(), Outcome::Failed(Error::internal("a plan with errors is not to be applied")));
        return Report { outcomes: plan.changes.iter().map(refused).collect(), ..Report::default() };
    }
    let ids = observed_ids(plan);
    let calls = Calls { context: Context::new(sessions, start(plan), ids.clone(), company), ids: ids.clone(), lock };
    let mut report = run(plan, &calls, consent, events).await;
    report.ids = created(plan, &report, &ids);
    report
}

/// AWS's ids of the resources that the run created.
fn created(plan: &Plan, report: &Report, ids: &Ids) -> BTreeMap<Address, String> {
    let applied: BTreeSet<&Address> =
        report.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Applied).map(|(address, _)| address).collect();
    let creates = |change: &&Change| matches!(change.action, Action::Create | Action::Replace) && applied.contains(&change.address);
    let created = plan.changes.iter().filter(creates).filter(|change| resource::has_own_id(&change.address));
    created.filter_map(|change| Some((change.address.clone(), ids.resolve(&change.address.clone().into()).ok()?))).collect()
}

/// Applies a change: with AWS's calls, or with a test's.
trait Executor: Sync {
    /// Applies it.
    fn execute<'a>(&'a self, change: &'a Change) -> ExecuteFuture<'a>;

    /// Whether nothing more may start.
    fn is_interrupted(&self) -> bool;

    /// How many changes may run at a time.
    fn at_a_time(&self) -> usize {
        AT_A_TIME
    }

    /// How many of those may be active: the others only wait.
    fn at_work(&self) -> usize {
        AT_WORK * *IN_FLIGHT
    }
}

type ExecuteFuture<'a> = Pin<Box<dyn Future<Output = AwsResult<()>> + Send + 'a>>;

/// The real executor.
struct Calls<'l> {
    context: Context,
    ids: Ids,
    /// The lock, which must be held before anything but the organization itself is written.
    lock: Option<&'l RunLock>,
}

impl Calls<'_> {
    /// Whether a change may be applied now.
    fn check_lock(&self, change: &Change) -> AwsResult<()> {
        match self.lock {
            Some(lock) if !lock.is_held() && !creates_organization(change) && !self.is_interrupted() => {
                Err(Error::internal(format!("`{}` would be changed without the lock", change.address)))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Executor for Calls<'_> {
    fn execute<'a>(&'a self, change: &'a Change) -> ExecuteFuture<'a> {
        Box::pin(async move {
            let kind = resource::kind(change.address.kind())
                .ok_or_else(|| Error::internal(format!("unknown kind of resource `{}`", change.address.kind())))?;
            self.check_lock(change)?;
            let id = existing_id(change, &self.ids)?;
            // The address of a second step is not a resource's.
            let context = self.context.of(&first_step(&change.address).unwrap_or_else(|| change.address.clone()), change.after.as_ref());
            let make = || async { finished(kind.apply(&context, id.as_deref(), change.before.as_ref(), change.after.as_ref()).await) };
            let interrupt = context.sessions().request_gate().interrupt();
            let id = finishing().until(interrupt, make).await?;
            if let Some(lock) = self.lock.filter(|lock| creates_organization(change) && !lock.is_held()) {
                // Its id is the root's.
                let take = || async { finished(Box::pin(lock.take(&id)).await) };
                finishing().until(interrupt, take).await?;
            }
            match change.action {
                Action::Delete => self.ids.forget(&change.address),
                Action::NoOp | Action::Create | Action::Update | Action::Replace | Action::Move | Action::Adopt => {
                    self.ids.learn(&change.address, id);
                }
            }
            Ok(())
        })
    }

    fn is_interrupted(&self) -> bool {
        self.context.sessions().request_gate().interrupt().is_triggered()
    }
}

/// Whether a change creates the organization: no lock can be taken before that.
fn creates_organization(change: &Change) -> bool {
    change.action == Action::Create && change.address == organization_address()
}

/// AWS refuses some calls while it still works on a new organization. Terraform's provider waits 4 minutes for it
/// (hashicorp/terraform-provider-aws, internal/service/organizations, 2026-11-30).
fn finishing() -> crate::aws::Poll {
    let what = "AWS to finish the new organization".to_owned();
    crate::aws::Poll { what, pause: Duration::from_secs(2), deadline: Duration::from_secs(4 * 60) }
}

/// `None` while AWS still works on the organization: then nothing was changed.
fn finished<T>(result: AwsResult<T>) -> AwsResult<Option<T>> {
    match result {
        Err(error) if error.is(&["FinalizingOrganizationException"]) => Ok(None),
        result => result.map(Some),
    }
}

/// The ids that the plan observed. A replaced resource has none until the new one exists: the old id would be wrong by then.
fn observed_ids(plan: &Plan) -> Ids {
    let anew: BTreeSet<&Address> = plan.changes.iter().filter(|c| c.action == Action::Replace).map(|c| &c.address).collect();
    let observed = plan.observed.iter().filter(|(address, _)| !anew.contains(address));
    Ids::observed(observed.filter_map(|(address, live)| Some((address.clone(), live.id.clone()?))))
}

/// What the calls of all kinds need from the plan.
fn start(plan: &Plan) -> Start {
    let regions = plan.changes.iter().filter(|change| Region::has(&change.address));
    let released = plan.changes.iter().filter(|change| change.action == Action::Delete && !change.waits_for.is_empty());
    Start {
        access_role: plan.desired.access_role.clone(),
        management_account: plan.desired.management_account.clone(),
        attached: plan.desired.attached.clone(),
        opened: regions.filter_map(|change| change.address.scope().cloned()).collect(),
        released: released.map(|change| change.address.clone()).collect(),
    }
}

/// AWS's id of an existing resource; `None` if the change creates it.
fn existing_id(change: &Change, ids: &Ids) -> AwsResult<Option<String>> {
    match change.action {
        // A replacement starts without an id: deleting the old resource is a change of its own.
        Action::Create | Action::Replace => Ok(None),
        Action::NoOp | Action::Update | Action::Delete | Action::Move | Action::Adopt => {
            if let Some(id) = &change.id {
                return Ok(Some(id.clone()));
            }
            // AWS created it with another resource, which exists by now: the id is that one's.
            let target = change.after.as_ref().and_then(|after| resource::reference(after, "target"));
            let missing = || Error::internal(format!("`{}` is to be changed and has no id", change.address));
            ids.resolve(&target.ok_or_else(missing)?).map(Some)
        }
    }
}

/// The loop.
async fn run(plan: &Plan, executor: &impl Executor, consent: &Consent, events: &mut (dyn FnMut(Event) + Send)) -> Report {
    let mut progress = Progress { outcomes: BTreeMap::new(), events };
    let mut schedule = match Schedule::new(plan.changes.iter().map(task)) {
        Ok(schedule) => schedule,
        Err(wrong) => {
            let error = Error::internal(format!("`{}` comes before a change that it depends on", wrong.0));
            progress.finished(&wrong.0, Outcome::Failed(error));
            return progress.report(plan);
        }
    };
    let by_address: BTreeMap<&Address, &Change> = plan.changes.iter().map(|change| (&change.address, change)).collect();
    let withheld: BTreeMap<&Address, Needs> =
        plan.changes.iter().filter_map(|change| Some((&change.address, consent.lacks(change)?))).collect();
    for change in &plan.changes {
        let Some(needs) = withheld.get(&change.address).cloned() else { continue };
        progress.finished(&change.address, Outcome::Withheld { needs });
        let skipped = schedule.finish(&change.address, Ended::Failed);
        // A deletion that depends on another one needs confirmation itself.
        progress.skipped(skipped.into_iter().filter(|skipped| !withheld.contains_key(&skipped.key)).collect());
    }
    let (mut running, active) = (FuturesUnordered::new(), ActiveTasks::default());
    let has_room = |running: usize| running < executor.at_a_time() && running.saturating_sub(active.idle()) < executor.at_work();
    loop {
        while has_room(running.len()) && !executor.is_interrupted() {
            let Some(change) = schedule.next().and_then(|address| by_address.get(&address).copied()) else { break };
            (progress.events)(Event::Started { address: change.address.clone(), action: change.action });
            let execution = active.track(executor.execute(change));
            running.push(async move { (change, execution.await) });
        }
        // If there was no room, there is as soon as a change waits: that happens only while these are polled.
        let was_full = !has_room(running.len());
        let next = poll_fn(|context| match running.poll_next_unpin(context) {
            Poll::Pending if was_full && has_room(running.len()) => Poll::Ready(Next::Start),
            polled => polled.map(|ended| ended.map_or(Next::End, |(change, result)| Next::Ended(change, result))),
        });
        let (change, result) = match next.await {
            Next::Start => continue,
            Next::Ended(change, result) => (change, result),
            Next::End => break,
        };
        let ended = if result.is_ok() { Ended::Done } else { Ended::Failed };
        let outcome = match result {
            Ok(()) => Outcome::Applied,
            Err(later @ Error::Waiting { .. }) => Outcome::Waiting(later),
            Err(Error::Interrupted) => Outcome::Interrupted,
            Err(error) => Outcome::Failed(error),
        };
        let is_cut = outcome == Outcome::Interrupted;
        progress.finished(&change.address, outcome);
        let skipped = schedule.finish(&change.address, ended);
        // Dependents of an interrupted change do not start, like all other remaining changes.
        if !is_cut {
            progress.skipped(skipped);
        }
    }
    progress.report(plan)
}

/// The loop's next step.
enum Next<'p> {
    /// Start more: some of the running changes only wait now.
    Start,
    /// A change ended.
    Ended(&'p Change, AwsResult<()>),
    /// Nothing runs any more.
    End,
}

/// The outcomes so far, each reported once it is known.
struct Progress<'a> {
    outcomes: BTreeMap<Address, Outcome>,
    events: &'a mut (dyn FnMut(Event) + Send),
}

impl Progress<'_> {
    fn finished(&mut self, address: &Address, outcome: Outcome) {
        (self.events)(Event::Finished { address: address.clone(), outcome: outcome.clone() });
        self.outcomes.insert(address.clone(), outcome);
    }

    fn skipped(&mut self, skipped: Vec<Skipped<Address>>) {
        for Skipped { key, because_of } in skipped {
            self.finished(&key, Outcome::Skipped { because_of });
        }
    }

    fn report(mut self, plan: &Plan) -> Report {
        for change in &plan.changes {
            if !self.outcomes.contains_key(&change.address) {
                self.finished(&change.address, Outcome::NotStarted);
            }
        }
        let mut outcome = |change: &Change| Some((change.address.clone(), self.outcomes.remove(&change.address)?));
        Report { outcomes: plan.changes.iter().filter_map(&mut outcome).collect(), ..Report::default() }
    }
}

/// A change as the schedule sees it.
fn task(change: &Change) -> Task<Address> {
    Task { key: change.address.clone(), waits_for: change.waits_for.clone(), weight: weight(change), class: class(change) }
}

/// Milliseconds that the calls of a change take at AWS's published rates, plus the time that AWS works after them.
fn weight(change: &Change) -> u64 {
    let milliseconds = |call: &String| {
        // Only used for comparison: a lost fraction does no harm.
        let sent = LIMITS.rate_of(call).map_or(UNPUBLISHED, |rate| (1000.0 / rate.per_second) as u64);
        sent + LIMITS.settles.get(call).map_or(0, |seconds| seconds * 1000)
    };
    change.calls.iter().map(milliseconds).sum()
}

/// AWS works on a limited number of account creations, closings and Regions at a time and refuses more.
fn class(change: &Change) -> Option<Class> {
    let class = |call: &String| match call.as_str() {
        "organizations:CreateAccount" => Some(Class { name: "create-account", cap: LIMITS.quotas.create_account_in_flight }),
        "organizations:CloseAccount" => Some(Class { name: "close-account", cap: LIMITS.quotas.close_account_in_flight }),
        "account:EnableRegion" => Some(Class { name: "enable-region", cap: LIMITS.quotas.regions_in_flight }),
        _ => None,
    };
    change.calls.iter().find_map(class)
}

#[cfg(test)]
mod tests;
