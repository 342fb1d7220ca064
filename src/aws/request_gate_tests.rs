//! Tests of the request gate, through the SDK's own clients.

use aws_smithy_types::date_time::Format;
use futures_util::future::join_all;

use super::*;
use crate::aws::mock_transport::{MANAGEMENT, MockTransport, caller_identity, json, refusal, sessions};
use crate::aws::{AwsResult, Error, Sessions};

const NO_TAGS: &str = r#"{"Tags":[]}"#;

async fn move_account(sessions: &Sessions) -> AwsResult<()> {
    let call = sessions.organizations().move_account().account_id("222222222222").source_parent_id("r-1").destination_parent_id("ou-1");
    call.send().await.map(drop).map_err(|e| Error::sdk("organizations:MoveAccount", &e))
}

#[tokio::test(start_paused = true)]
async fn a_locked_door_sends_no_write_and_says_which() {
    let canned = MockTransport::counting(|_, _| json(200, "{}"));
    let request_gate = canned.request_gate();
    let sessions = sessions(request_gate.clone()).await;
    request_gate.set_mode(Mode::ReadOnly);
    let error = move_account(&sessions).await.unwrap_err();
    assert!(matches!(&error, Error::Internal(message) if message.contains("organizations:MoveAccount")), "{error:?}");
    assert_eq!((canned.sent().len(), request_gate.counts().len()), (0, 0));
    sessions.organizations().list_roots().send().await.unwrap();
    request_gate.set_mode(Mode::ReadWrite);
    move_account(&sessions).await.unwrap();
    assert_eq!(canned.sent(), ["organizations:ListRoots", "organizations:MoveAccount"]);
}

