use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::aws::while_waiting;
use crate::plan::worlds::{self, world};

/// Simulates changes: each takes one turn of the loop.
#[derive(Default)]
struct Fake {
    /// How many may be active; unlimited unless given.
    at_work: Option<usize>,
    /// Changes whose turn of the loop counts as a wait.
    waits: bool,
    fails: BTreeSet<Address>,
    /// Changes that the interrupt cuts.
    cut: BTreeSet<Address>,
    /// After so many starts, the user interrupts.
    interrupted_after: Option<usize>,
    begun: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    made: Mutex<Vec<Address>>,
}

impl Executor for Fake {
    fn execute<'a>(&'a self, change: &'a Change) -> ExecuteFuture<'a> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let at_once = self.at_once.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::Relaxed);
        Box::pin(async move {
            match self.waits {
                // A long turn: none finishes before all that may start have started.
                true => {
                    while_waiting(Box::pin(async {
                        for _ in 0..100 {
                            tokio::task::yield_now().await
                        }
                    }))
                    .await
                }
                false => tokio::task::yield_now().await,
            }
            self.at_once.fetch_sub(1, Ordering::Relaxed);
            if self.cut.contains(&change.address) {
                return Err(Error::Interrupted);
            }
            if self.fails.contains(&change.address) {
                return Err(Error::failed("made up"));
            }
            self.made.lock().unwrap().push(change.address.clone());
            Ok(())
        })
    }

    fn at_a_time(&self) -> usize {
        32
    }

    fn at_work(&self) -> usize {
        self.at_work.unwrap_or(usize::MAX)
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted_after.is_some_and(|after| self.begun.load(Ordering::Relaxed) >= after)
    }
}

fn run_it(plan: &Plan, fake: &Fake, allow_delete: bool) -> (Report, Vec<Event>) {
    let mut events = Vec::new();
    let report = {
        let mut record = |event| events.push(event);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let consent = if allow_delete { Consent::to_deletions() } else { Consent::none() };
        runtime.block_on(run(plan, fake, &consent, &mut record))
    };
    (report, events)
}

