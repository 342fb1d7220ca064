//! For a comment on a pull request, an issue, or the summary of a job.

use std::fmt::Write as _;

use super::text::{end, findings};
use super::{WEIGHTS, direction, heading, origin, remedy, summary};
use crate::config::Places;
use crate::drift::{Drift, Finding};
use crate::render::Style;
use crate::render::markdown::{COMMENT, cell, fenced};

/// Rows of the table of one weight, without `--detail`.
const ROWS: usize = 40;

/// The line of a finding, with what it does.
fn told(finding: &Finding) -> String {
    let effect = finding.effect.as_ref().map(|effect| format!(" ({})", direction(effect.effect))).unwrap_or_default();
    format!("{}{effect}", summary(finding))
}

/// How many there are, then a table for each weight, with the values behind a heading that opens them.
pub fn markdown(drift: &Drift, places: &Places, detail: bool) -> String {
    let style = Style { colour: false, detail };
    let mut out = format!("## overlord drift\n\n{}", fenced(&end(drift, style)));
    for weight in WEIGHTS {
        let of: Vec<&Finding> = drift.findings.iter().filter(|finding| finding.weight == weight).collect();
        if of.is_empty() {
            continue;
        }
        let _ = writeln!(
            out,
            "\n### {} ({})\n\n| | about | finding | since, by | `apply` |\n| --- | --- | --- | --- | --- |",
            heading(weight),
            of.len()
        );
        let rows = if detail { of.len() } else { ROWS };
        for finding in of.iter().take(rows) {
            let (subject, summary, remedy) = (cell(&finding.subject), cell(&told(finding)), cell(&remedy(finding)));
            let origin = cell(&origin(finding).unwrap_or_default());
            let _ = writeln!(out, "| {} | {subject} | {summary} | {origin} | {remedy} |", finding.what.name());
        }
        if let Some(rest) = of.len().checked_sub(rows).filter(|rest| *rest > 0) {
            let _ = writeln!(out, "\n… and {rest} more (`overlord drift --detail` shows them)");
        }
        let different: Vec<&Finding> = of.into_iter().filter(|finding| !finding.differences.is_empty()).collect();
        if !different.is_empty() {
            let values = fenced(&findings(&different, places, style));
            let values = format!("\n<details><summary>values: org.toml → AWS</summary>\n\n{values}\n</details>\n");
            if detail || out.len() + values.len() <= COMMENT {
                out.push_str(&values);
            }
        }
    }
    if !drift.notes.is_empty() {
        out.push_str("\n### notes\n\n");
        for note in drift.notes.iter().take(if detail { usize::MAX } else { ROWS }) {
            let _ = writeln!(out, "- {}: {}", cell(&note.subject), cell(&note.summary));
        }
    }
    out
}
