//! `elastic_ip`: an elastic IP address, kept for as long as its NAT gateway: partners allow-list it.

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `elastic_ip`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElasticIpAttributes {
    /// `Name` and the declared tags.
    pub tags: Tags,
}

/// The kind.
pub struct ElasticIp;

impl Kind for ElasticIp {
    type Attributes = ElasticIpAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "elastic_ip",
        summary: "an elastic IP address",
        attributes: &[AttributeSpec::new("tags", OnChange::Update)],
        on_removal: OnRemoval::Delete,
        guards_target: false,
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
