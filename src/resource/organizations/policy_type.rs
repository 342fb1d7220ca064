//! `policy_type`: a policy type enabled on the root; asynchronous.

use serde::{Deserialize, Serialize};

use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `policy_type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyTypeAttributes {
    /// The organization, for its root.
    pub organization: Reference,
    /// As the API spells it.
    pub policy_type: String,
}

/// The kind.
pub struct PolicyType;

impl Kind for PolicyType {
    type Attributes = PolicyTypeAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "policy_type",
        summary: "a policy type enabled on the root; asynchronous",
        attributes: &[AttributeSpec::new("organization", OnChange::Update), AttributeSpec::new("policy_type", OnChange::Update)],
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
