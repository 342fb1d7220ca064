//! Two applies at the same time, and the lock that a dead one leaves behind.

use std::process::Stdio;

use overlord::resource::organizations::LOCK_NAME;
use serde_json::{Value, json};

use crate::cli::between::{Between, Fate};
use crate::cli::case::*;
use crate::cli::consent::answering;
use crate::support::SandboxServer;

/// Something to do for the second apply.
fn something_to_do(case: &Case) {
    case.edit("org.toml", "[ou.work]", "[ou.work]\n[ou.more]");
}

/// A server whose organization has all that `case` asks for.
fn applied(case: &Case) -> SandboxServer {
    let server = SandboxServer::start(&[]);
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    server
}

/// The ids of the locks that are there.
fn locks(url: &str) -> Vec<String> {
    let root = organizations(url, "ListRoots", &json!({}))["Roots"][0]["Id"].clone();
    let units = organizations(url, "ListOrganizationalUnitsForParent", &json!({"ParentId": root}));
    let locks = units["OrganizationalUnits"].as_array().unwrap().iter().filter(|unit| unit["Name"] == LOCK_NAME);
    locks.map(|unit| unit["Id"].as_str().unwrap().to_owned()).collect()
}

/// The lock of a run that began in 2020 and was not heard of since.
fn leave_lock(url: &str) {
    let root = organizations(url, "ListRoots", &json!({}))["Roots"][0]["Id"].clone();
    let tags: Vec<Value> = [
        ("overlord:lock-owner", "ci/deploy"),
        ("overlord:lock-run", "https://ci.example.org/run/7"),
        ("overlord:lock-id", "0123"),
        ("overlord:lock-since", "2020-02-03T04:05:06Z"),
        ("overlord:lock-renewed", "2020-02-03T04:25:06Z"),
    ]
    .iter()
    .map(|(key, value)| json!({"Key": key, "Value": value}))
    .collect();
    organizations(url, "CreateOrganizationalUnit", &json!({"ParentId": root, "Name": LOCK_NAME, "Tags": tags}));
}

