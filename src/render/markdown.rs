//! A plan as Markdown, for a comment on a pull request.

use super::comment::{Cell, Comment, LIMIT};
use super::text::{self, Section};
use super::{Style, findings, renames, report as outcomes};
use crate::apply::Report;
use crate::plan::Plan;
use crate::resource::{Finding, FindingSeverity};

/// A plan: a summary, the findings, and the changes of each kind and the networks behind a heading that opens them.
pub fn plan(plan: &Plan, style: Style) -> Comment {
    let style = Style { colour: false, ..style };
    let mut out = Comment::titled("overlord plan");
    out.block(&text::summary(plan, style));
    told(&mut out, &plan.findings, style);
    if !plan.renames.is_empty() {
        out.own("\n").block(&renames::text(plan, style));
    }
    for Section { heading, text } in text::sections(plan, style) {
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

/// What an apply did, as a section behind its plan.
pub fn report(report: &Report) -> Comment {
    let mut out = Comment::default();
    out.own("\n## overlord apply\n\n").block(&outcomes::text(report, Style::default()));
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
