//! The calls of the network's kinds against the sandbox: made, read back, changed, deleted, and in weather that loses answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "support/road.rs"]
mod road;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use overlord::apply::Outcome;
use overlord::config::{self, Files};
use overlord::network::{Design, Dhcp, FlowLog, Layout, Nat, Pool, Request, Share, Tier, vpc_address};
use overlord::plan::Plan;
use overlord::resource::{ADDRESS_TAG, Desired};
use overlord::sandbox::{Effect, Sandbox, Weather, World};
use road::{MANAGEMENT, plan, run};

const REGION: &str = "eu-west-1";

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
        nat: Nat::PerZone,
        tiers: vec![tier("public", 25.0), tier("shared", 25.0)],
        endpoints: BTreeSet::new(),
        dhcp: None,
        flow_log: None,
        dns_hostnames: None,
        dns_support: None,
        ipv6: false,
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
    let request = Request { layout: "standard".to_owned(), pinned: None, tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]) };
    Design {
        pools: BTreeMap::from([("main".to_owned(), Pool { cidr: "10.0.0.0/8".parse().unwrap(), reserved: BTreeSet::new() })]),
        vpcs: BTreeMap::from([(vpc_address("a", &layout.region, "standard"), request)]),
        layouts: BTreeMap::from([("standard".to_owned(), layout)]),
        without_default_vpc: BTreeSet::from(["a".to_owned()]),
    }
}

/// Addresses that two living things in one Region carry.
fn doubles(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for account in world.accounts.keys() {
        let region = world.region(account, REGION).unwrap();
        let mut ids = BTreeMap::<&str, Vec<&str>>::new();
        for (id, tags) in &region.tags {
            let dead = region.nat_gateways.get(id).is_some_and(|gateway| gateway.life.deleted_ms.is_some());
            if let Some(address) = tags.get(ADDRESS_TAG).filter(|_| !dead) {
                ids.entry(address).or_default().push(id);
            }
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
