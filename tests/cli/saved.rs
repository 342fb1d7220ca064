//! `plan --out`, then `apply FILE`: exactly what was reviewed, or nothing.

use std::fs;

use serde_json::{Value, json};

use crate::cli::case::*;
use crate::cli::consent::answering;
use crate::support::SandboxServer;

/// A world as the small case says, and a saved plan that renames its OU.
fn renaming(server: &SandboxServer) -> Case {
    let case = Case::small();
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    case.edit("org.toml", "[ou.work]", "[ou.work]\nname = \"workloads\"");
    case.run_at(server.url(), &["plan", "--out", "plan.json"]).ends(2);
    case
}

#[test]
fn an_unmoved_world_gets_exactly_the_plan_and_needs_no_org_toml() {
    let server = SandboxServer::start(&[]);
    let case = renaming(&server);
    let plan: Value = serde_json::from_str(&fs::read_to_string(case.path("plan.json")).unwrap()).unwrap();
    fs::remove_file(case.path("org.toml")).unwrap();
    fs::remove_dir_all(case.path("policies")).unwrap();
    case.run_at(server.url(), &["apply", "plan.json", "--yes", "--trace", "trace.jsonl"]).ends(0);
    let writes: Vec<String> = operations(&case.path("trace.jsonl")).into_iter().filter(|operation| !reads(operation)).collect();
    let planned = plan["changes"][0]["calls"].as_array().unwrap().iter().map(|call| call.as_str().unwrap());
    let planned: Vec<&str> = planned.map(|call| call.strip_prefix("organizations:").unwrap()).collect();
    assert_eq!(planned[0], "UpdateOrganizationalUnit");
    assert_eq!(writes, [&["CreateOrganizationalUnit"], &planned[..], &["DeleteOrganizationalUnit"]].concat(), "under the lock");
    unit(server.url(), "workloads");
    // And it holds no longer.
    case.run_at(server.url(), &["apply", "plan.json", "--yes"]).ends(1).says(&["moved: ou.work: `name` was \"work\", is \"workloads\""]);
}

#[test]
fn a_moved_world_is_refused_and_left_alone() {
    let server = SandboxServer::start(&[]);
    let case = renaming(&server);
    let id = unit(server.url(), "work");
    organizations(server.url(), "UpdateOrganizationalUnit", &json!({"OrganizationalUnitId": id, "Name": "elsewhere"}));
    let arguments = ["apply", "plan.json", "--yes", "--trace", "trace.jsonl"];
    let ran = case.run_at(server.url(), &arguments).ends(1);
    let ran = ran.says(&["moved: ou.work: `name` was \"work\", is \"elsewhere\"", "nothing was changed", "make a new plan"]);
    assert_eq!(ran.out, "");
    let calls = operations(&case.path("trace.jsonl"));
    assert!(!calls.is_empty() && calls.iter().all(|operation| reads(operation)), "{calls:?}");
    unit(server.url(), "elsewhere");

    let document = case.run_at(server.url(), &[&arguments[..], &["--format", "json"]].concat()).ends(1).json();
    assert_eq!(document["moved"], json!([{"address": "ou.work", "attribute": "name", "then": "work", "now": "elsewhere"}]));
}

#[test]
fn another_apply_moves_the_world_too() {
    let server = SandboxServer::start(&[]);
    let case = renaming(&server);
    case.edit("org.toml", "[account.web]", "[account.web]\ntags = { team = \"web\" }");
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    // Of the same org.toml as then.
    case.edit("org.toml", "[account.web]\ntags = { team = \"web\" }", "[account.web]");
    case.run_at(server.url(), &["apply", "plan.json", "--yes"]).ends(1).says(&["moved: ou.work"]);
}

/// A plan of another commit, or of somebody else: the org.toml at hand says what is wanted.
#[test]
fn a_plan_of_another_org_toml_is_refused_and_named() {
    let server = SandboxServer::start(&[]);
    let case = renaming(&server);
    let refused = |told: &[&str]| {
        let arguments = ["apply", "plan.json", "--yes", "--trace", "trace.jsonl"];
        case.run_at(server.url(), &arguments).ends(1).says(told).says(&["`plan.json` does not match `org.toml`", "help: "]);
        assert!(!case.path("trace.jsonl").exists(), "AWS was asked");
        let document = case.run_at(server.url(), &[&arguments[..3], &["--format", "json"]].concat()).ends(1).json();
        assert!(!document["differences"].as_array().unwrap().is_empty());
    };
    case.edit("org.toml", "name = \"workloads\"", "name = \"elsewhere\"");
    refused(&["differs: ou.work: another one in org.toml"]);
    case.edit("org.toml", "name = \"elsewhere\"", "name = \"workloads\"");
    case.edit("org.toml", "home_region", "access_role = \"Other\"\nhome_region");
    refused(&["differs: access role: `OrganizationAccountAccessRole` in the plan, `Other` in org.toml"]);
    case.edit("org.toml", "access_role = \"Other\"\n", "");
    case.run_at(server.url(), &["apply", "plan.json", "--yes"]).ends(0);
    // Alone, the plan names the role itself.
    case.run_at(server.url(), &["plan", "--out", "plan.json"]).ends(0);
    fs::remove_file(case.path("org.toml")).unwrap();
    case.run_at(server.url(), &["apply", "plan.json", "--yes"])
        .ends(0)
        .says(&["the role `OrganizationAccountAccessRole` in every account"]);
}

