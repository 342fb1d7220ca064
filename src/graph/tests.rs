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
pub(super) fn check(want: Value, have: Value, expected: &[&str]) {
    let (want, have) = (desired(want), live(have));
    let Ordered { changes, findings } = order(diff(&want, &have).changes, &want, &have);
    let line = |change: &Change| {
        let waits_for: Vec<String> = change.waits_for.iter().map(Address::to_string).collect();
        format!("{:?} {} < {}", change.action, change.address, waits_for.join(" ")).trim_end_matches([' ', '<']).to_owned()
    };
    let lines: Vec<String> = changes.iter().map(line).chain(findings.into_iter().map(|finding| finding.summary)).collect();
    assert_eq!(lines, expected);
}

pub(super) fn ou(parent: &str) -> Value {
    json!({ "name": "n", "parent": { "ref": parent } })
}

pub(super) fn account(parent: &str) -> Value {
    json!({ "email": "a@x", "parent": { "ref": parent } })
}

pub(super) fn set(policies: &[&str], target: &str) -> Value {
    let policies: Vec<Value> = policies.iter().map(|policy| json!({ "ref": policy })).collect();
    json!({ "policies": policies, "target": { "ref": target } })
}

pub(super) fn is(id: &str, attributes: Value) -> Value {
    json!({ "id": id, "attributes": attributes, "ours": true })
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
pub(super) fn network(account: &str) -> serde_json::Map<String, Value> {
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
pub(super) fn there(all: &serde_json::Map<String, Value>) -> Value {
    all.iter()
        .map(|(address, attributes)| (address.clone(), is(&format!("id-{address}"), attributes.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The position of each change in the order.
pub(super) fn places(ordered: &Ordered) -> impl Fn(&str) -> usize {
    assert_eq!(ordered.findings, []);
    let places: BTreeMap<String, usize> = ordered.changes.iter().enumerate().map(|(place, c)| (c.address.to_string(), place)).collect();
    move |address: &str| places[address]
}

/// All direct and indirect dependencies of a change. Naive.
pub(super) fn before(change: &Change, all: &BTreeMap<Address, Change>) -> BTreeSet<Address> {
    change.waits_for.iter().flat_map(|a| before(&all[a], all).into_iter().chain([a.clone()])).collect()
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
