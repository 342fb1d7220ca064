//! What others do to connections: peerings that expire, are rejected or fail, or are deleted from the other side; attachments that go; accounts
//! that cannot be reached; routes and gateways of others; accounts that get another key.

use std::collections::BTreeSet;

use overlord::plan::Action;
use overlord::resource::FindingSeverity;
use overlord::sandbox::ec2::{Answer, CustomerGateway, Life, Region, Target};

use super::*;

const HUB: &str = "[transit_gateway.hub]\naccount = \"alpha\"\nregion = \"eu-west-1\"";
const OFFICE: &str = "[vpn.office]\naddress = \"203.0.113.10\"\nroutes = [\"10.10.0.0/16\"]";

/// The same world, after `change` in each Region of each account.
fn changed(sandbox: &Sandbox, change: impl Fn(&mut Region, u64)) -> Sandbox {
    let mut world = sandbox.world();
    let places: Vec<(String, String)> = world.ec2.iter().map(|(account, region, _)| (account.to_owned(), region.to_owned())).collect();
    let now = world.clock_ms;
    for (account, region) in places {
        change(world.region_mut(&account, &region).unwrap(), now);
    }
    Sandbox::new(world, slow())
}

/// What a plan would do, and that nothing of it is a deletion.
async fn additions(sandbox: &Sandbox, desired: &Desired) -> BTreeMap<&'static str, usize> {
    let plan = plan(sandbox, desired).await.unwrap();
    let mut counted = BTreeMap::new();
    for change in &plan.changes {
        let name = match change.action {
            Action::Create => "create",
            Action::Update => "update",
            Action::NoOp | Action::Move | Action::Adopt | Action::Replace | Action::Delete => panic!("{change:#?}"),
        };
        *counted.entry(name).or_default() += 1;
    }
    counted
}

#[tokio::test(start_paused = true)]
async fn a_peering_that_is_over_is_made_anew_and_its_routes_follow() {
    let mesh = desired(&["alpha", "beta"], "peering = \"mesh\"", "");
    let start = sandbox(slow());
    settled(&start, &mesh).await;
    let answered = |answer| move |region: &mut Region, _| region.peerings.values_mut().for_each(|peering| peering.answer = answer);
    let deleted = |region: &mut Region, now: u64| region.peerings.values_mut().for_each(|peering| peering.life.deleted_ms = Some(now));
    let expired = |region: &mut Region, _: u64| {
        for peering in region.peerings.values_mut() {
            peering.answer = Answer::None;
            peering.life = Life { created_ms: 0, available_ms: 0, deleted_ms: None };
        }
    };
    let mut late = changed(&start, expired).world();
    late.clock_ms += 8 * 24 * 3_600_000;
    let worlds = [
        changed(&start, answered(Answer::Rejected)),
        changed(&start, answered(Answer::Failed)),
        changed(&start, deleted),
        Sandbox::new(late, slow()),
    ];
    for sandbox in worlds {
        // Four tables on each side lead to it.
        assert_eq!(additions(&sandbox, &mesh).await, BTreeMap::from([("create", 1), ("update", 8)]));
        settled(&sandbox, &mesh).await;
        assert_eq!(routes(&sandbox, "Peering"), 8);
    }
}

/// A peering that was asked for and not accepted is accepted, not made again.
#[tokio::test(start_paused = true)]
async fn a_peering_that_waits_is_accepted() {
    let mesh = desired(&["alpha", "beta"], "peering = \"mesh\"", "");
    let start = sandbox(slow());
    settled(&start, &mesh).await;
    let waits = |region: &mut Region, _| region.peerings.values_mut().for_each(|peering| peering.answer = Answer::None);
    let sandbox = changed(&start, waits);
    assert_eq!(additions(&sandbox, &mesh).await, BTreeMap::from([("update", 1)]));
    settled(&sandbox, &mesh).await;
}

