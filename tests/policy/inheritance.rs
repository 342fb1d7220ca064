//! Policies that are inherited: AWS's documented examples (`inheritance/cases.json`), each against the library, the built binary and the
//! sandbox's own account of them; and the laws of inheritance on random policies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use overlord::address::Address;
use overlord::aws::{Access, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};
use overlord::policy::effective::{Attached, Effective, Level, Tree, compare, merge};
use overlord::sandbox::world::FeatureSet;
use overlord::sandbox::{Sandbox, Weather, World};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const LEVELS: [(&str, &str); 3] = [("organization", "main"), ("ou", "unit"), ("account", "member")];

fn cases() -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/inheritance/cases.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn level(at: (&str, &str), policies: &[(String, Value)]) -> Level {
    let attached = |(name, document): &(String, Value)| {
        let tree = Tree::parse(&document.to_string()).0.unwrap();
        Attached { name: name.as_str().into(), tree: Arc::new(tree) }
    };
    Level { at: Address::new(at.0, at.1), policies: policies.iter().map(attached).collect() }
}

fn levels(case: &Value) -> Vec<Level> {
    let documents = |level: &Value| level.as_object().unwrap().iter().map(|(name, document)| (name.clone(), document.clone())).collect();
    let all: Vec<Vec<(String, Value)>> = case["levels"].as_array().unwrap().iter().map(documents).collect();
    LEVELS.iter().zip(&all).map(|(at, policies)| level(*at, policies)).collect()
}

fn paths<'p>(paths: impl Iterator<Item = &'p Vec<String>>) -> Value {
    paths.map(|path| path.join(".")).collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn the_documented_examples_come_out_as_documented() {
    let cases = cases();
    assert!(cases.len() >= 20, "{}", cases.len());
    for case in cases {
        assert!(case["source"].as_str().unwrap().starts_with("https://docs.aws.amazon.com/organizations/"), "{case:#}");
        let effective = merge(&levels(&case)).unwrap();
        assert_eq!(effective.content, case["effective"], "{}\n{:#}", case["rule"], effective.content);
        assert_eq!(paths(effective.ignored.iter().map(|ignored| &ignored.path)), case["ignored"], "{}", case["rule"]);
        assert_eq!(paths(effective.doubts.iter().map(|doubt| &doubt.path)), case["doubts"], "{}", case["rule"]);
    }
}

/// The case as an organization in org.toml.
fn write(case: &Value, folder: &Path) {
    fs::create_dir(folder.join("policies")).unwrap();
    let mut sections = String::new();
    // AWS enables this type only where its service is trusted.
    let trusted = if case["type"] == "security-hub" { "trusted_services = [\"securityhub.amazonaws.com\"]\n" } else { "" };
    let organization = format!("[organization]\nmanagement_account = \"111111111111\"\n{trusted}");
    let heads = [organization.as_str(), "[ou.unit]\n", "[account.member]\nemail = \"aws@example.org\"\nou = \"unit\"\n"];
    let mut declared = String::new();
    for (head, level) in heads.iter().zip(case["levels"].as_array().unwrap()) {
        let mut names = vec!["FullAWSAccess".to_owned()];
        for (name, document) in level.as_object().unwrap() {
            fs::write(folder.join(format!("policies/{name}.json")), document.to_string()).unwrap();
            declared.push_str(&format!("[policy.{name}]\ntype = {}\n", case["type"]));
            names.push(name.clone());
        }
        sections.push_str(&format!("{head}policies = {}\n", json!(names)));
    }
    fs::write(folder.join("org.toml"), sections + &declared).unwrap();
}

fn overlord(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_overlord"));
    let output = command.current_dir(folder).env_remove("OVERLORD_CONFIG").args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// What the sandbox, which works on paths instead of trees, says of levels with these documents.
async fn by_the_sandbox(levels: &[Vec<Value>]) -> Option<Value> {
    let mut world = World::new("111111111111");
    let root = world.add_organization(FeatureSet::All);
    world.enable_type("TAG_POLICY");
    let unit = world.add_ou(&root, "unit");
    let account = world.add_account("member", "aws@example.org", &unit);
    for (target, documents) in [&root, &unit, &account].into_iter().zip(levels) {
        for (i, document) in documents.iter().enumerate() {
            let id = world.add_policy("TAG_POLICY", &format!("{target}-{i}"), "", &document.to_string());
            world.attach(&id, target);
        }
    }
    let sandbox = Sandbox::new(world, Weather::default());
    let options = RequestGateOptions {
        mode: Mode::ReadOnly,
        rates: Rates::Unlimited,
        trace: None,
        transport: sandbox.http_client(),
        interrupt: Interrupt::default(),
    };
    let access = Access::Sandbox { management_account: "111111111111".to_owned() };
    let sessions = Sessions::load(access, RequestGate::new(options), "us-east-1", "OrganizationAccountAccessRole").await.unwrap();
    let answer = overlord::resource::organizations::effective::policy(&sessions, &account, "TAG_POLICY").await.unwrap();
    answer.map(|text| serde_json::from_str(&text).unwrap())
}

#[test]
fn the_binary_and_the_sandbox_agree_on_the_documented_examples() {
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        write(&case, folder.path());
        let asked = ["policy", "effective", "--account", "member", "--format", "json"];
        let (status, out, err) = overlord(folder.path(), &asked);
        let said: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}\n{err}"));
        let policy = &said["policies"][0];
        assert_eq!(policy["content"], case["effective"], "{}", case["rule"]);
        let of = |name: &str| policy[name].as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect::<BTreeSet<_>>();
        let expected = |name: &str| case[name].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect::<BTreeSet<_>>();
        assert_eq!((of("ignored"), of("doubts")), (expected("ignored"), expected("doubts")), "{}", case["rule"]);
        assert_eq!(status, Some(if of("doubts").is_empty() { 0 } else { 3 }), "{}", case["rule"]);

        let (status, _, err) = overlord(folder.path(), &["apply", "--sandbox", "--yes"]);
        assert_eq!(status, Some(0), "{err}");
        let (status, out, err) = overlord(folder.path(), &[&asked[..], &["--live", "--sandbox"]].concat());
        let said: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}\n{err}"));
        // Where AWS documents no order of policies of one level, either of two answers is right, and a difference is only a doubt.
        let differences = said["policies"][0]["live"]["differences"].as_array().unwrap();
        let certain: Vec<&Value> = differences.iter().filter(|difference| difference["doubtful"] != json!(true)).collect();
        assert_eq!(certain, Vec::<&Value>::new(), "{}\n{said:#}", case["rule"]);
        if of("doubts").is_empty() {
            assert_eq!(status, Some(0), "{}\n{said:#}", case["rule"]);
            assert_eq!(said["policies"][0]["live"]["content"], case["effective"], "{}", case["rule"]);
        }
    }
}

