//! JSON with positions, which findings point to. `strict` has accepted the text before and reports syntax errors better, so text that is not
//! JSON is empty here.

use std::ops::Range;

use crate::diagnostic::ByteRange;

/// Levels of nesting that are followed: as many as `strict` accepts.
const DEPTH: usize = 128;

/// A value and the bytes that say it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) at: ByteRange,
    pub(super) value: Json,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// As it is written: no conversion loses a digit.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

/// A key of an object, with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_at: ByteRange,
    pub(super) value: Node,
}

/// The whole text; `None` where it is no JSON.
pub(super) fn parse(text: &str) -> Option<Node> {
    let mut cursor = Cursor { text, at: 0 };
    let node = cursor.value(DEPTH)?;
    cursor.space();
    (cursor.at == text.len()).then_some(node)
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The next byte that is no white space, if it is this one.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())?;
        Some(value)
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        self.space();
        let start = self.at;
        let value = match self.peek()? {
            b'{' => Json::Object(self.members(depth.checked_sub(1)?)?),
            b'[' => Json::List(self.items(depth.checked_sub(1)?)?),
            b'"' => Json::Text(self.string()?),
            b't' => self.word("true", Json::Bool(true))?,
            b'f' => self.word("false", Json::Bool(false))?,
            b'n' => self.word("null", Json::Null)?,
            _ => self.number()?,
        };
        Some(Node { at: (start..self.at).into(), value })
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let written = self.text.get(start..self.at)?;
        serde_json::from_str::<serde_json::Number>(written).ok()?;
        Some(Json::Number(written.to_owned()))
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        let quoted: Range<usize> = start..self.at;
        // Escapes and surrogates are serde_json's.
        serde_json::from_str(self.text.get(quoted)?).ok()
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(items);
        }
        loop {
            items.push(self.value(depth)?);
            if self.take(b']').is_some() {
                return Some(items);
            }
            self.take(b',')?;
        }
    }

    fn members(&mut self, depth: usize) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(members);
        }
        loop {
            self.space();
            let start = self.at;
            let key = self.string()?;
            let key_at = (start..self.at).into();
            self.take(b':')?;
            members.push(Member { key, key_at, value: self.value(depth)? });
            if self.take(b'}').is_some() {
                return Some(members);
            }
            self.take(b',')?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::strict;
    use proptest::prelude::*;
    use serde_json::Value;

    fn plain(node: &Node) -> Value {
        match &node.value {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::from(*value),
            Json::Number(text) => serde_json::from_str(text).unwrap(),
            Json::Text(text) => Value::from(text.as_str()),
            Json::List(items) => items.iter().map(plain).collect(),
            Json::Object(members) => Value::Object(members.iter().map(|m| (m.key.clone(), plain(&m.value))).collect()),
        }
    }

    /// Every position points to its value.
    fn places_are_right(node: &Node, text: &str) {
        let there = text.get(node.at.start..node.at.end).unwrap();
        assert_eq!(strict::parse(there).unwrap(), plain(node));
        match &node.value {
            Json::List(items) => items.iter().for_each(|item| places_are_right(item, text)),
            Json::Object(members) => {
                for member in members {
                    let key: String = serde_json::from_str(text.get(member.key_at.start..member.key_at.end).unwrap()).unwrap();
                    assert_eq!(key, member.key);
                    places_are_right(&member.value, text);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            Just(Value::Null),
            any::<bool>().prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 30, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_reads_what_strict_reads(value in anything(), pretty in any::<bool>()) {
            let text = if pretty { format!("\n{value:#} ") } else { value.to_string() };
            let node = parse(&text).unwrap();
            places_are_right(&node, &text);
            prop_assert_eq!(plain(&node), value);
        }

        #[test]
        fn it_refuses_what_strict_refuses_and_more_only_for_repeated_keys(text in r#"[\[\]{}:,"\\0-9eE.+\-a-z \n]{0,20}"#) {
            prop_assert!(parse(&text).is_none() || strict::parse(&text).is_ok() || text.matches(':').count() > 1);
            prop_assert!(strict::parse(&text).is_err() || parse(&text).is_some());
        }
    }

    #[test]
    fn deep_nesting_is_nothing() {
        assert_eq!(parse(&"[".repeat(200_000)), None);
    }
}
