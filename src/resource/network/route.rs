//! `route`: a route: where packets for a destination go.

use serde::{Deserialize, Serialize};

use super::not_built;
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `route`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteAttributes {
    /// A block of IPv4 or IPv6 addresses: `0.0.0.0/0`.
    pub destination: String,
    /// Its route table.
    pub route_table: Reference,
    /// The gateway or connection that it leads to.
    pub target: Reference,
}

/// The kind.
pub struct Route;

impl Kind for Route {
    type Attributes = RouteAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "route",
        summary: "a route of a route table",
        attributes: &[
            AttributeSpec::new("destination", OnChange::Forbidden("a route is known by its destination")),
            AttributeSpec::new("route_table", OnChange::Forbidden("a route is known by its table")),
            AttributeSpec::new("target", OnChange::Update),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateRoute"],
            (Some(before), Some(after)) => (before.target != after.target).then_some("ec2:ReplaceRoute").into_iter().collect(),
            (Some(_), None) => vec!["ec2:DeleteRoute"],
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
