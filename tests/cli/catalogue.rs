//! `overlord policy catalogue`: which list of AWS's actions is in use, and a newer one from AWS's own files.

use std::fs;

use serde_json::{Value, json};

use crate::cli::case::*;

/// What AWS publishes, of two services: `tomorrow` is one that the list which is built in does not have.
fn reference(case: &Case) {
    fs::create_dir(case.path("aws")).unwrap();
    let url = |service: &str| format!("https://servicereference.us-east-1.amazonaws.com/v1/{service}/{service}.json");
    let index = json!([{"service": "s3", "url": url("s3")}, {"service": "tomorrow", "url": url("tomorrow")}]);
    let s3 = json!({"Name": "s3", "Version": "v1.4", "Actions": [
        {"Name": "PutObject", "ActionConditionKeys": ["s3:TlsVersion"], "Resources": [{"Name": "object"}]}, {"Name": "ListAllMyBuckets"}]});
    let tomorrow = json!({"Name": "tomorrow", "Version": "v1.4", "Actions": [{"Name": "Act", "Resources": [{"Name": "thing"}]}]});
    for (name, text) in [("service-list", index), ("s3", s3), ("tomorrow", tomorrow)] {
        fs::write(case.path(&format!("aws/{name}.json")), text.to_string()).unwrap();
    }
}

const DENY: &str = r#"{"Version": "2012-10-17", "Statement": [
  {"Sid": "Tomorrow", "Effect": "Deny", "Action": ["tomorrow:Act", "ec2:RunInstances"], "Resource": "*"}]}"#;

/// The built-in list counts as new for 90 days. `SOURCE_DATE_EPOCH` stands for the clock.
#[test]
fn an_old_built_in_list_is_noted() {
    let case = Case::small();
    let built_in = case.run(&["policy", "catalogue", "--format", "json"]).ends(0).json();
    let date: aws_smithy_types::DateTime = aws_smithy_types::DateTime::from_str(
        &format!("{}T00:00:00Z", built_in["as_of"].as_str().unwrap()),
        aws_smithy_types::date_time::Format::DateTime,
    )
    .unwrap();
    let commands: [&[&str]; 3] = [&["validate"], &["policy", "lint"], &["policy", "catalogue"]];
    let notes = |days: i64| {
        let now = (date.secs() + days * 86_400).to_string();
        commands.map(|command| Ran::of(case.command().args(command).env("SOURCE_DATE_EPOCH", &now)).ends(0).err.contains("days old"))
    };
    assert_eq!(notes(90), [false; 3]);
    assert_eq!(notes(91), [true; 3]);
    // A list of the user's own is as old as the user wants it.
    reference(&case);
    case.run(&["policy", "catalogue", "--from", "aws", "--out", "policies/catalogue.txt", "--as-of", "2026-02-03"]).ends(0);
    case.edit("org.toml", "home_region", "catalogue = \"policies/catalogue.txt\"\nhome_region");
    assert_eq!(notes(91), [false; 3]);
}

