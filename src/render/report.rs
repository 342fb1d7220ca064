//! What an apply did: text and JSON of the same report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Style;
use super::words::{count, plain};
use crate::address::Address;
use crate::apply::{Counts, Outcome, Report};

/// Failures that are told one by one, before the rest is counted.
const SINGLY: usize = 40;

/// The outcomes: failures with what to do, what was skipped because of what, and the counts.
pub fn text(report: &Report, style: Style) -> String {
    let mut out = String::new();
    let Counts { applied, failed, skipped, withheld, not_started } = report.counts();
    let errors = report.outcomes.iter().filter_map(|(address, outcome)| match outcome {
        Outcome::Failed(error) => Some((address, error)),
        Outcome::Applied | Outcome::Skipped { .. } | Outcome::Withheld | Outcome::NotStarted => None,
    });
    for (address, error) in errors.take(SINGLY) {
        let _ = writeln!(out, "{}: {}: {}", style.error("failed"), plain(&address.to_string()), plain(&error.to_string()));
        if let Some(hint) = error.hint() {
            let _ = writeln!(out, "  help: {hint}");
        }
    }
    if let Some(rest) = failed.checked_sub(SINGLY).filter(|n| *n > 0) {
        let _ = writeln!(out, "… and {rest} more failed (--format json tells them all)");
    }
    for (because_of, addresses) in skipped_by_cause(report) {
        let label = style.dim("skipped");
        match addresses.as_slice() {
            [] => {}
            [address] => {
                let _ = writeln!(out, "{label}: {}: because of {}", plain(&address.to_string()), plain(&because_of.to_string()));
            }
            [first, .., last] => {
                let n = addresses.len();
                let _ = writeln!(
                    out,
                    "{label}: {n} changes, {} to {}: because of {}",
                    plain(&first.to_string()),
                    plain(&last.to_string()),
                    plain(&because_of.to_string())
                );
            }
        }
    }
    for (address, outcome) in &report.outcomes {
        if *outcome == Outcome::Withheld {
            let _ = writeln!(out, "{}: {address}: deletions need --allow-delete", style.warning("withheld"));
        }
    }
    let rest = [(failed, "failed"), (skipped, "skipped"), (withheld, "withheld"), (not_started, "not started")];
    let rest: String = rest.iter().filter(|(n, _)| *n > 0).map(|(n, told)| format!(", {n} {told}")).collect();
    let all = count(report.outcomes.len(), "change");
    let _ = writeln!(out, "{} {applied} of {all} applied{rest}", style.bold("Apply:"));
    out
}

/// What was skipped, by the change that is at the root of it, each in order: one failure may hold back thousands.
fn skipped_by_cause(report: &Report) -> BTreeMap<&Address, Vec<&Address>> {
    let mut causes: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (address, outcome) in &report.outcomes {
        if let Outcome::Skipped { because_of } = outcome {
            causes.entry(because_of).or_default().push(address);
        }
    }
    causes.values_mut().for_each(|addresses| addresses.sort_unstable());
    causes
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Error;

    #[test]
    fn one_failure_that_holds_back_thousands_is_told_in_two_lines() {
        let root = Address::new("organization", "main");
        let skipped = |n| (Address::new("account", format!("a{n:04}")), Outcome::Skipped { because_of: root.clone() });
        let mut outcomes = vec![(root.clone(), Outcome::Failed(Error::failed("no\u{1b}[2J")))];
        outcomes.extend((0..5000).map(skipped));
        let told = text(&Report { outcomes }, Style::default());
        let expected = "failed: organization.main: no\\u{1b}[2J\n\
                        skipped: 5000 changes, account.a0000 to account.a4999: because of organization.main\n\
                        Apply: 0 of 5001 changes applied, 1 failed, 5000 skipped\n";
        assert_eq!(told, expected);
    }

    #[test]
    fn thousands_of_failures_are_counted() {
        let failed = |n| (Address::new("account", format!("a{n:04}")), Outcome::Failed(Error::failed("no")));
        let told = text(&Report { outcomes: (0..5000).map(failed).collect() }, Style::default());
        assert_eq!(told.lines().count(), SINGLY + 2);
        assert!(told.contains("… and 4960 more failed") && told.ends_with("Apply: 0 of 5000 changes applied, 5000 failed\n"), "{told}");
    }
}
