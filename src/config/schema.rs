//! The JSON Schema of org.toml, generated from the sections. Editors use it for completion, and `structure` checks against it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::section::File;

/// The JSON Schema (draft 2020-12) of org.toml.
pub fn schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<File>().to_value();
    without_null(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), Value::from("org.toml"));
    }
    schema
}

/// An optional key of Rust may be null in JSON; TOML has no null, and an editor should not offer it.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(values)) = map.get_mut("enum") {
                values.retain(|v| !v.is_null());
            }
            if let Some(Value::Array(mut options)) = map.remove("anyOf") {
                options.retain(|o| o.get("type").is_none_or(|t| t != "null"));
                match <[Value; 1]>::try_from(options) {
                    Ok([Value::Object(only)]) => map.extend(only),
                    Ok([other]) => drop(map.insert("anyOf".to_owned(), Value::Array(vec![other]))),
                    Err(options) => drop(map.insert("anyOf".to_owned(), Value::Array(options))),
                }
            }
            map.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
