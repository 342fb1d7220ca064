//! `dhcp_options`: DHCP options: the name servers and the domain that instances are told.

use aws_sdk_ec2::types::{NewDhcpConfiguration, ResourceType};
use serde::{Deserialize, Serialize};

use super::calls::{Hands, first};
use super::{Tags, tags_differ};
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `dhcp_options`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DhcpOptionsAttributes {
    /// The domain that host names are completed with; null for AWS's own, so that one that is no longer wanted is a difference.
    #[serde(default)]
    pub domain_name: Option<String>,
    /// Addresses of name servers, at most four, in order; `AmazonProvidedDNS` is one.
    pub name_servers: Vec<String>,
    /// `Name` and the declared tags.
    pub tags: Tags,
}

/// AWS never changes DHCP options.
const WAY_OUT: &str = "take `name_servers` and `domain_name` out of the layout, apply, then put the new ones in";

/// The kind.
pub struct DhcpOptions;

impl Kind for DhcpOptions {
    type Attributes = DhcpOptionsAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "dhcp_options",
        summary: "DHCP options: name servers and domain",
        attributes: &[
            AttributeSpec::new("domain_name", OnChange::Forbidden(WAY_OUT)),
            AttributeSpec::new("name_servers", OnChange::Forbidden(WAY_OUT)),
            AttributeSpec::new("tags", OnChange::Update),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateDhcpOptions"],
            (Some(before), Some(after)) => tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags").into_iter().collect(),
            (Some(_), None) => vec!["ec2:DeleteDhcpOptions"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let hands = Hands::of(context).await?;
        let find = || async {
            let pages = hands.client.describe_dhcp_options().filters(hands.ours()).into_paginator().items().send();
            let options = hands.said("ec2:DescribeDhcpOptions", pages.collect::<Result<Vec<_>, _>>().await)?;
            Ok(first(options.into_iter().map(|options| options.dhcp_options_id)))
        };
        let make = || async {
            let option = |key: &str, values: Vec<String>| NewDhcpConfiguration::builder().key(key).set_values(Some(values)).build();
            let domain = after.domain_name.as_ref().map(|domain| option("domain-name", vec![domain.clone()]));
            let options = domain.into_iter().chain([option("domain-name-servers", after.name_servers.clone())]);
            let request = hands.client.create_dhcp_options().set_dhcp_configurations(Some(options.collect()));
            let request = request.tag_specifications(hands.creation_tags(ResourceType::DhcpOptions, &after.tags));
            let answer = hands.said("ec2:CreateDhcpOptions", request.send().await)?;
            hands.id("ec2:CreateDhcpOptions", answer.dhcp_options.and_then(|options| options.dhcp_options_id))
        };
        hands.once(hands.earlier(None)?, find, make).await
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        Hands::of(context).await?.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let hands = Hands::of(context).await?;
        let delete = || async {
            let answer = hands.client.delete_dhcp_options().dhcp_options_id(id).send().await;
            hands.said("ec2:DeleteDhcpOptions", answer).map(drop)
        };
        hands.deleted(None, delete).await
    }
}
