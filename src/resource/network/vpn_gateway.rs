//! `vpn_gateway`: the VPC's end of its VPN connections, attached to it.

use aws_sdk_ec2::types::{GatewayType, ResourceType, VpnGateway as Live};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, all};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The attributes of a `vpn_gateway`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpnGatewayAttributes {
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The VPC that it is attached to; `None` if a run was interrupted before that.
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
        attributes: &[AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic), AttributeSpec::new("vpc", OnChange::Update)],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        noun: Some(["VPN gateway", "VPN gateways"]),
        needs: &[
            Need::apply(&["ec2:AttachVpnGateway", "ec2:CreateTags", "ec2:CreateVpnGateway", "ec2:DetachVpnGateway"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteVpnGateway"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["vpc"], &["ec2:AttachVpnGateway", "ec2:DetachVpnGateway"]),
            EventSpec::gone(&["ec2:DeleteVpnGateway"]).created_by("ec2:CreateVpnGateway"),
        ],
        ..KindSpec::BASE
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
        let client = ResourceClient::of(context).await?;
        let find = || async {
            let answer = client.client.describe_vpn_gateways().filters(client.ours()).send().await;
            let mut gateways = client.map_sdk_error("ec2:DescribeVpnGateways", answer)?.vpn_gateways.unwrap_or_default();
            gateways
                .retain(|gateway| client.is_ours(gateway.tags()) && gateway.state().is_some_and(|state| ALIVE.contains(&state.as_str())));
            Ok(all(gateways.into_iter().map(|gateway| gateway.vpn_gateway_id)))
        };
        let make = || async {
            let request = client.client.create_vpn_gateway().r#type(GatewayType::Ipsec1);
            let request = request.tag_specifications(client.creation_tags(ResourceType::VpnGateway, &after.tags));
            let answer = client.map_sdk_error("ec2:CreateVpnGateway", request.send().await)?;
            client.id("ec2:CreateVpnGateway", answer.vpn_gateway.and_then(|gateway| gateway.vpn_gateway_id))
        };
        // It can exist without its VPC: a run was interrupted before the attachment.
        let id = client.create_idempotent(client.earlier(after.vpc.as_ref())?, find, make).await?;
        client.reached(&["available"], &DEAD, || state(&client, &id)).await?;
        attach(&client, &id, after.vpc.as_ref()).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        if before.vpc != after.vpc {
            detach(&client, id, before.vpc.as_ref()).await?;
            attach(&client, id, after.vpc.as_ref()).await?;
        }
        client.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        detach(&client, id, before.vpc.as_ref()).await?;
        let request = client.client.delete_vpn_gateway().vpn_gateway_id(id);
        let delete = || async { client.map_sdk_error("ec2:DeleteVpnGateway", request.clone().send().await).map(drop) };
        client.removed(&["deleted"], delete, || state(&client, id)).await
    }
}

/// States in which it exists, or will.
pub(super) const ALIVE: [&str; 2] = ["pending", "available"];
/// All others.
pub(super) const DEAD: [&str; 2] = ["deleting", "deleted"];

async fn attach(client: &ResourceClient<'_>, id: &str, vpc: Option<&Reference>) -> AwsResult<()> {
    let Some(vpc) = vpc.map(|vpc| client.resolve(vpc)).transpose()? else { return Ok(()) };
    let request = client.client.attach_vpn_gateway().vpn_gateway_id(id).vpc_id(vpc);
    client.when_ready(|| async { client.map_sdk_error("ec2:AttachVpnGateway", request.clone().send().await).map(drop) }).await?;
    client.reached(&["attached"], &[], || attachment(client, id)).await
}

async fn detach(client: &ResourceClient<'_>, id: &str, vpc: Option<&Reference>) -> AwsResult<()> {
    let Some(vpc) = vpc.map(|vpc| client.resolve(vpc)).transpose()? else { return Ok(()) };
    let request = client.client.detach_vpn_gateway().vpn_gateway_id(id).vpc_id(vpc);
    let detach = || async { client.map_sdk_error("ec2:DetachVpnGateway", request.clone().send().await).map(drop) };
    client.removed(&["detached"], detach, || attachment(client, id)).await
}

async fn describe(client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<Live>> {
    let answer = client.client.describe_vpn_gateways().vpn_gateway_ids(id).send().await;
    Ok(client.map_sdk_error("ec2:DescribeVpnGateways", answer)?.vpn_gateways.unwrap_or_default().into_iter().next())
}

async fn state(client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<String>> {
    Ok(describe(client, id).await?.and_then(|gateway| gateway.state).map(|state| state.as_str().to_owned()))
}

/// The status of a gateway's attachment.
async fn attachment(client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<String>> {
    let attachments = describe(client, id).await?.and_then(|gateway| gateway.vpc_attachments);
    // AWS lists former attachments for a while.
    let mut states: Vec<String> =
        attachments.unwrap_or_default().into_iter().filter_map(|attachment| Some(attachment.state?.as_str().to_owned())).collect();
    states.sort_by_key(|state| state == "detached");
    Ok(states.into_iter().next())
}
