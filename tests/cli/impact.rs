//! What a plan takes from accounts and gives to them, the same of two configurations, and plans that lock overlord out.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::case::*;
use crate::cli::consent::on_a_terminal;
use crate::cli::snapshots::snapshot;

/// An organization with networks in eu-west-1, as it was applied.
fn built() -> Case {
    built_in("eu-west-1")
}

fn built_in(region: &str) -> Case {
    let networks = r#"
[pool.main]
cidr = "10.0.0.0/8"
[vpc.standard]
region = "REGION"
pool = "main"
prefix = 20
zones = 2
tiers = { private = 100 }
"#;
    let case = Case::new(&format!("{SMALL}{}", networks.replace("REGION", region)));
    case.edit("org.toml", "[account.web]\n", "[account.web]\nvpc = [\"standard\"]\n");
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case
}

fn statement(case: &Case, name: &str, statement: &str) {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "S", {statement}, "Resource": "*"}}]}}"#);
    fs::write(case.path("policies").join(format!("{name}.json")), text).unwrap();
}

const DENY_NETWORKS: &str = r#""Effect": "Deny", "Action": ["ec2:CreateVpc", "ec2:DeleteVpc"]"#;
const EXCEPT_THE_ROLE: &str = r#", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}"#;

#[test]
fn a_plan_tells_who_loses_what() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    statement(&case, "deny-leave", r#""Effect": "Deny", "Action": ["sqs:*", "sns:DeleteTopic", "sns:Publish"]"#);
    case.edit("org.toml", "[account.web]\n", "[policy.regions]\n[account.web]\npolicies = [\"FullAWSAccess\", \"regions\"]\n");
    let regions = r#""Effect": "Deny", "Action": "gamelift:*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}"#;
    statement(&case, "regions", regions);
    snapshot("impact.txt", &case.run(&["plan", "--sandbox"]).ends(2).out);
    snapshot("impact-detail.txt", &case.run(&["plan", "--sandbox", "--detail"]).ends(2).out);
    let plan = case.run(&["plan", "--sandbox", "--format", "json", "--out", "plan.json"]).ends(2).json();
    let impact = &plan["impact"];
    assert_eq!((&impact["accounts"], impact.get("lockouts")), (&json!(2), None));
    assert_eq!(impact["groups"][0]["accounts"], json!(["account.audit"]));
    let lost = &impact["groups"][0]["shifts"][0];
    assert_eq!((&lost["from"], &lost["to"]), (&json!("passes"), &json!("denied")));
    assert_eq!(lost["actions"]["services"]["sns"], json!({"count": 2, "actions": ["DeleteTopic", "Publish"]}));
    assert_eq!(lost["actions"]["services"]["sqs"]["actions"], json!(["*"]));
    // What was reviewed is what is applied.
    case.run(&["apply", "--sandbox", "--yes", "plan.json"]).ends(0);
    case.run(&["plan", "--sandbox"]).ends(0);
}

#[test]
fn a_plan_that_locks_overlord_out_stops_unless_it_is_told_to_go_on() {
    let case = built();
    statement(&case, "deny-leave", DENY_NETWORKS);
    let refused = ["overlord's own access role out of 1 account", "--allow-lockout deny-leave", "nothing was changed"];
    let ran = case.run(&["plan", "--sandbox", "--out", "plan.json"]).ends(1).says(&refused);
    snapshot("lockout.txt", &ran.out);
    case.run(&["apply", "--sandbox", "--yes"]).ends(1).says(&refused);
    case.run(&["apply", "--sandbox", "--yes", "plan.json"]).ends(1).says(&refused);
    let other = ["apply", "--sandbox", "--yes", "--allow-lockout", "audit"];
    case.run(&other).ends(1).says(&refused);
    // By the account, by its id, or by what does it.
    let world = case.run(&["sandbox", "show", "--format", "json"]).json();
    let accounts = world["accounts"].as_object().unwrap();
    let id = accounts.values().find(|account| account["email"] == "aws+web@example.org").unwrap()["id"].as_str().unwrap().to_owned();
    for name in ["web", &id, "deny-leave"] {
        case.run(&["plan", "--sandbox", "--allow-lockout", name]).ends(2);
    }
    case.run(&["apply", "--sandbox", "--yes", "--rehearse"]).ends(0);
    case.run(&["apply", "--sandbox", "--yes", "plan.json", "--allow-lockout", "web"]).ends(0);
    // What is locked out already is no news.
    statement(&case, "deny-leave", &DENY_NETWORKS.replace("\"ec2:DeleteVpc\"", "\"ec2:DeleteVpc\", \"sqs:PurgeQueue\""));
    case.run(&["plan", "--sandbox"]).ends(2);
    case.run(&["plan", "--sandbox", "--allow-lockout", "web"]).ends(2).says(&["leads nowhere"]);
}

