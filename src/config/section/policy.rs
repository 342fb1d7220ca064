//! `[policy.<key>]`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::config::span::{At, Table, Tags};
use crate::limits::LIMITS;

/// A policy of your own. Its document is a JSON file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The policy type. Default: scp.
    #[serde(default, rename = "type")]
    #[schemars(schema_with = "policy_types")]
    pub policy_type: Option<At<String>>,
    /// What AWS shows, 1 to 128 characters, unique within its type. Default: the key.
    pub name: Option<At<String>>,
    /// The document, relative to org.toml. Default: policies/<key>.json.
    pub file: Option<At<String>>,
    /// What it is for, at most 512 characters.
    pub description: Option<At<String>>,
    /// For a service control policy: a set may consist of it and hold no Allow, and so deny everything below. Default: false.
    pub lockdown: Option<At<bool>>,
    /// Tags. Only the declared keys are managed.
    pub tags: Option<Tags>,
    /// Rules of `overlord policy lint` that do not hold for it, each with the reason: `{ "narrow-allow" = "only the log bucket" }`.
    #[serde(default)]
    pub suppress: Table<At<String>>,
}

/// The types that limits.toml knows: data, so that a new one needs no code.
fn policy_types(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = LIMITS.policy_types.iter().map(|t| t.short.as_str()).collect();
    json_schema!({"type": "string", "enum": names})
}
