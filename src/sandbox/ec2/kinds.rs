//! EC2's kinds of resources: the prefix of their ids, their name in tags, and AWS's error if one does not exist.
//! Codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.

use std::collections::BTreeMap;

use super::region::Region;
use crate::sandbox::wire::Refusal;

/// A kind of thing with an id and tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Address,
    DhcpOptions,
    EgressOnlyInternetGateway,
    FlowLog,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcEndpoint,
    CustomerGateway,
    Peering,
    TransitGateway,
    TransitGatewayAttachment,
    VpnConnection,
    VpnGateway,
}

impl Kind {
    const ALL: [Self; 19] = [
        Self::Address,
        Self::DhcpOptions,
        Self::EgressOnlyInternetGateway,
        Self::FlowLog,
        Self::InternetGateway,
        Self::NatGateway,
        Self::NetworkAcl,
        Self::NetworkInterface,
        Self::RouteTable,
        Self::SecurityGroup,
        Self::Subnet,
        Self::Vpc,
        Self::VpcEndpoint,
        Self::CustomerGateway,
        Self::Peering,
        Self::TransitGateway,
        Self::TransitGatewayAttachment,
        Self::VpnConnection,
        Self::VpnGateway,
    ];

    /// The start of the ids, the type in a TagSpecification, the code of a missing one, and what its message calls the id.
    fn facts(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Address => ("eipalloc", "elastic-ip", "InvalidAllocationID.NotFound", "allocation ID"),
            Self::DhcpOptions => ("dopt", "dhcp-options", "InvalidDhcpOptionID.NotFound", "dhcpOption ID"),
            Self::EgressOnlyInternetGateway => {
                ("eigw", "egress-only-internet-gateway", "InvalidGatewayID.NotFound", "egressOnlyInternetGateway ID")
            }
            Self::FlowLog => ("fl", "vpc-flow-log", "InvalidFlowLogId.NotFound", "flow log ID"),
            Self::InternetGateway => ("igw", "internet-gateway", "InvalidInternetGatewayID.NotFound", "internetGateway ID"),
            Self::NatGateway => ("nat", "natgateway", "NatGatewayNotFound", "NAT gateway"),
            Self::NetworkAcl => ("acl", "network-acl", "InvalidNetworkAclID.NotFound", "networkAcl ID"),
            Self::NetworkInterface => ("eni", "network-interface", "InvalidNetworkInterfaceID.NotFound", "networkInterface ID"),
            Self::RouteTable => ("rtb", "route-table", "InvalidRouteTableID.NotFound", "routeTable ID"),
            Self::SecurityGroup => ("sg", "security-group", "InvalidGroup.NotFound", "security group"),
            Self::Subnet => ("subnet", "subnet", "InvalidSubnetID.NotFound", "subnet ID"),
            Self::Vpc => ("vpc", "vpc", "InvalidVpcID.NotFound", "vpc ID"),
            Self::VpcEndpoint => ("vpce", "vpc-endpoint", "InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"),
            Self::CustomerGateway => ("cgw", "customer-gateway", "InvalidCustomerGatewayID.NotFound", "customerGateway ID"),
            Self::Peering => ("pcx", "vpc-peering-connection", "InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection ID"),
            Self::TransitGateway => ("tgw", "transit-gateway", "InvalidTransitGatewayID.NotFound", "transitGateway ID"),
            Self::TransitGatewayAttachment => {
                ("tgw-attach", "transit-gateway-attachment", "InvalidTransitGatewayAttachmentID.NotFound", "transitGatewayAttachment ID")
            }
            Self::VpnConnection => ("vpn", "vpn-connection", "InvalidVpnConnectionID.NotFound", "vpnConnection ID"),
            Self::VpnGateway => ("vgw", "vpn-gateway", "InvalidVpnGatewayID.NotFound", "vpnGateway ID"),
        }
    }

    /// `vpc` of `vpc-0123`.
    pub(super) fn prefix(self) -> &'static str {
        self.facts().0
    }

    /// What a TagSpecification calls it.
    pub(super) fn resource_type(self) -> &'static str {
        self.facts().1
    }

    /// The kind that an id is of, by its beginning.
    pub(super) fn of_id(id: &str) -> Option<Self> {
        let (prefix, _) = id.rsplit_once('-')?;
        Self::ALL.into_iter().find(|kind| kind.prefix() == prefix)
    }

    /// AWS's refusal of an id that names nothing.
    pub(super) fn missing(self, id: &str) -> Refusal {
        let (_, _, code, noun) = self.facts();
        Refusal::new(code, format!("The {noun} '{id}' does not exist"))
    }

    /// Whether there is such a thing.
    pub(super) fn exists(self, region: &Region, id: &str) -> bool {
        match self {
            Self::Address => region.addresses.contains_key(id),
            Self::DhcpOptions => region.dhcp_options.contains_key(id),
            Self::EgressOnlyInternetGateway => region.egress_only_internet_gateways.contains_key(id),
            Self::FlowLog => region.flow_logs.contains_key(id),
            Self::InternetGateway => region.internet_gateways.contains_key(id),
            Self::NatGateway => region.nat_gateways.contains_key(id),
            Self::NetworkAcl => region.network_acls.contains_key(id),
            Self::NetworkInterface => region.interfaces.contains_key(id),
            Self::RouteTable => region.route_tables.contains_key(id),
            Self::SecurityGroup => region.security_groups.contains_key(id),
            Self::Subnet => region.subnets.contains_key(id),
            Self::Vpc => region.vpcs.contains_key(id),
            Self::VpcEndpoint => region.vpc_endpoints.contains_key(id),
            Self::CustomerGateway => region.customer_gateways.contains_key(id),
            Self::Peering => region.peerings.contains_key(id),
            Self::TransitGateway => region.transit_gateways.contains_key(id),
            Self::TransitGatewayAttachment => region.transit_gateway_attachments.contains_key(id),
            Self::VpnConnection => region.vpn_connections.contains_key(id),
            Self::VpnGateway => region.vpn_gateways.contains_key(id),
        }
    }

    /// The thing with an id, or AWS's refusal.
    pub(super) fn find<'r, T>(self, things: &'r BTreeMap<String, T>, id: &str) -> Result<&'r T, Refusal> {
        things.get(id).ok_or_else(|| self.missing(id))
    }

    /// The thing with an id, to be changed, or AWS's refusal.
    pub(super) fn find_mut<'r, T>(self, things: &'r mut BTreeMap<String, T>, id: &str) -> Result<&'r mut T, Refusal> {
        things.get_mut(id).ok_or_else(|| self.missing(id))
    }
}
