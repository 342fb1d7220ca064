//! `vpc_endpoint`: an endpoint of one of AWS's services inside a VPC.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `vpc_endpoint`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcEndpointAttributes {
    /// `Gateway` or `Interface`.
    pub endpoint_type: String,
    /// Whether the service's usual name leads to it; always false for a gateway endpoint.
    pub private_dns: bool,
    /// Of a gateway endpoint: the route tables that lead to it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub route_tables: BTreeSet<Reference>,
    /// Of an interface endpoint: who may reach it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub security_groups: BTreeSet<Reference>,
    /// The service's short name: `s3`.
    pub service: String,
    /// Of an interface endpoint: the subnets that it has an interface in, one per zone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub subnets: BTreeSet<Reference>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
}

/// The kind.
pub struct VpcEndpoint;

impl Kind for VpcEndpoint {
    type Attributes = VpcEndpointAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "vpc_endpoint",
        summary: "a gateway or interface endpoint of a service",
        attributes: &[
            AttributeSpec::new("endpoint_type", OnChange::Forbidden("remove the endpoint, apply, and add it again")),
            AttributeSpec::new("private_dns", OnChange::Update),
            AttributeSpec::new("route_tables", OnChange::Update),
            AttributeSpec::new("security_groups", OnChange::Update),
            AttributeSpec::new("service", OnChange::Forbidden("an endpoint is known by its service")),
            AttributeSpec::new("subnets", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateVpcEndpoint"],
            (Some(before), Some(after)) => {
                let place = |side: &Self::Attributes| {
                    (side.private_dns, side.route_tables.clone(), side.security_groups.clone(), side.subnets.clone())
                };
                let modify = (place(before) != place(after)).then_some("ec2:ModifyVpcEndpoint");
                modify.into_iter().chain(tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags")).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteVpcEndpoints"],
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
