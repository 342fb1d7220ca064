//! The network part of EC2: the two tables of its operations, and their shared code.
//!
//! Each account has a [`Region`] per Region. It is created with a default VPC at the first write; before that, a read makes up an identical
//! one. A read gets the Region by shared reference, which may be an older version (stale reads). A write checks everything before it changes
//! anything, so that a refusal changes nothing. Asynchronous states are a [`life::Life`], which is a function of the clock.

mod address;
mod check;
mod dhcp_options;
mod egress_only_internet_gateway;
mod flow_log;
mod interface;
mod internet_gateway;
mod kinds;
mod life;
mod list;
mod nat_gateway;
mod network_acl;
mod peering;
mod places;
mod region;
mod regions;
mod route;
mod route_table;
mod security_group;
mod subnet;
mod tags;
mod tokens;
mod transit_gateway;
mod transit_gateway_attachment;
mod vpc;
mod vpc_cidr;
mod vpc_endpoint;
mod vpn;
mod zones;

use aws_smithy_types::date_time::{DateTime, Format};
use http::StatusCode;
use serde_json::Value;

pub use address::Address;
pub use dhcp_options::DhcpOptions;
pub use egress_only_internet_gateway::EgressOnlyInternetGateway;
pub use flow_log::FlowLog;
pub use interface::NetworkInterface;
pub use internet_gateway::InternetGateway;
pub use life::{Life, Stage};
pub use nat_gateway::{NatGateway, NatLink, NatPlace};
pub use network_acl::NetworkAcl;
pub use peering::{Answer, Peering, Side};
pub use region::Region;
pub use regions::Regions;
pub use route_table::{RouteTable, Target};
pub use security_group::{Peer, Rule, SecurityGroup};
pub use subnet::Subnet;
pub use transit_gateway::TransitGateway;
pub use transit_gateway_attachment::TransitGatewayAttachment;
pub use vpc::{Ipv6Block, Vpc};
pub use vpc_endpoint::{EndpointType, VpcEndpoint};
pub use vpn::{CustomerGateway, VpnConnection, VpnGateway};

pub(super) use places::{Place, RegionFacts};

use super::input::Input;
use super::operation::Operation;
use super::weather::Weather;
use super::wire::{Outcome, Refusal};
use super::world::{AccountState, World};

/// A read and its Region.
pub(super) struct Ask<'a> {
    pub region: &'a Region,
    pub world: &'a World,
    pub place: &'a Place,
    pub input: Input<'a>,
    pub now_ms: u64,
    /// The weather wants this page of a list to be empty.
    pub empty_page: bool,
    /// The weather wants filters by tag to hold nothing back.
    pub ignores_tags: bool,
    /// A zone that lacks services.
    pub lacking_zone: Option<&'a str>,
    /// A zone that is impaired.
    pub impaired_zone: Option<&'a str>,
}

/// A write and the Region that it changes. The world has every Region but this one.
pub(super) struct Turn<'a> {
    pub region: &'a mut Region,
    pub world: &'a mut World,
    pub place: &'a Place,
    pub input: Input<'a>,
    pub now_ms: u64,
    pub weather: &'a Weather,
}

