//! A proxy on the loopback that makes each answer take longer and counts the requests by operation: how far away AWS really is.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

type Counts = Arc<Mutex<BTreeMap<String, usize>>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The proxy; it stops when dropped.
pub struct Proxy {
    url: String,
    counts: Counts,
    _stop: oneshot::Sender<()>,
}

impl Proxy {
    /// Starts one in front of `upstream` (`http://127.0.0.1:PORT`) that holds each answer back for `delay`.
    pub fn start(upstream: &str, delay: Duration) -> Self {
        let upstream: SocketAddr = upstream.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let counts = Counts::default();
        let (stop, stopped) = oneshot::channel();
        let counted = counts.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                tokio::select! {
                    () = serve(listener, upstream, delay, counted) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { url, counts, _stop: stop }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests since the last call of this, by operation.
    pub fn take_counts(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut *self.counts.lock().unwrap())
    }
}

async fn serve(listener: std::net::TcpListener, upstream: SocketAddr, delay: Duration, counts: Counts) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let counts = counts.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| answer(request, upstream, delay, counts.clone()));
            // The client closing its connection is no failure of the proxy's.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    upstream: SocketAddr,
    delay: Duration,
    counts: Counts,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = forward(request, upstream, counts).await;
    tokio::time::sleep(delay).await;
    Ok(answer.unwrap_or_else(|e| {
        let mut response = Response::new(Full::from(e.to_string()));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    }))
}

async fn forward(request: Request<Incoming>, upstream: SocketAddr, counts: Counts) -> Result<Response<Full<Bytes>>, Failure> {
    let (mut head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let target = head.headers.get("x-amz-target").and_then(|t| t.to_str().ok());
    let operation = operation(target, &body).unwrap_or_else(|| format!("{} {}", head.method, head.uri.path()));
    *counts.lock().unwrap().entry(operation).or_default() += 1;

    // One connection for each request: whether moto keeps its own open is not what is measured.
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(upstream).await?)).await?;
    tokio::spawn(connection);
    head.headers.remove(CONNECTION);
    let (mut head, body) = sender.send_request(Request::from_parts(head, Full::new(body))).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    head.headers.remove(CONNECTION);
    head.headers.remove(TRANSFER_ENCODING);
    Ok(Response::from_parts(head, Full::new(body)))
}

/// JSON services name the operation in a header, query services in the form.
fn operation(target: Option<&str>, body: &[u8]) -> Option<String> {
    if let Some(target) = target {
        return target.rsplit('.').next().map(str::to_owned);
    }
    let form = std::str::from_utf8(body).ok()?;
    form.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned)
}
