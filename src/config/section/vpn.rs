//! `[vpn.<key>]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::span::{At, List};

/// The far end of a site-to-site VPN: an office. Layouts name it in `vpn`; each of their VPCs has a connection of its own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpn {
    /// The public IPv4 address of its router. Required.
    #[schemars(required)]
    pub address: Option<At<String>>,
    /// Its number in BGP. Default: 65000.
    pub asn: Option<At<u32>>,
    /// The addresses behind it: `["10.10.0.0/16"]`. Required.
    #[schemars(required)]
    pub routes: Option<List>,
}
