//! org.toml as a tree with positions, and its syntax errors: several at once if the parser can continue.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::code::Code;
use super::report::Report;
use crate::diagnostic::Diagnostic;

/// The number of syntax errors that are reported: after a few, the rest are follow-up errors.
const MAX_ERRORS: usize = 20;
/// Bytes of a file whose syntax errors are all collected, five thousand accounts several times over. Of a larger one only the first
/// is reported: every byte may be an error, and each costs a hundred bytes.
const RECOVERABLE: usize = 2 << 20;
/// The parser's message for a key that occurs twice.
const DUPLICATE: &str = "duplicate key";
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
        let at = clamp(text, error.span().unwrap_or(0..0));
        let diagnostic = diagnostic(error.message());
        let first = tree.as_ref().filter(|_| error.message() == DUPLICATE).and_then(|tree| first_place(tree.get_ref(), text, &at));
        let diagnostic = match first {
            Some(first) => diagnostic.related(report.span(first.into()), "first here"),
            None => diagnostic,
        };
        report.at(at.into(), diagnostic);
    }
    tree
}

/// The first position of the key that is repeated at `at`. Of two tables the tree has the second one, of two values the first.
fn first_place(tree: &DeTable<'_>, text: &str, at: &Range<usize>) -> Option<Range<usize>> {
    let start = text.get(..at.start)?.rfind('\n').map_or(0, |line| line + 1);
    let written = text.get(start..at.end)?.trim_start();
    if let Some(header) = written.strip_prefix('[') {
        return first_table(text.get(..start)?, header.trim_start_matches('['));
    }
    let headers = text.get(..start)?.lines().rev().map(str::trim_start);
    let header = headers.filter_map(|line| line.strip_prefix('[')?.split_once(']')).map(|(header, _)| header).next();
    let mut path = header.map_or(Some(Vec::new()), |header| parts(header.trim_start_matches('[')))?;
    path.extend(parts(written)?);
    let last = path.pop()?;
    let mut table = tree;
    for part in path {
        table = table.get(part.as_str())?.get_ref().as_table()?;
    }
    let first = table.get_key_value(last.as_str())?.0.span();
    (first.end <= at.start).then_some(first)
}

/// The first header of that key.
fn first_table(text: &str, key: &str) -> Option<Range<usize>> {
    let plain = |key: &str| key.chars().filter(|c| !c.is_whitespace() && !"\"'".contains(*c)).collect::<String>();
    let (wanted, mut start) = (plain(key), 0);
    for line in text.split_inclusive('\n') {
        let header = line.trim_start();
        let named = header.strip_prefix('[').and_then(|header| header.trim_start_matches('[').split_once(']'));
        if named.is_some_and(|(named, _)| plain(named) == wanted) {
            let from = start + line.len() - header.len();
            return Some(from..from + header.find(']').map_or(1, |end| end + 1));
        }
        start += line.len();
    }
    None
}

/// The parts of a dotted key.
fn parts(key: &str) -> Option<Vec<String>> {
    let text = format!("{key} = 0");
    let tree = DeTable::parse(&text).ok()?;
    let (mut table, mut parts) = (tree.get_ref(), Vec::new());
    loop {
        let (key, value) = table.iter().next()?;
        parts.push(key.get_ref().to_string());
        match value.get_ref().as_table() {
            Some(below) => table = below,
            None => return Some(parts),
        }
    }
}

/// The parser's message is what is wrong, then what it expected.
fn diagnostic(message: &str) -> Diagnostic {
    let (what, expected) = message.split_once(", expected ").map_or((message, None), |(what, expected)| (what, Some(expected)));
    let hint = match (what, expected) {
        (DUPLICATE, _) => "each key stands once: merge the two".to_owned(),
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