#[test]
fn a_user_brings_a_newer_list() {
    let case = Case::small();
    reference(&case);
    fs::write(case.path("policies/deny-leave.json"), DENY).unwrap();
    let built_in = case.run(&["policy", "catalogue", "--format", "json"]).ends(0).json();
    assert_eq!(built_in["file"], Value::Null);
    assert!(built_in["actions"].as_u64() > Some(20_000) && built_in["as_of"].as_str().unwrap().starts_with("2026-"), "{built_in}");
    let told = case.run(&["policy", "lint"]).ends(0).out;
    assert!(told.contains("the service `tomorrow` is not in AWS's list of 2026-10-27") && !told.contains("`ec2"), "{told}");

    let made = case.run(&["policy", "catalogue", "--from", "aws", "--out", "policies/catalogue.txt", "--as-of", "2027-02-03"]).ends(0);
    assert_eq!(made.out.split(": ").nth(1).unwrap().split(" services").next(), Some("2"), "{}", made.out);
    let made = made.says(&["catalogue = \"policies/catalogue.txt\""]);
    assert!(made.out.starts_with("`policies/catalogue.txt`, as of 2027-02-03: 2 services, 3 actions, "), "{}", made.out);
    case.edit("org.toml", "home_region", "catalogue = \"policies/catalogue.txt\"\nhome_region");
    let in_use = case.run(&["policy", "catalogue", "--format", "json"]).ends(0).json();
    assert_eq!(
        (&in_use["file"], &in_use["as_of"], &in_use["actions"]),
        (&json!("policies/catalogue.txt"), &json!("2027-02-03"), &json!(3))
    );

    // Lints, questions and the impact of a plan go by it, and say its date.
    let told = case.run(&["policy", "lint"]).ends(0).out;
    assert!(told.contains("the service `ec2` is not in AWS's list of 2027-02-03") && !told.contains("`tomorrow`"), "{told}");
    let each = case.run(&["policy", "explain", "--account", "web", "--action", "*", "--each", "--format", "json"]).ends(0).json();
    let expected = json!({"explicit-deny": {"tomorrow": ["Act"]}, "within-guard-rails": {"s3": ["ListAllMyBuckets", "PutObject"]}});
    assert_eq!((&each["catalogue"], &each["groups"][0]["actions"]), (&json!("2027-02-03"), &expected));
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("policies/deny-leave.json", "tomorrow:Act", "s3:PutObject");
    let plan = case.run(&["plan", "--sandbox", "--format", "json"]).ends(2).json();
    assert_eq!((&plan["impact"]["catalogue"], &plan["impact"]["actions"]), (&json!("2027-02-03"), &json!(3)));
    assert!(case.run(&["plan", "--sandbox"]).ends(2).out.contains("3 actions of 2027-02-03 compared"));
    // A saved plan is weighed with the list that is built in: it needs no file beside it.
    case.run(&["plan", "--sandbox", "--out", "plan.json"]).ends(2);
    let applied = case.run(&["apply", "plan.json", "--sandbox", "--yes", "--format", "json"]).ends(0).json();
    assert_eq!(applied["plan"]["impact"]["catalogue"], built_in["as_of"]);
}

/// Without `--out` it is printed; without a day it is of that on which the index was written.
#[test]
fn what_is_printed_is_what_is_read() {
    let case = Case::small();
    reference(&case);
    let printed = case.run(&["policy", "catalogue", "--from", "aws"]).ends(0).out;
    let day = printed.lines().next().unwrap().strip_prefix("# overlord catalogue of ").unwrap().to_owned();
    fs::write(case.path("policies/catalogue.txt"), &printed).unwrap();
    case.edit("org.toml", "home_region", "catalogue = \"policies/catalogue.txt\"\nhome_region");
    let in_use = case.run(&["policy", "catalogue"]).ends(0).out;
    assert!(in_use.starts_with(&format!("`policies/catalogue.txt`, as of {day}: 2 services, 3 actions, ")), "{in_use}");
}

#[test]
fn what_is_wrong_with_the_files_is_told() {
    let case = Case::small();
    case.run(&["policy", "catalogue", "--from", "aws"])
        .ends(1)
        .says(&["`aws/service-list.json` cannot be read", "curl -fsS -o service-list.json"]);
    reference(&case);
    case.run(&["policy", "catalogue", "--from", "aws", "--as-of", "today"]).ends(1).says(&["`today` is not a date"]);
    fs::remove_file(case.path("aws/tomorrow.json")).unwrap();
    fs::write(case.path("aws/s3.json"), "[]").unwrap();
    let wrong = case.run(&["policy", "catalogue", "--from", "aws"]).ends(1);
    wrong.says(&["`s3.json` is not in the format that AWS publishes", "`tomorrow.json` cannot be read", "docs/commands.md"]);
    case.run(&["policy", "catalogue", "--out", "x"]).ends(1).says(&["--from"]);
    assert!(!case.path("x").exists());
}
