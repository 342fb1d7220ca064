//! How plans look, to a user's eye.

use std::fmt::Write as _;

use serde_json::json;

use crate::cli::case::*;
use crate::support::project;

#[track_caller]
pub fn snapshot(name: &str, actual: &str) {
    let path = project("tests/cli/expected").join(name);
    let expected = snapbox::Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw();
    let actual = without_ids(actual);
    snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(snapbox::Data::text(actual).raw(), expected);
}

/// Which of two accounts is made first is nobody's business, and decides their ids.
fn without_ids(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let is_id = |word: &&str| word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit());
        if let Some(id) = line.trim().strip_prefix("id: ") {
            out.push_str(&line.replace(id, "ID"));
        } else if let Some(id) = line.split([' ', '`']).find(is_id) {
            out.push_str(&line.replace(id, "000000000000"));
        } else {
            out.push_str(line);
        }
    }
    out
}

#[test]
fn the_first_plan_of_the_worked_example() {
    let case = Case::example();
    snapshot("first.txt", &case.run(&["plan", "--sandbox"]).ends(2).out);
    snapshot("first.md", &case.run(&["plan", "--sandbox", "--format", "markdown"]).ends(2).out);
}

/// A rename, moves, a policy's edit, tags, an adoption and deletions.
fn changed() -> Case {
    let case = Case::new(&format!(
        "{SMALL}\n[ou.old]\n[ou.pci]\npolicies = [\"allow-pci\"]\n[policy.allow-pci]\n[team.web]\nou = \"work\"\nstages = [\"dev\", \"prod\", \"qa\", \"test\"]\nemail = \"aws+{{account}}@example.org\"\n"
    ));
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "[ou.old]\n", "");
    case.edit("org.toml", "[ou.work]", "[ou.work]\nname = \"workloads\"");
    case.edit("org.toml", "Nobody leaves", "No account leaves");
    case.edit("org.toml", "[team.web]\nou = \"work\"", "[team.web]\nou = \"pci\"\ntags = { team = \"web\" }");
    case.edit(
        "policies/deny-leave.json",
        "\"account:CloseAccount\"",
        "\"account:CloseAccount\",\n        \"account:PutContactInformation\"",
    );
    case.edit("org.toml", "[account.web]\nemail = \"aws+web@example.org\"\nou = \"work\"\n", "");
    case
}

#[test]
fn a_plan_that_renames_moves_edits_and_deletes() {
    let case = changed();
    snapshot("changed.txt", &case.run(&["plan", "--sandbox"]).ends(2).out);
    snapshot("changed.md", &case.run(&["plan", "--sandbox", "--format", "markdown"]).ends(2).out);
    snapshot("changed-detail.txt", &case.run(&["plan", "--sandbox", "--detail"]).ends(2).out);
    snapshot("changed-applied.txt", &case.run(&["apply", "--sandbox", "--yes"]).ends(3).out);
}

/// 5,000 accounts: everything is counted, little is said twice, and what is destroyed is never folded away.
#[test]
fn a_large_plan_stays_readable() {
    let mut toml = String::from(
        "[organization]\nmanagement_account = \"111111111111\"\nhome_region = \"eu-west-1\"\n[limits]\naccounts = 5000\n\
         [defaults]\nstages = [\"dev\", \"qa\", \"test\", \"prod\"]\nemail = \"aws+{account}@example.org\"\ntags = { team = \"{team}\" }\n[ou.a]\n[ou.b]\n",
    );
    for n in 0..1240 {
        let _ = writeln!(toml, "[team.t{n:04}]\nou = \"{}\"", if n % 2 == 0 { "a" } else { "b" });
    }
    let case = Case::new(&toml);
    let plan = case.run(&["plan", "--sandbox"]).ends(2).out;
    assert!(plan.lines().count() < 60, "{} lines", plan.lines().count());
    assert!(plan.contains("account (4960 changes)") && plan.contains("account × 2480  in ou.a"), "{plan}");
    assert!(plan.contains("--detail shows them"));
    let markdown = case.run(&["plan", "--sandbox", "--format", "markdown"]).ends(2).out;
    assert!(markdown.len() < 65_536, "longer than a comment may be");
    let detail = case.run(&["plan", "--sandbox", "--detail"]).ends(2).out;
    for n in 0..1240 {
        for stage in ["dev", "qa", "test", "prod"] {
            assert!(detail.contains(&format!("+ account.t{n:04}-{stage} ")), "--detail hides t{n:04}-{stage}");
        }
    }
}

/// The plan's text in numbers is the plan's JSON in numbers.
#[test]
fn the_counts_are_those_of_the_data() {
    let case = changed();
    let (text, json) = (case.run(&["plan", "--sandbox"]).out, case.run(&["plan", "--sandbox", "--format", "json"]).json());
    let changes = json["changes"].as_array().unwrap();
    let of = |action: &str| changes.iter().filter(|change| change["action"] == action).count();
    let told = format!("Plan: {} to update in place, {} to move, {} to delete\n", of("update"), of("move"), of("delete"));
    assert!(text.contains(&told), "{told}{text}");
    let calls: u64 = json["budget"]["calls"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(json!(calls), changes.iter().map(|change| change["calls"].as_array().unwrap().len()).sum::<usize>());
    assert!(text.contains(&format!("Calls: {calls} that write: ")), "{text}");
    for change in changes {
        assert!(!change["reason"].as_str().unwrap().is_empty(), "unexplained: {change}");
    }
}
