//! A transport for tests that answers as AWS would, in a few lines.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use futures_util::future::BoxFuture;

use super::rate_limiter::lock;
use super::wire::Facts;
use super::{Access, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};

pub type Answer = Result<HttpResponse, ConnectorError>;
type Respond = dyn Fn(HttpRequest) -> BoxFuture<'static, Answer> + Send + Sync;

/// A transport that answers with a function and records the operations it was sent, without bodies: `service:Operation`.
#[derive(Clone)]
pub struct MockTransport {
    respond: Arc<Respond>,
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for MockTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MockTransport")
    }
}

impl MockTransport {
    pub fn new<F>(respond: impl Fn(HttpRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self { respond: Arc::new(move |request| Box::pin(respond(request))), seen: Arc::default() }
    }

    /// Answers at once, with the requests counted from 0.
    pub fn counting(respond: impl Fn(usize, &HttpRequest) -> Answer + Send + Sync + 'static) -> Self {
        let count = std::sync::atomic::AtomicUsize::new(0);
        Self::new(move |request| {
            let answer = respond(count.fetch_add(1, std::sync::atomic::Ordering::SeqCst), &request);
            async { answer }
        })
    }

    pub fn options(&self) -> RequestGateOptions {
        RequestGateOptions {
            mode: Mode::ReadWrite,
            rates: Rates::Unlimited,
            trace: None,
            transport: SharedHttpClient::new(self.clone()),
            interrupt: Interrupt::default(),
        }
    }

    pub fn request_gate(&self) -> RequestGate {
        RequestGate::new(self.options())
    }

    pub fn sent(&self) -> Vec<String> {
        lock(&self.seen).clone()
    }
}

impl HttpClient for MockTransport {
    fn http_connector(&self, _settings: &HttpConnectorSettings, _components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for MockTransport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let facts = Facts::of(&request);
        lock(&self.seen).push(format!("{}:{}", facts.service, facts.operation));
        HttpConnectorFuture::new((self.respond)(request))
    }
}

pub fn json(status: u16, body: &str) -> Answer {
    Ok(http::Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amzn-requestid", "request-1")
        .body(SdkBody::from(body))
        .unwrap()
        .try_into()
        .unwrap())
}

pub fn refusal(code: &str) -> Answer {
    json(400, &format!(r#"{{"__type":"{code}","message":"canned"}}"#))
}

pub fn xml(operation: &str, result: &str) -> Answer {
    let body = format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    );
    Ok(http::Response::builder().status(200).header("content-type", "text/xml").body(SdkBody::from(body)).unwrap().try_into().unwrap())
}

pub fn caller_identity(account: &str) -> Answer {
    xml("GetCallerIdentity", &format!("<Arn>arn:aws:iam::{account}:user/u</Arn><UserId>U</UserId><Account>{account}</Account>"))
}

/// AssumeRole as the sandbox answers it.
pub fn assume_role(request: &HttpRequest) -> Answer {
    let body = std::str::from_utf8(request.body().bytes().unwrap()).unwrap().to_owned();
    let account = body.split("iam%3A%3A").nth(1).unwrap()[..12].to_owned();
    xml(
        "AssumeRole",
        &format!(
            "<Credentials><AccessKeyId>ASIA{account}X</AccessKeyId><SecretAccessKey>very-secret</SecretAccessKey>\
             <SessionToken>session-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        ),
    )
}

pub const MANAGEMENT: &str = "111111111111";

pub async fn sessions(request_gate: RequestGate) -> Sessions {
    let access = Access::Sandbox { management_account: MANAGEMENT.to_owned() };
    Sessions::load(access, request_gate, "eu-central-1", "OrganizationAccountAccessRole").await.unwrap()
}
