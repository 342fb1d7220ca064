//! The organization: the root and the OUs with their attached policies. The script adds the accounts.

use std::collections::BTreeMap;

use super::parts::{Page, count, framed, known, look, mark, places, split_key};
use crate::report::{Report, Unit};

/// OUs down to this depth are open at first, where there are few.
const OPEN: usize = 1;
/// How many are few.
const FEW: usize = 40;

pub(super) fn section(report: &Report<'_>) -> Page {
    let mut body = Page::new();
    if !report.exists {
        body.own("<p class=\"note\">AWS has no organization yet: this is what org.toml asks for.</p>\n");
    }
    body.and(&split_key()).own(
        "<p class=\"noprint\"><button type=\"button\" id=\"unfold\">Open all OUs</button> <button type=\"button\" id=\"fold\">Close them</button> \
         <span id=\"said\" class=\"dim\" role=\"status\"></span></p>\n<div id=\"results\" hidden></div>\n<div id=\"tree\">\n",
    );
    let policies = places(report);
    let mut depth = 0;
    for (number, unit) in report.units.iter().enumerate() {
        if number > 0 {
            // What came before and is not above this one, ends.
            body.and(&ends((depth + 1_usize).saturating_sub(unit.depth)));
        }
        depth = unit.depth;
        body.and(&begin(report, unit, &policies));
    }
    body.and(&ends(if report.units.is_empty() { 0 } else { depth + 1 })).own("</div>\n");
    let says = Page::of_own(
        "Each OU with its attached policies. An account is under the policies of all OUs above it. The bar shows which part of \
         AWS's actions its guardrails allow.",
    );
    let units = report.units.len().saturating_sub(1);
    let heading = format!("Organization · {} in {}", count(report.accounts.len(), "account"), count(units, "OU"));
    framed("organization", heading, &says, &body)
}

/// The ends of so many OUs.
fn ends(open: usize) -> Page {
    (0..open).map(|_| Page::of_own("</details>\n")).collect()
}

/// An OU, without its end.
fn begin(report: &Report<'_>, unit: &Unit, policies: &BTreeMap<(&str, &str), usize>) -> Page {
    let is_open = unit.depth == 0 || (unit.depth <= OPEN && report.units.len() <= FEW);
    let mut out = Page::of_own(if is_open { "<details class=\"unit\" open>" } else { "<details class=\"unit\">" });
    out.own("<summary class=\"row\"><span class=\"name\">").text(&unit.name).own("</span><span class=\"id dim\">");
    out.text(unit.id.as_deref().unwrap_or_default()).own("</span><span class=\"chips\">");
    for (policy_type, keys) in &unit.policies {
        for key in keys {
            let number = policies.get(&(policy_type.as_str(), key.as_str())).copied().unwrap_or_default();
            let look = report.policies.get(number).map(look).unwrap_or_default();
            out.own("<a class=\"chip ").own(look).own("\" href=\"#policy-").text(number).own("\">").text(key).own("</a>");
        }
    }
    out.own("</span><span class=\"push chips\">");
    if let Some((look, text)) = known(unit.known) {
        out.and(&mark(look, text));
    }
    if !unit.findings.is_empty() {
        out.and(&mark("warn", count(unit.findings.len(), "finding")));
    }
    out.own("<span class=\"dim\">").text(count(unit.accounts, "account")).own("</span></span></summary>\n<div class=\"accounts\"></div>\n");
    out
}
