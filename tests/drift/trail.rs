//! Since when and by whom: what CloudTrail tells another client, and what becomes of it where CloudTrail tells nothing.

use serde_json::{Value, json};

use crate::drift::Trial;

fn look(trial: &Trial, arguments: &[&str]) -> Value {
    serde_json::from_str(&trial.expect(&[&["drift", "--format", "json"], arguments].concat(), 2)).unwrap()
}

fn lookups(trial: &Trial, trace: &str) -> usize {
    trial.read(trace).lines().filter(|line| line.contains("\"LookupEvents\"")).count()
}

#[test]
fn who_and_when_are_what_another_client_is_told() {
    let trial = Trial::new();
    trial.disturb("attach a policy");
    let drift = look(&trial, &[]);
    let finding = &drift["findings"][0];
    let told: Value = serde_json::from_str(&trial.script("drift/lookup.py", &["AttachPolicy"])).unwrap();
    assert_eq!(told["events"], 3, "overlord's own two attachments are before it");
    assert_eq!((&finding["since"], &finding["event"]["id"], &finding["event"]["arn"]), (&told["time"], &told["id"], &told["arn"]));
    let expected = json!({"name": "AttachPolicy", "source": "organizations.amazonaws.com", "certain": true, "access_role": false, "identity": "IAMUser"});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&finding["event"][name], value, "{name}");
    }
    // The other formats tell the same.
    let sentence = format!("since {}: AttachPolicy by user sandbox", told["time"].as_str().unwrap());
    for format in ["text", "markdown", "junit"] {
        let text = trial.expect(&["drift", "--format", format], 2);
        assert!(text.contains(&sentence), "{format}: {text}");
    }
    let sarif: Value = serde_json::from_str(&trial.expect(&["drift", "--format", "sarif"], 2)).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["properties"]["since"], told["time"]);
}

#[test]
fn nobody_is_asked_where_nothing_differs_or_nobody_wants_to_know() {
    let trial = Trial::new();
    trial.expect(&["drift", "--trace", "clean.jsonl"], 0);
    trial.disturb("move an account");
    let known = look(&trial, &["--no-trail", "--trace", "no.jsonl"]);
    trial.write("known.json", &known.to_string());
    assert!(known["findings"][0]["since"].is_null() && known["findings"][0]["event"].is_null());
    // Who made it is no part of what it is: the baseline has it, and what it has is not asked about.
    trial.expect(&["drift", "--baseline", "known.json", "--trace", "known.jsonl"], 0);
    assert_eq!(["clean.jsonl", "no.jsonl", "known.jsonl"].map(|trace| lookups(&trial, trace)), [0; 3]);
    let told = look(&trial, &["--trace", "told.jsonl"]);
    assert_eq!((&told["findings"][0]["fingerprint"], lookups(&trial, "told.jsonl")), (&known["findings"][0]["fingerprint"], 1));
}

#[test]
fn what_cloudtrail_does_not_know_yet_is_found_all_the_same() {
    let trial = Trial::in_weather(&["--weather", "trail=900000"]);
    trial.disturb("move an account");
    let drift = look(&trial, &[]);
    assert_eq!((&drift["findings"][0]["subject"], &drift["findings"][0]["since"]), (&json!("account.web"), &Value::Null));
    assert_eq!(drift["notes"], json!([]));
}

#[test]
fn a_refusal_is_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    let statements =
        r#"[{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"}]"#;
    std::fs::write(&policy, format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#)).unwrap();
    let trial = Trial::in_weather(&["--weather", &format!("caller-policy={}", policy.display())]);
    trial.disturb("move an account");
    let drift = look(&trial, &[]);
    assert_eq!((&drift["findings"][0]["subject"], &drift["findings"][0]["since"]), (&json!("account.web"), &Value::Null));
    let note = &drift["notes"][0];
    assert_eq!(note["subject"], "CloudTrail");
    let summary = note["summary"].as_str().unwrap();
    assert!(summary.starts_with("the author of 1 difference is unknown: cloudtrail:LookupEvents was refused"), "{summary}");
    assert!(summary.contains("allow `cloudtrail:LookupEvents`"), "{summary}");
}
