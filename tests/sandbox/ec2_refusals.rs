//! Each refusal of EC2, with AWS's code; and a refusal leaves no trace.

use std::collections::BTreeSet;
use std::fmt::Debug;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{AttributeBooleanValue, AvailabilityMode, ResourceType, VpcEndpointType};
use overlord::sandbox::ec2::NetworkInterface;
use overlord::sandbox::world::{AccountState, FeatureSet};
use overlord::sandbox::{Sandbox, ServerRates, Weather, World};

use crate::sandbox::common::*;
use crate::sandbox::ec2::*;

/// The code of a refusal, after which the world is as it was.
async fn check<T, E, R>(sandbox: &Sandbox, code: &str, call: impl Future<Output = Result<T, SdkError<E, R>>>)
where
    T: Debug,
    E: ProvideErrorMetadata + std::error::Error + Debug + 'static,
    R: Debug,
{
    let before = timeless(sandbox.world());
    assert_eq!(refusal(call.await), code);
    assert!(timeless(sandbox.world()) == before, "{code} left a trace");
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test]
async fn blocks_of_vpcs_and_subnets() {
    let (sandbox, client) = ec2(Weather { subnet_quota: 2, ..Weather::default() });
    let id = vpc(&client, "10.0.0.0/16").await;
    for cidr in ["10.0.0.0/15", "10.0.0.0/29"] {
        check(&sandbox, "InvalidVpc.Range", client.create_vpc().cidr_block(cidr).send()).await;
    }
    check(&sandbox, "InvalidParameterValue", client.create_vpc().cidr_block("10.0.0.0/x").send()).await;
    check(&sandbox, "MissingParameter", client.create_vpc().send()).await;
    let wrong = client.create_vpc().cidr_block("10.0.0.0/16").tag_specifications(tagged(ResourceType::Subnet, "a"));
    check(&sandbox, "InvalidParameterValue", wrong.send()).await;
    check(&sandbox, "InvalidVpc.Range", client.associate_vpc_cidr_block().vpc_id(&id).cidr_block("10.0.1.0/24").send()).await;

    subnet(&client, &id, "10.0.0.0/24", "euw1-az1").await;
    let create = |cidr: &str| client.create_subnet().vpc_id(&id).cidr_block(cidr).availability_zone_id("euw1-az1");
    check(&sandbox, "InvalidSubnet.Conflict", create("10.0.0.128/25").send()).await;
    check(&sandbox, "InvalidSubnet.Range", create("10.1.0.0/24").send()).await;
    check(&sandbox, "InvalidSubnet.Range", create("10.0.1.0/29").send()).await;
    check(&sandbox, "InvalidSubnet.Range", create("10.0.1.0/24").ipv6_cidr_block("2600:1f00::/64").send()).await;
    check(&sandbox, "InvalidParameterValue", create("10.0.1.0/24").availability_zone_id("euw1-az9").send()).await;
    check(&sandbox, "InvalidVpcID.NotFound", create("10.0.1.0/24").vpc_id("vpc-0").send()).await;
    subnet(&client, &id, "10.0.1.0/24", "euw1-az1").await;
    check(&sandbox, "SubnetLimitExceeded", create("10.0.2.0/24").send()).await;

    let names = |value| AttributeBooleanValue::builder().value(value).build();
    client.modify_vpc_attribute().vpc_id(&id).enable_dns_support(names(false)).send().await.unwrap();
    let hostnames = client.modify_vpc_attribute().vpc_id(&id).enable_dns_hostnames(names(true));
    check(&sandbox, "InvalidParameterValue", hostnames.send()).await;
    let both = client.modify_vpc_attribute().vpc_id(&id).enable_dns_hostnames(names(true)).enable_dns_support(names(true));
    check(&sandbox, "InvalidParameterCombination", both.send()).await;
}

