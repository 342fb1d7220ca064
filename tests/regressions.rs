//! Runs that end badly or meet other people's work, each from an incident that could be: the whole road against a sandbox.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use overlord::apply::{Consent, Outcome, Report, apply};
use overlord::aws::{Access, Error, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};
use overlord::config::{self, Files};
use overlord::plan::Plan;
use overlord::resource::Desired;
use overlord::sandbox::world::AccountState;
use overlord::sandbox::{DropResponse, Effect, RequestOutcome, Sandbox, Weather, World};
use overlord::snapshot;

const MANAGEMENT: &str = "111111111111";

fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

/// A configuration of these sections, whose policies all deny `sqs:*`.
fn desired(sections: &str) -> Desired {
    let toml = format!("[organization]\nmanagement_account = \"{MANAGEMENT}\"\n{sections}");
    let deny = |_: &Path| Ok(br#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sqs:*","Resource":"*"}]}"#.to_vec());
    let loaded = config::load_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &deny));
    loaded.unwrap_or_else(|e| panic!("{e:#?}")).desired
}

async fn run(sandbox: &Sandbox, desired: &Desired) -> (Plan, Report) {
    run_with(sandbox, desired, |_| Consent::none()).await
}

/// The same, with the consent that a plan is given.
async fn run_with(sandbox: &Sandbox, desired: &Desired, consent: impl Fn(&Plan) -> Consent) -> (Plan, Report) {
    let sessions = sessions(sandbox).await;
    let plan = Plan::build(desired, &snapshot::read(&sessions, desired).await.unwrap());
    let report = apply(&plan, &sessions, &consent(&plan), &mut |_| {}).await;
    (plan, report)
}

async fn sessions(sandbox: &Sandbox) -> Sessions {
    let transport = sandbox.http_client();
    let options =
        RequestGateOptions { mode: Mode::ReadWrite, rates: Rates::Unlimited, trace: None, transport, interrupt: Interrupt::default() };
    let access = Access::Sandbox { management_account: MANAGEMENT.to_owned() };
    Sessions::load(access, RequestGate::new(options), "us-east-1", "OrganizationAccountAccessRole").await.unwrap()
}

/// An organization, and a creation of `first` that goes on after its run was killed.
async fn killed_while_creating(first: &Desired) -> Sandbox {
    let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather { create_account_ms: 600_000, ..Weather::default() });
    run(&sandbox, &desired("")).await;
    tokio::select! {
        _ = run(&sandbox, first) => panic!("the creation takes ten minutes"),
        () = tokio::time::sleep(std::time::Duration::from_secs(60)) => {}
    }
    sandbox
}

fn failures(report: &Report) -> Vec<String> {
    let failure = |outcome: &Outcome| match outcome {
        Outcome::Failed(error) => Some(error.to_string()),
        _ => None,
    };
    report.outcomes.iter().filter_map(|(_, outcome)| failure(outcome)).collect()
}

#[test]
fn an_account_on_its_way_whose_e_mail_was_changed_since_is_not_made_twice() {
    in_virtual_time(async {
        let sandbox = killed_while_creating(&desired("[account.a]\nou = \"root\"\nemail = \"old@example.org\"")).await;
        let (_, report) = run(&sandbox, &desired("[account.a]\nou = \"root\"\nemail = \"new@example.org\"")).await;
        assert_eq!(sandbox.world().accounts.len(), 2, "{report:?}");
        let said = failures(&report).join("\n");
        assert!(said.contains("was made for `account.a` meanwhile, with the e-mail `old@example.org`"), "{said}");
    });
}

#[test]
fn an_account_on_its_way_whose_name_was_changed_since_is_found() {
    in_virtual_time(async {
        let sandbox = killed_while_creating(&desired("[account.a]\nou = \"root\"\nname = \"old\"\nemail = \"a@example.org\"")).await;
        let (_, report) = run(&sandbox, &desired("[account.a]\nou = \"root\"\nname = \"new\"\nemail = \"a@example.org\"")).await;
        assert_eq!(failures(&report), Vec::<String>::new());
        assert_eq!(sandbox.world().accounts.len(), 2);
    });
}

