//! `vpc_peering`: a peering of two VPCs, in the scope of the account that asks for it. The other account accepts it, and both carry its tags.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{ResourceType, VpcPeeringConnection};
use serde::{Deserialize, Serialize};

use super::connection_calls::{SETTLING, filter, gone, made, not_yet, specification, there, until_gone, until_state, wait, write_tags};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{ADDRESS_TAG, AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `vpc_peering`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcPeeringAttributes {
    /// The account that accepts it.
    pub peer_account: Reference,
    /// The VPC in that account.
    pub peer_vpc: Reference,
    /// `active`, or where AWS says that it stands.
    pub status: String,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The VPC that asks.
    pub vpc: Reference,
}

/// States from which a peering still becomes active. From all others it never does, and the VPCs can have another one.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle>
pub(super) const ALIVE: [&str; 4] = ["initiating-request", "pending-acceptance", "provisioning", "active"];
/// As the attribute has it.
pub const ACTIVE: &str = "active";
const DEAD: [&str; 4] = ["deleted", "expired", "failed", "rejected"];

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
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("a peering keeps its VPCs for life: remove it and make another")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
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
        let client = context.ec2().await?;
        let (vpc, peer) = (context.resolve(&after.vpc)?, context.resolve(&after.peer_vpc)?);
        let region = &context.scope()?.region;
        let request = client.create_vpc_peering_connection().vpc_id(&vpc).peer_vpc_id(&peer).peer_region(region);
        let request = request.peer_owner_id(context.resolve(&after.peer_account)?);
        let answer = request.tag_specifications(specification(context, ResourceType::VpcPeeringConnection, &after.tags)).send().await;
        let id = match answer.map_err(|e| Error::sdk("ec2:CreateVpcPeeringConnection", &e)) {
            // An earlier try of ours, or somebody's: whose it is stands in its tag.
            Err(e) if e.is(&["VpcPeeringConnectionAlreadyExists"]) => existing(context, &client, (&vpc, &peer)).await?.ok_or(e)?,
            answer => {
                let id = answer.map(|made| made.vpc_peering_connection.and_then(|peering| peering.vpc_peering_connection_id));
                made(context, id, || existing(context, &client, (&vpc, &peer))).await?
            }
        };
        accept(context, &id, &after).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let retag = tags_differ(&before.tags, &after.tags);
        if retag {
            write_tags(context, &context.ec2().await?, id, &after.tags).await?;
        }
        if before.status != after.status {
            accept(context, id, &after).await
        } else if retag {
            there(context, &after.peer_vpc, |client| async move { write_tags(context, &client, id, &after.tags).await }).await
        } else {
            Ok(())
        }
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = context.ec2().await?;
        let answer = client.delete_vpc_peering_connection().vpc_peering_connection_id(id).send().await;
        gone(answer.map_err(|e| Error::sdk("ec2:DeleteVpcPeeringConnection", &e)))?;
        until_gone(context, format!("the peering `{id}`"), &DEAD, || status(&client, id)).await
    }
}

async fn describe(client: &Client, id: &str) -> AwsResult<Option<VpcPeeringConnection>> {
    let answer = client.describe_vpc_peering_connections().vpc_peering_connection_ids(id).send().await;
    let answer = answer.map_err(|e| Error::sdk("ec2:DescribeVpcPeeringConnections", &e))?;
    Ok(answer.vpc_peering_connections.unwrap_or_default().into_iter().next())
}

/// Where AWS says that a peering stands.
pub(super) fn status_of(peering: &VpcPeeringConnection) -> &str {
    peering.status().and_then(|status| status.code()).map_or("", |code| code.as_str())
}

async fn status(client: &Client, id: &str) -> AwsResult<Option<String>> {
    Ok(describe(client, id).await?.map(|peering| status_of(&peering).to_owned()))
}

/// The peering that two VPCs have, when it is ours.
///
/// # Errors
/// It is somebody else's.
async fn existing(context: &Context, client: &Client, (vpc, peer): (&str, &str)) -> AwsResult<Option<String>> {
    let request = client.describe_vpc_peering_connections();
    let request = request.filters(filter("requester-vpc-info.vpc-id", vpc)).filters(filter("accepter-vpc-info.vpc-id", peer));
    let answer = request.send().await.map_err(|e| Error::sdk("ec2:DescribeVpcPeeringConnections", &e))?;
    let mut found = answer.vpc_peering_connections.unwrap_or_default();
    found.retain(|peering| ALIVE.contains(&status_of(peering)));
    let Some(peering) = found.into_iter().next() else { return Ok(None) };
    let ours = peering.tags().iter().any(|tag| tag.key() == Some(ADDRESS_TAG));
    match peering.vpc_peering_connection_id {
        Some(id) if !ours => Err(Error::Failed {
            message: format!("`{vpc}` and `{peer}` have a peering that overlord did not make: `{id}`"),
            hint: Some(format!("remove it, or give it the tag `{ADDRESS_TAG}` = `{}`, and run it again", context.address())),
        }),
        id => Ok(id),
    }
}

/// The other side: it sees the peering, tags it, and accepts it. Tagged first, so that what is accepted is complete.
async fn accept(context: &Context, id: &str, after: &VpcPeeringAttributes) -> AwsResult<()> {
    there(context, &after.peer_vpc, |client| accept_there(context, client, id, &after.tags)).await
}

async fn accept_there(context: &Context, client: Client, id: &str, tags: &Tags) -> AwsResult<()> {
    let what = format!("the peering `{id}`");
    until_state(context, what.clone(), &["pending-acceptance", "provisioning", ACTIVE], &DEAD, || status(&client, id)).await?;
    write_tags(context, &client, id, tags).await?;
    let send = || async {
        let answer = client.accept_vpc_peering_connection().vpc_peering_connection_id(id).send().await;
        match answer.map_err(|e| Error::sdk("ec2:AcceptVpcPeeringConnection", &e)) {
            // It is accepted already: the answer to an earlier try was lost.
            Err(e) if e.is(&["InvalidStateTransition"]) => Ok(Some(())),
            answer => not_yet(answer.map(drop)),
        }
    };
    wait(format!("{what} to be found"), SETTLING).until(context.sessions().door().interrupt(), send).await?;
    until_state(context, what, &[ACTIVE], &DEAD, || status(&client, id)).await
}
