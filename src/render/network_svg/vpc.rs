//! One VPC of a layout: the internet above, zones as columns, tiers as rows, and the egress of each zone.

use std::collections::{BTreeMap, BTreeSet};

use super::MARGIN;
use super::canvas::{Area, Canvas, NAMED_LOOKS, OTHER_LOOKS};
use super::reach::{self, Office, Other, Reach};
use super::strip::place;
use crate::network::{AddressPlan, Block, Cut, Design, Layout, Nat, PUBLIC_TIER, Peering, Subnet, cut, unread_zones};
use crate::render::network::usable;

/// The column of the tiers' names.
const NAMES: f64 = 200.0;
const GAP: f64 = 14.0;
/// The width of a zone: at least this, so that a CIDR fits.
const ZONE: f64 = 170.0;
const WIDEST_ZONE: f64 = 300.0;
/// Between the upper edge of the VPC and its zones.
const HEAD: f64 = 92.0;
const ROW: f64 = 74.0;
/// What a NAT gateway needs below the text of a subnet.
const GATEWAY: f64 = 36.0;
const ZONE_HEAD: f64 = 30.0;

/// A VPC that represents all VPCs of its layout.
pub(super) struct Sample<'d> {
    key: &'d str,
    layout: &'d Layout,
    block: Block,
    cut: Cut,
    /// Whose it is, and how many there are.
    whose: String,
    vpcs: usize,
    reserved: Vec<Block>,
    reach: Reach,
}

impl Sample<'_> {
    /// The key of the layout.
    pub(super) fn key(&self) -> &str {
        self.key
    }

    pub(super) fn width(&self) -> f64 {
        let zones = NAMES + 2.0 * GAP + self.zones().len() as f64 * (ZONE + GAP);
        2.0 * MARGIN + zones.max(reach::width_of_others(&self.reach))
    }

    fn zones(&self) -> Vec<&str> {
        let mut zones: Vec<&str> = Vec::new();
        for subnet in &self.cut.subnets {
            if !zones.contains(&subnet.zone.as_str()) {
                zones.push(&subnet.zone);
            }
        }
        zones
    }

    /// Tier names, the public one first: it is the nearest to the internet.
    fn rows(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.cut.tiers.iter().map(|tier| tier.tier.as_str()).collect();
        names.sort_by_key(|name| *name != PUBLIC_TIER);
        names
    }

    /// The look of a tier: the same wherever it is drawn.
    fn look(&self, tier: &str) -> &'static str {
        if let Some((_, look)) = NAMED_LOOKS.iter().find(|(name, _)| *name == tier) {
            return look;
        }
        let others = self.layout.tiers.iter().filter(|t| NAMED_LOOKS.iter().all(|(name, _)| *name != t.name));
        let place = others.into_iter().position(|t| t.name == tier).unwrap_or_default();
        OTHER_LOOKS.get(place % OTHER_LOOKS.len()).copied().unwrap_or("t3")
    }

    fn has_internet(&self) -> bool {
        self.layout.has_public_tier() || self.layout.nat != Nat::None
    }
}

/// For each layout its first VPC, or the one that the next account would get; the layouts that most accounts have first.
pub(super) fn samples<'d>(design: &'d Design, plan: &AddressPlan) -> Vec<Sample<'d>> {
    let mut samples = Vec::new();
    for (key, layout) in &design.layouts {
        let of_layout = || plan.vpcs.iter().filter(|(_, vpc)| vpc.layout == *key);
        let vpcs = of_layout().count();
        let reserved = design.pools.get(&layout.pool).map_or_else(Vec::new, |pool| pool.reserved.iter().copied().collect());
        let (block, cut, whose) = match of_layout().next() {
            Some((address, vpc)) => {
                let account = address.scope().map_or("", |scope| scope.account.as_str()).to_owned();
                let (block, cut) = (vpc.block, vpc.cut.clone());
                (block, cut, if vpcs > 1 { format!("of {account}, one of {vpcs}") } else { format!("of {account}") })
            }
            None => match plan.pools.get(&layout.pool).and_then(|pool| pool.free.lowest(layout.prefix)) {
                Some(block) => {
                    let cut = cut(block, layout, &unread_zones(layout), &BTreeMap::new());
                    (block, cut, "no account has it: this would be the first".to_owned())
                }
                None => continue,
            },
        };
        samples.push(Sample { key, layout, block, cut, whose, vpcs, reserved, reach: reach_of(layout, design, vpcs) });
    }
    samples.sort_by_key(|sample| std::cmp::Reverse(sample.vpcs));
    samples
}

