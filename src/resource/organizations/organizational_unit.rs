//! `ou`: an organizational unit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `ou`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationalUnitAttributes {
    /// What AWS shows.
    pub name: String,
    /// The OU above, or the organization for the root.
    pub parent: Reference,
    /// The declared tags; `None` when none are declared, and then none are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The kind.
pub struct OrganizationalUnit;

impl Kind for OrganizationalUnit {
    type Attributes = OrganizationalUnitAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "ou",
        summary: "an organizational unit",
        attributes: &[
            AttributeSpec::new("name", OnChange::Update),
            AttributeSpec::new("parent", OnChange::ReplaceCreateFirst),
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
