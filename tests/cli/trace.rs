//! `--trace`: every call, and nothing that is nobody's business.

use std::fs;

use crate::cli::case::*;
use crate::support::SandboxServer;

const KEY: &str = "AKIA111111111111";
const SECRET: &str = "wJalrXUtnFEMI-very-secret-bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "FwoGZXIvYXdzEBY-session-token-aDHexample";

#[test]
fn every_call_is_a_line_with_the_documented_fields() {
    let server = SandboxServer::start(&["--weather", "lost=0.2,errors=0.2,seed=3"]);
    let case = Case::small();
    let mut apply = case.client(server.url());
    apply.args(["apply", "--yes", "--trace", "trace.jsonl"]);
    apply.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_SESSION_TOKEN", TOKEN);
    Ran::of(&mut apply);

    let lines = trace(&case.path("trace.jsonl"));
    let documented = fs::read_to_string(crate::support::project("docs/commands.md")).unwrap();
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(line["sequence"], n + 1);
        for field in ["start", "service", "operation", "attempt", "waited_ms", "ms"] {
            assert!(!line[field].is_null(), "no {field}: {line}");
        }
        for field in line.as_object().unwrap().keys() {
            assert!(documented.contains(&format!("| `{field}` |")), "docs/commands.md does not tell of `{field}`");
        }
    }
    assert!(lines.iter().any(|line| line["attempt"].as_u64() > Some(1)), "no retry in such weather");
    assert!(lines.iter().any(|line| line["connection"].is_string()), "no lost answer in such weather");
    let text = fs::read_to_string(case.path("trace.jsonl")).unwrap();
    for secret in [KEY, SECRET, TOKEN, "aws+", "example.org", "Statement", "LeaveOrganization", "Signature", "authorization"] {
        assert!(!text.contains(secret), "the trace holds {secret}");
    }
}

#[test]
fn no_secret_is_printed() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    for arguments in [&["plan", "--detail", "--out", "plan.json"][..], &["plan", "--format", "json"], &["apply", "--yes"]] {
        let mut command = case.client(server.url());
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_SESSION_TOKEN", TOKEN);
        let ran = Ran::of(command.args(arguments));
        let saved = fs::read_to_string(case.path("plan.json")).unwrap();
        for secret in [KEY, SECRET, TOKEN] {
            assert!(![&ran.out, &ran.err, &saved].iter().any(|text| text.contains(secret)), "{arguments:?} shows {secret}");
        }
    }
}

#[test]
fn a_plan_only_reads() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    let planned = |expected| {
        case.run_at(server.url(), &["plan", "--trace", "trace.jsonl"]).ends(expected);
        let calls = operations(&case.path("trace.jsonl"));
        assert!(!calls.is_empty() && calls.iter().all(|operation| reads(operation)), "{calls:?}");
    };
    planned(2);
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    planned(0);
    case.edit("org.toml", "[ou.work]", "[ou.work]\nname = \"workloads\"");
    planned(2);
}

/// The work that docs/benchmarks.md compares: 3 OUs, 2 SCPs on 4 targets, 50 accounts with two tags each.
fn fifty_tagged_accounts() -> Case {
    let mut org = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
policies = ["FullAWSAccess", "deny-leave"]
[limits]
accounts = 100
[policy.deny-leave]
[policy.protect-audit-trail]
"#
    .to_owned();
    for (number, ou) in ["one", "two", "three"].iter().enumerate() {
        org += &format!("[ou.{ou}]\npolicies = [\"FullAWSAccess\", \"protect-audit-trail\"]\n");
        for account in (0..50).filter(|account| account % 3 == number) {
            org += &format!(
                "[account.a{account}]\nemail = \"aws+a{account}@example.org\"\nou = \"{ou}\"\ntags = {{ team = \"{ou}\", owner = \"x\" }}\n"
            );
        }
    }
    Case::new(&org)
}

#[test]
fn plan_without_changes_takes_under_twenty_requests_for_fifty_tagged_accounts() {
    let case = fifty_tagged_accounts();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.run(&["plan", "--sandbox", "--trace", "trace.jsonl"]).ends(0);
    let calls = operations(&case.path("trace.jsonl"));
    assert!(calls.len() < 20, "{}: {calls:?}", calls.len());
    // Where the index of tags is refused, the tags are read one by one.
    case.run(&["plan", "--sandbox", "--weather", "broken=tag:GetResources", "--trace", "trace.jsonl"]).ends(0);
    let direct = operations(&case.path("trace.jsonl")).iter().filter(|operation| operation.ends_with("ListTagsForResource")).count();
    assert_eq!(direct, 50);
}

/// A full disk: the run goes on, and says that the record is not whole.
#[cfg(target_os = "linux")]
#[test]
fn an_incomplete_trace_is_told() {
    let case = Case::small();
    case.run(&["plan", "--sandbox", "--trace", "/dev/full"]).ends(2).says(&["warning: the trace ends before call 1"]);
}
