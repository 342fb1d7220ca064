//! The address plan as text, Markdown and JSON. `network_svg` draws it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style as TableStyle};

use super::Style;
use super::comment::{Cell, Comment};
use crate::address::Address;
use crate::cost::{self, COMPARED, Overrides, PRICES, Usd};
use crate::network::{AddressPlan, Block, Connections, Design, Nat, Origin, Peering, SharedTier, Vpc, Why};

/// What the plan does not know, said with every rendering.
pub const OFFLINE: &str = "Planned offline: live networks were not read, and zones are numbered, not read.";
/// VPCs that are shown before the rest is counted, without `--detail`.
const LINES: usize = 80;

/// For people: the pools, the VPCs, what they cost and, with detail, the subnets.
pub fn text(design: &Design, plan: &AddressPlan, prices: &Overrides, style: Style) -> String {
    let mut out = String::new();
    if design.pools.is_empty() && design.vpcs.is_empty() {
        let _ = writeln!(out, "No networks: org.toml has no [pool.*] and no account that names a layout in `vpc`.");
        return out;
    }
    let _ = writeln!(out, "{}\n{}\n", style.bold(&format!("Pools ({})", design.pools.len())), plain(&pools(design, plan), 2..6));
    let shown = if style.detail { plan.vpcs.len() } else { LINES };
    let _ = writeln!(out, "{}", style.bold(&format!("VPCs ({})", plan.vpcs.len())));
    if !plan.vpcs.is_empty() {
        let _ = writeln!(out, "{}", plain(&vpcs(plan, shown), 5..6));
    }
    if plan.vpcs.len() > shown {
        let _ = writeln!(out, "{}", style.dim(&format!("… and {} more (--detail shows them)", plan.vpcs.len() - shown)));
    }
    let connections = connections(design);
    if connections.len() > 1 {
        let _ = writeln!(out, "\n{}\n{}", style.bold("Connections"), plain(&connections, 0..0));
    }
    for (address, unplaced) in &plan.unplaced {
        let _ = writeln!(out, "{}", style.error(&format!("{address} {}", why(unplaced.why))));
    }
    if !design.layouts.is_empty() {
        let table = plain(&costs(design, plan, prices), 2..7);
        let _ = writeln!(out, "\n{}\n{table}\n", style.bold("Cost of all VPCs in USD a month, with each nat"));
    }
    if style.detail {
        for (address, vpc) in &plan.vpcs {
            let head = style.bold(&format!("{address}  {}", vpc.block));
            let _ = writeln!(out, "\n{head}\n{}", plain(&subnets(vpc), 3..4));
        }
    } else if !plan.vpcs.is_empty() {
        let _ = writeln!(out, "{}", style.dim("--detail shows the subnets, --out FILE.svg draws them."));
    }
    let _ = writeln!(out, "\n{OFFLINE}\n{}", priced());
    out
}

/// For a comment on a pull request.
pub fn markdown(design: &Design, plan: &AddressPlan, prices: &Overrides, style: Style) -> Comment {
    let table = |out: &mut Comment, rows: Vec<Vec<String>>| {
        let mut rows = rows.into_iter().map(|row| row.into_iter().map(Cell::from).collect::<Vec<_>>());
        let headings = rows.next().unwrap_or_default();
        out.rows(headings, rows);
    };
    let mut out = Comment::titled("overlord network");
    table(&mut out, pools(design, plan));
    if !plan.vpcs.is_empty() {
        let shown = if style.detail { plan.vpcs.len() } else { LINES };
        table(out.own("\n"), vpcs(plan, shown));
        if plan.vpcs.len() > shown {
            out.own("\n").text(format_args!("… and {} more (--detail shows them)", plan.vpcs.len() - shown)).own("\n");
        }
    }
    let connections = connections(design);
    if connections.len() > 1 {
        table(out.own("\nConnections:\n\n"), connections);
    }
    for (address, unplaced) in &plan.unplaced {
        out.own("\n").bold(format_args!("`{address}`")).own(" ").text(why(unplaced.why)).own("\n");
    }
    if style.detail {
        for (address, vpc) in &plan.vpcs {
            let mut body = Comment::default();
            table(&mut body, subnets(vpc));
            out.details(false, format_args!("{address} {}", vpc.block), &body);
        }
    }
    if !design.layouts.is_empty() {
        table(out.own("\nCost of all VPCs in USD a month, with each `nat`:\n\n"), costs(design, plan, prices));
    }
    out.own("\n").text(format_args!("{OFFLINE} {}", priced())).own("\n");
    out
}

