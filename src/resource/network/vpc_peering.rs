//! `vpc_peering`: a peering of 2 VPCs, in the scope of the account that requests it. The other account accepts it, and the peering has
//! its tags in both accounts.

use aws_sdk_ec2::types::{ResourceType, VpcPeeringConnection};
use serde::{Deserialize, Serialize};

use super::calls::{Earlier, ResourceClient, filter, first};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{ADDRESS_TAG, AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The attributes of a `vpc_peering`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcPeeringAttributes {
    /// The account that accepts it.
    pub peer_account: Reference,
    /// The VPC in that account.
    pub peer_vpc: Reference,
    /// `active`, or its current status.
    pub status: String,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The VPC that requests it.
    pub vpc: Reference,
}

/// States from which a peering can still become active. From all others it never can, and the VPCs can get another one.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle>
pub(super) const ALIVE: [&str; 4] = ["initiating-request", "pending-acceptance", "provisioning", "active"];
/// As the attribute has it.
pub const ACTIVE: &str = "active";
/// States in which it is over.
pub(super) const DEAD: [&str; 4] = ["deleted", "expired", "failed", "rejected"];
/// The same, and the state on the way there.
pub(super) const LOST: [&str; 5] = ["deleting", "deleted", "expired", "failed", "rejected"];

/// The kind.
pub struct VpcPeering;

impl Kind for VpcPeering {
    type Attributes = VpcPeeringAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "vpc_peering",
        summary: "a peering of two VPCs",
        attributes: &[
            AttributeSpec::new("peer_account", OnChange::Forbidden("a peering is known by its accounts")),
            AttributeSpec::new("peer_vpc", OnChange::Forbidden("a peering keeps its VPCs for life: remove it and make another")),
            AttributeSpec::new("status", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("vpc", OnChange::Forbidden("a peering keeps its VPCs for life: remove it and make another")),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        noun: Some(["VPC peering", "VPC peerings"]),
        needs: &[
            Need::apply(&["ec2:AcceptVpcPeeringConnection", "ec2:CreateTags", "ec2:CreateVpcPeeringConnection"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteVpcPeeringConnection"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::gone(&["ec2:DeleteVpcPeeringConnection"]).created_by("ec2:CreateVpcPeeringConnection"),
            // It depends on the other side.
            EventSpec::unexplained(&["status"]),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateVpcPeeringConnection", "ec2:CreateTags", "ec2:AcceptVpcPeeringConnection"],
            (Some(before), Some(after)) => {
                let here = tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags");
                let accept = (before.status != after.status).then_some("ec2:AcceptVpcPeeringConnection");
                let there = here.or(accept).map(|_| "ec2:CreateTags");
                here.into_iter().chain(there).chain(accept).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteVpcPeeringConnection"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let (vpc, peer) = (client.resolve(&after.vpc)?, client.resolve(&after.peer_vpc)?);
        let owner = client.resolve(&after.peer_account)?;
        let make = || async {
            let request = client.client.create_vpc_peering_connection().vpc_id(&vpc).peer_vpc_id(&peer).peer_region(client.region());
            let request = request.peer_owner_id(&owner);
            let request = request.tag_specifications(client.creation_tags(ResourceType::VpcPeeringConnection, &after.tags));
            let answer = client.map_sdk_error("ec2:CreateVpcPeeringConnection", request.send().await)?;
            client.id("ec2:CreateVpcPeeringConnection", answer.vpc_peering_connection.and_then(|peering| peering.vpc_peering_connection_id))
        };
        let find = || existing(&client, (&vpc, &peer));
        let earlier = match client.earlier(Some(&after.vpc))? {
            Earlier::Possible => client.earlier(Some(&after.peer_vpc))?,
            Earlier::Impossible => Earlier::Impossible,
        };
        let id = match client.create_idempotent(earlier, || async { Ok(find().await?.into_iter().collect()) }, make).await {
            // An earlier attempt, or unmanaged: its tag says which.
            Err(e) if e.is(&["VpcPeeringConnectionAlreadyExists"]) => client.found(&e, find).await?,
            id => id?,
        };
        accept(context, &id, &after).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        ResourceClient::of(context).await?.retag(id, &before.tags, &after.tags).await?;
        if before.status != after.status {
            return accept(context, id, &after).await;
        }
        ResourceClient::there(context, &after.peer_vpc)?.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let delete = || async {
            let request = client.client.delete_vpc_peering_connection().vpc_peering_connection_id(id);
            client.map_sdk_error("ec2:DeleteVpcPeeringConnection", request.send().await).map(drop)
        };
        client.removed(&DEAD, delete, || status(&client, id)).await
    }
}

/// The status of a peering in AWS.
pub(super) fn status_of(peering: &VpcPeeringConnection) -> &str {
    peering.status().and_then(|status| status.code()).map_or("", |code| code.as_str())
}

async fn status(client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<String>> {
    let request = client.client.describe_vpc_peering_connections().vpc_peering_connection_ids(id);
    let answer = client.map_sdk_error("ec2:DescribeVpcPeeringConnections", request.send().await)?;
    Ok(answer.vpc_peering_connections().first().map(|peering| status_of(peering).to_owned()))
}

/// The managed peering of 2 VPCs, whichever of them requested it.
///
/// # Errors
/// It is unmanaged.
async fn existing(client: &ResourceClient<'_>, (vpc, peer): (&str, &str)) -> AwsResult<Option<String>> {
    let mut found: Vec<VpcPeeringConnection> = Vec::new();
    for (near, far) in [(vpc, peer), (peer, vpc)] {
        let request = client.client.describe_vpc_peering_connections();
        let request = request.filters(filter("requester-vpc-info.vpc-id", near)).filters(filter("accepter-vpc-info.vpc-id", far));
        let pages = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        found.extend(client.map_sdk_error("ec2:DescribeVpcPeeringConnections", pages)?);
    }
    found.retain(|peering| ALIVE.contains(&status_of(peering)));
    let is_ours = |peering: &VpcPeeringConnection| peering.tags().iter().any(|tag| tag.key() == Some(ADDRESS_TAG));
    match found.iter().find(|peering| !is_ours(peering)) {
        Some(stranger) => Err(client.failed(
            format!(
                "`{vpc}` and `{peer}` have a peering that overlord did not make: `{}`",
                stranger.vpc_peering_connection_id().unwrap_or_default()
            ),
            "AWS allows one peering of two VPCs: remove that one, then run the same command again",
        )),
        None => Ok(first(found.into_iter().map(|peering| peering.vpc_peering_connection_id))),
    }
}

/// The other side: it sees the peering, tags it, and accepts it. Tags come first, so that an accepted peering is complete.
async fn accept(context: &Context, id: &str, after: &VpcPeeringAttributes) -> AwsResult<()> {
    let client = ResourceClient::there(context, &after.peer_vpc)?;
    client.reached(&["pending-acceptance", "provisioning", ACTIVE], &LOST, || status(&client, id)).await?;
    client.write_tags(id, &after.tags).await?;
    let send = || async {
        let request = client.client.accept_vpc_peering_connection().vpc_peering_connection_id(id);
        match client.map_sdk_error("ec2:AcceptVpcPeeringConnection", request.send().await) {
            // It is accepted already: the answer to an earlier try was lost.
            Err(e) if e.is(&["InvalidStateTransition"]) => Ok(()),
            // The 2 VPCs have another one, which was requested in the other direction. Source: hashicorp/terraform-provider-aws, issues
            // 27750, 27751 and 44315, read 2026-11-30.
            Err(e) if e.is(&["VpcPeeringConnectionAlreadyExists"]) => Err(Error::Failed {
                message: e.to_string(),
                hint: Some(format!("AWS allows one peering of two VPCs: remove `{id}` or the other one, then run the same command again")),
            }),
            answer => answer.map(drop),
        }
    };
    client.retry_not_found(send).await?;
    client.reached(&[ACTIVE], &LOST, || status(&client, id)).await
}
