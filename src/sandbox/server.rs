//! The server: handles a request from arrival to answer: weather, rate limits, the operation and the journal.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::input::Input;
use super::journal::{Effect, Entry, RequestOutcome, parameters};
use super::operation::Operation;
use super::organizations::{Ask, Turn};
use super::permissions::Permissions;
use super::service::Service;
use super::store::Store;
use super::sts::{Caller, Sessions};
use super::weather::{ConcurrentWrites, Dice, ServerRates, Weather};
use super::wire::{Answer, Call, Outcome, Refusal, Request, respond, respond_unknown};
use super::world::World;
use super::{SandboxError, account, buckets::Buckets, config, ec2, iam, organizations, ram, roles, settings, tagging, trail};

/// The embedded AWS. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    weather: Weather,
    permissions: Permissions,
    state: Mutex<State>,
    cut: watch::Sender<bool>,
}

type Observer = Box<dyn Fn(&World, &Entry) + Send>;

struct State {
    /// Shared only with `history`, so that calm weather never copies it.
    world: Arc<World>,
    clock: Clock,
    /// Worlds as they were, each with the world time at which it was replaced; for stale reads.
    history: VecDeque<(u64, Arc<World>)>,
    buckets: Buckets,
    sessions: Sessions,
    trail: trail::Trail,
    requests: u64,
    /// Writes to the organization in flight.
    writing: usize,
    journal: Vec<Entry>,
    observer: Option<Observer>,
    plan: Option<CutPlan>,
    store: Option<Store>,
}

/// The latest time that a world begins at, in milliseconds since 1970: a world's file may say anything, and what is added to it must fit.
const LATEST_MS: u64 = i64::MAX as u64 / 2;

/// World time: what the world had when it was loaded, and tokio's time since the first request.
struct Clock {
    base_ms: u64,
    started: Option<Instant>,
}

impl Clock {
    fn elapsed(&mut self) -> Duration {
        let now = Instant::now();
        now.saturating_duration_since(*self.started.get_or_insert(now))
    }

    fn now_ms(&mut self) -> u64 {
        self.base_ms.min(LATEST_MS).saturating_add(self.elapsed().as_millis() as u64)
    }
}

/// What becomes of the request at which a run is cut: the first that is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropResponse {
    /// It has no effect.
    BeforeEffect,
    /// It takes effect.
    AfterEffect,
}

#[derive(Debug, Clone, Copy)]
struct CutPlan {
    answered: usize,
    swallow: DropResponse,
}

/// A request between arrival and answer.
struct Arrival<'a> {
    call: Call,
    number: u64,
    dice: Dice<'a>,
    effect: Effect,
    conflict: bool,
    /// It is the one at which the run is cut.
    swallow: Option<DropResponse>,
    /// Takes it out of the count of writes in flight, even when the client goes away.
    _writing: Option<Writing>,
}

struct Writing(Arc<Inner>);

