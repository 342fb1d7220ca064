//! What holds of every organization and every request, over random ones.

use std::collections::BTreeMap;

use overlord::policy::{Decision, Document, Family, Outcome, Room, decide, pack, split};
use serde_json::{Value, json};

use crate::policy::generate::{self, Asked, Random, World, hierarchy, level_address, request};
use crate::policy::oracle::{self, Verdict};

const ORGANIZATIONS: u64 = 4_200;
const REQUESTS: usize = 24;

fn verdict(decision: &Decision, depth: usize) -> Verdict {
    let at = decision.cause.as_ref().map(|cause| {
        let level = (0..depth).find(|level| level_address(*level, depth) == cause.level).unwrap();
        let policy = cause.policy.as_ref().map(|name| name.parse().unwrap());
        (cause.family.short(), level, policy.zip(cause.statement.as_ref().map(|(index, _)| *index)))
    });
    Verdict { word: decision.outcome.word(), at }
}

fn ask(world: &World, asked: &Asked) -> Decision {
    decide(&request(asked), &hierarchy(world, Value::to_string))
}

/// Whether it is denied, told only where it is certain.
fn denied(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::WithinGuardRails => Some(false),
        Outcome::ExplicitDeny | Outcome::ImplicitDeny => Some(true),
        Outcome::Unknown => None,
    }
}

#[test]
fn two_evaluators_decide_alike() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..ORGANIZATIONS {
        let mut random = Random::new(seed + 1);
        let world = generate::world(&mut random);
        let hierarchy = hierarchy(&world, Value::to_string);
        for _ in 0..REQUESTS {
            let asked = generate::asked(&mut random);
            let (ours, theirs) = (verdict(&decide(&request(&asked), &hierarchy), world.scps.len()), oracle::decide(&world, &asked));
            assert_eq!(ours, theirs, "seed {seed}: {asked:#?}\n{world:#?}");
            *seen.entry(ours.word).or_default() += 1;
        }
    }
    // A generator that makes only one kind of answer would prove little.
    assert!(seen.len() == 4 && seen.values().all(|count| *count > 1_500), "{seen:?}");
}

/// Runs a law over random worlds and requests.
fn law(check: impl Fn(&mut Random, &World, &Asked)) {
    for seed in 0..1_500 {
        let mut random = Random::new(seed + 7_000_000);
        let world = generate::world(&mut random);
        let asked = generate::asked(&mut random);
        check(&mut random, &world, &asked);
    }
}

#[test]
fn a_deny_never_grants() {
    law(|random, world, asked| {
        let before = ask(world, asked).outcome;
        let mut more = world.clone();
        let mut document = generate::document(random, Family::Scp);
        let level = random.below(world.scps.len());
        let statements = match document["Statement"].take() {
            Value::Array(list) => list,
            one => vec![one],
        };
        document["Statement"] = statements
            .into_iter()
            .map(|mut s| {
                s["Effect"] = json!("Deny");
                s
            })
            .collect();
        more.scps[level].push(document);
        let after = ask(&more, asked).outcome;
        assert!(denied(before) != Some(true) || denied(after) == Some(true), "{before:?} {after:?} {more:#?} {asked:?}");
        assert!(denied(after) != Some(false) || denied(before) == Some(false), "{before:?} {after:?} {more:#?} {asked:?}");
    });
}

#[test]
fn a_level_only_narrows() {
    law(|random, world, asked| {
        let before = ask(world, asked).outcome;
        let mut more = world.clone();
        let at = random.below(world.scps.len() + 1);
        more.scps.insert(at, (0..random.below(3)).map(|_| generate::document(random, Family::Scp)).collect());
        more.rcps.insert(at, vec![generate::allow_all(Family::Rcp), generate::document(random, Family::Rcp)]);
        let after = ask(&more, asked).outcome;
        assert!(denied(before) != Some(true) || denied(after) == Some(true), "{before:?} {after:?} {more:#?} {asked:?}");
        assert!(denied(after) != Some(false) || denied(before) == Some(false), "{before:?} {after:?} {more:#?} {asked:?}");
    });
}

#[test]
fn order_and_duplication_change_nothing() {
    law(|random, world, asked| {
        let mut other = world.clone();
        for documents in other.scps.iter_mut().chain(&mut other.rcps) {
            if let Some(first) = documents.first().cloned() {
                documents.push(first);
            }
            random.shuffle(documents);
            for document in documents {
                if let Some(list) = document["Statement"].as_array_mut() {
                    list.extend(list.clone());
                    random.shuffle(list);
                }
            }
        }
        assert_eq!(ask(world, asked).outcome, ask(&other, asked).outcome, "{world:#?} {asked:?}");
    });
}

