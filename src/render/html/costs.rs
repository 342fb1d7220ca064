//! The monthly cost of the networks.

use std::collections::BTreeMap;

use super::parts::Column::{Left, Right};
use super::parts::{Page, bar, count, framed, some, table};
use crate::cost::{Cost, Share, Usd};
use crate::render::cost::{WITHOUT, difference, units_of};
use crate::render::fold::braced;
use crate::report::Report;

/// Rows of accounts.
const ROWS: usize = 20;
/// Accounts of a row that are named.
const NAMED: usize = 8;

pub(super) fn section(report: &Report<'_>) -> Page {
    let says = Page::of_text(format_args!("List prices of hourly resources in the networks that overlord manages; {WITHOUT}."));
    let Some(cost) = &report.cost else {
        return framed("costs", "Costs", &says, &Page::of_own("<p>The networks have no hourly costs.</p>\n"));
    };
    let (before, after) = (cost.before.total, cost.after.total);
    let mut body = Page::of_own("<p><b>");
    body.text(before).own(" USD a month</b> now; after <code>overlord apply</code> ").text(after);
    body.own(" (").text(difference(before, after)).own("). Prices of ").text(&cost.prices_of);
    body.own(", or of <code>[prices]</code> in org.toml.</p>\n").and(&items(cost));
    if !cost.unmanaged.is_empty() {
        body.own("<p>In addition, ").text(cost.unmanaged.total).own(" for unmanaged resources there.</p>\n");
    }
    body.and(&accounts(cost));
    framed("costs", "Costs", &says, &body)
}

fn items(cost: &Cost) -> Page {
    let (bill, when) = if cost.before.total == Usd::ZERO { (&cost.after, "After apply") } else { (&cost.before, "Now") };
    let total = bill.total.dollars();
    let rows = bill.items.iter().map(|(item, line)| {
        let units = usize::try_from(line.units).unwrap_or(usize::MAX);
        vec![Page::of_text(units_of(units, *item)), Page::of_text(line.usd), bar(whole(line.usd.dollars()), whole(total))]
    });
    let mut out = table(&[Left(when), Right("USD a month"), Left("Of all")], &rows.collect::<Vec<_>>());
    if !cost.with_nat.is_empty() {
        let choices = cost.with_nat.iter().map(|(nat, usd)| {
            let mut choice = Page::of_own("<code>");
            choice.text(nat.name()).own("</code> ").text(usd);
            choice
        });
        out.own("<p class=\"dim\">The same networks after apply with nat = ").and(&Page::joined(choices, ", ")).own("</p>");
    }
    out.own("\n");
    out
}

/// Accounts that cost the same are one row, those that cost most together first.
fn accounts(cost: &Cost) -> Page {
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
        let mut cells = vec![Page::of_text(count(names.len(), "account")), Page::of_text(some(&told, NAMED))];
        cells.extend([before, after, all].map(Page::of_text));
        cells.push(bar(whole(all.dollars()), total));
        cells
    };
    let shown: Vec<Vec<Page>> = rows.iter().take(ROWS).map(row).collect();
    let rest: usize = rows.iter().skip(ROWS).map(|(_, _, _, names)| names.len()).sum();
    let columns = [Left(""), Left("Accounts that cost the same"), Right("Each now"), Right("After apply"), Right("Together"), Left("")];
    let mut out = table(&columns, &shown);
    if rest > 0 {
        out.own("<p class=\"dim\">… and ").text(count(rest, "account")).own("</p>\n");
    }
    out
}

/// Dollars, for a bar.
fn whole(dollars: f64) -> u64 {
    dollars.round().max(0.0) as u64
}
