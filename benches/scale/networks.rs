//! With networks: a VPC in every account and Region, three zones, a NAT gateway in each, gateway endpoints.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use overlord::address::Address;
use overlord::apply::{Consent, Outcome, apply};
use overlord::aws::{Mode, Sessions};
use overlord::limits::LIMITS;
use overlord::plan::{Action, Change, Plan};
use overlord::resource::Desired;
use overlord::snapshot;
use tokio::time::Instant;

use super::measure::{cpu_seconds, peak_megabytes};
use super::organization::{self, fewest_reads};
use super::{CREATION_MS, LATENCY_MS, NAT_GATEWAY_MS, again, file, open, sessions};

/// Where the VPCs are.
pub const REGIONS: [&str; 4] = ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2"];
/// The calls of a plan with nothing to do, in each account and Region.
const LISTS: usize = 8;

/// So many accounts with so many VPCs each, in a Region of their own.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// The management account included, which has no VPC.
    pub accounts: usize,
    pub regions: usize,
}

/// What runs without an argument. 5,000 accounts in four Regions take minutes and gigabytes: by argument.
const SIZES: [Size; 5] = [
    Size { accounts: 100, regions: 1 },
    Size { accounts: 100, regions: 4 },
    Size { accounts: 1_000, regions: 1 },
    Size { accounts: 1_000, regions: 4 },
    Size { accounts: 5_000, regions: 1 },
];

/// The tables.
pub fn all() {
    some(&SIZES);
}

/// The tables of these sizes.
pub fn some(sizes: &[Size]) {
    let steps = [
        ("organization and networks of an empty world", "everything"),
        ("networks of accounts that are there", "first-apply"),
        ("plan with nothing to do", "steady-plan"),
    ];
    for (title, step) in steps {
        println!("\n{title}\naccounts Regions |   calls   each  writes | virtual s  bound s  ratio |  CPU s  peak MB");
        for size in sizes {
            let (accounts, regions) = (size.accounts.to_string(), size.regions.to_string());
            let world = file(&format!("scale-networks-{accounts}-{regions}-{}.json", if step == "everything" { "new" } else { "old" }));
            if step == "first-apply" {
                again(&["network", "accounts", world.to_str().unwrap(), &accounts, &regions]);
            }
            again(&["network", step, world.to_str().unwrap(), &accounts, &regions]);
        }
    }
}

/// One figure, or the world that it begins with.
pub async fn step(step: &str, world: &Path, size: Size) {
    match step {
        "accounts" => accounts(size, world).await,
        "everything" => {
            let _ = std::fs::remove_file(world);
            applied(size, world, Reads::Nothing).await;
        }
        "first-apply" => applied(size, world, Reads::Everything).await,
        "steady-plan" => steady_plan(size, world).await,
        other => panic!("{other}"),
    }
}

/// What there is to be read before an apply.
#[derive(Clone, Copy)]
enum Reads {
    Nothing,
    Everything,
}

/// The configuration of a size.
pub fn desired(size: Size) -> Desired {
    let mut toml = String::new();
    for (i, region) in REGIONS.iter().enumerate().take(size.regions) {
        let _ = writeln!(toml, "[pool.p{i}]\ncidr = \"{}.0.0.0/8\"", 10 + i);
        let _ = writeln!(toml, "[vpc.l{i}]\nregion = \"{region}\"\npool = \"p{i}\"\nprefix = 21\nzones = 3\nnat = \"per-zone\"");
        toml.push_str("tiers = { public = 25, shared = 25, private = 50 }\nendpoints = [\"s3\", \"dynamodb\"]\n");
    }
    let layouts: Vec<String> = (0..size.regions).map(|i| format!("\"l{i}\"")).collect();
    organization::configured(organization::size_of(size.accounts), &toml, &format!("vpc = [{}]\n", layouts.join(", ")))
}

/// The organization without networks, so that nothing but those is left to do.
async fn accounts(size: Size, world: &Path) {
    let _ = std::fs::remove_file(world);
    let (desired, sandbox) = (organization::configured(organization::size_of(size.accounts), "", ""), open(world));
    let sessions = sessions(&sandbox).await;
    let plan = Plan::build(&desired, &snapshot::read(&sessions, &desired).await.unwrap());
    sessions.request_gate().set_mode(Mode::ReadWrite);
    assert_eq!(apply(&plan, &sessions, &Consent::none(), &mut |_| {}).await.counts().applied, plan.changes.len());
    sandbox.save().unwrap();
}

