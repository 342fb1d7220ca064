//! Whatever stands in a file: nothing panics, nothing hangs, and what is told has a place in the text. Random text, and the documents of these
//! tests with pieces cut out, doubled, exchanged and spoilt. Deterministic: what it finds once it finds again. What is done with each is the
//! body of the fuzz target (`tests/fuzz`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use overlord::policy::{Fact, Policy, RULES};
use serde_json::Value;

use crate::policy::body::{SEPARATOR, run};
use crate::policy::generate::Random;

const CASES: usize = 10_000;

/// The JSON files under a folder.
fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

/// Every object of a value that looks like a document.
fn documents(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let first = ["Statement", "tags", "plans", "services", "securityhub", "ec2_attributes", "inspector"];
            if first.iter().any(|key| members.contains_key(*key)) {
                out.push(format!("{value:#}"));
            }
            members.values().for_each(|value| documents(value, out));
        }
        Value::Array(items) => items.iter().for_each(|value| documents(value, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut paths, mut found) = (Vec::new(), Vec::new());
    json_files(&root.join("tests/policy"), &mut paths);
    json_files(&root.join("tests/errors"), &mut paths);
    for path in paths {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        match serde_json::from_str(&text) {
            Ok(value) => documents(&value, &mut found),
            Err(_) => found.push(text),
        }
    }
    for example in RULES.iter().flat_map(|rule| rule.examples) {
        for statements in [example.bad, example.good] {
            found.push(format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#));
        }
    }
    // A cut of a long text is as good as all of it.
    found.retain(|text| text.len() < 20_000);
    found.sort();
    found.dedup();
    found
}

/// What the languages give a meaning.
const WORDS: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "*",
    "?",
    "${",
    "}",
    "${aws:PrincipalTag/x, 'y'}",
    "${*}",
    "\\u0000",
    "\\ud800",
    "@@assign",
    "@@none",
    "@@operators_allowed_for_child_policies",
    "ForAnyValue:",
    "IfExists",
    "arn:aws:s3:::",
    "NotAction",
    "null",
    "1e999",
    "-",
    "::::::",
    "ä",
    "\u{e000}",
    "\u{10ffff}",
    "\u{feff}",
];

fn mutated(seeds: &[String], random: &mut Random) -> String {
    let mut text: Vec<char> = random.pick(&seeds.iter().map(String::as_str).collect::<Vec<_>>()).chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(text.len() + 1);
        let length = random.below(12).min(text.len() - at);
        match random.below(5) {
            0 => drop(text.drain(at..at + length)),
            1 => {
                let piece: Vec<char> = text[at..at + length].to_vec();
                text.splice(at..at, piece);
            }
            2 => drop(text.splice(at..at + length, random.pick(WORDS).chars())),
            3 => drop(text.splice(at..at, random.pick(WORDS).repeat(random.below(40)).chars())),
            _ => {
                let other: Vec<char> = seeds[random.below(seeds.len())].chars().collect();
                let from = random.below(other.len() + 1);
                let to = (from + random.below(200)).min(other.len());
                text.splice(at..at + length, other[from..to].iter().copied());
            }
        }
    }
    text.into_iter().collect()
}

/// Still JSON, with other texts and values in it.
fn respelled(seeds: &[String], random: &mut Random) -> String {
    let of = |random: &mut Random| serde_json::from_str(&seeds[random.below(seeds.len())]).unwrap_or_default();
    let (mut document, other): (Value, Value) = (of(random), of(random));
    respell(&mut document, &other, random);
    document.to_string()
}

fn respell(value: &mut Value, other: &Value, random: &mut Random) {
    if random.one_in(60) {
        *value = other.clone();
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|value| respell(value, other, random)),
        Value::Array(items) => items.iter_mut().for_each(|value| respell(value, other, random)),
        Value::String(text) if random.one_in(5) => {
            let at = text.char_indices().nth(random.below(text.len() + 1)).map_or(text.len(), |(at, _)| at);
            text.insert_str(at, random.pick(WORDS));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn noise(random: &mut Random) -> String {
    (0..random.below(60))
        .map(|_| match random.below(3) {
            0 => random.pick(WORDS).to_owned(),
            1 => char::from_u32(random.below(0x11_0000) as u32).unwrap_or(' ').to_string(),
            _ => char::from(random.below(128) as u8).to_string(),
        })
        .collect()
}

/// The document as the fuzz target takes it: alone, or with another one and a question, some of it spoilt byte by byte.
fn input(text: String, seeds: &[String], random: &mut Random) -> Vec<u8> {
    let separator = SEPARATOR.to_string();
    let mut parts = vec![text];
    if random.one_in(2) {
        parts.push(mutated(seeds, random));
        parts.extend(["s3:GetObject", "arn:aws:s3:::data/x"].map(str::to_owned));
        parts.extend(["aws:PrincipalTag/x=*,${aws:username},", "aws:RequestedRegion=eu-west-1", "k"].map(str::to_owned));
        (0..random.below(3)).for_each(|_| parts.push(noise(random)));
    }
    let mut bytes = parts.join(&separator).into_bytes();
    if random.one_in(4) {
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len() + 1);
            bytes.splice(at..at, [random.below(256) as u8]);
        }
    }
    bytes
}

#[test]
fn no_document_panics_or_hangs() {
    let seeds = seeds();
    assert!(seeds.len() > 100, "{} documents: are they still found?", seeds.len());
    let mut random = Random::new(5);
    let mut parsed = 0;
    for case in 0..CASES {
        let text = match case % 5 {
            0 => noise(&mut random),
            1 | 2 => mutated(&seeds, &mut random),
            _ => respelled(&seeds, &mut random),
        };
        parsed += usize::from(Policy::parse(&text).is_ok());
        run(&input(text, &seeds, &mut random));
    }
    // Else nothing but the parser would be tried.
    assert!(parsed > CASES / 20, "{parsed}");
}

/// What makes a backtracking matcher take for ever.
#[test]
fn patterns_of_many_wildcards_take_no_longer() {
    for (pattern, subject) in
        [("*a".repeat(60), "a".repeat(400)), ("?*".repeat(60), "b".repeat(400)), ("*a*b".repeat(40), "ab".repeat(300))]
    {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Action": "s3:{pattern}x", "Resource": "arn:aws:s3:::{pattern}x",
            "Condition": {{"StringLike": {{"aws:PrincipalTag/x": "{pattern}x"}}, "ArnLike": {{"aws:PrincipalArn": "arn:*:{pattern}x"}}}}}}}}"#
        );
        let policy = Arc::new(Policy::parse(&text).unwrap());
        let action = format!("s3:{subject}");
        let mut context = overlord::policy::Context::complete();
        context.set("aws:PrincipalTag/x", Fact::known([subject.as_str()]));
        context.set("aws:PrincipalArn", Fact::known([format!("arn:aws:iam::1:{subject}")]));
        for statement in &policy.statements {
            let asked = overlord::policy::question(&format!("arn:aws:s3:::*{subject}*{subject}*"));
            let _ = statement.matches(&action, &asked, &context);
            let _ = statement.matches(&overlord::policy::question(&format!("s3:*{subject}*")), &asked, &context);
        }
    }
}
