//! `[[test]]`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::config::span::{At, List, TagKey};

/// What the guardrails of some accounts must allow and must deny: checked offline whenever org.toml is read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What it is called when it fails. Default: its number.
    pub name: Option<At<String>>,
    /// The accounts: a list of keys, or a table with `ou` or `team`. Default: all.
    pub accounts: Option<At<Accounts>>,
    /// Who asks: `role/<name>`, `user/<name>`, `root`, an ARN, or a service such as cloudtrail.amazonaws.com. Default: anybody.
    #[serde(default)]
    pub principals: Vec<At<String>>,
    /// The ARNs of the resources, with the wildcards `*` and `?`. Default: any.
    #[serde(default)]
    pub resources: Vec<At<String>>,
    /// Condition keys with a value or a list of values, such as `{ "aws:RequestedRegion" = "us-east-1" }`. Others are not known.
    #[serde(default)]
    pub context: BTreeMap<TagKey, Values>,
    /// Condition keys that the request does not have.
    #[serde(default)]
    pub absent: Vec<At<String>>,
    /// Actions that the guardrails must allow, with the wildcards `*` and `?`.
    pub allow: Option<List>,
    /// Actions that must be denied; likewise.
    pub deny: Option<List>,
}

/// Which accounts.
#[derive(Debug)]
pub enum Accounts {
    /// `accounts = ["audit"]`.
    Keys(Vec<At<String>>),
    /// `accounts = { ou = "hipaa" }`.
    Below(Below),
}

/// Accounts by where they belong.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// The key of an OU: all accounts below it.
    pub ou: Option<At<String>>,
    /// The key of a team: all of its accounts.
    pub team: Option<At<String>>,
}

/// A value, or several.
#[derive(Debug)]
pub struct Values(pub Vec<String>);

impl<'de> Deserialize<'de> for Accounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Accounts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or a table")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Accounts, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Accounts::Keys)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Accounts, A::Error> {
                Below::deserialize(MapAccessDeserializer::new(map)).map(Accounts::Below)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Accounts {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Accounts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "array", "items": {"type": "string"}}, generator.subschema_for::<Below>()]})
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list")
            }

            fn visit_str<E>(self, text: &str) -> Result<Values, E> {
                Ok(Values(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Values, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Values)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Values {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Values".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
    }
}
