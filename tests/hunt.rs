//! Runs that end badly or meet other people's work, each from an incident that could be: the whole road against a sandbox.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use overlord::apply::{Consent, Outcome, Report, apply};
use overlord::aws::{Access, Door, DoorOptions, Interrupt, Mode, Rates, Sessions};
use overlord::config::{self, Files};
use overlord::plan::Plan;
use overlord::resource::Desired;
use overlord::sandbox::world::AccountState;
use overlord::sandbox::{Sandbox, Weather, World};
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
    let transport = sandbox.http_client();
    let options = DoorOptions { mode: Mode::ReadWrite, rates: Rates::Unlimited, trace: None, transport, interrupt: Interrupt::default() };
    let access = Access::Sandbox { management_account: MANAGEMENT.to_owned() };
    let sessions = Sessions::load(access, Door::new(options), "us-east-1", "OrganizationAccountAccessRole").await.unwrap();
    let plan = Plan::build(desired, &snapshot::read(&sessions, desired).await.unwrap());
    let report = apply(&plan, &sessions, &consent(&plan), &mut |_| {}).await;
    (plan, report)
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

#[test]
fn two_ous_that_swap_their_names_swap_what_they_hold() {
    let config = |a: &str, b: &str| {
        desired(&format!(
            "[policy.p]\n[ou.a]\nname = \"{a}\"\npolicies = [\"FullAWSAccess\", \"p\"]\n[ou.b]\nname = \"{b}\"\n\
             [account.x]\nou = \"a\"\nemail = \"x@example.org\"\n[account.y]\nou = \"b\"\nemail = \"y@example.org\""
        ))
    };
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        for desired in [config("One", "Two"), config("Two", "One"), config("One", "Two")] {
            until_done(&sandbox, &desired).await;
        }
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

#[test]
fn a_closing_whose_answer_was_lost_is_one_and_what_others_close_takes_its_place() {
    in_virtual_time(async {
        // Its answer is lost: the next request hears that it is on its way.
        let lost = Sandbox::new(World::new(MANAGEMENT), Weather { close_account_ms: 90_000, lost: 0.4, seed: 3, ..Weather::default() });
        for _ in 0..20 {
            run(&lost, &closing(2, "")).await;
        }
        let (_, report) = run_with(&lost, &closing(2, "close = true"), every_id).await;
        assert_eq!(report.counts().failed, 0, "{report:?}");
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
