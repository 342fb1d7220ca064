//! A whole run against moto, 50 ms away: organization, 3 OUs, 2 SCPs on 4 targets and 10 or 50 accounts with two tags each; requests and wall seconds of the first apply
//! and of the plan with nothing to do. Peers on the same work stand in docs/benchmarks.md.
//!
//! `cargo bench --bench latency`; needs Python 3, like the tests. Every value is really read: there is no state but moto's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a benchmark fails")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use support::proxy::Proxy;
use support::{MOTO_ACCOUNT, Moto, client_of, show};

const LATENCY: Duration = Duration::from_millis(50);
const RUNS: usize = 5;

fn main() {
    println!("accounts | first apply: requests, median s (min to max) | nothing to do: requests, median s (min to max)");
    for accounts in [10, 50] {
        let folder = tempfile::tempdir().unwrap();
        configure(folder.path(), accounts);
        let (mut apply, mut plan) = (Figures::default(), Figures::default());
        for _ in 0..RUNS {
            let moto = Moto::start();
            let proxy = Proxy::start(moto.url(), LATENCY);
            apply.add(run(folder.path(), &proxy, &["apply", "--yes"]));
            plan.add(run(folder.path(), &proxy, &["plan"]));
        }
        println!("{accounts:>8} | {apply} | {plan}");
    }
}

fn configure(folder: &Path, accounts: usize) {
    let mut toml = format!(
        "[organization]\nmanagement_account = \"{MOTO_ACCOUNT}\"\n[limits]\naccounts = 100\n\
         [ou.core]\npolicies = [\"FullAWSAccess\", \"p1\"]\n[ou.workloads]\npolicies = [\"FullAWSAccess\", \"p0\"]\n\
         [ou.sandbox]\npolicies = [\"FullAWSAccess\", \"p0\", \"p1\"]\n[policy.p0]\n[policy.p1]\n"
    );
    for account in 0..accounts {
        let ou = ["core", "workloads", "sandbox"][account % 3];
        let _ = writeln!(
            toml,
            "[account.a{account}]\nemail = \"a{account}@example.org\"\nou = \"{ou}\"\ntags = {{ team = \"{ou}\", owner = \"x\" }}"
        );
    }
    fs::write(folder.join("org.toml"), toml).unwrap();
    fs::create_dir(folder.join("policies")).unwrap();
    for policy in ["p0", "p1"] {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{policy}","Effect":"Deny","Action":"sqs:PurgeQueue","Resource":"*"}}]}}"#
        );
        fs::write(folder.join(format!("policies/{policy}.json")), document).unwrap();
    }
}

/// The requests and the wall time of one whole process.
fn run(folder: &Path, proxy: &Proxy, arguments: &[&str]) -> (usize, Duration) {
    proxy.take_counts();
    let start = Instant::now();
    let output = client_of(proxy.url(), env!("CARGO_BIN_EXE_overlord")).current_dir(folder).args(arguments).output().unwrap();
    let elapsed = start.elapsed();
    assert!(output.status.success(), "overlord {arguments:?}: {}", show(&output));
    (proxy.take_counts().values().sum(), elapsed)
}

#[derive(Default)]
struct Figures {
    requests: usize,
    seconds: Vec<f64>,
}

impl Figures {
    fn add(&mut self, (requests, elapsed): (usize, Duration)) {
        assert!(self.seconds.is_empty() || self.requests == requests, "{} requests, then {requests}", self.requests);
        self.requests = requests;
        self.seconds.push(elapsed.as_secs_f64());
        self.seconds.sort_by(f64::total_cmp);
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |i: usize| self.seconds.get(i).copied().unwrap_or(f64::NAN);
        let last = self.seconds.len().saturating_sub(1);
        write!(f, "{:>8}, {:.2} ({:.2} to {:.2})", self.requests, at(last / 2), at(0), at(last))
    }
}
