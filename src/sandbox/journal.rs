//! The journal: every request that reached the sandbox, in order, so that tests can check them afterwards.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::protocol::Protocol;
use super::wire::Call;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// World time at which it was decided, in milliseconds since 1970.
    pub time_ms: u64,
    /// The 12-digit account of the caller.
    pub account: String,
    /// The request's Region, from the signature.
    pub region: String,
    /// `organizations:CreateAccount`.
    pub operation: String,
    /// Whether the operation can change the world.
    pub effect: Effect,
    /// What came of it.
    pub outcome: RequestOutcome,
    /// What a write was asked to do: its parameters that are text, as the API names them, documents and descriptions left out; who is invited
    /// by the id or e-mail.
    pub parameters: BTreeMap<String, String>,
}

/// Whether an operation can change the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It only reads.
    Read,
    /// It writes.
    Write,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestOutcome {
    /// Done and answered.
    Ok,
    /// Refused, with AWS's code.
    Refused(String),
    /// Done, and the answer was lost.
    Lost,
    /// The connection broke before anything was done.
    Disconnected,
}

impl Entry {
    /// Whether the request took effect, answered or not.
    pub fn took_effect(&self) -> bool {
        match &self.outcome {
            RequestOutcome::Ok | RequestOutcome::Lost => true,
            RequestOutcome::Refused(_) | RequestOutcome::Disconnected => false,
        }
    }
}

const TOO_LONG: [&str; 2] = ["Content", "Description"];

pub(super) fn parameters(call: &Call, effect: Effect) -> BTreeMap<String, String> {
    let (Effect::Write, Ok(Value::Object(input))) = (effect, &call.input) else {
        return BTreeMap::new();
    };
    let short = input.iter().filter(|(key, _)| !TOO_LONG.contains(&key.as_str()));
    // In a form, numbers and flags are text too.
    let is_form = matches!(call.service.model().protocol, Protocol::Query | Protocol::Ec2);
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) if is_form => Some(value.to_string()),
        other => other.get("Id")?.as_str().map(str::to_owned),
    };
    short.filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
}
