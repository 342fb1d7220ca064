//! The current usage of AWS's quotas, and what a run would add. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Check, State};
use crate::config::Quotas;
use crate::limits::LIMITS;
use crate::resource::organizations::{Account, Facts, OrganizationalUnit, Policy};
use crate::resource::{Desired, Kind, Live};

/// How much of a quota is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InUse {
    /// Of what: `accounts`.
    pub quota: String,
    /// What is used.
    pub used: usize,
    /// What is on its way or to be made.
    pub to_come: usize,
    /// The most that there may be.
    pub most: usize,
    /// Where it is: of what is counted in several places, the one with the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl InUse {
    /// Whether it is more than may be.
    fn is_exceeded(&self) -> bool {
        self.used + self.to_come > self.most
    }
}

/// The quotas of the organization that can be counted: AWS does not say when accounts were closed. `invitations` are the open ones.
pub fn in_use(desired: &Desired, live: &Live, facts: &Facts, quotas: &Quotas, invitations: usize) -> Vec<InUse> {
    let attached = facts.most_attached.iter().filter_map(|(policy_type, (count, target))| {
        let (quota, most) = (format!("policies attached to one target ({})", short(policy_type)), quotas.types.get(policy_type)?.attached);
        Some(InUse { quota, used: *count, to_come: 0, most, at: Some(target.clone()) })
    });
    let documents = largest_documents(desired).into_iter().filter_map(|(policy_type, (size, policy))| {
        let (quota, most) = (format!("characters of one policy ({})", short(&policy_type)), quotas.types.get(&policy_type)?.size);
        Some(InUse { quota, used: size, to_come: 0, most, at: Some(policy) })
    });
    let counts = [accounts_in_use(desired, live, facts, quotas, invitations), units_in_use(desired, live, facts, quotas)];
    counts.into_iter().chain(attached).chain(documents).collect()
}

/// `invitations` are the open ones.
pub(super) fn check(desired: &Desired, live: &Live, facts: &Facts, quotas: &Quotas, invitations: usize) -> Vec<Check> {
    vec![
        accounts(desired, live, facts, quotas, invitations),
        units(desired, live, facts, quotas),
        closings(facts),
        attached(facts, quotas),
        documents(desired, quotas),
    ]
}

/// How many of a kind are to be made.
fn to_make<K: Kind>(desired: &Desired, live: &Live) -> usize {
    desired.resources.keys().filter(|address| K::has(address) && !live.resources.contains_key(address)).count()
}

/// Closed accounts count until AWS forgets them, 90 days later, and so does an invitation for as long as it is open.
fn accounts_in_use(desired: &Desired, live: &Live, facts: &Facts, quotas: &Quotas, invitations: usize) -> InUse {
    let to_come = invitations + to_make::<Account>(desired, live);
    InUse { quota: "accounts".to_owned(), used: facts.accounts.len(), to_come, most: quotas.accounts, at: None }
}

fn accounts(desired: &Desired, live: &Live, facts: &Facts, quotas: &Quotas, invitations: usize) -> Check {
    let in_use = accounts_in_use(desired, live, facts, quotas, invitations);
    let new = in_use.to_come - invitations;
    let mut summary = format!("{} of {} in use", in_use.used, in_use.most);
    if invitations > 0 {
        summary += &format!(", {invitations} invited");
    }
    if new > 0 {
        summary += &format!(", {new} to be created");
    }
    match in_use.is_exceeded() {
        true => Check::wrong(
            "accounts",
            summary,
            "raise \"Default maximum number of accounts\" in Service Quotas (us-east-1, AWS Organizations), and say so in `[limits]`: `accounts`",
        ),
        false => Check::well("accounts", summary),
    }
}

fn units_in_use(desired: &Desired, live: &Live, facts: &Facts, quotas: &Quotas) -> InUse {
    let to_come = to_make::<OrganizationalUnit>(desired, live);
    InUse { quota: "organizational units".to_owned(), used: facts.units, to_come, most: quotas.ous, at: None }
}

