//! The address plan as a drawing. Each pool is a strip of planned, reserved and free ranges. Each layout is shown as one VPC with the
//! internet, its zones as columns and its tiers as rows. Readable on light and dark backgrounds, without scripts or embedded fonts.

pub(super) mod canvas;
mod reach;
mod strip;
mod vpc;

use canvas::Canvas;

use super::markup::{Markup, Svg};
use super::network::OFFLINE;
use crate::files::Kind;
use crate::network::{AddressPlan, Design};

/// Space around and between things, in pixels, as all sizes here.
const MARGIN: f64 = 40.0;
/// The width of a drawing whose zones need no more.
const WIDTH: f64 = 1200.0;

/// What `network --out` writes.
pub const DRAWING: Kind = Kind {
    name: "a drawing of overlord",
    is_one: |text| text.starts_with("<svg") && text.contains("<style>") && text.contains(canvas::MARK),
};

/// The drawing.
pub fn draw(design: &Design, plan: &AddressPlan) -> String {
    let samples = vpc::samples(design, plan);
    let width = samples.iter().map(vpc::Sample::width).fold(WIDTH, f64::max);
    let mut canvas = Canvas::new(width);
    let mut y = MARGIN + 14.0;
    canvas.text((MARGIN, y), "title", "Address plan");
    y += 24.0;
    canvas.text((MARGIN, y), "dim", OFFLINE);
    y += 40.0;
    for key in design.pools.keys() {
        y = strip::draw(&mut canvas, key, design, plan, y) + MARGIN;
    }
    for sample in &samples {
        y = vpc::draw(&mut canvas, sample, y) + MARGIN;
    }
    canvas.finish(y)
}

/// The parts of the drawing by themselves, for a page: of each pool its strip, then of each layout a VPC. Each with what it is.
pub(super) fn parts(design: &Design, plan: &AddressPlan) -> Vec<(String, Markup<Svg>)> {
    let mut parts = Vec::new();
    for key in design.pools.keys() {
        let mut canvas = Canvas::new(WIDTH);
        let end = strip::draw(&mut canvas, key, design, plan, 20.0);
        let title = format!("pool {key}");
        parts.push((title.clone(), canvas.finish_within(end + 8.0, &title)));
    }
    for sample in vpc::samples(design, plan) {
        let mut canvas = Canvas::new(sample.width().max(WIDTH));
        let end = vpc::draw(&mut canvas, &sample, 20.0);
        let title = format!("layout {}", sample.key());
        parts.push((title.clone(), canvas.finish_within(end + 8.0, &title)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::network::{
        Connections, Layout, Nat, Observed, Peering, Pool, Request, Share, Tier, TransitGateway, Vpn, allocate, vpc_address,
    };

    fn design(nat: Nat) -> Design {
        let tier = |name: &str, percent| Tier { name: name.to_owned(), share: Share::of_percent(percent).unwrap() };
        let layout = Layout {
            region: "eu-west-1".to_owned(),
            pool: "main".to_owned(),
            prefix: 19,
            zones: 3,
            zone_bits: 3,
            only_zones: Default::default(),
            avoid_zones: Default::default(),
            nat,
            tiers: vec![tier("public", 25.0), tier("shared", 25.0), tier("private", 50.0)],
            endpoints: BTreeSet::from(["s3".to_owned()]),
            dhcp: None,
            flow_log: None,
            dns_hostnames: None,
            dns_support: None,
            ipv6: false,
            connections: Default::default(),
        };
        let pool = Pool { cidr: "10.0.0.0/8".parse().unwrap(), reserved: BTreeSet::from(["10.10.0.0/16".parse().unwrap()]) };
        Design {
            pools: BTreeMap::from([("main".to_owned(), pool)]),
            layouts: BTreeMap::from([("standard".to_owned(), layout)]),

            vpcs: BTreeMap::from([(
                vpc_address("records-dev", "eu-west-1", "standard"),
                Request { layout: "standard".to_owned(), pinned: Some("10.2.0.0/19".parse().unwrap()), id: None, tags: BTreeMap::new() },
            )]),
            ..Design::default()
        }
    }

    #[test]
    fn every_subnet_and_every_gateway_is_drawn() {
        for (nat, gateways) in [(Nat::PerZone, 3), (Nat::Single, 1), (Nat::Regional, 1), (Nat::None, 0)] {
            let design = design(nat);
            let svg = draw(&design, &allocate(&design, &Observed::default()));
            for text in
                ["10.2.0.0/24", "10.2.10.0/24", "10.2.20.0/23", "10.2.16.0/20", "euw1-az3", "10.10.0.0/16", "Internet", "records-dev"]
            {
                assert!(svg.contains(text), "{text} with {nat:?}");
            }
            assert_eq!(svg.matches("class=\"nat\"").count(), gateways, "{nat:?}");
        }
    }

    #[test]
    fn what_the_vpcs_are_connected_with_is_drawn() {
        let mut design = design(Nat::None);
        let gone = draw(&design, &allocate(&design, &Observed::default()));
        let gateway = TransitGateway {
            account: "hub".to_owned(),
            region: "eu-west-1".to_owned(),
            asn: None,
            share_with: BTreeSet::new(),
            routes: BTreeSet::new(),
        };
        design.gateways.transit.insert("core".to_owned(), gateway);
        let behind = ["10.10.0.0/16", "10.11.0.0/16"].map(|block| block.parse().unwrap());
        design.gateways.vpns.insert("berlin".to_owned(), Vpn { address: "203.0.113.10".to_owned(), asn: 65_000, routes: behind.into() });
        design.layouts.get_mut("standard").unwrap().connections =
            Connections { peering: Peering::Mesh, attach: Some("core".to_owned()), vpn: Some("berlin".to_owned()), share: None };
        let svg = draw(&design, &allocate(&design, &Observed::default()));
        for text in ["berlin (203.0.113.10)", "10.10.0.0/16 and 1 more", "VPN gateway", "Transit gateway core", "VPCs of this layout"] {
            assert!(svg.contains(text) && !gone.contains(text), "{text}");
        }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let svg = draw(&Design::default(), &AddressPlan::default());
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"));
    }
}
