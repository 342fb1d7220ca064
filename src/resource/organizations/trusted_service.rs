//! `trusted_service`: an AWS service that may act in the organization.

use serde::{Deserialize, Serialize};

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
        todo!("{} {}", before.is_some(), after.is_some())
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        todo!("{context:?} {after:?}")
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        todo!("{context:?} {id} {before:?} {after:?}")
    }

    async fn delete(context: &Context, id: &str, before: Self::Attributes) -> AwsResult<()> {
        todo!("{context:?} {id} {before:?}")
    }
}