fn check(plan: &Plan, fake: &Fake, allow_delete: bool, expected: &[&str], status: Status) {
    let (report, _) = run_it(plan, fake, allow_delete);
    let line = |(address, outcome): &(Address, Outcome)| match outcome {
        Outcome::Applied => format!("{address} applied"),
        Outcome::Failed(error) => format!("{address} failed: {error}"),
        Outcome::Skipped { because_of } => format!("{address} skipped because of {because_of}"),
        Outcome::Withheld { needs } => format!("{address} needs {needs}"),
        Outcome::Waiting(why) => format!("{address} waits: {why}"),
        Outcome::Interrupted => format!("{address} interrupted"),
        Outcome::NotStarted => format!("{address} not started"),
    };
    assert_eq!(report.outcomes.iter().map(line).collect::<Vec<_>>(), expected);
    assert_eq!(report.status(), status);
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn failing(addresses: &[&str]) -> Fake {
    Fake { fails: addresses.iter().map(|text| address(text)).collect(), ..Fake::default() }
}

/// Two nested OUs, a sibling, and old OUs to delete.
fn example() -> Plan {
    let ou = |parent: &str| json!({ "name": "n", "parent": { "ref": parent } });
    let old = |parent: &str| json!({ "id": format!("ou-below-{parent}"), "attributes": ou(parent), "ours": true });
    let want = json!({ "ou.a": ou("organization.main"), "ou.b": ou("ou.a"), "ou.c": ou("organization.main") });
    worlds::plan(&worlds::desired(want), &worlds::live(json!({ "ou./x": old("organization.main"), "ou./x/y": old("ou./x") })))
}

#[test]
fn all_is_applied() {
    let expected = ["ou./x/y applied", "ou./x applied", "ou.a applied", "ou.b applied", "ou.c applied"];
    check(&example(), &Fake::default(), true, &expected, Status::Done);
}

#[test]
fn deletions_without_consent_are_withheld() {
    let expected = ["ou./x/y needs --allow-delete", "ou./x needs --allow-delete", "ou.a applied", "ou.b applied", "ou.c applied"];
    check(&example(), &Fake::default(), false, &expected, Status::Partly);
}

#[test]
fn what_waits_for_a_withheld_deletion_is_skipped() {
    let mut plan = example();
    plan.changes.last_mut().unwrap().waits_for = vec![address("ou./x")];
    let expected =
        ["ou./x/y needs --allow-delete", "ou./x needs --allow-delete", "ou.a applied", "ou.b applied", "ou.c skipped because of ou./x/y"];
    check(&plan, &Fake::default(), false, &expected, Status::Partly);
}

#[test]
fn a_failure_skips_what_waits_for_it_and_nothing_else() {
    let expected = ["ou./x/y applied", "ou./x applied", "ou.a failed: made up", "ou.b skipped because of ou.a", "ou.c applied"];
    check(&example(), &failing(&["ou.a"]), true, &expected, Status::Partly);
    let nothing = failing(&["ou.a", "ou.c", "ou./x/y"]);
    let expected = [
        "ou./x/y failed: made up",
        "ou./x skipped because of ou./x/y",
        "ou.a failed: made up",
        "ou.b skipped because of ou.a",
        "ou.c failed: made up",
    ];
    check(&example(), &nothing, true, &expected, Status::Failed);
}

#[test]
fn an_interrupt_lets_finish_what_runs_and_starts_nothing_more() {
    let fake = Fake { interrupted_after: Some(2), ..Fake::default() };
    let expected = ["ou./x/y applied", "ou./x not started", "ou.a applied", "ou.b not started", "ou.c not started"];
    check(&example(), &fake, true, &expected, Status::Partly);
    let before_all = Fake { interrupted_after: Some(0), ..Fake::default() };
    let (report, events) = run_it(&example(), &before_all, true);
    assert_eq!(report.counts(), Counts { not_started: 5, ..Counts::default() });
    assert!(!events.iter().any(|event| matches!(event, Event::Started { .. })));
}

/// An interrupted change has not failed, and its dependents are not skipped because of it.
#[test]
fn an_interrupted_change_has_not_failed() {
    let fake = Fake { interrupted_after: Some(2), cut: [address("ou.a")].into(), ..Fake::default() };
    let expected = ["ou./x/y applied", "ou./x not started", "ou.a interrupted", "ou.b not started", "ou.c not started"];
    check(&example(), &fake, true, &expected, Status::Partly);
    let alone = Fake { interrupted_after: Some(1), cut: [address("ou./x/y")].into(), ..Fake::default() };
    let (report, _) = run_it(&example(), &alone, true);
    assert_eq!((report.counts().interrupted, report.counts().failed, report.status()), (1, 0, Status::Partly));
}

#[test]
fn an_empty_plan_is_done_and_one_out_of_order_does_nothing() {
    check(&worlds::plan(&worlds::desired(json!({})), &worlds::live(json!({}))), &Fake::default(), false, &[], Status::Done);
    let mut plan = example();
    plan.changes.reverse();
    let fake = Fake::default();
    let (report, _) = run_it(&plan, &fake, true);
    assert_eq!((report.counts().applied, report.counts().failed, report.status()), (0, 1, Status::Failed));
    assert_eq!(fake.begun.load(Ordering::Relaxed), 0);
}

#[test]
fn at_most_so_many_run_at_a_time() {
    let all: serde_json::Map<_, _> = (0..100).map(|i| (format!("ou.o{i}"), json!({ "name": "n" }))).collect();
    let fake = Fake::default();
    run_it(&worlds::plan(&worlds::desired(all.into()), &worlds::live(json!({}))), &fake, false);
    assert_eq!(fake.most_at_once.load(Ordering::Relaxed), fake.at_a_time());
}

#[test]
fn who_only_waits_makes_room_for_others() {
    let all: serde_json::Map<_, _> = (0..100).map(|i| (format!("ou.o{i}"), json!({ "name": "n" }))).collect();
    let plan = worlds::plan(&worlds::desired(all.into()), &worlds::live(json!({})));
    for (waits, most) in [(false, 4), (true, 32)] {
        let fake = Fake { at_work: Some(4), waits, ..Fake::default() };
        let (report, _) = run_it(&plan, &fake, false);
        assert_eq!((fake.most_at_once.load(Ordering::Relaxed), report.status()), (most, Status::Done), "{waits}");
    }
}

#[test]
fn what_becomes_urgent_is_not_behind_all_that_could_have_been_begun() {
    let ou = |parent: &str| json!({ "name": "n", "parent": { "ref": parent } });
    let others = (0..20).map(|i| (format!("ou.o{i:02}"), ou("organization.main")));
    let chain = [("ou.x".to_owned(), ou("organization.main")), ("ou.y".to_owned(), ou("ou.x"))];
    let mut plan = worlds::plan(&worlds::desired(others.chain(chain).collect::<serde_json::Map<_, _>>().into()), &worlds::live(json!({})));
    let slow = |change: &&mut Change| change.address == address("ou.y");
    plan.changes.iter_mut().filter(slow).for_each(|change| change.calls = vec!["ec2:CreateNatGateway".to_owned()]);
    let fake = Fake { at_work: Some(2), ..Fake::default() };
    let (_, events) = run_it(&plan, &fake, false);
    let begun: Vec<String> =
        events.iter().filter_map(|e| if let Event::Started { address, .. } = e { Some(address.to_string()) } else { None }).collect();
    assert!(begun.iter().take(4).any(|address| address == "ou.y"), "{begun:?}");
}

/// What bounds [`AT_A_TIME`].
#[tokio::test]
async fn a_change_that_runs_is_small() {
    use crate::aws::mock_transport::{MockTransport, json as answer, sessions};
    let plan = worlds::plan(&worlds::desired(json!({})), &worlds::live(json!({})));
    let canned = MockTransport::counting(|_, _| answer(500, "not expected"));
    let context = Context::new(&sessions(canned.request_gate()).await, start(&plan), Ids::default(), Company::Alone);
    for kind in resource::KINDS.iter() {
        let size = size_of_val(&*kind.apply(&context, None, None, None));
        assert!(size <= FUTURE, "a running change of `{}` takes {size} bytes", kind.spec().kind);
    }
}

#[test]
fn what_is_wanted_gone_is_withheld_without_consent_and_updated_away_with_it() {
    let want = worlds::desired(json!({ "a/r/default_vpc.main": { "present": false } }));
    let have = json!({ "a/r/default_vpc.main": { "id": "vpc-1", "attributes": { "present": true, "subnets": 3 }, "ours": false } });
    let plan = worlds::plan(&want, &worlds::live(have));
    let [change] = plan.changes.as_slice() else { panic!("{:?}", plan.changes) };
    assert_eq!((change.action, change.after.is_some()), (Action::Delete, true));
    assert_eq!(existing_id(change, &Ids::default()), Ok(Some("vpc-1".to_owned())));
    check(&plan, &Fake::default(), false, &["a/r/default_vpc.main needs --allow-delete"], Status::Partly);
    check(&plan, &Fake::default(), true, &["a/r/default_vpc.main applied"], Status::Done);
}

#[test]
fn account_creations_share_a_cap() {
    let all: serde_json::Map<_, _> = (0..20).map(|i| (format!("account.a{i}"), json!({ "email": "a@x" }))).collect();
    let mut plan = worlds::plan(&worlds::desired(all.into()), &worlds::live(json!({})));
    plan.changes.iter_mut().for_each(|change| change.calls = vec!["organizations:CreateAccount".to_owned()]);
    let fake = Fake::default();
    run_it(&plan, &fake, false);
    assert_eq!(fake.most_at_once.load(Ordering::Relaxed), LIMITS.quotas.create_account_in_flight);
}

#[test]
fn dropping_the_future_stops_everything() {
    let (plan, fake) = (example(), Fake::default());
    let mut ignore = |_| ();
    assert!(run(&plan, &fake, &Consent::to_deletions(), &mut ignore).now_or_never().is_none(), "it was still running");
    assert_eq!(fake.made.lock().unwrap().as_slice(), []);
}

#[test]
fn what_a_change_begins_with() {
    let ou = |parent: &str| json!({ "name": "a", "parent": { "ref": parent } });
    let set = |policy: &str| json!({ "policies": [{ "id": policy }], "target": { "ref": "ou.a" } });
    let want = json!({ "ou.a": ou("ou.top"), "policy_attachments.ou.a": set("p-1") });
    let have = json!({
        "ou.a": { "id": "ou-old", "attributes": ou("organization.main"), "ours": true },
        "policy_attachments.ou.a": { "id": "ou-old", "attributes": set("p-1") },
    });
    let plan = worlds::plan(&worlds::desired(want), &worlds::live(have));
    let ids = observed_ids(&plan);
    let begins = |text: &str| existing_id(plan.changes.iter().find(|change| change.address == address(text)).unwrap(), &ids);
    assert_eq!(begins("ou.a"), Ok(None), "made anew");
    assert_eq!(begins("ou./a"), Ok(Some("ou-old".to_owned())));
    assert!(matches!(begins("policy_attachments.ou.a"), Err(Error::Internal(_))), "the new OU is not there yet");
    ids.learn(&address("ou.a"), "ou-new".to_owned());
    assert_eq!(begins("policy_attachments.ou.a"), Ok(Some("ou-new".to_owned())));
}

proptest! {
    /// Whatever fails and whenever it is interrupted: every change has one outcome, reported once, and only started changes are applied
    /// or failed.
    #[test]
    fn every_change_comes_out_once((want, have) in world(), fails in any::<u64>(), after in 0..60usize, allow_delete in any::<bool>()) {
        let plan = worlds::plan(&want, &have);
        let fails = plan.changes.iter().enumerate().filter(|(i, _)| fails.rotate_left(*i as u32) & 7 == 0).map(|(_, c)| c.address.clone()).collect();
        let fake = Fake { fails, interrupted_after: Some(after), ..Fake::default() };
        let (report, events) = run_it(&plan, &fake, allow_delete);
        let in_order: Vec<&Address> = plan.changes.iter().map(|change| &change.address).collect();
        prop_assert_eq!(report.outcomes.iter().map(|(address, _)| address).collect::<Vec<_>>(), in_order);
        let began: Vec<&Address> = events.iter().filter_map(|e| match e { Event::Started { address, .. } => Some(address), Event::Finished { .. } => None }).collect();
        let told: BTreeMap<&Address, &Outcome> = events.iter().filter_map(|e| match e { Event::Finished { address, outcome } => Some((address, outcome)), Event::Started { .. } => None }).collect();
        prop_assert_eq!(events.len(), began.len() + plan.changes.len());
        for (address, outcome) in &report.outcomes {
            prop_assert_eq!(told.get(address).copied(), Some(outcome));
            prop_assert_eq!(began.contains(&address), matches!(outcome, Outcome::Applied | Outcome::Failed(_)));
        }
        let made: BTreeSet<Address> = fake.made.lock().unwrap().iter().cloned().collect();
        for change in plan.changes.iter().filter(|change| made.contains(&change.address)) {
            prop_assert!(change.waits_for.iter().all(|address| made.contains(address)));
            prop_assert!(allow_delete || change.action != Action::Delete);
        }
    }
}

/// Neither a plan with errors nor an interrupted run sends anything.
#[tokio::test(start_paused = true)]
async fn what_may_not_begin_sends_nothing() {
    use crate::aws::mock_transport::{MockTransport, json as answer, sessions};
    let want = worlds::desired(json!({ "organization.main": { "feature_set": "ALL" } }));
    let plan = Plan::build(&want, &worlds::live(json!({})));
    let canned = MockTransport::counting(|_, _| answer(500, "not expected"));
    let sessions = sessions(canned.request_gate()).await;
    let finding = resource::Finding { severity: resource::FindingSeverity::Error, subject: "x".to_owned(), summary: "y".to_owned() };
    let wrong = Plan { findings: vec![finding], ..plan.clone() };
    assert_eq!(apply(&wrong, &sessions, &Consent::to_deletions(), &mut |_| {}).await.status(), Status::Failed);
    sessions.request_gate().interrupt().trigger();
    assert_eq!(
        apply(&plan, &sessions, &Consent::to_deletions(), &mut |_| {}).await.counts(),
        Counts { not_started: 1, ..Counts::default() }
    );
    assert_eq!(canned.sent(), Vec::<String>::new());
}

/// What AWS is slowest at is the most urgent: with 100 accounts and 100 policies, the accounts decide how long the run takes.
#[test]
fn what_aws_is_slow_at_weighs_more() {
    let plan = worlds::plan(&worlds::desired(json!({ "ou.a": { "name": "a" } })), &worlds::live(json!({})));
    let calling = |calls: &[&str]| weight(&Change { calls: calls.iter().map(|&c| c.to_owned()).collect(), ..plan.changes[0].clone() });
    let (create, attach) = (calling(&["organizations:CreateAccount"]), calling(&["organizations:AttachPolicy"]));
    assert!(create > attach && attach > 0, "{create} {attach}");
    // Both may be called equally often; the one is ready at once, the other after minutes.
    assert!(calling(&["ec2:CreateNatGateway"]) > 50 * calling(&["ec2:CreateInternetGateway"]));
    assert_eq!(calling(&["organizations:CreateAccount", "organizations:AttachPolicy"]), create + attach);
}