/// Nothing that the file says of its changes is believed: it is worked out again.
#[test]
fn a_saved_plan_shows_only_what_was_worked_out_again() {
    let case = Case::example();
    case.run(&["plan", "--sandbox", "--out", "plan.json"]).ends(2);
    let mut plan: Value = serde_json::from_str(&fs::read_to_string(case.path("plan.json")).unwrap()).unwrap();
    for change in plan["changes"].as_array_mut().unwrap() {
        change["reason"] = json!("made up");
    }
    plan["findings"] = json!([{"severity": "warning", "subject": "made up", "summary": "made up"}]);
    assert!(plan.as_object_mut().unwrap().remove("cost").is_some(), "the plan has no cost");
    fs::write(case.path("plan.json"), plan.to_string()).unwrap();
    // A rehearsal takes no lock.
    let fresh: String =
        case.run(&["plan", "--sandbox"]).ends(2).out.split_inclusive('\n').filter(|line| !line.starts_with("Lock:")).collect();
    for format in ["text", "json", "markdown"] {
        let ran = case.run(&["apply", "plan.json", "--sandbox=world.json", "--rehearse", "--format", format]).ends(0);
        assert!(!ran.out.contains("made up"), "{}", ran.out);
        if format == "text" {
            assert!(ran.out.starts_with(&fresh), "{}", ran.out);
        }
    }
}

#[test]
fn a_spoilt_file_is_refused_with_what_to_do() {
    let case = Case::small();
    case.run(&["plan", "--sandbox", "--out", "plan.json"]).ends(2);
    let text = fs::read_to_string(case.path("plan.json")).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    let edited = |pointer: &str, value: Value| {
        let mut plan = plan.clone();
        *plan.pointer_mut(pointer).unwrap() = value;
        plan.to_string().into_bytes()
    };
    let changes = plan["changes"].as_array().unwrap();
    let account = changes.iter().position(|change| change["address"] == "account.web").unwrap();
    let cases = [
        (text.as_bytes()[..text.len() / 2].to_vec(), "this is not a saved plan"),
        (Vec::new(), "this is not a saved plan"),
        (b"\xff\xfe{}".to_vec(), "cannot be read"),
        (edited("/format_version", json!(99)), "format version 99"),
        (edited(&format!("/changes/{account}/after/email"), json!("thief@example.org")), "changed after it was made"),
        (edited("/desired/management_account", json!("222222222222")), "changed after it was made"),
        (edited("/digest", json!("0")), "changed after it was made"),
        (edited("/changes", json!(changes[1..])), "comes before a change that it depends on"),
        (edited("/changes", json!([])), "changed after it was made"),
    ];
    for (bytes, words) in cases {
        fs::write(case.path("plan.json"), &bytes).unwrap();
        let ran = case.run(&["apply", "plan.json", "--sandbox", "--yes"]).ends(1).says(&["`plan.json`", words, "help: "]);
        assert_eq!(ran.out, "");
    }
    case.run(&["apply", "nowhere.json", "--sandbox", "--yes"]).ends(1).says(&["`nowhere.json`", "cannot be read", "help: "]);
    assert!(case.run(&["sandbox", "show"]).out.contains("without an organization"));
}

/// It cannot be applied a second time, so the advice is another one than for `apply` alone.
#[test]
fn a_saved_plan_that_was_partly_applied_says_how_to_go_on() {
    let case = Case::small();
    case.run(&["plan", "--sandbox", "--out", "plan.json"]).ends(2);
    case.run(&["apply", "plan.json", "--sandbox", "--weather", "accounts=2", "--yes"]).ends(3).says(&["make a new plan"]);
    case.run(&["apply", "plan.json", "--sandbox", "--yes"]).ends(1).says(&["moved: "]);
    case.run(&["plan", "--sandbox", "--out", "plan.json"]).ends(2);
    case.run(&["apply", "plan.json", "--sandbox", "--yes"]).ends(0);
}

/// Without a saved plan, what was planned is looked at again when somebody took his time to agree: others may have been faster.
#[test]
fn who_thinks_for_long_is_not_overtaken_unseen() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    let other = fs::read_to_string(case.path("org.toml")).unwrap();
    fs::write(case.path("other.toml"), other.replace("[ou.work]", "[ou.work]\nname = \"elsewhere\"")).unwrap();
    case.edit("org.toml", "[ou.work]", "[ou.work]\nname = \"workloads\"");
    let agreed = |config: &str| {
        let mut command = case.client(server.url());
        let overlord = command.get_program().to_str().unwrap().to_owned();
        // It reads all that was read before the question, and so takes longer than that.
        command.env("BEFORE_ANSWER", json!([overlord, "apply", "--yes", "--config", config]).to_string());
        answering(command, "yes", &["apply"])
    };
    let (status, output) = agreed("other.toml");
    assert_eq!(status, 1, "{output}");
    for told in ["moved: ou.work: `name` was \"work\", is \"elsewhere\"", "nothing was changed", "run the same command again"] {
        assert!(output.contains(told), "{told}: {output}");
    }
    unit(server.url(), "elsewhere");
    // Where nobody else did anything, it is done.
    fs::copy(case.path("other.toml"), case.path("same.toml")).unwrap();
    let (status, output) = agreed("same.toml");
    assert!(status == 0 && output.contains("checking that AWS has not changed"), "{output}");
    unit(server.url(), "workloads");
}
