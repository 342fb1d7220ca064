//! The wire format: determines the service, operation and caller of an HTTP request, and encodes answers in the service's protocol.
//!
//! Organizations, CloudTrail, Config and the Tagging API use awsJson 1.1, Account Management restJson1, STS and IAM the query protocol, and
//! EC2 its own variant of it. The credential scope of the signature names the service, so that a client of `sandbox serve` may use any host
//! name.

use std::fmt::Write;

use aws_smithy_types::date_time::{DateTime, Format};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{ec2, ram};

/// A request as the SDK sent it.
pub type Request = http::Request<Bytes>;

/// What comes of a request.
#[derive(Debug)]
pub enum Answer {
    /// The service answered, with a result or a refusal.
    Response(Response<Bytes>),
    /// The connection broke without an answer.
    Broken,
}

/// A service of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    Organizations,
    Sts,
    Account,
    Ec2,
    Ram,
    Iam,
    CloudTrail,
    Config,
    Tagging,
}

impl Service {
    fn named(name: &str) -> Option<Self> {
        match name {
            "organizations" => Some(Self::Organizations),
            "sts" => Some(Self::Sts),
            "account" => Some(Self::Account),
            "ec2" => Some(Self::Ec2),
            "ram" => Some(Self::Ram),
            "iam" => Some(Self::Iam),
            "cloudtrail" => Some(Self::CloudTrail),
            "config" => Some(Self::Config),
            "tagging" => Some(Self::Tagging),
            _ => None,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::Sts => "sts",
            Self::Account => "account",
            Self::Ec2 => "ec2",
            Self::Ram => "ram",
            Self::Iam => "iam",
            Self::CloudTrail => "cloudtrail",
            Self::Config => "config",
            // The prefix of its actions; the name in its signatures is another one.
            Self::Tagging => "tag",
        }
    }
}

/// The code of the sandbox's own refusal.
const NOT_SERVED: &str = "NotServedBySandbox";

/// A refusal in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: &'static str,
    pub message: String,
    pub reason: Option<&'static str>,
    pub status: StatusCode,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reason: None, status: StatusCode::BAD_REQUEST }
    }

    pub(super) fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// An operation that the sandbox does not have, or a request that names none.
    pub(super) fn not_served(operation: &str) -> Self {
        if operation.ends_with(':') {
            return Self::new("MissingAction", "The request must contain the parameter Action or the header X-Amz-Target.");
        }
        Self::new(NOT_SERVED, format!("the sandbox does not serve `{operation}`")).status(StatusCode::NOT_IMPLEMENTED)
    }

    pub(super) fn internal(service: Service) -> Self {
        let code = match service {
            Service::Organizations => "ServiceException",
            Service::Sts | Service::CloudTrail | Service::Config => "InternalFailure",
            Service::Tagging => "InternalServiceException",
            Service::Account => "InternalServerException",
            Service::Ec2 => "InternalError",
            Service::Ram => "ServerInternalException",
            Service::Iam => "ServiceFailure",
        };
        Self::new(code, "the weather made an internal error; the request had no effect").status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(super) fn throttled(service: Service) -> Self {
        let (code, status) = match service {
            Service::Organizations => ("TooManyRequestsException", StatusCode::BAD_REQUEST),
            Service::Sts | Service::Iam => ("Throttling", StatusCode::BAD_REQUEST),
            Service::Account => ("TooManyRequestsException", StatusCode::TOO_MANY_REQUESTS),
            Service::Ec2 => ("RequestLimitExceeded", StatusCode::SERVICE_UNAVAILABLE),
            Service::Ram => ("ThrottlingException", StatusCode::TOO_MANY_REQUESTS),
            Service::CloudTrail | Service::Config => ("ThrottlingException", StatusCode::BAD_REQUEST),
            Service::Tagging => ("ThrottledException", StatusCode::BAD_REQUEST),
        };
        Self::new(code, "You have sent too many requests in too short a period of time. Try again later.").status(status)
    }
}

/// What a service answers: a JSON object, which for STS (one level) and EC2 becomes XML.
pub(super) type Outcome = Result<Value, Refusal>;

/// A request, understood.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub service: Service,
    pub operation: String,
    /// The access key id of the signature; empty when there is none.
    pub key: String,
    /// The Region of the signature; empty when there is none.
    pub region: String,
    pub input: Result<Value, Refusal>,
}

