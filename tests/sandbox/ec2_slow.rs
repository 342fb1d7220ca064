//! What EC2 does slowly, in virtual time: NAT gateways, endpoints, new accounts, Regions; and reads that lag behind.

use std::time::Duration;

use aws_sdk_account::types::RegionOptStatus;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AvailabilityMode, NatGateway, VpcEndpointType};
use overlord::sandbox::world::FeatureSet;
use overlord::sandbox::{Sandbox, Weather, World};
use tokio::time::advance;

use crate::sandbox::common::*;
use crate::sandbox::ec2::*;

async fn gateways(client: &Client) -> Vec<NatGateway> {
    client.describe_nat_gateways().send().await.unwrap().nat_gateways.unwrap_or_default()
}

async fn state(client: &Client) -> String {
    let states: Vec<_> = gateways(client).await.iter().map(|gateway| gateway.state().unwrap().as_str().to_owned()).collect();
    states.join(",")
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_comes_and_goes() {
    let (sandbox, client) = ec2(Weather { nat_gateway_ms: 100_000, ..Weather::default() });
    let vpc_id = vpc(&client, "10.0.0.0/16").await;
    gateway(&client, &vpc_id).await;
    let subnet = subnet(&client, &vpc_id, "10.0.0.0/24", "euw1-az1").await;
    let address = address(&client).await;
    let create = |token: &str| client.create_nat_gateway().subnet_id(&subnet).allocation_id(&address).client_token(token);
    let made = create("t").send().await.unwrap().nat_gateway.unwrap();
    let id = made.nat_gateway_id().unwrap();
    let again = create("t").send().await.unwrap().nat_gateway.unwrap();
    assert_eq!(again.nat_gateway_id(), Some(id));
    assert_eq!(refusal(create("t").private_ip_address("10.0.0.9").send().await), "IdempotentParameterMismatch");
    let route = table(&client, &vpc_id).await;
    let create_route = client.create_route().route_table_id(&route).destination_cidr_block("0.0.0.0/0").nat_gateway_id(id);
    create_route.send().await.unwrap();
    advance(Duration::from_millis(99_999)).await;
    assert_eq!(state(&client).await, "pending");
    advance(Duration::from_millis(1)).await;
    assert_eq!(state(&client).await, "available");
    let read = client.describe_addresses().allocation_ids(&address).send().await.unwrap().addresses.unwrap().remove(0);
    let nat_address = gateways(&client).await.remove(0).nat_gateway_addresses.unwrap().remove(0);
    assert_eq!(read.association_id(), nat_address.association_id());
    assert_eq!(read.public_ip(), nat_address.public_ip());

    client.delete_nat_gateway().nat_gateway_id(id).send().await.unwrap();
    assert_eq!(state(&client).await, "deleting");
    assert_eq!(refusal(client.release_address().allocation_id(&address).send().await), "InvalidIPAddress.InUse");
    advance(Duration::from_secs(100)).await;
    assert_eq!(state(&client).await, "deleted");
    let read = client.describe_route_tables().route_table_ids(&route).send().await.unwrap().route_tables.unwrap().remove(0);
    assert_eq!(read.routes()[1].state().unwrap().as_str(), "blackhole");
    client.release_address().allocation_id(&address).send().await.unwrap();
    client.delete_subnet().subnet_id(&subnet).send().await.unwrap();
    advance(Duration::from_secs(3_599)).await;
    assert_eq!(state(&client).await, "deleted");
    advance(Duration::from_secs(1)).await;
    assert_eq!(state(&client).await, "");
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

/// AWS answers that it makes one, and tells afterwards why it could not.
#[tokio::test(start_paused = true)]
async fn a_nat_gateway_that_cannot_be_fails_in_its_state() {
    let (_, client) = ec2(Weather { nat_gateway_ms: 1_000, ..Weather::default() });
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let subnet = subnet(&client, &vpc, "10.0.0.0/24", "euw1-az1").await;
    let address = address(&client).await;
    nat(&client, &subnet, &address).await;
    assert_eq!(state(&client).await, "pending");
    advance(Duration::from_secs(1)).await;
    let failed = gateways(&client).await.remove(0);
    assert_eq!((failed.state().unwrap().as_str(), failed.failure_code()), ("failed", Some("Gateway.NotAttached")));
    gateway(&client, &vpc).await;
    nat(&client, &subnet, &address).await;
    let second = nat(&client, &subnet, &address).await;
    advance(Duration::from_secs(1)).await;
    let failed = client.describe_nat_gateways().nat_gateway_ids(&second).send().await.unwrap().nat_gateways.unwrap().remove(0);
    assert_eq!(failed.failure_code(), Some("Resource.AlreadyAssociated"));
    advance(Duration::from_secs(3_600)).await;
    assert_eq!(state(&client).await, "available");
}

#[tokio::test]
async fn a_regional_nat_gateway_needs_no_subnet() {
    let (sandbox, client) = ec2(Weather::default());
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let gateway = gateway(&client, &vpc).await;
    subnet(&client, &vpc, "10.0.0.0/24", "euw1-az1").await;
    subnet(&client, &vpc, "10.0.1.0/24", "euw1-az3").await;
    let made = client.create_nat_gateway().availability_mode(AvailabilityMode::Regional).vpc_id(&vpc).send().await.unwrap();
    let id = made.nat_gateway.unwrap().nat_gateway_id.unwrap();
    let read = gateways(&client).await.remove(0);
    assert_eq!((read.state().unwrap().as_str(), read.subnet_id()), ("available", None));
    assert_eq!(read.availability_mode(), Some(&AvailabilityMode::Regional));
    let zones: Vec<_> = read.nat_gateway_addresses().iter().filter_map(|address| address.availability_zone_id()).collect();
    assert_eq!(zones, ["euw1-az1", "euw1-az3"]);
    let detach = || client.detach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc);
    assert_eq!(refusal(detach().send().await), "DependencyViolation");
    client.delete_nat_gateway().nat_gateway_id(&id).send().await.unwrap();
    detach().send().await.unwrap();
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_interface_endpoint_comes_and_goes() {
    let (_, client) = ec2(Weather { endpoint_ms: 10_000, ..Weather::default() });
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let subnet = subnet(&client, &vpc, "10.0.0.0/24", "euw1-az1").await;
    let create = client.create_vpc_endpoint().vpc_id(&vpc).service_name("com.amazonaws.eu-west-1.ssm").subnet_ids(&subnet);
    let made = create.vpc_endpoint_type(VpcEndpointType::Interface).private_dns_enabled(false).send().await.unwrap();
    let id = made.vpc_endpoint.unwrap().vpc_endpoint_id.unwrap();
    let state = async || {
        let read = client.describe_vpc_endpoints().send().await.unwrap().vpc_endpoints.unwrap_or_default();
        read.iter().map(|endpoint| endpoint.state().unwrap().as_str().to_owned()).collect::<Vec<_>>().join(",")
    };
    assert_eq!(state().await, "pending");
    advance(Duration::from_secs(10)).await;
    assert_eq!(state().await, "available");
    client.delete_vpc_endpoints().vpc_endpoint_ids(&id).send().await.unwrap();
    assert_eq!(state().await, "deleting");
    assert_eq!(refusal(client.delete_subnet().subnet_id(&subnet).send().await), "DependencyViolation");
    advance(Duration::from_secs(10)).await;
    assert_eq!(state().await, "");
    client.delete_subnet().subnet_id(&subnet).send().await.unwrap();
    client.delete_vpc().vpc_id(&vpc).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_new_account_is_taken_by_sts_before_ec2() {
    let (sandbox, organizations, _) = organized(Weather { account_ready_ms: 60_000, ..Weather::default() }).await;
    let member = create_account(&organizations, "a", "a@example.com").await.unwrap();
    let sts = aws_sdk_sts::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
    let role = format!("arn:aws:iam::{member}:role/OrganizationAccountAccessRole");
    let assume = || sts.assume_role().role_arn(&role).role_session_name("test");
    let client = ec2_of(&sandbox, &member, "eu-west-1");
    assert_eq!(refusal(assume().send().await), "AccessDenied");
    advance(Duration::from_secs(30)).await;
    assume().send().await.unwrap();
    assert_eq!(refusal(client.describe_vpcs().send().await), "OptInRequired");
    advance(Duration::from_secs(30)).await;
    assert_eq!(client.describe_vpcs().send().await.unwrap().vpcs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn regions_are_enabled_and_waited_for() {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(FeatureSet::All);
    let member = world.add_account("member", "member@example.com", &root);
    world.trusted_services.insert("account.amazonaws.com".to_owned(), 0);
    let sandbox = Sandbox::new(world, Weather { region_ms: 600_000, ..Weather::default() });
    let account = aws_sdk_account::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
    let status = async || {
        let status = account.get_region_opt_status().account_id(&member).region_name("me-south-1").send().await.unwrap();
        status.region_opt_status().unwrap().clone()
    };
    let enable = |region: &str| account.enable_region().account_id(&member).region_name(region);
    let client = ec2_of(&sandbox, &member, "me-south-1");
    assert_eq!(status().await, RegionOptStatus::Disabled);
    enable("me-south-1").send().await.unwrap();
    assert_eq!(status().await, RegionOptStatus::Enabling);
    assert_eq!(refusal(enable("me-south-1").send().await), "ConflictException");
    assert_eq!(refusal(enable("eu-west-1").send().await), "ValidationException");
    for region in ["af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ca-west-1"] {
        enable(region).send().await.unwrap();
    }
    assert_eq!(refusal(enable("eu-south-1").send().await), "TooManyRequestsException");
    assert_eq!(refusal(client.describe_vpcs().send().await), "AuthFailure");
    advance(Duration::from_secs(600)).await;
    assert_eq!(status().await, RegionOptStatus::Enabled);
    client.describe_vpcs().send().await.unwrap();
    let listed = account.list_regions().account_id(&member).region_opt_status_contains(RegionOptStatus::Enabled).max_results(4);
    let mut pages = listed.into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(region) = pages.next().await {
        names.push(region.unwrap().region_name.unwrap());
    }
    assert_eq!(names, ["af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ca-west-1", "me-south-1"]);
    let seen = ec2_of(&sandbox, &member, "eu-west-1").describe_regions().send().await.unwrap();
    assert_eq!(seen.regions().len(), 17 + 6);
    // The management account has enabled nothing.
    assert_eq!(refusal(ec2_of(&sandbox, MANAGEMENT, "me-south-1").describe_vpcs().send().await), "AuthFailure");
}

#[tokio::test(start_paused = true)]
async fn stale_reads_show_a_region_as_it_was() {
    let (_, client) = ec2(Weather { stale: 0.999, stale_ms: 1_000, vpc_quota: 10, ..Weather::default() });
    let count = async || client.describe_vpcs().filters(filter("is-default", "false")).send().await.unwrap().vpcs().len();
    advance(Duration::from_secs(5)).await;
    vpc(&client, "10.0.0.0/16").await;
    assert_eq!(count().await, 0);
    advance(Duration::from_millis(600)).await;
    vpc(&client, "10.1.0.0/16").await;
    assert_eq!(count().await, 0);
    advance(Duration::from_millis(600)).await;
    assert_eq!(count().await, 1);
    advance(Duration::from_millis(600)).await;
    assert_eq!(count().await, 2);
}
