//! Findings of the address plan: requests that it could not fulfil, or fulfilled in an unexpected way.

use super::VpcEndpoint;
use super::expand::services::endpoint_zones;
use crate::address::Address;
use crate::network::{AddressPlan, Design, Layout, Observed, Origin, Vpc, Why};
use crate::resource::{Finding, FindingSeverity, Kind};

/// The findings of a plan, in the order of the VPCs. `plan` is what [`crate::network::allocate`] made of the other two. An account that
/// could not be read, or that has too few zones, is not reported here: the reader has reported it.
pub fn findings(design: &Design, observed: &Observed, plan: &AddressPlan) -> Vec<Finding> {
    let without = plan.unplaced.iter().filter(|(_, unplaced)| unplaced.why != Why::Unreachable).map(|(address, unplaced)| {
        let severity = if unplaced.why.is_error() { FindingSeverity::Error } else { FindingSeverity::Warning };
        finding(severity, address, unplaced.why.to_string())
    });
    let placed = plan.vpcs.iter().filter_map(|(address, vpc)| Some((address, vpc, design.layouts.get(&vpc.layout)?)));
    let placed = placed.filter(|(address, ..)| !address.scope().is_some_and(|scope| observed.unreachable.contains_key(&scope.account)));
    without.chain(placed.flat_map(|(address, vpc, layout)| of_vpc(address, vpc, layout, (design, observed)))).collect()
}

fn finding(severity: FindingSeverity, address: &Address, summary: String) -> Finding {
    Finding { severity, subject: address.to_string(), summary }
}

fn of_vpc(address: &Address, vpc: &Vpc, layout: &Layout, (design, observed): (&Design, &Observed)) -> Vec<Finding> {
    let mut found = Vec::new();
    let lost = design.vpcs.get(address).and_then(|request| request.id.as_ref()).filter(|_| !observed.vpcs.contains_key(address));
    if let Some(id) = lost {
        let summary = format!("its VPC `{id}` is not in the account and Region: correct `vpc_id`, or remove it to have a new one made");
        return vec![finding(FindingSeverity::Error, address, summary)];
    }
    let is_pinned = design.vpcs.get(address).is_some_and(|request| request.pinned.is_some());
    if vpc.origin == Origin::Live && !is_pinned && vpc.block.prefix() != layout.prefix {
        let summary = format!("it keeps its block `{}`: `prefix = {}` of its layout is for new VPCs only", vpc.block, layout.prefix);
        found.push(finding(FindingSeverity::Warning, address, summary));
    }
    if !layout.ipv6 && observed.vpcs.get(address).is_some_and(|live| live.ipv6) {
        let summary = "it keeps its blocks of IPv6, without a way out: `ipv6` is not taken back from a VPC that has it; use another layout";
        found.push(finding(FindingSeverity::Warning, address, summary.to_owned()));
    }
    for service in &layout.endpoints {
        let endpoint = address.scope().map(|scope| VpcEndpoint::address_within(scope.clone(), format!("{}/{service}", vpc.layout)));
        let Some(offered) = endpoint.and_then(|endpoint| observed.endpoint_zones.get(&endpoint)) else { continue };
        let missing: Vec<String> =
            endpoint_zones(vpc, None).into_iter().filter(|zone| !offered.contains(*zone)).map(|zone| format!("`{zone}`")).collect();
        if !missing.is_empty() {
            let summary =
                format!("its endpoint of `{service}` has no interface in {}: AWS does not offer the service there", missing.join(", "));
            found.push(finding(FindingSeverity::Warning, address, summary));
        }
    }
    if !vpc.cut.unplaced.is_empty() {
        let names: Vec<String> = vpc.cut.unplaced.iter().map(|name| format!("`{name}`")).collect();
        let summary = format!(
            "its block has no room for {}: give tiers that are not built yet less, remove one, or make a layout of its own for it",
            names.join(", ")
        );
        found.push(finding(FindingSeverity::Error, address, summary));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::network::tests::{block, built, overlord};
    use crate::network::{Pool, Request, allocate, vpc_address};

    /// What could not be done, or was done otherwise.
    #[test]
    fn findings_say_what_to_do() {
        let mut design = Design { layouts: BTreeMap::from([("l0".to_owned(), overlord())]), ..Design::default() };
        design.pools.insert("main".to_owned(), Pool { cidr: block("10.0.0.0/18"), reserved: BTreeSet::new() });
        for account in ["a", "b", "c"] {
            design.vpcs.insert(
                vpc_address(account, "eu-west-1", "l0"),
                Request { layout: "l0".to_owned(), pinned: None, id: None, tags: BTreeMap::new() },
            );
        }
        let check = |design: &Design, observed: &Observed, expected: &[&str]| {
            let found = findings(design, observed, &allocate(design, observed));
            let found: Vec<String> = found.iter().map(|f| format!("{:?} {}: {}", f.severity, f.subject, f.summary)).collect();
            assert_eq!(found, expected);
        };
        let full = "Error c/eu-west-1/vpc.l0: its pool has no free block of that size: enlarge the pool, or take another one";
        check(&design, &Observed::default(), &[full]);
        let live = built(&allocate(&design, &Observed::default()), &[true]);
        design.pools.insert("main".to_owned(), Pool { cidr: block("10.0.0.0/8"), reserved: BTreeSet::new() });
        let observed =
            Observed { vpcs: live, unreachable: BTreeMap::from([("b".to_owned(), "AccessDenied".to_owned())]), ..Observed::default() };
        let waits = "Warning c/eu-west-1/vpc.l0: an account with VPCs in its pool could not be read, and they may have any block of it: plan \
            again when it can be read, or choose a block in `cidr`";
        // It cannot be read, so its resources are unknown.
        let without_b = Observed { vpcs: observed.vpcs.iter().take(1).map(|(a, v)| (a.clone(), v.clone())).collect(), ..observed };
        check(&design, &without_b, &[waits]);
        design.layouts.insert("l0".to_owned(), Layout { prefix: 20, ..overlord() });
        design.vpcs.retain(|address, _| address == &vpc_address("a", "eu-west-1", "l0"));
        let kept = "Warning a/eu-west-1/vpc.l0: it keeps its block `10.0.0.0/19`: `prefix = 20` of its layout is for new VPCs only";
        check(&design, &without_b, &[kept]);
    }
}
