//! `[[ignore]]`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use toml::value::Datetime;

use crate::config::span::{At, List};

/// Drift that is expected for a while: `overlord drift` leaves it out until the day is over. Plans and applies do not know it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// The resource: an address as `overlord drift` shows it, or the id of an unmanaged resource; `*` matches any text.
    /// Required.
    #[schemars(required)]
    pub address: Option<At<String>>,
    /// The attributes that may differ, such as `["tags"]`. Default: whatever there is to find.
    pub attributes: Option<List>,
    /// Why. Required.
    #[schemars(required)]
    pub reason: Option<At<String>>,
    /// The last day on which it holds, in UTC, as in `2027-01-31`, without quotes. Required.
    #[schemars(required)]
    pub until: Option<At<Day>>,
}

/// A date of TOML.
#[derive(Debug)]
pub struct Day(pub Datetime);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Datetime::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date"})
    }
}
