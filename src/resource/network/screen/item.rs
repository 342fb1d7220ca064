//! Converts a configuration item of AWS Config into the form of an EC2 answer. `describe.rs` interprets both.
//!
//! Types and their properties: <https://github.com/awslabs/aws-config-resource-schema>.

use aws_sdk_ec2::types;
use serde::Deserialize;
use serde_json::Value;

use crate::resource::network::Tags;
use crate::resource::network::describe;
use crate::resource::network::vpc_endpoint::is_alive;
use crate::resource::network::world::{DhcpOptions, World};

/// The types that are read in full, in the order of the fields of [`World`].
pub(super) const TYPES: [&str; 11] = [
    "AWS::EC2::VPC",
    "AWS::EC2::Subnet",
    "AWS::EC2::RouteTable",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::EIP",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::DHCPOptions",
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::FlowLog",
];

/// The types whose tags are read, to find managed resources.
pub(super) const TAGGED: [&str; 6] = [
    "AWS::EC2::CustomerGateway",
    "AWS::EC2::TransitGateway",
    "AWS::EC2::TransitGatewayAttachment",
    "AWS::EC2::VPCPeeringConnection",
    "AWS::EC2::VPNConnection",
    "AWS::EC2::VPNGateway",
];

/// An item of an answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub account_id: String,
    pub aws_region: String,
    resource_type: String,
    resource_id: String,
    /// `OK`, `ResourceDiscovered`, `ResourceDeleted`, …
    #[serde(default)]
    configuration_item_status: String,
    /// `CONTINUOUS` or `DAILY`.
    #[serde(default)]
    recording_frequency: String,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    configuration: Value,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: Option<String>,
}

impl Item {
    /// From a text of SelectAggregateResourceConfig; `None` if it does not have the documented form.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Unique in all of AWS.
    pub fn id(&self) -> &str {
        &self.resource_id
    }

    pub fn tags(&self) -> Tags {
        self.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect()
    }

    /// Whether the resource was deleted.
    pub fn is_gone(&self) -> bool {
        self.configuration_item_status.starts_with("ResourceDeleted")
    }

    /// Whether it may be a day old: its recorder writes once a day.
    pub fn is_daily(&self) -> bool {
        self.recording_frequency == "DAILY"
    }

    fn ec2_tags(&self) -> Option<Vec<types::Tag>> {
        Some(self.tags().into_iter().map(|(key, value)| types::Tag::builder().key(key).value(value).build()).collect())
    }

    /// Adds it to a world; `None` if it is incomplete, so that the world is unknown.
    pub fn put(&self, world: &mut World) -> Option<()> {
        let of = Fields(&self.configuration);
        // Resources that other accounts share with this one are not its own.
        if self.is_gone() || of.text("ownerId").is_some_and(|owner| owner != self.account_id) {
            return Some(());
        }
        let id = self.resource_id.clone();
        match self.resource_type.as_str() {
            "AWS::EC2::VPC" => drop(world.vpcs.insert(id, describe::vpc(&self.vpc(of)?))),
            "AWS::EC2::Subnet" => drop(world.subnets.insert(id, describe::subnet(&self.subnet(of)?))),
            "AWS::EC2::RouteTable" => drop(world.route_tables.insert(id, describe::route_table(&self.route_table(of)?))),
            "AWS::EC2::InternetGateway" => {
                drop(world.internet_gateways.insert(id, describe::gateway(&attachments(of)?, &self.ec2_tags()?)));
            }
            "AWS::EC2::NatGateway" => {
                let gateway = self.nat_gateway(of)?;
                if describe::lives(&gateway) {
                    world.nat_gateways.insert(id, describe::nat_gateway(&gateway));
                }
            }
            "AWS::EC2::EIP" => {
                let id = of.text("allocationId")?;
                world.public_ips.extend(of.text("publicIp").map(|address| (id.clone(), address)));
                world.addresses.insert(id, self.tags());
            }
            "AWS::EC2::VPCEndpoint" => {
                let endpoint = self.endpoint(of)?;
                if is_alive(endpoint.state()) {
                    world.endpoints.insert(id, describe::endpoint(&endpoint, &self.aws_region));
                }
            }
            "AWS::EC2::SecurityGroup" => drop(world.security_groups.insert(id, describe::security_group(&self.security_group(of)?))),
            "AWS::EC2::DHCPOptions" => drop(world.extras.dhcp_options.insert(id, self.dhcp_options(of))),
            "AWS::EC2::EgressOnlyInternetGateway" => {
                drop(world.extras.egress_only_gateways.insert(id, describe::gateway(&attachments(of)?, &self.ec2_tags()?)));
            }
            "AWS::EC2::FlowLog" => drop(world.extras.flow_logs.insert(id, describe::flow_log(&self.flow_log(of)?))),
            // Only its tags were requested.
            _ => {}
        }
        Some(())
    }

