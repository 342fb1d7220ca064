//! The documentation is held to the program: every example loads, every table is whole.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use overlord::aws::operations::OPERATIONS;
use overlord::config::{self, Files};
use overlord::diagnostic::Severity;
use overlord::limits::LIMITS;
use overlord::policy::{Example, Family, RULES};
use overlord::render::{Style, diagnostic};
use overlord::resource::KINDS;
use overlord::sandbox::Weather;
use serde_json::Value;

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

/// The fenced blocks of a language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let opening = format!("```{language}\n");
    page.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The cells of every row of a table whose first cell is code.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    page.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}

/// Each stands for itself; one that does not speak of the organization gets the shortest one.
#[test]
fn every_example_of_org_toml_loads_without_a_warning() {
    let page = page("org-toml.md");
    let allow = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let tls = r#"{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}]}"#;
    // The list that the page shows; its own fence says that it is no org.toml.
    let list = *blocks(&page, "toml list").first().unwrap();
    let tags = r#"{"tags": {"team": {"tag_key": {"@@assign": "team"}}}}"#;
    let document = |path: &Path| match path.file_name().and_then(|name| name.to_str()) {
        Some("require-tls.json") => tls,
        Some("team.json") => tags,
        Some(name) if name.ends_with(".toml") => list,
        _ => allow,
    };
    let examples = blocks(&page, "toml");
    assert!(examples.len() >= 8, "{} examples: are they still found?", examples.len());
    for example in examples {
        let head = if example.contains("[organization]") { "" } else { "[organization]\nmanagement_account = \"111111111111\"\n" };
        let text = format!("{head}{example}");
        let read = |path: &Path| Ok(document(path).as_bytes().to_vec());
        let told = match config::load_with(Path::new("org.toml"), Ok(text.into_bytes()), &Files::new("", &read)) {
            Ok(loaded) => loaded.warnings,
            Err(diagnostics) => diagnostics,
        };
        assert!(told.is_empty(), "{example}\n{}", diagnostic::render(&told, Style::default()));
    }
}

/// Every key of the schema stands in a table of the page.
#[test]
fn every_key_of_org_toml_is_told() {
    fn keys(schema: &Value, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(map) => {
                let properties = map.get("properties").and_then(Value::as_object);
                found.extend(properties.into_iter().flat_map(|properties| properties.keys().cloned()));
                map.values().for_each(|value| keys(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    keys(&serde_json::to_value(config::schema()).unwrap(), &mut found);
    assert!(found.contains("management_account") && found.contains("attached"), "{found:?}");
    let page = page("org-toml.md");
    let told =
        |key: &&String| page.contains(&format!("`{key}`")) || page.contains(&format!("`[{key}")) || page.contains(&format!("`[[{key}]]`"));
    let missing: Vec<&String> = found.iter().filter(|key| !told(key)).collect();
    assert!(missing.is_empty(), "docs/org-toml.md does not tell {missing:?}");
}

#[test]
fn the_table_of_policy_types_is_that_of_the_limits() {
    let page = page("org-toml.md");
    let told: BTreeSet<Vec<String>> =
        rows(&page).into_iter().filter(|row| row.get(1).is_some_and(|name| name.ends_with("_POLICY") || name.ends_with("_EC2"))).collect();
    let limits =
        LIMITS.policy_types.iter().map(|t| vec![format!("`{}`", t.short), t.name.clone(), t.size.to_string(), t.attached.to_string()]);
    assert_eq!(told, limits.collect());
    let quotas = [
        ("accounts, the management account included", LIMITS.quotas.accounts),
        ("OUs", LIMITS.quotas.ous),
        ("VPCs of one account in one Region; a default VPC that is kept is one of them", LIMITS.quotas.vpcs),
        ("elastic addresses of one account in one Region, one for each NAT gateway that is not regional", LIMITS.quotas.elastic_ips),
        ("NAT gateways of one account in one zone", LIMITS.quotas.nat_gateways_per_zone),
    ];
    for (what, quota) in quotas {
        let told = format!("number: {what} | {quota} |");
        assert!(page.contains(&told), "docs/org-toml.md does not say `{told}`");
    }
}

/// The settings, and what they are in calm and in stormy weather.
#[test]
fn the_table_of_the_weather_is_that_of_the_sandbox() {
    let page = page("sandbox.md");
    let table: BTreeMap<String, Vec<String>> = rows(&page).into_iter().map(|row| (code(&row[0]).to_owned(), row)).collect();
    let hint = Weather::parse("no-such-setting=1").unwrap_err().hint.unwrap();
    let settings: BTreeSet<&str> = hint.split("it has ").last().unwrap().split(", ").collect();
    assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), settings);
    for (column, name, weather) in [(1, "calm", Weather::default()), (2, "stormy", Weather::stormy())] {
        let given = table.iter().filter(|(_, row)| row[column] != "none");
        let text = given.map(|(key, row)| format!("{key}={}", code(&row[column]))).collect::<Vec<_>>().join(",");
        assert_eq!(Weather::parse(&text).unwrap(), weather, "{name} is not what docs/sandbox.md says");
    }
}

/// The operations that the kinds and their reader name, as `service:Operation`.
fn called() -> BTreeSet<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource")];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let quoted = text.split('"').filter(|text| !text.contains(char::is_whitespace));
            found.extend(
                quoted
                    .filter(|text| {
                        ["organizations:", "account:", "ec2:", "iam:", "ram:", "cloudtrail:", "config:"]
                            .iter()
                            .any(|service| text.starts_with(service))
                    })
                    .map(str::to_owned),
            );
        }
    }
    for operation in only_of_others() {
        found.remove(operation);
    }
    found
}

