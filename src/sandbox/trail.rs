//! CloudTrail: a record of changes and their callers, and LookupEvents over it.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
//!
//! Write requests are recorded in the caller's account, including refused ones with their error code. Reads are not recorded. Like sessions,
//! the trail ends with the process.

use std::collections::{BTreeSet, VecDeque};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::iam::date;
use super::service::Service;
use super::sts::{Caller, ROOT_SESSION};
use super::token::Position;
use super::weather::Weather;
use super::wire::{Call, Outcome, Refusal};

/// Events that are kept, the newest: each has a whole request and its answer.
const KEPT: usize = 20_000;

/// How long AWS keeps them, in milliseconds.
const HISTORY_MS: u64 = 90 * 24 * 3_600 * 1_000;

/// AWS's largest page, and what a request without MaxResults gets.
const PAGE: usize = 50;

/// Where the events of services with one endpoint for all Regions are.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
const GLOBAL_REGION: &str = "us-east-1";

/// The placeholder for a value that CloudTrail does not record.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The events so far, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Trail {
    recorded: u64,
    events: VecDeque<Event>,
}

/// A write request with its answer.
#[derive(Debug)]
struct Event {
    number: u64,
    time_ms: u64,
    /// The Region of the record, which is not always the Region of the request.
    region: String,
    service: Service,
    name: String,
    caller: Caller,
    key: String,
    request_id: String,
    input: Value,
    outcome: Result<Value, (&'static str, String)>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    lookup_attributes: Vec<Attribute>,
    /// Seconds since 1970.
    start_time: Option<f64>,
    end_time: Option<f64>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_key: String,
    attribute_value: String,
}

impl Trail {
    /// Records a request that would write.
    pub(super) fn record(&mut self, call: &Call, caller: &Caller, outcome: &Outcome, request_id: &str, now_ms: u64) {
        self.recorded += 1;
        let region = if call.service.is_regional() { call.region.as_str() } else { GLOBAL_REGION };
        self.events.push_back(Event {
            number: self.recorded,
            time_ms: now_ms,
            region: region.to_owned(),
            service: call.service,
            name: call.operation.clone(),
            caller: caller.clone(),
            key: call.key.clone(),
            request_id: request_id.to_owned(),
            input: call.input.clone().unwrap_or_default(),
            outcome: outcome.clone().map_err(|refusal| (refusal.code, refusal.message)),
        });
        if self.events.len() > KEPT {
            self.events.pop_front();
        }
    }

    /// Answers LookupEvents: a page of the caller's account in the request's Region, the newest event first.
    pub(super) fn lookup(&self, call: &Call, account: &str, now_ms: u64, weather: &Weather, empty_page: bool) -> Outcome {
        let input: Input = call.parse()?;
        let size = input.max_results.unwrap_or(PAGE);
        if input.lookup_attributes.len() > 1 {
            return Err(Refusal::new("InvalidLookupAttributesException", "You can use only one lookup attribute."));
        }
        let milliseconds = |seconds: f64| (seconds * 1_000.0) as u64;
        // An event comes into the history some minutes after the request.
        let until = input.end_time.map_or(u64::MAX, milliseconds).min(now_ms.saturating_sub(weather.trail_ms));
        let since = input.start_time.map_or(0, milliseconds).max(now_ms.saturating_sub(HISTORY_MS));
        if input.start_time.zip(input.end_time).is_some_and(|(start, end)| start > end) {
            return Err(Refusal::new("InvalidTimeRangeException", "StartTime must not be later than EndTime."));
        }
        let bad_token = || Refusal::new("InvalidNextTokenException", "The NextToken is not one that this list gave.");
        let position = match &input.next_token {
            None => Position::default(),
            Some(token) => Position::read(token, "Events").ok_or_else(bad_token)?,
        };
        if empty_page {
            return Ok(json!({ "Events": [], "NextToken": Position { empty: position.empty + 1, ..position }.token("Events") }));
        }
        let before = if position.after.is_empty() { u64::MAX } else { position.after.parse().map_err(|_| bad_token())? };
        let mut found = self.events.iter().rev().filter(|event| {
            event.number < before
                && (since..=until).contains(&event.time_ms)
                && (event.caller.account.as_str(), event.region.as_str()) == (account, call.region.as_str())
                && input.lookup_attributes.iter().all(|attribute| event.has(attribute))
        });
        let page: Vec<&Event> = found.by_ref().take(size).collect();
        let last = page.last().map(|event| event.number.to_string()).unwrap_or_default();
        let next = found.next().map(|_| Position { after: last, empty: 0 }.token("Events"));
        Ok(json!({ "Events": page.into_iter().map(Event::show).collect::<Value>(), "NextToken": next }))
    }
}

impl Event {
    fn id(&self) -> String {
        format!("{:08x}-0000-4000-9000-{:012x}", self.time_ms & 0xFFFF_FFFF, self.number)
    }

    fn source(&self) -> String {
        format!("{}.amazonaws.com", self.service.as_str())
    }

    fn username(&self) -> &str {
        self.caller.session.as_ref().map_or("sandbox", |(_, session)| session.as_str())
    }

