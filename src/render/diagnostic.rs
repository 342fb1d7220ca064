//! Diagnostics in the style of rustc: file, line and column, the source line, a caret under the words, and what to do.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Style, plain};
use crate::diagnostic::{Diagnostic, Severity, Source, Span};

/// Bytes between two places of one file that are still shown as one excerpt. Beyond, each place is an excerpt of its own: the renderer
/// looks at every byte between them.
const ONE_EXCERPT: usize = 16 << 10;
/// Bytes of a line that are looked at on each side of a caret: a minified policy is one line of any length.
const LINE_SIDE: usize = 2 << 10;

/// The diagnostics in their order, with an empty line after each; empty for none.
pub fn render(diagnostics: &[Diagnostic], style: Style) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic)]));
        text.push_str("\n\n");
    }
    text
}

/// A diagnostic as data: `{"severity", "code", "summary", "label", "detail", "hint", "file", "line", "column"}`; lines and columns
/// (of characters) count from 1.
pub fn json(diagnostic: &Diagnostic) -> Value {
    let Diagnostic { severity, code, summary, label, detail, span, related: _, hint } = diagnostic;
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "hint",
    };
    let place = span.as_ref().map(|span| {
        let (line, column) = span.line_and_column();
        (span.source.path.display().to_string(), line, column)
    });
    let (file, line, column) = place.map_or((None, None, None), |(file, line, column)| (Some(file), Some(line), Some(column)));
    json!({
        "severity": severity, "code": code, "summary": summary, "label": label, "detail": detail, "hint": hint,
        "file": file, "line": line, "column": column,
    })
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let Diagnostic { severity, code, summary, label, detail, span, related, hint } = diagnostic;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::INFO.with_name("hint"),
    };
    let mut title = level.primary_title(plain(summary));
    if let Some(code) = code {
        title = title.id(*code);
    }
    let mut elements: Vec<Element<'_>> = Vec::new();
    let mut marks: Vec<Mark<'_>> = Vec::new();
    marks.extend(span.as_ref().map(|span| Mark::new(span, AnnotationKind::Primary, label.as_deref())));
    marks.extend(related.iter().map(|(span, label)| Mark::new(span, AnnotationKind::Context, Some(label))));
    elements.extend(excerpts(marks).into_iter().map(|e| excerpt(&e).into()));
    elements.extend(detail.as_ref().map(|detail| Level::NOTE.message(detail).into()));
    elements.extend(hint.as_ref().map(|hint| Level::HELP.message(hint).into()));
    Group::with_title(title).elements(elements)
}

/// A place to underline.
struct Mark<'d> {
    source: &'d Source,
    range: Range<usize>,
    kind: AnnotationKind,
    label: Option<&'d str>,
}

impl<'d> Mark<'d> {
    /// The range is brought inside the text: a wrong span must not cost the message.
    fn new(span: &'d Span, kind: AnnotationKind, label: Option<&'d str>) -> Self {
        let text = &span.source.text;
        let start = floor(text, span.range.start);
        Self { source: &span.source, range: start..floor(text, span.range.end).max(start), kind, label }
    }
}

/// Marks that are shown together: those of one file that are near the first mark of an excerpt.
fn excerpts(marks: Vec<Mark<'_>>) -> Vec<Vec<Mark<'_>>> {
    let mut excerpts: Vec<Vec<Mark<'_>>> = Vec::new();
    for mark in marks {
        let near = |e: &Vec<Mark<'_>>| {
            e.first()
                .is_some_and(|first| std::ptr::eq(first.source, mark.source) && first.range.start.abs_diff(mark.range.start) < ONE_EXCERPT)
        };
        match excerpts.iter_mut().find(|e| near(e)) {
            Some(excerpt) => excerpt.push(mark),
            None => excerpts.push(vec![mark]),
        }
    }
    excerpts
}

/// The lines of the marks. Only they are given to the renderer, which would go through the whole file for each diagnostic.
fn excerpt<'d>(marks: &[Mark<'d>]) -> Snippet<'d, Annotation<'d>> {
    let Some(source) = marks.first().map(|m| m.source) else { return Snippet::source("") };
    let text = source.text.as_str();
    let start = marks.iter().map(|m| m.range.start).min().unwrap_or_default();
    let end = marks.iter().map(|m| m.range.end).max().unwrap_or_default();
    let before = text.get(..start).unwrap_or_default();
    let first = before.rfind('\n').map_or(0, |at| at + 1);
    let last = text.get(end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| end + at);
    // A caret on or after the line break needs that line break.
    let last = text.len().min(last + 1);
    let (path, line) = (source.path.display().to_string(), source.line_and_column(start).0);
    if start - first > LINE_SIDE || last - end > LINE_SIDE {
        return long_line(marks, text, (first, last), line, &path);
    }
    let annotations = marks.iter().map(|m| m.kind.span(m.range.start - first..m.range.end - first).label(m.label));
    Snippet::source(text.get(first..last).unwrap_or_default()).path(path).line_start(line).annotations(annotations)
}

