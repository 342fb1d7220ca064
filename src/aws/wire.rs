//! What an HTTP request and its answer say: who calls which operation, where, and how AWS answered. Pure.

use std::borrow::Cow;
use std::time::SystemTime;

use super::operations::OPERATIONS;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::date_time::{DateTime, Format};

/// What a request says about itself. The names are AWS's own, not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// `organizations`.
    pub service: String,
    /// `CreateAccount`; for a request of the credential chain, what it requests.
    pub operation: String,
    /// The signature's access key id; `None` for an unsigned request.
    pub access_key: Option<String>,
    /// The signature's Region.
    pub region: Option<String>,
    /// From 1.
    pub attempt: u32,
}

impl Facts {
    /// Reads the headers, and only a form's `Action` from the body.
    pub fn of(request: &HttpRequest) -> Self {
        let scope = request.headers().get("authorization").and_then(Scope::parse);
        let host = host(request.uri());
        let operation = target(request).or_else(|| action(request)).or_else(|| path(request, scope.as_ref()));
        let service = match (&scope, &operation) {
            (Some(scope), _) => scope.service.to_owned(),
            // An unsigned request cannot change an account: this is the credential chain.
            (None, Some(operation)) if operation.starts_with("AssumeRoleWith") => "sts".to_owned(),
            (None, _) => "credentials".to_owned(),
        };
        Self {
            service,
            operation: operation.unwrap_or_else(|| format!("{} {}{}", request.method(), host, path_of(request.uri()))),
            access_key: scope.as_ref().map(|s| s.access_key.to_owned()),
            region: scope.as_ref().map(|s| s.region.to_owned()),
            attempt: attempt(request),
        }
    }
}

/// The account of a sandbox's access key id: `AKIA` and 12 digits, or `ASIA`, 12 digits and anything.
pub(super) fn account_in_key(access_key: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let own = access_key.strip_prefix("AKIA").filter(|rest| rest.len() == 12);
    let issued = || access_key.strip_prefix("ASIA").and_then(|rest| rest.get(..12));
    own.or_else(issued).filter(|account| digits(account))
}

/// `Credential=AKIA…/20261120/us-east-1/organizations/aws4_request` of a signature.
struct Scope<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    fn parse(authorization: &'a str) -> Option<Self> {
        let credential = authorization.split_once("Credential=")?.1.split([',', ' ']).next()?;
        let mut parts = credential.rsplit('/');
        let (_, service, region, _, access_key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self { access_key, region, service })
    }
}

/// JSON services: `x-amz-target: AWSOrganizationsV20161128.CreateAccount`.
fn target(request: &HttpRequest) -> Option<String> {
    request.headers().get("x-amz-target")?.rsplit('.').next().map(str::to_owned)
}

/// Query services: a form whose `Action` is the operation.
fn action(request: &HttpRequest) -> Option<String> {
    let form = request.headers().get("content-type")?.starts_with("application/x-www-form-urlencoded");
    let body = std::str::from_utf8(request.body().bytes().filter(|_| form)?).ok()?;
    body.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned)
}

/// REST services, where `interceptors.rs` did not name the operation: Account Management's paths are the operation's name, and so are
/// those of the credential chain.
fn path(request: &HttpRequest, scope: Option<&Scope<'_>>) -> Option<String> {
    let path = path_of(request.uri()).trim_matches('/');
    match (scope.map(|s| s.service), path) {
        (Some("account"), name) => {
            let mut characters = name.chars();
            let first = characters.next()?;
            Some(first.to_uppercase().chain(characters).collect())
        }
        // Its paths are in lower case.
        (Some("ram"), name) => {
            let known = OPERATIONS.iter().find(|o| o.service == "ram" && o.name.eq_ignore_ascii_case(name));
            Some(known.map_or(name, |operation| operation.name).to_owned())
        }
        (None, "federation/credentials") => Some("GetRoleCredentials".to_owned()),
        (None, "token") => Some("CreateToken".to_owned()),
        (None | Some(_), _) => None,
    }
}

fn attempt(request: &HttpRequest) -> u32 {
    let info = request.headers().get("amz-sdk-request").unwrap_or_default();
    info.split(';').find_map(|part| part.trim().strip_prefix("attempt=")?.parse().ok()).unwrap_or(1)
}

fn after_scheme(uri: &str) -> &str {
    uri.split_once("://").map_or(uri, |(_, rest)| rest)
}

