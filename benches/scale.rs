//! How many calls a plan makes and how long AWS's published rates let it take, against the lower bound of those rates. In virtual time
//! on the sandbox, so the answers are counts and ratios; own CPU time and peak memory (the sandbox's world included) stand beside them.
//!
//! `cargo bench --bench scale` runs 100, 1,000 and 5,000 accounts; each figure comes from a process of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a benchmark fails")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use overlord::apply::apply;
use overlord::aws::{Access, Door, DoorOptions, Interrupt, Mode, Rates, Sessions};
use overlord::config::{self, Files};
use overlord::limits::LIMITS;
use overlord::plan::Plan;
use overlord::resource::Desired;
use overlord::sandbox::{Sandbox, ServerRates, Weather};
use overlord::snapshot;
use tokio::time::Instant;

const MANAGEMENT: &str = "111111111111";
/// What Organizations takes to answer, in milliseconds; a guess, and the same for everybody.
const LATENCY_MS: u64 = 50;
/// What it takes to make an account, in milliseconds; a guess too.
const CREATION_MS: u64 = 10_000;
/// AWS's largest page.
const PAGE: usize = 20;

/// One size of organization.
#[derive(Clone, Copy)]
struct Size {
    /// The management account included.
    accounts: usize,
    ous: usize,
    policies: usize,
    tags: bool,
}

const SIZES: [Size; 6] = [
    Size { accounts: 100, ous: 15, policies: 20, tags: false },
    Size { accounts: 1_000, ous: 80, policies: 60, tags: false },
    Size { accounts: 5_000, ous: 300, policies: 150, tags: false },
    Size { accounts: 100, ous: 15, policies: 20, tags: true },
    Size { accounts: 1_000, ous: 80, policies: 60, tags: true },
    Size { accounts: 5_000, ous: 300, policies: 150, tags: true },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| arguments.iter().position(|a| a == flag).and_then(|i| arguments.get(i + 1)).map(PathBuf::from);
    let size = || SIZES[std::env::var("OVERLORD_BENCH_SIZE").unwrap().parse::<usize>().unwrap()];
    if let Some(world) = after("--first-apply") {
        in_virtual_time(first_apply(size(), &world));
    } else if let Some(world) = after("--steady-plan") {
        in_virtual_time(steady_plan(size(), &world));
    } else {
        for (title, flag) in
            [("first apply of an empty world (fewest: its writes)", "--first-apply"), ("plan with nothing to do", "--steady-plan")]
        {
            println!("\n{title}\naccounts   OUs policies tags |  calls fewest | virtual s  bound s  ratio |  CPU s  peak MB");
            for (i, size) in SIZES.iter().enumerate() {
                let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
                let world = folder.join(format!("scale-{}-{}.json", size.accounts, size.tags));
                let mut child = Command::new(&arguments[0]);
                assert!(child.arg(flag).arg(&world).env("OVERLORD_BENCH_SIZE", i.to_string()).status().unwrap().success());
            }
        }
    }
}

fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

/// A configuration of that size: a tree of OUs five levels deep at most, each policy on one OU, accounts spread evenly.
fn desired(size: Size) -> Desired {
    let mut toml = format!("[organization]\nmanagement_account = \"{MANAGEMENT}\"\n[limits]\naccounts = 50000\n");
    let level = |ou: usize| (0..5).scan(ou, |at, _| at.checked_sub(1).map(|up| *at = up / 6)).count();
    for ou in 0..size.ous {
        let _ = writeln!(toml, "[ou.o{ou}]");
        if ou > 0 && level((ou - 1) / 6) < 5 {
            let _ = writeln!(toml, "parent = \"o{}\"", (ou - 1) / 6);
        }
        let own: Vec<String> = (0..size.policies).filter(|p| p % size.ous == ou).map(|p| format!("\"p{p}\"")).collect();
        let _ = writeln!(toml, "policies = [\"FullAWSAccess\"{}{}]", if own.is_empty() { "" } else { ", " }, own.join(", "));
    }
    for policy in 0..size.policies {
        let _ = writeln!(toml, "[policy.p{policy}]");
    }
    for account in 1..size.accounts {
        let tags = if size.tags { "tags = { team = \"t\" }\n" } else { "" };
        let ou = account % size.ous;
        let _ = writeln!(toml, "[account.a{account}]\nemail = \"aws+a{account}@example.org\"\nou = \"o{ou}\"\n{tags}");
    }
    let read = |path: &Path| {
        let sid = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let document =
            format!(r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{sid}","Effect":"Deny","Action":"sqs:Purge*","Resource":"*"}}]}}"#);
        Ok(document.into_bytes())
    };
    match config::load_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &read)) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

