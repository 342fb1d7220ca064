//! What the pure part costs at size: a configuration of networks to an address plan, to resources, to changes in order. CPU time and peak
//! memory of a process of its own for each figure; no AWS, no sandbox.
//!
//! `cargo bench --bench pure` runs 62,500, 250,000 and 1,000,000 resources: once with nothing to do, once with everything new.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a benchmark fails")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use overlord::address::Address;
use overlord::config::{self, Files};
use overlord::network::{self, Observed, ObservedVpc};
use overlord::plan::Plan;
use overlord::resource::{Desired, Live, LiveResource};

const SIZES: [usize; 3] = [62_500, 250_000, 1_000_000];
/// VPCs of an account, each in a Region of its own.
const REGIONS: [&str; 4] = ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2"];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let run = |flag: &str| arguments.iter().position(|a| a == flag).map(|at| arguments[at + 1].parse::<usize>().unwrap());
    if let Some(accounts) = run("--steady") {
        steady(accounts);
    } else if let Some(accounts) = run("--new") {
        everything_new(accounts);
    } else {
        let per_account = resources(&desired(1)).len();
        for (title, flag) in [("nothing to do", "--steady"), ("everything new", "--new")] {
            println!("\n{title}\n resources accounts  changes    edges |  CPU s  µs each | input MB  peak MB");
            for size in SIZES {
                let accounts = size.div_ceil(per_account);
                assert!(Command::new(&arguments[0]).arg(flag).arg(accounts.to_string()).status().unwrap().success());
            }
        }
    }
}

/// So many accounts with a VPC of every Region's layout: three zones, three tiers, a NAT gateway per zone, gateway and interface endpoints.
fn desired(accounts: usize) -> Desired {
    let mut toml = "[organization]\nmanagement_account = \"111111111111\"\n[limits]\naccounts = 50000\n".to_owned();
    for (i, region) in REGIONS.iter().enumerate() {
        let _ =
            writeln!(toml, "[pool.p{i}]\ncidr = \"{}.0.0.0/8\"\n[vpc.l{i}]\nregion = \"{region}\"\npool = \"p{i}\"\nprefix = 21", 10 + i);
        let _ = writeln!(toml, "zones = 3\nnat = \"per-zone\"\ntiers = {{ public = 25, shared = 25, private = 50 }}");
        let _ = writeln!(toml, "endpoints = [\"s3\", \"dynamodb\", \"ssm\"]");
    }
    let layouts: Vec<String> = (0..REGIONS.len()).map(|i| format!("\"l{i}\"")).collect();
    for account in 0..accounts {
        let _ =
            writeln!(toml, "[account.a{account:05}]\nemail = \"aws+{account}@example.org\"\nou = \"root\"\nvpc = [{}]", layouts.join(", "));
        let _ = writeln!(toml, "tags = {{ team = \"t{}\", stage = \"prod\" }}", account / 4);
    }
    match config::load_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &|_| Err(std::io::ErrorKind::NotFound.into()))) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{:#?}", diagnostics.first()),
    }
}

/// All that is asked for.
fn resources(desired: &Desired) -> std::collections::BTreeMap<Address, overlord::resource::Attributes> {
    let plan = network::allocate(&desired.network, &Observed::default());
    assert!(plan.unplaced.is_empty());
    let mut all = desired.resources.clone();
    all.extend(overlord::resource::network::expand(&desired.network, &Observed::default(), &plan));
    all
}

fn everything_new(accounts: usize) {
    let desired = desired(accounts);
    measured(accounts, &desired, &Live::default());
}

fn steady(accounts: usize) {
    let desired = desired(accounts);
    let live = |(i, (address, attributes))| {
        let id = Some(format!("{}-{i:017x}", address_prefix(&address)));
        (address, LiveResource { id, attributes, ours: Some(true), frozen: None })
    };
    let resources = resources(&desired).into_iter().enumerate().map(live).collect();
    let plan = network::allocate(&desired.network, &Observed::default());
    let observed = |(address, vpc): (&Address, &network::Vpc)| {
        let subnets = vpc.cut.subnets.iter().map(|subnet| (subnet.name(), subnet.block)).collect();
        (address.clone(), ObservedVpc { block: vpc.block, subnets, ..observed_vpc(vpc) })
    };
    let network = Observed { vpcs: plan.vpcs.iter().map(observed).collect(), ..Observed::default() };
    measured(accounts, &desired, &Live { resources, network, ..Live::default() });
}

fn observed_vpc(vpc: &network::Vpc) -> ObservedVpc {
    serde_json::from_value(serde_json::json!({ "block": vpc.block.to_string(), "subnets": {} })).unwrap()
}

fn address_prefix(address: &Address) -> &str {
    address.kind().get(..3).unwrap_or_default()
}

fn measured(accounts: usize, desired: &Desired, live: &Live) {
    let (input, cpu) = (peak_megabytes(), cpu_seconds());
    let plan = Plan::build(desired, live);
    let cpu = cpu_seconds() - cpu;
    assert!(!plan.has_errors(), "{:?}", plan.findings.first());
    let expanded = live.resources.len().max(plan.changes.len());
    assert!(live.resources.is_empty() || plan.is_empty(), "{:#?}", plan.changes.first());
    let edges: usize = plan.changes.iter().map(|change| change.waits_for.len()).sum();
    println!(
        "{expanded:>10} {accounts:>8} {:>8} {edges:>8} | {cpu:>6.2} {:>8.2} | {input:>8.0} {:>8.0}",
        plan.changes.len(),
        cpu * 1e6 / expanded as f64,
        peak_megabytes(),
    );
}

/// User and system time of this process; Linux only, like the figures in the documentation.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    // USER_HZ is 100 on every Linux that Rust runs on.
    ticks as f64 / 100.0
}

fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    peak.unwrap_or(f64::NAN) / 1024.0
}
