//! Policy documents for people: the live text with line breaks and indentation. Nothing else changes: keys keep their order, strings and
//! numbers keep their spelling.

/// Wider than this, a list or an object is broken into lines.
const WIDTH: usize = 100;

/// A JSON value as it is spelled.
enum Node<'t> {
    Scalar(&'t str),
    List(Vec<Node<'t>>),
    /// Keys with their quotes.
    Object(Vec<(&'t str, Node<'t>)>),
}

/// The pretty text of a document; a text that is no JSON as it is.
pub(super) fn pretty(text: &str) -> String {
    // Only what serde_json takes, with its bound on nesting, is taken apart here.
    let sound = serde_json::from_str::<serde_json::Value>(text).is_ok();
    match sound.then(|| Parser { rest: text }.value()).flatten() {
        Some(node) => {
            let mut out = String::with_capacity(text.len() * 2);
            node.write(0, 0, &mut out);
            out.push('\n');
            out
        }
        None => text.to_owned(),
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// Whether the next sign is this one, which is then passed.
    fn passes(&mut self, sign: char) -> bool {
        self.skip();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self) -> Option<Node<'t>> {
        if self.passes('[') {
            let mut items = Vec::new();
            while !self.passes(']') {
                items.push(self.value()?);
                self.passes(',');
            }
            return Some(Node::List(items));
        }
        if self.passes('{') {
            let mut entries = Vec::new();
            while !self.passes('}') {
                self.skip();
                let key = self.scalar()?;
                self.passes(':');
                entries.push((key, self.value()?));
                self.passes(',');
            }
            return Some(Node::Object(entries));
        }
        self.scalar().map(Node::Scalar)
    }

    /// A string with its quotes, or the text up to the next punctuation.
    fn scalar(&mut self) -> Option<&'t str> {
        let end = match self.rest.strip_prefix('"') {
            Some(string) => {
                let mut escaped = false;
                let end = string.char_indices().find(|(_, c)| {
                    let ends = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    ends
                });
                end?.0 + 2
            }
            None => self.rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(self.rest.len()),
        };
        let (scalar, rest) = self.rest.split_at_checked(end).filter(|(scalar, _)| !scalar.is_empty())?;
        self.rest = rest;
        Some(scalar)
    }
}

impl Node<'_> {
    /// In one line.
    fn flat(&self, out: &mut String) {
        let mut first = true;
        let mut comma = |out: &mut String| {
            if !std::mem::take(&mut first) {
                out.push_str(", ");
            }
        };
        match self {
            Self::Scalar(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for item in items {
                    comma(out);
                    item.flat(out);
                }
                out.push(']');
            }
            Self::Object(entries) if entries.is_empty() => out.push_str("{}"),
            Self::Object(entries) => {
                out.push_str("{ ");
                for (key, value) in entries {
                    comma(out);
                    out.push_str(key);
                    out.push_str(": ");
                    value.flat(out);
                }
                out.push_str(" }");
            }
        }
    }

    /// Levels below; what is flat holds at most one.
    fn height(&self) -> usize {
        match self {
            Self::Scalar(_) => 0,
            Self::List(items) => 1 + items.iter().map(Self::height).max().unwrap_or_default(),
            Self::Object(entries) => 1 + entries.iter().map(|(_, value)| value.height()).max().unwrap_or_default(),
        }
    }

    /// `level` is that of the indentation, `column` where the value begins.
    fn write(&self, level: usize, column: usize, out: &mut String) {
        let indent = |level: usize| "  ".repeat(level);
        if self.height() <= 1 && level > 0 {
            let mut flat = String::new();
            self.flat(&mut flat);
            if column + flat.chars().count() <= WIDTH {
                out.push_str(&flat);
                return;
            }
        }
        let (open, close, count) = match self {
            Self::Scalar(text) => return out.push_str(text),
            Self::List(items) => ('[', ']', items.len()),
            Self::Object(entries) => ('{', '}', entries.len()),
        };
        out.push(open);
        let end = |i: usize, out: &mut String| out.push_str(if i + 1 < count { ",\n" } else { "\n" });
        if count > 0 {
            out.push('\n');
        }
        match self {
            Self::Scalar(_) => {}
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    out.push_str(&indent(level + 1));
                    item.write(level + 1, 2 * level + 2, out);
                    end(i, out);
                }
            }
            Self::Object(entries) => {
                for (i, (key, value)) in entries.iter().enumerate() {
                    out.push_str(&indent(level + 1));
                    out.push_str(key);
                    out.push_str(": ");
                    value.write(level + 1, 2 * level + 4 + key.chars().count(), out);
                    end(i, out);
                }
            }
        }
        if count > 0 {
            out.push_str(&indent(level));
        }
        out.push(close);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn keys_keep_their_order_and_short_lists_their_line() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Action":["a:B","c:\"D\""],"Resource":"*","Condition":{}}]}"#;
        let expected = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "A",
      "Effect": "Deny",
      "Action": ["a:B", "c:\"D\""],
      "Resource": "*",
      "Condition": {}
    }
  ]
}
"#;
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty(expected), expected);
    }

    #[test]
    fn what_is_no_json_stays() {
        for text in ["", "{", "[1,,2", "{\"a\" 1", &"[".repeat(100_000)] {
            assert_eq!(pretty(text), text);
        }
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<String>().prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(Value::Null)];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_means_the_same(value in anything()) {
            let minified = value.to_string();
            let once = pretty(&minified);
            prop_assert_eq!(serde_json::from_str::<Value>(&once).unwrap(), value);
            prop_assert_eq!(pretty(&once), once);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            pretty(&text);
        }
    }
}