/// One process is held in the middle of its changes; the other changes nothing and says who is at work. Who only reads sees nothing.
#[test]
fn of_two_processes_one_applies() {
    let case = Case::small();
    let server = applied(&case);
    something_to_do(&case);
    let before = case.run_at(server.url(), &["plan"]).ends(2).out;
    let between = Between::start(server.url());
    let mut first = case.client(&between.url).args(["apply", "--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let lock = between.next();
    assert_eq!(lock.operation, "CreateOrganizationalUnit", "the lock comes before the first change");
    lock.fate(Fate::Pass);
    let change = between.next();
    assert_eq!(locks(server.url()).len(), 1);

    let process = format!("run: process {} on ", first.id());
    let second = case.run_at(server.url(), &["apply", "--yes"]).ends(1);
    let second =
        second.says(&["another run holds the lock `overlord-lock`: `sandbox` since ", &process, "nothing was changed", "--unlock"]);
    assert!(!second.err.contains("stale"), "{}", second.err);
    let as_data = case.run_at(server.url(), &["apply", "--yes", "--format", "json"]).ends(1).json();
    assert_eq!((&as_data["lock"]["owner"], &as_data["lock"]["stale"]), (&json!("sandbox"), &json!(false)));
    // Readers go on as if there were no lock.
    assert_eq!(case.run_at(server.url(), &["plan"]).ends(2).out, before);
    let drift = case.run_at(server.url(), &["drift"]).ends(2).out;
    assert!(!drift.contains(LOCK_NAME), "{drift}");
    let folder = case.path("imported");
    case.run_at(server.url(), &["import", "--out", folder.to_str().unwrap()]).ends(0);
    assert!(!std::fs::read_to_string(folder.join("org.toml")).unwrap().contains(LOCK_NAME));

    change.fate(Fate::Pass);
    while let Some(write) = between.next_unless(|| first.try_wait().unwrap().is_some()) {
        write.fate(Fate::Pass);
    }
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(locks(server.url()), Vec::<String>::new());
    case.run_at(server.url(), &["plan"]).ends(0);
}

#[test]
fn a_stale_lock_is_named_with_its_age_and_removed_with_its_owners_name() {
    let case = Case::small();
    let server = applied(&case);
    something_to_do(&case);
    leave_lock(server.url());
    let told = ["`ci/deploy` since 2020-02-03 04:05 UTC (", " days), last renewed ", ", stale, run: https://ci.example.org/run/7"];
    let refused = case.run_at(server.url(), &["apply", "--yes"]).ends(1).says(&told).says(&["has probably died", "apply --unlock"]);
    assert!(refused.err.contains("nothing was changed"), "{}", refused.err);
    // Nobody types without a terminal, and another name is not the owner's.
    let nobody = case.run_at(server.url(), &["apply", "--unlock"]).ends(1).says(&told);
    nobody.says(&["cannot ask for confirmation (no terminal)", "--unlock=ci/deploy"]);
    case.run_at(server.url(), &["apply", "--unlock=sandbox"]).ends(1).says(&["not the name of the lock's owner", "`ci/deploy`"]);
    let (status, output) = answering(case.client(server.url()), "yes", &["apply", "--unlock"]);
    assert!(status == 1 && output.contains("Type the name of its owner, `ci/deploy`"), "{output}");
    assert_eq!(locks(server.url()).len(), 1);
    let (status, output) = answering(case.client(server.url()), "ci/deploy", &["apply", "--unlock"]);
    assert!(status == 0 && output.contains("removed the lock of `ci/deploy`"), "{output}");
    assert_eq!(locks(server.url()), Vec::<String>::new());
    // Only the lock was removed: the change is still to be made.
    case.run_at(server.url(), &["plan"]).ends(2);

    leave_lock(server.url());
    let removed = case.run_at(server.url(), &["apply", "--unlock=ci/deploy", "--format", "json"]).ends(0).json();
    assert_eq!((&removed["removed"], &removed["lock"]["run"]), (&json!(true), &json!("https://ci.example.org/run/7")));
    let none = case.run_at(server.url(), &["apply", "--unlock=ci/deploy"]).ends(0);
    assert_eq!(none.out, "there is no lock; nothing was changed\n");
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
}

/// The writes in a trace.
fn writes(case: &Case, url: &str, arguments: &[&str]) -> Vec<String> {
    let path = case.path("trace.jsonl");
    let trace = ["--trace", path.to_str().unwrap()];
    case.run_at(url, &[arguments, &trace].concat()).ends(0);
    let writes = operations(&path).into_iter().filter(|operation| !reads(operation.rsplit(':').next().unwrap()));
    writes.map(|operation| operation.rsplit(':').next().unwrap().to_owned()).collect()
}

/// What the plan says of the lock is what an apply does; nothing to do, a rehearsal and `--no-lock` take none.
#[test]
fn the_plan_tells_what_the_lock_costs() {
    let case = Case::small();
    let server = applied(&case);
    assert_eq!(writes(&case, server.url(), &["apply", "--yes"]), Vec::<String>::new(), "nothing to do, nothing to lock");
    something_to_do(&case);
    let plan = case.run_at(server.url(), &["plan"]).ends(2).out;
    let told = "Lock: 2 more that write: 1 CreateOrganizationalUnit, 1 DeleteOrganizationalUnit; and 1 TagResource every 2 min";
    assert!(plan.contains(told), "{plan}");
    let data = case.run_at(server.url(), &["plan", "--format", "json"]).ends(2).json();
    let both = json!({"organizations:CreateOrganizationalUnit": 1, "organizations:DeleteOrganizationalUnit": 1});
    assert_eq!(data["budget"]["lock"], both);
    let rehearsed = case.run_at(server.url(), &["apply", "--rehearse"]).ends(0).out;
    assert!(!rehearsed.contains("Lock: "), "{rehearsed}");
    let made = ["CreateOrganizationalUnit", "CreateOrganizationalUnit", "DeleteOrganizationalUnit"];
    assert_eq!(writes(&case, server.url(), &["apply", "--yes"]), made);
    case.edit("org.toml", "[ou.more]", "[ou.more]\n[ou.yet-more]");
    assert_eq!(writes(&case, server.url(), &["apply", "--yes", "--no-lock"]), ["CreateOrganizationalUnit"]);
}

/// Without locks on both sides, nothing keeps them apart; `--no-lock` ignores the lock of another run too.
#[test]
fn no_lock_goes_on_beside_a_lock() {
    let case = Case::small();
    let server = applied(&case);
    something_to_do(&case);
    leave_lock(server.url());
    case.run_at(server.url(), &["apply", "--yes", "--no-lock"]).ends(0);
    case.run_at(server.url(), &["plan"]).ends(0);
    assert_eq!(locks(server.url()).len(), 1);
}
