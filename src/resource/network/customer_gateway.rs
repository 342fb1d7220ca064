//! `customer_gateway`: what AWS knows of the far end of a VPN. One per account and Region, whatever VPCs lead there.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{CustomerGateway as Live, GatewayType, ResourceType};
use serde::{Deserialize, Serialize};

use super::connection_calls::{by_address, gone, made, specification, until_gone, write_tags};
use super::{Tags, tags_differ};
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `customer_gateway`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerGatewayAttributes {
    /// The public address of the far end.
    pub address: String,
    /// Its number in BGP.
    pub asn: u32,
    /// `Name` and the declared tags.
    pub tags: Tags,
}

/// The kind.
pub struct CustomerGateway;

impl Kind for CustomerGateway {
    type Attributes = CustomerGatewayAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "customer_gateway",
        summary: "the far end of a VPN",
        attributes: &[
            AttributeSpec::new(
                "address",
                OnChange::Forbidden("declare the new place as a VPN of another key, and name that in the layouts"),
            ),
            AttributeSpec::new("asn", OnChange::Forbidden("declare the new number as a VPN of another key, and name that in the layouts")),
            AttributeSpec::new("tags", OnChange::Update),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let call = match (before, after) {
            (None, Some(_)) => Some("ec2:CreateCustomerGateway"),
            (Some(before), Some(after)) => tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags"),
            (Some(_), None) => Some("ec2:DeleteCustomerGateway"),
            (None, None) => None,
        };
        call.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = context.ec2().await?;
        let request = client.create_customer_gateway().r#type(GatewayType::Ipsec1).ip_address(&after.address);
        // Source: CreateCustomerGateway: numbers above 2147483647 go into a field of their own.
        let request = match i32::try_from(after.asn) {
            Ok(asn) => request.bgp_asn(asn),
            Err(_) => request.bgp_asn_extended(i64::from(after.asn)),
        };
        let answer = request.tag_specifications(specification(context, ResourceType::CustomerGateway, &after.tags)).send().await;
        let answer = answer.map_err(|e| Error::sdk("ec2:CreateCustomerGateway", &e));
        let id = answer.map(|made| made.customer_gateway.and_then(|gateway| gateway.customer_gateway_id));
        made(context, id, || existing(context, &client)).await
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        if tags_differ(&before.tags, &after.tags) {
            write_tags(context, &context.ec2().await?, id, &after.tags).await?;
        }
        Ok(())
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = context.ec2().await?;
        let answer = client.delete_customer_gateway().customer_gateway_id(id).send().await;
        gone(answer.map_err(|e| Error::sdk("ec2:DeleteCustomerGateway", &e)))?;
        until_gone(context, format!("the customer gateway `{id}`"), &["deleted"], || state(&client, id)).await
    }
}

async fn state(client: &Client, id: &str) -> AwsResult<Option<String>> {
    let answer = client.describe_customer_gateways().customer_gateway_ids(id).send().await;
    let answer = answer.map_err(|e| Error::sdk("ec2:DescribeCustomerGateways", &e))?;
    Ok(answer.customer_gateways.unwrap_or_default().into_iter().next().and_then(|gateway| gateway.state))
}

async fn existing(context: &Context, client: &Client) -> AwsResult<Option<String>> {
    let answer = client.describe_customer_gateways().filters(by_address(context)).send().await;
    let answer = answer.map_err(|e| Error::sdk("ec2:DescribeCustomerGateways", &e))?;
    let alive = |gateway: &Live| gateway.state().is_some_and(|state| matches!(state, "pending" | "available"));
    Ok(answer.customer_gateways.unwrap_or_default().into_iter().find(alive).and_then(|gateway| gateway.customer_gateway_id))
}
