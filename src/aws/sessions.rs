//! Sessions: account and Region to client configuration, with cached assumed roles.

use aws_types::SdkConfig;

use super::{AwsResult, Door};

/// Where credentials and endpoints come from.
#[derive(Debug, Clone)]
pub enum Access {
    /// aws-config's default chain: environment, profile, Identity Center, web identity, container, instance.
    DefaultChain {
        /// `--profile`.
        profile: Option<String>,
    },
    /// The sandbox in this process, as the given management account.
    Sandbox {
        /// Its 12-digit id.
        management_account: String,
    },
}

/// Clients for every account and Region. Cheap to clone; all clones share their caches.
#[derive(Debug, Clone)]
pub struct Sessions {}

impl Sessions {
    /// Loads the configuration of the credentials in use. Makes no AWS request, except what the credentials need.
    pub async fn load(access: Access, door: Door, home_region: &str, access_role: &str) -> AwsResult<Self> {
        todo!("{access:?} {door:?} {home_region} {access_role}")
    }

    /// The account guard: the account of the credentials, refused when it is not `expected`. The first request of every run.
    ///
    /// # Errors
    /// Another account, or no credentials.
    pub async fn guard(&self, expected: &str) -> AwsResult<()> {
        todo!("{expected}")
    }

    /// The Organizations client of the management account.
    pub fn organizations(&self) -> aws_sdk_organizations::Client {
        todo!()
    }

    /// The Account Management client of the management account.
    pub fn account(&self) -> aws_sdk_account::Client {
        todo!()
    }

    /// The client configuration inside an account and Region, with the access role assumed (once per account) unless it is the
    /// management account itself.
    pub fn in_account(&self, account: &str, region: &str) -> SdkConfig {
        todo!("{account} {region}")
    }

    /// The door behind all clients.
    pub fn door(&self) -> &Door {
        todo!()
    }
}
