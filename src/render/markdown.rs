//! A plan as Markdown, for a comment on a pull request.

use std::fmt::Write as _;

use tabled::builder::Builder;
use tabled::settings::Style as TableStyle;

use super::Style;
use super::text::{self, Section};
use super::words::plain;
use crate::apply::Report;
use crate::plan::Plan;
use crate::resource::{Finding, FindingSeverity};

/// Bytes of a comment, without `--detail`: GitHub takes 65,536 characters, and some are for what others add.
pub(super) const COMMENT: usize = 60_000;
/// Unmanaged things that are listed, without `--detail`.
const UNMANAGED: usize = 80;

/// A plan: a summary, the findings, and the changes of each kind and the networks behind a heading that opens them.
pub fn plan(plan: &Plan, style: Style) -> String {
    let style = Style { colour: false, ..style };
    let mut out = String::from("## overlord plan\n\n");
    out.push_str(&fenced(&text::summary(plan, style)));
    findings(&mut out, &plan.findings, style);
    for Section { heading, text } in text::sections(plan, style) {
        let section = format!("\n<details open><summary>{heading}</summary>\n\n{}\n</details>\n", fenced(&text));
        if style.detail || out.len() + section.len() <= COMMENT {
            out.push_str(&section);
        } else {
            let _ = writeln!(out, "\n{heading}: too long for a comment; `overlord plan` shows them");
        }
    }
    out
}

/// What an apply did, as a section behind its plan.
pub fn report(report: &Report) -> String {
    format!("\n## overlord apply\n\n{}", fenced(&super::report::text(report, Style::default())))
}

fn findings(out: &mut String, findings: &[Finding], style: Style) {
    if findings.is_empty() {
        return;
    }
    let mut table = Builder::default();
    table.push_record(["severity", "about", "finding"]);
    let mut unmanaged = 0;
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
        table.push_record([severity.to_owned(), cell(&finding.subject), cell(&finding.summary)]);
    }
    let _ = writeln!(out, "\n{}", table.build().with(TableStyle::markdown()));
    if let Some(rest) = unmanaged.checked_sub(UNMANAGED).filter(|n| *n > 0 && !style.detail) {
        let _ = writeln!(out, "\n… and {rest} more unmanaged (--detail shows them)");
    }
}

/// A block of text as it is: the fence is longer than any within.
pub(super) fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}{fence}\n")
}

/// Text that cannot break out of its cell.
pub(super) fn cell(text: &str) -> String {
    plain(text).replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_closes_its_own_fence() {
        assert_eq!(fenced("a\n"), "```text\na\n```\n");
        assert_eq!(fenced("```\n````\n"), "`````text\n```\n````\n`````\n");
    }
}