#[test]
fn a_key_whose_account_went_to_another_key_gets_a_new_account() {
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        run(&sandbox, &desired("[account.a]\nou = \"root\"\nname = \"n\"\nemail = \"old@example.org\"")).await;
        let second = "[account.b]\nou = \"root\"\nname = \"n\"\nemail = \"old@example.org\"\n\
                      [account.a]\nou = \"root\"\nname = \"n\"\nemail = \"new@example.org\"";
        let (_, report) = run(&sandbox, &desired(second)).await;
        assert_eq!(failures(&report), Vec::<String>::new());
        assert_eq!(sandbox.world().accounts.len(), 3);
    });
}

/// Until a plan is empty; no plan may hold an error or a deletion, and no change may fail.
async fn until_done(sandbox: &Sandbox, desired: &Desired) {
    for _ in 0..3 {
        let (plan, report) = run(sandbox, desired).await;
        if plan.is_empty() {
            return;
        }
        assert!(!plan.has_errors(), "{:#?}", plan.findings);
        assert!(plan.changes.iter().all(|change| change.action != overlord::plan::Action::Delete), "{:#?}", plan.changes);
        assert_eq!(failures(&report), Vec::<String>::new());
    }
    panic!("three runs did not finish the work");
}

const KEYS: [&str; 3] = ["a", "b", "c"];

/// OUs with these names, each with a policy and an OU of its own, and the OUs that these accounts are below.
fn named(names: &[&str], accounts: &[(&str, &str)]) -> Desired {
    let unit = |(key, name): (&&str, &&str)| {
        format!(
            "[policy.p-{key}]\n[ou.{key}]\nname = \"{name}\"\npolicies = [\"FullAWSAccess\", \"p-{key}\"]\n\
             [ou.{key}-in]\nname = \"in\"\nparent = \"{key}\"\n"
        )
    };
    let account = |(account, unit): &(&str, &str)| format!("[account.{account}]\nou = \"{unit}-in\"\nemail = \"{account}@example.org\"\n");
    let units = KEYS.iter().zip(names).map(unit);
    desired(&units.chain(accounts.iter().map(account)).collect::<String>())
}

/// The name of every OU by its id.
fn names_of_units(world: &World) -> BTreeMap<String, String> {
    world.ous.iter().map(|(id, unit)| (id.clone(), unit.name.clone())).collect()
}

/// The same, with each of the first names exchanged for the second one in its place.
fn exchanged(units: BTreeMap<String, String>, first: &[&str], second: &[&str]) -> BTreeMap<String, String> {
    let exchange = |name: String| first.iter().position(|known| **known == *name).map_or(name, |place| second[place].to_owned());
    units.into_iter().map(|(id, name)| (id, exchange(name))).collect()
}

/// What a run asks for, by operation.
async fn requests_of_a_run(sandbox: &Sandbox, desired: &Desired) -> (Plan, BTreeMap<String, usize>) {
    let known = sandbox.journal().len();
    let (plan, report) = run(sandbox, desired).await;
    assert_eq!(failures(&report), Vec::<String>::new());
    let mut requests = BTreeMap::new();
    sandbox.journal()[known..].iter().for_each(|entry| *requests.entry(entry.operation.clone()).or_default() += 1);
    (plan, requests)
}

fn writes(requests: &BTreeMap<String, usize>) -> Vec<(&str, usize)> {
    let is_read = |operation: &str| ["List", "Describe", "Get"].iter().any(|verb| operation.contains(&format!(":{verb}")));
    requests.iter().filter(|(operation, _)| !is_read(operation)).map(|(operation, count)| (operation.as_str(), *count)).collect()
}

