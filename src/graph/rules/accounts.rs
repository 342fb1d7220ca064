//! Rule 6: a resource that is created in an account depends on the account, on the account's guardrails and on its Region, with or without
//! a reference. A deletion in an account does not wait: the resource was there before.
//!
//! Reason: without the account, its role and its Region, no call can be made; and what is in an account is under its guardrails.
//! If the references of a change already let it depend on something in its place, as in nearly all of a network, it gets no edge of its
//! own: so there are few edges.

use crate::change::Action;
use crate::graph::edges::Edges;
use crate::resource::Kind;
use crate::resource::network::Region;
use crate::resource::organizations::{Account, Placement, PolicyAttachments};

pub(super) fn wait_for_the_account(edges: &mut Edges<'_>) {
    let changes = edges.changes;
    for (index, change) in changes.iter().enumerate().filter(|(_, change)| change.action != Action::Delete) {
        let Some(key) = change.address.account() else { continue };
        if edges.depends_beside.get(index) == Some(&true) {
            continue;
        }
        let region = Region::address_beside(&change.address, "main");
        if change.address != region && edges.by_address.near(index, &region).is_some() {
            edges.wait(index, &region);
            continue;
        }
        let account = Account::address(key);
        edges.wait(index, &account);
        edges.wait(index, &PolicyAttachments::address(account.to_string()));
        // In the quarantine OU, nothing may be allowed yet.
        edges.wait(index, &Placement::address(key));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::json;

    use crate::address::Address;
    use crate::change::{Action, Change};
    use crate::diff::diff;
    use crate::graph::order;
    use crate::graph::tests::{account, before, check, is, network, ou, set, there};
    use crate::plan::worlds::{desired, live};

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
            assert!(
                outside.iter().all(|address| earlier.contains(*address)),
                "{} does not wait for the whole of {outside:?}",
                change.address
            );
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
}