/// How the VPCs of a layout are connected. `vpcs` is how many it has.
fn reach_of(layout: &Layout, design: &Design, vpcs: usize) -> Reach {
    let connections = &layout.connections;
    let office = connections.vpn.as_ref().and_then(|key| design.gateways.vpns.get_key_value(key));
    let vpn = office.map(|(key, office)| Office { name: key.clone(), address: office.address.clone(), behind: several(&office.routes) });
    let mut others = Vec::new();
    if connections.peering == Peering::Mesh {
        let about = match vpcs.saturating_sub(1) {
            0 => "no other one yet".to_owned(),
            1 => "the other one".to_owned(),
            others => format!("each of the {others} others"),
        };
        others.push(Other { through: "peering".to_owned(), what: "VPCs of this layout".to_owned(), about });
    }
    if let Some((key, gateway)) = connections.attach.as_ref().and_then(|key| design.gateways.transit.get_key_value(key)) {
        let pool = || design.pools.get(&layout.pool).map_or_else(String::new, |pool| pool.cidr.to_string());
        let about = if gateway.routes.is_empty() { pool() } else { several(&gateway.routes) };
        others.push(Other { through: "attachment".to_owned(), what: format!("Transit gateway {key}"), about });
    }
    Reach { vpn, others }
}

/// `10.10.0.0/16 and 2 more`.
fn several(blocks: &BTreeSet<Block>) -> String {
    let more = blocks.len().saturating_sub(1);
    let first = blocks.first().map_or_else(String::new, Block::to_string);
    if more == 0 { first } else { format!("{first} and {more} more") }
}

/// Where the parts of one VPC are.
struct Places {
    frame: Area,
    zone_width: f64,
    first_zone: f64,
    /// The middle and the right edge of all zones.
    zones: Area,
    rows: Vec<(String, f64, f64)>,
}

impl Places {
    fn new(sample: &Sample<'_>, width: f64, y: f64) -> Self {
        let count = sample.zones().len().max(1) as f64;
        let first_zone = MARGIN + GAP + NAMES;
        let zone_width = ((width - MARGIN - GAP - first_zone) / count - GAP).clamp(ZONE, WIDEST_ZONE);
        let mut top = y + HEAD + ZONE_HEAD;
        let mut rows = Vec::new();
        for tier in sample.rows() {
            let has_gateway = tier == PUBLIC_TIER && sample.layout.nat.is_zonal();
            let ipv6 = if sample.layout.ipv6 { 16.0 } else { 0.0 };
            let height = ROW + ipv6 + if has_gateway { GATEWAY } else { 0.0 };
            rows.push((tier.to_owned(), top, height));
            top += height + if has_gateway { 1.5 * GAP } else { GAP };
        }
        let zones = Area { x: first_zone, y: y + HEAD, width: count * (zone_width + GAP) - GAP, height: top - y - HEAD };
        // The regional gateway is next to the internet gateway, even if a single zone is narrow.
        let right = if sample.layout.nat == Nat::Regional { zones.right().max(zones.middle() + 306.0) } else { zones.right() };
        let right = right.max(MARGIN - GAP + reach::width_of_others(&sample.reach));
        let endpoints = if sample.layout.endpoints.is_empty() { 0.0 } else { reach::ENDPOINTS };
        let frame = Area { x: MARGIN, y, width: right + GAP - MARGIN, height: zones.bottom() + 74.0 + endpoints - y };
        Self { frame, zone_width, first_zone, zones, rows }
    }

    fn zone(&self, index: usize) -> Area {
        Area { x: self.first_zone + index as f64 * (self.zone_width + GAP), width: self.zone_width, ..self.zones }
    }

    /// The box of a subnet: a gutter beside it is left for the way out.
    fn subnet(&self, zone: usize, tier: &str) -> Option<Area> {
        let (_, y, height) = self.rows.iter().find(|(name, _, _)| name == tier)?;
        Some(Area { x: self.zone(zone).x + 10.0, y: *y, width: self.zone_width - 40.0, height: *height })
    }

    /// Where the ways out of a zone meet.
    fn gutter(&self, zone: usize) -> f64 {
        self.zone(zone).right() - 14.0
    }

    fn nat(&self, zone: usize) -> Option<Area> {
        let subnet = self.subnet(zone, PUBLIC_TIER)?;
        Some(Area { x: subnet.x + 12.0, y: subnet.bottom() - 36.0, width: subnet.width - 24.0, height: 26.0 })
    }

    fn regional_nat(&self) -> Area {
        let x = self.zones.middle() + 130.0;
        Area { x, y: self.frame.y - 14.0, width: 176.0, height: 28.0 }
    }
}

