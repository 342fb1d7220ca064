//! Where a decision is certain whatever is not known, AWS's simulator, which takes what it is not told for absent, says the same: asked over
//! the wire, of the sandbox, which makes of levels and keys its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use overlord::address::Address;
use overlord::aws::{Access, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};
use overlord::policy::{Attached, Catalogue, Fact, Family, Hierarchy, Known, Place, Question, Unaskable, Verification, simulation};
use overlord::resource::organizations::simulator::{by_level, organization, simulate};
use overlord::sandbox::world::FeatureSet;
use overlord::sandbox::{Sandbox, Weather, World};
use serde_json::Value;

use crate::policy::generate::{self, Asked, Random};

const ACCOUNT: &str = "222222222222";

async fn sessions() -> Sessions {
    let mut world = World::new("111111111111");
    world.add_organization(FeatureSet::All);
    let sandbox = Sandbox::new(world, Weather::default());
    let options = RequestGateOptions {
        mode: Mode::ReadOnly,
        rates: Rates::Unlimited,
        trace: None,
        transport: sandbox.http_client(),
        interrupt: Interrupt::default(),
    };
    let access = Access::Sandbox { management_account: "111111111111".to_owned() };
    Sessions::load(access, RequestGate::new(options), "us-east-1", "OrganizationAccountAccessRole").await.unwrap()
}

/// The organization of a random world, every policy with a name of its own, and their texts.
fn named(world: &generate::World) -> (Hierarchy, BTreeMap<String, String>) {
    let (mut hierarchy, mut texts) = (generate::hierarchy(world, Value::to_string), BTreeMap::new());
    hierarchy.families = [Family::Scp].into();
    let depth = world.scps.len();
    for (index, documents) in world.scps.iter().enumerate() {
        let level = hierarchy.levels.get_mut(&generate::level_address(index, depth)).unwrap();
        for (number, (attached, document)) in level.scps.iter_mut().zip(documents).enumerate() {
            let name = format!("{index}-{number}");
            texts.insert(name.clone(), document.to_string());
            *attached = Attached { name: name.into(), policy: attached.policy.as_ref().map(Arc::clone) };
        }
    }
    (hierarchy, texts)
}

fn question(asked: &Asked, random: &mut Random) -> Question {
    let fact = |known: &Option<Vec<String>>| known.as_ref().map_or(Fact::Unknown, |values| Fact::known(values.iter().cloned()));
    Question {
        account: Place::Member(Address::new("account", "a")),
        principal: random.one_in(2).then(|| "role/red".to_owned()),
        action: asked.action.clone(),
        resource: (!random.one_in(4)).then(|| asked.resource.clone()).filter(|resource| resource != "*"),
        owner: None,
        facts: asked.facts.iter().map(|(key, known)| (key.clone(), fact(known))).collect(),
    }
}

#[tokio::test]
async fn what_is_certain_here_is_so_for_the_simulator() {
    let sessions = sessions().await;
    let organization = organization(&sessions).await.unwrap().unwrap();
    let (mut agreed, mut open, mut empty) = ([0, 0], 0, 0);
    for seed in 0..1_200 {
        let mut random = Random::new(seed + 31_000_000);
        let (mut hierarchy, texts) = named(&generate::world(&mut random));
        if random.one_in(2) {
            hierarchy.ids.insert(Address::new("account", "a"), ACCOUNT.to_owned());
        }
        let question = question(&generate::asked(&mut random), &mut random);
        let known = Known {
            hierarchy: &hierarchy,
            organization: &organization,
            catalogue: &Catalogue::built_in(),
            text: &|name| texts.get(name).cloned(),
        };
        let (simulation, decision) = match simulation(&question, &known) {
            Ok(asked) => asked,
            Err(Unaskable::EmptyLevel(_)) => {
                empty += 1;
                continue;
            }
            Err(why) => panic!("seed {seed}: {why:?}"),
        };
        let simulated = match simulate(&sessions, &simulation).await {
            Ok(simulated) => simulated,
            // Several values of a key under an operator for one: nothing is documented of it.
            Err(e) if e.is(&["NotServedBySandbox"]) => continue,
            Err(e) => panic!("seed {seed}: {e:?}"),
        };
        let verification = Verification { simulation, computed: decision.outcome, simulated, levels: Vec::new() };
        match verification.agrees() {
            Some(true) => agreed[usize::from(verification.simulated.passes)] += 1,
            Some(false) => panic!("seed {seed}: {verification:#?}\n{question:#?}\n{hierarchy:#?}"),
            None => open += 1,
        }
        if let (Some(true), Ok(levels)) = (verification.agrees(), by_level(&sessions, &verification.simulation).await) {
            assert!(overlord::policy::differing(&decision, &levels).is_empty(), "seed {seed}: {levels:?} {decision:#?}");
        }
    }
    // Each of them often enough to prove something.
    assert!(agreed.iter().all(|count| *count > 100) && open > 50 && empty > 20, "{agreed:?} {open} {empty}");
}
