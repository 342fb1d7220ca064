//! The sandbox over TCP: the AWS CLI or any SDK is its client, with `--endpoint-url http://127.0.0.1:<port>`.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::SandboxError;
use super::server::Sandbox;
use super::wire::Answer;

/// How often a changed world is written while no request comes.
const FLUSH: Duration = Duration::from_millis(200);

/// The largest request that is read: AWS's services take less than 2 MiB.
const LARGEST_REQUEST: usize = 8 * 1024 * 1024;

/// How long a connection may be idle, or be at sending one request.
const IDLE: Duration = Duration::from_secs(60);

/// A bound server, not yet running.
#[derive(Debug)]
pub struct Server {
    sandbox: Sandbox,
    /// The host names that it accepts in addition to those of the loopback interface.
    names: Arc<BTreeSet<String>>,
    listener: TcpListener,
    address: SocketAddr,
}

/// Binds `address`; port 0 takes a free one. [`Server::run`] then answers.
///
/// # Errors
/// The address is not a loopback address, since the sandbox checks no signature; or it cannot be bound.
pub async fn serve(sandbox: Sandbox, address: SocketAddr) -> Result<Server, SandboxError> {
    if !address.ip().is_loopback() {
        return Err(
            SandboxError::new(format!("`{address}` is not a loopback address")).hint("serve on 127.0.0.1: the sandbox checks no signature")
        );
    }
    let failed = |error: std::io::Error| {
        SandboxError::new(format!("cannot listen on `{address}`: {error}")).hint("give another port; 0 takes a free one")
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Server { sandbox, names: Arc::default(), listener, address })
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests that name one of these hosts too. A page in a browser can give a name of its own the address of this computer (DNS
    /// rebinding), so that other names are refused.
    #[must_use]
    pub fn named(self, names: impl IntoIterator<Item = String>) -> Self {
        Self { names: Arc::new(names.into_iter().map(|name| name.to_ascii_lowercase()).collect()), ..self }
    }

    /// Answers until it is dropped. Connections that are open then end with the runtime.
    pub async fn run(self) {
        let mut flush = tokio::time::interval(FLUSH);
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    // A failed accept concerns that one connection.
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(connection(self.sandbox.clone(), Arc::clone(&self.names), stream));
                    }
                }
                _ = flush.tick() => self.sandbox.save_if_due(),
            }
        }
    }
}

async fn connection(sandbox: Sandbox, names: Arc<BTreeSet<String>>, stream: TcpStream) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (sandbox, names) = (sandbox.clone(), Arc::clone(&names));
        async move {
            let (parts, body) = request.into_parts();
            if let Some(other) = other_host(&parts, &names) {
                let why = format!("the sandbox does not answer to the host `{other}`: start it with --allow-host {other}\n");
                return Ok(refused(StatusCode::MISDIRECTED_REQUEST, why));
            }
            if body.size_hint().lower() > LARGEST_REQUEST as u64 {
                return Ok(too_large());
            }
            let body = match tokio::time::timeout(IDLE, Limited::new(body, LARGEST_REQUEST).collect()).await {
                Ok(Ok(body)) => body.to_bytes(),
                Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                    return Ok(too_large());
                }
                Ok(Err(_)) | Err(_) => return Err(Broken),
            };
            match sandbox.handle(http::Request::from_parts(parts, body)).await {
                Answer::Response(response) => Ok::<_, Broken>(response.map(Full::<Bytes>::new)),
                Answer::Broken => Err(Broken),
            }
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(IDLE);
    // An error here is a client that went away, or the weather breaking the connection.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// The host that a request is for, where that is neither this computer by a loopback name nor one of `names`.
fn other_host(request: &http::request::Parts, names: &BTreeSet<String>) -> Option<String> {
    let header = request.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let authority = request.uri.authority().map(http::uri::Authority::as_str).or(header).unwrap_or_default();
    let host = authority.parse::<http::uri::Authority>().map_or(authority.to_owned(), |authority| authority.host().to_ascii_lowercase());
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // Some services put an account before the name: no domain of the internet ends in a number.
    let own = bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        || ["localhost", "127.0.0.1"].iter().any(|name| bare == *name || bare.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')));
    (!own && !names.contains(bare)).then_some(host)
}

fn too_large() -> Response<Full<Bytes>> {
    refused(StatusCode::PAYLOAD_TOO_LARGE, format!("a request to the sandbox has at most {LARGEST_REQUEST} bytes\n"))
}

fn refused(status: StatusCode, why: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(why)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    response
}

/// Makes hyper drop the connection without an answer.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the weather broke the connection")
    }
}

impl std::error::Error for Broken {}