#[test]
fn minified_canonical_and_original_decide_alike() {
    law(|_, world, asked| {
        let decide_as = |text: &dyn Fn(&Value) -> String| verdict(&decide(&request(asked), &hierarchy(world, text)), world.scps.len());
        let original = decide_as(&|document| format!("{document:#}"));
        assert_eq!(original, decide_as(&Value::to_string));
        assert_eq!(original, decide_as(&|document| Document::parse("SERVICE_CONTROL_POLICY", &document.to_string()).unwrap().minified()));
    });
}

/// Cut and merged, however tightly, and in whichever way it comes out.
#[test]
fn packed_decides_like_unpacked() {
    let (mut cut, mut merged, mut refused) = (0, 0, 0);
    for seed in 0..1_500 {
        let mut random = Random::new(seed + 9_000_000);
        let world = generate::world(&mut random);
        let mut packed = world.clone();
        let (size, count) = (150 + random.below(450), 1 + random.below(3));
        for documents in packed.scps.iter_mut().chain(&mut packed.rcps) {
            let parsed = documents.iter().map(|document| Document::parse("SERVICE_CONTROL_POLICY", &document.to_string()).unwrap());
            let Ok(parts) = parsed.map(|document| split(&document, size)).collect::<Result<Vec<_>, _>>() else {
                refused += 1;
                continue;
            };
            let parts: Vec<Vec<Document>> = parts.into_iter().map(|parts| parts.into_iter().map(|part| part.document).collect()).collect();
            cut += parts.iter().filter(|parts| parts.len() > 1).count();
            let fits = match pack(&parts, Room { size, count }) {
                Ok(packed) => {
                    merged += packed.merged.len();
                    let alone = packed.alone.iter().map(|(member, part)| parts[*member][*part].clone());
                    alone.chain(packed.merged.into_values().map(|part| part.document)).collect()
                }
                Err(_) => {
                    refused += 1;
                    parts.concat()
                }
            };
            assert!(fits.iter().all(|document| document.size() <= size), "{fits:#?}");
            *documents = fits.iter().map(|document| document.canonical().clone()).collect();
        }
        for _ in 0..8 {
            let asked = generate::asked(&mut random);
            let (before, after) = (ask(&world, &asked), ask(&packed, &asked));
            assert_eq!(before.outcome, after.outcome, "seed {seed}: {asked:#?}\n{world:#?}\n{packed:#?}");
            assert_eq!(before.hinges_on, after.hinges_on, "seed {seed}: {asked:#?}\n{world:#?}\n{packed:#?}");
        }
    }
    // A generator that never packs would prove nothing.
    assert!(cut > 250 && merged > 250 && refused > 50, "{cut} {merged} {refused}");
}

/// What is certain with keys unknown stays so, whatever they turn out to be.
#[test]
fn knowing_more_overturns_nothing() {
    law(|random, world, asked| {
        let before = ask(world, asked).outcome;
        let mut known = asked.clone();
        for (key, fact) in &mut known.facts {
            if fact.is_none() {
                *fact = Some(generate::fact(random, key));
            }
        }
        let after = ask(world, &known).outcome;
        assert!(
            denied(before).is_none() || denied(after).is_none() || denied(before) == denied(after),
            "{before:?} {after:?} {world:#?} {known:?}"
        );
        assert!(denied(before).is_none() || denied(after).is_some(), "{before:?} {after:?} {world:#?} {known:?}");
    });
}

/// What is said of `s3:*` is said of all its actions.
#[test]
fn a_question_of_many_actions_is_answered_for_each() {
    law(|random, world, asked| {
        let many = random.pick(&["s3:*", "s3:*Object", "*", "k*", "s3:Get*"]);
        let wide = Asked { action: overlord::policy::question(many), ..asked.clone() };
        let service = asked.action.to_lowercase();
        let stands_for = match many {
            "*" => true,
            "k*" => service.starts_with('k') && service != "kms:retiregrant",
            "s3:*" => service.starts_with("s3:"),
            "s3:*Object" => service.starts_with("s3:") && service.ends_with("object"),
            _ => service.starts_with("s3:get"),
        };
        let (all, one) = (denied(ask(world, &wide).outcome), denied(ask(world, asked).outcome));
        assert!(!stands_for || all.is_none() || all == one, "{many} {all:?} {one:?} {asked:?} {world:#?}");
    });
}
