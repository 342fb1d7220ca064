//! Sessions: the client configuration for each account and Region, with cached assumed roles.
//!
//! Each account has its own identity cache, the account's [`AdmissionInterceptor`]. The SDK's shared cache holds 64 identities and then
//! evicts: with 200 accounts it would assume the same roles again and again. overlord assumes roles with its own STS client, not with the
//! SDK's AssumeRoleProvider, because that provider loads the base credentials again for every role: with Identity Center or a
//! `credential_process`, that is one sign-in request or one process per account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::imds;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_organizations::config::StalledStreamProtectionConfig;
use aws_sdk_organizations::config::retry::RetryPartition;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::identity::SharedIdentityCache;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;
use tokio::time::Instant;

use super::interceptors::{AdmissionInterceptor, OperationNameInterceptor};
use super::operations::SERVICES;
use super::rate_limiter::lock;
use super::trail::global_events_region;
use super::{AwsResult, Error, RequestGate, retry};
use crate::limits::LIMITS;

/// The SDK's behavior version, pinned: only a change of this line selects a newer default, never an update of a crate.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// How long credentials may take: a `credential_process` may ask a person for a code.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(300);
/// How long the instance metadata service may take to answer. On an EC2 instance it answers in milliseconds. Elsewhere, the default of
/// several seconds and attempts would only delay the error that there are no credentials.
const INSTANCE_METADATA_TIMEOUT: Duration = Duration::from_millis(500);
/// What assuming a role calls.
pub const ASSUME_ROLE: &str = "sts:AssumeRole";
/// The name of our sessions in CloudTrail.
const SESSION_NAME: &str = "overlord";

/// Where credentials and endpoints come from.
#[derive(Debug, Clone)]
pub enum Access {
    /// aws-config's default chain: environment, profile, Identity Center, web identity, container, instance.
    DefaultChain {
        /// `--profile`: this profile and nothing else.
        profile: Option<String>,
    },
    /// The sandbox in this process, as the given management account.
    Sandbox {
        /// Its 12-digit id.
        management_account: String,
    },
}

/// The role that is assumed in member accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRole {
    /// Its name, the same in every account.
    pub name: String,
    /// The external id that is sent with it. A role whose trust policy requires none accepts it all the same.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>
    pub external_id: Option<String>,
}

impl<S: AsRef<str> + ?Sized> From<&S> for AccessRole {
    fn from(name: &S) -> Self {
        Self { name: name.as_ref().to_owned(), external_id: None }
    }
}

/// Clients for every account and Region. Cheap to clone; all clones share their caches.
#[derive(Debug, Clone)]
pub struct Sessions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    loaded: Instant,
    request_gate: RequestGate,
    /// The configuration of the credentials in use: the management account's, which the guard checks.
    base: SdkConfig,
    access_role: AccessRole,
    /// The account of the credentials in use, once the guard has read it.
    caller: Arc<OnceLock<String>>,
    /// Their ARN, once the guard has read it.
    arn: OnceLock<String>,
    /// `aws`, `aws-us-gov` or `aws-cn`, as the credentials' ARN says.
    partition: OnceLock<String>,
    organizations: aws_sdk_organizations::Client,
    account: aws_sdk_account::Client,
    sts: aws_sdk_sts::Client,
    members: Mutex<HashMap<String, Member>>,
    retry_partitions: Mutex<HashMap<(String, String), RetryPartition>>,
}

/// The caller: the owner of the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The 12-digit id of their account.
    pub account: String,
    /// The ARN of the user, or of the role's session.
    pub arn: String,
}

/// The longest root session that AWS allows: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
const ROOT_SECONDS: i32 = 900;

/// Services that requests of the credential chain go to, as `AWS_ENDPOINT_URL_…` and `[services]` of a profile name them.
const SIGN_IN_SERVICES: [&str; 2] = ["SSO", "SSO OIDC"];

/// Attempts of the first request of a run: about 4 s if nothing answers.
const GUARD_ATTEMPTS: u32 = 4;

/// The assumed role of one account.
#[derive(Debug, Clone)]
struct Member {
    credentials: SharedCredentialsProvider,
    gate: SharedIdentityCache,
}

/// A client of a service's crate: with that configuration and retry partition, and all else that is the same for every client.
macro_rules! client {
    ($krate:ident, $config:expr, $partition:expr) => {
        $krate::Client::from_conf(
            $krate::config::Builder::from($config)
                .interceptor(OperationNameInterceptor)
                .retry_classifier(retry::Classifier)
                .retry_partition($partition)
                .build(),
        )
    };
}

