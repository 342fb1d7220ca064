//! `route_table`: a route table; its routes are resources of their own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `route_table`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteTableAttributes {
    /// The VPN gateways whose routes it takes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub propagating_gateways: BTreeSet<Reference>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
}

/// The kind.
pub struct RouteTable;

impl Kind for RouteTable {
    type Attributes = RouteTableAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "route_table",
        summary: "a route table",
        attributes: &[
            AttributeSpec::new("propagating_gateways", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let none = BTreeSet::new();
        let propagations = |from: Option<&Self::Attributes>, to: Option<&Self::Attributes>| {
            let of = |side: Option<&Self::Attributes>| side.map_or(none.clone(), |side| side.propagating_gateways.clone());
            of(to).difference(&of(from)).count()
        };
        let on = std::iter::repeat_n("ec2:EnableVgwRoutePropagation", propagations(before, after));
        let calls: Vec<&str> = match (before, after) {
            (None, Some(_)) => std::iter::once("ec2:CreateRouteTable").chain(on).collect(),
            (Some(old), Some(new)) => {
                let off = std::iter::repeat_n("ec2:DisableVgwRoutePropagation", propagations(after, before));
                on.chain(off).chain(tags_differ(&old.tags, &new.tags).then_some("ec2:CreateTags")).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteRouteTable"],
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
