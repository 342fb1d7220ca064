//! The organization: the root and the OUs with their attached policies. The script adds the accounts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::parts::{count, framed, known, look, mark, places, safe, split_key};
use crate::report::{Report, Unit};

/// OUs down to this depth are open at first, where there are few.
const OPEN: usize = 1;
/// How many are few.
const FEW: usize = 40;

pub(super) fn section(report: &Report<'_>) -> String {
    let mut body = String::new();
    if !report.exists {
        body.push_str("<p class=\"note\">AWS has no organization yet: this is what org.toml asks for.</p>\n");
    }
    body.push_str(&split_key());
    body.push_str(
        "<p class=\"noprint\"><button type=\"button\" id=\"unfold\">Open all OUs</button> <button type=\"button\" id=\"fold\">Close them</button> \
         <span id=\"said\" class=\"dim\" role=\"status\"></span></p>\n<div id=\"results\" hidden></div>\n<div id=\"tree\">\n",
    );
    let policies = places(report);
    let mut depth = 0;
    for (number, unit) in report.units.iter().enumerate() {
        if number > 0 {
            // What came before and is not above this one, ends.
            body.push_str(&"</details>\n".repeat((depth + 1_usize).saturating_sub(unit.depth)));
        }
        depth = unit.depth;
        body.push_str(&begin(report, unit, &policies));
    }
    body.push_str(&"</details>\n".repeat(if report.units.is_empty() { 0 } else { depth + 1 }));
    body.push_str("</div>\n");
    let says = "Each OU with its attached policies. An account is under the policies of all OUs above it. The bar shows which part of \
                AWS's actions its guardrails allow.";
    let units = report.units.len().saturating_sub(1);
    let heading = format!("Organization · {} in {}", count(report.accounts.len(), "account"), count(units, "OU"));
    framed("organization", &heading, says, &body)
}

/// An OU, without its end.
fn begin(report: &Report<'_>, unit: &Unit, policies: &BTreeMap<(&str, &str), usize>) -> String {
    let is_open = unit.depth == 0 || (unit.depth <= OPEN && report.units.len() <= FEW);
    let mut chips = String::new();
    for (policy_type, keys) in &unit.policies {
        for key in keys {
            let number = policies.get(&(policy_type.as_str(), key.as_str())).copied().unwrap_or_default();
            let look = report.policies.get(number).map(look).unwrap_or_default();
            let _ = write!(chips, "<a class=\"chip {look}\" href=\"#policy-{number}\">{}</a>", safe(key));
        }
    }
    let differs = (!unit.findings.is_empty()).then(|| mark("warn", &count(unit.findings.len(), "finding")));
    let marks: String = known(unit.known).map(|(look, text)| mark(look, text)).into_iter().chain(differs).collect();
    format!(
        "<details class=\"unit\"{}><summary class=\"row\"><span class=\"name\">{}</span><span class=\"id dim\">{}</span>\
         <span class=\"chips\">{chips}</span><span class=\"push chips\">{marks}<span class=\"dim\">{}</span></span></summary>\n\
         <div class=\"accounts\"></div>\n",
        if is_open { " open" } else { "" },
        safe(&unit.name),
        safe(unit.id.as_deref().unwrap_or_default()),
        count(unit.accounts, "account"),
    )
}
