//! A plan as Markdown, for a comment on a pull request.

use super::comment::{Cell, Comment, LIMIT};
use super::text::{self, Section};
use super::{Style, report as outcomes};
use crate::apply::Report;
use crate::plan::Plan;
use crate::resource::{Finding, FindingSeverity};

/// Unmanaged things that are listed, without `--detail`.
const UNMANAGED: usize = 80;

/// A plan: a summary, the findings, and the changes of each kind and the networks behind a heading that opens them.
pub fn plan(plan: &Plan, style: Style) -> Comment {
    let style = Style { colour: false, ..style };
    let mut out = Comment::titled("overlord plan");
    out.block(&text::summary(plan, style));
    findings(&mut out, &plan.findings, style);
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

fn findings(out: &mut Comment, findings: &[Finding], style: Style) {
    if findings.is_empty() {
        return;
    }
    let mut unmanaged = 0;
    let mut rows = Vec::new();
    for finding in findings {
        let severity = match finding.severity {
            FindingSeverity::Error => "error",
            FindingSeverity::Warning => "warning",
            FindingSeverity::Unmanaged => {
                unmanaged += 1;
                if unmanaged > UNMANAGED && !style.detail {
                    continue;
                }
                "unmanaged"
            }
        };
        rows.push([Cell::Own(severity), finding.subject.as_str().into(), finding.summary.as_str().into()]);
    }
    out.own("\n").table(["severity", "about", "finding"], rows);
    if let Some(rest) = unmanaged.checked_sub(UNMANAGED).filter(|n| *n > 0 && !style.detail) {
        out.own("\n").text(format_args!("… and {rest} more unmanaged (--detail shows them)")).own("\n");
    }
}