impl Call {
    /// Reads a request. An unknown service comes back as its name.
    pub(super) fn read(request: &Request) -> Result<Self, String> {
        let scope = Scope::of(request.headers());
        let name = scope.service.unwrap_or_else(|| host_service(request));
        let service = Service::named(&name).ok_or(name)?;
        let (operation, input) = match service {
            Service::Organizations | Service::CloudTrail | Service::Config | Service::Tagging => {
                let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
                (target.rsplit('.').next().unwrap_or_default().to_owned(), json_body(request.body()))
            }
            Service::Account => {
                let path = request.uri().path().trim_start_matches('/');
                let mut letters = path.chars();
                let operation = letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
                (operation, json_body(request.body()))
            }
            Service::Ram => {
                let operation = ram::operation(request.uri().path());
                // DeleteResourceShare has its parameters in the query.
                let query = request.uri().query().map(|query| form_body(&Bytes::copy_from_slice(query.as_bytes()))).unwrap_or_default();
                let input = if query.is_empty() { json_body(request.body()) } else { Ok(Value::Object(query)) };
                (operation, input)
            }
            Service::Sts | Service::Iam => {
                let form = form(request);
                let action = form.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
                (action, Ok(Value::Object(form)))
            }
            Service::Ec2 => {
                let form = form(request);
                let action = form.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
                (action, Ok(ec2::tree(&form)))
            }
        };
        Ok(Self { service, operation, key: scope.key, region: scope.region, input })
    }

    /// `organizations:CreateAccount`.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.service.as_str(), self.operation)
    }
}

/// The parts of the signature with the caller and the service.
struct Scope {
    key: String,
    region: String,
    service: Option<String>,
}

impl Scope {
    /// Of `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, …`.
    fn of(headers: &HeaderMap) -> Self {
        let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let credential = text.split_once("Credential=").map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default());
        let mut parts = credential.unwrap_or_default().split('/');
        let key = parts.next().unwrap_or_default().to_owned();
        let region = parts.nth(1).unwrap_or_default().to_owned();
        Self { key, region, service: parts.next().map(str::to_owned) }
    }
}

fn host_service(request: &Request) -> String {
    let header = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let host = request.uri().host().or(header).unwrap_or_default();
    host.split(['.', ':']).next().unwrap_or_default().to_owned()
}

fn json_body(body: &Bytes) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|error| Refusal::new("SerializationException", format!("the body is not JSON: {error}")))
}

/// The parameters of a request of the query protocols: those of a GET are in the URL.
fn form(request: &Request) -> Map<String, Value> {
    match request.uri().query() {
        Some(query) if request.body().is_empty() => form_body(&Bytes::copy_from_slice(query.as_bytes())),
        _ => form_body(request.body()),
    }
}

fn form_body(body: &Bytes) -> Map<String, Value> {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (form_decode(key), Value::String(form_decode(value)))).collect()
}

fn form_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16)).unwrap_or_default();
                let high = digit();
                bytes.push((high * 16 + digit()) as u8);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Puts an outcome into the service's protocol. The answer has the world's time (ms), as AWS's have AWS's.
pub(super) fn respond(call: &Call, outcome: &Outcome, request_id: &str, now_ms: u64) -> Answer {
    let (status, body) = match (call.service, outcome) {
        (Service::Sts | Service::Iam, Ok(value)) => (StatusCode::OK, xml_result(call, value, request_id)),
        (Service::Sts | Service::Iam, Err(refusal)) => (refusal.status, xml_error(namespace(call.service), refusal, request_id)),
        (Service::Ec2, Ok(value)) => (StatusCode::OK, ec2::result(&call.operation, value, request_id)),
        (Service::Ec2, Err(refusal)) => (refusal.status, ec2::error(refusal, request_id)),
        (Service::Organizations | Service::Account | Service::Ram | Service::CloudTrail | Service::Config | Service::Tagging, outcome) => {
            match outcome {
                Ok(Value::Null) => (StatusCode::OK, String::new()),
                Ok(value) => (StatusCode::OK, without_nulls(value).to_string()),
                Err(refusal) => (refusal.status, json_error(call.service, refusal)),
            }
        }
    };
    let content_type = match call.service {
        Service::Organizations | Service::CloudTrail | Service::Config | Service::Tagging => "application/x-amz-json-1.1",
        Service::Sts | Service::Ec2 | Service::Iam => "text/xml",
        Service::Account | Service::Ram => "application/json",
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    let date = DateTime::from_secs((now_ms / 1000) as i64).fmt(Format::HttpDate);
    if let Some(date) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
        headers.insert(header::DATE, date);
    }
    if let (Service::Account | Service::Ram, Err(refusal)) = (call.service, outcome) {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(refusal.code));
    }
    Answer::Response(response)
}

