//! Values of org.toml with their positions, so that later checks can point to them.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::diagnostic::ByteRange;

/// A value and the bytes of org.toml that say it. Compares by the value alone.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its position.
    pub at: ByteRange,
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let at = spanned.span().into();
        Ok(Self { value: spanned.into_inner(), at })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// The key of a section, such as `hipaa` in `[ou.hipaa]`: the stable identity of what it declares.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Key(At<String>);

impl Key {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0.value
    }

    /// Its position.
    pub fn at(&self) -> ByteRange {
        self.0.at
    }

    /// Whether it is made of letters, digits, `-` and `_` only: what addresses and shells take without quoting.
    pub fn is_well_formed(&self) -> bool {
        !self.as_str().is_empty() && self.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    }
}

impl JsonSchema for Key {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Key".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"})
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

/// A table of sections by key.
pub type Table<T> = BTreeMap<Key, T>;

/// A list of strings, each with its place, and the place of the whole.
pub type List = At<Vec<At<String>>>;

/// Tags: values by key. A tag key may hold any character that AWS takes, so it is no [`Key`].
pub type Tags = BTreeMap<TagKey, At<String>>;

/// The key of a tag, with its place.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct TagKey(pub At<String>);

impl JsonSchema for TagKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        String::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

impl PartialEq for TagKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.value == other.0.value
    }
}

impl Eq for TagKey {}

impl PartialOrd for TagKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TagKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.value.cmp(&other.0.value)
    }
}
