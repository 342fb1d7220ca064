//! Rule 3: a resource that arrives in a place depends on the guardrails of that place, of all places above it, and on those that are
//! attached to the resource itself. Places themselves do not wait: an empty OU needs no guardrail, and what moves into it waits for the
//! whole chain.
//!
//! Reason: nothing is ever under fewer guardrails than before and after the run have in common. An old guardrail may be changed later:
//! rule 4 may require that.

use std::collections::BTreeSet;

use crate::address::Reference;
use crate::change::{Action, Change};
use crate::graph::Constraint;
use crate::graph::edges::Edges;
use crate::graph::guards::{arrives, mover};

pub(super) fn arrive_under_guardrails(edges: &mut Edges<'_>) {
    let changes = edges.changes;
    for (index, change) in changes.iter().enumerate() {
        if arrives(change) && !edges.places.contains(change.address.kind()) {
            arrive(edges, index, change);
        }
    }
}

fn arrive(edges: &mut Edges<'_>, index: usize, change: &Change) {
    let Some(after) = change.after.as_ref() else { return };
    let mover = mover(change);
    if change.before.is_some() {
        // It has its directly attached guardrails when it arrives.
        let own = edges.guards.get(&mover).into_iter().flatten();
        let own: Vec<usize> = own.filter_map(|guard| edges.by_address.get(guard)).collect();
        edges.found.extend(own.into_iter().map(|guard| (index, guard, Constraint::Preferred)));
    }
    let before = edges.places_before(change);
    let known: BTreeSet<Reference> = edges.live_sets(before.iter().chain([&mover])).collect();
    for place in edges.above(after) {
        if !before.contains(&place) {
            // An arriving account must not be blocked by a guardrail that is on its way out.
            edges.found.extend(edges.loosening.get(&place).map(|&loosened| (index, loosened, Constraint::Preferred)));
        }
        for guard in edges.guards.get(&place).cloned().unwrap_or_default() {
            let tightened = edges.by_address.get(guard);
            edges.found.extend(tightened.map(|guard| (index, guard, Constraint::Required)));
            for &provider in edges.providers_beyond(guard).iter() {
                let Some(change) = edges.changes.get(provider) else { continue };
                let edge = if known.contains(&change.address.clone().into()) { Constraint::Preferred } else { Constraint::Required };
                // The change that attaches a guardrail waits for it itself.
                if tightened.is_none() || change.action == Action::Update {
                    edges.found.push((index, provider, edge));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::diff::diff;
    use crate::graph::order;
    use crate::graph::tests::{account, check, is, ou, set};
    use crate::plan::worlds::{desired, live};

    #[test]
    fn an_account_waits_for_the_guards_of_all_places_above_it_and_an_ou_for_none() {
        check(
            json!({
                "account.x": account("ou.b"),
                "ou.a": ou("organization.main"),
                "ou.b": ou("ou.a"),
                "policy.p": { "name": "p" },
                "policy_attachments.account.x": set(&["policy.p"], "account.x"),
                "policy_attachments.organization.main": set(&["policy.p"], "organization.main"),
                "policy_attachments.ou.a": set(&["policy.p"], "ou.a"),
                "policy_attachments.ou.b": set(&["policy.p"], "ou.b"),
            }),
            json!({}),
            &[
                "Create ou.a",
                "Create ou.b < ou.a",
                "Create policy.p",
                "Create policy_attachments.organization.main < policy.p",
                "Create policy_attachments.ou.a < ou.a policy.p",
                "Create policy_attachments.ou.b < ou.b policy.p",
                "Create account.x < ou.b policy_attachments.organization.main policy_attachments.ou.a policy_attachments.ou.b",
                "Create policy_attachments.account.x < account.x policy.p",
            ],
        );
    }

    #[test]
    fn a_guard_whose_set_stays_still_stands_for_its_policies() {
        check(
            json!({ "account.x": account("ou.a"), "ou.a": ou("organization.main"), "policy.p": { "content": 2 },
                    "policy_attachments.ou.a": set(&["policy.p"], "ou.a") }),
            json!({ "ou.a": is("1", ou("organization.main")), "policy.p": is("p-1", json!({ "content": 1 })),
                    "policy_attachments.ou.a": is("1", set(&["policy.p"], "ou.a")) }),
            &["Update policy.p", "Create account.x < policy.p"],
        );
    }

    #[test]
    fn what_a_place_lets_go_of_does_not_wait_for_its_own_edit() {
        let allow = |content: &str| json!({ "content": content, "policy_type": { "id": "SERVICE_CONTROL_POLICY" } });
        let defaults = json!({ "policies": [{ "id": "p-FullAWSAccess" }], "target": { "ref": "ou.a" } });
        let want = json!({ "account.x": account("ou.a"), "ou.a": ou("organization.main"), "policy.p": allow("after"),
                           "policy_attachments.ou.a": defaults });
        let have = json!({ "account.x": is("3", account("ou.b")), "ou.a": is("1", ou("organization.main")),
                           "ou.b": is("2", ou("organization.main")), "policy.p": is("p-1", allow("before")),
                           "policy_attachments.ou.a": is("1", set(&["policy.p"], "ou.a")) });
        let expected =
            ["Update policy.p", "Update policy_attachments.ou.a", "Move account.x < policy_attachments.ou.a", "Delete ou.b < account.x"];
        check(want, have, &expected);
    }

    #[test]
    fn a_quarantine_is_as_it_will_be_before_an_account_passes_through_it() {
        let defaults = |target: &str| json!({ "policies": [{ "id": "p-FullAWSAccess" }], "target": { "ref": target } });
        let mut want = desired(
            json!({ "account.x": account("ou.a"), "ou.a": ou("organization.main"), "ou.q": ou("organization.main"), "policy.p": {},
                                       "policy_attachments.account.x": set(&["policy.p"], "account.x"), "policy_attachments.ou.q": defaults("ou.q") }),
        );
        want.quarantine = Some("ou.q".parse().unwrap());
        let have = live(json!({ "account.x": is("3", account("organization.main")), "ou.a": is("1", ou("organization.main")),
                                "ou.q": is("2", ou("organization.main")), "policy.p": is("p-1", json!({})),
                                "policy_attachments.account.x": is("3", set(&[], "account.x")),
                                "policy_attachments.ou.q": is("2", set(&["policy.p"], "ou.q")) }));
        let changes = order(diff(&want, &have).changes, &want, &have).changes;
        let order: Vec<String> = changes.iter().map(|change| change.address.to_string()).collect();
        // It was never under what the quarantine detaches, so nothing there waits until it has left.
        assert_eq!(order, ["policy_attachments.account.x", "policy_attachments.ou.q", "account.x", "placement.x"]);
    }
}
