//! The HTTPS transport, to AWS or to an emulator at `AWS_ENDPOINT_URL`.

use aws_smithy_http_client::pool::{Client, ConnectionPool};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::places::IN_FLIGHT;
use super::{AwsResult, Error};

/// The one HTTPS client for all accounts and Regions. Connections are pooled; there are never more to one host than requests in flight
/// (5,000 accounts share the host of a Region, and each has its own rate limits). It uses rustls with ring, the system's certificates (or
/// `SSL_CERT_FILE`), and `HTTPS_PROXY` and `NO_PROXY` from the environment.
///
/// # Errors
/// The TLS library does not start: no certificates, for example.
pub fn https() -> AwsResult<SharedHttpClient> {
    let refused = |what: &dyn std::fmt::Display| Error::Failed {
        message: format!("the HTTPS client cannot start: {what}"),
        hint: Some("check the system's certificates and SSL_CERT_FILE".to_owned()),
    };
    let pool = ConnectionPool::builder()
        .max_connections_per_host(*IN_FLIGHT)
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
        .map_err(|e| refused(&e))?;
    Ok(SharedHttpClient::new(Client::new(&pool).map_err(|e| refused(&e))?))
}