impl Drop for Writing {
    fn drop(&mut self) {
        lock(&self.0.state).writing -= 1;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // An observer that panics is a failing test; the world is whole all the same.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sandbox {
    /// A sandbox in memory.
    pub fn new(world: World, weather: Weather) -> Self {
        Self::with_store(world, weather, None)
    }

    /// The sandbox kept in the file at `path`; where there is none, a fresh world for `management_account`. The file is written at
    /// most every 200 ms, and more rarely when that takes long, while requests come, by [`Sandbox::save`], and when the last clone is dropped.
    ///
    /// # Errors
    /// The file is unreadable or broken, or another process holds it.
    pub fn open(path: &Path, management_account: &str, weather: Weather) -> Result<Self, SandboxError> {
        let mut store = Store::lock(path)?;
        let world = store.read()?.unwrap_or_else(|| World { seed: weather.seed, ..World::new(management_account) });
        Ok(Self::with_store(world, weather, Some(store)))
    }

    /// Puts a fresh world for `management_account` into the file at `path`: over a world, or over any file where `force` says so.
    ///
    /// # Errors
    /// What is there is no world; the file cannot be written, or another process holds it.
    pub fn reset(path: &Path, management_account: &str, force: bool) -> Result<(), SandboxError> {
        Store::lock_to_replace(path, force)?.write(&World::new(management_account))
    }

    /// Adds Regions that AWS opened after this version was made.
    pub fn add_regions(&self, regions: &BTreeSet<String>) {
        let mut state = lock(&self.inner.state);
        if !state.world.added_regions.is_superset(regions) {
            Arc::make_mut(&mut state.world).added_regions.extend(regions.iter().cloned());
        }
    }

    fn with_store(mut world: World, weather: Weather, store: Option<Store>) -> Self {
        world.reindex();
        let state = State {
            clock: Clock { base_ms: world.clock_ms, started: None },
            world: Arc::new(world),
            history: VecDeque::new(),
            buckets: Buckets::default(),
            sessions: Sessions::default(),
            trail: trail::Trail::default(),
            requests: 0,
            writing: 0,
            journal: Vec::new(),
            observer: None,
            plan: None,
            store,
        };
        let permissions = Permissions::new(weather.caller_policy.as_ref(), weather.role_policy.as_ref());
        Self { inner: Arc::new(Inner { weather, permissions, state: Mutex::new(state), cut: watch::Sender::new(false) }) }
    }

    /// The account that holds, or will hold, the organization.
    pub fn management_account(&self) -> String {
        lock(&self.inner.state).world.management_account.clone()
    }

    /// The world as it is, with its clock and with all that is due by now.
    pub fn world(&self) -> World {
        let mut state = lock(&self.inner.state);
        let now_ms = state.clock.now_ms();
        state.settle(&self.inner.weather, now_ms);
        World { clock_ms: now_ms, ..World::clone(&state.world) }
    }

    /// Every request so far, in the order in which they were decided.
    pub fn journal(&self) -> Vec<Entry> {
        lock(&self.inner.state).journal.clone()
    }

    /// Runs `observer` on the world after every request that was decided. It runs while the sandbox is locked: it looks at what it
    /// is given and calls no method of the sandbox.
    pub fn on_request(&self, observer: impl Fn(&World, &Entry) + Send + 'static) {
        lock(&self.inner.state).observer = Some(Box::new(observer));
    }

    /// Cuts the run as `kill -9` would: the next `answered` requests are answered, the one after them is swallowed, and from then on
    /// no request is answered or takes effect, those in flight included, until [`Sandbox::mend`].
    pub fn cut_after(&self, answered: usize, swallow: DropResponse) {
        lock(&self.inner.state).plan = Some(CutPlan { answered, swallow });
    }

    /// Resolves once the run is cut: drop it then.
    pub async fn cut(&self) {
        let mut cut = self.inner.cut.subscribe();
        // The sender lives as long as `self`.
        let _ = cut.wait_for(|cut| *cut).await;
    }

    /// Answers again after a cut. Requests that hang keep hanging.
    pub fn mend(&self) {
        lock(&self.inner.state).plan = None;
        self.inner.cut.send_replace(false);
    }

    /// Writes the world to its file, if it has one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self) -> Result<(), SandboxError> {
        lock(&self.inner.state).save()
    }

    /// Writes the world to its file if it has changed and the last write is long enough ago.
    pub(super) fn save_if_due(&self) {
        lock(&self.inner.state).save_if_due();
    }

    /// Answers a request, or breaks the connection, or never returns (after a cut).
    pub async fn handle(&self, request: Request) -> Answer {
        if *self.inner.cut.borrow() {
            return std::future::pending().await;
        }
        let arrival = match self.arrive(&request) {
            Ok(arrival) => arrival,
            Err(service) => return respond_unknown(&request, &service),
        };
        let latency = arrival.dice.latency_ms();
        pause(latency / 2).await;
        if *self.inner.cut.borrow() || arrival.swallow == Some(DropResponse::BeforeEffect) {
            self.inner.cut.send_replace(true);
            return std::future::pending().await;
        }
        let answer = self.decide(&arrival);
        if arrival.swallow.is_some() {
            self.inner.cut.send_replace(true);
        }
        pause(latency - latency / 2).await;
        if *self.inner.cut.borrow() {
            return std::future::pending().await;
        }
        answer
    }

