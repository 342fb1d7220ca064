//! Whole configurations: what they expand to, and that loading never panics.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::address::Address;
use crate::render::Style;
use crate::render::diagnostic::render;

const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}]}"#;
const DENY: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}}"#;
const RCP: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}"#;

/// The example of the language's design, as far as it is supported.
const EXAMPLE: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
trusted_services = ["config.amazonaws.com", "cloudtrail.amazonaws.com"]
delegated_administrators = { "config.amazonaws.com" = "audit" }
policies = ["FullAWSAccess", "deny-leave"]

[limits]
accounts = 100

[defaults]
stages = ["dev", "test", "qa", "prod"]
email  = "aws+{account}@example.org"
tags   = { team = "{team}", stage = "{stage}" }

[ou.hipaa]
policies = ["allow-hipaa"]
[ou.hipaa-pci]
parent = "hipaa"
policies = ["allow-pci"]
[ou.general]
[ou.core]

[policy.allow-hipaa]
description = "Services on the reviewed HIPAA list of 2026-10"
[policy.allow-pci]
[policy.deny-leave]

[team.records]
ou = "hipaa"
[team.payments]
ou = "hipaa-pci"
stages = ["dev", "prod"]
[team.payments.stage.prod]
ou = "general"
name = "Payments"

[account.audit]
email = "aws+audit@example.org"
ou = "core"
[account.legacy]
id = "222222222222"
ou = "root"
"#;

/// Sections of networks, to be added to the example.
const NETWORKS: &str = r#"
[account.hub]
email = "aws+hub@example.org"
ou = "root"
vpc = ["standard"]
cidr = { standard = "10.2.0.0/19" }

[team.search]
ou = "general"
stages = ["dev", "prod"]
vpc = ["standard"]
[team.search.stage.prod]
vpc = ["recovery", "standard"]
[team.search.stage.dev]
vpc = []

[pool.main]
cidr = "10.0.0.0/8"
reserved = ["10.0.0.0/19"]

