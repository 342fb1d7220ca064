//! One policy document of the configuration, parsed, with the position of its first mistake.

use serde_json::{Map, Value};

use super::canonical::canonical_value;
use super::strict;

/// A document that is a JSON object, in canonical form.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    // Invariant: canonical, and an object.
    value: Value,
}

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseError {
    /// It is not JSON.
    Syntax {
        /// What is wrong, without the position.
        message: String,
        /// From 1.
        line: usize,
        /// In bytes of the line, from 1.
        column: usize,
        /// Offset into the text, at a character's start and never past its end.
        byte: usize,
    },
    /// It is JSON, but a list, a string, … where AWS expects an object.
    NotAnObject,
}

impl Document {
    /// Parses `text` as a document of `policy_type`, in the API's spelling.
    ///
    /// # Errors
    /// The text is not JSON, names a key twice in one object, or is no object.
    pub fn parse(policy_type: &str, text: &str) -> Result<Self, ParseError> {
        match canonical_value(policy_type, strict::parse(text).map_err(|e| syntax(text, &e))?) {
            value @ Value::Object(_) => Ok(Self { value }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(ParseError::NotAnObject),
        }
    }

    /// Of a value that is canonical already.
    pub(super) fn of_canonical(document: Map<String, Value>) -> Self {
        Self { value: Value::Object(document) }
    }

    /// The canonical value: the `content` of a policy's attributes.
    pub fn canonical(&self) -> &Value {
        &self.value
    }

    /// The text that is uploaded: the canonical value without white space.
    pub fn minified(&self) -> String {
        self.value.to_string()
    }

    /// Characters (not bytes) of [`Self::minified`]: what AWS's size limit measures.
    pub fn size(&self) -> usize {
        self.minified().chars().count()
    }

    /// Whether a statement has the effect Allow. Meaningful for service control policies only.
    pub fn has_allow(&self) -> bool {
        let statements = self.value.get("Statement").and_then(Value::as_array);
        statements.into_iter().flatten().any(|s| s.get("Effect").and_then(Value::as_str) == Some("Allow"))
    }
}

/// Characters of a text of JSON without the white space between its parts, which is what AWS counts. Found without parsing it.
pub fn characters(text: &str) -> usize {
    let (mut count, mut is_inside, mut is_escaped) = (0, false, false);
    for c in text.chars() {
        if !is_inside && matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        count += 1;
        (is_inside, is_escaped) = match c {
            _ if is_escaped => (is_inside, false),
            '\\' => (is_inside, is_inside),
            '"' => (!is_inside, false),
            _ => (is_inside, false),
        };
    }
    count
}

fn syntax(text: &str, error: &serde_json::Error) -> ParseError {
    let (line, column) = (error.line().max(1), error.column().max(1));
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let mut byte = (start + column - 1).min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    // serde_json appends the position to its message; the diagnostic shows it with a caret instead.
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(head, _)| head);
    let message = message.replace("EOF while parsing", "the file ends inside");
    ParseError::Syntax { message, line, column, byte }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCP: &str = "SERVICE_CONTROL_POLICY";

    #[test]
    fn a_syntax_error_has_its_place() {
        let text = "{\n  \"ä\": x\n}";
        let expected = ParseError::Syntax { message: "expected value".to_owned(), line: 2, column: 9, byte: text.find('x').unwrap() };
        assert_eq!(Document::parse(SCP, text), Err(expected));
    }

    #[test]
    fn a_repeated_key_is_refused() {
        let error = Document::parse(SCP, r#"{"Statement": [], "Statement": []}"#).unwrap_err();
        assert!(matches!(error, ParseError::Syntax { message, .. } if message.contains("`Statement` occurs twice")));
    }

    #[test]
    fn size_counts_characters_of_the_minified_text() {
        let document = Document::parse("TAG_POLICY", "{ \"ä\" :\n \"日本\" }").unwrap();
        assert_eq!(document.minified(), r#"{"ä":"日本"}"#);
        assert_eq!(document.size(), 10);
    }

    #[test]
    fn characters_are_counted_without_parsing() {
        for text in ["{ \"ä\" :\n \"日 本\" }", r#"{ "a \" b" : "\\" , "c" : [ ] }"#, "{}", " [ 1 , 2 ] "] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(characters(text), value.to_string().chars().count(), "{text}");
        }
        assert_eq!(characters("no \" json "), 9);
    }

    #[test]
    fn allow_is_found_in_a_lone_statement_too() {
        let allow = |text| Document::parse(SCP, text).unwrap().has_allow();
        assert!(allow(r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#));
        assert!(!allow(r#"{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}"#));
        assert!(!allow("{}"));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = "[".repeat(200_000);
        assert!(matches!(Document::parse(SCP, &text), Err(ParseError::Syntax { .. })));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_places_are_in_the_text(text in any::<String>()) {
            if let Err(ParseError::Syntax { byte, .. }) = Document::parse(SCP, &text) {
                prop_assert!(text.is_char_boundary(byte));
            }
        }
    }
}
