//! `overlord import`: what it writes, when it writes nothing, and that the plan of it is empty.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::cli::case::*;
use crate::cli::snapshots::snapshot;

/// An organization with something of everything, whose keys are not what AWS shows.
const GROWN: &str = r#"
[organization]
management_account = "111111111111"
trusted_services = ["account.amazonaws.com", "config.amazonaws.com", "guardduty.amazonaws.com"]
delegated_administrators = { "config.amazonaws.com" = "audit" }
policies = ["FullAWSAccess", "leave", "tags"]

[limits]
accounts = 100

[defaults]
stages = ["dev", "test", "prod"]
email = "aws+{account}@example.org"

[ou.w]
name = "Workloads"
[ou.wp]
name = "Prod"
parent = "w"
policies = ["FullAWSAccess", "keep"]
[ou.s]
name = "Security & Logs"
[ou.sp]
name = "Prod"
parent = "s"
[ou.q]
name = "Quarantine"
policies = ["nothing"]
[ou.j]
name = "日本"

[policy.leave]
name = "Deny Leave"
file = "policies/deny-leave.json"
description = "Nobody leaves, \"ever\""
[policy.keep]
file = "policies/keep-data.json"
[policy.nothing]
name = "deny-everything"
lockdown = true
[policy.tags]
name = "team-tags"
type = "tag"
file = "policies/team-tags.json"

[team.records]
ou = "w"
stage.prod = { ou = "wp" }
[team.payments]
ou = "w"
stage.prod = { ou = "wp", name = "Payments", policies = ["FullAWSAccess", "keep"] }
[team.search]
ou = "w"
stages = ["dev", "prod"]
email = "search@{stage}.example.net"

[account.audit]
email = "aws+audit@example.org"
name = "Audit \\ \"x\""
ou = "sp"
[account.logs]
email = "logs@example.org"
name = "log-archive"
ou = "s"
"#;

/// As others would have made it: without overlord's tags.
fn grown() -> Case {
    let case = made();
    let world = case.path(".overlord/sandbox.json");
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(&world).unwrap()).unwrap();
    text["tags"] = serde_json::json!({});
    fs::write(&world, text.to_string()).unwrap();
    case
}

/// As overlord makes it.
fn made() -> Case {
    let case = Case::new(GROWN);
    let nothing = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    fs::write(case.path("policies/nothing.json"), nothing).unwrap();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case
}

/// All files below a folder.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(tree(&entry.path()).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
        } else {
            found.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
    found
}

/// Ids differ from run to run.
fn without_ids(text: &str) -> String {
    // The key of an OU of whose name no letter can be a part of it.
    let text = text.split_once("[ou.ou-").map_or(text.to_owned(), |(before, after)| format!("{before}[ou.ou-ID{}", &after[8..]));
    let pieces =
        text.split('"').map(|piece| if piece.len() == 12 && piece.bytes().all(|b| b.is_ascii_digit()) { "000000000000" } else { piece });
    pieces.collect::<Vec<_>>().join("\"")
}

#[test]
fn a_grown_organization_is_written_and_its_plan_is_empty() {
    let case = grown();
    let imported = case.run(&["import", "--sandbox", "--out", "live"]).ends(0);
    assert!(imported.out.starts_with("`live/org.toml` is written: 10 accounts, 3 teams, 6 OUs, 4 policies"), "{}", imported.out);
    let files = tree(&case.path("live"));
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["org.toml", "policies/deny-everything.json", "policies/deny-leave.json", "policies/keep.json", "policies/team-tags.json"]
    );
    snapshot("import.toml", &without_ids(&files["org.toml"]));
    snapshot("import-policy.json", &files["policies/deny-leave.json"]);
    case.run(&["--config", "live/org.toml", "plan", "--sandbox"]).ends(0);

    // What is there is not written over, unless that is asked for; and then it is the same.
    let refused = case.run(&["import", "--sandbox", "--out", "live"]).ends(1).says(&["`live/org.toml` already exists", "--force"]);
    assert_eq!(refused.out, "");
    case.run(&["import", "--sandbox", "--out", "live", "--force"]).ends(0);
    assert_eq!(tree(&case.path("live")), files);
}

