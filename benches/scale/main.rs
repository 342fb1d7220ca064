//! How many calls a run makes and how long AWS's published rates let it take, against the lower bound of those rates. In virtual time
//! on the sandbox, so the answers are counts and ratios; own CPU time and peak memory (the sandbox's world included) stand beside them.
//!
//! `cargo bench --bench scale` runs the organization alone with 100, 1,000 and 5,000 accounts, and then with networks in one and in four
//! Regions. `cargo bench --bench scale -- networks 5000 4` runs one size of networks alone, `-- drift 1000` the looks for drift. Each figure comes from a process of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a benchmark fails")]

mod drift;
mod measure;
mod networks;
mod organization;

use std::path::{Path, PathBuf};
use std::process::Command;

use overlord::aws::{Access, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};
use overlord::sandbox::{Sandbox, ServerRates, Weather};

const MANAGEMENT: &str = "111111111111";
/// What AWS takes to answer, in milliseconds; a guess, and the same for everybody.
const LATENCY_MS: u64 = 50;
/// What it takes to make an account, in milliseconds; a guess too.
const CREATION_MS: u64 = 10_000;
/// What it takes to make a NAT gateway.
const NAT_GATEWAY_MS: u64 = 100_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| *argument != "--bench").collect();
    match arguments.as_slice() {
        [] => {
            organization::all();
            networks::all();
            drift::some(1_000);
        }
        ["drift", accounts] => drift::some(number(accounts)),
        ["drift", world, accounts, each, look] => {
            in_virtual_time(drift::step(Path::new(world), number(accounts), number(each), look));
        }
        ["networks", accounts, regions] => networks::some(&[networks::Size { accounts: number(accounts), regions: number(regions) }]),
        ["organization", step, world, size] => in_virtual_time(organization::step(step, Path::new(world), number(size))),
        ["network", step, world, accounts, regions] => {
            let size = networks::Size { accounts: number(accounts), regions: number(regions) };
            in_virtual_time(networks::step(step, Path::new(world), size));
        }
        other => panic!("`{other:?}`: give nothing, `networks <accounts> <regions>` or `drift <accounts>`"),
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap()
}

/// Runs this program again, for one figure.
fn again(arguments: &[&str]) {
    assert!(Command::new(std::env::current_exe().unwrap()).args(arguments).status().unwrap().success());
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

async fn sessions(sandbox: &Sandbox) -> Sessions {
    let (transport, interrupt) = (sandbox.http_client(), Interrupt::default());
    let request_gate =
        RequestGate::new(RequestGateOptions { mode: Mode::ReadOnly, rates: Rates::Published, trace: None, transport, interrupt });
    let access = Access::Sandbox { management_account: MANAGEMENT.to_owned() };
    Sessions::load(access, request_gate, "us-east-1", "OrganizationAccountAccessRole").await.unwrap()
}

fn open(world: &Path) -> Sandbox {
    let weather = Weather {
        latency_ms: LATENCY_MS,
        rates: ServerRates::Published,
        create_account_ms: CREATION_MS,
        nat_gateway_ms: NAT_GATEWAY_MS,
        account_quota: Some(50_000),
        ..Weather::default()
    };
    Sandbox::open(world, MANAGEMENT, weather).unwrap()
}
