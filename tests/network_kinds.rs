//! The calls of the network's kinds against the sandbox: made, read back, changed, deleted, and in weather that loses answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::pipeline::{MANAGEMENT, plan, run};
use overlord::apply::Outcome;
use overlord::config::{self, Files};
use overlord::network::{Design, Dhcp, FlowLog, Layout, Nat, Pool, Request, Share, Tier, vpc_address};
use overlord::plan::Plan;
use overlord::resource::{ADDRESS_TAG, Desired};
use overlord::sandbox::ec2::{Region, Stage};
use overlord::sandbox::{DropResponse, Effect, RequestOutcome, Sandbox, Weather, World};

const REGION: &str = "eu-west-1";

/// A Region that an account has to ask for.
const OPT_IN: &str = "af-south-1";

/// How many storms are tried.
const SEEDS: u64 = 4;

fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

/// An organization with one account, and the networks of `design`.
fn desired(design: Design) -> Desired {
    let toml = format!(
        "[organization]\nmanagement_account = \"{MANAGEMENT}\"\ntrusted_services = [\"account.amazonaws.com\"]\n\
         [account.a]\nou = \"root\"\nemail = \"a@example.com\"\n"
    );
    let none = |path: &Path| Err(std::io::Error::other(format!("no {}", path.display())));
    let loaded = config::load_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &none)).unwrap();
    Desired { network: design, ..loaded.desired }
}

fn tier(name: &str, percent: f64) -> Tier {
    Tier { name: name.to_owned(), share: Share::of_percent(percent).unwrap() }
}

fn layout() -> Layout {
    Layout {
        region: REGION.to_owned(),
        pool: "main".to_owned(),
        prefix: 19,
        zones: 2,
        zone_bits: 2,
        only_zones: BTreeSet::new(),
        avoid_zones: BTreeSet::new(),
        nat: Nat::PerZone,
        tiers: vec![tier("public", 25.0), tier("shared", 25.0)],
        endpoints: BTreeSet::new(),
        dhcp: None,
        flow_log: None,
        dns_hostnames: None,
        dns_support: None,
        ipv6: false,
        connections: Default::default(),
    }
}

/// Everything that a VPC can have.
fn full() -> Layout {
    Layout {
        endpoints: ["s3", "ecr.api"].map(str::to_owned).into(),
        dhcp: Some(Dhcp {
            name_servers: vec!["10.0.0.2".to_owned(), "AmazonProvidedDNS".to_owned()],
            domain_name: Some("corp".to_owned()),
        }),
        flow_log: Some(FlowLog { destination: "arn:aws:s3:::logs".to_owned(), traffic: "ALL".to_owned(), interval: 600 }),
        dns_hostnames: Some(true),
        dns_support: Some(true),
        ipv6: true,
        ..layout()
    }
}

fn design(layout: Option<Layout>) -> Design {
    let Some(layout) = layout else { return Design::default() };
    let request =
        Request { layout: "standard".to_owned(), pinned: None, id: None, tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]) };
    Design {
        pools: BTreeMap::from([("main".to_owned(), Pool { cidr: "10.0.0.0/8".parse().unwrap(), reserved: BTreeSet::new() })]),
        vpcs: BTreeMap::from([(vpc_address("a", &layout.region, "standard"), request)]),
        layouts: BTreeMap::from([("standard".to_owned(), layout)]),
        without_default_vpc: BTreeSet::from(["a".to_owned()]),
        ..Design::default()
    }
}

/// What carries our tag and is not deleted, with its id.
fn ours(region: &Region) -> Vec<(String, String)> {
    let is_dead = |id: &str| {
        let gateway = region.nat_gateways.get(id).map(|gateway| gateway.life.deleted_ms);
        gateway.or_else(|| region.vpc_endpoints.get(id).map(|endpoint| endpoint.life.deleted_ms)).flatten().is_some()
    };
    let tags = region.tags.iter().filter(|(id, _)| !is_dead(id));
    tags.filter_map(|(id, tags)| Some((tags.get(ADDRESS_TAG)?.clone(), id.clone()))).collect()
}

/// Addresses that two living things in one Region carry.
fn doubles(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for account in world.accounts.keys() {
        let region = world.region(account, REGION).unwrap();
        let mut ids = BTreeMap::<String, Vec<String>>::new();
        for (address, id) in ours(&region) {
            ids.entry(address).or_default().push(id);
        }
        found.extend(ids.into_iter().filter(|(_, ids)| ids.len() > 1).map(|(address, ids)| format!("{address}: {ids:?}")));
    }
    found
}

/// Whoever watches the world for what is there twice.
fn watch(sandbox: &Sandbox) -> Arc<Mutex<BTreeSet<String>>> {
    let seen = Arc::<Mutex<BTreeSet<String>>>::default();
    let told = Arc::clone(&seen);
    sandbox.on_request(move |world, _| told.lock().unwrap().extend(doubles(world).into_iter().chain(world.check())));
    seen
}

