//! `[defaults]`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::Contacts;
use super::inherited::{inherited_keys, with_inherited_keys};
use crate::config::span::{At, List, Tags};

inherited_keys! { with_inherited_keys! {
/// What every account of a team gets unless its team or stage says otherwise. Single accounts (`[account.*]`) get nothing from here.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// The stages of a team: one account each.
    pub stages: Option<List>,
    /// The e-mail address of an account. `{account}`, `{team}` and `{stage}` are filled in: `aws+{account}@example.org`.
    pub email: Option<At<String>>,
    /// Tags of an account. `{account}`, `{team}` and `{stage}` are filled in in the values.
    #[serde(default)]
    pub tags: Tags,
    /// The contacts of an account. Default: not changed.
    #[serde(default)]
    pub contacts: Contacts,
}
} }

/// What `default_vpc` takes.
pub const DEFAULT_VPCS: [&str; 2] = ["keep", "remove"];

pub(super) fn default_vpcs(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": DEFAULT_VPCS})
}
