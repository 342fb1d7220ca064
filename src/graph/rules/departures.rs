//! Rule 4: a change that loosens a guardrail depends on the changes that move resources out of its place. So does, of rule 5, what an
//! account that moves is to have by its own set or by the policies that it keeps: that is in force before the account leaves what said
//! the same.
//!
//! Reason: nothing is ever under fewer guardrails than before and after the run have in common.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::change::Change;
use crate::graph::Constraint;
use crate::graph::edges::Edges;
use crate::graph::guardrails::{Guardrail, policies};
use crate::graph::guards::{Edits, Loss, LossOf, arrives, mover};

/// What is detached, by place.
type Losses = BTreeMap<Address, Vec<Loss>>;

/// An account's path through a quarantine OU.
struct Passing {
    /// The places that it was not in before.
    places: BTreeSet<Address>,
    /// The guardrails that it was under before.
    had: BTreeSet<Guardrail>,
}

/// A resource that moves.
struct Moving<'c> {
    index: usize,
    change: &'c Change,
    /// What moves: of a placement, its account.
    mover: Address,
    /// The change that attaches something to it directly.
    own: Option<usize>,
    /// The places above it before.
    before: Vec<Address>,
    /// The places above it afterwards, and itself.
    after: BTreeSet<Address>,
    /// The guardrails that it will be under.
    kept: BTreeSet<Guardrail>,
    /// The guardrails of the places that it leaves.
    left: BTreeSet<Guardrail>,
}

pub(super) fn loosen_after_departures(edges: &mut Edges<'_>) {
    let edits = edges.edits();
    let losses = edges.losses(&edits);
    let changes = edges.changes;
    for (index, change) in changes.iter().enumerate() {
        let Some(moving) = moving(edges, index, change, !losses.is_empty()) else { continue };
        after_own_guardrails(edges, &moving);
        after_edits(edges, &moving, &edits, &losses);
        before_losses(edges, &moving, &edits, &losses);
    }
}

/// `None` if nothing moves, or if nothing that matters to it is attached or detached.
fn moving<'c>(edges: &Edges<'_>, index: usize, change: &'c Change, something_is_lost: bool) -> Option<Moving<'c>> {
    // Resources in a replaced place move by changes of their own.
    let moves = change.before.is_some() && arrives(change) && !edges.places.contains(change.address.kind());
    let after = change.after.as_ref().filter(|_| moves)?;
    let mover = mover(change);
    // A new account was under nothing before.
    if mover != change.address && edges.change_of(&mover).is_some_and(|change| change.before.is_none()) {
        return None;
    }
    let own = edges.guards.get(&mover).into_iter().flatten().find_map(|guard| edges.by_address.get(guard));
    let own = own.filter(|own| edges.shifts.get(own).is_some_and(|shift| !shift.gained.is_empty()));
    if own.is_none() && !something_is_lost {
        return None;
    }
    let before = edges.places_before(change);
    let after: BTreeSet<Address> = edges.above(after).into_iter().chain([mover.clone()]).collect();
    let kept = edges.rails_after(after.iter());
    let left = edges.live_sets(before.iter().filter(|place| !after.contains(*place)));
    let left = left.flat_map(|policy| edges.documents.before(&policy).collect::<Vec<_>>()).collect();
    Some(Moving { index, change, mover, own, before, after, kept, left })
}

/// A guardrail that is attached to it directly is in force before it leaves the old one.
fn after_own_guardrails(edges: &mut Edges<'_>, moving: &Moving<'_>) {
    let Some((own, shift)) = moving.own.and_then(|own| Some((own, edges.shifts.get(&own)?))) else { return };
    let mut gained = shift.gained.iter().flat_map(|policy| edges.documents.after(policy));
    if gained.any(|rail| moving.left.contains(&rail)) {
        edges.found.push((moving.index, own, Constraint::KeepsGuardrail));
    }
}

