//! `route_table`: a route table; its routes are resources of their own.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::ResourceType;
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, all, filter};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The attributes of a `route_table`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteTableAttributes {
    /// The VPN gateways that propagate routes to it; `None` if its VPC never had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagating_gateways: Option<BTreeSet<Reference>>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
}

/// The kind.
pub struct RouteTable;

impl Kind for RouteTable {
    type Attributes = RouteTableAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "route_table",
        summary: "a route table",
        attributes: &[
            AttributeSpec::new("propagating_gateways", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        needs: &[
            Need::apply(&["ec2:CreateRouteTable", "ec2:CreateTags", "ec2:DisableVgwRoutePropagation", "ec2:EnableVgwRoutePropagation"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteRouteTable"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["propagating_gateways"], &["ec2:DisableVgwRoutePropagation", "ec2:EnableVgwRoutePropagation"]),
            EventSpec::gone(&["ec2:DeleteRouteTable"]).created_by("ec2:CreateRouteTable"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let propagations = |from: Option<&Self::Attributes>, to: Option<&Self::Attributes>| {
            let of = |side: Option<&Self::Attributes>| side.and_then(|side| side.propagating_gateways.clone()).unwrap_or_default();
            of(to).difference(&of(from)).count()
        };
        let on = std::iter::repeat_n("ec2:EnableVgwRoutePropagation", propagations(before, after));
        let calls: Vec<&str> = match (before, after) {
            (None, Some(_)) => std::iter::once("ec2:CreateRouteTable").chain(on).collect(),
            (Some(old), Some(new)) => {
                let off = std::iter::repeat_n("ec2:DisableVgwRoutePropagation", propagations(after, before));
                on.chain(off).chain(tags_differ(&old.tags, &new.tags).then_some("ec2:CreateTags")).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteRouteTable"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let vpc = client.resolve(&after.vpc)?;
        let find = || async {
            let request = client.client.describe_route_tables().filters(client.ours()).filters(filter("vpc-id", &vpc));
            let tables = client
                .map_sdk_error("ec2:DescribeRouteTables", request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await)?;
            Ok(all(tables.into_iter().filter(|table| client.is_ours(table.tags())).map(|table| table.route_table_id)))
        };
        let make = || async {
            let request = client.client.create_route_table().vpc_id(&vpc);
            let request = request.tag_specifications(client.creation_tags(ResourceType::RouteTable, &after.tags));
            let answer = client.map_sdk_error("ec2:CreateRouteTable", request.send().await)?;
            client.id("ec2:CreateRouteTable", answer.route_table.and_then(|table| table.route_table_id))
        };
        let id = client.create_idempotent(client.earlier(Some(&after.vpc))?, find, make).await?;
        for gateway in taken(&after) {
            propagate(&client, &id, &client.resolve(gateway)?).await?;
        }
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        for gateway in taken(&after).difference(taken(&before)) {
            propagate(&client, id, &client.resolve(gateway)?).await?;
        }
        for gateway in taken(&before).difference(taken(&after)) {
            let gateway = client.resolve(gateway)?;
            let request = client.client.disable_vgw_route_propagation().route_table_id(id).gateway_id(gateway);
            let request = || async { client.map_sdk_error("ec2:DisableVgwRoutePropagation", request.clone().send().await).map(drop) };
            client.deleted(None, request).await?;
        }
        client.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let delete = || async {
            client.map_sdk_error("ec2:DeleteRouteTable", client.client.delete_route_table().route_table_id(id).send().await).map(drop)
        };
        client.deleted(None, delete).await
    }
}

/// The gateways that propagate routes to a table.
fn taken(table: &RouteTableAttributes) -> &BTreeSet<Reference> {
    static NONE: BTreeSet<Reference> = BTreeSet::new();
    table.propagating_gateways.as_ref().unwrap_or(&NONE)
}

/// Makes a VPN gateway propagate its routes to the table.
async fn propagate(client: &ResourceClient<'_>, table: &str, gateway: &str) -> AwsResult<()> {
    let request = client.client.enable_vgw_route_propagation().route_table_id(table).gateway_id(gateway);
    client.when_ready(|| async { client.map_sdk_error("ec2:EnableVgwRoutePropagation", request.clone().send().await).map(drop) }).await
}
