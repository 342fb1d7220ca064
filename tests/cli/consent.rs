//! Nothing is changed without consent, and deletions need their own.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::case::*;
use crate::support::{project, python};

/// The binary on a terminal of its own: its exit status and all that it showed.
pub fn on_a_terminal(case: &Case, answer: &str, arguments: &[&str]) -> (i64, String) {
    answering(case.command(), answer, arguments)
}

/// The same of a command with an environment of its own.
pub fn answering(overlord: Command, answer: &str, arguments: &[&str]) -> (i64, String) {
    let mut command = Command::new(python());
    command.arg(project("tests/cli/terminal.py")).arg(answer).arg(overlord.get_program()).args(arguments);
    command.current_dir(overlord.get_current_dir().unwrap()).env("TERM", "xterm").stdin(Stdio::null());
    for (name, value) in overlord.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let ran: Value = Ran::of(&mut command).ends(0).json();
    (ran["status"].as_i64().unwrap(), ran["output"].as_str().unwrap().to_owned())
}

fn is_untouched(case: &Case) -> bool {
    case.run(&["sandbox", "show"]).out.contains("without an organization")
}

#[test]
fn without_a_terminal_and_without_yes_nothing_happens() {
    let case = Case::small();
    let ran = case.run(&["apply", "--sandbox"]).ends(1).says(&["cannot ask for confirmation (no terminal); nothing was changed", "--yes"]);
    assert!(ran.out.contains("Plan: "));
    // A pipe is nobody.
    let mut child = case.command().args(["apply", "--sandbox"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = child.as_mut().unwrap();
    let _ = child.stdin.take().unwrap().write_all(b"yes\n");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(is_untouched(&case));
}

#[test]
fn only_yes_is_consent() {
    let case = Case::small();
    for answer in ["y", "Yes", "YES", "", "yes please", "no", "\u{4}"] {
        let (status, output) = on_a_terminal(&case, answer, &["apply", "--sandbox"]);
        assert_eq!(status, 1, "{answer:?}: {output}");
        assert!(output.contains("not approved; nothing was changed"), "{output}");
    }
    assert!(is_untouched(&case));
    let (status, output) = on_a_terminal(&case, "yes", &["apply", "--sandbox"]);
    assert_eq!(status, 0, "{output}");
    assert!(!is_untouched(&case));
    // Nothing to do is nothing to ask.
    let (status, output) = on_a_terminal(&case, "", &["apply", "--sandbox"]);
    assert_eq!(status, 0);
    assert!(output.contains("No changes") && !output.contains("consent"), "{output}");
}

/// The result is for a program, and the question for a person: the plan stands before it, on standard error.
#[test]
fn nobody_is_asked_about_a_plan_that_was_not_shown() {
    let case = Case::small();
    for format in ["json", "markdown"] {
        let (status, output) = on_a_terminal(&case, "no", &["apply", "--sandbox", "--format", format]);
        let asked = output.find("Apply these changes?").unwrap_or_else(|| panic!("{output}"));
        assert_eq!(status, 1, "{output}");
        let before = &output[..asked];
        assert!(before.contains("+ account.audit") && before.contains("6 to create"), "{output}");
    }
    // Where nobody is asked, nothing is said.
    let ran = case.run(&["apply", "--sandbox", "--format", "json", "--yes"]).ends(0);
    assert!(!ran.err.contains("to create"), "{}", ran.err);
    ran.json();
}

#[test]
fn yes_does_not_cover_deletions() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "policies = [\"FullAWSAccess\", \"deny-leave\"]", "");
    case.edit("org.toml", "[policy.deny-leave]\ndescription = \"Nobody leaves\"", "");
    let is_there = || case.run(&["sandbox", "show", "--format", "json"]).out.contains("\"deny-leave\"");
    let ran = case.run(&["apply", "--sandbox", "--yes"]).ends(3);
    assert!(ran.out.contains("withheld: policy./SERVICE_CONTROL_POLICY/deny-leave: deletions need --allow-delete"), "{}", ran.out);
    // Nor does `yes` at the prompt.
    assert_eq!(on_a_terminal(&case, "yes", &["apply", "--sandbox"]).0, 3);
    assert!(is_there());
    // And the flag is no consent to all the rest.
    case.run(&["apply", "--sandbox", "--allow-delete"]).ends(1);
    assert!(is_there());
    case.run(&["apply", "--sandbox", "--yes", "--allow-delete"]).ends(0);
    assert!(!is_there());
}

