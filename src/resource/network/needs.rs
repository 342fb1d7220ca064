//! What the readers of the family need to be allowed.

use std::collections::BTreeMap;

use super::{expand, screen};
use crate::address::Address;
use crate::aws::LOOK_UP_EVENTS;
use crate::limits::LIMITS;
use crate::network::{self, Design, Observed};
use crate::resource::{By, Desired, FamilyNeeds, Need};

/// In the accounts of the configuration. A VPC's tag says what the VPC ever had, and all of that is read as long as the VPC exists.
const NETWORKS: Need = Need::plan(&[
    "ec2:DescribeAddresses",
    "ec2:DescribeCustomerGateways",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeEgressOnlyInternetGateways",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTransitGatewayAttachments",
    "ec2:DescribeTransitGatewayVpcAttachments",
    "ec2:DescribeTransitGateways",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpnConnections",
    "ec2:DescribeVpnGateways",
    "ec2:GetTransitGatewayRouteTablePropagations",
    "ram:GetResourceShareAssociations",
    "ram:GetResourceShares",
]);

/// In all accounts, including the management account: which addresses they use, and which zones they have.
const BLOCKS: Need = Need::plan(&["ec2:DescribeAvailabilityZones", "ec2:DescribeVpcEndpointServices", "ec2:DescribeVpcs"]);

/// Whether a Region is enabled.
const OPT_IN: Need = Need::plan(&["account:GetRegionOptStatus"]);

/// In Regions that are read although nothing is declared there.
const GOVERNED: Need = Need::plan(&["ec2:DescribeTags"]);

/// What the family needs for a configuration.
pub(in crate::resource) fn needs(desired: &Desired) -> FamilyNeeds {
    let design = &desired.network;
    let regions = design.regions();
    let mut found = FamilyNeeds::default();
    if !regions.is_empty() {
        found.own.extend([(By::Accounts, NETWORKS), (By::Everybody, BLOCKS)]);
        found.reads.extend([(By::Everybody, screen::OPERATIONS), (By::Everybody, &[LOOK_UP_EVENTS])]);
    }
    let opted_in = design.opted_in.values().any(|regions| !regions.is_empty());
    if opted_in || regions.iter().any(|region| LIMITS.regions.is_opt_in(region)) {
        found.own.push((By::Everybody, OPT_IN));
    }
    if !design.governed.is_empty() {
        found.own.push((By::Accounts, GOVERNED));
    }
    let sample = sample(design);
    let plan = network::allocate(&sample, &Observed::default());
    found.planned = expand(&sample, &Observed::default(), &plan).into_iter().collect();
    found.in_management = desired.management_key().is_some_and(|account| has_network(design, account));
    found.regions = regions.into_iter().map(str::to_owned).collect();
    found
}

/// What an import needs. Opt-in Regions are read once more, as the first plan will read them.
pub(in crate::resource) fn import_needs(reads_regions: bool) -> Vec<(By, &'static [&'static str])> {
    let mut needs = vec![OPT_IN];
    if reads_regions {
        needs.extend([NETWORKS, BLOCKS, GOVERNED]);
    }
    needs.into_iter().map(|need| (By::Everybody, need.operations())).collect()
}

/// Whether the account of that key has VPCs or a transit gateway, enables Regions or loses its default VPCs.
fn has_network(design: &Design, account: &str) -> bool {
    let of_it = |address: &Address| address.account() == Some(account);
    design.vpcs.keys().any(of_it)
        || design.without_default_vpc.contains(account)
        || design.opted_in.contains_key(account)
        || design.gateways.transit.values().any(|gateway| gateway.account == account)
}

/// The same networks with 2 VPCs per layout: those have a resource of every kind. Thousands of accounts would have millions.
fn sample(design: &Design) -> Design {
    let mut of_layout: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sample = Design { vpcs: BTreeMap::new(), ..design.clone() };
    for (address, request) in &design.vpcs {
        let count = of_layout.entry(&request.layout).or_default();
        *count += 1;
        if *count <= 2 {
            sample.vpcs.insert(address.clone(), request.clone());
        }
    }
    sample
}
