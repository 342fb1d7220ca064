//! One line, for chat.

use super::{counted, none};
use crate::drift::Drift;
use crate::render::words::plain;

/// Findings that are named.
const NAMED: usize = 3;

/// `overlord drift: 4 findings (guardrails: 1, networks: 3): policy_attachments.ou.work changed, … and 1 more`
pub fn line(drift: &Drift) -> String {
    if drift.is_clean() {
        return format!("overlord drift: {}\n", none(drift));
    }
    let named = drift.findings.iter().take(NAMED).map(|finding| format!("{} {}", plain(&finding.subject), finding.what.name()));
    let more = drift.findings.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("overlord drift: {}: {}{more}\n", counted(drift), named.collect::<Vec<_>>().join(", "))
}