pub(super) type Read = fn(&Ask<'_>) -> Outcome;
pub(super) type Write = fn(&mut Turn<'_>) -> Outcome;

const READS: &[(&str, Read)] = &[
    ("DescribeAddresses", address::describe),
    ("DescribeAvailabilityZones", zones::describe_zones),
    ("DescribeCustomerGateways", vpn::describe_offices),
    ("DescribeDhcpOptions", dhcp_options::describe),
    ("DescribeEgressOnlyInternetGateways", egress_only_internet_gateway::describe),
    ("DescribeFlowLogs", flow_log::describe),
    ("DescribeInternetGateways", internet_gateway::describe),
    ("DescribeNatGateways", nat_gateway::describe),
    ("DescribeNetworkAcls", network_acl::describe),
    ("DescribeNetworkInterfaces", interface::describe),
    ("DescribeRegions", zones::describe_regions),
    ("DescribeRouteTables", route_table::describe),
    ("DescribeSecurityGroups", security_group::describe),
    ("DescribeSubnets", subnet::describe),
    ("DescribeTags", tags::describe),
    ("DescribeTransitGatewayAttachments", transit_gateway_attachment::describe_all),
    ("DescribeTransitGatewayVpcAttachments", transit_gateway_attachment::describe),
    ("DescribeTransitGateways", transit_gateway::describe),
    ("DescribeVpcAttribute", vpc::describe_attribute),
    ("DescribeVpcEndpointServices", vpc_endpoint::describe_services),
    ("DescribeVpcEndpoints", vpc_endpoint::describe),
    ("DescribeVpcPeeringConnections", peering::describe),
    ("DescribeVpcs", vpc::describe),
    ("DescribeVpnConnections", vpn::describe_connections),
    ("DescribeVpnGateways", vpn::describe_gateways),
    ("GetTransitGatewayRouteTablePropagations", transit_gateway_attachment::propagations),
];

const WRITES: &[(&str, Write)] = &[
    ("AcceptVpcPeeringConnection", peering::accept),
    ("AllocateAddress", address::allocate),
    ("AssociateDhcpOptions", dhcp_options::associate),
    ("AssociateRouteTable", route_table::associate),
    ("AssociateSubnetCidrBlock", subnet::associate_ipv6),
    ("AssociateTransitGatewayRouteTable", transit_gateway_attachment::associate),
    ("AssociateVpcCidrBlock", vpc_cidr::associate),
    ("AttachInternetGateway", internet_gateway::attach),
    ("AttachVpnGateway", vpn::attach),
    ("AuthorizeSecurityGroupEgress", security_group::authorize_egress),
    ("AuthorizeSecurityGroupIngress", security_group::authorize_ingress),
    ("CreateCustomerGateway", vpn::create_office),
    ("CreateDhcpOptions", dhcp_options::create),
    ("CreateEgressOnlyInternetGateway", egress_only_internet_gateway::create),
    ("CreateFlowLogs", flow_log::create),
    ("CreateInternetGateway", internet_gateway::create),
    ("CreateNatGateway", nat_gateway::create),
    ("CreateRoute", route::create),
    ("CreateRouteTable", route_table::create),
    ("CreateSecurityGroup", security_group::create),
    ("CreateSubnet", subnet::create),
    ("CreateTags", tags::create),
    ("CreateTransitGateway", transit_gateway::create),
    ("CreateTransitGatewayVpcAttachment", transit_gateway_attachment::create),
    ("CreateVpc", vpc::create),
    ("CreateVpcEndpoint", vpc_endpoint::create),
    ("CreateVpcPeeringConnection", peering::create),
    ("CreateVpnConnection", vpn::create_connection),
    ("CreateVpnConnectionRoute", vpn::create_route),
    ("CreateVpnGateway", vpn::create_gateway),
    ("DeleteCustomerGateway", vpn::delete_office),
    ("DeleteDhcpOptions", dhcp_options::delete),
    ("DeleteEgressOnlyInternetGateway", egress_only_internet_gateway::delete),
    ("DeleteFlowLogs", flow_log::delete),
    ("DeleteInternetGateway", internet_gateway::delete),
    ("DeleteNatGateway", nat_gateway::delete),
    ("DeleteRoute", route::delete),
    ("DeleteRouteTable", route_table::delete),
    ("DeleteSecurityGroup", security_group::delete),
    ("DeleteSubnet", subnet::delete),
    ("DeleteTags", tags::delete),
    ("DeleteTransitGateway", transit_gateway::delete),
    ("DeleteTransitGatewayVpcAttachment", transit_gateway_attachment::delete),
    ("DeleteVpc", vpc::delete),
    ("DeleteVpcEndpoints", vpc_endpoint::delete),
    ("DeleteVpcPeeringConnection", peering::delete),
    ("DeleteVpnConnection", vpn::delete_connection),
    ("DeleteVpnConnectionRoute", vpn::delete_route),
    ("DeleteVpnGateway", vpn::delete_gateway),
    ("DetachInternetGateway", internet_gateway::detach),
    ("DetachVpnGateway", vpn::detach),
    ("DisableVgwRoutePropagation", vpn::stop_propagating),
    ("DisassociateRouteTable", route_table::disassociate),
    ("DisassociateSubnetCidrBlock", subnet::disassociate_ipv6),
    ("DisassociateVpcCidrBlock", vpc_cidr::disassociate),
    ("EnableTransitGatewayRouteTablePropagation", transit_gateway_attachment::propagate),
    ("EnableVgwRoutePropagation", vpn::propagate),
    ("ModifySubnetAttribute", subnet::modify),
    ("ModifyTransitGateway", transit_gateway::modify),
    ("ModifyTransitGatewayVpcAttachment", transit_gateway_attachment::modify),
    ("ModifyVpcAttribute", vpc::modify_attribute),
    ("ModifyVpcEndpoint", vpc_endpoint::modify),
    ("ModifyVpnConnection", vpn::modify_connection),
    ("ReleaseAddress", address::release),
    ("ReplaceRoute", route::replace),
    ("ReplaceRouteTableAssociation", route_table::replace_association),
    ("RevokeSecurityGroupEgress", security_group::revoke_egress),
    ("RevokeSecurityGroupIngress", security_group::revoke_ingress),
];

/// The operation of that name.
pub(super) fn operation(name: &str) -> Option<Operation<Read, Write>> {
    Operation::of(name, READS, WRITES)
}

/// The Region of a caller, or the refusal of an account that cannot use it.
pub(super) fn enter(world: &World, account: &str, region: &str, now_ms: u64, weather: &Weather) -> Result<Place, Refusal> {
    let place = world.place(account, region).ok_or_else(places::not_enabled)?;
    let Some(entry) = world.accounts.get(account) else { return Err(places::not_enabled()) };
    if entry.state != AccountState::Active {
        return Err(Refusal::new("Blocked", "This account is currently blocked and not recognized as a valid account."));
    }
    if !entry.is_ready(now_ms, weather.account_ready_ms) {
        let message = "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.";
        return Err(Refusal::new("OptInRequired", message).status(StatusCode::UNAUTHORIZED));
    }
    if !world.region_is_enabled(account, place.region, now_ms) {
        return Err(places::not_enabled());
    }
    Ok(place)
}

/// Makes a write; with `DryRun`, on a copy.
pub(super) fn write(write: Write, mut turn: Turn<'_>) -> Outcome {
    turn.region.forget(turn.now_ms);
    if turn.input.flag("DryRun") == Some(true) {
        let (mut region, mut world) = (turn.region.clone(), turn.world.clone());
        write(&mut Turn { region: &mut region, world: &mut world, ..turn })?;
        return Err(would_have_succeeded());
    }
    write(&mut turn)
}

/// The answer to a write with `DryRun` that nothing refuses.
pub(super) fn would_have_succeeded() -> Refusal {
    let message = "Request would have succeeded, but DryRun flag is set.";
    Refusal::new("DryRunOperation", message).status(StatusCode::PRECONDITION_FAILED)
}

/// AWS's refusal of what something else still needs.
fn dependency(message: impl Into<String>) -> Refusal {
    Refusal::new("DependencyViolation", message)
}

/// AWS puts EC2's times as text.
fn timestamp(ms: u64) -> Value {
    i64::try_from(ms).ok().and_then(|ms| DateTime::from_millis(ms).fmt(Format::DateTime).ok()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_operation_is_in_both_tables_and_both_are_ordered() {
        let names: Vec<&str> = READS.iter().map(|(name, _)| *name).collect();
        let writes: Vec<&str> = WRITES.iter().map(|(name, _)| *name).collect();
        assert!(names.is_sorted() && writes.is_sorted());
        assert!(names.iter().all(|name| !writes.contains(name)));
    }
}
