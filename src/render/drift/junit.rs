//! JUnit XML: one suite per severity, one failed case per finding.

use std::fmt::Write as _;

use super::{WEIGHTS, effect, heading, name, origin, place, remedy, summary};
use crate::config::Places;
use crate::drift::{Drift, Finding};
use crate::render::Style;
use crate::render::difference::attribute;
use crate::render::policy::at;
use crate::render::xml::Xml;

/// All of it. A weight without findings is a case that passes, since a file without cases is an error to some readers.
pub fn junit(drift: &Drift, places: &Places) -> Xml {
    let of = |weight| drift.findings.iter().filter(|finding| finding.weight == weight).collect::<Vec<_>>();
    let suites = WEIGHTS.map(|weight| (weight, of(weight)));
    let tests: usize = suites.iter().map(|(_, of)| of.len().max(1)).sum();
    let mut out = Xml::document();
    out.open(0, "testsuites", &[("name", &"overlord drift"), ("tests", &tests), ("failures", &drift.findings.len())]);
    for (weight, of) in suites {
        let (cases, failures) = (of.len().max(1), of.len());
        out.open(1, "testsuite", &[("name", &heading(weight)), ("tests", &cases), ("failures", &failures), ("errors", &0)]);
        if of.is_empty() {
            let class = format!("drift.{}", name(weight));
            out.empty(2, "testcase", &[("classname", &class), ("name", &"nothing has drifted")]);
        }
        of.into_iter().for_each(|finding| case(&mut out, finding, places));
        out.close(1, "testsuite");
    }
    out.close(0, "testsuites");
    out
}

fn case(out: &mut Xml, finding: &Finding, places: &Places) {
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
    let (class, title) = (format!("drift.{}", name(finding.weight)), format!("{} {}", finding.subject, finding.what.name()));
    out.open(2, "testcase", &[("classname", &class), ("name", &title)]);
    out.text(3, "failure", &[("type", &finding.what.name()), ("message", &summary(finding))], &body);
    out.close(2, "testcase");
}
