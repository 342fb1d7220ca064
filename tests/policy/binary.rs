//! Cases of `levels.json` as an organization in org.toml, asked of the built binary.

use std::fs;
use std::path::Path;
use std::process::Command;

use overlord::policy::Family;
use serde_json::{Value, json};

use crate::policy::conformance::levels;

/// A condition needs keys, and an unknown one is what is not said.
fn context(row: &Value) -> Vec<String> {
    let known = row["with"].as_object().into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_array()?)));
    known.flat_map(|(key, values)| values.iter().map(move |v| format!("--context={key}={}", v.as_str().unwrap()))).collect()
}

/// An organization whose levels have these policies.
fn write(row: &Value, folder: &Path) {
    fs::create_dir(folder.join("policies")).unwrap();
    let (mut sections, mut parent) = (String::new(), "root".to_owned());
    let mut organization = "[organization]\nmanagement_account = \"999999999999\"\n".to_owned();
    for (address, documents) in levels(row, Family::Scp) {
        let mut names = Vec::new();
        for (name, document) in documents {
            let key = if name == "FullAWSAccess" { name } else { format!("{}-{name}", address.key()) };
            if key != "FullAWSAccess" {
                fs::write(folder.join(format!("policies/{key}.json")), document.to_string()).unwrap();
                sections.push_str(&format!("[policy.{key}]\n"));
            }
            names.push(key);
        }
        let policies = format!("policies = {}\n", json!(names));
        match address.kind() {
            "organization" => organization.push_str(&policies),
            "ou" => {
                sections.push_str(&format!("[ou.{}]\nparent = \"{parent}\"\n{policies}", address.key()));
                parent = address.key().to_owned();
            }
            _ => sections.push_str(&format!("[account.member]\nemail = \"aws@example.org\"\nou = \"{parent}\"\n{policies}")),
        }
    }
    fs::write(folder.join("org.toml"), organization + &sections).unwrap();
}

#[test]
fn the_binary_decides_as_documented() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/levels.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let mut decided = 0;
    for row in file["cases"].as_array().unwrap() {
        // org.toml itself refuses a level without any Allow.
        let lacks = |documents: &Value| documents != "*" && !documents.to_string().contains("Allow");
        if row["scp"].as_object().unwrap().values().any(lacks) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        write(row, folder.path());
        let ask = row["ask"].as_str().unwrap();
        let (action, resource) = ask.split_once(" on ").map_or((ask, None), |(action, resource)| (action, Some(resource)));
        let mut command = Command::new(env!("CARGO_BIN_EXE_overlord"));
        command.current_dir(folder.path()).env_remove("OVERLORD_CONFIG");
        command.args(["policy", "explain", "--format", "json", "--account", "member", "--action", action]).args(context(row));
        command.args(resource.map(|resource| format!("--resource={resource}")));
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let document: Value =
            serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}\n{}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(document["decision"], row["decision"], "{row:#}\n{document:#}");
        let by = row["by"].as_str().and_then(|by| by.rsplit_once('/')).map(|(_, statement)| statement);
        assert_eq!(document["cause"]["title"].as_str(), by, "{row:#}\n{document:#}");
        let status = match row["decision"].as_str().unwrap() {
            "within-guard-rails" => 0,
            "unknown" => 3,
            _ => 2,
        };
        assert_eq!(output.status.code(), Some(status));
        decided += 1;
    }
    assert!(decided >= 30, "{decided}");
}
