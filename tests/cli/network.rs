//! `overlord network`: the address plan, shown and drawn; and that nobody takes it for more than a plan.

use std::fs;

use crate::case::*;
use crate::looks::looks;

const NETWORK: &str = r#"
[account.data]
email = "aws+data@example.org"
ou = "work"
vpc = ["standard"]
cidr = { standard = "10.2.0.0/19" }
[account.app]
email = "aws+app@example.org"
ou = "work"
vpc = ["standard", "recovery"]

[pool.main]
cidr = "10.0.0.0/8"
reserved = ["10.0.0.0/16"]

[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 19
zones = 3
nat = "per-zone"
tiers = { public = 25, shared = 25, private = 50 }
endpoints = ["s3"]

[vpc.recovery]
region = "eu-central-1"
pool = "main"
prefix = 20
zones = 2
ipv6 = true
tiers = { private = 50, data = 12.5 }
"#;

fn case() -> Case {
    Case::new(&format!("{SMALL}{NETWORK}"))
}

#[test]
fn it_shows_pools_vpcs_and_subnets() {
    let case = case();
    looks("network.txt", &case.run(&["network"]).ends(0).out);
    looks("network-detail.txt", &case.run(&["network", "--detail"]).ends(0).out);
    looks("network.md", &case.run(&["network", "--format", "markdown", "--detail"]).ends(0).out);
}

#[test]
fn a_program_reads_the_same() {
    let document = case().run(&["network", "--format", "json"]).ends(0).json();
    let marks = ["format_version", "live_read", "built"].map(|key| document[key].clone());
    assert_eq!(marks, [serde_json::json!(1), false.into(), false.into()]);
    let vpcs = document["vpcs"].as_array().unwrap();
    let of = |account: &str, key: &str| vpcs.iter().find(|v| v["account"] == account && v["layout"] == "standard").unwrap()[key].clone();
    assert_eq!((of("app", "cidr"), of("app", "origin")), ("10.1.32.0/19".into(), "new".into()));
    assert_eq!((of("data", "cidr"), of("data", "origin")), ("10.2.0.0/19".into(), "pinned".into()));
    let subnets = of("data", "subnets");
    let last = subnets.as_array().unwrap().last().unwrap();
    assert_eq!(
        *last,
        serde_json::json!({"name": "private-euw1-az3", "tier": "private", "zone": "euw1-az3", "cidr": "10.2.20.0/23", "ipv6_index": null})
    );
}

#[test]
fn it_draws() {
    let case = case();
    case.run(&["network", "--out", "network.svg"]).ends(0).says(&["the drawing is in `network.svg`"]);
    let svg = fs::read_to_string(case.path("network.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("10.1.52.0/23") && svg.contains("Layout recovery"));
    case.run(&["network", "--out", "network.png"]).ends(1).says(&["`network.png`", ".svg"]);
    case.run(&["network", "--out", "missing/network.svg"]).ends(1).says(&["missing/network.svg", "help"]);
}
