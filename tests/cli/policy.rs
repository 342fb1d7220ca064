//! `overlord policy`: decisions and tests of guardrails, offline.

use std::fs;

use serde_json::{Value, json};

use crate::cli::case::*;
use crate::cli::snapshots::snapshot;

const TESTS: &str = r#"
[[test]]
name = "nobody & nothing leaves"
deny = ["organizations:LeaveOrganization"]

[[test]]
name = "work <goes on>"
accounts = { ou = "work" }
principals = ["role/Dev"]
allow = ["ec2:*", "organizations:DescribeOrganization"]
"#;

#[test]
fn a_decision_is_told_level_by_level() {
    let case = Case::example();
    let explain = |arguments: &[&str]| case.run(&[&["policy", "explain"], arguments].concat());
    let denied = ["--account", "billing-prod", "--action", "gamelift:CreateFleet"];
    snapshot("explain-implicit.txt", &explain(&denied).ends(2).out);
    let guarded = ["--account", "website-dev", "--action", "cloudtrail:StopLogging", "--principal", "role/Dev"];
    snapshot("explain-explicit.txt", &explain(&guarded).ends(2).out);
    snapshot("explain.md", &explain(&[&guarded[..], &["--format", "markdown"]].concat()).ends(2).out);
    let open = ["--account", "billing-prod", "--action", "s3:PutObject"];
    snapshot("explain-unknown.txt", &explain(&open).ends(3).out);
    let known = ["--principal", "role/Dev", "--context", "aws:RequestedRegion=eu-west-1", "--context", "aws:SecureTransport=true"];
    snapshot("explain-within.txt", &explain(&[&open[..], &known].concat()).ends(0).out);
    snapshot("explain-management.txt", &explain(&["--account", "111111111111", "--action", "s3:*"]).ends(0).out);
}

