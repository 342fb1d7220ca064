//! Costs of hand-made networks, checked against sums that a reader can verify.

use serde_json::{Value, json};

use super::*;
use crate::network::Connections;
use crate::plan::{Action, Change};

const SCOPE: &str = "records-dev/eu-west-1";

fn address(key: &str) -> Address {
    format!("{SCOPE}/{key}").parse().unwrap()
}

fn attributes(value: Value) -> Attributes {
    serde_json::from_value(value).unwrap()
}

fn vpc() -> Value {
    json!({"ref": format!("{SCOPE}/vpc.standard")})
}

fn zonal(zone: &str) -> [(Address, Attributes); 2] {
    let ip = address(&format!("elastic_ip.standard/{zone}"));
    let gateway = json!({"availability_mode": "zonal", "elastic_ip": {"ref": ip}, "vpc": vpc()});
    [(ip, attributes(json!({"tags": {}}))), (address(&format!("nat_gateway.standard/{zone}")), attributes(gateway))]
}

fn subnets(zones: &[&str]) -> Vec<(Address, Attributes)> {
    let of = |tier: &str, zone: &str| (address(&format!("subnet.standard/{tier}-{zone}")), attributes(json!({"vpc": vpc(), "zone": zone})));
    zones.iter().flat_map(|zone| [of("public", zone), of("private", zone)]).collect()
}

fn change(action: Action, address: &Address, after: Option<&Attributes>) -> Change {
    Change {
        address: address.clone(),
        action,
        reason: "".into(),
        id: None,
        before: None,
        after: after.cloned(),
        calls: Vec::new(),
        waits_for: Vec::new(),
    }
}

fn live(resources: &[(Address, Attributes)]) -> BTreeMap<Address, LiveResource> {
    let of = |attributes: &Attributes| LiveResource { id: None, attributes: attributes.clone(), ours: Some(true), frozen: None };
    resources.iter().map(|(address, attributes)| (address.clone(), of(attributes))).collect()
}

fn created(resources: &[(Address, Attributes)]) -> Vec<Change> {
    resources.iter().map(|(address, attributes)| change(Action::Create, address, Some(attributes))).collect()
}

fn usd(dollars: f64) -> Usd {
    serde_json::from_value(json!(dollars)).unwrap()
}

/// Round prices, so that the sums below can be done by hand.
fn prices() -> Overrides {
    let items = [
        (Item::NatGateway, 1.0),
        (Item::PublicAddress, 0.1),
        (Item::InterfaceEndpoint, 0.01),
        (Item::TransitGatewayAttachment, 0.001),
        (Item::VpnConnection, 0.0001),
    ];
    Overrides { all: items.map(|(item, price)| (item, usd(price))).into(), ..Overrides::default() }
}

const ZONES: [&str; 3] = ["euw1-az1", "euw1-az2", "euw1-az3"];

fn per_zone() -> Vec<(Address, Attributes)> {
    ZONES.iter().flat_map(|zone| zonal(zone)).chain(subnets(&ZONES)).collect()
}

#[test]
fn a_new_network_is_paid_for_by_gateway_and_address() {
    let cost = of(&BTreeMap::new(), &created(&per_zone()), &prices()).unwrap();
    assert_eq!((cost.before.total, cost.after.total), (Usd::ZERO, usd(3.3 * 730.0)));
    let three = |price: f64| Line { units: 3, usd: usd(3.0 * price * 730.0) };
    assert_eq!(cost.after.items, [(Item::NatGateway, three(1.0)), (Item::PublicAddress, three(0.1))].into());
    assert_eq!(cost.accounts, [("records-dev".to_owned(), Share { before: Usd::ZERO, after: usd(3.3 * 730.0) })].into());
    let ways = [(Nat::PerZone, 3.3), (Nat::Single, 1.1), (Nat::Regional, 3.3)];
    assert_eq!(cost.with_nat, ways.map(|(nat, hourly)| (nat, usd(hourly * 730.0))).into());
}

#[test]
fn from_three_gateways_to_one_saves_two_with_their_addresses() {
    let network = per_zone();
    let gone = zonal(ZONES[1]).into_iter().chain(zonal(ZONES[2]));
    let changes: Vec<Change> = gone.map(|(address, _)| change(Action::Delete, &address, None)).collect();
    let cost = of(&live(&network), &changes, &prices()).unwrap();
    assert_eq!((cost.before.total, cost.after.total), (usd(3.3 * 730.0), usd(1.1 * 730.0)));
}

