//! `flow_log`: a flow log of a VPC, to the central destination. AWS never changes one: it is made again, with a gap of seconds, so that there are never two.

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `flow_log`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowLogAttributes {
    /// The ARN of a bucket or of a delivery stream.
    pub destination: String,
    /// Seconds that a record sums up at most: 60 or 600.
    pub interval: u32,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
    /// Its VPC.
    pub vpc: Reference,
}

/// The kind.
pub struct FlowLog;

impl Kind for FlowLog {
    type Attributes = FlowLogAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "flow_log",
        summary: "a flow log to the central destination",
        attributes: &[
            AttributeSpec::new("destination", OnChange::Update),
            AttributeSpec::new("interval", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("traffic", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateFlowLogs"],
            (Some(before), Some(after)) => {
                let what = |side: &Self::Attributes| (side.destination.clone(), side.interval, side.traffic.clone());
                match what(before) == what(after) {
                    false => vec!["ec2:DeleteFlowLogs", "ec2:CreateFlowLogs"],
                    true => tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags").into_iter().collect(),
                }
            }
            (Some(_), None) => vec!["ec2:DeleteFlowLogs"],
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
