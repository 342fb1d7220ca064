//! The input of an operation, and functions that read it. The model has checked it before: what it requires is there, and of its type.

use std::str::FromStr;

use serde_json::Value;

use super::wire::Refusal;

/// The input of an operation, or a structure in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a>(pub &'a Value);

impl<'a> Input<'a> {
    /// A parameter that may be missing.
    pub(super) fn get(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// A parameter that the model requires.
    pub(super) fn str(self, name: &str) -> &'a str {
        self.get(name).unwrap_or_default()
    }

    /// A parameter that must be there although EC2's model does not say so.
    pub(super) fn text(self, name: &str) -> Result<&'a str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::new("MissingParameter", format!("The request must contain the parameter {name}")))
    }

    /// `true` or `false`, if given.
    pub(super) fn flag(self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// A number, if given.
    pub(super) fn number<T: TryFrom<i64>>(self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(number) = self.0.get(name).and_then(Value::as_i64) else { return Ok(None) };
        T::try_from(number).map(Some).map_err(|_| bad_value(name, &number.to_string()))
    }

    /// A CIDR block, if given.
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

/// EC2's refusal of a value that does not fit its parameter.
pub(super) fn bad_value(name: &str, value: &str) -> Refusal {
    Refusal::new("InvalidParameterValue", format!("Value ({value}) for parameter {name} is invalid."))
}