#[tokio::test]
async fn quotas() {
    let (sandbox, client) = ec2(Weather::default());
    for number in 0..4 {
        vpc(&client, &format!("10.{number}.0.0/16")).await;
        client.create_internet_gateway().send().await.unwrap();
    }
    check(&sandbox, "VpcLimitExceeded", client.create_vpc().cidr_block("10.9.0.0/16").send()).await;
    check(&sandbox, "InternetGatewayLimitExceeded", client.create_internet_gateway().send()).await;
    for _ in 0..5 {
        address(&client).await;
    }
    check(&sandbox, "AddressLimitExceeded", client.allocate_address().send()).await;

    let (sandbox, client) = ec2(Weather { address_quota: 10, route_table_quota: 3, ..Weather::default() });
    let id = vpc(&client, "10.0.0.0/16").await;
    gateway(&client, &id).await;
    let (first, other) = (subnet(&client, &id, "10.0.0.0/24", "euw1-az1").await, subnet(&client, &id, "10.0.1.0/24", "euw1-az2").await);
    for _ in 0..5 {
        nat(&client, &first, &address(&client).await).await;
    }
    let address = address(&client).await;
    let sixth = client.create_nat_gateway().subnet_id(&first).allocation_id(&address);
    check(&sandbox, "NatGatewayLimitExceeded", sixth.send()).await;
    nat(&client, &other, &address).await;
    table(&client, &id).await;
    table(&client, &id).await;
    check(&sandbox, "RouteTableLimitExceeded", client.create_route_table().vpc_id(&id).send()).await;
}

/// The order on which AWS insists when a network is taken down, against its whole reverse.
#[tokio::test]
async fn dependencies() {
    let (sandbox, client) = ec2(Weather::default());
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let gateway = gateway(&client, &vpc).await;
    let subnet = subnet(&client, &vpc, "10.0.0.0/24", "euw1-az1").await;
    let address = address(&client).await;
    let nat = nat(&client, &subnet, &address).await;
    let table = table(&client, &vpc).await;
    let associated = client.associate_route_table().route_table_id(&table).subnet_id(&subnet).send().await.unwrap();
    let association = associated.association_id.unwrap();
    let group = client.create_security_group().group_name("a").description("a").vpc_id(&vpc).send().await.unwrap().group_id.unwrap();
    let delete_vpc = || client.delete_vpc().vpc_id(&vpc);
    let detach = || client.detach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc);
    let delete_gateway = || client.delete_internet_gateway().internet_gateway_id(&gateway);
    let delete_table = || client.delete_route_table().route_table_id(&table);

    check(&sandbox, "DependencyViolation", delete_vpc().send()).await;
    check(&sandbox, "DependencyViolation", detach().send()).await;
    check(&sandbox, "DependencyViolation", delete_gateway().send()).await;
    check(&sandbox, "DependencyViolation", client.delete_subnet().subnet_id(&subnet).send()).await;
    check(&sandbox, "DependencyViolation", delete_table().send()).await;
    check(&sandbox, "InvalidIPAddress.InUse", client.release_address().allocation_id(&address).send()).await;

    client.delete_nat_gateway().nat_gateway_id(&nat).send().await.unwrap();
    client.release_address().allocation_id(&address).send().await.unwrap();
    check(&sandbox, "InvalidAllocationID.NotFound", client.release_address().allocation_id(&address).send()).await;
    detach().send().await.unwrap();
    check(&sandbox, "Gateway.NotAttached", detach().send()).await;
    delete_gateway().send().await.unwrap();
    check(&sandbox, "InvalidInternetGatewayID.NotFound", delete_gateway().send()).await;
    client.disassociate_route_table().association_id(&association).send().await.unwrap();
    check(&sandbox, "InvalidAssociationID.NotFound", client.disassociate_route_table().association_id(&association).send()).await;
    delete_table().send().await.unwrap();
    check(&sandbox, "InvalidRouteTableID.NotFound", delete_table().send()).await;
    check(&sandbox, "DependencyViolation", delete_vpc().send()).await;
    client.delete_subnet().subnet_id(&subnet).send().await.unwrap();
    check(&sandbox, "InvalidSubnetID.NotFound", client.delete_subnet().subnet_id(&subnet).send()).await;
    check(&sandbox, "DependencyViolation", delete_vpc().send()).await;
    client.delete_security_group().group_id(&group).send().await.unwrap();
    check(&sandbox, "InvalidGroup.NotFound", client.delete_security_group().group_id(&group).send()).await;
    delete_vpc().send().await.unwrap();
    check(&sandbox, "InvalidVpcID.NotFound", delete_vpc().send()).await;
}

