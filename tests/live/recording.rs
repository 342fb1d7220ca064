//! `--record DIR`, and the replay: what is planned from a recording is what was planned from AWS.

use std::fs;
use std::path::Path;
use std::process::Command;

use overlord::aws::recording::{Beside, EXCHANGES, Exchange, Replay};
use overlord::aws::{Access, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};
use overlord::plan::Plan;
use overlord::resource::Desired;
use overlord::sandbox::{Sandbox, Weather};
use overlord::snapshot;
use serde_json::Value;

use crate::support::{MOTO_ACCOUNT, Moto, SandboxServer, Server, client_of, copy, project, show};

/// What must not be in a recording, in any spelling.
const PRIVATE: &[&str] = &[
    "acme-corp",
    "jane.roe",
    "Jane Roe",
    "Head of Hiding",
    "123456789",
    "hidden-owner",
    "hidden-team",
    "Secret description",
    "203.0.113.10",
    "wJalrXUtnFEMI",
    "FwoGZXIvYXdzEBY",
    "AKIAIOSFODNN7EXAMPLE",
    "Signature=",
    "AWS4-HMAC",
];

const SECRET_KEY: &str = "wJalrXUtnFEMI-very-secret-bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "FwoGZXIvYXdzEBY-session-token-aDHexample";

/// An organization with people, contacts and networks; `more` is for servers that can do everything.
fn organization(management: &str, layout: &str, more: &str) -> String {
    // moto never tells that RAM shares with the organization (docs/emulators.md).
    let trusted = if management == MOTO_ACCOUNT { "" } else { r#""account.amazonaws.com", "ram.amazonaws.com""# };
    format!(
        r#"
[organization]
management_account = "{management}"
trusted_services = [{trusted}]
policies = ["FullAWSAccess", "deny-leave"]
[ou.core]
tags = {{ cost = "hidden-team-4711" }}
[policy.deny-leave]
description = "Secret description of ACME"
[pool.main]
cidr = "10.0.0.0/8"
[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 19
zones = 2
tiers = {{ public = 25, shared = 25, private = 50 }}
tags = {{ owner = "hidden-owner" }}
{layout}
[account.one]
email = "jane.roe+one@acme-corp.example.org"
ou = "core"
vpc = ["standard"]
tags = {{ team = "hidden-team" }}
[account.two]
email = "john+two@acme-corp.example.org"
ou = "core"
vpc = ["standard"]
{more}
"#
    )
}

const ALL_OF_A_NETWORK: &str = r#"
nat = "per-zone"
endpoints = ["s3", "sqs"]
peering = "mesh"
attach = "hub"
vpn = "office"
share = { tier = "shared", with = "ou.core" }
domain_name = "corp.example.net"
flow_logs = "arn:aws:s3:::flow-logs"
[transit_gateway.hub]
account = "one"
region = "eu-west-1"
share_with = ["ou.core"]
[vpn.office]
address = "203.0.113.10"
routes = ["192.168.0.0/16"]
"#;

const CONTACTS: &str = r#"
[account.one.contacts.security]
name = "Jane Roe"
title = "Head of Hiding"
email = "jane.roe@acme-corp.example.org"
phone = "+49 30 123456789"
"#;

/// A folder with that configuration.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new(org_toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("org.toml"), org_toml).unwrap();
        copy(&project("policies"), &folder.path().join("policies"));
        Self { folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, mut command: Command, arguments: &[&str], status: i32) -> String {
        command.current_dir(self.folder.path()).args(arguments);
        command.env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_SESSION_TOKEN", TOKEN);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(status), "overlord {arguments:?}: {}", show(&output));
        String::from_utf8(output.stderr).unwrap()
    }

    fn at(&self, server: &Server, arguments: &[&str], status: i32) -> String {
        self.run(server.client(env!("CARGO_BIN_EXE_overlord")), arguments, status)
    }
}

/// Sessions in front of a transport that knows no secrets.
async fn sessions(transport: aws_smithy_runtime_api::client::http::SharedHttpClient, desired: &Desired) -> Sessions {
    let request_gate = RequestGate::new(RequestGateOptions {
        mode: Mode::ReadOnly,
        rates: Rates::Unlimited,
        trace: None,
        transport,
        interrupt: Interrupt::default(),
    });
    let access = Access::Sandbox { management_account: desired.management_account.clone() };
    Sessions::load(access, request_gate, &desired.home_region, desired.reading_role()).await.unwrap()
}

fn desired(replay: &Replay) -> Desired {
    serde_json::from_value(replay.desired().unwrap().clone()).unwrap()
}

/// The plan that the readers make of a recording.
async fn replayed(replay: &Replay) -> Result<Plan, overlord::aws::Error> {
    let desired = desired(replay);
    let sessions = sessions(replay.http_client(), &desired).await;
    sessions.guard(&desired.management_account).await?;
    Ok(Plan::build(&desired, &snapshot::read(&sessions, &desired).await?).locked())
}

/// What a plan would do, without ids, which differ.
fn changes(plan: &Value) -> Vec<String> {
    let changes = plan["changes"].as_array().unwrap().iter();
    changes.map(|change| format!("{} {}", change["action"], change["address"])).collect()
}

fn json(plan: &Plan) -> Value {
    serde_json::from_str(&plan.to_json().unwrap()).unwrap()
}

/// Plans with a recording, replays it, and compares.
async fn records_and_replays(case: &Case, server: &Server, status: i32) -> Replay {
    let talk = case.at(server, &["plan", "--record", "recording", "--out", "plan.json"], status);
    assert!(!talk.contains("the recording"), "{talk}");
    let replay = Replay::open(&case.path("recording")).unwrap();
    let plan = replayed(&replay).await.unwrap();
    let original: Value = serde_json::from_str(&fs::read_to_string(case.path("plan.json")).unwrap()).unwrap();
    fs::remove_file(case.path("plan.json")).unwrap();
    let again = json(&plan);
    assert_eq!(changes(&again), changes(&original));
    assert_eq!(again["budget"], original["budget"]);
    assert_eq!(again["cost"], original["cost"]);
    assert_eq!(again["observed"].as_object().map(serde_json::Map::len), original["observed"].as_object().map(serde_json::Map::len));
    assert_eq!(again["findings"].as_array().map(Vec::len), original["findings"].as_array().map(Vec::len));
    replay
}

/// Every spelling in which a text can be in a file.
fn spellings(text: &str) -> Vec<String> {
    let encoded = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let escaped = serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let unicode = text.chars().map(|c| if c.is_alphanumeric() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }).collect();
    vec![text.to_owned(), text.to_lowercase(), encoded.clone(), encoded.to_lowercase(), escaped, unicode]
}

