//! `region`: an opt-in Region, which an account must enable before it can be used.

use serde::{Deserialize, Serialize};

use super::not_built;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `region`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegionAttributes {
    /// `ENABLED`, or as it stands.
    pub status: String,
}

/// The kind.
pub struct Region;

impl Kind for Region {
    type Attributes = RegionAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "region",
        summary: "an opt-in Region of an account, enabled",
        attributes: &[AttributeSpec::new("status", OnChange::Update)],
        on_removal: OnRemoval::Report,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let differs = after.is_some_and(|after| before.is_none_or(|before| before.status != after.status));
        let calls = differs.then_some("account:EnableRegion");
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, _after: Self::Attributes) -> Result<String, Error> {
        Err(not_built(context))
    }

    async fn update(context: &Context, _id: &str, _before: Self::Attributes, _after: Self::Attributes) -> AwsResult<()> {
        Err(not_built(context))
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(not_built(context))
    }
}
