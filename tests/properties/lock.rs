//! Two applies at the same time, and what becomes of the lock when one is interrupted or killed, at any request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use overlord::apply::{Consent, RENEW_EVERY, Report, RunLock, Status, Stopped, apply_beside_others, apply_locked};
use overlord::aws::{Mode, Sessions};
use overlord::plan::{LOCK_CALLS, Plan};
use overlord::resource::Desired;
use overlord::resource::organizations::LOCK_NAME;
use overlord::resource::organizations::lock::{self, LiveLock, STALE_AFTER};
use overlord::sandbox::{DropResponse, Effect, Sandbox, Weather, World};
use overlord::snapshot;
use proptest::prelude::*;

use crate::pipeline::{plan, process_with, run};
use crate::properties::built;
use crate::properties::generate::{Case, cases, desired, outside};
use crate::properties::networks::networks;
use crate::properties::{config, in_virtual_time, nothing_left, sandbox, until_done};

/// How a run under the lock ended.
struct Ended {
    plan: Plan,
    report: Option<Report>,
    /// Who held the lock instead.
    theirs: Option<LiveLock>,
    trouble: Option<String>,
}

/// A run that has planned and is about to apply.
struct Ready {
    sessions: Sessions,
    plan: Plan,
    lock: RunLock,
}

impl Ready {
    async fn of(sandbox: &Sandbox, desired: &Desired, name: &str) -> Self {
        let sessions = process_with(sandbox, desired.role()).await;
        sessions.guard(&desired.management_account).await.unwrap();
        let plan = Plan::build(desired, &snapshot::read(&sessions, desired).await.unwrap()).locked();
        let lock = RunLock::new(&sessions, name);
        Self { sessions, plan, lock }
    }

    async fn apply(self) -> Ended {
        let Self { sessions, plan, lock } = self;
        sessions.request_gate().set_mode(Mode::ReadWrite);
        let leaving = plan.changes.iter().filter_map(|change| Some((change.leaving()?, change.id.clone()?)));
        let consent = leaving.fold(Consent::to_deletions(), |consent, (leaving, id)| consent.and(leaving, id));
        let report = match apply_locked(&plan, &lock, &consent, async { Ok::<_, ()>(()) }, &mut |_| {}).await {
            Ok(report) => Some(report),
            Err(Stopped::Lock(_)) => None,
            Err(Stopped::Check(())) => panic!("nothing was checked"),
        };
        Ended { plan, report, theirs: lock.theirs(), trouble: lock.trouble().map(|(what, _)| what) }
    }

    async fn apply_beside_others(self) -> Report {
        self.sessions.request_gate().set_mode(Mode::ReadWrite);
        apply_beside_others(&self.plan, &self.sessions, &Consent::to_deletions(), &mut |_| {}).await
    }
}

fn locks(world: &World) -> Vec<String> {
    world.ous.values().filter(|ou| ou.name == LOCK_NAME).map(|ou| ou.id.clone()).collect()
}

/// Names and addresses that are there twice.
fn twice(world: &World) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    world.accounts.values().for_each(|account| *seen.entry(account.email.clone()).or_default() += 1);
    for (account, name, region) in world.ec2.iter() {
        for (id, vpc) in region.vpcs.iter().filter(|(_, vpc)| !vpc.is_default) {
            let tags = region.tags.get(id);
            let address = tags.and_then(|tags| tags.get(overlord::resource::ADDRESS_TAG)).cloned().unwrap_or_default();
            *seen.entry(format!("{account}/{name}: {address} {}", vpc.cidr)).or_default() += 1;
        }
    }
    seen.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect()
}

