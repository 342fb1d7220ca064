//! `vpn_connection`: the connection of a VPC's gateway with an office, by static routes.
//!
//! AWS tells its pre-shared keys in DescribeVpnConnections, in the configuration of the far end's router. That field is never looked at: no key
//! gets into an attribute, a plan, a trace or a message.

use std::collections::BTreeSet;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{ResourceType, VpnConnection as Live, VpnConnectionOptionsSpecification};
use serde::{Deserialize, Serialize};

use super::connection_calls::{SETTLING, by_address, gone, made, not_yet, specification, until_gone, until_state, wait, write_tags};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `vpn_connection`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpnConnectionAttributes {
    /// The far end.
    pub customer_gateway: Reference,
    /// The blocks of addresses behind it.
    pub routes: BTreeSet<String>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The VPC's end.
    pub vpn_gateway: Reference,
}

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
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("vpn_gateway", OnChange::Forbidden("remove the VPN from the layout, apply, and add it again")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
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
        let client = context.ec2().await?;
        let (far, near) = (context.resolve(&after.customer_gateway)?, context.resolve(&after.vpn_gateway)?);
        let ask = || async {
            let request = client.create_vpn_connection().r#type("ipsec.1").customer_gateway_id(&far).vpn_gateway_id(&near);
            let request = request.options(VpnConnectionOptionsSpecification::builder().static_routes_only(true).build());
            let answer = request.tag_specifications(specification(context, ResourceType::VpnConnection, &after.tags)).send().await;
            let answer = answer.map_err(|e| Error::sdk("ec2:CreateVpnConnection", &e));
            not_yet(answer.map(|made| made.vpn_connection.and_then(|connection| connection.vpn_connection_id)))
        };
        let answer = wait(format!("`{far}` and `{near}` to be found"), SETTLING).until(context.sessions().door().interrupt(), ask).await;
        let id = made(context, answer, || existing(context, &client)).await?;
        available(context, &client, &id).await?;
        add(&client, &id, after.routes.iter()).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = context.ec2().await?;
        if before.customer_gateway != after.customer_gateway {
            let far = context.resolve(&after.customer_gateway)?;
            let answer = client.modify_vpn_connection().vpn_connection_id(id).customer_gateway_id(far).send().await;
            answer.map_err(|e| Error::sdk("ec2:ModifyVpnConnection", &e))?;
        }
        if (&before.customer_gateway, &before.routes) != (&after.customer_gateway, &after.routes) {
            available(context, &client, id).await?;
            add(&client, id, after.routes.difference(&before.routes)).await?;
            for route in before.routes.difference(&after.routes) {
                let answer = client.delete_vpn_connection_route().vpn_connection_id(id).destination_cidr_block(route).send().await;
                gone(answer.map_err(|e| Error::sdk("ec2:DeleteVpnConnectionRoute", &e)))?;
            }
        }
        if tags_differ(&before.tags, &after.tags) {
            write_tags(context, &client, id, &after.tags).await?;
        }
        Ok(())
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = context.ec2().await?;
        let answer = client.delete_vpn_connection().vpn_connection_id(id).send().await;
        gone(answer.map_err(|e| Error::sdk("ec2:DeleteVpnConnection", &e)))?;
        until_gone(context, format!("the VPN connection `{id}`"), &["deleted"], || state(&client, id)).await
    }
}

async fn add(client: &Client, id: &str, routes: impl Iterator<Item = &String>) -> AwsResult<()> {
    for route in routes {
        let answer = client.create_vpn_connection_route().vpn_connection_id(id).destination_cidr_block(route).send().await;
        answer.map_err(|e| Error::sdk("ec2:CreateVpnConnectionRoute", &e))?;
    }
    Ok(())
}

async fn state(client: &Client, id: &str) -> AwsResult<Option<String>> {
    let answer = client.describe_vpn_connections().vpn_connection_ids(id).send().await;
    let answer = answer.map_err(|e| Error::sdk("ec2:DescribeVpnConnections", &e))?;
    let first = answer.vpn_connections.unwrap_or_default().into_iter().next();
    Ok(first.and_then(|connection| connection.state).map(|state| state.as_str().to_owned()))
}

async fn available(context: &Context, client: &Client, id: &str) -> AwsResult<()> {
    until_state(context, format!("the VPN connection `{id}`"), &["available"], &["deleting", "deleted"], || state(client, id)).await
}

async fn existing(context: &Context, client: &Client) -> AwsResult<Option<String>> {
    let answer = client.describe_vpn_connections().filters(by_address(context)).send().await;
    let answer = answer.map_err(|e| Error::sdk("ec2:DescribeVpnConnections", &e))?;
    let alive = |connection: &Live| connection.state().is_some_and(|state| matches!(state.as_str(), "pending" | "available"));
    Ok(answer.vpn_connections.unwrap_or_default().into_iter().find(alive).and_then(|connection| connection.vpn_connection_id))
}
