//! The delegated administrators of a trusted service: one account, or several if the service allows it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::config::span::At;

/// The accounts of a service, by their keys.
#[derive(Debug)]
pub enum Administrators {
    /// `"audit"`: another account takes its place.
    One(String),
    /// `["audit", "security"]`: each for itself.
    Several(Vec<At<String>>),
}

impl At<Administrators> {
    /// The keys of the accounts, each with its place.
    pub fn keys(&self) -> Vec<At<String>> {
        match &self.value {
            Administrators::One(key) => vec![At { value: key.clone(), at: self.at }],
            Administrators::Several(keys) => keys.iter().map(|key| At { value: key.value.clone(), at: key.at }).collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Administrators {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Administrators;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Administrators, E> {
                Ok(Administrators::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Administrators, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Administrators::Several)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Administrators {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Administrators".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
    }
}
