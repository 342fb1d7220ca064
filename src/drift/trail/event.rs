//! A CloudTrail event, reduced to the fields that matter here.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use serde::Deserialize;
use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(rename = "eventID")]
    pub id: String,
    /// `DetachPolicy`.
    #[serde(rename = "eventName")]
    pub name: String,
    /// `organizations.amazonaws.com`.
    #[serde(rename = "eventSource")]
    pub source: String,
    /// RFC 3339, in UTC, to the second: times of one length, so that text compares as time does.
    #[serde(rename = "eventTime")]
    pub time: String,
    #[serde(default)]
    pub read_only: Option<bool>,
    /// The refusal, of a request that had no effect.
    #[serde(default)]
    pub error_code: Option<String>,
    #[serde(default)]
    pub user_identity: Identity,
    #[serde(rename = "sourceIPAddress", default)]
    pub source_ip: Option<String>,
    #[serde(default)]
    pub request_parameters: Value,
    #[serde(default)]
    pub response_elements: Value,
}

/// The caller. <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Identity {
    /// `AssumedRole`, `IAMUser`, `Root`, `AWSService`, …
    #[serde(rename = "type")]
    pub kind: String,
    pub arn: Option<String>,
    pub account_id: Option<String>,
    pub user_name: Option<String>,
    /// The calling service, for itself or on behalf of somebody.
    pub invoked_by: Option<String>,
    pub principal_id: Option<String>,
}

impl Event {
    /// From a text of LookupEvents; `None` if it is not an event in the documented form.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether it is a call of that operation, as `service:Operation`, that changed something.
    pub fn is(&self, operation: &str) -> bool {
        let named = operation.split_once(':').is_some_and(|(service, name)| {
            name == self.name && self.source.split('.').next() == Some(service) && self.source.ends_with(".amazonaws.com")
        });
        named && self.read_only != Some(true) && self.error_code.is_none()
    }

    /// Whether the request has that text as a value, at any depth: each operation names its subject in a way of its own.
    pub fn names(&self, text: &str) -> bool {
        texts(&self.request_parameters).any(|value| value == text)
    }

    /// Whether the request sets a parameter, or does not say what it sets.
    pub fn sets(&self, parameter: &str) -> bool {
        self.request_parameters.as_object().is_none_or(|parameters| parameters.contains_key(parameter))
    }

    /// The texts in the response, including the ids of created resources.
    pub fn answered(&self) -> impl Iterator<Item = &str> {
        texts(&self.response_elements)
    }

    /// The texts in the request.
    pub fn asked(&self) -> impl Iterator<Item = &str> {
        texts(&self.request_parameters)
    }
}

/// All texts in a value.
fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        Value::Object(fields) => Box::new(fields.values().flat_map(texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Box::new(std::iter::empty()),
    }
}
