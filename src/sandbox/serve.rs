//! The sandbox over TCP: the AWS CLI or any SDK is its client, with `--endpoint-url http://127.0.0.1:<port>`.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::SandboxError;
use super::server::Sandbox;
use super::wire::Answer;

/// How often a changed world is written while no request comes.
const FLUSH: Duration = Duration::from_millis(200);

/// A bound server, not yet running.
#[derive(Debug)]
pub struct Server {
    sandbox: Sandbox,
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
            SandboxError::new(format!("`{address}` is no loopback address")).hint("serve on 127.0.0.1: the sandbox checks no signature")
        );
    }
    let failed = |error: std::io::Error| {
        SandboxError::new(format!("cannot listen on `{address}`: {error}")).hint("give another port; 0 takes a free one")
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Server { sandbox, listener, address })
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped. Connections that are open then end with the runtime.
    pub async fn run(self) {
        let mut flush = tokio::time::interval(FLUSH);
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    // A failed accept concerns that one connection.
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(connection(self.sandbox.clone(), stream));
                    }
                }
                _ = flush.tick() => self.sandbox.save_if_due(),
            }
        }
    }
}

async fn connection(sandbox: Sandbox, stream: TcpStream) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let sandbox = sandbox.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
            match sandbox.handle(http::Request::from_parts(parts, body)).await {
                Answer::Response(response) => Ok::<_, Broken>(response.map(Full::<Bytes>::new)),
                Answer::Broken => Err(Broken),
            }
        }
    });
    // An error here is a client that went away, or the weather breaking the connection.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
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
