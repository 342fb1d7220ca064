//! Properties of networks, over random layouts, accounts, weather and cuts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ipnetwork::Ipv4Network;
use overlord::plan::{Action, Plan};
use overlord::resource::{ADDRESS_TAG, Desired};
use overlord::sandbox::ec2::{NatGateway, Region, VpcEndpoint};
use overlord::sandbox::{DropResponse, Effect, RequestOutcome, Sandbox, Weather, World};
use proptest::prelude::*;

use crate::pipeline::{MANAGEMENT, Watch, carry_out, plan, plan_and_copy, run};
use crate::properties::networks::{Networks, networks};
use crate::properties::{config, in_virtual_time, nothing_left, sandbox, storm};

/// What carries one of our addresses: by account, Region and id.
type Ours = BTreeMap<(String, String, String), String>;

fn lives(region: &Region, id: &str) -> bool {
    let stays = |life: &overlord::sandbox::ec2::Life| life.deleted_ms.is_none();
    let nat = |gateway: &NatGateway| gateway.failure.is_none() && stays(&gateway.life);
    let endpoint = |endpoint: &VpcEndpoint| stays(&endpoint.life);
    region.nat_gateways.get(id).is_none_or(nat) && region.vpc_endpoints.get(id).is_none_or(endpoint)
}

fn ours(world: &World) -> Ours {
    let mut found = Ours::new();
    for (account, name, region) in world.ec2.iter() {
        for (id, tags) in region.tags.iter().filter(|(id, _)| lives(region, id)) {
            if let Some(address) = tags.get(ADDRESS_TAG) {
                found.insert((account.to_owned(), name.to_owned(), id.clone()), address.clone());
            }
        }
    }
    found
}

/// Two things with one address, and blocks of VPCs that overlap.
pub fn twice(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<_, &str> = BTreeMap::new();
    let all = ours(world);
    for ((account, region, id), address) in &all {
        // Those that are replaced say something else.
        let says = world.region(account, region).and_then(|region| Some(region.dhcp_options.get(id)?.values.clone()));
        // The account's part of the address is what it was called when the thing was made.
        let own = address.splitn(3, '/').nth(2).unwrap_or(address);
        if let Some(other) = seen.insert((account, region, own, says), id) {
            found.push(format!("{account}/{region}: {other} and {id} are both {own}"));
        }
    }
    let mut blocks: Vec<(Ipv4Network, &str)> = Vec::new();
    for (_, _, region) in world.ec2.iter() {
        for (id, vpc) in region.vpcs.iter().filter(|(_, vpc)| !vpc.is_default) {
            for (other, owner) in &blocks {
                if other.overlaps(vpc.cidr) {
                    found.push(format!("{id} has {} and {owner} has {other}", vpc.cidr));
                }
            }
            blocks.push((vpc.cidr, id));
        }
    }
    found
}

/// Watches every request: the world's own laws, nothing made twice, no two VPCs with the same addresses.
fn watch(sandbox: &Sandbox, desired: &Desired) -> Watch {
    Watch::over_with(sandbox, desired, twice)
}

/// No write was refused, and so no deletion came too early.
fn in_order(sandbox: &Sandbox, from: usize) {
    let journal = sandbox.journal();
    let writes = journal.iter().skip(from).filter(|entry| entry.effect == Effect::Write && entry.operation.starts_with("ec2:"));
    let refused: Vec<_> = writes.filter(|entry| entry.outcome != RequestOutcome::Ok).collect();
    assert!(refused.is_empty(), "refused: {refused:#?}");
}

/// Applies in calm weather, and holds the run to its plan.
async fn apply_exactly(sandbox: &Sandbox, desired: &Desired) -> Plan {
    let watch = watch(sandbox, desired);
    let before = sandbox.journal().len();
    let (plan, report) = run(sandbox, desired).await.unwrap();
    assert_eq!(report.counts().applied, plan.changes.len(), "{report:#?}");
    assert_eq!(watch.violations(), BTreeSet::new());
    in_order(sandbox, before);
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for entry in sandbox.journal().iter().skip(before).filter(|e| e.effect == Effect::Write) {
        *calls.entry(entry.operation.clone()).or_default() += 1;
    }
    let mut planned = plan.budget.calls.clone();
    // How many subnets the default VPC of a new account has, only the account tells.
    if plan.changes.iter().any(|change| change.address.kind() == "default_vpc" && change.before.is_none()) {
        for calls in [&mut calls, &mut planned] {
            calls.remove("ec2:DeleteSubnet");
        }
    }
    assert_eq!(calls, planned, "what was called, and what the plan said would be");
    plan
}