/// For programs. docs/commands.md describes the shape.
pub fn json(design: &Design, plan: &AddressPlan, prices: &Overrides) -> Value {
    let pools: Vec<Value> = design
        .pools
        .iter()
        .map(|(key, pool)| {
            let numbers = Numbers::of(key, design, plan);
            json!({
                "pool": key,
                "cidr": pool.cidr.to_string(),
                "reserved": pool.reserved.iter().map(Block::to_string).collect::<Vec<_>>(),
                "addresses": pool.cidr.size(),
                "addresses_planned": numbers.planned,
                "addresses_free": numbers.free,
                "vpcs": numbers.vpcs,
            })
        })
        .collect();
    let unplaced: Vec<Value> =
        plan.unplaced.iter().map(|(address, u)| json!({"address": address, "layout": u.layout, "why": why(u.why)})).collect();
    let vpcs: Vec<Value> = plan.vpcs.iter().map(|(address, vpc)| json_vpc(design, address, vpc)).collect();
    let layouts: Vec<Value> = design
        .layouts
        .iter()
        .map(|(key, layout)| {
            let usd = cost::of_layout(layout, prices);
            json!({
                "layout": key, "region": layout.region, "vpcs": count_of(plan, key), "nat": layout.nat, "monthly_usd_of_a_vpc": usd,
                "connections": layout.connections,
            })
        })
        .collect();
    json!({
        "format_version": 1, "live_read": false, "prices_of": PRICES.date,
        "pools": pools, "layouts": layouts, "transit_gateways": design.gateways.transit, "vpns": design.gateways.vpns, "vpcs": vpcs, "unplaced": unplaced,
    })
}

fn json_vpc(design: &Design, address: &Address, vpc: &Vpc) -> Value {
    let layout = design.layouts.get(&vpc.layout);
    let subnets: Vec<Value> = vpc
        .cut
        .subnets
        .iter()
        .map(|s| json!({"name": s.name(), "tier": s.tier, "zone": s.zone, "cidr": s.block.to_string(), "ipv6_index": s.ipv6}))
        .collect();
    json!({
        "address": address,
        "account": address.scope().map(|scope| &scope.account),
        "region": address.scope().map(|scope| &scope.region),
        "layout": vpc.layout,
        "pool": layout.map(|l| &l.pool),
        "cidr": vpc.block.to_string(),
        "origin": origin(vpc.origin),
        "nat": layout.map(|l| l.nat),
        "endpoints": layout.map(|l| &l.endpoints),
        "ipv6": layout.map(|l| l.ipv6),
        "tiers": vpc.cut.tiers.iter().map(|t| json!({"tier": t.tier, "cidr": t.block.to_string()})).collect::<Vec<_>>(),
        "subnets": subnets,
    })
}

/// How much of a pool is used for what.
pub(super) struct Numbers {
    pub(super) planned: u64,
    pub(super) free: u64,
    pub(super) vpcs: usize,
}

impl Numbers {
    pub(super) fn of(key: &str, design: &Design, plan: &AddressPlan) -> Self {
        let size = design.pools.get(key).map_or(0, |pool| pool.cidr.size());
        let used = plan.pools.get(key);
        Self {
            planned: used.map_or(0, |used| used.vpcs.values().map(|block| block.size()).sum()),
            free: used.map_or(size, |used| used.free.size()),
            vpcs: used.map_or(0, |used| used.vpcs.len()),
        }
    }
}

fn pools(design: &Design, plan: &AddressPlan) -> Vec<Vec<String>> {
    let mut rows = vec![row(["pool", "cidr", "VPCs", "planned", "reserved", "free", "room for"])];
    for (key, pool) in &design.pools {
        let numbers = Numbers::of(key, design, plan);
        let reserved = pool.cidr.size().saturating_sub(numbers.planned + numbers.free);
        let share = |part: u64| percent(part, pool.cidr.size());
        let cells =
            [key.clone(), pool.cidr.to_string(), numbers.vpcs.to_string(), share(numbers.planned), share(reserved), share(numbers.free)];
        let mut cells = row(cells);
        cells.push(room(key, design, plan));
        rows.push(cells);
    }
    rows
}

/// `499 more of standard (/19)`, for each layout of the pool.
fn room(pool: &str, design: &Design, plan: &AddressPlan) -> String {
    let Some(used) = plan.pools.get(pool) else { return String::new() };
    let layouts = design.layouts.iter().filter(|(_, layout)| layout.pool == pool);
    layouts.map(|(key, l)| format!("{} more {key} (/{})", used.free.room(l.prefix), l.prefix)).collect::<Vec<_>>().join(" or ")
}

/// What all VPCs of each layout cost with its way of NAT and with the others that it can have.
fn costs(design: &Design, plan: &AddressPlan, prices: &Overrides) -> Vec<Vec<String>> {
    let ways = COMPARED.into_iter().chain([Nat::None]);
    let mut rows = vec![row(["layout".to_owned(), "nat".to_owned(), "VPCs".to_owned()]
        .into_iter()
        .chain(ways.clone().map(|nat| nat.name().to_owned())))];
    for (key, layout) in &design.layouts {
        let (usd, vpcs) = (cost::of_layout(layout, prices), count_of(plan, key));
        let cell = |nat: Nat| match usd.get(&nat) {
            None => "-".to_owned(),
            Some(one) => std::iter::repeat_n(*one, vpcs).sum::<Usd>().to_string(),
        };
        rows.push(row([key.clone(), layout.nat.name().to_owned(), vpcs.to_string()].into_iter().chain(ways.clone().map(cell))));
    }
    rows
}

