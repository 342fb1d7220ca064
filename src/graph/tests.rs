use proptest::prelude::*;
use serde_json::{Value, json};

use std::collections::{BTreeMap, BTreeSet};

use super::guardrails::{Shift, is_default, policies};
use super::*;
use crate::address::Reference;
use crate::diff::diff;
use crate::plan::Action;
use crate::plan::worlds::{desired, live, world};
use crate::resource::FindingSeverity;

/// The order as lines: `action address < dependencies`, then the findings.
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
fn a_circle_is_an_error_that_names_its_members() {
    check(
        json!({ "ou.a": ou("ou.b"), "ou.b": ou("ou.a"), "ou.c": ou("ou.c") }),
        json!({}),
        &[
            "Create ou.a",
            "Create ou.b",
            "Create ou.c",
            "these depend on each other in a cycle, so none can be first: `ou.a`, `ou.b`; remove one of the references",
            "`ou.c` refers to itself: remove that reference",
        ],
    );
}

/// A VPC with two zones, NAT gateways, routes and endpoints: all kinds that depend on one another.
fn network(account: &str) -> serde_json::Map<String, Value> {
    let at = |rest: &str| format!("{account}/r/{rest}");
    let to = |rest: &str| json!({ "ref": at(rest) });
    let mut all = vec![
        (at("vpc.l"), json!({ "cidr": "10.0.0.0/16", "ipv6": false, "tags": {} })),
        (at("internet_gateway.l"), json!({ "tags": {}, "vpc": to("vpc.l") })),
        (at("route_table.l/public"), json!({ "tags": {}, "vpc": to("vpc.l") })),
        (
            at("route.l/public/0.0.0.0/0"),
            json!({ "destination": "0.0.0.0/0", "route_table": to("route_table.l/public"), "target": to("internet_gateway.l") }),
        ),
        (at("security_group.l/endpoints"), json!({ "description": "d", "name": "n", "tags": {}, "vpc": to("vpc.l") })),
        (at("default_security_group.l"), json!({ "rules": [], "vpc": to("vpc.l") })),
    ];
    for zone in ["z1", "z2"] {
        let (public, private) = (format!("subnet.l/public-{zone}"), format!("subnet.l/private-{zone}"));
        let (table, nat, ip) = (format!("route_table.l/private-{zone}"), format!("nat_gateway.l/{zone}"), format!("elastic_ip.l/{zone}"));
        let subnet = |table: &str| json!({ "cidr": "c", "route_table": to(table), "tags": {}, "vpc": to("vpc.l"), "zone": zone });
        all.extend([
            (at(&public), subnet("route_table.l/public")),
            (at(&private), subnet(&table)),
            (at(&table), json!({ "tags": {}, "vpc": to("vpc.l") })),
            (at(&ip), json!({ "tags": {} })),
            (
                at(&nat),
                json!({ "availability_mode": "zonal", "elastic_ip": to(&ip), "internet_gateway": to("internet_gateway.l"),
                        "subnet": to(&public), "tags": {}, "vpc": to("vpc.l") }),
            ),
            (
                at(&format!("route.l/private-{zone}/0.0.0.0/0")),
                json!({ "destination": "0.0.0.0/0", "route_table": to(&table), "target": to(&nat) }),
            ),
        ]);
    }
    all.push((
        at("vpc_endpoint.l/ssm"),
        json!({ "endpoint_type": "Interface", "private_dns": true, "security_groups": [to("security_group.l/endpoints")], "service": "ssm",
                "subnets": [to("subnet.l/private-z1"), to("subnet.l/private-z2")], "tags": {}, "vpc": to("vpc.l") }),
    ));
    all.into_iter().collect()
}

