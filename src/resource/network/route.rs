//! `route`: a route: the target of packets to a destination.

use aws_sdk_ec2::types::Route as Live;
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, SETTLING, filter, is_missing};
use super::transit_gateway_attachment;
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, NamedBy, Need, OnChange, Weight};

/// The attributes of a `route`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteAttributes {
    /// An IPv4 or IPv6 CIDR block: `0.0.0.0/0`.
    pub destination: String,
    /// Its route table.
    pub route_table: Reference,
    /// The gateway or connection that is its target.
    pub target: Reference,
}

// Each kind of destination and of target has a parameter of its own, in requests of different types.

macro_rules! to_destination {
    ($request:expr, $destination:expr) => {
        match Family::of($destination) {
            Family::V4 => $request.destination_cidr_block($destination),
            Family::V6 => $request.destination_ipv6_cidr_block($destination),
        }
    };
}

macro_rules! toward {
    ($request:expr, $target:expr) => {
        match Target::of($target)? {
            Target::Gateway => $request.gateway_id($target),
            Target::NatGateway => $request.nat_gateway_id($target),
            Target::EgressOnly => $request.egress_only_internet_gateway_id($target),
            Target::TransitGateway => $request.transit_gateway_id($target),
            Target::Peering => $request.vpc_peering_connection_id($target),
            Target::Interface => $request.network_interface_id($target),
        }
    };
}

/// The kind.
pub struct Route;

impl Kind for Route {
    type Attributes = RouteAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "route",
        summary: "a route of a route table",
        attributes: &[
            AttributeSpec::new("destination", OnChange::Forbidden("a route is known by its destination")),
            AttributeSpec::new("route_table", OnChange::Forbidden("a route is known by its table")),
            AttributeSpec::new("target", OnChange::Update),
        ],
        weight: Weight::Network,
        own_id: false,
        part_of: super::PART_OF_VPC,
        needs: &[Need::apply(&["ec2:CreateRoute", "ec2:DeleteRoute", "ec2:ReplaceRoute"])],
        events: &[EventSpec::changed(&["target"], &["ec2:CreateRoute", "ec2:ReplaceRoute"]), EventSpec::gone(&["ec2:DeleteRoute"])],
        named_by: NamedBy::Attributes(&["route_table", "destination"]),
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateRoute"],
            (Some(before), Some(after)) => (before.target != after.target).then_some("ec2:ReplaceRoute").into_iter().collect(),
            (Some(_), None) => vec!["ec2:DeleteRoute"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let (table, target) = (client.resolve(&after.route_table)?, target(&client, &after.target).await?);
        let send = || async {
            let request = client.client.create_route().route_table_id(&table);
            let request = to_destination!(request, &after.destination);
            let request = toward!(request, &target);
            client.map_sdk_error("ec2:CreateRoute", request.send().await).map(drop)
        };
        let passes = |e: &Error| is_missing(e) || is_not_attached(e);
        match client.retry_while("the gateway of the route to be found in its VPC", SETTLING, passes, send).await {
            // By a request whose answer was lost; or it is unmanaged, with another target.
            Err(e) if e.is(&["RouteAlreadyExists"]) => {
                let find = || async { Ok(leads_to(&client, &table, &after.destination, &target).await?.then(String::new)) };
                client.found(&e, find).await?;
            }
            result => result?,
        }
        Ok(format!("{table}/{}", after.destination))
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        if before.target == after.target {
            return Ok(());
        }
        let client = ResourceClient::of(context).await?;
        let ((table, destination), target) = (parts(id)?, target(&client, &after.target).await?);
        let send = || async {
            let request = client.client.replace_route().route_table_id(table);
            let request = to_destination!(request, destination);
            let request = toward!(request, &target);
            client.map_sdk_error("ec2:ReplaceRoute", request.send().await).map(drop)
        };
        client.retry_not_found(send).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let (table, destination) = parts(id)?;
        let delete = || async {
            let request = client.client.delete_route().route_table_id(table);
            let request = to_destination!(request, destination);
            client.map_sdk_error("ec2:DeleteRoute", request.send().await).map(drop)
        };
        client.deleted(None, delete).await
    }
}

/// Whether AWS does not see yet that a gateway was attached a moment ago. The code alone may mean anything.
/// Source: smoketurner/serverless-vpc-plugin, issue 147, read 2026-11-30.
fn is_not_attached(error: &Error) -> bool {
    error.is(&["InvalidParameterValue"]) && error.said().contains("belong to different networks")
}

/// The id of a route's target: for an attachment, its transit gateway. AWS accepts no route to one that the VPC is not attached to yet.
async fn target(client: &ResourceClient<'_>, reference: &Reference) -> AwsResult<String> {
    let id = client.resolve(reference)?;
    if !id.starts_with("tgw-attach-") {
        return Ok(id);
    }
    transit_gateway_attachment::gateway(client, &id).await
}

/// The table and the destination in a route's id.
fn parts(id: &str) -> AwsResult<(&str, &str)> {
    id.split_once('/').ok_or_else(|| Error::internal(format!("invalid id of a route: `{id}`")))
}

/// The parameter for a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn of(destination: &str) -> Self {
        if destination.contains(':') { Self::V6 } else { Self::V4 }
    }
}

/// The parameter for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// An internet or VPN gateway.
    Gateway,
    NatGateway,
    EgressOnly,
    TransitGateway,
    Peering,
    Interface,
}

impl Target {
    fn of(id: &str) -> AwsResult<Self> {
        match id.split_once('-').map(|(kind, _)| kind) {
            Some("igw" | "vgw") => Ok(Self::Gateway),
            Some("nat") => Ok(Self::NatGateway),
            Some("eigw") => Ok(Self::EgressOnly),
            Some("tgw") => Ok(Self::TransitGateway),
            Some("pcx") => Ok(Self::Peering),
            Some("eni") => Ok(Self::Interface),
            Some(_) | None => Err(Error::internal(format!("a route cannot have the target `{id}`"))),
        }
    }
}

/// Whether the table's route to the destination has this target.
async fn leads_to(client: &ResourceClient<'_>, table: &str, destination: &str, target: &str) -> AwsResult<bool> {
    let pages = client.client.describe_route_tables().filters(filter("route-table-id", table)).into_paginator().items().send();
    let tables = client.map_sdk_error("ec2:DescribeRouteTables", pages.collect::<Result<Vec<_>, _>>().await)?;
    let to = |route: &&Live| [route.destination_cidr_block(), route.destination_ipv6_cidr_block()].contains(&Some(destination));
    let targets = |route: &Live| {
        [
            route.gateway_id.clone(),
            route.nat_gateway_id.clone(),
            route.egress_only_internet_gateway_id.clone(),
            route.transit_gateway_id.clone(),
            route.vpc_peering_connection_id.clone(),
            route.network_interface_id.clone(),
        ]
    };
    Ok(tables.iter().flat_map(|table| table.routes()).filter(to).any(|route| targets(route).iter().flatten().any(|id| id == target)))
}
