//! Requests and answers: determines the service, operation and caller of an HTTP request, and puts an outcome into an HTTP answer.
//!
//! `protocol` reads and writes the bodies. The credential scope of the signature names the service, so that a client of `sandbox serve`
//! may use any host name.

use aws_smithy_types::date_time::{DateTime, Format};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::input::Input;
use super::protocol::{Failure, escaped, xml_failure};
use super::service::Service;

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

/// The code of the sandbox's own refusal.
const NOT_SERVED: &str = "NotServedBySandbox";

/// A refusal in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: &'static str,
    pub message: String,
    pub reason: Option<&'static str>,
    /// If it is neither in the model of the service nor 400.
    pub status: Option<StatusCode>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reason: None, status: None }
    }

    pub(super) fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    fn failure(&self, status: StatusCode) -> Failure<'_> {
        Failure { code: self.code, message: &self.message, reason: self.reason, status: status.as_u16() }
    }

    /// An operation that the sandbox does not have, or a request that names none.
    pub(super) fn not_served(operation: &str) -> Self {
        if operation.ends_with(':') {
            return Self::new("MissingAction", "The request must contain the parameter Action or the header X-Amz-Target.");
        }
        Self::new(NOT_SERVED, format!("the sandbox does not serve `{operation}`")).status(StatusCode::NOT_IMPLEMENTED)
    }
}

/// What a service answers: a value, which `protocol` writes.
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
        let (operation, input) = service.model().read(request);
        let input = input.map_err(|malformed| service.malformed(&malformed));
        Ok(Self { service, operation, key: scope.key, region: scope.region, input })
    }

    /// The input, or the refusal of a request that does not fit the model.
    pub(super) fn input(&self) -> Result<Input<'_>, Refusal> {
        self.input.as_ref().map(Input).map_err(Clone::clone)
    }

    /// The input as the type of a handler: the model has checked it before.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        T::deserialize(self.input()?.0).map_err(|error| Refusal::new("SerializationException", error.to_string()))
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

/// Puts an outcome into the service's protocol. The answer has the world's time (ms), as AWS's have AWS's.
pub(super) fn respond(call: &Call, outcome: &Outcome, request_id: &str, now_ms: u64) -> Answer {
    let model = call.service.model();
    let (status, body) = match outcome {
        Ok(value) => {
            let status = StatusCode::from_u16(model.status(&call.operation)).unwrap_or(StatusCode::OK);
            (status, model.write(&call.operation, value, request_id))
        }
        Err(refusal) => {
            let modelled = model.error(refusal.code).and_then(|error| StatusCode::from_u16(error.status).ok());
            let status = refusal.status.or(modelled).unwrap_or(StatusCode::BAD_REQUEST);
            (status, model.write_failure(&refusal.failure(status), request_id))
        }
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(model.content_type()));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    let date = DateTime::from_secs((now_ms / 1000) as i64).fmt(Format::HttpDate);
    if let Some(date) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
        headers.insert(header::DATE, date);
    }
    match outcome {
        Ok(value) => model.write_headers(&call.operation, value, headers),
        Err(refusal) => drop(headers.insert("x-amzn-errortype", HeaderValue::from_static(refusal.code))),
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
        let message = escaped(&message);
        ("application/xml", format!("<Error><Code>{NOT_SERVED}</Code><Message>{message}</Message><RequestId>{REQUEST}</RequestId></Error>"))
    } else if form || REST_XML.contains(&service) {
        let failure = Failure { code: NOT_SERVED, message: &message, reason: None, status: 501 };
        ("text/xml", xml_failure(&escaped(&format!("https://{service}.amazonaws.com/")), &failure, REQUEST))
    } else {
        ("application/json", json!({ "__type": NOT_SERVED, "message": message }).to_string())
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(NOT_SERVED));
    Answer::Response(response)
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
}
