//! XML: the answers of the query protocols, and requests and answers of REST-XML.
//! <https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html>

use std::fmt::Write;

use aws_smithy_types::date_time::{DateTime, Format};
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use serde_json::{Map, Value};

use super::check::Problem;
use super::form::scalar;
use super::model::{Model, Reference, Shape, Structure, TimestampFormat};

/// What AWS puts in place of what XML cannot have in a text.
pub(in crate::sandbox) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Whether a text is XML.
pub(super) fn is_well_formed(text: &str) -> bool {
    Document::new(text).all(|token| token.is_ok()) && Document::new(text).root_element().is_ok()
}

impl Model {
    /// The members of a structure in an element.
    pub(super) fn of_element(&self, structure: &Structure, element: &mut ScopedDecoder<'_, '_>) -> Result<Value, Problem> {
        let mut value = Map::new();
        while let Some(mut child) = element.next_tag() {
            let name = child.start_el().local().to_owned();
            let Some(member) = structure.input.iter().find(|member| member.location.is_none() && member.wire == name) else { continue };
            let is_flattened =
                matches!(self.shape(&member.reference), Shape::List { is_flattened, .. } if *is_flattened || member.reference.is_flattened);
            if let (true, Shape::List { item, .. }) = (is_flattened, self.shape(&member.reference)) {
                let item = self.of_child(item, &mut child).map_err(|problem| problem.within(&name))?;
                if let Value::Array(items) = value.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                    items.push(item);
                }
            } else {
                let child = self.of_child(&member.reference, &mut child).map_err(|problem| problem.within(&name))?;
                value.insert(name, child);
            }
        }
        Ok(Value::Object(value))
    }

    fn of_child(&self, reference: &Reference, element: &mut ScopedDecoder<'_, '_>) -> Result<Value, Problem> {
        match self.shape(reference) {
            Shape::Structure(structure) => self.of_element(structure, element),
            Shape::List { item, .. } => {
                let mut items = Vec::new();
                while let Some(mut child) = element.next_tag() {
                    items.push(self.of_child(item, &mut child).map_err(|problem| problem.within(&(items.len() + 1).to_string()))?);
                }
                Ok(Value::Array(items))
            }
            Shape::Map { key, value } => {
                let mut map = Map::new();
                while let Some(mut entry) = element.next_tag() {
                    let (mut name, mut held) = (String::new(), Value::Null);
                    while let Some(mut part) = entry.next_tag() {
                        if part.start_el().local() == key.name.as_deref().unwrap_or("key") {
                            name = try_data(&mut part).unwrap_or_default().into_owned();
                        } else {
                            held = self.of_child(value, &mut part)?;
                        }
                    }
                    map.insert(name, held);
                }
                Ok(Value::Object(map))
            }
            shape => scalar(shape, try_data(element).unwrap_or_default().into_owned()),
        }
    }

    /// Writes the members of a structure that are in the body. What the model does not know is written as it is called.
    pub(super) fn write_members(&self, out: &mut String, structure: Option<&Structure>, value: &Value) {
        for (key, field) in value.as_object().into_iter().flatten() {
            match structure.and_then(|structure| structure.output(key)) {
                _ if field.is_null() => {}
                Some(member) if member.location.is_some() => {}
                Some(member) => self.write_element(out, &member.wire, Some(&member.reference), field),
                None => self.write_element(out, key, None, field),
            }
        }
    }

    /// Writes a value as an element, or a flattened list as an element for each item.
    pub(super) fn write_element(&self, out: &mut String, name: &str, reference: Option<&Reference>, value: &Value) {
        let shape = reference.map(|reference| self.shape(reference));
        if let (Some(Shape::List { item, is_flattened, .. }), Value::Array(items)) = (shape, value)
            && (*is_flattened || reference.is_some_and(|reference| reference.is_flattened))
        {
            return items.iter().for_each(|value| self.write_element(out, name, Some(item), value));
        }
        let _ = write!(out, "<{name}>");
        match (shape, value) {
            (Some(Shape::Structure(structure)), Value::Object(_)) => self.write_members(out, Some(structure), value),
            (Some(Shape::List { item, .. }), Value::Array(items)) => {
                let name = item.name.as_deref().unwrap_or("member");
                items.iter().for_each(|value| self.write_element(out, name, Some(item), value));
            }
            (Some(Shape::Map { key, value: held }), Value::Object(entries)) => {
                for (name, value) in entries {
                    out.push_str("<entry>");
                    self.write_element(out, key.name.as_deref().unwrap_or("key"), Some(key), &Value::from(name.as_str()));
                    self.write_element(out, held.name.as_deref().unwrap_or("value"), Some(held), value);
                    out.push_str("</entry>");
                }
            }
            (Some(Shape::Timestamp(format)), Value::Number(_)) => out.push_str(&time(*format, value)),
            (_, Value::Object(_)) => self.write_members(out, None, value),
            (_, Value::Array(items)) => items.iter().for_each(|value| self.write_element(out, "member", None, value)),
            (_, Value::String(text)) => out.push_str(&escaped(text)),
            (_, Value::Bool(_) | Value::Number(_)) => {
                let _ = write!(out, "{value}");
            }
            (_, Value::Null) => {}
        }
        let _ = write!(out, "</{name}>");
    }
}

/// A time in seconds since 1970, in the form of the model: ISO 8601 where it names none.
pub(super) fn time(format: Option<TimestampFormat>, seconds: &Value) -> String {
    let time = DateTime::from_secs_f64(seconds.as_f64().unwrap_or_default());
    match format {
        Some(TimestampFormat::Unix) => seconds.to_string(),
        Some(TimestampFormat::Http) => time.fmt(Format::HttpDate).unwrap_or_default(),
        Some(TimestampFormat::Iso8601) | None => time.fmt(Format::DateTime).unwrap_or_default(),
    }
}
