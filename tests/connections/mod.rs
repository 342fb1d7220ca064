//! What VPCs connect with, on the whole road against the sandbox: made, changed, repaired, removed, with an empty plan after each.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod ended;
mod opt_in;
mod storms;

use std::collections::BTreeMap;
use std::path::Path;

use overlord::apply::Outcome;
use overlord::config::{self, Files};
use overlord::resource::{ADDRESS_TAG, Desired};
use overlord::sandbox::ec2::Region;
use overlord::sandbox::{Sandbox, Weather, World};

use crate::pipeline::{MANAGEMENT, plan, run};

const REGION: &str = "eu-west-1";

/// A layout with private subnets, in each of the accounts.
fn toml(accounts: &[&str], layout: &str, more: &str) -> String {
    let accounts: String = accounts
        .iter()
        .map(|key| format!("[account.{key}]\nemail = \"{key}@example.org\"\nou = \"core\"\nvpc = [\"standard\"]\n"))
        .collect();
    format!(
        "[organization]\nmanagement_account = \"{MANAGEMENT}\"\ntrusted_services = [\"account.amazonaws.com\", \"ram.amazonaws.com\"]\n\
         [ou.core]\n\
         [pool.main]\ncidr = \"10.0.0.0/8\"\nreserved = [\"10.10.0.0/16\", \"10.11.0.0/16\"]\n\
         [vpc.standard]\nregion = \"{REGION}\"\npool = \"main\"\nprefix = 20\nzones = 2\n\
         tiers = {{ public = 25, shared = 25, private = 50 }}\n{layout}\n{accounts}\n{more}"
    )
}

fn load(toml: String) -> Desired {
    let none = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    match config::load_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &none)) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

fn desired(accounts: &[&str], layout: &str, more: &str) -> Desired {
    load(toml(accounts, layout, more))
}

fn sandbox(weather: Weather) -> Sandbox {
    Sandbox::new(World::new(MANAGEMENT), weather)
}

/// Slow, as AWS is.
fn slow() -> Weather {
    Weather { nat_gateway_ms: 120_000, vpn_gateway_ms: 10_000, sharing_ms: 60_000, ..Weather::default() }
}

