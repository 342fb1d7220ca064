//! `overlord drift`: what somebody else does with boto3 is found, named rightly and gone after the next apply; the formats are what their
//! schemas say; and nothing is written to find any of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod formats;
mod screen;
mod trail;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use crate::support::{SandboxServer, show};
use serde_json::Value;

const ORG_TOML: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
trusted_services = ["account.amazonaws.com", "cloudtrail.amazonaws.com", "config.amazonaws.com"]
delegated_administrators = { "config.amazonaws.com" = "audit" }
policies = ["FullAWSAccess", "deny-leave"]

[ou.work]
policies = ["FullAWSAccess", "keep-logs"]

[policy.deny-leave]
description = "Nobody leaves"
[policy.keep-logs]

[account.audit]
email = "aws+audit@example.org"
ou = "work"

[account.web]
email = "aws+web@example.org"
ou = "work"
tags = { team = "web" }
vpc = ["standard"]
[account.web.contacts.security]
name = "Sam"
title = "Security"
email = "security@example.org"
phone = "+49 30 1234"

[pool.main]
cidr = "10.0.0.0/8"

[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 20
zones = 2
tiers = { public = 25, private = 50 }
nat = "single"
endpoints = ["s3"]
flow_logs = { destination = "arn:aws:s3:::flow-logs" }
"#;

/// An organization on a server, and what applies and watches it.
pub(crate) struct Trial {
    server: SandboxServer,
    folder: tempfile::TempDir,
}

impl Trial {
    /// As org.toml says.
    pub(crate) fn new() -> Self {
        Self::in_weather(&[])
    }

    /// The same, where the server has further arguments.
    pub(crate) fn in_weather(weather: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("policies")).unwrap();
        let deny = |action: &str| {
            format!(
                r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "Keep", "Effect": "Deny", "Action": ["{action}"], "Resource": "*"}}]}}"#
            )
        };
        fs::write(folder.path().join("policies/deny-leave.json"), deny("organizations:LeaveOrganization")).unwrap();
        fs::write(folder.path().join("policies/keep-logs.json"), deny("logs:DeleteLogGroup")).unwrap();
        let trial = Self { server: SandboxServer::start(weather), folder };
        trial.org_toml("");
        trial.apply();
        trial.expect(&["drift"], 0);
        trial
    }

    /// org.toml with something behind it.
    pub(crate) fn org_toml(&self, more: &str) {
        fs::write(self.folder.path().join("org.toml"), format!("{ORG_TOML}{more}")).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Standard output of a run that ends so.
    #[track_caller]
    pub(crate) fn expect(&self, arguments: &[&str], status: i32) -> String {
        let mut command = self.server.client(env!("CARGO_BIN_EXE_overlord"));
        let output: Output = command.current_dir(self.folder.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "overlord {arguments:?}: {}", show(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn apply(&self) {
        self.expect(&["apply", "--yes", "--allow-delete"], 0);
    }

    /// What a client of another make says.
    pub(crate) fn script(&self, script: &str, arguments: &[&str]) -> String {
        self.server.script(script, arguments)
    }

    /// What somebody else does.
    pub(crate) fn disturb(&self, what: &str) {
        self.server.script("drift/disturb.py", &[what]);
    }

    /// The findings, each as `what severity subject: attributes; effect`, and what the trail says of it, as `event by whom`.
    fn found(&self) -> Vec<(String, String)> {
        let document: Value = serde_json::from_str(&self.expect(&["drift", "--format", "json"], 2)).unwrap();
        let line = |finding: &Value| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            let attributes: Vec<&str> = finding["attributes"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
            // Of what is missing or too much, all attributes differ.
            let attributes = if finding["what"] == "changed" { format!(": {}", attributes.join(" ")) } else { String::new() };
            let perhaps = if finding["event"]["certain"] == false { "perhaps " } else { "" };
            let origin = finding["by"].as_str().map(|by| format!("{perhaps}{} by {by}", finding["event"]["name"].as_str().unwrap()));
            let effect = finding["effect"].as_str().map(|effect| format!("; {effect}")).unwrap_or_default();
            let finding = format!("{} {} {}{attributes}{effect}", text("what"), text("severity"), without_id(&text("subject")));
            (finding, origin.unwrap_or_default())
        };
        document["findings"].as_array().unwrap().iter().map(line).collect()
    }
}

/// `333333333333 (stranger)` and `ou-1 (theirs)` by their names.
fn without_id(subject: &str) -> String {
    subject.split_once(' ').map_or(subject, |(_, name)| name).to_owned()
}

/// Who disturbs the organization, and who its accounts: as somebody who came by overlord's own road.
const ORGANIZER: &str = "user sandbox";
const INTRUDER: &str = "conformance (overlord's access role OrganizationAccountAccessRole)";

/// What is done, and what is found then, each finding with the event that explains it, where one is to be found. Each by itself, on an
/// organization that is clean before and after.
const DISTURBANCES: &[(&str, &[(&str, &str)])] = &[
    ("move an account", &[("changed guard-rail account.web: parent; weakened", "MoveAccount")]),
    ("detach a policy", &[("changed guard-rail policy_attachments.organization.main: policies; weakened", "DetachPolicy")]),
    ("attach a policy", &[("changed guard-rail policy_attachments.account.audit: policies; none", "AttachPolicy")]),
    ("empty a policy", &[("changed guard-rail policy.deny-leave: content; weakened", "UpdatePolicy")]),
    ("describe a policy", &[("changed cosmetic policy.deny-leave: description", "UpdatePolicy")]),
    (
        "delete a policy",
        &[
            ("changed guard-rail policy_attachments.ou.work: policies; weakened", "perhaps DetachPolicy"),
            ("missing guard-rail policy.keep-logs; weakened", "DeletePolicy"),
        ],
    ),
    ("tag an account", &[("changed cosmetic account.web: tags", "TagResource")]),
    ("untag an account", &[("changed cosmetic account.web: tags", "UntagResource")]),
    ("rename an account", &[("changed cosmetic account.web: name", "PutAccountName")]),
    ("rename an OU", &[("changed cosmetic ou.work: name", "UpdateOrganizationalUnit")]),
    ("move and tag an account", &[("changed guard-rail account.web: parent tags; weakened", "MoveAccount")]),
    ("distrust a service", &[("missing organization trusted_service.cloudtrail.amazonaws.com", "DisableAWSServiceAccess")]),
    (
        "dismiss an administrator",
        &[("missing organization delegated_administrator.config.amazonaws.com", "DeregisterDelegatedAdministrator")],
    ),
    ("change a contact", &[("changed organization alternate_contact.web/security: email", "PutAlternateContact")]),
    ("delete a route", &[("missing network web/eu-west-1/route.standard/public/0.0.0.0/0", "DeleteRoute")]),
    ("open a group", &[("changed network web/eu-west-1/default_security_group.standard: rules", "AuthorizeSecurityGroupIngress")]),
    ("delete a flow log", &[("missing network web/eu-west-1/flow_log.standard", "DeleteFlowLogs")]),
    ("delete an endpoint", &[("missing network web/eu-west-1/vpc_endpoint.standard/s3", "DeleteVpcEndpoints")]),
    (
        "associate another table",
        &[("changed network web/eu-west-1/subnet.standard/private-euw1-az1: route_table", "perhaps ReplaceRouteTableAssociation")],
    ),
    ("narrow an endpoint", &[("changed network web/eu-west-1/vpc_endpoint.standard/s3: route_tables", "ModifyVpcEndpoint")]),
];

#[test]
fn what_others_do_is_found_named_rightly_and_gone_after_the_next_apply() {
    let trial = Trial::new();
    for (what, expected) in DISTURBANCES {
        trial.disturb(what);
        let network = |finding: &str| finding.contains("eu-west-1/");
        let told = |(finding, event): &(&str, &str)| {
            let who = if network(finding) { INTRUDER } else { ORGANIZER };
            ((*finding).to_owned(), format!("{event} by {who}"))
        };
        assert_eq!(trial.found(), expected.iter().map(told).collect::<Vec<_>>(), "{what}");
        trial.apply();
        let clean = trial.expect(&["drift"], 0);
        assert!(clean.starts_with("No drift in 2 accounts."), "{what}: {clean}");
    }
    // What nobody manages stays, so it is found again.
    trial.disturb("make what nobody manages");
    let found = trial.found();
    let unmanaged = ["unmanaged network (web/eu-west-1)", "unmanaged organization (stranger)", "unmanaged organization (/theirs)"];
    assert_eq!(found, unmanaged.map(|finding| (finding.to_owned(), String::new())), "of what is no difference, nobody is asked");
    trial.apply();
    assert_eq!(trial.found(), found);
}

/// AWS's own tags, tags that nobody declared, other words of the same document, the guardrail with which the console creates organizations.
#[test]
fn noise_is_no_drift() {
    let trial = Trial::new();
    trial.disturb("make noise");
    let clean = trial.expect(&["drift"], 0);
    assert!(clean.starts_with("No drift in 2 accounts."), "{clean}");
    // Nor does anything take it away.
    trial.org_toml("# another one\n[policy.more]\n");
    trial.write("policies/more.json", &trial.read("policies/keep-logs.json"));
    trial.apply();
    assert!(trial.script("drift/attached.py", &[]).contains("DefaultGuardrail"));
}

/// Who only reads enters accounts by a role of his own, and who applies does not need that one.
#[test]
fn plans_and_looks_assume_the_role_of_plans() {
    let trial = Trial::new();
    let org_toml = ORG_TOML.replacen("home_region", "plan_role = \"overlord-read\"\nhome_region", 1);
    trial.write("org.toml", &org_toml);
    let unread = || trial.expect(&["drift", "--no-trail"], 2).contains("its network cannot be read");
    assert!(unread(), "nobody has made it");
    assert!(trial.expect(&["doctor"], 1).contains("`overlord-read` cannot be assumed in 2 of 2 accounts"));
    for account in ["audit", "web"] {
        trial.script("drift/role.py", &["make", account, "overlord-read"]);
    }
    assert!(unread(), "it may do nothing yet");
    // The access role is another one, and may.
    trial.disturb("delete a route");
    trial.apply();
    for account in ["audit", "web"] {
        trial.script("drift/role.py", &["allow", account, "overlord-read"]);
    }
    trial.expect(&["drift"], 0);
    trial.expect(&["plan"], 0);
    trial.expect(&["apply", "--rehearse"], 0);
}

/// By the trace of what it called; that the request gate is locked, the properties of plans prove.
#[test]
fn nothing_is_written_to_find_it() {
    let trial = Trial::new();
    trial.disturb("move an account");
    trial.disturb("delete a flow log");
    trial.expect(&["drift", "--trace", "trace.jsonl"], 2);
    let calls: Vec<Value> = trial.read("trace.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(calls.len() > 20, "{calls:?}");
    for call in calls {
        let operation = call["operation"].as_str().unwrap();
        let reads = ["List", "Describe", "Get", "AssumeRole", "LookupEvents"].iter().any(|prefix| operation.starts_with(prefix));
        assert!(reads, "drift called {operation}");
    }
}

#[test]
fn a_part_is_looked_at_alone() {
    let trial = Trial::new();
    trial.disturb("move an account");
    trial.disturb("detach a policy");
    trial.expect(&["drift", "--account", "audit"], 0);
    let line = trial.expect(&["drift", "--account", "web", "--format", "line"], 2);
    assert_eq!(line, "overlord drift: 1 finding (guardrails: 1 (1 weakened)): account.web changed\n");
}

#[test]
fn a_baseline_that_is_none_is_an_error() {
    let trial = Trial::new();
    trial.expect(&["drift", "--baseline", "none.json"], 1);
    trial.write("other.json", "{\"format_version\": 7}");
    let document: Value = serde_json::from_str(&trial.expect(&["drift", "--baseline", "other.json", "--format", "json"], 1)).unwrap();
    let message = document["error"]["message"].as_str().unwrap();
    assert!(message.contains("`other.json` is not a baseline") && message.contains("version 7"), "{message}");
}
