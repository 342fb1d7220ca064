//! Sets that do not fit and are packed, changed at random: what comes out fits, is what the next plan expects, and no account is at any moment
//! under fewer denials than before and after have in common, whichever policy carries them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use overlord::resource::{Desired, FindingSeverity};
use overlord::sandbox::{Effect, Sandbox, Weather, World};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use crate::pipeline::{MANAGEMENT, run};
use crate::properties::{config, generate, in_virtual_time, nothing_left, sandbox};

const POLICIES: usize = 9;
/// What `[limits]` says, for all that the sandbox takes more.
const ATTACHED: usize = 4;
const SIZE: usize = 560;

/// Of each policy its statements: what each denies, and how many actions of it.
type Documents = Vec<Vec<(u8, u8)>>;

#[derive(Debug, Clone)]
struct Sets {
    documents: Documents,
    /// Policies as bits: of the root, an OU, and the accounts of a team in it.
    root: u16,
    ou: u16,
    team: u16,
}

fn sets() -> impl Strategy<Value = Sets> {
    let documents = vec(vec((0..12u8, 1..5u8), 1..3), POLICIES);
    (documents, any::<u16>(), any::<u16>(), any::<u16>()).prop_map(|(documents, root, ou, team)| Sets { documents, root, ou, team })
}

/// One organization, and the same with some policies attached or edited otherwise.
fn edits() -> impl Strategy<Value = (Sets, Sets)> {
    let (bits, edited) = (prop::num::u16::ANY, vec(prop::bool::weighted(0.2), POLICIES));
    (sets(), sets(), bits, edited).prop_map(|(first, other, bits, edited)| {
        let mixed = |was: u16, is: u16| (was & !bits) | (is & bits);
        let documents = (0..POLICIES).map(|policy| if edited[policy] { &other } else { &first }.documents[policy].clone()).collect();
        let second =
            Sets { documents, root: mixed(first.root, other.root), ou: mixed(first.ou, other.ou), team: mixed(first.team, other.team) };
        (first, second)
    })
}

impl Sets {
    fn list(bits: u16) -> String {
        let drawn = (0..POLICIES).filter(|policy| bits & (1 << policy) != 0).map(|policy| format!("p{policy}"));
        let names: Vec<String> = std::iter::once("FullAWSAccess".to_owned()).chain(drawn).collect();
        format!("policies = {names:?}\n")
    }

    fn desired(&self) -> Desired {
        let mut toml = format!("[organization]\nmanagement_account = \"{MANAGEMENT}\"\npack_policies = true\n{}", Self::list(self.root));
        let _ = writeln!(toml, "[limits.policy.scp]\nattached = {ATTACHED}\nsize = {SIZE}\n[ou.o]\n{}", Self::list(self.ou));
        let _ =
            writeln!(toml, "[team.t]\nou = \"o\"\nstages = [\"a\", \"b\"]\nemail = \"{{account}}@example.org\"\n{}", Self::list(self.team));
        (0..POLICIES).for_each(|policy| toml.push_str(&format!("[policy.p{policy}]\n")));
        let statement = |(number, (what, actions)): (usize, &(u8, u8))| {
            let actions: Vec<String> = (0..*actions).map(|action| format!("sqs:Purge{what}x{action}")).collect();
            format!(r#"{{"Sid":"S{number}","Effect":"Deny","Action":{actions:?},"Resource":"*"}}"#)
        };
        let document = |statements: &Vec<(u8, u8)>| {
            let statements: Vec<String> = statements.iter().enumerate().map(statement).collect();
            format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
        };
        let files =
            self.documents.iter().enumerate().map(|(policy, statements)| (format!("policies/p{policy}.json"), document(statements)));
        generate::load(&toml, &files.collect())
    }
}

/// What is denied to each account: statements, without their names.
type Denials = BTreeMap<String, BTreeSet<String>>;

fn denials(world: &World) -> Denials {
    let over = |account: &str| {
        let parent = world.accounts[account].parent.as_deref().unwrap_or_default();
        let places = world.lineage(parent).into_iter().chain([account]);
        let policies = places.flat_map(|place| world.attached_to(place)).map(|id| &world.policies[id]).filter(|policy| !policy.aws_managed);
        let statements = policies.flat_map(|policy| {
            let document: Value = serde_json::from_str(&policy.content).unwrap();
            document["Statement"].as_array().cloned().unwrap()
        });
        let unnamed = |mut statement: Value| {
            statement.as_object_mut().unwrap().remove("Sid");
            statement.to_string()
        };
        statements.map(unnamed).collect()
    };
    world.accounts.keys().map(|id| (id.clone(), over(id))).collect()
}

/// The accounts that lacked a denial at some moment, with the write before.
#[derive(Clone, Default)]
struct Moments(Arc<Mutex<Vec<(String, Denials)>>>);

impl Moments {
    fn of(sandbox: &Sandbox) -> Self {
        let moments = Self::default();
        let seen = moments.clone();
        sandbox.on_request(move |world, entry| {
            if entry.effect == Effect::Write && entry.took_effect() {
                seen.0.lock().unwrap().push((format!("{} {:?}", entry.operation, entry.parameters), denials(world)));
            }
        });
        moments
    }

