//! Screening through an aggregator of AWS Config: it finds what a direct look finds, calls far less for it, and says what it cannot know.

use serde_json::{Value, json};

use crate::drift::{DISTURBANCES, Trial};

/// Both accounts are recorded, and the management account has the aggregator.
fn recorded() -> Trial {
    let trial = Trial::new();
    record(&trial, &["start", "audit", "web"]);
    record(&trial, &["aggregate", "org", "management"]);
    trial
}

fn record(trial: &Trial, arguments: &[&str]) {
    trial.script("drift/record.py", arguments);
}

fn look(trial: &Trial, arguments: &[&str], status: i32) -> Value {
    let arguments = [&["drift", "--no-trail", "--format", "json", "--trace", "trace.jsonl"], arguments].concat();
    serde_json::from_str(&trial.expect(&arguments, status)).unwrap()
}

/// How often each service was called in the last look.
fn calls(trial: &Trial, service: &str) -> usize {
    let of = |line: &str| serde_json::from_str::<Value>(line).unwrap()["service"].as_str() == Some(service);
    trial.read("trace.jsonl").lines().filter(|line| of(line)).count()
}

fn screening(drift: &Value) -> [u64; 4] {
    ["recorded", "unrecorded", "failed", "different"].map(|count| drift["screening"][count].as_u64().unwrap())
}

/// What no record has is all that may differ: none of these is such a thing.
#[test]
fn each_kind_of_change_is_found_as_by_a_direct_look() {
    let trial = recorded();
    for (what, _) in DISTURBANCES {
        trial.disturb(what);
        let (direct, screened) = (look(&trial, &[], 2), look(&trial, &["--screen", "org"], 2));
        assert_eq!(screened["findings"], direct["findings"], "{what}");
        assert_eq!(direct["screening"], Value::Null);
        let in_a_network =
            direct["findings"].as_array().unwrap().iter().any(|finding| finding["subject"].as_str().unwrap().contains("eu-west-1"));
        let expected = if in_a_network { [1, 0, 0, 1] } else { [2, 0, 0, 0] };
        assert_eq!(screening(&screened), expected, "{what}: only what looks different is looked at");
        trial.apply();
    }
    trial.disturb("make what nobody manages");
    let (direct, screened) = (look(&trial, &[], 2), look(&trial, &["--screen", "org"], 2));
    assert_eq!(screened["findings"], direct["findings"]);
}

#[test]
fn where_nothing_looks_different_no_account_is_asked_and_the_notes_say_what_that_means() {
    let trial = recorded();
    let direct = look(&trial, &[], 0);
    // Eight lists, and that of flow logs.
    assert_eq!((calls(&trial, "ec2"), calls(&trial, "config")), (2 * 9, 0));
    let screened = look(&trial, &["--screen", "org"], 0);
    // What it sees, what of it failed, eleven types and the tags of others.
    assert_eq!((calls(&trial, "ec2"), calls(&trial, "sts"), calls(&trial, "config")), (0, 1, 2 + 12), "who am I is all that STS is asked");
    assert_eq!((&screened["looked_at"], &direct["notes"]), (&direct["looked_at"], &json!([])));
    assert_eq!(screened["screening"], json!({"aggregator": "org", "recorded": 2, "unrecorded": 0, "failed": 0, "different": 0}));
    let notes = screened["notes"].as_array().unwrap();
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    for part in ["2 of 2 networks", "last minutes", "stopped", "leaves kinds out", "access role"] {
        assert!(note["summary"].as_str().unwrap().contains(part), "{note}");
    }
    assert!(trial.expect(&["drift", "--screen", "org"], 0).contains("AWS Config"));
}

/// A recorder that was stopped has what there was then: what has healed since is no difference, and what came since is missed, as the note says.
#[test]
fn an_old_record_makes_no_difference_and_may_hide_one() {
    let trial = recorded();
    trial.disturb("delete a route");
    record(&trial, &["stop", "web"]);
    trial.apply();
    assert_eq!(screening(&look(&trial, &["--screen", "org"], 0)), [1, 0, 0, 1], "recorded is that it is gone, and the account has it");
    record(&trial, &["start", "web"]);
    assert_eq!(screening(&look(&trial, &["--screen", "org"], 0)), [2, 0, 0, 0]);
    record(&trial, &["stop", "web"]);
    trial.disturb("delete a route");
    assert_eq!(screening(&look(&trial, &["--screen", "org"], 0)), [2, 0, 0, 0]);
    look(&trial, &[], 2);
}

#[test]
fn what_is_not_recorded_is_read_directly() {
    let trial = Trial::new();
    record(&trial, &["aggregate", "org", "management"]);
    // Of one nothing, and of the other not all.
    record(&trial, &["some", "web", "AWS::EC2::VPC", "AWS::EC2::SecurityGroup"]);
    trial.disturb("delete a flow log");
    let (direct, screened) = (look(&trial, &[], 2), look(&trial, &["--screen", "org"], 2));
    assert_eq!((&screened["findings"], screening(&screened)), (&direct["findings"], [0, 1, 0, 1]));
    let notes = screened["notes"].to_string();
    assert!(notes.contains("1 that looked different, 1 without a record"), "{notes}");
    // An aggregator of some accounts sees no others.
    record(&trial, &["start", "audit", "web"]);
    assert_eq!(screening(&look(&trial, &["--screen", "org"], 2)), [1, 0, 0, 1]);
    record(&trial, &["aggregate-accounts", "some", "web"]);
    assert_eq!(screening(&look(&trial, &["--screen", "some"], 2)), [0, 1, 0, 1]);
}

#[test]
fn the_aggregator_may_be_in_any_account_and_one_that_is_not_there_is_an_error() {
    let trial = recorded();
    record(&trial, &["aggregate", "central", "audit"]);
    for place in ["audit/central", "audit/eu-west-1/central"] {
        assert_eq!(screening(&look(&trial, &["--screen", place], 0)), [2, 0, 0, 0], "{place}");
    }
    for (place, expected) in [
        ("none", "NoSuchConfigurationAggregator"),
        ("central", "NoSuchConfigurationAggregator"),
        ("nobody/central", "there is no account `nobody`"),
    ] {
        let error = look(&trial, &["--screen", place], 1);
        assert!(error["error"]["message"].as_str().unwrap().contains(expected), "{place}: {error}");
    }
    trial.expect(&["drift", "--screen", "a/b/c/d"], 1);
    trial.expect(&["drift", "--screen", "no name"], 1);
}

#[test]
fn a_part_is_screened_alone() {
    let trial = recorded();
    trial.disturb("delete a flow log");
    assert_eq!(screening(&look(&trial, &["--screen", "org", "--account", "audit"], 0)), [1, 0, 0, 0]);
    assert_eq!(screening(&look(&trial, &["--screen", "org", "--account", "web"], 2)), [0, 0, 0, 1]);
    assert_eq!(screening(&look(&trial, &["--screen", "org", "--only", "policy"], 0)), [0, 0, 0, 0]);
}

/// What is recorded once a day may be a day old: it is no record that anything is as it should be.
#[test]
fn what_is_recorded_once_a_day_is_read_directly() {
    let trial = recorded();
    record(&trial, &["daily", "web"]);
    trial.disturb("delete a route");
    let (direct, screened) = (look(&trial, &[], 2), look(&trial, &["--screen", "org"], 2));
    assert_eq!((&screened["findings"], screening(&screened)), (&direct["findings"], [1, 1, 0, 0]));
}
