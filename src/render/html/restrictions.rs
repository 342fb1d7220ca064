//! What the guardrails deny, per class of accounts.

use std::fmt::Write as _;

use super::parts::{count, framed, number, safe, services, shares, some, split, split_key};
use crate::address::Address;
use crate::report::{Class, Report, is_whole};

/// Accounts of a class that are named.
const NAMED: usize = 24;
/// The same for the OUs of the accounts.
const UNITS: usize = 4;
/// As many classes at most are open on paper.
const PRINTED: usize = 12;

pub(super) fn section(report: &Report<'_>) -> String {
    let restrictions = &report.restrictions;
    let mut body = split_key();
    for family in &restrictions.not_read {
        let _ = writeln!(
            body,
            "<p class=\"note\">AWS uses {} policies that org.toml does not manage: they were not read, and may deny more.</p>",
            safe(family)
        );
    }
    for (number, class) in restrictions.classes.iter().enumerate() {
        body.push_str(&fold(report, number, class));
    }
    let says = format!(
        "Of AWS's {} actions of {}: how many the service and resource control policies above an account allow a typical role, which no policy names, \
         on the account's own resources. Accounts with identical results are grouped.",
        number(restrictions.actions),
        safe(&restrictions.actions_as_of)
    );
    framed("restrictions", &format!("Effective restrictions · {}", classes(restrictions.classes.len())), &says, &body)
}

fn classes(n: usize) -> String {
    count(n, "class")
}

fn fold(report: &Report<'_>, at: usize, class: &Class) -> String {
    let Class { accounts, passes, conditional, hinges_on, denied } = class;
    let of = || report.accounts.iter().filter(|account| account.restriction == Some(at));
    let lie_in: std::collections::BTreeSet<&Address> = of().map(|account| &account.unit).collect();
    let units: Vec<String> = report.units.iter().filter(|unit| lie_in.contains(&unit.address)).map(|unit| unit.name.clone()).collect();
    let mut names: Vec<String> = of().map(|account| account.address.key().to_owned()).collect();
    names.sort();
    let names: Vec<String> = crate::render::fold::braced(&names).into_iter().map(|(name, _)| name).collect();
    let on = if hinges_on.is_empty() {
        String::new()
    } else {
        let on: Vec<String> = hinges_on.iter().map(|key| format!("<code>{}</code>", safe(key))).collect();
        format!("<p class=\"dim\">by {}</p>", on.join(", "))
    };
    let printed = if report.restrictions.classes.len() <= PRINTED { " class=\"printed\"" } else { "" };
    let part = |name: &str, selection: &crate::policy::Selection, more: &str| {
        let (whole, parts) = (selection.services.values().filter(|of| is_whole(of)).count(), selection.services.len());
        let told = match (whole, parts - whole) {
            (0, 0) => String::new(),
            (whole, 0) => format!("all of {}", count(whole, "service")),
            (0, parts) => format!("some of {}", count(parts, "service")),
            (whole, parts) => format!("all of {}, some of {}", count(whole, "service"), number(parts)),
        };
        format!(
            "<dt>{name}</dt><dd><details{printed}><summary><b>{}</b> <span class=\"dim\">{told}</span></summary>{more}{}</details></dd>",
            count(selection.count, "action"),
            services(selection, class)
        )
    };
    format!(
        "<details class=\"fold{}\" id=\"class-{at}\"><summary><b>Class {}</b> {} {} <span class=\"dim\">in {}</span>\
         <span class=\"push dim\">{} pass · {} under conditions · {} denied</span></summary>\n<div class=\"inside\">\
         <p class=\"members\">{}</p><dl class=\"facts\">{}{}{}</dl></div></details>\n",
        if report.restrictions.classes.len() <= PRINTED { " printed" } else { "" },
        at + 1,
        split(shares(passes.count, conditional.count, denied.count)),
        count(*accounts, "account"),
        some(&units, UNITS),
        number(passes.count),
        number(conditional.count),
        number(denied.count),
        some(&names, NAMED),
        part("Denied", denied, ""),
        part("Under conditions", conditional, &on),
        part("Passes", passes, ""),
    )
}
