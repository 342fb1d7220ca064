//! `transit_gateway`: the hub that the VPCs of many accounts attach to. It accepts attachments of the accounts that it is shared with and
//! adds each, with its routes, to its one route table. So a VPC's account only has to attach.

use aws_sdk_ec2::types::{
    AutoAcceptSharedAttachmentsValue, DefaultRouteTableAssociationValue, DefaultRouteTablePropagationValue, ModifyTransitGatewayOptions,
    ResourceType, TransitGateway as Live, TransitGatewayRequestOptions,
};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, all};
use super::{Tags, tags_differ};
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, PartOf, Weight};

/// The attributes of a `transit_gateway`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransitGatewayAttributes {
    /// Its number in BGP; `None` when none is declared, and then it is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// Whether it accepts the attachments of other accounts automatically.
    pub auto_accept: bool,
    /// Whether an attachment gets its default route table.
    pub default_association: bool,
    /// Whether an attachment propagates its routes to it.
    pub default_propagation: bool,
    /// `Name` and the declared tags.
    pub tags: Tags,
}

/// States in which it exists, or will.
pub(super) const ALIVE: [&str; 3] = ["pending", "available", "modifying"];
/// All others.
pub(super) const DEAD: [&str; 2] = ["deleting", "deleted"];

/// The kind.
pub struct TransitGateway;

impl Kind for TransitGateway {
    type Attributes = TransitGatewayAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "transit_gateway",
        summary: "a transit gateway that VPCs of many accounts attach to",
        attributes: &[
            AttributeSpec::new("asn", OnChange::Forbidden("declare another transit gateway with that number, and attach to it")),
            AttributeSpec::new("auto_accept", OnChange::Update),
            AttributeSpec::new("default_association", OnChange::Update),
            AttributeSpec::new("default_propagation", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
        ],
        weight: Weight::Network,
        part_of: PartOf::Account,
        needs: &[
            Need::apply(&["ec2:CreateTags", "ec2:CreateTransitGateway", "ec2:ModifyTransitGateway"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteTransitGateway"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["auto_accept", "default_association", "default_propagation"], &["ec2:ModifyTransitGateway"]),
            EventSpec::gone(&["ec2:DeleteTransitGateway"]).created_by("ec2:CreateTransitGateway"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateTransitGateway"],
            (Some(before), Some(after)) => {
                let modify = (options(before) != options(after)).then_some("ec2:ModifyTransitGateway");
                modify.into_iter().chain(tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags")).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteTransitGateway"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let (accept, association, propagation) = values(&after);
        let options = TransitGatewayRequestOptions::builder()
            .set_amazon_side_asn(after.asn.map(i64::from))
            .auto_accept_shared_attachments(accept)
            .default_route_table_association(association)
            .default_route_table_propagation(propagation)
            .build();
        let find = || async {
            let pages = client.client.describe_transit_gateways().filters(client.ours()).into_paginator().items().send();
            let mut gateways = client.map_sdk_error("ec2:DescribeTransitGateways", pages.collect::<Result<Vec<_>, _>>().await)?;
            gateways
                .retain(|gateway| client.is_ours(gateway.tags()) && gateway.state().is_some_and(|state| ALIVE.contains(&state.as_str())));
            Ok(all(gateways.into_iter().map(|gateway| gateway.transit_gateway_id)))
        };
        let make = || async {
            let request = client.client.create_transit_gateway().description(context.address().key()).options(options.clone());
            let request = request.tag_specifications(client.creation_tags(ResourceType::TransitGateway, &after.tags));
            let answer = client.map_sdk_error("ec2:CreateTransitGateway", request.send().await)?;
            client.id("ec2:CreateTransitGateway", answer.transit_gateway.and_then(|gateway| gateway.transit_gateway_id))
        };
        let id = client.create_idempotent(client.earlier(None)?, find, make).await?;
        available(&client, &id).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        if options(&before) != options(&after) {
            let (accept, association, propagation) = values(&after);
            let options = ModifyTransitGatewayOptions::builder()
                .auto_accept_shared_attachments(accept)
                .default_route_table_association(association)
                .default_route_table_propagation(propagation)
                .build();
            let request = client.client.modify_transit_gateway().transit_gateway_id(id).options(options);
            client
                .when_ready(|| async { client.map_sdk_error("ec2:ModifyTransitGateway", request.clone().send().await).map(drop) })
                .await?;
            available(&client, id).await?;
        }
        client.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let request = client.client.delete_transit_gateway().transit_gateway_id(id);
        let delete = || async { client.map_sdk_error("ec2:DeleteTransitGateway", request.clone().send().await).map(drop) };
        client.removed(&["deleted"], delete, || state(&client, id)).await
    }
}

fn options(attributes: &TransitGatewayAttributes) -> (bool, bool, bool) {
    (attributes.auto_accept, attributes.default_association, attributes.default_propagation)
}

fn values(
    attributes: &TransitGatewayAttributes,
) -> (AutoAcceptSharedAttachmentsValue, DefaultRouteTableAssociationValue, DefaultRouteTablePropagationValue) {
    let word = |on: bool| if on { "enable" } else { "disable" };
    (
        AutoAcceptSharedAttachmentsValue::from(word(attributes.auto_accept)),
        DefaultRouteTableAssociationValue::from(word(attributes.default_association)),
        DefaultRouteTablePropagationValue::from(word(attributes.default_propagation)),
    )
}

/// A live transit gateway, by its id.
pub(super) async fn describe(client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<Live>> {
    let answer = client.client.describe_transit_gateways().transit_gateway_ids(id).send().await;
    Ok(client.map_sdk_error("ec2:DescribeTransitGateways", answer)?.transit_gateways.unwrap_or_default().into_iter().next())
}

async fn state(client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<String>> {
    Ok(describe(client, id).await?.and_then(|gateway| gateway.state).map(|state| state.as_str().to_owned()))
}

async fn available(client: &ResourceClient<'_>, id: &str) -> AwsResult<()> {
    client.reached(&["available"], &DEAD, || state(client, id)).await
}
