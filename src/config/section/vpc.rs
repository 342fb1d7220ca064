//! `[vpc.<key>]`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::config::span::{At, List, Table};
use crate::network::Nat;

/// A layout: what a VPC looks like. Accounts name it in `vpc`, and have one VPC of each layout that they name.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// The Region. Required.
    #[schemars(required)]
    pub region: Option<At<String>>,
    /// The key of the pool that its block is taken from. Required.
    #[schemars(required)]
    pub pool: Option<At<String>>,
    /// The prefix length of its block: 16 (65536 addresses) to 28 (16 addresses). Required.
    #[schemars(required)]
    pub prefix: Option<At<u32>>,
    /// How many availability zones have subnets, 1 to 16. Required.
    #[schemars(required)]
    pub zones: Option<At<u32>>,
    /// How many zones it has room for, 1 to 16, rounded up to a power of two. Default: 8.
    pub max_zones: Option<At<u32>>,
    /// How what is not public reaches the internet. Default: none.
    #[schemars(schema_with = "nats")]
    pub nat: Option<At<String>>,
    /// Its tiers, with their percentages of the block: 100, 50, 25, 12.5, 6.25 or 3.125. They lie in the block as they stand here. Required.
    #[schemars(required)]
    pub tiers: Option<At<Table<At<f64>>>>,
    /// Services that it has endpoints of: s3, dynamodb, ….
    pub endpoints: Option<List>,
    /// Whether it has IPv6 addresses too: a /56 for the VPC, a /64 for each subnet. Default: false.
    pub ipv6: Option<At<bool>>,
}

fn nats(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Nat::ALL.map(|(name, _)| name)})
}
