//! Accounts that leave: closed (asynchronously), or removed.

use serde_json::Value;

use super::accounts::not_found;
use super::{Turn, all_features, constraint};
use crate::limits::LIMITS;
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::{AccountState, Joined};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html>. Its text leaves open what a second request gets
/// while the first is worked on: a ConflictException is taken from its list of errors.
pub(super) fn close(turn: &mut Turn<'_>) -> Outcome {
    all_features(turn.world)?;
    let account = turn.world.accounts.get(turn.input.str("AccountId")).ok_or_else(not_found)?;
    if account.id == turn.world.management_account {
        return Err(constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "You attempted to close the management account."));
    }
    match account.state {
        AccountState::Active | AccountState::PendingActivation => {}
        AccountState::PendingClosure => {
            let message = "The request failed because it conflicts with the current state of the specified resource.";
            return Err(Refusal::new("ConflictException", message));
        }
        AccountState::Suspended | AccountState::Closed => {
            return Err(Refusal::new("AccountAlreadyClosedException", "You attempted to close an account that is already closed."));
        }
    }
    let quotas = &LIMITS.quotas;
    let members = turn.world.accounts.len().saturating_sub(1);
    let most = turn.weather.closing_quota.unwrap_or_else(|| quotas.close_account_in_30_days.of(members));
    if turn.world.closings_since(turn.now_ms.saturating_sub(30 * DAY_MS)) >= most {
        return Err(constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED", "You have exceeded close account quota for the past 30 days."));
    }
    if turn.world.closings_in_progress() >= quotas.close_account_in_flight {
        let message = "You attempted to exceed the number of accounts that you can close at a time.";
        return Err(constraint("CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED", message));
    }
    turn.world.begin_closing(turn.input.str("AccountId"), turn.now_ms, turn.now_ms + turn.weather.close_account_ms);
    turn.world.settle(turn.now_ms, turn.weather.emails());
    Ok(Value::Null)
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_RemoveAccountFromOrganization.html>.
pub(super) fn remove(turn: &mut Turn<'_>) -> Outcome {
    let world = &turn.world;
    let account = world.accounts.get(turn.input.str("AccountId")).ok_or_else(not_found)?;
    if account.id == world.management_account {
        let message = "You can't remove a management account from an organization.";
        return Err(Refusal::new("MasterCannotLeaveOrganizationException", message));
    }
    if world.delegated_administrators.get(&account.id).is_some_and(|services| !services.is_empty()) {
        let message = "You attempted to remove an account that is registered as a delegated administrator.";
        return Err(constraint("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG", message));
    }
    if account.joined == Joined::Created {
        if turn.now_ms < account.joined_ms + u64::from(LIMITS.quotas.created_account_stays_days) * DAY_MS {
            let message = "After you create an AWS account, you must wait until at least four days after the account was created.";
            return Err(constraint("WAIT_PERIOD_ACTIVE", message));
        }
        if !world.standalone.contains(&account.id) {
            let message = "You first must associate a valid payment instrument, such as a credit card, with the account.";
            return Err(constraint("MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED", message));
        }
    }
    turn.world.remove_account(turn.input.str("AccountId"));
    Ok(Value::Null)
}