    fn has(&self, Attribute { attribute_key, attribute_value }: &Attribute) -> bool {
        let value = attribute_value.as_str();
        match attribute_key.as_str() {
            "EventId" => self.id() == value,
            "EventName" => self.name == value,
            "ReadOnly" => value == "false",
            "Username" => self.username() == value,
            "EventSource" => self.source() == value,
            "AccessKeyId" => self.key == value,
            "ResourceName" => self.resources().contains(value),
            "ResourceType" => self.resources().into_iter().any(|id| resource_type(id) == value),
            _ => false,
        }
    }

    /// What it is about. CloudTrail names the resources of some services alone, and Organizations is none of them.
    fn resources(&self) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        if matches!(self.service, Service::Ec2 | Service::Ram) {
            ids(&self.input, &mut found);
            self.outcome.iter().for_each(|answer| ids(answer, &mut found));
        }
        found
    }

    fn show(&self) -> Value {
        let resources = self.resources().into_iter().map(|id| json!({ "ResourceType": resource_type(id), "ResourceName": id }));
        json!({
            "EventId": self.id(), "EventName": self.name, "EventSource": self.source(), "ReadOnly": "false", "AccessKeyId": self.key,
            "EventTime": self.time_ms / 1_000, "Username": self.username(), "Resources": resources.collect::<Value>(),
            "CloudTrailEvent": self.record().to_string(),
        })
    }

    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
    fn record(&self) -> Value {
        let mut record = json!({
            "eventVersion": "1.11", "userIdentity": self.identity(), "eventTime": date(self.time_ms), "eventSource": self.source(),
            "eventName": self.name, "awsRegion": self.region, "sourceIPAddress": "127.0.0.1", "requestParameters": self.parameters(),
            "responseElements": null, "requestID": self.request_id, "eventID": self.id(), "readOnly": false, "eventType": "AwsApiCall",
            "managementEvent": true, "recipientAccountId": self.caller.account, "eventCategory": "Management",
        });
        let (Value::Object(fields), outcome) = (&mut record, &self.outcome) else { return record };
        match outcome {
            Ok(answer) => drop(fields.insert("responseElements".to_owned(), self.written(answer))),
            Err((code, message)) => {
                fields.insert("errorCode".to_owned(), (*code).into());
                fields.insert("errorMessage".to_owned(), message.as_str().into());
            }
        }
        record
    }

    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
    fn identity(&self) -> Value {
        let Caller { account, session } = &self.caller;
        let arn = self.caller.arn();
        match session {
            Some((role, _)) if role == ROOT_SESSION => {
                json!({ "type": "Root", "principalId": account, "arn": format!("arn:aws:iam::{account}:root"), "accountId": account })
            }
            Some((role, session)) => json!({
                "type": "AssumedRole", "principalId": format!("AROA{account}:{session}"), "arn": arn, "accountId": account,
                "accessKeyId": self.key,
                "sessionContext": { "sessionIssuer": {
                    "type": "Role", "principalId": format!("AROA{account}"), "arn": format!("arn:aws:iam::{account}:role/{role}"),
                    "accountId": account, "userName": role,
                } },
            }),
            None => json!({
                "type": "IAMUser", "principalId": format!("AIDA{account}"), "arn": arn, "accountId": account, "accessKeyId": self.key,
                "userName": self.username(),
            }),
        }
    }

    fn parameters(&self) -> Value {
        let Value::Object(fields) = self.written(&self.input) else { return Value::Null };
        let spoken = |name: &str| self.service != Service::Account || ["accountId", "alternateContactType", "regionName"].contains(&name);
        fields
            .into_iter()
            .map(|(name, value)| if spoken(&name) { (name, value) } else { (name, HIDDEN.into()) })
            .collect::<Map<_, _>>()
            .into()
    }

    /// Request and response in CloudTrail's form: names begin with a small letter, and EC2's lists are `items`.
    fn written(&self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (uncapitalized(name), self.written(value))).collect::<Map<_, _>>().into()
            }
            Value::Array(items) => {
                let items: Value = items.iter().map(|item| self.written(item)).collect();
                if self.service == Service::Ec2 { json!({ "items": items }) } else { items }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }
}

fn uncapitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// The ids of EC2 and the ARNs in a value.
fn ids<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) if is_id(text) => drop(found.insert(text)),
        Value::Object(fields) => fields.values().for_each(|value| ids(value, found)),
        Value::Array(items) => items.iter().for_each(|value| ids(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `vpc-0123456789abcdef0`, or an ARN.
fn is_id(text: &str) -> bool {
    let ends_in_digits = |(kind, digits): (&str, &str)| {
        !kind.is_empty() && digits.len() >= 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit() && !digit.is_ascii_uppercase())
    };
    text.starts_with("arn:") || text.rsplit_once('-').is_some_and(ends_in_digits)
}

fn resource_type(id: &str) -> &'static str {
    match id.rsplit_once('-').map_or("", |(kind, _)| kind) {
        "vpc" => "AWS::EC2::VPC",
        "subnet" => "AWS::EC2::Subnet",
        "rtb" => "AWS::EC2::RouteTable",
        "igw" => "AWS::EC2::InternetGateway",
        "nat" => "AWS::EC2::NatGateway",
        "sg" => "AWS::EC2::SecurityGroup",
        "eipalloc" => "AWS::EC2::EIP",
        "vpce" => "AWS::EC2::VPCEndpoint",
        "fl" => "AWS::EC2::FlowLog",
        _ if id.starts_with("arn:") => "AWS::RAM::ResourceShare",
        _ => "AWS::EC2::Resource",
    }
}
