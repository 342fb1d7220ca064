//! `delegated_administrator`: the account that administers a trusted service.

use serde::{Deserialize, Serialize};

use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `delegated_administrator`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DelegatedAdministratorAttributes {
    /// The account.
    pub account: Reference,
    /// The service principal.
    pub service: String,
    /// The trusted service, which comes first.
    pub trusted_service: Reference,
}

/// The kind.
pub struct DelegatedAdministrator;

impl Kind for DelegatedAdministrator {
    type Attributes = DelegatedAdministratorAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "delegated_administrator",
        summary: "the account that administers a trusted service",
        attributes: &[
            AttributeSpec::new("account", OnChange::Update),
            AttributeSpec::new("service", OnChange::Update),
            AttributeSpec::new("trusted_service", OnChange::Update),
        ],
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
