//! Over TCP: the SDK's own HTTP client talks to `serve`.

use std::io::ErrorKind;
use std::net::SocketAddr;

use aws_sdk_organizations::config::Builder;
use overlord::sandbox::{Sandbox, Weather, World, serve};
use tokio::net::TcpStream;

use crate::sandbox::common::*;

async fn over_tcp(weather: Weather) -> (Sandbox, aws_sdk_organizations::Client, aws_sdk_sts::Client) {
    let sandbox = Sandbox::new(World::new(MANAGEMENT), weather);
    let server = serve(sandbox.clone(), SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let endpoint = format!("http://{}", server.address());
    tokio::spawn(server.run());
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = config(&sandbox, "AKIAMANAGEMENT", 1).into_builder().http_client(http).endpoint_url(endpoint).build();
    let organizations = aws_sdk_organizations::Client::from_conf(Builder::from(&config).build());
    (sandbox, organizations, aws_sdk_sts::Client::new(&config))
}

#[tokio::test]
async fn services_are_told_apart_by_the_signature() {
    let (sandbox, organizations, sts) = over_tcp(Weather::default()).await;
    assert_eq!(sts.get_caller_identity().send().await.unwrap().account(), Some(MANAGEMENT));
    organizations.create_organization().send().await.unwrap();
    let account = create_account(&organizations, "a", "a@example.com").await.unwrap();
    assert!(sandbox.world().accounts.contains_key(&account));
}

#[tokio::test]
async fn a_lost_answer_is_a_broken_connection() {
    let (sandbox, organizations, _) = over_tcp(Weather { lost: 0.999, ..Weather::default() }).await;
    let error = organizations.create_organization().send().await.unwrap_err();
    assert!(error.as_service_error().is_none(), "{error:?}");
    assert!(sandbox.world().organization.is_some());
}

#[tokio::test]
async fn only_loopback_is_served() {
    let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
    let error = serve(sandbox, SocketAddr::from(([0, 0, 0, 0], 0))).await.unwrap_err();
    assert_eq!(error.message, "`0.0.0.0:0` is not a loopback address");
}

/// What a raw client sends over one connection, and all that comes back until the connection ends.
async fn raw(address: SocketAddr, request: &[u8]) -> String {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut rest = request;
    while !rest.is_empty() {
        stream.writable().await.unwrap();
        match stream.try_write(rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    let mut answer = Vec::new();
    loop {
        stream.readable().await.unwrap();
        let mut part = [0; 4096];
        match stream.try_read(&mut part) {
            Ok(0) => return String::from_utf8_lossy(&answer).into_owned(),
            Ok(read) => answer.extend(part.get(..read).unwrap_or_default()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
}

async fn served(names: &[&str]) -> SocketAddr {
    let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
    let server = serve(sandbox, SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap().named(names.iter().map(|name| (*name).to_owned()));
    let address = server.address();
    tokio::spawn(server.run());
    address
}

/// A page in a browser can point a name of its own at this computer.
#[tokio::test]
async fn only_loopback_names_and_those_that_are_allowed_are_answered() {
    let address = served(&["host.docker.internal"]).await;
    let port = address.port();
    let ask = |host: &str| {
        let action = "Action=GetCallerIdentity&Version=2011-06-15";
        let credential = "AWS4-HMAC-SHA256 Credential=AKIA111111111111/20260101/us-east-1/sts/aws4_request";
        let length = action.len();
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nAuthorization: {credential}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{action}"
        )
    };
    for host in ["127.0.0.1", "localhost", "[::1]", "sts.localhost", "111111111111.127.0.0.1", "host.docker.internal", "LOCALHOST"] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            let answer = raw(address, ask(&host).as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
        }
    }
    for host in ["evil.example.com", "127.0.0.1.example.com", "evillocalhost", "10.0.0.1"] {
        let answer = raw(address, ask(host).as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 421") && answer.contains("--allow-host"), "{host}: {answer}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused() {
    let address = served(&[]).await;
    let announced = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 9000000\r\n\r\n";
    let answer = raw(address, announced).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let unannounced = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    let answer = raw(address, (unannounced.to_owned() + &chunk.repeat(8) + "1\r\nx\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let address = served(&[]).await;
    assert_eq!(raw(address, b"").await, "");
    assert_eq!(raw(address, b"POST / HTTP/1.1\r\nHost: local").await, "");
    let unfinished = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx";
    assert_eq!(raw(address, unfinished).await, "");
}