/// The operations that only others call: they explain drift, and the request gate refuses them.
fn only_of_others() -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for event in KINDS.iter().flat_map(|kind| kind.spec().events) {
        found.extend(event.operations);
    }
    found.retain(|operation| OPERATIONS.iter().all(|o| format!("{}:{}", o.service, o.name) != *operation));
    found
}

/// Every operation that overlord calls is served, and all that is served is told.
#[test]
fn the_sandbox_serves_what_overlord_calls_and_what_the_table_tells() {
    let page = page("sandbox.md");
    let services = [
        ("| Organizations", "organizations"),
        ("| Account Management", "account"),
        ("| EC2", "ec2"),
        ("| IAM", "iam"),
        ("| RAM", "ram"),
        ("| CloudTrail", "cloudtrail"),
        ("| Config", "config"),
        ("| Resource Groups Tagging API", "tag"),
    ];
    let mut told = BTreeSet::new();
    for (start, service) in services {
        for line in page.lines().filter(|line| line.starts_with(start)) {
            let names = line.trim_end_matches(" |").rsplit(" | ").next().unwrap().split(", ");
            told.extend(names.map(|name| format!("{service}:{}", name.split(' ').next().unwrap())));
        }
    }
    let serves = |operation: &str| Weather::parse(&format!("broken={operation}")).is_ok();
    let called = called();
    assert!(called.len() > 30, "only {} operations found: are they still named so?", called.len());
    assert_eq!(called.iter().filter(|name| !serves(name)).collect::<Vec<_>>(), Vec::<&String>::new(), "called and not served");
    let operations = OPERATIONS.iter().filter(|o| o.service != "sts").map(|o| format!("{}:{}", o.service, o.name));
    let untold: Vec<String> = operations.filter(|name| serves(name) && !told.contains(name)).collect();
    assert_eq!(untold, Vec::<String>::new(), "served and not told");
    assert_eq!(told.iter().filter(|name| !serves(name)).collect::<Vec<_>>(), Vec::<&String>::new(), "told and not served");
}

/// The part of docs/policy-rules.md that the table of rules makes.
fn rules() -> String {
    let word = |severity: Severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "hint",
    };
    let mut text = "| Rule | Severity | Finds |\n| --- | --- | --- |\n".to_owned();
    for rule in RULES {
        text += &format!("| [`{id}`](#{id}) | {} | {} |\n", word(rule.severity), rule.finds, id = rule.id);
    }
    for rule in RULES {
        text += &format!("\n## {}\n\n{}: {}.\n\n{}\n", rule.id, word(rule.severity), rule.finds, rule.why);
        for Example { family, bad, good, beside } in rule.examples {
            let beside = beside.map(|beside| format!(", beside a policy with\n\n```json\n{beside}\n```\n\nthis")).unwrap_or_default();
            let of = match family {
                Family::Scp => "In a service control policy",
                Family::Rcp => "In a resource control policy",
            };
            text += &format!("\n{of}{beside}\n\n```json\n{bad}\n```\n\nis told, and not\n\n```json\n{good}\n```\n");
        }
    }
    text
}

/// `SNAPSHOTS=overwrite cargo test --test hermetic docs::` writes the page anew.
#[test]
fn the_page_of_rules_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy-rules.md");
    let head = page("policy-rules.md").split("| Rule | Severity").next().unwrap().to_owned();
    let expected = snapbox::Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw();
    let actual = snapbox::Data::text(head + &rules()).raw();
    snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(actual, expected);
}
