//! `route_table`: a route table; its routes are resources of their own.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::ResourceType;
use serde::{Deserialize, Serialize};

use super::calls::{Hands, filter, first};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `route_table`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteTableAttributes {
    /// The VPN gateways whose routes it takes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub propagating_gateways: BTreeSet<Reference>,
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
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let none = BTreeSet::new();
        let propagations = |from: Option<&Self::Attributes>, to: Option<&Self::Attributes>| {
            let of = |side: Option<&Self::Attributes>| side.map_or(none.clone(), |side| side.propagating_gateways.clone());
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
        let hands = Hands::of(context).await?;
        let vpc = hands.resolve(&after.vpc)?;
        let find = || async {
            let request = hands.client.describe_route_tables().filters(hands.ours()).filters(filter("vpc-id", &vpc));
            let tables =
                hands.said("ec2:DescribeRouteTables", request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await)?;
            Ok(first(tables.into_iter().map(|table| table.route_table_id)))
        };
        let make = || async {
            let request = hands.client.create_route_table().vpc_id(&vpc);
            let request = request.tag_specifications(hands.creation_tags(ResourceType::RouteTable, &after.tags));
            let answer = hands.said("ec2:CreateRouteTable", request.send().await)?;
            hands.id("ec2:CreateRouteTable", answer.route_table.and_then(|table| table.route_table_id))
        };
        let id = hands.once(hands.earlier(Some(&after.vpc))?, find, make).await?;
        for gateway in &after.propagating_gateways {
            propagate(&hands, &id, &hands.resolve(gateway)?).await?;
        }
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let hands = Hands::of(context).await?;
        for gateway in after.propagating_gateways.difference(&before.propagating_gateways) {
            propagate(&hands, id, &hands.resolve(gateway)?).await?;
        }
        for gateway in before.propagating_gateways.difference(&after.propagating_gateways) {
            let gateway = hands.resolve(gateway)?;
            let request = hands.client.disable_vgw_route_propagation().route_table_id(id).gateway_id(gateway);
            let request = || async { hands.said("ec2:DisableVgwRoutePropagation", request.clone().send().await).map(drop) };
            hands.deleted(None, request).await?;
        }
        hands.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let hands = Hands::of(context).await?;
        let delete =
            || async { hands.said("ec2:DeleteRouteTable", hands.client.delete_route_table().route_table_id(id).send().await).map(drop) };
        hands.deleted(None, delete).await
    }
}

/// The table takes the routes of a VPN gateway.
async fn propagate(hands: &Hands<'_>, table: &str, gateway: &str) -> AwsResult<()> {
    let request = hands.client.enable_vgw_route_propagation().route_table_id(table).gateway_id(gateway);
    hands.settled(|| async { hands.said("ec2:EnableVgwRoutePropagation", request.clone().send().await).map(drop) }).await
}