/// AWS's language grows: a live document that overlord takes for one that AWS refuses is left alone with all attached ones of its type, and listed with the reason.
#[test]
fn a_live_policy_that_overlord_would_refuse_is_listed_with_the_reason() {
    let case = grown();
    let (world, strange) =
        (case.path(".overlord/sandbox.json"), r#"{"Statement":[{"Effect":"Deny","Action":"s3:Get:Object","Resource":"*"}]}"#);
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(&world).unwrap()).unwrap();
    let policies = text["policies"].as_object_mut().unwrap();
    let policy = policies.values_mut().find(|policy| policy["name"] == "Deny Leave").unwrap();
    policy["content"] = strange.into();
    let id = policy["id"].as_str().unwrap().to_owned();
    fs::write(&world, text.to_string()).unwrap();
    let reason = format!(
        "policies of type SERVICE_CONTROL_POLICY: `{id}` (Deny Leave) is attached, and has a document that overlord considers invalid for AWS"
    );
    let imported = case.run(&["import", "--sandbox", "--out", "live"]).ends(0);
    assert!(imported.out.contains(&reason), "{}", imported.out);
    let file = fs::read_to_string(case.path("live/org.toml")).unwrap();
    assert!(file.contains(&reason), "{file}");
    assert!(!file.contains("[policy.keep]") && file.contains("[policy.team-tags]"), "only that type is left alone: {file}");
    case.run(&["--config", "live/org.toml", "plan", "--sandbox"]).ends(0);
    // One that is attached nowhere is left out alone.
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(&world).unwrap()).unwrap();
    text["attachments"].as_object_mut().unwrap().values_mut().for_each(|set| set.as_array_mut().unwrap().retain(|one| *one != *id));
    fs::write(&world, text.to_string()).unwrap();
    let imported = case.run(&["import", "--sandbox", "--out", "later"]).ends(0);
    let reason = format!("{id} (Deny Leave): has a document that overlord considers invalid for AWS");
    assert!(imported.out.contains(&reason), "{}", imported.out);
    assert!(fs::read_to_string(case.path("later/org.toml")).unwrap().contains("[policy.keep]"));
}

/// Of OUs and policies by their tags, and of accounts where theirs are read.
#[test]
fn overlord_finds_its_own_keys_again() {
    let case = made();
    for (folder, tags, account) in [("plain", &[][..], "[account.log-archive]"), ("tagged", &["--tags"], "[account.logs]")] {
        case.run(&[&["import", "--sandbox", "--out", folder], tags].concat()).ends(0);
        let text = fs::read_to_string(case.path(folder).join("org.toml")).unwrap();
        for section in ["[ou.wp]", "[policy.leave]", "[team.payments]", account] {
            assert!(text.contains(section), "{section}\n{text}");
        }
        case.run(&["--config", &format!("{folder}/org.toml"), "plan", "--sandbox"]).ends(0);
    }
}

#[test]
fn all_that_is_in_the_way_is_told_at_once() {
    let case = grown();
    fs::create_dir_all(case.path("live/policies")).unwrap();
    for name in ["keep", "team-tags"] {
        fs::write(case.path(&format!("live/policies/{name}.json")), "mine").unwrap();
    }
    let before = tree(&case.path("live"));
    case.run(&["import", "--sandbox", "--out", "live"]).ends(1).says(&["live/policies/keep.json", "live/policies/team-tags.json"]);
    assert_eq!(tree(&case.path("live")), before);
    let told = case.run(&["import", "--sandbox", "--out", "live", "--format", "json"]).ends(1).json();
    assert_eq!(told["in_the_way"].as_array().unwrap().len(), 2);
}

#[test]
fn a_program_gets_a_document() {
    let case = grown();
    let told = case.run(&["import", "--sandbox", "--out", "live", "--format", "json"]).ends(0).json();
    assert_eq!((&told["imported"]["accounts"], told["files"].as_array().unwrap().len()), (&10.into(), 5));
    assert_eq!(told["left"], serde_json::json!([]));
}

#[test]
fn where_there_is_no_organization_nothing_is_written() {
    let case = Case::small();
    case.run(&["import", "--sandbox", "--out", "live"]).ends(1).says(&["is not in an organization", "help"]);
    assert!(!case.path("live").exists());
}

/// What overlord built is found again, whoever has lost its org.toml; what others built is told.
#[test]
fn networks_are_found_in_the_regions_that_are_asked_for() {
    let layout = "vpc = [\"standard\"]\n[pool.main]\ncidr = \"10.0.0.0/8\"\n[vpc.standard]\nregion = \"eu-west-1\"\npool = \"main\"\nprefix = 19\nzones = 3\n\
                  tiers = { public = 25, shared = 12.5, private = 50 }\nnat = \"per-zone\"\nendpoints = [\"s3\"]\n";
    let case = Case::new(&format!("{SMALL}{layout}"));
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    let told = case.run(&["import", "--sandbox", "--out", "live", "--region", "eu-west-1"]).ends(0);
    assert!(!told.out.contains("vpc-"), "{}", told.out);
    let text = fs::read_to_string(case.path("live/org.toml")).unwrap();
    let networks = text.split_once("[pool.main]").map(|(_, networks)| format!("[pool.main]{networks}"));
    snapshot("import-networks.toml", &networks.unwrap_or_default());
    case.run(&["--config", "live/org.toml", "plan", "--sandbox"]).ends(0);

    // Without the Region they are not looked for, and nothing says that they should go.
    case.run(&["import", "--sandbox", "--out", "bare"]).ends(0);
    assert!(!fs::read_to_string(case.path("bare/org.toml")).unwrap().contains("[vpc."));
    case.run(&["--config", "bare/org.toml", "plan", "--sandbox"]).ends(0);
}