#[tokio::test]
async fn main_tables_and_default_groups_stay() {
    let (sandbox, client) = ec2(Weather::default());
    let id = vpc(&client, "10.0.0.0/16").await;
    let tables = client.describe_route_tables().filters(filter("vpc-id", &id)).send().await.unwrap().route_tables.unwrap();
    let main = tables[0].route_table_id().unwrap();
    let association = tables[0].associations()[0].route_table_association_id().unwrap();
    check(&sandbox, "DependencyViolation", client.delete_route_table().route_table_id(main).send()).await;
    check(&sandbox, "InvalidParameterValue", client.disassociate_route_table().association_id(association).send()).await;
    let groups = client.describe_security_groups().filters(filter("vpc-id", &id)).send().await.unwrap().security_groups.unwrap();
    let default = groups[0].group_id().unwrap();
    check(&sandbox, "CannotDelete", client.delete_security_group().group_id(default).send()).await;
    // The main table is whichever holds the main association.
    let other = table(&client, &id).await;
    client.replace_route_table_association().association_id(association).route_table_id(&other).send().await.unwrap();
    client.delete_route_table().route_table_id(main).send().await.unwrap();
    check(&sandbox, "DependencyViolation", client.delete_route_table().route_table_id(&other).send()).await;
    client.delete_vpc().vpc_id(&id).send().await.unwrap();
}

#[tokio::test]
async fn gateways_tables_and_routes() {
    let (sandbox, client) = ec2(Weather::default());
    let (one, two) = (vpc(&client, "10.0.0.0/16").await, vpc(&client, "10.1.0.0/16").await);
    let gateway = gateway(&client, &one).await;
    let attach = |gateway: &str, vpc: &str| client.attach_internet_gateway().internet_gateway_id(gateway).vpc_id(vpc);
    check(&sandbox, "Resource.AlreadyAssociated", attach(&gateway, &two).send()).await;
    let spare = client.create_internet_gateway().send().await.unwrap().internet_gateway.unwrap().internet_gateway_id.unwrap();
    check(&sandbox, "InvalidParameterValue", attach(&spare, &one).send()).await;

    let (here, there) = (table(&client, &one).await, table(&client, &two).await);
    let subnet = subnet(&client, &one, "10.0.0.0/24", "euw1-az1").await;
    let associate = |table: &str| client.associate_route_table().route_table_id(table).subnet_id(&subnet);
    check(&sandbox, "InvalidParameterValue", associate(&there).send()).await;
    let association = associate(&here).send().await.unwrap().association_id.unwrap();
    assert_eq!(associate(&here).send().await.unwrap().association_id.as_ref(), Some(&association));
    let other = table(&client, &one).await;
    check(&sandbox, "Resource.AlreadyAssociated", associate(&other).send()).await;
    let replace = client.replace_route_table_association().association_id(&association).route_table_id(&there);
    check(&sandbox, "InvalidParameterValue", replace.send()).await;

    let create = |table: &str, to: &str| client.create_route().route_table_id(table).destination_cidr_block(to);
    create(&here, "0.0.0.0/0").gateway_id(&gateway).send().await.unwrap();
    check(&sandbox, "RouteAlreadyExists", create(&here, "0.0.0.0/0").gateway_id(&gateway).send()).await;
    check(&sandbox, "RouteAlreadyExists", create(&here, "10.0.0.0/16").gateway_id(&gateway).send()).await;
    check(&sandbox, "InvalidParameterValue", create(&there, "0.0.0.0/0").gateway_id(&gateway).send()).await;
    check(&sandbox, "InvalidParameterValue", create(&here, "8.8.8.8/8").gateway_id(&gateway).send()).await;
    check(&sandbox, "InvalidNatGatewayID.NotFound", create(&there, "0.0.0.0/0").nat_gateway_id("nat-0").send()).await;
    check(&sandbox, "InvalidInternetGatewayID.NotFound", create(&there, "0.0.0.0/0").gateway_id("igw-0").send()).await;
    check(&sandbox, "MissingParameter", create(&there, "0.0.0.0/0").send()).await;
    let replace = client.replace_route().route_table_id(&here).destination_cidr_block("1.0.0.0/8").gateway_id(&gateway);
    check(&sandbox, "InvalidParameterValue", replace.send()).await;
    let delete = |to: &str| client.delete_route().route_table_id(&here).destination_cidr_block(to);
    check(&sandbox, "InvalidParameterValue", delete("10.0.0.0/16").send()).await;
    check(&sandbox, "InvalidRoute.NotFound", delete("1.0.0.0/8").send()).await;
    delete("0.0.0.0/0").send().await.unwrap();
}

