//! A plan for a part of the organization (`--account`, `--ou`, `--only`). Changes that are not selected are left out. A selected change
//! that needs one of them is an error in the plan.

use std::collections::BTreeMap;

use super::{Action, Change};
use crate::address::{Address, Reference};
use crate::resource::{self, Desired, Finding, FindingSeverity, Live, PolicyRole};
use crate::{diff, graph};

/// Removes changes that are not selected. A selected change may need a removed one, or delete something that an unselected resource still
/// uses: both are errors in the plan.
pub(super) fn changes(difference: &mut diff::Difference, known: &mut Vec<Finding>, asked: &Desired, live: &Live) {
    let selection = &asked.selection;
    let concerns = |finding: &Finding| finding.subject.parse().map_or(true, |address| selection.selects(&address));
    let unguarded = unguarded(&difference.changes, asked);
    difference.findings.extend(unguarded);
    difference.changes.retain(|change| selection.selects(&change.address));
    difference.findings.retain(concerns);
    known.retain(concerns);
    for change in difference.changes.iter().filter(|change| change.action != Action::Delete) {
        let account = change.address.account().map(resource::account_address);
        let needed = change.after.iter().flat_map(resource::references).chain(account);
        let missing = |address: &Address| {
            !selection.selects(address) && asked.resources.contains_key(address) && !live.resources.contains_key(address)
        };
        difference.findings.extend(needed.filter(missing).map(|address| Finding {
            severity: FindingSeverity::Error,
            subject: change.address.to_string(),
            summary: format!(
                "needs `{address}`, which is not there yet and not selected: select it too, or leave `--account`, `--ou` and `--only` out"
            ),
        }));
    }
    difference.findings.extend(still_used(&difference.changes, asked, live));
}

/// Selected accounts that would move to a place with pending guardrail changes that are not selected: guardrails go first.
fn unguarded(changes: &[Change], asked: &Desired) -> Vec<Finding> {
    let is_guard = |change: &&Change| resource::spec(&change.address).is_some_and(|spec| spec.guards_target);
    let left_out = changes.iter().filter(|change| !asked.selection.selects(&change.address)).filter(is_guard);
    let target = |change: &Change| match resource::reference(change.after.as_ref()?, "target")? {
        Reference::Address(target) => Some(target),
        Reference::Id(_) => None,
    };
    let guards: BTreeMap<Address, &Address> = left_out.filter_map(|change| Some((target(change)?, &change.address))).collect();
    let arrives = |change: &&Change| {
        let role = resource::policy_role(&change.address);
        matches!(role, PolicyRole::Account | PolicyRole::Placement) && (change.action == Action::Create || change.changes("parent"))
    };
    let mut found = Vec::new();
    for change in changes.iter().filter(|change| asked.selection.selects(&change.address)).filter(arrives) {
        let above = change.after.as_ref().map(|after| graph::places_above(after, |place| asked.resources.get(place))).unwrap_or_default();
        for guard in above.iter().filter_map(|place| guards.get(place)) {
            let summary = format!(
                "it would come under guardrails that are not yet what org.toml says: select `{guard}` too, or leave `--account`, `--ou` \
                 and `--only` out"
            );
            found.push(Finding { severity: FindingSeverity::Error, subject: change.address.to_string(), summary });
        }
    }
    found
}

/// Selected deletions of a resource that an unselected live resource refers to: AWS deletes a NAT gateway without a warning even if
/// routes use it.
fn still_used(changes: &[Change], asked: &Desired, live: &Live) -> Vec<Finding> {
    let deleted = changes.iter().filter(|change| change.action == Action::Delete);
    // References to a replaced resource still use its address.
    let replaced: BTreeMap<_, _> = changes.iter().filter(|c| c.action == Action::Replace).map(|c| (&c.id, c.address.clone())).collect();
    let by_reference: BTreeMap<Reference, &Change> = deleted
        .flat_map(|change| {
            let former = replaced.get(&change.id).cloned().map(Reference::Address);
            [Some(Reference::Address(change.address.clone())), former, change.id.clone().map(Reference::Id)]
                .into_iter()
                .flatten()
                .map(move |reference| (reference, change))
        })
        .collect();
    let mut found = Vec::new();
    for (user, resource) in live.resources.iter().filter(|(address, _)| !by_reference.is_empty() && !asked.selection.selects(address)) {
        for used in resource.attributes.references().iter().filter_map(|reference| by_reference.get(reference)) {
            let summary =
                format!("`{user}` still uses it, and is not selected: select it too, or leave `--account`, `--ou` and `--only` out");
            found.push(Finding { severity: FindingSeverity::Error, subject: used.address.to_string(), summary });
        }
    }
    found
}
