//! JUnit's XML: a suite for each weight, a failed case for each finding.

use std::fmt::Write as _;

use super::{WEIGHTS, effect, heading, name, origin, place, remedy, summary};
use crate::config::Places;
use crate::drift::{Drift, Finding};
use crate::render::Style;
use crate::render::difference::attribute;
use crate::render::policy::at;
use crate::render::xml::xml;

/// All of it. A weight without findings is a case that passes, since a file without cases is an error to some readers.
pub fn junit(drift: &Drift, places: &Places) -> String {
    let of = |weight| drift.findings.iter().filter(|finding| finding.weight == weight).collect::<Vec<_>>();
    let suites = WEIGHTS.map(|weight| (weight, of(weight)));
    let tests: usize = suites.iter().map(|(_, of)| of.len().max(1)).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"overlord drift\" tests=\"{tests}\" failures=\"{}\">", drift.findings.len());
    for (weight, of) in suites {
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\">",
            heading(weight),
            of.len().max(1),
            of.len()
        );
        if of.is_empty() {
            let _ = writeln!(out, "    <testcase classname=\"drift.{}\" name=\"nothing has drifted\"/>", name(weight));
        }
        of.into_iter().for_each(|finding| out.push_str(&case(finding, places)));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(finding: &Finding, places: &Places) -> String {
    let mut body = String::new();
    for difference in &finding.differences {
        attribute(&mut body, &difference.name, (&difference.wanted, &difference.live), Style::default());
    }
    if let Some(effect) = effect(finding) {
        let _ = writeln!(body, "{effect}");
    }
    if let Some(origin) = origin(finding) {
        let _ = writeln!(body, "{origin}");
    }
    let _ = write!(body, "apply {}\n{}", remedy(finding), at(&place(finding, places)));
    format!(
        "    <testcase classname=\"drift.{}\" name=\"{} {}\">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
        name(finding.weight),
        xml(&finding.subject),
        finding.what.name(),
        finding.what.name(),
        xml(&summary(finding)),
        xml(&body)
    )
}