/// Services that the sandbox does not have and that speak XML without saying so in their requests (protocol rest-xml, botocore 1.44.8).
const REST_XML: [&str; 5] = ["cloudfront", "route53", "s3", "s3-control", "s3-outposts"];

/// The answer to a request for a service that the sandbox does not have, as far as possible in that service's protocol.
pub(super) fn respond_unknown(request: &Request, service: &str) -> Answer {
    let message = format!("the sandbox does not serve the service `{service}`");
    let form = request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form"));
    const REQUEST: &str = "00000000-0000-4000-8000-000000000000";
    let (content_type, body) = if service == "s3" {
        let message = xml_escape(&message);
        ("application/xml", format!("<Error><Code>{NOT_SERVED}</Code><Message>{message}</Message><RequestId>{REQUEST}</RequestId></Error>"))
    } else if form || REST_XML.contains(&service) {
        ("text/xml", xml_error(&xml_escape(&format!("https://{service}.amazonaws.com/")), &Refusal::new(NOT_SERVED, message), REQUEST))
    } else {
        ("application/json", json!({ "__type": NOT_SERVED, "message": message }).to_string())
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(NOT_SERVED));
    Answer::Response(response)
}

/// The value without members that are null: AWS leaves out unset members.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let told = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(told.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn json_error(service: Service, refusal: &Refusal) -> String {
    let mut body = Map::new();
    if matches!(service, Service::Organizations | Service::CloudTrail | Service::Config | Service::Tagging) {
        body.insert("__type".to_owned(), refusal.code.into());
        body.insert("Message".to_owned(), refusal.message.clone().into());
    } else {
        body.insert("message".to_owned(), refusal.message.clone().into());
    }
    if let Some(reason) = refusal.reason {
        body.insert("Reason".to_owned(), reason.into());
    }
    Value::Object(body).to_string()
}

const IAM_NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

fn namespace(service: Service) -> &'static str {
    if service == Service::Iam { IAM_NAMESPACE } else { STS_NAMESPACE }
}

fn xml_result(call: &Call, value: &Value, request_id: &str) -> String {
    let operation = &call.operation;
    let namespace = namespace(call.service);
    let mut result = String::new();
    // An operation that answers nothing has no result.
    if !value.is_null() {
        xml_fields(&mut result, value);
        result = format!("<{operation}Result>{result}</{operation}Result>");
    }
    format!(
        "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
}

fn xml_fields(out: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let _ = write!(out, "<{name}>");
                xml_fields(out, field);
                let _ = write!(out, "</{name}>");
            }
        }
        Value::String(text) => out.push_str(&xml_escape(text)),
        Value::Array(items) => {
            for item in items {
                out.push_str("<member>");
                xml_fields(out, item);
                out.push_str("</member>");
            }
        }
        Value::Bool(_) | Value::Null | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn xml_error(namespace: &str, refusal: &Refusal, request_id: &str) -> String {
    let kind = if refusal.status.is_server_error() { "Receiver" } else { "Sender" };
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        refusal.code,
        xml_escape(&refusal.message)
    )
}

pub(super) fn xml_escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_comes_from_the_signature_then_from_the_host() {
        let check = |host: &str, scope: Option<&str>, expected: Result<Service, &str>| {
            let mut request = http::Request::builder().uri("/").header("host", host).method("POST");
            if let Some(scope) = scope {
                let value = format!("AWS4-HMAC-SHA256 Credential=AKIA1/20260101/us-east-1/{scope}/aws4_request, SignedHeaders=host");
                request = request.header("authorization", value);
            }
            let call = Call::read(&request.body(Bytes::new()).unwrap());
            assert_eq!(call.map(|call| call.service), expected.map_err(str::to_owned));
        };
        check("organizations.us-east-1.amazonaws.com", None, Ok(Service::Organizations));
        check("127.0.0.1:4000", Some("sts"), Ok(Service::Sts));
        check("sts.amazonaws.com", Some("account"), Ok(Service::Account));
        check("ec2.eu-west-1.amazonaws.com", None, Ok(Service::Ec2));
        check("s3.eu-west-1.amazonaws.com", Some("s3"), Err("s3"));
    }

    #[test]
    fn forms_are_decoded() {
        let form = form_body(&Bytes::from_static(b"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx+y"));
        assert_eq!(form.get("RoleArn").unwrap(), "arn:aws:iam::1:role/x y");
    }
}
