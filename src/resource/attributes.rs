//! The attributes of a resource, in the one form that both sides of the diff use.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::address::{Address, Reference};

/// A value in a sentence: text and references in backticks.
pub fn shown(value: &Value) -> String {
    if let Ok(reference) = Reference::deserialize(value) {
        return format!("`{reference}`");
    }
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => format!("`{value}`"),
    }
}

/// The attributes of one resource by name: a JSON object, with references as `{"ref": address}`.
///
/// Stored as canonical text (sorted names, no white space), which is searched and not parsed: a plan contains a million of these, most of
/// them equal on both sides. Equal attributes are equal texts; a clone shares the same text.
#[derive(Clone, PartialEq, Eq)]
pub struct Attributes(Arc<str>);

impl Attributes {
    /// None at all.
    pub fn new() -> Self {
        Self("{}".into())
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.look(Member { name, as_what: std::marker::PhantomData }).flatten()
    }

    /// The reference of that name, such as `parent` or `target`; `None` when there is none, or something else.
    pub fn reference(&self, name: &str) -> Option<Reference> {
        let found: Lenient<Reference> = self.look(Member { name, as_what: std::marker::PhantomData }).flatten()?;
        found.0
    }

    /// Everything that they refer to, by address and by id, in order, each once.
    pub fn references(&self) -> Vec<Reference> {
        self.references_near(None)
    }

    /// The same; references to the account and Region of `near` share its scope.
    pub(super) fn references_near(&self, near: Option<&Address>) -> Vec<Reference> {
        let mut found = Vec::new();
        // Cheaper than a comparison, and true for most of a network.
        if self.0.contains(r#"{"ref":""#) || self.0.contains(r#"{"id":""#) {
            self.look(Walk { found: &mut found, near });
        }
        found.sort();
        found.dedup();
        found
    }

    /// By name.
    pub fn to_map(&self) -> BTreeMap<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// With another value for that name.
    pub fn with(&self, name: impl Into<String>, value: Value) -> Self {
        self.to_map().into_iter().chain([(name.into(), value)]).collect()
    }

    /// The canonical text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    fn look<'t, S: DeserializeSeed<'t>>(&'t self, seed: S) -> Option<S::Value> {
        seed.deserialize(&mut serde_json::Deserializer::from_str(&self.0)).ok()
    }
}

impl Default for Attributes {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromIterator<(String, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(values: I) -> Self {
        Self(Value::Object(values.into_iter().collect()).to_string().into())
    }
}

impl<const N: usize> From<[(String, Value); N]> for Attributes {
    fn from(values: [(String, Value); N]) -> Self {
        values.into_iter().collect()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.to_map())
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::<String, Value>::deserialize(deserializer).map(|values| values.into_iter().collect())
    }
}

/// Attributes as a typed value. Unknown attributes are ignored; a missing required one is an error.
///
/// # Errors
/// The attributes are not of the type's form.
pub fn typed<A: DeserializeOwned>(attributes: &Attributes) -> Result<A, serde_json::Error> {
    serde_json::from_str(&attributes.0)
}

/// A typed value as attributes. Its fields, and those of nested values, are sorted by name, so that its JSON is canonical as it is
/// written; the contract test checks that for all kinds.
///
/// # Panics
/// Never for a type whose serialized form is a map with string keys, as every kind's is; the contract test walks them.
pub fn untyped<A: Serialize>(value: &A) -> Attributes {
    match serde_json::to_string(value) {
        Ok(text) if text.starts_with('{') => {
            let attributes = Attributes(text.into());
            debug_assert_eq!(attributes, attributes.to_map().into_iter().collect(), "fields are not in order of name");
            attributes
        }
        other => unreachable!("attributes serialize to a map, not {other:?}"),
    }
}

/// Looks for one member of an object, and skips the others.
struct Member<'n, T> {
    name: &'n str,
    as_what: std::marker::PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Member<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Member<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Key<'de>>()? {
            if key.0 == self.name {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A value that may be of another form.
struct Lenient<T>(Option<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self(T::deserialize(value).ok()))
    }
}

/// A key, borrowed where it can be.
#[derive(Deserialize)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);

/// Collects the references in a value. Returns the text if the value is one.
struct Walk<'f> {
    found: &'f mut Vec<Reference>,
    near: Option<&'f Address>,
}

impl Walk<'_> {
    /// For nested values.
    fn inside(&mut self) -> Walk<'_> {
        Walk { found: &mut *self.found, near: self.near }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut items: S) -> Result<Self::Value, S::Error> {
        while items.next_element_seed(self.inside())?.is_some() {}
        Ok(None)
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<Self::Value, M::Error> {
        // A reference is an object with one member, and that a text.
        let mut only = None;
        let mut members = 0_usize;
        while let Some(key) = map.next_key::<Key<'de>>()? {
            only = map.next_value_seed(self.inside())?.map(|text| (key, text));
            members += 1;
        }
        match only {
            Some((key, text)) if members == 1 && key.0 == "ref" => {
                let address = self.near.map_or_else(|| text.parse(), |near| near.parse_near(&text));
                self.found.extend(address.map(Reference::Address));
            }
            Some((key, text)) if members == 1 && key.0 == "id" => self.found.push(Reference::Id(text.into_owned())),
            Some(_) | None => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attributes(value: Value) -> Attributes {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn equal_attributes_are_equal_texts() {
        let one = attributes(json!({ "b": [1, { "z": null, "y": true }], "a": "é\n\"" }));
        assert_eq!(one.as_json(), r#"{"a":"é\n\"","b":[1,{"y":true,"z":null}]}"#);
        assert_eq!(one, one.to_map().into_iter().collect());
        assert_eq!(serde_json::from_str::<Attributes>(&serde_json::to_string(&one).unwrap()).unwrap(), one);
        assert_eq!(Attributes::new().with("a", json!(1)).with("a", json!(2)), attributes(json!({ "a": 2 })));
    }

    #[test]
    fn a_value_is_found_by_name() {
        let one = attributes(json!({ "a": { "ref": "ou.a" }, "b": null, "c": { "ref": 1 } }));
        assert_eq!((one.get("a"), one.get("b"), one.get("z")), (Some(json!({ "ref": "ou.a" })), Some(Value::Null), None));
        assert_eq!(one.reference("a"), Some(Address::new("ou", "a").into()));
        assert_eq!((one.reference("b"), one.reference("c"), one.reference("z")), (None, None, None));
    }

    #[test]
    fn references_are_found_wherever_they_are_and_nothing_else_is_one() {
        let one = attributes(json!({
            "list": [{ "ref": "x/y/vpc.b" }, { "id": "p-1" }, { "ref": "ou.a" }, [{ "deep": { "ref": "ou.a" } }], 1, null, false, 1.5, -2],
            "no": { "ref": "not an address" }, "two": { "id": "p-2", "ref": "ou.z" }, "number": { "ref": 1 }, "text": "ou.z",
            "quoted": { "ref": "ou.\"q\"" },
        }));
        let found: Vec<String> = one.references().iter().map(Reference::to_string).collect();
        assert_eq!(found, ["ou.\"q\"", "ou.a", "x/y/vpc.b", "p-1"]);
    }
}
