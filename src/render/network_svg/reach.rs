//! What a VPC reaches besides the internet: the office through a VPN (above its upper left corner), other VPCs (below its lower edge), and
//! AWS services through its endpoints (in a separate row).

use super::MARGIN;
use super::canvas::{Area, Canvas};
use crate::network::has_gateway_endpoint;

/// The width of a thing outside.
const OUTSIDE: f64 = 250.0;
const GAP: f64 = 14.0;
/// What a character of the usual text takes at most.
const CHARACTER: f64 = 8.0;
/// The height of the row of endpoints.
pub(super) const ENDPOINTS: f64 = 44.0;

/// How the VPCs of a layout are connected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// What the VPN leads to; `None` without a VPN.
    pub(super) vpn: Option<Office>,
    /// Others, below.
    pub(super) others: Vec<Other>,
}

/// The far end of a VPN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Office {
    pub(super) name: String,
    /// Its public address.
    pub(super) address: String,
    /// The addresses reached through it.
    pub(super) behind: String,
}

/// Something that a VPC is connected with, other than the internet and the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Other {
    /// By what: `peering`, `attachment`.
    pub(super) through: String,
    /// With what: `transit gateway hub`.
    pub(super) what: String,
    /// One more line: the destinations, how many there are.
    pub(super) about: String,
}

/// The office, and the VPN to it; or what is reserved for it.
pub(super) fn office(canvas: &mut Canvas, reach: &Reach, reserved: &[String], (y, frame): (f64, Area), width: f64) {
    let area = Area { x: MARGIN, y, width, height: 52.0 };
    let more = if reserved.len() > 1 { format!(" and {} more", reserved.len() - 1) } else { String::new() };
    let block = reserved.first().map(|first| format!("{first}{more}"));
    let (name, about, said) = match (&reach.vpn, block) {
        (Some(Office { name, address, behind }), _) => (format!("{name} ({address})"), behind.clone(), None),
        (None, Some(block)) => ("Office and others".to_owned(), block, Some("reserved, no VPN to it")),
        (None, None) => return,
    };
    canvas.rect(area, "outside", 8.0);
    canvas.text((area.middle(), y + 21.0), "bold middle", &name);
    canvas.text((area.middle(), y + 40.0), "small middle", &about);
    if let Some(said) = said {
        canvas.text((area.middle(), area.bottom() + 17.0), "dim middle", said);
        return;
    }
    let gateway = Area { x: area.middle() - 60.0, y: frame.y - 14.0, width: 120.0, height: 28.0 };
    both_ways(canvas, (area.middle(), area.bottom() + 3.0), (area.middle(), gateway.y - 3.0));
    pill(canvas, gateway, "VPN gateway");
}

/// The connections, below the VPC. Returns where they end.
pub(super) fn others(canvas: &mut Canvas, reach: &Reach, frame: Area) -> f64 {
    let mut x = frame.x + GAP;
    for Other { through, what, about } in &reach.others {
        let area = Area { x, y: frame.bottom() + 52.0, width: OUTSIDE, height: 52.0 };
        let connector = Area { x: area.middle() - 60.0, y: frame.bottom() - 14.0, width: 120.0, height: 28.0 };
        both_ways(canvas, (area.middle(), connector.bottom() + 3.0), (area.middle(), area.y - 3.0));
        pill(canvas, connector, through);
        canvas.rect(area, "outside", 8.0);
        canvas.text((area.middle(), area.y + 21.0), "bold middle", what);
        canvas.text((area.middle(), area.y + 40.0), "small middle", about);
        x += OUTSIDE + GAP;
    }
    if reach.others.is_empty() { frame.bottom() } else { frame.bottom() + 104.0 }
}

/// The width that a VPC needs for its connections below.
pub(super) fn width_of_others(reach: &Reach) -> f64 {
    reach.others.len() as f64 * (OUTSIDE + GAP) + GAP
}

