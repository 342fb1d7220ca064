//! The policies of all types: their content, and where they are attached.

use std::fmt::Write as _;

use serde_json::Value;

use super::parts::{count, framed, known, look, mark, safe, some};
use crate::report::{Policy, Report};

/// OUs that are named.
const NAMED: usize = 12;

pub(super) fn section(report: &Report<'_>) -> String {
    let body: String = report.policies.iter().enumerate().map(|(number, policy)| fold(report, number, policy)).collect();
    let says = "Guardrails and the policies that configure, each with its document and where it is attached directly.";
    framed("policies", &format!("Policies · {}", report.policies.len()), says, &body)
}

fn fold(report: &Report<'_>, number: usize, policy: &Policy) -> String {
    let Policy { key, policy_type, name, description, known: who, document, units, accounts } = policy;
    let said = who.and_then(known).map(|(look, text)| mark(look, text)).unwrap_or_default();
    let own = if who.is_none() { mark("info", "AWS's own") } else { String::new() };
    let name = name.as_ref().filter(|name| *name != key).map(|name| format!("<p>Its name is {}.</p>", safe(name))).unwrap_or_default();
    let mut inside = name;
    let names: Vec<String> =
        report.units.iter().filter(|unit| units.contains(&unit.address.to_string())).map(|unit| unit.name.clone()).collect();
    if !names.is_empty() {
        let _ = write!(inside, "<p>On {}</p>", some(&names, NAMED));
    }
    if *accounts > 0 {
        let _ = write!(inside, "<p>On {} directly</p>", count(*accounts, "account"));
    }
    match document {
        Value::Null if who.is_some() => inside.push_str("<p class=\"dim\">Its document was not read.</p>"),
        Value::Null => {}
        document => {
            let _ = write!(inside, "<pre>{}</pre>", lines(document));
        }
    }
    format!(
        "<details class=\"fold\" id=\"policy-{number}\"><summary><span class=\"chip {}\">{}</span> <b>{}</b> <span class=\"dim\">{}</span> {said}{own}\
         <span class=\"push dim\">{}</span></summary>\n<div class=\"inside\">{inside}</div></details>\n",
        look(policy),
        safe(policy_type),
        safe(key),
        safe(description.as_deref().unwrap_or_default()),
        attached(&names, *accounts),
    )
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

/// A document over several lines, each of them safe.
fn lines(document: &Value) -> String {
    format!("{document:#}").lines().map(safe).collect::<Vec<_>>().join("\n")
}