/// What the VPCs of each layout are connected with; no rows but the head where none are.
fn connections(design: &Design) -> Vec<Vec<String>> {
    let mut rows = vec![row(["layout", "through", "with", "addresses there"])];
    let blocks = |blocks: &BTreeSet<Block>| blocks.iter().map(Block::to_string).collect::<Vec<_>>().join(", ");
    for (key, layout) in &design.layouts {
        let Connections { peering, attach, vpn, share } = &layout.connections;
        match peering {
            Peering::Mesh => rows.push(row([key.as_str(), "peering", "each other VPC of it", "the blocks of those"])),
            Peering::None => {}
        }
        if let Some((name, gateway)) = attach.as_ref().and_then(|name| design.gateways.transit.get_key_value(name)) {
            let pool = || design.pools.get(&layout.pool).map_or_else(String::new, |pool| pool.cidr.to_string());
            let there = if gateway.routes.is_empty() { pool() } else { blocks(&gateway.routes) };
            rows.push(row([key.clone(), "attachment".to_owned(), format!("transit gateway {name} of {}", gateway.account), there]));
        }
        if let Some((name, office)) = vpn.as_ref().and_then(|name| design.gateways.vpns.get_key_value(name)) {
            rows.push(row([key.clone(), "VPN".to_owned(), format!("{name} ({})", office.address), blocks(&office.routes)]));
        }
        if let Some(SharedTier { tier, with }) = share {
            let with = with.iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
            rows.push(row([key.clone(), format!("shared subnets ({tier})"), with, String::new()]));
        }
    }
    rows
}

/// How many VPCs of a layout there are.
fn count_of(plan: &AddressPlan, layout: &str) -> usize {
    plan.vpcs.values().filter(|vpc| vpc.layout == layout).count()
}

/// The source of the costs, and what they leave out.
fn priced() -> String {
    format!("Costs: prices of {}, or of [prices] in org.toml; {}.", PRICES.date, super::cost::WITHOUT)
}

fn vpcs(plan: &AddressPlan, shown: usize) -> Vec<Vec<String>> {
    let mut rows = vec![row(["account", "layout", "region", "cidr", "", "subnets"])];
    for (address, vpc) in plan.vpcs.iter().take(shown) {
        let (account, region) = address.scope().map_or(("", ""), |scope| (&scope.account, &scope.region));
        let cells = [account, &vpc.layout, region, &vpc.block.to_string(), origin(vpc.origin), &vpc.cut.subnets.len().to_string()];
        rows.push(row(cells));
    }
    rows
}

fn subnets(vpc: &Vpc) -> Vec<Vec<String>> {
    let ipv6 = vpc.cut.subnets.iter().any(|subnet| subnet.ipv6.is_some());
    let mut rows = vec![row(["subnet", "zone", "cidr", "addresses"])];
    rows.extend(vpc.cut.subnets.iter().map(|s| row([s.name(), s.zone.clone(), s.block.to_string(), usable(s.block).to_string()])));
    if ipv6 {
        let indexes = vpc.cut.subnets.iter().map(|s| s.ipv6.map_or(String::new(), |index| format!("…{index:02x}::/64")));
        rows.iter_mut().zip(["ipv6".to_owned()].into_iter().chain(indexes)).for_each(|(row, cell)| row.push(cell));
    }
    rows
}

/// Addresses of a subnet that AWS leaves to its users: it keeps the first four and the last. Source: "Subnet sizing" of Amazon VPC.
pub(super) fn usable(block: Block) -> u64 {
    block.size().saturating_sub(5)
}

/// A part as people say it: `2.9 %`; what is there is never 0 and what is missing never 100.
pub(super) fn percent(part: u64, whole: u64) -> String {
    match part as f64 * 100.0 / whole.max(1) as f64 {
        _ if part == 0 => "0 %".to_owned(),
        _ if part == whole => "100 %".to_owned(),
        p if p < 0.1 => "< 0.1 %".to_owned(),
        p => format!("{:.1} %", p.min(99.9)),
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Live => "live",
        Origin::Pinned => "pinned",
        Origin::Allocated => "new",
    }
}

fn why(why: Why) -> String {
    match why {
        Why::PoolFull => "has no block: its pool is full".to_owned(),
        Why::PinTaken(block) => format!("has no block: {block} is in use, reserved, or not in its pool"),
        Why::Undeclared => "has no block: its layout or its pool is not declared".to_owned(),
        Why::Unreachable | Why::WaitsForUnreachable => format!("has no block: {why}"),
    }
}

fn row<S: Into<String>>(cells: impl IntoIterator<Item = S>) -> Vec<String> {
    cells.into_iter().map(Into::into).collect()
}

/// A table without lines; the columns of numbers are aligned to the right.
fn plain(rows: &[Vec<String>], numbers: std::ops::Range<usize>) -> String {
    let mut table = Builder::from_iter(rows.iter().cloned()).build();
    table.with(TableStyle::blank()).modify(Columns::new(numbers), Alignment::right()).with(Padding::new(1, 1, 0, 0));
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
