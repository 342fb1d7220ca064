//! The cases of `*.json` beside this file: what AWS documents, a rule each, written by hand. `README.md` there tells their form.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use overlord::address::Address;
use overlord::policy::{
    Attached, Catalogue, Context, Decision, Fact, Family, Hierarchy, Level, Place, Policy, Principal, Question, Request, Truth, complete,
    decide, question,
};
use serde_json::{Map, Value, json};

fn files() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap())).collect()
}

/// The rows of all files under a name.
fn rows(name: &str) -> Vec<Value> {
    let rows: Vec<Value> = files().into_iter().flat_map(|(_, file)| file[name].as_array().cloned().unwrap_or_default()).collect();
    assert!(!rows.is_empty());
    rows
}

fn fact(value: &Value) -> Fact {
    match value {
        Value::Null => Fact::Absent,
        Value::String(text) if text == "?" => Fact::Unknown,
        Value::Array(values) => Fact::known(values.iter().map(|v| v.as_str().unwrap())),
        other => panic!("{other}"),
    }
}

fn context(row: &Value) -> Context {
    let mut context = Context::complete();
    for (key, value) in row["with"].as_object().into_iter().flatten() {
        context.set(key, fact(value));
    }
    context
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().map(|list| list.iter().map(|v| v.as_str().unwrap()).collect()).unwrap_or_default()
}

/// `Deny s3:*,!…` as a statement: `[Sid] Effect actions [on resource]`, with `!` for Not.
pub fn statement(text: &str) -> Value {
    let (head, resource) = text.split_once(" on ").unwrap_or((text, "*"));
    let words: Vec<&str> = head.split(' ').collect();
    let [effect, actions] = words[words.len() - 2..] else { panic!("{text}") };
    let mut statement = json!({"Effect": effect});
    if let [sid, _, _] = words.as_slice() {
        statement["Sid"] = json!(sid);
    }
    let mut put = |name: &str, list: &str| {
        let (name, list) = list.strip_prefix('!').map_or((name.to_owned(), list), |list| (format!("Not{name}"), list));
        statement[name] = list.split(',').map(Value::from).collect();
    };
    put("Action", actions);
    put("Resource", resource);
    statement
}

/// The documents of a level, by name.
pub fn documents(level: &Value, family: Family) -> BTreeMap<String, Value> {
    let everything = json!({"FullAWSAccess": ["Allow *"]});
    let level: &Map<String, Value> = if level == "*" { everything.as_object().unwrap() } else { level.as_object().unwrap() };
    let document = |statements: &Value| {
        let statements = statements.as_array().unwrap().iter().map(|entry| {
            let mut statement = statement(entry.as_str().unwrap_or_else(|| entry["is"].as_str().unwrap()));
            if let Some(condition) = entry.get("if") {
                statement["Condition"] = condition.clone();
            }
            if family == Family::Rcp {
                statement["Principal"] = json!("*");
            }
            statement
        });
        json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
    };
    level.iter().map(|(name, statements)| (name.clone(), document(statements))).collect()
}

/// The levels of a family in the order root, OUs, account.
pub fn levels(row: &Value, family: Family) -> Vec<(Address, BTreeMap<String, Value>)> {
    let address = |name: &str| match name.split_once('.') {
        Some((kind, key)) => Address::new(kind, key),
        None if name == "root" => Address::new("organization", "main"),
        None => Address::new("account", "member"),
    };
    // Objects are sorted by key, and so are the OUs of the cases: only the ends are out of order.
    let rank = |name: &str| match name {
        "root" => 0,
        "account" => 2,
        // `ou.work` stands above `ou.inner`.
        _ => 1,
    };
    let mut names: Vec<&String> = row[family.short()].as_object().into_iter().flat_map(|levels| levels.keys()).collect();
    names.sort_by_key(|name| (rank(name), *name == "ou.inner", name.to_string()));
    names.into_iter().map(|name| (address(name), documents(&row[family.short()][name], family))).collect()
}

fn hierarchy(row: &Value) -> Hierarchy {
    let mut hierarchy = Hierarchy { management: "999999999999".to_owned(), ..Hierarchy::default() };
    for family in [Family::Scp, Family::Rcp] {
        let levels = levels(row, family);
        if !levels.is_empty() {
            hierarchy.families.insert(family);
        }
        let mut parent = None;
        for (address, documents) in levels {
            let level: &mut Level = hierarchy.levels.entry(address.clone()).or_default();
            level.parent = parent.replace(address);
            let attached = documents.into_iter().map(|(name, document)| {
                let policy = Policy::parse(&document.to_string()).unwrap_or_else(|e| panic!("{e:?}\n{document}"));
                Attached { name: name.into(), policy: Some(Arc::new(policy)) }
            });
            match family {
                Family::Scp => level.scps = attached.collect(),
                Family::Rcp => level.rcps = attached.collect(),
            }
        }
    }
    hierarchy
}

