//! AWS's protocols, interpreted from AWS's models: HTTP requests become values that fit their shape, and values become HTTP answers.
//!
//! A value calls a member of the body as it is called on the wire, and any other member as the model calls it. Nothing here knows a service.

mod check;
mod form;
mod json;
mod model;
mod rest;
#[cfg(test)]
mod tests;
mod xml;

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

pub(super) use check::{Problem, ProblemKind};
pub(super) use model::{Model, Protocol};
pub(super) use xml::escaped;

use form::Node;
use model::Operation;

/// Why a request cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// Its body is not JSON, or not XML.
    Body(String),
    /// It does not fit the shape of the operation.
    Problem(Problem),
}

impl From<Problem> for Malformed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// An error, as a service answers it.
pub(super) struct Failure<'a> {
    pub code: &'a str,
    pub message: &'a str,
    /// Members beside the message.
    pub reason: Option<&'a str>,
    pub status: u16,
}

impl Model {
    /// The operation that a request names, and its input.
    pub(super) fn read(&self, request: &Request<Bytes>) -> (String, Result<Value, Malformed>) {
        match self.protocol {
            Protocol::Json => {
                let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
                let name = target.rsplit('.').next().unwrap_or_default().to_owned();
                let input = self.operation(&name).map_or(Ok(Value::Null), |operation| self.checked(operation, json_body(request.body())?));
                (name, input)
            }
            Protocol::Query | Protocol::Ec2 => self.read_form(request),
            Protocol::RestJson | Protocol::RestXml => match self.route(request) {
                Some((name, operation, path)) => (name.to_owned(), self.read_rest(operation, request, path)),
                None => (rest::name_of_path(request.uri().path()), Ok(Value::Null)),
            },
        }
    }

    fn read_form(&self, request: &Request<Bytes>) -> (String, Result<Value, Malformed>) {
        let mut pairs = form::parameters(request);
        let action = pairs.iter().find(|(name, _)| name == "Action").map(|(_, action)| action.clone()).unwrap_or_default();
        // The signature of a GET is a part of its query.
        pairs.retain(|(name, _)| !["Action", "Version"].contains(&name.as_str()) && !name.starts_with("X-Amz-"));
        let Some(operation) = self.operation(&action) else { return (action, Ok(Value::Null)) };
        let input = match self.structure(operation.input.as_ref()) {
            Some(structure) => self.of_form(structure, Node::of(pairs)).map_err(Malformed::from),
            None => Ok(Value::Null),
        };
        (action, input.and_then(|input| self.checked(operation, input)))
    }

    fn checked(&self, operation: &Operation, input: Value) -> Result<Value, Malformed> {
        match self.structure(operation.input.as_ref()) {
            Some(_) if !input.is_object() => Err(Malformed::Body("the body is not a JSON object".to_owned())),
            Some(structure) => {
                self.check(structure, &input)?;
                Ok(input)
            }
            None => Ok(input),
        }
    }

    /// The status of a success.
    pub(super) fn status(&self, operation: &str) -> u16 {
        self.operation(operation).map_or(200, |operation| operation.status)
    }

    /// The body of a success.
    pub(super) fn write(&self, name: &str, value: &Value, request_id: &str) -> String {
        let operation = self.operation(name);
        let output = operation.and_then(|operation| operation.output.as_ref());
        let structure = self.structure(output);
        let mut out = String::with_capacity(256);
        match self.protocol {
            Protocol::Json | Protocol::RestJson if value.is_null() => {}
            Protocol::Json | Protocol::RestJson => self.write_object(&mut out, structure, value),
            Protocol::Query => {
                out.push_str(&format!("<{name}Response xmlns=\"{}\">", self.namespace));
                // An operation that answers nothing has no result.
                if !value.is_null() {
                    out.push_str(&format!("<{name}Result>"));
                    self.write_members(&mut out, structure, value);
                    out.push_str(&format!("</{name}Result>"));
                }
                out.push_str(&format!("<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"));
            }
            Protocol::Ec2 => {
                out.push_str(&format!("<{name}Response xmlns=\"{}/\"><requestId>{request_id}</requestId>", self.namespace));
                self.write_members(&mut out, structure, value);
                out.push_str(&format!("</{name}Response>"));
            }
            Protocol::RestXml => self.write_rest_xml(&mut out, name, structure, value),
        }
        out
    }

    /// The body of a refusal.
    pub(super) fn write_failure(&self, failure: &Failure<'_>, request_id: &str) -> String {
        let Failure { code, message, reason, status: _ } = failure;
        match self.protocol {
            Protocol::Json | Protocol::RestJson => {
                let mut body = Map::new();
                let default = if self.protocol == Protocol::Json { "Message" } else { "message" };
                let member = self.error(code).map_or(default, |error| error.message.as_str());
                body.insert(member.to_owned(), (*message).into());
                if self.protocol == Protocol::Json {
                    body.insert("__type".to_owned(), (*code).into());
                }
                if let Some(reason) = reason {
                    body.insert("Reason".to_owned(), (*reason).into());
                }
                json!(body).to_string()
            }
            Protocol::Query | Protocol::RestXml => xml_failure(&self.namespace, failure, request_id),
            Protocol::Ec2 => format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>",
                escaped(message)
            ),
        }
    }

    pub(super) fn content_type(&self) -> &'static str {
        match self.protocol {
            Protocol::Json => "application/x-amz-json-1.1",
            Protocol::RestJson => "application/json",
            Protocol::Query | Protocol::Ec2 | Protocol::RestXml => "text/xml",
        }
    }
}

/// The body of a refusal in the query protocol, and in REST-XML.
pub(super) fn xml_failure(namespace: &str, failure: &Failure<'_>, request_id: &str) -> String {
    let kind = if failure.status >= 500 { "Receiver" } else { "Sender" };
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        failure.code,
        escaped(failure.message)
    )
}

fn json_body(body: &Bytes) -> Result<Value, Malformed> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|error| Malformed::Body(format!("the body is not JSON: {error}")))
}
