//! Configuration items: EC2's resources in AWS Config's form.
//! <https://github.com/awslabs/aws-config-resource-schema>: the properties of each type.

use serde_json::{Map, Value, json};

use crate::sandbox::ec2::{self, Ask, Place, Region};
use crate::sandbox::input::Input;
use crate::sandbox::operation::Operation;
use crate::sandbox::world::World;

/// A configuration item and where it is.
pub(super) struct Item {
    account: String,
    region: String,
    resource_type: &'static str,
    id: String,
    pub value: Value,
}

impl Item {
    /// Its place in the order of answers.
    pub(super) fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.account, self.region, self.resource_type, self.id)
    }
}

/// A type: how EC2 lists it, what its id is called there, and what Config calls otherwise or leaves out.
struct Kind {
    resource_type: &'static str,
    list: &'static str,
    set: &'static str,
    id: &'static str,
    /// EC2's name, and Config's; empty if Config does not record it.
    names: &'static [(&'static str, &'static str)],
}

const fn kind(resource_type: &'static str, list: &'static str, set: &'static str, id: &'static str) -> Kind {
    Kind { resource_type, list, set, id, names: &[] }
}

/// In the order of their types.
const KINDS: &[Kind] = &[
    kind("AWS::EC2::CustomerGateway", "DescribeCustomerGateways", "customerGatewaySet", "customerGatewayId"),
    kind("AWS::EC2::DHCPOptions", "DescribeDhcpOptions", "dhcpOptionsSet", "dhcpOptionsId"),
    kind("AWS::EC2::EIP", "DescribeAddresses", "addressesSet", "allocationId"),
    Kind {
        names: &[("attachmentSet", "attachments")],
        ..kind(
            "AWS::EC2::EgressOnlyInternetGateway",
            "DescribeEgressOnlyInternetGateways",
            "egressOnlyInternetGatewaySet",
            "egressOnlyInternetGatewayId",
        )
    },
    kind("AWS::EC2::FlowLog", "DescribeFlowLogs", "flowLogSet", "flowLogId"),
    Kind {
        names: &[("attachmentSet", "attachments")],
        ..kind("AWS::EC2::InternetGateway", "DescribeInternetGateways", "internetGatewaySet", "internetGatewayId")
    },
    Kind {
        names: &[
            ("natGatewayAddressSet", "natGatewayAddresses"),
            ("availabilityMode", ""),
            ("autoProvisionZones", ""),
            ("autoScalingIps", ""),
        ],
        ..kind("AWS::EC2::NatGateway", "DescribeNatGateways", "natGatewaySet", "natGatewayId")
    },
    Kind {
        names: &[("associationSet", "associations"), ("routeSet", "routes"), ("propagatingVgwSet", "propagatingVgws")],
        ..kind("AWS::EC2::RouteTable", "DescribeRouteTables", "routeTableSet", "routeTableId")
    },
    Kind {
        names: &[("groupDescription", "description"), ("securityGroupArn", "")],
        ..kind("AWS::EC2::SecurityGroup", "DescribeSecurityGroups", "securityGroupInfo", "groupId")
    },
    kind("AWS::EC2::Subnet", "DescribeSubnets", "subnetSet", "subnetId"),
    kind("AWS::EC2::TransitGateway", "DescribeTransitGateways", "transitGatewaySet", "transitGatewayId"),
    kind(
        "AWS::EC2::TransitGatewayAttachment",
        "DescribeTransitGatewayVpcAttachments",
        "transitGatewayVpcAttachments",
        "transitGatewayAttachmentId",
    ),
    kind("AWS::EC2::VPC", "DescribeVpcs", "vpcSet", "vpcId"),
    Kind {
        names: &[
            ("routeTableIdSet", "routeTableIds"),
            ("subnetIdSet", "subnetIds"),
            ("networkInterfaceIdSet", "networkInterfaceIds"),
            ("groupSet", "groups"),
        ],
        ..kind("AWS::EC2::VPCEndpoint", "DescribeVpcEndpoints", "vpcEndpointSet", "vpcEndpointId")
    },
    kind("AWS::EC2::VPCPeeringConnection", "DescribeVpcPeeringConnections", "vpcPeeringConnectionSet", "vpcPeeringConnectionId"),
    kind("AWS::EC2::VPNConnection", "DescribeVpnConnections", "vpnConnectionSet", "vpnConnectionId"),
    kind("AWS::EC2::VPNGateway", "DescribeVpnGateways", "vpnGatewaySet", "vpnGatewayId"),
];

/// The items of a Region of the requested types, in that order.
pub(super) fn of(region: &Region, world: &World, place: &Place, now_ms: u64, wanted: impl Fn(&str) -> bool) -> Vec<Item> {
    KINDS.iter().filter(|kind| wanted(kind.resource_type)).flat_map(|kind| kind.items(region, world, place, now_ms)).collect()
}

