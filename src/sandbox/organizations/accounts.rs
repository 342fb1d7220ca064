//! Accounts: listing, creating (asynchronously), moving.

use serde_json::{Value, json};

use super::page::{map_keys, page, set_keys};
use super::tags::checked_tags;
use super::{Ask, Turn, constraint, timestamp};
use crate::limits::LIMITS;
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::{ACCESS_ROLE, Account, Creation, CreationOutcome, Joined, World};

pub(super) fn not_found() -> Refusal {
    Refusal::new("AccountNotFoundException", "You specified an account that doesn't exist.")
}

pub(super) fn show(world: &World, account: &Account) -> Value {
    // AWS took `Status` away on 2026-09-09: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>.
    json!({
        "Id": account.id,
        "Arn": world.arn("account", &account.id),
        "Name": account.name,
        "Email": account.email,
        "State": account.state.as_str(),
        "Paths": [world.path(account.parent.as_deref().unwrap_or_default(), &account.id)],
        "JoinedMethod": match account.joined { Joined::Created => "CREATED", Joined::Invited => "INVITED" },
        "JoinedTimestamp": timestamp(account.joined_ms),
    })
}

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let account = ask.world.accounts.get(ask.input.str("AccountId")).ok_or_else(not_found)?;
    Ok(json!({ "Account": show(ask.world, account) }))
}

pub(super) fn list(ask: &Ask<'_>) -> Outcome {
    let accounts = &ask.world.accounts;
    page(ask, "Accounts", |after| map_keys(accounts, after), |id| Some(show(ask.world, accounts.get(id)?)))
}

pub(super) fn list_for_parent(ask: &Ask<'_>) -> Outcome {
    super::units::parent_exists(ask.world, ask.input.str("ParentId"))?;
    let accounts = ask.world.accounts_of(ask.input.str("ParentId"));
    page(ask, "Accounts", |after| set_keys(accounts, after), |id| Some(show(ask.world, ask.world.accounts.get(id)?)))
}

/// Accepts a creation. Whether the e-mail is taken shows only in its status, as with AWS.
pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let quotas = &LIMITS.quotas;
    let tags = checked_tags(&[], turn.input)?;
    if turn.world.creations_in_progress() >= quotas.create_account_in_flight {
        return Err(constraint("ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED", "Too many account creations are in progress at a time."));
    }
    // Closed accounts count until they leave the organization.
    let counted = turn.world.accounts.len() + turn.world.creations_in_progress();
    if counted >= turn.weather.account_quota.unwrap_or(quotas.accounts) {
        let message = "You have exceeded the allowed number of AWS accounts.";
        return Err(constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED", message));
    }
    let creation = Creation {
        id: format!("car-{}", turn.world.fresh(32)),
        name: turn.input.str("AccountName").to_owned(),
        email: turn.input.str("Email").to_owned(),
        role: turn.input.get("RoleName").unwrap_or(ACCESS_ROLE).to_owned(),
        tags,
        requested_ms: turn.now_ms,
        due_ms: turn.now_ms + turn.weather.create_account_ms,
        outcome: CreationOutcome::InProgress,
    };
    let id = creation.id.clone();
    turn.world.put_creation(creation);
    // AWS itself always answers IN_PROGRESS. In calm weather it is over at once: else each account that is created here would cost two seconds of
    // real time, since a client rightly waits before its first poll. `create-account=1` answers as AWS does.
    turn.world.settle(turn.now_ms, turn.weather.emails());
    Ok(json!({ "CreateAccountStatus": turn.world.creations.get(&id).map(show_creation) }))
}

fn state_of(creation: &Creation) -> &'static str {
    match creation.outcome {
        CreationOutcome::InProgress => "IN_PROGRESS",
        CreationOutcome::Succeeded(_) => "SUCCEEDED",
        CreationOutcome::Failed(_) => "FAILED",
    }
}

fn show_creation(creation: &Creation) -> Value {
    let mut shown = json!({
        "Id": creation.id,
        "AccountName": creation.name,
        "State": state_of(creation),
        "RequestedTimestamp": timestamp(creation.requested_ms),
    });
    if let Value::Object(fields) = &mut shown {
        match &creation.outcome {
            CreationOutcome::InProgress => return shown,
            CreationOutcome::Succeeded(account) => fields.insert("AccountId".to_owned(), account.as_str().into()),
            CreationOutcome::Failed(reason) => fields.insert("FailureReason".to_owned(), reason.as_str().into()),
        };
        fields.insert("CompletedTimestamp".to_owned(), timestamp(creation.due_ms));
    }
    shown
}

pub(super) fn describe_creation(ask: &Ask<'_>) -> Outcome {
    let Some(creation) = ask.world.creations.get(ask.input.str("CreateAccountRequestId")) else {
        let message = "We can't find a create account request with the CreateAccountRequestId that you specified.";
        return Err(Refusal::new("CreateAccountStatusNotFoundException", message));
    };
    Ok(json!({ "CreateAccountStatus": show_creation(creation) }))
}

pub(super) fn list_creations(ask: &Ask<'_>) -> Outcome {
    let (creations, states) = (&ask.world.creations, ask.input.texts("States"));
    let wanted = |creation: &&Creation| states.is_empty() || states.contains(&state_of(creation));
    page(ask, "CreateAccountStatuses", |after| map_keys(creations, after), |id| creations.get(id).filter(wanted).map(show_creation))
}

pub(super) fn move_to(turn: &mut Turn<'_>) -> Outcome {
    let account = turn.world.accounts.get(turn.input.str("AccountId")).ok_or_else(not_found)?;
    if !turn.world.is_parent(turn.input.str("DestinationParentId")) {
        let message = "We can't find the destination container (a root or OU) with the ParentId that you specified.";
        return Err(Refusal::new("DestinationParentNotFoundException", message));
    }
    if account.parent.as_deref() == Some(turn.input.str("DestinationParentId")) {
        return Err(Refusal::new("DuplicateAccountException", "That account is already present in the specified destination."));
    }
    if account.parent.as_deref() != Some(turn.input.str("SourceParentId")) {
        let message = "We can't find a source root or OU with the ParentId that you specified.";
        return Err(Refusal::new("SourceParentNotFoundException", message));
    }
    turn.world.set_parent(turn.input.str("AccountId"), turn.input.str("DestinationParentId"));
    Ok(Value::Null)
}
