//! The golden VPC as a table, and properties of every expansion.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::expand;
use crate::address::{Address, Reference};
use crate::network::tests::{any_world, block, built, overlord};
use crate::network::{
    Connections, Design, Dhcp, FlowLog, Layout, Nat, Observed, Peering, Pool, Request, Share, SharedTier, Tier, TransitGateway, Vpn,
    allocate, vpc_address,
};
use crate::resource::{Attributes, kind, references};

/// The golden layout in one account, `records-dev`.
fn design(layout: Layout) -> Design {
    let request = Request { layout: "standard".to_owned(), pinned: Some(block("10.2.0.0/19")), id: None, tags: BTreeMap::new() };
    Design {
        pools: BTreeMap::from([("main".to_owned(), Pool { cidr: block("10.0.0.0/8"), reserved: BTreeSet::new() })]),
        vpcs: BTreeMap::from([(vpc_address("records-dev", &layout.region, "standard"), request)]),
        layouts: BTreeMap::from([("standard".to_owned(), layout)]),
        ..Design::default()
    }
}

fn golden() -> Layout {
    Layout { nat: Nat::PerZone, ipv6: false, endpoints: BTreeSet::from(["s3".to_owned(), "dynamodb".to_owned()]), ..overlord() }
}

fn expanded(design: &Design, observed: &Observed) -> BTreeMap<Address, Attributes> {
    expand(design, observed, &allocate(design, observed))
}

/// One line per resource: its address without the scope, then its attributes but for `vpc`, with references without the scope too.
fn table(resources: &BTreeMap<Address, Attributes>) -> String {
    fn short(text: &str) -> &str {
        text.split_once("eu-west-1/").map_or(text, |(_, rest)| rest)
    }
    fn word(value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => format!("[{}]", items.iter().map(word).collect::<Vec<_>>().join(" ")),
            Value::Object(map) => match (map.len(), map.get("ref").and_then(Value::as_str)) {
                (1, Some(address)) => short(address).to_owned(),
                _ => map.iter().map(|(k, v)| format!("{k}:{}", word(v))).collect::<Vec<_>>().join(","),
            },
            other => other.to_string(),
        }
    }
    let mut out = String::new();
    for (address, attributes) in resources {
        let _ = write!(out, "{}", short(&address.to_string()));
        for (name, value) in attributes.to_map().iter().filter(|(name, _)| *name != "vpc") {
            let _ = write!(out, " {name}={}", word(value));
        }
        out.push('\n');
    }
    out
}