impl Sessions {
    /// Loads the configuration of the credentials in use. Makes no AWS request, except what the credentials need.
    ///
    /// # Errors
    /// None yet: [`Sessions::guard`] uses the credentials and finds what is wrong with them.
    pub async fn load(access: Access, request_gate: RequestGate, home_region: &str, access_role: impl Into<AccessRole>) -> AwsResult<Self> {
        let caller = Arc::new(OnceLock::new());
        let base = match access {
            Access::DefaultChain { profile } => default_chain(profile.as_deref(), &request_gate, home_region).await,
            Access::Sandbox { management_account } => {
                let _ = caller.set(management_account.clone());
                request_gate.learn_caller(&management_account);
                sandbox(&management_account, &request_gate, home_region)
            }
        };
        let base = base
            .into_builder()
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(gate(&request_gate, Arc::clone(&caller)))
            .build();
        let region = base.region().map_or(home_region, AsRef::as_ref).to_owned();
        let own = retry::partition("own", &region);
        let everywhere = base.to_builder().region(Region::new(on_by_default(&region).to_owned())).build();
        Ok(Self {
            inner: Arc::new(Inner {
                loaded: Instant::now(),
                organizations: client!(aws_sdk_organizations, &base, own.clone()),
                account: client!(aws_sdk_account, &base, own.clone()),
                sts: client!(aws_sdk_sts, &everywhere, own),
                request_gate,
                base,
                access_role: access_role.into(),
                caller,
                arn: OnceLock::new(),
                partition: OnceLock::new(),
                members: Mutex::default(),
                retry_partitions: Mutex::default(),
            }),
        })
    }

    /// Reads the caller of the credentials in use.
    ///
    /// # Errors
    /// No credentials, or no answer.
    pub async fn identity(&self) -> AwsResult<Identity> {
        let (account, arn) = identity(&self.inner.sts).await?;
        Ok(Identity { account, arn })
    }

    /// The account guard: refuses credentials of an account other than `expected`. The first request of every run.
    ///
    /// # Errors
    /// Another account, or no credentials.
    pub async fn guard(&self, expected: &str) -> AwsResult<()> {
        let (account, arn) = identity(&self.inner.sts).await?;
        if account != expected {
            return Err(Error::Failed {
                message: format!(
                    "these are credentials of account `{account}` (`{arn}`), and the organization's management account is `{expected}`"
                ),
                hint: Some("use credentials of that account (--profile), or correct `organization.management_account`".to_owned()),
            });
        }
        self.learn(&account, &arn);
        Ok(())
    }

    /// The account of credentials that may belong to any account: those of an invited account's owner.
    ///
    /// # Errors
    /// No credentials.
    pub async fn caller(&self) -> AwsResult<String> {
        let (account, arn) = identity(&self.inner.sts).await?;
        self.learn(&account, &arn);
        Ok(account)
    }

    /// The ARN of the credentials in use, once the guard has read it.
    pub fn caller_arn(&self) -> Option<&str> {
        self.inner.arn.get().map(String::as_str)
    }

    fn learn(&self, account: &str, arn: &str) {
        let _ = self.inner.arn.set(arn.to_owned());
        let _ = self.inner.caller.set(account.to_owned());
        self.inner.request_gate.learn_caller(account);
        if let Some(partition) = arn.split(':').nth(1) {
            let _ = self.inner.partition.set(partition.to_owned());
        }
    }

    /// Whether the access role of an account can be assumed.
    ///
    /// # Errors
    /// It cannot.
    pub async fn probe(&self, account: &str) -> AwsResult<()> {
        let region = on_by_default(self.base_region());
        let client = client!(aws_sdk_sts, &self.in_account(account, region), self.retry_partition(account, region));
        identity(&client).await.map(drop)
    }

    /// The Organizations client of the management account.
    pub fn organizations(&self) -> aws_sdk_organizations::Client {
        self.inner.organizations.clone()
    }

    /// The Account Management client of the management account.
    pub fn account(&self) -> aws_sdk_account::Client {
        self.inner.account.clone()
    }

