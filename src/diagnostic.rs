//! Diagnostics: what is wrong, where, and what to do. This module has the values; `render` draws the carets.

use std::cmp::Ordering;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is done while there is one of these.
    Error,
    /// Worth a look; the run goes on.
    Warning,
    /// Could be better: reported on request.
    Hint,
}

/// A file as it was read, kept for the lines that a diagnostic shows. Compares by path and text.
#[derive(Debug)]
pub struct Source {
    /// The path as the user would type it.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
    /// Thousands of diagnostics must not each go through the file.
    index: Index,
}

/// The beginnings of the lines of a text, and the number of characters before each chunk.
#[derive(Debug)]
struct Index {
    lines: Vec<usize>,
    characters: Vec<usize>,
}

/// Bytes of a chunk: the most that is scanned to find a column.
const CHUNK: usize = 1024;

impl Index {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let mut so_far = 0;
        let chunks = text.as_bytes().chunks(CHUNK).map(|chunk| {
            let before = so_far;
            so_far += starts(chunk);
            before
        });
        Self { lines: std::iter::once(0).chain(breaks).collect(), characters: chunks.collect() }
    }
}

/// How many characters begin in these bytes of UTF-8.
fn starts(bytes: &[u8]) -> usize {
    #[cfg(test)]
    tests::READ.with(|read| read.set(read.get() + bytes.len()));
    bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
}

impl Source {
    /// The file at `path` with that text.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        Self { path, index: Index::of(&text), text }
    }

    /// The line and the column, of characters, of a byte: both count from 1.
    pub fn line_and_column(&self, at: usize) -> (usize, usize) {
        let at = at.min(self.text.len());
        let line = self.index.lines.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).and_then(|before| self.index.lines.get(before)).copied().unwrap_or_default();
        (line, self.characters_before(at).saturating_sub(self.characters_before(start)) + 1)
    }

    fn characters_before(&self, at: usize) -> usize {
        let chunk = at / CHUNK;
        // The end of the text may be that of its last chunk.
        let (before, chunk) = match self.index.characters.get(chunk) {
            Some(before) => (*before, chunk),
            None => (self.index.characters.last().copied().unwrap_or_default(), self.index.characters.len().saturating_sub(1)),
        };
        before + self.text.as_bytes().get(chunk * CHUNK..at).map_or(0, starts)
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Source {}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Source {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.path, &self.text).cmp(&(&other.path, &other.text))
    }
}

/// A byte range of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub source: Arc<Source>,
    /// Bytes of its text; an empty range points between two characters.
    pub range: ByteRange,
}

impl Span {
    /// The line and the column, of characters, where it begins: both count from 1.
    pub fn line_and_column(&self) -> (usize, usize) {
        self.source.line_and_column(self.range.start)
    }
}

/// A half-open range of bytes: `Range<usize>` with an order, so that diagnostics sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRange {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl From<Range<usize>> for ByteRange {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

/// One finding about the user's input: severity, summary, detail, source span, hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it stops the run.
    pub severity: Severity,
    /// A stable name of this kind of diagnostic, such as `duplicate-email`, where it has one.
    pub code: Option<&'static str>,
    /// One line: a lower-case fragment with user input in backticks, no Rust type names.
    pub summary: String,
    /// The label under the caret, if it says more than the summary.
    pub label: Option<String>,
    /// Why it is so, in a sentence or two.
    pub detail: Option<String>,
    /// Where.
    pub span: Option<Span>,
    /// A second place that belongs to it ("first used here"), with its label.
    pub related: Vec<(Span, String)>,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error with a summary; the rest is added by the `with_` methods.
    pub fn error(summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: None,
            summary: summary.into(),
            label: None,
            detail: None,
            span: None,
            related: Vec::new(),
            hint: None,
        }
    }

    /// A warning with a summary.
    pub fn warning(summary: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary) }
    }

    /// Sets its stable name.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Sets where it is.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets why it is so.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Sets the label under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    thread_local! {
        /// Bytes of text that were scanned to find positions.
        pub(super) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    /// Thousands of mistakes in a file of megabytes: the file is gone through once, not once for each of them.
    #[test]
    fn the_work_of_places_is_linear() {
        let read = |mistakes: usize| {
            let source = Arc::new(Source::new("org.toml", "colour = \"red\"\n".repeat(mistakes)));
            let before = READ.get();
            for n in 0..mistakes {
                let span = Span { source: Arc::clone(&source), range: (15 * n..15 * n + 6).into() };
                assert_eq!(span.line_and_column(), (n + 1, 1));
            }
            READ.get() - before
        };
        let (few, many) = (read(1_000), read(4_000));
        assert!(many <= 5 * few, "{few} and {many} bytes");
    }

    proptest! {
        /// The index against the plain count.
        #[test]
        fn places_are_those_of_the_text(text in "(a|é|日|\\n|.{900}){0,8}", at in 0_usize..8000) {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let before = &text[..at];
            let expected = (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap().chars().count() + 1);
            prop_assert_eq!(Source::new("org.toml", text.as_str()).line_and_column(at), expected);
        }
    }
}