    fn vpc(&self, of: Fields<'_>) -> Option<types::Vpc> {
        let block = |block: Fields<'_>| {
            let state =
                types::VpcCidrBlockState::builder().set_state(block.inner("cidrBlockState").state().map(|state| state.as_str().into()));
            types::VpcCidrBlockAssociation::builder().set_cidr_block(block.text("cidrBlock")).cidr_block_state(state.build()).build()
        };
        let ipv6 = |block: Fields<'_>| {
            let state = block.inner("ipv6CidrBlockState").state().map(|state| state.as_str().into());
            let state = types::VpcCidrBlockState::builder().set_state(state).build();
            types::VpcIpv6CidrBlockAssociation::builder().ipv6_cidr_block_state(state).build()
        };
        let vpc = types::Vpc::builder()
            .cidr_block(of.text("cidrBlock")?)
            .set_cidr_block_association_set(Some(of.list("cidrBlockAssociationSet").map(block).collect()))
            .set_ipv6_cidr_block_association_set(Some(of.list("ipv6CidrBlockAssociationSet").map(ipv6).collect()))
            .is_default(of.flag("isDefault")?)
            .dhcp_options_id(of.text("dhcpOptionsId")?);
        Some(vpc.set_tags(self.ec2_tags()).build())
    }

    fn subnet(&self, of: Fields<'_>) -> Option<types::Subnet> {
        let ipv6 = |block: Fields<'_>| {
            let state = block.inner("ipv6CidrBlockState").state().map(|state| state.as_str().into());
            let state = types::SubnetCidrBlockState::builder().set_state(state).build();
            let block = types::SubnetIpv6CidrBlockAssociation::builder().set_ipv6_cidr_block(block.text("ipv6CidrBlock"));
            block.ipv6_cidr_block_state(state).build()
        };
        let subnet = types::Subnet::builder()
            .vpc_id(of.text("vpcId")?)
            .cidr_block(of.text("cidrBlock")?)
            .availability_zone_id(of.text("availabilityZoneId")?)
            .default_for_az(of.flag("defaultForAz")?)
            .set_ipv6_cidr_block_association_set(Some(of.list("ipv6CidrBlockAssociationSet").map(ipv6).collect()));
        Some(subnet.set_tags(self.ec2_tags()).build())
    }

    fn route_table(&self, of: Fields<'_>) -> Option<types::RouteTable> {
        let association = |association: Fields<'_>| {
            let state = association.inner("associationState").state().map(|state| state.as_str().into());
            types::RouteTableAssociation::builder()
                .set_main(association.flag("main"))
                .set_subnet_id(association.text("subnetId"))
                .association_state(types::RouteTableAssociationState::builder().set_state(state).build())
                .build()
        };
        let propagating = |gateway: Fields<'_>| types::PropagatingVgw::builder().set_gateway_id(gateway.text("gatewayId")).build();
        let table = types::RouteTable::builder()
            .vpc_id(of.text("vpcId")?)
            .set_associations(Some(of.list("associations").map(association).collect()))
            .set_routes(Some(of.list("routes").map(route).collect()))
            .set_propagating_vgws(Some(of.list("propagatingVgws").map(propagating).collect()));
        Some(table.set_tags(self.ec2_tags()).build())
    }

    fn nat_gateway(&self, of: Fields<'_>) -> Option<types::NatGateway> {
        let address = |address: Fields<'_>| types::NatGatewayAddress::builder().set_allocation_id(address.text("allocationId")).build();
        let gateway = types::NatGateway::builder()
            .vpc_id(of.text("vpcId")?)
            .set_subnet_id(of.text("subnetId"))
            .state(of.state()?.as_str().into())
            .set_nat_gateway_addresses(Some(of.list("natGatewayAddresses").map(address).collect()));
        Some(gateway.set_tags(self.ec2_tags()).build())
    }

    fn endpoint(&self, of: Fields<'_>) -> Option<types::VpcEndpoint> {
        let group = |group: Fields<'_>| types::SecurityGroupIdentifier::builder().set_group_id(group.text("groupId")).build();
        let endpoint = types::VpcEndpoint::builder()
            .vpc_id(of.text("vpcId")?)
            .service_name(of.text("serviceName")?)
            .vpc_endpoint_type(of.text("vpcEndpointType")?.as_str().into())
            .state(of.state()?.as_str().into())
            .set_private_dns_enabled(of.flag("privateDnsEnabled"))
            .set_route_table_ids(Some(of.texts("routeTableIds")))
            .set_subnet_ids(Some(of.texts("subnetIds")))
            .set_groups(Some(of.list("groups").map(group).collect()));
        Some(endpoint.set_tags(self.ec2_tags()).build())
    }

    fn security_group(&self, of: Fields<'_>) -> Option<types::SecurityGroup> {
        let group = types::SecurityGroup::builder()
            .vpc_id(of.text("vpcId")?)
            .group_name(of.text("groupName")?)
            .set_description(of.text("description"))
            .set_ip_permissions(Some(of.list("ipPermissions").map(permission).collect::<Option<_>>()?))
            .set_ip_permissions_egress(Some(of.list("ipPermissionsEgress").map(permission).collect::<Option<_>>()?));
        Some(group.set_tags(self.ec2_tags()).build())
    }

    /// A newer type, with CloudFormation's names.
    fn dhcp_options(&self, of: Fields<'_>) -> DhcpOptions {
        DhcpOptions { domain_name: of.text("DomainName"), name_servers: of.texts("DomainNameServers"), tags: self.tags() }
    }

    fn flow_log(&self, of: Fields<'_>) -> Option<types::FlowLog> {
        let log = types::FlowLog::builder()
            .resource_id(of.text("resourceId")?)
            .log_destination(of.text("logDestination")?)
            .traffic_type(of.text("trafficType")?.as_str().into())
            .set_max_aggregation_interval(of.number("maxAggregationInterval"));
        Some(log.set_tags(self.ec2_tags()).build())
    }
}

