//! Markdown, for a pull request comment, an issue, or a job summary.

use super::text::{end, findings};
use super::{WEIGHTS, direction, heading, origin, remedy, summary};
use crate::config::Places;
use crate::drift::{Drift, Finding};
use crate::render::Style;
use crate::render::comment::{Cell, Comment, LIMIT};

/// Rows of the table of one weight, without `--detail`.
const ROWS: usize = 40;

/// The line of a finding, with what it does.
fn told(finding: &Finding) -> String {
    let effect = finding.effect.as_ref().map(|effect| format!(" ({})", direction(effect.effect))).unwrap_or_default();
    format!("{}{effect}", summary(finding))
}

/// The counts, then a table per severity, with the values in a collapsed section.
pub fn markdown(drift: &Drift, places: &Places, detail: bool) -> Comment {
    let style = Style { colour: false, detail };
    let mut out = Comment::titled("overlord drift");
    out.block(&end(drift, style));
    for weight in WEIGHTS {
        let of: Vec<&Finding> = drift.findings.iter().filter(|finding| finding.weight == weight).collect();
        if of.is_empty() {
            continue;
        }
        out.own("\n### ").text(format_args!("{} ({})", heading(weight), of.len())).own("\n\n");
        let shown = if detail { of.len() } else { ROWS };
        let rows = of.iter().take(shown).map(|finding| {
            let origin = origin(finding).unwrap_or_default();
            [Cell::Own(finding.what.name()), finding.subject.as_str().into(), told(finding).into(), origin.into(), remedy(finding).into()]
        });
        out.table(["", "about", "finding", "since, by", "`apply`"], rows);
        if let Some(rest) = of.len().checked_sub(shown).filter(|rest| *rest > 0) {
            out.own("\n").text(format_args!("… and {rest} more (`overlord drift --detail` shows them)")).own("\n");
        }
        let different: Vec<&Finding> = of.into_iter().filter(|finding| !finding.differences.is_empty()).collect();
        if !different.is_empty() {
            let (mut values, mut body) = (Comment::default(), Comment::default());
            body.block(&findings(&different, places, style));
            values.details(false, "values: org.toml → AWS", &body);
            if detail || out.len() + values.len() <= LIMIT {
                out = out.and(&values);
            }
        }
    }
    if !drift.notes.is_empty() {
        out.own("\n### notes\n\n");
        for note in drift.notes.iter().take(if detail { usize::MAX } else { ROWS }) {
            out.own("- ").text(&note.subject).own(": ").text(&note.summary).own("\n");
        }
    }
    out
}
