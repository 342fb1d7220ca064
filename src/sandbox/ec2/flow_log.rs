//! Flow logs of the traffic of a VPC, a subnet or an interface.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Turn, tags, timestamp, tokens};
use crate::sandbox::input::bad_value;
use crate::sandbox::wire::{Outcome, Refusal};

const CREATE: &str = "CreateFlowLogs";

/// AWS's format without LogFormat.
const FORMAT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} \
                      ${bytes} ${start} ${end} ${action} ${log-status}";

/// A flow log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowLog {
    /// The VPC, subnet or interface.
    pub resource: String,
    /// `ACCEPT`, `REJECT` or `ALL`.
    pub traffic: String,
    /// `cloud-watch-logs`, `s3` or `kinesis-data-firehose`.
    pub destination_type: String,
    /// The ARN of the bucket or log group.
    pub destination: Option<String>,
    /// The log group's name.
    pub log_group: Option<String>,
    /// The ARN of the role that writes.
    pub role: Option<String>,
    /// The fields of a line.
    pub format: String,
    /// Seconds from one line to the next.
    pub interval: u32,
    /// When it was made (ms).
    pub created_ms: u64,
}

const LISTING: Listing = Listing {
    kind: Kind::FlowLog,
    set: "flowLogSet",
    ids: "FlowLogId",
    filters: &[
        ("flow-log-id", "flowLogId"),
        ("resource-id", "resourceId"),
        ("log-destination-type", "logDestinationType"),
        ("log-group-name", "logGroupName"),
        ("traffic-type", "trafficType"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.flow_logs.keys(), |id| show(ask.region, id))
}

fn show(region: &Region, id: &str) -> Option<Value> {
    let log = region.flow_logs.get(id)?;
    Some(json!({
        "flowLogId": id,
        "resourceId": log.resource,
        "flowLogStatus": "ACTIVE",
        "deliverLogsStatus": "SUCCESS",
        "trafficType": log.traffic,
        "logDestinationType": log.destination_type,
        "logDestination": log.destination,
        "logGroupName": log.log_group,
        "deliverLogsPermissionArn": log.role,
        "logFormat": log.format,
        "maxAggregationInterval": log.interval,
        "creationTime": timestamp(log.created_ms),
        "tagSet": region.tag_set(id),
    }))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let tags = tags::of_creation(turn.input, Kind::FlowLog)?;
    let made = tokens::made(turn, CREATE)?;
    let made: Vec<String> = made.iter().flat_map(|ids| ids.split(' ')).map(str::to_owned).collect();
    let ids = if made.is_empty() {
        let mut ids = Vec::new();
        for log in asked_for(turn)? {
            let id = turn.region.fresh("fl");
            turn.region.flow_logs.insert(id.clone(), log);
            turn.region.put_tags(&id, tags.clone());
            ids.push(id);
        }
        tokens::remember(turn, CREATE, &ids.join(" "));
        ids
    } else {
        made
    };
    Ok(json!({ "clientToken": turn.input.get("ClientToken"), "flowLogIdSet": ids, "unsuccessful": [] }))
}

/// The flow logs that a request describes, one for each resource.
fn asked_for(turn: &Turn<'_>) -> Result<Vec<FlowLog>, Refusal> {
    let input = turn.input;
    let kind = match input.text("ResourceType")? {
        "VPC" => Kind::Vpc,
        "Subnet" => Kind::Subnet,
        "NetworkInterface" => Kind::NetworkInterface,
        other => return Err(bad_value("resourceType", other)),
    };
    let destination_type = input.get("LogDestinationType").unwrap_or("cloud-watch-logs");
    let missing = |what: &str| Err(Refusal::new("MissingParameter", format!("The request must contain the parameter {what}")));
    let owned = |name: &str| input.get(name).map(str::to_owned);
    let (destination, log_group, role) = (owned("LogDestination"), owned("LogGroupName"), owned("DeliverLogsPermissionArn"));
    match destination_type {
        "cloud-watch-logs" if role.is_none() => return missing("DeliverLogsPermissionArn"),
        "cloud-watch-logs" if log_group.is_none() && destination.is_none() => return missing("LogGroupName"),
        "s3" | "kinesis-data-firehose" if destination.is_none() => return missing("LogDestination"),
        // Source: CreateFlowLogs, `DeliverLogsPermissionArn` and `DeliverCrossAccountRole`, botocore 1.44.8.
        "kinesis-data-firehose" if (role.is_none() || input.get("DeliverCrossAccountRole").is_none()) && is_foreign(&destination, turn) => {
            let message = "DeliverLogsPermissionArn and DeliverCrossAccountRole are required for a delivery stream of another account";
            return Err(Refusal::new("InvalidParameter", message));
        }
        _ => {}
    }
    let traffic = input.get("TrafficType").unwrap_or("ALL");
    let mut logs = Vec::new();
    for resource in input.texts("ResourceId") {
        if !kind.exists(turn.region, resource) {
            return Err(kind.missing(resource));
        }
        let log = FlowLog {
            resource: resource.to_owned(),
            traffic: traffic.to_owned(),
            destination_type: destination_type.to_owned(),
            destination: destination.clone(),
            log_group: log_group.clone(),
            role: role.clone(),
            format: input.get("LogFormat").unwrap_or(FORMAT).to_owned(),
            interval: input.number("MaxAggregationInterval")?.unwrap_or(600),
            created_ms: turn.now_ms,
        };
        if turn.region.flow_logs.values().any(|other| FlowLog { created_ms: turn.now_ms, ..other.clone() } == log) {
            let message = "Error. There is an existing Flow Log with the same configuration and log destination.";
            return Err(Refusal::new("FlowLogAlreadyExists", message));
        }
        logs.push(log);
    }
    if logs.is_empty() { missing("ResourceId") } else { Ok(logs) }
}

/// Whether a delivery stream is of another account.
fn is_foreign(destination: &Option<String>, turn: &Turn<'_>) -> bool {
    destination.as_ref().is_some_and(|arn| arn.split(':').nth(4) != Some(turn.place.account.as_str()))
}

/// One call for many: failures are reported one by one.
pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let ids = turn.input.texts("FlowLogId");
    if ids.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter FlowLogId"));
    }
    let mut unsuccessful = Vec::new();
    for id in ids {
        if turn.region.flow_logs.remove(id).is_none() {
            let refusal = Kind::FlowLog.missing(id);
            unsuccessful.push(json!({ "resourceId": id, "error": { "code": refusal.code, "message": refusal.message } }));
        }
    }
    turn.region.prune_tags();
    Ok(json!({ "unsuccessful": unsuccessful }))
}