/// A part of a line that is too long to show, around its first mark. The column is in the path, since the renderer counts from the given text.
fn long_line<'d>(marks: &[Mark<'d>], text: &'d str, (first, last): (usize, usize), line: usize, path: &str) -> Snippet<'d, Annotation<'d>> {
    let Some(mark) = marks.iter().min_by_key(|m| m.kind) else { return Snippet::source("") };
    let from = floor(text, mark.range.start.saturating_sub(LINE_SIDE).max(first));
    let to = floor(text, (mark.range.start + LINE_SIDE).min(last));
    let (_, column) = mark.source.line_and_column(mark.range.start);
    let range = mark.range.start - from..mark.range.end.min(to) - from;
    Snippet::source(text.get(from..to).unwrap_or_default())
        .path(format!("{path} (column {column} of a long line)"))
        .line_start(line)
        .annotation(mark.kind.span(range).label(mark.label))
}

/// The nearest start of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use snapbox::{assert_data_eq, str};

    use super::*;

    fn span(text: &str, range: Range<usize>) -> Span {
        Span { source: Arc::new(Source::new("org.toml", text.to_owned())), range: range.into() }
    }

    fn check(text: &str, range: Range<usize>, expected: impl snapbox::IntoData) {
        let diagnostic = Diagnostic::error("it is wrong").at(span(text, range)).label("here").hint("mend it");
        assert_data_eq!(render(&[diagnostic], Style::default()), expected);
    }

    #[test]
    fn shows_line_and_caret() {
        check(
            "a = 1\nb = two\n",
            10..13,
            str![[r#"
error: it is wrong
 --> org.toml:2:5
  |
2 | b = two
  |     ^^^ here
  |
  = help: mend it


"#]],
        );
    }

    #[test]
    fn copes_with_tabs_and_wide_characters() {
        check(
            "\t名前 = \"日本\"\n",
            11..17,
            str![[r#"
error: it is wrong
 --> org.toml:1:8
  |
1 |     名前 = "日本"
  |             ^^^^ here
  |
  = help: mend it


"#]],
        );
    }

    #[test]
    fn copes_with_the_end_of_the_file() {
        check(
            "a = [",
            5..5,
            str![[r#"
error: it is wrong
 --> org.toml:1:6
  |
1 | a = [
  |      ^ here
  |
  = help: mend it


"#]],
        );
        check(
            "a = [\n",
            6..6,
            str![[r#"
error: it is wrong
 --> org.toml:2:1
  |
2 |
  | ^ here
  |
  = help: mend it


"#]],
        );
        check(
            "",
            0..0,
            str![[r#"
error: it is wrong
 --> org.toml:1:1
  |
1 |
  | ^ here
  |
  = help: mend it


"#]],
        );
    }

    #[test]
    fn copes_with_a_huge_line() {
        let text = format!("a = \"{}\"", "x".repeat(8 << 20));
        let rendered = render(&[Diagnostic::error("long").at(span(&text, 4_000_000..4_000_004))], Style::default());
        assert!(rendered.len() < 1_000, "{}", rendered.len());
        assert!(rendered.contains("org.toml"));
        assert!(rendered.contains("column 4000001"), "{rendered}");
    }

    #[test]
    fn shows_related_places_near_and_far() {
        let text = format!("first = 1\n{}second = 1\n", "# far\n".repeat(10_000));
        let second = text.find("second").unwrap();
        let at = span(&text, second..second + 6);
        let first = Span { source: Arc::clone(&at.source), range: (0..5).into() };
        let diagnostic = Diagnostic::warning("twice").at(at).related(first, "first used here").detail("why");
        assert_data_eq!(
            render(&[diagnostic], Style::default()),
            str![[r#"
warning: twice
     --> org.toml:10002:1
      |
10002 | second = 1
      | ^^^^^^
      |
     ::: org.toml:1:1
      |
    1 | first = 1
      | ----- first used here
      |
      = note: why


"#]]
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), start in 0_usize..40, end in 0_usize..40, other in 0_usize..40) {
            let at = span(&text, start..end);
            let related = Span { source: Arc::clone(&at.source), range: (other..other + 1).into() };
            let rendered = render(&[Diagnostic::error("x").at(at).related(related, "y")], Style { colour: true, ..Style::default() });
            prop_assert!(rendered.contains("org.toml"));
        }
    }
}
