//! Standard output is the result, standard error is the talk; the same inputs give the same bytes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::cli::case::*;

#[test]
fn a_result_is_on_standard_output_and_talk_is_not() {
    let case = Case::small();
    let plan = case.run(&["plan", "--sandbox", "--out", "plan.json"]).ends(2).says(&["the plan is saved", "overlord apply plan.json"]);
    assert!(plan.out.contains("Plan: ") && !plan.out.contains("saved"), "{}", plan.out);
    let apply = case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    assert!(apply.out.contains("applied"));
    assert_eq!(apply.err, "");
    case.edit("org.toml", "[ou.work]", "[ou.work]\nnonsense = 1");
    for command in [&["validate"][..], &["plan", "--sandbox"], &["apply", "--sandbox", "--yes"]] {
        let ran = case.run(command).ends(1).says(&["nonsense"]);
        assert_eq!(ran.out, "", "{command:?}");
    }
}

#[test]
fn json_is_one_document() {
    let case = Case::small();
    let json = |arguments: &[&str], status| case.run(&[arguments, &["--format", "json"]].concat()).ends(status).json();
    assert_eq!(json(&["validate"], 0)["valid"], true);
    let plan = json(&["plan", "--sandbox"], 2);
    assert_eq!(plan["format_version"], 1);
    assert!(plan["changes"].as_array().is_some_and(|changes| !changes.is_empty()));

    let refused = json(&["apply", "--sandbox"], 1);
    assert!(refused["error"]["message"].as_str().unwrap().contains("cannot ask for confirmation"));
    assert!(refused["error"]["hint"].as_str().unwrap().contains("--yes"));
    assert_eq!(refused["plan"]["changes"], plan["changes"]);

    let applied = json(&["apply", "--sandbox", "--yes"], 0);
    let outcomes = applied["report"]["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), plan["changes"].as_array().unwrap().len());
    assert!(outcomes.iter().all(|outcome| outcome["outcome"] == "applied"));
    assert_eq!(json(&["apply", "--sandbox", "--yes"], 0)["report"]["outcomes"], Value::Array(Vec::new()));
    assert!(json(&["sandbox", "show"], 0)["organization"].is_object());
}

#[test]
fn json_is_one_document_for_errors_too() {
    let case = Case::small();
    fs::write(case.path("world.json"), "{").unwrap();
    fs::write(case.path("plan.json"), "{").unwrap();
    let error = |arguments: &[&str]| {
        let document = case.run(&[arguments, &["--format", "json"]].concat()).ends(1).json();
        assert_eq!(document["format_version"], 1, "{arguments:?}");
        document
    };
    for arguments in [
        &["plan", "--sandbox=world.json"][..],
        &["apply", "--sandbox=world.json", "--yes"],
        &["sandbox", "show", "--sandbox=world.json"],
        &["apply", "plan.json", "--sandbox"],
        &["plan", "--sandbox", "--weather", "fog"],
        &["plan", "--sandbox", "--out", "no/such/folder/plan.json"],
        &["plan", "--sandbox", "--trace", "no/such/folder/trace.jsonl"],
    ] {
        let document = error(arguments);
        assert!(document["error"]["message"].is_string() && document["error"]["hint"].is_string(), "{arguments:?}: {document}");
    }
    case.edit("org.toml", "ou = \"work\"", "ou = \"wrok\"");
    assert_eq!(error(&["validate"])["valid"], false);
    for arguments in [&["plan", "--sandbox"][..], &["apply", "--sandbox", "--yes"]] {
        let diagnostics = error(arguments)["diagnostics"].clone();
        assert_eq!(diagnostics, error(&["validate"])["diagnostics"]);
        assert_eq!(diagnostics[0]["file"], "org.toml");
    }
}

/// A comment on a pull request shows the errors, and is never empty.
#[test]
fn an_error_is_markdown_where_markdown_is_asked_for() {
    let case = Case::small();
    let ran = case.run(&["plan", "--format", "markdown"]).ends(1);
    assert!(ran.out.starts_with("## overlord: error\n\n```text\nerror: ") && ran.out.contains("\n  help: "), "{}", ran.out);
    case.edit("org.toml", "ou = \"work\"", "ou = \"wrok\"");
    for arguments in [&["validate"][..], &["plan", "--sandbox"], &["apply", "--sandbox", "--yes"], &["drift", "--sandbox"]] {
        let ran = case.run(&[arguments, &["--format", "markdown"]].concat()).ends(1);
        assert!(ran.out.starts_with("## overlord: the configuration\n\n```text\nerror[unknown-ou]: "), "{}", ran.out);
        assert!(
            ran.out.contains(" --> org.toml:") && ran.out.contains("1 error in `org.toml`") && ran.out.ends_with("\n```\n"),
            "{}",
            ran.out
        );
    }
    let github = case.run(&["validate", "--annotations", "github"]).ends(1).out;
    assert!(github.starts_with("::error file=org.toml,line=") && github.contains(",title=unknown-ou::"), "{github}");
    let gitlab = case.run(&["validate", "--annotations", "gitlab"]).ends(1).json();
    assert_eq!((&gitlab[0]["check_name"], &gitlab[0]["location"]["path"]), (&"unknown-ou".into(), &"org.toml".into()));
    case.edit("org.toml", "ou = \"wrok\"", "ou = \"work\"");
    assert_eq!(case.run(&["validate", "--annotations", "github"]).ends(0).out, "");
    assert_eq!(case.run(&["validate", "--annotations", "gitlab"]).ends(0).json(), serde_json::json!([]));
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let case = Case::example();
    for format in ["text", "json", "markdown"] {
        let plan = || case.run(&["plan", "--sandbox", "--detail", "--format", format, "--out", "plan.json"]).ends(2).out;
        let (first, saved) = (plan(), fs::read(case.path("plan.json")).unwrap());
        assert_eq!(first, plan(), "{format}");
        assert_eq!(saved, fs::read(case.path("plan.json")).unwrap());
    }
    for arguments in [&["schema"][..], &["completions", "zsh"], &["validate"]] {
        assert_eq!(case.run(arguments).out, case.run(arguments).out);
    }
}

#[test]
fn colour_only_where_it_is_read() {
    let case = Case::small();
    let escapes = |arguments: &[&str]| {
        let ran = case.run(arguments);
        (ran.out.contains('\x1b'), ran.err.contains('\x1b'))
    };
    assert_eq!(escapes(&["plan", "--sandbox"]), (false, false));
    assert_eq!(escapes(&["apply", "--sandbox", "--color", "never"]), (false, false));
    assert_eq!(escapes(&["apply", "--sandbox", "--color", "always"]), (true, true));
    // What was asked for counts more than the environment; Markdown and JSON are no terminal's.
    let ran = Ran::of(case.command().args(["plan", "--sandbox", "--color", "always"]).env("NO_COLOR", "1"));
    assert!(ran.out.contains('\x1b'));
    for format in ["json", "markdown"] {
        assert_eq!(escapes(&["plan", "--sandbox", "--color", "always", "--format", format]), (false, false));
    }
    case.edit("org.toml", "ou = \"work\"", "ou = \"wrok\"");
    assert_eq!(escapes(&["validate", "--color", "always"]), (false, true));
}

/// `overlord plan | head -1`.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let case = Case::example();
    let mut child = case
        .command()
        .args(["plan", "--sandbox", "--detail", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "{\n");
    let ran = Ran::from(child.wait_with_output().unwrap()).ends(2);
    assert_eq!(ran.err, "");
}
