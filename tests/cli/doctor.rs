//! `overlord doctor`: what it finds, and its policies in use.

use std::fs;

use serde_json::Value;

use crate::cli::case::*;
use crate::support::SandboxServer;

/// The line of a check.
#[track_caller]
fn line<'o>(out: &'o str, name: &str) -> &'o str {
    out.lines().find(|line| line.get(5..).is_some_and(|rest| rest.starts_with(name))).unwrap_or_else(|| panic!("no {name} in\n{out}"))
}

#[test]
fn it_tells_what_is_well_and_what_is_not() {
    let case = Case::small();
    let out = case.run(&["doctor", "--sandbox"]).ends(0).says(&["overlord doctor --policy plan|apply"]).out;
    assert!(line(&out, "organization").starts_with("note") && out.contains("`overlord apply` creates it"), "{out}");
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    let out = case.run(&["doctor", "--sandbox"]).ends(0).out;
    for name in
        ["credentials", "management account", "access role", "policy types", "accounts", "policies per target", "document sizes", "clock"]
    {
        assert!(line(&out, name).starts_with("ok"), "{out}");
    }
    assert!(
        line(&out, "accounts").contains("3 of 10 in use") && line(&out, "access role").contains("all existing accounts of org.toml (2)"),
        "{out}"
    );

    // Another role than the accounts have: nothing needs it until something is read in them.
    case.edit("org.toml", "home_region", "access_role = \"Nobody\"\nhome_region");
    let out = case.run(&["doctor", "--sandbox"]).ends(0).out;
    assert!(line(&out, "access role").starts_with("note") && line(&out, "access role").contains("2 of 2"), "{out}");
    assert!(out.contains("help: nothing in org.toml needs the role now"), "{out}");
    // The same where something is, and more accounts than the quota.
    case.edit("org.toml", "home_region", "regions = [\"eu-west-1\"]\nhome_region");
    case.edit("org.toml", "[ou.work]", "[limits]\naccounts = 3\n[ou.work]");
    let out = case.run(&["doctor", "--sandbox"]).ends(1).out;
    assert!(line(&out, "access role").starts_with("FAIL") && line(&out, "access role").contains("2 of 2"), "{out}");
    assert!(out.contains("audit (") && out.contains("web (") && out.contains("help: see that the role is in the account"), "{out}");
    let json = case.run(&["doctor", "--sandbox", "--format", "json"]).ends(1).json();
    assert_eq!((&json["format_version"], &json["well"]), (&Value::from(1), &Value::from(false)));
    let access = json["checks"].as_array().unwrap().iter().find(|check| check["name"] == "access role").unwrap();
    assert_eq!((&access["state"], access["details"].as_array().unwrap().len()), (&Value::from("wrong"), 2));
}

#[test]
fn it_tells_of_wrong_credentials() {
    let case = Case::small();
    let out = case.run(&["doctor"]).ends(1).out;
    assert!(line(&out, "credentials").contains("no AWS credentials were found") && line(&out, "clock").starts_with("note"), "{out}");
    let server = SandboxServer::start(&["--management-account", "222222222222"]);
    let out = case.run_at(server.url(), &["doctor"]).ends(1).out;
    assert!(line(&out, "management account").starts_with("FAIL") && out.contains("credentials of account `222222222222`"), "{out}");
}

/// Each policy lets its run through, and the smaller one nothing else.
#[test]
fn its_policies_are_what_the_sandbox_asks_for() {
    let case = Case::small();
    for run in ["plan", "apply"] {
        // Offline, and alone on standard output.
        let ran = case.run(&["doctor", "--policy", run]).ends(0);
        assert_eq!(ran.err, "");
        assert_eq!(ran.json()["Version"], "2012-10-17");
        fs::write(case.path(&format!("{run}.json")), &ran.out).unwrap();
    }
    let role = case.run(&["doctor", "--policy", "apply", "--for", "access-role"]).ends(0).json();
    assert_eq!(role["Statement"], serde_json::json!([]), "nothing lies in the accounts");
    case.run(&["plan", "--sandbox", "--weather", "caller-policy=plan.json"]).ends(2);
    let refused = case.run(&["apply", "--sandbox", "--yes", "--weather", "caller-policy=plan.json"]).ends(1).out;
    assert!(refused.contains("organizations:CreateOrganization was refused: AccessDeniedException"), "{refused}");
    assert!(refused.contains("help: allow `organizations:CreateOrganization` to the credentials in use"), "{refused}");
    case.run(&["apply", "--sandbox", "--yes", "--weather", "caller-policy=apply.json"]).ends(0);
    case.run(&["plan", "--sandbox", "--weather", "caller-policy=plan.json"]).ends(0);
    case.run(&["doctor", "--sandbox", "--weather", "caller-policy=plan.json"]).ends(0);

    // The permission that is missing is named where it is not that of the operation.
    let apply = fs::read_to_string(case.path("apply.json")).unwrap();
    fs::write(case.path("untagged.json"), apply.replace("organizations:TagResource", "organizations:UntagResource")).unwrap();
    case.edit("org.toml", "[ou.work]", "[ou.work]\n[ou.new]");
    let apply = ["apply", "--sandbox", "--yes", "--weather", "caller-policy=untagged.json"];
    let refused = case.run(&[&apply[..], &["--no-lock"]].concat()).ends(1).out;
    assert!(refused.contains("organizations:CreateOrganizationalUnit was refused"), "{refused}");
    assert!(refused.contains("help: allow `organizations:TagResource` to"), "{refused}");
    // The lock needs the same.
    let refused = case.run(&apply).ends(1);
    refused.says(&[
        "the lock `overlord-lock` could not be taken: ",
        "nothing was changed",
        "help: allow `organizations:TagResource` to",
        "--no-lock",
    ]);
    case.run(&["plan", "--sandbox", "--weather", "caller-policy=org.toml"]).ends(1).says(&["is not a policy", "overlord doctor --policy"]);
}

/// Emulators answer HTTP 500 to what they do not serve: an optional read of that kind is a note, and soon given up.
#[test]
fn an_optional_read_that_fails_each_time_is_a_note() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    let broken = ["--weather", "broken=organizations:ListHandshakesForOrganization"];
    let out = case.run(&[&["doctor", "--sandbox", "--trace", "trace.jsonl"], &broken[..]].concat()).ends(0).out;
    assert!(line(&out, "invitations").starts_with("note") && out.contains("could not be read"), "{out}");
    assert!(line(&out, "accounts").contains("3 of 10 in use"), "{out}");
    let sent = |trace: &str| {
        let trace = fs::read_to_string(case.path(trace)).unwrap();
        trace.lines().filter(|line| line.contains("ListHandshakesForOrganization")).count()
    };
    assert_eq!(sent("trace.jsonl"), 3);
    case.run(&[&["report", "--sandbox", "--trace", "report.jsonl"], &broken[..]].concat()).ends(0);
    assert_eq!(sent("report.jsonl"), 3);
}