#[test]
fn ous_that_exchange_their_names_are_renamed_and_nothing_else_is_touched() {
    let exchanges: [(&[&str], &[&str]); 3] =
        [(&["One", "Two"], &["Two", "One"]), (&["1", "2", "3"], &["2", "3", "1"]), (&["1", "2", "3"], &["3", "1", "2"])];
    for (first, second) in exchanges {
        for accounts in [[("x", "a"), ("y", "b")].as_slice(), &[("x", "a")], &[("y", "b")], &[]] {
            in_virtual_time(async {
                let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
                until_done(&sandbox, &named(first, accounts)).await;
                let (before, tags) = (names_of_units(&sandbox.world()), sandbox.world().tags);
                let (plan, requests) = requests_of_a_run(&sandbox, &named(second, accounts)).await;
                let steps = first.len() + 1;
                assert_eq!(writes(&requests), [("organizations:TagResource", steps), ("organizations:UpdateOrganizationalUnit", steps)]);
                let mut addresses: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
                addresses.sort();
                assert_eq!(addresses, ["ou.a", "ou.a/rename", "ou.b", "ou.c"][..steps]);
                assert_eq!(names_of_units(&sandbox.world()), exchanged(before, first, second));
                assert_eq!(sandbox.world().tags, tags, "each is still known by its key");
                let (again, _) = run(&sandbox, &named(second, accounts)).await;
                assert!(again.is_empty(), "{:#?}", again.changes);
            });
        }
    }
}

#[test]
fn an_exchange_of_names_that_was_cut_anywhere_is_finished_or_taken_back() {
    let accounts = [("x", "a"), ("y", "b"), ("z", "c")];
    let (first, second) = (["1", "2", "3"], ["2", "3", "1"]);
    let [was, wanted] = [first, second].map(|names| named(&names, &accounts));
    in_virtual_time(async {
        let start = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        until_done(&start, &was).await;
        let (start, before) = (start.world(), names_of_units(&start.world()));
        let whole = Sandbox::new(start.clone(), Weather::default());
        run(&whole, &wanted).await;
        let journal = whole.journal();
        let reads = journal.iter().take_while(|entry| entry.effect == Effect::Read).count();
        assert_eq!(journal.len() - reads, 8, "four times a name and its tag");
        let cuts = (reads..journal.len()).flat_map(|cut| [(cut, DropResponse::BeforeEffect), (cut, DropResponse::AfterEffect)]);
        for ((cut, effect), (end, names)) in cuts.flat_map(|cut| [(cut, (&wanted, second)), (cut, (&was, first))]) {
            let sandbox = Sandbox::new(start.clone(), Weather::default());
            sandbox.cut_after(cut, effect);
            tokio::select! {
                _ = run(&sandbox, &wanted) => {}
                () = sandbox.cut() => {}
            }
            sandbox.mend();
            until_done(&sandbox, end).await;
            assert_eq!(names_of_units(&sandbox.world()), exchanged(before.clone(), &first, &names), "cut after {cut} {effect:?}");
            assert_eq!(requests(&sandbox, "organizations:MoveAccount"), 0);
        }
    });
}

#[test]
fn what_goes_from_one_ou_to_another_is_moved_and_costs_no_further_reads() {
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        let accounts = |x: &'static str, y: &'static str| [("x", x), ("y", y), ("v", "a"), ("w", "b")];
        let first = named(&["One", "Two"], &accounts("a", "b"));
        until_done(&sandbox, &first).await;
        let (steady, reads) = requests_of_a_run(&sandbox, &first).await;
        assert!(steady.is_empty() && !reads.contains_key("organizations:ListTagsForResource"), "{reads:?}");
        // Two accounts change places, and so do their keys.
        let (_, moves) = requests_of_a_run(&sandbox, &named(&["One", "Two"], &accounts("b", "a"))).await;
        assert_eq!(writes(&moves), [("organizations:MoveAccount", 2)]);
        assert!(!moves.contains_key("organizations:ListTagsForResource"), "{moves:?}");
        // All of them do: the OUs keep their names, and their tags say so.
        let all = |a: &'static str, b: &'static str| named(&["One", "Two"], &[("x", a), ("y", b), ("v", b), ("w", a)]);
        until_done(&sandbox, &all("a", "b")).await;
        let (_, moves) = requests_of_a_run(&sandbox, &named(&["One", "Two"], &[("x", "b"), ("y", "a"), ("v", "a"), ("w", "b")])).await;
        assert_eq!(writes(&moves), [("organizations:MoveAccount", 4)]);
    });
}

