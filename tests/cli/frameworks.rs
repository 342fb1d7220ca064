//! Frameworks, and what is packed: policies that are made of lists and of other policies, and what is told of them.

use std::fs;

use serde_json::{Value, json};

use crate::cli::case::*;
use crate::cli::snapshots::snapshot;

#[test]
fn a_framework_becomes_a_policy() {
    let case = Case::example();
    let generate = |arguments: &[&str]| case.run(&[&["policy", "generate", "--framework"], arguments].concat());
    assert_eq!(generate(&["hipaa"]).ends(0).out, fs::read_to_string(case.path("policies/allow-hipaa.json")).unwrap());
    snapshot("generate-deny.json", &generate(&["hipaa", "--form", "deny"]).ends(0).out);
    let minified = generate(&["pci", "--form", "deny", "--minified"]).ends(0);
    let document = generate(&["pci", "--form", "deny", "--format", "json"]).ends(0).json();
    assert_eq!(minified.json(), document["document"]);
    assert_eq!((minified.out.trim_end().len(), &document["limit"]), (document["size"].as_u64().unwrap() as usize, &json!(10240)));
    generate(&["hippa"]).ends(1).says(&["no framework `hippa`", "there are `hipaa`, `pci`"]);
    case.edit("org.toml", "[limits]", "[limits.policy.scp]\nsize = 2000\n[limits]");
    // Too long for what the limit is now: the configuration, and so the command, says so.
    generate(&["hipaa"]).ends(1).says(&["error[policy-too-large]"]);
    case.edit("org.toml", "[limits]", "[limits]\n");
    case.edit("org.toml", "trusted_services", "pack_policies = true\ntrusted_services");
    generate(&["hipaa"]).ends(0).says(&["2000 is the limit: with `pack_policies = true` in [organization] it becomes 2 policies"]);
    generate(&["hipaa", "--form", "deny"]).ends(0).says(&["it cannot be cut"]);
    case.run(&["validate"]).ends(0);
}

/// A list is brought up to date: the file, the policy, and what the report says before and after.
#[test]
fn a_generated_policy_takes_the_place_of_the_old_one() {
    let case = Case::example();
    let of_dev = || {
        let document = case.run(&["report", "compliance", "--format", "json"]).ends(0).json();
        let account = document["accounts"].as_array().unwrap().iter().find(|a| a["account"] == "records-dev").unwrap().clone();
        account["frameworks"][0].clone()
    };
    assert_eq!(of_dev()["standing"], "restricted");
    case.edit("policies/frameworks/hipaa.toml", "\"AWS Batch\" = [\"batch\"]\n", "");
    assert_eq!(of_dev()["standing"], "exceptions");
    assert_eq!(of_dev()["exceptions"].as_object().unwrap().keys().collect::<Vec<_>>(), ["batch"]);
    let file = case.path("policies/allow-hipaa.json");
    let printed = case.run(&["policy", "generate", "--framework", "hipaa", "--out", file.to_str().unwrap()]).ends(0);
    assert_eq!(printed.out, "");
    assert!(!fs::read_to_string(file).unwrap().contains("batch:*"));
    assert_eq!(of_dev()["standing"], "restricted");
}