#[tokio::test(start_paused = true)]
async fn an_attachment_that_the_hub_rejects_is_made_anew() {
    let attached = desired(&["alpha", "beta"], "attach = \"hub\"", &format!("{HUB}\nshare_with = [\"ou.core\"]"));
    let start = sandbox(slow());
    settled(&start, &attached).await;
    let gone = |region: &mut Region, now| {
        region.transit_gateway_attachments.values_mut().for_each(|attachment| attachment.life.deleted_ms = Some(now));
    };
    let sandbox = changed(&start, gone);
    let counted = additions(&sandbox, &attached).await;
    assert_eq!(counted["create"], 2, "{counted:?}");
    settled(&sandbox, &attached).await;
    assert_eq!(routes(&sandbox, "TransitGateway"), 2 * 4);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_be_reached_is_told_once_and_loses_no_connection() {
    let everything = "peering = \"mesh\"\nattach = \"hub\"";
    for (closed, hub) in [("alpha", "alpha"), ("beta", "alpha"), ("gamma", "gamma")] {
        let gateways = format!("{}\nshare_with = [\"ou.core\"]", HUB.replace("alpha", hub));
        let wanted = desired(&["alpha", "beta", "gamma"], everything, &gateways);
        let start = sandbox(slow());
        settled(&start, &wanted).await;
        let mut world = start.world();
        let email = format!("{closed}@example.org");
        world.accounts.values_mut().filter(|account| account.email == email).for_each(|account| account.roles.clear());
        let sandbox = Sandbox::new(world, slow());
        let plan = plan(&sandbox, &wanted).await.unwrap();
        assert!(plan.changes.is_empty(), "{closed}: {:#?}", plan.changes);
        let told: Vec<_> = plan.findings.iter().filter(|finding| finding.severity == FindingSeverity::Warning).collect();
        assert_eq!(told.len(), 1, "{closed}: {:#?}", plan.findings);
        assert!(told[0].subject.contains(closed), "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_connect_stays() {
    let start = sandbox(slow());
    let attached = desired(&["alpha"], "attach = \"hub\"\nvpn = \"office\"", &format!("{HUB}\n{OFFICE}"));
    settled(&start, &attached).await;
    let foreign = |region: &mut Region, _| {
        let ours: Vec<String> = region.tags.keys().filter(|id| id.starts_with("rtb-")).cloned().collect();
        for id in ours {
            let table = region.route_tables.get_mut(&id).unwrap();
            table.routes.insert("198.51.100.0/24".to_owned(), Target::TransitGateway("tgw-0123456789abcdef0".to_owned()));
        }
    };
    let sandbox = changed(&start, foreign);
    let plan = plan(&sandbox, &attached).await.unwrap();
    assert!(plan.changes.is_empty(), "{:#?}", plan.changes);
    let told = plan.findings.iter().filter(|finding| finding.subject.ends_with("198.51.100.0/24")).count();
    // In each table that leads somewhere: the public one and four others.
    assert_eq!(told, 5, "{:#?}", plan.findings);
}

#[tokio::test(start_paused = true)]
async fn routes_of_the_office_are_taken_again_by_the_tables_that_lost_them() {
    let start = sandbox(slow());
    let wanted = desired(&["alpha"], "vpn = \"office\"", OFFICE);
    settled(&start, &wanted).await;
    let propagating = |sandbox: &Sandbox| {
        let world = sandbox.world();
        let tables = world.ec2.iter().flat_map(|(_, _, region)| region.route_tables.values().cloned().collect::<Vec<_>>());
        tables.filter(|table| !table.propagating.is_empty()).count()
    };
    assert_eq!(propagating(&start), 4, "the public table leads to no office");
    let sandbox = changed(&start, |region, _| region.route_tables.values_mut().for_each(|table| table.propagating.clear()));
    assert_eq!(additions(&sandbox, &wanted).await, BTreeMap::from([("update", 4)]));
    settled(&sandbox, &wanted).await;
    assert_eq!(propagating(&sandbox), 4);
}

/// AWS keeps one customer gateway per address: somebody else's is not taken over, and the user is told.
#[tokio::test(start_paused = true)]
async fn a_customer_gateway_of_somebody_else_is_not_taken_over() {
    let start = sandbox(slow());
    settled(&start, &desired(&["alpha"], "", "")).await;
    let stranger = |region: &mut Region, now| {
        let life = Life { created_ms: now, available_ms: now, deleted_ms: None };
        let office = CustomerGateway { address: "203.0.113.10".to_owned(), asn: "65000".to_owned(), life };
        region.customer_gateways.insert("cgw-0123456789abcdef0".to_owned(), office);
    };
    let sandbox = changed(&start, stranger);
    let (_, report) = run(&sandbox, &desired(&["alpha"], "vpn = \"office\"", OFFICE)).await.unwrap();
    let failed: Vec<String> = report
        .outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Failed(_)))
        .map(|(address, outcome)| format!("{address} {outcome:?}"))
        .collect();
    assert!(
        matches!(&failed[..], [one] if one.contains("customer_gateway.office") && one.contains("cgw-0123456789abcdef0")),
        "{failed:#?}"
    );
}

/// An account that gets another key keeps its network, and so its peerings, even where the other side would now ask.
#[tokio::test(start_paused = true)]
async fn a_mesh_survives_that_an_account_gets_another_key() {
    let sandbox = sandbox(slow());
    let three = ["alpha", "beta", "gamma"];
    settled(&sandbox, &desired(&three, "peering = \"mesh\"", "")).await;
    let peerings = |sandbox: &Sandbox| {
        let world = sandbox.world();
        let all = world.ec2.iter().flat_map(|(_, _, region)| region.peerings.clone());
        all.filter(|(_, peering)| peering.life.deleted_ms.is_none()).map(|(id, _)| id).collect::<BTreeSet<_>>()
    };
    let before = peerings(&sandbox);
    let renamed = toml(&three, "peering = \"mesh\"", "").replace("[account.alpha]", "[account.zeta]");
    settled(&sandbox, &load(renamed)).await;
    assert_eq!(peerings(&sandbox), before);
}
