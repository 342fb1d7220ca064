//! `policy`: a customer-managed policy of any type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `policy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyAttributes {
    /// The document in canonical form (`crate::policy`).
    pub content: Value,
    /// What it is for; may be empty.
    pub description: String,
    /// What AWS shows; unique within its type.
    pub name: String,
    /// The enabled type, `policy_type.<TYPE>`.
    pub policy_type: Reference,
    /// The declared tags; `None` when none are declared, and then none are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The kind.
pub struct Policy;

impl Kind for Policy {
    type Attributes = PolicyAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "policy",
        summary: "a customer-managed policy of any type",
        attributes: &[
            AttributeSpec::new("content", OnChange::Update),
            AttributeSpec::new("description", OnChange::Update),
            AttributeSpec::new("name", OnChange::Update),
            AttributeSpec::new("policy_type", OnChange::ReplaceCreateFirst),
            AttributeSpec::new("tags", OnChange::Update),
        ],
        on_removal: OnRemoval::Delete,
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
