//! `[limits]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::span::{At, Table};

/// Quotas that AWS raised for you, and Regions that it opened. Left out, the built-in ones hold: dated data of AWS's documentation.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Accounts in the organization, the management account included.
    pub accounts: Option<At<u32>>,
    /// Organizational units in the organization.
    pub ous: Option<At<u32>>,
    /// VPCs of one account in one Region, its default VPC included.
    pub vpcs: Option<At<u32>>,
    /// Elastic addresses of one account in one Region.
    pub elastic_ips: Option<At<u32>>,
    /// NAT gateways of one account in one zone.
    pub nat_gateways_per_zone: Option<At<u32>>,
    /// Peerings of one VPC: 50, which AWS raises to 125 at most.
    pub peerings_per_vpc: Option<At<u32>>,
    /// Regions that AWS opened after this version of overlord was made, as in `["xy-north-1"]`: they are accepted besides the built-in ones.
    #[serde(default)]
    pub regions: Vec<At<String>>,
    /// Limits of a policy type by its short name, as in `[limits.policy.scp]`.
    #[serde(default)]
    pub policy: Table<PolicyLimits>,
}

/// Limits of one policy type.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyLimits {
    /// Characters of a document, without white space.
    pub size: Option<At<u32>>,
    /// Policies of the type attached directly to one root, OU or account.
    pub attached: Option<At<u32>>,
}
