//! `[framework.<key>]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::span::At;

/// A dated list of services that accounts are restricted to, such as those that a law or a standard lets you use. The list is a file of
/// yours.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// The list, relative to org.toml. Default: policies/frameworks/<key>.toml.
    pub file: Option<At<String>>,
    /// A second list, relative to org.toml: the services that every account needs in addition, such as identity and audit.
    /// Default: nothing.
    pub baseline: Option<At<String>>,
}
