//! `overlord policy explain --live`: what is decided offline beside what AWS's policy simulator says.

use serde_json::{Value, json};

use crate::cli::case::*;
use crate::cli::snapshots::snapshot;

/// The root denies all but two Regions, the OU what callers of one account ask for.
const GUARDED: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
policies = ["FullAWSAccess", "regions"]

[ou.work]
policies = ["FullAWSAccess", "ours"]

[policy.regions]
[policy.ours]

[account.web]
email = "aws+web@example.org"
ou = "work"
[account.lab]
email = "aws+lab@example.org"
ou = "root"
"#;

const REGIONS: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*", "sts:*"],
  "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]},
  "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}}]}"#;
const OURS: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Ours", "Effect": "Deny", "Action": "s3:*", "Resource": "*",
  "Condition": {"StringEquals": {"aws:PrincipalAccount": "999999999999"}}}]}"#;

fn guarded() -> Case {
    let case = Case::new(GUARDED);
    for (name, text) in [("regions", REGIONS), ("ours", OURS)] {
        std::fs::write(case.path(&format!("policies/{name}.json")), text).unwrap();
    }
    case
}

fn explain(case: &Case, arguments: &[&str]) -> Ran {
    explain_of(case, "web", arguments)
}

fn explain_of(case: &Case, account: &str, arguments: &[&str]) -> Ran {
    case.run(&[&["policy", "explain", "--account", account, "--live", "--sandbox"], arguments].concat())
}

const PUT: [&str; 4] = ["--action", "s3:PutObject", "--principal", "role/Dev"];

fn put(region: &str) -> Vec<String> {
    [&PUT[..], &["--context"]].concat().into_iter().map(str::to_owned).chain([format!("aws:RequestedRegion={region}")]).collect()
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// Whether AWS agrees is what the exit status tells, not what was decided.
#[test]
fn what_is_decided_aws_says_too() {
    let case = guarded();
    let at_home = put("eu-west-1");
    // Neither the organization nor the account is there: guardrails are tried before they are made, but for what asks whose account it is.
    snapshot("explain-live-new.txt", &explain_of(&case, "lab", &words(&at_home)).ends(0).out);
    explain(&case, &words(&at_home)).ends(3);
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    let allowed = explain(&case, &[&words(&at_home)[..], &["--format", "json"]].concat()).ends(0).json();
    assert_eq!((&allowed["decision"], &allowed["live"]["answer"]["decision"]), (&json!("unknown"), &json!("allowed")));
    // Offline nobody knows the account's id; AWS has told it now.
    assert_eq!((&allowed["live"]["agrees"], &allowed["live"]["computed"]), (&json!(true), &json!("within-guard-rails")));
    let caller = allowed["live"]["asked"]["caller"].as_str().unwrap();
    assert!(caller.starts_with("arn:aws:iam::") && caller.ends_with(":role/Dev") && !caller.contains("000000000000"), "{caller}");
    let abroad = put("us-east-1");
    snapshot("explain-live-denied.txt", &explain(&case, &words(&abroad)).ends(0).out);
    let offline = case.run(&[&["policy", "explain", "--account", "web"][..], &words(&abroad)].concat()).ends(2);
    assert!(!offline.out.contains("simulator"), "{}", offline.out);
    let document = case.run(&[&["policy", "explain", "--account", "web", "--format", "json"][..], &words(&abroad)].concat()).ends(2).json();
    assert_eq!(document["live"], Value::Null);
}

/// AWS fills in whose account the caller's is, so it does not take another's word for it.
#[test]
fn where_aws_disagrees_is_told_by_level() {
    let case = guarded();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    let mut lie = put("eu-west-1");
    lie.extend(["--context", "aws:PrincipalAccount=999999999999"].map(str::to_owned));
    snapshot("explain-live-disagrees.txt", &explain(&case, &words(&lie)).ends(2).out);
    let document = explain(&case, &[&words(&lie)[..], &["--format", "json"]].concat()).ends(2).json();
    assert_eq!((&document["decision"], &document["live"]["agrees"]), (&json!("explicit-deny"), &json!(false)));
    assert_eq!(document["live"]["levels"], json!([{"level": "ou.work", "passes": true}]));
}

#[test]
fn what_cannot_be_compared_is_no_agreement() {
    let case = guarded();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    // It hinges on the Region, which AWS takes for absent.
    snapshot("explain-live-open.txt", &explain(&case, &PUT).ends(3).out);
    let not_asked = |arguments: &[&str], why: &str| {
        let document = explain(&case, &[arguments, &["--format", "json"]].concat()).ends(3).json();
        assert!(document["live"]["not_asked"].as_str().unwrap().contains(why), "{document:#}");
        assert_eq!(document["live"]["agrees"], Value::Null);
    };
    not_asked(&["--action", "s3:*"], "no wildcards in an action");
    not_asked(&["--action", "s3:GetObject", "--resource", "arn:aws:s3:::data/*"], "no wildcards in a resource");
    not_asked(&["--action", "s3:GetObject", "--principal", "root"], "users and roles");
    not_asked(&["--action", "s3:GetObject", "--principal", "cloudtrail.amazonaws.com"], "AWS's services are not bound");
    let management = ["policy", "explain", "--account", "111111111111", "--action", "s3:GetObject", "--live", "--sandbox"];
    let management = case.run(&management).ends(3);
    assert!(management.out.contains("not asked: the management account is not bound by them"), "{}", management.out);
}

#[test]
fn it_is_asked_about_one_account_and_one_action() {
    let case = guarded();
    let everybody = ["policy", "explain", "--account", "*", "--action", "s3:GetObject", "--live", "--sandbox"];
    case.run(&everybody).ends(1).says(&["one account at a time", "leave out --live"]);
    explain(&case, &["--action", "s3:*", "--each"]).ends(1).says(&["--each", "--live"]);
    case.run(&["policy", "explain", "--account", "web", "--action", "s3:GetObject", "--sandbox"]).ends(1).says(&["takes no `--sandbox`"]);
}

/// Reads only, and no more than it needs: the account's id, the organization's, and the question.
#[test]
fn it_reads() {
    let case = guarded();
    case.run(&["apply", "--sandbox", "--yes"]).ends(0);
    explain(&case, &[&PUT[..], &["--absent", "aws:RequestedRegion", "--trace", "trace.jsonl"]].concat()).ends(0);
    let calls: Vec<String> = trace(&case.path("trace.jsonl")).iter().map(|line| line["operation"].as_str().unwrap().to_owned()).collect();
    assert_eq!(calls, ["GetCallerIdentity", "DescribeOrganization", "ListAccounts", "SimulateCustomPolicy"]);
}