fn host(uri: &str) -> &str {
    let authority = after_scheme(uri).split(['/', '?']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn path_of(uri: &str) -> &str {
    let rest = after_scheme(uri);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
    path.split('?').next().unwrap_or_default()
}

/// How AWS answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: u16,
    /// AWS's error code, if the answer is an error.
    pub code: Option<String>,
    pub request_id: Option<String>,
    /// AWS's time, to the second.
    pub date: Option<SystemTime>,
}

impl Answer {
    /// Reads status, headers, and of an error's body the code.
    pub fn of(response: &HttpResponse) -> Self {
        let status = response.status();
        let header = |name| response.headers().get(name).map(str::to_owned);
        let code = (!status.is_success())
            .then(|| header("x-amzn-errortype").or_else(|| code_in(response.body().bytes()?)))
            .flatten()
            .and_then(|code| plain(&code));
        let request_id = header("x-amzn-requestid").or_else(|| header("x-amz-request-id")).and_then(|id| plain(&id));
        let date = header("date").and_then(|date| SystemTime::try_from(DateTime::from_str(&date, Format::HttpDate).ok()?).ok());
        Self { status: status.as_u16(), code, request_id, date }
    }

    /// Whether AWS asks for fewer requests.
    pub fn throttled(&self) -> bool {
        self.status == 429 || self.code.as_deref().is_some_and(is_throttling)
    }
}

/// Whether a code asks for fewer requests.
pub(super) fn is_throttling(code: &str) -> bool {
    code == "TooManyRequestsException" || code == "RequestLimitExceeded" || code == "SlowDown" || code.contains("Throttl")
}

/// `__type` or `code` of a JSON error, `<Code>` of an XML one.
fn code_in(body: &[u8]) -> Option<String> {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        let code = json.get("__type").or_else(|| json.get("code"))?;
        return code.as_str().map(str::to_owned);
    }
    let text = String::from_utf8_lossy(body);
    let code: Cow<'_, str> = text.split_once("<Code>")?.1.split_once("</Code>")?.0.to_owned().into();
    Some(code.into_owned())
}

/// A code without its name space (`com.amazonaws…#Code`, `Code:http://…`), and only if it is a mere name: nothing else that an
/// answer may hold gets into a trace.
fn plain(text: &str) -> Option<String> {
    let name = text.rsplit('#').next()?.split(':').next()?.trim();
    let mere = !name.is_empty() && name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    mere.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn request(headers: &[(&str, &str)], uri: &str, body: &str) -> HttpRequest {
        let mut builder = http::Request::builder().method("POST").uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(SdkBody::from(body)).unwrap().try_into().unwrap()
    }

    fn signed(service: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261120/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=abc")
    }

    #[track_caller]
    fn named(headers: &[(&str, &str)], uri: &str, body: &str) -> String {
        let facts = Facts::of(&request(headers, uri, body));
        format!("{}:{}", facts.service, facts.operation)
    }

    #[test]
    fn each_protocol_names_its_operation() {
        let (organizations, sts, account) = (signed("organizations"), signed("sts"), signed("account"));
        let target = [("authorization", organizations.as_str()), ("x-amz-target", "AWSOrganizationsV20161128.CreateAccount")];
        assert_eq!(named(&target, "https://organizations.us-east-1.amazonaws.com/", "{}"), "organizations:CreateAccount");
        let form = ("content-type", "application/x-www-form-urlencoded");
        let body = "Action=AssumeRole&Version=2011-06-15";
        assert_eq!(named(&[("authorization", &sts), form], "https://sts.amazonaws.com/", body), "sts:AssumeRole");
        assert_eq!(named(&[("authorization", &account)], "http://localhost:5000/putAccountName", "{}"), "account:PutAccountName");
        assert_eq!(named(&[form], "https://sts.amazonaws.com", "Action=AssumeRoleWithWebIdentity&x=y"), "sts:AssumeRoleWithWebIdentity");
        assert_eq!(
            named(&[], "https://portal.sso.eu-central-1.amazonaws.com/federation/credentials?role=x", ""),
            "credentials:GetRoleCredentials"
        );
        assert_eq!(named(&[], "http://user:pw@169.254.170.2/v2/x?secret=1", ""), "credentials:POST 169.254.170.2/v2/x");
    }

    #[test]
    fn the_signature_tells_key_and_region() {
        let signature = signed("sts");
        let facts = Facts::of(&request(&[("authorization", &signature), ("amz-sdk-request", "attempt=3; max=8")], "/", ""));
        assert_eq!((facts.access_key.as_deref(), facts.region.as_deref(), facts.attempt), (Some("AKIAEXAMPLE"), Some("us-east-1"), 3));
    }

    #[test]
    fn keys_of_the_sandbox_hold_their_account() {
        assert_eq!(account_in_key("AKIA111122223333"), Some("111122223333"));
        assert_eq!(account_in_key("ASIA111122223333XYZ1"), Some("111122223333"));
        for other in ["AKIAIOSFODNN7EXAMPLE", "AKIA1111222233334444", "ASIA1111", "", "ASIA11112222333é"] {
            assert_eq!(account_in_key(other), None, "{other}");
        }
    }

    #[test]
    fn throttling_is_recognised_in_each_protocol() {
        let answer = |status: u16, body: &str| {
            Answer::of(&HttpResponse::try_from(http::Response::builder().status(status).body(SdkBody::from(body)).unwrap()).unwrap())
        };
        assert!(answer(400, r#"{"__type":"com.amazonaws.organizations#TooManyRequestsException"}"#).throttled());
        assert!(answer(400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>").throttled());
        assert!(answer(429, "").throttled());
        assert!(!answer(400, r#"{"__type":"ConcurrentModificationException"}"#).throttled());
        assert!(!answer(200, r#"{"__type":"TooManyRequestsException"}"#).throttled());
        assert_eq!(answer(500, "<html>").code, None);
    }
}
