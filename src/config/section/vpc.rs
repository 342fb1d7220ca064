//! `[vpc.<key>]`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::config::span::{At, List, Table, Tags};
use crate::network::{FlowLog, Nat, Peering};

/// A layout: what a VPC looks like. Accounts name it in `vpc`, and have one VPC of each layout that they name.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// The Region. Required.
    #[schemars(required)]
    pub region: Option<At<String>>,
    /// The key of the pool from which its block is allocated. Required.
    #[schemars(required)]
    pub pool: Option<At<String>>,
    /// The prefix length of its block: 16 (65536 addresses) to 28 (16 addresses). Required.
    #[schemars(required)]
    pub prefix: Option<At<u32>>,
    /// How many availability zones have subnets, 1 to 16; or which, as in ["az1", "az2", "az4"]. Required.
    #[schemars(required)]
    pub zones: Option<At<Zones>>,
    /// How many zones it has room for, 1 to 16, rounded up to a power of two. Default: 8.
    pub max_zones: Option<At<u32>>,
    /// IDs of zones that new subnets avoid while others are free; not allowed with a list of zones. Default: zones known to lack services, such as use1-az3.
    pub avoid_zones: Option<List>,
    /// How tiers that are not public reach the internet. Default: none.
    #[serde(default)]
    #[schemars(schema_with = "nats")]
    pub nat: Option<At<String>>,
    /// Its tiers, with their percentages of the block: 100, 50, 25, 12.5, 6.25 or 3.125. Their addresses are in this order in the block. Required.
    #[schemars(required)]
    pub tiers: Option<At<Table<At<f64>>>>,
    /// Services that it has endpoints of: s3, dynamodb, ….
    pub endpoints: Option<List>,
    /// Whether it has IPv6 addresses too: a /56 for the VPC, a /64 for each subnet. Default: false.
    pub ipv6: Option<At<bool>>,
    /// Whether AWS's resolver answers in it. Default: not changed, but on if there are interface endpoints.
    pub dns_support: Option<At<bool>>,
    /// Whether instances get DNS names. Default: not changed, but on if there are interface endpoints.
    pub dns_hostnames: Option<At<bool>>,
    /// Name servers that instances get by DHCP, at most four: addresses, or AmazonProvidedDNS. Default: AWS's own.
    pub name_servers: Option<List>,
    /// The domain with which instances complete host names, sent by DHCP. Default: AWS's own.
    pub domain_name: Option<At<String>>,
    /// The destination of its flow logs: the ARN of a bucket, or of a delivery stream in the account of the VPC; or a table. Default: no flow logs.
    pub flow_logs: Option<At<FlowLogs>>,
    /// Tags of all that it consists of. `{account}`, `{team}`, `{stage}` and `{region}` are filled in in the values.
    #[serde(default)]
    pub tags: Tags,
    /// Whether its VPCs peer with each other. Default: none.
    #[serde(default)]
    #[schemars(schema_with = "peerings")]
    pub peering: Option<At<String>>,
    /// The key of the transit gateway to which its VPCs attach. Default: none.
    pub attach: Option<At<String>>,
    /// The key of the VPN to which each of its VPCs has a connection. Default: none.
    pub vpn: Option<At<String>>,
    /// The tier whose subnets other accounts use too. Default: none.
    pub share: Option<At<SharedTier>>,
}

/// Zones: how many, or which.
#[derive(Debug)]
pub enum Zones {
    /// `zones = 3`: the first ones.
    Count(u32),
    /// `zones = ["az1", "az2", "az4"]`.
    List(Vec<At<String>>),
}

impl<'de> Deserialize<'de> for Zones {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Zones;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a list of strings")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Zones, E> {
                u32::try_from(number).map(Zones::Count).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Zones, E> {
                u32::try_from(number).map(Zones::Count).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Zones, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Zones::List)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Zones {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Zones".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [generator.subschema_for::<u32>(), generator.subschema_for::<List>()]})
    }
}

/// Flow logs: a destination, or a table with more settings.
#[derive(Debug)]
pub enum FlowLogs {
    /// `flow_logs = "arn:…"`.
    Destination(String),
    /// `flow_logs = { destination = "arn:…", interval = 60 }`.
    Table(FlowLogTable),
}

/// Flow logs in every detail.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowLogTable {
    /// The ARN of a bucket or of a delivery stream. Required.
    #[schemars(required)]
    pub destination: Option<At<String>>,
    /// Which packets: ALL, ACCEPT or REJECT. Default: ALL.
    #[serde(default)]
    #[schemars(schema_with = "traffics")]
    pub traffic: Option<At<String>>,
    /// Seconds that a record sums up at most: 60 or 600. Default: 600.
    pub interval: Option<At<u32>>,
}

impl<'de> Deserialize<'de> for FlowLogs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = FlowLogs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a table")
            }

            fn visit_str<E>(self, text: &str) -> Result<FlowLogs, E> {
                Ok(FlowLogs::Destination(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FlowLogs, A::Error> {
                FlowLogTable::deserialize(MapAccessDeserializer::new(map)).map(FlowLogs::Table)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for FlowLogs {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FlowLogs".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, generator.subschema_for::<FlowLogTable>()]})
    }
}

/// A tier whose subnets other accounts use too.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedTier {
    /// The key of the tier. Required.
    #[schemars(required)]
    pub tier: Option<At<String>>,
    /// Who uses it: `ou.<key>`, `account.<key>` or `organization`. Required.
    #[schemars(required)]
    pub with: Option<At<String>>,
}

fn nats(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Nat::ALL.map(|(name, _)| name)})
}

fn traffics(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": FlowLog::TRAFFICS})
}

fn peerings(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Peering::ALL.map(|(name, _)| name)})
}