    /// The client configuration inside an account and Region, with the access role assumed (once per account) unless it is the
    /// management account itself. Give the client [`Sessions::retry_partition`] too: `SdkConfig` cannot carry one.
    pub fn in_account(&self, account: &str, region: &str) -> SdkConfig {
        let builder = self.inner.base.to_builder().region(Region::new(region.to_owned()));
        if self.inner.caller.get().is_some_and(|caller| caller == account) {
            return builder.build();
        }
        let member = self.member(account);
        builder.credentials_provider(member.credentials).identity_cache(member.gate).build()
    }

    /// The EC2 client of an account and Region. It has its own retry partition.
    pub fn ec2(&self, account: &str, region: &str) -> aws_sdk_ec2::Client {
        client!(aws_sdk_ec2, &self.in_account(account, region), self.retry_partition(account, region))
    }

    /// The Account Management client that an account uses for itself: unlike [`Sessions::account`], it needs no trusted access.
    pub fn account_of(&self, account: &str) -> aws_sdk_account::Client {
        let region = self.base_region();
        client!(aws_sdk_account, &self.in_account(account, region), self.retry_partition(account, region))
    }

    /// The IAM client of the management account.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        client!(aws_sdk_iam, &self.inner.base, self.retry_partition("own", "iam"))
    }

    /// The IAM client of an account. IAM is global: the Region says only who signs. It has its own retry partition.
    pub fn iam_of(&self, account: &str) -> aws_sdk_iam::Client {
        client!(aws_sdk_iam, &self.in_account(account, self.base_region()), self.retry_partition(account, "iam"))
    }

    /// The IAM client of a short session as the root user of a member. The session may do what AWS's policy of that name allows:
    /// `IAMDeleteRootUserCredentials`. It needs central root access.
    ///
    /// # Errors
    /// AWS refused the session.
    pub async fn root(&self, account: &str, task: &str) -> AwsResult<aws_sdk_iam::Client> {
        let policy = format!("arn:{}:iam::aws:policy/root-task/{task}", self.partition());
        let policy = aws_sdk_sts::types::PolicyDescriptorType::builder().arn(policy).build();
        let request = self.inner.sts.assume_root().target_principal(account).task_policy_arn(policy);
        let answer = request.duration_seconds(ROOT_SECONDS).send().await.map_err(|e| Error::sdk("sts:AssumeRoot", &e))?;
        let issued = answer.credentials.ok_or_else(|| Error::failed("AssumeRoot answered without credentials"))?;
        let expiry = SystemTime::try_from(issued.expiration).map_err(|e| Error::internal(e.to_string()))?;
        let credentials = Credentials::builder()
            .access_key_id(issued.access_key_id)
            .secret_access_key(issued.secret_access_key)
            .session_token(issued.session_token)
            .expiry(expiry)
            .account_id(account)
            .provider_name("overlord")
            .build();
        let builder = self.inner.base.to_builder().credentials_provider(SharedCredentialsProvider::new(credentials));
        let config = builder.identity_cache(gate(&self.inner.request_gate, Arc::new(OnceLock::from(account.to_owned())))).build();
        Ok(client!(aws_sdk_iam, &config, self.retry_partition(account, "iam")))
    }

    /// The CloudTrail client of an account and Region. It has its own retry partition.
    pub fn cloudtrail(&self, account: &str, region: &str) -> aws_sdk_cloudtrail::Client {
        client!(aws_sdk_cloudtrail, &self.in_account(account, region), self.retry_partition(account, region))
    }

    /// The AWS Config client of an account and Region. It has its own retry partition.
    pub fn config(&self, account: &str, region: &str) -> aws_sdk_config::Client {
        client!(aws_sdk_config, &self.in_account(account, region), self.retry_partition(account, region))
    }

    /// The client of the Resource Groups Tagging API in the Region of global services, where the organization's tags are.
    pub fn tagging(&self) -> aws_sdk_resourcegroupstagging::Client {
        let home = self.inner.base.region().map(AsRef::as_ref).unwrap_or_default();
        let base = self.inner.base.to_builder().region(Region::new(global_events_region(home))).build();
        client!(aws_sdk_resourcegroupstagging, &base, self.retry_partition("own", "tag"))
    }

    /// The RAM client of an account and Region. It has its own retry partition.
    pub fn ram(&self, account: &str, region: &str) -> aws_sdk_ram::Client {
        client!(aws_sdk_ram, &self.in_account(account, region), self.retry_partition(account, region))
    }

    /// The RAM client of the management account in the home Region, or in `us-east-1` if accounts must enable the home Region.
    pub fn sharing(&self) -> aws_sdk_ram::Client {
        let region = on_by_default(self.base_region()).to_owned();
        let base = self.inner.base.to_builder().region(Region::new(region.clone())).build();
        client!(aws_sdk_ram, &base, self.retry_partition("own", &region))
    }

    /// The retry partition of an account and Region: throttling there affects no other account or Region.
    pub fn retry_partition(&self, account: &str, region: &str) -> RetryPartition {
        lock(&self.inner.retry_partitions)
            .entry((account.to_owned(), region.to_owned()))
            .or_insert_with(|| retry::partition(account, region))
            .clone()
    }

    /// How long this run has been running: whatever an earlier run did, it did before that.
    pub fn age(&self) -> Duration {
        self.inner.loaded.elapsed()
    }

    /// The request gate behind all clients.
    pub fn request_gate(&self) -> &RequestGate {
        &self.inner.request_gate
    }

    /// Whether the endpoint of Organizations is on this machine (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_ORGANIZATIONS`): an emulator,
    /// which has no published rates.
    pub fn is_loopback_endpoint(&self) -> bool {
        let key = ServiceConfigKey::builder().service_id("Organizations").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let own = key.ok().and_then(|key| self.inner.base.service_config()?.load_config(key));
        own.as_deref().or(self.inner.base.endpoint_url()).is_some_and(is_loopback)
    }

    /// The first endpoint that would get unencrypted requests over a network: `http://`, and not on this machine. Tags, addresses and
    /// session tokens could be read on the way.
    pub fn plain_endpoint(&self) -> Option<String> {
        let services = SERVICES.iter().map(|service| service.sdk_name).chain(SIGN_IN_SERVICES);
        let own = services.filter_map(|service| {
            let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
            self.inner.base.service_config()?.load_config(key.ok()?)
        });
        own.chain(self.inner.base.endpoint_url().map(str::to_owned)).find(|url| is_plain(url) && !is_loopback(url))
    }

    fn member(&self, account: &str) -> Member {
        let member = || Member {
            credentials: SharedCredentialsProvider::new(Role {
                sts: self.inner.sts.clone(),
                account: account.to_owned(),
                arn: format!("arn:{}:iam::{account}:role/{}", self.partition(), self.inner.access_role.name),
                external_id: self.inner.access_role.external_id.clone(),
            }),
            gate: gate(&self.inner.request_gate, Arc::new(OnceLock::from(account.to_owned()))),
        };
        lock(&self.inner.members).entry(account.to_owned()).or_insert_with(member).clone()
    }

    /// `aws`, `aws-us-gov`, …: the caller's, or, before the guard has run, the Region's.
    pub fn partition(&self) -> &str {
        self.inner.partition.get().map_or_else(|| partition_of(self.base_region()), String::as_str)
    }

    /// The Region of the credentials in use.
    fn base_region(&self) -> &str {
        self.inner.base.region().map(AsRef::as_ref).unwrap_or_default()
    }
}