/// Draws it from `y` downwards and returns where it ends.
pub(super) fn draw(canvas: &mut Canvas, sample: &Sample<'_>, y: f64) -> f64 {
    canvas.text((MARGIN, y), "head", &format!("Layout {}", sample.key));
    let room = 1_u32 << sample.layout.zone_bits;
    let about = [
        sample.layout.region.clone(),
        format!("/{} from the pool {}", sample.layout.prefix, sample.layout.pool),
        format!("{} of {room} zones in use", sample.zones().len()),
        format!("nat = {}", sample.layout.nat.name()),
        if sample.layout.ipv6 { "with IPv6".to_owned() } else { "IPv4 only".to_owned() },
    ];
    let about = about.join(" · ");
    canvas.text((MARGIN + 30.0 + 9.5 * (sample.key.len() + 7) as f64, y), "dim", &about);
    let places = Places::new(sample, canvas.width, y + 116.0);
    canvas.rect(places.frame, "frame", 10.0);
    canvas.text((places.frame.x + GAP, places.frame.y + 26.0), "bold", "VPC");
    canvas.text((places.frame.x + GAP + 36.0, places.frame.y + 26.0), "cidr", &sample.block.to_string());
    canvas.text((places.frame.x + GAP, places.frame.y + 46.0), "dim", &sample.whose);
    outside(canvas, sample, &places, y + 24.0);
    let reserved: Vec<String> = sample.reserved.iter().map(Block::to_string).collect();
    reach::office(canvas, &sample.reach, &reserved, (y + 24.0, places.frame), NAMES);
    names(canvas, sample, &places);
    for (index, zone) in sample.zones().into_iter().enumerate() {
        canvas.rect(places.zone(index), "zone", 8.0);
        canvas.text((places.zone(index).x + 10.0, places.zones.y + 20.0), "bold", zone);
        for subnet in sample.cut.subnets.iter().filter(|subnet| subnet.zone == zone) {
            if let Some(area) = places.subnet(index, &subnet.tier) {
                self::subnet(canvas, subnet, area, sample.look(&subnet.tier));
            }
        }
    }
    gateways(canvas, sample, &places);
    if !sample.layout.endpoints.is_empty() {
        let corner = (places.frame.x + GAP, places.zones.bottom() + 18.0);
        reach::endpoints(canvas, sample.layout.endpoints.iter().map(String::as_str), places.zones, corner);
    }
    division(canvas, sample, &places);
    reach::others(canvas, &sample.reach, places.frame)
}