/// Applies twice at the same time: one applies all of it, and the other is told who does.
async fn one_of_two_applies(sandbox: &Sandbox, desired: &Desired) {
    let (one, other) = tokio::join!(Ready::of(sandbox, desired, "run one"), Ready::of(sandbox, desired, "run two"));
    if one.plan.budget.calls.is_empty() {
        return;
    }
    let (one, other) = tokio::join!(one.apply(), other.apply());
    let (winner, loser) = if one.theirs.is_none() { (one, other) } else { (other, one) };
    let report = winner.report.unwrap();
    assert_eq!(report.counts().applied, winner.plan.changes.len(), "{report:#?}");
    assert!(winner.theirs.is_none() && winner.trouble.is_none(), "{:?}", winner.trouble);
    let held = loser.theirs.unwrap();
    assert!(held.holder.run.starts_with("run ") && held.holder.owner == "sandbox", "{held:?}");
    // Where the organization itself was made, finding it is all that the other did.
    let applied = loser.report.map(|report| report.counts().applied).unwrap_or_default();
    assert_eq!(applied, 0);
    assert_eq!(twice(&sandbox.world()), Vec::<String>::new());
    assert_eq!(locks(&sandbox.world()), Vec::<String>::new());
    nothing_left(sandbox, desired).await;
}

fn in_no_hurry(seed: u64) -> Weather {
    Weather { seed, latency_ms: 20, jitter_ms: 30, create_account_ms: 3_000, ..Weather::default() }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn of_two_applies_at_the_same_time_one_applies(first in cases(), second in cases(), seed in any::<u64>()) {
        in_virtual_time(async {
            let sandbox = sandbox(in_no_hurry(seed));
            one_of_two_applies(&sandbox, &desired(&first)).await;
            one_of_two_applies(&crate::properties::owners_accept(sandbox, in_no_hurry(!seed)), &desired(&second)).await;
        });
    }

    #[test]
    fn of_two_applies_of_networks_one_applies(case in networks(), seed in any::<u64>()) {
        in_virtual_time(one_of_two_applies(&Sandbox::new(outside(), in_no_hurry(seed)), &case.desired()));
    }

    /// Interrupted at any request, and in any weather: the run that ends by itself leaves no lock.
    #[test]
    fn an_interrupted_run_leaves_no_lock(case in cases(), seed in any::<u64>(), at in 0..60usize) {
        in_virtual_time(async {
            let sandbox = sandbox(in_no_hurry(seed));
            let desired = desired(&case);
            let ready = Ready::of(&sandbox, &desired, "interrupted").await;
            let (interrupt, left) = (ready.sessions.request_gate().interrupt().clone(), Arc::new(AtomicUsize::new(at)));
            sandbox.on_request(move |_, _| {
                if left.fetch_sub(1, Ordering::Relaxed) == 0 {
                    interrupt.trigger();
                }
            });
            let ended = ready.apply().await;
            prop_assert_eq!(ended.trouble, None);
            prop_assert_eq!(locks(&sandbox.world()), Vec::<String>::new());
            sandbox.on_request(|_, _| {});
            until_done(&sandbox, &desired).await;
            Ok(())
        })?;
    }

    /// Killed at any request: where a lock stays, the next run is told of it, and does all once it is removed.
    #[test]
    fn a_killed_run_leaves_a_lock_that_is_named_and_can_be_removed(case in cases(), seed in any::<u64>(), at in 0..60usize, effect in any::<bool>()) {
        in_virtual_time(async {
            let desired = desired(&case);
            let calm = sandbox(in_no_hurry(seed));
            let ready = Ready::of(&calm, &desired, "killed").await;
            calm.cut_after(at, if effect { DropResponse::AfterEffect } else { DropResponse::BeforeEffect });
            tokio::select! {
                _ = ready.apply() => {}
                () = calm.cut() => {}
            }
            calm.mend();
            tokio::time::sleep(Duration::from_secs(7_200)).await;
            if let Some(ou) = locks(&calm.world()).first() {
                let next = Ready::of(&calm, &desired, "next").await;
                if !next.plan.budget.calls.is_empty() {
                    let ended = next.apply().await;
                    let held = ended.theirs.unwrap();
                    prop_assert_eq!((held.ou.as_str(), held.holder.run.as_str()), (ou.as_str(), "killed"));
                    let sessions = process_with(&calm, desired.role()).await;
                    prop_assert!(held.holder.is_stale(overlord::apply::now(&sessions)));
                    sessions.request_gate().set_mode(Mode::ReadWrite);
                    lock::remove(&sessions, &held.ou).await.unwrap();
                }
            }
            until_done(&calm, &desired).await;
            nothing_left(&calm, &desired).await;
            Ok(())
        })?;
    }
}

