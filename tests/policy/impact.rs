//! The impact of a change: against asking the evaluator about each account and each action, and against what any request meets.

use std::collections::BTreeMap;
use std::sync::Arc;

use overlord::address::Address;
use overlord::policy::{
    Attached, Catalogue, Context, Decision, Fact, Family, Hierarchy, Impact, Level, Outcome, Place, Policy, Principal, Request, Selection,
    Verdict, account_id, complete, decide, impact, question,
};
use serde_json::{Value, json};

use crate::policy::generate::{self, Random};

const CHANGES: u64 = 60;
const ACTIONS: usize = 36;
const MANAGEMENT: &str = "999999999999";

/// What is attached to each level, and what lies where: by number, 0 is the root, then the OUs, then the accounts.
#[derive(Debug, Clone)]
struct State {
    parents: Vec<Option<usize>>,
    scps: Vec<Vec<Value>>,
    rcps: Vec<Vec<Value>>,
}

const OUS: usize = 3;
const ACCOUNTS: usize = 4;

fn address(level: usize) -> Address {
    match level {
        0 => Address::new("organization", "main"),
        n if n <= OUS => Address::new("ou", format!("o{n}")),
        n => Address::new("account", format!("a{n}")),
    }
}

/// Now and then a statement asks which account it is, or where it lies.
fn document(random: &mut Random, family: Family) -> Value {
    let mut document = generate::document(random, family);
    if document["Statement"].is_array() && random.one_in(2) {
        let conditions = [
            json!({"StringEquals": {"aws:PrincipalAccount": "100000000004"}}),
            json!({"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}),
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-1/*"}}),
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
            json!({"Bool": {"aws:PrincipalIsAWSService": "false"}}),
            json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/Admin"}}),
        ];
        document["Statement"][0]["Condition"] = conditions[random.below(conditions.len())].clone();
    }
    document
}

fn documents(random: &mut Random, family: Family) -> Vec<Value> {
    let mut all: Vec<Value> = (0..random.below(3)).map(|_| document(random, family)).collect();
    if family == Family::Rcp || !random.one_in(5) {
        all.push(generate::allow_all(family));
    }
    all
}

fn state(random: &mut Random) -> State {
    let levels = 1 + OUS + ACCOUNTS;
    let parents = (0..levels).map(|level| (level > 0).then(|| random.below(level.min(1 + OUS)))).collect();
    let mut set = |family| (0..levels).map(|_| documents(random, family)).collect();
    State { parents, scps: set(Family::Scp), rcps: set(Family::Rcp) }
}

/// Some things change, most do not.
fn changed(random: &mut Random, state: &State) -> State {
    let mut state = state.clone();
    for _ in 0..=random.below(3) {
        let level = random.below(state.scps.len());
        match random.below(5) {
            0 if level > OUS => state.parents[level] = Some(random.below(1 + OUS)),
            1 => state.rcps[level] = documents(random, Family::Rcp),
            2 => {
                random.shuffle(&mut state.scps[level]);
            }
            3 => state.scps[level].push(document(random, Family::Scp)),
            _ => state.scps[level] = documents(random, Family::Scp),
        }
    }
    state
}

fn hierarchy(state: &State, families: &[Family]) -> Hierarchy {
    let attached = |documents: &[Value]| {
        let policy = |(index, document): (usize, &Value)| Attached {
            name: index.to_string().into(),
            // Of one policy nothing is known.
            policy: Policy::parse(&document.to_string()).ok().map(Arc::new),
        };
        documents.iter().enumerate().map(policy).collect()
    };
    let level = |(number, parent): (usize, &Option<usize>)| {
        let level = Level { parent: parent.map(address), scps: attached(&state.scps[number]), rcps: attached(&state.rcps[number]) };
        (address(number), level)
    };
    // The id of one account is not known, and one is the management account.
    let ids = (OUS + 1..state.parents.len() - 1).map(|n| (address(n), format!("10000000000{n}"))).chain([]);
    let mut ids: BTreeMap<Address, String> = ids.collect();
    ids.insert(address(OUS + 2), MANAGEMENT.to_owned());
    Hierarchy {
        levels: state.parents.iter().enumerate().map(level).collect(),
        families: families.iter().copied().collect(),
        management: MANAGEMENT.to_owned(),
        ids,
    }
}

fn ask(hierarchy: &Hierarchy, account: &Address, action: &str, resource: String, mut context: Context) -> Decision {
    let place = Place::of(account, hierarchy);
    let principal = Principal::Of(place.clone());
    complete(&mut context, &principal, None, &place, hierarchy);
    decide(&Request { principal, action: action.to_owned(), resource, owner: place, context }, hierarchy)
}

/// Of anybody, for anything.
fn verdict(hierarchy: &Hierarchy, account: &Address, action: (&str, bool)) -> Verdict {
    let resource = if action.1 { question("*") } else { "*".to_owned() };
    match ask(hierarchy, account, action.0, resource, Context::partial()).outcome {
        Outcome::WithinGuardRails => Verdict::Passes,
        Outcome::ExplicitDeny | Outcome::ImplicitDeny => Verdict::Denied,
        Outcome::Unknown => Verdict::Conditional,
    }
}

fn told(impact: &Impact, account: &Address, action: &str) -> Option<(Verdict, Verdict)> {
    let group = impact.groups.iter().find(|group| group.accounts.contains(account))?;
    let shift = group.shifts.iter().find(|shift| shift.actions.includes(action))?;
    Some((shift.from, shift.to))
}

struct Compared {
    before: Hierarchy,
    after: Hierarchy,
    impact: Impact,
    actions: Vec<(&'static str, bool)>,
    words: String,
}

fn compared(seed: u64, random: &mut Random) -> Compared {
    let one = state(random);
    let other = changed(random, &one);
    let families: &[Family] = if random.one_in(3) { &[Family::Scp] } else { &[Family::Scp, Family::Rcp] };
    let (mut before, mut after) = (hierarchy(&one, families), hierarchy(&other, families));
    if random.one_in(5) {
        for side in [&mut before, &mut after] {
            side.levels.get_mut(&address(1)).unwrap().scps.push(Attached { name: "foreign".into(), policy: None });
        }
    }
    let impact = impact(&before, &after, &Catalogue::built_in());
    let of_interest = |name: &str| ["s3:", "sts:", "iam:", "kms:"].iter().any(|service| name.starts_with(service));
    let catalogue = Box::leak(Box::new(Catalogue::built_in()));
    let all: Vec<(&str, bool)> = catalogue.known_actions().collect();
    let near: Vec<(&str, bool)> = all.iter().filter(|(name, _)| of_interest(name)).copied().collect();
    let named = ["s3:GetObject", "s3:PutObject", "sts:AssumeRole", "ec2:RunInstances", "iam:CreateUser", "kms:Decrypt", "kms:RetireGrant"];
    let mut actions: Vec<(&str, bool)> = all.iter().filter(|(name, _)| named.contains(name)).copied().collect();
    actions.extend((0..ACTIONS).map(|n| if n % 4 == 0 { random.pick(&all) } else { random.pick(&near) }));
    let words = format!("seed {seed}: {one:#?}\n{other:#?}\n{impact:#?}");
    Compared { before, after, impact, actions, words }
}

#[test]
fn the_impact_is_what_each_account_is_told_of_each_action() {
    let mut seen: BTreeMap<(Verdict, Verdict), usize> = BTreeMap::new();
    for seed in 0..CHANGES {
        let Compared { before, after, impact, actions, words } = compared(seed, &mut Random::new(seed + 31));
        for account in before.accounts().filter(|account| !before.is_management(account)) {
            for action in &actions {
                let expected = (verdict(&before, account, *action), verdict(&after, account, *action));
                let found = told(&impact, account, action.0);
                match expected {
                    // Whether the conditions are the same ones is another question.
                    (Verdict::Conditional, Verdict::Conditional) => {
                        assert!(found.is_none_or(|f| f == expected), "{account} {action:?} {words}")
                    }
                    (from, to) if from == to => assert_eq!(found, None, "{account} {action:?} {words}"),
                    expected => assert_eq!(found, Some(expected), "{account} {action:?} {words}"),
                }
                *seen.entry(expected).or_default() += 1;
            }
        }
        assert!(impact.groups.iter().all(|group| !group.accounts.contains(&address(OUS + 2))), "the management account is bound by none");
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
}

/// What is told to be unchanged is so for every request, its conditions too.
#[test]
fn no_request_meets_a_change_that_is_not_told() {
    let (mut unchanged, mut differing) = (0, 0);
    for seed in 0..CHANGES {
        let mut random = Random::new(seed + 5_003);
        let Compared { before, after, impact, actions, words } = compared(seed, &mut random);
        for account in before.accounts().filter(|account| !before.is_management(account)) {
            for (action, takes_resource) in &actions {
                let asked = generate::asked(&mut random);
                let resource = if *takes_resource { asked.resource } else { "*".to_owned() };
                let mut context = Context::complete();
                for (key, fact) in asked.facts {
                    context.set(&key, fact.map_or(Fact::Absent, Fact::known));
                }
                let meets = |side: &Hierarchy| match ask(side, account, action, resource.clone(), context.clone()).outcome {
                    Outcome::ExplicitDeny | Outcome::ImplicitDeny => Outcome::ExplicitDeny,
                    other => other,
                };
                let (then, now) = (meets(&before), meets(&after));
                match told(&impact, account, action) {
                    None => assert_eq!(then, now, "{account} {action} {words}"),
                    Some((from, to)) => {
                        for (verdict, outcome) in [(from, then), (to, now)] {
                            match verdict {
                                Verdict::Passes => assert_eq!(outcome, Outcome::WithinGuardRails, "{account} {action} {words}"),
                                Verdict::Denied => assert_eq!(outcome, Outcome::ExplicitDeny, "{account} {action} {words}"),
                                Verdict::Conditional => {}
                            }
                        }
                    }
                }
                unchanged += usize::from(then == now);
                differing += usize::from(then != now);
            }
        }
    }
    assert!(unchanged > 1_000 && differing > 300, "{unchanged} {differing}");
}

/// The order of policies and statements, and saying something twice or by another policy, change nothing.
#[test]
fn what_is_said_otherwise_is_no_change() {
    for seed in 0..CHANGES {
        let mut random = Random::new(seed + 900);
        let one = state(&mut random);
        let mut other = one.clone();
        for set in other.scps.iter_mut().chain(&mut other.rcps) {
            if let Some(first) = set.first().cloned() {
                set.push(first);
            }
            random.shuffle(set);
        }
        let both = [Family::Scp, Family::Rcp];
        let found = impact(&hierarchy(&one, &both), &hierarchy(&other, &both), &Catalogue::built_in());
        assert_eq!(found.groups, [], "seed {seed}");
    }
}

/// A role that no policy names, over TLS, in a Region.
fn typical(hierarchy: &Hierarchy, account: &Address, action: (&str, bool), region: &str) -> Outcome {
    let mut context = Context::partial();
    let arn = format!("arn:aws:iam::{}:role/a-role-that-no-policy-names", account_id(hierarchy, account));
    for (key, value) in [
        ("aws:PrincipalArn", arn.as_str()),
        ("aws:SecureTransport", "true"),
        ("aws:ViaAWSService", "false"),
        ("aws:RequestedRegion", region),
    ] {
        context.set(key, Fact::known([value]));
    }
    context.set("aws:CalledVia", Fact::Absent);
    let resource = if action.1 { question("*") } else { "*".to_owned() };
    ask(hierarchy, account, action.0, resource, context).outcome
}

/// What a typical request is told to lose or gain is what the evaluator says of it, and no more.
#[test]
fn a_typical_request_is_told_what_the_evaluator_says() {
    let (mut lost, mut gained) = (0, 0);
    for seed in 0..CHANGES {
        let mut random = Random::new(seed + 77_000);
        let Compared { before, after, impact, actions, words } = compared(seed, &mut random);
        for account in before.accounts().filter(|account| !before.is_management(account)) {
            let group = impact.groups.iter().find(|group| group.accounts.contains(account));
            for action in &actions {
                let shift = group.and_then(|group| group.shifts.iter().find(|shift| shift.actions.includes(action.0)));
                let Some(typically) = shift.and_then(|shift| shift.typical.as_ref()) else { continue };
                // An action of a global service is asked for in one Region alone.
                let global = ["iam:", "organizations:"].iter().any(|service| action.0.starts_with(service));
                let regions = impact.regions.iter().map(String::as_str).filter(|region| !global || *region == "us-east-1");
                let passes = |side: &Hierarchy, region: &str| typical(side, account, *action, region) == Outcome::WithinGuardRails;
                let differs = |from: &Hierarchy, to: &Hierarchy| regions.clone().any(|region| passes(from, region) && !passes(to, region));
                let of = |sets: [&Selection; 2]| sets.iter().any(|set| set.includes(action.0));
                let (loses, gains) = (of([&typically.loses, &typically.may_lose]), of([&typically.gains, &typically.may_gain]));
                if !impact.regions.is_empty() {
                    assert!(!loses || differs(&before, &after), "{account} {action:?} {words}");
                    assert!(!gains || differs(&after, &before), "{account} {action:?} {words}");
                }
                (lost, gained) = (lost + usize::from(loses), gained + usize::from(gains));
            }
        }
    }
    assert!(lost > 20 && gained > 20, "{lost} {gained}");
}

/// The same condition in other words, a narrower one and a wider one.
#[test]
fn a_rewording_a_narrowing_and_a_widening_read_differently() {
    let guard = |condition: Value| {
        let allow = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let deny = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "NotAction": ["iam:*", "organizations:*"], "Resource": "*", "Condition": condition}]});
        let everything = vec![allow.clone()];
        let mut scps = vec![everything.clone(); 1 + OUS + ACCOUNTS];
        scps[0] = vec![allow, deny];
        let parents = (0..1 + OUS + ACCOUNTS).map(|level| (level > 0).then_some(0)).collect();
        hierarchy(&State { parents, scps, rcps: vec![Vec::new(); 1 + OUS + ACCOUNTS] }, &[Family::Scp])
    };
    let regions = |list: &[&str]| guard(json!({"StringNotEquals": {"aws:RequestedRegion": list}}));
    let before = regions(&["eu-west-1", "eu-central-1"]);
    let told = |after: &Hierarchy| {
        let impact = impact(&before, after, &Catalogue::built_in());
        let [group] = impact.groups.as_slice() else { panic!("{impact:#?}") };
        let [shift] = group.shifts.as_slice() else { panic!("{group:#?}") };
        assert_eq!((shift.from, shift.to), (Verdict::Conditional, Verdict::Conditional));
        let typical = shift.typical.clone().unwrap();
        let ec2 = |selection: &Selection| selection.includes("ec2:RunInstances");
        assert_eq!((ec2(&typical.loses), ec2(&typical.gains)), (typical.loses.count > 0, typical.gains.count > 0));
        (typical.loses.count > 0, typical.gains.count > 0)
    };
    let reworded = guard(json!({"StringNotEqualsIgnoreCase": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}}));
    assert_eq!(told(&reworded), (false, false));
    assert_eq!(told(&guard(json!({"StringNotLike": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}}))), (false, false));
    assert_eq!(told(&regions(&["eu-west-1"])), (true, false));
    assert_eq!(told(&regions(&["eu-west-1", "eu-central-1", "eu-north-1"])), (false, true));
    assert_eq!(told(&regions(&["eu-west-1", "eu-north-1"])), (true, true));
}

/// What guardrails of other accounts name says nothing of an account.
#[test]
fn a_typical_request_is_made_only_where_guardrails_above_it_name_the_region() {
    let allow = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let guard = |region: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": region}}}]})
    };
    let side = |of_one: Vec<Value>| {
        let mut scps = vec![vec![allow.clone()]; 1 + OUS + ACCOUNTS];
        scps[1].extend(of_one);
        scps[2].push(guard("us-east-2"));
        let parent = |level: usize| match level {
            0 => None,
            level if level <= OUS => Some(0),
            level => Some(if level == OUS + 1 { 1 } else { 2 }),
        };
        let parents = (0..1 + OUS + ACCOUNTS).map(parent).collect();
        hierarchy(&State { parents, scps, rcps: vec![Vec::new(); 1 + OUS + ACCOUNTS] }, &[Family::Scp])
    };
    let impact = impact(&side(Vec::new()), &side(vec![guard("eu-west-1")]), &Catalogue::built_in());
    let [group] = impact.groups.as_slice() else { panic!("{impact:#?}") };
    let [shift] = group.shifts.as_slice() else { panic!("{group:#?}") };
    assert_eq!((group.accounts.as_slice(), shift.to), ([address(OUS + 1)].as_slice(), Verdict::Conditional));
    let typical = shift.typical.clone().unwrap();
    assert_eq!([typical.loses.count, typical.may_lose.count, typical.gains.count, typical.may_gain.count], [0; 4]);
}
