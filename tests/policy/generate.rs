//! Random organizations and requests, of few words, so that much of them meets.

use std::collections::BTreeMap;
use std::sync::Arc;

use overlord::address::Address;
use overlord::policy::{Attached, Context, Fact, Family, Hierarchy, Level, Place, Policy, Principal, Request};
use serde_json::{Map, Value, json};

/// A small generator of random numbers; the same seed gives the same run everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// The documents attached to each level, root first, of both families.
#[derive(Debug, Clone)]
pub struct World {
    pub scps: Vec<Vec<Value>>,
    pub rcps: Vec<Vec<Value>>,
}

/// What is known of each key: `None` unknown, `Some([])` absent. Keys that are not there are absent.
pub type Facts = BTreeMap<String, Option<Vec<String>>>;

/// A question.
#[derive(Debug, Clone)]
pub struct Asked {
    pub action: String,
    pub resource: String,
    pub facts: Facts,
}

const ACTIONS: [&str; 9] = [
    "s3:GetObject",
    "s3:PutObject",
    "S3:getobject",
    "sts:AssumeRole",
    "ec2:RunInstances",
    "iam:CreateUser",
    "kms:Decrypt",
    "kms:RetireGrant",
    "s3:ListBucket",
];
const ACTION_PATTERNS: [&str; 12] = [
    "*",
    "s3:*",
    "S3:Get*",
    "s3:Put*",
    "s3:?etObject",
    "ec2:*",
    "iam:Create*",
    "sts:AssumeRole",
    "kms:*",
    "s3:*Object",
    "s3:putobject",
    "kms:De?*t",
];
const RESOURCES: [&str; 6] = [
    "*",
    "arn:aws:s3:::data/key",
    "arn:aws:s3:::data",
    "arn:aws:iam::111122223333:user/red",
    "arn:aws:s3:::home/red/x",
    "arn:aws:kms:eu-west-1:111122223333:key/1",
];
const RESOURCE_PATTERNS: [&str; 10] = [
    "*",
    "*",
    "arn:aws:s3:::data*",
    "arn:aws:s3:::data/*",
    "arn:aws:s3:::home/${aws:username}/*",
    "arn:*:iam::*:user/${aws:PrincipalTag/team, 'red'}",
    "arn:aws:s3:::home/${AWS:userName}/?",
    "arn:aws:kms:*:*:*",
    "arn:aws:s3:::${*}",
    "arn:aws:s3:::Data",
];
const KEYS: [&str; 8] = [
    "aws:username",
    "aws:PrincipalTag/team",
    "aws:RequestedRegion",
    "aws:SourceIp",
    "aws:CurrentTime",
    "aws:SecureTransport",
    "aws:PrincipalArn",
    "s3:max-keys",
];

/// Values and operators that go together, so that comparisons are not all in vain.
fn vocabulary(key: &str) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
    const TEXT: &[&str] =
        &["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"];
    match key {
        "aws:SourceIp" => (
            &["IpAddress", "NotIpAddress"],
            &["10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "192.0.2.0/24", "nonsense"],
            &["10.1.2.3", "192.0.2.7", "2001:db8::1", "nonsense"],
        ),
        "aws:CurrentTime" => (
            &["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"],
            &["2027-01-15T08:00:00Z", "1800000000", "2026-01-01", "2027-01-15T09:00:00+01:00", "soon"],
            &["2027-01-15T08:00:00Z", "2025-12-31T00:00:00Z", "2030-01-01T00:00:00Z"],
        ),
        "aws:SecureTransport" => (&["Bool", "StringEquals"], &["true", "false"], &["true", "false"]),
        "aws:PrincipalArn" => (
            &["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals", "StringLike", "StringNotLike"],
            &[
                "arn:aws:iam::*:role/Admin",
                "arn:*:iam::111122223333:*",
                "arn:aws:iam::111122223333:role/${aws:PrincipalTag/team}",
                "arn:aws:i?m::*:role/*:x",
                "*",
            ],
            &["arn:aws:iam::111122223333:role/Admin", "arn:aws:iam::444455556666:role/red", "arn:aws:iam::111122223333:role/a:x", "nobody"],
        ),
        "s3:max-keys" => (
            &[
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericLessThanEquals",
                "NumericGreaterThan",
                "NumericGreaterThanEquals",
            ],
            &["10", "10.0", "-1", "7.5", "many"],
            &["10", "7", "1e1", "-1.0"],
        ),
        _ => (
            TEXT,
            &["red", "Red", "re*", "${aws:username}", "${aws:PrincipalTag/team}", "r?d", "${aws:PrincipalTag/team, 'red'}", "eu-*", "blue"],
            &["red", "RED", "blue", "eu-west-1", "r*d"],
        ),
    }
}

fn one_or_list(random: &mut Random, from: &[&str], most: usize) -> Value {
    match random.below(most) + 1 {
        1 => json!(random.pick(from)),
        n => (0..n).map(|_| json!(random.pick(from))).collect(),
    }
}

