//! `[defaults]`.

use schemars::JsonSchema;
use serde::Deserialize;

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
    /// The layouts of the VPCs of an account. Default: none.
    pub vpc: Option<List>,
}
