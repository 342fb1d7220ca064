//! The quarantine OU: a new account waits there until its guardrails are attached. Pure.
//!
//! With a quarantine OU, the change that brings an account into the organization ends there. A separate change, a `placement`, then moves
//! the account to its OU in org.toml, after the guardrails of that OU and of the account are attached. If a run was interrupted in
//! between, the next run continues from where the account is.

use crate::address::Reference;
use crate::change::{Action, Change};
use crate::resource::organizations::{Account, Placement, PlacementAttributes, PolicyAttachments, leaving, organization_address};
use crate::resource::{self, Desired, Kind, Live, untyped};

use super::reason;

/// Replaces each change that would bring a new account directly to its OU by 2 changes.
pub(super) fn through(changes: Vec<Change>, desired: &Desired, live: &Live) -> Vec<Change> {
    let Some(quarantine) = desired.quarantine.clone().map(Reference::Address) else { return changes };
    let mut split = Vec::with_capacity(changes.len());
    for change in changes {
        match newcomer(&change, &quarantine, live) {
            Some(to) => split.extend(in_two(change, &quarantine, to)),
            None => split.push(change),
        }
    }
    split
}

/// The OU of a new account. It is created now, or an earlier run was interrupted: then it is in the quarantine OU, or still in the root
/// with overlord's tag. Any other account in the root may be in use: it is moved at once, as from any other place.
fn newcomer(change: &Change, quarantine: &Reference, live: &Live) -> Option<Reference> {
    let after = change.after.as_ref().filter(|after| Account::has(&change.address) && leaving(after).is_none())?;
    let to = resource::reference(after, "parent").filter(|to| to != quarantine)?;
    let is_new = match (change.action, &change.before) {
        (Action::Create, _) => true,
        (_, Some(before)) if change.changes("parent") => {
            let from = resource::reference(before, "parent")?;
            let ours = live.resources.get(&change.address).is_some_and(|account| account.ours == Some(true));
            from == *quarantine || (ours && from == Reference::Address(organization_address()))
        }
        (_, Some(_) | None) => false,
    };
    is_new.then_some(to)
}

/// The account's own change, if anything is left of it, and its placement.
fn in_two(mut change: Change, quarantine: &Reference, to: Reference) -> Vec<Change> {
    let account = change.address.clone();
    let placed = |parent: Reference| {
        let guard = PolicyAttachments::address(account.to_string()).into();
        untyped(&PlacementAttributes { guard, parent, target: account.clone().into() })
    };
    let mut placement = Change {
        address: Placement::address(account.key()),
        action: Action::Move,
        reason: Default::default(),
        id: change.id.clone(),
        before: Some(placed(quarantine.clone())),
        after: Some(placed(to)),
        calls: Vec::new(),
        waits_for: Vec::new(),
    };
    explain(&mut placement);
    change.after = change.after.map(|after| after.with("parent", serde_json::json!(quarantine)));
    if change.action == Action::Create {
        return vec![change, placement];
    }
    let differs = change.attributes();
    if differs.is_empty() {
        return vec![placement];
    }
    if change.action == Action::Move && !differs.iter().any(|attribute| attribute.name == "parent") {
        change.action = Action::Update;
    }
    explain(&mut change);
    vec![change, placement]
}

fn explain(change: &mut Change) {
    if let Some(spec) = resource::spec(&change.address) {
        change.reason = reason::of_change(change.action, spec, &change.attributes()).into();
    }
}