#[test]
fn keys_that_were_exchanged_together_with_all_that_names_them_change_nothing() {
    let config = |one: &str, two: &str| {
        desired(&format!(
            "[ou.{one}]\nname = \"One\"\n[ou.{two}]\nname = \"Two\"\n[account.x]\nou = \"{one}\"\nemail = \"x@example.org\"\n\
             [account.y]\nou = \"{two}\"\nemail = \"y@example.org\""
        ))
    };
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        until_done(&sandbox, &config("a", "b")).await;
        let (plan, _) = run(&sandbox, &config("b", "a")).await;
        assert!(plan.is_empty(), "{:#?}", plan.changes);
    });
}

#[test]
fn what_others_did_in_between_is_put_right_and_nothing_is_made_anew() {
    let config = desired("[policy.p]\n[ou.a]\npolicies = [\"FullAWSAccess\", \"p\"]\n[account.x]\nou = \"a\"\nemail = \"X+1@Example.org\"");
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        until_done(&sandbox, &config).await;
        let mut world = sandbox.world();
        let (ou, account) = (world.ous.keys().next().unwrap().clone(), world.accounts.keys().find(|id| *id != MANAGEMENT).unwrap().clone());
        world.ous.get_mut(&ou).unwrap().name = "renamed by hand".to_owned();
        world.policies.values_mut().filter(|policy| !policy.aws_managed).for_each(|policy| policy.name = "renamed too".to_owned());
        world.accounts.get_mut(&account).unwrap().email = "x+1@example.org".to_owned();
        let sandbox = Sandbox::new(world, Weather::default());
        until_done(&sandbox, &config).await;
        let world = sandbox.world();
        assert_eq!((world.ous[&ou].name.as_str(), world.ous.len(), world.accounts.len()), ("a", 1, 2));
    });
}

/// All that leaves was named.
fn every_id(plan: &Plan) -> Consent {
    let leaving = plan.changes.iter().filter_map(|change| Some((change.leaving()?, change.id.clone()?)));
    leaving.fold(Consent::none(), |consent, (leaving, id)| consent.and(leaving, id))
}

fn closing(accounts: usize, close: &str) -> Desired {
    let accounts: String =
        (0..accounts).map(|i| format!("[account.a{i}]\nou = \"root\"\nemail = \"a{i}@example.org\"\n{close}\n")).collect();
    desired(&accounts)
}

fn requests(sandbox: &Sandbox, operation: &str) -> usize {
    sandbox.journal().iter().filter(|entry| entry.operation == operation).count()
}

#[test]
fn closings_over_the_quota_wait_and_are_not_asked_for_one_by_one() {
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather { closing_quota: Some(2), ..Weather::default() });
        run(&sandbox, &closing(9, "")).await;
        let (_, report) = run_with(&sandbox, &closing(9, "close = true"), every_id).await;
        let counts = report.counts();
        assert_eq!((counts.applied, counts.waiting, counts.failed), (2, 7, 0), "{report:?}");
        assert_eq!(report.status(), overlord::apply::Status::Partly);
        // No more than were on their way when AWS first said so.
        assert!(
            (3..=5).contains(&requests(&sandbox, "organizations:CloseAccount")),
            "{}",
            requests(&sandbox, "organizations:CloseAccount")
        );
    });
}

#[test]
fn more_than_three_accounts_are_closed_in_one_run_and_never_more_at_a_time() {
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather { close_account_ms: 90_000, ..Weather::default() });
        run(&sandbox, &closing(8, "")).await;
        let most = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let seen = most.clone();
        sandbox.on_request(move |world, _| {
            let pending = world.accounts.values().filter(|account| account.state == AccountState::PendingClosure).count();
            seen.fetch_max(pending, std::sync::atomic::Ordering::Relaxed);
        });
        let (plan, report) = run_with(&sandbox, &closing(8, "close = true"), every_id).await;
        assert_eq!((report.counts().applied, plan.changes.len()), (8, 8), "{report:?}");
        assert_eq!(most.load(std::sync::atomic::Ordering::Relaxed), 3);
        assert_eq!(requests(&sandbox, "organizations:CloseAccount"), 8, "none was refused");
    });
}

