//! The road in one process, from a loaded configuration on: request gate, sessions, snapshot, plan, apply, against a sandbox.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use overlord::address::Address;
use overlord::apply::{Consent, Report, apply};
use overlord::aws::{Access, AccessRole, Error, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};
use overlord::plan::Plan;
use overlord::policy;
use overlord::resource::{ADDRESS_TAG, Attributes, Desired};
use overlord::sandbox::{Sandbox, World};
use overlord::snapshot;

/// The management account of every world here.
pub const MANAGEMENT: &str = "111111111111";

/// One process: its own request gate and sessions, as a run of the binary has.
pub async fn process(sandbox: &Sandbox) -> Sessions {
    process_with(sandbox, "OrganizationAccountAccessRole").await
}

/// The same, with the role that a configuration names.
pub async fn process_with(sandbox: &Sandbox, role: impl Into<AccessRole>) -> Sessions {
    process_in(sandbox, "us-east-1", role).await
}

/// The same, with the role and the home Region of a configuration.
pub async fn process_of(sandbox: &Sandbox, desired: &Desired) -> Sessions {
    process_in(sandbox, &desired.home_region, desired.role()).await
}

async fn process_in(sandbox: &Sandbox, home_region: &str, role: impl Into<AccessRole>) -> Sessions {
    let request_gate = RequestGate::new(RequestGateOptions {
        mode: Mode::ReadOnly,
        rates: Rates::Unlimited,
        trace: None,
        transport: sandbox.http_client(),
        interrupt: Interrupt::default(),
    });
    let access = Access::Sandbox { management_account: MANAGEMENT.to_owned() };
    Sessions::load(access, request_gate, home_region, role).await.unwrap()
}

/// `overlord plan`.
pub async fn plan(sandbox: &Sandbox, desired: &Desired) -> Result<Plan, Error> {
    let sessions = process_of(sandbox, desired).await;
    sessions.guard(&desired.management_account).await?;
    Ok(Plan::build(desired, &snapshot::read(&sessions, desired).await?))
}

/// `overlord apply --yes --allow-delete`, with the id of each account that is to leave.
pub async fn run(sandbox: &Sandbox, desired: &Desired) -> Result<(Plan, Report), Error> {
    match run_consenting(sandbox, desired, to_all).await? {
        (plan, Some(report)) => Ok((plan, report)),
        (plan, None) => Err(Error::failed(format!("the plan has errors: {:#?}", plan.findings))),
    }
}

/// `overlord apply --yes` with this consent beyond. A plan with errors is not applied and has no report.
pub async fn run_with(sandbox: &Sandbox, desired: &Desired, consent: &Consent) -> Result<(Plan, Option<Report>), Error> {
    run_consenting(sandbox, desired, |_| consent.clone()).await
}

/// Consent to all that a plan wants.
fn to_all(plan: &Plan) -> Consent {
    let leaving = plan.changes.iter().filter_map(|change| Some((change.leaving()?, change.id.clone()?)));
    leaving.fold(Consent::to_deletions(), |consent, (leaving, id)| consent.and(leaving, id))
}

async fn run_consenting(sandbox: &Sandbox, desired: &Desired, consent: impl Fn(&Plan) -> Consent) -> Result<(Plan, Option<Report>), Error> {
    let sessions = process_of(sandbox, desired).await;
    sessions.guard(&desired.management_account).await?;
    let plan = Plan::build(desired, &snapshot::read(&sessions, desired).await?);
    if plan.has_errors() {
        return Ok((plan, None));
    }
    sessions.request_gate().set_mode(Mode::ReadWrite);
    let report = apply(&plan, &sessions, &consent(&plan), &mut |_| {}).await;
    Ok((plan, Some(report)))
}

/// What `overlord apply --rehearse` works with: the plan, and a copy of the organization.
pub async fn plan_and_copy(sandbox: &Sandbox, desired: &Desired) -> (Plan, World) {
    let (live, copy) = snapshot::read_for_rehearsal(&process_of(sandbox, desired).await, desired).await.unwrap();
    (Plan::build(desired, &live), copy)
}

/// Applies a plan that was made before.
pub async fn carry_out(sandbox: &Sandbox, plan: &Plan) -> Report {
    let sessions = process_of(sandbox, &plan.desired).await;
    sessions.request_gate().set_mode(Mode::ReadWrite);
    apply(plan, &sessions, &to_all(plan), &mut |_| {}).await
}

/// Whoever watches a sandbox: what was ever wrong, in words.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<BTreeSet<String>>>);

impl Watch {
    /// Watches every request from now on: the world's own laws, and that no account is moved into a place whose guardrails, or
    /// those of a place above it, are not yet what `desired` says.
    pub fn over(sandbox: &Sandbox, desired: &Desired) -> Self {
        Self::over_with(sandbox, desired, |_| Vec::new())
    }

