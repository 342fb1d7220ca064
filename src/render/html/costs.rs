//! The monthly cost of the networks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::parts::{bar, count, framed, safe, some, table};
use crate::cost::{Cost, Share, Usd};
use crate::render::cost::{WITHOUT, difference, units_of};
use crate::render::fold::braced;
use crate::report::Report;

/// Rows of accounts.
const ROWS: usize = 20;
/// Accounts of a row that are named.
const NAMED: usize = 8;

pub(super) fn section(report: &Report<'_>) -> String {
    let says = format!("List prices of hourly resources in the networks that overlord manages; {WITHOUT}.");
    let Some(cost) = &report.cost else {
        return framed("costs", "Costs", &says, "<p>The networks have no hourly costs.</p>\n");
    };
    let mut body = String::new();
    let _ = writeln!(
        body,
        "<p><b>{} USD a month</b> now; after <code>overlord apply</code> {} ({}). Prices of {}, or of <code>[prices]</code> in org.toml.</p>",
        cost.before.total,
        cost.after.total,
        safe(&difference(cost.before.total, cost.after.total)),
        safe(&cost.prices_of)
    );
    body.push_str(&items(cost));
    if !cost.unmanaged.is_empty() {
        let _ = writeln!(body, "<p>In addition, {} for unmanaged resources there.</p>", cost.unmanaged.total);
    }
    body.push_str(&accounts(cost));
    framed("costs", "Costs", &says, &body)
}

fn items(cost: &Cost) -> String {
    let bill = if cost.before.total == Usd::ZERO { &cost.after } else { &cost.before };
    let total = bill.total.dollars();
    let rows = bill.items.iter().map(|(item, line)| {
        let units = usize::try_from(line.units).unwrap_or(usize::MAX);
        vec![safe(&units_of(units, *item)), line.usd.to_string(), bar(whole(line.usd.dollars()), whole(total))]
    });
    let ways: Vec<String> = cost.with_nat.iter().map(|(nat, usd)| format!("<code>{}</code> {usd}", nat.name())).collect();
    let ways = if ways.is_empty() {
        String::new()
    } else {
        format!("<p class=\"dim\">The same networks after apply with nat = {}</p>", ways.join(", "))
    };
    let when = if cost.before.total == Usd::ZERO { "After apply" } else { "Now" };
    format!("{}{ways}\n", table(&[when, ">USD a month", "Of all"], &rows.collect::<Vec<_>>()))
}

/// Accounts that cost the same are one row, those that cost most together first.
fn accounts(cost: &Cost) -> String {
    let mut alike: BTreeMap<(Usd, Usd), Vec<String>> = BTreeMap::new();
    for (account, Share { before, after }) in &cost.accounts {
        alike.entry((*before, *after)).or_default().push(account.clone());
    }
    let sum = |each: Usd, accounts: usize| std::iter::repeat_n(each, accounts).sum::<Usd>();
    let mut rows: Vec<(Usd, Usd, Usd, Vec<String>)> =
        alike.into_iter().map(|((before, after), names)| (sum(before, names.len()), before, after, names)).collect();
    rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.3.cmp(&b.3)));
    let total = whole(cost.before.total.dollars());
    let row = |(all, before, after, names): &(Usd, Usd, Usd, Vec<String>)| {
        let told: Vec<String> = braced(names).into_iter().map(|(name, _)| name).collect();
        let number = count(names.len(), "account");
        vec![number, some(&told, NAMED), before.to_string(), after.to_string(), all.to_string(), bar(whole(all.dollars()), total)]
    };
    let shown: Vec<Vec<String>> = rows.iter().take(ROWS).map(row).collect();
    let rest: usize = rows.iter().skip(ROWS).map(|(_, _, _, names)| names.len()).sum();
    let more = if rest > 0 { format!("<p class=\"dim\">… and {}</p>\n", count(rest, "account")) } else { String::new() };
    table(&["", "Accounts that cost the same", ">Each now", ">After apply", ">Together", ""], &shown) + &more
}

/// Dollars, for a bar.
fn whole(dollars: f64) -> u64 {
    dollars.round().max(0.0) as u64
}
