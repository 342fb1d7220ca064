//! Random requests in any weather: whatever is asked, the world stays one that AWS could have, and its index tells the truth.

use aws_sdk_organizations::types::PolicyType;
use overlord::sandbox::{ServerRates, Weather, World};
use proptest::prelude::*;

use crate::sandbox::common::*;

/// One request, over numbers that pick from what there is.
#[derive(Debug, Clone, Copy)]
enum Step {
    CreateOu(usize, usize),
    RenameOu(usize, usize),
    DeleteOu(usize),
    CreateAccount(usize),
    Move(usize, usize, usize),
    CreatePolicy(usize, bool),
    DeletePolicy(usize),
    Attach(usize, usize),
    Detach(usize, usize),
    Toggle(bool, bool),
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0..6_usize;
    prop_oneof![
        4 => (n.clone(), n.clone()).prop_map(|(parent, name)| Step::CreateOu(parent, name)),
        1 => (n.clone(), n.clone()).prop_map(|(ou, name)| Step::RenameOu(ou, name)),
        2 => n.clone().prop_map(Step::DeleteOu),
        3 => n.clone().prop_map(Step::CreateAccount),
        4 => (n.clone(), n.clone(), n.clone()).prop_map(|(account, from, to)| Step::Move(account, from, to)),
        3 => (n.clone(), any::<bool>()).prop_map(|(name, rcp)| Step::CreatePolicy(name, rcp)),
        1 => n.clone().prop_map(Step::DeletePolicy),
        6 => (n.clone(), n.clone()).prop_map(|(policy, target)| Step::Attach(policy, target)),
        6 => (n.clone(), n.clone()).prop_map(|(policy, target)| Step::Detach(policy, target)),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(scp, enable)| Step::Toggle(scp, enable)),
        1 => Just(Step::Wait),
    ]
}

fn pick(ids: impl IntoIterator<Item = String>, number: usize) -> String {
    let ids: Vec<String> = ids.into_iter().collect();
    ids.get(number % ids.len().max(1)).cloned().unwrap_or_else(|| "nothing".to_owned())
}

fn parents(world: &World) -> Vec<String> {
    world.root().into_iter().map(str::to_owned).chain(world.ous.keys().cloned()).collect()
}

async fn take(client: &aws_sdk_organizations::Client, world: &World, step: Step) {
    let ou = |number| pick(world.ous.keys().cloned(), number);
    let policy = |number| pick(world.policies.keys().cloned(), number);
    let target = |number| pick(world.targets().map(str::to_owned), number);
    let parent = |number| pick(parents(world), number);
    // Refusals are as welcome as successes.
    match step {
        Step::CreateOu(under, name) => {
            drop(client.create_organizational_unit().parent_id(parent(under)).name(name.to_string()).send().await)
        }
        Step::RenameOu(id, name) => {
            drop(client.update_organizational_unit().organizational_unit_id(ou(id)).name(name.to_string()).send().await)
        }
        Step::DeleteOu(id) => drop(client.delete_organizational_unit().organizational_unit_id(ou(id)).send().await),
        Step::CreateAccount(n) => drop(client.create_account().account_name("a").email(format!("a{n}@example.com")).send().await),
        Step::Move(account, from, to) => {
            let account = pick(world.accounts.keys().cloned(), account);
            drop(client.move_account().account_id(account).source_parent_id(parent(from)).destination_parent_id(parent(to)).send().await);
        }
        Step::CreatePolicy(name, rcp) => {
            let (kind, content) = if rcp { (PolicyType::ResourceControlPolicy, RCP) } else { (PolicyType::ServiceControlPolicy, SCP) };
            drop(client.create_policy().r#type(kind).name(name.to_string()).description("").content(content).send().await);
        }
        Step::DeletePolicy(id) => drop(client.delete_policy().policy_id(policy(id)).send().await),
        Step::Attach(id, to) => drop(client.attach_policy().policy_id(policy(id)).target_id(target(to)).send().await),
        Step::Detach(id, from) => drop(client.detach_policy().policy_id(policy(id)).target_id(target(from)).send().await),
        Step::Toggle(scp, enable) => {
            let kind = if scp { PolicyType::ServiceControlPolicy } else { PolicyType::ResourceControlPolicy };
            let root = parent(0);
            if enable {
                drop(client.enable_policy_type().root_id(root).policy_type(kind).send().await);
            } else {
                drop(client.disable_policy_type().root_id(root).policy_type(kind).send().await);
            }
        }
        Step::Wait => tokio::time::sleep(std::time::Duration::from_secs(10)).await,
    }
}

/// The index answers as one made anew.
fn index_is_true(world: &World) {
    let mut anew = world.clone();
    anew.reindex();
    for parent in parents(world) {
        assert_eq!(world.accounts_of(&parent), anew.accounts_of(&parent));
        assert_eq!(world.units_of(&parent), anew.units_of(&parent));
    }
    for policy in world.policies.values() {
        assert_eq!(world.targets_of(&policy.id), anew.targets_of(&policy.id));
        assert_eq!(world.policies_of(&policy.kind), anew.policies_of(&policy.kind));
    }
    for account in world.accounts.values() {
        assert_eq!(world.accounts_with_email(&account.email), anew.accounts_with_email(&account.email));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_world_stays_possible(steps in prop::collection::vec(step(), 1..60), seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (sandbox, client, _) = organized(Weather { seed, rates: ServerRates::Unlimited, ..Weather::stormy() }).await;
            sandbox.on_request(|world, entry| {
                assert_eq!(world.check(), Vec::<String>::new(), "after {entry:?}");
                index_is_true(world);
            });
            for step in steps {
                take(&client, &sandbox.world(), step).await;
            }
        });
    }
}