/// Runs it until all requests had an answer. AWS refuses nothing.
async fn until_answered(sandbox: &Sandbox, desired: &Desired) {
    for _ in 0..50 {
        let sessions = sessions(sandbox).await;
        let Ok(live) = snapshot::read(&sessions, desired).await else { continue };
        let plan = Plan::build(desired, &live);
        let report = apply(&plan, &sessions, &every_id(&plan), &mut |_| {}).await;
        let is_refused = |outcome: &Outcome| matches!(outcome, Outcome::Failed(error) if !matches!(error, Error::NoAnswer { .. }));
        assert!(!report.outcomes.iter().any(|(_, outcome)| is_refused(outcome)), "{report:?}");
        if report.counts().failed == 0 {
            return;
        }
    }
    panic!("no run had all of its answers");
}

#[test]
fn a_closing_whose_answer_was_lost_is_one_and_what_others_close_takes_its_place() {
    in_virtual_time(async {
        // Its answer is lost: the next request hears that it is on its way. Which answers are lost depends on the order of the requests, so
        // a run may get none to a read, and is run again.
        let mut answers_lost = 0;
        for seed in 0..8 {
            let lost = Sandbox::new(World::new(MANAGEMENT), Weather { close_account_ms: 90_000, lost: 0.4, seed, ..Weather::default() });
            until_answered(&lost, &closing(2, "")).await;
            until_answered(&lost, &closing(2, "close = true")).await;
            let journal = lost.journal();
            let closings = || journal.iter().filter(|entry| entry.operation == "organizations:CloseAccount");
            assert_eq!(closings().filter(|entry| entry.took_effect()).count(), 2, "seed {seed}");
            answers_lost += closings().filter(|entry| entry.outcome == RequestOutcome::Lost).count();
        }
        assert!(answers_lost > 0, "no answer to a closing was lost");
        // Somebody else closes three: ours wait.
        let mut world = World::new(MANAGEMENT);
        let root = world.add_organization(overlord::sandbox::world::FeatureSet::All);
        for i in 0..3 {
            let id = world.add_account(&format!("b{i}"), &format!("b{i}@example.org"), &root);
            world.accounts.get_mut(&id).unwrap().state = AccountState::PendingClosure;
            let closing = overlord::sandbox::world::Closing { requested_ms: world.clock_ms, due_ms: u64::MAX / 2 };
            world.closings.insert(id, closing);
        }
        let busy = Sandbox::new(world, Weather::default());
        run(&busy, &closing(1, "")).await;
        let (_, report) = run_with(&busy, &closing(1, "close = true"), every_id).await;
        assert_eq!(report.counts().waiting, 1, "{report:?}");
    });
}

/// An organization to which AWS still gives the old limit, as org.toml says: at a full set one policy goes before each that comes.
#[test]
fn a_lower_limit_of_attached_policies_is_kept_to_while_a_full_set_is_exchanged() {
    let with = |prefix: &str| {
        let names: Vec<String> = (0..5).map(|i| format!("{prefix}-{i}")).collect();
        let policies: String = names.iter().map(|name| format!("[policy.{name}]\nlockdown = true\n")).collect();
        desired(&format!("[limits.policy.scp]\nattached = 5\n[ou.core]\npolicies = {names:?}\n{policies}"))
    };
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        let (_, report) = run(&sandbox, &with("old")).await;
        assert_eq!(failures(&report), Vec::<String>::new());
        let most = Arc::new(AtomicUsize::new(0));
        let seen = most.clone();
        sandbox.on_request(move |world, _| {
            let attached = |ou: &str| world.attached_of_type(ou, "SERVICE_CONTROL_POLICY").count();
            seen.fetch_max(world.ous.keys().map(|ou| attached(ou)).max().unwrap_or_default(), Ordering::SeqCst);
        });
        let (plan, report) = run_with(&sandbox, &with("new"), |_| Consent::to_deletions()).await;
        assert_eq!((failures(&report), report.counts().applied), (Vec::new(), plan.changes.len()));
        assert_eq!(most.load(Ordering::SeqCst), 5, "never six");
        let (again, _) = run(&sandbox, &with("new")).await;
        assert!(again.is_empty(), "{:#?}", again.changes);
    });
}

