//! org.toml as text, for people: short sections, on one line where possible.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Left;
use crate::escape::{one_line, toml as quoted};

/// A section of org.toml.
pub(super) struct Section {
    /// The text between the brackets.
    pub title: String,
    /// The text after it.
    pub note: Option<String>,
    pub lines: Vec<Line>,
}

/// A key with its value.
pub(super) struct Line {
    pub key: String,
    pub value: Value,
    /// The text after it.
    pub note: Option<String>,
}

/// A value.
pub(super) enum Value {
    Text(String),
    Number(usize),
    Decimal(f64),
    Flag(bool),
    List(Vec<String>),
    /// Keys, unquoted; they are quoted on output if needed.
    Table(Vec<(String, Value)>),
}

/// Wider than this, a list is broken into lines.
const WIDTH: usize = 110;

impl Section {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), note: None, lines: Vec::new() }
    }

    pub fn put(&mut self, key: &str, value: Value) -> &mut Line {
        self.lines.push(Line { key: key.to_owned(), value, note: None });
        let last = self.lines.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "it was pushed just now")]
        &mut self.lines[last]
    }

    /// A line, where there is something to say.
    pub fn put_text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.put(key, Value::Text(text.to_owned()));
        }
    }

    pub fn put_list(&mut self, key: &str, list: Option<Vec<String>>) {
        if let Some(list) = list {
            self.put(key, Value::List(list));
        }
    }

    pub fn put_tags(&mut self, tags: &BTreeMap<String, String>) {
        if !tags.is_empty() {
            self.put("tags", table(tags));
        }
    }
}

pub(super) fn table(entries: &BTreeMap<String, String>) -> Value {
    Value::Table(entries.iter().map(|(key, value)| (key.clone(), Value::Text(value.clone()))).collect())
}

/// The whole file.
pub(super) fn file(sections: &[Section], left: &[Left]) -> String {
    let mut out = String::from("# Imported from AWS: `overlord plan` shows no changes. Keys can be renamed with [[moved]].\n");
    let mut before: Option<&Section> = None;
    for section in sections {
        // Sections of one kind with only a title have no blank line between them.
        let kind = |section: &Section| section.title.split('.').next().map(str::to_owned);
        let close = before.is_some_and(|before| kind(before) == kind(section) && before.lines.is_empty() && section.lines.is_empty());
        out.push_str(if close { "" } else { "\n" });
        let _ = write!(out, "[{}]", section.title);
        note(section.note.as_deref(), &mut out);
        for Line { key, value, note: said } in &section.lines {
            let _ = write!(out, "{key} = ");
            value.write(key.chars().count() + 3, &mut out);
            note(said.as_deref(), &mut out);
        }
        before = Some(section);
    }
    if !left.is_empty() {
        out.push_str("\n# Not in this file, and therefore left unchanged:\n");
        for left in left {
            let _ = writeln!(out, "# - {}", one_line(&left.to_string()));
        }
    }
    out
}

fn note(said: Option<&str>, out: &mut String) {
    match said {
        Some(said) => {
            let _ = writeln!(out, "  # {}", one_line(said));
        }
        None => out.push('\n'),
    }
}

impl Value {
    fn write(&self, column: usize, out: &mut String) {
        let flat = self.flat();
        match self {
            Self::List(items) if column + flat.chars().count() > WIDTH => {
                out.push_str("[\n");
                for item in items {
                    let _ = writeln!(out, "    {},", quoted(item));
                }
                out.push(']');
            }
            Self::Text(_) | Self::Number(_) | Self::Decimal(_) | Self::Flag(_) | Self::List(_) | Self::Table(_) => out.push_str(&flat),
        }
    }

    /// In one line.
    fn flat(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(items) => format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ")),
            Self::Table(entries) if entries.is_empty() => "{}".to_owned(),
            Self::Table(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{} = {}", bare(key), value.flat()));
                format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// A key, in quotes if it needs them.
fn bare(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(plain) { key.to_owned() } else { quoted(key) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_is_read_back(text in any::<String>(), key in any::<String>()) {
            let mut section = Section::new("s");
            section.note = Some(text.clone());
            section.put("text", Value::Text(text.clone())).note = Some(text.clone());
            section.put("list", Value::List(vec![text.clone(); 3]));
            section.put("table", Value::Table(vec![(key.clone(), Value::Text(text.clone()))]));
            let file = file(&[section], &[Left::new(text.clone(), text.clone())]);
            let read: toml::Table = file.parse().unwrap();
            prop_assert_eq!(read["s"]["text"].as_str(), Some(text.as_str()));
            prop_assert_eq!(read["s"]["list"][2].as_str(), Some(text.as_str()));
            prop_assert_eq!(read["s"]["table"][key.as_str()].as_str(), Some(text.as_str()));
        }
    }
}
