//! What mistakes cost: org.toml with thousands of them, found and rendered, as text and as data. CPU time, and how it grows with their number.
//!
//! `cargo bench --bench diagnostics` fails where four times the mistakes cost more than eight times the time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a benchmark fails")]

use std::path::Path;

use overlord::config::{self, Files};
use overlord::render::{Style, diagnostic};

const FEW: usize = 2_000;
const MANY: usize = 4 * FEW;
/// Four would be linear; what is quadratic costs sixteen times as much.
const MOST: f64 = 8.0;
/// Below this, the clock's own resolution decides.
const LEAST: f64 = 0.05;

/// A section with a mistake, by its number.
type Mistake = fn(usize) -> String;

const MISTAKES: [(&str, Mistake); 7] = [
    ("unknown OU", |n| account(n, "ou = \"nowhere\"")),
    ("bad e-mail", |n| format!("[account.a{n}]\nou = \"root\"\nemail = \"a b{n}@example.org\"\n")),
    ("unknown key", |n| account(n, "ou = \"root\"\ncolour = \"red\"")),
    ("unknown Region", |n| account(n, "ou = \"root\"\nregions = [\"xx-north-9\"]")),
    ("unknown policy", |n| account(n, "ou = \"root\"\npolicies = [\"FullAWSAccess\", \"none\"]")),
    ("moved to nothing", |n| format!("{}[[moved]]\nfrom = \"account.old{n}\"\nto = \"account.new{n}\"\n", account(n, "ou = \"root\""))),
    ("test of an unknown account", |n| {
        format!("{}[[test]]\nname = \"t{n}\"\naccounts = [\"none{n}\"]\nallow = [\"s3:ListBucket\"]\n", account(n, "ou = \"root\""))
    }),
];

fn account(n: usize, more: &str) -> String {
    format!("[account.a{n}]\nemail = \"a{n}@example.org\"\n{more}\n")
}

fn main() {
    println!("{:<28} {:>8} {:>8} {:>8} {:>6}", "mistake", "found", "CPU s", "CPU s", "ratio");
    for (name, mistake) in MISTAKES {
        let ((few, _), (many, found)) = (cost(FEW, mistake), cost(MANY, mistake));
        let ratio = many / few.max(LEAST);
        println!("{name:<28} {found:>8} {few:>8.2} {many:>8.2} {ratio:>6.1}");
        assert!(ratio <= MOST, "{name}: {FEW} cost {few:.2} s and {MANY} cost {many:.2} s");
    }
}

/// CPU seconds of so many mistakes, and how many were found.
fn cost(mistakes: usize, mistake: Mistake) -> (f64, usize) {
    let mut toml = "[organization]\nmanagement_account = \"111111111111\"\n[limits]\naccounts = 50000\n".to_owned();
    toml.extend((0..mistakes).map(mistake));
    let start = cpu_seconds();
    let loaded =
        config::load_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &|_| Err(std::io::ErrorKind::NotFound.into())));
    let found = loaded.err().unwrap();
    let text = diagnostic::render(&found, Style::default());
    let data: Vec<_> = found.iter().map(diagnostic::json).collect();
    let cpu = cpu_seconds() - start;
    assert!(!text.is_empty() && data.len() >= mistakes, "{} of {mistakes} were found", data.len());
    (cpu, data.len())
}

/// User and system time of this process; Linux only, like the figures in the documentation.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    // USER_HZ is 100 on every Linux that Rust runs on.
    ticks as f64 / 100.0
}
