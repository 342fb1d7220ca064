//! `[transit_gateway.<key>]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::span::{At, List};

/// A transit gateway, to which VPCs of many accounts can attach. Layouts name it in `attach`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransitGateway {
    /// The key of the account that has it. Required.
    #[schemars(required)]
    pub account: Option<At<String>>,
    /// The Region. Required.
    #[schemars(required)]
    pub region: Option<At<String>>,
    /// Its own number in BGP: 64512 to 65534, or 4200000000 to 4294967294. Default: AWS's, 64512.
    pub asn: Option<At<u32>>,
    /// Who may attach to it: `ou.<key>`, `account.<key>` or `organization`. Default: the organization.
    pub share_with: Option<List>,
    /// The addresses that VPCs reach through it. Default: those of their pool.
    pub routes: Option<List>,
}
