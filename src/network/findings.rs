//! What an address plan could not do as it was asked to, or did otherwise than one may think.

use super::expand::services::endpoint_zones;
use super::{AddressPlan, Design, Layout, Observed, Origin, Vpc, Why};
use crate::address::Address;
use crate::resource::{Finding, FindingSeverity};

/// The findings of a plan, in the order of the VPCs. `plan` is what [`super::allocate`] made of the other two. An account that could not be
/// read, or that has too few zones, is no finding here: who read it has said so.
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
        let endpoint = address.scope().map(|scope| Address::within(scope.clone(), "vpc_endpoint", format!("{}/{service}", vpc.layout)));
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
