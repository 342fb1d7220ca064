//! `policy_attachments`: the whole set of policies attached directly to one target.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `policy_attachments`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyAttachmentsAttributes {
    /// The set. AWS's own policies are `{"id": "p-FullAWSAccess"}`.
    pub policies: BTreeSet<Reference>,
    /// The root (as the organization), an OU or an account.
    pub target: Reference,
}

/// The kind.
pub struct PolicyAttachments;

impl Kind for PolicyAttachments {
    type Attributes = PolicyAttachmentsAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "policy_attachments",
        summary: "the whole set of policies attached directly to one target",
        attributes: &[AttributeSpec::new("policies", OnChange::Update), AttributeSpec::new("target", OnChange::Update)],
        on_removal: OnRemoval::Report,
        guards_target: true,
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
