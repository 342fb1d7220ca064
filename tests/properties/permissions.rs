//! The least policies: enough for whatever a run does, in any weather; and nothing in them that no run needs.
//!
//! The sandbox refuses what they do not allow. What IAM asks for an operation it tells from a table of its own, so that a run which
//! passes holds one table to the other.

use std::collections::{BTreeMap, BTreeSet};

use overlord::apply::Outcome;
use overlord::permissions::{Permissions, Run, Who};
use overlord::policy::{Context, Effect as Says, Fact, Policy, Truth};
use overlord::resource::Desired;
use overlord::sandbox::{Effect, RequestOutcome, Sandbox, Weather, World};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::pipeline::{self, MANAGEMENT, plan};
use crate::properties::generate::{self, cases, desired};
use crate::properties::networks::networks;
use crate::properties::{config, in_virtual_time, nothing_left, owners_accept, storm, until_done};

/// What somebody is allowed who has the policies for each of these configurations: what left one is deleted with those of the one before.
fn document(all: &[&Desired], run: Run, who: Who) -> Value {
    let statements = all.iter().flat_map(|desired| Permissions::of(desired, run).document(who)["Statement"].as_array().unwrap().clone());
    json!({ "Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>() })
}

/// Weather in which the policies for a run are all that is allowed.
pub fn allowing(all: &[&Desired], run: Run, weather: Weather) -> Weather {
    let text = |who| Some(document(all, run, who).to_string());
    Weather { caller_policy: text(Who::Caller), role_policy: text(Who::AccessRole), ..weather }
}

/// The decision of `policy`, by the evaluator that guardrails are decided with.
fn allows(policy: &Value, action: &str, region: &str) -> bool {
    let policy = Policy::parse(&policy.to_string()).unwrap();
    let mut context = Context::complete();
    context.set("aws:RequestedRegion", Fact::known([region]));
    let allow = policy.statements.iter().filter(|statement| statement.effect.value == Says::Allow);
    Truth::any(allow.map(|statement| statement.matches(action, "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole", &context)))
        == Truth::True
}

/// Applies `second` to what `first` made, with no more than the policies of the two; plans with those for planning.
async fn is_enough(first: &Desired, second: &Desired) -> Result<(), TestCaseError> {
    let mut world = generate::outside();
    for all in [&[first][..], &[first, second]] {
        let desired = all[all.len() - 1];
        let sandbox = Sandbox::new(world, allowing(all, Run::Apply, Weather::default()));
        let (plan, report) = pipeline::run(&sandbox, desired).await.unwrap();
        prop_assert_eq!(report.counts().applied, plan.changes.len(), "{:#?}", report.outcomes);
        let (caller, role) = (document(all, Run::Plan, Who::Caller), document(all, Run::Plan, Who::AccessRole));
        for entry in sandbox.journal().iter().filter(|entry| entry.effect == Effect::Write) {
            prop_assert!(!allows(&caller, &entry.operation, &entry.region), "a plan may {}", entry.operation);
            prop_assert!(!allows(&role, &entry.operation, &entry.region), "a plan may {}", entry.operation);
        }
        world = sandbox.world();
        // As if there were no policies: nothing that a plan reads is missing.
        let (free, bound) =
            (Sandbox::new(world.clone(), Weather::default()), Sandbox::new(world.clone(), allowing(all, Run::Plan, Weather::default())));
        prop_assert_eq!(pipeline::plan(&free, desired).await.unwrap(), pipeline::plan(&bound, desired).await.unwrap());
        nothing_left(&bound, desired).await;
        world = owners_accept(sandbox, Weather::default()).world();
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn the_least_policies_are_enough_for_organizations(first in cases(), second in cases()) {
        in_virtual_time(is_enough(&desired(&first), &desired(&second)))?;
    }

    #[test]
    fn the_least_policies_are_enough_for_networks(first in networks(), second in networks()) {
        in_virtual_time(is_enough(&first.desired(), &second.desired()))?;
    }

    /// What heals what a storm did is allowed too.
    #[test]
    fn the_least_policies_are_enough_in_a_storm(first in cases(), second in cases(), seed in any::<u64>()) {
        in_virtual_time(async {
            let (first, second) = (desired(&first), desired(&second));
            let weather = allowing(&[&first, &second], Run::Apply, storm(seed));
            let sandbox = Sandbox::new(generate::outside(), weather.clone());
            until_done(&sandbox, &first).await;
            let sandbox = owners_accept(sandbox, weather);
            until_done(&sandbox, &second).await;
        });
    }
}

/// One of nearly everything, made in a fresh organization.
const BORN: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
trusted_services = ["account.amazonaws.com", "config.amazonaws.com", "iam.amazonaws.com", "ram.amazonaws.com"]
root_access = "central"
delegated_administrators = { "config.amazonaws.com" = "one" }
policies = ["FullAWSAccess", "rail"]
regions = ["af-south-1", "eu-central-1", "eu-west-1"]
[limits]
accounts = 100
[ou.work]
tags = { owner = "us" }
[ou.spare]
policies = ["FullAWSAccess", "extra"]
[policy.rail]
[policy.extra]
[pool.main]
cidr = "10.0.0.0/8"
reserved = ["10.10.0.0/16", "10.11.0.0/16"]
[transit_gateway.hub]
account = "one"
region = "eu-west-1"
share_with = ["ou.work"]
[vpn.office]
address = "203.0.113.10"
routes = ["10.10.0.0/16"]
[vpc.full]
region = "eu-west-1"
pool = "main"
prefix = 20
zones = 2
nat = "regional"
tiers = { public = 25, shared = 25, private = 50 }
endpoints = ["s3", "ssm"]
name_servers = ["10.0.0.2"]
flow_logs = "arn:aws:s3:::flows"
peering = "mesh"
attach = "hub"
share = { tier = "shared", with = "ou.work" }
[vpc.zonal]
region = "af-south-1"
pool = "main"
prefix = 20
zones = 1
nat = "single"
tiers = { public = 50, private = 50 }
vpn = "office"
[account.one]
email = "one@example.org"
ou = "work"
vpc = ["full", "zonal"]
default_vpc = "remove"
root_credentials = "remove"
contacts.billing = { name = "A", title = "B", email = "a@example.org", phone = "+41443334455" }
[account.two]
email = "two@example.org"
name = "two"
ou = "work"
vpc = ["full"]
alias = "example-two"
safeguards = ["ebs-encryption"]
"#;

/// What changes in it, …
const CHANGES: &[(&str, &str)] = &[
    ("alias = \"example-two\"", "alias = \"example-2\""),
    ("[ou.work]\n", "[ou.work]\nname = \"Work\"\n"),
    ("owner = \"us\"", "owner = \"them\""),
    ("[policy.rail]\n", "[policy.rail]\ndescription = \"Nobody leaves\"\n"),
    ("policies = [\"FullAWSAccess\", \"extra\"]", "policies = [\"FullAWSAccess\"]"),
    ("[policy.extra]\n", ""),
    ("\"config.amazonaws.com\" = \"one\"", "\"config.amazonaws.com\" = \"two\""),
    ("email = \"two@example.org\"\nname = \"two\"\nou = \"work\"", "email = \"new@example.org\"\nname = \"Two\"\nou = \"spare\""),
    ("name = \"A\"", "name = \"C\""),
    ("share_with = [\"ou.work\"]", "share_with = [\"organization\"]\nroutes = [\"10.0.0.0/8\"]"),
    ("[vpc.full]", "[vpn.branch]\naddress = \"203.0.113.11\"\nroutes = [\"10.11.0.0/16\"]\n[vpc.full]"),
    ("vpn = \"office\"", "vpn = \"branch\""),
    ("nat = \"regional\"", "nat = \"per-zone\"\nipv6 = true\ndns_hostnames = true\ntags = { owner = \"{account}\" }"),
    ("endpoints = [\"s3\", \"ssm\"]", "endpoints = [\"s3\", \"sqs\"]"),
    ("name_servers = [\"10.0.0.2\"]", "name_servers = [\"10.0.0.3\"]"),
    ("nat = \"single\"", "nat = \"none\"\nflow_logs = \"arn:aws:firehose:af-south-1:ONE:deliverystream/flows\""),
];

/// … and what goes at last.
const GOES: &[(&str, &str)] = &[
    ("[ou.spare]\npolicies = [\"FullAWSAccess\"]\n", ""),
    ("ou = \"spare\"", "ou = \"work\""),
    ("peering = \"mesh\"\nattach = \"hub\"\n", ""),
    ("share = { tier = \"shared\", with = \"ou.work\" }", ""),
    ("vpc = [\"full\", \"zonal\"]", "vpc = []"),
    ("flow_logs = \"arn:aws:s3:::flows\"\n", ""),
    ("dns_hostnames = true\n", ""),
];

fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// The configurations of a life.
fn life() -> Vec<Desired> {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
    let files: BTreeMap<String, String> = ["rail", "extra"].map(|name| (format!("policies/{name}.json"), policy.to_owned())).into();
    let born = generate::load(BORN, &files);
    // A delivery stream is of the account whose flow logs it takes: which id that gets, the sandbox tells.
    let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
    in_virtual_time(settled(&sandbox, &born)).unwrap();
    let one = sandbox.world().accounts_with_email("one@example.org").first().unwrap().clone();
    let changed = edited(BORN, CHANGES).replace(":ONE:", &format!(":{one}:"));
    let gone = edited(&changed, GOES);
    [born].into_iter().chain([&changed, &gone].map(|text| generate::load(text, &files))).collect()
}

/// One step of it, until something is refused for want of a permission, or something else goes wrong: which is told.
async fn step(sandbox: &Sandbox, desired: &Desired) -> Result<(), String> {
    let (told, mut refusals) = tokio::sync::mpsc::unbounded_channel();
    sandbox.on_request(move |_, entry| {
        let codes = ["AccessDenied", "AccessDeniedException", "AccessDeniedForDependencyException", "UnauthorizedOperation"];
        if matches!(&entry.outcome, RequestOutcome::Refused(code) if codes.contains(&code.as_str())) {
            let _ = told.send(entry.operation.clone());
        }
    });
    let result = tokio::select! {
        refused = refusals.recv() => return Err(format!("{refused:?} was refused")),
        result = settled(sandbox, desired) => result,
    };
    // A step can end in the same moment in which a read is refused that it can do without.
    refusals.try_recv().map_or(result, |refused| Err(format!("{refused:?} was refused")))
}

/// Applies, and plans again: nothing is left.
async fn settled(sandbox: &Sandbox, desired: &Desired) -> Result<(), String> {
    let (_, report) = pipeline::run(sandbox, desired).await.map_err(|e| e.to_string())?;
    let failed = report.outcomes.iter().find(|(_, outcome)| !matches!(outcome, Outcome::Applied));
    if let Some((address, outcome)) = failed {
        return Err(format!("{address}: {outcome:?}"));
    }
    let again = plan(sandbox, desired).await.map_err(|e| e.to_string())?;
    if again.is_empty() { Ok(()) } else { Err(format!("{:#?}", again.changes)) }
}

/// What this life does without, and another one does not.
const SELDOM: [(Who, &str, &[&str]); 8] = [
    (Who::Caller, "`email` hands in the code", &["account:AcceptPrimaryEmailUpdate", "organizations:UntagResource"]),
    (
        Who::Caller,
        "an organization that is there already has consolidated billing alone",
        &["organizations:AcceptHandshake", "organizations:EnableAllFeatures"],
    ),
    (
        Who::Caller,
        "answers are lost, and creations take their time",
        &[
            "organizations:DescribeAccount",
            "organizations:DescribeCreateAccountStatus",
            "organizations:ListParents",
            "organizations:ListPoliciesForTarget",
        ],
    ),
    (Who::Caller, "an endpoint tells no paths of accounts", &["organizations:ListAccountsForParent"]),
    (Who::Caller, "many accounts have tags; where the index is refused, they are read one by one", &["tag:GetResources"]),
    (Who::Caller, "`doctor` counts invitations", &["organizations:ListHandshakesForOrganization"]),
    (
        Who::AccessRole,
        "others take something apart, or a tier comes or goes",
        &[
            "ec2:AssociateTransitGatewayRouteTable",
            "ec2:DisableVgwRoutePropagation",
            "ec2:DisassociateRouteTable",
            "ec2:DisassociateSubnetCidrBlock",
            "ec2:EnableTransitGatewayRouteTablePropagation",
            "ec2:ModifyTransitGateway",
            "ec2:ModifyTransitGatewayVpcAttachment",
            "ec2:ModifyVpcEndpoint",
            "ec2:ReplaceRouteTableAssociation",
            "ram:UpdateResourceShare",
        ],
    ),
    (
        Who::AccessRole,
        "an account that is there gets a VPC; a gateway goes after all that is attached to it",
        &["ec2:DeleteTransitGateway", "ec2:DescribeAvailabilityZones"],
    ),
];

/// A policy without some actions.
fn without(whole: &Value, actions: &BTreeSet<&str>) -> Value {
    let mut less = whole.clone();
    let statements = less["Statement"].as_array_mut().unwrap();
    for statement in statements.iter_mut() {
        statement["Action"].as_array_mut().unwrap().retain(|action| !actions.contains(action.as_str().unwrap()));
    }
    statements.retain(|statement| statement["Action"] != json!([]));
    less
}

/// Whatever one takes out of the policies, something that a run needs is refused; but for what is listed above, which this life does without.
#[test]
fn nothing_in_the_least_policies_is_too_much() {
    let life = life();
    let all: Vec<&Desired> = life.iter().collect();
    let seldom = |who| SELDOM.iter().filter(move |(of, _, _)| *of == who).flat_map(|(_, _, actions)| actions.iter().copied());
    let least = [Who::Caller, Who::AccessRole].map(|who| without(&document(&all, Run::Apply, who), &seldom(who).collect()));
    let weather = |[caller, role]: &[Value; 2]| Weather {
        caller_policy: Some(caller.to_string()),
        role_policy: Some(role.to_string()),
        ..Weather::default()
    };
    // Each step with the world that it begins with: what a step does without is tried in the next one.
    let mut steps = Vec::new();
    let mut world = World::new(MANAGEMENT);
    for desired in &life {
        let sandbox = Sandbox::new(world.clone(), weather(&least));
        in_virtual_time(step(&sandbox, desired)).unwrap();
        steps.push((std::mem::replace(&mut world, sandbox.world()), desired));
    }
    let mut spared = Vec::new();
    for (who, policy) in least.iter().enumerate() {
        let actions = policy["Statement"].as_array().unwrap().iter().flat_map(|statement| statement["Action"].as_array().unwrap());
        for action in actions.map(|action| action.as_str().unwrap()).collect::<BTreeSet<_>>() {
            let mut less = least.clone();
            less[who] = without(policy, &[action].into());
            let is_needed = |(world, desired): &(World, &Desired)| {
                in_virtual_time(step(&Sandbox::new(world.clone(), weather(&less)), desired)).is_err()
            };
            // What takes away is needed late: looked for there first, it is found sooner.
            let late =
                ["Delete", "Detach", "Deregister", "Disassociate", "Release", "Update", "Modify"].iter().any(|verb| action.contains(verb));
            let needed = if late { steps.iter().rev().any(is_needed) } else { steps.iter().any(is_needed) };
            if !needed {
                spared.push((who, action));
            }
        }
    }
    assert_eq!(spared, [], "allowed, and needed by nothing in this life");
}