/// Where e-mails are not unique, as on moto, AWS does not keep an account from being created twice: a list that is older than the unanswered
/// request must not be believed.
#[test]
fn a_lost_answer_and_stale_lists_make_no_second_account() {
    in_virtual_time(async {
        let accounts: String =
            ["a", "b", "c"].map(|key| format!("[account.{key}]\nemail = \"{key}@example.org\"\nou = \"root\"\n")).concat();
        let desired = desired(&accounts);
        let mut created = 0;
        for seed in 0..40 {
            let weather = Weather {
                seed,
                lost: 0.3,
                stale: 0.5,
                stale_ms: 5_000,
                create_account_ms: 1_000,
                lenient_email: true,
                ..Weather::default()
            };
            let sandbox = Sandbox::new(World::new(MANAGEMENT), weather);
            run(&sandbox, &desired).await;
            let mut by_email: BTreeMap<String, usize> = BTreeMap::new();
            for account in sandbox.world().accounts.into_values() {
                *by_email.entry(account.email).or_default() += 1;
                created += 1;
            }
            assert!(by_email.values().all(|count| *count == 1), "seed {seed}: {by_email:?}");
        }
        assert!(created > 100, "too few accounts came out to prove anything: {created}");
    });
}

/// What a run changes is refused by AWS for seconds where the other side of it is of the same run.
#[test]
fn refusals_that_come_of_changes_of_the_same_run_are_waited_for() {
    in_virtual_time(async {
        let weather = Weather { stale_writes: 0.999, stale_ms: 60_000, ..Weather::default() };
        let sandbox = Sandbox::new(World::new(MANAGEMENT), weather);
        let account = "[account.a]\nemail = \"a@example.org\"\nou = ";
        let administrator = "[account.b]\nemail = \"b@example.org\"\nou = \"root\"\n";
        let services = "trusted_services = [\"config.amazonaws.com\"]\ndelegated_administrators = { \"config.amazonaws.com\" = \"b\" }\n";
        let tree = "[ou.old]\n[ou.inner]\nparent = \"old\"\npolicies = [\"FullAWSAccess\", \"p\"]\n[policy.p]\n";
        let (_, report) = run(&sandbox, &desired(&format!("{tree}{administrator}{account}\"inner\""))).await;
        assert_eq!(failures(&report), Vec::<String>::new());
        let before = refusals(&sandbox);
        for expected in ["CreateOrganizationalUnit ParentNotFoundException", "MoveAccount AccountNotFoundException"] {
            assert!(before.contains(expected), "{expected}: {before:?}");
        }
        tokio::time::advance(std::time::Duration::from_secs(120)).await;
        let then = desired(&format!("{services}[ou.new]\n{administrator}{account}\"new\""));
        let (_, report) = run_with(&sandbox, &then, |_| Consent::to_deletions()).await;
        assert_eq!(failures(&report), Vec::<String>::new());
        let after = refusals(&sandbox);
        for expected in [
            "MoveAccount DestinationParentNotFoundException",
            "DeleteOrganizationalUnit OrganizationalUnitNotEmptyException",
            "DeletePolicy PolicyInUseException",
            "RegisterDelegatedAdministrator ConstraintViolationException",
        ] {
            assert!(after.contains(expected), "{expected}: {after:?}");
        }
        assert!(run(&sandbox, &then).await.0.is_empty());
    });
}

/// What the sandbox refused: operations with the codes.
fn refusals(sandbox: &Sandbox) -> std::collections::BTreeSet<String> {
    let refused = |entry: overlord::sandbox::Entry| match entry.outcome {
        overlord::sandbox::RequestOutcome::Refused(code) => Some(format!("{} {code}", entry.operation.split_once(':')?.1)),
        _ => None,
    };
    sandbox.journal().into_iter().filter_map(refused).collect()
}

