//! Account Management: an account's name.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::journal::Effect;
use super::wire::{Call, Outcome, Refusal};
use super::world::{Account, World};

/// The service that needs trusted access before it changes members for the management account.
const PRINCIPAL: &str = "account.amazonaws.com";

/// Whether an operation writes; `None` when the sandbox does not serve it.
pub(super) fn effect(operation: &str) -> Option<Effect> {
    match operation {
        "GetAccountInformation" => Some(Effect::Read),
        "PutAccountName" => Some(Effect::Write),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    account_id: Option<String>,
    account_name: Option<String>,
}

impl Input {
    fn of(call: &Call) -> Result<Self, Refusal> {
        let input = call.input.as_ref().map_err(Clone::clone)?;
        Self::deserialize(input).map_err(|error| validation(error.to_string()))
    }
}

fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

pub(super) fn read(call: &Call, caller: &str, world: &World) -> Outcome {
    let account = subject(&Input::of(call)?, caller, world)?;
    Ok(json!({ "AccountId": account.id, "AccountName": account.name }))
}

pub(super) fn write(call: &Call, caller: &str, world: &mut World) -> Outcome {
    let input = Input::of(call)?;
    let Some(name) = input.account_name.clone().filter(|name| (1..=50).contains(&name.chars().count())) else {
        return Err(validation("AccountName must have 1 to 50 characters"));
    };
    let id = subject(&input, caller, world)?.id.clone();
    if let Some(account) = world.accounts.get_mut(&id) {
        account.name = name;
    }
    Ok(Value::Null)
}

/// The account that a request is about: the caller's own, or a member of its organization when the organization trusts the service.
/// <https://docs.aws.amazon.com/accounts/latest/reference/API_PutAccountName.html>
fn subject<'w>(input: &Input, caller: &str, world: &'w World) -> Result<&'w Account, Refusal> {
    let denied = |message: &str| Refusal::new("AccessDeniedException", message).status(StatusCode::FORBIDDEN);
    let Some(id) = &input.account_id else {
        return world.accounts.get(caller).ok_or_else(|| denied("the caller's account is unknown to the sandbox"));
    };
    if caller != world.management_account {
        return Err(denied("Only the management account and delegated administrators may name another account."));
    }
    if id == caller {
        return Err(validation("The management account can't specify its own AccountId; call the operation without it."));
    }
    if !world.trusted_services.contains_key(PRINCIPAL) {
        return Err(denied("The organization has not enabled trusted access for account.amazonaws.com."));
    }
    let not_found =
        || Refusal::new("ResourceNotFoundException", "The account is no member of the organization.").status(StatusCode::NOT_FOUND);
    world.accounts.get(id).ok_or_else(not_found)
}