/// Account and ARN of the identity that a client signs as.
async fn identity(client: &aws_sdk_sts::Client) -> AwsResult<(String, String)> {
    // Fewer attempts than elsewhere: no change has started yet, and a mistyped endpoint should fail soon.
    let few = RetryConfig::standard().with_max_attempts(GUARD_ATTEMPTS);
    let few = aws_sdk_sts::config::Builder::new().retry_config(few);
    let identity = client.get_caller_identity().customize().config_override(few).send().await;
    let identity = identity.map_err(|e| Error::sdk("sts:GetCallerIdentity", &e))?;
    Ok((identity.account.unwrap_or_default(), identity.arn.unwrap_or_default()))
}

/// The partition of a Region, by its name.
pub fn partition_of(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        Some("eusc") => "aws-eusc",
        Some(_) | None => "aws",
    }
}

/// The Region whose STS and RAM every account can call: `region` itself, unless accounts must enable it. STS issues credentials only if the
/// Region is enabled both in the calling account and in the account of the credentials, and a new account has none enabled. Credentials of a
/// Regional endpoint are valid in all Regions. Source: the IAM user guide, "Manage AWS STS in an AWS Region", read 2026-11-30.
fn on_by_default(region: &str) -> &str {
    // Other partitions have no Regions to enable.
    if LIMITS.regions.is_opt_in(region) { "us-east-1" } else { region }
}

/// The access role in an account.
#[derive(Debug)]
struct Role {
    sts: aws_sdk_sts::Client,
    account: String,
    arn: String,
    external_id: Option<String>,
}