/// No file of the recording has any of that in its bytes.
fn holds_none_of(folder: &Path, private: &[String]) {
    for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&file).unwrap();
        for secret in private {
            for spelling in spellings(secret) {
                let found = text.find(&spelling);
                let near = found.map(|at| text.get(at.saturating_sub(200)..(at + 200).min(text.len())).unwrap_or(&text));
                assert!(found.is_none(), "{} holds `{spelling}`: {near:?}", file.display());
            }
        }
    }
}

/// All ids of a sandbox world, by what they look like: the test must not share the scrubber's notion of an id.
fn ids_of_world(world: &Path) -> Vec<String> {
    let text = fs::read_to_string(world).unwrap();
    let mut found: Vec<String> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .filter(|word| {
            let tail = word.rsplit('-').next().unwrap_or_default();
            let digits = word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit());
            let hex = word.contains('-') && tail.len() == 17 && tail.bytes().all(|b| b.is_ascii_hexdigit());
            let organization = ["o-", "r-", "ou-", "p-", "h-", "car-"].iter().any(|prefix| word.starts_with(prefix));
            digits || hex || (organization && !word.contains("AWSAccess") && word.bytes().any(|b| b.is_ascii_digit()))
        })
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

fn private(more: Vec<String>) -> Vec<String> {
    PRIVATE.iter().map(|text| (*text).to_owned()).chain(more).collect()
}

#[tokio::test]
async fn plan_of_the_sandbox_is_replayed_and_nothing_real_is_in_the_recording() {
    let server = SandboxServer::start(&[]);
    let case = Case::new(&organization("111111111111", ALL_OF_A_NETWORK, CONTACTS));
    let first = records_and_replays(&case, &server, 2).await;
    assert!(!first.exchanges().is_empty());
    case.at(&server, &["apply", "--yes"], 0);
    records_and_replays(&case, &server, 0).await;
    let ids = ids_of_world(&server.world());
    assert!(ids.len() > 50, "the world is small: {ids:?}");
    holds_none_of(&case.path("recording"), &private(ids));
    // Somebody changes org.toml: the plan has changes again.
    let text = fs::read_to_string(case.path("org.toml")).unwrap().replace("hidden-team\" }", "other-team\" }");
    fs::write(case.path("org.toml"), text).unwrap();
    records_and_replays(&case, &server, 2).await;
}

#[tokio::test]
async fn plan_of_moto_is_replayed() {
    let moto = Moto::start();
    let layout = "nat = \"single\"\nendpoints = [\"s3\"]";
    let case = Case::new(&organization(MOTO_ACCOUNT, layout, ""));
    records_and_replays(&case, &moto, 2).await;
    case.at(&moto, &["apply", "--yes"], 0);
    records_and_replays(&case, &moto, 0).await;
    holds_none_of(&case.path("recording"), &private(vec![MOTO_ACCOUNT.to_owned()]));
}

