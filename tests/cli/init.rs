//! `init`: a configuration to begin with, which works as it is.

use std::fs;

use crate::cli::case::*;

/// A folder with nothing in it, below one with a configuration.
fn fresh() -> Case {
    let case = Case::small();
    fs::remove_file(case.path("org.toml")).unwrap();
    fs::remove_dir_all(case.path("policies")).unwrap();
    case
}

const FILES: &str = "org.toml\npolicies/deny-leave.json\npolicies/deny-root-user.json\npolicies/protect-audit-trail.json\n";

#[test]
fn what_is_written_is_valid_and_can_be_applied() {
    let case = fresh();
    let written = case.run(&["init"]).ends(0).says(&["version control", "overlord plan --sandbox", "replace management_account"]);
    assert_eq!(written.out, FILES);
    let valid = case.run(&["validate"]).ends(0);
    assert_eq!(valid.err, "", "a warning");
    assert_eq!(case.run(&["policy", "lint", "--strict"]).ends(0).out, "0 errors, 0 warnings, 0 hints\n");
    case.run(&["policy", "test"]).ends(0);
    let plan = case.run(&["plan", "--sandbox"]).ends(2);
    assert!(plan.out.contains("web-prod") && plan.out.contains("log-archive"), "{}", plan.out);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.run(&["plan", "--sandbox"]).ends(0);
    case.run(&["drift", "--sandbox"]).ends(0);
    // AWS grants ten accounts to whoever is new there.
    case.run(&["apply", "--sandbox=other.json", "--weather", "accounts=aws", "--yes"]).ends(0);
}

#[test]
fn answers_stand_in_it() {
    let case = fresh();
    let answers = ["--management-account", "123456789012", "--email", "cloud+{account}@corp.test", "--home-region", "eu-central-1"];
    let made = case.run(&[&["init", "--out", "new", "--format", "json"][..], &answers].concat()).ends(0);
    assert!(!made.err.contains("replace"), "{}", made.err);
    let document = made.json();
    assert_eq!((&document["format_version"], &document["files"][0]), (&1.into(), &"new/org.toml".into()));
    let text = fs::read_to_string(case.path("new/org.toml")).unwrap();
    for (key, value) in [("management_account", "123456789012"), ("email", "cloud+{account}@corp.test"), ("home_region", "eu-central-1")] {
        assert!(text.contains(&format!("{key} = \"{value}\"")), "{text}");
    }
    let plan = case.run(&["plan", "--config", "new/org.toml", "--sandbox", "--detail"]).ends(2);
    assert!(plan.out.contains("cloud+web-dev@corp.test") && plan.out.contains("cloud+audit@corp.test"), "{}", plan.out);
}

/// With one of both, accounts of a real organization would have addresses that nobody reads.
#[test]
fn wrong_or_half_answers_write_nothing() {
    let case = fresh();
    for (arguments, says) in [
        (&["--management-account", "123456789012"][..], "--email"),
        (&["--email", "cloud+{account}@corp.test"], "--management-account"),
        (&["--management-account", "12345", "--email", "cloud+{account}@corp.test"], "12345"),
        (&["--management-account", "123456789012", "--email", "cloud@corp.test"], "duplicate-email"),
        (&["--home-region", "the moon"], "the moon"),
    ] {
        case.run(&[&["init"], arguments].concat()).ends(1).says(&[says]);
        assert_eq!(fs::read_dir(case.path("")).unwrap().count(), 0, "{arguments:?}");
    }
    case.run(&["init", "--sandbox"]).ends(1).says(&["reads no AWS"]);
}

#[test]
fn what_is_there_stays_unless_forced() {
    let case = fresh();
    fs::create_dir(case.path("policies")).unwrap();
    fs::write(case.path("policies/deny-leave.json"), "mine").unwrap();
    case.run(&["init"]).ends(1).says(&["`policies/deny-leave.json` already exists", "--force"]);
    assert_eq!(fs::read_to_string(case.path("policies/deny-leave.json")).unwrap(), "mine");
    assert!(!case.path("org.toml").exists());
    case.run(&["init", "--force"]).ends(0);
    case.run(&["validate"]).ends(0);
}