fn place(name: &str) -> Place {
    match name {
        "management" => Place::Management,
        "outside" => Place::Outside,
        _ => Place::Member(Address::new("account", "member")),
    }
}

fn request(row: &Value, hierarchy: &Hierarchy) -> Request {
    let (action, resource) = row["ask"].as_str().unwrap().split_once(" on ").unwrap_or((row["ask"].as_str().unwrap(), "*"));
    let caller = row["as"].as_str().unwrap_or("member");
    let owner = row["of"].as_str().unwrap_or(if ["management", "outside"].contains(&caller) { caller } else { "member" });
    let principal = Principal::parse(caller, place(caller));
    let (owner, mut context) = (place(owner), context(row));
    complete(&mut context, &principal, Some(caller).filter(|c| c.starts_with("arn:")), &owner, hierarchy);
    Request { principal, action: question(action), resource: question(resource), owner, context }
}

/// What decided, as the cases write it: `scp root/policy/Sid`, or `scp root` for a level without an Allow.
fn by(decision: &Decision) -> Option<String> {
    let cause = decision.cause.as_ref()?;
    let level = match cause.level.kind() {
        "organization" => "root".to_owned(),
        "account" => "account".to_owned(),
        _ => cause.level.to_string(),
    };
    let rest: Vec<&str> = cause.policy.as_deref().into_iter().chain(cause.statement.as_ref().map(|(_, title)| title.as_str())).collect();
    Some(format!("{} {}", cause.family.short(), [vec![level.as_str()], rest].concat().join("/")))
}

#[test]
fn every_case_is_decided_as_documented() {
    for row in rows("cases") {
        let decision = decide(&request(&row, &hierarchy(&row)), &hierarchy(&row));
        assert_eq!(
            (decision.outcome.word(), by(&decision)),
            (row["decision"].as_str().unwrap(), row["by"].as_str().map(str::to_owned)),
            "{row:#}"
        );
        assert_eq!(decision.hinges_on.is_empty(), decision.outcome.word() != "unknown", "{row:#}");
    }
}

fn policy(statement: Value, version: Option<&str>) -> Policy {
    let mut document = json!({"Statement": [statement]});
    if let Some(version) = version {
        document["Version"] = json!(version);
    }
    Policy::parse(&document.to_string()).unwrap_or_else(|e| panic!("{e:?}\n{document}"))
}