async fn sessions(sandbox: &Sandbox, rates: Rates) -> Sessions {
    let (transport, interrupt) = (sandbox.http_client(), Interrupt::default());
    let door = Door::new(DoorOptions { mode: Mode::ReadOnly, rates, trace: None, transport, interrupt });
    let access = Access::Sandbox { management_account: MANAGEMENT.to_owned() };
    Sessions::load(access, door, "us-east-1", "OrganizationAccountAccessRole").await.unwrap()
}

fn open(world: &Path) -> Sandbox {
    let rates = ServerRates::Published;
    let weather =
        Weather { latency_ms: LATENCY_MS, rates, create_account_ms: CREATION_MS, account_quota: Some(50_000), ..Weather::default() };
    Sandbox::open(world, MANAGEMENT, weather).unwrap()
}

async fn first_apply(size: Size, file: &Path) {
    let _ = std::fs::remove_file(file);
    let (desired, sandbox) = (desired(size), open(file));
    let (cpu, start) = (cpu_seconds(), Instant::now());
    let sessions = sessions(&sandbox, Rates::Published).await;
    let plan = Plan::build(&desired, &snapshot::read(&sessions, &desired).await.unwrap());
    sessions.door().set_mode(Mode::ReadWrite);
    let report = apply(&plan, &sessions, false, &mut |_| {}).await;
    assert_eq!(
        report.counts().applied,
        plan.changes.len(),
        "{:?}",
        report.outcomes.iter().find(|(_, o)| !matches!(o, overlord::apply::Outcome::Applied))
    );
    let calls = plan.budget.calls.values().sum();
    told(size, &sandbox, calls, plan.budget.seconds_at_best, start.elapsed(), cpu_seconds() - cpu);
    sandbox.save().unwrap();
}

async fn steady_plan(size: Size, file: &Path) {
    let sandbox = open(file);
    // Reading the configuration is a part of every plan.
    let cpu = cpu_seconds();
    let desired = desired(size);
    let sessions = sessions(&sandbox, Rates::Published).await;
    let start = Instant::now();
    let plan = Plan::build(&desired, &snapshot::read(&sessions, &desired).await.unwrap());
    let (virtual_time, cpu) = (start.elapsed(), cpu_seconds() - cpu);
    assert!(plan.is_empty() && !plan.has_errors());
    let (calls, bound) = fewest_reads(size);
    told(size, &sandbox, calls, bound, virtual_time, cpu);
}

/// The fewest calls that read it all, and the seconds that AWS's rates make them take at least.
fn fewest_reads(size: Size) -> (usize, f64) {
    let Size { accounts, ous, policies, tags } = size;
    let pages = |n: usize| n.div_ceil(PAGE).max(1);
    let calls = [
        ("ListRoots", 1),
        ("ListAccounts", pages(accounts)),
        ("ListOrganizationalUnitsForParent", 1 + ous),
        ("ListPolicies", pages(policies + 1)),
        ("DescribePolicy", policies),
        // FullAWSAccess is everywhere, every other policy on one OU.
        ("ListTargetsForPolicy", policies + pages(1 + ous + accounts)),
        ("ListTagsForResource", if tags { accounts - 1 } else { 0 }),
    ];
    let seconds = calls.iter().map(|(operation, n)| LIMITS.rate("organizations", operation).unwrap().seconds(*n));
    (calls.iter().map(|(_, n)| n).sum(), seconds.fold(0.0, f64::max))
}

fn told(size: Size, sandbox: &Sandbox, fewest: usize, bound: f64, elapsed: Duration, cpu: f64) {
    let Size { accounts, ous, policies, tags } = size;
    let calls = sandbox.journal().iter().filter(|entry| entry.operation.starts_with("organizations:")).count();
    let (tags, seconds) = (if tags { "yes" } else { "no" }, elapsed.as_secs_f64());
    println!(
        "{accounts:>8} {ous:>5} {policies:>8} {tags:>4} | {calls:>6} {fewest:>6} | {seconds:>9.1} {bound:>8.1} {:>6.3} | {cpu:>6.2} {:>8.0}",
        seconds / bound.max(f64::MIN_POSITIVE),
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