    fn lacking(&self, before: &Denials, after: &Denials) -> Vec<String> {
        let mut found = Vec::new();
        for (write, now) in self.0.lock().unwrap().iter() {
            for (account, was) in before {
                let lacks: Vec<&String> = was.intersection(&after[account]).filter(|denial| !now[account].contains(*denial)).collect();
                if !lacks.is_empty() {
                    found.push(format!("{account} lacks {lacks:?} after {write}"));
                }
            }
        }
        found
    }
}

fn merged(desired: &Desired) -> usize {
    desired.resources.keys().filter(|address| address.kind() == "policy" && address.key().starts_with("packed.")).count()
}

/// The property below proves what its organizations contain: here is what that is.
#[test]
fn sets_contain_what_the_property_is_about() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut packed, mut grown) = (0, 0);
    for _ in 0..60 {
        let (first, second) = edits().new_tree(&mut runner).unwrap().current();
        let (before, after) = (first.desired(), second.desired());
        packed += usize::from(merged(&before) > 0);
        let edited = |(address, attributes): (&_, &_)| before.resources.get(address).is_some_and(|was| was != attributes);
        grown += usize::from(after.resources.iter().any(|resource| resource.0.key().starts_with("packed.") && edited(resource)));
    }
    assert!(packed >= 30 && grown >= 20, "{packed} packed, {grown} with a merged policy that changes");
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn packed_sets_keep_what_is_denied((first, second) in edits()) {
        in_virtual_time(async {
            let sandbox = sandbox(Weather::default());
            run(&sandbox, &first.desired()).await.unwrap();
            nothing_left(&sandbox, &first.desired()).await;
            let before = denials(&sandbox.world());
            let moments = Moments::of(&sandbox);
            let desired = second.desired();
            let (plan, report) = run(&sandbox, &desired).await.unwrap();
            prop_assert_eq!(report.counts().applied, plan.changes.len());
            nothing_left(&sandbox, &desired).await;
            let world = sandbox.world();
            let most = world.policies.values().filter(|policy| !policy.aws_managed).map(|policy| policy.content.chars().count()).max();
            prop_assert!(most.is_none_or(|most| most <= SIZE), "{:?}", most);
            prop_assert!(world.accounts.keys().all(|account| world.attached_to(account).len() <= ATTACHED));
            let warned = plan.findings.iter().any(|f| f.severity == FindingSeverity::Warning && f.summary.contains("guardrail"));
            let lacking = moments.lacking(&before, &denials(&world));
            prop_assert!(warned || lacking.is_empty(), "{:#?}\n{:#?}\n{:#?}", lacking, first, second);
            Ok(())
        })?;
    }
}