#[tokio::test]
async fn request_that_the_recording_lacks_is_a_clear_error() {
    let server = SandboxServer::start(&[]);
    let case = Case::new(&organization("111111111111", "", ""));
    case.at(&server, &["apply", "--yes"], 0);
    let replay = records_and_replays(&case, &server, 0).await;
    let without = replay.exchanges().iter().filter(|e| e.operation != "ListRoots").cloned().collect();
    let error = replayed(&Replay::of(without, replay.desired().cloned())).await.unwrap_err().to_string();
    assert!(error.contains("the recording has no answer to organizations:ListRoots of account 9"), "{error}");
}

#[tokio::test]
async fn members_that_only_one_side_has_are_printed() {
    let server = SandboxServer::start(&[]);
    let case = Case::new(&organization("111111111111", ALL_OF_A_NETWORK, ""));
    case.at(&server, &["apply", "--yes"], 0);
    let replay = records_and_replays(&case, &server, 0).await;
    let beside = compared(&replay).await;
    let same: Vec<String> = beside.iter().map(ToString::to_string).collect();
    assert!(!same.iter().any(|line| line.contains("OnlyHere") || line.contains("ListRoots")), "{same:#?}");

    let doctored: Vec<Exchange> = replay.exchanges().iter().cloned().map(doctored).collect();
    let beside = compared(&Replay::of(doctored, replay.desired().cloned())).await;
    let new: Vec<String> = beside.iter().map(ToString::to_string).filter(|line| !same.contains(line)).collect();
    let expected = [
        "ec2:DescribeVpcs: the recording has `vpcSet.item.onlyHere`, the sandbox has not",
        "organizations:ListAccounts: the sandbox has `Accounts[].JoinedMethod`, the recording has not",
        "organizations:ListRoots: the recording has `Roots[].OnlyHere`, the sandbox has not",
    ];
    assert_eq!(new, expected);
}

/// As if AWS had other members than the sandbox.
fn doctored(mut exchange: Exchange) -> Exchange {
    if exchange.operation == "ListRoots" {
        let root = exchange.json.as_mut().unwrap()["Roots"][0].as_object_mut().unwrap();
        root.insert("OnlyHere".to_owned(), Value::from("x"));
    }
    if exchange.operation == "ListAccounts" {
        for account in exchange.json.as_mut().unwrap()["Accounts"].as_array_mut().unwrap() {
            account.as_object_mut().unwrap().remove("JoinedMethod").unwrap();
        }
    }
    if exchange.operation == "DescribeVpcs" {
        exchange.xml = exchange.xml.map(|xml| xml.replace("<isDefault>", "<onlyHere>x</onlyHere><isDefault>"));
    }
    exchange
}

/// The members that differ where a sandbox that holds what the recording shows is asked the same.
async fn compared(replay: &Replay) -> Vec<overlord::aws::recording::Difference> {
    let desired = desired(replay);
    let (_, world) = snapshot::read_for_rehearsal(&sessions(replay.http_client(), &desired).await, &desired).await.unwrap();
    let beside = Beside::new(replay.clone(), Sandbox::new(world, Weather::default()).http_client());
    let sessions = sessions(beside.http_client(), &desired).await;
    sessions.guard(&desired.management_account).await.unwrap();
    snapshot::read(&sessions, &desired).await.unwrap();
    beside.differences()
}

/// `OVERLORD_RECORDING=DIR cargo test --test emulators -- --ignored --nocapture live::recording::recording_beside`
#[tokio::test]
#[ignore = "compares a recording of yours with the sandbox; it needs OVERLORD_RECORDING"]
async fn recording_beside_the_sandbox() {
    let folder = std::env::var("OVERLORD_RECORDING").expect("OVERLORD_RECORDING names a recording");
    for difference in compared(&Replay::open(Path::new(&folder)).unwrap()).await {
        println!("{difference}");
    }
}

#[test]
fn folder_with_other_files_is_refused_before_aws_is_asked() {
    let case = Case::new(&organization("111111111111", "", ""));
    // Nobody listens there: a request would be another error.
    let nobody = || client_of("http://127.0.0.1:1", env!("CARGO_BIN_EXE_overlord"));
    let talk = case.run(nobody(), &["plan", "--record", "."], 1);
    assert!(talk.contains("is there already, and not a recording; nothing was written"), "{talk}");
    fs::create_dir(case.path("other")).unwrap();
    fs::write(case.path("other").join(EXCHANGES), "mine").unwrap();
    let talk = case.run(nobody(), &["plan", "--record", "other"], 1);
    assert!(talk.contains("is there already, and not a recording; nothing was written"), "{talk}");
    assert_eq!(fs::read_to_string(case.path("other").join(EXCHANGES)).unwrap(), "mine");
    let talk = case.run(nobody(), &["plan", "--record", "other", "--trace", &format!("other/{EXCHANGES}")], 1);
    assert!(talk.contains("name the same file"), "{talk}");
    let talk = case.run(nobody(), &["validate", "--record", "new"], 1);
    assert!(talk.contains("takes no `--record`"), "{talk}");
    assert!(!case.path("new").exists());
}