#[tokio::test]
async fn nat_gateways_groups_and_endpoints() {
    let (sandbox, client) = ec2(Weather::default());
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let subnet = subnet(&client, &vpc, "10.0.0.0/24", "euw1-az1").await;
    let nat = || client.create_nat_gateway().subnet_id(&subnet).allocation_id("eipalloc-0");
    check(&sandbox, "InvalidAllocationID.NotFound", nat().send()).await;
    check(&sandbox, "InvalidSubnetID.NotFound", nat().subnet_id("subnet-0").send()).await;
    check(&sandbox, "MissingParameter", client.create_nat_gateway().subnet_id(&subnet).send()).await;
    check(&sandbox, "NatGatewayNotFound", client.delete_nat_gateway().nat_gateway_id("nat-0").send()).await;
    check(&sandbox, "NatGatewayNotFound", client.describe_nat_gateways().nat_gateway_ids("nat-0").send()).await;
    let regional = || client.create_nat_gateway().availability_mode(AvailabilityMode::Regional).vpc_id(&vpc);
    check(&sandbox, "InvalidParameterCombination", regional().subnet_id(&subnet).send()).await;

    let group = |name: &str| client.create_security_group().group_name(name).description("a").vpc_id(&vpc);
    check(&sandbox, "InvalidParameterValue", group("default").send()).await;
    check(&sandbox, "InvalidParameterValue", group("sg-a").send()).await;
    let id = group("a").send().await.unwrap().group_id.unwrap();
    check(&sandbox, "InvalidGroup.Duplicate", group("a").send()).await;

    let create = || client.create_vpc_endpoint().vpc_id(&vpc).service_name("com.amazonaws.eu-west-1.s3");
    check(&sandbox, "InvalidServiceName", create().service_name("com.amazonaws.us-east-1.s3").send()).await;
    check(&sandbox, "InvalidServiceName", create().service_name("com.amazonaws.eu-west-1.nosuchservice").send()).await;
    check(&sandbox, "InvalidParameter", create().service_name("com.amazonaws.eu-west-1.ssm").send()).await;
    check(&sandbox, "InvalidRouteTableId.NotFound", create().route_table_ids("rtb-0").send()).await;
    let interface = || create().vpc_endpoint_type(VpcEndpointType::Interface).private_dns_enabled(false).security_group_ids(&id);
    check(&sandbox, "InvalidSubnetId.NotFound", interface().subnet_ids("subnet-0").send()).await;
    let same = crate::sandbox::ec2::subnet(&client, &vpc, "10.0.1.0/24", "euw1-az1").await;
    check(&sandbox, "DuplicateSubnetsInSameZone", interface().subnet_ids(&subnet).subnet_ids(&same).send()).await;
    interface().subnet_ids(&subnet).send().await.unwrap();
    check(&sandbox, "DependencyViolation", client.delete_security_group().group_id(&id).send()).await;
    check(&sandbox, "InvalidVpcEndpointId.NotFound", client.modify_vpc_endpoint().vpc_endpoint_id("vpce-0").send()).await;
}