/// Over the whole table, since "a plan cannot write" is a promise about all operations.
#[test]
fn a_locked_door_permits_exactly_the_reads() {
    let canned = MockTransport::counting(|_, _| json(200, "{}"));
    let request_gate = RequestGate::new(RequestGateOptions { mode: Mode::ReadOnly, ..canned.options() });
    for operation in operations::OPERATIONS {
        let facts = Facts {
            service: operation.service.to_owned(),
            operation: operation.name.to_owned(),
            access_key: Some("AKIA".to_owned()),
            region: None,
            attempt: 1,
        };
        assert_eq!(request_gate.permitted(&facts).is_ok(), operation.effect == Effect::Read, "{}", operation.name);
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_outside_the_table_is_refused() {
    let canned = MockTransport::counting(|_, _| json(200, "{}"));
    let sessions = sessions(canned.request_gate()).await;
    let error = sessions.organizations().leave_organization().send().await.unwrap_err();
    let error = Error::sdk("organizations:LeaveOrganization", &error);
    assert!(matches!(&error, Error::Internal(message) if message.contains("organizations:LeaveOrganization")), "{error:?}");
    assert_eq!(canned.sent().len(), 0);
}

/// Only one mutating request of Organizations is in flight, and its place is free during the backoff.
#[tokio::test(start_paused = true)]
async fn one_writer_at_a_time() {
    let in_flight = Arc::new(Mutex::new((0, 0)));
    let watched = Arc::clone(&in_flight);
    let canned = MockTransport::new(move |_| {
        let watched = Arc::clone(&watched);
        async move {
            {
                let mut now = lock(&watched);
                now.0 += 1;
                now.1 = now.1.max(now.0);
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
            lock(&watched).0 -= 1;
            json(200, "{}")
        }
    });
    let sessions = sessions(canned.request_gate()).await;
    join_all((0..20).map(|_| move_account(&sessions))).await.into_iter().collect::<AwsResult<Vec<()>>>().unwrap();
    assert_eq!(lock(&in_flight).1, 1);
}

/// AWS with exactly the published buckets, behind a latency. The SDK's clients, the interceptor and the request gate together are never
/// throttled, although each writer waits for the previous one.
#[tokio::test(start_paused = true)]
async fn a_server_with_the_published_buckets_never_throttles() {
    let buckets: Arc<Mutex<HashMap<String, (f64, Instant)>>> = Arc::default();
    let canned = MockTransport::new(move |request| {
        let operation = Facts::of(&request).operation;
        let rate = LIMITS.rate("organizations", &operation).unwrap();
        let accepted = {
            let (now, burst) = (Instant::now(), f64::from(rate.burst));
            let mut buckets = lock(&buckets);
            let (tokens, at) = buckets.entry(operation).or_insert((burst, now));
            *tokens = (*tokens + (now - *at).as_secs_f64() * rate.per_second).min(burst);
            *at = now;
            *tokens >= 1.0 && {
                *tokens -= 1.0;
                true
            }
        };
        async move {
            tokio::time::sleep(Duration::from_millis(150)).await;
            if accepted { json(200, NO_TAGS) } else { refusal("TooManyRequestsException") }
        }
    });
    let request_gate = RequestGate::new(RequestGateOptions { rates: Rates::Published, ..canned.options() });
    let sessions = sessions(request_gate).await;
    let organizations = sessions.organizations();
    let start = Instant::now();
    tokio::join!(
        join_all((0..100).map(|_| move_account(&sessions))),
        join_all((0..100).map(|_| organizations.attach_policy().policy_id("p-1").target_id("r-1").send())),
        join_all((0..100).map(|_| organizations.tag_resource().resource_id("r-1").set_tags(Some(Vec::new())).send())),
        join_all((0..3000).map(|_| organizations.list_tags_for_resource().resource_id("r-1").send())),
    );
    assert_eq!(canned.sent().len(), 3300, "{} were throttled", canned.sent().len() - 3300);
    let least = LIMITS.rate("organizations", "ListTagsForResource").unwrap().seconds(3000);
    assert!(start.elapsed().as_secs_f64() <= least * 1.02, "{:?} of {least} s", start.elapsed());
}

/// The hundredth request waits for minutes. It is signed after that; otherwise AWS would reject its signature as expired.
#[tokio::test(start_paused = true)]
async fn the_wait_comes_before_the_signature() {
    let canned = MockTransport::new(|request| {
        // If the wait came after the signature, the request gate itself would still have to wait: here, virtual time does not advance.
        let ticket = request.extension::<Ticket>().cloned().unwrap();
        async move {
            assert!(ticket.redeem().is_none(), "the request gate did not use the admission of the gate");
            json(200, r#"{"CreateAccountStatus":{}}"#)
        }
    });
    let request_gate = RequestGate::new(RequestGateOptions { rates: Rates::Published, ..canned.options() });
    let signed = Arc::new(Mutex::new(Vec::new()));
    #[derive(Debug)]
    struct Watch(Arc<Mutex<Vec<Instant>>>);
    impl aws_sdk_organizations::config::Intercept for Watch {
        fn name(&self) -> &'static str {
            "watch"
        }
        fn read_after_signing(
            &self,
            _: &aws_sdk_organizations::config::interceptors::BeforeTransmitInterceptorContextRef<'_>,
            _: &RuntimeComponents,
            _: &mut aws_sdk_organizations::config::ConfigBag,
        ) -> Result<(), aws_smithy_runtime_api::box_error::BoxError> {
            lock(&self.0).push(Instant::now());
            Ok(())
        }
    }
    let base = sessions(request_gate).await.organizations();
    let config = base.config().to_builder().interceptor(Watch(Arc::clone(&signed))).build();
    let organizations = aws_sdk_organizations::Client::from_conf(config);
    let start = Instant::now();
    let create = || organizations.create_account().email("a@example.com").account_name("a").send();
    join_all((0..60).map(|_| create())).await.into_iter().for_each(|r| drop(r.unwrap()));
    let last = lock(&signed).iter().max().copied().unwrap();
    assert_eq!(signed.lock().unwrap().len(), 60);
    assert!(last - start >= Duration::from_secs(560), "{:?}", last - start);
}

#[tokio::test(start_paused = true)]
async fn what_the_gate_leaves_for_the_door_is_not_sent() {
    let headers = Arc::new(Mutex::new(String::new()));
    let copy = Arc::clone(&headers);
    let canned = MockTransport::counting(move |_, request| {
        *lock(&copy) = request.headers().iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        json(200, NO_TAGS)
    });
    let sessions = sessions(canned.request_gate()).await;
    sessions.organizations().list_tags_for_resource().resource_id("r-1").send().await.unwrap();
    let headers = lock(&headers).to_lowercase();
    assert!(headers.contains("signedheaders=") && !headers.contains("overlord") && !headers.contains("ticket"), "{headers}");
}

/// A hanging connection ends at the attempt's deadline, however long the wait for the bucket was.
#[tokio::test(start_paused = true)]
async fn the_deadline_is_of_the_attempt_and_not_of_the_wait() {
    let canned = MockTransport::new(|_| std::future::pending());
    let sessions = sessions(canned.request_gate()).await;
    let start = Instant::now();
    let error = sessions.organizations().create_account().email("a@example.com").account_name("a").send().await.unwrap_err();
    assert_eq!(
        Error::sdk("organizations:CreateAccount", &error),
        Error::NoAnswer { operation: "organizations:CreateAccount".into(), place: None, message: "no answer within 60 s".into() }
    );
    assert_eq!(start.elapsed().as_secs(), 60);
}

/// An abandoned operation releases everything it held: the next writer is not blocked.
#[tokio::test(start_paused = true)]
async fn an_abandoned_write_frees_the_writer() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let canned = MockTransport::new(move |_| {
        let first = first.swap(false, std::sync::atomic::Ordering::SeqCst);
        async move { if first { std::future::pending().await } else { json(200, "{}") } }
    });
    let sessions = sessions(canned.request_gate()).await;
    tokio::time::timeout(Duration::from_secs(1), move_account(&sessions)).await.unwrap_err();
    tokio::time::timeout(Duration::from_secs(1), move_account(&sessions)).await.unwrap().unwrap();
    assert_eq!(canned.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn counts_by_operation_with_retries() {
    let canned = MockTransport::counting(|n, request| match Facts::of(request).service.as_str() {
        "sts" => caller_identity(MANAGEMENT),
        _ if n == 1 => refusal("TooManyRequestsException"),
        _ => json(200, NO_TAGS),
    });
    let request_gate = canned.request_gate();
    let sessions = sessions(request_gate.clone()).await;
    sessions.guard(MANAGEMENT).await.unwrap();
    sessions.organizations().list_tags_for_resource().resource_id("r-1").send().await.unwrap();
    sessions.account().put_account_name().account_name("x").send().await.unwrap();
    let counts: Vec<String> = request_gate.counts().iter().map(|(c, n)| format!("{}:{} {n}", c.service, c.operation)).collect();
    assert_eq!(counts, ["account:PutAccountName 1", "organizations:ListTagsForResource 2", "sts:GetCallerIdentity 1"]);
}

#[tokio::test(start_paused = true)]
async fn the_trace_tells_everything_but_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace.jsonl");
    let signature = Arc::new(Mutex::new(String::new()));
    let copy = Arc::clone(&signature);
    let canned = MockTransport::counting(move |n, request| {
        let facts = Facts::of(request);
        if facts.service == "organizations" {
            *lock(&copy) = request.headers().get("authorization").unwrap().rsplit('=').next().unwrap().to_owned();
        }
        match (facts.operation.as_str(), n) {
            ("AssumeRole", _) => crate::aws::mock_transport::assume_role(request),
            ("GetCallerIdentity", _) => caller_identity("222222222222"),
            (_, 0) => refusal("TooManyRequestsException"),
            (_, 1) => json(200, r#"{"CreateAccountStatus":{"Id":"car-1"}}"#),
            _ => Err(ConnectorError::io("connection reset".into())),
        }
    });
    let trace = Trace::create(&path).unwrap();
    let sessions = sessions(RequestGate::new(RequestGateOptions { trace: Some(trace), ..canned.options() })).await;
    let organizations = sessions.organizations();
    organizations.create_account().email("somebody@example.com").account_name("Some Body").send().await.unwrap();
    aws_sdk_sts::Client::new(&sessions.in_account("222222222222", "eu-west-1")).get_caller_identity().send().await.unwrap();
    organizations.create_account().email("somebody@example.com").account_name("x").send().await.unwrap_err();

    let text = std::fs::read_to_string(&path).unwrap();
    let signature = lock(&signature).clone();
    assert_eq!(signature.len(), 64);
    for secret in ["very-secret", "session-token", "somebody", "example.com", "Some Body", "AKIA", "ASIA", signature.as_str()] {
        assert!(!text.contains(secret), "`{secret}` in {text}");
    }
    let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let field = |name: &str| lines.iter().map(|l| l[name].to_string().replace('"', "")).collect::<Vec<_>>().join(" ");
    assert_eq!(field("operation"), "CreateAccount CreateAccount AssumeRole GetCallerIdentity CreateAccount");
    assert_eq!(field("account"), "111111111111 111111111111 111111111111 222222222222 111111111111");
    assert_eq!(field("region"), "us-east-1 us-east-1 eu-central-1 eu-west-1 us-east-1");
    assert_eq!(field("attempt"), "1 2 1 1 1");
    assert_eq!(field("status"), "400 200 200 200 null");
    assert_eq!(field("code"), "TooManyRequestsException null null null null");
    assert_eq!(field("connection"), "null null null null connection reset");
    assert!(lines[1]["waited_ms"].as_u64().is_some() && lines[1]["request_id"] == "request-1");
}

/// A throttling answer to one request makes all others of its bucket wait, each time only briefly, once AWS has answered again.
#[tokio::test(start_paused = true)]
async fn who_comes_after_a_throttled_request_waits_and_not_ever_longer() {
    const ROUND: usize = 4;
    let at = Arc::new(Mutex::new(Vec::new()));
    let times = Arc::clone(&at);
    let canned = MockTransport::counting(move |n, _| {
        lock(&times).push(Instant::now());
        if n % ROUND == 0 { refusal("TooManyRequestsException") } else { json(200, NO_TAGS) }
    });
    let organizations = sessions(canned.request_gate()).await.organizations();
    let list = || organizations.list_tags_for_resource().resource_id("r-1").send();
    for round in 0..8 {
        let others = async {
            while lock(&at).len() <= round * ROUND {
                tokio::task::yield_now().await;
            }
            join_all([list(), list()]).await
        };
        let (first, others) = tokio::join!(list(), others);
        assert!(first.is_ok() && others.iter().all(Result::is_ok));
        let at = lock(&at).clone();
        let held = at[round * ROUND + 1] - at[round * ROUND];
        assert!((Duration::from_millis(250)..Duration::from_secs(1)).contains(&held), "round {round}: {held:?}");
    }
}

/// Retries without a quota: a quota would fail changes that had not even been tried.
#[tokio::test(start_paused = true)]
async fn a_bad_minute_for_all_fails_none() {
    let canned = MockTransport::counting(|n, _| if n < 900 { refusal("TooManyRequestsException") } else { json(200, NO_TAGS) });
    let organizations = sessions(canned.request_gate()).await.organizations();
    let results = join_all((0..300).map(|_| organizations.list_tags_for_resource().resource_id("r-1").send())).await;
    assert_eq!(results.iter().filter(|r| r.is_err()).count(), 0);
}

#[tokio::test]
async fn clocks_that_differ_are_noticed() {
    for ahead in [-3_600, 0, 90] {
        let canned = MockTransport::counting(move |_, _| {
            let mut answer = json(200, NO_TAGS)?;
            let date = DateTime::from_secs(DateTime::from(SystemTime::now()).secs() + ahead);
            answer.headers_mut().insert("date", date.fmt(Format::HttpDate).unwrap());
            Ok(answer)
        });
        let request_gate = canned.request_gate();
        assert_eq!(request_gate.clock_skew(), None);
        sessions(request_gate.clone()).await.organizations().list_tags_for_resource().resource_id("r-1").send().await.unwrap();
        let skew = request_gate.clock_skew().unwrap();
        assert!((skew - ahead).abs() <= 2, "{skew} s and not {ahead}");
    }
}

/// Clocks at both limits of what the operating system can represent.
#[test]
fn extreme_clocks_overflow_nothing() {
    let hour = Duration::from_secs(3600);
    let end = |sign: fn(SystemTime, Duration) -> Option<SystemTime>| {
        let steps = (0..63).rev().map(|bit| Duration::from_secs(1 << bit));
        steps.fold(SystemTime::UNIX_EPOCH, |time, step| sign(time, step).unwrap_or(time))
    };
    // Year 1, 1969 and 9999, and the limits themselves.
    let year = 31_556_952;
    let before = |years: u64| SystemTime::UNIX_EPOCH - Duration::from_secs(years * year);
    let after = SystemTime::UNIX_EPOCH + Duration::from_secs(8029 * year);
    let clocks = [before(1969), before(1), after, end(|time, by| time.checked_add(by)), end(|time, by| time.checked_sub(by))];
    for one in clocks {
        assert!(super::later(one, hour) >= one);
        for other in clocks {
            assert_eq!(super::skew(one, other) > 0, one > other);
        }
        // In words, wherever a time is shown.
        let date = crate::drift::Date::of(one).to_string();
        assert!(date.contains('-'), "{date}");
    }
}