const LOCK: &str = "@@operators_allowed_for_child_policies";

fn setting() -> impl Strategy<Value = Value> {
    let items = || prop::collection::btree_set(prop::sample::select(vec!["a", "b", "c"]), 0..3);
    let operators = prop_oneof![
        3 => items().prop_map(|items| json!({ "@@assign": items })),
        2 => items().prop_map(|items| json!({ "@@append": items })),
        2 => items().prop_map(|items| json!({ "@@remove": items })),
        1 => Just(json!({})),
    ];
    (operators, limit()).prop_map(|(operators, limit)| limited(operators, limit))
}

fn limit() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        6 => Just(None),
        1 => Just(Some(json!(["@@none"]))),
        1 => Just(Some(json!(["@@append"]))),
        1 => Just(Some(json!(["@@append", "@@remove"]))),
        1 => Just(Some(json!(["@@all"]))),
    ]
}

fn limited(mut node: Value, limit: Option<Value>) -> Value {
    if let Some(limit) = limit {
        node[LOCK] = limit;
    }
    node
}

fn document() -> impl Strategy<Value = Value> {
    let tag = prop::collection::btree_map(prop::sample::select(vec!["tag_value", "enforced_for"]), setting(), 0..3);
    let tag = (tag, limit()).prop_map(|(settings, limit)| limited(json!(settings), limit));
    let tags = prop::collection::btree_map(prop::sample::select(vec!["team", "Stage"]), tag, 0..3);
    (tags, limit()).prop_map(|(tags, limit)| json!({ "tags": limited(json!(tags), limit) }))
}

fn documents(most: usize) -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(document(), 0..=most)
}

fn named(prefix: &str, documents: &[Value]) -> Vec<(String, Value)> {
    documents.iter().enumerate().map(|(i, document)| (format!("{prefix}{i}"), document.clone())).collect()
}

