//! Quotas of accounts and Regions that a plan would exceed. AWS would refuse in the middle of the run, so this is an error before the
//! first write.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change};
use crate::address::{Address, Scope};
use crate::network::{Others, Quotas};
use crate::plural;
use crate::resource::{Finding, FindingSeverity, Live};

/// What has a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    Vpcs,
    InternetGateways,
    ElasticIps,
    NatGateways,
}

/// A quota, and how much of it is used.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// What exists and is bound.
    bound: usize,
    created: usize,
    deleted: usize,
}

/// Of one account and Region: counts, by what is counted and its zone where it counts by zone.
type Counts<'a> = BTreeMap<(Counted, &'a str), Count>;

/// An error for each quota that `changes` would exceed.
pub(super) fn findings(changes: &[Change], live: &Live, quotas: &Quotas) -> Vec<Finding> {
    let mut scopes: BTreeMap<&Scope, Counts<'_>> = BTreeMap::new();
    let mut without_default: BTreeSet<&Scope> = BTreeSet::new();
    for change in changes {
        let Some(scope) = change.address.scope() else { continue };
        if change.address.kind() == "default_vpc" {
            // A new resource waits for the removal of an old one if there is no room for both.
            without_default.insert(scope);
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
        let default = usize::from(others.default_vpc && !without_default.contains(*scope));
        counts.iter().filter_map(move |((counted, zone), count)| {
            let unmanaged = match counted {
                Counted::Vpcs => others.vpcs + default,
                Counted::InternetGateways => others.internet_gateways + default,
                Counted::ElasticIps => others.elastic_ips,
                Counted::NatGateways => others.nat_gateways.get(*zone).copied().unwrap_or_default(),
            };
            finding(*counted, (scope, zone), *count, unmanaged, quotas)
        })
    });
    exceeded.collect()
}

/// What counts against a quota, and the zone where the quota is one of zones.
fn counted(address: &Address) -> Option<(Counted, &str)> {
    match address.kind() {
        "vpc" => Some((Counted::Vpcs, "")),
        "internet_gateway" => Some((Counted::InternetGateways, "")),
        "elastic_ip" => Some((Counted::ElasticIps, "")),
        // Keys of NAT gateways end with their zone, as in `standard/euw1-az1`; a regional one has none.
        "nat_gateway" => Some((Counted::NatGateways, address.key().rsplit('/').next().filter(|zone| zone.contains('-'))?)),
        _ => None,
    }
}

/// `None` if there is room. If the quota is exceeded already, AWS must have raised it, and the new limit is unknown.
fn finding(counted: Counted, place: (&Scope, &str), count: Count, unmanaged: usize, quotas: &Quotas) -> Option<Finding> {
    let (scope, zone) = place;
    let (key, most, one, quota) = match counted {
        Counted::Vpcs => ("vpcs", quotas.vpcs(), "VPC", "VPCs per Region"),
        // AWS documents that the 2 quotas have the same value.
        Counted::InternetGateways => ("vpcs", quotas.vpcs(), "internet gateway", "VPCs per Region"),
        Counted::ElasticIps => ("elastic_ips", quotas.elastic_ips(), "elastic IP address", "EC2-VPC Elastic IPs"),
        Counted::NatGateways => {
            ("nat_gateways_per_zone", quotas.nat_gateways_per_zone(), "NAT gateway", "NAT gateways per Availability Zone")
        }
    };
    let there = count.bound + unmanaged;
    let needed = there + count.created;
    if count.created == 0 || there > most || needed <= most {
        return None;
    }
    let to_create = format!("{} {}", plural::count(count.created, one), if count.created == 1 { "is" } else { "are" });
    let exist = if there == 1 { "1 exists" } else { &format!("{there} exist") };
    let unmanaged = if unmanaged == 0 { String::new() } else { format!(" ({unmanaged} unmanaged)") };
    let place = if zone.is_empty() { &scope.region } else { zone };
    let mut summary = format!(
        "{to_create} to be created in `{place}`, where {exist}{unmanaged}, and the quota is {most}: if AWS raised it for this account, set \
         `{key} = {needed}` in [limits]; otherwise raise \"{quota}\" in Service Quotas, or create fewer"
    );
    if count.deleted > 0 && needed - count.deleted <= most {
        summary += &format!(
            "; this plan also deletes {}, but AWS may refuse the new ones before that: delete in one run, and create in the next",
            count.deleted
        );
    }
    Some(Finding { severity: FindingSeverity::Error, subject: Address::new("account", scope.account.as_str()).to_string(), summary })
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
