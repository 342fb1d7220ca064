//! `transit_gateway_attachment`: the attachment of a VPC to a transit gateway, in the VPC's account. The gateway's account decides which
//! route table it uses and which routes are in there.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::ResourceType;
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, filter, first};
use super::{Tags, tags_differ, transit_gateway};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::prices::Item;
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The attributes of a `transit_gateway_attachment`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransitGatewayAttachmentAttributes {
    /// Whether it uses the gateway's default route table.
    pub associated: bool,
    /// Whether it propagates its routes to that table.
    pub propagated: bool,
    /// The share that lets its account use the gateway; `None` in the gateway's own account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Reference>,
    /// The subnets that it has an interface in, one per zone.
    pub subnets: BTreeSet<Reference>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The gateway.
    pub transit_gateway: Reference,
    /// The VPC.
    pub vpc: Reference,
}

/// States in which it exists, or will. A failed change is rolled back, and then the attachment is available as before.
/// Source: Amazon VPC's guide to transit gateways, "VPC attachment lifecycle".
pub(super) const ALIVE: [&str; 7] =
    ["initiating", "initiatingRequest", "pending", "pendingAcceptance", "available", "modifying", "rollingBack"];
/// All others.
pub(super) const DEAD: [&str; 6] = ["deleting", "deleted", "failed", "failing", "rejected", "rejecting"];

/// The kind.
pub struct TransitGatewayAttachment;