/// Two runs without locks, the second up to two seconds behind the first: nothing is there twice in the end, and nothing is left to do.
async fn side_by_side(sandbox: &Sandbox, desired: &Desired, behind: u64) {
    let (one, other) = tokio::join!(Ready::of(sandbox, desired, "run one"), Ready::of(sandbox, desired, "run two"));
    let behind = async {
        tokio::time::sleep(Duration::from_millis(behind)).await;
        other.apply_beside_others().await
    };
    tokio::join!(one.apply_beside_others(), behind);
    assert_eq!(built::twice(&sandbox.world()), Vec::<String>::new());
    assert_eq!(twice(&sandbox.world()), Vec::<String>::new());
    built::until_done(sandbox, desired).await;
    nothing_left(sandbox, desired).await;
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn without_locks_no_network_is_there_twice(case in networks(), seed in any::<u64>(), behind in 0..2_000u64) {
        in_virtual_time(side_by_side(&Sandbox::new(outside(), in_no_hurry(seed)), &case.desired(), behind));
    }
}

/// A case whose plan has accounts to make.
fn a_case() -> Case {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    loop {
        let case = cases().new_tree(&mut runner).unwrap().current();
        let makes_accounts = in_virtual_time(async {
            let plan = plan(&sandbox(Weather::default()), &desired(&case)).await.unwrap();
            !plan.has_errors() && plan.budget.calls.get("organizations:CreateAccount").is_some_and(|n| *n > 2)
        });
        if makes_accounts {
            return case;
        }
    }
}

/// The writes of a run are the calls of the plan and those of its lock, each once; a run with nothing to do takes none.
#[test]
fn the_lock_costs_what_the_plan_says() {
    let case = a_case();
    in_virtual_time(async {
        let (sandbox, desired) = (sandbox(Weather::default()), desired(&case));
        run(&sandbox, &desired).await.unwrap();
        let mut world = sandbox.world();
        // Something to do again.
        let unit = world.ous.values_mut().next().unwrap();
        unit.name = "renamed".to_owned();
        let sandbox = Sandbox::new(world, Weather::default());
        let ended = Ready::of(&sandbox, &desired, "run").await.apply().await;
        assert!(!ended.plan.changes.is_empty());
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        for entry in sandbox.journal().iter().filter(|entry| entry.effect == Effect::Write) {
            *calls.entry(entry.operation.clone()).or_default() += 1;
        }
        let mut planned = ended.plan.budget.calls.clone();
        for call in LOCK_CALLS {
            *planned.entry(call.to_owned()).or_default() += ended.plan.budget.lock[call];
        }
        assert_eq!(calls, planned);
        assert_eq!(Ready::of(&sandbox, &desired, "again").await.plan.budget.lock, BTreeMap::new());
    });
}

/// A run of an hour renews its lock often enough that nobody calls it stale.
#[test]
fn a_long_run_renews_its_lock() {
    let case = a_case();
    in_virtual_time(async {
        let sandbox = sandbox(Weather { create_account_ms: 20 * 60 * 1000, ..Weather::default() });
        let ready = Ready::of(&sandbox, &desired(&case), "long").await;
        let looks = async {
            let other = process_with(&sandbox, "OrganizationAccountAccessRole").await;
            let mut oldest = 0;
            for _ in 0..40 {
                tokio::time::sleep(Duration::from_secs(30)).await;
                let root = lock::root(&other).await.unwrap().unwrap();
                let held = lock::find(&other, &root).await.unwrap().unwrap();
                assert_eq!(held.holder.run, "long");
                oldest = oldest.max(overlord::apply::now(&other) - held.holder.renewed);
            }
            oldest
        };
        let (ended, oldest) = tokio::join!(ready.apply(), looks);
        assert_eq!(ended.report.unwrap().counts().failed, 0);
        assert!(oldest < STALE_AFTER / 2, "a lock was not renewed for {oldest} s");
        let renewals = sandbox.journal().into_iter().filter(|entry| entry.operation == "organizations:TagResource").count();
        assert!(renewals >= (20 * 60 / RENEW_EVERY.as_secs() - 1) as usize, "{renewals} renewals");
    });
}

