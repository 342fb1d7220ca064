//! `organization`: the organization itself; as a parent it stands for the root.

use serde::{Deserialize, Serialize};

use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `organization`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationAttributes {
    /// `ALL`; consolidated billing is upgraded.
    pub feature_set: String,
}

/// The kind.
pub struct Organization;

impl Kind for Organization {
    type Attributes = OrganizationAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "organization",
        summary: "the organization itself; as a parent it stands for the root",
        attributes: &[AttributeSpec::new("feature_set", OnChange::Update)],
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
