//! A request, checked against its shape: what AWS refuses before it looks at anything else.

use std::fmt;

use serde_json::Value;

use super::model::{Bounds, Model, Reference, Shape, Structure};

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Problem {
    /// Where: `Tags.1.Key`.
    pub path: String,
    /// What is there.
    pub value: String,
    pub kind: ProblemKind,
}

#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum ProblemKind {
    Missing,
    /// The model has no such member.
    Unknown,
    /// It is no integer, no boolean, no list, …
    Type(&'static str),
    TooShort(i64),
    TooLong(i64),
    TooSmall(i64),
    TooLarge(i64),
    Enum(String),
    Pattern(String),
}

impl Problem {
    pub(in crate::sandbox) fn new(value: impl Into<String>, kind: ProblemKind) -> Self {
        Self { path: String::new(), value: value.into(), kind }
    }

    /// The same, of a member of what it was found in.
    pub(in crate::sandbox) fn within(mut self, part: &str) -> Self {
        self.path = if self.path.is_empty() { part.to_owned() } else { format!("{part}.{}", self.path) };
        self
    }

    /// The member that it is about, or that has the list or structure that it is about.
    pub(in crate::sandbox) fn member(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }

    /// The member that it is about.
    pub(in crate::sandbox) fn last(&self) -> &str {
        self.path.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or_default()
    }
}

/// As AWS words it where a service has no words of its own: legion-platform/legion, issue 530, and aws/eks-hybrid, pull request 113, read 2026-12-01.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = String::new();
        for part in self.path.split('.') {
            let mut letters = part.chars();
            path.extend((!path.is_empty()).then_some('.'));
            path.extend(letters.next().map(|first| first.to_ascii_lowercase()));
            path.push_str(letters.as_str());
        }
        match self.kind {
            ProblemKind::Missing => write!(f, "1 validation error detected: Value null at '{path}' failed to satisfy constraint: ")?,
            _ => write!(f, "1 validation error detected: Value '{}' at '{path}' failed to satisfy constraint: ", self.value)?,
        }
        match &self.kind {
            ProblemKind::Missing => write!(f, "Member must not be null"),
            ProblemKind::Unknown => write!(f, "Member must be known"),
            ProblemKind::Type(wanted) => write!(f, "Member must be {wanted}"),
            ProblemKind::TooShort(min) => write!(f, "Member must have length greater than or equal to {min}"),
            ProblemKind::TooLong(max) => write!(f, "Member must have length less than or equal to {max}"),
            ProblemKind::TooSmall(min) => write!(f, "Member must have value greater than or equal to {min}"),
            ProblemKind::TooLarge(max) => write!(f, "Member must have value less than or equal to {max}"),
            ProblemKind::Enum(values) => write!(f, "Member must satisfy enum value set: [{values}]"),
            ProblemKind::Pattern(pattern) => write!(f, "Member must satisfy regular expression pattern: {pattern}"),
        }
    }
}

impl Model {
    /// The first problem of a request.
    pub(in crate::sandbox) fn check(&self, structure: &Structure, value: &Value) -> Result<(), Problem> {
        for member in &structure.input {
            match value.get(&member.key) {
                None | Some(Value::Null) if member.is_required => {
                    return Err(Problem::new("", ProblemKind::Missing).within(&member.key));
                }
                None | Some(Value::Null) => {}
                Some(value) => self.check_value(&member.reference, value).map_err(|problem| problem.within(&member.key))?,
            }
        }
        Ok(())
    }

    fn check_value(&self, reference: &Reference, value: &Value) -> Result<(), Problem> {
        match (self.shape(reference), value) {
            (Shape::Structure(structure), Value::Object(_)) => self.check(structure, value),
            (Shape::List { item, length, .. }, Value::Array(items)) => {
                check_length(*length, items.len()).map_err(|kind| Problem::new(value.to_string(), kind))?;
                for (index, value) in items.iter().enumerate() {
                    self.check_value(item, value).map_err(|problem| problem.within(&(index + 1).to_string()))?;
                }
                Ok(())
            }
            (Shape::Map { key, value: item }, Value::Object(entries)) => {
                for (name, value) in entries {
                    self.check_text(key, name).map_err(|problem| problem.within(name))?;
                    self.check_value(item, value).map_err(|problem| problem.within(name))?;
                }
                Ok(())
            }
            (Shape::Text { .. }, Value::String(text)) => self.check_text(reference, text),
            (Shape::Integer(bounds), Value::Number(number)) if !number.is_f64() => {
                let number = number.as_i64().unwrap_or(i64::MAX);
                let outside = |kind| Err(Problem::new(number.to_string(), kind));
                match *bounds {
                    Bounds { min: Some(min), .. } if number < min => outside(ProblemKind::TooSmall(min)),
                    Bounds { max: Some(max), .. } if number > max => outside(ProblemKind::TooLarge(max)),
                    Bounds { .. } => Ok(()),
                }
            }
            (Shape::Number, Value::Number(_)) | (Shape::Boolean, Value::Bool(_)) => Ok(()),
            (Shape::Timestamp(_), Value::Number(_) | Value::String(_)) => Ok(()),
            (shape, Value::String(text)) => Err(Problem::new(text.as_str(), ProblemKind::Type(shape.noun()))),
            (shape, other) => Err(Problem::new(other.to_string(), ProblemKind::Type(shape.noun()))),
        }
    }

    fn check_text(&self, reference: &Reference, text: &str) -> Result<(), Problem> {
        let Shape::Text { length, values, pattern } = self.shape(reference) else { return Ok(()) };
        if !values.is_empty() && !values.iter().any(|value| value == text) {
            return Err(Problem::new(text, ProblemKind::Enum(values.join(", "))));
        }
        if length.min.is_some() || length.max.is_some() {
            check_length(*length, text.chars().count()).map_err(|kind| Problem::new(text, kind))?;
        }
        match pattern {
            Some(pattern) if !pattern.takes(text) => Err(Problem::new(text, ProblemKind::Pattern(pattern.text.clone()))),
            Some(_) | None => Ok(()),
        }
    }
}

fn check_length(bounds: Bounds, length: usize) -> Result<(), ProblemKind> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    match bounds {
        Bounds { min: Some(min), .. } if length < min => Err(ProblemKind::TooShort(min)),
        Bounds { max: Some(max), .. } if length > max => Err(ProblemKind::TooLong(max)),
        Bounds { .. } => Ok(()),
    }
}

impl Shape {
    fn noun(&self) -> &'static str {
        match self {
            Self::Structure(_) => "a structure",
            Self::List { .. } => "a list",
            Self::Map { .. } => "a map",
            Self::Text { .. } => "a string",
            Self::Integer(_) => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Timestamp(_) => "a timestamp",
        }
    }
}