#[test]
fn a_program_reads_the_same_decision() {
    let case = Case::example();
    let document = case
        .run(&[
            "policy",
            "explain",
            "--account",
            "website-dev",
            "--action",
            "cloudtrail:StopLogging",
            "--principal",
            "role/Dev",
            "--format",
            "json",
        ])
        .ends(2)
        .json();
    assert_eq!(document["decision"], "explicit-deny");
    let cause = json!({"family": "scp", "level": "organization.main", "policy": "protect-audit-trail", "statement": 1,
        "title": "ProtectAuditTrail", "file": "policies/protect-audit-trail.json", "line": 5});
    assert_eq!(document["cause"], cause);
    let levels: Vec<&str> = document["scp"]["levels"].as_array().unwrap().iter().map(|l| l["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["organization.main", "ou.workloads", "ou.general", "account.website-dev"]);
    assert_eq!(document["rcp"]["binds"], Value::Bool(false));
}

#[test]
fn a_question_that_cannot_be_asked_is_an_error() {
    let case = Case::small();
    let explain = |arguments: &[&str]| case.run(&[&["policy", "explain"], arguments].concat()).ends(1);
    explain(&["--account", "adit", "--action", "s3:*"]).says(&["no account `adit`", "did you mean `audit`?"]);
    explain(&["--account", "audit", "--action", "s3"]).says(&["`s3` is not an action"]);
    explain(&["--account", "audit", "--action", "s3:*", "--context", "x"]).says(&["KEY=VALUE"]);
    explain(&["--account", "audit", "--action", "s3:*", "--resource-account", "nobody"]).says(&["no account `nobody`"]);
    let document = explain(&["--account", "adit", "--action", "s3:*", "--format", "json"]).json();
    assert_eq!(document["error"]["message"], "org.toml has no account `adit`");
}

#[test]
fn whose_the_resource_is_decides_about_resource_control_policies() {
    let case = Case::new(
        &SMALL
            .replace("\"deny-leave\"]", "\"deny-leave\", \"require-tls\"]")
            .replace("[ou.work]", "[ou.work]\n[policy.require-tls]\ntype = \"rcp\""),
    );
    let ask = |of: &[&str]| {
        let question = ["policy", "explain", "--account", "audit", "--action", "s3:GetObject", "--context", "aws:SecureTransport=false"];
        case.run(&[&question[..], of].concat())
    };
    ask(&[]).ends(2);
    ask(&["--resource-account", "web"]).ends(2);
    ask(&["--resource-account", "111111111111"]).ends(0);
    ask(&["--resource-account", "222222222222"]).ends(0);
    ask(&["--resource", "arn:aws:s3:::bucket/key"]).ends(2);
    ask(&["--principal", "cloudtrail.amazonaws.com"]).ends(2);
}

#[test]
fn tests_run_like_tests() {
    let case = Case::new(&format!("{SMALL}{TESTS}"));
    snapshot("policy-test.txt", &case.run(&["policy", "test"]).ends(0).out);
    case.run(&["validate"]).ends(0);
    case.edit("org.toml", "\"ec2:*\"", "\"ec2:*\", \"organizations:*\"");
    snapshot("policy-test-failing.txt", &case.run(&["policy", "test"]).ends(1).out);
    snapshot("policy-test-failing.md", &case.run(&["policy", "test", "--format", "markdown"]).ends(1).out);
    snapshot("policy-test.xml", &case.run(&["policy", "test", "--format", "junit"]).ends(1).out);
    let document = case.run(&["policy", "test", "--format", "json"]).ends(1).json();
    let passed: Vec<&Value> = document["results"].as_array().unwrap().iter().map(|result| &result["passed"]).collect();
    assert_eq!((&document["passed"], passed), (&json!(false), vec![&json!(true), &json!(true), &json!(false), &json!(true)]));
}

/// What a test refuses is neither planned nor applied; explaining it works all the same.
#[test]
fn a_failing_test_stops_what_it_guards() {
    let case = Case::new(&format!("{SMALL}{TESTS}"));
    case.edit("org.toml", "deny = [\"organizations:LeaveOrganization\"]", "allow = [\"organizations:LeaveOrganization\"]");
    for command in [&["validate"][..], &["plan", "--sandbox"], &["apply", "--sandbox", "--yes"]] {
        case.run(command).ends(1).says(&["error[policy-test-failed]", "this decides, attached to the root"]);
    }
    assert!(!case.path(".overlord").exists(), "the sandbox was touched");
    case.run(&["policy", "explain", "--account", "web", "--action", "organizations:LeaveOrganization"]).ends(2);
}

#[test]
fn junit_is_for_tests_alone() {
    let case = Case::small();
    for command in [&["validate"][..], &["plan", "--sandbox"], &["policy", "explain", "--account", "web", "--action", "s3:*"]] {
        case.run(&[command, &["--format", "junit"]].concat()).ends(1).says(&["only `policy test` and `drift` have results for JUnit"]);
    }
    case.run(&["policy", "test"]).ends(0).says(&["no [[test]]"]);
    fs::write(case.path("policies/deny-leave.json"), r#"{"Statement": [{"Effect": "Denied"}]}"#).unwrap();
    case.run(&["policy", "test"]).ends(1).says(&["error[policy-malformed]"]);
}

const LINTED: &str = r#"
[policy.keep]
"#;

#[test]
fn lints_tell_and_only_errors_fail() {
    let config = SMALL.to_owned() + LINTED;
    let lint = |statement: &str, more: &str, arguments: &[&str]| {
        let document = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
        let case = Case::new(&format!("{config}{more}"));
        fs::write(case.path("policies/keep.json"), document).unwrap();
        case.run(&[&["policy", "lint"], arguments].concat())
    };
    let fine = r#"{"Sid": "Keep", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}"#;
    lint(fine, "", &["--strict"]).ends(0);
    let unnamed = r#"{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}"#;
    assert!(lint(unnamed, "", &["--strict"]).ends(0).out.contains("hint[missing-sid]"));
    let misspelled = r#"{"Sid": "Keep", "Effect": "Deny", "Action": "s3:DeleteBuckets", "Resource": "*"}"#;
    assert!(lint(misspelled, "", &[]).ends(0).out.contains("warning[unknown-action]"));
    lint(misspelled, "", &["--strict"]).ends(1);
    let told = lint(misspelled, r#"suppress = { "unknown-action" = "it is new" }"#, &["--strict", "--format", "json"]).ends(0).json();
    assert_eq!(told["suppressed"], json!([{"policy": "keep", "rule": "unknown-action", "reason": "it is new", "findings": 1}]));
    assert_eq!(told["findings"], json!([]));
    let refused = r#"{"Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}"#;
    let told = lint(refused, "", &["--format", "json"]).ends(1).json();
    assert_eq!((&told["errors"], &told["findings"][0]["code"]), (&json!(1), &json!("unsupported-element")));
}

#[test]
fn what_aws_would_refuse_stops_a_plan_unless_it_is_suppressed() {
    let refused = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}"#;
    let run = |more: &str, command: &[&str]| {
        let case = Case::new(&format!("{SMALL}{LINTED}{more}"));
        fs::write(case.path("policies/keep.json"), refused).unwrap();
        case.run(command)
    };
    for command in [&["validate"][..], &["plan", "--sandbox"], &["apply", "--sandbox", "--yes"]] {
        run("", command).ends(1).says(&["error[unsupported-element]", "policies/keep.json"]);
    }
    run(r#"suppress = { "unsupported-element" = "AWS takes it since yesterday" }"#, &["validate"]).ends(0);
}

#[test]
fn many_accounts_and_actions_are_asked_at_once() {
    let case = Case::new(&format!("{SMALL}{LINTED}"));
    let document =
        r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Keep", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]}"#;
    fs::write(case.path("policies/keep.json"), document).unwrap();
    let explain = |arguments: &[&str]| case.run(&[&["policy", "explain"], arguments].concat());
    let text = explain(&["--account", "*", "--action", "organizations:LeaveOrganization"]).ends(0).out;
    assert!(text.contains("explicitly denied: 1 action: organizations:LeaveOrganization"), "{text}");
    let told = explain(&["--account", "web", "--action", "*", "--each", "--format", "json"]).ends(0).json();
    let denied = &told["groups"][0]["actions"]["explicit-deny"];
    assert_eq!(denied, &json!({"account": ["CloseAccount"], "organizations": ["LeaveOrganization"]}));
    let services = told["groups"][0]["actions"]["within-guard-rails"].as_object().unwrap();
    assert!(services.len() > 400, "{}", services.len());
    explain(&["--account", "web", "--action", "s3:Nothing*", "--each"]).ends(1).says(&["matches none of AWS's actions"]);
    explain(&["--account", "999999999999", "--action", "s3:*", "--each"]).ends(1).says(&["bound by no guardrails"]);
}

/// A guardrail to begin with: written once, for the Regions and the role of org.toml, and without a finding where it is attached.
#[test]
fn a_new_guardrail_is_written_and_never_over_a_file() {
    let case = Case::small();
    fs::remove_file(case.path("policies/region-guard.json")).unwrap();
    let listed = case.run(&["policy", "new"]).ends(0).out;
    assert!(listed.contains("region-guard") && listed.contains("require-tls"), "{listed}");
    let names = case.run(&["policy", "new", "--format", "json"]).ends(0).json();
    assert!(names["policies"].as_array().unwrap().iter().any(|policy| policy["name"] == "region-guard"));

    let regions = ["--region", "eu-west-1", "--region", "eu-central-1"];
    let new = |arguments: &[&str]| case.run(&[&["policy", "new"], arguments].concat());
    let ran = new(&[&["region-guard"], &regions[..]].concat()).ends(0);
    ran.says(&["[policy.region-guard]", "FullAWSAccess"]);
    let path = case.path("policies/region-guard.json");
    let text = fs::read_to_string(&path).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["Statement"][0]["Condition"]["StringNotEquals"]["aws:RequestedRegion"], json!(["eu-central-1", "eu-west-1"]));
    for service in ["iam", "route53", "cloudfront", "support", "budgets", "organizations"] {
        let exempt = document["Statement"][0]["NotAction"].as_array().unwrap();
        assert!(exempt.contains(&json!(format!("{service}:*"))), "{service}");
    }

    new(&[&["region-guard"], &regions[..]].concat()).ends(1).says(&["already exists", "--key"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    new(&["region-guard", "--key", "only-here"]).ends(0);
    assert!(case.path("policies/only-here.json").exists());
    new(&["region-gard"]).ends(1).says(&["region-guard"]);
    new(&["deny-leave", "--region", "eu-west-1"]).ends(1).says(&["not about Regions"]);
    new(&["region-guard", "--key", "../x"]).ends(1);
    new(&["region-guard", "--key", "y", "--region", "eu-west-9"]).ends(1).says(&["unknown Region `eu-west-9`", "did you mean"]);
}