/// The endpoints, each a box, as many as there is room for.
pub(super) fn endpoints<'a>(canvas: &mut Canvas, services: impl Iterator<Item = &'a str>, zones: Area, (left, y): (f64, f64)) {
    canvas.text((left, y + 14.0), "bold", "endpoints");
    canvas.text((left, y + 30.0), "dim", "AWS's services without NAT");
    let mut services: Vec<&str> = services.collect();
    services.sort_by_key(|service| !has_gateway_endpoint(service));
    let mut x = zones.x;
    let mut said = "";
    for (position, service) in services.iter().enumerate() {
        let (look, sort) = match has_gateway_endpoint(service) {
            true => ("endpoint", "in the route tables:"),
            false => ("endpoint inside", "in each zone:"),
        };
        if sort != said {
            said = sort;
            canvas.text((x, y + 19.0), "dim", sort);
            x += sort.len() as f64 * CHARACTER * 0.85;
        }
        let left = services.len() - position;
        let width = service.chars().count() as f64 * CHARACTER + 24.0;
        let more = if left > 1 { 90.0 } else { 0.0 };
        if x + width + more > zones.right() {
            canvas.text((x, y + 19.0), "dim", &format!("and {left} more"));
            return;
        }
        let area = Area { x, y, width, height: 28.0 };
        canvas.rect(area, look, 4.0);
        canvas.text((area.middle(), y + 18.5), "middle", service);
        x = area.right() + GAP;
    }
}

fn both_ways(canvas: &mut Canvas, from: super::canvas::Point, to: super::canvas::Point) {
    canvas.line(&[from, to], "wire", r#"marker-start="url(#in)" marker-end="url(#in)""#);
}

fn pill(canvas: &mut Canvas, area: Area, text: &str) {
    canvas.rect(area, "igw", 14.0);
    canvas.text((area.middle(), area.y + 18.5), "middle", text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Area {
        Area { x: MARGIN, y: 100.0, width: 900.0, height: 400.0 }
    }

    #[test]
    fn a_vpn_leads_to_the_office_and_without_one_it_is_said() {
        let drawn = |vpn: Option<(&str, &str)>, reserved: &[&str]| {
            let mut canvas = Canvas::new(1000.0);
            let far =
                |(name, at): (&str, &str)| Office { name: name.to_owned(), address: at.to_owned(), behind: "10.12.0.0/16".to_owned() };
            let reach = Reach { vpn: vpn.map(far), others: Vec::new() };
            let reserved: Vec<String> = reserved.iter().map(|block| (*block).to_owned()).collect();
            office(&mut canvas, &reach, &reserved, (10.0, frame()), 200.0);
            canvas.finish(600.0)
        };
        let with = drawn(Some(("office", "203.0.113.10")), &["10.10.0.0/16"]);
        assert!(with.contains("VPN gateway") && with.contains(">office (203.0.113.10)<") && with.contains("10.12.0.0/16"), "{with}");
        assert!(!with.contains("no VPN") && !with.contains("10.10.0.0/16"), "{with}");
        let without = drawn(None, &["10.10.0.0/16", "10.11.0.0/16"]);
        assert!(without.contains("10.10.0.0/16 and 1 more") && without.contains("no VPN") && !without.contains("VPN gateway"), "{without}");
        assert!(!drawn(None, &[]).contains("Office"));
    }

    #[test]
    fn what_is_connected_has_its_place_below() {
        let other = |what: &str| Other { through: "attachment".to_owned(), what: what.to_owned(), about: "10.0.0.0/8".to_owned() };
        let reach = Reach { vpn: None, others: vec![other("transit gateway hub"), other("other VPCs")] };
        let mut canvas = Canvas::new(1000.0);
        assert!(others(&mut canvas, &reach, frame()) > frame().bottom() && width_of_others(&reach) < frame().width);
        let svg = canvas.finish(700.0);
        assert!(svg.contains("transit gateway hub") && svg.contains("other VPCs") && svg.matches(">attachment<").count() == 2, "{svg}");
        assert_eq!(others(&mut Canvas::new(1000.0), &Reach::default(), frame()), frame().bottom());
    }

    #[test]
    fn endpoints_that_find_no_room_are_counted() {
        let services = ["s3", "sts", "ecr.api", "kms", "logs", "monitoring", "secretsmanager"];
        let drawn = |width| {
            let mut canvas = Canvas::new(1000.0);
            endpoints(&mut canvas, services.into_iter(), Area { x: 200.0, y: 0.0, width, height: 10.0 }, (10.0, 100.0));
            canvas.finish(200.0)
        };
        assert_eq!(drawn(2000.0).matches("class=\"endpoint").count(), services.len());
        let narrow = drawn(500.0);
        let shown = narrow.matches("class=\"endpoint").count();
        assert!(shown > 0 && narrow.contains(&format!("and {} more", services.len() - shown)), "{narrow}");
    }
}
