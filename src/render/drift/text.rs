//! For people, on a terminal.

use std::fmt::Write as _;

use super::{WEIGHTS, counted, effect, heading, none, origin, place, remedy, summary};
use crate::config::Places;
use crate::drift::{Drift, Finding, Remedy, What};
use crate::render::Style;
use crate::render::difference::attribute;
use crate::render::policy::at;
use crate::render::words::{count, plain};
use crate::resource::Weight;

/// Findings of one weight that are shown before the rest is counted, without `--detail`.
const SHOWN: usize = 80;

/// The findings by weight, then what was left out, then how many there are.
pub fn text(drift: &Drift, places: &Places, style: Style) -> String {
    let mut out = String::new();
    if drift.findings.iter().any(|finding| finding.what == What::Changed) {
        let _ = writeln!(out, "{}\n", style.dim("values: org.toml → AWS"));
    }
    for weight in WEIGHTS {
        let of: Vec<&Finding> = drift.findings.iter().filter(|finding| finding.weight == weight).collect();
        if of.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{}", style.bold(&format!("{} ({})", heading(weight), of.len())));
        out.push_str(&findings(&of, places, style));
        out.push('\n');
    }
    for note in &drift.notes {
        let _ = writeln!(out, "{}: {}: {}", style.dim("note"), plain(&note.subject), plain(&note.summary));
    }
    if !drift.notes.is_empty() {
        out.push('\n');
    }
    out.push_str(&end(drift, style));
    out
}

/// Findings below their heading.
pub(super) fn findings(findings: &[&Finding], places: &Places, style: Style) -> String {
    let shown = if style.detail { findings.len() } else { SHOWN };
    let mut out: String = findings.iter().take(shown).map(|finding| one(finding, places, style)).collect();
    if let Some(rest) = findings.len().checked_sub(shown).filter(|rest| *rest > 0) {
        let _ = writeln!(out, "  {}", style.dim(&format!("… and {rest} more (--detail shows them)")));
    }
    out
}

fn one(finding: &Finding, places: &Places, style: Style) -> String {
    let mut out = String::new();
    let what = match finding.weight {
        Weight::GuardRail => style.error(finding.what.name()),
        Weight::Network | Weight::Organization => style.warning(finding.what.name()),
        Weight::Cosmetic => style.dim(finding.what.name()),
    };
    let id = finding.id.as_deref().filter(|id| style.detail && !finding.subject.starts_with(id));
    let id = id.map(|id| format!(" ({})", plain(id))).unwrap_or_default();
    let _ = writeln!(out, "  {what} {}{id}: {}", plain(&finding.subject), plain(&summary(finding)));
    if finding.what == What::Changed || style.detail {
        for difference in &finding.differences {
            attribute(&mut out, &difference.name, (&difference.wanted, &difference.live), style);
        }
    }
    if let Some(effect) = effect(finding) {
        let _ = writeln!(out, "      {}", plain(&effect));
    }
    if let Some(origin) = origin(finding) {
        let _ = writeln!(out, "      {}", plain(&origin));
    }
    if style.detail || finding.remedy != Remedy::Leave {
        let _ = writeln!(out, "      {}", style.dim(&format!("apply {}", remedy(finding))));
    }
    if style.detail {
        let _ = writeln!(out, "      {}", style.dim(&at(&place(finding, places))));
    }
    out
}

/// The last lines: what was left out, and how many findings there are.
pub(super) fn end(drift: &Drift, style: Style) -> String {
    let mut out = String::new();
    for used in drift.ignored.iter().filter(|used| used.findings > 0) {
        let told = format!(
            "ignored until {}: {} of `{}` ({})",
            used.until,
            count(used.findings, "finding"),
            plain(&used.address),
            plain(&used.reason)
        );
        let _ = writeln!(out, "{}", style.dim(&told));
    }
    if !drift.known.is_empty() || drift.gone > 0 {
        let told = format!("baseline: {} left out, {} no longer found", count(drift.known.len(), "finding"), drift.gone);
        let _ = writeln!(out, "{}", style.dim(&told));
    }
    let last = if drift.is_clean() {
        style.good(&format!("{}.", capital(&none(drift))))
    } else {
        style.bold(&format!("Drift: {}", counted(drift)))
    };
    let _ = writeln!(out, "{last}");
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
