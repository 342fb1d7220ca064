//! Properties of the whole road, over random configurations, worlds, weather and cuts.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod adopted;
mod built;
mod drift;
mod generate;
mod guardrails;
mod imports;
mod invitations;
mod lock;
mod networks;
mod packed;
mod permissions;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::pipeline::{MANAGEMENT, Watch, carry_out, plan, plan_and_copy, run};
use generate::{Case, cases, desired};
use overlord::plan::Plan;
use overlord::resource::Desired;
use overlord::resource::organizations::Leaving;
use overlord::sandbox::outside::InvitationState;
use overlord::sandbox::{ConcurrentWrites, DropResponse, Effect, Sandbox, Weather, World};
use proptest::prelude::*;

/// In virtual time: hours of AWS pass in milliseconds.
fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() }
}

fn sandbox(weather: Weather) -> Sandbox {
    Sandbox::new(generate::outside(), weather)
}

/// The owners of all accounts that are invited accept.
fn owners_accept(sandbox: Sandbox, weather: Weather) -> Sandbox {
    let mut world = sandbox.world();
    let open = world.invitations.values().filter(|sent| sent.state == InvitationState::Open).map(|sent| sent.id.clone());
    for id in open.collect::<Vec<_>>() {
        world.end_invitation(&id, InvitationState::Accepted, world.clock_ms);
    }
    Sandbox::new(world, weather)
}

