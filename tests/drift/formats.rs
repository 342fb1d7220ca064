//! What programs and chats read: each format against its own schema, and against each other.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::drift::Trial;
use crate::support::{project, python, show};

/// A guardrail, a network and something cosmetic.
fn drifted() -> Trial {
    let trial = Trial::new();
    for what in ["detach a policy", "delete a flow log", "tag an account", "describe a policy"] {
        trial.disturb(what);
    }
    trial
}

/// The schema that the standard's own committee wrote, as a crate brings it.
///
/// Only crates of this platform are resolved: a fresh machine has downloaded no others, and cargo is offline here.
fn sarif_schema() -> Value {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", host, "--manifest-path"])
        .arg(project("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", show(&output));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let manifest = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap()["manifest_path"].as_str().unwrap();
    let path: PathBuf = Path::new(manifest).with_file_name("src").join("schema.json");
    let text = std::fs::read_to_string(path).unwrap();
    // The pattern of languages has a bracket too many, which is no regular expression; overlord says nothing of languages.
    let mended = text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    assert_ne!(mended, text);
    serde_json::from_str(&mended).unwrap()
}

#[test]
fn sarif_is_what_its_schema_says_and_points_at_org_toml() {
    let schema = jsonschema::validator_for(&sarif_schema()).unwrap();
    let trial = drifted();
    let document: Value = serde_json::from_str(&trial.expect(&["drift", "--format", "sarif"], 2)).unwrap();
    let errors: Vec<String> = schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    let mut broken = document.clone();
    broken["runs"][0]["results"][0]["level"] = json!("bad");
    assert!(!schema.is_valid(&broken), "the schema refuses nothing");

    let run = &document["runs"][0];
    let org = trial.read("org.toml");
    let line_of = |text: &str| org.lines().position(|line| line.contains(text)).unwrap() + 1;
    let results: Vec<(&str, &str, u64)> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let place = &result["locations"][0];
            assert_eq!(place["physicalLocation"]["artifactLocation"], json!({"uri": "org.toml", "uriBaseId": "%SRCROOT%"}));
            let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
            let line = place["physicalLocation"]["region"]["startLine"].as_u64().unwrap();
            (result["level"].as_str().unwrap(), place["logicalLocations"][0]["fullyQualifiedName"].as_str().unwrap(), line)
        })
        .collect();
    let expected = [
        ("error", "policy_attachments.organization.main", line_of("policies = [\"FullAWSAccess\", \"deny-leave\"]") as u64),
        ("warning", "web/eu-west-1/flow_log.standard", line_of("[vpc.standard]") as u64),
        ("note", "account.web", line_of("[account.web]") as u64),
        ("note", "policy.deny-leave", line_of("[policy.deny-leave]") as u64),
    ];
    assert_eq!(results, expected);
    // A clean look is a document too.
    let clean: Value = serde_json::from_str(&Trial::new().expect(&["drift", "--format", "sarif"], 0)).unwrap();
    assert!(schema.is_valid(&clean) && clean["runs"][0]["results"] == json!([]));
}

fn valid_junit(trial: &Trial, name: &str) -> bool {
    let schema = project("tests/drift/junit.xsd");
    let program = "import sys, xmlschema; xmlschema.validate(sys.argv[2], sys.argv[1])";
    let file = trial.path(name);
    Command::new(python()).args(["-c", program]).arg(schema).arg(file).output().unwrap().status.success()
}

#[test]
fn junit_is_what_its_readers_take() {
    let trial = drifted();
    let text = trial.expect(&["drift", "--format", "junit"], 2);
    trial.write("drift.xml", &text);
    assert!(valid_junit(&trial, "drift.xml"), "{text}");
    assert_eq!(text.matches("<failure ").count(), 4);
    assert!(text.starts_with("<?xml") && text.contains("tests=\"5\" failures=\"4\""), "{text}");
    trial.write("broken.xml", &text.replacen("classname=", "class=", 1));
    assert!(!valid_junit(&trial, "broken.xml"), "the schema refuses nothing");
    // The other one that overlord writes.
    trial.org_toml("\n[[test]]\ndeny = [\"organizations:LeaveOrganization\", \"s3:*\"]\n");
    trial.write("suite.xml", &trial.expect(&["policy", "test", "--format", "junit"], 1));
    assert!(valid_junit(&trial, "suite.xml"));
    // A clean look passes four cases.
    let clean = Trial::new();
    let text = clean.expect(&["drift", "--format", "junit"], 0);
    clean.write("clean.xml", &text);
    assert!(valid_junit(&clean, "clean.xml") && text.contains("tests=\"4\" failures=\"0\""), "{text}");
}