/// 10.2.0.0/19 as the original Overlord divided it, with today's resources.
const GOLDEN: &str = "\
default_security_group.standard rules=[]
elastic_ip.standard/euw1-az1 tags=Name:standard-euw1-az1
elastic_ip.standard/euw1-az2 tags=Name:standard-euw1-az2
elastic_ip.standard/euw1-az3 tags=Name:standard-euw1-az3
internet_gateway.standard tags=Name:standard
nat_gateway.standard/euw1-az1 availability_mode=zonal elastic_ip=elastic_ip.standard/euw1-az1 internet_gateway=internet_gateway.standard subnet=subnet.standard/public-euw1-az1 tags=Name:standard-euw1-az1
nat_gateway.standard/euw1-az2 availability_mode=zonal elastic_ip=elastic_ip.standard/euw1-az2 internet_gateway=internet_gateway.standard subnet=subnet.standard/public-euw1-az2 tags=Name:standard-euw1-az2
nat_gateway.standard/euw1-az3 availability_mode=zonal elastic_ip=elastic_ip.standard/euw1-az3 internet_gateway=internet_gateway.standard subnet=subnet.standard/public-euw1-az3 tags=Name:standard-euw1-az3
route.standard/private-euw1-az1/0.0.0.0/0 destination=0.0.0.0/0 route_table=route_table.standard/private-euw1-az1 target=nat_gateway.standard/euw1-az1
route.standard/private-euw1-az2/0.0.0.0/0 destination=0.0.0.0/0 route_table=route_table.standard/private-euw1-az2 target=nat_gateway.standard/euw1-az2
route.standard/private-euw1-az3/0.0.0.0/0 destination=0.0.0.0/0 route_table=route_table.standard/private-euw1-az3 target=nat_gateway.standard/euw1-az3
route.standard/public/0.0.0.0/0 destination=0.0.0.0/0 route_table=route_table.standard/public target=internet_gateway.standard
route.standard/shared-euw1-az1/0.0.0.0/0 destination=0.0.0.0/0 route_table=route_table.standard/shared-euw1-az1 target=nat_gateway.standard/euw1-az1
route.standard/shared-euw1-az2/0.0.0.0/0 destination=0.0.0.0/0 route_table=route_table.standard/shared-euw1-az2 target=nat_gateway.standard/euw1-az2
route.standard/shared-euw1-az3/0.0.0.0/0 destination=0.0.0.0/0 route_table=route_table.standard/shared-euw1-az3 target=nat_gateway.standard/euw1-az3
route_table.standard/private-euw1-az1 tags=Name:private-euw1-az1
route_table.standard/private-euw1-az2 tags=Name:private-euw1-az2
route_table.standard/private-euw1-az3 tags=Name:private-euw1-az3
route_table.standard/public tags=Name:public
route_table.standard/shared-euw1-az1 tags=Name:shared-euw1-az1
route_table.standard/shared-euw1-az2 tags=Name:shared-euw1-az2
route_table.standard/shared-euw1-az3 tags=Name:shared-euw1-az3
subnet.standard/private-euw1-az1 cidr=10.2.16.0/23 route_table=route_table.standard/private-euw1-az1 tags=Name:private-euw1-az1 zone=euw1-az1
subnet.standard/private-euw1-az2 cidr=10.2.18.0/23 route_table=route_table.standard/private-euw1-az2 tags=Name:private-euw1-az2 zone=euw1-az2
subnet.standard/private-euw1-az3 cidr=10.2.20.0/23 route_table=route_table.standard/private-euw1-az3 tags=Name:private-euw1-az3 zone=euw1-az3
subnet.standard/public-euw1-az1 cidr=10.2.0.0/24 route_table=route_table.standard/public tags=Name:public-euw1-az1 zone=euw1-az1
subnet.standard/public-euw1-az2 cidr=10.2.1.0/24 route_table=route_table.standard/public tags=Name:public-euw1-az2 zone=euw1-az2
subnet.standard/public-euw1-az3 cidr=10.2.2.0/24 route_table=route_table.standard/public tags=Name:public-euw1-az3 zone=euw1-az3
subnet.standard/shared-euw1-az1 cidr=10.2.8.0/24 route_table=route_table.standard/shared-euw1-az1 tags=Name:shared-euw1-az1 zone=euw1-az1
subnet.standard/shared-euw1-az2 cidr=10.2.9.0/24 route_table=route_table.standard/shared-euw1-az2 tags=Name:shared-euw1-az2 zone=euw1-az2
subnet.standard/shared-euw1-az3 cidr=10.2.10.0/24 route_table=route_table.standard/shared-euw1-az3 tags=Name:shared-euw1-az3 zone=euw1-az3
vpc.standard cidr=10.2.0.0/19 ipv6=false tags=Name:standard
vpc_endpoint.standard/dynamodb endpoint_type=Gateway private_dns=false route_tables=[route_table.standard/private-euw1-az1 route_table.standard/private-euw1-az2 route_table.standard/private-euw1-az3 route_table.standard/public route_table.standard/shared-euw1-az1 route_table.standard/shared-euw1-az2 route_table.standard/shared-euw1-az3] service=dynamodb tags=Name:standard-dynamodb
vpc_endpoint.standard/s3 endpoint_type=Gateway private_dns=false route_tables=[route_table.standard/private-euw1-az1 route_table.standard/private-euw1-az2 route_table.standard/private-euw1-az3 route_table.standard/public route_table.standard/shared-euw1-az1 route_table.standard/shared-euw1-az2 route_table.standard/shared-euw1-az3] service=s3 tags=Name:standard-s3
";

