//! The policies of all types: their content, and where they are attached.

use serde_json::Value;

use super::parts::{Page, count, framed, known, look, mark, some};
use crate::report::{Policy, Report};

/// OUs that are named.
const NAMED: usize = 12;

pub(super) fn section(report: &Report<'_>) -> Page {
    let body: Page = report.policies.iter().enumerate().map(|(number, policy)| fold(report, number, policy)).collect();
    let says = Page::of_own("Guardrails and the policies that configure, each with its document and where it is attached directly.");
    framed("policies", format_args!("Policies · {}", report.policies.len()), &says, &body)
}

fn fold(report: &Report<'_>, number: usize, policy: &Policy) -> Page {
    let Policy { key, policy_type, name, description, known: who, document, units, accounts } = policy;
    let names: Vec<String> =
        report.units.iter().filter(|unit| units.contains(&unit.address.to_string())).map(|unit| unit.name.clone()).collect();
    let mut out = Page::of_own("<details class=\"fold\" id=\"policy-");
    out.text(number).own("\"><summary><span class=\"chip ").own(look(policy)).own("\">").text(policy_type).own("</span> <b>").text(key);
    out.own("</b> <span class=\"dim\">").text(description.as_deref().unwrap_or_default()).own("</span> ");
    if let Some((look, text)) = who.map_or(Some(("info", "AWS's own")), known) {
        out.and(&mark(look, text));
    }
    out.own("<span class=\"push dim\">").text(attached(&names, *accounts)).own("</span></summary>\n<div class=\"inside\">");
    if let Some(name) = name.as_ref().filter(|name| *name != key) {
        out.own("<p>Its name is ").text(name).own(".</p>");
    }
    if !names.is_empty() {
        out.own("<p>On ").text(some(&names, NAMED)).own("</p>");
    }
    if *accounts > 0 {
        out.own("<p>On ").text(count(*accounts, "account")).own(" directly</p>");
    }
    match document {
        Value::Null if who.is_some() => out.own("<p class=\"dim\">Its document was not read.</p>"),
        Value::Null => &mut out,
        document => out.own("<pre>").and(&lines(document)).own("</pre>"),
    };
    out.own("</div></details>\n");
    out
}

/// Where it is attached, in a word or two.
fn attached(units: &[String], accounts: usize) -> String {
    let units = match units {
        [] => None,
        [_] | [_, _] => Some(some(units, 2)),
        more => Some(count(more.len(), "OU")),
    };
    let accounts = (accounts > 0).then(|| count(accounts, "account"));
    let both: Vec<String> = units.into_iter().chain(accounts).collect();
    if both.is_empty() { "attached nowhere".to_owned() } else { both.join(", ") }
}

/// A document over several lines.
fn lines(document: &Value) -> Page {
    Page::joined(format!("{document:#}").lines().map(Page::of_text), "\n")
}