#[test]
fn every_condition_holds_where_documented() {
    for row in rows("conditions") {
        let version = row.get("version").map_or(Some("2012-10-17"), Value::as_str);
        let policy = policy(json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": row["condition"]}), version);
        let [condition] = policy.statements[0].conditions.as_slice() else { panic!("one condition: {row}") };
        for (column, expected) in [("holds", Truth::True), ("fails", Truth::False), ("unknown", Truth::Unknown)] {
            for value in row[column].as_array().unwrap() {
                let mut context = context(&row);
                context.set(&condition.key.value, fact(value));
                assert_eq!(condition.holds(&context), expected, "{value}: {row:#}");
                assert_eq!(policy.statements[0].matches("s3:GetObject", "*", &context), expected);
            }
        }
    }
}

#[test]
fn every_element_selects_what_is_documented() {
    for (name, rows) in [("actions", rows("actions")), ("resources", rows("resources"))] {
        for row in rows {
            let mut statement = row["element"].clone();
            statement["Effect"] = json!("Deny");
            statement[if name == "actions" { "Resource" } else { "Action" }] = json!("*");
            let policy = policy(statement, Some("2012-10-17"));
            for (column, expected) in [("matches", Truth::True), ("misses", Truth::False), ("unknown", Truth::Unknown)] {
                for asked in strings(&row[column]) {
                    let (action, resource) = if name == "actions" { (question(asked), "*") } else { ("s3:GetObject".to_owned(), asked) };
                    assert_eq!(policy.statements[0].matches(&action, resource, &context(&row)), expected, "{asked}: {row:#}");
                }
            }
        }
    }
}

/// That the sandbox refuses them too: `tests/sandbox/policies.rs`.
#[test]
fn every_document_that_aws_refuses_is_refused_at_its_place() {
    for row in rows("refused") {
        for family in [Family::Scp, Family::Rcp] {
            let mut statement = row["statement"].clone();
            statement["Effect"] = json!("Deny");
            if family == Family::Rcp {
                statement["Principal"] = json!("*");
            }
            let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            let problems = Policy::parse(&text).expect_err(&text);
            let [problem] = problems.as_slice() else { panic!("{problems:?}") };
            assert_eq!(&text[problem.at.start..problem.at.end], row["told"].as_str().unwrap(), "{problem:?}");
        }
    }
}

/// How many questions the files hold; and that each names its rule and no rule stands twice.
#[test]
fn there_are_enough_cases_and_each_names_its_rule() {
    let (mut rules, mut cases) = (BTreeSet::new(), 0);
    for (path, file) in files() {
        assert!(file["source"].as_str().unwrap().starts_with("https://docs.aws.amazon.com/"), "{}", path.display());
        for (name, rows) in file.as_object().unwrap().iter().filter(|(name, _)| *name != "source") {
            for row in rows.as_array().unwrap() {
                let columns = ["holds", "fails", "unknown", "matches", "misses"];
                cases += if ["cases", "refused"].contains(&name.as_str()) {
                    1
                } else {
                    columns.iter().map(|c| row[*c].as_array().map_or(0, Vec::len)).sum()
                };
                let rule = (path.clone(), row["rule"].as_str().unwrap().to_owned(), row["version"].clone().to_string());
                assert!(rules.insert(rule), "twice: {row}");
            }
        }
    }
    assert!(cases >= 300, "{cases}");
}

/// A role that is asked about by its session: whatever its path.
#[test]
fn a_session_is_its_role_of_an_unknown_path() {
    let guard = |role: &str| json!({"is": "S1 Deny s3:*", "if": {"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::*:role/{role}")}}});
    for (role, expected) in [("*Dev", "explicit-deny"), ("Dev", "unknown"), ("ops/Dev", "unknown"), ("Other", "within-guard-rails")] {
        let row = json!({"scp": {"root": {"FullAWSAccess": ["Allow *"], "p": [guard(role)]}, "account": "*"}});
        let question = Question {
            account: place("member"),
            principal: Some("arn:aws:sts::111122223333:assumed-role/Dev/ann".to_owned()),
            action: "s3:GetObject".to_owned(),
            resource: None,
            owner: None,
            facts: Vec::new(),
        };
        assert_eq!(question.decide(&hierarchy(&row), &Catalogue::built_in()).outcome.word(), expected, "{role}");
    }
}

/// Ids that org.toml does not have: equal where they must be, different where they must be, and nothing else.
#[test]
fn ids_that_nobody_knows_are_not_guessed() {
    let condition = |operator: &str, key: &str, value: &str| json!({operator: {key: value}});
    for (condition, owner, expected) in [
        (condition("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}"), "member", "explicit-deny"),
        (condition("StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"), "member", "explicit-deny"),
        (condition("StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"), "other", "within-guard-rails"),
        (condition("StringEquals", "aws:PrincipalAccount", "111122223333"), "member", "unknown"),
        (condition("StringEquals", "aws:PrincipalOrgID", "o-abcdefghij"), "member", "unknown"),
        (condition("StringEquals", "aws:PrincipalAccount", "not an id"), "member", "within-guard-rails"),
        (condition("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}"), "outside", "unknown"),
        (condition("StringEquals", "aws:ResourceAccount", "999999999999"), "management", "explicit-deny"),
        (condition("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-abcdefghij/*"), "member", "unknown"),
        (condition("Bool", "aws:PrincipalIsAWSService", "false"), "member", "explicit-deny"),
    ] {
        let row = json!({"scp": {"root": {"FullAWSAccess": ["Allow *"], "p": [{"is": "S1 Deny s3:*", "if": condition}]}, "account": "*"}});
        let mut hierarchy = hierarchy(&row);
        let other = Address::new("account", "other");
        hierarchy.levels.insert(other.clone(), Level { parent: Some(Address::new("organization", "main")), ..Level::default() });
        let question = Question {
            account: place("member"),
            principal: None,
            action: "s3:GetObject".to_owned(),
            resource: None,
            owner: Some(if owner == "other" { Place::Member(other) } else { place(owner) }),
            facts: Vec::new(),
        };
        assert_eq!(question.decide(&hierarchy, &Catalogue::built_in()).outcome.word(), expected, "{owner}: {condition}");
    }
}
