//! A plan as Markdown, for a comment on a pull request.

use super::comment::{Cell, Comment, LIMIT};
use super::text::{self, Section};
use super::{Style, findings, renames, report as outcomes};
use crate::apply::Report;
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::resource::{Finding, FindingSeverity};

/// A plan: a summary, the findings, and collapsed sections with the changes of each kind and the networks.
pub fn plan(plan: &Plan, style: Style) -> Comment {
    let style = Style { colour: false, ..style };
    let mut out = Comment::titled("overlord plan");
    out.block(&text::summary(plan, style));
    told(&mut out, &plan.findings, style);
    if !plan.renames.is_empty() {
        out.own("\n").block(&renames::text(plan, style));
    }
    let sections = text::sections(plan, style);
    let legend = text::legend(&sections, style);
    if !legend.is_empty() {
        out.own("\n").block(legend.trim_end());
    }
    for Section { heading, text, .. } in sections {
        let (mut section, mut body) = (Comment::default(), Comment::default());
        body.block(&text);
        section.details(true, &heading, &body);
        if style.detail || out.len() + section.len() <= LIMIT {
            out = out.and(&section);
        } else {
            out.own("\n").text(heading).own(": too long for a comment; `overlord plan` shows them\n");
        }
    }
    out
}

/// The result of an apply, as a section after its plan.
pub fn report(report: &Report) -> Comment {
    let mut out = Comment::default();
    out.own("\n## overlord apply\n\n").block(&outcomes::text(report, Style::default()));
    out
}

/// Mistakes of the configuration, as on a terminal; `verdict` is the last line.
pub fn diagnostics(diagnostics: &[Diagnostic], verdict: &str) -> Comment {
    let mut text = String::new();
    for (number, diagnostic) in diagnostics.iter().enumerate() {
        let rendered = super::diagnostic::render(std::slice::from_ref(diagnostic), Style::default());
        if text.len() + rendered.len() > LIMIT {
            text.push_str(&format!("… and {} more: `overlord validate` shows them\n\n", diagnostics.len() - number));
            break;
        }
        text.push_str(&rendered);
    }
    text.push_str(verdict);
    let mut out = Comment::titled("overlord: the configuration");
    out.block(&text);
    out
}

/// An error that ended the run before there was a result.
pub fn error(message: &str, hint: Option<&str>) -> Comment {
    let help = hint.map(|hint| format!("  help: {hint}\n")).unwrap_or_default();
    let mut out = Comment::titled("overlord: error");
    out.block(&format!("error: {message}\n{help}"));
    out
}

fn told(out: &mut Comment, found: &[Finding], style: Style) {
    if found.is_empty() {
        return;
    }
    let (lines, rest) = findings::lines(found, style);
    let row = |line: findings::Line| {
        let severity = match line.severity {
            FindingSeverity::Error => "error",
            FindingSeverity::Warning => "warning",
            FindingSeverity::Unmanaged => "unmanaged",
        };
        [Cell::Own(severity), line.subject.into(), line.summary.into()]
    };
    out.own("\n").table(["severity", "about", "finding"], lines.into_iter().map(row));
    if rest > 0 {
        out.own("\n").text(format_args!("… and {rest} more unmanaged (--detail shows them)")).own("\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GitHub takes no comment of more than 65,536 characters.
    #[test]
    fn many_diagnostics_fit_a_comment() {
        let many: Vec<Diagnostic> = (0..4_000).map(|number| Diagnostic::error(format!("mistake {number}"))).collect();
        let text = diagnostics(&many, "`org.toml` has 4000 errors").to_string();
        assert!(
            text.len() < 65_536 && text.contains("mistake 0\n") && text.contains(" more: `overlord validate` shows them"),
            "{}",
            text.len()
        );
        assert!(text.ends_with("`org.toml` has 4000 errors\n```\n"));
        let hostile = diagnostics(&[Diagnostic::error("```\n@everyone ![x](http://y)")], "z").to_string();
        assert!(hostile.contains("\n````text\n") && hostile.ends_with("````\n"), "{hostile}");
    }
}