[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 19
zones = 3
nat = "per-zone"
tiers = { public = 25, shared = 25, private = 50 }
endpoints = ["s3"]
[vpc.recovery]
region = "eu-central-1"
pool = "main"
prefix = 20
zones = 2
max_zones = 3
ipv6 = true
tiers = { private = 50, data = 12.5 }
"#;

fn load_text(text: &str) -> Result<Loaded, Vec<Diagnostic>> {
    load_bytes(text.as_bytes().to_vec())
}

fn load_bytes(bytes: Vec<u8>) -> Result<Loaded, Vec<Diagnostic>> {
    let reader = |path: &Path| match path.file_stem().and_then(|s| s.to_str()) {
        Some(name) if name.starts_with("allow") => Ok(ALLOW.as_bytes().to_vec()),
        Some("deny-principals") => Ok(RCP.as_bytes().to_vec()),
        Some(name) if name.starts_with("deny") => Ok(DENY.as_bytes().to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    load_with(Path::new("org.toml"), Ok(bytes), &Files::new("", &reader))
}

#[track_caller]
fn loaded(text: &str) -> Loaded {
    load_text(text).unwrap_or_else(|d| panic!("{}", render(&d, Style::default())))
}

fn resource(loaded: &Loaded, address: &str) -> Value {
    json!(loaded.desired.resources.get(&address.parse::<Address>().unwrap()))
}

#[test]
fn the_example_expands_to_what_the_reader_makes_too() {
    let loaded = loaded(EXAMPLE);
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.summary, Summary { accounts: 8, ous: 4, policies: 3, teams: 2 });
    let check = |address, expected: Value| assert_eq!(resource(&loaded, address), expected, "{address}");
    check("organization.main", json!({"feature_set": "ALL"}));
    check("trusted_service.config.amazonaws.com", json!({"organization": {"ref": "organization.main"}, "service": "config.amazonaws.com"}));
    check(
        "delegated_administrator.config.amazonaws.com",
        json!({"account": {"ref": "account.audit"}, "service": "config.amazonaws.com",
            "trusted_service": {"ref": "trusted_service.config.amazonaws.com"}}),
    );
    check(
        "policy_type.SERVICE_CONTROL_POLICY",
        json!({"organization": {"ref": "organization.main"}, "policy_type": "SERVICE_CONTROL_POLICY"}),
    );
    check("ou.hipaa-pci", json!({"name": "hipaa-pci", "parent": {"ref": "ou.hipaa"}}));
    check("ou.hipaa", json!({"name": "hipaa", "parent": {"ref": "organization.main"}}));
    check(
        "policy.allow-hipaa",
        json!({"name": "allow-hipaa", "description": "Services on the reviewed HIPAA list of 2026-10",
            "policy_type": {"ref": "policy_type.SERVICE_CONTROL_POLICY"},
            "content": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ec2:*", "s3:*"], "Resource": "*"}]}}),
    );
    check(
        "account.records-qa",
        json!({"email": "aws+records-qa@example.org", "name": "records-qa", "parent": {"ref": "ou.hipaa"},
            "tags": {"team": "records", "stage": "qa"}}),
    );
    check(
        "account.payments-prod",
        json!({"email": "aws+payments-prod@example.org", "name": "Payments", "parent": {"ref": "ou.general"},
            "tags": {"team": "payments", "stage": "prod"}}),
    );
    check("account.audit", json!({"email": "aws+audit@example.org", "name": "audit", "parent": {"ref": "ou.core"}}));
    check("account.legacy", json!({"parent": {"ref": "organization.main"}}));
    check(
        "policy_attachments.organization.main",
        json!({"policies": [{"ref": "policy.deny-leave"}, {"id": "p-FullAWSAccess"}], "target": {"ref": "organization.main"}}),
    );
    check("policy_attachments.ou.hipaa", json!({"policies": [{"ref": "policy.allow-hipaa"}], "target": {"ref": "ou.hipaa"}}));
    check("policy_attachments.account.audit", json!({"policies": [{"id": "p-FullAWSAccess"}], "target": {"ref": "account.audit"}}));
    check("account.payments-qa", Value::Null);
    assert_eq!(loaded.desired.pinned, BTreeMap::from([(Address::new("account", "legacy"), "222222222222".to_owned())]));
    assert_eq!(loaded.desired.access_role, "OrganizationAccountAccessRole");
    assert_eq!(loaded.desired.home_region, "eu-west-1");
}

#[test]
fn a_resource_control_policy_brings_its_default_along() {
    let loaded = loaded(
        r#"
        [organization]
        management_account = "111111111111"
        policies = ["FullAWSAccess", "deny-principals"]
        [policy.deny-principals]
        type = "rcp"
        [ou.a]
        "#,
    );
    assert_eq!(resource(&loaded, "policy_type.RESOURCE_CONTROL_POLICY")["policy_type"], json!("RESOURCE_CONTROL_POLICY"));
    assert_eq!(
        resource(&loaded, "policy_attachments.organization.main")["policies"],
        json!([{"ref": "policy.deny-principals"}, {"id": "p-FullAWSAccess"}, {"id": "p-RCPFullAWSAccess"}])
    );
    assert_eq!(resource(&loaded, "policy_attachments.ou.a")["policies"], json!([{"id": "p-FullAWSAccess"}, {"id": "p-RCPFullAWSAccess"}]));
}

#[test]
fn a_moved_team_moves_its_accounts() {
    let loaded = loaded(&format!(
        "{EXAMPLE}
        [[moved]]
        from = \"team.billing\"
        to = \"team.payments\"
        [[moved]]
        from = \"ou.old\"
        to = \"ou.core\"
        [[moved]]
        from = \"account.log\"
        to = \"account.audit\"
        "
    ));
    let moved = |new: &str| {
        let former = &loaded.desired.moved[&new.parse::<Address>().unwrap()];
        (former.address.to_string(), former.names.join(" "))
    };
    assert_eq!(moved("account.payments-dev"), ("account.billing-dev".into(), "aws+billing-dev@example.org".into()));
    assert_eq!(moved("account.payments-prod"), ("account.billing-prod".into(), "aws+billing-prod@example.org".into()));
    assert_eq!(moved("ou.core"), ("ou.old".into(), "old".into()));
    assert_eq!(moved("account.audit"), ("account.log".into(), "aws+audit@example.org".into()));
}

#[test]
fn the_example_validates_against_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let logs = "[vpc.logs]\nregion = \"eu-west-1\"\npool = \"main\"\nprefix = 20\nzones = 1\ntiers = { private = 100 }\nflow_logs = ";
    let forms =
        ["\"arn:aws:s3:::logs\"", "{ destination = \"arn:aws:s3:::logs\" }"].map(|form| format!("{EXAMPLE}{NETWORKS}{logs}{form}\n"));
    for text in [EXAMPLE].into_iter().chain(forms.iter().map(String::as_str)) {
        let example: Value = toml::from_str(text).unwrap();
        assert!(validator.is_valid(&example), "{:?}", validator.iter_errors(&example).map(|e| e.to_string()).collect::<Vec<_>>());
    }
    assert!(!validator.is_valid(&json!({"organization": {"management_account": "1"}})));
    assert!(!validator.is_valid(&json!({})));
}

/// Counts, not time: each file is read once, and everything is there.
#[test]
fn five_thousand_accounts_are_loaded() {
    use std::fmt::Write as _;
    let mut text = String::from(
        "[organization]\nmanagement_account = \"111111111111\"\n[limits]\naccounts = 5001\n[defaults]\nstages = [\"a\", \"b\", \"c\", \"d\"]\n\
         email = \"aws+{account}@example.org\"\ntags = { team = \"{team}\" }\n",
    );
    for team in 0..1250 {
        let _ = write!(text, "[team.t{team}]\nou = \"o{}\"\n", team % 300);
    }
    for ou in 0..300 {
        let _ = writeln!(text, "[ou.o{ou}]");
    }
    assert_eq!(loaded(&text).summary.accounts, 5000);
    // Every account wrong in its own way is no slower.
    let errors = load_text(&text.replace("ou = \"o", "ou = \"x")).unwrap_err();
    assert_eq!(errors.len(), 1250);
}

#[test]
fn deep_keys_are_refused_before_they_overflow_the_stack() {
    for text in [
        vec!["a"; 1_000_000].join("."),
        format!("[{}]", vec!["'a'"; 500_000].join(" . ")),
        "[".repeat(1_000_000),
        "a = {b".repeat(1_000_000),
    ] {
        assert!(load_text(&text).is_err());
    }
}

/// Megabytes of mistakes cost neither minutes nor gigabytes.
#[test]
fn a_large_file_of_mistakes_is_told_in_part() {
    assert_eq!(load_text(&"=\n".repeat(3 << 19)).unwrap_err().len(), 1);
    let keys: String = (0..50_000).map(|i| format!("key{i} = 1\n")).collect();
    let errors = load_text(&keys).unwrap_err();
    assert_eq!(errors.len(), 10_001);
    assert_eq!(errors.last().unwrap().summary, "40001 more mistakes are not shown");
}

#[test]
fn a_syntax_error_hides_what_is_not_certain() {
    let codes = |text: &str| load_text(text).unwrap_err().iter().filter_map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(
        codes("[organization]\nmanagement_account = \"1\"\n[ou.a]\nparent = \"b\"\nname = \n[ou.b]\nx = 1\n"),
        ["bad-account-id", "syntax"]
    );
}

#[test]
fn the_nearest_list_says_which_vpcs_an_account_has() {
    let defaults = EXAMPLE.replace("[defaults]", "[defaults]\nvpc = [\"recovery\"]");
    let with = loaded(&format!("{defaults}{NETWORKS}"));
    let design = &with.desired.network;
    let vpcs: Vec<String> = design.vpcs.keys().filter(|a| !a.to_string().starts_with("records")).map(ToString::to_string).collect();
    assert_eq!(
        vpcs,
        [
            "hub/eu-west-1/vpc.standard",
            "payments-dev/eu-central-1/vpc.recovery",
            "payments-prod/eu-central-1/vpc.recovery",
            "search-prod/eu-central-1/vpc.recovery",
            "search-prod/eu-west-1/vpc.standard",
        ]
    );
    let hub = design.vpcs.values().next().unwrap();
    assert_eq!(hub.pinned.map(|block| block.to_string()), Some("10.2.0.0/19".to_owned()));
    let layout = &design.layouts["recovery"];
    assert_eq!((layout.zone_bits, layout.nat, layout.ipv6), (2, crate::network::Nat::None, true));
    assert_eq!(layout.tiers.iter().map(|t| (t.name.as_str(), t.share.percent())).collect::<Vec<_>>(), [("private", 50.0), ("data", 12.5)]);
    // Their resources are not desired until their addresses are known.
    assert_eq!(with.warnings, []);
    assert!(with.desired.resources.keys().all(|address| address.scope().is_none()));
}

#[test]
fn a_layout_says_what_its_vpcs_have() {
    let standard = r#"[vpc.standard]
name_servers = ["10.10.0.2", "AmazonProvidedDNS"]
dns_support = true
flow_logs = "arn:aws:s3:::flow-logs/vpc"
tags = { Name = "{account}", where = "{region}/{stage}" }
"#;
    let recovery = r#"[vpc.recovery]
domain_name = "corp.example.org"
flow_logs = { destination = "arn:aws:s3:::recovery-logs", traffic = "REJECT", interval = 60 }
"#;
    let networks = NETWORKS.replace("[vpc.standard]\n", standard).replace("[vpc.recovery]\n", recovery);
    let networks = networks.replace("[account.hub]\n", "[account.hub]\ndefault_vpc = \"remove\"\n");
    let networks =
        networks.replace("vpc = [\"standard\"]\ncidr", "vpc = [\"recovery\"]\ncidr").replace("cidr = { standard = \"10.2.0.0/19\" }", "");
    let defaults = EXAMPLE.replace("[defaults]", "[defaults]\ndefault_vpc = \"remove\"");
    let defaults = defaults.replace("[team.records]", "[team.records]\ndefault_vpc = \"keep\"\nstage.dev.default_vpc = \"remove\"");
    let design = loaded(&format!("{defaults}{networks}")).desired.network;
    let dhcp = |layout: &str| design.layouts[layout].dhcp.as_ref().map(|dhcp| (dhcp.name_servers.join(" "), dhcp.domain_name.clone()));
    assert_eq!(dhcp("standard"), Some(("10.10.0.2 AmazonProvidedDNS".to_owned(), None)));
    assert_eq!(dhcp("recovery"), Some(("AmazonProvidedDNS".to_owned(), Some("corp.example.org".to_owned()))));
    let log =
        |layout: &str| design.layouts[layout].flow_log.as_ref().map(|log| (log.destination.clone(), log.traffic.clone(), log.interval));
    assert_eq!(log("standard"), Some(("arn:aws:s3:::flow-logs/vpc".to_owned(), "ALL".to_owned(), 600)));
    assert_eq!(log("recovery").map(|(_, traffic, interval)| (traffic, interval)), Some(("REJECT".to_owned(), 60)));
    assert_eq!((design.layouts["standard"].dns_support, design.layouts["standard"].dns_hostnames), (Some(true), None));
    let tags = &design.vpcs[&"search-prod/eu-west-1/vpc.standard".parse::<Address>().unwrap()].tags;
    assert_eq!(json!(tags), json!({"Name": "search-prod", "where": "eu-west-1/prod"}));
    // Nothing of [defaults] holds for single accounts.
    let without: Vec<&str> = design.without_default_vpc.iter().map(String::as_str).collect();
    assert_eq!(without, ["hub", "payments-dev", "payments-prod", "records-dev", "search-dev", "search-prod"]);
}

/// The example's paragraphs: each stands for itself.
fn paragraphs() -> Vec<&'static str> {
    EXAMPLE.trim().split("\n\n").collect()
}

proptest! {
    #[test]
    fn the_order_of_sections_means_nothing(paragraphs in Just(paragraphs()).prop_shuffle()) {
        prop_assert_eq!(loaded(&paragraphs.join("\n\n")).desired, loaded(EXAMPLE).desired);
    }

    #[test]
    fn a_dropped_section_is_loaded_or_told(drop in 0..paragraphs().len()) {
        let mut rest = paragraphs();
        rest.remove(drop);
        match load_text(&rest.join("\n\n")) {
            // What is loaded refers to nothing that is not there.
            Ok(loaded) => for attributes in loaded.desired.resources.values() {
                for address in crate::resource::references(attributes) {
                    prop_assert!(loaded.desired.resources.contains_key(&address), "{address}");
                }
            },
            Err(diagnostics) => prop_assert!(diagnostics.iter().all(|d| d.span.is_some() && d.hint.is_some())),
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = load_bytes(bytes);
    }

    #[test]
    fn no_mutation_panics(at in 0..EXAMPLE.len() + NETWORKS.len(), delete in 0_usize..40, insert in "[\\[\\]{}=\"'.,#a-c0-9\n $é-]{0,6}") {
        let mut bytes = format!("{EXAMPLE}{NETWORKS}").into_bytes();
        let end = (at + delete).min(bytes.len());
        bytes.splice(at..end, insert.bytes());
        if let Err(diagnostics) = load_bytes(bytes) {
            let rendered = render(&diagnostics, Style::default());
            prop_assert!(!rendered.is_empty());
        }
    }
}

#[test]
fn resources_point_at_the_section_of_what_they_are_a_part_of() {
    let text = format!("{EXAMPLE}{NETWORKS}");
    let loaded = loaded(&text);
    let line = |address: &str| {
        let (line, _) = loaded.places.of(&address.parse().unwrap()).line_and_column();
        text.lines().nth(line - 1).unwrap()
    };
    for (address, expected) in [
        ("hub/eu-west-1/vpc.standard", "[vpc.standard]"),
        ("hub/eu-west-1/subnet.standard/private-euw1-az1", "[vpc.standard]"),
        ("ou.hipaa", "[ou.hipaa]"),
        ("policy_attachments.account.audit", "[account.audit]"),
        ("alternate_contact.audit/billing", "[account.audit]"),
        // They are parts of no VPC, whatever their keys are.
        ("hub/eu-west-1/default_vpc.standard", "[account.hub]"),
        ("hub/default_vpc.standard", "[account.hub]"),
        // Without a section of its own, it is of the organization.
        ("policy_type.SERVICE_CONTROL_POLICY", "management_account = \"111111111111\""),
    ] {
        assert_eq!(line(address), expected, "{address}");
    }
}
