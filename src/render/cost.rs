//! What networks cost, as the lines at the foot of a plan.

use std::fmt::Write as _;

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style as TableStyle};

use super::Style;
use super::words::count;
use crate::cost::{Bill, Cost, Item, Usd};

/// What the sums leave out, said with every one of them.
pub(super) const WITHOUT: &str = "data transfer and charges per gigabyte not counted";

/// The cost after the plan, how it differs, what it consists of, and what other ways of NAT would cost; with detail, each account's.
pub(super) fn text(cost: Option<&Cost>, style: Style) -> String {
    let Some(Cost { prices_of, before, after, accounts, with_nat, unmanaged }) = cost else { return String::new() };
    let mut out = String::new();
    let _ = writeln!(out, "Cost: {} USD a month, {}", style.bold(&after.total.to_string()), difference(before.total, after.total));
    if !after.items.is_empty() {
        let _ = writeln!(out, "      {}", items(after));
    }
    if with_nat.values().any(|usd| *usd != after.total) {
        let ways: Vec<String> = with_nat.iter().map(|(nat, usd)| format!("\"{}\" {usd}", nat.name())).collect();
        let _ = writeln!(out, "      with nat = {}", ways.join(", "));
    }
    if !unmanaged.is_empty() {
        let _ = writeln!(out, "      besides, {} for what overlord does not manage: {}", unmanaged.total, items(unmanaged));
    }
    let _ = writeln!(out, "      {}", style.dim(&format!("prices of {prices_of}, or of [prices] in org.toml; {WITHOUT}")));
    if style.detail {
        let mut table = Builder::default();
        table.push_record(["account", "now", "then", "difference"]);
        for (account, share) in accounts {
            let cells = [share.before.to_string(), share.after.to_string(), signed(share.after - share.before)];
            table.push_record([account.clone()].into_iter().chain(cells));
        }
        let mut table = table.build();
        table.with(TableStyle::blank()).modify(Columns::new(1..4), Alignment::right()).with(Padding::new(1, 1, 0, 0));
        for line in table.to_string().lines() {
            let _ = writeln!(out, "     {}", line.trim_end());
        }
    }
    out
}

pub(super) fn difference(before: Usd, after: Usd) -> String {
    if before == after { "as now".to_owned() } else { format!("now {before}: {}", signed(after - before)) }
}

/// With its sign, also when it is more.
fn signed(usd: Usd) -> String {
    if usd > Usd::ZERO { format!("+{usd}") } else { usd.to_string() }
}

fn items(bill: &Bill) -> String {
    let told = |(item, line): (&Item, &crate::cost::Line)| {
        let units = usize::try_from(line.units).unwrap_or(usize::MAX);
        format!("{} {}", units_of(units, *item), line.usd)
    };
    bill.items.iter().map(told).collect::<Vec<_>>().join(", ")
}

pub(super) fn units_of(units: usize, item: Item) -> String {
    match item {
        Item::NatGateway => count(units, "NAT gateway"),
        Item::PublicAddress => count(units, "public address"),
        Item::InterfaceEndpoint => count(units, "interface endpoint"),
        Item::TransitGatewayAttachment => count(units, "transit gateway attachment"),
        Item::VpnConnection => count(units, "VPN connection"),
    }
}