/// The text with each time of the sandbox's first day as `THEN`.
fn timeless(text: &str) -> String {
    let mut parts = text.split("2026-01-01T");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "THEN" + part.split_once('Z').unwrap().1)
}

#[test]
fn people_read_it() {
    let trial = drifted();
    let assert = |name: &str, actual: String| {
        let path = project("tests/drift/expected").join(name);
        let expected = snapbox::Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw();
        snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(snapbox::Data::text(timeless(&actual)).raw(), expected);
    };
    assert("drift.txt", trial.expect(&["drift"], 2));
    assert("drift.md", trial.expect(&["drift", "--format", "markdown"], 2));
    assert("drift.line", trial.expect(&["drift", "--format", "line"], 2));
    let line = Trial::new().expect(&["drift", "--format", "line"], 0);
    assert_eq!(line, "overlord drift: no drift in 2 accounts\n");
}

#[test]
fn what_is_expected_is_left_out_for_a_while_and_what_is_known_for_ever() {
    let trial = drifted();
    let look = |arguments: &[&str], status: i32| -> Value {
        serde_json::from_str(&trial.expect(&[&["drift", "--format", "json"], arguments].concat(), status)).unwrap()
    };
    let subjects = |document: &Value| -> Vec<String> {
        let findings = document["findings"].as_array().unwrap().iter();
        findings.map(|f| format!("{} {}", f["what"].as_str().unwrap(), f["subject"].as_str().unwrap())).collect()
    };
    let first = look(&[], 2);
    assert_eq!(first["counts"], json!({"guard-rail": 1, "network": 1, "organization": 0, "cosmetic": 2}));
    trial.write("first.json", &first.to_string());
    let known = look(&["--baseline", "first.json"], 0);
    assert_eq!((known["clean"].clone(), known["known"].as_array().unwrap().len()), (json!(true), 4));
    trial.disturb("move an account");
    assert_eq!(subjects(&look(&["--baseline", "first.json"], 2)), ["changed account.web"], "its tags were known, its place was not");

    trial.org_toml(
        "[[ignore]]\naddress = \"web/*\"\nreason = \"being rebuilt\"\nuntil = 2999-12-31\n\
         [[ignore]]\naddress = \"account.*\"\nattributes = [\"tags\"]\nreason = \"a scanner\"\nuntil = 2999-12-31\n\
         [[ignore]]\naddress = \"policy.deny-leave\"\nreason = \"long ago\"\nuntil = 2020-01-31\n\
         [[ignore]]\naddress = \"ou.work\"\nreason = \"nothing there\"\nuntil = 2999-12-31\n",
    );
    let left = look(&[], 2);
    let expected = [
        "changed account.web",
        "changed policy_attachments.organization.main",
        "expired-ignore policy.deny-leave",
        "changed policy.deny-leave",
    ];
    assert_eq!(subjects(&left), expected);
    assert_eq!(left["ignored"].as_array().unwrap().iter().map(|i| i["findings"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 1, 0]);
    assert_eq!(left["notes"][0]["subject"], "ou.work");
    let line = left["findings"][2]["line"].as_u64().unwrap() as usize;
    assert!(trial.read("org.toml").lines().nth(line - 1).unwrap().contains("policy.deny-leave"));
    // Plans do not know it.
    let plan: Value = serde_json::from_str(&trial.expect(&["plan", "--format", "json"], 2)).unwrap();
    assert!(plan["changes"].as_array().unwrap().iter().any(|change| change["address"] == "web/eu-west-1/flow_log.standard"));
}
