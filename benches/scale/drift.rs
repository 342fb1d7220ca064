//! What a look for drift costs, direct and through an aggregator of AWS Config: where nothing differs, and where some things do and CloudTrail
//! is asked who made them so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use futures_util::future::join_all;
use overlord::aws::{Mode, look_up};
use overlord::drift::{Date, Drift, Inquiry, planned};
use overlord::plan::Plan;
use overlord::sandbox::{Aggregator, Recorder, Sandbox, World};
use overlord::snapshot::{self, AggregatorPlace};
use tokio::time::Instant;

use super::measure::{cpu_seconds, peak_megabytes};
use super::networks::{self, Size};
use super::{MANAGEMENT, again, file, open, sessions};

const AGGREGATOR: &str = "org";

/// The table, of accounts with a VPC each: nothing differs, then the places of some accounts and as many routes of others.
pub fn some(accounts: usize) {
    let world = file(&format!("scale-drift-{accounts}.json"));
    let (path, steps) = (world.to_str().unwrap(), [0, 10, 100].into_iter().filter(|each| 2 * each < accounts));
    let accounts = accounts.to_string();
    for step in ["accounts", "first-apply"] {
        again(&["network", step, path, &accounts, "1"]);
    }
    println!("\ndrift\naccounts differences look       |  calls  Config look-ups | virtual s  of it asking | CPU s  peak MB");
    for each in steps {
        for look in ["direct", "aggregator"] {
            again(&["drift", path, &accounts, &each.to_string(), look]);
        }
    }
}

/// One figure: `each` accounts moved, and `each` others without a route.
pub async fn step(world: &Path, accounts: usize, each: usize, look: &str) {
    // The next figure begins with the same world.
    let disturbed = world.with_extension("disturbed.json");
    let mut whole: World = serde_json::from_slice(&std::fs::read(world).unwrap()).unwrap();
    record(&mut whole);
    std::fs::write(&disturbed, serde_json::to_vec(&whole).unwrap()).unwrap();
    drop(whole);
    let (sandbox, desired) = (open(&disturbed), networks::desired(Size { accounts, regions: 1 }));
    disturb(&sandbox, each).await;
    let (sessions, cpu, start) = (sessions(&sandbox).await, cpu_seconds(), Instant::now());
    let (live, plan) = match look {
        "direct" => {
            let live = snapshot::read(&sessions, &desired).await.unwrap();
            let plan = Plan::build(&desired, &live);
            (live, plan)
        }
        _ => {
            let place = AggregatorPlace { account: None, region: None, name: AGGREGATOR.to_owned() };
            let read = snapshot::read_screened(&sessions, &desired, &place, |live| planned(&desired, live));
            let (live, plan, screening) = read.await.unwrap();
            // What differs was seen in the account itself. The management account has no network.
            assert_eq!((screening.all(), screening.different), (accounts - 1, each), "{screening:?}");
            (live, plan)
        }
    };
    let mut drift = Drift::of(&plan, &[], Date::of(SystemTime::now()), None);
    drift.judge(&plan, &live);
    let (read, inquiry) = (start.elapsed(), Inquiry::of(&drift, &plan));
    let ask = |lookup| look_up(&sessions, lookup, |events| inquiry.is_answered(lookup, events));
    let answers = join_all(inquiry.lookups().map(|lookup| async move { (lookup.clone(), ask(lookup).await.unwrap()) })).await;
    let asked = start.elapsed() - read;
    inquiry.tell(&mut drift, &answers.into_iter().collect(), &BTreeMap::new());
    assert_eq!(drift.findings.len(), 2 * each);
    let explained = drift.findings.iter().filter(|finding| finding.origin.is_some()).count();
    assert!(explained >= each.min(49), "{explained} of {each}");
    let counts = sessions.request_gate().counts();
    let of = |service: &str| counts.iter().filter(|(call, _)| call.service == service).map(|(_, n)| n).sum::<usize>();
    let (config, lookups) = (of("config"), of("cloudtrail"));
    println!(
        "{accounts:>8} {:>11} {look:<10} | {:>6} {config:>7} {lookups:>8} | {:>9.1} {:>13.1} | {:>5.2} {:>8.0}",
        drift.findings.len(),
        counts.values().sum::<usize>(),
        start.elapsed().as_secs_f64(),
        asked.as_secs_f64(),
        cpu_seconds() - cpu,
        peak_megabytes(),
    );
}

/// Everything is recorded, and the management account has an aggregator of it.
fn record(world: &mut World) {
    let accounts: Vec<String> = world.accounts.keys().cloned().collect();
    for account in accounts {
        world.recorders.put(&account, networks::REGIONS[0], Recorder::of_everything());
    }
    let aggregator =
        Aggregator { name: AGGREGATOR.to_owned(), accounts: None, regions: None, failed: BTreeSet::new(), created_ms: 0, updated_ms: 0 };
    world.aggregators.insert(format!("{MANAGEMENT}/us-east-1/{AGGREGATOR}"), aggregator);
}

/// Somebody moves accounts to the root, and takes a route from others.
async fn disturb(sandbox: &Sandbox, each: usize) {
    let sessions = sessions(sandbox).await;
    sessions.request_gate().set_mode(Mode::ReadWrite);
    let world = sandbox.world();
    let root = world.organization.as_ref().unwrap().root.clone();
    let members: Vec<_> = world.accounts.values().filter(|account| account.parent.as_ref().is_some_and(|parent| *parent != root)).collect();
    for account in members.iter().take(each) {
        let request = sessions.organizations().move_account().account_id(&account.id).source_parent_id(account.parent.as_ref().unwrap());
        request.destination_parent_id(&root).send().await.unwrap();
    }
    for account in members.iter().skip(each).take(each) {
        let ec2 = sessions.ec2(&account.id, networks::REGIONS[0]);
        let tables = ec2.describe_route_tables().send().await.unwrap().route_tables.unwrap();
        let goes_out = |table: &&aws_sdk_ec2::types::RouteTable| {
            let ours = table.tags().iter().any(|tag| tag.key() == Some("overlord:address"));
            ours && table.routes().iter().any(|route| route.gateway_id().is_some_and(|id| id.starts_with("igw-")))
        };
        let table = tables.iter().find(goes_out).unwrap().route_table_id().unwrap();
        ec2.delete_route().route_table_id(table).destination_cidr_block("0.0.0.0/0").send().await.unwrap();
    }
}
