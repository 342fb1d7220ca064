//! `overlord network`: the address plan, shown and drawn; and that nobody takes it for more than a plan.

use std::fs;

use crate::cli::case::*;
use crate::cli::snapshots::snapshot;

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
    snapshot("network.txt", &case.run(&["network"]).ends(0).out);
    snapshot("network-detail.txt", &case.run(&["network", "--detail"]).ends(0).out);
    snapshot("network.md", &case.run(&["network", "--format", "markdown", "--detail"]).ends(0).out);
}

#[test]
fn a_program_reads_the_same() {
    let document = case().run(&["network", "--format", "json"]).ends(0).json();
    let marks = ["format_version", "live_read"].map(|key| document[key].clone());
    assert_eq!(marks, [serde_json::json!(1), false.into()]);
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

#[test]
fn a_plan_tells_networks_by_account_and_what_they_cost() {
    let case = case();
    let plan = case.run(&["plan", "--sandbox"]).ends(2).out;
    assert!(plan.contains("standard 10.2.0.0/19") && plan.contains("      and its network in eu-west-1: 1 VPC, "), "{plan}");
    assert!(!plan.contains("data/eu-west-1/") && plan.contains("\nCost: "), "{plan}");
    let detail = case.run(&["plan", "--sandbox", "--detail"]).ends(2).out;
    assert!(detail.contains("  + data/eu-west-1/subnet.standard/private-euw1-az3  ") && detail.contains("\n      data "), "{detail}");
    let document = case.run(&["plan", "--sandbox", "--format", "json"]).ends(2).json();
    let (all, data) = (&document["cost"]["after"], &document["cost"]["accounts"]["data"]);
    assert_eq!((&all["items"]["nat_gateway"]["units"], data["before"].as_f64()), (&6.into(), Some(0.0)));
    assert_eq!(all["total"].as_f64(), document["cost"]["with_nat"]["per-zone"].as_f64());
    let markdown = case.run(&["plan", "--sandbox", "--format", "markdown"]).ends(2).out;
    assert!(markdown.contains("and its network in eu-west-1: 1 VPC") && markdown.contains("\nCost: "), "{markdown}");
}

#[test]
fn what_the_user_pays_is_what_is_counted() {
    let case = case();
    let monthly = |case: &Case| case.run(&["network", "--format", "json"]).ends(0).json()["layouts"][1]["monthly_usd_of_a_vpc"].clone();
    let listed = monthly(&case);
    assert_eq!(
        listed["single"].as_f64().map(|usd| (usd * 3.0 * 100.0).round()),
        listed["per-zone"].as_f64().map(|usd| (usd * 100.0).round())
    );
    case.edit("org.toml", "[pool.main]", "[prices]\nnat_gateway = 0.01\n[prices.region.eu-west-1]\npublic_address = 0.0\n[pool.main]");
    assert_eq!(monthly(&case)["single"].as_f64(), Some(7.3));
}

#[test]
fn a_run_may_be_about_a_part() {
    let case = case();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "endpoints = [\"s3\"]", "endpoints = [\"s3\", \"dynamodb\"]");
    let changed = |options: &[&str]| {
        let options: Vec<&str> = ["plan", "--sandbox", "--format", "json"].into_iter().chain(options.iter().copied()).collect();
        let plan = case.run(&options).ends(2).json();
        let addresses = plan["changes"].as_array().unwrap().iter().map(|change| change["address"].as_str().unwrap().to_owned());
        addresses.collect::<Vec<_>>()
    };
    let of = |account: &str| format!("{account}/eu-west-1/vpc_endpoint.standard/dynamodb");
    assert_eq!(changed(&[]), [of("app"), of("data")]);
    assert_eq!(changed(&["--account", "data"]), [of("data")]);
    assert_eq!(changed(&["--ou", "work", "--only", "vpc_endpoint"]), [of("app"), of("data")]);
    case.run(&["plan", "--sandbox", "--only", "subnet"]).ends(0);
    // Deleted by itself, a gateway would leave its routes leading nowhere.
    case.edit("org.toml", "nat = \"per-zone\"", "nat = \"single\"");
    let alone = case.run(&["plan", "--sandbox", "--account", "data", "--only", "nat_gateway"]).ends(1).out;
    assert!(alone.contains("route.standard/private-euw1-az2/0.0.0.0/0` still uses it"), "{alone}");
    case.run(&["plan", "--sandbox", "--account", "data", "--only", "nat_gateway", "--only", "route"]).ends(2);
    case.edit("org.toml", "nat = \"single\"", "nat = \"per-zone\"");
    case.run(&["plan", "--sandbox", "--account", "dat"]).ends(1).says(&["`dat`", "`data`"]);
    case.run(&["apply", "--sandbox", "--yes", "--account", "data"]).ends(0);
    assert_eq!(changed(&[]), [of("app")]);
}
