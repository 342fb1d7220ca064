//! The golden VPC as a table, and what holds of every expansion.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::expand;
use crate::address::Address;
use crate::network::tests::{block, overlord};
use crate::network::{Design, Layout, Nat, Observed, Pool, Request, allocate, vpc_address};
use crate::resource::Attributes;

/// The golden layout in one account, `records-dev`.
fn design(layout: Layout) -> Design {
    let request = Request { layout: "standard".to_owned(), pinned: Some(block("10.2.0.0/19")), tags: BTreeMap::new() };
    Design {
        pools: BTreeMap::from([("main".to_owned(), Pool { cidr: block("10.0.0.0/8"), reserved: BTreeSet::new() })]),
        vpcs: BTreeMap::from([(vpc_address("records-dev", &layout.region, "standard"), request)]),
        layouts: BTreeMap::from([("standard".to_owned(), layout)]),
        without_default_vpc: BTreeSet::new(),
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
        for (name, value) in attributes.iter().filter(|(name, _)| *name != "vpc") {
            let _ = write!(out, " {name}={}", word(value));
        }
        out.push('\n');
    }
    out
}

/// 10.2.0.0/19 as the original Overlord divided it, with the resources of today.
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
