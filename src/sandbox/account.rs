//! Account Management: an account's name and Regions; its contacts are in `contacts.rs`, its e-mail in
//! `email.rs`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::contacts;
use super::ec2::RegionFacts;
use super::email;
use super::iam::date;
use super::input::Input;
use super::token::Position;
use super::weather::Weather;
use super::wire::{Call, Outcome, Refusal};
use super::world::{Account, OptIn, World};
use crate::limits::LIMITS;

/// The service that needs trusted access before it changes members for the management account.
const PRINCIPAL: &str = "account.amazonaws.com";

/// AWS's largest page of Regions, and what a request without MaxResults gets.
const PAGE: usize = 50;

fn region(input: Input<'_>, world: &World) -> Result<&'static RegionFacts, Refusal> {
    let name = input.str("RegionName");
    world.facts(name).ok_or_else(|| validation(format!("Region name {name} is not valid")))
}

pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

pub(super) fn read(call: &Call, caller: &str, world: &World, now_ms: u64) -> Outcome {
    let input = call.input()?;
    let account = subject(input, caller, world)?;
    match call.operation.as_str() {
        "GetRegionOptStatus" => {
            let region = region(input, world)?;
            Ok(json!({ "RegionName": region.name, "RegionOptStatus": world.region_status(&account.id, region, now_ms) }))
        }
        "GetAlternateContact" => contacts::get_alternate(input, &account.id, world),
        "GetContactInformation" => contacts::get_primary(&account.id, world),
        "ListRegions" => list_regions(input, account, world, now_ms),
        _ => Ok(
            json!({ "AccountId": account.id, "AccountName": account.name, "AccountCreatedDate": date(account.joined_ms), "AccountState": account.state.as_str() }),
        ),
    }
}

fn list_regions(input: Input<'_>, account: &Account, world: &World, now_ms: u64) -> Outcome {
    let after = match input.get("NextToken") {
        None => String::new(),
        Some(token) => Position::read(token, "Regions").ok_or_else(|| validation("NextToken is not valid"))?.after,
    };
    let size = input.number("MaxResults")?.unwrap_or(PAGE);
    let wanted = input.texts("RegionOptStatusContains");
    let shown = world.all_regions().into_iter().map(|region| (region.name, world.region_status(&account.id, region, now_ms)));
    let mut shown = shown.filter(|(name, status)| *name > after.as_str() && (wanted.is_empty() || wanted.contains(status)));
    let page: Vec<_> = shown.by_ref().take(size).collect();
    let last = page.last().map(|(name, _)| (*name).to_owned()).unwrap_or_default();
    let next = shown.next().map(|_| Position { after: last, empty: 0 }.token("Regions"));
    let page: Value = page.into_iter().map(|(name, status)| json!({ "RegionName": name, "RegionOptStatus": status })).collect();
    Ok(json!({ "Regions": page, "NextToken": next }))
}

pub(super) fn write(call: &Call, caller: &str, world: &mut World, now_ms: u64, weather: &Weather) -> Outcome {
    let input = call.input()?;
    match call.operation.as_str() {
        "EnableRegion" => set_region(input, caller, world, OptIn { enabled: true, due_ms: now_ms + weather.region_ms }, now_ms),
        "DisableRegion" => set_region(input, caller, world, OptIn { enabled: false, due_ms: now_ms + weather.region_ms }, now_ms),
        "AcceptPrimaryEmailUpdate" => {
            let account = subject(input, caller, world)?.id.clone();
            email::accept(input, &account, world)
        }
        "StartPrimaryEmailUpdate" => {
            let account = subject(input, caller, world)?.id.clone();
            email::start(input, &account, world)
        }
        "PutAlternateContact" => {
            let account = subject(input, caller, world)?.id.clone();
            contacts::put_alternate(input, account, world)
        }
        "PutContactInformation" => {
            let account = subject(input, caller, world)?.id.clone();
            contacts::put_primary(input, account, world)
        }
        _ => put_name(input, caller, world),
    }
}

fn put_name(input: Input<'_>, caller: &str, world: &mut World) -> Outcome {
    let id = subject(input, caller, world)?.id.clone();
    if let Some(account) = world.accounts.get_mut(&id) {
        account.name = input.str("AccountName").to_owned();
    }
    Ok(Value::Null)
}

/// <https://docs.aws.amazon.com/accounts/latest/reference/API_EnableRegion.html>
fn set_region(input: Input<'_>, caller: &str, world: &mut World, wanted: OptIn, now_ms: u64) -> Outcome {
    let region = region(input, world)?;
    let account = subject(input, caller, world)?.id.clone();
    if !region.is_opt_in() {
        return Err(validation(format!("Region {} is enabled by default and cannot be enabled or disabled", region.name)));
    }
    let status = world.region_status(&account, region, now_ms);
    match (status, wanted.enabled) {
        ("ENABLED", true) | ("DISABLED", false) => return Ok(Value::Null),
        ("ENABLING" | "DISABLING", _) => {
            let message = format!("Region {} is {} in this account", region.name, status.to_lowercase());
            return Err(Refusal::new("ConflictException", message));
        }
        _ => {}
    }
    // https://docs.aws.amazon.com/accounts/latest/reference/quotas.html
    let quotas = &LIMITS.quotas;
    let all: usize = world.opt_ins.values().map(|said| in_flight(said, now_ms)).sum();
    let said = world.opt_ins.entry(account).or_default();
    if in_flight(said, now_ms) >= quotas.regions_of_account_in_flight || all >= quotas.regions_in_flight {
        let message = "Too many Regions are being enabled or disabled";
        return Err(Refusal::new("TooManyRequestsException", message));
    }
    said.insert(region.name.to_owned(), wanted);
    Ok(Value::Null)
}

fn in_flight(said: &BTreeMap<String, OptIn>, now_ms: u64) -> usize {
    said.values().filter(|said| said.due_ms > now_ms).count()
}

/// The account that a request is about: the caller's own, or a member of its organization when the organization trusts the service.
/// <https://docs.aws.amazon.com/accounts/latest/reference/API_PutAccountName.html>
fn subject<'w>(input: Input<'_>, caller: &str, world: &'w World) -> Result<&'w Account, Refusal> {
    let denied = |message: &str| Refusal::new("AccessDeniedException", message);
    let Some(id) = input.get("AccountId") else {
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
    // Most operations have no other error for an account that is no member: the models of botocore, 2026-11-30.
    world.accounts.get(id).ok_or_else(|| denied("The account is no member of the organization."))
}
