//! The rate limiter: a token bucket per account, Region and operation, and one writer per organization. The request gate calls it before
//! a request is signed (`interceptors.rs`) or, at the latest, before it is sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::places::IN_FLIGHT;
use crate::limits::Rate;

/// How much slower the request gate sends than AWS's published refill rate, so that rounding never causes a throttling answer: half a
/// percent.
const SLACK: f64 = 1.005;
/// The pause after a throttling answer, doubled with each further one.
const FIRST_HOLD: Duration = Duration::from_millis(250);
/// The longest pause after a throttling answer, in addition to the bucket's own refill.
const LONGEST_HOLD: Duration = Duration::from_secs(8);

/// What has a token bucket of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub account: String,
    /// Empty for a service with one endpoint for all Regions.
    pub region: String,
    pub service: &'static str,
    pub operation: &'static str,
}

/// Admission to send one request.
#[derive(Debug)]
pub(super) struct Permit {
    /// How long the request waited for it.
    pub waited: Duration,
    /// When it was given.
    pub at: Instant,
    /// Held while a mutating request of Organizations is in flight: it allows one, and answers the others with
    /// ConcurrentModificationException.
    _writer: Option<OwnedSemaphorePermit>,
}

/// All buckets and writers of one request_gate, and the places for requests in flight.
#[derive(Debug)]
pub(super) struct RateLimiter {
    buckets: Mutex<HashMap<Key, Arc<Bucket>>>,
    writers: Mutex<HashMap<String, Arc<Semaphore>>>,
    places: Semaphore,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self { buckets: Mutex::default(), writers: Mutex::default(), places: Semaphore::new(*IN_FLIGHT) }
    }
}

impl RateLimiter {
    /// Waits for the operation's bucket and, if `writer` is given, for that account's single writer: first come, first served in each.
    /// The token is taken only once the writer is free, so that tokens do not pile up behind a slow answer.
    pub async fn admit(&self, key: &Key, rate: Option<Rate>, writer: Option<&str>) -> Permit {
        let asked = Instant::now();
        let bucket = self.bucket(key, rate);
        let writer = writer.map(|account| self.writer(account));
        let _turn = bucket.queue.lock().await;
        loop {
            let wait = lock(&bucket.state).wait(Instant::now());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
                continue;
            }
            let permit = match &writer {
                Some(writer) => Arc::clone(writer).acquire_owned().await.ok(),
                None => None,
            };
            let now = Instant::now();
            if lock(&bucket.state).take(now) {
                return Permit { waited: now - asked, at: now, _writer: permit };
            }
        }
    }

    /// A place among the requests in flight, until it is dropped: first come, first served. The holder must not wait for another request.
    /// So it is acquired right before sending and not with the admission: an admitted request may first have to renew its credentials.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.places.acquire().await.ok()
    }

    /// AWS throttled a request admitted at `admitted`: the others of its bucket wait too.
    pub fn push_back(&self, key: &Key, rate: Option<Rate>, admitted: Instant) {
        lock(&self.bucket(key, rate).state).push_back(admitted, Instant::now());
    }

    /// AWS did not throttle.
    pub fn settle(&self, key: &Key, rate: Option<Rate>) {
        lock(&self.bucket(key, rate).state).strikes = 0;
    }

    fn bucket(&self, key: &Key, rate: Option<Rate>) -> Arc<Bucket> {
        let mut buckets = lock(&self.buckets);
        if let Some(bucket) = buckets.get(key) {
            return Arc::clone(bucket);
        }
        let bucket = Arc::new(Bucket { queue: tokio::sync::Mutex::new(()), state: Mutex::new(Gcra::new(rate, Instant::now())) });
        buckets.insert(key.clone(), Arc::clone(&bucket));
        bucket
    }

    fn writer(&self, account: &str) -> Arc<Semaphore> {
        Arc::clone(lock(&self.writers).entry(account.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))))
    }
}

/// The lock, even after a holder has panicked: the state is consistent after each statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Bucket {
    /// Tokio's mutex is fair: waiting for it is the queue.
    queue: tokio::sync::Mutex<()>,
    state: Mutex<Gcra>,
}

/// The generic cell rate algorithm: a token bucket as one instant, the theoretical arrival time of the next request.
#[derive(Debug)]
struct Gcra {
    interval: Duration,
    tolerance: Duration,
    arrival: Instant,
    hold: Instant,
    pushed: Instant,
    strikes: u32,
}

impl Gcra {
    /// A full bucket. Without a published rate only throttling answers make anyone wait.
    fn new(rate: Option<Rate>, now: Instant) -> Self {
        let (interval, burst) = match rate {
            Some(rate) => (Duration::from_secs_f64(SLACK / rate.per_second), rate.burst),
            None => (Duration::ZERO, 1),
        };
        Self { interval, tolerance: interval * burst.saturating_sub(1), arrival: now, hold: now, pushed: now, strikes: 0 }
    }

    /// How long until a token is available.
    fn wait(&self, now: Instant) -> Duration {
        let refilled = self.arrival.saturating_duration_since(now + self.tolerance);
        refilled.max(self.hold.saturating_duration_since(now))
    }

