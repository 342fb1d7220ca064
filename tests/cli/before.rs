//! What can be known before the first write stops an apply before the first write.

use std::fs;

use serde_json::{Value, json};

use crate::cli::case::*;
use crate::support::SandboxServer;

const NETWORK: &str = r#"
[pool.main]
cidr = "10.0.0.0/8"
[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 20
zones = 2
tiers = { private = 50 }
"#;

/// Applies at a server, and returns the operations that were not reads.
fn writes(case: &Case, url: &str, arguments: &[&str], status: i32) -> (Ran, Vec<String>) {
    let trace = case.path("trace.jsonl");
    let arguments: Vec<&str> = ["apply", "--yes", "--trace", trace.to_str().unwrap()].iter().chain(arguments).copied().collect();
    let ran = case.run_at(url, &arguments).ends(status);
    let operations = if trace.exists() { operations(&trace) } else { Vec::new() };
    let _ = fs::remove_file(&trace);
    (ran, operations.into_iter().filter(|operation| !reads(operation) && operation != "AssumeRole").collect())
}

#[test]
fn an_unknown_region_creates_no_account() {
    let case = Case::new(&format!("{SMALL}{NETWORK}"));
    case.edit("org.toml", "[account.web]\n", "[account.web]\nvpc = [\"standard\"]\n");
    case.edit("org.toml", "region = \"eu-west-1\"\npool", "region = \"eu-west-9\"\npool");
    case.run(&["validate"]).ends(1).says(&["unknown Region `eu-west-9`", "did you mean `eu-west-1`?", "`regions` of [limits]"]);
    let server = SandboxServer::start(&[]);
    let (_, written) = writes(&case, server.url(), &[], 1);
    assert_eq!(written, [""; 0]);
    // A Region that AWS opened since is accepted, and not by its shape alone.
    case.edit("org.toml", "[ou.work]", "[limits]\nregions = [\"eu-west-9\"]\n[ou.work]");
    case.run(&["validate"]).ends(0);
}

/// One change of each plan cannot be made; the accounts of the same plan could be.
#[test]
fn no_account_is_created_while_the_plan_has_an_error() {
    let organization = Case::small();
    let server = SandboxServer::start(&[]);
    organization.run_at(server.url(), &["apply", "--yes"]).ends(0);
    let new = "[account.new]\nemail = \"aws+new@example.org\"\nou = \"work\"\n";
    let errors = [
        // An account that is not in the organization.
        "[account.other]\nid = \"999999999999\"\nou = \"work\"\n",
        // A name of a member needs a trusted service.
        "",
    ];
    for error in errors {
        let case = Case::new(&format!("{SMALL}{new}{error}"));
        if error.is_empty() {
            case.edit("org.toml", "[account.web]\n", "[account.web]\nname = \"Web\"\n");
        }
        let (ran, written) = writes(&case, server.url(), &[], 1);
        assert!(ran.out.contains("error"), "{}", ran.out);
        assert_eq!(written, [""; 0], "{error}");
    }
    // Without the error it is created.
    let (_, written) = writes(&Case::new(&format!("{SMALL}{new}")), server.url(), &[], 0);
    assert_eq!(written.iter().filter(|operation| *operation == "CreateAccount").count(), 1);
}

/// AWS counts accounts that org.toml does not name, and closed ones.
#[test]
fn no_account_is_created_where_the_quota_has_no_room_for_all() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    for n in 0..6 {
        organizations(server.url(), "CreateAccount", &json!({"Email": format!("other+{n}@example.org"), "AccountName": format!("o{n}")}));
    }
    // Nine there, of ten.
    let account = |n: usize| format!("[account.new{n}]\nemail = \"aws+new{n}@example.org\"\nou = \"work\"\n");
    let two = Case::new(&format!("{SMALL}{}{}", account(1), account(2)));
    let (ran, written) = writes(&two, server.url(), &[], 1);
    assert!(ran.out.contains("2 accounts are to be created, and there are 9, closed ones included, of 10"), "{}", ran.out);
    assert_eq!(written, [""; 0]);
    two.edit("org.toml", "[ou.work]", "[limits]\naccounts = 11\n[ou.work]");
    let (_, written) = writes(&two, server.url(), &[], 0);
    assert_eq!(written.iter().filter(|operation| *operation == "CreateAccount").count(), 2);
}

