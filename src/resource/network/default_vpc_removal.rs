//! Removes a default VPC after checking that nothing uses it. AWS would refuse to delete one with instances in it, but only after its
//! subnets are deleted; so overlord checks everything before it deletes anything.

use aws_sdk_ec2::types::{InternetGateway, RouteTable, SecurityGroup, Subnet};
use futures_util::try_join;

use super::calls::{ResourceClient, filter, first};
use crate::aws::AwsResult;

/// The default VPC of the account and Region, if there is one.
pub(super) async fn find(resource_client: &ResourceClient<'_>) -> AwsResult<Option<String>> {
    let pages = resource_client.client.describe_vpcs().filters(filter("is-default", "true")).into_paginator().items().send();
    let vpcs = resource_client.map_sdk_error("ec2:DescribeVpcs", pages.collect::<Result<Vec<_>, _>>().await)?;
    Ok(first(vpcs.into_iter().map(|vpc| vpc.vpc_id)))
}

/// What AWS created in a default VPC, and what is deleted with it.
struct Bare {
    subnets: Vec<String>,
    gateways: Vec<String>,
}

/// Deletes the VPC with what AWS created in it.
///
/// # Errors
/// Something uses it, or AWS did not create everything in it: then nothing was deleted.
pub(super) async fn remove(resource_client: &ResourceClient<'_>, vpc: &str) -> AwsResult<()> {
    let Bare { subnets, gateways } = proof(resource_client, vpc).await?;
    for gateway in &gateways {
        let detach = || async {
            let answer = resource_client.client.detach_internet_gateway().internet_gateway_id(gateway).vpc_id(vpc).send().await;
            match resource_client.map_sdk_error("ec2:DetachInternetGateway", answer) {
                Err(e) if e.is(&["Gateway.NotAttached"]) => Ok(()),
                result => result.map(drop),
            }
        };
        resource_client.deleted(Some(filter("vpc-id", vpc)), detach).await?;
        let delete = || async {
            let answer = resource_client.client.delete_internet_gateway().internet_gateway_id(gateway).send().await;
            resource_client.map_sdk_error("ec2:DeleteInternetGateway", answer).map(drop)
        };
        resource_client.deleted(None, delete).await?;
    }
    for subnet in &subnets {
        let delete = || async {
            resource_client
                .map_sdk_error("ec2:DeleteSubnet", resource_client.client.delete_subnet().subnet_id(subnet).send().await)
                .map(drop)
        };
        resource_client.deleted(Some(filter("subnet-id", subnet)), delete).await?;
    }
    let delete =
        || async { resource_client.map_sdk_error("ec2:DeleteVpc", resource_client.client.delete_vpc().vpc_id(vpc).send().await).map(drop) };
    resource_client.deleted(Some(filter("vpc-id", vpc)), delete).await
}

/// Checks that it only contains what AWS creates with a default VPC.
async fn proof(resource_client: &ResourceClient<'_>, vpc: &str) -> AwsResult<Bare> {
    let all = || filter("vpc-id", vpc);
    let client = &resource_client.client;
    let subnets = client.describe_subnets().filters(all()).into_paginator().items().send();
    let tables = client.describe_route_tables().filters(all()).into_paginator().items().send();
    let groups = client.describe_security_groups().filters(all()).into_paginator().items().send();
    let gateways = client.describe_internet_gateways().filters(filter("attachment.vpc-id", vpc)).into_paginator().items().send();
    let endpoints = client.describe_vpc_endpoints().filters(all()).into_paginator().items().send();
    let questions = resource_client.questions();
    let (interfaces, hidden, subnets, tables, groups, gateways, endpoints) = try_join!(
        resource_client.interfaces(all()),
        Box::pin(questions.hidden_uses(vpc)),
        async { resource_client.map_sdk_error("ec2:DescribeSubnets", subnets.collect::<Result<Vec<_>, _>>().await) },
        async { resource_client.map_sdk_error("ec2:DescribeRouteTables", tables.collect::<Result<Vec<_>, _>>().await) },
        async { resource_client.map_sdk_error("ec2:DescribeSecurityGroups", groups.collect::<Result<Vec<_>, _>>().await) },
        async { resource_client.map_sdk_error("ec2:DescribeInternetGateways", gateways.collect::<Result<Vec<_>, _>>().await) },
        async { resource_client.map_sdk_error("ec2:DescribeVpcEndpoints", endpoints.collect::<Result<Vec<_>, _>>().await) },
    )?;
    let used =
        interfaces.into_iter().map(|interface| interface.network_interface_id).chain(endpoints.into_iter().map(|e| e.vpc_endpoint_id));
    let foreign = foreign_subnets(&subnets).chain(foreign_tables(&tables)).chain(foreign_groups(&groups));
    let mut there: Vec<String> = used.flatten().chain(foreign.flatten()).chain(hidden).collect();
    if there.is_empty() {
        let subnets = subnets.into_iter().filter_map(|subnet: Subnet| subnet.subnet_id).collect();
        let gateways = gateways.into_iter().filter_map(|gateway: InternetGateway| gateway.internet_gateway_id).collect();
        return Ok(Bare { subnets, gateways });
    }
    there.sort();
    let message = format!("the default VPC `{vpc}` is in use, and nothing of it was deleted: there is {}", there.join(", "));
    Err(resource_client.failed(message, "move what is there elsewhere, or set `default_vpc = \"keep\"` for this account"))
}

fn foreign_subnets(subnets: &[Subnet]) -> impl Iterator<Item = Option<String>> {
    subnets.iter().filter(|subnet| subnet.default_for_az() != Some(true)).map(|subnet| subnet.subnet_id.clone())
}

/// Tables besides the main one, and a main one with a target other than the internet gateway: a peering, a VPN.
fn foreign_tables(tables: &[RouteTable]) -> impl Iterator<Item = Option<String>> {
    let is_main = |table: &RouteTable| table.associations().iter().any(|association| association.main() == Some(true));
    let as_born = |table: &RouteTable| {
        let mut gateways = table.routes().iter().map(|route| route.gateway_id().unwrap_or_default());
        gateways.all(|gateway| gateway == "local" || gateway.starts_with("igw-"))
    };
    tables.iter().filter(move |table| !(is_main(table) && as_born(table))).map(|table| table.route_table_id.clone())
}

fn foreign_groups(groups: &[SecurityGroup]) -> impl Iterator<Item = Option<String>> {
    groups.iter().filter(|group| group.group_name() != Some("default")).map(|group| group.group_id.clone())
}