    /// Takes a token, if there is one.
    fn take(&mut self, now: Instant) -> bool {
        let there = self.wait(now).is_zero();
        if there {
            self.arrival = self.arrival.max(now) + self.interval;
        }
        there
    }

    /// Treats AWS's bucket as empty, and makes all requests wait for a time that doubles with each round of throttling. Requests that
    /// were already in flight at the last throttling answer add no information.
    fn push_back(&mut self, admitted: Instant, now: Instant) {
        if self.strikes > 0 && admitted <= self.pushed {
            return;
        }
        self.pushed = now;
        self.arrival = self.arrival.max(now + self.tolerance + self.interval);
        self.hold = self.hold.max(now + (FIRST_HOLD * 2_u32.saturating_pow(self.strikes)).min(LONGEST_HOLD));
        self.strikes = (self.strikes + 1).min(16);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    fn key(operation: &'static str) -> Key {
        Key { account: "111111111111".into(), region: String::new(), service: "organizations", operation }
    }

    /// AWS's side: a bucket with exactly the published figures.
    struct Theirs {
        tokens: f64,
        rate: Rate,
        at: Instant,
    }

    impl Theirs {
        fn accepts(&mut self) -> bool {
            let now = Instant::now();
            self.tokens = (self.tokens + (now - self.at).as_secs_f64() * self.rate.per_second).min(f64::from(self.rate.burst));
            self.at = now;
            let accepted = self.tokens >= 1.0;
            if accepted {
                self.tokens -= 1.0;
            }
            accepted
        }
    }

    /// Every published rate: a server with that very bucket never throttles, and the time lost to the slack is under 1 %.
    #[tokio::test(start_paused = true)]
    async fn keeps_within_every_published_rate_and_close_to_it() {
        for (service, rates) in &crate::limits::LIMITS.rates {
            for (operation, rate) in rates {
                let operation = crate::aws::operations::lookup(service, operation).unwrap();
                let key = Key { service: operation.service, operation: operation.name, ..key("") };
                let turns = RateLimiter::default();
                let start = Instant::now();
                let mut theirs = Theirs { tokens: f64::from(rate.burst), rate: *rate, at: start };
                let requests = rate.burst as usize + 400;
                for n in 0..requests {
                    turns.admit(&key, Some(*rate), None).await;
                    assert!(theirs.accepts(), "{}: request {n} of {requests} was throttled", operation.name);
                }
                // Tokio's timer ticks in milliseconds: allow each wait one.
                let allowed = rate.seconds(requests) * 1.01 + 0.001 * requests as f64;
                assert!(start.elapsed().as_secs_f64() <= allowed, "{}: {:?}", operation.name, start.elapsed());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn first_come_first_served() {
        let turns = RateLimiter::default();
        let order = Mutex::new(Vec::new());
        let (turns, order) = (&turns, &order);
        let rate = Some(Rate { per_second: 1.0, burst: 1 });
        join_all((0..20).map(|n| async move {
            turns.admit(&key("MoveAccount"), rate, None).await;
            lock(order).push(n);
        }))
        .await;
        assert_eq!(*lock(order), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn accounts_regions_and_operations_do_not_wait_for_each_other() {
        let turns = RateLimiter::default();
        let rate = Some(Rate { per_second: 0.001, burst: 1 });
        let keys = [
            key("MoveAccount"),
            key("AttachPolicy"),
            Key { account: "222222222222".into(), ..key("MoveAccount") },
            Key { region: "eu-central-1".into(), ..key("MoveAccount") },
        ];
        for key in &keys {
            assert_eq!(turns.admit(key, rate, None).await.waited, Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_writer_and_a_slow_bucket_does_not_hold_it() {
        let turns = RateLimiter::default();
        let slow = Some(Rate { per_second: 0.01, burst: 1 });
        let (create, attach) = (key("CreateAccount"), key("AttachPolicy"));
        let first = turns.admit(&create, slow, Some("m")).await;
        assert!(first._writer.is_some());
        let busy = turns.admit(&attach, None, Some("m"));
        assert!(tokio::time::timeout(Duration::from_secs(1), busy).await.is_err(), "two writers at once");
        drop(first);
        // CreateAccount's next token is 99 s away: AttachPolicy passes meanwhile.
        let passes = async { turns.admit(&attach, None, Some("m")).await.waited };
        let (waits, passes) = tokio::join!(turns.admit(&create, slow, Some("m")), passes);
        assert_eq!(passes, Duration::ZERO);
        assert!(waits.waited >= Duration::from_secs(99));
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_request_holds_the_others_back() {
        let turns = RateLimiter::default();
        let rate = Some(Rate { per_second: 2.0, burst: 3 });
        let key = key("MoveAccount");
        let first = turns.admit(&key, rate, None).await;
        turns.push_back(&key, rate, first.at);
        let others = join_all((0..3).map(|_| turns.admit(&key, rate, None))).await;
        let waits: Vec<Duration> = others.iter().map(|a| a.waited).collect();
        assert!(waits[0] >= Duration::from_millis(500), "{waits:?}");
        assert!(waits[2] >= Duration::from_millis(1500), "{waits:?}");
    }
}
