//! `nat_gateway`: a NAT gateway: zonal, in a public subnet with an address of ours, or regional, in no subnet with addresses of AWS's choice.

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `nat_gateway`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NatGatewayAttributes {
    /// `zonal` or `regional`.
    pub availability_mode: String,
    /// Its address; `None` for a regional one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elastic_ip: Option<Reference>,
    /// The internet gateway of its VPC, which must be attached before it is made; `None` when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internet_gateway: Option<Reference>,
    /// The subnet that it stands in; `None` for a regional one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<Reference>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
}

/// The kind.
pub struct NatGateway;

impl Kind for NatGateway {
    type Attributes = NatGatewayAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "nat_gateway",
        summary: "a NAT gateway, of a zone or of the whole VPC",
        attributes: &[
            AttributeSpec::new("availability_mode", OnChange::Forbidden("AWS never changes it in a NAT gateway")),
            AttributeSpec::new("elastic_ip", OnChange::Forbidden("AWS never changes it in a NAT gateway")),
            AttributeSpec::new("internet_gateway", OnChange::Forbidden("AWS never changes it in a NAT gateway")),
            AttributeSpec::new("subnet", OnChange::Forbidden("AWS never changes it in a NAT gateway")),
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("AWS never changes it in a NAT gateway")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateNatGateway"],
            (Some(before), Some(after)) => tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags").into_iter().collect(),
            (Some(_), None) => vec!["ec2:DeleteNatGateway"],
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
