//! Rule 1: a change depends on the changes of what its after-value refers to, also through resources that do not change. A set of
//! guardrails depends on the policies that it attaches. Its target must exist, and may be renamed or moved meanwhile.
//!
//! Reason: AWS refuses a reference to what does not exist yet.

use crate::address::{Address, Reference};
use crate::change::{Action, Change};
use crate::diff::prerequisite;
use crate::graph::edges::Edges;
use crate::graph::guardrails::Shift;
use crate::graph::{Constraint, first_step, steps};
use crate::resource;

pub(super) fn wait_for_references(edges: &mut Edges<'_>) {
    let changes = edges.changes;
    for (index, change) in changes.iter().enumerate() {
        let known = edges.found.len();
        let needed = match edges.shifts.get(&index) {
            Some(shift) => {
                let (needed, edited) = needed_by_set(edges, change, shift);
                edges.found.extend(edited.into_iter().map(|edit| (index, edit, Constraint::Preferred)));
                needed
            }
            None => needed_by(edges, change),
        };
        needed.iter().for_each(|address| edges.wait(index, address));
        let is_beside = |to: usize| changes.get(to).is_some_and(|to| to.address.is_beside(&change.address));
        let depends_beside = edges.found.iter().skip(known).any(|&(_, to, _)| is_beside(to));
        edges.depends_beside.push(depends_beside);
    }
}

/// What a change refers to, and what it needs without referring to it.
fn needed_by(edges: &Edges<'_>, change: &Change) -> Vec<Address> {
    let references = change.after.iter().flat_map(|after| resource::references_near(after, &change.address));
    references.chain(prerequisite(change, &edges.desired.management_account)).chain(first_step(&change.address)).collect()
}

/// What a change of a set of guardrails needs, and the edits of policies that it attaches and that should come first.
fn needed_by_set(edges: &Edges<'_>, change: &Change, shift: &Shift) -> (Vec<Address>, Vec<usize>) {
    let (mut needed, mut edited) = (Vec::new(), Vec::new());
    if matches!(edges.change_of(&shift.target).map(|change| change.action), Some(Action::Create | Action::Replace)) {
        needed.push(shift.target.clone());
    }
    for policy in &shift.gained {
        let Reference::Address(address) = policy else { continue };
        match edges.by_address.get(address) {
            // With a second policy for the old document, the target would exceed its maximum of policies.
            Some(edit) if edges.documents.is_edited(policy) => edited.push(edit),
            Some(_) | None => needed.push(address.clone()),
        }
    }
    needed.extend(steps::first_step(&change.address));
    (needed, edited)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::graph::tests::{check, is, ou};

    #[test]
    fn references_are_followed_through_what_does_not_change() {
        check(
            json!({ "ou.a": ou("organization.main"), "ou.b": ou("ou.a"), "ou.c": ou("ou.b"), "organization.main": { "feature_set": "ALL" } }),
            json!({ "ou.a": is("1", ou("organization.main")), "ou.b": is("2", ou("ou.a")) }),
            &["Create organization.main", "Create ou.c < organization.main"],
        );
    }

    #[test]
    fn a_rename_waits_for_the_trust_that_it_needs() {
        let named = |name: &str| json!({ "name": name, "parent": { "ref": "ou.a" } });
        check(
            json!({ "account.x": named("new"), "trusted_service.account.amazonaws.com": { "service": "account.amazonaws.com" } }),
            json!({ "account.x": is("2", named("old")) }),
            &["Create trusted_service.account.amazonaws.com", "Update account.x < trusted_service.account.amazonaws.com"],
        );
    }
}
