//! `accounts` and `output`: what exists, by the names of org.toml.

use crate::cli::case::*;

const TEAM: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
[ou.work]
[team.web]
ou = "work"
email = "aws+{account}@example.org"
stages = ["dev", "prod"]
"#;

#[test]
fn accounts_have_their_ids_once_they_exist() {
    let case = Case::new(TEAM);
    let before = case.run(&["accounts", "--sandbox"]).ends(0).out;
    assert!(before.lines().any(|line| line.starts_with("web-dev") && line.contains("missing")), "{before}");
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    let rows = serde_json::from_str::<serde_json::Value>(&case.run(&["accounts", "--sandbox", "--format", "json"]).ends(0).out).unwrap();
    let dev = rows["accounts"].as_array().unwrap().iter().find(|row| row["key"] == "web-dev").unwrap();
    assert_eq!((dev["team"].as_str(), dev["stage"].as_str(), dev["ou"].as_str()), (Some("web"), Some("dev"), Some("work")));
    assert_eq!((dev["email"].as_str(), dev["status"].as_str()), (Some("aws+web-dev@example.org"), Some("managed")));
    let id = dev["id"].as_str().unwrap();
    assert!(id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()), "{id}");
    let csv = case.run(&["accounts", "--sandbox", "--csv"]).ends(0).out;
    assert_eq!(csv.lines().next(), Some("key,id,name,email,ou,team,stage,status"));
    assert!(csv.lines().any(|line| line.starts_with(&format!("web-dev,{id},"))), "{csv}");
    // The id of one resource alone, for a shell's `$(…)`.
    assert_eq!(case.run(&["output", "account.web-dev", "--sandbox"]).ends(0).out, format!("{id}\n"));
}

#[test]
fn unmanaged_accounts_are_listed_last() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "[account.web]\nemail = \"aws+web@example.org\"\nou = \"work\"\n", "");
    let out = case.run(&["accounts", "--sandbox"]).ends(0).out;
    let last = out.lines().last().unwrap();
    let id = last.split_whitespace().next().unwrap();
    assert!(id.len() == 12 && last.contains(" work ") && last.ends_with("unmanaged"), "{out}");
    // What the same listing answered of it.
    let rows = case.run(&["accounts", "--sandbox", "--format", "json"]).ends(0).json();
    let row = rows["accounts"].as_array().unwrap().last().unwrap();
    assert_eq!((row["name"].as_str(), row["email"].as_str()), (Some("web"), Some("aws+web@example.org")));
}

#[test]
fn output_has_the_id_of_each_managed_resource() {
    let case = Case::small();
    case.run(&["output", "account.web", "--sandbox"]).ends(1).says(&["nothing with the address `account.web` exists", "help: "]);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    let out = case.run(&["output", "--sandbox"]).ends(0).out;
    for (address, prefix) in [("ou.work", "ou-"), ("policy.deny-leave", "p-"), ("account.web", "")] {
        assert!(out.lines().any(|line| line.starts_with(&format!("{address} = {prefix}"))), "{address}\n{out}");
    }
    let json = case.run(&["output", "--sandbox", "--format", "json", "--only", "ou"]).ends(0).out;
    let ids = serde_json::from_str::<serde_json::Value>(&json).unwrap()["ids"].as_object().unwrap().clone();
    assert_eq!(ids.keys().collect::<Vec<_>>(), ["ou.work"]);
}

#[test]
fn apply_prints_the_ids_of_what_it_created() {
    let case = Case::small();
    let id_in =
        |out: &str, address: &str| out.lines().find_map(|line| line.trim().strip_prefix(&format!("{address} = "))).map(str::to_owned);
    // Those of a copy exist nowhere.
    assert!(!case.run(&["apply", "--sandbox", "--rehearse"]).ends(0).out.contains("Created:"));
    let out = case.run(&["apply", "--sandbox", "--yes"]).ends(0).out;
    let listed = case.run(&["output", "--sandbox"]).ends(0).out;
    for address in ["organization.main", "ou.work", "policy.deny-leave", "account.web", "account.audit"] {
        let id = id_in(&out, address);
        assert!(id.is_some() && id == id_in(&listed, address), "{address}: {id:?}\n{out}\n{listed}");
    }
    // The policies of a target have no id of their own.
    assert_eq!(id_in(&out, "policy_attachments.organization.main"), None, "{out}");
    case.edit("org.toml", "[ou.work]", "[ou.work]\n[ou.new]");
    let json = case.run(&["apply", "--sandbox", "--yes", "--format", "json"]).ends(0).json();
    let ids = json["report"]["ids"].as_object().unwrap();
    assert_eq!(ids.keys().collect::<Vec<_>>(), ["ou.new"]);
    case.edit("org.toml", "[ou.new]", "[ou.new]\n[ou.newer]");
    let markdown = case.run(&["apply", "--sandbox", "--yes", "--format", "markdown"]).ends(0).out;
    assert!(id_in(&markdown, "ou.newer").is_some_and(|id| id.starts_with("ou-")), "{markdown}");
}

#[test]
fn missing_org_toml_names_init_and_import() {
    let case = Case::small();
    std::fs::remove_file(case.path("org.toml")).unwrap();
    case.run(&["plan", "--sandbox"]).ends(1).says(&["`org.toml` does not exist", "`overlord init`", "`overlord import`"]);
}

#[test]
fn import_without_a_region_says_that_networks_were_not_read() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.run(&["import", "--sandbox", "--out", "imported"]).ends(0).says(&["networks were not read", "--region"]);
}
