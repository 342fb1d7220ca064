//! Clients of a sandbox, and how tests say what they expect.

use aws_credential_types::Credentials;
use aws_sdk_organizations::Client;
use aws_sdk_organizations::config::retry::RetryConfig;
use aws_sdk_organizations::config::timeout::TimeoutConfig;
use aws_sdk_organizations::config::{BehaviorVersion, Region, SharedAsyncSleep};
use aws_sdk_organizations::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_organizations::types::{CreateAccountState, PolicyType};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_types::SdkConfig;
use overlord::sandbox::{Sandbox, Weather, World};

pub const MANAGEMENT: &str = "111111111111";
pub const SCP: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
pub const RCP: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;

/// A configuration whose requests go to the sandbox, signed with the given access key id, and are tried `attempts` times.
pub fn config(sandbox: &Sandbox, key: &str, attempts: u32) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(Credentials::new(
            key, "secret", None, None, "test",
        )))
        .http_client(sandbox.http_client())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .timeout_config(TimeoutConfig::disabled())
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .build()
}

/// The management account's client, without retries.
pub fn client(sandbox: &Sandbox) -> Client {
    Client::new(&config(sandbox, "AKIAMANAGEMENT", 1))
}

/// The client of another account, without retries.
pub fn client_of(sandbox: &Sandbox, account: &str) -> Client {
    Client::new(&config(sandbox, &format!("AKIA{account}"), 1))
}

/// The EC2 client of an account in a Region, without retries.
pub fn ec2_of(sandbox: &Sandbox, account: &str, region: &'static str) -> aws_sdk_ec2::Client {
    let config = config(sandbox, &format!("AKIA{account}"), 1).into_builder().region(Region::new(region)).build();
    aws_sdk_ec2::Client::new(&config)
}

/// A sandbox with the management account's EC2 in a Region.
pub fn ec2(weather: Weather) -> (Sandbox, aws_sdk_ec2::Client) {
    let sandbox = Sandbox::new(World::new(MANAGEMENT), weather);
    let client = ec2_of(&sandbox, MANAGEMENT, "eu-west-1");
    (sandbox, client)
}

/// A sandbox without an organization.
pub fn bare(weather: Weather) -> (Sandbox, Client) {
    let sandbox = Sandbox::new(World::new(MANAGEMENT), weather);
    let client = client(&sandbox);
    (sandbox, client)
}

/// A sandbox with an organization of all features, its client and its root.
pub async fn organized(weather: Weather) -> (Sandbox, Client, String) {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(overlord::sandbox::world::FeatureSet::All);
    let sandbox = Sandbox::new(world, weather);
    let client = client(&sandbox);
    (sandbox, client, root)
}

/// The code of a refusal, with its reason where AWS gives one: `InvalidInputException/IMMUTABLE_POLICY`.
pub fn refusal<T: std::fmt::Debug, E, R>(result: Result<T, SdkError<E, R>>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + std::fmt::Debug + 'static,
    R: std::fmt::Debug,
{
    let error = result.expect_err("AWS refuses this");
    let Some(error) = error.as_service_error() else { panic!("no answer: {error:?}") };
    let code = error.code().unwrap_or("no code").to_owned();
    let debug = format!("{error:?}");
    let reason = debug.split_once("reason: Some(").and_then(|(_, rest)| rest.split_once(')'));
    match reason {
        Some((reason, _)) => format!("{code}/{reason}"),
        None => code,
    }
}

/// Creates an account and waits for it. Returns its id.
pub async fn create_account(client: &Client, name: &str, email: &str) -> Result<String, String> {
    let begun = client.create_account().account_name(name).email(email).send().await.map_err(|error| format!("{error:?}"))?;
    let id = begun.create_account_status.unwrap().id.unwrap();
    loop {
        let status =
            client.describe_create_account_status().create_account_request_id(&id).send().await.unwrap().create_account_status.unwrap();
        match status.state.unwrap() {
            CreateAccountState::Succeeded => return Ok(status.account_id.unwrap()),
            CreateAccountState::Failed => return Err(status.failure_reason.unwrap().as_str().to_owned()),
            _ => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
        }
    }
}

pub async fn create_ou(client: &Client, parent: &str, name: &str) -> String {
    let output = client.create_organizational_unit().parent_id(parent).name(name).send().await.unwrap();
    output.organizational_unit.unwrap().id.unwrap()
}

pub async fn create_policy(client: &Client, kind: PolicyType, name: &str, content: &str) -> String {
    let output = client.create_policy().r#type(kind).name(name).description("").content(content).send().await.unwrap();
    output.policy.unwrap().policy_summary.unwrap().id.unwrap()
}

/// The world without its clock, which goes on by itself.
pub fn timeless(mut world: World) -> World {
    world.clock_ms = 0;
    world
}
