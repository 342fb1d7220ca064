//! Rule 9: a change that removes an Allow from a level, by a detachment or an edit, depends on a change that adds another one.
//!
//! Reason: if no policy of a level allows an action, it is denied to everything below. A level that allows something before and after the
//! run also allows it in between.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Reference};
use crate::graph::Constraint;
use crate::graph::cycles::Found;
use crate::graph::edges::Edges;
use crate::graph::guardrails::{Shift, policies};
use crate::graph::guards::{Edits, arrives};

pub(super) fn keep_an_allow_attached(edges: &mut Edges<'_>) {
    let edits = edges.edits();
    let mut shifts: BTreeMap<&Address, Vec<(usize, &Shift)>> = BTreeMap::new();
    for (&index, shift) in &edges.shifts {
        shifts.entry(&shift.target).or_default().push((index, shift));
    }
    let mut found = Vec::new();
    for (target, guards) in &edges.guards {
        let shifts = shifts.get(target).map(Vec::as_slice).unwrap_or_default();
        for guard in guards {
            let (Some(now), Some(then)) = (edges.now(guard), edges.then(guard)) else { continue };
            let (closers, openers) = removers_and_adders(edges, &policies(now), &policies(then), shifts, &edits);
            let pairs = closers.iter().flat_map(|closer| openers.iter().map(move |opener| (*closer, *opener)));
            found
                .extend(pairs.filter(|(closer, opener)| closer != opener).map(|(closer, opener)| (closer, opener, Constraint::KeepsAllow)));
        }
    }
    found.extend(left_before_it_closes(edges, &edits));
    edges.found.append(&mut found);
}

/// Resources leave a deleted place before its policies stop allowing anything.
fn left_before_it_closes(edges: &Edges<'_>, edits: &Edits) -> Vec<Found> {
    let closes = |policy: &Reference| edges.documents.allowed(policy) && !edges.documents.allows(policy);
    let closing: Edits = edits.iter().filter(|(policy, _)| closes(policy)).map(|(policy, edit)| (policy.clone(), *edit)).collect();
    if closing.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let movers = edges.changes.iter().enumerate().filter(|(_, change)| change.before.is_some() && arrives(change));
    for (index, change) in movers.filter(|(_, change)| !edges.places.contains(change.address.kind())) {
        let goes = |place: &Address| !edges.desired.resources.contains_key(place);
        for set in edges.places_before(change).iter().filter(|place| goes(place)).filter_map(|place| edges.now(place)).map(policies) {
            if !set.iter().any(|policy| edges.documents.allowed(policy) && !closing.contains_key(policy)) {
                found.extend(set.iter().filter_map(|policy| closing.get(policy)).map(|edit| (*edit, index, Constraint::KeepsAllow)));
            }
        }
    }
    found
}

/// The changes that remove an Allow from a set and those that add one. None if one Allow stays all the time.
fn removers_and_adders(
    edges: &Edges<'_>,
    before: &BTreeSet<Reference>,
    after: &BTreeSet<Reference>,
    shifts: &[(usize, &Shift)],
    edits: &Edits,
) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let allowed = |policy: &Reference| edges.documents.allowed(policy);
    let allows = |policy: &Reference| edges.documents.allows(policy);
    if before.intersection(after).any(|policy| allowed(policy) && allows(policy)) {
        return Default::default();
    }
    let edit = |policy: &Reference| edits.get(policy).copied();
    let closers = before.iter().filter(|policy| allowed(policy) && !allows(policy)).filter_map(edit);
    let openers = after.iter().filter(|policy| allows(policy) && !allowed(policy)).filter_map(edit);
    let takes = |shift: &Shift| shift.lost.iter().chain(&shift.lost_defaults).any(allowed);
    let brings = |shift: &Shift| shift.gained.iter().chain(&shift.gained_defaults).any(allows);
    (
        closers.chain(shifts.iter().filter(|(_, shift)| takes(shift)).map(|(index, _)| *index)).collect(),
        openers.chain(shifts.iter().filter(|(_, shift)| brings(shift)).map(|(index, _)| *index)).collect(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::graph::tests::{check, ou, set, there};

    #[test]
    fn another_allow_is_attached_before_the_last_one_is_removed() {
        let policy = |effect: &str, action: &str| {
            let content = json!({ "Statement": [{ "Effect": effect, "Action": action, "Resource": "*" }] });
            json!({ "content": content, "policy_type": { "id": "SERVICE_CONTROL_POLICY" } })
        };
        let all = |p: Value, q: Value| {
            let guards = set(&["policy.p", "policy.q"], "ou.a");
            json!({ "ou.a": ou("organization.main"), "policy.p": p, "policy.q": q, "policy_attachments.ou.a": guards })
        };
        let want = all(policy("Deny", "s3:Get*"), policy("Allow", "ec2:*"));
        let have = all(policy("Allow", "*"), policy("Deny", "iam:*"));
        check(want, there(have.as_object().unwrap()), &["Update policy.q", "Update policy.p < policy.q"]);
    }
}
