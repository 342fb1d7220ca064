//! `customer_gateway`: what AWS knows of the far end of a VPN. There is one per account and Region, whichever VPCs connect to it.

use aws_sdk_ec2::types::{CustomerGateway as Live, GatewayType, ResourceType};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, all};
use super::{Tags, tags_differ};
use crate::address::Address;
use crate::aws::{AwsResult, Error};
use crate::resource::{ADDRESS_TAG, AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, PartOf, Weight};

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
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
        ],
        weight: Weight::Network,
        part_of: PartOf::Account,
        needs: &[
            Need::apply(&["ec2:CreateCustomerGateway", "ec2:CreateTags"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteCustomerGateway"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::gone(&["ec2:DeleteCustomerGateway"]).created_by("ec2:CreateCustomerGateway"),
        ],
        ..KindSpec::BASE
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
        let client = ResourceClient::of(context).await?;
        let find = || async {
            let answer = client.client.describe_customer_gateways().filters(client.ours()).send().await;
            let mut gateways = client.map_sdk_error("ec2:DescribeCustomerGateways", answer)?.customer_gateways.unwrap_or_default();
            gateways.retain(|gateway| client.is_ours(gateway.tags()) && gateway.state().is_some_and(|state| ALIVE.contains(&state)));
            Ok(all(gateways.into_iter().map(|gateway| gateway.customer_gateway_id)))
        };
        let make = || async {
            let request = client.client.create_customer_gateway().r#type(GatewayType::Ipsec1).ip_address(&after.address);
            // Source: CreateCustomerGateway: numbers above 2147483647 go into a field of their own.
            let request = match i32::try_from(after.asn) {
                Ok(asn) => request.bgp_asn(asn),
                Err(_) => request.bgp_asn_extended(i64::from(after.asn)),
            };
            let request = request.tag_specifications(client.creation_tags(ResourceType::CustomerGateway, &after.tags));
            let gateway = client.map_sdk_error("ec2:CreateCustomerGateway", request.send().await)?.customer_gateway;
            let stranger = gateway.as_ref().filter(|gateway| !is_ours(gateway, context)).map(|gateway| foreign(&client, gateway));
            let id = client.id("ec2:CreateCustomerGateway", gateway.and_then(|gateway| gateway.customer_gateway_id))?;
            stranger.map_or(Ok(id), Err)
        };
        client.create_idempotent(client.earlier(None)?, find, make).await
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        ResourceClient::of(context).await?.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let request = client.client.delete_customer_gateway().customer_gateway_id(id);
        let delete = || async { client.map_sdk_error("ec2:DeleteCustomerGateway", request.clone().send().await).map(drop) };
        client.removed(&["deleted"], delete, || state(&client, id)).await
    }
}

/// States in which it exists, or will.
pub(super) const ALIVE: [&str; 2] = ["pending", "available"];

async fn state(client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<String>> {
    let answer = client.client.describe_customer_gateways().customer_gateway_ids(id).send().await;
    let answer = client.map_sdk_error("ec2:DescribeCustomerGateways", answer)?;
    Ok(answer.customer_gateways.unwrap_or_default().into_iter().next().and_then(|gateway| gateway.state))
}

/// AWS keeps one customer gateway per address and number, and returns the existing one.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateCustomerGateway.html>
fn is_ours(gateway: &Live, context: &Context) -> bool {
    let ours = context.address();
    let tag = gateway.tags().iter().find(|tag| tag.key() == Some(ADDRESS_TAG)).and_then(|tag| tag.value());
    // Only the kind and the key count: the account may have had another key.
    let address = tag.and_then(|tag| tag.parse::<Address>().ok());
    address.is_some_and(|address| (address.kind(), address.key()) == (ours.kind(), ours.key()))
}

fn foreign(client: &ResourceClient<'_>, gateway: &Live) -> Error {
    let (id, address) = (gateway.customer_gateway_id().unwrap_or_default(), gateway.ip_address().unwrap_or_default());
    match gateway.tags().iter().find(|tag| tag.key() == Some(ADDRESS_TAG)).and_then(|tag| tag.value()) {
        Some(other) => client.failed(
            format!("AWS knows `{address}` already as `{id}`, which is `{other}`"),
            "keep the VPN's key; or take the VPN out of the layouts, apply, and add it again under its new key",
        ),
        None => client.failed(
            format!("AWS knows `{address}` already as `{id}`, which overlord did not make, and keeps one per address and number"),
            "remove that customer gateway, or give the VPN another address or `asn`, then run the same command again",
        ),
    }
}
