//! `transit_gateway_attachment`: the attachment of a VPC to a transit gateway, in the VPC's account. Which route table it has, and whether its
//! routes are in there, is the business of the gateway's account.

use std::collections::BTreeSet;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{ResourceType, TransitGatewayVpcAttachment};
use serde::{Deserialize, Serialize};

use super::connection_calls::{SETTLING, filter, gone, made, not_yet, specification, there, until_gone, until_state, wait, write_tags};
use super::{Tags, tags_differ, transit_gateway};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `transit_gateway_attachment`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransitGatewayAttachmentAttributes {
    /// Whether it has the gateway's default route table.
    pub associated: bool,
    /// Whether its routes are in that table.
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

/// States in which it is there, or comes to be.
pub(super) const ALIVE: [&str; 6] = ["initiating", "initiatingRequest", "pending", "pendingAcceptance", "available", "modifying"];
const DEAD: [&str; 6] = ["deleting", "deleted", "failed", "failing", "rejected", "rejecting"];

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
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new(
                "transit_gateway",
                OnChange::Forbidden("take `attach` out of the layout, apply, then name the other transit gateway"),
            ),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
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
        let client = context.ec2().await?;
        let (gateway, vpc) = (context.resolve(&after.transit_gateway)?, context.resolve(&after.vpc)?);
        let subnets = ids(context, after.subnets.iter())?;
        // What was shared a moment ago is not seen at once by the account that it was shared with.
        let ask = || async {
            let request = client.create_transit_gateway_vpc_attachment().transit_gateway_id(&gateway).vpc_id(&vpc);
            let request = request.set_subnet_ids(Some(subnets.clone()));
            let tags = specification(context, ResourceType::TransitGatewayAttachment, &after.tags);
            let answer = request.tag_specifications(tags).send().await;
            let answer = answer.map_err(|e| Error::sdk("ec2:CreateTransitGatewayVpcAttachment", &e));
            not_yet(answer.map(|made| made.transit_gateway_vpc_attachment.and_then(|made| made.transit_gateway_attachment_id)))
        };
        let what = format!("the transit gateway `{gateway}` to be found by the account `{}`", context.scope()?.account);
        let answer = wait(what, SETTLING).until(context.sessions().door().interrupt(), ask).await;
        let id = match answer {
            Err(e) if e.is(&["DuplicateTransitGatewayAttachment"]) => existing(&client, (&gateway, &vpc)).await?.ok_or(e)?,
            answer => made(context, answer, || existing(&client, (&gateway, &vpc))).await?,
        };
        available(context, &client, &id).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = context.ec2().await?;
        if before.subnets != after.subnets {
            let added = ids(context, after.subnets.difference(&before.subnets))?;
            let removed = ids(context, before.subnets.difference(&after.subnets))?;
            available(context, &client, id).await?;
            let request = client.modify_transit_gateway_vpc_attachment().transit_gateway_attachment_id(id);
            let request = request.set_add_subnet_ids(Some(added)).set_remove_subnet_ids(Some(removed));
            request.send().await.map_err(|e| Error::sdk("ec2:ModifyTransitGatewayVpcAttachment", &e))?;
            available(context, &client, id).await?;
        }
        if (before.associated, before.propagated) != (after.associated, after.propagated) {
            available(context, &client, id).await?;
            there(context, &after.transit_gateway, |client| route(context, client, id, &before, &after)).await?;
        }
        if tags_differ(&before.tags, &after.tags) {
            write_tags(context, &client, id, &after.tags).await?;
        }
        Ok(())
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = context.ec2().await?;
        let answer = client.delete_transit_gateway_vpc_attachment().transit_gateway_attachment_id(id).send().await;
        match answer.map_err(|e| Error::sdk("ec2:DeleteTransitGatewayVpcAttachment", &e)) {
            // It is being deleted already.
            Err(e) if e.is(&["IncorrectState"]) => {}
            answer => gone(answer)?,
        }
        until_gone(context, format!("the attachment `{id}`"), &["deleted", "failed", "rejected"], || state(&client, id)).await
    }
}

fn ids<'a>(context: &Context, references: impl Iterator<Item = &'a Reference>) -> AwsResult<Vec<String>> {
    references.map(|reference| context.resolve(reference)).collect()
}

/// The route table of the gateway: the attachment uses it, and its routes are in it.
async fn route(
    context: &Context,
    client: Client,
    id: &str,
    before: &TransitGatewayAttachmentAttributes,
    after: &TransitGatewayAttachmentAttributes,
) -> AwsResult<()> {
    let gateway = context.resolve(&after.transit_gateway)?;
    let options = transit_gateway::describe(&client, &gateway).await?.and_then(|gateway| gateway.options);
    let table = options.and_then(|options| options.association_default_route_table_id).ok_or_else(|| Error::Failed {
        message: format!("the transit gateway `{gateway}` has no default route table"),
        hint: Some("give it one, or remove it and let it be made again".to_owned()),
    })?;
    if before.associated != after.associated {
        let request = client.associate_transit_gateway_route_table().transit_gateway_route_table_id(&table);
        let answer = request.transit_gateway_attachment_id(id).send().await;
        match answer.map_err(|e| Error::sdk("ec2:AssociateTransitGatewayRouteTable", &e)) {
            Err(e) if e.is(&["Resource.AlreadyAssociated"]) => {}
            answer => drop(answer?),
        }
    }
    if before.propagated != after.propagated {
        let request = client.enable_transit_gateway_route_table_propagation().transit_gateway_route_table_id(&table);
        let answer = request.transit_gateway_attachment_id(id).send().await;
        match answer.map_err(|e| Error::sdk("ec2:EnableTransitGatewayRouteTablePropagation", &e)) {
            Err(e) if e.is(&["TransitGatewayRouteTablePropagation.Duplicate"]) => {}
            answer => drop(answer?),
        }
    }
    Ok(())
}

async fn state(client: &Client, id: &str) -> AwsResult<Option<String>> {
    let answer = client.describe_transit_gateway_vpc_attachments().transit_gateway_attachment_ids(id).send().await;
    let answer = answer.map_err(|e| Error::sdk("ec2:DescribeTransitGatewayVpcAttachments", &e))?;
    let first = answer.transit_gateway_vpc_attachments.unwrap_or_default().into_iter().next();
    Ok(first.and_then(|attachment| attachment.state).map(|state| state.as_str().to_owned()))
}

async fn available(context: &Context, client: &Client, id: &str) -> AwsResult<()> {
    until_state(context, format!("the attachment `{id}`"), &["available"], &DEAD, || state(client, id)).await
}

/// The attachment that a VPC has. There is one at most, so that it must be an earlier try's.
async fn existing(client: &Client, (gateway, vpc): (&str, &str)) -> AwsResult<Option<String>> {
    let request = client.describe_transit_gateway_vpc_attachments();
    let request = request.filters(filter("transit-gateway-id", gateway)).filters(filter("vpc-id", vpc));
    let answer = request.send().await.map_err(|e| Error::sdk("ec2:DescribeTransitGatewayVpcAttachments", &e))?;
    let alive = |attachment: &TransitGatewayVpcAttachment| attachment.state().is_some_and(|state| ALIVE.contains(&state.as_str()));
    let found = answer.transit_gateway_vpc_attachments.unwrap_or_default().into_iter().find(alive);
    Ok(found.and_then(|attachment| attachment.transit_gateway_attachment_id))
}
