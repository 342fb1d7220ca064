//! The findings of `overlord drift`: where AWS differs from org.toml, the most severe first.

use std::fmt::Write as _;

use super::parts::{count, framed, mark, safe, table};
use crate::drift::{Finding, What};
use crate::render::drift::{WEIGHTS, heading, remedy, summary};
use crate::render::words::value;
use crate::report::Report;
use crate::resource::Weight;

/// The number of findings on the page. The JSON form and `overlord drift` have all of them.
const SHOWN: usize = 400;

pub(super) fn section(report: &Report<'_>) -> String {
    let drift = &report.drift;
    let says = format!(
        "Where AWS differs from org.toml, in {} and {}: as reported by <code>overlord drift</code>. The value in org.toml comes first, then the value in AWS.",
        count(drift.looked_at.accounts, "account"),
        count(drift.looked_at.resources, "resource")
    );
    let mut body = String::new();
    if drift.is_clean() {
        let _ = writeln!(body, "<p>{}</p>", mark("good", "✓ no drift"));
    }
    for weight in WEIGHTS {
        let of: Vec<(usize, &Finding)> =
            drift.findings.iter().enumerate().filter(|(number, finding)| finding.weight == weight && is_shown(report, *number)).collect();
        if of.is_empty() {
            continue;
        }
        let all = drift.findings.iter().filter(|finding| finding.weight == weight).count();
        let _ = writeln!(body, "<h3>{} · {all}</h3>", capital(heading(weight)));
        of.into_iter().for_each(|(number, finding)| body.push_str(&fold(number, finding)));
    }
    if drift.findings.len() > SHOWN {
        let more = drift.findings.len() - SHOWN;
        let _ = writeln!(
            body,
            "<p class=\"note\">… and {more} more: <code>overlord drift --detail</code> shows them, and <code>overlord report --format json</code> has them.</p>"
        );
    }
    for used in drift.ignored.iter().filter(|used| used.findings > 0) {
        let (address, reason) = (safe(&used.address), safe(&used.reason));
        let _ = writeln!(
            body,
            "<p class=\"dim\">Ignored until {}: {} of {address} ({reason})</p>",
            used.until,
            count(used.findings, "finding")
        );
    }
    for note in &drift.notes {
        let _ = writeln!(body, "<p class=\"dim\">{}: {}</p>", safe(&note.subject), safe(&note.summary));
    }
    framed("drift", "Drift", &says, &body)
}

/// Whether the page shows the finding at this index. Findings are sorted by severity.
pub(super) fn is_shown(report: &Report<'_>, number: usize) -> bool {
    number < SHOWN.min(report.drift.findings.len())
}

/// A finding on a line.
pub(super) fn line(finding: &Finding) -> String {
    format!("{} {}: {}", finding.what.name(), finding.subject, summary(finding))
}

fn fold(number: usize, finding: &Finding) -> String {
    let look = match finding.weight {
        Weight::GuardRail => "bad",
        Weight::Network | Weight::Organization => "warn",
        Weight::Cosmetic => "",
    };
    let rows: Vec<Vec<String>> = finding
        .differences
        .iter()
        .filter(|_| finding.what == What::Changed)
        .map(|difference| vec![safe(&difference.name), values(&difference.wanted), values(&difference.live)])
        .collect();
    let table = if rows.is_empty() { String::new() } else { table(&["Attribute", "org.toml", "AWS"], &rows) };
    let id = finding.id.as_ref().map(|id| format!("<p class=\"id dim\">{}</p>", safe(id))).unwrap_or_default();
    format!(
        "<details class=\"fold finding printed\" id=\"finding-{number}\"><summary>{}<span class=\"text\"><b>{}</b> {}</span></summary>\n\
         <div class=\"inside\">{id}{table}<p class=\"dim\">{}; apply {}.</p></div></details>\n",
        mark(look, finding.what.name()),
        safe(&finding.subject),
        safe(&summary(finding)),
        safe(finding.what.means()),
        safe(&remedy(finding)),
    )
}

fn values(of: &serde_json::Value) -> String {
    format!("<code>{}</code>", safe(&value(of)))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