/// `policy lint` has nothing to say of what is generated, in either shape.
#[test]
fn what_is_generated_is_clean() {
    for form in ["allow", "deny"] {
        let case = Case::example();
        let file = case.path("policies/allow-pci.json");
        case.run(&["policy", "generate", "--framework", "pci", "--form", form, "--out", file.to_str().unwrap()]).ends(0);
        if form == "deny" {
            // That form stands beside what allows.
            for _ in 0..2 {
                case.edit("org.toml", "policies = [\"allow-pci\"]", "policies = [\"FullAWSAccess\", \"allow-pci\"]");
            }
        }
        let linted = case.run(&["policy", "lint", "--strict", "--format", "json"]).ends(0).json();
        let of_policy = |finding: &&Value| finding["file"].as_str().is_some_and(|file| file.ends_with("allow-pci.json"));
        let found: Vec<&Value> = linted["findings"].as_array().unwrap().iter().filter(of_policy).collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn who_is_restricted_to_what() {
    let case = Case::example();
    let report = |arguments: &[&str]| case.run(&[&["report", "compliance"], arguments].concat()).ends(0).out;
    snapshot("compliance.txt", &report(&[]));
    snapshot("compliance.md", &report(&["--format", "markdown"]));
    let csv = report(&["--csv"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "account,ou,framework,list_as_of,reviewed,standing,services_open,access_role_exempt");
    assert_eq!(lines.len(), 1 + 2 * (63 + 1));
    assert!(lines.contains(&"records-dev,hipaa,hipaa,2022-04-18,2026-11-20,restricted,,no"), "{csv}");
    let words = [report(&[]), report(&["--format", "json"]), csv].concat().to_lowercase();
    assert!(!words.contains("is compliant") && !words.contains("are compliant"));
    case.edit("org.toml", "[organization]", "[organization]\nservice_control_policies = false");
    case.run(&["report", "compliance"]).ends(1).says(&["error["]);
    let none = Case::small();
    let left = "\n[framework.pci]\n[organization]\nservice_control_policies = false\nmanagement_account = \"111111111111\"";
    let left = Case::new(left);
    left.run(&["report", "compliance"]).ends(1).says(&["leaves service control policies alone"]);
    none.run(&["report", "compliance"]).ends(1).says(&["org.toml has no framework", "[framework.hipaa]"]);
}

/// Where a list is opened by another, beside a level that is not.
#[test]
fn exceptions_are_named_by_service() {
    let case = Case::example();
    let more = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "More", "Effect": "Allow",
        "Action": ["bedrock:*", "gamelift:CreateFleet", "gamelift:List*"], "Resource": "*"}]}"#;
    fs::write(case.path("policies/allow-more.json"), more).unwrap();
    case.edit("org.toml", "policies = [\"allow-hipaa\"]", "policies = [\"allow-hipaa\", \"allow-more\"]\n[policy.allow-more]");
    snapshot("compliance-exceptions.txt", &case.run(&["report", "compliance"]).ends(0).out);
}

/// Packed and unpacked, a decision is told with the file and line of the statement.
#[test]
fn what_is_packed_is_told_where_it_is_written() {
    let case = Case::small();
    for name in ["keep-data", "deny-root-user", "protect-audit-trail"] {
        case.edit("org.toml", "[policy.deny-leave]", &format!("[policy.{name}]\n[policy.deny-leave]"));
    }
    let all = r#"policies = ["FullAWSAccess", "deny-leave", "keep-data", "deny-root-user", "protect-audit-trail"]"#;
    case.edit("org.toml", r#"policies = ["FullAWSAccess", "deny-leave"]"#, all);
    let ask = ["policy", "explain", "--account", "web", "--action", "s3:DeleteBucket", "--principal", "role/Dev", "--format", "json"];
    let before = case.run(&ask).ends(2).json();
    case.edit("org.toml", "[ou.work]", "[limits.policy.scp]\nattached = 3\n[ou.work]");
    case.run(&["validate"]).ends(1).says(&["error[too-many-attached]", "`pack_policies = true`", "3 of them are merged into 1"]);
    case.edit("org.toml", "home_region", "pack_policies = true\nhome_region");
    let after = case.run(&ask).ends(2).json();
    assert_eq!(after["cause"]["policy"], "packed.organization.scp.1");
    for told in ["file", "line", "title"] {
        assert_eq!(after["cause"][told], before["cause"][told], "{told}");
    }
    let lints = |case: &Case| case.run(&["policy", "lint", "--strict"]).ends(0).out;
    assert!(lints(&case).contains("0 errors, 0 warnings"), "{}", lints(&case));
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.run(&["plan", "--sandbox"]).ends(0);
}
