//! What a look for drift costs: where nothing differs, and where some things do and CloudTrail is asked who made them so.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use futures_util::future::join_all;
use overlord::aws::{Mode, look_up};
use overlord::drift::{Date, Drift, Inquiry};
use overlord::plan::Plan;
use overlord::sandbox::Sandbox;
use overlord::snapshot;
use tokio::time::Instant;

use super::measure::{cpu_seconds, peak_megabytes};
use super::networks::{self, Size};
use super::{again, file, open, sessions};

/// The table, of accounts with a VPC each: nothing differs, then the places of some accounts and as many routes of others.
pub fn some(accounts: usize) {
    let world = file(&format!("scale-drift-{accounts}.json"));
    let (path, steps) = (world.to_str().unwrap(), [0, 10, 100].into_iter().filter(|each| 2 * each < accounts));
    let accounts = accounts.to_string();
    for step in ["accounts", "first-apply"] {
        again(&["network", step, path, &accounts, "1"]);
    }
    println!("\ndrift\naccounts differences |  calls look-ups | virtual s  of it asking | CPU s  peak MB");
    for each in steps {
        again(&["drift", path, &accounts, &each.to_string()]);
    }
}

/// One figure: `each` accounts moved, and `each` others without a route.
pub async fn step(world: &Path, accounts: usize, each: usize) {
    // The next figure begins with the same world.
    let disturbed = world.with_extension("disturbed.json");
    std::fs::copy(world, &disturbed).unwrap();
    let (sandbox, desired) = (open(&disturbed), networks::desired(Size { accounts, regions: 1 }));
    disturb(&sandbox, each).await;
    let (sessions, cpu, start) = (sessions(&sandbox).await, cpu_seconds(), Instant::now());
    let live = snapshot::read(&sessions, &desired).await.unwrap();
    let plan = Plan::build(&desired, &live);
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
    let counts = sessions.door().counts();
    let lookups: usize = counts.iter().filter(|(call, _)| call.service == "cloudtrail").map(|(_, n)| n).sum();
    println!(
        "{accounts:>8} {:>11} | {:>6} {lookups:>8} | {:>9.1} {:>13.1} | {:>5.2} {:>8.0}",
        drift.findings.len(),
        counts.values().sum::<usize>(),
        start.elapsed().as_secs_f64(),
        asked.as_secs_f64(),
        cpu_seconds() - cpu,
        peak_megabytes(),
    );
}

/// Somebody moves accounts to the root, and takes a route from others.
async fn disturb(sandbox: &Sandbox, each: usize) {
    let sessions = sessions(sandbox).await;
    sessions.door().set_mode(Mode::ReadWrite);
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
