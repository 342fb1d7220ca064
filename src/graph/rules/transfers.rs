//! Rule 5: a change that detaches a guardrail depends on the change that attaches it above or below. What an account that moves attaches to
//! itself is in rule 4.
//!
//! Reason: nothing is ever under fewer guardrails than before and after the run have in common.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Reference};
use crate::change::Action;
use crate::graph::Constraint;
use crate::graph::edges::Edges;
use crate::graph::guardrails::Guardrail;
use crate::graph::guards::{Edits, arrives};

/// The changes that attach a guardrail to a place, or to something below it.
type Gainers = BTreeMap<(Guardrail, Address), Vec<usize>>;

pub(super) fn attach_before_detaching(edges: &mut Edges<'_>) {
    let edits = edges.edits();
    let losses = edges.losses(&edits);
    let lost: BTreeSet<&Guardrail> = losses.values().flatten().flat_map(|loss| &loss.rails).collect();
    if lost.is_empty() {
        return;
    }
    let (mut there, mut below) = (Gainers::new(), Gainers::new());
    for (index, place, rails) in gains(edges, &edits) {
        let rails: Vec<&Guardrail> = rails.iter().filter(|rail| lost.contains(rail)).collect();
        if rails.is_empty() {
            continue;
        }
        let Some(over) = places_throughout(edges, &place) else { continue };
        for rail in rails {
            there.entry((rail.clone(), place.clone())).or_default().push(index);
            over.iter().for_each(|above| below.entry((rail.clone(), above.clone())).or_default().push(index));
        }
    }
    for (place, losses) in losses.iter().filter(|_| !there.is_empty()) {
        let over: Vec<Address> = edges.over(place).unwrap_or_default().into_iter().chain([place.clone()]).collect();
        for loss in losses {
            for rail in &loss.rails {
                let gaining = over.iter().filter_map(|above| there.get(&(rail.clone(), above.clone())));
                let gaining = gaining.chain(below.get(&(rail.clone(), place.clone()))).flatten();
                // Before the edit, nothing of it can be lost; afterwards it is in force wherever the policy stays attached.
                let gaining = gaining.filter(|gainer| loss.later.get(rail) != Some(gainer));
                edges.found.extend(gaining.map(|&gainer| (loss.index, gainer, Constraint::KeepsGuardrail)));
            }
        }
    }
}

/// What is attached, with the change and the place.
fn gains(edges: &Edges<'_>, edits: &Edits) -> Vec<(usize, Address, BTreeSet<Guardrail>)> {
    let sets = edges.shifts.iter().filter(|(_, shift)| !shift.gained.is_empty());
    let sets = sets.map(|(&index, shift)| {
        (index, shift.target.clone(), shift.gained.iter().flat_map(|policy| edges.documents.after(policy)).collect::<BTreeSet<Guardrail>>())
    });
    // Where it is attached now, and where it will be.
    let mut attached = edges.attached(edits);
    attached.retain(|(policy, place)| stays_under(edges, place, policy));
    let gained = edges.shifts.values().flat_map(|shift| shift.gained.iter().map(|policy| (policy.clone(), shift.target.clone())));
    attached.extend(gained.filter(|(policy, _)| edits.contains_key(policy)));
    let edited = attached.into_iter().filter_map(|(policy, place)| Some((*edits.get(&policy)?, place, edges.documents.gained(&policy))));
    sets.chain(edited).collect()
}

/// Whether a place will still be under a policy: a policy that is detached is no gain, whatever it contains meanwhile.
fn stays_under(edges: &Edges<'_>, place: &Address, policy: &Reference) -> bool {
    let Some(over) = edges.over(place) else { return false };
    edges.rails_after(over.iter().chain([place])).contains(&Guardrail::Policy(policy.clone()))
}