    fn arrive(&self, request: &Request) -> Result<Arrival<'_>, String> {
        let call = Call::read(request)?;
        let effect = call.service.effect(&call.operation).unwrap_or(Effect::Read);
        let mut state = lock(&self.inner.state);
        state.requests += 1;
        let number = state.requests;
        let swallow = match &mut state.plan {
            Some(CutPlan { answered: 0, swallow }) => Some(*swallow),
            Some(plan) => {
                plan.answered -= 1;
                None
            }
            None => None,
        };
        let writes = call.service == Service::Organizations && effect == Effect::Write;
        let conflict = writes && state.writing > 0;
        let writing = writes.then(|| {
            state.writing += 1;
            Writing(Arc::clone(&self.inner))
        });
        drop(state);
        Ok(Arrival { call, number, dice: self.inner.weather.dice(number), effect, conflict, swallow, _writing: writing })
    }

    /// Decides a request: this is the moment of its effect.
    fn decide(&self, arrival: &Arrival<'_>) -> Answer {
        let weather = &self.inner.weather;
        let mut state = lock(&self.inner.state);
        let now_ms = state.clock.now_ms();
        state.settle(weather, now_ms);
        let caller = state.sessions.caller(&arrival.call.key, &state.world.management_account);
        let mut entry = Entry {
            time_ms: now_ms,
            account: caller.account.clone(),
            region: arrival.call.region.clone(),
            operation: arrival.call.name(),
            effect: arrival.effect,
            outcome: RequestOutcome::Disconnected,
            parameters: parameters(&arrival.call, arrival.effect),
        };
        let mut answer = Answer::Broken;
        if !arrival.dice.disconnect() {
            let permitted = || self.inner.permissions.check(&arrival.call, &caller, &state.world);
            let outcome = permitted().and_then(|()| state.admit(weather, arrival, &caller.account));
            let outcome = outcome.and_then(|()| state.run(weather, arrival, &caller, now_ms));
            let request_id = request_id(weather.seed, arrival.number);
            if arrival.effect == Effect::Write {
                state.trail.record(&arrival.call, &caller, &outcome, &request_id, now_ms);
            }
            let lost = outcome.is_ok() && arrival.dice.lost();
            entry.outcome = match &outcome {
                Ok(_) if lost => RequestOutcome::Lost,
                Ok(_) => RequestOutcome::Ok,
                Err(refusal) => RequestOutcome::Refused(refusal.code.to_owned()),
            };
            if !lost {
                answer = respond(&arrival.call, &outcome, &request_id, now_ms);
            }
        }
        state.finish(entry);
        answer
    }
}

/// Sleeps in tokio's time; not at all for nothing, so that calm weather needs no timer.
async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// A request id in AWS's shape.
fn request_id(seed: u64, number: u64) -> String {
    format!("{:08x}-0000-4000-8000-{number:012x}", seed & 0xFFFF_FFFF)
}

impl State {
    /// What keeps a request from being looked at.
    fn admit(&mut self, weather: &Weather, arrival: &Arrival<'_>, caller: &str) -> Result<(), Refusal> {
        let call = &arrival.call;
        if arrival.dice.error() || weather.broken.as_ref().is_some_and(|broken| *broken == call.name()) {
            return Err(call.service.internal());
        }
        let now = self.clock.elapsed().as_nanos();
        if weather.rates == ServerRates::Published && !self.buckets.take(call.service, &call.operation, caller, &call.region, now) {
            return Err(call.service.throttled());
        }
        if arrival.conflict && weather.concurrent_writes == ConcurrentWrites::Refused {
            let message = "AWS Organizations can't complete your request because it conflicts with another attempt to modify the same entity. Try again later.";
            return Err(Refusal::new("ConcurrentModificationException", message));
        }
        Ok(())
    }

