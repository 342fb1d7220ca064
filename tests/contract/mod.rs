//! The contract of the sandbox: botocore's models. A client that checks nothing drives every operation that the sandbox serves, and
//! each raw answer and refusal is held against the model of the pinned botocore: shapes, required members, types, enums, patterns,
//! null, unknown members, modelled errors. What may differ is in `allowed.toml`, with its reason, and a row that matches nothing fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod models;
mod truth;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::support::{SandboxServer, project, python, show};
use overlord::sandbox::World;
use overlord::sandbox::outside::{Belongs, Obstacle};

const MANAGEMENT: &str = "111111111111";

/// The world that `organizations.py` begins in: accounts outside that can, or cannot, be invited.
fn world() -> World {
    let mut world = World::new(MANAGEMENT);
    for (id, name) in [
        ("222222222222", "free"),
        ("333333333333", "manager"),
        ("444444444444", "poor"),
        ("555555555555", "foreign"),
        ("666666666666", "late"),
    ] {
        world.add_outsider(id, name, &format!("{name}@example.com"));
    }
    world.external_accounts.get_mut("333333333333").unwrap().belongs = Belongs::ManagesAnother;
    world.external_accounts.get_mut("444444444444").unwrap().obstacle = Some(Obstacle::PaymentInstrumentRequired);
    world.external_accounts.get_mut("555555555555").unwrap().obstacle = Some(Obstacle::OrganizationFromDifferentSellerOfRecord);
    let credentials = [
        "password",
        "access-key AKIAIOSFODNN7EXAMPLE",
        "signing-certificate TA7SMP42TDN5Z26OBPJE7EXAMPLE",
        "mfa-device arn:aws:iam::666666666666:mfa/root-account-mfa-device",
    ];
    world.root_credentials.insert("666666666666".to_owned(), BTreeSet::from(credentials.map(str::to_owned)));
    world
}

/// Slow enough that what is asynchronous shows its states on the way.
const SLOW: &str = "nat-gateway=300,endpoint=100,create-account=100,close-account=100,policy-type=100,region=2000,vpn-gateway=1000,sharing=2000,accounts=20,lacking-zone=cac1-az4,impaired-zone=cac1-az4";

/// Little of everything, and new accounts that EC2 does not take.
const SMALL: &str = "accounts=2,closings=0,account-ready=3600000,subnets=1,route-tables=1,nat-gateways=1";

#[test]
fn every_answer_and_refusal_is_what_the_models_of_botocore_say() {
    let world = serde_json::to_string(&world()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing.json");
    fs::write(&nothing, r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#).unwrap();
    let calm = SandboxServer::start_with(Some(&world), &["--weather", SLOW]);
    let [errors, rates, denied, busy] =
        ["errors=0.9", "rates=published", &format!("caller-policy={}", nothing.display()), "latency=50,concurrent-writes=refused"]
            .map(|weather| SandboxServer::start(&["--weather", weather]));
    let small = SandboxServer::start_with(Some(&world), &["--weather", SMALL]);
    let given = serde_json::json!({
        "calm": calm.url(),
        "errors": errors.url(),
        "rates": rates.url(),
        "denied": denied.url(),
        "busy": busy.url(),
        "small": small.url(),
        "world": calm.world(),
        "operations": overlord::sandbox::operations(),
    });
    let wrong = calm.client(python()).arg(project("tests/contract/contract.py")).arg(given.to_string()).output().unwrap();
    assert!(wrong.status.success(), "the sandbox is not what the models say: {}", show(&wrong));
}

/// The check of shapes finds each kind of mistake, in answers and refusals that were made wrong on purpose.
#[test]
fn the_check_of_shapes_finds_each_kind_of_mistake() {
    let output = Command::new(python()).arg(project("tests/contract/doctored.py")).output().unwrap();
    assert!(output.status.success(), "{}", show(&output));
}
