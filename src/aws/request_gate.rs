//! The request gate: every AWS request, retries included, passes this connector below the SDK's HTTP client.
//!
//! It finds the operation's name, refuses operations that this run may not call, and makes sure that the request has passed the rate
//! limiter (`rate_limiter.rs`; usually before the request is signed: `interceptors.rs`). Then it passes the request to the transport,
//! counts it and records it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::date_time::DateTime;
use tokio::time::Instant;

use super::interceptors::Ticket;
use super::operations::{self, Effect, Operation, Repeat, Scope};
use super::rate_limiter::{Key, Permit, RateLimiter, lock};
use super::retry::Verdict;
use super::trace::Record;
use super::wire::{Answer, Facts, account_in_key};
use super::{Interrupt, Trace, while_waiting};
use crate::limits::{LIMITS, Rate};

/// How long one attempt may take, from sending to the last byte of the answer. It starts after the wait for the bucket, which may take
/// hours. That is why the SDK's own operation timeouts are off.
pub(super) const ATTEMPT_DEADLINE: Duration = Duration::from_secs(60);

/// How often a request is sent by a run that gives up early.
const FEW_ATTEMPTS: u32 = 3;

/// The service under which requests of the credential chain are counted: Identity Center, container and instance roles.
const CREDENTIAL_CHAIN: &str = "credentials";

/// Whether the request gate allows writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only the operations of the explicit list of reads (invariant 2).
    ReadOnly,
    /// Reads and writes.
    ReadWrite,
}

/// Whether the request gate applies AWS's published request rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rates {
    /// `limits.toml`.
    Published,
    /// As fast as the endpoint answers: for emulators.
    Unlimited,
}

/// How a request gate is made.
#[derive(Debug, Clone)]
pub struct RequestGateOptions {
    /// Read-only or not.
    pub mode: Mode,
    /// Which rates are applied.
    pub rates: Rates,
    /// Where every call is recorded.
    pub trace: Option<Trace>,
    /// HTTPS, or the sandbox.
    pub transport: SharedHttpClient,
    /// Woken by Ctrl-C.
    pub interrupt: Interrupt,
}

/// One kind of call, for counting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// `organizations`.
    pub service: String,
    /// `ListAccounts`.
    pub operation: String,
}

/// Why the request gate itself refused a request. The request was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallDenied {
    /// A write in a read-only run.
    Write(Call),
    /// An operation that is not in the table.
    Unknown(Call),
}

impl fmt::Display for CallDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(Call { service, operation }) => {
                write!(f, "{service}:{operation} writes, and this run may only read: it was not sent")
            }
            Self::Unknown(Call { service, operation }) => {
                write!(f, "{service}:{operation} is not an operation that overlord may call: it was not sent")
            }
        }
    }
}

impl std::error::Error for CallDenied {}

/// The request gate. Cheap to clone; all clones share one state.
#[derive(Debug, Clone)]
pub struct RequestGate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Mutex<(Mode, Rates)>,
    trace: Option<Trace>,
    transport: SharedHttpClient,
    interrupt: Interrupt,
    turns: RateLimiter,
    counts: Mutex<BTreeMap<Call, usize>>,
    /// Access key ids of assumed roles, to their accounts.
    accounts: Mutex<HashMap<String, String>>,
    /// The account of all other keys: those that the run started with.
    caller: OnceLock<String>,
    /// Whether a request is given up after [`FEW_ATTEMPTS`] when AWS fails on its side.
    gives_up_early: AtomicBool,
    /// AWS's time in its latest answer, and when that answer came.
    date: Mutex<Option<(SystemTime, Instant)>>,
}

/// A point in time after another; the earlier one if the later one cannot be represented. Neither AWS's clock nor this machine's is
/// trusted.
fn later(time: SystemTime, by: Duration) -> SystemTime {
    time.checked_add(by).unwrap_or(time)
}

/// By how many seconds the first is ahead of the second.
fn skew(one: SystemTime, other: SystemTime) -> i64 {
    let seconds = |time: SystemTime| DateTime::from(time).secs();
    seconds(one).saturating_sub(seconds(other))
}

impl RequestGate {
    /// A request gate in front of `options.transport`.
    pub fn new(options: RequestGateOptions) -> Self {
        let RequestGateOptions { mode, rates, trace, transport, interrupt } = options;
        Self {
            inner: Arc::new(Inner {
                settings: Mutex::new((mode, rates)),
                trace,
                transport,
                interrupt,
                turns: RateLimiter::default(),
                counts: Mutex::default(),
                accounts: Mutex::default(),
                caller: OnceLock::new(),
                gives_up_early: AtomicBool::new(false),
                date: Mutex::default(),
            }),
        }
    }

    /// Another request gate to the same endpoint, for another caller's credentials. It has rates of its own and shares the trace and the
    /// interrupt.
    pub fn another(&self, mode: Mode) -> Self {
        let (_, rates) = *lock(&self.inner.settings);
        let Inner { trace, transport, interrupt, .. } = &*self.inner;
        Self::new(RequestGateOptions { mode, rates, trace: trace.clone(), transport: transport.clone(), interrupt: interrupt.clone() })
    }

