//! Accounts that leave: what AWS refuses, what takes time, and what is left of them.

use std::time::Duration;

use overlord::sandbox::world::{AccountState, Joined};
use overlord::sandbox::{Sandbox, Weather};

use crate::sandbox::common::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn accounts(weather: Weather, n: usize) -> (Sandbox, aws_sdk_organizations::Client, Vec<String>) {
    let (sandbox, client, _) = organized(weather).await;
    let mut ids = Vec::new();
    for i in 0..n {
        ids.push(create_account(&client, &format!("a{i}"), &format!("a{i}@example.com")).await.unwrap());
    }
    (sandbox, client, ids)
}

async fn state(client: &aws_sdk_organizations::Client, id: &str) -> Option<String> {
    let account = client.describe_account().account_id(id).send().await.ok()?.account?;
    account.state().map(|state| state.as_str().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_closing_takes_its_time_and_three_go_at_once() {
    let (sandbox, client, ids) = accounts(Weather { close_account_ms: 60_000, ..Weather::default() }, 4).await;
    for id in &ids[..3] {
        client.close_account().account_id(id).send().await.unwrap();
    }
    assert_eq!(state(&client, &ids[0]).await.as_deref(), Some("PENDING_CLOSURE"));
    let close = |id: &String| client.close_account().account_id(id).send();
    assert_eq!(refusal(close(&ids[0]).await), "ConflictException");
    assert_eq!(refusal(close(&ids[3]).await), "ConstraintViolationException/CloseAccountRequestsLimitExceeded");
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(state(&client, &ids[0]).await.as_deref(), Some("CLOSED"));
    assert_eq!(refusal(close(&ids[0]).await), "AccountAlreadyClosedException");
    close(&ids[3]).await.unwrap();
    // For 90 days it is a state, and then an absence; nobody gets its e-mail.
    tokio::time::advance(89 * DAY).await;
    assert_eq!(state(&client, &ids[0]).await.as_deref(), Some("CLOSED"));
    tokio::time::advance(2 * DAY).await;
    assert_eq!(state(&client, &ids[0]).await, None);
    assert_eq!(create_account(&client, "again", "a0@example.com").await.unwrap_err(), "EMAIL_ALREADY_EXISTS");
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_quota_of_thirty_days_comes_back() {
    let (_, client, ids) = accounts(Weather { closing_quota: Some(1), ..Weather::default() }, 2).await;
    let close = |id: &String| client.close_account().account_id(id).send();
    close(&ids[0]).await.unwrap();
    assert_eq!(refusal(close(&ids[1]).await), "ConstraintViolationException/CloseAccountQuotaExceeded");
    tokio::time::advance(30 * DAY + Duration::from_secs(1)).await;
    close(&ids[1]).await.unwrap();
}

#[tokio::test]
async fn who_cannot_be_closed() {
    let (sandbox, client, ids) = accounts(Weather::default(), 1).await;
    let close = |id: &str| client.close_account().account_id(id).send();
    assert_eq!(refusal(close(MANAGEMENT).await), "ConstraintViolationException/CannotCloseManagementAccount");
    assert_eq!(refusal(close("999999999999").await), "AccountNotFoundException");
    let member = client_of(&sandbox, &ids[0]);
    assert_eq!(refusal(member.close_account().account_id(&ids[0]).send().await), "AccessDeniedException");
}

#[tokio::test(start_paused = true)]
async fn who_can_be_taken_out_and_when() {
    let (sandbox, client, ids) = accounts(Weather::default(), 2).await;
    let remove = |id: &str| client.remove_account_from_organization().account_id(id).send();
    assert_eq!(refusal(remove(MANAGEMENT).await), "MasterCannotLeaveOrganizationException");
    assert_eq!(refusal(remove("999999999999").await), "AccountNotFoundException");
    assert_eq!(refusal(remove(&ids[0]).await), "ConstraintViolationException/WaitPeriodActive");
    tokio::time::advance(4 * DAY).await;
    assert_eq!(refusal(remove(&ids[0]).await), "ConstraintViolationException/MemberAccountPaymentInstrumentRequired");
    let mut world = sandbox.world();
    world.standalone.insert(ids[0].clone());
    world.accounts.get_mut(&ids[1]).unwrap().joined = Joined::Invited;
    let sandbox = Sandbox::new(world, Weather::default());
    let client = crate::sandbox::common::client(&sandbox);
    let remove = |id: &str| client.remove_account_from_organization().account_id(id).send();
    client.enable_aws_service_access().service_principal("config.amazonaws.com").send().await.unwrap();
    let administer = client.register_delegated_administrator().account_id(&ids[0]).service_principal("config.amazonaws.com");
    administer.send().await.unwrap();
    assert_eq!(refusal(remove(&ids[0]).await), "ConstraintViolationException/CannotRemoveDelegatedAdministratorFromOrg");
    let retire = client.deregister_delegated_administrator().account_id(&ids[0]).service_principal("config.amazonaws.com");
    retire.send().await.unwrap();
    for id in &ids {
        remove(id).await.unwrap();
        assert_eq!(state(&client, id).await, None);
    }
    let world = sandbox.world();
    assert!(!world.tags.contains_key(&ids[0]) && !world.attachments.contains_key(&ids[0]));
    assert_eq!((world.check(), world.accounts.len()), (Vec::<String>::new(), 1));
    assert!(world.accounts.values().all(|account| account.state == AccountState::Active));
}