/// A guardrail that a policy it keeps contains after an edit is in force before it leaves the old one.
fn after_edits(edges: &mut Edges<'_>, moving: &Moving<'_>, edits: &Edits, losses: &Losses) {
    let lost = moving.before.iter().chain([&moving.mover]).filter_map(|place| losses.get(place)).flatten();
    let missed: BTreeSet<&Guardrail> = lost.flat_map(|loss| &loss.rails).chain(&moving.left).collect();
    for (policy, &edit) in edits.iter().filter(|(policy, _)| moving.kept.contains(&Guardrail::Policy((*policy).clone()))) {
        if edges.documents.gained(policy).iter().any(|rail| missed.contains(rail)) {
            edges.found.push((moving.index, edit, Constraint::KeepsGuardrail));
        }
    }
}

/// What its former places lose, they lose after it has left.
fn before_losses(edges: &mut Edges<'_>, moving: &Moving<'_>, edits: &Edits, losses: &Losses) {
    let transit = passing(edges, moving.change);
    let owned = owned(edges, &moving.mover, moving.own, edits);
    let lost = moving.before.iter().chain([&moving.mover]).filter_map(|place| Some((place, losses.get(place)?)));
    for (place, loss) in lost.flat_map(|(place, losses)| losses.iter().map(move |loss| (place, loss))) {
        let on_its_way = transit.as_ref().filter(|transit| transit.places.contains(place));
        let missed = |rail: &&Guardrail| on_its_way.is_none_or(|transit| transit.had.contains(rail));
        let rails: BTreeSet<&Guardrail> = loss.rails.iter().filter(missed).collect();
        let leaves = match &loss.of {
            LossOf::Set => !moving.after.contains(place),
            LossOf::Document(policy) => !moving.kept.contains(&Guardrail::Policy(policy.clone())),
        };
        let (directly, otherwise): (Vec<&Guardrail>, Vec<&Guardrail>) =
            rails.iter().filter(|rail| moving.kept.contains(**rail)).partition(|rail| owned.contains_key(*rail));
        // No other place needs to keep what is attached to it directly before and after.
        let before = directly.iter().filter_map(|rail| owned.get(*rail)).flatten().filter(|before| **before != loss.index);
        edges.found.extend(before.map(|before| (loss.index, *before, Constraint::KeepsGuardrail)));
        // From a place that stays above it, it would miss only what it will have in another place.
        if !otherwise.is_empty() {
            edges.found.push((loss.index, moving.index, Constraint::KeepsGuardrail));
        } else if leaves && (on_its_way.is_none() || !rails.is_empty()) {
            edges.found.push((loss.index, moving.index, Constraint::KeepsOldPlace));
        }
    }
}

/// The guardrails that a moving resource will have by its own set, wherever it moves; each with the changes that attach them.
fn owned(edges: &Edges<'_>, mover: &Address, own: Option<usize>, edits: &Edits) -> BTreeMap<Guardrail, Vec<usize>> {
    let sets = edges.guards.get(mover).into_iter().flatten().filter_map(|guard| edges.then(guard));
    let gained = own.and_then(|own| Some((own, &edges.shifts.get(&own)?.gained)));
    let mut owned: BTreeMap<Guardrail, Vec<usize>> = BTreeMap::new();
    for policy in sets.flat_map(policies) {
        let attached = gained.filter(|(_, gained)| gained.contains(&policy)).map(|(own, _)| own);
        let said = edges.documents.gained(&policy);
        for rail in edges.documents.after(&policy) {
            let edited = edits.get(&policy).copied().filter(|_| said.contains(&rail));
            // One of several is enough; the first is used.
            owned.entry(rail).or_insert_with(|| attached.into_iter().chain(edited).collect());
        }
    }
    owned
}

