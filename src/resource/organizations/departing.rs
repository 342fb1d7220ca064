//! Accounts that are leaving or have left, on the live side of the diff: their live resource, and the findings about them before anything
//! is done. Pure.

use std::collections::BTreeMap;

use super::AccountAttributes;
use super::identity::Identity;
use super::leaving::Leaving;
use super::world::{Joined, Member, Wanted, World};
use crate::address::{Address, Reference};
use crate::limits::LIMITS;
use crate::resource::{Finding, FindingSeverity};

/// The live attributes of an account that is to leave: the only difference is that it still exists. Once it has been closed there is
/// none.
pub(super) fn attributes(wanted: &AccountAttributes, leaving: Leaving, live: &Member, parent: Reference) -> AccountAttributes {
    match leaving {
        Leaving::Closed if live.is_closed() => wanted.clone(),
        Leaving::Closed | Leaving::Removed => AccountAttributes { leaves: None, parent: Some(parent), ..wanted.clone() },
    }
}

/// Why it cannot leave this way, if it cannot.
pub(super) fn frozen(leaving: Leaving, live: &Member) -> Option<String> {
    match leaving {
        Leaving::Closed if live.is_closed() => None,
        Leaving::Closed => live.frozen().map(|why| format!("{why}, and AWS closes it only when it is not")),
        Leaving::Removed => live.frozen().map(|why| format!("{why}, and AWS does not remove such an account from an organization")),
    }
}

/// Why an account that is to stay cannot be used, if so, and what to do.
pub(super) fn way_out(live: &Member) -> Option<String> {
    let why = live.frozen()?;
    Some(match live.is_closed() {
        true => {
            format!("{why}: AWS's support can reopen it within 90 days; if it is to be closed, write `close = true` or remove its section")
        }
        false => format!("{why}: AWS's support can explain why"),
    })
}

/// What the user should know before accounts leave.
pub(super) fn findings(wanted: &Wanted, world: &World, identity: &Identity) -> Vec<Finding> {
    let leaves = |(address, account): (&Address, &AccountAttributes)| {
        let live = world.accounts.get(identity.id(address)?)?;
        Some((address.clone(), (account.leaves?, live))).filter(|_| live.frozen().is_none())
    };
    let leaving: BTreeMap<Address, (Leaving, &Member)> = wanted.accounts.iter().filter_map(leaves).collect();
    let removed = leaving.iter().filter(|(_, (how, _))| *how == Leaving::Removed);
    let management = identity.address(&world.management_account).filter(|address| leaving.contains_key(*address));
    if let Some(address) = management {
        let summary = "it is the management account and cannot be closed or removed: the organization ends with it".to_owned();
        return vec![Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary }];
    }
    let mut found: Vec<Finding> = removed.map(|(address, (_, live))| warning(address.to_string(), of_removal(live))).collect();
    let closing = leaving.values().filter(|(how, _)| *how == Leaving::Closed).count();
    if closing > 0 {
        found.push(warning("closing accounts".to_owned(), of_closings(closing, world)));
    }
    found
}

fn warning(subject: String, summary: String) -> Finding {
    Finding { severity: FindingSeverity::Warning, subject, summary }
}

/// For 90 days AWS lists closed accounts without the date: all of them may be of the last 30 days.
fn of_closings(closing: usize, world: &World) -> String {
    let members = world.accounts.keys().filter(|id| **id != world.management_account).count();
    let most = LIMITS.quotas.close_account_in_30_days.of(members);
    let closed = world.accounts.values().filter(|account| account.is_closed()).count();
    let at_once = LIMITS.quotas.close_account_in_flight;
    let told = format!(
        "AWS closes {at_once} at a time and at most {most} in 30 days: {closing} to be closed now, {closed} closed in the last 90 days or being \
         closed"
    );
    match (closing + closed).checked_sub(most).filter(|over| *over > 0) {
        Some(over) => format!("{told}; up to {} may have to wait for a later run", over.min(closing)),
        None => told,
    }
}

fn of_removal(live: &Member) -> String {
    let when = match &live.joined {
        Joined::Invited | Joined::Unknown => String::new(),
        Joined::Created { may_leave } => {
            let from = may_leave.as_ref().map(|time| format!(" from {time} on, and")).unwrap_or_default();
            format!("; the organization created it, so AWS lets it go{from} only once it has a payment method of its own")
        }
    };
    format!(
        "it leaves every guardrail and the common bill, and its tags are lost; what is in it stays as it is: its VPCs, peerings and \
         attachments, and the access role, which trusts the management account{when}"
    )
}