/// Of several changes each group names those that bear on it, and no others.
#[test]
fn each_group_names_the_changes_that_bear_on_it() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    statement(&case, "deny-leave", r#""Effect": "Deny", "Action": ["organizations:LeaveOrganization", "sqs:PurgeQueue"]"#);
    statement(&case, "own", r#""Effect": "Deny", "Action": "sns:Publish""#);
    statement(&case, "idle", r#""Effect": "Deny", "Action": "sns:Subscribe""#);
    case.edit("org.toml", "[account.audit]", "[policy.own]\n[policy.idle]\n[account.audit]\npolicies = [\"FullAWSAccess\", \"own\"]");
    let by = |case: &Case| -> Vec<(Value, Value)> {
        let plan = case.run(&["plan", "--sandbox", "--format", "json"]).ends(2).json();
        let groups = plan["impact"]["groups"].as_array().unwrap().clone();
        groups.into_iter().map(|group| (group["accounts"].clone(), group["changes"].clone())).collect()
    };
    let sets = "policy_attachments.account.audit";
    let of_audit = json!(["policy.deny-leave", "policy.own", sets]);
    assert_eq!(by(&case), [(json!(["account.audit"]), of_audit), (json!(["account.web"]), json!(["policy.deny-leave"]))]);
    let told = case.run(&["plan", "--sandbox", "--detail"]).ends(2).out;
    assert!(told.contains(&format!("by policy.deny-leave, policy.own, {sets}")), "{told}");
    assert!(!case.run(&["plan", "--sandbox"]).ends(2).out.contains("by policy."));
    // Without the change that only the other one names, the rest is the same.
    statement(&case, "deny-leave", r#""Effect": "Deny", "Action": "organizations:LeaveOrganization""#);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    statement(&case, "deny-leave", r#""Effect": "Deny", "Action": ["organizations:LeaveOrganization", "sqs:PurgeQueue"]"#);
    assert_eq!(by(&case), [(json!(["account.audit", "account.web"]), json!(["policy.deny-leave"]))]);
}

/// On a terminal the name is asked for, after the consent to the whole; anything else changes nothing.
#[test]
fn on_a_terminal_the_name_of_a_lockout_is_asked_for() {
    let case = built();
    statement(&case, "deny-leave", DENY_NETWORKS);
    let apply = |answer: &str, more: &[&str]| on_a_terminal(&case, answer, &[&["apply", "--sandbox"], more].concat());
    for answer in ["yes\nyes", "yes\nweb", "yes\n", "no\ndeny-leave"] {
        let (status, output) = apply(answer, &[]);
        assert_eq!(status, 1, "{output}");
        let asked = "out of 1 account. Type `deny-leave` to go on all the same.";
        assert_eq!(output.contains(asked), !answer.starts_with("no"), "{output}");
        assert!(output.contains("nothing was changed"), "{output}");
        case.run(&["plan", "--sandbox"]).ends(1);
    }
    // Who does not want to be asked must have said it before.
    let (status, output) = apply("", &["--yes"]);
    assert!(status == 1 && !output.contains("Type `"), "{output}");
    let (status, output) = apply("yes\ndeny-leave", &[]);
    assert_eq!(status, 0, "{output}");
    case.run(&["plan", "--sandbox"]).ends(0);
}

#[test]
fn what_excepts_the_role_or_hinges_on_more_is_no_lockout() {
    let case = built();
    statement(&case, "deny-leave", &format!("{DENY_NETWORKS}{EXCEPT_THE_ROLE}"));
    case.run(&["plan", "--sandbox"]).ends(2);
    statement(
        &case,
        "deny-leave",
        &format!(r#"{DENY_NETWORKS}, "Condition": {{"StringNotEquals": {{"aws:RequestedRegion": "eu-west-1"}}}}"#),
    );
    case.run(&["plan", "--sandbox"]).ends(2);
    statement(
        &case,
        "deny-leave",
        &format!(r#"{DENY_NETWORKS}, "Condition": {{"StringNotEquals": {{"aws:RequestedRegion": "eu-north-1"}}}}"#),
    );
    case.run(&["plan", "--sandbox"]).ends(1).says(&["--allow-lockout deny-leave"]);
}

/// An opt-in Region is enabled by a call of the access role, to a service that has one endpoint for all Regions.
#[test]
fn denied_calls_of_services_other_than_ec2_are_lockouts() {
    let case = built_in("eu-south-1");
    statement(&case, "deny-leave", r#""Effect": "Deny", "Action": "account:EnableRegion""#);
    case.run(&["plan", "--sandbox"]).ends(1).says(&["out of 1 account", "--allow-lockout deny-leave"]);
    let outside = |action: &str| {
        format!(r#""Effect": "Deny", {action}, "Condition": {{"StringNotEquals": {{"aws:RequestedRegion": "eu-south-1"}}}}"#)
    };
    statement(&case, "deny-leave", &outside(r#""Action": ["account:*", "ec2:*"]"#));
    case.run(&["plan", "--sandbox"]).ends(1).says(&["out of 1 account", "--allow-lockout deny-leave"]);
    statement(&case, "deny-leave", &outside(r#""NotAction": ["account:*", "iam:*", "sts:*"]"#));
    case.run(&["plan", "--sandbox"]).ends(2);
}

/// Where no policy denies it and nothing allows it, the level is what consent names.
#[test]
fn what_nothing_allows_is_allowed_by_the_name_of_the_level() {
    let case = built();
    case.edit("org.toml", "[ou.work]", "[policy.only-s3]\n[ou.work]\npolicies = [\"only-s3\"]");
    statement(&case, "only-s3", r#""Effect": "Allow", "Action": "s3:*""#);
    case.run(&["plan", "--sandbox"]).ends(1).says(&["out of 1 account", "--allow-lockout ou.work"]);
    case.run(&["plan", "--sandbox", "--allow-lockout", "ou.work"]).ends(2);
}

/// An account that goes into a lockdown is out of reach, but where the lockdown excepts the role.
#[test]
fn a_lockdown_is_a_lockout_but_for_the_role() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "[ou.work]", "[ou.locked]\npolicies = [\"FullAWSAccess\", \"lockdown\"]\n[policy.lockdown]\n[ou.work]");
    case.edit("org.toml", "email = \"aws+web@example.org\"\nou = \"work\"", "email = \"aws+web@example.org\"\nou = \"locked\"");
    statement(&case, "lockdown", r#""Effect": "Deny", "Action": "*""#);
    let ran = case.run(&["plan", "--sandbox"]).ends(1).says(&["--allow-lockout lockdown"]);
    assert!(ran.out.contains("lockout: web: overlord's access role could no longer do anything there"), "{}", ran.out);
    statement(&case, "lockdown", &format!(r#""Effect": "Deny", "Action": "*"{EXCEPT_THE_ROLE}"#));
    let ran = case.run(&["plan", "--sandbox"]).ends(2);
    assert!(
        !ran.out.contains("lockout") && ran.out.contains("~ 22319 actions only under conditions from now on (aws:PrincipalArn)"),
        "{}",
        ran.out
    );
}

#[test]
fn who_may_not_assume_the_role_is_locked_out() {
    let case = Case::small();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    case.edit("org.toml", "policies = [\"FullAWSAccess\", \"deny-leave\"]", "policies = [\"FullAWSAccess\", \"deny-leave\", \"roles\"]");
    case.edit("org.toml", "[ou.work]", "[policy.roles]\ntype = \"rcp\"\n[ou.work]");
    statement(&case, "roles", r#""Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole""#);
    let ran = case.run(&["plan", "--sandbox"]).ends(1).says(&["--allow-lockout roles"]);
    assert!(ran.out.contains("lockout: audit, web: overlord's access role could no longer be assumed there"), "{}", ran.out);
    let condition = r#", "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalAccount": "111111111111"}}"#;
    statement(&case, "roles", &format!(r#""Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"{condition}"#));
    case.run(&["plan", "--sandbox"]).ends(2);
}

fn git(case: &Case, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.arg("-C").arg(case.path("")).args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]);
    Ran::of(git.args(arguments)).ends(0);
}

#[test]
fn two_configurations_are_compared() {
    let (case, other) = (Case::small(), Case::small());
    let there = other.path("org.toml").to_str().unwrap().to_owned();
    let folder = other.path("").to_str().unwrap().to_owned();
    let same = case.run(&["policy", "diff", "org.toml", &there]).ends(0);
    assert_eq!(same.out, "impact (0 of 2 accounts, 22321 actions of 2026-10-27 compared)\n  no account gains or loses an action\n");
    statement(&other, "deny-leave", r#""Effect": "Deny", "Action": ["account:CloseAccount", "sqs:*"]"#);
    other.edit("org.toml", "[account.audit]", "[account.more]\nemail = \"aws+more@example.org\"\nou = \"work\"\n[account.audit]");
    let from = case.path("org.toml").to_str().unwrap().to_owned();
    // The folder of an org.toml is as good as the file, and what --config names is the second one.
    for ran in [
        case.run(&["policy", "diff", &from, &folder]),
        other.run(&["policy", "diff", &from]),
        case.run(&["--config", &there, "policy", "diff", &from]),
    ] {
        snapshot("policy-diff.txt", &ran.ends(2).out);
    }
    snapshot("policy-diff.md", &case.run(&["policy", "diff", &from, &folder, "--detail", "--format", "markdown"]).ends(2).out);
    let document = case.run(&["policy", "diff", &there, &from, "--format", "json"]).ends(2).json();
    assert_eq!(document["only_in_the_first"], json!(["account.more"]));
    let shifts = document["impact"]["groups"][0]["shifts"].as_array().unwrap();
    let told: Vec<(&Value, &Value)> = shifts.iter().map(|shift| (&shift["to"], &shift["actions"]["count"])).collect();
    assert_eq!(told, [(&json!("denied"), &json!(1)), (&json!("passes"), &json!(20))]);
    case.run(&["policy", "diff", "nothing", &there]).ends(1).says(&["`nothing` is neither a file nor a revision", "help"]);
}

#[test]
fn two_revisions_are_compared() {
    let case = Case::small();
    git(&case, &["init", "--quiet", "--initial-branch", "main"]);
    git(&case, &["add", "."]);
    git(&case, &["commit", "--quiet", "-m", "one"]);
    case.run(&["policy", "diff", "main"]).ends(0);
    statement(&case, "deny-leave", r#""Effect": "Deny", "Action": ["account:CloseAccount", "sqs:*"]"#);
    let lost = "- 20 actions lost: sqs (all 20)";
    let ran = case.run(&["policy", "diff", "main"]).ends(2);
    assert!(ran.out.contains(lost), "{}", ran.out);
    git(&case, &["commit", "--quiet", "-am", "two"]);
    assert_eq!(case.run(&["policy", "diff", "HEAD~1", "main"]).ends(2).out, ran.out);
    case.run(&["policy", "diff", "HEAD~1"]).ends(2);
    case.run(&["policy", "diff", "HEAD"]).ends(0);
    case.run(&["policy", "diff", "--", "--output=x", "main"]).ends(1).says(&["neither a file nor a revision"]);
    // A file that a revision does not have is a mistake of that revision.
    git(&case, &["rm", "--quiet", "policies/deny-leave.json"]);
    git(&case, &["commit", "--quiet", "-m", "three"]);
    case.run(&["policy", "diff", "main~1", "main"]).ends(1).says(&["`main:./policies/deny-leave.json` does not exist"]);
    // Without git only files can be compared.
    let mut without = case.command();
    without.env("PATH", case.path("policies")).args(["policy", "diff", "main~1", "main~2"]);
    Ran::of(&mut without).ends(1).says(&["install git"]);
}