#[tokio::test]
async fn strangers_interfaces_hold_what_they_use() {
    let mut world = World::new(MANAGEMENT);
    let region = world.region_mut(MANAGEMENT, "eu-west-1").unwrap();
    let subnet = region.subnets.keys().next().unwrap().clone();
    let vpc = region.vpcs.keys().next().unwrap().clone();
    let gateway = region.internet_gateways.keys().next().unwrap().clone();
    let id = region.fresh("eni");
    region.interfaces.insert(
        id.clone(),
        NetworkInterface {
            subnet: subnet.clone(),
            groups: BTreeSet::new(),
            description: "an instance".to_owned(),
            private_ip: [172, 31, 0, 9].into(),
            public_ip: Some([3, 1, 2, 3].into()),
        },
    );
    let sandbox = Sandbox::new(world, Weather::default());
    let client = ec2_of(&sandbox, MANAGEMENT, "eu-west-1");
    let found = client.describe_network_interfaces().filters(filter("vpc-id", &vpc)).send().await.unwrap();
    assert_eq!(found.network_interfaces()[0].association().unwrap().public_ip(), Some("3.1.2.3"));
    check(&sandbox, "DependencyViolation", client.delete_subnet().subnet_id(&subnet).send()).await;
    let detach = client.detach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc);
    check(&sandbox, "DependencyViolation", detach.send()).await;
}

#[tokio::test]
async fn requests_that_make_no_sense() {
    let (sandbox, client) = ec2(Weather::default());
    vpc(&client, "10.0.0.0/16").await;
    let describe = || client.describe_vpcs();
    check(&sandbox, "InvalidParameterValue", describe().filters(filter("colour", "red")).send()).await;
    check(&sandbox, "InvalidParameterValue", describe().max_results(1).send()).await;
    check(&sandbox, "InvalidNextToken", describe().next_token("zz").send()).await;
    check(&sandbox, "InvalidParameterCombination", describe().max_results(5).vpc_ids("vpc-0").send()).await;
    check(&sandbox, "NotServedBySandbox", client.describe_instances().send()).await;
}

#[tokio::test]
async fn only_accounts_in_use_are_served() {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(FeatureSet::All);
    let member = world.add_account("member", "member@example.com", &root);
    world.accounts.get_mut(&member).unwrap().state = AccountState::Suspended;
    let sandbox = Sandbox::new(world, Weather::default());
    check(&sandbox, "Blocked", ec2_of(&sandbox, &member, "eu-west-1").describe_vpcs().send()).await;
    check(&sandbox, "AuthFailure", ec2_of(&sandbox, "999999999999", "eu-west-1").describe_vpcs().send()).await;
    check(&sandbox, "AuthFailure", ec2_of(&sandbox, MANAGEMENT, "eu-west-9").describe_vpcs().send()).await;
    check(&sandbox, "AuthFailure", ec2_of(&sandbox, MANAGEMENT, "me-south-1").describe_vpcs().send()).await;
}

/// EC2 keeps a bucket for each account, Region and operation.
#[tokio::test(start_paused = true)]
async fn rates_are_of_an_account_a_region_and_an_operation() {
    let (sandbox, client) = ec2(Weather { rates: ServerRates::Published, address_quota: 1_000, ..Weather::default() });
    let mut refused = 0;
    for _ in 0..60 {
        match client.allocate_address().send().await {
            Ok(_) => {}
            error => {
                assert_eq!(refusal(error), "RequestLimitExceeded");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 10, "a bucket of 50");
    client.create_internet_gateway().send().await.unwrap();
    ec2_of(&sandbox, MANAGEMENT, "us-east-1").allocate_address().send().await.unwrap();
}
