//! One request and its answer: as they were, and as a line of a recording.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::members::{self, Place};
use super::tokens::{Names, is_account};
use super::xml::Element;
use crate::aws::interceptors::Ticket;
use crate::aws::operations;
use crate::aws::wire::{Answer, Facts};

/// How long recorded credentials are good for: a replay may be years later.
const NEVER: &str = "2099-01-01T00:00:00Z";

/// A line of a recording. Nothing in it is as AWS said it: ids, e-mail addresses, keys and what people wrote are made up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// `organizations`.
    pub service: String,
    /// `ListAccounts`.
    pub operation: String,
    /// Whose credentials signed the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The Region of the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What was asked, by name; of a form, with dots in the names. Null where overlord cannot scrub it.
    pub parameters: Value,
    /// The HTTP status; absent where no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// AWS's error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The answer's body, of a service that speaks JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// The answer's body, of a service that speaks XML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xml: Option<String>,
}

/// A request, as it was sent.
#[derive(Debug)]
pub(super) struct Asked {
    pub service: String,
    pub operation: String,
    pub access_key: Option<String>,
    pub region: Option<String>,
    pub parameters: Option<Parameters>,
}

/// What was asked, in the form of the service.
#[derive(Debug)]
pub(super) enum Parameters {
    Json(Value),
    Form(Vec<(String, String)>),
}

impl Asked {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let mut facts = Facts::of(request);
        if let Some(ticket) = request.extension::<Ticket>() {
            facts.service.clone_from(&ticket.service);
            facts.operation.clone_from(&ticket.operation);
        }
        let Facts { service, operation, access_key, region, attempt: _ } = facts;
        Self { service, operation, access_key, region, parameters: parameters(request) }
    }

    /// Only what the table has, and what is signed: the credential chain's requests have secrets in them.
    pub(super) fn is_recorded(&self) -> bool {
        self.access_key.is_some() && operations::lookup(&self.service, &self.operation).is_some()
    }

    /// The account of the role, or of the root user, whose credentials are asked for.
    pub(super) fn target(&self) -> Option<String> {
        let Some(Parameters::Form(form)) = &self.parameters else { return None };
        let named = form.iter().find(|(name, _)| name == "RoleArn" || name == "TargetPrincipal")?;
        named.1.split(':').find(|part| is_account(part)).map(str::to_owned)
    }

    /// What was asked, scrubbed.
    pub(super) fn scrubbed(&self, names: &mut Names) -> Value {
        let place = Place { operation: &self.operation, service: &self.service, member: "" };
        match &self.parameters {
            Some(Parameters::Json(value)) => members::json(value, place, names),
            Some(Parameters::Form(form)) => members::form(form, place, names),
            None => Value::Null,
        }
    }

    /// What was asked, as it is.
    pub(super) fn plain(&self) -> Value {
        match &self.parameters {
            Some(Parameters::Json(value)) => value.clone(),
            Some(Parameters::Form(form)) => form.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect(),
            None => Value::Null,
        }
    }
}

fn parameters(request: &HttpRequest) -> Option<Parameters> {
    if request.uri().contains('?') {
        return None;
    }
    let body = std::str::from_utf8(request.body().bytes()?).ok()?;
    let is_form = request.headers().get("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    match is_form {
        true => form(body).map(Parameters::Form),
        false if body.is_empty() => Some(Parameters::Json(Value::Object(serde_json::Map::new()))),
        false => serde_json::from_str(body).ok().filter(Value::is_object).map(Parameters::Json),
    }
}

/// A form without what names the operation.
fn form(body: &str) -> Option<Vec<(String, String)>> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    let pairs = body.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, text) = pair.split_once('=')?;
        Some((decoded(name)?, decoded(text)?))
    });
    let pairs: Option<Vec<_>> = pairs.collect();
    Some(pairs?.into_iter().filter(|(name, _)| name != "Action" && name != "Version").collect())
}

/// An answer's body.
#[derive(Debug)]
pub(super) enum Body {
    Nothing,
    Json(Value),
    Xml(Element),
    Unknown,
}

impl Body {
    pub(super) fn of(response: &HttpResponse) -> Self {
        let Some(bytes) = response.body().bytes() else { return Self::Unknown };
        if bytes.is_empty() {
            return Self::Nothing;
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return Self::Unknown };
        if let Ok(value) = serde_json::from_str::<Value>(text)
            && value.is_object()
        {
            return Self::Json(value);
        }
        Element::parse(text).map_or(Self::Unknown, Self::Xml)
    }

    /// The text of the first element of that name.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        fn find(element: &Element, name: &str) -> Option<String> {
            (element.name == name).then(|| element.text.clone()).or_else(|| element.children.iter().find_map(|child| find(child, name)))
        }
        match self {
            Self::Xml(element) => find(element, name),
            Self::Nothing | Self::Json(_) | Self::Unknown => None,
        }
    }
}

/// The line of a request and its answer.
pub(super) fn scrub(asked: &Asked, account: Option<&str>, answer: Option<&Answer>, body: Option<&Body>, names: &mut Names) -> Exchange {
    let place = Place { operation: &asked.operation, service: &asked.service, member: "" };
    let (json, xml) = match body {
        Some(Body::Json(value)) => (Some(members::json(value, place, names)), None),
        Some(Body::Xml(element)) => {
            let mut element = members::xml(element, place, names);
            if asked.service == "sts" {
                let target = asked.target().map(|target| names.text(&target));
                credentials(&mut element, target.as_deref());
            }
            (None, Some(element.render()))
        }
        Some(Body::Nothing | Body::Unknown) | None => (None, None),
    };
    Exchange {
        service: asked.service.clone(),
        operation: asked.operation.clone(),
        account: account.map(|account| names.text(account)),
        region: asked.region.clone(),
        parameters: asked.scrubbed(names),
        status: answer.map(|answer| answer.status),
        code: answer.and_then(|answer| answer.code.clone()),
        json,
        xml,
    }
}

/// Credentials of a replay: the key tells the account, as a key of the sandbox does, and they never expire.
fn credentials(element: &mut Element, target: Option<&str>) {
    match (element.name.as_str(), target) {
        ("AccessKeyId", Some(account)) => element.text = format!("ASIA{account}RECORDED"),
        ("Expiration", _) => NEVER.clone_into(&mut element.text),
        _ => element.children.iter_mut().for_each(|child| credentials(child, target)),
    }
}
