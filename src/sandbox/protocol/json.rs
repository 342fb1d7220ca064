//! JSON: answers without the members that have no value, since AWS leaves out unset members.

use std::fmt::Write;

use serde_json::Value;

use super::model::{Model, Reference, Shape, Structure, TimestampFormat};
use super::xml::time;

impl Model {
    /// Writes the members of a structure that are in the body. What the model does not know is written as it is called.
    pub(super) fn write_object(&self, out: &mut String, structure: Option<&Structure>, value: &Value) {
        let mut separator = '{';
        for (key, field) in value.as_object().into_iter().flatten() {
            let member = structure.and_then(|structure| structure.output(key));
            if field.is_null() || member.is_some_and(|member| member.location.is_some()) {
                continue;
            }
            out.push(separator);
            let _ = write!(out, "{}:", Value::from(key.as_str()));
            self.write_json(out, member.map(|member| &member.reference), field);
            separator = ',';
        }
        out.push_str(if separator == '{' { "{}" } else { "}" });
    }

    fn write_json(&self, out: &mut String, reference: Option<&Reference>, value: &Value) {
        match (reference.map(|reference| self.shape(reference)), value) {
            (Some(Shape::Structure(structure)), Value::Object(_)) => self.write_object(out, Some(structure), value),
            (shape, Value::Array(items)) => {
                let item = match shape {
                    Some(Shape::List { item, .. }) => Some(item),
                    _ => None,
                };
                out.push('[');
                for (index, value) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    self.write_json(out, item, value);
                }
                out.push(']');
            }
            (Some(Shape::Timestamp(Some(TimestampFormat::Iso8601))), Value::Number(_)) => {
                let _ = write!(out, "\"{}\"", time(Some(TimestampFormat::Iso8601), value));
            }
            (_, Value::Object(_)) => self.write_object(out, None, value),
            (_, scalar) => {
                let _ = write!(out, "{scalar}");
            }
        }
    }
}
