//! `[defaults]`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::Contacts;
use crate::config::span::{At, List, Tags};

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
    /// Opt-in Regions that are enabled in an account, as in `["af-south-1"]`; Regions of its layouts are always enabled. A Region that is removed from the list stays enabled. Default: none.
    pub regions: Option<List>,
    /// Whether the password, keys, certificates and MFA devices of the root user of an account are kept, or removed. Needs `root_access`. Default: keep.
    #[serde(default)]
    #[schemars(schema_with = "default_vpcs")]
    pub root_credentials: Option<At<String>>,
    /// The layouts of the VPCs of an account. Default: none.
    pub vpc: Option<List>,
    /// Whether the default VPC that AWS creates in every Region is kept, or deleted if unused. Default: keep.
    #[serde(default)]
    #[schemars(schema_with = "default_vpcs")]
    pub default_vpc: Option<At<String>>,
}

/// What `default_vpc` takes.
pub const DEFAULT_VPCS: [&str; 2] = ["keep", "remove"];

pub(super) fn default_vpcs(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": DEFAULT_VPCS})
}