#[test]
fn the_golden_vpc() {
    assert_eq!(table(&expanded(&design(golden()), &Observed::default())), GOLDEN);
}

/// The lines of the golden VPC's table that contain one of the words, after a change.
fn lines(change: impl FnOnce(&mut Layout), words: &[&str]) -> Vec<String> {
    let mut layout = golden();
    change(&mut layout);
    let table = table(&expanded(&design(layout), &Observed::default()));
    table.lines().filter(|line| words.iter().any(|word| line.contains(word))).map(str::to_owned).collect()
}

#[test]
fn one_nat_gateway_stays_where_it_is() {
    let single = |layout: &mut Layout| layout.nat = Nat::Single;
    let expected = [
        "elastic_ip.standard/euw1-az1 tags=Name:standard-euw1-az1",
        "nat_gateway.standard/euw1-az1 availability_mode=zonal elastic_ip=elastic_ip.standard/euw1-az1 internet_gateway=internet_gateway.standard subnet=subnet.standard/public-euw1-az1 tags=Name:standard-euw1-az1",
        "route.standard/private-euw1-az3/0.0.0.0/0 destination=0.0.0.0/0 route_table=route_table.standard/private-euw1-az3 target=nat_gateway.standard/euw1-az1",
    ];
    assert_eq!(lines(single, &["elastic_ip.", "route.standard/private-euw1-az3"]), expected);
    let design = design(Layout { nat: Nat::Single, ..golden() });
    let mut observed = Observed { vpcs: built(&allocate(&design, &Observed::default()), &[true]), ..Observed::default() };
    for vpc in observed.vpcs.values_mut() {
        vpc.nat_zones = BTreeSet::from(["euw1-az2".to_owned()]);
    }
    let resources = expanded(&design, &observed);
    let gateways: Vec<&str> = resources.keys().filter(|address| address.kind() == "nat_gateway").map(Address::key).collect();
    assert_eq!(gateways, ["standard/euw1-az2"]);
}

#[test]
fn a_regional_gateway_needs_no_public_tier() {
    let regional = |layout: &mut Layout| {
        layout.nat = Nat::Regional;
        layout.zones = 1;
        layout.tiers.retain(|tier| tier.name == "private");
    };
    let expected = [
        "internet_gateway.standard tags=Name:standard",
        "nat_gateway.standard/regional availability_mode=regional internet_gateway=internet_gateway.standard tags=Name:standard-regional",
        "route.standard/private-euw1-az1/0.0.0.0/0 destination=0.0.0.0/0 route_table=route_table.standard/private-euw1-az1 target=nat_gateway.standard/regional",
    ];
    assert_eq!(lines(regional, &["internet_gateway", "nat_gateway", "elastic_ip"]), expected);
}

#[test]
fn ipv6_goes_out_by_itself() {
    let ipv6 = |layout: &mut Layout| {
        layout.ipv6 = true;
        layout.zones = 1;
    };
    let expected = [
        "egress_only_internet_gateway.standard tags=Name:standard",
        "route.standard/private-euw1-az1/::/0 destination=::/0 route_table=route_table.standard/private-euw1-az1 target=egress_only_internet_gateway.standard",
        "route.standard/public/::/0 destination=::/0 route_table=route_table.standard/public target=internet_gateway.standard",
        "route.standard/shared-euw1-az1/::/0 destination=::/0 route_table=route_table.standard/shared-euw1-az1 target=egress_only_internet_gateway.standard",
        "subnet.standard/private-euw1-az1 cidr=10.2.16.0/23 ipv6=128 route_table=route_table.standard/private-euw1-az1 tags=Name:private-euw1-az1 zone=euw1-az1",
        "subnet.standard/public-euw1-az1 cidr=10.2.0.0/24 ipv6=0 route_table=route_table.standard/public tags=Name:public-euw1-az1 zone=euw1-az1",
        "subnet.standard/shared-euw1-az1 cidr=10.2.8.0/24 ipv6=64 route_table=route_table.standard/shared-euw1-az1 tags=Name:shared-euw1-az1 zone=euw1-az1",
        "vpc.standard cidr=10.2.0.0/19 ipv6=true tags=Name:standard with=[egress_only_internet_gateway]",
    ];
    assert_eq!(lines(ipv6, &["::", "ipv6=true", "egress", " ipv6="]), expected);
}

