//! VPCs that others made: imported where they are like a layout, listed where they are not, and changed later without a second one of anything.

use std::collections::{BTreeMap, BTreeSet};

use overlord::import::{Draft, Networks as Import, Settings, Verdict, draft, judge, load};
use overlord::plan::Action;
use overlord::resource::network::survey;
use overlord::resource::organizations::{Tagging, read_whole};
use overlord::sandbox::ec2::Region;
use overlord::sandbox::{Sandbox, Weather, World};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;

use crate::pipeline::{MANAGEMENT, process, run};
use crate::properties::generate;
use crate::properties::networks::{Networks, networks};
use crate::properties::{config, in_virtual_time, nothing_left, sandbox};

const REGIONS: [&str; 3] = ["eu-south-1", "eu-west-1", "us-east-1"];

/// What is done to one VPC, so that it is nearly like a layout.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Spoilt {
    Not,
    /// A subnet uses the table of another one.
    SharedTable,
    /// A subnet uses the VPC's main table.
    MainTable,
    /// A route is gone.
    NoRoute,
    /// A subnet is gone.
    NoSubnet,
}

fn spoilt() -> impl Strategy<Value = Spoilt> {
    use Spoilt::{MainTable, NoRoute, NoSubnet, Not, SharedTable};
    prop_oneof![3 => Just(Not), 1 => Just(SharedTable), 1 => Just(MainTable), 1 => Just(NoRoute), 1 => Just(NoSubnet)]
}

/// The accounts and Regions with their networks.
fn places(world: &mut World) -> Vec<(String, &'static str)> {
    let accounts: Vec<String> = world.accounts.keys().cloned().collect();
    accounts.iter().flat_map(|account| REGIONS.map(|region| (account.clone(), region))).collect()
}

/// As if others had made it: no tag is ours, and the names are theirs.
fn of_others(mut world: World, spoilt: Spoilt, pick: Index) -> World {
    for (account, region) in places(&mut world) {
        let region = world.region_mut(&account, region).unwrap();
        for (id, tags) in &mut region.tags {
            *tags = BTreeMap::from([("Name".to_owned(), format!("prod {id}"))]);
        }
        spoil(region, spoilt, pick);
    }
    world
}

fn spoil(region: &mut Region, spoilt: Spoilt, pick: Index) {
    let subnets: Vec<String> =
        region.subnets.iter().filter(|(_, subnet)| !region.vpcs[&subnet.vpc].is_default).map(|(id, _)| id.clone()).collect();
    if subnets.is_empty() {
        return;
    }
    let subnet = pick.get(&subnets).clone();
    let holds = |table: &overlord::sandbox::ec2::RouteTable| table.associations.values().any(|held| *held == subnet);
    match spoilt {
        Spoilt::Not => {}
        Spoilt::SharedTable | Spoilt::MainTable => {
            let vpc = region.subnets[&subnet].vpc.clone();
            let (table, _) = region.route_tables.iter().find(|(_, table)| holds(table)).unwrap();
            let table = table.clone();
            let association = region.route_tables[&table].associations.iter().find(|(_, held)| **held == subnet).unwrap().0.clone();
            region.route_tables.get_mut(&table).unwrap().associations.remove(&association);
            let other = region
                .route_tables
                .iter()
                .find(|(id, other)| other.vpc == vpc && **id != table && other.main.is_none())
                .map(|(id, _)| id.clone());
            if let Some(other) = other.filter(|_| spoilt == Spoilt::SharedTable) {
                region.route_tables.get_mut(&other).unwrap().associations.insert(association, subnet);
            }
        }
        Spoilt::NoRoute => {
            let routes = region.route_tables.values_mut().find(|table| holds(table)).map(|table| &mut table.routes);
            routes.into_iter().for_each(|routes| drop(routes.pop_first()));
        }
        Spoilt::NoSubnet => {
            let is_used = region.nat_gateways.values().any(|gateway| format!("{:?}", gateway).contains(&subnet));
            if !is_used {
                region.subnets.remove(&subnet);
                for table in region.route_tables.values_mut() {
                    table.associations.retain(|_, held| *held != subnet);
                }
            }
        }
    }
}

/// How many there are of each kind of thing, default VPCs while_waiting, and the ids of the VPCs.
#[derive(Debug, PartialEq)]
struct Count {
    vpcs: BTreeSet<String>,
    gateways: usize,
    nat_gateways: usize,
    subnets: usize,
}

fn count(world: &World) -> Count {
    let mut count = Count { vpcs: BTreeSet::new(), gateways: 0, nat_gateways: 0, subnets: 0 };
    for (account, name) in places(&mut world.clone()) {
        let region = world.region(&account, name).unwrap();
        count.vpcs.extend(region.vpcs.iter().filter(|(_, vpc)| !vpc.is_default).map(|(id, _)| id.clone()));
        count.gateways += region.internet_gateways.len();
        count.nat_gateways += region.nat_gateways.len();
        count.subnets += region.subnets.len();
    }
    count
}

