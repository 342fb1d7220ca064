//! The organization alone: a plan with nothing to do, and the first apply of an empty world.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use overlord::apply::{Consent, Outcome, apply};
use overlord::aws::Mode;
use overlord::config::{self, Files};
use overlord::limits::LIMITS;
use overlord::plan::Plan;
use overlord::resource::Desired;
use overlord::sandbox::Sandbox;
use overlord::snapshot;
use tokio::time::Instant;

use super::measure::{cpu_seconds, peak_megabytes};
use super::{MANAGEMENT, again, file, open, sessions};

/// AWS's largest page.
const PAGE: usize = 20;

/// One size of organization.
#[derive(Clone, Copy)]
pub struct Size {
    /// The management account included.
    pub accounts: usize,
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

/// Both tables.
pub fn all() {
    for (title, step) in [("first apply of an empty world (fewest: its writes)", "first-apply"), ("plan with nothing to do", "steady-plan")]
    {
        println!("\n{title}\naccounts   OUs policies tags |  calls fewest | virtual s  bound s  ratio |  CPU s  peak MB");
        for (i, size) in SIZES.iter().enumerate() {
            let world = file(&format!("scale-{}-{}.json", size.accounts, size.tags));
            again(&["organization", step, world.to_str().unwrap(), &i.to_string()]);
        }
    }
}

/// One figure.
pub async fn step(step: &str, world: &Path, size: usize) {
    match step {
        "first-apply" => first_apply(SIZES[size], world).await,
        "steady-plan" => steady_plan(SIZES[size], world).await,
        other => panic!("{other}"),
    }
}

/// An organization of so many accounts, without tags.
pub fn size_of(accounts: usize) -> Size {
    let known = SIZES.iter().find(|size| size.accounts == accounts && !size.tags);
    known.copied().unwrap_or(Size { accounts, ous: 15, policies: 20, tags: false })
}

fn desired(size: Size) -> Desired {
    configured(size, "", "")
}

/// A configuration of that size: a tree of OUs five levels deep at most, each policy on one OU, accounts spread evenly. With `more` at its
/// end, and in each account the line `of_account`.
pub fn configured(size: Size, more: &str, of_account: &str) -> Desired {
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
        let _ = writeln!(toml, "[account.a{account}]\nemail = \"aws+a{account}@example.org\"\nou = \"o{ou}\"\n{tags}{of_account}");
    }
    toml.push_str(more);
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

async fn first_apply(size: Size, file: &Path) {
    let _ = std::fs::remove_file(file);
    let (desired, sandbox) = (desired(size), open(file));
    let (cpu, start) = (cpu_seconds(), Instant::now());
    let sessions = sessions(&sandbox).await;
    let plan = Plan::build(&desired, &snapshot::read(&sessions, &desired).await.unwrap());
    sessions.request_gate().set_mode(Mode::ReadWrite);
    let report = apply(&plan, &sessions, &Consent::none(), &mut |_| {}).await;
    assert_eq!(report.counts().applied, plan.changes.len(), "{:?}", report.outcomes.iter().find(|(_, o)| !matches!(o, Outcome::Applied)));
    let calls = plan.budget.calls.values().sum();
    told(size, &sandbox, calls, plan.budget.seconds_at_best, start.elapsed(), cpu_seconds() - cpu);
    sandbox.save().unwrap();
}

async fn steady_plan(size: Size, file: &Path) {
    let sandbox = open(file);
    // Reading the configuration is a part of every plan.
    let cpu = cpu_seconds();
    let desired = desired(size);
    let sessions = sessions(&sandbox).await;
    let start = Instant::now();
    let plan = Plan::build(&desired, &snapshot::read(&sessions, &desired).await.unwrap());
    let (virtual_time, cpu) = (start.elapsed(), cpu_seconds() - cpu);
    assert!(plan.is_empty() && !plan.has_errors());
    let (calls, bound) = fewest_reads(size);
    told(size, &sandbox, calls, bound, virtual_time, cpu);
}

/// The fewest calls that read it all, and the seconds that AWS's rates make them take at least.
pub fn fewest_reads(size: Size) -> (usize, f64) {
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
