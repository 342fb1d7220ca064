//! `flow_log`: a flow log of a VPC, to the central destination. AWS cannot change one: overlord deletes and recreates it, with a gap of
//! seconds, so that there are never 2.

use aws_sdk_ec2::types::{FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, filter, first};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

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

/// What the ARNs of Amazon Data Firehose contain.
const FIREHOSE: &str = ":firehose:";

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
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("traffic", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        needs: &[
            Need::apply(&["ec2:CreateFlowLogs", "ec2:CreateTags"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteFlowLogs"]),
            // Source: Amazon VPC's user guide, "Publish flow logs to Amazon S3" and "… to Amazon Data Firehose".
            Need::besides(&["logs:CreateLogDelivery", "logs:DeleteLogDelivery"]),
            Need::besides(&["firehose:TagDeliveryStream"]).when("destination", FIREHOSE),
            Need::linked_role("delivery.logs.amazonaws.com").when("destination", FIREHOSE),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            // A flow log is created anew to be changed.
            EventSpec::changed(&["destination", "interval", "traffic"], &["ec2:CreateFlowLogs"]),
            EventSpec::gone(&["ec2:DeleteFlowLogs"]).created_by("ec2:CreateFlowLogs"),
        ],
        ..KindSpec::BASE
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

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        create(&client, &after).await
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        if before.content() == after.content() {
            return client.retag(id, &before.tags, &after.tags).await;
        }
        delete(&client, id).await?;
        // Nothing refers to a flow log, so the next read finds its new id.
        create(&client, &after).await.map(drop)
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        delete(&ResourceClient::of(context).await?, id).await
    }
}

impl FlowLogAttributes {
    /// Attributes that AWS cannot change in a flow log.
    fn content(&self) -> (&str, u32, &str) {
        (&self.destination, self.interval, &self.traffic)
    }

    fn destination_type(&self) -> LogDestinationType {
        // `arn:aws:firehose:…`
        match self.destination.split(':').nth(2) {
            Some("firehose") => LogDestinationType::KinesisDataFirehose,
            Some(_) | None => LogDestinationType::S3,
        }
    }
}

async fn create(client: &ResourceClient<'_>, after: &FlowLogAttributes) -> AwsResult<String> {
    let vpc = client.resolve(&after.vpc)?;
    let interval = i32::try_from(after.interval).map_err(|e| Error::internal(format!("an interval of {} s: {e}", after.interval)))?;
    let make = || async {
        let request = client.client.create_flow_logs().resource_ids(&vpc).resource_type(FlowLogsResourceType::Vpc);
        let request = request.log_destination_type(after.destination_type()).log_destination(&after.destination);
        let request = request.traffic_type(TrafficType::from(after.traffic.as_str())).max_aggregation_interval(interval);
        let request = request.tag_specifications(client.creation_tags(ResourceType::VpcFlowLog, &after.tags));
        let answer = client.map_sdk_error("ec2:CreateFlowLogs", request.send().await)?;
        client.item_by_item("ec2:CreateFlowLogs", answer.unsuccessful)?;
        client.id("ec2:CreateFlowLogs", answer.flow_log_ids.and_then(|ids| ids.into_iter().next()))
    };
    match client.retry_not_found(make).await {
        // Created by a request whose answer was lost; or an unmanaged one with the same destination.
        Err(e) if e.is(&["FlowLogAlreadyExists"]) => client.found(&e, || find(client, &vpc)).await,
        result => result,
    }
}

async fn find(client: &ResourceClient<'_>, vpc: &str) -> AwsResult<Option<String>> {
    let pages = client.client.describe_flow_logs().filter(client.ours()).filter(filter("resource-id", vpc)).into_paginator().items().send();
    let logs = client.map_sdk_error("ec2:DescribeFlowLogs", pages.collect::<Result<Vec<_>, _>>().await)?;
    Ok(first(logs.into_iter().filter(|log| client.is_ours(log.tags())).map(|log| log.flow_log_id)))
}

async fn delete(client: &ResourceClient<'_>, id: &str) -> AwsResult<()> {
    let delete = || async {
        let answer = client.map_sdk_error("ec2:DeleteFlowLogs", client.client.delete_flow_logs().flow_log_ids(id).send().await)?;
        client.item_by_item("ec2:DeleteFlowLogs", answer.unsuccessful)
    };
    client.deleted(None, delete).await
}
