//! A second evaluator, simple before all else: it walks the JSON itself, matches by recursion, and knows three values as `Option<bool>`.
//! It shares nothing with the first one but AWS's documentation.

use serde_json::Value;

use crate::policy::generate::{Asked, Facts, World};

/// `Some` is known, `None` hinges on something.
type Maybe = Option<bool>;

/// Family, level, and policy and statement unless a level lacks an Allow.
type Place = (&'static str, usize, Option<(usize, usize)>);

/// What was decided: the word, and where.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    pub word: &'static str,
    pub at: Option<Place>,
}

fn any(values: Vec<Maybe>) -> Maybe {
    if values.contains(&Some(true)) {
        Some(true)
    } else if values.contains(&None) {
        None
    } else {
        Some(false)
    }
}

fn all(values: Vec<Maybe>) -> Maybe {
    any(values.into_iter().map(not).collect()).map(|none| !none)
}

fn not(value: Maybe) -> Maybe {
    value.map(|value| !value)
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// A pattern with its variables replaced: literal text and wildcards.
#[derive(Clone)]
enum Bit {
    Is(char),
    One,
    Many,
}

fn like(pattern: &[Bit], text: &[char]) -> bool {
    match pattern.first() {
        None => text.is_empty(),
        Some(Bit::Many) => like(&pattern[1..], text) || (!text.is_empty() && like(pattern, &text[1..])),
        Some(Bit::One) => !text.is_empty() && like(&pattern[1..], &text[1..]),
        Some(Bit::Is(c)) => text.first() == Some(c) && like(&pattern[1..], &text[1..]),
    }
}

/// How a pattern is read.
#[derive(Clone, Copy)]
struct Reading<'f> {
    wildcards: bool,
    variables: bool,
    facts: &'f Facts,
}

/// The bits of a pattern, and whether a variable in it is unknown; without bits what a variable makes of it that stands for nothing.
fn bits(pattern: &str, reading: Reading<'_>) -> Result<(Vec<Bit>, bool), Maybe> {
    let (mut bits, mut unknown, mut rest) = (Vec::new(), false, pattern);
    while !rest.is_empty() {
        if reading.variables && rest.starts_with("${") {
            let end = rest.find('}').unwrap();
            let inside = &rest[2..end];
            rest = &rest[end + 1..];
            if ["*", "?", "$"].contains(&inside) {
                bits.extend(inside.chars().map(Bit::Is));
                continue;
            }
            let (key, default) = inside.split_once(", ").map_or((inside, None), |(key, default)| (key, Some(default.trim_matches('\''))));
            match reading.facts.get(&key.to_lowercase()) {
                Some(None) => {
                    unknown = true;
                    bits.push(Bit::Many);
                }
                Some(Some(values)) if values.len() > 1 => {
                    unknown = true;
                    bits.push(Bit::Many);
                }
                Some(Some(values)) if values.len() == 1 => bits.extend(values[0].chars().map(Bit::Is)),
                _ => bits.extend(default.ok_or(Some(false))?.chars().map(Bit::Is)),
            }
            continue;
        }
        let c = rest.chars().next().unwrap();
        rest = &rest[c.len_utf8()..];
        bits.push(match c {
            '*' if reading.wildcards => Bit::Many,
            '?' if reading.wildcards => Bit::One,
            c => Bit::Is(c),
        });
    }
    Ok((bits, unknown))
}

fn matches(pattern: &str, text: &str, reading: Reading<'_>) -> Maybe {
    let (bits, unknown) = match bits(pattern, reading) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let fits = like(&bits, &text.chars().collect::<Vec<_>>());
    if fits && unknown { None } else { Some(fits) }
}

fn arn_matches(pattern: &str, text: &str, reading: Reading<'_>) -> Maybe {
    // No variable of the vocabulary that stands in an ARN has a colon before its brace but in its own name.
    let masked = pattern.replace("${aws:", "${aws;");
    let (patterns, texts): (Vec<&str>, Vec<&str>) = (masked.splitn(6, ':').collect(), text.splitn(6, ':').collect());
    if texts.len() < 6 {
        return Some(false);
    }
    if patterns.len() < 6 {
        return if pattern.ends_with('*') { None } else { Some(false) };
    }
    let part = |(pattern, text): (&&str, &&str)| matches(&pattern.replace("${aws;", "${aws:"), text, reading);
    all(patterns.iter().zip(&texts).map(part).collect())
}

/// Seconds since 1970 of the few forms that the vocabulary has.
fn moment(text: &str) -> Option<i64> {
    let table = [
        ("2027-01-15T08:00:00Z", 1_800_000_000),
        ("2027-01-15T09:00:00+01:00", 1_800_000_000),
        ("2026-01-01", 1_767_225_600),
        ("2025-12-31T00:00:00Z", 1_767_139_200),
        ("2030-01-01T00:00:00Z", 1_893_456_000),
        ("1800000000", 1_800_000_000),
    ];
    table.iter().find(|(known, _)| *known == text).map(|(_, at)| *at)
}

fn in_range(address: &str, range: &str) -> bool {
    match range {
        "10.0.0.0/8" => address.starts_with("10."),
        "192.0.2.0/24" => address.starts_with("192.0.2."),
        "2001:db8::/32" => address.starts_with("2001:db8:"),
        other => address == other && address != "nonsense",
    }
}

fn compare<T: PartialOrd>(name: &str, asked: Option<T>, written: Option<T>) -> bool {
    let (Some(asked), Some(written)) = (asked, written) else { return false };
    match name.trim_start_matches("Numeric").trim_start_matches("Date") {
        "Equals" | "NotEquals" => asked == written,
        "LessThan" => asked < written,
        "LessThanEquals" => asked <= written,
        "GreaterThan" => asked > written,
        "GreaterThanEquals" => asked >= written,
        other => panic!("{other}"),
    }
}