#[test]
fn an_account_is_closed_only_with_its_id() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "[account.audit]", "[account.audit]\nclose = true");
    let state = || {
        let world = case.run(&["sandbox", "show", "--format", "json"]).ends(0).json();
        let accounts = world["accounts"].as_object().unwrap().values();
        let audit = accounts.into_iter().find(|account| account["name"] == "audit").unwrap();
        (audit["id"].as_str().unwrap().to_owned(), audit["state"].as_str().unwrap().to_owned())
    };
    let (id, before) = state();
    assert_eq!(before, "ACTIVE");
    let flag = format!("--close {id}");
    let planned = case.run(&["plan", "--sandbox"]).ends(2);
    assert!(planned.out.contains("1 to close") && planned.out.contains(&flag), "{}", planned.out);
    // Neither flag covers it, nor does another id.
    for consent in [&["--yes"][..], &["--yes", "--allow-delete"], &["--yes", "--close", "999999999999"], &["--yes", "--remove", &id]] {
        let ran = case.run(&[&["apply", "--sandbox"], consent].concat()).ends(3);
        assert!(ran.out.contains(&format!("withheld: account.audit: it needs {flag}")), "{}", ran.out);
    }
    case.run(&["apply", "--sandbox", "--yes", "--close", "999999999999"]).ends(3).says(&["`--close 999999999999` leads nowhere"]);
    case.run(&["apply", "--sandbox", "--yes", "--close", "12"]).ends(1).says(&["12 digits"]);
    // On a terminal the id is asked for, and only with the flag.
    let (status, output) = on_a_terminal(&case, "yes", &["apply", "--sandbox"]);
    assert!(status == 3 && !output.contains("Type its id"), "{output}");
    let (status, output) = on_a_terminal(&case, "yes\nyes", &["apply", "--sandbox", "--allow-delete"]);
    assert!(status == 3 && output.contains("account.audit stays as it is"), "{output}");
    assert_eq!(state().1, "ACTIVE");
    // A rehearsal takes the consent too, and closes a copy.
    case.run(&["apply", "--sandbox", "--rehearse", "--close", &id]).ends(0);
    assert_eq!(state().1, "ACTIVE");
    let (status, output) = on_a_terminal(&case, &format!("yes\n{id}"), &["apply", "--sandbox", "--allow-delete"]);
    assert_eq!((status, state().1.as_str()), (0, "CLOSED"), "{output}");
    let ran = case.run(&["apply", "--sandbox", "--yes", "--close", &id]).ends(0);
    assert!(ran.out.contains("No changes"), "{}", ran.out);
}

#[test]
fn a_terminal_sees_what_runs_what_is_done_and_what_is_left() {
    let case = Case::small();
    let (status, output) = on_a_terminal(&case, "", &["apply", "--sandbox", "--weather", "create-account=1000", "--yes"]);
    assert_eq!(status, 0, "{output}");
    let shown = |line: &str| line.contains('[') && line.contains("/7 ") && line.contains("account.audit");
    assert!(output.split(['\r', '\n']).any(shown), "{output:?}");
}

#[test]
fn nobody_else_sees_progress() {
    let case = Case::small();
    let ran = case.run(&["apply", "--sandbox", "--weather", "create-account=1000", "--yes", "--color", "always"]).ends(0);
    assert_eq!(ran.err, "");
    assert!(!ran.out.contains('\r'));
}
