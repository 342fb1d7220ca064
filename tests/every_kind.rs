//! Every kind of resource is declared, applied, and read back as declared: a kind that a family's reader forgets would be planned for ever.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use overlord::address::Address;
use overlord::apply::Outcome;
use overlord::config::{self, Files};
use overlord::plan::Plan;
use overlord::resource::{Desired, KINDS};
use overlord::sandbox::{Sandbox, Weather, World};

use crate::pipeline::{MANAGEMENT, plan, plan_and_copy, run};

const DENY: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}]}"#;

/// A new kind adds its keys here.
const CONFIGURATION: &str = r#"
[organization]
management_account = "111111111111"
trusted_services = ["account.amazonaws.com", "config.amazonaws.com", "iam.amazonaws.com", "ram.amazonaws.com"]
delegated_administrators = { "config.amazonaws.com" = "hub" }
root_access = "central"
quarantine = "waiting"
policies = ["FullAWSAccess", "deny"]

[defaults]
email = "{account}@example.org"
alias = "example-{account}"
safeguards = ["ebs-encryption"]
root_credentials = "remove"
default_vpc = "remove"
regions = ["af-south-1"]

[defaults.contacts.security]
name = "Security"
title = "on call"
email = "security@example.org"
phone = "+49 30 1000"
[defaults.contacts.primary]
full_name = "Ada Example"
address = ["1 Main Street"]
city = "Berlin"
state = "Berlin"
postal_code = "10115"
country_code = "DE"
phone = "+49 30 1000"

[ou.work]
[ou.waiting]
policies = ["FullAWSAccess", "deny"]
[policy.deny]

[account.hub]
email = "hub@example.org"
ou = "work"
vpc = ["standard"]
[team.spoke]
ou = "work"
stages = ["dev"]
vpc = ["standard"]

[pool.main]
cidr = "10.0.0.0/8"
reserved = ["10.10.0.0/16"]
[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 20
zones = 2
nat = "per-zone"
tiers = { public = 25, shared = 25, private = 50 }
endpoints = ["s3", "sts"]
domain_name = "corp"
flow_logs = { destination = "arn:aws:s3:::logs" }
ipv6 = true
peering = "mesh"
attach = "hub"
vpn = "office"
share = { tier = "shared", with = "ou.work" }
[transit_gateway.hub]
account = "hub"
region = "eu-west-1"
[vpn.office]
address = "203.0.113.10"
routes = ["10.10.0.0/16"]
"#;

/// An account outside the organization: AWS takes no invitation before the organization exists.
const INVITED: &str = "[account.legacy]\nid = \"222222222222\"\ninvite = true\nou = \"work\"\n";

fn desired(toml: &str) -> Desired {
    let read = |path: &Path| match path.to_str() {
        Some("policies/deny.json") => Ok(DENY.as_bytes().to_vec()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    match config::load_with(Path::new("org.toml"), Ok(toml.as_bytes().to_vec()), &Files::new("", &read)) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

/// Applies it, and returns the kinds that the plan had. The next plan is empty.
async fn applied(sandbox: &Sandbox, desired: &Desired) -> BTreeSet<String> {
    let (first, report) = run(sandbox, desired).await.unwrap();
    for (address, outcome) in &report.outcomes {
        assert_eq!(*outcome, Outcome::Applied, "{address}");
    }
    let next = plan(sandbox, desired).await.unwrap();
    let left: Vec<String> = next.changes.iter().map(|change| format!("{:?} {}", change.action, change.address)).collect();
    assert!(left.is_empty(), "planned again: {left:#?}");
    first.changes.iter().map(|change| change.address.kind().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_applied_and_not_planned_again() {
    let mut world = World::new(MANAGEMENT);
    world.add_outsider("222222222222", "legacy", "legacy@example.org");
    let sandbox = Sandbox::new(world, Weather::default());
    let mut planned = applied(&sandbox, &desired(CONFIGURATION)).await;
    // A new account has no credentials that could be deleted.
    let mut world = sandbox.world();
    let spoke = world.accounts_with_email("spoke-dev@example.org").iter().next().unwrap().clone();
    world.root_credentials.insert(spoke, BTreeSet::from(["password".to_owned()]));
    let sandbox = Sandbox::new(world, Weather::default());
    planned.extend(applied(&sandbox, &desired(&[CONFIGURATION, INVITED].concat())).await);
    let kinds: BTreeSet<String> = KINDS.iter().map(|kind| kind.spec().kind.to_owned()).collect();
    assert_eq!(planned, kinds, "a kind that no resource here has: declare one in CONFIGURATION");

    // A rehearsal begins with a copy of what was read, which is the same for a plan. A handshake has another id there.
    let desired = desired(&[CONFIGURATION, INVITED].concat());
    let (here, world) = plan_and_copy(&sandbox, &desired).await;
    let copy = Sandbox::new(world, Weather::default());
    let there = plan(&copy, &desired).await.unwrap();
    let attributes = |plan: &Plan, address: &Address| plan.observed.get(address).map(|live| live.attributes.clone());
    let addresses = here.observed.keys().chain(there.observed.keys());
    let other: Vec<&Address> = addresses.filter(|address| attributes(&here, address) != attributes(&there, address)).collect();
    assert!(other.is_empty(), "{other:#?}");
}
