//! `[[moved]]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::span::At;

/// A renamed key: its resource is kept under the new key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// The address that it had, such as `ou.old-key`; of an OU, a policy, an account or a team. Required.
    #[schemars(required)]
    pub from: Option<At<String>>,
    /// The address that it has now. Required.
    #[schemars(required)]
    pub to: Option<At<String>>,
}
