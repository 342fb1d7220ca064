//! `dhcp_options`: DHCP options: the name servers and the domain that instances receive. AWS cannot change a set: overlord creates a new
//! set, assigns it to the VPC and deletes the old set.

use aws_sdk_ec2::types::{DhcpOptions as Live, NewDhcpConfiguration, ResourceType};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, all};
use super::{Tags, tags_differ};
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The attributes of a `dhcp_options`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DhcpOptionsAttributes {
    /// The domain that host names are completed with; null for AWS's own, so that removing it is a difference.
    #[serde(default)]
    pub domain_name: Option<String>,
    /// Addresses of name servers, at most four, in order; `AmazonProvidedDNS` is one.
    pub name_servers: Vec<String>,
    /// `Name` and the declared tags.
    pub tags: Tags,
}

/// AWS's names for the domain and the name servers.
const DOMAIN: &str = "domain-name";
const SERVERS: &str = "domain-name-servers";

/// What a set says under a key.
fn values(options: &Live, key: &str) -> Vec<String> {
    let of_key = options.dhcp_configurations().iter().filter(move |configuration| configuration.key() == Some(key));
    of_key.flat_map(|configuration| configuration.values()).filter_map(|value| value.value.clone()).collect()
}

/// The domain and the name servers that a set gives to instances.
pub(super) fn said(options: &Live) -> (Option<String>, Vec<String>) {
    (values(options, DOMAIN).into_iter().next(), values(options, SERVERS))
}

/// The kind.
pub struct DhcpOptions;

impl Kind for DhcpOptions {
    type Attributes = DhcpOptionsAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "dhcp_options",
        summary: "DHCP options: name servers and domain",
        attributes: &[
            AttributeSpec::new("domain_name", OnChange::ReplaceCreateFirst),
            AttributeSpec::new("name_servers", OnChange::ReplaceCreateFirst),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        noun: Some(["set of DHCP options", "sets of DHCP options"]),
        needs: &[Need::apply(&["ec2:CreateDhcpOptions", "ec2:CreateTags"]), Need::delete(Deletes::Addressed, &["ec2:DeleteDhcpOptions"])],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::gone(&["ec2:DeleteDhcpOptions"]).created_by("ec2:CreateDhcpOptions"),
            // org.toml changed: it is another set.
            EventSpec::unexplained(&["domain_name", "name_servers"]),
        ],
        ..KindSpec::BASE
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
        let client = ResourceClient::of(context).await?;
        let find = || async {
            let pages = client.client.describe_dhcp_options().filters(client.ours()).into_paginator().items().send();
            let options = client.map_sdk_error("ec2:DescribeDhcpOptions", pages.collect::<Result<Vec<_>, _>>().await)?;
            // The set that this one replaces has the same address.
            let wanted =
                |options: &Live| client.is_ours(options.tags()) && said(options) == (after.domain_name.clone(), after.name_servers.clone());
            Ok(all(options.into_iter().filter(wanted).map(|options| options.dhcp_options_id)))
        };
        let make = || async {
            let option = |key: &str, values: Vec<String>| NewDhcpConfiguration::builder().key(key).set_values(Some(values)).build();
            let domain = after.domain_name.as_ref().map(|domain| option(DOMAIN, vec![domain.clone()]));
            let options = domain.into_iter().chain([option(SERVERS, after.name_servers.clone())]);
            let request = client.client.create_dhcp_options().set_dhcp_configurations(Some(options.collect()));
            let request = request.tag_specifications(client.creation_tags(ResourceType::DhcpOptions, &after.tags));
            let answer = client.map_sdk_error("ec2:CreateDhcpOptions", request.send().await)?;
            client.id("ec2:CreateDhcpOptions", answer.dhcp_options.and_then(|options| options.dhcp_options_id))
        };
        client.create_idempotent(client.earlier(None)?, find, make).await
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        ResourceClient::of(context).await?.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let delete = || async {
            let answer = client.client.delete_dhcp_options().dhcp_options_id(id).send().await;
            client.map_sdk_error("ec2:DeleteDhcpOptions", answer).map(drop)
        };
        client.deleted(None, delete).await
    }
}
