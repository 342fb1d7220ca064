//! The matrix of accounts and frameworks. Accounts of one OU with the same result share a row.

use std::collections::BTreeMap;

use super::parts::{Column, Page, count, framed, mark, some, table};
use crate::address::Address;
use crate::render::fold::braced;
use crate::report::{Compliance, Exceptions, Kept, Report, Standing};

/// Names in a row before the rest is counted.
const NAMED: usize = 16;
/// The same for services of an exception, and for actions of a service.
const SERVICES: usize = 40;

pub(super) fn section(report: &Report<'_>) -> Page {
    let says = Page::of_own(
        "Whether an account can call services that are not on the dated lists of org.toml. It does not show how services are used, and \
         does not prove compliance.",
    );
    let Some(compliance) = &report.compliance else {
        let body = "<p>org.toml names no framework. <code>[framework.hipaa]</code> with a list of services makes this a matrix.</p>\n";
        return framed("compliance", "Compliance", &says, &Page::of_own(body));
    };
    let mut body = lists(compliance);
    match &compliance.not_told {
        Some(why) => body.own("<p class=\"note\">").text(why).own("</p>\n"),
        None => body.and(&matrix(report, compliance)),
    };
    for (number, exceptions) in compliance.exceptions.iter().enumerate() {
        body.and(&note(number, exceptions));
    }
    framed("compliance", "Compliance", &says, &body)
}

fn lists(compliance: &Compliance) -> Page {
    let mut out = Page::new();
    for list in &compliance.frameworks {
        out.own("<p><b>").text(&list.framework).own("</b>: ").text(&list.title).own(", ").text(count(list.services, "service"));
        out.own(" as of ").text(&list.as_of).own(", reviewed ").text(&list.reviewed).own("; ").text(list.services_outside);
        out.own(" AWS services are not on the list.</p>\n");
    }
    out
}

/// The look and the words of a standing.
pub(super) fn says(standing: &Standing) -> (&'static str, String) {
    let (look, says) = match standing.standing {
        Kept::Restricted => ("good", "✓ restricted".to_owned()),
        Kept::Exceptions => ("warn", format!("◐ restricted but for [{}]", standing.exceptions.unwrap_or_default() + 1)),
        Kept::NotRestricted => ("", "✗ not restricted".to_owned()),
        Kept::NotBound => ("", "– not bound".to_owned()),
    };
    (look, if standing.access_role_exempt { format!("{says}; overlord's role is exempt") } else { says })
}

fn matrix(report: &Report<'_>, compliance: &Compliance) -> Page {
    let mut rows: Vec<(&Address, &BTreeMap<String, Standing>, Vec<String>)> = Vec::new();
    let mut known: BTreeMap<(&Address, &BTreeMap<String, Standing>), usize> = BTreeMap::new();
    for account in &report.accounts {
        let at = *known.entry((&account.unit, &account.standings)).or_insert(rows.len());
        if at == rows.len() {
            rows.push((&account.unit, &account.standings, Vec::new()));
        }
        rows.iter_mut().skip(at).take(1).for_each(|(_, _, names)| names.push(account.address.key().to_owned()));
    }
    let names: BTreeMap<&Address, &str> = report.units.iter().map(|unit| (&unit.address, unit.name.as_str())).collect();
    let cells = rows.into_iter().map(|(unit, standings, mut accounts)| {
        accounts.sort();
        let (number, accounts) = (accounts.len(), braced(&accounts).into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        let name = names.get(unit).copied().unwrap_or_default();
        let own = [Page::of_text(name), Page::of_text(number), Page::of_text(some(&accounts, NAMED))];
        let standing = |list: &crate::report::FrameworkList| {
            standings.get(&list.framework).map(says).map_or_else(Page::new, |(look, says)| mark(look, says))
        };
        own.into_iter().chain(compliance.frameworks.iter().map(standing)).collect()
    });
    let rows: Vec<Vec<Page>> = cells.collect();
    let keys = compliance.frameworks.iter().map(|list| Column::Left(&list.framework));
    let columns: Vec<Column<'_>> = [Column::Left("OU"), Column::Right("Accounts"), Column::Left("")].into_iter().chain(keys).collect();
    table(&columns, &rows)
}

fn note(number: usize, exceptions: &Exceptions) -> Page {
    let told = exceptions.services.iter().map(|(prefix, open)| {
        let when = if open.conditional { ", under some circumstances" } else { "" };
        match open.of {
            0 => format!("services that AWS's list does not have yet{when}"),
            of => format!("{prefix} ({} of {of}{when})", open.actions.len()),
        }
    });
    let told: Vec<String> = told.collect();
    let mut out = Page::of_own("<p class=\"dim\">[");
    out.text(number + 1).own("] ").text(some(&told, SERVICES)).own("</p>\n");
    out
}