/// Somebody removes the lock of a run that goes on: it finishes what is in flight, starts nothing more and says so.
#[test]
fn a_run_that_loses_its_lock_stops() {
    let case = a_case();
    in_virtual_time(async {
        let sandbox = sandbox(Weather { create_account_ms: 20 * 60 * 1000, ..Weather::default() });
        let ready = Ready::of(&sandbox, &desired(&case), "robbed").await;
        let thief = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let other = process_with(&sandbox, "OrganizationAccountAccessRole").await;
            other.request_gate().set_mode(Mode::ReadWrite);
            let root = lock::root(&other).await.unwrap().unwrap();
            let held = lock::find(&other, &root).await.unwrap().unwrap();
            lock::remove(&other, &held.ou).await.unwrap();
        };
        let (ended, ()) = tokio::join!(ready.apply(), thief);
        assert!(ended.trouble.unwrap().contains("was removed while this ran"));
        let report = ended.report.unwrap();
        // The accounts that were under way are left to the next run.
        assert_ne!(report.status(), Status::Done, "{report:#?}");
    });
}

/// Whoever only reads does not see the lock; whoever reads to apply knows that it was there.
#[test]
fn a_lock_is_no_difference_and_nothing_unmanaged() {
    let case = a_case();
    in_virtual_time(async {
        let (sandbox, desired) = (sandbox(Weather::default()), desired(&case));
        run(&sandbox, &desired).await.unwrap();
        let before = plan(&sandbox, &desired).await.unwrap();
        let mut world = sandbox.world();
        let root = world.root().unwrap().to_owned();
        let ou = world.add_ou(&root, LOCK_NAME);
        let sandbox = Sandbox::new(world.clone(), Weather::default());
        assert_eq!(plan(&sandbox, &desired).await.unwrap(), before);
        let sessions = process_with(&sandbox, desired.role()).await;
        assert!(snapshot::read(&sessions, &desired).await.unwrap().locked);
        // One with an account in it is an OU like any other: no account is overlooked.
        let account = world.add_account("stray", "stray@example.net", &ou);
        let sandbox = Sandbox::new(world, Weather::default());
        let findings = plan(&sandbox, &desired).await.unwrap().findings;
        assert!(findings.iter().any(|finding| finding.subject.contains(&account)), "{findings:#?}");
        assert!(findings.iter().any(|finding| finding.subject.contains(LOCK_NAME)), "{findings:#?}");
    });
}