/// Applies, and plans again: nothing is left.
async fn settled(sandbox: &Sandbox, desired: &Desired) {
    let (plan_made, report) = run(sandbox, desired).await.unwrap();
    let failed: Vec<_> = report.outcomes.iter().filter(|(_, outcome)| !matches!(outcome, Outcome::Applied)).collect();
    assert!(failed.is_empty(), "{failed:#?}\n{:#?}", plan_made.findings);
    let again = plan(sandbox, desired).await.unwrap();
    let left: Vec<String> =
        again.changes.iter().map(|change| format!("{:?} {} {:?}", change.action, change.address, change.attributes())).collect();
    assert!(again.changes.is_empty(), "{left:#?}");
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

/// How many routes lead to what begins so, over all accounts.
fn routes(sandbox: &Sandbox, prefix: &str) -> usize {
    let world = sandbox.world();
    let tables = world.ec2.iter().flat_map(|(_, _, region)| region.route_tables.values().cloned().collect::<Vec<_>>());
    tables.flat_map(|table| table.routes.into_values()).filter(|target| format!("{target:?}").contains(prefix)).count()
}

/// Things that carry our tag, over all accounts, but for those that are only listed still.
fn tagged(sandbox: &Sandbox) -> Vec<String> {
    let mut world = sandbox.world();
    let now = world.clock_ms + 2 * 3_600_000;
    world.clock_ms = now;
    let of = |region: &overlord::sandbox::ec2::Region| {
        let listed = region.peerings.keys().chain(region.transit_gateways.keys()).chain(region.transit_gateway_attachments.keys());
        let listed: Vec<String> = listed
            .chain(region.vpn_gateways.keys())
            .chain(region.vpn_connections.keys())
            .chain(region.customer_gateways.keys())
            .cloned()
            .collect();
        let tags = region.tags.iter().filter(|(_, tags)| tags.contains_key(ADDRESS_TAG));
        tags.map(|(id, _)| id.clone()).filter(|id| !listed.contains(id)).collect::<Vec<_>>()
    };
    world.ec2.iter().flat_map(|(_, _, region)| of(region)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_mesh_is_made_repaired_and_taken_down() {
    let sandbox = sandbox(slow());
    let three = desired(&["alpha", "beta", "gamma"], "peering = \"mesh\"", "");
    settled(&sandbox, &three).await;
    // Three peerings, and in each of the three VPCs four tables that lead to two others.
    assert_eq!(routes(&sandbox, "Peering"), 3 * 4 * 2);
    // Somebody deletes a route.
    let world = sandbox.world();
    let (account, name, table, destination) = world
        .ec2
        .iter()
        .flat_map(|(account, name, region)| region.route_tables.iter().map(move |(id, table)| (account, name, id, table)))
        .find_map(|(account, name, id, table)| {
            let (destination, _) = table.routes.iter().find(|(_, target)| format!("{target:?}").contains("Peering"))?;
            Some((account.to_owned(), name.to_owned(), id.clone(), destination.clone()))
        })
        .unwrap();
    let mut world = world;
    world.region_mut(&account, &name).unwrap().route_tables.get_mut(&table).unwrap().routes.remove(&destination);
    let sandbox = Sandbox::new(world, slow());
    assert_eq!(plan(&sandbox, &three).await.unwrap().changes.len(), 1);
    settled(&sandbox, &three).await;
    assert_eq!(routes(&sandbox, "Peering"), 3 * 4 * 2);
    // A VPC leaves the mesh with its account; then all others do.
    let two = desired(&["alpha", "gamma"], "peering = \"mesh\"", "[account.beta]\nemail = \"beta@example.org\"\nou = \"core\"");
    settled(&sandbox, &two).await;
    assert_eq!(routes(&sandbox, "Peering"), 4 * 2);
    settled(&sandbox, &desired(&["alpha", "gamma"], "", "[account.beta]\nemail = \"beta@example.org\"\nou = \"core\"")).await;
    assert_eq!(routes(&sandbox, "Peering"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_transit_gateway_is_shared_attached_and_removed() {
    let sandbox = sandbox(slow());
    let hub = "[transit_gateway.hub]\naccount = \"alpha\"\nregion = \"eu-west-1\"\nshare_with = [\"ou.core\"]";
    let attached = desired(&["alpha", "beta"], "attach = \"hub\"", hub);
    settled(&sandbox, &attached).await;
    assert_eq!(routes(&sandbox, "TransitGateway"), 2 * 4);
    // Somebody takes an attachment out of the route table.
    let mut world = sandbox.world();
    let (account, name) =
        world.ec2.iter().find(|(_, _, region)| !region.transit_gateways.is_empty()).map(|(a, n, _)| (a.to_owned(), n.to_owned())).unwrap();
    for gateway in world.region_mut(&account, &name).unwrap().transit_gateways.values_mut() {
        gateway.associated.clear();
        gateway.propagated.clear();
        gateway.auto_accept = false;
    }
    let sandbox = Sandbox::new(world, slow());
    assert_eq!(plan(&sandbox, &attached).await.unwrap().changes.len(), 3);
    settled(&sandbox, &attached).await;
    let more = format!("{hub}\nroutes = [\"10.0.0.0/8\", \"192.168.0.0/16\"]");
    settled(&sandbox, &desired(&["alpha", "beta"], "attach = \"hub\"", &more)).await;
    assert_eq!(routes(&sandbox, "TransitGateway"), 2 * 4 * 2);
    settled(&sandbox, &desired(&["alpha", "beta"], "", "")).await;
    assert_eq!(routes(&sandbox, "TransitGateway"), 0);
    assert!(sandbox.world().shares.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_office_is_connected_changed_and_let_go() {
    let sandbox = sandbox(slow());
    let office = |routes: &str| format!("[vpn.office]\naddress = \"203.0.113.10\"\nroutes = [{routes}]");
    settled(&sandbox, &desired(&["alpha", "beta"], "vpn = \"office\"", &office("\"10.10.0.0/16\""))).await;
    settled(&sandbox, &desired(&["alpha", "beta"], "vpn = \"office\"", &office("\"10.10.0.0/16\", \"10.11.0.0/16\""))).await;
    let moved = "[vpn.moved]\naddress = \"203.0.113.20\"\nroutes = [\"10.11.0.0/16\"]";
    let connected = desired(&["alpha", "beta"], "vpn = \"moved\"", moved);
    settled(&sandbox, &connected).await;
    let saved = serde_json::to_string(&plan(&sandbox, &connected).await.unwrap()).unwrap();
    assert!(!saved.contains("PRE-SHARED"), "a pre-shared key is in the plan");
    settled(&sandbox, &desired(&["alpha", "beta"], "", "")).await;
}

#[tokio::test(start_paused = true)]
async fn subnets_are_shared_with_an_ou() {
    let sandbox = sandbox(slow());
    settled(&sandbox, &desired(&["alpha"], "share = { tier = \"shared\", with = \"ou.core\" }", "")).await;
    let share = sandbox.world().shares.into_values().next().unwrap();
    assert_eq!((share.resources.len(), share.principals.len()), (2, 1));
    settled(&sandbox, &desired(&["alpha"], "share = { tier = \"private\", with = \"organization\" }", "")).await;
    settled(&sandbox, &desired(&["alpha"], "", "")).await;
    assert!(sandbox.world().shares.is_empty());
}

#[tokio::test(start_paused = true)]
async fn everything_at_once_comes_and_goes() {
    let sandbox = sandbox(slow());
    let layout = "peering = \"mesh\"\nattach = \"hub\"\nvpn = \"office\"\nshare = { tier = \"shared\", with = \"ou.core\" }";
    let more = "[transit_gateway.hub]\naccount = \"alpha\"\nregion = \"eu-west-1\"\n\
                [vpn.office]\naddress = \"203.0.113.10\"\nroutes = [\"10.10.0.0/16\"]";
    settled(&sandbox, &desired(&["alpha", "beta"], layout, more)).await;
    let bare = "[account.alpha]\nemail = \"alpha@example.org\"\nou = \"core\"\n[account.beta]\nemail = \"beta@example.org\"\nou = \"core\"";
    settled(&sandbox, &desired(&[], "", bare)).await;
    assert_eq!(tagged(&sandbox), Vec::<String>::new());
}

/// A governed Region is read whatever is declared there: what a layout and a transit gateway leave behind there is removed.
#[tokio::test(start_paused = true)]
async fn what_leaves_a_governed_region_is_removed_there() {
    let governed = |toml: &str| load(toml.replacen("trusted_services", "regions = [\"eu-west-1\", \"eu-central-1\"]\ntrusted_services", 1));
    let alone = "[account.network]\nemail = \"network@example.org\"\nou = \"core\"\n";
    let hub = format!("[transit_gateway.main]\naccount = \"network\"\nregion = \"{REGION}\"\n{alone}");
    let sandbox = sandbox(slow());
    let hubs = || {
        let world = sandbox.world();
        let lives = |region: &Region| region.transit_gateways.values().filter(|hub| hub.life.deleted_ms.is_none()).count();
        world.ec2.iter().map(|(_, _, region)| lives(region)).sum::<usize>()
    };
    settled(&sandbox, &governed(&toml(&["alpha", "beta"], "attach = \"main\"", &hub))).await;
    assert_eq!(hubs(), 1);

    let there = toml(&["alpha", "beta"], "", alone).replace(&format!("region = \"{REGION}\""), "region = \"eu-central-1\"");
    settled(&sandbox, &governed(&there)).await;
    assert_eq!(hubs(), 0, "its account has no VPC, and still it is found");
    let world = sandbox.world();
    let places = world.ec2.iter().filter(|(_, _, region)| region.vpcs.values().any(|vpc| !vpc.is_default)).map(|(_, name, _)| name);
    assert_eq!(places.collect::<Vec<_>>(), ["eu-central-1"; 2]);

    let (before, after) = there.split_at(there.find("[vpc.standard]").unwrap());
    let without_layout = format!("{before}{}", &after[after.find("[account").unwrap()..]).replace("vpc = [\"standard\"]", "");
    settled(&sandbox, &governed(&without_layout)).await;
    assert_eq!(tagged(&sandbox), Vec::<String>::new());
}

/// Where RAM was trusted through Organizations alone it never shares, and the failure says which command mends that.
#[tokio::test(start_paused = true)]
async fn a_share_that_ram_does_not_permit_names_the_command() {
    let mut world = World::new(MANAGEMENT);
    world.add_organization(overlord::sandbox::world::FeatureSet::All);
    world.trusted_services.insert("ram.amazonaws.com".to_owned(), 0);
    let sandbox = Sandbox::new(world, slow());
    let shared = desired(&["alpha"], "share = { tier = \"shared\", with = \"ou.core\" }", "");
    let (_, report) = run(&sandbox, &shared).await.unwrap();
    let failed: Vec<_> = report.outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Failed(_))).collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    let said = format!("{failed:?}");
    assert!(said.contains("OperationNotPermittedException") && said.contains("aws ram enable-sharing-with-aws-organization"), "{said}");
    assert_eq!(sandbox.world().shares.len(), 0);
    // What the command does.
    let mut world = sandbox.world();
    world.sharing_since_ms = Some(0);
    settled(&Sandbox::new(world, slow()), &shared).await;
}
