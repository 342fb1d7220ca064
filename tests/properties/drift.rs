//! Drift: on a clean organization, however AWS writes it down, nothing is found.

use std::collections::{BTreeMap, BTreeSet};

use overlord::drift::{Date, Drift, planned};
use overlord::permissions::Run;
use overlord::plan::Plan;
use overlord::resource::Desired;
use overlord::sandbox::{Aggregator, Recorder, Sandbox, Weather, World};
use overlord::snapshot::{AggregatorPlace, read_screened};
use proptest::prelude::*;
use serde_json::Value;

use crate::pipeline::{MANAGEMENT, plan, process_with, run};
use crate::properties::generate::{self, Case, cases};
use crate::properties::networks::networks;
use crate::properties::permissions::allowing;
use crate::properties::{config, in_virtual_time, sandbox};

/// What an organization looks like after a year with AWS and its tools: tags of AWS's own and of strangers everywhere, documents written in
/// another way.
fn weathered(mut world: World) -> World {
    let ids: BTreeSet<String> = world
        .accounts
        .keys()
        .chain(world.ous.keys())
        .chain(world.policies.keys())
        .cloned()
        .chain(world.root().map(str::to_owned))
        .collect();
    for id in ids {
        strange(world.tags.entry(id).or_default());
    }
    for policy in world.policies.values_mut().filter(|policy| !policy.aws_managed) {
        if let Ok(mut document) = serde_json::from_str(&policy.content) {
            reorder(&mut document);
            policy.content = serde_json::to_string_pretty(&document).unwrap();
        }
    }
    let places: Vec<(String, String)> = world.ec2.iter().map(|(account, region, _)| (account.to_owned(), region.to_owned())).collect();
    for (account, region) in places {
        let region = world.region_mut(&account, &region).unwrap();
        let ids: Vec<String> = region.vpcs.keys().chain(region.subnets.keys()).chain(region.route_tables.keys()).cloned().collect();
        ids.into_iter().for_each(|id| strange(region.tags.entry(id).or_default()));
        region.tags.values_mut().for_each(strange);
    }
    world
}

fn strange(tags: &mut BTreeMap<String, String>) {
    tags.insert("aws:cloudformation:stack-name".to_owned(), "StackSet-1".to_owned());
    tags.insert("aws:servicecatalog:applicationName".to_owned(), "everything".to_owned());
    tags.insert("scanned-by".to_owned(), "somebody".to_owned());
}

/// Other words for the same: lists the other way round, with one of them twice; a list of one as itself.
fn reorder(value: &mut Value) {
    let Value::Object(map) = value else {
        if let Value::Array(items) = value {
            items.iter_mut().for_each(reorder);
        }
        return;
    };
    for (key, value) in map {
        match value {
            Value::Array(items) if ["Action", "Resource", "NotAction"].contains(&key.as_str()) => {
                items.reverse();
                if let [one] = items.as_slice() {
                    *value = one.clone();
                } else if let Some(first) = items.first().cloned() {
                    items.push(first);
                }
            }
            value => reorder(value),
        }
    }
}

async fn finds_nothing(desired: &Desired) -> Result<(), TestCaseError> {
    let calm = sandbox(Weather::default());
    run(&calm, desired).await.unwrap();
    let before = calm.world();
    let world = weathered(before.clone());
    prop_assert!(world.tags != before.tags, "there is no noise");
    let noisy = Sandbox::new(world, Weather { empty_pages: 0.3, ..Weather::default() });
    let drift = Drift::of(&plan(&noisy, desired).await.unwrap(), &[], Date::new(2026, 11, 20), None);
    prop_assert!(drift.is_clean(), "{:#?}", drift.findings);
    Ok(())
}

proptest! {
    #![proptest_config(config(140))]

    #[test]
    fn noise_of_an_organization_is_no_drift(case in cases().prop_map(Case::uninvited)) {
        in_virtual_time(finds_nothing(&generate::desired(&case)))?;
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn noise_of_networks_is_no_drift(case in networks()) {
        in_virtual_time(finds_nothing(&case.desired()))?;
    }
}

/// Everything is recorded, and the management account has an aggregator of it.
fn recorded(mut world: World) -> World {
    let accounts: Vec<String> = world.accounts.keys().cloned().collect();
    for account in accounts {
        for region in ["eu-west-1", "us-east-1", "eu-south-1"] {
            world.recorders.put(&account, region, Recorder::of_everything());
        }
    }
    let aggregator =
        Aggregator { name: "org".to_owned(), accounts: None, regions: None, failed: BTreeSet::new(), created_ms: 0, updated_ms: 0 };
    world.aggregators.insert(format!("{MANAGEMENT}/us-east-1/org"), aggregator);
    world
}

/// What an organization that was built as `built` has otherwise than `desired`, looked at directly and through the aggregator.
async fn finds_the_same(built: &Desired, desired: &Desired) -> Result<(), TestCaseError> {
    let calm = sandbox(Weather::default());
    run(&calm, built).await.unwrap();
    // Who looks is allowed what looking takes, and no more.
    let weather = allowing(&[built, desired], Run::Plan, Weather { empty_pages: 0.3, ..Weather::default() });
    let sandbox = Sandbox::new(recorded(weathered(calm.world())), weather);
    let today = Date::new(2026, 11, 20);
    let direct = plan(&sandbox, desired).await.unwrap();
    let from = sandbox.journal().len();
    let place = AggregatorPlace { account: None, region: None, name: "org".to_owned() };
    let sessions = process_with(&sandbox, desired.role()).await;
    let read = read_screened(&sessions, desired, &place, |live| planned(desired, live));
    let (_, screened, screening) = read.await.unwrap();
    let found = |plan: &Plan| Drift::of(plan, &[], today, None).findings;
    prop_assert_eq!(found(&screened), found(&direct));
    // Whoever is recorded as he should be is asked for no list.
    let journal = sandbox.journal();
    let lists = journal[from..].iter().filter(|entry| entry.operation == "ec2:DescribeSubnets");
    let asked: BTreeSet<_> = lists.map(|entry| (&entry.account, &entry.region)).collect();
    let directly = screening.unrecorded + screening.failed + screening.different;
    prop_assert!(asked.len() <= directly, "{:?} were asked for {:?}", asked, screening);
    Ok(())
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn an_aggregator_shows_what_a_direct_look_does(built in networks(), edited in networks(), drifted in any::<bool>()) {
        let desired = if drifted { edited.desired() } else { built.desired() };
        in_virtual_time(finds_the_same(&built.desired(), &desired))?;
    }
}