/// The blocks and zones of what is there in both worlds.
fn places(world: &World) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (_, _, region) in world.ec2.iter() {
        let vpcs = region.vpcs.iter().filter(|(_, vpc)| !vpc.is_default).map(|(id, vpc)| (id.clone(), vpc.cidr.to_string()));
        let subnets = region.subnets.iter().filter(|(_, subnet)| !subnet.default_for_zone);
        found.extend(vpcs.chain(subnets.map(|(id, subnet)| (id.clone(), format!("{} {}", subnet.cidr, subnet.zone)))));
        found.extend(region.addresses.iter().map(|(id, address)| (id.clone(), address.public_ip.to_string())));
    }
    found
}

pub async fn until_done(sandbox: &Sandbox, desired: &Desired) {
    let mut said = Vec::new();
    for _ in 0..15 {
        match run(sandbox, desired).await {
            Ok((plan, _)) if plan.is_empty() => return,
            Ok((_, report)) => said.push(format!("{report:#?}")),
            Err(error) => said.push(error.to_string()),
        }
    }
    panic!("fifteen runs did not finish the work: {}", said.last().unwrap());
}

fn sandbox_of(world: World) -> Sandbox {
    Sandbox::new(world, Weather::default())
}

fn slowly(seed: u64) -> Weather {
    Weather { nat_gateway_ms: 90_000, endpoint_ms: 40_000, account_ready_ms: 30_000, region_ms: 600_000, ..storm(seed) }
}

async fn edited(cases: &[&Networks], weather: Weather) {
    let sandbox = sandbox(weather);
    for case in cases {
        let desired = case.desired();
        apply_exactly(&sandbox, &desired).await;
        nothing_left(&sandbox, &desired).await;
    }
    let left = ours(&sandbox.world());
    assert!(left.is_empty(), "still there: {left:#?}");
}

/// The properties below prove what their cases contain: here is what that is.
#[test]
fn networks_contain_what_the_properties_are_about() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<(String, Action), usize> = BTreeMap::new();
    for _ in 0..40 {
        let cases = [(); 2].map(|()| networks().new_tree(&mut runner).unwrap().current());
        in_virtual_time(async {
            let sandbox = sandbox(Weather::default());
            for case in &cases {
                let (plan, _) = run(&sandbox, &case.desired()).await.unwrap();
                let changes: BTreeSet<_> = plan.changes.iter().map(|c| (c.address.kind().to_owned(), c.action)).collect();
                changes.into_iter().for_each(|change| *seen.entry(change).or_default() += 1);
            }
        });
    }
    let (create, update, delete) = (Action::Create, Action::Update, Action::Delete);
    let all = [create, update, delete];
    let expected: [(&str, &[Action]); 14] = [
        ("default_vpc", &[delete]),
        ("dhcp_options", &[create, update, delete, Action::Replace]),
        ("egress_only_internet_gateway", &[create, delete]),
        ("elastic_ip", &all),
        ("flow_log", &all),
        ("internet_gateway", &all),
        ("nat_gateway", &all),
        ("region", &[create]),
        ("route", &all),
        ("route_table", &all),
        ("security_group", &[create, delete]),
        ("subnet", &all),
        ("vpc", &all),
        ("vpc_endpoint", &all),
    ];
    for (kind, actions) in expected {
        for action in actions {
            let count = seen.get(&(kind.to_owned(), *action)).copied().unwrap_or_default();
            assert!(count >= 2, "{action:?} of {kind}: in {count} of 40 cases\n{seen:#?}");
        }
    }
}