    /// The HTTP client to give to the SDK.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Requests so far, retries included.
    pub fn counts(&self) -> BTreeMap<Call, usize> {
        lock(&self.inner.counts).clone()
    }

    /// By how many seconds AWS's clock is ahead of this machine's, within one or two; negative if it is behind. `None` before the first
    /// answer. AWS refuses a signature that is more than 5 minutes off.
    pub fn clock_skew(&self) -> Option<i64> {
        let (date, at) = (*lock(&self.inner.date))?;
        Some(skew(later(date, at.elapsed()), SystemTime::now()))
    }

    /// From now on, gives up a request after a few attempts when AWS fails on its side: for runs that can continue without an answer. An
    /// emulator answers HTTP 500 to every operation that it does not serve.
    pub fn give_up_early(&self) {
        self.inner.gives_up_early.store(true, Ordering::Relaxed);
    }

    /// Allows writes, or stops allowing them.
    pub fn set_mode(&self, mode: Mode) {
        lock(&self.inner.settings).0 = mode;
    }

    /// Applies AWS's published rates, or stops applying them: for an endpoint that turns out to be an emulator.
    pub fn set_rates(&self, rates: Rates) {
        lock(&self.inner.settings).1 = rates;
    }

    /// Ctrl-C as the request gate sees it. Requests of changes in progress still pass: only waits end.
    pub fn interrupt(&self) -> &Interrupt {
        &self.inner.interrupt
    }

    /// AWS's time, to the second. Expiry dates and daily limits follow AWS's clock. This machine's clock is used only before the first
    /// answer.
    pub fn clock(&self) -> SystemTime {
        let told = *lock(&self.inner.date);
        told.map_or_else(SystemTime::now, |(date, at)| later(date, at.elapsed()))
    }

    /// The account that credentials belong to.
    pub(super) fn learn(&self, access_key: &str, account: &str) {
        lock(&self.inner.accounts).entry(access_key.to_owned()).or_insert_with(|| account.to_owned());
    }

    /// The account of the credentials that the run started with.
    pub(super) fn learn_caller(&self, account: &str) {
        let _ = self.inner.caller.set(account.to_owned());
    }

    /// Waits until the rate limiter admits an operation. `None` if the operation would be refused anyway.
    pub(super) async fn admit(&self, service: &str, name: &str, access_key: Option<&str>, region: Option<&str>) -> Option<Permit> {
        let operation = operations::lookup(service, name)?;
        let (mode, _) = *lock(&self.inner.settings);
        if mode == Mode::ReadOnly && operation.effect == Effect::Write {
            return None;
        }
        let key = self.key(operation, access_key, region);
        let writer = (operation.service == "organizations" && operation.effect == Effect::Write).then_some(key.account.as_str());
        Some(while_waiting(pin!(self.inner.turns.admit(&key, self.rate(operation), writer))).await)
    }

    fn account(&self, access_key: Option<&str>) -> Option<String> {
        let known =
            access_key.and_then(|key| account_in_key(key).map(str::to_owned).or_else(|| lock(&self.inner.accounts).get(key).cloned()));
        known.or_else(|| self.inner.caller.get().cloned())
    }

    fn key(&self, operation: &Operation, access_key: Option<&str>, region: Option<&str>) -> Key {
        let region = match operation.scope {
            Scope::Global => "",
            Scope::Regional => region.unwrap_or_default(),
        };
        Key {
            account: self.account(access_key).unwrap_or_default(),
            region: region.to_owned(),
            service: operation.service,
            operation: operation.name,
        }
    }

    fn rate(&self, operation: &Operation) -> Option<Rate> {
        match lock(&self.inner.settings).1 {
            Rates::Published => LIMITS.rate(operation.service, operation.name),
            Rates::Unlimited => None,
        }
    }

