//! `vpn_gateway`: the VPC's end of its VPN connections, attached to it.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{GatewayType, ResourceType, VpnGateway as Live};
use serde::{Deserialize, Serialize};

use super::connection_calls::{SETTLING, by_address, gone, made, not_yet, specification, until_gone, until_state, wait, write_tags};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `vpn_gateway`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpnGatewayAttributes {
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The VPC that it is attached to; `None` when a run was cut before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<Reference>,
}

/// The kind.
pub struct VpnGateway;

impl Kind for VpnGateway {
    type Attributes = VpnGatewayAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "vpn_gateway",
        summary: "the VPC's end of its VPN connections",
        attributes: &[AttributeSpec::new("tags", OnChange::Update), AttributeSpec::new("vpc", OnChange::Update)],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let place = |side: Option<&Self::Attributes>| side.and_then(|side| side.vpc.clone());
        let moved = place(before) != place(after);
        let detach = (moved && place(before).is_some()).then_some("ec2:DetachVpnGateway");
        let attach = (moved && place(after).is_some()).then_some("ec2:AttachVpnGateway");
        let calls: Vec<&str> = match (before, after) {
            (None, Some(_)) => std::iter::once("ec2:CreateVpnGateway").chain(attach).collect(),
            (Some(before), Some(after)) => {
                detach.into_iter().chain(attach).chain(tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags")).collect()
            }
            (Some(_), None) => detach.into_iter().chain(["ec2:DeleteVpnGateway"]).collect(),
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = context.ec2().await?;
        let request = client.create_vpn_gateway().r#type(GatewayType::Ipsec1);
        let answer = request.tag_specifications(specification(context, ResourceType::VpnGateway, &after.tags)).send().await;
        let answer = answer.map_err(|e| Error::sdk("ec2:CreateVpnGateway", &e));
        let id = answer.map(|made| made.vpn_gateway.and_then(|gateway| gateway.vpn_gateway_id));
        let id = made(context, id, || existing(context, &client)).await?;
        attach(context, &client, &id, after.vpc.as_ref()).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = context.ec2().await?;
        if before.vpc != after.vpc {
            detach(context, &client, id, before.vpc.as_ref()).await?;
            attach(context, &client, id, after.vpc.as_ref()).await?;
        }
        if tags_differ(&before.tags, &after.tags) {
            write_tags(context, &client, id, &after.tags).await?;
        }
        Ok(())
    }

    async fn delete(context: &Context, id: &str, before: Self::Attributes) -> AwsResult<()> {
        let client = context.ec2().await?;
        detach(context, &client, id, before.vpc.as_ref()).await?;
        let answer = client.delete_vpn_gateway().vpn_gateway_id(id).send().await;
        gone(answer.map_err(|e| Error::sdk("ec2:DeleteVpnGateway", &e)))
    }
}

async fn attach(context: &Context, client: &Client, id: &str, vpc: Option<&Reference>) -> AwsResult<()> {
    let Some(vpc) = vpc.map(|vpc| context.resolve(vpc)).transpose()? else { return Ok(()) };
    let ask = || async {
        let answer = client.attach_vpn_gateway().vpn_gateway_id(id).vpc_id(&vpc).send().await;
        not_yet(answer.map(drop).map_err(|e| Error::sdk("ec2:AttachVpnGateway", &e)))
    };
    wait(format!("the VPN gateway `{id}` to be found"), SETTLING).until(context.sessions().door().interrupt(), ask).await?;
    until_state(context, format!("the attachment of `{id}`"), &["attached"], &[], || attachment(client, id)).await
}

async fn detach(context: &Context, client: &Client, id: &str, vpc: Option<&Reference>) -> AwsResult<()> {
    let Some(vpc) = vpc.map(|vpc| context.resolve(vpc)).transpose()? else { return Ok(()) };
    let answer = client.detach_vpn_gateway().vpn_gateway_id(id).vpc_id(&vpc).send().await;
    match answer.map_err(|e| Error::sdk("ec2:DetachVpnGateway", &e)) {
        // The answer to an earlier try was lost.
        Err(e) if e.is(&["InvalidVpnGatewayAttachment.NotFound", "IncorrectState"]) => {}
        answer => gone(answer)?,
    }
    until_gone(context, format!("the attachment of `{id}`"), &["detached"], || attachment(client, id)).await
}

/// Where the attachment of a gateway stands.
async fn attachment(client: &Client, id: &str) -> AwsResult<Option<String>> {
    let answer = client.describe_vpn_gateways().vpn_gateway_ids(id).send().await;
    let answer = answer.map_err(|e| Error::sdk("ec2:DescribeVpnGateways", &e))?;
    let attachments = answer.vpn_gateways.unwrap_or_default().into_iter().next().and_then(|gateway| gateway.vpc_attachments);
    // AWS lists former attachments for a while.
    let mut states: Vec<String> =
        attachments.unwrap_or_default().into_iter().filter_map(|attachment| Some(attachment.state?.as_str().to_owned())).collect();
    states.sort_by_key(|state| state == "detached");
    Ok(states.into_iter().next())
}

async fn existing(context: &Context, client: &Client) -> AwsResult<Option<String>> {
    let answer = client.describe_vpn_gateways().filters(by_address(context)).send().await;
    let answer = answer.map_err(|e| Error::sdk("ec2:DescribeVpnGateways", &e))?;
    let alive = |gateway: &Live| gateway.state().is_some_and(|state| matches!(state.as_str(), "pending" | "available"));
    Ok(answer.vpn_gateways.unwrap_or_default().into_iter().find(alive).and_then(|gateway| gateway.vpn_gateway_id))
}
