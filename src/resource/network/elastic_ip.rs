//! `elastic_ip`: an Elastic IP address. It lives as long as its NAT gateway, because partners put it on their allow lists.

use aws_sdk_ec2::types::{DomainType, ResourceType};
use serde::{Deserialize, Serialize};

use super::calls::{LINGERING, ResourceClient, all};
use super::{Tags, tags_differ};
use crate::aws::{AwsResult, Error};
use crate::network::Quotas;
use crate::prices::Item;
use crate::resource::uses::anywhere;
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Quota, Weight};

/// The attributes of a `elastic_ip`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElasticIpAttributes {
    /// `Name` and the declared tags.
    pub tags: Tags,
}

const QUOTA: Quota = Quota {
    key: "elastic_ips",
    name: "EC2-VPC Elastic IPs",
    noun: "elastic IP address",
    title: Some("elastic addresses of one account in one Region"),
    most: Quotas::elastic_ips,
    zone: anywhere,
    unmanaged: |others, _| others.elastic_ips,
    freed_by: None,
};

/// The kind.
pub struct ElasticIp;

impl Kind for ElasticIp {
    type Attributes = ElasticIpAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "elastic_ip",
        summary: "an elastic IP address",
        attributes: &[AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic)],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        noun: Some(["elastic IP", "elastic IPs"]),
        quota: Some(&QUOTA),
        price: Some(|_, _| vec![(Item::PublicAddress, 1)]),
        needs: &[Need::apply(&["ec2:AllocateAddress", "ec2:CreateTags"]), Need::delete(Deletes::Addressed, &["ec2:ReleaseAddress"])],
        events: &[super::TAG_SET, super::TAG_REMOVED, EventSpec::gone(&["ec2:ReleaseAddress"]).created_by("ec2:AllocateAddress")],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:AllocateAddress"],
            (Some(before), Some(after)) => tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags").into_iter().collect(),
            (Some(_), None) => vec!["ec2:ReleaseAddress"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let find = || async {
            let answer =
                client.map_sdk_error("ec2:DescribeAddresses", client.client.describe_addresses().filters(client.ours()).send().await)?;
            let addresses = answer.addresses.unwrap_or_default().into_iter().filter(|address| client.is_ours(address.tags()));
            Ok(all(addresses.map(|address| address.allocation_id)))
        };
        let make = || async {
            let request = client.client.allocate_address().domain(DomainType::Vpc);
            let request = request.tag_specifications(client.creation_tags(ResourceType::ElasticIp, &after.tags));
            let answer = client.map_sdk_error("ec2:AllocateAddress", request.send().await)?;
            client.id("ec2:AllocateAddress", answer.allocation_id)
        };
        client.create_idempotent(client.earlier(None)?, find, make).await
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        ResourceClient::of(context).await?.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let release = || async {
            client.map_sdk_error("ec2:ReleaseAddress", client.client.release_address().allocation_id(id).send().await).map(drop)
        };
        // AWS answers AuthFailure for an address that a NAT gateway still holds.
        let send = || client.retry_while("the NAT gateway to release it", LINGERING, |e| e.is(&["AuthFailure"]), release);
        client.deleted(None, send).await
    }
}
