//! The worked example is right by itself: its policies fit AWS's limits, and the allow-lists say what the dated service lists say.
//! That overlord can plan and apply it is the business of `conformance.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::path::Path;

use overlord::limits::LIMITS;
use overlord::network::{Block, Observed, allocate};
use overlord::policy::framework::{Shape, Standing, generate, matrix};
use serde_json::Value;
use toml::Table;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn table(path: &str) -> Table {
    read(path).parse().unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The prefixes of a dated list, with no service twice (TOML refuses that) and each service's own prefixes sorted.
fn prefixes(list: &str) -> BTreeSet<String> {
    let list = table(&format!("policies/frameworks/{list}.toml"));
    let mut all = BTreeSet::new();
    for (service, prefixes) in list["services"].as_table().unwrap() {
        let prefixes: Vec<&str> = prefixes.as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
        assert!(!prefixes.is_empty(), "{service} names no prefix: it belongs under [left_out]");
        assert!(prefixes.is_sorted_by(|a, b| a < b), "{service}: prefixes are not sorted, or twice there");
        all.extend(prefixes.into_iter().map(str::to_owned));
    }
    all
}

/// The actions of the statement with that Sid, in the order of the file.
fn actions(policy: &Value, sid: &str) -> Vec<String> {
    let statement = policy["Statement"].as_array().unwrap().iter().find(|s| s["Sid"] == sid).unwrap_or_else(|| panic!("no {sid}"));
    assert_eq!((&statement["Effect"], &statement["Resource"]), (&"Allow".into(), &"*".into()), "{sid}");
    statement["Action"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()).collect()
}

/// Both ways: nothing is allowed that no list names, and nothing on a list is forgotten. A BTreeSet's order is the order asked of the file.
fn check_allow_list(list: &str, sid: &str) {
    let policy = json(&format!("policies/allow-{list}.json"));
    let whole = |prefixes: BTreeSet<String>| prefixes.iter().map(|p| format!("{p}:*")).collect::<Vec<_>>();
    let baseline = prefixes("baseline");
    let eligible = prefixes(list).difference(&baseline).cloned().collect();
    assert_eq!(actions(&policy, "Baseline"), whole(baseline), "allow-{list}.json and frameworks/baseline.toml differ");
    assert_eq!(actions(&policy, sid), whole(eligible), "allow-{list}.json and frameworks/{list}.toml differ");
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 2, "allow-{list}.json allows something outside of the lists");
}

#[test]
fn allow_hipaa_is_the_dated_list() {
    check_allow_list("hipaa", "HipaaServices");
}

#[test]
fn allow_pci_is_the_dated_list() {
    check_allow_list("pci", "PciServices");
}

/// The policies are what the lists make, to the letter, so that bringing a list up to date is one command.
#[test]
fn the_allow_lists_are_generated() {
    let loaded = overlord::config::load(&root().join("org.toml")).unwrap();
    for (key, framework) in &loaded.frameworks {
        let generated = generate(framework, Shape::Allow, &loaded.desired.access_role);
        let text = serde_json::to_string_pretty(&generated).unwrap() + "\n";
        assert_eq!(
            read(&format!("policies/allow-{key}.json")),
            text,
            "overlord policy generate --framework {key} --out policies/allow-{key}.json"
        );
    }
    assert_eq!(loaded.frameworks.len(), 2);
}

/// Who is restricted to what, as docs/worked-example.md tells it.
#[test]
fn accounts_are_restricted_to_the_lists_of_their_ous() {
    let loaded = overlord::config::load(&root().join("org.toml")).unwrap();
    let matrix = matrix(
        &loaded.frameworks,
        &overlord::guardrails::hierarchy(&loaded.desired),
        &loaded.desired.access_role,
        &loaded.desired.catalogue(),
    );
    let keys: Vec<&str> = matrix.columns.iter().map(|column| column.framework.key.as_str()).collect();
    assert_eq!(keys, ["hipaa", "pci"]);
    for row in &matrix.rows {
        let restricted: Vec<bool> = row.cells.iter().map(|cell| *cell.standing == Standing::Restricted).collect();
        let expected = match row.parent.as_ref().map(|parent| parent.key()) {
            Some("hipaa" | "hipaa-pci") => [true, true],
            Some("pci") => [false, true],
            Some("general" | "platform") | None => [false, false],
            other => panic!("{other:?}"),
        };
        assert_eq!(restricted, expected, "{row:?}");
    }
}

