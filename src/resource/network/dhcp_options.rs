//! `dhcp_options`: DHCP options: the name servers and the domain that instances are told.

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `dhcp_options`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DhcpOptionsAttributes {
    /// The domain that host names are completed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_name: Option<String>,
    /// Addresses of name servers, at most four, in order; `AmazonProvidedDNS` is one.
    pub name_servers: Vec<String>,
    /// `Name` and the declared tags.
    pub tags: Tags,
}

/// The kind.
pub struct DhcpOptions;

impl Kind for DhcpOptions {
    type Attributes = DhcpOptionsAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "dhcp_options",
        summary: "DHCP options: name servers and domain",
        attributes: &[
            AttributeSpec::new("domain_name", OnChange::Forbidden("AWS never changes DHCP options")),
            AttributeSpec::new("name_servers", OnChange::Forbidden("AWS never changes DHCP options")),
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

    async fn create(context: &Context, _after: Self::Attributes) -> Result<String, Error> {
        Err(not_built(context))
    }

    async fn update(context: &Context, _id: &str, _before: Self::Attributes, _after: Self::Attributes) -> AwsResult<()> {
        Err(not_built(context))
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(not_built(context))
    }
}
