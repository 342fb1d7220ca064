//! Checks the tree of org.toml against the generated JSON Schema. Reports all unknown keys and wrong types, and removes each from the tree, so
//! that serde can read the rest and the semantic checks see everything that is valid.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::code::Code;
use super::report::Report;
use super::schema::schema;
use super::section::LATER;
use crate::diagnostic::ByteRange;

/// Reports what does not fit the schema and takes it out of `tree`.
pub(super) fn check(tree: &mut DeTable<'_>, report: &mut Report) {
    let schema = schema();
    let mut walk = Walk { root: &schema, report, path: Vec::new() };
    walk.table(&schema, tree);
}

struct Walk<'s, 'r> {
    root: &'s Value,
    report: &'r mut Report,
    path: Vec<String>,
}

impl<'s> Walk<'s, '_> {
    fn table(&mut self, schema: &'s Value, table: &mut DeTable<'_>) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema
            .get("patternProperties")
            .and_then(Value::as_object)
            .and_then(|p| p.values().next())
            .or_else(|| schema.get("additionalProperties").filter(|a| a.is_object()));
        let mut unsound = Vec::new();
        for (key, value) in table.iter_mut() {
            self.path.push(key.get_ref().to_string());
            let keep = match properties.and_then(|p| p.get(key.get_ref().as_ref())).or(others) {
                Some(schema) => self.value(schema, value),
                None => {
                    let known = properties.into_iter().flat_map(|p| p.keys()).map(String::as_str);
                    self.unknown_key(key.get_ref(), key.span().into(), known);
                    false
                }
            };
            if !keep {
                self.report.set_broken(&self.path);
                unsound.push(key.clone());
            }
            self.path.pop();
        }
        for key in unsound {
            table.remove(&key);
        }
    }

    /// Whether the value fits; what is inside it may have been taken out.
    fn value(&mut self, schema: &'s Value, value: &mut Spanned<DeValue<'_>>) -> bool {
        let schema = self.resolve(schema);
        let at = ByteRange::from(value.span());
        if let Some(forms) = schema.get("anyOf").and_then(Value::as_array) {
            return self.any_form(forms, value, at);
        }
        let expected = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        // JSON has no dates, so its schema says that one is a text; TOML has them.
        let expected = if schema.get("format").and_then(Value::as_str) == Some("date") { "datetime" } else { expected };
        match (expected, value.get_mut()) {
            ("datetime", DeValue::Datetime(_)) => true,
            ("object", DeValue::Table(table)) => {
                self.table(schema, table);
                true
            }
            ("array", DeValue::Array(items)) => {
                let Some(item) = schema.get("items") else { return true };
                // All items are looked at, then the list goes as a whole: half a list of policies is another list.
                let unsound = items.iter_mut().filter_map(|value| (!self.value(item, value)).then_some(())).count();
                unsound == 0
            }
            ("string", DeValue::String(_)) | ("boolean", DeValue::Boolean(_)) | ("number", DeValue::Integer(_) | DeValue::Float(_)) => true,
            ("integer", DeValue::Integer(number)) => {
                let fits = u32::from_str_radix(number.as_str(), number.radix()).is_ok();
                if !fits {
                    let summary = format!("`{number}` is out of range");
                    self.report.at(at, Code::WrongType.error(summary).hint("write a whole number from 0 to 4294967295"));
                }
                fits
            }
            (expected, found) => {
                self.wrong_type(expected, found, at);
                false
            }
        }
    }

    /// A value that may have several forms, of a type each: it is held to that of its own type.
    fn any_form(&mut self, forms: &'s [Value], value: &mut Spanned<DeValue<'_>>, at: ByteRange) -> bool {
        let own = if matches!(value.get_ref(), DeValue::Table(_)) { "object" } else { value.get_ref().type_str() };
        let type_of = |form: &'s Value| form.get("type").and_then(Value::as_str).unwrap_or_default();
        let forms: Vec<&Value> = forms.iter().map(|form| self.resolve(form)).collect();
        if let Some(form) = forms.iter().find(|form| type_of(form) == own) {
            return self.value(form, value);
        }
        let words: Vec<&str> = forms.into_iter().map(|form| word(type_of(form))).collect();
        let summary = format!("`{}` takes {}", self.path.join("."), words.join(" or "));
        let diagnostic = Code::WrongType.error(summary).label(format!("this is {}", word(own)));
        self.report.at(at, diagnostic.hint(format!("write {}", words.join(" or "))));
        false
    }

    fn resolve(&self, schema: &'s Value) -> &'s Value {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"));
        name.and_then(|name| self.root.get("$defs")?.get(name)).unwrap_or(schema)
    }

    fn unknown_key<'c>(&mut self, key: &str, at: ByteRange, known: impl Iterator<Item = &'c str> + Clone) {
        let place = match self.path.as_slice() {
            [] | [_] => "org.toml".to_owned(),
            [path @ .., _] => format!("`{}`", path.join(".")),
        };
        let hint = match (LATER.iter().find(|(word, _)| *word == key), self.report.similar(key, known.clone())) {
            (Some((_, hint)), _) => (*hint).to_owned(),
            (None, Some(near)) => {
                // What would be said of the key that was meant follows from this one mistake.
                if let Some((_, above)) = self.path.split_last() {
                    let meant: Vec<String> = above.iter().cloned().chain([near.to_owned()]).collect();
                    self.report.set_broken(&meant);
                }
                format!("did you mean `{near}`?")
            }
            (None, None) => Report::choices(known, "remove it"),
        };
        self.report.at(at, Code::UnknownKey.error(format!("unknown key `{key}` in {place}")).hint(hint));
    }

    fn wrong_type(&mut self, expected: &str, found: &DeValue<'_>, at: ByteRange) {
        let key = self.path.join(".");
        let found_word = word(found.type_str());
        let hint = match (expected, found) {
            ("string", DeValue::Integer(number)) => format!("write it in quotes: \"{}\"", number.as_str()),
            ("array", DeValue::String(text)) => format!("write a list: [\"{text}\"]"),
            ("datetime", _) => format!("write a day, without quotes: {} = 2027-01-31", self.path.last().unwrap_or(&key)),
            ("object", _) => format!("write a table: [{key}]"),
            _ => format!("write {}", word(expected)),
        };
        let summary = format!("`{key}` takes {}", word(expected));
        self.report.at(at, Code::WrongType.error(summary).label(format!("this is {found_word}")).hint(hint));
    }
}

/// A type as the user calls it.
fn word(name: &str) -> &str {
    match name {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "float" => "a number with a fraction",
        "boolean" => "true or false",
        "datetime" => "a date or time",
        "array" => "a list",
        "object" | "table" => "a table",
        other => other,
    }
}
