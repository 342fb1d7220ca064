//! Rule 2: a deletion depends on every change whose before-value refers to the deleted resource and whose after-value does not.
//!
//! Reason: AWS refuses to delete what is in use.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Reference;
use crate::change::Action;
use crate::graph::Constraint;
use crate::graph::edges::Edges;
use crate::resource::Attributes;

pub(super) fn delete_last(edges: &mut Edges<'_>) {
    let deleted: BTreeMap<Reference, usize> = edges
        .changes
        .iter()
        .enumerate()
        .filter(|(_, change)| change.action == Action::Delete)
        .flat_map(|(i, c)| [Some((Reference::Address(c.address.clone()), i)), c.id.clone().map(|id| (Reference::Id(id), i))])
        .flatten()
        .collect();
    if deleted.is_empty() {
        return;
    }
    for (index, change) in edges.changes.iter().enumerate() {
        let kept = change.after.as_ref().map(named).unwrap_or_default();
        let released = change.before.as_ref().map(named).unwrap_or_default();
        for reference in released.difference(&kept) {
            if let Some(&deletion) = deleted.get(reference).filter(|&&deletion| deletion != index) {
                edges.found.push((deletion, index, Constraint::Required));
            }
        }
    }
}

/// All that attributes refer to, by address and by id.
fn named(attributes: &Attributes) -> BTreeSet<Reference> {
    attributes.references().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use crate::address::Address;
    use crate::change::{Action, Change};
    use crate::diff::diff;
    use crate::graph::order;
    use crate::graph::tests::{account, before, check, is, network, ou, places, set, there};
    use crate::plan::worlds::{desired, live};
    use crate::resource;

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
}
