//! A plan as Markdown, for a comment on a pull request.

use std::fmt::Write as _;

use tabled::builder::Builder;
use tabled::settings::Style as TableStyle;

use super::Style;
use super::words::{symbol, value, verb};
use crate::plan::Plan;

/// A plan: a summary, a table of its changes, the findings.
pub fn plan(plan: &Plan) -> String {
    let mut out = String::from("## overlord plan\n\n");
    let _ = writeln!(out, "```text\n{}```", super::text::summary(plan, Style::default()));
    if !plan.changes.is_empty() {
        let mut table = Builder::default();
        table.push_record(["", "address", "action", "why", "what"]);
        for change in &plan.changes {
            let what = change.attributes.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join(", ");
            table.push_record([
                format!("`{}`", symbol(change.action)),
                format!("`{}`", change.address),
                verb(change.action).to_owned(),
                cell(&change.reason),
                cell(&what),
            ]);
        }
        let _ = writeln!(out, "\n{}", table.build().with(TableStyle::markdown()));
    }
    if !plan.findings.is_empty() {
        let mut table = Builder::default();
        table.push_record(["severity", "about", "finding"]);
        for finding in &plan.findings {
            let severity = serde_json::to_value(finding.severity).map(|v| value(&v).replace('"', "")).unwrap_or_default();
            table.push_record([severity, cell(&finding.subject), cell(&finding.summary)]);
        }
        let _ = writeln!(out, "\n{}", table.build().with(TableStyle::markdown()));
    }
    out
}

/// Text that cannot break out of its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
