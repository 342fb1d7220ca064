//! org.toml as a tree with places, and its syntax errors: several at once, where the parser can go on.

use toml::Spanned;
use toml::de::DeTable;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::code::Code;
use super::report::Report;
use crate::diagnostic::Diagnostic;

/// Syntax errors that are told: after a few, the rest are echoes.
const MAX_ERRORS: usize = 20;
/// Bytes of a file whose syntax errors are all collected, five thousand accounts several times over. Of a larger one only the first
/// is told: every byte may be an error, and each costs a hundred bytes.
const RECOVERABLE: usize = 2 << 20;
/// Parts of one dotted key. The language needs five. The parser bounds the nesting of arrays and inline tables itself but not that of
/// dotted keys, and a tree a million levels deep overflows the stack when it is dropped.
const MAX_KEY_PARTS: usize = 16;

/// The tree, as far as it could be read. `None` when the file must not be parsed at all.
pub(super) fn parse<'t>(text: &'t str, report: &mut Report) -> Option<Spanned<DeTable<'t>>> {
    if let Some(range) = too_many_key_parts(text) {
        let hint = "write the tables that org.toml has: their keys have five parts at most";
        report.at(range.into(), Code::Syntax.error(format!("a key with more than {MAX_KEY_PARTS} parts")).hint(hint));
        return None;
    }
    let (tree, errors) = if text.len() <= RECOVERABLE {
        let (tree, errors) = DeTable::parse_recoverable(text);
        (Some(tree), errors)
    } else {
        DeTable::parse(text).map_or_else(|e| (None, vec![e]), |tree| (Some(tree), Vec::new()))
    };
    for error in errors.iter().take(MAX_ERRORS) {
        report.at(clamp(text, error.span().unwrap_or(0..0)).into(), diagnostic(error.message()));
    }
    tree
}

/// The parser's message is what is wrong, then what it expected.
fn diagnostic(message: &str) -> Diagnostic {
    let (what, expected) = message.split_once(", expected ").map_or((message, None), |(what, expected)| (what, Some(expected)));
    let hint = match (what, expected) {
        ("duplicate key", _) => "each key stands once: merge the two".to_owned(),
        ("string values must be quoted", _) => "write a value here, a text in quotes: key = \"value\"".to_owned(),
        (_, Some(expected)) => format!("write {expected} here"),
        (_, None) => "a line is `key = value` or a header such as `[ou.core]`".to_owned(),
    };
    Code::Syntax.error(format!("not TOML: {what}")).hint(hint)
}

/// The place of the first dotted key with too many parts.
fn too_many_key_parts(text: &str) -> Option<std::ops::Range<usize>> {
    let (mut start, mut dots) = (None, 0);
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::Dot => dots += 1,
            TokenKind::Whitespace => continue,
            TokenKind::Atom | TokenKind::LiteralString | TokenKind::BasicString => {
                start.get_or_insert(token.span().start());
            }
            TokenKind::Equals
            | TokenKind::Comma
            | TokenKind::LeftSquareBracket
            | TokenKind::RightSquareBracket
            | TokenKind::LeftCurlyBracket
            | TokenKind::RightCurlyBracket
            | TokenKind::Comment
            | TokenKind::Newline
            | TokenKind::MlLiteralString
            | TokenKind::MlBasicString
            | TokenKind::Eof => (start, dots) = (None, 0),
        }
        if dots >= MAX_KEY_PARTS {
            return Some(clamp(text, start.unwrap_or(token.span().start())..token.span().end()));
        }
    }
    None
}

/// A range inside the text, at characters' starts.
fn clamp(text: &str, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(range.start);
    start..floor(range.end).max(start)
}
