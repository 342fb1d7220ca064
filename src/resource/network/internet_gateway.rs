//! `internet_gateway`: an internet gateway and its attachment.

use aws_sdk_ec2::types::{InternetGateway as Live, ResourceType};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, all, filter};
use super::default_vpc::DefaultVpc;
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::network::Quotas;
use crate::resource::uses::anywhere;
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, FreedBy, Kind, KindSpec, Need, OnChange, Quota, Weight};

/// The attributes of a `internet_gateway`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InternetGatewayAttributes {
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The VPC that it is attached to; `None` while it is attached to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<Reference>,
}

/// AWS documents that it has the same value as the quota of VPCs. An internet gateway waits for its VPC, which waits for the default VPC.
const QUOTA: Quota = Quota {
    key: "vpcs",
    name: "VPCs per Region",
    noun: "internet gateway",
    title: None,
    most: Quotas::vpcs,
    zone: anywhere,
    unmanaged: |others, _| others.internet_gateways,
    freed_by: Some(FreedBy { kind: DefaultVpc::SPEC.kind, uses: |others| usize::from(others.default_vpc), is_waited_for: false }),
};

/// The kind.
pub struct InternetGateway;

impl Kind for InternetGateway {
    type Attributes = InternetGatewayAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "internet_gateway",
        summary: "an internet gateway, attached",
        attributes: &[AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic), AttributeSpec::new("vpc", OnChange::Update)],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        quota: Some(&QUOTA),
        needs: &[
            Need::apply(&["ec2:AttachInternetGateway", "ec2:CreateInternetGateway", "ec2:CreateTags", "ec2:DetachInternetGateway"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteInternetGateway"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["vpc"], &["ec2:AttachInternetGateway", "ec2:DetachInternetGateway"]),
            EventSpec::gone(&["ec2:DeleteInternetGateway"]).created_by("ec2:CreateInternetGateway"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let attach = |vpc: &Option<Reference>| vpc.is_some().then_some("ec2:AttachInternetGateway");
        let calls: Vec<&str> = match (before, after) {
            (None, Some(after)) => std::iter::once("ec2:CreateInternetGateway").chain(attach(&after.vpc)).collect(),
            (Some(before), Some(after)) => {
                let moves = before.vpc != after.vpc;
                let detach = (moves && before.vpc.is_some()).then_some("ec2:DetachInternetGateway");
                let attach = attach(&after.vpc).filter(|_| moves);
                let tags = tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags");
                detach.into_iter().chain(attach).chain(tags).collect()
            }
            (Some(before), None) => {
                before.vpc.is_some().then_some("ec2:DetachInternetGateway").into_iter().chain(["ec2:DeleteInternetGateway"]).collect()
            }
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let find = || async {
            let gateways = list(&client, client.ours()).await?.into_iter().filter(|gateway| client.is_ours(gateway.tags()));
            Ok(all(gateways.map(|gateway| gateway.internet_gateway_id)))
        };
        let make = || async {
            let tags = client.creation_tags(ResourceType::InternetGateway, &after.tags);
            let answer = client.map_sdk_error(
                "ec2:CreateInternetGateway",
                client.client.create_internet_gateway().tag_specifications(tags).send().await,
            )?;
            client.id("ec2:CreateInternetGateway", answer.internet_gateway.and_then(|gateway| gateway.internet_gateway_id))
        };
        let id = client.create_idempotent(client.earlier(None)?, find, make).await?;
        if let Some(vpc) = &after.vpc {
            attach(&client, &id, &client.resolve(vpc)?).await?;
        }
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        if before.vpc != after.vpc {
            if let Some(vpc) = &before.vpc {
                detach(&client, id, &client.resolve(vpc)?).await?;
            }
            if let Some(vpc) = &after.vpc {
                attach(&client, id, &client.resolve(vpc)?).await?;
            }
        }
        client.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        if let Some(vpc) = &before.vpc {
            detach(&client, id, &client.resolve(vpc)?).await?;
        }
        let delete = || async {
            let answer = client.client.delete_internet_gateway().internet_gateway_id(id).send().await;
            client.map_sdk_error("ec2:DeleteInternetGateway", answer).map(drop)
        };
        client.deleted(None, delete).await
    }
}

async fn list(client: &ResourceClient<'_>, which: aws_sdk_ec2::types::Filter) -> AwsResult<Vec<Live>> {
    let pages = client.client.describe_internet_gateways().filters(which).into_paginator().items().send();
    client.map_sdk_error("ec2:DescribeInternetGateways", pages.collect::<Result<Vec<_>, _>>().await)
}

async fn attach(client: &ResourceClient<'_>, id: &str, vpc: &str) -> AwsResult<()> {
    let send = || async {
        let answer = client.client.attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await;
        client.map_sdk_error("ec2:AttachInternetGateway", answer).map(drop)
    };
    match client.retry_not_found(send).await {
        // By a request whose answer was lost; or the VPC has another one, or this one is attached to another VPC.
        Err(e) if e.is(&["Resource.AlreadyAssociated", "InvalidParameterValue"]) => {
            let is_there = |gateway: &Live| gateway.attachments().iter().any(|attachment| attachment.vpc_id() == Some(vpc));
            let find = || async { Ok(list(client, filter("internet-gateway-id", id)).await?.iter().any(is_there).then(String::new)) };
            client.found(&e, find).await.map(drop)
        }
        result => result,
    }
}

async fn detach(client: &ResourceClient<'_>, id: &str, vpc: &str) -> AwsResult<()> {
    let send = || async {
        let answer = client.client.detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await;
        match client.map_sdk_error("ec2:DetachInternetGateway", answer) {
            Err(e) if e.is(&["Gateway.NotAttached"]) => Ok(()),
            result => result.map(drop),
        }
    };
    client.deleted(Some(filter("vpc-id", vpc)), send).await
}
