//! What the guardrails deny, per class of accounts.

use std::collections::BTreeSet;

use super::parts::{Page, count, framed, number, services, shares, some, split, split_key};
use crate::address::Address;
use crate::policy::Selection;
use crate::report::{Class, Report, is_whole};

/// Accounts of a class that are named.
const NAMED: usize = 24;
/// The same for the OUs of the accounts.
const UNITS: usize = 4;
/// As many classes at most are open on paper.
const PRINTED: usize = 12;

pub(super) fn section(report: &Report<'_>) -> Page {
    let restrictions = &report.restrictions;
    let mut body = split_key();
    for family in &restrictions.not_read {
        body.own("<p class=\"note\">AWS uses ").text(family);
        body.own(" policies that org.toml does not manage: they were not read, and may deny more.</p>\n");
    }
    for (number, class) in restrictions.classes.iter().enumerate() {
        body.and(&fold(report, number, class));
    }
    let mut says = Page::of_own("Of AWS's ");
    says.text(number(restrictions.actions)).own(" actions of ").text(&restrictions.actions_as_of);
    says.own(
        ": how many the service and resource control policies above an account allow a typical role, which no policy names, \
         on the account's own resources. Accounts with identical results are grouped.",
    );
    let classes = count(restrictions.classes.len(), "class");
    framed("restrictions", format_args!("Effective restrictions · {classes}"), &says, &body)
}

/// Whether the classes are open on paper.
fn is_printed(report: &Report<'_>) -> bool {
    report.restrictions.classes.len() <= PRINTED
}

fn fold(report: &Report<'_>, at: usize, class: &Class) -> Page {
    let Class { accounts, passes, conditional, hinges_on, denied } = class;
    let of = || report.accounts.iter().filter(|account| account.restriction == Some(at));
    let lie_in: BTreeSet<&Address> = of().map(|account| &account.unit).collect();
    let units: Vec<String> = report.units.iter().filter(|unit| lie_in.contains(&unit.address)).map(|unit| unit.name.clone()).collect();
    let mut names: Vec<String> = of().map(|account| account.address.key().to_owned()).collect();
    names.sort();
    let names: Vec<String> = crate::render::fold::braced(&names).into_iter().map(|(name, _)| name).collect();
    let mut on = Page::new();
    if !hinges_on.is_empty() {
        let keys = hinges_on.iter().map(|key| {
            let mut code = Page::of_own("<code>");
            code.text(key).own("</code>");
            code
        });
        on.own("<p class=\"dim\">by ").and(&Page::joined(keys, ", ")).own("</p>");
    }
    let mut out = Page::of_own(if is_printed(report) { "<details class=\"fold printed\"" } else { "<details class=\"fold\"" });
    out.attribute("id", format_args!("class-{at}")).own("><summary><b>Class ").text(at + 1).own("</b> ");
    out.and(&split(shares(passes.count, conditional.count, denied.count))).own(" ").text(count(*accounts, "account"));
    out.own(" <span class=\"dim\">in ").text(some(&units, UNITS)).own("</span><span class=\"push dim\">");
    out.text(number(passes.count)).own(" pass · ").text(number(conditional.count)).own(" under conditions · ");
    out.text(number(denied.count)).own(" denied</span></summary>\n<div class=\"inside\"><p class=\"members\">");
    out.text(some(&names, NAMED)).own("</p><dl class=\"facts\">");
    for (name, selection, more) in [("Denied", denied, Page::new()), ("Under conditions", conditional, on), ("Passes", passes, Page::new())]
    {
        out.own("<dt>").own(name).own(if is_printed(report) { "</dt><dd><details class=\"printed\">" } else { "</dt><dd><details>" });
        out.own("<summary><b>").text(count(selection.count, "action")).own("</b> <span class=\"dim\">").text(breadth(selection));
        out.own("</span></summary>");
        out.and(&more).and(&services(selection, class)).own("</details></dd>");
    }
    out.own("</dl></div></details>\n");
    out
}

/// How many services the actions are of.
fn breadth(selection: &Selection) -> String {
    let (whole, parts) = (selection.services.values().filter(|of| is_whole(of)).count(), selection.services.len());
    match (whole, parts - whole) {
        (0, 0) => String::new(),
        (whole, 0) => format!("all of {}", count(whole, "service")),
        (0, parts) => format!("some of {}", count(parts, "service")),
        (whole, parts) => format!("all of {}, some of {}", count(whole, "service"), number(parts)),
    }
}
