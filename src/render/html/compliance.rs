//! The matrix of accounts and frameworks. Accounts of one OU with the same result share a row.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::parts::{count, framed, mark, safe, some, table};
use crate::address::Address;
use crate::render::fold::braced;
use crate::report::{Compliance, Exceptions, Kept, Report, Standing};

/// Names in a row before the rest is counted.
const NAMED: usize = 16;
/// The same for services of an exception, and for actions of a service.
const SERVICES: usize = 40;

pub(super) fn section(report: &Report<'_>) -> String {
    let says = "Whether an account can call services that are not on the dated lists of org.toml. It does not show how services are used, and \
                does not prove compliance.";
    let Some(compliance) = &report.compliance else {
        let body = "<p>org.toml names no framework. <code>[framework.hipaa]</code> with a list of services makes this a matrix.</p>\n";
        return framed("compliance", "Compliance", says, body);
    };
    let mut body = lists(compliance);
    match &compliance.not_told {
        Some(why) => {
            let _ = writeln!(body, "<p class=\"note\">{}</p>", safe(why));
        }
        None => body.push_str(&matrix(report, compliance)),
    }
    for (number, exceptions) in compliance.exceptions.iter().enumerate() {
        body.push_str(&note(number, exceptions));
    }
    framed("compliance", "Compliance", says, &body)
}

fn lists(compliance: &Compliance) -> String {
    let mut out = String::new();
    for list in &compliance.frameworks {
        let _ = writeln!(
            out,
            "<p><b>{}</b>: {}, {} as of {}, reviewed {}; {} AWS services are not on the list.</p>",
            safe(&list.framework),
            safe(&list.title),
            count(list.services, "service"),
            safe(&list.as_of),
            safe(&list.reviewed),
            list.services_outside
        );
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

fn matrix(report: &Report<'_>, compliance: &Compliance) -> String {
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
        let own = [safe(names.get(unit).copied().unwrap_or_default()), number.to_string(), some(&accounts, NAMED)];
        let standing = |list: &crate::report::FrameworkList| {
            standings.get(&list.framework).map(says).map_or_else(String::new, |(look, says)| mark(look, &says))
        };
        own.into_iter().chain(compliance.frameworks.iter().map(standing)).collect()
    });
    let rows: Vec<Vec<String>> = cells.collect();
    let keys: Vec<String> = compliance.frameworks.iter().map(|list| safe(&list.framework)).collect();
    let headings: Vec<&str> = ["OU", ">Accounts", ""].into_iter().chain(keys.iter().map(String::as_str)).collect();
    table(&headings, &rows)
}

fn note(number: usize, exceptions: &Exceptions) -> String {
    let told = exceptions.services.iter().map(|(prefix, open)| {
        let when = if open.conditional { ", under some circumstances" } else { "" };
        match open.of {
            0 => format!("services that AWS's list does not have yet{when}"),
            of => format!("{prefix} ({} of {of}{when})", open.actions.len()),
        }
    });
    let told: Vec<String> = told.collect();
    format!("<p class=\"dim\">[{}] {}</p>\n", number + 1, some(&told, SERVICES))
}
