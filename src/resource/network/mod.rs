//! The network family: the resources of a team's network in an account and Region, with one reader for all kinds.
//!
//! [`expand()`] creates the desired side from the address plan; the family's reader creates the live side. Both use the attributes that
//! the files below define. Each file also says what AWS creates or deletes along with its resource.

mod bind;
mod calls;
mod connected;
mod connection_calls;
mod customer_gateway;
mod default_security_group;
mod default_vpc;
mod default_vpc_removal;
mod describe;
mod dhcp_options;
mod egress_only_internet_gateway;
mod elastic_ip;
mod expand;
mod family;
mod features;
mod findings;
mod flow_log;
mod freeze;
mod guess;
mod internet_gateway;
mod ipv6;
mod nat_gateway;
mod needs;
mod prefetch;
mod read;
mod region;
mod rehearsal;
mod resource_share;
mod route;
mod route_table;
mod rules;
mod scope;
mod screen;
mod security_group;
mod site;
#[cfg(test)]
mod states_tests;
mod subnet;
mod survey;
mod transit_gateway;
mod transit_gateway_attachment;
mod unread;
mod vpc;
mod vpc_endpoint;
mod vpc_peering;
mod vpn_connection;
mod vpn_gateway;
mod world;
mod zones;

use std::collections::BTreeMap;

use super::{EventSpec, Kind as _, PartOf};

pub use customer_gateway::{CustomerGateway, CustomerGatewayAttributes};
pub use default_security_group::{DefaultSecurityGroup, DefaultSecurityGroupAttributes};
pub use default_vpc::{DefaultVpc, DefaultVpcAttributes};
pub use dhcp_options::{DhcpOptions, DhcpOptionsAttributes};
pub use egress_only_internet_gateway::{EgressOnlyInternetGateway, EgressOnlyInternetGatewayAttributes};
pub use elastic_ip::{ElasticIp, ElasticIpAttributes};
pub use expand::expand;
pub use family::Networks;
pub use findings::findings;
pub use flow_log::{FlowLog, FlowLogAttributes};
pub(crate) use guess::ZONE_BITS;
pub use internet_gateway::{InternetGateway, InternetGatewayAttributes};
pub use nat_gateway::{NatGateway, NatGatewayAttributes, NatGatewayStates};
pub use prefetch::{Prefetch, prefetch};
pub use read::live;
pub use region::{Region, RegionAttributes};
pub use rehearsal::Kept;
pub use resource_share::{ResourceShare, ResourceShareAttributes, SHARING_SERVICE};
pub use route::{Route, RouteAttributes};
pub use route_table::{RouteTable, RouteTableAttributes};
pub use screen::{Records, Screen, Screening};
pub use security_group::{Rule, SecurityGroup, SecurityGroupAttributes};
pub use subnet::{Subnet, SubnetAttributes};
pub(crate) use survey::LiveVpc;
pub use survey::{Survey, survey};
pub use transit_gateway::{TransitGateway, TransitGatewayAttributes};
pub use transit_gateway_attachment::{TransitGatewayAttachment, TransitGatewayAttachmentAttributes};
pub use vpc::{Vpc, VpcAttributes};
pub use vpc_endpoint::{EndpointStates, VpcEndpoint, VpcEndpointAttributes};
pub use vpc_peering::{ACTIVE, VpcPeering, VpcPeeringAttributes};
pub use vpn_connection::{VPN_ADDRESSES, VpnConnection, VpnConnectionAttributes};
pub use vpn_gateway::{VpnGateway, VpnGatewayAttributes};

/// Tags as the attributes hold them: `Name` and the declared ones, never those that begin with `overlord:` or `aws:`.
pub type Tags = BTreeMap<String, String>;

/// The tag of a VPC with the optional features that it has ever had: names separated by spaces.
pub const WITH_TAG: &str = "overlord:with";

/// The id of a default VPC that does not exist.
const NO_DEFAULT_VPC: &str = "none";

/// The status of an opt-in Region that can be used.
const ENABLED: &str = "ENABLED";

/// The name of this family.
pub const FAMILY: &str = "network";

/// The request that sets a tag of a resource of EC2.
const TAG_SET: EventSpec = EventSpec::added(&["tags"], &["ec2:CreateTags"]);

/// The request that removes one.
const TAG_REMOVED: EventSpec = EventSpec::removed(&["tags"], &["ec2:DeleteTags"]);

/// What most kinds of the family are a part of.
const PART_OF_VPC: PartOf = PartOf::Beside(Vpc::SPEC.kind);

/// Whether a declared tag is to be written. Other tags are unmanaged and stay.
fn tags_differ(before: &Tags, after: &Tags) -> bool {
    after.iter().any(|(key, value)| before.get(key) != Some(value))
}

crate::resource::kinds! {
    Region,
    DefaultVpc,
    DhcpOptions,
    Vpc,
    DefaultSecurityGroup,
    SecurityGroup,
    InternetGateway,
    EgressOnlyInternetGateway,
    RouteTable,
    Subnet,
    ElasticIp,
    NatGateway,
    Route,
    VpcEndpoint,
    FlowLog,
    VpcPeering,
    TransitGateway,
    ResourceShare,
    TransitGatewayAttachment,
    VpnGateway,
    CustomerGateway,
    VpnConnection,
}
