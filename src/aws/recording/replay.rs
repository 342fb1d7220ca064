//! The transport that answers from a recording.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::exchange::{Asked, Exchange};
use super::{DESIRED, EXCHANGES, FORMAT};
use crate::aws::operations::{self, Scope};
use crate::aws::rate_limiter::lock;
use crate::aws::wire::account_in_key;
use crate::files;

/// Parameters that differ from run to run: tokens, and the time that events are looked up in.
const OF_THE_RUN: [&str; 7] = ["ClientToken", "clientToken", "ExternalId", "RoleSessionName", "StartTime", "EndTime", "DurationSeconds"];

/// A recording that can be answered from. Cheap to clone.
///
/// Requests are told apart by service, operation, account, Region and parameters. The answers to one request come in the order in which
/// AWS gave them; behind the last one, that one again.
#[derive(Debug, Clone)]
pub struct Replay {
    answers: Arc<Mutex<HashMap<String, VecDeque<Exchange>>>>,
    exchanges: Arc<Vec<Exchange>>,
    desired: Arc<Option<Value>>,
}

/// Why a recording cannot be read.
#[derive(Debug)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl Replay {
    /// Reads a recording.
    ///
    /// # Errors
    /// It cannot be read, or is of another version.
    pub fn open(folder: &Path) -> Result<Self, Unreadable> {
        let read = |name: &str| {
            let path = folder.join(name);
            files::read_text(&path, files::SAVED_PLAN)
                .map_err(|e| Unreadable(format!("the recording `{}` cannot be read: {e}", path.display())))
        };
        let text = read(EXCHANGES)?;
        let broken = |line: usize, e: &dyn fmt::Display| Unreadable(format!("{EXCHANGES}, line {line}: {e}"));
        let mut lines = text.lines();
        let header: Value = serde_json::from_str(lines.next().unwrap_or_default()).map_err(|e| broken(1, &e))?;
        check_version(&header)?;
        let exchanges = lines.enumerate().map(|(n, line)| serde_json::from_str(line).map_err(|e| broken(n + 2, &e)));
        let exchanges: Vec<Exchange> = exchanges.collect::<Result<_, _>>()?;
        let desired = match folder.join(DESIRED).exists() {
            true => {
                let mut desired: Value = serde_json::from_str(&read(DESIRED)?).map_err(|e| Unreadable(format!("{DESIRED}: {e}")))?;
                check_version(&desired)?;
                desired.get_mut("desired").map(Value::take)
            }
            false => None,
        };
        Ok(Self::of(exchanges, desired))
    }

    /// A recording of these requests and answers.
    pub fn of(exchanges: Vec<Exchange>, desired: Option<Value>) -> Self {
        let mut answers: HashMap<String, VecDeque<Exchange>> = HashMap::new();
        // Where no answer came, another request was sent.
        for exchange in exchanges.iter().filter(|exchange| exchange.status.is_some()) {
            answers.entry(key(exchange)).or_default().push_back(exchange.clone());
        }
        Self { answers: Arc::new(Mutex::new(answers)), exchanges: Arc::new(exchanges), desired: Arc::new(desired) }
    }

    /// What the configuration asked for, as a saved plan has it; `None` where there was none, as for `import`.
    pub fn desired(&self) -> Option<&Value> {
        self.desired.as_ref().as_ref()
    }

    /// Every request with its answer.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// The HTTP client to give to a request gate.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    pub(super) fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let asked = Asked::of(request);
        let account = asked.access_key.as_deref().and_then(account_in_key).map(str::to_owned);
        let (service, operation, region) = (asked.service.clone(), asked.operation.clone(), asked.region.clone());
        let sought =
            Exchange { parameters: asked.plain(), service, operation, account, region, status: None, code: None, json: None, xml: None };
        let mut answers = lock(&self.answers);
        let found = answers.get_mut(&key(&sought)).and_then(|queue| match queue.len() {
            0 | 1 => queue.front().cloned(),
            _ => queue.pop_front(),
        });
        found.ok_or_else(|| lacking(&sought)).and_then(|exchange| response(&exchange))
    }
}

fn check_version(header: &Value) -> Result<(), Unreadable> {
    match header.get("recording").and_then(Value::as_u64) {
        Some(version) if version == u64::from(FORMAT) => Ok(()),
        Some(version) => Err(Unreadable(format!("the recording is of version {version}; this overlord reads version {FORMAT}"))),
        None => Err(Unreadable(format!("no recording: {EXCHANGES} does not begin as one"))),
    }
}

fn lacking(sought: &Exchange) -> ConnectorError {
    let Exchange { service, operation, account, region, parameters, .. } = sought;
    let (account, region) = (account.as_deref().unwrap_or("?"), region.as_deref().unwrap_or("?"));
    let message = format!("the recording has no answer to {service}:{operation} of account {account} in {region} with {parameters}");
    ConnectorError::user(message.into())
}

fn response(exchange: &Exchange) -> Result<HttpResponse, ConnectorError> {
    let (kind, body) = match (&exchange.json, &exchange.xml) {
        (Some(json), _) => ("application/x-amz-json-1.1", json.to_string()),
        (None, Some(xml)) => ("text/xml", xml.clone()),
        (None, None) => ("text/plain", String::new()),
    };
    let mut builder = http::Response::builder().status(exchange.status.unwrap_or(500)).header("content-type", kind);
    if let (Some(code), Some(_)) = (&exchange.code, &exchange.json) {
        builder = builder.header("x-amzn-errortype", code);
    }
    let response = builder.body(SdkBody::from(body)).map_err(|e| ConnectorError::user(e.into()))?;
    response.try_into().map_err(|e: aws_smithy_runtime_api::http::HttpError| ConnectorError::user(e.into()))
}

/// What a request is known by. Lists of parameters may be in another order, since ids that are made up sort otherwise.
fn key(exchange: &Exchange) -> String {
    let Exchange { service, operation, account, region, parameters, .. } = exchange;
    // Sessions are asked for in the base Region, which depends on the machine.
    let regional = operations::lookup(service, operation).is_some_and(|o| o.scope == Scope::Regional) && service != "sts";
    let region = region.as_deref().filter(|_| regional).unwrap_or_default();
    let mut leaves = Vec::new();
    flatten("", parameters, &mut leaves);
    leaves.sort();
    format!("{service}:{operation} {} {region} {leaves:?}", account.as_deref().unwrap_or_default())
}

fn flatten(path: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !OF_THE_RUN.contains(&name.as_str())) {
                let name: Vec<&str> = name.split('.').filter(|part| !part.bytes().all(|b| b.is_ascii_digit())).collect();
                flatten(&format!("{path}.{}", name.join(".")), value, leaves);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(path, item, leaves)),
        Value::String(text) => leaves.push((path.to_owned(), text.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) => leaves.push((path.to_owned(), value.to_string())),
    }
}

impl HttpClient for Replay {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}