/// It reads, and reads only; and needs no org.toml.
#[test]
fn nothing_is_changed() {
    let case = grown();
    fs::remove_file(case.path("org.toml")).unwrap();
    case.run(&["import", "--sandbox", "--out", "live", "--trace", "trace"]).ends(0);
    let called = operations(&case.path("trace"));
    assert!(called.len() > 5 && called.iter().all(|operation| reads(operation)), "{called:?}");
    // Of OUs and policies, which overlord may have made; of accounts they were not asked for.
    assert_eq!(called.iter().filter(|operation| *operation == "ListTagsForResource").count(), 6 + 4);
}

/// Contacts, opt-in Regions, root access and several administrators of one service survive an import, and the plan of it is empty.
#[test]
fn what_accounts_have_survives() {
    const HAVE: &str = r#"
[organization]
management_account = "111111111111"
trusted_services = ["account.amazonaws.com", "config.amazonaws.com", "iam.amazonaws.com"]
delegated_administrators = { "config.amazonaws.com" = ["audit", "web-prod"] }
root_access = "central"
[defaults]
stages = ["dev", "prod"]
email = "aws+{account}@example.org"
regions = ["af-south-1"]
contacts.security = { name = "Security", title = "on call", email = "security@example.org", phone = "+49 30 1000" }
[team.web]
ou = "root"
[team.shop]
ou = "root"
stage.prod = { regions = ["af-south-1", "eu-south-1"] }
[account.audit]
email = "aws+audit@example.org"
ou = "root"
contacts.billing = { name = "Billing", title = "desk", email = "billing@example.org", phone = "1" }
contacts.primary = { full_name = "Example", address = ["Road 1", "Floor 2"], city = "Bern", postal_code = "3000", country_code = "CH", phone = "+41 31 1000" }
"#;
    let case = Case::new(HAVE);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.run(&["import", "--sandbox", "--attributes", "--out", "imported"]).ends(0);
    let written = fs::read_to_string(case.path("imported/org.toml")).unwrap();
    for line in [
        "delegated_administrators = { \"config.amazonaws.com\" = [\"web-prod\", \"audit\"] }",
        "root_access = \"central\"",
        "regions = [\"af-south-1\"]",
        "stage.prod = { regions = [\"af-south-1\", \"eu-south-1\"] }",
        "contacts.security = { ",
        "contacts.billing = { ",
        "address = [\"Road 1\", \"Floor 2\"]",
    ] {
        assert!(written.contains(line), "{line}\n{written}");
    }
    case.run(&["plan", "--sandbox", "--config", "imported/org.toml"]).ends(0);

    // Without the flag they are nobody's.
    case.run(&["import", "--sandbox", "--out", "plain"]).ends(0);
    let plain = fs::read_to_string(case.path("plain/org.toml")).unwrap();
    assert!(!plain.contains("contacts.") && !plain.contains("regions"), "{plain}");
    case.run(&["plan", "--sandbox", "--config", "plain/org.toml"]).ends(0);
}

/// The least policy for an import lets all of it through, and nothing be changed.
#[test]
fn its_least_policy_is_enough() {
    let case = made();
    let policy = |name: &str, arguments: &[&str]| {
        let ran = case.run(&[&["doctor", "--policy", "import"], arguments].concat()).ends(0);
        fs::write(case.path(name), ran.out).unwrap();
    };
    fs::remove_file(case.path("org.toml")).unwrap();
    policy("caller.json", &["--region", "eu-west-1"]);
    policy("role.json", &["--region", "eu-west-1", "--for", "access-role"]);
    policy("narrow.json", &[]);
    let weather = "caller-policy=caller.json,role-policy=role.json";
    let all = ["import", "--sandbox", "--tags", "--attributes", "--region", "eu-west-1", "--out", "imported", "--weather", weather];
    case.run(&all).ends(0);
    case.run(&["import", "--sandbox", "--out", "plain", "--weather", "caller-policy=narrow.json"]).ends(0);
    let narrow = [&all[..9], &["caller-policy=narrow.json,role-policy=role.json", "--force"]].concat();
    let left = case.run(&narrow).ends(0).out;
    assert!(left.contains("ec2:DescribeVpcs was refused in account 111111111111"), "{left}");
    case.run(&["apply", "--sandbox", "--yes", "--config", "imported/org.toml", "--weather", "caller-policy=caller.json"]).ends(0);
}