/// An account, with a network of these keys.
fn with_network(vpc: &str) -> Desired {
    let toml = format!(
        "[organization]\nmanagement_account = \"111111111111\"\nhome_region = \"eu-west-1\"\n[ou.core]\n[pool.main]\ncidr = \"10.0.0.0/16\"\n\
         [vpc.standard]\nregion = \"eu-west-1\"\npool = \"main\"\nprefix = 20\nzones = 2\nnat = \"single\"\n\
         tiers = {{ public = 50, private = 50 }}\nendpoints = [\"s3\", \"ssm\"]\n\
         [account.one]\nemail = \"one@example.org\"\nou = \"core\"\nvpc = {vpc}\n"
    );
    let none = |_: &std::path::Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let files = overlord::config::Files::new("", &none);
    match overlord::config::load_with(std::path::Path::new("org.toml"), Ok(toml.into_bytes()), &files) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

/// Two runs of an older version at the same time, which look for nothing after they have made it: all of a network is there twice.
async fn doubled(seed: u64, behind: u64) -> (Sandbox, Desired) {
    let sandbox = Sandbox::new(World::new(crate::pipeline::MANAGEMENT), in_no_hurry(seed));
    built::until_done(&sandbox, &with_network("[]")).await;
    let desired = with_network("[\"standard\"]");
    let (one, other) = tokio::join!(Ready::of(&sandbox, &desired, "run one"), Ready::of(&sandbox, &desired, "run two"));
    let apply = async |ready: Ready, behind: u64| {
        tokio::time::sleep(Duration::from_millis(behind)).await;
        ready.sessions.request_gate().set_mode(Mode::ReadWrite);
        overlord::apply::apply(&ready.plan, &ready.sessions, &Consent::none(), &mut |_| {}).await
    };
    tokio::join!(apply(one, 0), apply(other, behind));
    // A new world, in which the runs are long over.
    (Sandbox::new(sandbox.world(), Weather::default()), desired)
}

/// The VPCs of ours, by id.
fn vpcs(world: &World) -> Vec<(String, String)> {
    let regions = world.ec2.iter().filter(|(_, name, _)| *name == "eu-west-1");
    regions
        .flat_map(|(account, _, region)| {
            region.vpcs.iter().filter(|(_, vpc)| !vpc.is_default).map(move |(id, _)| (account.to_owned(), id.clone()))
        })
        .collect()
}

/// The plan names both, nothing of them is an error, and with consent the second one goes; without, it stays and the rest goes on.
#[test]
fn what_is_there_twice_and_unused_goes_with_consent() {
    let (mut of_vpcs, mut of_parts) = (0, 0);
    for (seed, behind) in (0..6).flat_map(|seed| [(seed, 0), (seed, 60), (seed, 150)]) {
        in_virtual_time(async {
            let (sandbox, desired) = doubled(seed, behind).await;
            let before = vpcs(&sandbox.world());
            let doubles = built::twice(&sandbox.world());
            of_vpcs += usize::from(before.len() == 2);
            of_parts += usize::from(before.len() == 1 && !doubles.is_empty());
            let plan = plan(&sandbox, &desired).await.unwrap();
            assert!(!plan.has_errors(), "{:#?}", plan.findings);
            let told: Vec<_> = plan.findings.iter().filter(|finding| finding.summary.starts_with("it exists twice: ")).collect();
            assert_eq!(told.is_empty(), doubles.is_empty(), "{doubles:#?}");
            if before.len() == 2 {
                let told = told.iter().find(|finding| finding.subject == "one/eu-west-1/vpc.standard").unwrap();
                assert!(before.iter().all(|(_, id)| told.summary.contains(id)), "{told:?}");
            }
            let (_, report) = crate::pipeline::run_with(&sandbox, &desired, &Consent::none()).await.unwrap();
            assert_eq!(report.unwrap().counts().failed, 0);
            assert_eq!(vpcs(&sandbox.world()), before, "nothing goes without consent");
            run(&sandbox, &desired).await.unwrap();
            built::until_done(&sandbox, &desired).await;
            assert_eq!(built::twice(&sandbox.world()), Vec::<String>::new());
            assert_eq!(vpcs(&sandbox.world()).len(), 1);
            nothing_left(&sandbox, &desired).await;
        });
    }
    assert!(of_vpcs >= 4 && of_parts >= 1, "{of_vpcs} times a VPC and {of_parts} times a part of one: the test tests little");
}

/// What runs in one of two keeps that one; where something runs in both, nobody can tell, and it is an error.
#[test]
fn what_is_used_of_two_is_kept() {
    in_virtual_time(async {
        let (sandbox, desired) = doubled(3, 0).await;
        let ids = vpcs(&sandbox.world());
        let running = |world: &mut World, (account, vpc): &(String, String)| {
            let region = world.region_mut(account, "eu-west-1").unwrap();
            let subnet = region.subnets.iter().find(|(_, subnet)| subnet.vpc == *vpc).map(|(id, _)| id.clone()).unwrap();
            region.interfaces.insert(
                format!("eni-of-{vpc}"),
                overlord::sandbox::ec2::NetworkInterface {
                    subnet,
                    groups: std::collections::BTreeSet::new(),
                    description: String::new(),
                    private_ip: std::net::Ipv4Addr::new(10, 0, 0, 200),
                    public_ip: None,
                },
            );
        };
        for used in &ids {
            let mut world = sandbox.world();
            running(&mut world, used);
            let sandbox = Sandbox::new(world, Weather::default());
            run(&sandbox, &desired).await.unwrap();
            built::until_done(&sandbox, &desired).await;
            assert_eq!(vpcs(&sandbox.world()), vec![used.clone()]);
            nothing_left(&sandbox, &desired).await;
        }
        let mut world = sandbox.world();
        ids.iter().for_each(|id| running(&mut world, id));
        let plan = plan(&Sandbox::new(world, Weather::default()), &desired).await.unwrap();
        assert!(plan.has_errors());
    });
}
