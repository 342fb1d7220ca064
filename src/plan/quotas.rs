//! Quotas of accounts and Regions that a plan would exceed. AWS would refuse in the middle of the run, so this is an error before the
//! first write.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change};
use crate::address::{Address, Scope};
use crate::network::{Others, Quotas};
use crate::plural;
use crate::resource::organizations::Account;
use crate::resource::{self, Finding, FindingSeverity, FreedBy, Kind, Live, Quota};

/// A quota, and how much of it is used.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// What exists and is bound.
    bound: usize,
    created: usize,
    deleted: usize,
}

/// Of one account and Region: counts, by the position of the kind among all kinds, and by zone where it counts by zone.
type Counts<'a> = BTreeMap<(usize, &'a str), Count>;

/// An error for each quota that `changes` would exceed.
pub(super) fn findings(changes: &[Change], live: &Live, quotas: &Quotas) -> Vec<Finding> {
    let mut scopes: BTreeMap<&Scope, Counts<'_>> = BTreeMap::new();
    let freeing: BTreeSet<&str> = resource::KINDS.iter().filter_map(|kind| Some(kind.spec().quota?.freed_by?.kind)).collect();
    let mut freed: BTreeSet<(&Scope, &str)> = BTreeSet::new();
    for change in changes {
        let Some(scope) = change.address.scope() else { continue };
        if freeing.contains(change.address.kind()) {
            // A new resource waits for the removal of an old one if there is no room for both.
            freed.insert((scope, change.address.kind()));
        }
        let Some(counted) = counted(&change.address) else { continue };
        let count = scopes.entry(scope).or_default().entry(counted).or_default();
        match change.action {
            Action::Create => count.created += 1,
            Action::Delete => count.deleted += 1,
            _ => {}
        }
    }
    scopes.retain(|_, counts| counts.values().any(|count| count.created > 0));
    if scopes.is_empty() {
        return Vec::new();
    }
    for address in live.resources.keys() {
        let count =
            address.scope().and_then(|scope| scopes.get_mut(scope)).zip(counted(address)).and_then(|(counts, key)| counts.get_mut(&key));
        count.into_iter().for_each(|count| count.bound += 1);
    }
    let nobody = Others::default();
    let exceeded = scopes.iter().flat_map(|(scope, counts)| {
        let others = live.network.others.get(*scope).unwrap_or(&nobody);
        let is_freed = |by: &FreedBy| freed.contains(&(*scope, by.kind));
        counts.iter().filter_map(move |((position, zone), count)| {
            let quota = resource::KINDS.get(*position)?.spec().quota?;
            let unchanged = quota.freed_by.filter(|by| !is_freed(by)).map(|by| (by.uses)(others)).unwrap_or_default();
            let unmanaged = (quota.unmanaged)(others, zone) + unchanged;
            finding(quota, (scope, zone), *count, unmanaged, quotas)
        })
    });
    exceeded.collect()
}

/// The kind that counts against a quota, by its position among all kinds, and the zone where the quota is one of zones.
fn counted(address: &Address) -> Option<(usize, &str)> {
    let quota = resource::spec(address)?.quota?;
    let zone = (quota.zone)(address.key())?;
    Some((resource::position(address.kind())?, zone))
}