#[test]
fn an_interface_endpoint_has_a_group_and_names() {
    let endpoints = |layout: &mut Layout| layout.endpoints = BTreeSet::from(["ecr.api".to_owned()]);
    let expected = [
        "security_group.standard/endpoints description=Interface endpoints, reached from inside of the VPC ingress=[from:10.2.0.0/19,ports:443,protocol:tcp] name=standard-endpoints tags=Name:standard-endpoints",
        "vpc.standard cidr=10.2.0.0/19 enable_dns_hostnames=true enable_dns_support=true ipv6=false tags=Name:standard",
        "vpc_endpoint.standard/ecr.api endpoint_type=Interface private_dns=true security_groups=[security_group.standard/endpoints] service=ecr.api subnets=[subnet.standard/shared-euw1-az1 subnet.standard/shared-euw1-az2 subnet.standard/shared-euw1-az3] tags=Name:standard-ecr.api",
    ];
    assert_eq!(lines(endpoints, &["vpc.standard", "endpoint"]), expected);
}

/// A feature that was removed from org.toml is still named in `with`, and the VPC returns to AWS's own options.
#[test]
fn what_there_ever_was_is_looked_for() {
    let design = design(golden());
    let mut observed = Observed { vpcs: built(&allocate(&design, &Observed::default()), &[true]), ..Observed::default() };
    for vpc in observed.vpcs.values_mut() {
        vpc.with = BTreeSet::from(["dhcp_options".to_owned(), "vpc_peering".to_owned()]);
    }
    let resources = expanded(&design, &observed);
    let vpc = &resources[design.vpcs.keys().next().unwrap()];
    assert_eq!(
        (vpc.get("with").unwrap(), vpc.get("dhcp_options").unwrap()),
        (json!(["dhcp_options", "vpc_peering"]), json!({"id": "default"}))
    );
}

#[test]
fn a_pin_that_differs_from_the_live_block_is_asked_for() {
    let mut design = design(golden());
    let observed = Observed { vpcs: built(&allocate(&design, &Observed::default()), &[true]), ..Observed::default() };
    for request in design.vpcs.values_mut() {
        request.pinned = Some(block("10.3.0.0/19"));
    }
    let resources = expanded(&design, &observed);
    assert_eq!(resources[design.vpcs.keys().next().unwrap()].get("cidr").unwrap(), json!("10.3.0.0/19"));
    assert!(table(&resources).contains("cidr=10.2.0.0/24"), "its subnets stay");
}

#[test]
fn default_vpcs_go_where_a_region_is_enabled() {
    let mut design = design(golden());
    design.layouts.insert("far".to_owned(), Layout { region: "af-south-1".to_owned(), ..golden() });
    let request = Request { layout: "far".to_owned(), pinned: None, id: None, tags: BTreeMap::new() };
    design.vpcs.insert(vpc_address("search-dev", "af-south-1", "far"), request);
    design.without_default_vpc = ["records-dev", "search-dev"].map(str::to_owned).into();
    let expected = [
        "records-dev/eu-west-1/default_vpc.main",
        "search-dev/af-south-1/default_vpc.main",
        "search-dev/af-south-1/region.main",
        "search-dev/eu-west-1/default_vpc.main",
    ];
    let mains = |observed: &Observed| -> Vec<String> {
        expanded(&design, observed).keys().filter(|address| address.key() == "main").map(Address::to_string).collect()
    };
    assert_eq!(mains(&Observed::default()), expected);
    let unreachable = BTreeMap::from([("search-dev".to_owned(), "AccessDenied".to_owned())]);
    assert_eq!(mains(&Observed { unreachable, ..Observed::default() }), expected[..1]);
}