impl Kind {
    fn items(&self, region: &Region, world: &World, place: &Place, now_ms: u64) -> Vec<Item> {
        let Some(Operation::Read(list)) = ec2::operation(self.list) else { return Vec::new() };
        let input = json!({});
        let ask = Ask {
            region,
            world,
            place,
            input: Input(&input),
            now_ms,
            empty_page: false,
            ignores_tags: false,
            lacking_zone: None,
            impaired_zone: None,
        };
        let Ok(Value::Object(mut answer)) = list(&ask) else { return Vec::new() };
        let Some(Value::Array(things)) = answer.remove(self.set) else { return Vec::new() };
        let item = |thing: Value| {
            let Value::Object(mut thing) = thing else { return None };
            let id = thing.get(self.id)?.as_str()?.to_owned();
            // EC2 lists for a while what is gone, and Config does not; others' things are not the account's.
            let is_gone = thing.get("state").and_then(Value::as_str) == Some("deleted");
            let is_anothers = thing.get("ownerId").and_then(Value::as_str).is_some_and(|owner| owner != place.account);
            if is_gone || is_anothers {
                return None;
            }
            let tags = tags(thing.remove("tagSet"));
            let value = json!({
                "accountId": place.account, "awsRegion": place.region.name, "resourceType": self.resource_type, "resourceId": id,
                "configurationItemStatus": "OK", "tags": tags, "configuration": self.configuration(thing),
            });
            let (account, region) = (place.account.clone(), place.region.name.to_owned());
            Some(Item { account, region, resource_type: self.resource_type, id, value })
        };
        let mut items: Vec<Item> = things.into_iter().filter_map(item).collect();
        items.sort_by(|one, other| one.id.cmp(&other.id));
        items
    }

    fn configuration(&self, thing: Map<String, Value>) -> Value {
        if self.resource_type == "AWS::EC2::DHCPOptions" {
            return dhcp_options(&thing);
        }
        let mut configuration = Map::new();
        for (name, value) in thing {
            let name = match self.names.iter().find(|(of_ec2, _)| *of_ec2 == name) {
                Some((_, "")) => continue,
                Some((_, of_config)) => (*of_config).to_owned(),
                None => name,
            };
            let value = match name.as_str() {
                "state" => json!({ "value": value }),
                "ipPermissions" | "ipPermissionsEgress" => permissions(value),
                "natGatewayAddresses" => addresses(value),
                _ => value,
            };
            configuration.insert(name, value);
        }
        configuration.into()
    }
}

fn tags(set: Option<Value>) -> Value {
    let each =
        set.iter().flat_map(Value::as_array).flatten().filter_map(|tag| Some((tag.get("key")?.as_str()?, tag.get("value")?.as_str()?)));
    each.map(|(key, value)| json!({ "key": key, "value": value, "tag": format!("{key}={value}") })).collect()
}

/// A newer type, whose words are CloudFormation's.
fn dhcp_options(thing: &Map<String, Value>) -> Value {
    let mut configuration = Map::from_iter([("DhcpOptionsId".to_owned(), thing.get("dhcpOptionsId").cloned().unwrap_or_default())]);
    for option in thing.get("dhcpConfigurationSet").and_then(Value::as_array).into_iter().flatten() {
        let values: Vec<Value> = option
            .get("valueSet")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|value| value.get("value").cloned())
            .collect();
        match option.get("key").and_then(Value::as_str) {
            Some("domain-name") => {
                configuration.insert("DomainName".to_owned(), values.into_iter().next().unwrap_or_default());
            }
            Some("domain-name-servers") => {
                configuration.insert("DomainNameServers".to_owned(), values.into());
            }
            _ => {}
        }
    }
    configuration.into()
}

/// IPv4 addresses occur twice, once as plain text.
fn permissions(permissions: Value) -> Value {
    let Value::Array(permissions) = permissions else { return permissions };
    let each = permissions.into_iter().map(|permission| {
        let Value::Object(mut permission) = permission else { return permission };
        let ranges = permission.remove("ipRanges").unwrap_or_default();
        let plain: Value = ranges.as_array().into_iter().flatten().filter_map(|range| range.get("cidrIp").cloned()).collect();
        permission.insert("ipRanges".to_owned(), plain);
        permission.insert("ipv4Ranges".to_owned(), ranges);
        let groups = permission.remove("groups").unwrap_or_default();
        permission.insert("userIdGroupPairs".to_owned(), groups);
        permission.into()
    });
    each.collect()
}

/// Config does not say which address is the first.
fn addresses(addresses: Value) -> Value {
    let Value::Array(addresses) = addresses else { return addresses };
    let each = addresses.into_iter().map(|address| match address {
        Value::Object(mut address) => {
            address.retain(|name, _| ["allocationId", "networkInterfaceId", "privateIp", "publicIp"].contains(&name.as_str()));
            address.into()
        }
        other => other,
    });
    each.collect()
}
