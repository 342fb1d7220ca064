//! `internet_gateway`: an internet gateway and its attachment.

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `internet_gateway`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InternetGatewayAttributes {
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The VPC that it is attached to; `None` while it is attached to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<Reference>,
}

/// The kind.
pub struct InternetGateway;

impl Kind for InternetGateway {
    type Attributes = InternetGatewayAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "internet_gateway",
        summary: "an internet gateway, attached",
        attributes: &[AttributeSpec::new("tags", OnChange::Update), AttributeSpec::new("vpc", OnChange::Update)],
        on_removal: OnRemoval::Delete,
        guards_target: false,
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
