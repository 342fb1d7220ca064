//! Wraps lines to the width of a terminal: breaks at spaces and indents continuation lines.

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Columns below which nothing is broken: there would be a word a line.
const NARROWEST: usize = 20;

/// The same text with no line longer than `width` columns, as far as words allow. A row of a table stays whole, and so does a word: an
/// address, an id or a path is copied as one.
pub fn wrap(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if width < NARROWEST || display_width(line) <= width || is_laid_out(line) {
            out.push_str(line);
        } else {
            let rest = line.trim_start_matches(' ');
            let indent = line.len() - rest.len();
            let hanging = (indent + if has_sign(rest) { 4 } else { 2 }).min(width / 2);
            let (first, others) = (" ".repeat(indent), " ".repeat(hanging));
            let options = Options::new(width)
                .initial_indent(&first)
                .subsequent_indent(&others)
                .break_words(false)
                .word_separator(WordSeparator::AsciiSpace)
                .word_splitter(WordSplitter::NoHyphenation)
                .wrap_algorithm(WrapAlgorithm::FirstFit);
            out.push_str(&textwrap::fill(rest, options));
        }
        out.push_str(end);
    }
    out
}

/// Whether spaces put the parts of a line below those of other lines: the columns of a table, a document. One wide space alone parts the
/// head of a change from its reason.
fn is_laid_out(line: &str) -> bool {
    let mut wide = 0;
    let mut rest = line.trim();
    while let Some(at) = rest.find("  ") {
        let behind = rest.get(at..).unwrap_or_default();
        rest = behind.trim_start_matches(' ');
        wide += if behind.len() - rest.len() > 2 { 2 } else { 1 };
    }
    wide >= 2
}

/// Whether a line begins with a sign and a space, such as `+ ` or `- `, coloured or not.
fn has_sign(line: &str) -> bool {
    let text = line.strip_prefix("\u{1b}[").and_then(|colour| colour.split_once('m')).map_or(line, |(_, text)| text);
    let mut characters = text.chars();
    let sign = characters.next().is_some_and(|first| !first.is_alphanumeric() && !first.is_whitespace());
    sign && characters.next() == Some(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_words_and_hang() {
        for (text, expected) in [
            ("short\n", "short\n"),
            ("one two three four five six\n", "one two three four\n  five six\n"),
            ("  help: write `one two three` here\n", "  help: write `one\n    two three` here\n"),
            ("  + account.audit  in ou.platform; not there\n", "  + account.audit\n      in\n      ou.platform;\n      not there\n"),
            // A word is never broken.
            ("see https://example.org/a/long/path now", "see\n  https://example.org/a/long/path\n  now"),
            // Wide characters take two columns.
            ("日本語 日本語 日本語 日本語\n", "日本語 日本語 日本語\n  日本語\n"),
            // What sets colours takes none.
            ("\u{1b}[1mone two\u{1b}[0m three four five\n", "\u{1b}[1mone two\u{1b}[0m three four\n  five\n"),
            ("  \u{1b}[32m+ one two\u{1b}[0m three four\n", "  \u{1b}[32m+ one two\u{1b}[0m three\n      four\n"),
        ] {
            assert_eq!(wrap(text, 20), expected, "{text}");
        }
    }

    #[test]
    fn rows_of_tables_stay_whole() {
        for row in ["one  two three  four five six", "key     what it is about, in words", " a   b\n c   d"] {
            assert_eq!(wrap(row, 20), row);
        }
        assert_eq!(wrap("one two three four five", 19), "one two three four five");
    }
}