/// Whether a value of the request is like one of the policy, whatever the operator makes of it.
fn like_one(name: &str, asked: &str, written: &str, reading: Reading<'_>) -> Maybe {
    let reading = Reading { wildcards: name.contains("Like"), ..reading };
    if name.starts_with("Arn") {
        return arn_matches(written, asked, Reading { wildcards: true, ..reading });
    }
    if name.starts_with("String") {
        if name.ends_with("IgnoreCase") {
            // Folding first would fold the default of a variable too: which is right.
            let folded: Facts =
                reading.facts.iter().map(|(k, v)| (k.clone(), v.as_ref().map(|v| v.iter().map(|v| v.to_lowercase()).collect()))).collect();
            return matches(&written.to_lowercase(), &asked.to_lowercase(), Reading { facts: &folded, ..reading });
        }
        return matches(written, asked, reading);
    }
    Some(match name {
        "Bool" => asked == written,
        "IpAddress" | "NotIpAddress" => in_range(asked, written),
        _ if name.starts_with("Numeric") => compare(name, asked.parse::<f64>().ok(), written.parse::<f64>().ok()),
        _ => compare(name, moment(asked), moment(written)),
    })
}

fn condition(full: &str, key: &str, written: &[String], reading: Reading<'_>) -> Maybe {
    let (quantifier, name) = full.split_once(':').unwrap_or(("", full));
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    let fact = reading.facts.get(&key.to_lowercase()).cloned().unwrap_or(Some(Vec::new()));
    if name == "Null" {
        return any(written.iter().map(|wanted| fact.as_ref().map(|values| values.is_empty() == (wanted == "true"))).collect());
    }
    let values = fact?;
    let negated = name.contains("Not");
    if values.is_empty() {
        return Some(if_exists || quantifier == "ForAllValues" || (quantifier.is_empty() && negated));
    }
    let each: Vec<Maybe> = values
        .iter()
        .map(|value| {
            let found = any(written.iter().map(|written| like_one(name, value, written, reading)).collect());
            if negated { not(found) } else { found }
        })
        .collect();
    match quantifier {
        "ForAnyValue" => any(each),
        "ForAllValues" => all(each),
        _ if each.iter().all(|one| *one == each[0]) => each[0],
        _ => None,
    }
}

fn statement_matches(statement: &Value, variables: bool, asked: &Asked) -> Maybe {
    let reading = Reading { wildcards: true, variables, facts: &asked.facts };
    let action = |patterns: &Value| {
        let plain = Reading { variables: false, ..reading };
        any(texts(patterns).iter().map(|p| matches(&p.to_lowercase(), &asked.action.to_lowercase(), plain)).collect())
    };
    let resource = |patterns: &Value| any(texts(patterns).iter().map(|p| matches(p, &asked.resource, reading)).collect());
    let mut parts = vec![
        match statement.get("Action") {
            Some(patterns) => action(patterns),
            None => not(action(&statement["NotAction"])),
        },
        match statement.get("Resource") {
            Some(patterns) => resource(patterns),
            None => not(resource(&statement["NotResource"])),
        },
    ];
    // What is false already stays so; it only saves time.
    if all(parts.clone()) == Some(false) {
        return Some(false);
    }
    if let Some(operators) = statement.get("Condition").and_then(Value::as_object) {
        for (name, keys) in operators {
            for (key, written) in keys.as_object().unwrap() {
                parts.push(condition(name, key, &texts(written), reading));
            }
        }
    }
    all(parts)
}

const RCP_SERVICES_OF_THE_VOCABULARY: [&str; 3] = ["s3", "sts", "kms"];

pub fn decide(world: &World, asked: &Asked) -> Verdict {
    let service = asked.action.to_lowercase().split(':').next().unwrap().to_owned();
    let rcps_apply = RCP_SERVICES_OF_THE_VOCABULARY.contains(&service.as_str()) && asked.action != "kms:RetireGrant";
    let mut sides = vec![("scp", &world.scps)];
    if rcps_apply {
        sides.push(("rcp", &world.rcps));
    }
    let mut found = Vec::new();
    let mut silent = Vec::new();
    for (family, levels) in sides {
        for (level, documents) in levels.iter().enumerate() {
            let mut allows = Vec::new();
            for (policy, document) in documents.iter().enumerate() {
                let variables = document.get("Version") == Some(&Value::from("2012-10-17"));
                for (index, statement) in list(&document["Statement"]).into_iter().enumerate() {
                    let truth = statement_matches(statement, variables, asked);
                    if statement["Effect"] == "Deny" {
                        found.push((truth, (family, level, Some((policy, index)))));
                    } else {
                        allows.push((truth, (policy, index)));
                    }
                }
            }
            let unsure = allows.iter().find(|(truth, _)| truth.is_none()).map(|(_, at)| *at);
            silent.push((not(any(allows.into_iter().map(|(truth, _)| truth).collect())), (family, level, unsure)));
        }
    }
    let first = |from: &[(Maybe, Place)], wanted: Maybe| from.iter().find(|(truth, _)| *truth == wanted).map(|(_, at)| *at);
    for (from, wanted, word) in [
        (&found, Some(true), "explicit-deny"),
        (&silent, Some(true), "implicit-deny"),
        (&found, None, "unknown"),
        (&silent, None, "unknown"),
    ] {
        if let Some(at) = first(from, wanted) {
            return Verdict { word, at: Some(at) };
        }
    }
    Verdict { word: "within-guard-rails", at: None }
}
