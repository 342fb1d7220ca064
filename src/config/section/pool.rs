//! `[pool.<key>]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::span::{At, List};

/// A range of addresses that VPCs get their blocks from.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// All of it: `10.0.0.0/8`. Required.
    #[schemars(required)]
    pub cidr: Option<At<String>>,
    /// Parts of it that no VPC gets: an office, a data centre, networks that overlord does not make.
    pub reserved: Option<List>,
}
