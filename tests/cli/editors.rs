//! `schema` and `completions`.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::cli::case::*;
use crate::support::project;

fn schema() -> Value {
    Case::small().run(&["schema"]).ends(0).json()
}

fn document(toml: &str) -> Value {
    serde_json::to_value(toml.parse::<toml::Table>().unwrap()).unwrap()
}

#[test]
fn the_schema_is_a_schema_and_the_example_fits_it() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for text in [fs::read_to_string(project("org.toml")).unwrap(), SMALL.to_owned()] {
        let errors: Vec<String> = validator.iter_errors(&document(&text)).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, [""; 0]);
    }
}

#[test]
fn what_overlord_refuses_the_schema_refuses() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (from, to) in [
        ("[ou.work]", "[ou.work]\nparnet = \"x\""),
        ("[ou.work]", "[nonsense]\n[ou.work]"),
        ("home_region = \"eu-west-1\"", "home_region = 1"),
        ("management_account = \"111111111111\"", ""),
        ("policies = [\"FullAWSAccess\", \"deny-leave\"]", "policies = \"deny-leave\""),
        ("ou = \"work\"", "ou = [\"work\"]"),
        ("description = \"Nobody leaves\"", "type = \"nonsense\""),
        ("\"111111111111\"", "111111111111"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let text = SMALL.replacen(from, to, 1);
        assert!(!validator.is_valid(&document(&text)), "the schema takes {to:?} for {from:?}");
        let case = Case::new(&text);
        case.run(&["validate"]).ends(1);
    }
}

#[test]
fn shells_take_their_completions() {
    let case = Case::small();
    for shell in ["bash", "zsh", "fish"] {
        let script = case.run(&["completions", shell]).ends(0).out;
        for word in ["sandbox", "allow-delete", "completions"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
        fs::write(case.path(shell), script).unwrap();
        // Only where the shell is there; bash is wherever these tests run.
        match Command::new(shell).arg("-n").arg(case.path(shell)).output() {
            Ok(output) => assert!(output.status.success(), "{}", crate::support::show(&output)),
            Err(error) => assert!(shell != "bash", "{error}"),
        }
    }
    case.run(&["completions", "tcsh"]).ends(1);
}
