//! What linting the worst documents of legal size costs, and `[[test]]` in 4,963 accounts: CPU seconds, printed as a table. `cargo bench --bench lint`.

#![allow(clippy::panic, reason = "a panic is how a benchmark fails")]

use std::sync::Arc;

use overlord::address::Address;
use overlord::diagnostic::{Source, Span};
use overlord::policy::{
    Attached, Catalogue, Evaluator, Expectation, Expected, Family, Hierarchy, Level, Policy, Setting, Subject, Test, lint,
};

#[path = "../tests/policy/worst.rs"]
mod worst;

/// Those of the measurement that found it too slow.
const ACCOUNTS: usize = 4_963;

fn main() {
    println!("| what | CPU seconds |\n| --- | --- |");
    for (what, text) in worst::documents() {
        println!("| lint: {what} | {:.3} |", linted(&text));
    }
    println!("| two tests in {ACCOUNTS} accounts | {:.3} |", tested());
}

fn attached(name: &str, policy: &Arc<Policy>) -> Attached {
    Attached { name: name.into(), policy: Some(Arc::clone(policy)) }
}

/// Beside itself under other names, as often as a level takes policies.
fn linted(text: &str) -> f64 {
    let policy = Arc::new(Policy::parse(text).unwrap_or_else(|e| panic!("{e:?}")));
    let scps = (0..10).map(|number| attached(&format!("p{number}"), &policy)).collect();
    let root = Address::new("organization", "main");
    let hierarchy = Hierarchy { levels: [(root, Level { scps, ..Level::default() })].into(), ..Hierarchy::default() };
    let catalogue = Catalogue::built_in();
    let setting = Setting {
        hierarchy: &hierarchy,
        catalogue: &catalogue,
        access_role: "OrganizationAccountAccessRole",
        access_actions: &[],
        regions: &["eu-west-1"],
        added_regions: &Default::default(),
    };
    let subject = Subject { name: "p9", family: Family::Scp, policy: &policy, size: text.len(), limit: worst::SIZE };
    let start = cpu_seconds();
    let found = lint(&subject, &setting).len();
    assert!(found > 0);
    cpu_seconds() - start
}

fn tested() -> f64 {
    let policy = |statement: &str| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
        Arc::new(Policy::parse(&text).unwrap_or_else(|e| panic!("{e:?}")))
    };
    let everything = policy(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    let guard = policy(
        r#"{"Effect": "Deny", "Action": ["cloudtrail:*", "config:*"], "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}}"#,
    );
    let root = Address::new("organization", "main");
    let mut hierarchy = Hierarchy { management: "111111111111".to_owned(), families: [Family::Scp].into(), ..Hierarchy::default() };
    let scps = vec![attached("FullAWSAccess", &everything), attached("guard", &guard)];
    hierarchy.levels.insert(root.clone(), Level { scps, ..Level::default() });
    let accounts: Vec<Address> = (0..ACCOUNTS).map(|number| Address::new("account", format!("a{number}"))).collect();
    for account in &accounts {
        let scps = vec![attached("FullAWSAccess", &everything)];
        hierarchy.levels.insert(account.clone(), Level { parent: Some(root.clone()), scps, ..Level::default() });
    }
    let at = Span { source: Arc::new(Source::new("org.toml", "")), range: (0..0).into() };
    let expectation = |action: &str, expected| Expectation { action: action.to_owned(), expected, at: at.clone() };
    let test = |principals: &[&str], expectations| Test {
        name: "bench".to_owned(),
        at: at.clone(),
        accounts: accounts.clone(),
        principals: principals.iter().map(|principal| (*principal).to_owned()).collect(),
        resources: Vec::new(),
        facts: Vec::new(),
        expectations,
    };
    let tests = [
        test(&[], vec![expectation("s3:GetObject", Expected::Allow), expectation("sagemaker:*", Expected::Allow)]),
        test(
            &["role/Developer", "role/admin/Administrator"],
            vec![expectation("cloudtrail:StopLogging", Expected::Deny), expectation("config:StopConfigurationRecorder", Expected::Deny)],
        ),
    ];
    let catalogue = Catalogue::built_in();
    let start = cpu_seconds();
    let evaluator = Evaluator::new(&hierarchy, &catalogue);
    let failed = tests.iter().flat_map(|test| test.run(&evaluator)).filter(|result| !result.failures.is_empty()).count();
    assert_eq!(failed, 0);
    cpu_seconds() - start
}

/// User and system time of this process; Linux only, like the figures in the documentation.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}