fn organization(levels: &[Vec<Value>]) -> Vec<Level> {
    LEVELS.iter().zip(["r", "u", "a"]).zip(levels).map(|((at, prefix), documents)| level(*at, &named(prefix, documents))).collect()
}

fn locked(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let mut members: Map<String, Value> =
        members.iter().map(|(key, value)| (key.clone(), if key.starts_with("@@") { value.clone() } else { locked(value) })).collect();
    members.insert(LOCK.to_owned(), json!(["@@none"]));
    Value::Object(members)
}

/// Nothing tells two of them apart but the order of lists.
fn is_same(a: &Effective, b: &Effective) -> bool {
    compare("BACKUP_POLICY", "111111111111", &a.content, &b.content).is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn two_ways_to_work_it_out_agree(levels in prop::collection::vec(documents(2), 3)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let live = runtime.block_on(by_the_sandbox(&levels));
        let computed = merge(&organization(&levels));
        prop_assert_eq!(live.is_some(), computed.is_some());
        if let (Some(live), Some(computed)) = (live, computed) {
            let differences = compare("BACKUP_POLICY", "111111111111", &computed.content, &live);
            let is_told = |path: &Vec<String>| computed.doubts.iter().any(|doubt| path.starts_with(&doubt.path));
            prop_assert!(differences.iter().all(|difference| is_told(&difference.path)), "{differences:#?}\n{:#?}", computed.doubts);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn without_policies_of_its_own_a_child_has_its_parents(parent in documents(2)) {
        let all = merge(&organization(&[parent.clone(), vec![], vec![]]));
        prop_assert_eq!(all, merge(&organization(&[parent])));
    }

    #[test]
    fn what_is_locked_everywhere_no_child_changes(parent in document(), unit in documents(2), account in documents(2)) {
        let parent = json!({ "tags": locked(&parent["tags"]) });
        let alone = merge(&organization(&[vec![parent.clone()]])).unwrap();
        let with_children = merge(&organization(&[vec![parent], unit.clone(), account.clone()])).unwrap();
        // What stands in no locked node may be added to: the lock on `tags` is one.
        prop_assert_eq!(&alone.content, &with_children.content);
        let says = |documents: &[Value]| documents.iter().any(|document| document.to_string().contains("assign\":"));
        prop_assert!(!says(&unit) || !with_children.ignored.is_empty());
    }

    #[test]
    fn the_order_at_a_level_matters_only_where_there_is_a_doubt(
        (root, shuffled) in documents(3).prop_flat_map(|documents| (Just(documents.clone()), Just(documents).prop_shuffle())),
        account in documents(2),
    ) {
        let one = merge(&organization(&[root, vec![], account.clone()]));
        let other = merge(&organization(&[shuffled, vec![], account]));
        match (one, other) {
            (Some(one), Some(other)) => {
                prop_assert_eq!(one.doubts.len(), other.doubts.len());
                prop_assert!(!one.doubts.is_empty() || is_same(&one, &other), "{:#}\n{:#}", one.content, other.content);
            }
            (one, other) => prop_assert_eq!(one.is_some(), other.is_some()),
        }
    }

    #[test]
    fn a_limit_below_lifts_none_above(parent in document(), child in document(), account in documents(2)) {
        let mut lifting = child.clone();
        lifting["tags"][LOCK] = json!(["@@all"]);
        let mut silent = child;
        silent["tags"].as_object_mut().unwrap().remove(LOCK);
        let of = |unit: Value| merge(&organization(&[vec![parent.clone()], vec![unit], account.clone()])).unwrap();
        prop_assert_eq!(of(lifting).content, of(silent).content);
    }

    #[test]
    fn settings_are_the_content(levels in prop::collection::vec(documents(2), 3)) {
        if let Some(effective) = merge(&organization(&levels)) {
            let count = |settings: &BTreeMap<String, Value>| settings.len();
            let settings: BTreeMap<String, Value> = effective.settings.iter().map(|s| (s.path.join("/"), s.value.clone())).collect();
            prop_assert_eq!(count(&settings), effective.settings.len());
            for (path, value) in settings {
                prop_assert_eq!(effective.content.pointer(&format!("/{path}")), Some(&value));
            }
            prop_assert!(effective.settings.iter().all(|setting| !setting.set_by.is_empty()));
        }
    }
}