#[test]
fn every_list_says_when_it_was_true_and_where_it_is_from() {
    for list in ["baseline", "hipaa", "pci"] {
        let list = table(&format!("policies/frameworks/{list}.toml"));
        let (as_of, reviewed) = (list["as_of"].as_datetime().unwrap(), list["reviewed"].as_datetime().unwrap());
        assert!(as_of.to_string() <= reviewed.to_string(), "reviewed before it was written");
        assert!(list["source"].as_str().is_some_and(|s| !s.is_empty()));
        let left_out = list.get("left_out").and_then(|l| l.as_table());
        for name in left_out.into_iter().flatten().map(|(name, _)| name) {
            assert!(!list["services"].as_table().unwrap().contains_key(name), "{name} is left out and not left out");
        }
    }
}

/// The descriptions of org.toml carry the dates of the lists, so that the console shows them.
#[test]
fn descriptions_carry_the_dates_of_the_lists() {
    let org = table("org.toml");
    for list in ["hipaa", "pci"] {
        let description = org["policy"][&format!("allow-{list}")]["description"].as_str().unwrap();
        let list = table(&format!("policies/frameworks/{list}.toml"));
        for date in [&list["as_of"], &list["reviewed"]] {
            assert!(description.contains(&date.to_string()), "`{description}` does not say {date}");
        }
    }
}

#[test]
fn every_policy_is_declared_readable_and_within_its_limit() {
    let org = table("org.toml");
    let declared = org["policy"].as_table().unwrap();
    let files = std::fs::read_dir(root().join("policies")).unwrap().map(|e| e.unwrap().path());
    let on_disk: BTreeSet<String> =
        files.filter(|p| p.extension().is_some_and(|e| e == "json")).map(|p| p.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(declared.keys().cloned().collect::<BTreeSet<_>>(), on_disk, "org.toml and policies/ differ");

    for (key, policy) in declared {
        let path = format!("policies/{key}.json");
        let document = json(&path);
        let limit = LIMITS.policy_type(policy.get("type").map_or("scp", |t| t.as_str().unwrap())).unwrap();
        let size = document.to_string().chars().count();
        assert!(size <= limit.size, "{path}: {size} characters, the limit is {}", limit.size);
        assert!(read(&path).lines().all(|l| l.chars().count() <= 140), "{path} is not pretty-printed");
        for statement in document.get("Statement").and_then(Value::as_array).into_iter().flatten() {
            assert!(statement["Sid"].as_str().is_some_and(|s| s.chars().all(char::is_alphanumeric)), "{path}: a statement without a Sid");
        }
    }
}

/// The fact that the often-told layout gets wrong: attached side by side the two lists would unite.
#[test]
fn both_obligations_are_two_levels_and_never_one() {
    let org = table("org.toml");
    let ou = |key: &str| org["ou"][key].as_table().unwrap();
    let policies = |key: &str| ou(key)["policies"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!((policies("hipaa"), policies("hipaa-pci"), policies("pci")), (vec!["allow-hipaa"], vec!["allow-pci"], vec!["allow-pci"]));
    assert_eq!(ou("hipaa-pci")["parent"].as_str(), Some("hipaa"));
    assert!(ou("general").get("policies").is_none(), "FullAWSAccess is what is left out means");
}

#[test]
fn fifteen_teams_have_sixty_accounts() {
    let org = table("org.toml");
    let (teams, stages) = (org["team"].as_table().unwrap(), org["defaults"]["stages"].as_array().unwrap().len());
    let in_ou = |ou: &str| teams.values().filter(|t| t["ou"].as_str() == Some(ou)).count();
    assert_eq!([in_ou("hipaa"), in_ou("pci"), in_ou("hipaa-pci"), in_ou("general")], [5, 3, 4, 3]);
    assert!(teams.values().all(|t| t.get("stages").is_none()), "every team has the default stages");
    assert_eq!(teams.len() * stages, 60);
    let quota = org["limits"]["accounts"].as_integer().unwrap();
    assert!(quota > 60 + org["account"].as_table().unwrap().len() as i64, "the management account counts too");
}

/// Every account of a team has the layout's VPC, and the platform's accounts have none; no two share an address, nor the office's.
#[test]
fn every_team_has_a_network_of_its_own() {
    let network = overlord::config::load(&root().join("org.toml")).unwrap().desired.network;
    let plan = allocate(&network, &Observed::default());
    assert_eq!((plan.vpcs.len(), plan.unplaced.len()), (60, 0));
    let office: Block = "10.10.0.0/16".parse().unwrap();
    let blocks: Vec<Block> = plan.vpcs.values().map(|vpc| vpc.block).chain([office]).collect();
    for (i, block) in blocks.iter().enumerate() {
        assert!(blocks[i + 1..].iter().all(|other| !other.overlaps(*block)), "{block} is there twice");
    }
    for (address, vpc) in &plan.vpcs {
        assert_eq!((vpc.layout.as_str(), vpc.cut.subnets.len()), ("standard", 9), "{address}");
    }
}