fn conditions(random: &mut Random) -> Value {
    let mut operators = Map::new();
    for _ in 0..=random.below(2) {
        let key = random.pick(&KEYS);
        let (names, values, _) = vocabulary(key);
        let mut name = random.pick(names).to_owned();
        let mut written = one_or_list(random, values, 3);
        if random.one_in(6) {
            name = "Null".to_owned();
            written = json!(random.pick(&["true", "false"]));
        } else if random.one_in(3) {
            name.push_str("IfExists");
        }
        if random.one_in(3) {
            name.insert_str(0, random.pick(&["ForAnyValue:", "ForAllValues:"]));
        }
        let spelled = if random.one_in(3) { key.to_uppercase() } else { key.to_owned() };
        operators.entry(name).or_insert_with(|| json!({}))[spelled] = written;
    }
    Value::Object(operators)
}

fn statement(random: &mut Random, family: Family, index: usize) -> Value {
    let deny = family == Family::Rcp || random.one_in(2);
    let mut statement = json!({"Sid": format!("S{index}"), "Effect": if deny { "Deny" } else { "Allow" }});
    let not_action = family == Family::Scp && random.one_in(4);
    statement[if not_action { "NotAction" } else { "Action" }] = one_or_list(random, &ACTION_PATTERNS, 3);
    statement[if random.one_in(5) { "NotResource" } else { "Resource" }] = one_or_list(random, &RESOURCE_PATTERNS, 2);
    if family == Family::Rcp {
        statement["Principal"] = json!("*");
    }
    if !random.one_in(3) {
        statement["Condition"] = conditions(random);
    }
    statement
}

pub fn document(random: &mut Random, family: Family) -> Value {
    let statements: Vec<Value> = (0..=random.below(2)).map(|index| statement(random, family, index)).collect();
    let mut document =
        json!({"Statement": if statements.len() == 1 && random.one_in(2) { statements[0].clone() } else { Value::from(statements) }});
    if !random.one_in(5) {
        document["Version"] = json!(random.pick(&["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"]));
    }
    document
}

pub fn allow_all(family: Family) -> Value {
    let mut document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    if family == Family::Rcp {
        document["Statement"][0]["Principal"] = json!("*");
    }
    document
}

pub fn world(random: &mut Random) -> World {
    let depth = 1 + random.below(3);
    let mut levels = |family: Family| -> Vec<Vec<Value>> {
        let mut level = |_| {
            let mut documents: Vec<Value> = (0..random.below(3)).map(|_| document(random, family)).collect();
            if family == Family::Rcp || !random.one_in(3) {
                documents.push(allow_all(family));
            }
            documents
        };
        (0..depth).map(&mut level).collect()
    };
    World { scps: levels(Family::Scp), rcps: levels(Family::Rcp) }
}

pub fn fact(random: &mut Random, key: &str) -> Vec<String> {
    let (_, _, values) = vocabulary(key);
    match random.below(8) {
        0 => Vec::new(),
        1 => vec![random.pick(values).to_owned(), random.pick(values).to_owned()],
        _ => vec![random.pick(values).to_owned()],
    }
}

pub fn asked(random: &mut Random) -> Asked {
    let facts = KEYS.iter().filter_map(|key| {
        let known = if random.one_in(6) { None } else { Some(fact(random, key)) };
        (!random.one_in(4)).then(|| (key.to_lowercase(), known))
    });
    let facts = facts.collect();
    Asked { action: random.pick(&ACTIONS).to_owned(), resource: random.pick(&RESOURCES).to_owned(), facts }
}

/// The address of a level.
pub fn level_address(index: usize, depth: usize) -> Address {
    match index {
        _ if index + 1 == depth => Address::new("account", "a"),
        0 => Address::new("organization", "main"),
        _ => Address::new("ou", format!("ou{index}")),
    }
}

/// The organization of a world, its documents as texts made by `text`.
pub fn hierarchy(world: &World, text: impl Fn(&Value) -> String) -> Hierarchy {
    let depth = world.scps.len();
    let attached = |documents: &[Value]| -> Vec<Attached> {
        let policy = |document: &Value| Some(Arc::new(Policy::parse(&text(document)).unwrap_or_else(|e| panic!("{e:?}\n{document:#}"))));
        documents
            .iter()
            .enumerate()
            .map(|(index, document)| Attached { name: index.to_string().into(), policy: policy(document) })
            .collect()
    };
    let levels = (0..depth).map(|index| {
        let parent = index.checked_sub(1).map(|above| level_address(above, depth));
        (level_address(index, depth), Level { parent, scps: attached(&world.scps[index]), rcps: attached(&world.rcps[index]) })
    });
    let families = [Family::Scp, Family::Rcp].into();
    Hierarchy { levels: levels.collect(), families, management: "999999999999".to_owned(), ids: BTreeMap::new() }
}

pub fn request(asked: &Asked) -> Request {
    let mut context = Context::complete();
    for (key, fact) in &asked.facts {
        context.set(key, fact.as_ref().map_or(Fact::Unknown, |values| Fact::known(values.iter().cloned())));
    }
    let place = Place::Member(Address::new("account", "a"));
    Request {
        principal: Principal::Of(place.clone()),
        action: asked.action.clone(),
        resource: asked.resource.clone(),
        owner: place,
        context,
    }
}