    fn run(&mut self, weather: &Weather, arrival: &Arrival<'_>, caller: &Caller, now_ms: u64) -> Outcome {
        let call = &arrival.call;
        roles::permit(call, caller, &self.world)?;
        if let Some(operation) = settings::operation(call.service, &call.operation) {
            return self.run_setting(operation, call, caller, weather, now_ms);
        }
        let not_served = || Refusal::not_served(&call.name());
        let effect = call.service.effect(&call.operation).ok_or_else(not_served)?;
        match (call.service, effect) {
            (Service::Sts, _) => self.sessions.answer(call, caller, &self.world, now_ms, weather),
            (Service::Ec2, _) => self.run_ec2(weather, arrival, &caller.account, now_ms),
            (Service::Ram, _) if !self.world.is_open(&caller.account, &call.region, now_ms) => Err(ram::not_enabled()),
            (Service::Ram, Effect::Read) => ram::read(call, &caller.account, &self.world),
            (Service::Ram, Effect::Write) => ram::write(call, &caller.account, self.change(weather, now_ms), now_ms, weather),
            (Service::Account, Effect::Read) => account::read(call, &caller.account, &self.world, now_ms),
            (Service::Account, Effect::Write) => account::write(call, &caller.account, self.change(weather, now_ms), now_ms, weather),
            (Service::CloudTrail, _) => self.trail.lookup(call, &caller.account, now_ms, weather, arrival.dice.empty_page()),
            (Service::Config, Effect::Read) => config::read(call, &caller.account, &self.world, now_ms, weather, arrival.dice.empty_page()),
            (Service::Config, Effect::Write) => config::write(call, &caller.account, self.change(weather, now_ms), now_ms, weather),
            (Service::Tagging, _) => {
                let world = if arrival.dice.stale() { self.as_it_was(now_ms.saturating_sub(weather.stale_ms)) } else { &self.world };
                tagging::read(call, &caller.account, world)
            }
            (Service::Iam, Effect::Read) => iam::read(call, caller, &self.world),
            (Service::Iam, Effect::Write) => iam::write(call, caller, self.change(weather, now_ms)),
            (Service::Organizations, _) => {
                let input = call.input()?;
                match organizations::operation(&call.operation).ok_or_else(not_served)? {
                    Operation::Read(read) => {
                        let world =
                            if arrival.dice.stale() { self.as_it_was(now_ms.saturating_sub(weather.stale_ms)) } else { &self.world };
                        let ask = Ask { world, caller: &caller.account, input, empty_page: arrival.dice.empty_page() };
                        organizations::read(read, &call.operation, &ask)
                    }
                    Operation::Write(write) => {
                        if arrival.dice.stale_write() {
                            self.refuse_as_it_was(write, call, (&caller.account, input), weather, now_ms)?;
                        }
                        let world = self.change(weather, now_ms);
                        organizations::write(write, &call.operation, &mut Turn { world, caller: &caller.account, input, now_ms, weather })
                    }
                }
            }
        }
    }

    fn run_setting(&mut self, operation: settings::Setting, call: &Call, caller: &Caller, weather: &Weather, now_ms: u64) -> Outcome {
        iam::no_session_of_root(call, caller)?;
        if call.service == Service::Ec2 {
            ec2::enter(&self.world, &caller.account, &call.region, now_ms, weather)?;
        }
        match operation {
            Operation::Read(read) => settings::read(read, call, &caller.account, &self.world),
            Operation::Write(write) => settings::write(write, call, &caller.account, self.change(weather, now_ms)),
        }
    }

