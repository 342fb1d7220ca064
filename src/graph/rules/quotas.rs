//! Rule 7: if a new resource takes the place of another one in a quota, its creation depends on the change that frees that place: a VPC
//! waits for the deletion of the default VPC. If there is room for both, the two are independent.
//!
//! Reason: AWS refuses what exceeds a quota.

use std::collections::HashMap;

use crate::address::Scope;
use crate::change::{Action, Change};
use crate::graph::Constraint;
use crate::graph::edges::Edges;
use crate::resource::{FreedBy, KINDS, KindSpec, Quota};

pub(super) fn make_room_in_quotas(edges: &mut Edges<'_>) {
    for spec in KINDS.iter().map(|kind| kind.spec()) {
        let Some(quota) = spec.quota else { continue };
        if let Some(freed_by) = quota.freed_by.filter(|by| by.is_waited_for) {
            make_room(edges, spec, quota, freed_by);
        }
    }
}

/// The same for one quota of Regions.
fn make_room(edges: &mut Edges<'_>, spec: &KindSpec, quota: &Quota, freed_by: FreedBy) {
    let is_freeing = |change: &Change| change.address.kind() == freed_by.kind && change.action != Action::NoOp;
    let freeing = edges.changes.iter().enumerate().filter(|(_, change)| is_freeing(change));
    let freeing: HashMap<&Scope, usize> = freeing.filter_map(|(index, change)| Some((change.address.scope()?, index))).collect();
    if freeing.is_empty() {
        return;
    }
    let uses = uses(edges, spec, quota);
    let is_made = |change: &&Change| change.address.kind() == spec.kind && change.action == Action::Create;
    for (index, change) in edges.changes.iter().enumerate().filter(|(_, change)| is_made(change)) {
        let Some(scope) = change.address.scope() else { continue };
        let is_full = uses.get(scope).is_some_and(|uses| *uses >= (quota.most)(&edges.desired.network_quotas));
        if let Some(&freed) = freeing.get(scope).filter(|_| is_full) {
            edges.found.push((index, freed, Constraint::Required));
        }
    }
}

/// How many there are during the run: desired ones, those that exist, and unmanaged ones.
fn uses<'a>(edges: &Edges<'a>, spec: &KindSpec, quota: &Quota) -> HashMap<&'a Scope, usize> {
    let (desired, live) = (edges.desired, edges.live);
    let only_live = live.resources.keys().filter(|address| !desired.resources.contains_key(*address));
    let mut uses: HashMap<&Scope, usize> = HashMap::new();
    for address in desired.resources.keys().chain(only_live).filter(|address| address.kind() == spec.kind) {
        if let Some(scope) = address.scope() {
            *uses.entry(scope).or_default() += 1;
        }
    }
    for (scope, others) in &live.network.others {
        *uses.entry(scope).or_default() += (quota.unmanaged)(others, "");
    }
    uses
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::address::Scope;
    use crate::diff::diff;
    use crate::graph::order;
    use crate::graph::tests::is;
    use crate::network::Others;
    use crate::plan::worlds::{desired, live};

    /// A default VPC that is to go, 2 VPCs that exist, and a new one, in a Region with so many unmanaged VPCs.
    fn waits_for_the_default_vpc(unmanaged: usize) -> bool {
        let vpc = json!({ "cidr": "10.0.0.0/16", "ipv6": false, "tags": {} });
        let want = desired(json!({ "a/r/default_vpc.main": { "present": false }, "a/r/vpc.new": vpc, "a/r/vpc.one": vpc }));
        let mut have = live(json!({ "a/r/default_vpc.main": is("main", json!({ "present": true })), "a/r/vpc.one": is("1", vpc.clone()),
                                    "a/r/vpc.gone": is("2", vpc) }));
        let others = Others { vpcs: unmanaged, default_vpc: true, ..Others::default() };
        have.network.others.insert(Scope { account: "a".to_owned(), region: "r".to_owned() }, others);
        let changes = order(diff(&want, &have).changes, &want, &have).changes;
        let new = changes.iter().find(|change| change.address.to_string() == "a/r/vpc.new").unwrap();
        new.waits_for.contains(&"a/r/default_vpc.main".parse().unwrap())
    }

    #[test]
    fn a_vpc_waits_for_the_default_vpc_only_where_there_is_no_room_for_both() {
        // AWS allows 5. Three are overlord's, one of which is still to be deleted.
        assert!(!waits_for_the_default_vpc(1));
        assert!(waits_for_the_default_vpc(2));
    }
}
