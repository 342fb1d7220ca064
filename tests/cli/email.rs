//! The change of an account's e-mail, from apply to the code, as a user walks it.

use crate::cli::case::*;
use crate::cli::consent::on_a_terminal;

const ACCOUNT: &str = r#"
[organization]
management_account = "111111111111"
trusted_services = ["account.amazonaws.com"]

[account.web]
email = "aws+web@example.org"
ou = "root"
"#;

/// The code that AWS sent, as `sandbox show` tells it.
fn code(case: &Case) -> String {
    let shown = case.run(&["sandbox", "show"]).ends(0).out;
    let line = shown.lines().find(|line| line.contains("gets the e-mail")).expect("a change waits for its code");
    line.rsplit(' ').next().unwrap().to_owned()
}

/// On a terminal `apply` asks for the code itself: what is no code is told, a wrong one is refused by AWS and asked for again.
#[test]
fn on_a_terminal_apply_asks_for_the_code() {
    let case = Case::new(ACCOUNT);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "aws+web@", "web@");
    let before = std::fs::read(case.path(".overlord/sandbox.json")).unwrap();
    let apply = |answer: &str, more: &[&str]| on_a_terminal(&case, answer, &[&["apply", "--sandbox"], more].concat());
    let (status, output) = apply("yes\n12\nzzzzzz\n", &[]);
    assert_eq!(status, 0, "{output}");
    for told in ["six letters or digits", "AcceptPrimaryEmailUpdate was refused", "overlord email --account web --code CODE"] {
        assert!(output.contains(told), "{told}: {output}");
    }
    let code = code(&case);

    // The same again, from the same world, with the right one.
    std::fs::write(case.path(".overlord/sandbox.json"), &before).unwrap();
    let (status, output) = apply(&format!("yes\n{code}"), &[]);
    assert!(status == 0 && output.contains("its e-mail is `web@example.org` now"), "{output}");
    let plan = case.run(&["plan", "--sandbox"]).ends(0).out;
    assert!(!plan.contains("warning"), "{plan}");
    let shown = case.run(&["sandbox", "show"]).ends(0).out;
    assert!(shown.contains(" web@example.org") && !shown.contains("gets the e-mail"), "{shown}");

    // Nobody is asked with `--yes`.
    std::fs::write(case.path(".overlord/sandbox.json"), &before).unwrap();
    let (status, output) = apply("", &["--yes"]);
    assert!(status == 0 && output.contains("overlord email --account web --code CODE") && !output.contains("Enter the code"), "{output}");
}

#[test]
fn an_email_changes_with_the_code_and_not_before() {
    let case = Case::new(ACCOUNT);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "aws+web@", "web@");
    case.run(&["apply", "--sandbox", "--yes"]).ends(0).says(&["overlord email --account web --code CODE"]);
    let first = code(&case);
    assert!(case.run(&["plan", "--sandbox"]).ends(0).out.contains("until the code that AWS sent to `web@example.org` is submitted"));
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    assert_eq!(code(&case), first, "a second apply sends no second code");

    case.run(&["email", "--sandbox", "--account", "web", "--code", "zzzzzz"]).ends(1).says(&["AcceptPrimaryEmailUpdate"]);
    case.run(&["email", "--sandbox", "--account", "web", "--code", "12"]).ends(1).says(&["six letters or digits"]);
    case.run(&["email", "--sandbox", "--account", "wib", "--code", &first]).ends(1).says(&["did you mean `web`?"]);
    case.run(&["email", "--sandbox", "--account", "web"]).ends(0).says(&["AWS sends a code to `web@example.org`"]);
    let second = code(&case);
    assert_ne!(first, second);
    let changed = case.run(&["email", "--sandbox", "--account", "web", "--code", &second]).ends(0).out;
    assert_eq!(changed, "account.web: its e-mail is `web@example.org` now, and was `aws+web@example.org`\n");

    let plan = case.run(&["plan", "--sandbox"]).ends(0).out;
    assert!(!plan.contains("warning"), "{plan}");
    case.run(&["email", "--sandbox", "--account", "web"]).ends(0);
    let shown = case.run(&["sandbox", "show"]).ends(0).out;
    assert!(shown.contains(" web@example.org") && !shown.contains("gets the e-mail"), "{shown}");
}