    /// As [`Watch::over`], with a law of the test's own: what it finds wrong in a world.
    pub fn over_with(sandbox: &Sandbox, desired: &Desired, law: impl Fn(&World) -> Vec<String> + Send + 'static) -> Self {
        let watch = Self::default();
        let (told, guards) = (watch.clone(), Guards::of(desired));
        sandbox.on_request(move |world, entry| {
            let mut found = world.check();
            found.extend(law(world));
            if entry.operation == "organizations:MoveAccount" && entry.took_effect() {
                found.extend(guards.violations(world, &entry.parameters));
            }
            told.0.lock().unwrap().extend(found);
        });
        watch
    }

    /// What was wrong.
    pub fn violations(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().clone()
    }
}

/// The set of guardrails that each place should have: names and canonical documents by type and name.
struct Guards {
    sets: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
    /// Types that the configuration does not use are somebody else's.
    managed_types: BTreeSet<String>,
    /// What policies are to be called, by the address that they were made with.
    names: BTreeMap<String, String>,
}

impl Guards {
    fn of(desired: &Desired) -> Self {
        // AWS attaches RCPFullAWSAccess to everything when it enables the type, whenever that is: it guards nothing.
        let guards = |policy: &&serde_json::Value| policy["id"] != "p-RCPFullAWSAccess";
        let own = |name: &str| {
            let attributes = desired.resources[&name.parse().unwrap()].to_map();
            (attributes["name"].as_str().unwrap().to_owned(), attributes["content"].clone())
        };
        let sets = desired.resources.iter().filter(|(address, _)| address.kind() == "policy_attachments");
        let sets = sets.map(|(address, attributes)| {
            let policies = attributes.get("policies").unwrap();
            let policies = policies.as_array().unwrap().iter().filter(guards);
            let named = policies.map(|policy| match policy["ref"].as_str() {
                Some(reference) => own(reference),
                None => (policy["id"].as_str().unwrap().trim_start_matches("p-").to_owned(), serde_json::Value::Null),
            });
            (address.key().to_owned(), named.collect())
        });
        let managed_types = desired.resources.keys().filter(|a| a.kind() == "policy_type").map(|a| a.key().to_owned()).collect();
        let policies = desired.resources.iter().filter(|(address, _)| address.kind() == "policy");
        let made_as = |address: &Address| desired.moved.get(address).map_or(address, |former| &former.address).to_string();
        let name = |attributes: &Attributes| attributes.get("name").unwrap().as_str().unwrap().to_owned();
        let names = policies.flat_map(|(address, wanted)| [address.to_string(), made_as(address)].map(|key| (key, name(wanted)))).collect();
        Self { sets: sets.collect(), managed_types, names }
    }

    fn violations(&self, world: &World, parameters: &BTreeMap<String, String>) -> Vec<String> {
        let mut found = Vec::new();
        // What it was under before may be edited after the move, and where it was below before, the move changes nothing.
        let source = world.lineage(&parameters["SourceParentId"]);
        let known: BTreeSet<&String> = source.iter().flat_map(|place| world.attached_to(place)).collect();
        // To be called otherwise is a part of the edit.
        let called = |id: &String| {
            let made_as = world.tags.get(id).and_then(|tags| tags.get(ADDRESS_TAG));
            let wanted = made_as.filter(|_| known.contains(id)).and_then(|made_as| self.names.get(made_as));
            wanted.unwrap_or(&world.policies[id].name).clone()
        };
        let known: BTreeSet<String> = known.iter().map(|id| called(id)).collect();
        for place in world.lineage(&parameters["DestinationParentId"]).into_iter().filter(|place| !source.contains(place)) {
            let address = match world.root() == Some(place) {
                true => "organization.main",
                false => world.tags.get(place).and_then(|tags| tags.get(ADDRESS_TAG)).map_or("", String::as_str),
            };
            let attached = world.attached_to(place).iter().map(|id| (called(id), &world.policies[id]));
            let attached = attached.filter(|(_, p)| self.managed_types.contains(&p.kind) && p.name != "RCPFullAWSAccess");
            let is: BTreeMap<String, serde_json::Value> = attached
                .map(|(name, p)| (name, if p.aws_managed { serde_json::Value::Null } else { policy::canonical(&p.kind, &p.content) }))
                .collect();
            // A guardrail that is still to go keeps nobody waiting, nor does a default that is still to come: it guards nothing. One that is
            // still to go does.
            let enough = |wanted: &BTreeMap<String, serde_json::Value>| {
                let stands = |(name, wanted): (&String, &serde_json::Value)| {
                    wanted.is_null() || is.get(name).is_some_and(|is| is == wanted || known.contains(name))
                };
                wanted.iter().all(stands) && is.iter().all(|(name, content)| !content.is_null() || wanted.contains_key(name))
            };
            if self.sets.get(address).is_some_and(|wanted| !enough(wanted)) {
                let account = &parameters["AccountId"];
                found.push(format!("{account} moved into {address}, which has {is:?} in place of {:?}", self.sets[address]));
            }
        }
        found
    }
}
