//! The findings of `overlord drift`: where AWS differs from org.toml, the most severe first.

use super::parts::{Column, Page, count, framed, mark, table};
use crate::drift::{Finding, What};
use crate::render::drift::{WEIGHTS, heading, remedy, summary};
use crate::render::words::value;
use crate::report::Report;
use crate::resource::Weight;

/// The number of findings on the page. The JSON form and `overlord drift` have all of them.
const SHOWN: usize = 400;

pub(super) fn section(report: &Report<'_>) -> Page {
    let drift = &report.drift;
    let mut says = Page::of_own("Where AWS differs from org.toml, in ");
    says.text(count(drift.looked_at.accounts, "account")).own(" and ").text(count(drift.looked_at.resources, "resource"));
    says.own(": as reported by <code>overlord drift</code>. The value in org.toml comes first, then the value in AWS.");
    let mut body = Page::new();
    if drift.is_clean() {
        body.own("<p>").and(&mark("good", "✓ no drift")).own("</p>\n");
    }
    for weight in WEIGHTS {
        let of: Vec<(usize, &Finding)> =
            drift.findings.iter().enumerate().filter(|(number, finding)| finding.weight == weight && is_shown(report, *number)).collect();
        if of.is_empty() {
            continue;
        }
        let all = drift.findings.iter().filter(|finding| finding.weight == weight).count();
        body.own("<h3>").text(capital(heading(weight))).own(" · ").text(all).own("</h3>\n");
        for (number, finding) in of {
            body.and(&fold(number, finding));
        }
    }
    if drift.findings.len() > SHOWN {
        body.own("<p class=\"note\">… and ")
            .text(drift.findings.len() - SHOWN)
            .own(" more: <code>overlord drift --detail</code> shows them, ");
        body.own("and <code>overlord report --format json</code> has them.</p>\n");
    }
    for used in drift.ignored.iter().filter(|used| used.findings > 0) {
        body.own("<p class=\"dim\">Ignored until ").text(used.until).own(": ").text(count(used.findings, "finding"));
        body.own(" of ").text(&used.address).own(" (").text(&used.reason).own(")</p>\n");
    }
    for note in &drift.notes {
        body.own("<p class=\"dim\">").text(&note.subject).own(": ").text(&note.summary).own("</p>\n");
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

fn fold(number: usize, finding: &Finding) -> Page {
    let look = match finding.weight {
        Weight::GuardRail => "bad",
        Weight::Network | Weight::Organization => "warn",
        Weight::Cosmetic => "",
    };
    let rows: Vec<Vec<Page>> = finding
        .differences
        .iter()
        .filter(|_| finding.what == What::Changed)
        .map(|difference| vec![Page::of_text(&difference.name), values(&difference.wanted), values(&difference.live)])
        .collect();
    let mut out = Page::of_own("<details class=\"fold finding printed\" id=\"finding-");
    out.text(number).own("\"><summary>").and(&mark(look, finding.what.name())).own("<span class=\"text\"><b>");
    out.text(&finding.subject).own("</b> ").text(summary(finding)).own("</span></summary>\n<div class=\"inside\">");
    if let Some(id) = &finding.id {
        out.own("<p class=\"id dim\">").text(id).own("</p>");
    }
    if !rows.is_empty() {
        out.and(&table(&[Column::Left("Attribute"), Column::Left("org.toml"), Column::Left("AWS")], &rows));
    }
    out.own("<p class=\"dim\">").text(finding.what.means()).own("; apply ").text(remedy(finding)).own(".</p></div></details>\n");
    out
}

fn values(of: &serde_json::Value) -> Page {
    let mut out = Page::of_own("<code>");
    out.text(value(of)).own("</code>");
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