/// The accounts that service control policies allow nothing, since none of them does at some level.
fn shut(world: &World) -> Vec<String> {
    let scps = |target: &str| world.attached_to(target).iter().map(|id| &world.policies[id]).filter(|p| p.kind == "SERVICE_CONTROL_POLICY");
    let is_shut = |target: &str| scps(target).next().is_some() && !scps(target).any(|policy| policy.content.contains(r#""Allow""#));
    let accounts = world.accounts.iter().filter(|(id, _)| *id != MANAGEMENT);
    let levels = |id: &str, parent: Option<&str>| -> Vec<String> {
        let places = parent.map(|parent| world.lineage(parent)).unwrap_or_default();
        places.into_iter().map(str::to_owned).chain([id.to_owned()]).collect()
    };
    let shut = accounts.filter(|(id, account)| levels(id, account.parent.as_deref()).iter().any(|level| is_shut(level)));
    shut.map(|(id, _)| format!("{id} is allowed nothing")).collect()
}

/// Applies in calm weather and holds the run to its plan.
async fn apply_exactly(sandbox: &Sandbox, desired: &Desired) -> Plan {
    let watch = Watch::over_with(sandbox, desired, shut);
    let before = sandbox.journal().len();
    let (plan, report) = run(sandbox, desired).await.unwrap();
    assert_eq!(report.counts().applied, plan.changes.len(), "{report:#?}");
    // Whose only policy becomes one that denies is shut for good, as the plan's impact says.
    let for_good: BTreeSet<String> = shut(&sandbox.world()).into_iter().collect();
    assert_eq!(&watch.violations() - &for_good, BTreeSet::new());
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for entry in sandbox.journal().iter().skip(before).filter(|e| e.effect == Effect::Write) {
        *calls.entry(entry.operation.clone()).or_default() += 1;
    }
    assert_eq!(calls, plan.budget.calls, "what was called, and what the plan said would be");
    plan
}

/// Plans and finds nothing; and wrote nothing to find it.
async fn nothing_left(sandbox: &Sandbox, desired: &Desired) {
    let before = sandbox.journal().len();
    let plan = plan(sandbox, desired).await.unwrap();
    assert!(plan.is_empty() && !plan.has_errors(), "changes after apply: {:#?}\n{:#?}", plan.changes, plan.findings);
    let writes = sandbox.journal().into_iter().skip(before).filter(|e| e.effect == Effect::Write).count();
    assert_eq!(writes, 0);
}

/// What two configurations make of an empty world, one after the other.
async fn from_one_to_the_other(first: &Case, second: &Case) {
    let mut sandbox = sandbox(Weather::default());
    for case in [first, second] {
        let desired = desired(case);
        apply_exactly(&sandbox, &desired).await;
        nothing_left(&sandbox, &desired).await;
        sandbox = owners_accept(sandbox, Weather::default());
    }
}

/// Weather in which anything that AWS does can happen.
fn storm(seed: u64) -> Weather {
    Weather {
        seed,
        latency_ms: 20,
        jitter_ms: 30,
        create_account_ms: 15_000,
        policy_type_ms: 3_000,
        lost: 0.04,
        errors: 0.04,
        disconnects: 0.04,
        concurrent_writes: ConcurrentWrites::Refused,
        empty_pages: 0.1,
        // Only overlord's own care keeps an account from being created twice.
        lenient_email: true,
        ..Weather::default()
    }
}

/// Reruns until a run has nothing left to do.
async fn until_done(sandbox: &Sandbox, desired: &Desired) {
    let mut said = Vec::new();
    for _ in 0..12 {
        match run(sandbox, desired).await {
            Ok((plan, _)) if plan.is_empty() => return,
            Ok((_, report)) => said.push(format!("{:?}", report.counts())),
            Err(error) => said.push(error.to_string()),
        }
    }
    panic!("twelve runs did not finish the work: {said:#?}");
}

/// The properties below prove what their cases contain: here is what that is.
#[test]
fn cases_contain_what_the_properties_are_about() {
    use overlord::plan::Action;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<(String, Action), usize> = BTreeMap::new();
    let (mut moved, mut cut, mut closed, mut removed) = (0, 0, 0, 0);
    for seed in 0..40 {
        let cases = [(); 2].map(|()| cases().new_tree(&mut runner).unwrap().current());
        in_virtual_time(async {
            let sandbox = sandbox(Weather::default());
            run(&sandbox, &desired(&cases[0])).await.unwrap();
            let sandbox = owners_accept(sandbox, Weather::default());
            let (plan, _) = run(&sandbox, &desired(&cases[1])).await.unwrap();
            moved += usize::from(!plan.desired.moved.is_empty());
            let leaving: BTreeSet<_> = plan.changes.iter().filter_map(|change| change.leaving()).collect();
            closed += usize::from(leaving.contains(&Leaving::Closed));
            removed += usize::from(leaving.contains(&Leaving::Removed));
            let changes: BTreeSet<_> = plan.changes.iter().map(|c| (c.address.kind().to_owned(), c.action)).collect();
            changes.into_iter().for_each(|change| *seen.entry(change).or_default() += 1);
        });
        in_virtual_time(async {
            let sandbox = self::sandbox(storm(seed));
            sandbox.cut_after(seed as usize, DropResponse::AfterEffect);
            let desired = desired(&cases[0]);
            tokio::select! {
                _ = run(&sandbox, &desired) => {}
                () = sandbox.cut() => cut += 1,
            }
        });
    }
    let (create, update, go, delete) = (Action::Create, Action::Update, Action::Move, Action::Delete);
    let expected = [
        ("account", vec![create, update, go]),
        ("delegated_administrator", vec![create, update]),
        ("invitation", vec![create]),
        ("ou", vec![create, update, delete]),
        ("policy", vec![create, update, delete]),
        ("policy_attachments", vec![update]),
        ("placement", vec![go]),
        ("policy_type", vec![create]),
    ];
    for (kind, actions) in expected {
        for action in actions {
            let count = seen.get(&(kind.to_owned(), action)).copied().unwrap_or_default();
            assert!(count >= 3, "{action:?} of {kind}: in {count} of 40 cases");
        }
    }
    assert!(moved >= 20 && cut >= 20, "keys moved in {moved} and runs cut in {cut} of 40 cases");
    assert!(closed >= 5 && removed >= 5, "accounts closed in {closed} and removed in {removed} of 40 cases");
}

proptest! {
    #![proptest_config(config(96))]

    /// Apply, then plan, is empty; the writes are those of the plan; a plan writes nothing; guardrails come first. Also for the next
    /// configuration, which renames, moves, tags, detaches and deletes.
    #[test]
    fn apply_then_plan_is_empty(first in cases(), second in cases()) {
        in_virtual_time(from_one_to_the_other(&first, &second));
    }

    /// In a storm, and cut at any request as by kill -9, reruns converge; no account is made twice; no target is ever without a
    /// policy; no account sits in an OU before that OU's guardrails do.
    #[test]
    fn cut_anywhere_it_heals(first in cases(), second in cases(), seed in any::<u64>(), cuts in proptest::collection::vec((0..45usize, any::<bool>()), 1..4)) {
        in_virtual_time(async {
            let mut sandbox = sandbox(storm(seed));
            for (i, case) in [first, second].iter().enumerate() {
                let desired = desired(case);
                let watch = Watch::over(&sandbox, &desired);
                for (after, effect) in cuts.iter().skip(i) {
                    sandbox.cut_after(*after, if *effect { DropResponse::AfterEffect } else { DropResponse::BeforeEffect });
                    tokio::select! {
                        _ = run(&sandbox, &desired) => {}
                        () = sandbox.cut() => {}
                    }
                    sandbox.mend();
                }
                until_done(&sandbox, &desired).await;
                prop_assert_eq!(watch.violations(), BTreeSet::new());
                sandbox = owners_accept(sandbox, storm(!seed));
            }
            Ok(())
        })?;
    }

    /// Reads that answer from a moment ago cost a rerun, never a duplicate.
    #[test]
    fn stale_reads_heal(first in cases(), second in cases(), seed in any::<u64>()) {
        in_virtual_time(async {
            let weather = |seed| Weather { stale: 0.3, stale_ms: 2_000, lenient_email: false, ..storm(seed) };
            let mut sandbox = sandbox(weather(seed));
            for case in [first, second] {
                let desired = desired(&case);
                let watch = Watch::over(&sandbox, &desired);
                until_done(&sandbox, &desired).await;
                prop_assert_eq!(watch.violations(), BTreeSet::new());
                // Whoever is told that an OU has what the next configuration wants, as it had before this one, cannot know better.
                tokio::time::sleep(Duration::from_secs(3)).await;
                sandbox = owners_accept(sandbox, weather(!seed));
            }
            Ok(())
        })?;
    }

    /// What other people made stays exactly as it is.
    #[test]
    fn nothing_unmanaged_is_touched(case in cases(), other in cases()) {
        in_virtual_time(async {
            let sandbox = sandbox(Weather::default());
            run(&sandbox, &desired(&case)).await.unwrap();
            let mut world = owners_accept(sandbox, Weather::default()).world();
            let root = world.root().unwrap().to_owned();
            let unit = world.add_ou(&root, "theirs");
            let account = world.add_account("theirs", "theirs@example.net", &unit);
            let policy = world.add_policy("SERVICE_CONTROL_POLICY", "theirs", "", r#"{"Version":"2012-10-17","Statement":[]}"#);
            world.attach(&policy, &unit);
            let sandbox = Sandbox::new(world, Weather::default());
            let theirs = |world: World| {
                // Enabling a type attaches AWS's own policy to everything: that is AWS's doing.
                let set: BTreeSet<String> = world.attached_to(&unit).iter().filter(|id| *id != "p-RCPFullAWSAccess").cloned().collect();
                (world.accounts[&account].clone(), world.ous[&unit].clone(), world.policies[&policy].clone(), set, world.tags.get(&unit).cloned())
            };
            let before = theirs(sandbox.world());
            let desired = desired(&other);
            let (plan, report) = run(&sandbox, &desired).await.unwrap();
            prop_assert_eq!(report.counts().applied, plan.changes.len());
            prop_assert!(plan.findings.iter().any(|f| f.subject.contains("theirs")), "reported: {:?}", plan.findings);
            prop_assert_eq!(theirs(sandbox.world()), before);
            nothing_left(&sandbox, &desired).await;
            Ok(())
        })?;
    }

    /// A rehearsal on a copy of the organization comes out as the apply does, and writes nothing to the original.
    #[test]
    fn a_rehearsal_ends_like_the_apply(first in cases(), second in cases()) {
        in_virtual_time(async {
            let original = sandbox(Weather::default());
            run(&original, &desired(&first)).await.unwrap();
            let original = owners_accept(original, Weather::default());
            let desired = desired(&second);
            let before = original.journal().len();
            let (plan, world) = plan_and_copy(&original, &desired).await;
            let copy = Sandbox::new(world, Weather::default());
            let rehearsed = carry_out(&copy, &plan).await;
            let writes = original.journal().into_iter().skip(before).filter(|e| e.effect == Effect::Write).count();
            prop_assert_eq!(writes, 0);
            // The ids of what was created are made up in either sandbox.
            prop_assert_eq!(rehearsed.outcomes, carry_out(&original, &plan).await.outcomes);
            nothing_left(&copy, &desired).await;
            nothing_left(&original, &desired).await;
            Ok(())
        })?;
    }
}
