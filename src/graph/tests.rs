use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::diff::diff;
use crate::plan::worlds::{desired, live, world};

/// The order as lines: `action address < what it waits for`, then the findings.
fn check(want: Value, have: Value, expected: &[&str]) {
    let (want, have) = (desired(want), live(have));
    let Ordered { changes, findings } = order(diff(&want, &have).changes, &want, &have);
    let line = |change: &Change| {
        let waits_for: Vec<String> = change.waits_for.iter().map(Address::to_string).collect();
        format!("{:?} {} < {}", change.action, change.address, waits_for.join(" ")).trim_end_matches([' ', '<']).to_owned()
    };
    let lines: Vec<String> = changes.iter().map(line).chain(findings.into_iter().map(|finding| finding.summary)).collect();
    assert_eq!(lines, expected);
}

fn ou(parent: &str) -> Value {
    json!({ "name": "n", "parent": { "ref": parent } })
}

fn account(parent: &str) -> Value {
    json!({ "email": "a@x", "parent": { "ref": parent } })
}

fn set(policies: &[&str], target: &str) -> Value {
    let policies: Vec<Value> = policies.iter().map(|policy| json!({ "ref": policy })).collect();
    json!({ "policies": policies, "target": { "ref": target } })
}

fn is(id: &str, attributes: Value) -> Value {
    json!({ "id": id, "attributes": attributes, "ours": true })
}

#[test]
fn references_are_followed_through_what_does_not_change() {
    check(
        json!({ "ou.a": ou("organization.main"), "ou.b": ou("ou.a"), "ou.c": ou("ou.b"), "organization.main": { "feature_set": "ALL" } }),
        json!({ "ou.a": is("1", ou("organization.main")), "ou.b": is("2", ou("ou.a")) }),
        &["Create organization.main", "Create ou.c < organization.main"],
    );
}

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
fn a_deletion_waits_for_all_that_lets_go_of_it_by_address_or_by_id() {
    check(
        json!({ "account.x": account("organization.main"), "policy_attachments.ou.a": set(&[], "ou.a") }),
        json!({
            "account.x": is("2", account("ou./top/old")),
            "ou./top": is("ou-1", ou("organization.main")),
            "ou./top/old": is("ou-2", ou("ou./top")),
            "policy./SCP/p": is("p-1", json!({})),
            "policy_attachments.ou.a": is("3", json!({ "policies": [{ "id": "p-1" }], "target": { "ref": "ou.a" } })),
        }),
        &[
            "Move account.x",
            "Delete ou./top/old < account.x",
            "Delete ou./top < ou./top/old",
            "Update policy_attachments.ou.a",
            "Delete policy./SCP/p < policy_attachments.ou.a",
        ],
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

#[test]
fn a_guard_is_loosened_after_what_leaves_and_yields_where_that_would_be_a_circle() {
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
        &[
            "Update policy_attachments.ou.a",
            "Move account.y < policy_attachments.ou.a",
            "Update policy_attachments.ou.b",
            "Move account.x < policy_attachments.ou.b",
        ],
    );
}

#[test]
fn a_circle_is_an_error_that_names_its_members() {
    check(
        json!({ "ou.a": ou("ou.b"), "ou.b": ou("ou.a"), "ou.c": ou("ou.c") }),
        json!({}),
        &[
            "Create ou.a",
            "Create ou.b",
            "Create ou.c",
            "these wait for each other in a circle, so none can be first: `ou.a`, `ou.b`; remove one of the references",
            "`ou.c` refers to itself: remove that reference",
        ],
    );
}

/// All that a change waits for, near or far. Naive.
fn before(change: &Change, all: &BTreeMap<Address, Change>) -> BTreeSet<Address> {
    change.waits_for.iter().flat_map(|a| before(&all[a], all).into_iter().chain([a.clone()])).collect()
}

proptest! {
    #[test]
    fn every_change_stands_behind_what_it_waits_for_whatever_the_input_order((want, have) in world(), seed in any::<u64>()) {
        let changes = diff(&want, &have).changes;
        let ordered = order(changes.clone(), &want, &have);
        prop_assert_eq!(&ordered.findings, &[]);
        prop_assert_eq!(ordered.changes.len(), changes.len());
        let mut seen = BTreeSet::new();
        for change in &ordered.changes {
            prop_assert!(change.waits_for.iter().all(|address| seen.contains(address)));
            prop_assert!(change.waits_for.windows(2).all(|pair| pair[0] < pair[1]));
            seen.insert(change.address.clone());
        }
        let mut shuffled = changes;
        let mut state = seed;
        shuffled.sort_by_cached_key(|_| { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1); state >> 33 });
        prop_assert_eq!(order(shuffled, &want, &have), ordered);
    }

    /// However the schedule interleaves: an account that arrives finds the guards of its place and of all above it in place, what a
    /// change refers to is there, and what is deleted is referred to by nothing any more.
    #[test]
    fn guards_come_first_and_deletions_last((want, have) in world()) {
        let all: BTreeMap<Address, Change> =
            order(diff(&want, &have).changes, &want, &have).changes.into_iter().map(|change| (change.address.clone(), change)).collect();
        let there = |address: &Address| !all.contains_key(address) && have.resources.contains_key(address);
        for change in all.values() {
            let earlier = before(change, &all);
            let done = |address: &Address| earlier.contains(address) || !all.contains_key(address);
            for address in change.after.iter().flat_map(resource::references) {
                prop_assert!(earlier.contains(&address) || there(&address), "{} before {address}", change.address);
            }
            if change.address.kind() == "account" && change.attributes.iter().any(|attribute| attribute.name == "parent") {
                let mut place = resource::reference(change.after.as_ref().unwrap(), "parent");
                while let Some(Reference::Address(address)) = place {
                    let guard = Address::new("policy_attachments", address.to_string());
                    prop_assert!(done(&guard), "{} before {guard}", change.address);
                    for policy in resource::references(&want.resources[&guard]) {
                        prop_assert!(done(&policy), "{} before {policy}", change.address);
                    }
                    place = resource::reference(&want.resources[&address], "parent");
                }
            }
            if change.action == Action::Delete {
                let id = change.id.clone().unwrap();
                for (address, resource) in &have.resources {
                    let text = serde_json::to_string(&resource.attributes).unwrap();
                    let refers = text.contains(&format!("{{\"ref\":\"{}\"}}", change.address)) || text.contains(&format!("{{\"id\":\"{id}\"}}"));
                    // What is attached to a place that is made anew is let go with the old place.
                    let gone = earlier.iter().any(|a| all[a].action == Action::Delete && all[a].id == resource.id);
                    prop_assert!(!refers || gone || earlier.contains(address), "{} before {address} lets go", change.address);
                }
            }
        }
    }
}
