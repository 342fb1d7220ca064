//! Weather: seeded, in virtual time, and each kind does what it says.

use std::time::Duration;

use aws_sdk_organizations::types::PolicyType;
use futures_util::future::join_all;
use overlord::sandbox::{ConcurrentWrites, DropResponse, Effect, Entry, RequestOutcome, Sandbox, ServerRates, Weather};
use tokio::time::Instant;

use crate::sandbox::common::*;

/// 60 accounts at AWS's rates: 3 at once, then one every ten seconds.
#[tokio::test(start_paused = true)]
async fn sixty_accounts_take_570_seconds_of_virtual_time() {
    let weather = Weather { rates: ServerRates::Published, create_account_ms: 1_000, ..Weather::default() };
    let (sandbox, client, _) = organized(weather).await;
    let begun = Instant::now();
    let mut refused = 0;
    for number in 0..60 {
        loop {
            match client.create_account().account_name("a").email(format!("a{number}@example.com")).send().await {
                Ok(_) => break,
                error => {
                    assert_eq!(refusal(error), "TooManyRequestsException");
                    refused += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
    assert_eq!(begun.elapsed().as_secs(), 570);
    assert_eq!(refused, 570);
    tokio::time::advance(Duration::from_secs(1)).await;
    let world = sandbox.world();
    assert_eq!(world.accounts.len(), 61);
    assert_eq!(world.clock_ms - overlord::sandbox::world::EPOCH_MS, 571_000);
}

async fn busy(weather: Weather) -> (Vec<Entry>, Sandbox) {
    let (sandbox, _, root) = organized(weather).await;
    let client = aws_sdk_organizations::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
    for number in 0..200 {
        // Whatever comes of it: the journal tells.
        let _ = client.create_organizational_unit().parent_id(&root).name(number.to_string()).send().await;
        let _ = client.list_organizational_units_for_parent().parent_id(&root).send().await;
    }
    (sandbox.journal(), sandbox)
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_a_run_and_another_does_not() {
    let stormy = |seed| Weather { seed, rates: ServerRates::Unlimited, ..Weather::stormy() };
    let (first, sandbox) = busy(stormy(7)).await;
    let (second, again) = busy(stormy(7)).await;
    assert!(first == second && timeless(sandbox.world()) == timeless(again.world()));
    assert!(first != busy(stormy(8)).await.0);
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn lost_answers_take_effect_and_broken_connections_do_not() {
    let (journal, sandbox) = busy(Weather { lost: 0.2, errors: 0.1, disconnects: 0.1, ..Weather::default() }).await;
    let writes: Vec<&Entry> = journal.iter().filter(|entry| entry.effect == Effect::Write).collect();
    let count = |outcome: RequestOutcome| writes.iter().filter(|entry| entry.outcome == outcome).count();
    let (ok, lost) = (count(RequestOutcome::Ok), count(RequestOutcome::Lost));
    let (disconnected, errors) = (count(RequestOutcome::Disconnected), count(RequestOutcome::Refused("ServiceException".to_owned())));
    assert_eq!(ok + lost + disconnected + errors, 200);
    assert!(lost > 10 && disconnected > 5 && errors > 5, "{lost} {disconnected} {errors}");
    assert_eq!(sandbox.world().ous.len(), ok + lost);
    assert_eq!(writes.iter().filter(|entry| entry.took_effect()).count(), ok + lost);
}

#[tokio::test(start_paused = true)]
async fn the_sdk_retries_through_a_storm() {
    let (sandbox, _, root) = organized(Weather { errors: 0.2, disconnects: 0.2, ..Weather::default() }).await;
    let client = aws_sdk_organizations::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 12));
    for number in 0..50 {
        create_ou(&client, &root, &number.to_string()).await;
    }
    assert_eq!(sandbox.world().ous.len(), 50);
    assert!(sandbox.journal().len() > 50);
}

#[tokio::test(start_paused = true)]
async fn latency_is_virtual_and_the_effect_comes_half_way() {
    let (sandbox, client, root) = organized(Weather { latency_ms: 1_000, ..Weather::default() }).await;
    let begun = Instant::now();
    let request = tokio::spawn(async move { create_ou(&client, &root, "a").await });
    tokio::time::sleep(Duration::from_millis(499)).await;
    assert_eq!(sandbox.world().ous.len(), 0);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(sandbox.world().ous.len(), 1);
    assert!(!request.is_finished());
    request.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn concurrent_writes_conflict_and_reads_do_not() {
    let weather = Weather { latency_ms: 100, concurrent_writes: ConcurrentWrites::Refused, ..Weather::default() };
    let (sandbox, client, root) = organized(weather).await;
    let write = async |name: &str| client.create_organizational_unit().parent_id(&root).name(name).send().await;
    let (first, second, read) = tokio::join!(write("a"), write("b"), client.list_accounts().send());
    assert!(first.is_ok() && read.is_ok());
    assert_eq!(refusal(second), "ConcurrentModificationException");
    write("b").await.unwrap();
    // A client that goes away does not leave the organization locked.
    let gone = tokio::time::timeout(Duration::from_millis(10), write("c")).await;
    assert!(gone.is_err());
    write("d").await.unwrap();
    assert_eq!(sandbox.world().ous.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn stale_reads_show_the_world_as_it_was() {
    let (_, client, root) = organized(Weather { stale: 0.999, stale_ms: 1_000, ..Weather::default() }).await;
    let names = async || {
        let output = client.list_organizational_units_for_parent().parent_id(&root).send().await.unwrap();
        output.organizational_units.unwrap().into_iter().filter_map(|unit| unit.name).collect::<Vec<_>>().join(",")
    };
    tokio::time::advance(Duration::from_secs(5)).await;
    create_ou(&client, &root, "a").await;
    assert_eq!(names().await, "");
    tokio::time::advance(Duration::from_millis(600)).await;
    create_ou(&client, &root, "b").await;
    assert_eq!(names().await, "");
    tokio::time::advance(Duration::from_millis(600)).await;
    assert_eq!(names().await, "a");
    tokio::time::advance(Duration::from_millis(600)).await;
    assert_eq!(names().await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn accounts_and_policy_types_come_when_they_are_due() {
    let (sandbox, client, root) = organized(Weather { create_account_ms: 20_000, policy_type_ms: 5_000, ..Weather::default() }).await;
    client.create_account().account_name("a").email("a@example.com").send().await.unwrap();
    client.enable_policy_type().root_id(&root).policy_type(PolicyType::TagPolicy).send().await.unwrap();
    let state = async || {
        let root = client.list_roots().send().await.unwrap().roots.unwrap().remove(0);
        let tag =
            root.policy_types().iter().find(|summary| summary.r#type() == Some(&PolicyType::TagPolicy)).unwrap().status().unwrap().clone();
        let accounts = client.list_accounts().send().await.unwrap().accounts.unwrap().len();
        format!("{} {accounts}", tag.as_str())
    };
    tokio::time::advance(Duration::from_millis(4_999)).await;
    assert_eq!(state().await, "PENDING_ENABLE 1");
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(state().await, "ENABLED 1");
    tokio::time::advance(Duration::from_secs(15)).await;
    assert_eq!(state().await, "ENABLED 2");
    let joined = sandbox.world().accounts.values().map(|account| account.joined_ms).max().unwrap();
    assert_eq!(joined - overlord::sandbox::world::EPOCH_MS, 20_000);
}

#[tokio::test]
async fn lenient_email_lets_an_account_be_created_twice() {
    let (sandbox, client, _) = organized(Weather { lenient_email: true, ..Weather::default() }).await;
    create_account(&client, "a", "a@example.com").await.unwrap();
    create_account(&client, "a", "a@example.com").await.unwrap();
    assert!(sandbox.world().check()[0].contains("have one e-mail, a@example.com"));
}

#[tokio::test(start_paused = true)]
async fn a_cut_run_is_dropped_where_it_stands() {
    for (swallow, expected) in [(DropResponse::BeforeEffect, 2), (DropResponse::AfterEffect, 3)] {
        let (sandbox, client, root) = organized(Weather { latency_ms: 10, ..Weather::default() }).await;
        sandbox.cut_after(2, swallow);
        let run = async {
            for number in 0..10 {
                create_ou(&client, &root, &number.to_string()).await;
            }
        };
        tokio::select! {
            () = run => panic!("the run was not cut"),
            () = sandbox.cut() => {}
        }
        assert_eq!(sandbox.world().ous.len(), expected);
        let hangs = tokio::time::timeout(Duration::from_secs(1_000), client.list_roots().send()).await;
        assert!(hangs.is_err());
        sandbox.mend();
        client.list_roots().send().await.unwrap();
    }
}

/// Requests in flight at the cut neither take effect afterwards nor are answered.
#[tokio::test(start_paused = true)]
async fn a_cut_stops_what_is_in_flight() {
    let (sandbox, client, root) = organized(Weather { latency_ms: 10, jitter_ms: 1_000, ..Weather::default() }).await;
    sandbox.cut_after(3, DropResponse::BeforeEffect);
    let all = join_all((0..10).map(|number| {
        let (client, root) = (client.clone(), root.clone());
        async move { create_ou(&client, &root, &number.to_string()).await }
    }));
    tokio::select! {
        _ = all => panic!("the run was not cut"),
        () = sandbox.cut() => {}
    }
    let at_the_cut = sandbox.world().ous.len();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(sandbox.world().ous.len(), at_the_cut);
    assert!(at_the_cut < 10);
}

#[tokio::test]
async fn an_observer_sees_the_world_after_every_request() {
    let (sandbox, client, root) = organized(Weather::default()).await;
    let (sender, seen) = std::sync::mpsc::channel();
    sandbox.on_request(move |world, entry| {
        assert_eq!(world.check(), Vec::<String>::new());
        sender.send(format!("{} {}", entry.operation, world.ous.len())).unwrap();
    });
    create_ou(&client, &root, "a").await;
    client.list_roots().send().await.unwrap();
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["organizations:CreateOrganizationalUnit 1", "organizations:ListRoots 1"]);
}

/// Writes see the other side as it was: each refusal passes once that is old enough.
#[tokio::test(start_paused = true)]
async fn stale_writes_are_refused_until_the_change_is_old_enough() {
    let weather = Weather { stale_writes: 0.999, stale_ms: 5_000, policy_type_ms: 0, ..Weather::default() };
    let (_, client, root) = organized(weather).await;
    let later = || tokio::time::advance(Duration::from_secs(6));
    let account = create_account(&client, "a", "a@example.com").await.unwrap();
    later().await;
    let ou = create_ou(&client, &root, "a").await;

    let inner = client.create_organizational_unit().parent_id(&ou).name("b").send();
    assert_eq!(refusal(inner.await), "ParentNotFoundException");
    let enter = || client.move_account().account_id(&account).source_parent_id(&root).destination_parent_id(&ou).send();
    assert_eq!(refusal(enter().await), "DestinationParentNotFoundException");
    later().await;
    enter().await.unwrap();
    later().await;

    client.move_account().account_id(&account).source_parent_id(&ou).destination_parent_id(&root).send().await.unwrap();
    let remove = || client.delete_organizational_unit().organizational_unit_id(&ou).send();
    assert_eq!(refusal(remove().await), "OrganizationalUnitNotEmptyException");
    later().await;
    remove().await.unwrap();

    let policy = create_policy(&client, PolicyType::ServiceControlPolicy, "p", SCP).await;
    client.attach_policy().policy_id(&policy).target_id(&root).send().await.unwrap();
    later().await;
    client.detach_policy().policy_id(&policy).target_id(&root).send().await.unwrap();
    let delete = || client.delete_policy().policy_id(&policy).send();
    assert_eq!(refusal(delete().await), "PolicyInUseException");
    later().await;
    delete().await.unwrap();

    let service = "config.amazonaws.com";
    client.enable_aws_service_access().service_principal(service).send().await.unwrap();
    let register = || client.register_delegated_administrator().account_id(&account).service_principal(service).send();
    assert_eq!(refusal(register().await), "ConstraintViolationException/ServiceAccessNotEnabled");
    later().await;
    register().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_new_organization_refuses_accounts_until_it_is_finished() {
    let (_, client) = bare(Weather { finalizing_ms: 60_000, ..Weather::default() });
    client.create_organization().send().await.unwrap();
    let create = || client.create_account().account_name("a").email("a@example.com").send();
    assert_eq!(refusal(create().await), "FinalizingOrganizationException");
    tokio::time::advance(Duration::from_secs(45)).await;
    assert_eq!(refusal(create().await), "ConstraintViolationException/AccountNumberLimitExceeded");
    tokio::time::advance(Duration::from_secs(15)).await;
    create().await.unwrap();
}