fn attachments(of: Fields<'_>) -> Option<Vec<types::InternetGatewayAttachment>> {
    let attachment = |attachment: Fields<'_>| {
        let state = attachment.state()?.as_str().into();
        Some(types::InternetGatewayAttachment::builder().vpc_id(attachment.text("vpcId")?).state(state).build())
    };
    of.list("attachments").map(attachment).collect()
}

fn route(of: Fields<'_>) -> types::Route {
    types::Route::builder()
        .set_destination_cidr_block(of.text("destinationCidrBlock"))
        .set_destination_ipv6_cidr_block(of.text("destinationIpv6CidrBlock"))
        .set_destination_prefix_list_id(of.text("destinationPrefixListId"))
        .set_gateway_id(of.text("gatewayId"))
        .set_nat_gateway_id(of.text("natGatewayId"))
        .set_egress_only_internet_gateway_id(of.text("egressOnlyInternetGatewayId"))
        .set_transit_gateway_id(of.text("transitGatewayId"))
        .set_vpc_peering_connection_id(of.text("vpcPeeringConnectionId"))
        .set_network_interface_id(of.text("networkInterfaceId"))
        .set_instance_id(of.text("instanceId"))
        .set_carrier_gateway_id(of.text("carrierGatewayId"))
        .set_local_gateway_id(of.text("localGatewayId"))
        .set_origin(of.text("origin").map(|origin| origin.as_str().into()))
        .set_state(of.text("state").map(|state| state.as_str().into()))
        .build()
}

/// `ipRanges` has the blocks once more, as plain text.
fn permission(of: Fields<'_>) -> Option<types::IpPermission> {
    let block = |range: Fields<'_>| Some(types::IpRange::builder().cidr_ip(range.text("cidrIp")?).build());
    let ipv6 = |range: Fields<'_>| Some(types::Ipv6Range::builder().cidr_ipv6(range.text("cidrIpv6")?).build());
    let group = |pair: Fields<'_>| Some(types::UserIdGroupPair::builder().group_id(pair.text("groupId")?).build());
    let list = |list: Fields<'_>| Some(types::PrefixListId::builder().prefix_list_id(list.text("prefixListId")?).build());
    let permission = types::IpPermission::builder()
        .ip_protocol(of.text("ipProtocol")?)
        .set_from_port(of.number("fromPort"))
        .set_to_port(of.number("toPort"))
        .set_ip_ranges(Some(of.list("ipv4Ranges").map(block).collect::<Option<_>>()?))
        .set_ipv6_ranges(Some(of.list("ipv6Ranges").map(ipv6).collect::<Option<_>>()?))
        .set_user_id_group_pairs(Some(of.list("userIdGroupPairs").map(group).collect::<Option<_>>()?))
        .set_prefix_list_ids(Some(of.list("prefixListIds").map(list).collect::<Option<_>>()?));
    Some(permission.build())
}

