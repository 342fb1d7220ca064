//! `overlord doctor`: checks whether the credentials, the organization and its accounts let overlord do its work.
//!
//! The checks run in order, each with what to do about a failure. Nothing is written. A check whose precondition failed is left out: the
//! earlier check says why. [`crate::permissions`] lists the permissions that overlord needs.

mod access;
mod quotas;

pub use quotas::{InUse, in_use};

use serde::Serialize;

use crate::aws::{Error, Sessions};
use crate::config::Quotas;
use crate::resource::organizations::{self, Account, Facts, InvitationState, PolicyType, TrustedService, handshakes};
use crate::resource::{Desired, Kind, Live};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All is well.
    Well,
    /// Something to know, which `apply` sees to or which does no harm.
    Note,
    /// Something prevents a run.
    Wrong,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it came out.
    pub state: State,
    /// One line.
    pub summary: String,
    /// A line for each of several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Check {
    fn new(name: &'static str, state: State, summary: impl Into<String>) -> Self {
        Self { name, state, summary: summary.into(), details: Vec::new(), hint: None }
    }

    fn well(name: &'static str, summary: impl Into<String>) -> Self {
        Self::new(name, State::Well, summary)
    }

    fn wrong(name: &'static str, summary: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(name, State::Wrong, summary).hint(hint)
    }

    fn failed(name: &'static str, error: &Error) -> Self {
        Self { hint: error.hint(), ..Self::new(name, State::Wrong, error.to_string()) }
    }

    fn details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Seconds that our clock may be off before it is worth a word. AWS takes 300.
const SKEW_TO_TELL: u64 = 30;
/// Seconds from which AWS refuses what is signed.
const SKEW_REFUSED: u64 = 300;

/// The source of the time in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// AWS's.
    Real,
    /// An emulator's own: the sandbox's stands while nobody asks it anything.
    Emulated,
}

/// Runs all checks. `quotas` are the limits that hold.
pub async fn examine(sessions: &Sessions, desired: &Desired, quotas: &Quotas, time: Time) -> Vec<Check> {
    let mut checks = Vec::new();
    if credentials(sessions, desired, &mut checks).await {
        organization(sessions, desired, quotas, &mut checks).await;
    }
    checks.push(match time {
        Time::Real => clock(sessions.request_gate().clock_skew()),
        Time::Emulated => Check::well("clock", "an emulator keeps a time of its own"),
    });
    checks
}

/// Whether they are those of the management account.
async fn credentials(sessions: &Sessions, desired: &Desired, checks: &mut Vec<Check>) -> bool {
    let identity = match sessions.identity().await {
        Ok(identity) => identity,
        Err(error) => {
            checks.push(Check::failed("credentials", &error));
            return false;
        }
    };
    checks.push(match identity.arn.ends_with(":root") {
        true => Check::wrong(
            "credentials",
            format!("`{}` is a root user, and AWS lets no root user assume a role", identity.arn),
            "use credentials of a role or an Identity Center user of the management account (--profile)",
        ),
        false => Check::well("credentials", identity.arn),
    });
    match sessions.guard(&desired.management_account).await {
        Ok(()) => {
            checks.push(Check::well("management account", identity.account));
            true
        }
        Err(error) => {
            checks.push(Check::failed("management account", &error));
            false
        }
    }
}

async fn organization(sessions: &Sessions, desired: &Desired, quotas: &Quotas, checks: &mut Vec<Check>) {
    let read = organizations::read(sessions, desired, |_, _| ()).await;
    let read = read.and_then(|reading| Ok((reading.bind(desired)?, reading.facts())));
    let (live, facts) = match read {
        Ok((live, Some(facts))) => (live, facts),
        Ok((_, None)) => {
            checks.push(Check::new("organization", State::Note, "none yet: `overlord apply` creates it"));
            return;
        }
        Err(error) => {
            checks.push(Check::failed("organization", &error));
            return;
        }
    };
    checks.push(match facts.feature_set.as_str() {
        "ALL" => Check::well("organization", format!("root {}, all features", facts.root)),
        _ => Check::new("organization", State::Note, "it has only consolidated billing: `overlord apply` enables all features"),
    });
    checks.push(access::check(sessions, desired, &live).await);
    checks.push(policy_types(desired, &facts));
    checks.push(trusted_services(desired, &facts));
    let open = match handshakes::invitations(sessions).await {
        Ok(invitations) => invitations.values().filter(|invitation| invitation.state == InvitationState::Open).count(),
        Err(error) => {
            let summary = format!("open invitations count as accounts, but could not be read:  {error}");
            checks.push(Check { state: State::Note, summary, ..Check::failed("invitations", &error) });
            0
        }
    };
    checks.extend(quotas::check(desired, &live, &facts, quotas, open));
}

