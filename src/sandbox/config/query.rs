//! The part of AWS Config's query language that the sandbox understands: properties, and conditions with `=`, `IN` and `AND`.
//! <https://docs.aws.amazon.com/config/latest/developerguide/query-components.html>

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// A query.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    properties: Vec<String>,
    /// Each property with the values that it may have.
    conditions: Vec<(String, BTreeSet<String>)>,
}

/// The most that AWS takes.
const LONGEST: usize = 4_096;

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(format!("Expression must have 1 to {LONGEST} characters"));
        }
        let mut words = Words { rest: text };
        words.expect("SELECT")?;
        let mut properties = vec![words.property()?];
        while words.take(",") {
            properties.push(words.property()?);
        }
        let mut conditions = Vec::new();
        if words.take("WHERE") {
            conditions.push(words.condition()?);
            while words.take("AND") {
                conditions.push(words.condition()?);
            }
        }
        match words.rest.trim() {
            "" => Ok(Self { properties, conditions }),
            rest => Err(format!("the sandbox does not understand the query from `{rest}` on")),
        }
    }

    /// What it selects.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().map(String::as_str)
    }

    fn may_have(&self, property: &str, value: &str) -> bool {
        self.conditions.iter().filter(|(name, _)| name == property).all(|(_, values)| values.contains(value))
    }

    /// Whether items of that account and Region may be among the answers.
    pub(super) fn admits(&self, account: &str, region: &str) -> bool {
        self.may_have("accountId", account) && self.may_have("awsRegion", region)
    }

    /// Whether items of that type may be among the answers.
    pub(super) fn wants(&self, resource_type: &str) -> bool {
        self.may_have("resourceType", resource_type)
    }

    /// Whether an item is among the answers: a property of a list holds where one of its elements does.
    pub(super) fn holds(&self, item: &Value) -> bool {
        self.conditions.iter().all(|(property, values)| {
            let mut found = Vec::new();
            collect(item, property, &mut found);
            found.into_iter().any(|value| values.contains(value))
        })
    }

    /// What it selects of an item.
    pub(super) fn project(&self, item: &Value) -> Value {
        let mut projected = Map::new();
        for property in &self.properties {
            if let Some(value) = item.get(property) {
                projected.insert(property.clone(), value.clone());
            }
        }
        projected.into()
    }
}

fn collect<'v>(value: &'v Value, path: &str, found: &mut Vec<&'v str>) {
    match (value, path.split_once('.')) {
        (Value::Array(items), _) => items.iter().for_each(|item| collect(item, path, found)),
        (value, Some((first, rest))) => value.get(first).into_iter().for_each(|inner| collect(inner, rest, found)),
        (Value::String(text), None) if path.is_empty() => found.push(text),
        (value, None) if !path.is_empty() => value.get(path).into_iter().for_each(|inner| collect(inner, "", found)),
        (_, None) => {}
    }
}

struct Words<'t> {
    rest: &'t str,
}

impl<'t> Words<'t> {
    /// Takes a word or a sign, if it comes next.
    fn take(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some(head) = rest.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word)) else { return false };
        let tail = rest.get(head.len()..).unwrap_or_default();
        let is_whole = !word.ends_with(|c: char| c.is_ascii_alphabetic()) || !tail.starts_with(is_of_a_property);
        if is_whole {
            self.rest = tail;
        }
        is_whole
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.take(word) { Ok(()) } else { Err(format!("`{word}` is expected before `{}`", self.rest.trim())) }
    }

    fn property(&mut self) -> Result<String, String> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c| !is_of_a_property(c)).unwrap_or(rest.len());
        let (property, tail) = rest.split_at(end);
        if property.is_empty() {
            return Err(format!("a property is expected before `{rest}`"));
        }
        self.rest = tail;
        Ok(property.to_owned())
    }

    fn condition(&mut self) -> Result<(String, BTreeSet<String>), String> {
        let property = self.property()?;
        if self.take("=") {
            return Ok((property, BTreeSet::from([self.text()?])));
        }
        self.expect("IN")?;
        self.expect("(")?;
        let mut values = BTreeSet::from([self.text()?]);
        while self.take(",") {
            values.insert(self.text()?);
        }
        self.expect(")")?;
        Ok((property, values))
    }

    /// A text in single quotes.
    fn text(&mut self) -> Result<String, String> {
        let rest = self.rest.trim_start();
        let quoted = rest.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
        let (text, tail) = quoted.ok_or_else(|| format!("a text in single quotes is expected before `{rest}`"))?;
        self.rest = tail;
        Ok(text.to_owned())
    }
}

fn is_of_a_property(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn properties_and_conditions_are_understood_and_all_else_is_refused() {
        let query = Query::parse("select accountId, tags where resourceType = 'T' AND awsRegion IN ('a', 'b') and tags.key='k'").unwrap();
        let item = |region: &str, key: &str| json!({ "accountId": "1", "awsRegion": region, "resourceType": "T", "tags": [{ "key": "x" }, { "key": key }], "arn": "a" });
        let held = [("a", "k"), ("b", "k"), ("c", "k"), ("a", "l")].map(|(region, key)| query.holds(&item(region, key)));
        assert_eq!(held, [true, true, false, false]);
        assert_eq!(query.project(&item("a", "k")), json!({ "accountId": "1", "tags": [{ "key": "x" }, { "key": "k" }] }));
        assert!(query.admits("1", "a") && !query.admits("1", "c") && query.wants("T") && !query.wants("U"));
        let refused = [
            "",
            "SELECT",
            "SELECT a WHERE",
            "SELECT a WHERE b LIKE 'c%'",
            "SELECT a WHERE b = c",
            "SELECT a WHERE b IN ('c'",
            "SELECT a; b",
        ];
        for text in refused {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }
}
