//! `trusted_service`: an AWS service that may act in the organization.

use serde::{Deserialize, Serialize};

use super::calls::never_deleted;
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `trusted_service`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrustedServiceAttributes {
    /// The organization.
    pub organization: Reference,
    /// The service principal, such as `config.amazonaws.com`.
    pub service: String,
}

/// The kind.
pub struct TrustedService;

impl Kind for TrustedService {
    type Attributes = TrustedServiceAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "trusted_service",
        summary: "an AWS service that may act in the organization",
        attributes: &[AttributeSpec::new("organization", OnChange::Update), AttributeSpec::new("service", OnChange::Update)],
        on_removal: OnRemoval::Report,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let enable = after.filter(|_| before != after).map(|_| "organizations:EnableAWSServiceAccess".to_owned());
        enable.into_iter().collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        // Enabling what is enabled is no error.
        let request = context.sessions().organizations().enable_aws_service_access().service_principal(&after.service);
        request.send().await.map_err(|e| Error::sdk("organizations:EnableAWSServiceAccess", &e))?;
        Ok(after.service)
    }

    async fn update(context: &Context, _id: &str, _before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        Self::create(context, after).await.map(drop)
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}
