//! The networks: the map of each pool, and of each layout one VPC, as they are live.

use super::parts::Column::{Left, Right};
use super::parts::{Page, framed, meter, table};
use crate::render::network::percent;
use crate::render::network_svg;
use crate::report::{Networks, Report};

pub(super) fn section(report: &Report<'_>) -> Page {
    let networks = &report.networks;
    let says = Page::of_own("The addresses of each account, live and planned, and one example VPC of each layout.");
    if networks.design.pools.is_empty() && networks.design.layouts.is_empty() {
        return framed("networks", "Networks", &says, &Page::of_own("<p>org.toml has no networks.</p>\n"));
    }
    let mut body = Page::new();
    for (account, why) in &networks.unread {
        body.own("<p class=\"note\">The network of ").text(account).own(" could not be read: ").text(why).own("</p>\n");
    }
    for (address, why) in &networks.unplaced {
        body.own("<p class=\"note\">").text(address).own(" has no block: ").text(why).own("</p>\n");
    }
    body.and(&pools(networks)).and(&layouts(networks));
    for (title, svg) in network_svg::parts(networks.design, &networks.plan) {
        body.own("<h3>").text(capital(&title)).own("</h3>\n<figure class=\"drawing\">").drawing(&svg).own("</figure>\n");
    }
    framed("networks", "Networks", &says, &body)
}

fn pools(networks: &Networks<'_>) -> Page {
    let row = |pool: &crate::report::Pool| {
        let mut cidr = Page::of_own("<span class=\"cidr\">");
        cidr.text(&pool.cidr).own("</span>");
        vec![
            Page::of_text(&pool.pool),
            cidr,
            Page::of_text(pool.vpcs),
            Page::of_text(percent(pool.used, pool.addresses)),
            Page::of_text(percent(pool.free, pool.addresses)),
            meter(pool.used, pool.addresses.saturating_sub(pool.used + pool.free), pool.addresses),
        ]
    };
    let bar = "Used, and reserved or otherwise in use";
    let columns = [Left("Pool"), Left("Block"), Right("VPCs"), Right("Used"), Right("Free"), Left(bar)];
    table(&columns, &networks.pools.iter().map(row).collect::<Vec<_>>())
}

fn layouts(networks: &Networks<'_>) -> Page {
    let row = |layout: &crate::report::Layout| {
        let names = [&layout.layout, &layout.region].map(Page::of_text);
        names.into_iter().chain([layout.live, layout.planned].map(Page::of_text)).collect()
    };
    let columns = [Left("Layout"), Left("Region"), Right("VPCs"), Right("Still to be made")];
    table(&columns, &networks.layouts.iter().map(row).collect::<Vec<_>>())
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
