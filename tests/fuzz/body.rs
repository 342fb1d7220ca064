//! What the fuzz target and a test on stable feed with bytes, so that the one cannot rot while only the other runs: the parsers of all policy
//! languages, canonical forms, the evaluator of guardrails, inheritance and the lints. Nothing panics, nothing hangs, places are in the text,
//! equal questions have equal answers, and a document decides as its minified form does.

use std::sync::Arc;

use overlord::address::Address;
use overlord::diagnostic::ByteRange;
use overlord::limits::LIMITS;
use overlord::policy::effective::{Attached as Inherited, Level as Inheriting, check, merge};
use overlord::policy::{
    Attached, Catalogue, Document, Fact, Family, Hierarchy, Level, Place, Policy, Problem, Question, Setting, Subject, canonical, lint,
};

/// What parts a document from the next one, and that from a question: an action, a resource, and condition keys with their values.
pub const SEPARATOR: char = '\u{1e}';

const EVERYTHING: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

/// A question.
struct Asked {
    action: String,
    resource: Option<String>,
    facts: Vec<(String, Fact)>,
}

/// Reads a document, asks what it decides beside another one, and has it linted.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split(SEPARATOR);
    let document = parts.next().unwrap_or_default();
    let other = parts.next().and_then(|text| Policy::parse(text).ok());
    let other = Arc::new(other.unwrap_or_else(|| Policy::parse(EVERYTHING).expect("it is a policy")));
    let action = parts.next().unwrap_or("iam:CreateUser").to_owned();
    let resource = Some(parts.next().unwrap_or("arn:aws:s3:::*/?x").to_owned());
    let fact = |part: &str| match part.split_once('=') {
        Some((key, values)) => (key.to_owned(), Fact::known(values.split(','))),
        None => (part.to_owned(), Fact::Absent),
    };
    let facts = parts.take(8).map(fact).collect();
    survives(document, &other, &Asked { action, resource, facts });
}

fn member() -> Address {
    Address::new("account", "member")
}

fn hierarchy(policy: &Arc<Policy>, other: &Arc<Policy>) -> Hierarchy {
    let attach = |policy: &Arc<Policy>| Attached { name: "p".into(), policy: Some(Arc::clone(policy)) };
    let root = Address::new("organization", "main");
    let both = || vec![attach(policy), attach(other)];
    let top = Level { parent: None, scps: both(), rcps: both() };
    let below = Level { parent: Some(root.clone()), scps: both(), rcps: both() };
    Hierarchy {
        levels: [(root, top), (member(), below)].into(),
        families: [Family::Scp, Family::Rcp].into(),
        management: "111111111111".to_owned(),
        ids: [(member(), "222222222222".to_owned())].into(),
    }
}

fn is_in(text: &str, at: ByteRange) {
    assert!(text.get(at.start..at.end).is_some(), "{at:?} is no place in {text:?}");
}

/// All that reads a document reads this one.
fn survives(text: &str, other: &Arc<Policy>, asked: &Asked) {
    for spec in &LIMITS.policy_types {
        if let Ok(document) = Document::parse(&spec.name, text) {
            let again = Document::parse(&spec.name, &document.minified()).unwrap();
            assert_eq!(again, document, "{text}");
        }
        let _ = canonical(&spec.name, text);
        if Family::of_type(&spec.name).is_none() {
            let (tree, mistakes) = check(&spec.name, text);
            mistakes.iter().for_each(|mistake| is_in(text, mistake.problem.at));
            if let Some(tree) = tree {
                let level = |at| Inheriting { at, policies: vec![Inherited { name: "p".into(), tree: Arc::new(tree.clone()) }] };
                // Below itself as well.
                let levels = [Address::new("organization", "main"), Address::new("account", "member")].map(level);
                merge(&levels).unwrap();
            }
        }
    }
    match Policy::parse(text) {
        Ok(policy) => decides(text, Arc::new(policy), other, asked),
        Err(problems) => problems.iter().for_each(|Problem { at, summary: _, hint: _ }| is_in(text, *at)),
    }
}

fn decides(text: &str, policy: Arc<Policy>, other: &Arc<Policy>, asked: &Asked) {
    let (hierarchy, alone) = (self::hierarchy(&policy, other), self::hierarchy(&policy, &policy));
    let minified = Document::parse("SERVICE_CONTROL_POLICY", text).ok().and_then(|document| Policy::parse(&document.minified()).ok());
    let minified = minified.map(Arc::new).map(|minified| self::hierarchy(&minified, &minified));
    for action in ["s3:GetObject", "*", "s?:*e*", &asked.action] {
        for principal in [None, Some("role/x".to_owned())] {
            let question = Question {
                account: Place::Member(member()),
                principal,
                action: action.to_owned(),
                resource: asked.resource.clone(),
                owner: None,
                facts: asked.facts.clone(),
            };
            let decision = question.decide(&hierarchy, &Catalogue::built_in());
            assert_eq!(decision, question.decide(&hierarchy, &Catalogue::built_in()), "{text}");
            if let Some(minified) = &minified {
                assert_eq!(
                    question.decide(minified, &Catalogue::built_in()).outcome,
                    question.decide(&alone, &Catalogue::built_in()).outcome,
                    "{text}"
                );
            }
        }
    }
    let actions = ["ec2:CreateVpc".to_owned()];
    let setting = Setting {
        hierarchy: &hierarchy,
        catalogue: &Catalogue::built_in(),
        access_role: "r",
        access_actions: &actions,
        regions: &["eu-west-1"],
        added_regions: &Default::default(),
    };
    for family in [Family::Scp, Family::Rcp] {
        let subject = Subject { name: "p", family, policy: &policy, size: text.len(), limit: 5_120 };
        lint(&subject, &setting).iter().for_each(|finding| is_in(text, finding.at));
    }
}