/// The writes of EC2 since `from` in the journal, counted.
fn writes(sandbox: &Sandbox, from: usize) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for entry in sandbox.journal().into_iter().skip(from).filter(|entry| entry.effect == Effect::Write) {
        *counted.entry(entry.operation).or_default() += 1;
    }
    counted
}

/// Applies, and holds the run to its plan; the next plan is empty.
async fn apply_exactly(sandbox: &Sandbox, desired: &Desired) -> Plan {
    let from = sandbox.journal().len();
    let (plan, report) = run(sandbox, desired).await.unwrap();
    for (address, outcome) in &report.outcomes {
        assert_eq!(*outcome, Outcome::Applied, "{address}");
    }
    assert_eq!(writes(sandbox, from), plan.budget.calls);
    let next = self::plan(sandbox, desired).await.unwrap();
    assert!(next.changes.is_empty(), "{:#?}", next.changes);
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
    plan
}

/// Every kind is made, read back as it was asked for, changed, and deleted, with the calls that the plan lists and no others.
#[test]
fn every_kind_is_made_changed_and_deleted_with_the_calls_of_the_plan() {
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        let twice = watch(&sandbox);
        apply_exactly(&sandbox, &desired(design(None))).await;
        let more = |change: fn(&mut Layout)| {
            let mut layout = full();
            change(&mut layout);
            layout
        };
        let steps: Vec<(&str, Layout)> = vec![
            ("plain", layout()),
            ("full", full()),
            ("single", more(|l| l.nat = Nat::Single)),
            ("regional", more(|l| l.nat = Nat::Regional)),
            ("no nat", more(|l| l.nat = Nat::None)),
            ("zones", more(|l| l.zones = 3)),
            ("tier", more(|l| l.tiers.push(tier("private", 50.0)))),
            ("endpoints", more(|l| l.endpoints = ["dynamodb", "sts"].map(str::to_owned).into())),
            ("flow log", more(|l| l.flow_log.as_mut().unwrap().interval = 60)),
            ("dns", more(|l| l.dns_hostnames = Some(false))),
            ("plain again", layout()),
        ];
        for (name, layout) in steps {
            println!("{name}");
            apply_exactly(&sandbox, &desired(design(Some(layout)))).await;
        }
        assert_eq!(*twice.lock().unwrap(), BTreeSet::new());
    });
}

/// Interface endpoints are there when the apply ends, and those of a VPC take one list each time one is asked for.
#[test]
fn endpoints_are_waited_for_together() {
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather { endpoint_ms: 60_000, ..Weather::default() });
        apply_exactly(&sandbox, &desired(design(None))).await;
        let before = sandbox.journal().len();
        let services = ["s3", "sts", "sqs", "ssm", "kms", "logs"].map(str::to_owned).into();
        apply_exactly(&sandbox, &desired(design(Some(Layout { endpoints: services, ..layout() })))).await;
        let world = sandbox.world();
        let endpoints = world.ec2.iter().flat_map(|(_, _, region)| region.vpc_endpoints.values());
        let stages: Vec<_> = endpoints.map(|endpoint| endpoint.life.stage(world.clock_ms)).collect();
        assert_eq!(stages, [Stage::Available; 6]);
        let made = sandbox.journal().into_iter().skip(before);
        let made: Vec<_> =
            made.filter(|entry| entry.operation.ends_with("VpcEndpoints") || entry.operation.ends_with("VpcEndpoint")).collect();
        let last = made.iter().rposition(|entry| entry.operation == "ec2:CreateVpcEndpoint").unwrap();
        // Five that each asked by itself would ask ten times as often in the minute that they take.
        assert!(made.len() - last < 25, "{}", made.len() - last);
    });
}

/// A VPC with all that there is, IPv6 among it, goes again without a trace: AWS refuses whatever is deleted in another order.
#[test]
fn what_is_removed_leaves_nothing() {
    in_virtual_time(async {
        for nat in [Nat::PerZone, Nat::Single, Nat::Regional, Nat::None] {
            let sandbox =
                Sandbox::new(World::new(MANAGEMENT), Weather { nat_gateway_ms: 90_000, endpoint_ms: 60_000, ..Weather::default() });
            apply_exactly(&sandbox, &desired(design(None))).await;
            apply_exactly(&sandbox, &desired(design(Some(Layout { nat, ..full() })))).await;
            let mut without = design(Some(full()));
            without.vpcs.clear();
            apply_exactly(&sandbox, &desired(without)).await;
            assert_eq!(tagged(&sandbox.world()), BTreeSet::new(), "{nat:?}");
        }
    });
}

/// What is alive and carries our tag.
fn tagged(world: &World) -> BTreeSet<String> {
    let regions = world.accounts.keys().map(|account| world.region(account, REGION).unwrap());
    regions.flat_map(|region| ours(&region)).map(|(address, id)| format!("{address}: {id}")).collect()
}

/// Weather in which anything that AWS does can happen.
fn storm(seed: u64) -> Weather {
    Weather {
        seed,
        latency_ms: 20,
        jitter_ms: 30,
        nat_gateway_ms: 90_000,
        endpoint_ms: 60_000,
        lost: 0.1,
        errors: 0.05,
        disconnects: 0.05,
        stale: 0.2,
        stale_ms: 2_000,
        empty_pages: 0.1,
        ..Weather::default()
    }
}

