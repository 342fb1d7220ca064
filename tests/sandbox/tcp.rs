//! Over TCP: the SDK's own HTTP client talks to `serve`.

use std::net::SocketAddr;

use aws_sdk_organizations::config::Builder;
use overlord::sandbox::{Sandbox, Weather, World, serve};

use crate::common::*;

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
    assert_eq!(error.message, "`0.0.0.0:0` is no loopback address");
}
