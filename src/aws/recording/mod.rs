//! `--record DIR`: every request and its answer, so that the same reading can be done again without AWS.
//!
//! What identifies anybody is replaced before it is written, the same real value by the same made-up one everywhere in a recording
//! (`tokens.rs`, `members.rs`). What overlord does not know how to replace is not written: a body of another form than JSON, a form or
//! plain XML, and every request that is not of an operation in the table, or not signed.

mod compare;
mod exchange;
mod members;
mod replay;
mod tokens;
mod xml;

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::{Value, json};

pub use compare::{Beside, Difference};
pub use exchange::Exchange;
pub use replay::{Replay, Unreadable};

use super::rate_limiter::lock;
use super::wire::{Answer, account_in_key};
use crate::files::{self, Kind, Replace, WriteError};
use crate::plural::count;
use exchange::{Asked, Body};
use tokens::Names;

/// The file of a recording that has the requests and answers, a line each.
pub const EXCHANGES: &str = "exchanges.jsonl";
/// The file of a recording that has what the configuration asks for.
pub const DESIRED: &str = "desired.json";

/// The version of the form of a recording.
pub(super) const FORMAT: u32 = 1;

const EXCHANGES_KIND: Kind = Kind { name: "a recording", is_one: |text| text.starts_with("{\"recording\":1}\n") };
const DESIRED_KIND: Kind = Kind { name: "the configuration of a recording", is_one: |text| text.starts_with("{\"recording\":1,") };

/// An open recording. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recording {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    file: File,
    names: Names,
    /// Access keys that were issued in this run, to their accounts.
    keys: HashMap<String, String>,
    written: u64,
    failure: Option<String>,
    /// Operations with a body of a form that cannot be scrubbed.
    unknown: BTreeSet<String>,
}

impl Recording {
    /// Begins a recording in a folder that is not there, is empty, or holds an earlier recording, which is replaced.
    ///
    /// # Errors
    /// The folder holds something else, or cannot be written.
    pub fn create(folder: &Path) -> Result<Self, WriteError> {
        let path = folder.join(EXCHANGES);
        files::folder_of(folder, "a recording", &[(EXCHANGES, EXCHANGES_KIND), (DESIRED, DESIRED_KIND)])?;
        let mut file = files::stream(&path, EXCHANGES_KIND)?;
        writeln!(file, "{}", json!({"recording": FORMAT})).map_err(|cause| WriteError { path, cause })?;
        let inner = Inner {
            folder: folder.to_owned(),
            file,
            names: Names::default(),
            keys: HashMap::new(),
            written: 0,
            failure: None,
            unknown: BTreeSet::new(),
        };
        Ok(Self { inner: Arc::new(Mutex::new(inner)) })
    }

    /// A transport that passes all on to `transport`, and records it.
    pub fn around(&self, transport: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Recorder { recording: self.clone(), transport })
    }

    /// Writes what the configuration asks for, scrubbed as the answers are. It is serialized as a saved plan has it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn configuration(&self, desired: &Value) -> Result<(), WriteError> {
        let mut inner = lock(&self.inner);
        let desired = members::configuration(desired, &mut inner.names);
        let text = format!("{{\"recording\":{FORMAT},\"desired\":{desired}}}\n");
        files::write(&inner.folder.join(DESIRED), text, Replace::Kind(DESIRED_KIND))
    }

    /// What the user should know of the recording: why it ends early, and what it lacks.
    pub fn notes(&self) -> Vec<String> {
        let inner = lock(&self.inner);
        let lacks = (!inner.unknown.is_empty()).then(|| {
            let operations: Vec<&str> = inner.unknown.iter().map(String::as_str).collect();
            format!("the recording lacks bodies of a form that overlord cannot scrub: {}", operations.join(", "))
        });
        inner.failure.iter().cloned().chain(lacks).collect()
    }

    fn write(&self, asked: &Asked, result: Result<&HttpResponse, &ConnectorError>) {
        let mut inner = lock(&self.inner);
        if inner.failure.is_some() || !asked.is_recorded() {
            return;
        }
        let body = result.ok().map(Body::of);
        inner.learn(asked, body.as_ref());
        let account = inner.account(asked);
        if asked.parameters.is_none() || matches!(body, Some(Body::Unknown)) {
            inner.unknown.insert(format!("{}:{}", asked.service, asked.operation));
        }
        let answer = result.ok().map(Answer::of);
        let exchange = exchange::scrub(asked, account.as_deref(), answer.as_ref(), body.as_ref(), &mut inner.names);
        let written = serde_json::to_string(&exchange)
            .map_err(std::io::Error::other)
            .and_then(|line| inner.file.write_all(format!("{line}\n").as_bytes()));
        match written {
            Ok(()) => inner.written += 1,
            Err(error) => inner.failure = Some(format!("the recording ends after {}: {error}", count(inner.written as usize, "request"))),
        }
    }
}

impl Inner {
    /// Whose keys are: those that AWS has just issued, and those that it has just been asked about.
    fn learn(&mut self, asked: &Asked, body: Option<&Body>) {
        let issued = match asked.operation.as_str() {
            "GetCallerIdentity" => asked.access_key.clone().zip(body.and_then(|body| body.text("Account"))),
            "AssumeRole" | "AssumeRoot" => body.and_then(|body| body.text("AccessKeyId")).zip(asked.target()),
            _ => None,
        };
        if let Some((key, account)) = issued {
            self.keys.insert(key, account);
        }
    }

    fn account(&self, asked: &Asked) -> Option<String> {
        let key = asked.access_key.as_deref()?;
        self.keys.get(key).cloned().or_else(|| account_in_key(key).map(str::to_owned))
    }
}

/// The transport of [`Recording::around`].
#[derive(Debug)]
struct Recorder {
    recording: Recording,
    transport: SharedHttpClient,
}

impl HttpClient for Recorder {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let transport = self.transport.http_connector(settings, components);
        SharedHttpConnector::new(Passage { recording: self.recording.clone(), transport })
    }
}

#[derive(Debug)]
struct Passage {
    recording: Recording,
    transport: SharedHttpConnector,
}

impl HttpConnector for Passage {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (recording, transport) = (self.recording.clone(), self.transport.clone());
        HttpConnectorFuture::new(async move {
            let asked = Asked::of(&request);
            let result = whole(transport.call(request).await).await;
            recording.write(&asked, result.as_ref());
            result
        })
    }
}

/// The answer with its whole body.
async fn whole(result: Result<HttpResponse, ConnectorError>) -> Result<HttpResponse, ConnectorError> {
    let mut response = result?;
    let body = ByteStream::new(response.take_body()).collect().await.map_err(|e| ConnectorError::io(e.into()))?;
    *response.body_mut() = SdkBody::from(body.into_bytes());
    Ok(response)
}

#[cfg(test)]
#[path = "../recording_tests.rs"]
mod tests;
