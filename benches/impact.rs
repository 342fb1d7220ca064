//! What guardrails cost: decisions a second, and the whole impact of one changed policy at the root on every account and every action of
//! the catalogue. CPU time of a process of its own; no AWS, no sandbox.
//!
//! `cargo bench --bench impact` runs 100, 1,000 and 5,000 accounts; `-- 5000` runs one size.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a benchmark fails")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use overlord::config::{self, Files};
use overlord::policy::{Catalogue, Evaluator, Hierarchy, Outcome, Place, Question, decide, impact};
use overlord::resource::Desired;

const SIZES: [usize; 3] = [100, 1_000, 5_000];
const OUS: usize = 60;
const DECISIONS: usize = 200_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| arguments.get(at).and_then(|a| a.parse::<usize>().ok());
    if let Some(accounts) = arguments.iter().position(|a| a == "--one").and_then(|at| number(at + 1)) {
        return measured(accounts);
    }
    println!(" accounts  actions | read s  impact s  of them lost | the same, asking who | {:>13} {:>9}", "decisions a s", "µs each");
    for size in arguments.iter().skip(1).find_map(|a| a.parse().ok()).map_or(SIZES.to_vec(), |one| vec![one]) {
        assert!(Command::new(&arguments[0]).arg("--one").arg(size.to_string()).status().unwrap().success());
    }
}