    /// The operation, if this run may call it. `Ok(None)` is a request of the credential chain.
    fn permitted(&self, facts: &Facts) -> Result<Option<&'static Operation>, CallDenied> {
        let call = || Call { service: facts.service.clone(), operation: facts.operation.clone() };
        if facts.access_key.is_none() && facts.service == CREDENTIAL_CHAIN {
            return Ok(None);
        }
        let operation = operations::lookup(&facts.service, &facts.operation).ok_or_else(|| CallDenied::Unknown(call()))?;
        match (lock(&self.inner.settings).0, operation.effect) {
            (Mode::ReadOnly, Effect::Write) => Err(CallDenied::Write(call())),
            (Mode::ReadOnly | Mode::ReadWrite, Effect::Read) | (Mode::ReadWrite, Effect::Write) => Ok(Some(operation)),
        }
    }

    async fn pass(&self, request: HttpRequest, transport: SharedHttpConnector) -> Result<HttpResponse, ConnectorError> {
        let mut facts = Facts::of(&request);
        let ticket = request.extension::<Ticket>().cloned();
        if let Some(ticket) = &ticket {
            facts.service.clone_from(&ticket.service);
            facts.operation.clone_from(&ticket.operation);
        }
        let operation = self.permitted(&facts).map_err(|locked| ConnectorError::user(locked.into()))?;
        let admission = match (ticket.and_then(|t| t.redeem()), operation) {
            (Some(admission), _) => Some(admission),
            (None, Some(o)) => self.admit(o.service, o.name, facts.access_key.as_deref(), facts.region.as_deref()).await,
            (None, None) => None,
        };
        let call = Call { service: facts.service.clone(), operation: facts.operation.clone() };
        *lock(&self.inner.counts).entry(call).or_default() += 1;
        let place = self.inner.turns.place().await;
        let (started, sent) = (SystemTime::now(), Instant::now());
        let result = exchange(request, &transport).await;
        drop(place);
        let answer = result.as_ref().map(Answer::of);
        self.record(&facts, admission.as_ref(), started, sent, &answer);
        let answer = answer.ok();
        if let Some(date) = answer.as_ref().and_then(|answer| answer.date) {
            *lock(&self.inner.date) = Some((date, Instant::now()));
        }
        if let (Some(answer), Some(operation), Some(admission)) = (&answer, operation, &admission) {
            self.heed(answer, operation, &facts, admission);
        }
        let last = self.inner.gives_up_early.load(Ordering::Relaxed) && facts.attempt >= FEW_ATTEMPTS;
        judge(result, answer, operation, last)
    }

    /// Makes the other requests of the bucket wait when AWS throttles.
    fn heed(&self, answer: &Answer, operation: &Operation, facts: &Facts, admission: &Permit) {
        let key = self.key(operation, facts.access_key.as_deref(), facts.region.as_deref());
        if answer.throttled() {
            self.inner.turns.push_back(&key, self.rate(operation), admission.at);
        } else {
            self.inner.turns.settle(&key, self.rate(operation));
        }
    }

    fn record(
        &self,
        facts: &Facts,
        admission: Option<&Permit>,
        started: SystemTime,
        sent: Instant,
        answer: &Result<Answer, &ConnectorError>,
    ) {
        let Some(trace) = &self.inner.trace else { return };
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let connection = answer.as_ref().err().map(|error| super::error::innermost(*error));
        let answer = answer.as_ref().ok();
        trace.write(
            started,
            &Record {
                service: &facts.service,
                operation: &facts.operation,
                account: self.account(facts.access_key.as_deref()).as_deref(),
                region: facts.region.as_deref(),
                attempt: facts.attempt,
                waited_ms: admission.map_or(0, |a| milliseconds(a.waited)),
                ms: milliseconds(sent.elapsed()),
                status: answer.map(|a| a.status),
                code: answer.and_then(|a| a.code.as_deref()),
                request_id: answer.and_then(|a| a.request_id.as_deref()),
                connection: connection.as_deref(),
            },
        );
    }
}

/// Tells the retry classifier what the request gate knows. If an operation that must not be sent twice gets no answer, that is an error
/// which the SDK does not retry.
fn judge(
    result: Result<HttpResponse, ConnectorError>,
    answer: Option<Answer>,
    operation: Option<&Operation>,
    last: bool,
) -> Result<HttpResponse, ConnectorError> {
    let repeat = operation.map_or(Repeat::Idempotent, |o| o.repeat);
    match (result, answer) {
        (Ok(mut response), Some(answer)) => {
            response.add_extension(Verdict { answer, repeat, last });
            Ok(response)
        }
        (Ok(response), None) => Ok(response),
        (Err(error), _) => match repeat {
            Repeat::Doubles => Err(ConnectorError::other(error.into(), None)),
            Repeat::Idempotent | Repeat::Refused => Err(error),
        },
    }
}

/// Sends the request and reads the whole answer, within the deadline.
async fn exchange(request: HttpRequest, transport: &SharedHttpConnector) -> Result<HttpResponse, ConnectorError> {
    let whole = async {
        let mut response = transport.call(request).await?;
        let body = ByteStream::new(response.take_body()).collect().await.map_err(|e| ConnectorError::io(e.into()))?;
        *response.body_mut() = SdkBody::from(body.into_bytes());
        Ok(response)
    };
    match tokio::time::timeout(ATTEMPT_DEADLINE, whole).await {
        Ok(result) => result,
        Err(_) => Err(ConnectorError::timeout(format!("no answer within {} s", ATTEMPT_DEADLINE.as_secs()).into())),
    }
}

impl HttpClient for RequestGate {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let transport = self.inner.transport.http_connector(settings, components);
        SharedHttpConnector::new(Passage { request_gate: self.clone(), transport })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.transport.connector_metadata()
    }
}

/// One operation's pass through the request gate, with the transport's connector for its timeouts.
#[derive(Debug)]
struct Passage {
    request_gate: RequestGate,
    transport: SharedHttpConnector,
}

impl HttpConnector for Passage {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (request_gate, transport) = (self.request_gate.clone(), self.transport.clone());
        HttpConnectorFuture::new(async move { request_gate.pass(request, transport).await })
    }
}

#[cfg(test)]
#[path = "request_gate_tests.rs"]
mod tests;