impl Role {
    async fn assume(&self) -> provider::Result {
        let request = self.sts.assume_role().role_arn(&self.arn).role_session_name(SESSION_NAME);
        let answer = request.set_external_id(self.external_id.clone()).send().await;
        let answer = answer.map_err(|e| CredentialsError::provider_error(Error::sdk(ASSUME_ROLE, &e)))?;
        let issued = answer.credentials.ok_or_else(|| CredentialsError::unhandled("AssumeRole answered without credentials"))?;
        let expiry = SystemTime::try_from(issued.expiration).map_err(CredentialsError::unhandled)?;
        Ok(Credentials::builder()
            .access_key_id(issued.access_key_id)
            .secret_access_key(issued.secret_access_key)
            .session_token(issued.session_token)
            .expiry(expiry)
            .account_id(self.account.as_str())
            .provider_name("overlord")
            .build())
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}

fn gate(request_gate: &RequestGate, account: Arc<OnceLock<String>>) -> SharedIdentityCache {
    let cache = IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build();
    SharedIdentityCache::new(AdmissionInterceptor { request_gate: request_gate.clone(), cache, account })
}

async fn default_chain(profile: Option<&str>, request_gate: &RequestGate, home_region: &str) -> SdkConfig {
    let region = region(profile, home_region).await;
    let config = ProviderConfig::without_region().with_http_client(request_gate.http_client()).with_region(region.clone());
    let mut loader = aws_config::defaults(behavior())
        .http_client(request_gate.http_client())
        .region(region.clone())
        .retry_config(retry::config())
        .timeout_config(retry::timeouts())
        .sleep_impl(TokioSleep::new());
    loader = match profile {
        // As in the AWS CLI: the requested profile is used, or the run fails. The SDK's chain would prefer credentials in the
        // environment, and try the instance's if there is no such profile.
        Some(profile) => {
            let credentials = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build();
            loader.profile_name(profile).credentials_provider(NamedProfile { name: profile.to_owned(), credentials })
        }
        None => loader.credentials_provider(chain(config, region).await),
    };
    loader.load().await
}

/// The credentials of `--profile`; an error names the profile if it has none.
#[derive(Debug)]
struct NamedProfile {
    name: String,
    credentials: ProfileFileCredentialsProvider,
}

impl ProvideCredentials for NamedProfile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            self.credentials.provide_credentials().await.map_err(|error| match error {
                CredentialsError::CredentialsNotLoaded(_) => CredentialsError::invalid_configuration(Error::Failed {
                    message: format!("the profile `{}` does not exist or has no credentials", self.name),
                    hint: Some("name one that `aws configure list-profiles` shows".to_owned()),
                }),
                other => other,
            })
        })
    }
}

async fn chain(config: ProviderConfig, region: Option<Region>) -> DefaultCredentialsChain {
    let metadata = imds::Client::builder()
        .configure(&config)
        .connect_timeout(INSTANCE_METADATA_TIMEOUT)
        .read_timeout(INSTANCE_METADATA_TIMEOUT)
        .max_attempts(1)
        .build();
    DefaultCredentialsChain::builder().configure(config).region(region).imds_client(metadata).build().await
}

/// The configured Region, else the organization's. The instance metadata service is not called: the instance's Region says nothing about
/// the organization's, and the call costs seconds where there is no such service.
async fn region(profile: Option<&str>, home_region: &str) -> Option<Region> {
    let mut file = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        file = file.profile_name(profile);
    }
    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(file.build())
        .or_else(Region::new(home_region.to_owned()))
        .region()
        .await
}

/// Reads no file and no environment variable.
fn sandbox(management_account: &str, request_gate: &RequestGate, home_region: &str) -> SdkConfig {
    let credentials = Credentials::builder()
        .access_key_id(format!("AKIA{management_account}"))
        .secret_access_key("sandbox")
        .provider_name("sandbox")
        .build();
    SdkConfig::builder()
        .behavior_version(behavior())
        .region(Region::new(home_region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(request_gate.http_client())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        // The sandbox answers with its world's time and accepts any signing time, so a refusal never means that the clocks differ.
        .disable_clock_skew_correction(true)
        .retry_config(retry::config())
        .timeout_config(retry::timeouts())
        .build()
}

fn is_plain(url: &str) -> bool {
    url.trim().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
}

fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let by_name = host == "localhost" || host.ends_with(".localhost");
    by_name || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