/// The properties of an item, or of a part of it.
#[derive(Clone, Copy)]
struct Fields<'v>(&'v Value);

impl<'v> Fields<'v> {
    fn text(self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    fn flag(self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    fn number(self, name: &str) -> Option<i32> {
        i32::try_from(self.0.get(name)?.as_i64()?).ok()
    }

    fn inner(self, name: &str) -> Self {
        Self(self.0.get(name).unwrap_or(&Value::Null))
    }

    fn list(self, name: &str) -> impl Iterator<Item = Self> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().map(Self)
    }

    fn texts(self, name: &str) -> Vec<String> {
        self.list(name).filter_map(|text| text.0.as_str().map(str::to_owned)).collect()
    }

    /// Some types have it as a text, some as `{"value": …}`.
    fn state(self) -> Option<String> {
        self.text("state").or_else(|| self.inner("state").text("value"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(resource_type: &str, id: &str, configuration: Value) -> Value {
        json!({
            "accountId": "222222222222", "awsRegion": "eu-west-1", "resourceType": resource_type, "resourceId": id, "configurationItemStatus": "OK",
            "tags": [{ "key": "Name", "value": "a", "tag": "Name=a" }], "configuration": configuration,
        })
    }

    fn put(item: &Value) -> Option<World> {
        let mut world = World::default();
        Item::read(&item.to_string())?.put(&mut world).map(|()| world)
    }

    fn vpc() -> Value {
        let block = json!({ "cidrBlock": "10.0.0.0/20", "cidrBlockState": { "state": "associated" } });
        json!({ "cidrBlock": "10.0.0.0/20", "cidrBlockAssociationSet": [block], "isDefault": false, "dhcpOptionsId": "dopt-1", "state": { "value": "available" } })
    }

    #[test]
    fn an_item_is_what_the_list_of_its_kind_would_have_told() {
        let of = put(&item("AWS::EC2::VPC", "vpc-1", vpc())).unwrap();
        let vpc = &of.vpcs["vpc-1"];
        assert_eq!((vpc.cidr.as_str(), vpc.is_default, vpc.dhcp_options.as_deref()), ("10.0.0.0/20", false, Some("dopt-1")));
        assert_eq!(vpc.tags, Tags::from([("Name".to_owned(), "a".to_owned())]));
        let state = |state: &str| json!({ "vpcId": "vpc-1", "subnetId": "subnet-1", "state": { "value": state }, "natGatewayAddresses": [{ "allocationId": "eipalloc-1" }] });
        let gateway = |name: &str| put(&item("AWS::EC2::NatGateway", "nat-1", state(name))).unwrap().nat_gateways;
        assert_eq!(gateway("available")["nat-1"].address.as_deref(), Some("eipalloc-1"));
        assert!(gateway("deleting").is_empty());
        let rule = json!({ "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": ["10.0.0.0/8"], "ipv4Ranges": [{ "cidrIp": "10.0.0.0/8" }] });
        let group =
            json!({ "vpcId": "vpc-1", "groupName": "default", "description": "d", "ipPermissions": [rule], "ipPermissionsEgress": [] });
        let of = put(&item("AWS::EC2::SecurityGroup", "sg-1", group)).unwrap();
        assert_eq!(
            (of.security_groups["sg-1"].ingress.len(), of.security_groups["sg-1"].egress.len()),
            (1, 0),
            "a block that stands twice is one"
        );
    }

    #[test]
    fn what_is_gone_or_somebody_elses_is_not_there_and_half_an_item_is_none() {
        let with = |name: &str, value: Value| {
            let mut item = item("AWS::EC2::VPC", "vpc-1", vpc());
            item[name] = value;
            item
        };
        assert_eq!(put(&with("configurationItemStatus", json!("ResourceDeleted"))), Some(World::default()));
        let mut anothers = vpc();
        anothers["ownerId"] = json!("333333333333");
        assert_eq!(put(&with("configuration", anothers)), Some(World::default()));
        assert_eq!(put(&with("configuration", json!({ "cidrBlock": "10.0.0.0/20" }))), None);
        assert_eq!(put(&with("resourceType", Value::Null)), None, "no item at all");
    }
}