/// What the resource of a placement is under on its way, and what it was under before it moved: nothing else is missed.
fn passing(edges: &Edges<'_>, change: &Change) -> Option<Passing> {
    let mover = mover(change);
    let arrival = edges.change_of(&mover).filter(|arrival| mover != change.address && arrives(arrival))?;
    let from = edges.places_before(arrival);
    let places = edges.places_before(change).into_iter().filter(|place| !from.contains(place)).collect();
    let had = edges.live_sets(from.iter().chain([&mover]));
    let had = had.flat_map(|policy| edges.documents.before(&policy).collect::<Vec<_>>()).collect();
    Some(Passing { places, had })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::change::Change;
    use crate::diff::diff;
    use crate::graph::order;
    use crate::graph::tests::{account, check, is, ou, set};
    use crate::plan::worlds::{desired, live};

    #[test]
    fn a_guard_is_loosened_after_what_leaves_even_where_others_come() {
        let places =
            json!({ "ou.a": is("1", ou("organization.main")), "ou.b": is("2", ou("organization.main")), "policy.p": is("p-1", json!({})) });
        let with = |more: Value| {
            let mut all = places.clone();
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        let want = |more: Value| {
            let mut all = json!({ "ou.a": ou("organization.main"), "ou.b": ou("organization.main"), "policy.p": {} });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        check(
            want(json!({ "account.x": account("ou.b"), "policy_attachments.ou.a": set(&[], "ou.a") })),
            with(json!({ "account.x": is("8", account("ou.a")), "policy_attachments.ou.a": is("1", set(&["policy.p"], "ou.a")) })),
            &["Move account.x", "Update policy_attachments.ou.a < account.x"],
        );
        check(
            want(json!({ "account.x": account("ou.b"), "account.y": account("ou.a"),
                         "policy_attachments.ou.a": set(&[], "ou.a"), "policy_attachments.ou.b": set(&[], "ou.b") })),
            with(json!({ "account.x": is("8", account("ou.a")), "account.y": is("9", account("ou.b")),
                         "policy_attachments.ou.a": is("1", set(&["policy.p"], "ou.a")),
                         "policy_attachments.ou.b": is("2", set(&["policy.p"], "ou.b")) })),
            // One of the two works without meeting what is removed.
            &[
                "Move account.y",
                "Update policy_attachments.ou.b < account.y",
                "Move account.x < policy_attachments.ou.b",
                "Update policy_attachments.ou.a < account.x",
            ],
        );
    }

    #[test]
    fn an_account_takes_along_what_it_leaves() {
        let want = json!({ "account.x": account("organization.main"), "ou.a": ou("organization.main"), "policy.p": {},
                           "policy_attachments.account.x": set(&["policy.p"], "account.x"),
                           "policy_attachments.ou.a": set(&["policy.p"], "ou.a") });
        let have = json!({ "account.x": is("3", account("ou.a")), "ou.a": is("1", ou("organization.main")), "policy.p": is("p-1", json!({})),
                           "policy_attachments.account.x": is("3", set(&[], "account.x")),
                           "policy_attachments.ou.a": is("1", set(&["policy.p"], "ou.a")) });
        check(want, have, &["Update policy_attachments.account.x", "Move account.x < policy_attachments.account.x"]);
    }

    #[test]
    fn through_the_quarantine_too_an_account_keeps_what_it_had_and_will_have() {
        let mut want = desired(
            json!({ "account.x": account("ou.a"), "ou.a": ou("organization.main"), "ou.q": ou("organization.main"), "policy.p": {},
                                       "policy_attachments.ou.a": set(&["policy.p"], "ou.a"),
                                       "policy_attachments.organization.main": set(&[], "organization.main") }),
        );
        want.quarantine = Some("ou.q".parse().unwrap());
        let have = json!({ "account.x": is("3", account("organization.main")), "ou.a": is("1", ou("organization.main")),
                           "ou.q": is("2", ou("organization.main")), "policy.p": is("p-1", json!({})),
                           "policy_attachments.organization.main": is("r", set(&["policy.p"], "organization.main")),
                           "policy_attachments.ou.a": is("1", set(&[], "ou.a")) });
        // The quarantine OU may exist, or be created in the same run.
        let mut without = have.clone();
        without.as_object_mut().unwrap().remove("ou.q");
        for have in [live(have), live(without)] {
            let changes = order(diff(&want, &have).changes, &want, &have).changes;
            let changes: Vec<Change> = changes.into_iter().filter(|change| change.address.kind() != "ou").collect();
            let order: Vec<String> = changes.iter().map(|change| change.address.to_string()).collect();
            assert_eq!(order, ["account.x", "policy_attachments.ou.a", "placement.x", "policy_attachments.organization.main"]);
            assert!(changes[3].waits_for.contains(&changes[2].address), "{changes:#?}");
        }
    }
}