/// The keys of a kind in the configuration.
fn declared<K: Kind>(desired: &Desired) -> impl Iterator<Item = &str> {
    desired.resources.keys().filter(|address| K::has(address)).map(|address| address.key())
}

fn policy_types(desired: &Desired, facts: &Facts) -> Check {
    let wanted: Vec<&str> = declared::<PolicyType>(desired).collect();
    let status = |name: &&str| facts.policy_types.get(*name).map(String::as_str);
    let off: Vec<String> = wanted.iter().filter(|name| status(name) != Some("ENABLED")).map(|name| told(name, status(name))).collect();
    match off.is_empty() {
        true => Check::well("policy types", format!("{} of {} enabled", wanted.len(), wanted.len())),
        false => Check::new(
            "policy types",
            State::Note,
            format!("{} of {} enabled; `overlord apply` enables the rest", wanted.len() - off.len(), wanted.len()),
        )
        .details(off),
    }
}

fn told(name: &str, status: Option<&str>) -> String {
    match status {
        Some(status) => format!("{name}: {status}"),
        None => format!("{name}: not enabled"),
    }
}

fn trusted_services(desired: &Desired, facts: &Facts) -> Check {
    let wanted: Vec<&str> = declared::<TrustedService>(desired).collect();
    let missing: Vec<String> = wanted
        .iter()
        .filter(|service| !facts.trusted_services.contains(**service))
        .map(|service| format!("{service}: not trusted"))
        .collect();
    match missing.is_empty() {
        true => Check::well("trusted services", format!("{} of {} trusted", wanted.len(), wanted.len())),
        false => Check::new(
            "trusted services",
            State::Note,
            format!("{} of {} trusted; `overlord apply` trusts the rest", wanted.len() - missing.len(), wanted.len()),
        )
        .details(missing),
    }
}

fn clock(skew: Option<i64>) -> Check {
    let Some(skew) = skew else { return Check::new("clock", State::Note, "no AWS response had a `Date` header") };
    let (off, way) = (skew.unsigned_abs(), if skew > 0 { "behind" } else { "ahead of" });
    let summary = format!("this computer's clock is {off} s {way} AWS's");
    let hint = "set it by a time server (NTP): AWS refuses requests signed with a clock that is more than five minutes off";
    match off {
        0..SKEW_TO_TELL => Check::well("clock", "this computer's clock agrees with AWS's"),
        SKEW_TO_TELL..SKEW_REFUSED => Check::new("clock", State::Note, summary).hint(hint),
        _ => Check::wrong("clock", summary, hint),
    }
}

/// The accounts of the configuration that are there and can be used, by key, with their ids.
fn open_accounts(live: &Live) -> impl Iterator<Item = (&str, &str)> {
    let accounts = live.resources.iter().filter(|(address, account)| Account::has(address) && account.frozen.is_none());
    accounts.filter_map(|(address, account)| Some((address.key(), account.id.as_deref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_told_when_it_matters() {
        let states = [None, Some(0), Some(2), Some(-29), Some(31), Some(-299), Some(300), Some(-3600)].map(|skew| clock(skew).state);
        use State::{Note, Well, Wrong};
        assert_eq!(states, [Note, Well, Well, Well, Note, Note, Wrong, Wrong]);
        assert!(clock(Some(400)).summary.contains("400 s behind") && clock(Some(-400)).summary.contains("400 s ahead"));
    }
}