fn units(desired: &Desired, live: &Live, facts: &Facts, quotas: &Quotas) -> Check {
    let in_use = units_in_use(desired, live, facts, quotas);
    let summary = format!("{} of {} in use, {} to be created", in_use.used, in_use.most, in_use.to_come);
    match in_use.is_exceeded() {
        true => Check::wrong("organizational units", summary, "use fewer, or have AWS raise the quota and say so in `[limits]`: `ous`"),
        false => Check::well("organizational units", summary),
    }
}

/// AWS does not say when an account was closed: those that it still lists are from the last 90 days.
fn closings(facts: &Facts) -> Check {
    let closed = facts.accounts.values().filter(|state| ["CLOSED", "SUSPENDED", "PENDING_CLOSURE"].contains(&state.as_str())).count();
    let most = LIMITS.quotas.close_account_in_30_days.of(facts.accounts.len().saturating_sub(1));
    let summary = format!("{closed} of the accounts are closed or closing; AWS closes {most} in any 30 days");
    match closed >= most {
        true => {
            Check::new("closings", State::Note, summary).hint("AWS may refuse to close more for up to 30 days: those closings stay pending")
        }
        false => Check::well("closings", summary),
    }
}

/// The target with the most, of each type.
fn attached(facts: &Facts, quotas: &Quotas) -> Check {
    let most = |policy_type: &str| quotas.types.get(policy_type).map(|limits| limits.attached);
    let full: Vec<String> = facts
        .most_attached
        .iter()
        .filter_map(|(policy_type, (count, target))| {
            let most = most(policy_type)?;
            (*count > most).then(|| format!("{policy_type}: {count} at {target}, and the limit is {most}"))
        })
        .collect();
    let summary = facts
        .most_attached
        .iter()
        .filter_map(|(policy_type, (count, _))| Some(format!("{} {count} of {}", short(policy_type), most(policy_type)?)));
    let summary: Vec<String> = summary.collect();
    match full.is_empty() {
        true if summary.is_empty() => Check::well("policies per target", "none are attached"),
        true => Check::well("policies per target", format!("at most {}", summary.join(", "))),
        // AWS let them be attached: it is our figure that is out of date.
        false => Check::new("policies per target", State::Note, "more than the limit that overlord assumes")
            .details(full)
            .hint("AWS has raised the quota: say so in `[limits.policy.<type>]`: `attached`"),
    }
}

/// The largest document of each type, with the key of its policy; `validate` has held them to the limits.
fn largest_documents(desired: &Desired) -> BTreeMap<String, (usize, String)> {
    let mut largest: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (address, attributes) in desired.resources.iter().filter(|(address, _)| Policy::has(address)) {
        let size = attributes.get("content").map_or(0, |content| content.to_string().chars().count());
        let policy_type = match attributes.reference("policy_type") {
            Some(crate::address::Reference::Address(policy_type)) => policy_type.key().to_owned(),
            Some(crate::address::Reference::Id(_)) | None => address.key().to_owned(),
        };
        let most = largest.entry(policy_type).or_default();
        if size > most.0 {
            *most = (size, address.key().to_owned());
        }
    }
    largest
}

fn documents(desired: &Desired, quotas: &Quotas) -> Check {
    let largest = largest_documents(desired);
    let told = largest.iter().filter_map(|(name, (size, _))| Some(format!("{} {size} of {}", short(name), quotas.types.get(name)?.size)));
    let told: Vec<String> = told.collect();
    match told.is_empty() {
        true => Check::well("document sizes", "org.toml has no policies"),
        false => Check::well("document sizes", format!("at most {} characters", told.join(", "))),
    }
}

/// As org.toml calls a type.
fn short(policy_type: &str) -> &str {
    LIMITS.policy_type(policy_type).map_or(policy_type, |spec| spec.short.as_str())
}