#[test]
fn a_regional_gateway_is_paid_for_in_every_zone_with_aws_addresses() {
    let gateway = json!({"availability_mode": "regional", "vpc": vpc()});
    let mut network = subnets(&ZONES[..2]);
    network.push((address("nat_gateway.standard/regional"), attributes(gateway)));
    let cost = of(&live(&network), &[], &prices()).unwrap();
    assert_eq!((cost.before.total, cost.after.total), (usd(2.2 * 730.0), usd(2.2 * 730.0)));
    assert_eq!((cost.with_nat[&Nat::Single], cost.with_nat[&Nat::PerZone]), (usd(1.1 * 730.0), usd(2.2 * 730.0)));
}

#[test]
fn interface_endpoints_attachments_and_connections_cost_and_gateway_endpoints_do_not() {
    let subnet = |n: usize| json!({"ref": format!("{SCOPE}/subnet.standard/private-{}", ZONES[n])});
    let interface = json!({"endpoint_type": "Interface", "service": "sts", "subnets": [subnet(0), subnet(1), subnet(2)]});
    let gateway = json!({"endpoint_type": "Gateway", "service": "s3"});
    let network = [
        (address("vpc_endpoint.standard/sts"), attributes(interface)),
        (address("vpc_endpoint.standard/s3"), attributes(gateway)),
        (address("transit_gateway_attachment.standard"), attributes(json!({}))),
        (address("vpn_connection.standard"), attributes(json!({}))),
    ];
    let cost = of(&live(&network), &[], &prices()).unwrap();
    assert_eq!(cost.after.total, usd((0.03 + 0.001 + 0.0001 + 0.2) * 730.0));
    assert_eq!(cost.after.items[&Item::PublicAddress].units, VPN_ADDRESSES);
    assert!(cost.with_nat.values().all(|usd| *usd == cost.after.total), "no VPC here has a NAT gateway");
}

#[test]
fn what_costs_nothing_is_not_spoken_of() {
    assert_eq!(of(&live(&subnets(&ZONES)), &created(&subnets(&["euw1-az4"])), &prices()), None);
}

#[test]
fn a_layout_costs_what_its_vpc_will() {
    let tier = |name: &str| crate::network::Tier { name: name.to_owned(), share: crate::network::Share::of_percent(50.0).unwrap() };
    let layout: Layout = serde_json::from_value(json!({
        "region": "eu-west-1", "pool": "main", "prefix": 19, "zones": 3, "zone_bits": 3, "nat": "per-zone", "ipv6": false,
        "tiers": [tier("public"), tier("private")], "endpoints": ["s3", "sts"],
    }))
    .unwrap();
    let endpoints = 0.03;
    let hourly = [(Nat::PerZone, 3.3), (Nat::Single, 1.1), (Nat::Regional, 3.3), (Nat::None, 0.0)];
    assert_eq!(of_layout(&layout, &prices()), hourly.map(|(nat, hourly)| (nat, usd((hourly + endpoints) * 730.0))).into());
    let connections = Connections { attach: Some("hub".to_owned()), vpn: Some("office".to_owned()), ..Connections::default() };
    let rate = |item| prices().rate("eu-west-1", item).monthly(1);
    let more = rate(Item::TransitGatewayAttachment) + rate(Item::VpnConnection) + rate(Item::PublicAddress) + rate(Item::PublicAddress);
    let connected = Layout { connections, ..layout.clone() };
    let costs = of_layout(&layout, &prices()).into_iter().map(|(nat, usd)| (nat, usd + more)).collect::<BTreeMap<_, _>>();
    assert_eq!(of_layout(&connected, &prices()), costs);
    assert!(more > Usd::ZERO);
    let without = Layout { tiers: vec![tier("private")], ..layout };
    assert_eq!(of_layout(&without, &prices()).into_keys().collect::<Vec<_>>(), [Nat::Regional, Nat::None]);
}

#[test]
fn what_runs_and_is_not_managed_is_told_besides() {
    let scope = Scope { account: "records-dev".to_owned(), region: "eu-west-1".to_owned() };
    let unmanaged = BTreeMap::from([(scope, Unmanaged { nat_gateways: 1, addresses: 2, interfaces: 3 })]);
    let prices = Overrides::default();
    let rate = |item| prices.rate("eu-west-1", item);
    let expected = rate(Item::NatGateway).monthly(1) + rate(Item::PublicAddress).monthly(2) + rate(Item::InterfaceEndpoint).monthly(3);
    // Also if nothing else has a cost.
    for (cost, total) in [
        (None, Usd::ZERO),
        (of(&live(&zonal("euw1-az1")), &[], &prices), rate(Item::NatGateway).monthly(1) + rate(Item::PublicAddress).monthly(1)),
    ] {
        let cost = beside(cost, &unmanaged, &prices).unwrap();
        assert_eq!((cost.unmanaged.total, cost.after.total), (expected, total));
        assert_eq!(cost.unmanaged.items[&Item::PublicAddress].units, 2);
    }
    assert_eq!(beside(None, &BTreeMap::new(), &prices), None);
}
