//! What an apply did: text and JSON of the same report.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Style;
use super::words::count;
use crate::apply::{Counts, Outcome, Report};

/// The outcomes: failures with what to do, what was skipped because of what, and the counts.
pub fn text(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for (address, outcome) in &report.outcomes {
        match outcome {
            Outcome::Failed(error) => {
                let _ = writeln!(out, "{}: {address}: {error}", style.error("failed"));
                if let Some(hint) = error.hint() {
                    let _ = writeln!(out, "  help: {hint}");
                }
            }
            Outcome::Applied | Outcome::Skipped { .. } | Outcome::Withheld | Outcome::NotStarted => {}
        }
    }
    for (address, outcome) in &report.outcomes {
        if let Outcome::Skipped { because_of } = outcome {
            let _ = writeln!(out, "{}: {address}: because of {because_of}", style.dim("skipped"));
        }
    }
    for (address, outcome) in &report.outcomes {
        if *outcome == Outcome::Withheld {
            let _ = writeln!(out, "{}: {address}: deletions need --allow-delete", style.warning("withheld"));
        }
    }
    let Counts { applied, failed, skipped, withheld, not_started } = report.counts();
    let rest = [(failed, "failed"), (skipped, "skipped"), (withheld, "withheld"), (not_started, "not started")];
    let rest: String = rest.iter().filter(|(n, _)| *n > 0).map(|(n, told)| format!(", {n} {told}")).collect();
    let all = count(report.outcomes.len(), "change");
    let _ = writeln!(out, "{} {applied} of {all} applied{rest}", style.bold("Apply:"));
    out
}

/// The outcomes as data: `{"format_version", "outcomes": [{"address", "outcome", …}]}`.
pub fn json(report: &Report) -> Value {
    let outcomes = report.outcomes.iter().map(|(address, outcome)| match outcome {
        Outcome::Applied => json!({"address": address, "outcome": "applied"}),
        Outcome::Failed(error) => {
            json!({"address": address, "outcome": "failed", "error": error.to_string(), "code": error.code(), "help": error.hint()})
        }
        Outcome::Skipped { because_of } => json!({"address": address, "outcome": "skipped", "because_of": because_of}),
        Outcome::Withheld => json!({"address": address, "outcome": "withheld"}),
        Outcome::NotStarted => json!({"address": address, "outcome": "not-started"}),
    });
    json!({"format_version": 1, "outcomes": outcomes.collect::<Vec<_>>()})
}