/// Reruns until there is nothing left to do.
async fn until_done(sandbox: &Sandbox, desired: &Desired) {
    let mut said = Vec::new();
    for _ in 0..12 {
        match run(sandbox, desired).await {
            Ok((plan, _)) if plan.changes.is_empty() => return,
            Ok((_, report)) => said.extend(report.outcomes.into_iter().filter(|(_, outcome)| *outcome != Outcome::Applied)),
            Err(error) => println!("{error}"), // AWS does not find the organization yet, or fails again and again.
        }
    }
    panic!("twelve runs did not finish the work: {said:#?}");
}

/// Answers are lost, reads are old, runs are cut at any request as by kill -9: reruns make it good, and at no moment is anything there twice.
#[test]
fn in_a_storm_nothing_is_made_twice() {
    let (mut cut, mut unanswered) = (0, BTreeSet::new());
    for seed in 0..SEEDS {
        in_virtual_time(async {
            let sandbox = Sandbox::new(World::new(MANAGEMENT), storm(seed));
            let twice = watch(&sandbox);
            until_done(&sandbox, &desired(design(None))).await;
            let there = [full(), Layout { nat: Nat::Regional, zones: 3, ..full() }, Layout { endpoints: BTreeSet::new(), ..layout() }];
            for (step, layout) in (0..).zip(there) {
                let desired = desired(design(Some(layout)));
                sandbox.cut_after((seed * 37 + step * 11) as usize % 120, DropResponse::AfterEffect);
                tokio::select! {
                    _ = run(&sandbox, &desired) => {}
                    () = sandbox.cut() => cut += 1,
                }
                sandbox.mend();
                until_done(&sandbox, &desired).await;
            }
            let mut without = design(Some(full()));
            without.vpcs.clear();
            until_done(&sandbox, &desired(without)).await;
            let lost: BTreeSet<_> = sandbox
                .journal()
                .into_iter()
                .filter(|e| e.outcome == overlord::sandbox::RequestOutcome::Lost && e.effect == Effect::Write)
                .map(|e| e.operation)
                .collect();
            println!("{seed} {lost:?}");
            assert_eq!(tagged(&sandbox.world()), BTreeSet::new(), "seed {seed}");
            assert_eq!(*twice.lock().unwrap(), BTreeSet::new(), "seed {seed}");
            let lost = sandbox.journal().into_iter().filter(|entry| entry.outcome == RequestOutcome::Lost);
            unanswered.extend(lost.map(|entry| entry.operation));
        });
    }
    // It proves what it contains.
    let creating: Vec<&String> = unanswered.iter().filter(|operation| operation.starts_with("ec2:Create")).collect();
    assert!(cut >= SEEDS && creating.len() > 3, "{cut} cuts; unanswered: {unanswered:?}");
}

/// What is asked of a new account in its Region before it answers is one thing, however much is to be made there.
#[test]
fn a_new_account_and_a_new_region_are_waited_for_once() {
    in_virtual_time(async {
        let weather = Weather { account_ready_ms: 400_000, region_ms: 300_000, nat_gateway_ms: 90_000, ..Weather::default() };
        let sandbox = Sandbox::new(World::new(MANAGEMENT), weather);
        let mut design = design(Some(layout()));
        let abroad = Layout { region: OPT_IN.to_owned(), ..layout() };
        let request = Request { layout: "abroad".to_owned(), ..design.vpcs.values().next().unwrap().clone() };
        design.vpcs.insert(vpc_address("a", OPT_IN, "abroad"), request);
        design.layouts.insert("abroad".to_owned(), abroad);
        let desired = desired(design);
        let (_, report) = run(&sandbox, &desired).await.unwrap();
        for (address, outcome) in &report.outcomes {
            assert_eq!(*outcome, Outcome::Applied, "{address}");
        }
        let next = plan(&sandbox, &desired).await.unwrap();
        assert!(next.changes.is_empty(), "{:#?}", next.changes);
        let world = sandbox.world();
        let account = world.accounts.keys().find(|id| *id != MANAGEMENT).unwrap();
        for region in [REGION, OPT_IN] {
            let region = world.region(account, region).unwrap();
            assert_eq!(region.vpcs.values().filter(|vpc| vpc.is_default).count(), 0);
            assert_eq!(region.vpcs.len(), 1);
        }
        // Some twenty changes wait in each Region: one of them asks, ever more rarely.
        let of_account = sandbox.journal().into_iter().filter(|entry| entry.account == *account);
        let refused = of_account.filter(|entry| matches!(entry.outcome, RequestOutcome::Refused(_)));
        let refused: Vec<String> = refused.map(|entry| entry.operation).collect();
        assert!(!refused.is_empty() && refused.len() < 30, "{refused:?}");
        assert!(refused.iter().all(|operation| operation == "ec2:DescribeVpcs"), "{refused:?}");
    });
}
