//! Exit statuses, as docs/commands.md lists them.

use std::fs;

use crate::cli::case::*;
use crate::support::SandboxServer;

#[test]
fn validate_ends_with_0_or_1() {
    let case = Case::small();
    case.run(&["validate"]).ends(0);
    case.edit("org.toml", "ou = \"work\"", "ou = \"wrok\"");
    case.run(&["validate"]).ends(1).says(&["`wrok`", "org.toml:", "help"]);
}

#[test]
fn plan_ends_with_2_for_changes_0_for_none_1_for_an_error() {
    let case = Case::small();
    case.run(&["plan", "--sandbox"]).ends(2);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.run(&["plan", "--sandbox"]).ends(0);
    // The configuration is wrong.
    fs::write(case.path("org.toml"), "[organization").unwrap();
    case.run(&["plan", "--sandbox"]).ends(1);
    // The plan has an error: an account's e-mail cannot be changed.
    fs::write(case.path("org.toml"), SMALL.replace("[account.web]", "[account.web]\nid = \"999999999999\"")).unwrap();
    case.run(&["plan", "--sandbox"]).ends(1);
    case.run(&["apply", "--sandbox", "--yes"]).ends(1).says(&["the plan has errors; nothing was changed"]);
}

#[test]
fn apply_ends_with_3_for_a_withheld_deletion() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "policies = [\"FullAWSAccess\", \"deny-leave\"]", "");
    case.edit("org.toml", "[policy.deny-leave]\ndescription = \"Nobody leaves\"", "");
    case.run(&["apply", "--sandbox", "--yes"]).ends(3);
    case.run(&["apply", "--sandbox", "--yes"]).ends(3);
    case.run(&["apply", "--sandbox", "--yes", "--allow-delete"]).ends(0);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
}

/// The quota stands in the way of the second account: the rest is done, and then nothing more can be.
#[test]
fn apply_ends_with_3_for_a_partial_failure_and_with_1_when_nothing_could_be_done() {
    let case = Case::small();
    let apply = ["apply", "--sandbox", "--weather", "accounts=2", "--yes"];
    let part = case.run(&apply).ends(3).says(&["run the same command again"]);
    assert!(part.out.contains("failed: account."), "{}", part.out);
    assert!(!part.err.contains("failed: "), "told twice: {}", part.err);
    let none = case.run(&apply).ends(1);
    assert!(none.out.contains("Apply: 0 of 1 change applied, 1 failed"), "{}", none.out);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
}

/// Not clap's 2, which `plan` means changes with.
#[test]
fn wrong_usage_ends_with_1() {
    let case = Case::small();
    for arguments in
        [&["plan", "--nonsense"][..], &["nonsense"], &[], &["plan", "--sandbox", "--profile", "x"], &["plan", "--format", "xml"]]
    {
        let ran = case.run(arguments).ends(1);
        assert!(ran.out.is_empty(), "{arguments:?}");
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["help", "apply"], &["plan", "--version"]] {
        let ran = case.run(arguments).ends(0);
        assert!(!ran.out.is_empty() && ran.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn sandbox_schema_and_completions_end_with_0() {
    let case = Case::small();
    for arguments in [&["sandbox", "show"][..], &["sandbox", "reset"], &["schema"], &["completions", "bash"]] {
        case.run(arguments).ends(0);
    }
}

/// A plan or a schema that was not written whole is no success.
#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_ends_with_1() {
    let case = Case::small();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [&["plan", "--sandbox"][..], &["schema"], &["validate"]] {
        let output = case.command().args(arguments).stdout(full()).output().unwrap();
        Ran::from(output).ends(1).says(&["the result could not be written"]);
    }
}

/// Weather that nobody would feel is a mistake, not a wish.
#[test]
fn weather_without_the_sandbox_is_refused() {
    let case = Case::small();
    let server = SandboxServer::start(&[]);
    case.run_at(server.url(), &["plan", "--weather", "stormy"]).ends(1).says(&["only the sandbox has weather", "--sandbox"]);
}

/// An option that nobody would heed is refused: whoever gave it believes that AWS is asked.
#[test]
fn offline_commands_take_no_options_about_aws() {
    let case = Case::small();
    let offline: [&[&str]; 5] = [&["validate"], &["network"], &["policy", "test"], &["schema"], &["completions", "bash"]];
    let options: [&[&str]; 5] = [&["--profile", "p"], &["--sandbox"], &["--weather", "calm"], &["--rates", "published"], &["--trace", "t"]];
    for command in offline {
        case.run(command).ends(0);
        for option in options {
            let told = format!("reads no AWS, and takes no `{}`", option[0]);
            case.run(&[command, option].concat()).ends(1).says(&[&told, command[0]]);
        }
    }
}
