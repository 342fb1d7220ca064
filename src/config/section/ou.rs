//! `[ou.<key>]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::span::{At, List, Tags};

/// An organizational unit.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ou {
    /// What AWS shows, 1 to 128 characters, unique under its parent. Default: the key.
    pub name: Option<At<String>>,
    /// The key of the OU above. Default: root.
    pub parent: Option<At<String>>,
    /// The whole set of policies attached directly. Default: FullAWSAccess.
    pub policies: Option<List>,
    /// Tags. Only the declared keys are managed.
    pub tags: Option<Tags>,
}
