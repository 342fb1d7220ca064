//! A recording beside another AWS that is asked the same: which members of the answers only one of them has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use serde_json::Value;

use super::exchange::{Asked, Body};
use super::xml::Element;
use super::{Replay, whole};
use crate::aws::rate_limiter::lock;

/// A transport that answers from a recording, and asks another AWS the same. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Beside {
    replay: Replay,
    other: SharedHttpClient,
    shapes: Arc<Mutex<BTreeMap<String, Shapes>>>,
}

/// The members of all answers to one operation.
#[derive(Debug, Default)]
struct Shapes {
    recorded: BTreeSet<String>,
    other: BTreeSet<String>,
}

/// A member that only one side has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// `organizations:ListAccounts`.
    pub call: String,
    /// `Accounts[].Paths[]`, or `status 200`.
    pub member: String,
    /// Whether the recording has it.
    pub is_recorded: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, member, is_recorded } = self;
        match is_recorded {
            true => write!(f, "{call}: the recording has `{member}`, the sandbox has not"),
            false => write!(f, "{call}: the sandbox has `{member}`, the recording has not"),
        }
    }
}

impl Beside {
    /// The recording, beside that AWS.
    pub fn new(replay: Replay, other: SharedHttpClient) -> Self {
        Self { replay, other, shapes: Arc::default() }
    }

    /// The HTTP client to give to a request gate.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// What differs in all that was asked so far. A member counts where any answer to the operation has it.
    pub fn differences(&self) -> Vec<Difference> {
        let shapes = lock(&self.shapes);
        let differences = shapes.iter().flat_map(|(call, Shapes { recorded, other })| {
            let only = |members: &BTreeSet<String>, than: &BTreeSet<String>, is_recorded| {
                let only = members.difference(than).filter(|member| parent_is_in(member, than));
                only.map(|member| Difference { call: call.clone(), member: member.clone(), is_recorded }).collect::<Vec<_>>()
            };
            [only(recorded, other, true), only(other, recorded, false)].concat()
        });
        differences.collect()
    }

    fn note(&self, call: &str, recorded: &HttpResponse, other: &HttpResponse) {
        let mut shapes = lock(&self.shapes);
        let Shapes { recorded: one, other: two } = shapes.entry(call.to_owned()).or_default();
        one.extend(shape(recorded));
        two.extend(shape(other));
    }
}

/// Of a member that is not there, what it would hold is not told as well; nor where a list is empty.
fn parent_is_in(member: &str, members: &BTreeSet<String>) -> bool {
    let parent = member.rsplit_once('.').map(|(parent, _)| parent);
    parent.is_none_or(|parent| members.contains(parent))
}

fn shape(response: &HttpResponse) -> BTreeSet<String> {
    let mut found = BTreeSet::from([format!("status {}", response.status().as_u16())]);
    match Body::of(response) {
        Body::Json(value) => json(&value, "", &mut found),
        Body::Xml(element) => element.children.iter().for_each(|child| xml(child, "", &mut found)),
        Body::Nothing | Body::Unknown => {}
    }
    found
}

fn json(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                found.insert(path.clone());
                json(value, &path, found);
            }
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            for item in items {
                found.insert(path.clone());
                json(item, &path, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn xml(element: &Element, path: &str, found: &mut BTreeSet<String>) {
    let path = if path.is_empty() { element.name.clone() } else { format!("{path}.{}", element.name) };
    element.children.iter().for_each(|child| xml(child, &path, found));
    found.insert(path);
}

impl HttpClient for Beside {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Both { beside: self.clone(), other: self.other.http_connector(settings, components) })
    }
}

#[derive(Debug)]
struct Both {
    beside: Beside,
    other: SharedHttpConnector,
}

impl HttpConnector for Both {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (beside, other) = (self.beside.clone(), self.other.clone());
        HttpConnectorFuture::new(async move {
            let asked = Asked::of(&request);
            let recorded = beside.replay.answer(&request)?;
            // Credentials of the recording are good for the sandbox too: its keys tell their account.
            if let Ok(other) = whole(other.call(request).await).await {
                beside.note(&format!("{}:{}", asked.service, asked.operation), &recorded, &other);
            }
            Ok(recorded)
        })
    }
}