prop_compose! {
    /// A world as the allocator's tests make it, with all that a layout may have.
    fn any_network()((mut design, observed) in any_world(), nat in 0_usize..4, parts in prop::collection::vec(any::<bool>(), 5), opt_in in any::<bool>()) -> (Design, Observed) {
        for layout in design.layouts.values_mut() {
            layout.nat = Nat::ALL[nat].1;
            let names = [(parts[0], "s3"), (parts[1], "ecr.api"), (parts[1], "logs")];
            layout.endpoints = names.into_iter().filter(|(is, _)| *is).map(|(_, name)| name.to_owned()).collect();
            layout.dhcp = parts[2].then(|| Dhcp { name_servers: vec!["AmazonProvidedDNS".to_owned()], domain_name: None });
            layout.flow_log = parts[3].then(|| FlowLog { destination: "arn:aws:s3:::logs".to_owned(), traffic: "ALL".to_owned(), interval: 600 });
            layout.ipv6 = parts[4];
        }
        if opt_in {
            design.without_default_vpc = design.vpcs.keys().filter_map(|a| Some(a.scope()?.account.clone())).collect();
        }
        (design, observed)
    }
}

/// The world once everything desired exists.
fn applied(design: &Design, observed: &Observed) -> Observed {
    let plan = allocate(design, observed);
    let resources = expand(design, observed, &plan);
    let mut vpcs = built(&plan, &[true]);
    for (address, vpc) in &mut vpcs {
        vpc.with = serde_json::from_value(resources[address].get("with").unwrap_or(json!([]))).unwrap();
        let gateways = resources.keys().filter(|a| a.kind() == "nat_gateway" && a.scope() == address.scope());
        let of_this = gateways.filter_map(|a| a.key().strip_prefix(address.key())?.strip_prefix('/'));
        vpc.nat_zones = of_this.filter(|zone| *zone != "regional").map(str::to_owned).collect();
    }
    Observed { vpcs, ..observed.clone() }
}

proptest! {
    /// Each reference is to another expanded resource, and each kind knows its attributes.
    #[test]
    fn everything_hangs_together((design, observed) in any_network()) {
        let resources = expanded(&design, &observed);
        for (address, attributes) in &resources {
            let calls = kind(address.kind()).unwrap().calls(None, Some(attributes));
            prop_assert!(calls.is_ok_and(|calls| !calls.is_empty()), "{address}: {attributes:?}");
            for reference in references(attributes) {
                prop_assert!(resources.contains_key(&reference), "{address} refers to {reference}");
            }
        }
    }

    #[test]
    fn what_was_applied_is_asked_for_again((design, observed) in any_network()) {
        let before = expanded(&design, &observed);
        prop_assert_eq!(expanded(&design, &applied(&design, &observed)), before);
    }

    /// New zones, tiers and accounts only affect the endpoints, which span the VPC, and the list of features that a VPC ever had.
    #[test]
    fn adding_changes_nothing_that_is_there((mut design, observed) in any_network(), zones in 1_u32..=4, account in "[f-j]{2}") {
        let before = expanded(&design, &observed);
        let observed = applied(&design, &observed);
        for layout in design.layouts.values_mut() {
            layout.zones = layout.zones.max(zones);
            layout.tiers.push(Tier { name: "edge".to_owned(), share: Share::of_percent(6.25).unwrap() });
        }
        let request = Request { layout: "l0".to_owned(), pinned: None, id: None, tags: BTreeMap::new() };
        design.vpcs.insert(vpc_address(&account, "eu-west-1", "l0"), request);
        let after = expanded(&design, &observed);
        for (address, attributes) in before.iter().filter(|(address, _)| address.kind() != "vpc_endpoint") {
            let without = |attributes: &Attributes| { let mut a = attributes.to_map(); a.remove("with"); a };
            prop_assert_eq!(after.get(address).map(without), Some(without(attributes)), "{}", address);
        }
    }
}