/// One side without its wrapper, as it is when everything exists.
fn there(all: &serde_json::Map<String, Value>) -> Value {
    all.iter()
        .map(|(address, attributes)| (address.clone(), is(&format!("id-{address}"), attributes.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The position of each change in the order.
fn places(ordered: &Ordered) -> impl Fn(&str) -> usize {
    assert_eq!(ordered.findings, []);
    let places: BTreeMap<String, usize> = ordered.changes.iter().enumerate().map(|(place, c)| (c.address.to_string(), place)).collect();
    move |address: &str| places[address]
}

#[test]
fn a_network_goes_in_the_order_that_aws_insists_on() {
    let have = live(there(&network("a")));
    let ordered = order(diff(&desired(json!({})), &have).changes, &desired(json!({})), &have);
    assert_eq!(ordered.changes.len(), have.resources.len() - 1, "the default security group goes with its VPC");
    assert!(ordered.changes.iter().all(|change| change.action == Action::Delete));
    let place = places(&ordered);
    for (first, then) in [
        ("route.l/private-z1/0.0.0.0/0", "nat_gateway.l/z1"),
        ("nat_gateway.l/z1", "elastic_ip.l/z1"),
        ("nat_gateway.l/z1", "internet_gateway.l"),
        ("nat_gateway.l/z1", "subnet.l/public-z1"),
        ("route.l/public/0.0.0.0/0", "internet_gateway.l"),
        ("internet_gateway.l", "vpc.l"),
        ("vpc_endpoint.l/ssm", "subnet.l/private-z2"),
        ("vpc_endpoint.l/ssm", "security_group.l/endpoints"),
        ("subnet.l/private-z2", "route_table.l/private-z2"),
        ("security_group.l/endpoints", "vpc.l"),
        ("route_table.l/public", "vpc.l"),
    ] {
        assert!(place(&format!("a/r/{first}")) < place(&format!("a/r/{then}")), "{first} goes before {then}");
    }
    let all: BTreeMap<Address, Change> = ordered.changes.iter().map(|change| (change.address.clone(), change.clone())).collect();
    for change in all.values() {
        // In every order: a referenced resource exists until the reference is gone.
        for referred in resource::references(change.before.as_ref().unwrap()) {
            assert!(before(&all[&referred], &all).contains(&change.address), "{referred} goes before {}", change.address);
        }
    }
}

#[test]
fn what_a_route_leads_to_goes_after_the_route_leads_elsewhere() {
    let have = network("a");
    let mut want = have.clone();
    want.remove("a/r/nat_gateway.l/z2");
    want.remove("a/r/elastic_ip.l/z2");
    want["a/r/route.l/private-z2/0.0.0.0/0"]["target"]["ref"] = json!("a/r/nat_gateway.l/z1");
    check(
        want.into(),
        there(&have),
        &[
            "Update a/r/route.l/private-z2/0.0.0.0/0",
            "Delete a/r/nat_gateway.l/z2 < a/r/route.l/private-z2/0.0.0.0/0",
            "Delete a/r/elastic_ip.l/z2 < a/r/nat_gateway.l/z2",
        ],
    );
}

#[test]
fn what_comes_into_an_account_waits_for_the_account_its_guard_rails_and_its_region() {
    let mut want = json!({
        "account.a": account("ou.o"), "ou.o": ou("organization.main"), "policy.p": {}, "policy.q": {},
        "policy_attachments.account.a": set(&["policy.p"], "account.a"),
        "policy_attachments.ou.o": set(&["policy.q"], "ou.o"),
        "a/r/region.main": { "status": "ENABLED" }, "a/s/default_vpc.main": { "present": false },
    });
    want.as_object_mut().unwrap().extend(network("a"));
    let (want, have) = (desired(want), live(json!({ "ou.o": is("1", ou("organization.main")) })));
    let ordered = order(diff(&want, &have).changes, &want, &have);
    let all: BTreeMap<Address, Change> = ordered.changes.iter().map(|change| (change.address.clone(), change.clone())).collect();
    let waits = |address: &str| all[&address.parse().unwrap()].waits_for.iter().map(Address::to_string).collect::<Vec<_>>();
    assert_eq!(waits("a/r/region.main"), ["account.a", "policy_attachments.account.a"]);
    assert_eq!(waits("a/r/vpc.l"), ["a/r/region.main"]);
    assert_eq!(waits("a/s/default_vpc.main"), ["account.a", "policy_attachments.account.a"]);
    // A change that already depends on something in the account needs no edge of its own.
    assert_eq!(waits("a/r/route_table.l/public"), ["a/r/vpc.l"]);
    let outside = ["account.a", "policy.p", "policy.q", "policy_attachments.account.a", "policy_attachments.ou.o"];
    for change in all.values().filter(|change| change.address.scope().is_some()) {
        let earlier: BTreeSet<String> = before(change, &all).iter().map(Address::to_string).collect();
        assert!(outside.iter().all(|address| earlier.contains(*address)), "{} does not wait for the whole of {outside:?}", change.address);
    }
}

#[test]
fn what_is_in_an_account_goes_on_while_the_account_stays_and_what_goes_waits_for_no_account() {
    let have = network("a");
    let mut here = json!({ "account.a": is("2", account("ou.o")), "ou.o": is("1", ou("organization.main")) });
    here.as_object_mut().unwrap().extend(there(&have).as_object().unwrap().clone());
    let mut want = json!({ "account.a": account("organization.main"), "ou.o": ou("organization.main") });
    let changes = order(diff(&desired(want.clone()), &live(here.clone())).changes, &desired(want.clone()), &live(here.clone())).changes;
    let gone = changes.iter().filter(|change| change.action == Action::Delete);
    assert!(gone.clone().count() > 10 && gone.flat_map(|change| &change.waits_for).all(|address| address.scope().is_some()));
    want["account.a"] = account("ou.o");
    want.as_object_mut().unwrap().extend(have);
    want["a/r/vpc.l"]["tags"] = json!({ "team": "red" });
    check(want, here, &["Update a/r/vpc.l"]);
}

/// All direct and indirect dependencies of a change. Naive.
fn before(change: &Change, all: &BTreeMap<Address, Change>) -> BTreeSet<Address> {
    change.waits_for.iter().flat_map(|a| before(&all[a], all).into_iter().chain([a.clone()])).collect()
}

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
fn through_the_quarantine_too_an_account_keeps_what_it_had_and_will_have() {
    let mut want =
        desired(json!({ "account.x": account("ou.a"), "ou.a": ou("organization.main"), "ou.q": ou("organization.main"), "policy.p": {},
                                   "policy_attachments.ou.a": set(&["policy.p"], "ou.a"),
                                   "policy_attachments.organization.main": set(&[], "organization.main") }));
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
    let mut have = live(json!({ "account.x": is("3", json!({ "email": "a@x", "leaves": null, "parent": { "ref": "organization.main" } })),
                                "organization.main": is("r", json!({ "feature_set": "ALL" })),
                                "policy.p": is("p-1", policy(2)), "policy.q": is("p-2", policy(1)),
                                "policy_attachments.organization.main": is("r", set(&["policy.p"], "organization.main")) }));
    have.beside = live(json!({ "policy_attachments.3": is("3", set(&["policy.q"], "account.x")) })).resources;
    let changes = order(diff(&want, &have).changes, &want, &have).changes;
    let root = changes.iter().find(|change| change.address.to_string() == "policy_attachments.organization.main").unwrap();
    // Its own policy says what the root's policy said before the root detaches it.
    assert!(root.waits_for.contains(&"policy.q".parse().unwrap()), "{changes:#?}");
}

#[test]
fn documents_that_two_policies_exchange_over_an_account_that_moves_are_told() {
    let policy = |says: u8| json!({ "content": says, "policy_type": { "id": "SERVICE_CONTROL_POLICY" } });
    let want =
        desired(json!({ "account.x": account("ou.a"), "organization.main": { "feature_set": "ALL" }, "ou.a": ou("organization.main"),
                               "policy.p": policy(1), "policy.q": policy(0),
                               "policy_attachments.account.x": set(&["policy.p"], "account.x"),
                               "policy_attachments.organization.main": set(&[], "organization.main"),
                               "policy_attachments.ou.a": set(&["policy.q"], "ou.a") }));
    let have =
        live(json!({ "account.x": is("3", account("organization.main")), "organization.main": is("r", json!({ "feature_set": "ALL" })),
                            "policy.p": is("p-1", policy(0)), "policy.q": is("p-2", policy(1)),
                            "policy_attachments.account.x": is("3", set(&["policy.p"], "account.x")),
                            "policy_attachments.organization.main": is("r", set(&["policy.q"], "organization.main")),
                            "policy_attachments.ou.a": { "id": null, "attributes": set(&[], "ou.a"), "ours": null } }));
    let ordered = order(diff(&want, &have).changes, &want, &have);
    assert_eq!(ordered.findings.len(), 1, "{ordered:#?}");
}

/// The organization while it is changed: the place of every account and OU, the attached guardrails, and what they say.
struct Simulation {
    /// The current id of an address.
    ids: BTreeMap<Address, String>,
    /// Of places and accounts, by id.
    parents: BTreeMap<String, String>,
    sets: BTreeMap<String, BTreeSet<Reference>>,
    documents: BTreeMap<Reference, String>,
}

impl Simulation {
    fn of(live: &Live) -> Self {
        let ids = live.resources.iter().filter(|(a, _)| ["ou", "account", "organization"].contains(&a.kind()));
        let ids = ids.filter_map(|(address, live)| Some((address.clone(), live.id.clone()?))).collect();
        let mut simulation = Self { ids, parents: BTreeMap::new(), sets: BTreeMap::new(), documents: BTreeMap::new() };
        for (address, live) in &live.resources {
            let Some(id) = live.id.clone() else { continue };
            simulation.place(&id, &live.attributes);
            match address.kind() {
                "policy_attachments" => drop(simulation.sets.insert(id, policies(&live.attributes))),
                "policy" => {
                    simulation.says(Reference::Id(id), &live.attributes);
                    simulation.says(address.clone().into(), &live.attributes);
                }
                _ => {}
            }
        }
        simulation
    }

    fn says(&mut self, policy: Reference, attributes: &Attributes) {
        self.documents.extend(attributes.get("content").map(|content| (policy, content.to_string())));
    }

    fn place(&mut self, id: &str, attributes: &Attributes) {
        if let Some(Reference::Address(parent)) = resource::reference(attributes, "parent")
            && let Some(parent) = self.ids.get(&parent)
        {
            self.parents.insert(id.to_owned(), parent.clone());
        }
    }

    fn make(&mut self, change: &Change) {
        let Some(after) = &change.after else { return };
        if change.address.kind() == "policy_attachments" {
            let Some(Reference::Address(target)) = resource::reference(after, "target") else { return };
            self.sets.insert(self.ids[&target].clone(), policies(after));
        } else {
            let anew = matches!(change.action, Action::Create | Action::Replace);
            let id = if anew { format!("new-{}", change.address) } else { change.id.clone().unwrap() };
            self.place(&id, after);
            self.ids.insert(change.address.clone(), id);
            if change.address.kind() == "policy" {
                self.says(change.address.clone().into(), after);
            }
        }
    }

    /// All guardrails above an account: policies and their statements.
    fn over(&self, id: &str) -> BTreeSet<String> {
        let levels = std::iter::successors(Some(id.to_owned()), |id| self.parents.get(id).cloned());
        let policies = levels.filter_map(|id| self.sets.get(&id)).flatten().filter(|policy| !is_default(policy));
        policies.flat_map(|policy| [Some(policy.to_string()), self.documents.get(policy).cloned()]).flatten().collect()
    }
}

proptest! {
    /// In every order, unless a warning says that a document is needed in its old and its new form: an account stays under the guardrails
    /// that it has before and after.
    #[test]
    fn nothing_is_ever_under_fewer_guard_rails_than_before_and_after_have_in_common((want, have) in world(), seed in any::<u64>()) {
        let Ordered { mut changes, findings } = order(diff(&want, &have).changes, &want, &have);
        let accounts: Vec<String> = have.resources.iter().filter(|(a, _)| a.kind() == "account").filter_map(|(_, l)| l.id.clone()).collect();
        let mut now = Simulation::of(&have);
        let mut last = Simulation::of(&have);
        changes.iter().for_each(|change| last.make(change));
        let common: Vec<BTreeSet<String>> =
            accounts.iter().map(|id| now.over(id).intersection(&last.over(id)).cloned().collect()).collect();
        let edits = changes.iter().filter(|change| change.address.kind() == "policy" && change.action == Action::Update).count();
        prop_assert!(findings.is_empty() || edits > 0, "{findings:?}");
        prop_assume!(findings.is_empty());
        let (mut state, mut done) = (seed, BTreeSet::new());
        while !changes.is_empty() {
            let ready: Vec<usize> = (0..changes.len()).filter(|&i| changes[i].waits_for.iter().all(|a| done.contains(a))).collect();
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let change = changes.remove(ready[(state >> 33) as usize % ready.len()]);
            now.make(&change);
            for (id, common) in accounts.iter().zip(&common) {
                let over = now.over(id);
                prop_assert!(common.is_subset(&over), "{id} is under {over:?} after {}, and not {common:?}\nwant {}\nhave {}", change.address, json!(want.resources), json!(have.resources));
            }
            done.insert(change.address);
        }
    }

    #[test]
    fn every_change_stands_behind_what_it_waits_for_whatever_the_input_order((want, have) in world(), seed in any::<u64>()) {
        let changes = diff(&want, &have).changes;
        let ordered = order(changes.clone(), &want, &have);
        prop_assert!(ordered.findings.iter().all(|finding| finding.severity == FindingSeverity::Warning), "{:?}", ordered.findings);
        let wholes = ordered.changes.iter().filter(|change| steps::first_step(&change.address).is_none()).count();
        prop_assert_eq!(wholes, changes.len());
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

    /// In every order of the schedule: an account arrives under the guardrails of its place and of all places above; what a change refers
    /// to exists; and nothing refers to what is deleted.
    #[test]
    fn guards_come_first_and_deletions_last((want, have) in world()) {
        let all: BTreeMap<Address, Change> =
            order(diff(&want, &have).changes, &want, &have).changes.into_iter().map(|change| (change.address.clone(), change)).collect();
        let before_all = Simulation::of(&have);
        let there = |address: &Address| !all.contains_key(address) && have.resources.contains_key(address);
        for change in all.values() {
            let earlier = before(change, &all);
            let done = |address: &Address| earlier.contains(address) || !all.contains_key(address);
            // A set does not depend on existing resources: its target may move meanwhile, and an edited document was a guardrail before.
            let of_standing =
                |address: &Address| Shift::of(change).is_some() && all[address].id.is_some() && all[address].action != Action::Replace;
            for address in change.after.iter().flat_map(resource::references) {
                prop_assert!(earlier.contains(&address) || there(&address) || of_standing(&address), "{} before {address}", change.address);
            }
            if change.address.kind() == "account" && change.changes("parent") {
                let mut place = resource::reference(change.after.as_ref().unwrap(), "parent");
                while let Some(Reference::Address(address)) = place {
                    let guard = Address::new("policy_attachments", address.to_string());
                    let only_goes = all.get(&guard).and_then(Shift::of).is_some_and(|shift| shift.only_loosens());
                    prop_assert!(only_goes || done(&guard), "{} before {guard}", change.address);
                    for policy in resource::references(&want.resources[&guard]) {
                        let known = change.id.as_ref().is_some_and(|id| before_all.over(id).contains(&policy.to_string()));
                        prop_assert!(done(&policy) || known, "{} before {policy}", change.address);
                    }
                    place = resource::reference(&want.resources[&address], "parent");
                }
            }
            if change.action == Action::Delete {
                let id = change.id.clone().unwrap();
                for (address, resource) in &have.resources {
                    let text = serde_json::to_string(&resource.attributes).unwrap();
                    let refers = text.contains(&format!("{{\"ref\":\"{}\"}}", change.address)) || text.contains(&format!("{{\"id\":\"{id}\"}}"));
                    // Attachments of a place that is replaced go with the old place.
                    let gone = earlier.iter().any(|a| all[a].action == Action::Delete && all[a].id == resource.id);
                    prop_assert!(!refers || gone || earlier.contains(address), "{} before {address} lets go", change.address);
                }
            }
        }
    }
}