impl Kind for TransitGatewayAttachment {
    type Attributes = TransitGatewayAttachmentAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "transit_gateway_attachment",
        summary: "the attachment of a VPC to a transit gateway",
        attributes: &[
            AttributeSpec::new("associated", OnChange::Update),
            AttributeSpec::new("propagated", OnChange::Update),
            AttributeSpec::new("share", OnChange::Forbidden("it follows from the account of the transit gateway")),
            AttributeSpec::new("subnets", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new(
                "transit_gateway",
                OnChange::Forbidden("take `attach` out of the layout, apply, then name the other transit gateway"),
            ),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        price: Some(|_, _| vec![(Item::TransitGatewayAttachment, 1)]),
        needs: &[
            Need::apply(&[
                "ec2:AssociateTransitGatewayRouteTable",
                "ec2:CreateTags",
                "ec2:CreateTransitGatewayVpcAttachment",
                "ec2:EnableTransitGatewayRouteTablePropagation",
                "ec2:ModifyTransitGatewayVpcAttachment",
            ]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteTransitGatewayVpcAttachment"]),
            // Source: AWS Transit Gateway, "Use service-linked roles for transit gateways".
            Need::linked_role("transitgateway.amazonaws.com"),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["associated"], &["ec2:AssociateTransitGatewayRouteTable", "ec2:DisassociateTransitGatewayRouteTable"]),
            EventSpec::changed(
                &["propagated"],
                &["ec2:DisableTransitGatewayRouteTablePropagation", "ec2:EnableTransitGatewayRouteTablePropagation"],
            ),
            EventSpec::changed(&["subnets"], &["ec2:ModifyTransitGatewayVpcAttachment"]),
            EventSpec::gone(&["ec2:DeleteTransitGatewayVpcAttachment"]).created_by("ec2:CreateTransitGatewayVpcAttachment"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateTransitGatewayVpcAttachment"],
            (Some(before), Some(after)) => {
                let modify = (before.subnets != after.subnets).then_some("ec2:ModifyTransitGatewayVpcAttachment");
                let associate = (before.associated != after.associated).then_some("ec2:AssociateTransitGatewayRouteTable");
                let propagate = (before.propagated != after.propagated).then_some("ec2:EnableTransitGatewayRouteTablePropagation");
                let tags = tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags");
                modify.into_iter().chain(associate).chain(propagate).chain(tags).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteTransitGatewayVpcAttachment"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let (gateway, vpc) = (client.resolve(&after.transit_gateway)?, client.resolve(&after.vpc)?);
        let subnets = client.resolve_all(&after.subnets)?;
        // A new share is not visible at once in the account that it is for; and a gateway that an earlier run created may still be
        // pending.
        let make = || async {
            let send = || async {
                let request = client.client.create_transit_gateway_vpc_attachment().transit_gateway_id(&gateway).vpc_id(&vpc);
                let request = request.set_subnet_ids(Some(subnets.clone()));
                let request = request.tag_specifications(client.creation_tags(ResourceType::TransitGatewayAttachment, &after.tags));
                client.map_sdk_error("ec2:CreateTransitGatewayVpcAttachment", request.send().await)
            };
            let made = client.when_ready(send).await?.transit_gateway_vpc_attachment;
            client.id("ec2:CreateTransitGatewayVpcAttachment", made.and_then(|made| made.transit_gateway_attachment_id))
        };
        let find = || existing(&client, (&gateway, &vpc));
        let id = match client
            .create_idempotent(client.earlier(Some(&after.vpc))?, || async { Ok(find().await?.into_iter().collect()) }, make)
            .await
        {
            Err(e) if e.is(&["DuplicateTransitGatewayAttachment"]) => client.found(&e, find).await?,
            id => id?,
        };
        available(&client, &id).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        if before.subnets != after.subnets {
            let added = client.resolve_all(after.subnets.difference(&before.subnets))?;
            let removed = client.resolve_all(before.subnets.difference(&after.subnets))?;
            let request = client.client.modify_transit_gateway_vpc_attachment().transit_gateway_attachment_id(id);
            let request = request.set_add_subnet_ids(Some(added)).set_remove_subnet_ids(Some(removed));
            let send = || async { client.map_sdk_error("ec2:ModifyTransitGatewayVpcAttachment", request.clone().send().await).map(drop) };
            client.when_ready(send).await?;
            available(&client, id).await?;
        }
        if (before.associated, before.propagated) != (after.associated, after.propagated) {
            available(&client, id).await?;
            route(&ResourceClient::there(context, &after.transit_gateway)?, id, &before, &after).await?;
        }
        client.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let request = client.client.delete_transit_gateway_vpc_attachment().transit_gateway_attachment_id(id);
        let delete = || async { client.map_sdk_error("ec2:DeleteTransitGatewayVpcAttachment", request.clone().send().await).map(drop) };
        client.removed(&["deleted", "failed", "rejected"], delete, || state(&client, id)).await
    }
}

/// The route table of the gateway: the attachment uses it, and its routes are in it.
async fn route(
    client: &ResourceClient<'_>,
    id: &str,
    before: &TransitGatewayAttachmentAttributes,
    after: &TransitGatewayAttachmentAttributes,
) -> AwsResult<()> {
    let gateway = client.resolve(&after.transit_gateway)?;
    let options = transit_gateway::describe(client, &gateway).await?.and_then(|gateway| gateway.options);
    let table = options.and_then(|options| options.association_default_route_table_id).ok_or_else(|| {
        client.failed(
            format!("the transit gateway `{gateway}` has no default route table"),
            "give it one, or remove it and let it be made again",
        )
    })?;
    if before.associated != after.associated {
        let request = client.client.associate_transit_gateway_route_table().transit_gateway_route_table_id(&table);
        let answer = request.transit_gateway_attachment_id(id).send().await;
        match client.map_sdk_error("ec2:AssociateTransitGatewayRouteTable", answer) {
            Err(e) if e.is(&["Resource.AlreadyAssociated"]) => {}
            answer => drop(answer?),
        }
    }
    if before.propagated != after.propagated {
        let request = client.client.enable_transit_gateway_route_table_propagation().transit_gateway_route_table_id(&table);
        let answer = request.transit_gateway_attachment_id(id).send().await;
        match client.map_sdk_error("ec2:EnableTransitGatewayRouteTablePropagation", answer) {
            Err(e) if e.is(&["TransitGatewayRouteTablePropagation.Duplicate"]) => {}
            answer => drop(answer?),
        }
    }
    Ok(())
}

async fn state(client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<String>> {
    let answer = client.client.describe_transit_gateway_vpc_attachments().transit_gateway_attachment_ids(id).send().await;
    let answer = client.map_sdk_error("ec2:DescribeTransitGatewayVpcAttachments", answer)?;
    let first = answer.transit_gateway_vpc_attachments.unwrap_or_default().into_iter().next();
    Ok(first.and_then(|attachment| attachment.state).map(|state| state.as_str().to_owned()))
}

/// The transit gateway of an attachment, once it is ready: an earlier run may have just created it.
pub(super) async fn gateway(client: &ResourceClient<'_>, id: &str) -> AwsResult<String> {
    available(client, id).await?;
    let answer = client.client.describe_transit_gateway_vpc_attachments().transit_gateway_attachment_ids(id).send().await;
    let answer = client.map_sdk_error("ec2:DescribeTransitGatewayVpcAttachments", answer)?;
    let gateway = answer.transit_gateway_vpc_attachments().iter().find_map(|attachment| attachment.transit_gateway_id.clone());
    gateway.ok_or_else(|| client.failed(format!("AWS does not name the transit gateway of `{id}`"), "run the same command again"))
}

async fn available(client: &ResourceClient<'_>, id: &str) -> AwsResult<()> {
    client.reached(&["available"], &DEAD, || state(client, id)).await
}

/// The attachment of a VPC. There is at most one, so an existing one is an earlier attempt's.
async fn existing(client: &ResourceClient<'_>, (gateway, vpc): (&str, &str)) -> AwsResult<Option<String>> {
    let request = client.client.describe_transit_gateway_vpc_attachments();
    let request = request.filters(filter("transit-gateway-id", gateway)).filters(filter("vpc-id", vpc));
    let pages = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let mut found = client.map_sdk_error("ec2:DescribeTransitGatewayVpcAttachments", pages)?;
    found.retain(|attachment| attachment.state().is_some_and(|state| ALIVE.contains(&state.as_str())));
    Ok(first(found.into_iter().map(|attachment| attachment.transit_gateway_attachment_id)))
}
