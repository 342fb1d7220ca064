//! `vpn_connection`: the connection of a VPC's gateway to an office, with static routes.
//!
//! AWS returns its pre-shared keys in DescribeVpnConnections, in the configuration of the far end's router. overlord never reads that
//! field: no key gets into an attribute, a plan, a trace or a message.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ResourceType, VpnConnectionOptionsSpecification};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, all};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::prices::Item;
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The attributes of a `vpn_connection`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpnConnectionAttributes {
    /// The far end.
    pub customer_gateway: Reference,
    /// The CIDR blocks behind it.
    pub routes: BTreeSet<String>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The gateway of the VPC.
    pub vpn_gateway: Reference,
}

/// Public addresses of a VPN connection: one for each of its two tunnels.
pub const VPN_ADDRESSES: u64 = 2;

/// The kind.
pub struct VpnConnection;

impl Kind for VpnConnection {
    type Attributes = VpnConnectionAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "vpn_connection",
        summary: "a site-to-site VPN connection of a VPC with an office",
        attributes: &[
            AttributeSpec::new("customer_gateway", OnChange::Update),
            AttributeSpec::new("routes", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("vpn_gateway", OnChange::Forbidden("remove the VPN from the layout, apply, and add it again")),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        noun: Some(["VPN connection", "VPN connections"]),
        price: Some(|_, _| vec![(Item::VpnConnection, 1), (Item::PublicAddress, VPN_ADDRESSES)]),
        needs: &[
            Need::apply(&[
                "ec2:CreateTags",
                "ec2:CreateVpnConnection",
                "ec2:CreateVpnConnectionRoute",
                "ec2:DeleteVpnConnectionRoute",
                "ec2:ModifyVpnConnection",
            ]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteVpnConnection"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["customer_gateway"], &["ec2:ModifyVpnConnection"]),
            EventSpec::changed(&["routes"], &["ec2:CreateVpnConnectionRoute", "ec2:DeleteVpnConnectionRoute"]),
            EventSpec::gone(&["ec2:DeleteVpnConnection"]).created_by("ec2:CreateVpnConnection"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let none = BTreeSet::new();
        let routes = |side: Option<&Self::Attributes>| side.map_or(none.clone(), |side| side.routes.clone());
        let added = std::iter::repeat_n("ec2:CreateVpnConnectionRoute", routes(after).difference(&routes(before)).count());
        let calls: Vec<&str> = match (before, after) {
            (None, Some(_)) => std::iter::once("ec2:CreateVpnConnection").chain(added).collect(),
            (Some(old), Some(new)) => {
                let modify = (old.customer_gateway != new.customer_gateway).then_some("ec2:ModifyVpnConnection");
                let removed = std::iter::repeat_n("ec2:DeleteVpnConnectionRoute", old.routes.difference(&new.routes).count());
                let tags = tags_differ(&old.tags, &new.tags).then_some("ec2:CreateTags");
                modify.into_iter().chain(added).chain(removed).chain(tags).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteVpnConnection"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let (far, near) = (client.resolve(&after.customer_gateway)?, client.resolve(&after.vpn_gateway)?);
        let find = || async {
            let answer = client.client.describe_vpn_connections().filters(client.ours()).send().await;
            let mut connections = client.map_sdk_error("ec2:DescribeVpnConnections", answer)?.vpn_connections.unwrap_or_default();
            connections.retain(|connection| {
                client.is_ours(connection.tags()) && connection.state().is_some_and(|state| !DEAD.contains(&state.as_str()))
            });
            Ok(all(connections.into_iter().map(|connection| connection.vpn_connection_id)))
        };
        let make = || async {
            let request = client.client.create_vpn_connection().r#type("ipsec.1").customer_gateway_id(&far).vpn_gateway_id(&near);
            let request = request.options(VpnConnectionOptionsSpecification::builder().static_routes_only(true).build());
            let request = request.tag_specifications(client.creation_tags(ResourceType::VpnConnection, &after.tags));
            let answer = client.map_sdk_error("ec2:CreateVpnConnection", request.send().await)?;
            client.id("ec2:CreateVpnConnection", answer.vpn_connection.and_then(|connection| connection.vpn_connection_id))
        };
        let id = client.create_idempotent(client.earlier(Some(&after.vpn_gateway))?, find, make).await?;
        available(&client, &id).await?;
        add(&client, &id, after.routes.iter()).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        if before.customer_gateway != after.customer_gateway {
            let far = client.resolve(&after.customer_gateway)?;
            let request = client.client.modify_vpn_connection().vpn_connection_id(id).customer_gateway_id(far);
            client.when_ready(|| async { client.map_sdk_error("ec2:ModifyVpnConnection", request.clone().send().await).map(drop) }).await?;
        }
        if (&before.customer_gateway, &before.routes) != (&after.customer_gateway, &after.routes) {
            available(&client, id).await?;
            add(&client, id, after.routes.difference(&before.routes)).await?;
            for route in before.routes.difference(&after.routes) {
                let request = client.client.delete_vpn_connection_route().vpn_connection_id(id).destination_cidr_block(route);
                let delete = || async { client.map_sdk_error("ec2:DeleteVpnConnectionRoute", request.clone().send().await).map(drop) };
                client.deleted(None, delete).await?;
            }
        }
        client.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let request = client.client.delete_vpn_connection().vpn_connection_id(id);
        let delete = || async { client.map_sdk_error("ec2:DeleteVpnConnection", request.clone().send().await).map(drop) };
        client.removed(&["deleted"], delete, || state(&client, id)).await
    }
}

/// Final states.
pub(super) const DEAD: [&str; 2] = ["deleting", "deleted"];

async fn add(client: &ResourceClient<'_>, id: &str, routes: impl Iterator<Item = &String>) -> AwsResult<()> {
    for route in routes {
        let request = client.client.create_vpn_connection_route().vpn_connection_id(id).destination_cidr_block(route);
        client
            .when_ready(|| async { client.map_sdk_error("ec2:CreateVpnConnectionRoute", request.clone().send().await).map(drop) })
            .await?;
    }
    Ok(())
}

async fn state(client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<String>> {
    let answer = client.client.describe_vpn_connections().vpn_connection_ids(id).send().await;
    let answer = client.map_sdk_error("ec2:DescribeVpnConnections", answer)?;
    let first = answer.vpn_connections.unwrap_or_default().into_iter().next();
    Ok(first.and_then(|connection| connection.state).map(|state| state.as_str().to_owned()))
}

async fn available(client: &ResourceClient<'_>, id: &str) -> AwsResult<()> {
    client.reached(&["available"], &DEAD, || state(client, id)).await
}
