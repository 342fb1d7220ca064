//! What networks cost a month.

use std::fmt::Write as _;

use super::parts::{meter, safe, framed, table};
use crate::cost::{Cost, Share, Usd};
use crate::render::cost::{WITHOUT, difference, units_of};
use crate::report::Report;

/// Accounts that are named, those that cost most.
const NAMED: usize = 15;

pub(super) fn section(report: &Report<'_>) -> String {
    let says = format!("List prices of what is there by the hour in the networks that overlord manages; {WITHOUT}.");
    let Some(cost) = &report.cost else {
        return framed("costs", "Costs", &says, "<p>Nothing of the networks costs anything by the hour.</p>\n");
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
    body.push_str(&accounts(cost));
    framed("costs", "Costs", &says, &body)
}

fn items(cost: &Cost) -> String {
    let bill = if cost.before.total == Usd::ZERO { &cost.after } else { &cost.before };
    let total = bill.total.dollars();
    let rows = bill.items.iter().map(|(item, line)| {
        let units = usize::try_from(line.units).unwrap_or(usize::MAX);
        vec![safe(&units_of(units, *item)), line.usd.to_string(), meter(whole(line.usd.dollars()), 0, whole(total))]
    });
    let ways: Vec<String> = cost.with_nat.iter().map(|(nat, usd)| format!("<code>{}</code> {usd}", nat.name())).collect();
    let ways = if ways.is_empty() { String::new() } else { format!("<p class=\"dim\">The same networks after apply with nat = {}</p>", ways.join(", ")) };
    let when = if cost.before.total == Usd::ZERO { "After apply" } else { "Now" };
    format!("{}{ways}\n", table(&[when, ">USD a month", "Of all"], &rows.collect::<Vec<_>>()))
}

fn accounts(cost: &Cost) -> String {
    let mut accounts: Vec<(&String, &Share)> = cost.accounts.iter().collect();
    accounts.sort_by(|a, b| b.1.before.cmp(&a.1.before).then(b.1.after.cmp(&a.1.after)).then(a.0.cmp(b.0)));
    let most = accounts.first().map_or(0.0, |(_, share)| share.before.dollars());
    let row = |(account, share): &(&String, &Share)| {
        vec![safe(account), share.before.to_string(), share.after.to_string(), meter(whole(share.before.dollars()), 0, whole(most))]
    };
    let mut rows: Vec<Vec<String>> = accounts.iter().take(NAMED).map(row).collect();
    let rest = accounts.get(NAMED..).unwrap_or_default();
    if !rest.is_empty() {
        let [before, after]: [Usd; 2] = [rest.iter().map(|(_, share)| share.before).sum(), rest.iter().map(|(_, share)| share.after).sum()];
        rows.push(vec![format!("{} others", rest.len()), before.to_string(), after.to_string(), String::new()]);
    }
    table(&["Account", ">USD a month", ">After apply", ""], &rows)
}

/// Dollars, for a bar.
fn whole(dollars: f64) -> u64 {
    dollars.round().max(0.0) as u64
}