/// Two VPCs of the golden layout, connected in every way.
fn connected() -> Design {
    let layout = Layout {
        connections: Connections {
            peering: Peering::Mesh,
            attach: Some("hub".to_owned()),
            vpn: Some("office".to_owned()),
            share: Some(SharedTier { tier: "shared".to_owned(), with: BTreeSet::from([Address::new("ou", "teams")]) }),
        },
        ..golden()
    };
    let mut design = design(layout);
    let request = Request { layout: "standard".to_owned(), pinned: None, id: None, tags: BTreeMap::new() };
    design.vpcs.insert(vpc_address("payments-dev", "eu-west-1", "standard"), request);
    let hub = TransitGateway {
        account: "network".to_owned(),
        region: "eu-west-1".to_owned(),
        asn: None,
        share_with: BTreeSet::from([Address::new("ou", "teams")]),
        routes: BTreeSet::new(),
    };
    let office = Vpn { address: "203.0.113.10".to_owned(), asn: 65_000, routes: BTreeSet::from([block("10.10.0.0/16")]) };
    design.gateways.transit.insert("hub".to_owned(), hub);
    design.gateways.vpns.insert("office".to_owned(), office);
    design
}

#[test]
fn connections_lead_from_all_tables_that_are_not_public() {
    let resources = expanded(&connected(), &Observed::default());
    let of = |kind: &str| resources.keys().filter(|address| address.kind() == kind).map(ToString::to_string).collect::<Vec<_>>();
    // Of the two, the one whose name sorts first requests the peering.
    assert_eq!(of("vpc_peering"), ["payments-dev/eu-west-1/vpc_peering.standard/records-dev"]);
    assert_eq!(of("transit_gateway"), ["network/eu-west-1/transit_gateway.hub"]);
    let targets = |kind: &str| {
        let to =
            |attributes: &&Attributes| matches!(attributes.reference("target"), Some(Reference::Address(target)) if target.kind() == kind);
        resources.values().filter(to).count()
    };
    // Two VPCs, two tiers that are not public, three zones; and one destination each.
    assert_eq!((targets("vpc_peering"), targets("transit_gateway_attachment")), (12, 12));
    let propagating =
        resources.iter().filter(|(address, table)| address.kind() == "route_table" && table.get("propagating_gateways").is_some());
    assert!(propagating.clone().all(|(address, _)| !address.key().ends_with("/public")));
    assert_eq!(propagating.count(), 12);
}

#[test]
fn what_connections_refer_to_is_there() {
    let resources = expanded(&connected(), &Observed::default());
    for (address, attributes) in &resources {
        for reference in attributes.references() {
            let Reference::Address(named) = reference else { continue };
            let outside = ["account", "ou", "trusted_service"].contains(&named.kind());
            assert!(outside || resources.contains_key(&named), "{address} refers to {named}");
        }
    }
}

#[test]
fn nothing_is_connected_with_what_could_not_be_read() {
    let unreachable =
        |account: &str| Observed { unreachable: BTreeMap::from([(account.to_owned(), String::new())]), ..Observed::default() };
    let without_hub = expanded(&connected(), &unreachable("network"));
    assert!(without_hub.keys().all(|address| !["transit_gateway", "transit_gateway_attachment"].contains(&address.kind())));
    let without_peer = expanded(&connected(), &unreachable("records-dev"));
    assert!(without_peer.keys().all(|address| address.kind() != "vpc_peering"));
}