/// `None` if there is room. If the quota is exceeded already, AWS must have raised it, and the new limit is unknown.
fn finding(quota: &Quota, place: (&Scope, &str), count: Count, unmanaged: usize, quotas: &Quotas) -> Option<Finding> {
    let (scope, zone) = place;
    let Quota { key, name, noun, .. } = quota;
    let most = (quota.most)(quotas);
    let there = count.bound + unmanaged;
    let needed = there + count.created;
    if count.created == 0 || there > most || needed <= most {
        return None;
    }
    let to_create = format!("{} {}", plural::count(count.created, noun), if count.created == 1 { "is" } else { "are" });
    let exist = if there == 1 { "1 exists" } else { &format!("{there} exist") };
    let unmanaged = if unmanaged == 0 { String::new() } else { format!(" ({unmanaged} unmanaged)") };
    let place = if zone.is_empty() { &scope.region } else { zone };
    let mut summary = format!(
        "{to_create} to be created in `{place}`, where {exist}{unmanaged}, and the quota is {most}: if AWS raised it for this account, set \
         `{key} = {needed}` in [limits]; otherwise raise \"{name}\" in Service Quotas, or create fewer"
    );
    if count.deleted > 0 && needed - count.deleted <= most {
        summary += &format!(
            "; this plan also deletes {}, but AWS may refuse the new ones before that: delete in one run, and create in the next",
            count.deleted
        );
    }
    Some(Finding { severity: FindingSeverity::Error, subject: Account::address(scope.account.as_str()).to_string(), summary })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::worlds::live;

    fn change(action: Action, address: &str) -> Change {
        let address = address.parse().unwrap();
        Change { address, action, reason: "".into(), id: None, before: None, after: None, calls: Vec::new(), waits_for: Vec::new() }
    }

    /// The errors of these changes, with 2 bound VPCs and these other resources.
    fn told(changes: &[(Action, &str)], others: Others, quotas: Quotas) -> Vec<String> {
        let mut live =
            live(json!({ "a/r-1/vpc.one": { "id": "vpc-1", "attributes": {} }, "a/r-1/vpc.two": { "id": "vpc-2", "attributes": {} } }));
        live.network.others.insert(Scope { account: "a".to_owned(), region: "r-1".to_owned() }, others);
        let changes: Vec<Change> = changes.iter().map(|(action, address)| change(*action, address)).collect();
        findings(&changes, &live, &quotas).into_iter().map(|f| format!("{}: {}", f.subject, f.summary)).collect()
    }

    #[test]
    fn what_has_no_room_beside_what_exists_is_an_error() {
        let others = Others { vpcs: 1, default_vpc: true, ..Others::default() };
        let one = [(Action::Create, "a/r-1/vpc.new")];
        let two = [(Action::Create, "a/r-1/vpc.new"), (Action::Create, "a/r-1/vpc.newer")];
        assert_eq!(told(&one, others.clone(), Quotas::default()), [""; 0], "there is room for one");
        let hint = "otherwise raise \"VPCs per Region\" in Service Quotas, or create fewer";
        assert_eq!(
            told(&two, others.clone(), Quotas::default()),
            [format!(
                "account.a: 2 VPCs are to be created in `r-1`, where 4 exist (2 unmanaged), and the quota is 5: if AWS raised it for this \
                 account, set `vpcs = 6` in [limits]; {hint}"
            )]
        );
        assert_eq!(told(&two, others.clone(), Quotas { vpcs: Some(6), ..Quotas::default() }), [""; 0], "[limits] raises it");
        let elsewhere = [(Action::Create, "a/r-2/vpc.new"), (Action::Create, "b/r-1/vpc.new")];
        assert_eq!(told(&elsewhere, others.clone(), Quotas::default()), [""; 0], "each account and Region counts by itself");
        let freed = [one[0], two[1], (Action::Update, "a/r-1/default_vpc.main")];
        assert_eq!(told(&freed, others.clone(), Quotas::default()), [""; 0], "the default VPC goes first");
        let swapped = [two[0], two[1], (Action::Delete, "a/r-1/vpc.one")];
        let [said] = told(&swapped, others, Quotas::default()).try_into().unwrap();
        assert!(said.contains("this plan also deletes 1") && said.contains("delete in one run, and create in the next"), "{said}");
    }

    #[test]
    fn a_quota_that_is_exceeded_already_was_raised() {
        let others = Others { vpcs: 4, ..Others::default() };
        assert_eq!(told(&[(Action::Create, "a/r-1/vpc.new")], others, Quotas::default()), [""; 0]);
    }

    #[test]
    fn addresses_and_gateways_have_quotas_too() {
        let others = Others {
            elastic_ips: 5,
            internet_gateways: 5,
            nat_gateways: BTreeMap::from([("r1-az1".to_owned(), 5), ("r1-az2".to_owned(), 4)]),
            ..Others::default()
        };
        let changes = [
            (Action::Create, "a/r-1/elastic_ip.new/r1-az1"),
            (Action::Create, "a/r-1/internet_gateway.new"),
            (Action::Create, "a/r-1/nat_gateway.new/r1-az1"),
            (Action::Create, "a/r-1/nat_gateway.new/r1-az2"),
            (Action::Create, "a/r-1/nat_gateway.other/regional"),
        ];
        let told = told(&changes, others, Quotas::default());
        let begin: Vec<&str> = told.iter().map(|line| line.split_once(", and").unwrap().0).collect();
        assert_eq!(
            begin,
            [
                "account.a: 1 internet gateway is to be created in `r-1`, where 5 exist (5 unmanaged)",
                "account.a: 1 elastic IP address is to be created in `r-1`, where 5 exist (5 unmanaged)",
                "account.a: 1 NAT gateway is to be created in `r1-az1`, where 5 exist (5 unmanaged)",
            ]
        );
    }
}