async fn applied(size: Size, world: &Path, reads: Reads) {
    let sandbox = open(world);
    let cpu = cpu_seconds();
    let desired = desired(size);
    let (sessions, start) = (sessions(&sandbox).await, Instant::now());
    let plan = Plan::build(&desired, &snapshot::read(&sessions, &desired).await.unwrap());
    let read = start.elapsed();
    sessions.request_gate().set_mode(Mode::ReadWrite);
    let report = apply(&plan, &sessions, &Consent::none(), &mut |_| {}).await;
    let (elapsed, cpu) = (start.elapsed(), cpu_seconds() - cpu);
    let other = report.outcomes.iter().find(|(_, outcome)| !matches!(outcome, Outcome::Applied));
    assert_eq!(report.counts().applied, plan.changes.len(), "{other:?}");
    let bound_of_reads = match reads {
        Reads::Nothing => 0.0,
        Reads::Everything => bound_of_reads(size),
    };
    let (writes, bound) = (plan.budget.calls.values().sum(), bound_of_reads + bound_of_writes(&plan));
    told(size, &sessions, writes, bound, elapsed, cpu);
    if std::env::var_os("OVERLORD_BENCH_DETAIL").is_some() {
        println!("         read in {:.1} s of at least {bound_of_reads:.1} s", read.as_secs_f64());
    }
    sandbox.save().unwrap();
}

async fn steady_plan(size: Size, world: &Path) {
    let sandbox = open(world);
    let cpu = cpu_seconds();
    let desired = desired(size);
    let (sessions, start) = (sessions(&sandbox).await, Instant::now());
    let plan = Plan::build(&desired, &snapshot::read(&sessions, &desired).await.unwrap());
    let (elapsed, cpu) = (start.elapsed(), cpu_seconds() - cpu);
    assert!(plan.is_empty() && !plan.has_errors(), "{:#?}", plan.changes.first());
    told(size, &sessions, 0, bound_of_reads(size), elapsed, cpu);
}

/// The least time of a reading: the organization's calls, the roles, or the two calls of the last account and Region, whichever is longest.
fn bound_of_reads(size: Size) -> f64 {
    let (_, organization) = fewest_reads(organization::size_of(size.accounts));
    let roles = LIMITS.rate("sts", "AssumeRole").unwrap().seconds(size.accounts - 1);
    let lists = LIMITS.rate("ec2", "DescribeSecurityGroups").unwrap().seconds(LISTS);
    organization.max(roles).max(lists + 2.0 * LATENCY_MS as f64 / 1000.0)
}

/// The least time of the changes: that of the longest chain of them, each with its calls one after the other and what AWS takes to make it;
/// or, if it is longer, that of the operation that AWS's rates make wait longest, and of what hangs on the last call of it.
fn bound_of_writes(plan: &Plan) -> f64 {
    // From the beginning of a change to the end of the longest chain that begins with it.
    let mut chains: HashMap<&Address, f64> = HashMap::new();
    for change in plan.changes.iter().rev() {
        let chain = chains.get(&change.address).copied().unwrap_or_default() + least_seconds(change);
        chains.insert(&change.address, chain);
        for dependency in &change.waits_for {
            let longest = chains.entry(dependency).or_default();
            *longest = longest.max(chain);
        }
    }
    let slowest = plan.changes.iter().filter(|change| plan.budget.slowest.as_ref().is_some_and(|slowest| change.calls.contains(slowest)));
    let last = slowest.map(|change| chains[&change.address]).reduce(f64::min).unwrap_or_default();
    chains.into_values().fold(plan.budget.seconds_at_best + last, f64::max)
}

fn least_seconds(change: &Change) -> f64 {
    let made_ms = match change.address.kind() {
        "nat_gateway" => NAT_GATEWAY_MS,
        "account" if change.action == Action::Create => CREATION_MS,
        _ => 0,
    };
    (made_ms + LATENCY_MS * change.calls.len() as u64) as f64 / 1000.0
}

fn told(size: Size, sessions: &Sessions, writes: usize, bound: f64, elapsed: Duration, cpu: f64) {
    let counts = sessions.request_gate().counts();
    let of_ec2: BTreeMap<&str, usize> =
        counts.iter().filter(|(call, _)| call.service == "ec2").map(|(call, n)| (call.operation.as_str(), *n)).collect();
    let (calls, of_networks) = (counts.values().sum::<usize>(), of_ec2.values().sum::<usize>());
    let each = of_networks as f64 / ((size.accounts - 1) * size.regions) as f64;
    let seconds = elapsed.as_secs_f64();
    println!(
        "{:>8} {:>7} | {calls:>7} {each:>6.1} {writes:>7} | {seconds:>9.1} {bound:>8.1} {:>6.3} | {cpu:>6.2} {:>8.0}",
        size.accounts,
        size.regions,
        seconds / bound,
        peak_megabytes(),
    );
    if std::env::var_os("OVERLORD_BENCH_DETAIL").is_some() {
        println!("         {of_ec2:?}");
    }
}