/// Nobody else's OU is waited for: that a policy is in use, or an OU is not empty, is final where this run changed nothing of it.
#[test]
fn an_ou_that_somebody_fills_while_the_run_lasts_is_not_waited_for() {
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        run(&sandbox, &desired("[ou.old]")).await;
        let plan = Plan::build(&desired(""), &snapshot::read(&sessions(&sandbox).await, &desired("")).await.unwrap());
        let mut world = sandbox.world();
        let old = world.ous.keys().next().unwrap().clone();
        world.add_ou(&old, "filled");
        let filled = sessions(&Sandbox::new(world, Weather::default())).await;
        let begun = tokio::time::Instant::now();
        let failures = failures(&apply(&plan, &filled, &Consent::to_deletions(), &mut |_| {}).await);
        assert!(failures[0].contains("OrganizationalUnitNotEmptyException"), "{failures:?}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    });
}

#[test]
fn a_new_organization_is_waited_for() {
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather { finalizing_ms: 200_000, ..Weather::default() });
        let sections = "[ou.x]\npolicies = [\"FullAWSAccess\", \"p\"]\n[policy.p]\n[account.a]\nemail = \"a@example.org\"\nou = \"x\"";
        let (plan, report) = run(&sandbox, &desired(sections)).await;
        assert_eq!(failures(&report), Vec::<String>::new());
        let enabled = plan.changes.iter().any(|change| change.calls.contains(&"organizations:EnablePolicyType".to_owned()));
        assert!(enabled, "CreateOrganization leaves service control policies disabled");
        assert!(run(&sandbox, &desired(sections)).await.0.is_empty());
    });
}

/// A policy that somebody else attaches to a level with an allow-list allows there what org.toml does not: a plan reads it and says so.
#[test]
fn a_policy_attached_by_others_to_an_allow_list_is_read_and_judged() {
    use overlord::plan::{Direction, Effects};
    let allow =
        |action: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#);
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sqs:*","Resource":"*"}]}"#;
    let configuration = {
        let toml = format!(
            "[organization]\nmanagement_account = \"{MANAGEMENT}\"\n[ou.pci]\npolicies = [\"list\"]\n[policy.list]\n[account.a]\nemail = \
             \"a@example.org\"\nou = \"pci\""
        );
        let list = allow("sqs:*").into_bytes();
        let loaded = config::load_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &move |_| Ok(list.clone())));
        loaded.unwrap_or_else(|e| panic!("{e:#?}")).desired
    };
    for (content, expected) in [(allow("s3:*"), Direction::Weakened), (deny.to_owned(), Direction::Strengthened)] {
        in_virtual_time(async {
            let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
            run(&sandbox, &configuration).await;
            let mut world = sandbox.world();
            let ou = world.ous.keys().next().unwrap().clone();
            let foreign = world.add_policy("SERVICE_CONTROL_POLICY", "foreign", "", &content);
            world.attach(&foreign, &ou);
            // One that is attached to nothing of the configuration is not read.
            let root = world.root().unwrap().to_owned();
            let other = world.add_ou(&root, "other");
            let elsewhere = world.add_policy("SERVICE_CONTROL_POLICY", "elsewhere", "", deny);
            world.attach(&elsewhere, &other);
            let changed = Sandbox::new(world, Weather::default());
            let live = snapshot::read(&sessions(&changed).await, &configuration).await.unwrap();
            let plan = Plan::build(&configuration, &live);
            let effect = Effects::new(&plan, &live).of(&"policy_attachments.ou.pci".parse().unwrap()).unwrap();
            assert_eq!((effect.effect, effect.accounts), (expected, 1), "{effect:?}");
            let read = changed.journal().into_iter().filter(|entry| entry.operation == "organizations:DescribePolicy");
            assert_eq!(read.count(), 2, "the declared one and the foreign one");
        });
    }
}
