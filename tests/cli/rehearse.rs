//! `apply --rehearse`: the same plan on a copy; AWS is only read.

use crate::cli::case::*;

const NOTHING: &str = "nothing was changed in AWS; after this apply the next plan would be empty";

#[test]
fn a_rehearsal_changes_nothing_and_ends_as_the_apply_would() {
    let case = Case::small();
    // From nothing, and without consent: there is nothing to consent to.
    let rehearsed = case.run(&["apply", "--sandbox", "--rehearse", "--trace", "trace.jsonl"]).ends(0);
    assert!(rehearsed.out.contains(NOTHING), "{}", rehearsed.out);
    assert!(case.run(&["sandbox", "show"]).out.contains("without an organization"));
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);

    // An organization that is there, and a deletion that the rehearsal withholds as the apply does.
    case.edit("org.toml", "[policy.deny-leave]\ndescription = \"Nobody leaves\"\n", "");
    case.edit("org.toml", "policies = [\"FullAWSAccess\", \"deny-leave\"]\n", "");
    let world = case.run(&["sandbox", "show", "--format", "json"]).json();
    let withheld = case.run(&["apply", "--sandbox", "--rehearse", "--format", "json"]).ends(3).json();
    assert_eq!(withheld["rehearsal"]["changes_left"], 1, "{withheld:#}");
    let rehearsed = case.run(&["apply", "--sandbox", "--rehearse", "--allow-delete", "--format", "json"]).ends(0).json();
    assert_eq!(rehearsed["rehearsal"]["changes_left"], 0, "{rehearsed:#}");
    let after = case.run(&["sandbox", "show", "--format", "json"]).json();
    for part in ["policies", "attachments", "accounts", "ous", "tags"] {
        assert_eq!(world[part], after[part], "{part}");
    }
    let applied = case.run(&["apply", "--sandbox", "--yes", "--allow-delete", "--format", "json"]).ends(0).json();
    assert_eq!(rehearsed["report"]["outcomes"], applied["report"]["outcomes"]);
    // The ids of the copy are nothing's in AWS.
    assert_eq!(rehearsed["report"]["ids"], serde_json::json!({}));
}

#[test]
fn a_saved_plan_can_be_rehearsed() {
    let case = Case::small();
    case.run(&["plan", "--sandbox", "--out", "plan.json"]).ends(2);
    let rehearsed = case.run(&["apply", "plan.json", "--sandbox", "--rehearse"]).ends(0);
    assert!(rehearsed.out.contains(NOTHING), "{}", rehearsed.out);
    case.run(&["apply", "plan.json", "--sandbox", "--yes"]).ends(0);
}

#[test]
fn networks_are_rehearsed_on_what_was_read_of_them() {
    let network = "[account.app]\nemail = \"aws+app@example.org\"\nou = \"work\"\nvpc = [\"standard\"]\n\
                   [pool.main]\ncidr = \"10.0.0.0/8\"\n\
                   [vpc.standard]\nregion = \"eu-west-1\"\npool = \"main\"\nprefix = 19\nzones = 2\nnat = \"per-zone\"\n\
                   tiers = { public = 25, private = 50 }\nendpoints = [\"s3\", \"sqs\"]\n";
    let case = Case::new(&format!("{SMALL}{network}"));
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "zones = 2\nnat = \"per-zone\"", "zones = 3\nnat = \"single\"");
    let ec2 = |case: &Case| case.run(&["sandbox", "show", "--format", "json"]).json()["ec2"].clone();
    let before = ec2(&case);
    let rehearsed = case.run(&["apply", "--sandbox", "--rehearse", "--allow-delete", "--format", "json"]).ends(0).json();
    assert_eq!(rehearsed["rehearsal"]["changes_left"], 0, "{rehearsed:#}");
    assert!(before.is_object());
    assert_eq!(before, ec2(&case));
    let applied = case.run(&["apply", "--sandbox", "--yes", "--allow-delete", "--format", "json"]).ends(0).json();
    assert_eq!(rehearsed["report"]["outcomes"], applied["report"]["outcomes"]);
    // The ids of the copy are nothing's in AWS.
    assert_eq!(rehearsed["report"]["ids"], serde_json::json!({}));
}

/// A Region that [limits] adds is one for the sandbox, for a copy in it, for `policy new` and for the lints.
#[test]
fn a_region_that_limits_add_is_known_everywhere() {
    let network = "trusted_services = [\"account.amazonaws.com\"]\n[limits]\nregions = [\"xy-north-1\"]\n\
                   [account.app]\nemail = \"aws+app@example.org\"\nou = \"work\"\nvpc = [\"standard\"]\n[pool.main]\ncidr = \"10.0.0.0/8\"\n\
                   [vpc.standard]\nregion = \"xy-north-1\"\npool = \"main\"\nprefix = 19\nzones = 2\ntiers = { private = 50 }\n";
    let case = Case::new(&SMALL.replace("[ou.work]\n", &format!("{}[ou.work]\n", network.replace("[limits]", "\n[limits]"))));
    let rehearsed = case.run(&["apply", "--sandbox", "--rehearse"]).ends(0);
    assert!(rehearsed.out.contains(NOTHING), "{}", rehearsed.out);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.run(&["plan", "--sandbox"]).ends(0);
    case.run(&["policy", "new", "region-guard", "--key", "added", "--region", "xy-north-1"]).ends(0);
    case.run(&["policy", "new", "region-guard", "--key", "other", "--region", "xy-south-1"]).ends(1).says(&["did you mean `xy-north-1`?"]);
}
