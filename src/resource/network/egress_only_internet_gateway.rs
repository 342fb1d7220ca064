//! `egress_only_internet_gateway`: a gateway for outbound IPv6 traffic only.

use aws_sdk_ec2::types::{EgressOnlyInternetGateway as Live, ResourceType};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, all};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The attributes of a `egress_only_internet_gateway`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EgressOnlyInternetGatewayAttributes {
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
}

/// The kind.
pub struct EgressOnlyInternetGateway;

impl Kind for EgressOnlyInternetGateway {
    type Attributes = EgressOnlyInternetGatewayAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "egress_only_internet_gateway",
        summary: "a gateway for outgoing IPv6",
        attributes: &[
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        noun: Some(["egress-only internet gateway", "egress-only internet gateways"]),
        needs: &[
            Need::apply(&["ec2:CreateEgressOnlyInternetGateway", "ec2:CreateTags"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteEgressOnlyInternetGateway"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::gone(&["ec2:DeleteEgressOnlyInternetGateway"]).created_by("ec2:CreateEgressOnlyInternetGateway"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateEgressOnlyInternetGateway"],
            (Some(before), Some(after)) => tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags").into_iter().collect(),
            (Some(_), None) => vec!["ec2:DeleteEgressOnlyInternetGateway"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let vpc = client.resolve(&after.vpc)?;
        let find = || async {
            let pages = client.client.describe_egress_only_internet_gateways().filters(client.ours()).into_paginator().items().send();
            let gateways = client.map_sdk_error("ec2:DescribeEgressOnlyInternetGateways", pages.collect::<Result<Vec<_>, _>>().await)?;
            let of_vpc = |gateway: &Live| gateway.attachments().iter().any(|a| a.vpc_id() == Some(vpc.as_str()));
            let gateways = gateways.into_iter().filter(|gateway| of_vpc(gateway) && client.is_ours(gateway.tags()));
            Ok(all(gateways.map(|gateway| gateway.egress_only_internet_gateway_id)))
        };
        // AWS remembers tokens longer than gateways, so it would return a deleted one: the token is new with every try.
        let token = client.token([vpc.as_str(), &client.this_try()]);
        let make = || async {
            let request = client.client.create_egress_only_internet_gateway().vpc_id(&vpc).client_token(&token);
            let request = request.tag_specifications(client.creation_tags(ResourceType::EgressOnlyInternetGateway, &after.tags));
            let answer = client.map_sdk_error("ec2:CreateEgressOnlyInternetGateway", request.send().await)?;
            let gateway = answer.egress_only_internet_gateway.and_then(|gateway| gateway.egress_only_internet_gateway_id);
            client.id("ec2:CreateEgressOnlyInternetGateway", gateway)
        };
        client.create_idempotent(client.earlier(Some(&after.vpc))?, find, make).await
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        ResourceClient::of(context).await?.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let delete = || async {
            let answer = client.client.delete_egress_only_internet_gateway().egress_only_internet_gateway_id(id).send().await;
            client.map_sdk_error("ec2:DeleteEgressOnlyInternetGateway", answer).map(drop)
        };
        client.deleted(None, delete).await
    }
}