const TEAMS: &str = r#"
[organization]
management_account = "111111111111"
[ou.work]
[defaults]
stages = ["dev", "prod"]
email = "aws+{account}@example.org"
[team.payments]
ou = "work"
[account.audit]
email = "aws+audit@example.org"
ou = "work"
"#;

#[test]
fn a_renamed_team_key_is_detected_before_an_account_is_created() {
    let server = SandboxServer::start(&[]);
    let case = Case::new(TEAMS);
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    case.edit("org.toml", "[team.payments]", "[team.pay]");
    let ran = case.run_at(server.url(), &["plan"]).ends(1).says(&["2 new accounts look like existing ones", "--allow-new-accounts"]);
    let block = "[[moved]]\nfrom = \"team.payments\"\nto = \"team.pay\"\n";
    assert!(ran.out.contains("`team.pay` looks like a rename of `team.payments`") && ran.out.contains(block), "{}", ran.out);
    let plan = case.run_at(server.url(), &["plan", "--format", "json"]).ends(1).json();
    assert_eq!(
        (&plan["renames"][0]["from"], &plan["renames"][0]["accounts"][0]["to"]),
        (&json!("team.payments"), &json!("account.pay-dev"))
    );
    assert!(case.run_at(server.url(), &["plan", "--format", "markdown"]).ends(1).out.contains(block));
    let (_, written) = writes(&case, server.url(), &[], 1);
    assert_eq!(written, [""; 0]);
    // With the block that it printed, the accounts stay, and nothing looks renamed.
    let with_block = format!("{}{block}", fs::read_to_string(case.path("org.toml")).unwrap());
    let moved = Case::new(&with_block);
    let plan: Value = moved.run_at(server.url(), &["plan", "--format", "json"]).json();
    assert!(plan["changes"].as_array().unwrap().iter().all(|change| change["action"] != "create"), "{plan:#}");
    assert_eq!(plan.get("renames"), None);
    // And on purpose they are created.
    let (_, written) = writes(&case, server.url(), &["--allow-new-accounts"], 0);
    assert_eq!(written.iter().filter(|operation| *operation == "CreateAccount").count(), 2);
}

#[test]
fn a_renamed_account_key_is_detected_before_an_account_is_created() {
    let server = SandboxServer::start(&[]);
    let case = Case::new(TEAMS);
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    case.edit("org.toml", "[account.audit]\nemail = \"aws+audit@example.org\"", "[account.trail]\nemail = \"aws+trail@example.org\"");
    let ran = case.run_at(server.url(), &["plan"]).ends(1).says(&["1 new account looks like an existing one"]);
    assert!(ran.out.contains("[[moved]]\nfrom = \"account.audit\"\nto = \"account.trail\"\n"), "{}", ran.out);
    assert_eq!(writes(&case, server.url(), &[], 1).1, [""; 0]);
}

/// Where e-mails are not unique, as on moto.
#[test]
fn two_live_accounts_of_one_address_are_an_error_that_names_both() {
    let server = SandboxServer::start(&["--weather", "emails=lenient"]);
    let case = Case::small();
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    let twin = organizations(server.url(), "CreateAccount", &json!({"Email": "aws+web@example.org", "AccountName": "web"}));
    let twin = twin["CreateAccountStatus"]["AccountId"].as_str().unwrap();
    let accounts = organizations(server.url(), "ListAccounts", &json!({}));
    let of_web = accounts["Accounts"].as_array().unwrap().iter().filter(|account| account["Email"] == "aws+web@example.org");
    let ids: Vec<&str> = of_web.map(|account| account["Id"].as_str().unwrap()).collect();
    assert!(ids.len() == 2 && ids.contains(&twin));
    let ran = case.run_at(server.url(), &["plan"]).ends(1);
    for words in ["error: account.web: 2 live accounts have the e-mail `aws+web@example.org`", ids[0], ids[1], "write the `id`"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    // As it says.
    let first = ids.iter().find(|id| **id != twin).unwrap();
    case.edit("org.toml", "[account.web]\n", &format!("[account.web]\nid = \"{first}\"\n"));
    case.run_at(server.url(), &["plan"]).ends(0);
}
