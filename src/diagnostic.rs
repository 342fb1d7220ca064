//! Diagnostics: what is wrong, where, and what to do. Values here; the caret rendering is in `render`.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is done while one of these stands.
    Error,
    /// Worth a look; the run goes on.
    Warning,
    /// Could be better: told to those who ask.
    Hint,
}

/// A file as it was read, kept for the lines that a diagnostic shows.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The path as the user would type it.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
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
        let before = self.source.text.get(..self.range.start).unwrap_or(&self.source.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
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
    /// What stands under the caret, when that says more than the summary.
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

    /// Sets what stands under the caret.
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