    /// EC2 keeps its own past: a write changes one Region of one account, and copies nothing else.
    fn run_ec2(&mut self, weather: &Weather, arrival: &Arrival<'_>, account: &str, now_ms: u64) -> Outcome {
        let call = &arrival.call;
        let operation = ec2::operation(&call.operation).ok_or_else(|| Refusal::not_served(&call.name()))?;
        let place = &ec2::enter(&self.world, account, &call.region, now_ms, weather)?;
        let input = call.input()?;
        let seed = self.world.seed;
        match operation {
            Operation::Read(read) => {
                let regions = &self.world.ec2;
                let is_late = regions.is_untouched(place) && !self.world.has_default_vpc(account, now_ms, weather);
                let region = if is_late {
                    Arc::new(ec2::Region::bare(seed, place))
                } else if arrival.dice.stale() {
                    regions.get_past(seed, place, now_ms.saturating_sub(weather.stale_ms))
                } else {
                    regions.get(seed, place)
                };
                let empty_page = arrival.dice.empty_page();
                let ignores_tags = weather.ignores_tag_filters;
                let (lacking_zone, impaired_zone) = (weather.lacking_zone.as_deref(), weather.impaired_zone.as_deref());
                read(&ec2::Ask {
                    region: &region,
                    world: &self.world,
                    place,
                    input,
                    now_ms,
                    empty_page,
                    ignores_tags,
                    lacking_zone,
                    impaired_zone,
                })
            }
            Operation::Write(write) => {
                let world = self.touch(now_ms);
                let mut region = world.ec2.take(seed, place);
                if let Some(keep_ms) = weather.remembers_regions() {
                    world.ec2.remember(place, Arc::clone(&region), now_ms, keep_ms);
                }
                let turn = ec2::Turn { region: Arc::make_mut(&mut region), world, place, input, now_ms, weather };
                let outcome = ec2::write(write, turn);
                self.touch(now_ms).ec2.put(place, region);
                outcome
            }
        }
    }

    /// Refuses a write to the organization where that would have been refused a while ago for what another write has changed since.
    fn refuse_as_it_was(
        &self,
        write: organizations::Write,
        call: &Call,
        (caller, input): (&str, Input<'_>),
        weather: &Weather,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        // The organization itself is never too new to be seen.
        let past_ms = now_ms.saturating_sub(weather.stale_ms);
        let mut past = self.history.iter().filter(|(replaced_ms, world)| *replaced_ms > past_ms && world.organization.is_some());
        let Some((_, past)) = past.next().filter(|_| organizations::sees_the_past(&call.operation)) else { return Ok(()) };
        let mut past = World::clone(past);
        let outcome = organizations::write(write, &call.operation, &mut Turn { world: &mut past, caller, input, now_ms, weather });
        match outcome {
            Err(refusal) if organizations::is_of_the_past(&refusal) => Err(refusal),
            _ => Ok(()),
        }
    }

    /// The world at a world time not later than now.
    fn as_it_was(&self, time_ms: u64) -> &World {
        self.history.iter().find(|(replaced_ms, _)| *replaced_ms > time_ms).map_or(&self.world, |(_, world)| world)
    }

    /// The world, to be changed: remembers it as it was when reads may be stale.
    fn change(&mut self, weather: &Weather, now_ms: u64) -> &mut World {
        if weather.remembers_organization() {
            self.history.push_back((now_ms, Arc::clone(&self.world)));
            while self.history.front().is_some_and(|(replaced_ms, _)| replaced_ms + weather.stale_ms < now_ms) {
                self.history.pop_front();
            }
        }
        self.touch(now_ms)
    }

    /// The world, to be changed where nothing remembers how it was.
    fn touch(&mut self, now_ms: u64) -> &mut World {
        if let Some(store) = &mut self.store {
            store.touch();
        }
        let world = Arc::make_mut(&mut self.world);
        world.clock_ms = now_ms;
        world
    }

    /// Completes what is asynchronous and due.
    fn settle(&mut self, weather: &Weather, now_ms: u64) {
        if self.world.is_due(now_ms) {
            self.change(weather, now_ms).settle(now_ms, weather.emails());
        }
    }

    fn finish(&mut self, entry: Entry) {
        if let Some(observer) = &self.observer {
            observer(&self.world, &entry);
        }
        self.journal.push(entry);
        self.save_if_due();
    }

    fn save_if_due(&mut self) {
        if self.store.as_ref().is_some_and(Store::is_due) {
            // It stays due: the next request, `save` or the drop tries again, and `save` reports.
            let _ = self.save();
        }
    }

    fn save(&mut self) -> Result<(), SandboxError> {
        if self.store.is_none() {
            return Ok(());
        }
        let now_ms = self.clock.now_ms();
        let world = Arc::make_mut(&mut self.world);
        world.clock_ms = now_ms;
        match &mut self.store {
            Some(store) => store.write(world),
            None => Ok(()),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.store.as_ref().is_some_and(Store::is_dirty) {
            let _ = state.save();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("weather", &self.inner.weather).finish_non_exhaustive()
    }
}