/// An account's networks are asked for as soon as its page has come, and each list once.
#[test]
fn networks_are_read_while_the_organization_is() {
    const ACCOUNTS: usize = 50;
    let mut toml = format!("[organization]\nmanagement_account = \"{MANAGEMENT}\"\n[limits]\naccounts = 100\n");
    toml.push_str("[vpc.one]\nregion = \"eu-west-1\"\npool = \"main\"\nprefix = 24\nzones = 1\ntiers = { private = 100 }\n");
    toml.push_str("[pool.main]\ncidr = \"10.0.0.0/12\"\n[policy.deny]\n[ou.work]\npolicies = [\"FullAWSAccess\", \"deny\"]\n");
    for number in 0..ACCOUNTS {
        let _ = write!(toml, "[account.n{number}]\nemail = \"n{number}@example.org\"\nou = \"work\"\nvpc = [\"one\"]\n");
    }
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sqs:PurgeQueue","Resource":"*"}]}"#;
    let policies = BTreeMap::from([("policies/deny.json".to_owned(), deny.to_owned())]);
    let desired = crate::properties::generate::load(&toml, &policies);
    in_virtual_time(async {
        let sandbox = sandbox(Weather { latency_ms: 50, ..Weather::default() });
        run(&sandbox, &desired).await.unwrap();
        let before = sandbox.journal().len();
        nothing_left(&sandbox, &desired).await;
        let journal: Vec<String> = sandbox.journal().into_iter().skip(before).map(|entry| entry.operation).collect();
        let of = |service: &str| journal.iter().filter(|operation| operation.starts_with(service)).count();
        assert_eq!((of("ec2:"), of("sts:AssumeRole")), (8 * ACCOUNTS, ACCOUNTS));
        let first = journal.iter().position(|operation| operation.starts_with("ec2:"));
        let last = journal.iter().rposition(|operation| operation.starts_with("organizations:"));
        assert!(first < last, "{journal:#?}");
    });
}

proptest! {
    #![proptest_config(config(16))]

    /// Apply, then plan, is empty; the writes are those of the plan; nothing is refused; nothing is left of what is removed.
    #[test]
    fn networks_are_as_planned(first in networks(), second in networks()) {
        let last = second.emptied();
        in_virtual_time(edited(&[&first, &second, &last], Weather::default()));
    }

    /// More accounts, zones and tiers: what is there keeps its blocks, its zones and its public addresses.
    #[test]
    fn adding_never_moves(first in networks()) {
        in_virtual_time(async {
            let sandbox = sandbox(Weather::default());
            apply_exactly(&sandbox, &first.desired()).await;
            let before = places(&sandbox.world());
            let desired = first.grown().desired();
            apply_exactly(&sandbox, &desired).await;
            nothing_left(&sandbox, &desired).await;
            let after = places(&sandbox.world());
            for (id, place) in before {
                prop_assert_eq!(after.get(&id), Some(&place), "{}", id);
            }
            Ok(())
        })?;
    }

    /// A copy of the accounts that were read is read as they are; a rehearsal on it comes out as the apply does, and writes nothing to the
    /// original.
    #[test]
    fn a_rehearsal_of_networks_ends_like_the_apply(first in networks(), second in networks()) {
        in_virtual_time(async {
            let original = sandbox(Weather::default());
            run(&original, &first.desired()).await.unwrap();
            let desired = second.desired();
            let before = original.journal().len();
            let (planned, world) = plan_and_copy(&original, &desired).await;
            prop_assert_eq!(world.check(), Vec::<String>::new());
            let copy = sandbox_of(world);
            let of_copy = plan(&copy, &desired).await.unwrap();
            prop_assert_eq!(&of_copy.observed, &planned.observed);
            prop_assert_eq!(of_copy.changes, planned.changes.clone());
            let rehearsed = carry_out(&copy, &planned).await;
            let writes = original.journal().into_iter().skip(before).filter(|e| e.effect == Effect::Write).count();
            prop_assert_eq!(writes, 0);
            prop_assert_eq!(rehearsed.outcomes, carry_out(&original, &planned).await.outcomes);
            nothing_left(&copy, &desired).await;
            Ok(())
        })?;
    }

    /// In a storm, slowly, and cut at any request as by kill -9, reruns converge, and nothing is made twice.
    #[test]
    fn cut_anywhere_networks_heal(first in networks(), second in networks(), seed in any::<u64>(), cuts in proptest::collection::vec((0..220usize, any::<bool>()), 1..4)) {
        in_virtual_time(async {
            let sandbox = sandbox(slowly(seed));
            let cases = [first, second.clone(), second.emptied()];
            for (i, case) in cases.iter().enumerate() {
                let desired = case.desired();
                let watch = watch(&sandbox, &desired);
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
            }
            let left = ours(&sandbox.world());
            prop_assert!(left.is_empty(), "still there: {:#?}", left);
            Ok(())
        })?;
    }
}