/// Guardrails as they are in use: Regions, roots, trails, an allow-list of services on every third OU, a policy of each OU's own.
fn policies(root: &str) -> BTreeMap<String, String> {
    let deny = |statement: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", {statement}}}]}}"#);
    let mut all = BTreeMap::from([
        ("root".to_owned(), deny(root)),
        (
            "regions".to_owned(),
            deny(
                r#""NotAction": ["iam:*", "sts:*", "organizations:*", "route53:*", "cloudfront:*", "support:*"], "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]},
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}"#,
            ),
        ),
        (
            "trail".to_owned(),
            deny(r#""Action": ["cloudtrail:Stop*", "cloudtrail:Delete*", "config:Delete*", "guardduty:D*"], "Resource": "*""#),
        ),
        ("people".to_owned(), deny(r#""Action": ["iam:CreateUser", "iam:CreateAccessKey", "iam:*LoginProfile"], "Resource": "*""#)),
    ]);
    let catalogue = Catalogue::built_in();
    let services: Vec<&str> =
        catalogue.known_actions().filter_map(|(action, _)| action.split_once(':')).map(|(service, _)| service).collect();
    let mut services: Vec<&str> = services.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    services.truncate(250);
    let list: Vec<String> = services.iter().map(|service| format!("\"{service}:*\"")).collect();
    let allow =
        format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": [{}], "Resource": "*"}}]}}"#, list.join(","));
    all.insert("list".to_owned(), allow);
    for ou in 0..OUS {
        let service = services[ou % services.len()];
        all.insert(format!("own-{ou}"), deny(&format!(r#""Action": ["{service}:Delete*", "s3:Put*"], "Resource": "arn:aws:*:::x{ou}/*""#)));
    }
    all
}

fn desired(accounts: usize, root: &str) -> Desired {
    let policies = policies(root);
    let mut toml =
        "[organization]\nmanagement_account = \"111111111111\"\npolicies = [\"FullAWSAccess\", \"root\", \"regions\", \"trail\"]\n\
                    [limits]\naccounts = 50000\nous = 2000\n"
            .to_owned();
    for name in policies.keys() {
        let _ = writeln!(toml, "[policy.{name}]");
    }
    for ou in 0..OUS {
        let allow = if ou % 3 == 0 { "list" } else { "FullAWSAccess" };
        let parent = if ou % 4 == 0 { String::new() } else { format!("parent = \"ou{}\"\n", ou / 4 * 4) };
        let _ = writeln!(toml, "[ou.ou{ou}]\n{parent}policies = [\"{allow}\", \"own-{ou}\", \"people\"]");
    }
    for account in 0..accounts {
        let _ = writeln!(toml, "[account.a{account:05}]\nemail = \"aws+{account}@example.org\"\nou = \"ou{}\"", account % OUS);
    }
    let file = |path: &Path| -> std::io::Result<Vec<u8>> {
        let name = path.file_stem().unwrap().to_str().unwrap();
        policies.get(name).map(|text| text.clone().into_bytes()).ok_or(std::io::ErrorKind::NotFound.into())
    };
    match config::load_untested_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &file)) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{:#?}", diagnostics.first()),
    }
}

/// The statement of the root's policy before and after; the second asks which account it is.
const BEFORE: &str = r#""Action": ["s3:DeleteBucket"], "Resource": "*""#;
const AFTER: &str = r#""Action": ["s3:Delete*", "s3:*Public*", "ec2:*Vpn*"], "Resource": "*""#;
const ASKING: &str = r#""Action": ["s3:Delete*", "s3:*Public*", "ec2:*Vpn*"], "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}"#;

fn measured(accounts: usize) {
    let configurations = [BEFORE, AFTER, ASKING].map(|root| desired(accounts, root));
    let start = cpu_seconds();
    let [before, after, asking] = configurations.each_ref().map(overlord::guardrails::hierarchy);
    let read = cpu_seconds() - start;
    let compared = |other: &Hierarchy| {
        let start = cpu_seconds();
        let impact = impact(&before, other, &Catalogue::built_in());
        (cpu_seconds() - start, impact)
    };
    let (cpu, found) = compared(&after);
    let (asking, _) = compared(&asking);
    assert_eq!(found.accounts, accounts);
    let shifts = |of: &overlord::policy::Group| of.shifts.iter().map(|shift| shift.actions.count * of.accounts.len()).sum::<usize>();
    let lost: usize = found.groups.iter().map(shifts).sum();
    assert!(found.groups.iter().map(|group| group.accounts.len()).sum::<usize>() == accounts && lost > accounts);
    let (decided, decisions) = decisions(&before);
    println!(
        "{accounts:>9} {:>8} | {read:>6.2} {cpu:>9.2} {lost:>13} | {asking:>20.2} | {:>13.0} {:>9.2}",
        found.actions,
        decisions as f64 / decided,
        decided * 1e6 / decisions as f64,
    );
}

/// Decisions one by one, as `policy explain` makes them: CPU seconds, and how many.
fn decisions(hierarchy: &Hierarchy) -> (f64, usize) {
    let accounts: Vec<_> = hierarchy.accounts().take(100).cloned().collect();
    let actions: Vec<_> = Catalogue::built_in().known_actions().step_by(97).map(|(action, _)| action.to_owned()).collect();
    let catalogue = Catalogue::built_in();
    let evaluator = Evaluator::new(hierarchy, &catalogue);
    let questions = accounts.iter().flat_map(|account| actions.iter().map(move |action| (account, action))).cycle().take(DECISIONS);
    let requests: Vec<_> = questions
        .take(20_000)
        .map(|(account, action)| {
            let account = Place::of(account, hierarchy);
            let question = Question { account, principal: None, action: action.clone(), resource: None, owner: None, facts: Vec::new() };
            evaluator.request(&question)
        })
        .collect();
    let start = cpu_seconds();
    let decided = requests.iter().cycle().take(DECISIONS).map(|request| decide(request, hierarchy).outcome);
    let denied = decided.filter(|outcome| matches!(outcome, Outcome::ExplicitDeny | Outcome::ImplicitDeny)).count();
    assert!(denied > 0 && denied < DECISIONS);
    (cpu_seconds() - start, DECISIONS)
}

/// User and system time of this process; Linux only, like the figures in the documentation.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    // USER_HZ is 100 on every Linux that Rust runs on.
    ticks as f64 / 100.0
}