/// The internet.
fn outside(canvas: &mut Canvas, sample: &Sample<'_>, places: &Places, y: f64) {
    let middle = places.zones.middle();
    let internet = Area { x: middle - 110.0, y, width: 220.0, height: 44.0 };
    if !sample.has_internet() {
        let said = match sample.layout.ipv6 {
            true => "out to the internet over IPv6 only, and nothing in",
            false => "no way to the internet, and none from it",
        };
        canvas.text((middle, y + 26.0), "dim middle", said);
        return;
    }
    canvas.rect(internet, "outside", 22.0);
    canvas.text((middle, y + 27.0), "bold middle", "Internet");
    let gateway = Area { x: middle - 80.0, y: places.frame.y - 14.0, width: 160.0, height: 28.0 };
    canvas.line(
        &[(middle, internet.bottom() + 3.0), (middle, gateway.y - 3.0)],
        "wire",
        r#"marker-start="url(#in)" marker-end="url(#in)""#,
    );
    canvas.rect(gateway, "igw", 14.0);
    canvas.text((middle, gateway.y + 18.5), "middle", "internet gateway");
    let bus = gateway.bottom() + 26.0;
    let public = (0..sample.zones().len()).filter_map(|zone| places.subnet(zone, PUBLIC_TIER));
    for area in public {
        let path = [(middle, gateway.bottom()), (middle, bus), (area.right() - 22.0, bus), (area.right() - 22.0, area.y - 2.0)];
        canvas.line(&path, "wire", r#"marker-end="url(#in)""#);
    }
}

/// The names of the tiers, and what they reach.
fn names(canvas: &mut Canvas, sample: &Sample<'_>, places: &Places) {
    for (tier, y, _) in &places.rows {
        let x = places.frame.x + GAP;
        let share = sample.layout.tiers.iter().find(|t| t.name == *tier).map_or(0.0, |t| t.share.percent());
        let block = sample.cut.tiers.iter().find(|t| t.tier == *tier).map(|t| t.block.to_string()).unwrap_or_default();
        canvas.text((x, y + 20.0), "bold", &format!("{tier}  {share} %"));
        canvas.text((x, y + 40.0), "cidr", &block);
        let reach = match (tier == PUBLIC_TIER, sample.layout.nat) {
            (false, Nat::None) if sample.layout.ipv6 => "out over IPv6, nothing in",
            (true, _) => "from and to the internet",
            (false, Nat::PerZone) => "out through its zone's NAT",
            (false, Nat::Single) => "out through the one NAT",
            (false, Nat::Regional) => "out through the regional NAT",
            (false, Nat::None) => "no internet",
        };
        canvas.text((x, y + 58.0), "dim", reach);
    }
}

fn subnet(canvas: &mut Canvas, subnet: &Subnet, area: Area, look: &str) {
    canvas.rect(area, look, 6.0);
    canvas.text((area.x + 12.0, area.y + 22.0), "dim", &subnet.name());
    canvas.text((area.x + 12.0, area.y + 42.0), "cidr bold", &subnet.block.to_string());
    canvas.text((area.x + 12.0, area.y + 60.0), "dim", &format!("{} addresses", usable(subnet.block)));
    if let Some(index) = subnet.ipv6 {
        canvas.text((area.x + 12.0, area.y + 77.0), "small", &format!("IPv6 …{index:02x}::/64"));
    }
}

/// NAT gateways, and the ways to them.
fn gateways(canvas: &mut Canvas, sample: &Sample<'_>, places: &Places) {
    let zones = sample.zones().len();
    let target = |zone: usize| match sample.layout.nat {
        Nat::PerZone => places.nat(zone),
        Nat::Single => places.nat(0),
        Nat::Regional => Some(places.regional_nat()),
        Nat::None => None,
    };
    for zone in 0..zones {
        let Some(nat) = target(zone) else { continue };
        for (tier, _, _) in places.rows.iter().filter(|(tier, _, _)| tier != PUBLIC_TIER) {
            let Some(from) = places.subnet(zone, tier) else { continue };
            let (start, gutter) = ((from.right(), from.y + from.height / 2.0), places.gutter(zone));
            let level = nat.y + nat.height / 2.0;
            let path = match sample.layout.nat {
                Nat::Single if zone > 0 => {
                    let bus = places.subnet(0, PUBLIC_TIER).map_or(level, |public| public.bottom() + GAP * 0.75);
                    vec![
                        start,
                        (gutter, start.1),
                        (gutter, bus),
                        (places.gutter(0), bus),
                        (places.gutter(0), level),
                        (nat.right() + 2.0, level),
                    ]
                }
                Nat::PerZone | Nat::Single => vec![start, (gutter, start.1), (gutter, level), (nat.right() + 2.0, level)],
                Nat::Regional => {
                    let bus = places.zones.y - 14.0;
                    let x = nat.middle();
                    vec![start, (gutter, start.1), (gutter, bus), (x, bus), (x, nat.bottom() + 2.0)]
                }
                Nat::None => continue,
            };
            canvas.line(&path, "out", r#"marker-end="url(#out)""#);
        }
    }
    let drawn: Vec<(Area, &str)> = match sample.layout.nat {
        Nat::PerZone => (0..zones).filter_map(|zone| Some((places.nat(zone)?, "NAT gateway"))).collect(),
        Nat::Single => places.nat(0).map(|area| (area, "NAT gateway")).into_iter().collect(),
        Nat::Regional => vec![(places.regional_nat(), "regional NAT gateway")],
        Nat::None => Vec::new(),
    };
    for (area, text) in drawn {
        if sample.layout.nat == Nat::Regional {
            let level = area.y + area.height / 2.0;
            canvas.line(&[(area.x, level), (places.zones.middle() + 82.0, level)], "out", r#"marker-end="url(#out)""#);
        }
        canvas.rect(area, "nat", 13.0);
        canvas.text((area.middle(), area.y + 17.5), "middle", text);
    }
}

/// The block as a strip: what is used of each tier, and what is kept for more zones.
fn division(canvas: &mut Canvas, sample: &Sample<'_>, places: &Places) {
    let area = Area { y: places.frame.bottom() - 52.0, height: 18.0, ..places.zones };
    let x = places.frame.x + GAP;
    canvas.text((x, area.y + 14.0), "bold", "the block, divided");
    canvas.text((x, area.y + 32.0), "dim", "pale: kept for more zones");
    canvas.rect(area, "free", 0.0);
    for tier in &sample.cut.tiers {
        let own = place(tier.block, sample.block, area);
        canvas.told(own, &format!("{} spare", sample.look(&tier.tier)), &format!("{} {}", tier.tier, tier.block));
        canvas.text((own.middle(), area.bottom() + 16.0), "small middle", &tier.tier);
    }
    for subnet in &sample.cut.subnets {
        canvas.told(place(subnet.block, sample.block, area), sample.look(&subnet.tier), &format!("{} {}", subnet.name(), subnet.block));
    }
    canvas.rect(area, "edge", 0.0);
}
