//! The input of an EC2 operation: the query protocol's flat form as a tree, and functions that read it.
//!
//! `TagSpecification.1.Tag.2.Key=Name` is a list of structures with a list of structures: numeric parts are positions.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::sandbox::wire::Refusal;

/// Makes the tree of a form.
pub(in crate::sandbox) fn tree(form: &Map<String, Value>) -> Value {
    #[derive(Default)]
    struct Node {
        text: Option<String>,
        children: BTreeMap<String, Node>,
    }
    fn value(node: Node) -> Value {
        if let Some(text) = node.text {
            return Value::String(text);
        }
        if node.children.is_empty() || !node.children.keys().all(|key| key.bytes().all(|digit| digit.is_ascii_digit())) {
            return Value::Object(node.children.into_iter().map(|(key, child)| (key, value(child))).collect());
        }
        let mut items: Vec<(u64, Node)> = node.children.into_iter().map(|(key, child)| (key.parse().unwrap_or(u64::MAX), child)).collect();
        items.sort_by_key(|(position, _)| *position);
        Value::Array(items.into_iter().map(|(_, child)| value(child)).collect())
    }
    let mut root = Node::default();
    for (name, text) in form {
        let node = name.split('.').fold(&mut root, |node, part| node.children.entry(part.to_owned()).or_default());
        node.text = text.as_str().map(str::to_owned);
    }
    value(root)
}

/// The input of an operation, or a structure in it.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Input<'a>(pub &'a Value);

impl<'a> Input<'a> {
    /// A parameter that may be missing.
    pub(super) fn get(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// A parameter that must be there.
    pub(super) fn text(self, name: &str) -> Result<&'a str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::new("MissingParameter", format!("The request must contain the parameter {name}")))
    }

    /// `true` or `false`, if given.
    pub(super) fn flag(self, name: &str) -> Result<Option<bool>, Refusal> {
        self.parsed(name)
    }

    /// A number or a CIDR block, if given.
    pub(super) fn parsed<T: FromStr>(self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| bad_value(name, text))
    }

    /// A list of texts; empty when it is missing.
    pub(super) fn texts(self, name: &str) -> Vec<&'a str> {
        self.items(name).filter_map(|item| item.0.as_str()).collect()
    }

    /// A list of structures; empty when it is missing.
    pub(super) fn items(self, name: &str) -> impl Iterator<Item = Input<'a>> + use<'a> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().map(Input)
    }

    /// A structure, if given.
    pub(super) fn at(self, name: &str) -> Option<Input<'a>> {
        self.0.get(name).map(Input)
    }
}

/// AWS's refusal of a value that does not fit its parameter.
pub(super) fn bad_value(name: &str, value: &str) -> Refusal {
    Refusal::new("InvalidParameterValue", format!("Value ({value}) for parameter {name} is invalid."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_positions_and_order_is_theirs() {
        let form = [("Tag.2.Key", "b"), ("Tag.10.Key", "c"), ("Tag.1.Key", "a"), ("VpcId", "vpc-1"), ("Id.1", "x")];
        let form = form.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        let expected = serde_json::json!({ "Tag": [{ "Key": "a" }, { "Key": "b" }, { "Key": "c" }], "VpcId": "vpc-1", "Id": ["x"] });
        assert_eq!(tree(&form), expected);
    }
}
