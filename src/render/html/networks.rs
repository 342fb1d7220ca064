//! The networks: the map of each pool, and of each layout one VPC, as they are live.

use std::fmt::Write as _;

use super::parts::{framed, meter, safe, table};
use crate::render::network::percent;
use crate::render::network_svg;
use crate::report::{Networks, Report};

pub(super) fn section(report: &Report<'_>) -> String {
    let networks = &report.networks;
    let says = "The addresses of each account, live and planned, and one example VPC of each layout.";
    if networks.design.pools.is_empty() && networks.design.layouts.is_empty() {
        return framed("networks", "Networks", says, "<p>org.toml has no networks.</p>\n");
    }
    let mut body = String::new();
    for (account, why) in &networks.unread {
        let _ = writeln!(body, "<p class=\"note\">The network of {} could not be read: {}</p>", safe(account), safe(why));
    }
    for (address, why) in &networks.unplaced {
        let _ = writeln!(body, "<p class=\"note\">{} has no block: {}</p>", safe(address), safe(why));
    }
    body.push_str(&pools(networks));
    body.push_str(&layouts(networks));
    for (title, svg) in network_svg::parts(networks.design, &networks.plan) {
        let _ = writeln!(body, "<h3>{}</h3>\n<figure class=\"drawing\">{svg}</figure>", safe(&capital(&title)));
    }
    framed("networks", "Networks", says, &body)
}

fn pools(networks: &Networks<'_>) -> String {
    let rows: Vec<Vec<String>> = networks
        .pools
        .iter()
        .map(|pool| {
            vec![
                safe(&pool.pool),
                format!("<span class=\"cidr\">{}</span>", safe(&pool.cidr)),
                pool.vpcs.to_string(),
                percent(pool.used, pool.addresses),
                percent(pool.free, pool.addresses),
                meter(pool.used, pool.addresses.saturating_sub(pool.used + pool.free), pool.addresses),
            ]
        })
        .collect();
    table(&["Pool", "Block", ">VPCs", ">Used", ">Free", "Used, and reserved or otherwise in use"], &rows)
}

fn layouts(networks: &Networks<'_>) -> String {
    let row = |layout: &crate::report::Layout| {
        vec![safe(&layout.layout), safe(&layout.region), layout.live.to_string(), layout.planned.to_string()]
    };
    table(&["Layout", "Region", ">VPCs", ">Still to be made"], &networks.layouts.iter().map(row).collect::<Vec<_>>())
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
