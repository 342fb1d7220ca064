//! Trusted services and their delegated administrators.

use serde_json::{Value, json};

use super::accounts::not_found;
use super::page::{map_keys, page};
use super::{Ask, Turn, all_features, constraint, invalid, timestamp};
use crate::limits::LIMITS;
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::{AccountState, Joined};

fn check_principal(principal: &str) -> Result<(), Refusal> {
    let known = principal.strip_suffix(".amazonaws.com").is_some_and(|name| !name.is_empty());
    if known { Ok(()) } else { Err(invalid("UNRECOGNIZED_SERVICE_PRINCIPAL", "You specified an unrecognized service principal.")) }
}

pub(super) fn list_trusted(ask: &Ask<'_>) -> Outcome {
    let services = &ask.world.trusted_services;
    let show = |principal| Some(json!({ "ServicePrincipal": principal, "DateEnabled": timestamp(*services.get(principal)?) }));
    page(ask, "EnabledServicePrincipals", |after| map_keys(services, after), show)
}

/// Enabling twice is no error, as with AWS.
pub(super) fn trust(turn: &mut Turn<'_>) -> Outcome {
    check_principal(turn.input.str("ServicePrincipal"))?;
    all_features(turn.world)?;
    turn.world.trusted_services.entry(turn.input.str("ServicePrincipal").to_owned()).or_insert(turn.now_ms);
    Ok(Value::Null)
}

pub(super) fn distrust(turn: &mut Turn<'_>) -> Outcome {
    check_principal(turn.input.str("ServicePrincipal"))?;
    let types = turn.world.organization.iter().flat_map(|organization| organization.policy_types.keys());
    let mut services = types.filter_map(|name| LIMITS.policy_type(name)?.trusted_service.as_ref());
    if services.any(|service| *service == turn.input.str("ServicePrincipal")) {
        let message = "You must disable the policy type of this service before you disable its trusted access.";
        return Err(constraint("POLICY_TYPE_ENABLED_FOR_THIS_SERVICE", message));
    }
    turn.world.trusted_services.remove(turn.input.str("ServicePrincipal"));
    Ok(Value::Null)
}

pub(super) fn register(turn: &mut Turn<'_>) -> Outcome {
    check_principal(turn.input.str("ServicePrincipal"))?;
    let account = turn.world.accounts.get(turn.input.str("AccountId")).ok_or_else(not_found)?;
    if account.id == turn.world.management_account {
        let message = "You attempted to register the management account of the organization as a delegated administrator.";
        return Err(constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", message));
    }
    if account.state != AccountState::Active {
        let message = "You attempted to register a suspended account as a delegated administrator.";
        return Err(constraint("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR", message));
    }
    if !turn.world.trusted_services.contains_key(turn.input.str("ServicePrincipal")) {
        let message = "You attempted to register a delegated administrator before you enabled service access. Call the EnableAWSServiceAccess API first.";
        return Err(constraint("SERVICE_ACCESS_NOT_ENABLED", message));
    }
    let services = turn.world.delegated_administrators.entry(turn.input.str("AccountId").to_owned()).or_default();
    if services.contains_key(turn.input.str("ServicePrincipal")) {
        let message = "The specified account is already a delegated administrator for this AWS service.";
        return Err(Refusal::new("AccountAlreadyRegisteredException", message));
    }
    services.insert(turn.input.str("ServicePrincipal").to_owned(), turn.now_ms);
    Ok(Value::Null)
}

pub(super) fn deregister(turn: &mut Turn<'_>) -> Outcome {
    if !turn.world.accounts.contains_key(turn.input.str("AccountId")) {
        return Err(not_found());
    }
    let services = turn.world.delegated_administrators.get_mut(turn.input.str("AccountId"));
    let Some(services) = services.filter(|services| services.contains_key(turn.input.str("ServicePrincipal"))) else {
        let message = "The specified account is not a delegated administrator for this AWS service.";
        return Err(Refusal::new("AccountNotRegisteredException", message));
    };
    services.remove(turn.input.str("ServicePrincipal"));
    if services.is_empty() {
        turn.world.delegated_administrators.remove(turn.input.str("AccountId"));
    }
    Ok(Value::Null)
}

pub(super) fn list_administrators(ask: &Ask<'_>) -> Outcome {
    let administrators = &ask.world.delegated_administrators;
    let show = |id: &str| {
        let services = administrators.get(id)?;
        let since = match ask.input.get("ServicePrincipal") {
            Some(principal) => *services.get(principal)?,
            None => *services.values().min()?,
        };
        let account = ask.world.accounts.get(id)?;
        Some(json!({
            "Id": account.id,
            "Arn": ask.world.arn("account", &account.id),
            "Email": account.email,
            "Name": account.name,
            "State": account.state.as_str(),
            "JoinedMethod": match account.joined { Joined::Created => "CREATED", Joined::Invited => "INVITED" },
            "JoinedTimestamp": timestamp(account.joined_ms),
            "DelegationEnabledDate": timestamp(since),
        }))
    };
    page(ask, "DelegatedAdministrators", |after| map_keys(administrators, after), show)
}

pub(super) fn list_for_account(ask: &Ask<'_>) -> Outcome {
    if !ask.world.accounts.contains_key(ask.input.str("AccountId")) {
        return Err(not_found());
    }
    let Some(services) = ask.world.delegated_administrators.get(ask.input.str("AccountId")) else {
        return Err(Refusal::new("AccountNotRegisteredException", "The specified account is not a delegated administrator."));
    };
    let show = |principal| Some(json!({ "ServicePrincipal": principal, "DelegationEnabledDate": timestamp(*services.get(principal)?) }));
    page(ask, "DelegatedServices", |after| map_keys(services, after), show)
}