/// The places above a resource at all times; `None` for a new one, which waits for its guardrails itself.
fn places_throughout(edges: &Edges<'_>, target: &Address) -> Option<Vec<Address>> {
    let mut over = edges.over(target)?;
    if let Some(change) = edges.change_of(target).filter(|change| arrives(change)) {
        change.before.as_ref().filter(|_| change.action != Action::Replace)?;
        let before = edges.places_before(change);
        over.retain(|place| before.contains(place));
    }
    Some(over)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::address::Address;
    use crate::diff::diff;
    use crate::graph::order;
    use crate::graph::tests::{account, check, is, ou, set};
    use crate::plan::worlds::{desired, live};

    #[test]
    fn a_guard_rail_that_goes_up_or_down_the_tree_arrives_before_it_leaves() {
        let want = |top: &[&str], inner: &[&str], own: &[&str]| {
            json!({ "account.x": account("ou.b"), "ou.a": ou("organization.main"), "ou.b": ou("ou.a"), "policy.p": {},
                    "policy_attachments.account.x": set(own, "account.x"), "policy_attachments.ou.a": set(top, "ou.a"),
                    "policy_attachments.ou.b": set(inner, "ou.b") })
        };
        let have = |top: &[&str], inner: &[&str], own: &[&str]| {
            json!({ "account.x": is("3", account("ou.b")), "ou.a": is("1", ou("organization.main")), "ou.b": is("2", ou("ou.a")),
                    "policy.p": is("p-1", json!({})), "policy_attachments.account.x": is("3", set(own, "account.x")),
                    "policy_attachments.ou.a": is("1", set(top, "ou.a")), "policy_attachments.ou.b": is("2", set(inner, "ou.b")) })
        };
        let p = &["policy.p"];
        check(
            want(p, &[], &[]),
            have(&[], p, p),
            &[
                "Update policy_attachments.ou.a",
                "Update policy_attachments.account.x < policy_attachments.ou.a",
                "Update policy_attachments.ou.b < policy_attachments.ou.a",
            ],
        );
        check(
            want(&[], &[], p),
            have(p, &[], &[]),
            &["Update policy_attachments.account.x", "Update policy_attachments.ou.a < policy_attachments.account.x"],
        );
    }

    #[test]
    fn what_no_configuration_names_keeps_its_guard_rails_too() {
        let policy = |says: u8| json!({ "content": says, "policy_type": { "id": "SERVICE_CONTROL_POLICY" } });
        let want = desired(json!({ "account.x": account("organization.main"), "organization.main": { "feature_set": "ALL" },
                                   "policy.p": policy(2), "policy.q": policy(3),
                                   "policy_attachments.account.x": set(&["policy.p"], "account.x"),
                                   "policy_attachments.organization.main": set(&[], "organization.main") }));
        let mut have = live(json!({ "account.x": is("3", json!({ "email": "a@x", "parent": { "id": "4" } })),
                                    "organization.main": is("r", json!({ "feature_set": "ALL" })),
                                    "policy.p": is("p-1", policy(1)), "policy.q": is("p-2", policy(2)),
                                    "policy_attachments.account.x": is("3", set(&[], "account.x")),
                                    "policy_attachments.organization.main": is("r", set(&["policy.p"], "organization.main")) }));
        let beside = live(json!({ "ou./theirs (4)": is("4", ou("organization.main")),
                                  "account.5 (theirs)": is("5", json!({ "parent": { "id": "4" } })),
                                  "policy_attachments.5": is("5", json!({ "policies": [{ "ref": "policy.p" }, { "ref": "policy.q" }], "target": { "id": "5" } })) }));
        have.beside = beside.resources;
        let changes = order(diff(&want, &have).changes, &want, &have).changes;
        let waits = |address: &str| {
            let change = changes.iter().find(|change| change.address.to_string() == address);
            change.unwrap().waits_for.iter().map(Address::to_string).collect::<Vec<_>>()
        };
        // What `q` denies to account 5, `p` denied before; and the root guards an OU that it does not know.
        assert_eq!(waits("policy.q"), ["policy.p"]);
        assert!(waits("policy_attachments.organization.main").contains(&"policy_attachments.account.x".to_owned()), "{changes:#?}");
    }

    #[test]
    fn an_account_that_leaves_stays_where_it_is_until_then() {
        let policy = |says: u8| json!({ "content": says, "policy_type": { "id": "SERVICE_CONTROL_POLICY" } });
        let want = desired(json!({ "account.x": { "email": "a@x", "leaves": "closed" }, "organization.main": { "feature_set": "ALL" },
                                   "policy.p": policy(1), "policy.q": policy(2),
                                   "policy_attachments.organization.main": set(&[], "organization.main") }));
        let mut have =
            live(json!({ "account.x": is("3", json!({ "email": "a@x", "leaves": null, "parent": { "ref": "organization.main" } })),
                                    "organization.main": is("r", json!({ "feature_set": "ALL" })),
                                    "policy.p": is("p-1", policy(2)), "policy.q": is("p-2", policy(1)),
                                    "policy_attachments.organization.main": is("r", set(&["policy.p"], "organization.main")) }));
        have.beside = live(json!({ "policy_attachments.3": is("3", set(&["policy.q"], "account.x")) })).resources;
        let changes = order(diff(&want, &have).changes, &want, &have).changes;
        let root = changes.iter().find(|change| change.address.to_string() == "policy_attachments.organization.main").unwrap();
        // Its own policy says what the root's policy said before the root detaches it.
        assert!(root.waits_for.contains(&"policy.q".parse().unwrap()), "{changes:#?}");
    }
}