/// What an import writes; its plan is empty, and each VPC is either in it or listed.
async fn imported(sandbox: &Sandbox) -> Draft {
    let sessions = process(sandbox).await;
    sessions.guard(MANAGEMENT).await.unwrap();
    let reading = read_whole(&sessions, MANAGEMENT, Tagging::Left).await.unwrap();
    let survey = survey(&sessions, &reading.members(), &REGIONS.map(str::to_owned).into()).await.unwrap();
    let drawn = draft(&reading, &Settings::default(), Import::Taken(&survey)).unwrap();
    let loaded = load(&drawn).unwrap_or_else(|told| {
        panic!("{}\n{}", drawn.org_toml, overlord::render::diagnostic::render(&told, overlord::render::Style::default()))
    });
    let live = overlord::snapshot::read(&sessions, &loaded.desired).await.unwrap();
    if let Verdict::Differs(plan) = judge(&loaded, &live) {
        panic!("{}\n{:#?}\n{:#?}", drawn.org_toml, plan.changes, plan.findings);
    }
    for vpc in count(&sandbox.world()).vpcs {
        let said = drawn.org_toml.lines().filter(|line| !line.starts_with('#')).any(|line| line.contains(&vpc));
        let listed = drawn.left.iter().any(|left| left.subject.contains(&vpc));
        assert!(said != listed, "{vpc}: {said} {listed}\n{}", drawn.org_toml);
    }
    drawn
}

/// The layouts, each with another tag, one more endpoint and, where there is room, one more tier; and how many there is room in.
fn changed(org_toml: &str) -> (String, usize) {
    let mut grown = 0;
    let sections = org_toml.split("\n[").map(|section| {
        if !section.starts_with("vpc.") {
            return section.to_owned();
        }
        let share = |line: &str| line.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|n| n.parse::<f64>().ok()).sum::<f64>();
        let mut lines: Vec<String> = section.lines().map(str::to_owned).collect();
        if let Some(tiers) = lines.iter_mut().find(|line| line.starts_with("tiers = ") && share(line) <= 87.5) {
            *tiers = tiers.replace(" }", ", extra = 12.5 }");
            grown += 1;
        }
        if !lines.iter().any(|line| line.starts_with("endpoints")) {
            lines.insert(1, "endpoints = [\"dynamodb\"]".to_owned());
        }
        lines.insert(1, "tags = { changed = \"yes\" }".to_owned());
        lines.join("\n") + "\n"
    });
    (sections.collect::<Vec<_>>().join("\n["), grown)
}

/// Whether any VPC was taken, and any layout grown; holds all of it to what is promised.
async fn adopted_and_changed(networks: &Networks, spoilt: Spoilt, pick: Index) -> (usize, usize, Vec<String>) {
    let made = sandbox(Weather::default());
    run(&made, &networks.desired()).await.unwrap();
    let sandbox = Sandbox::new(of_others(made.world(), spoilt, pick), Weather::default());
    let drawn = imported(&sandbox).await;
    let taken = drawn.org_toml.lines().filter(|line| line.contains("vpc_id = ")).count();
    let before = count(&sandbox.world());
    let (text, grown) = changed(&drawn.org_toml);
    let desired = generate::load(&text, &drawn.policies);
    let (plan, report) = run(&sandbox, &desired).await.unwrap();
    assert_eq!(report.counts().applied, plan.changes.len(), "{text}\n{report:#?}");
    let is_new = |kind: &str| plan.changes.iter().any(|change| change.address.kind() == kind && change.action == Action::Create);
    assert!(!is_new("vpc") && !is_new("internet_gateway") && !is_new("nat_gateway"), "{text}\n{:#?}", plan.changes);
    assert!(plan.changes.iter().all(|change| change.action != Action::Delete), "{:#?}", plan.changes);
    nothing_left(&sandbox, &desired).await;
    let after = count(&sandbox.world());
    let made = plan.changes.iter().filter(|change| change.address.kind() == "subnet" && change.action == Action::Create).count();
    assert_eq!(after, Count { subnets: before.subnets + made, ..before });
    (taken, grown, drawn.left.into_iter().map(|left| left.reason).collect())
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn vpcs_of_others_are_imported_or_listed_and_never_made_twice(networks in networks(), spoilt in spoilt(), pick in any::<Index>()) {
        in_virtual_time(adopted_and_changed(&networks, spoilt, pick));
    }
}

/// The property above proves what its worlds contain: here is what that is.
#[test]
fn the_worlds_hold_vpcs_that_fit_and_that_nearly_fit() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut taken, mut grown) = (0, 0);
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..32 {
        let (networks, spoilt, pick) = (networks(), spoilt(), any::<Index>()).new_tree(&mut runner).unwrap().current();
        let (some, more, reasons) = in_virtual_time(adopted_and_changed(&networks, spoilt, pick));
        taken += usize::from(some > 0);
        grown += usize::from(more > 0);
        for reason in reasons {
            *left.entry(reason.split(':').next().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    let nearly: usize = left.iter().filter(|(reason, _)| reason.contains("almost")).map(|(_, count)| count).sum();
    assert!(taken >= 8 && grown >= 3 && nearly >= 2, "{taken} taken, {grown} grown, {nearly} nearly; left: {left:#?}");
}
