//! Checks every rule against its own examples.

use std::sync::Arc;

use super::*;
use crate::address::Address;
use crate::policy::global_services::GLOBAL_SERVICES;
use crate::policy::hierarchy::{Attached, Level};
use crate::policy::{Document, work};

#[path = "../../../tests/policy/worst.rs"]
mod worst;

/// A list of statements, or a whole document.
fn document(statements: &str) -> String {
    if statements.contains(r#""Statement""#) {
        return statements.to_owned();
    }
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

fn policy(statements: &str) -> Policy {
    Policy::parse(&document(statements)).unwrap_or_else(|e| panic!("{e:?}\n{statements}"))
}

/// The ids of the rules that the statements trigger, in an organization of one level.
fn triggered(family: Family, statements: &str, beside: Option<&str>) -> Vec<&'static str> {
    let policy = Arc::new(policy(statements));
    let attach = |name: &str, policy: Arc<Policy>| Attached { name: name.into(), policy: Some(policy) };
    let own = attach("subject", Arc::clone(&policy));
    let others = beside.map(|statements| attach("beside", Arc::new(self::policy(statements))));
    let attached: Vec<Attached> = others.into_iter().chain([own]).collect();
    let level = match family {
        Family::Scp => Level { scps: attached, ..Level::default() },
        Family::Rcp => Level { rcps: attached, ..Level::default() },
    };
    let hierarchy = Hierarchy { levels: [(Address::new("organization", "main"), level)].into(), ..Hierarchy::default() };
    let actions = ["ec2:CreateVpc", "ec2:DeleteVpc", "ec2:DescribeVpcs", "account:EnableRegion", "ram:TagResource"].map(str::to_owned);
    let setting = Setting {
        hierarchy: &hierarchy,
        catalogue: &Catalogue::built_in(),
        access_role: "OrganizationAccountAccessRole",
        access_actions: &actions,
        regions: &["eu-west-1", "eu-central-1"],
        added_regions: &["xy-north-1".to_owned()].into(),
    };
    let subject = Subject { name: "subject", family, policy: &policy, size: statements.len(), limit: 10_240 };
    let text = document(statements);
    lint(&subject, &setting)
        .into_iter()
        .map(|finding| {
            assert!(text.get(finding.at.start..finding.at.end).is_some_and(|there| !there.is_empty()), "{finding:?} has no place");
            assert!(!finding.hint.is_empty() && !finding.summary.is_empty());
            finding.rule.id
        })
        .collect()
}

#[test]
fn every_example_triggers_its_rule_and_its_correction_none() {
    for rule in RULES {
        for example in rule.examples {
            let found = triggered(example.family, example.bad, example.beside);
            assert!(found.contains(&rule.id), "{}: {found:?}\n{}", rule.id, example.bad);
            let errors = found.iter().filter(|id| **id != rule.id && Rule::named(id).is_some_and(|r| r.severity == Severity::Error));
            assert_eq!(errors.count(), 0, "{}: {found:?}", rule.id);
            let found = triggered(example.family, example.good, example.beside);
            assert_eq!(found, Vec::<&str>::new(), "{}: the correction\n{}", rule.id, example.good);
        }
    }
}

#[test]
fn every_rule_is_named_once_and_explained() {
    for (index, rule) in RULES.iter().enumerate() {
        assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.id);
        assert!(RULES.iter().skip(index + 1).all(|other| other.id != rule.id), "{} twice", rule.id);
        assert!(rule.why.ends_with('.') && !rule.finds.ends_with('.') && rule.finds.len() < 100, "{}", rule.id);
    }
}

/// Common and correct documents have no findings.
#[test]
fn good_guard_rails_are_left_alone() {
    let exempt = r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}"#;
    for statements in [
        // Everything beside everything: redundant, and harmless.
        r#"{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}"#.to_owned(),
        // Neither global services nor the Regions that overlord works in are hit.
        format!(
            r#"{{"Sid": "Regions", "Effect": "Deny", "NotAction": {:?}, "Resource": "*",
            "Condition": {{"StringNotEquals": {{"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}}}}}"#,
            GLOBAL_SERVICES.exempt()
        ),
        format!(r#"{{"Sid": "X", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {{{exempt}}}}}"#),
        // Denied unless it comes from there: without the key too, on purpose.
        r#"{"Sid": "Via", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*",
            "Condition": {"ForAllValues:StringNotEquals": {"aws:CalledVia": "athena.amazonaws.com"}}}"#
            .to_owned(),
        // The same actions on other resources.
        r#"{"Sid": "A", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::a-*"},
           {"Sid": "B", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::b-*"}"#
            .to_owned(),
        // A variable stands for any text, so this is not within the first.
        r#"{"Sid": "A", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::a-*"},
           {"Sid": "B", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::${aws:PrincipalTag/team}"}"#
            .to_owned(),
    ] {
        let beside = r#"{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}"#;
        assert_eq!(triggered(Family::Scp, &statements, Some(beside)), Vec::<&str>::new(), "{statements}");
    }
}

/// In a Region that overlord works in, regardless of exemptions.
#[test]
fn the_access_role_is_hit_only_where_that_is_certain() {
    for (condition, expected) in [
        (r#""StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}"#, true),
        (r#""StringEquals": {"aws:RequestedRegion": "us-east-1"}"#, false),
        (r#""StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}"#, false),
        (r#""StringNotEquals": {"aws:PrincipalTag/break-glass": "true"}"#, false),
        (r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Other"}"#, true),
        (r#""Bool": {"aws:SecureTransport": "false"}"#, false),
    ] {
        let statement = format!(r#"{{"Sid": "X", "Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {{{condition}}}}}"#);
        assert_eq!(triggered(Family::Scp, &statement, None).contains(&"access-role"), expected, "{condition}");
    }
}

/// Which of two statements is needless.
#[test]
fn a_shadow_falls_only_on_what_is_covered() {
    let statement = |rest: &str| format!(r#"{{"Sid": "{}", "Effect": "Deny", {rest}}}"#, rest.len());
    for (one, two, expected) in [
        (r#""Action": "s3:*", "Resource": "*""#, r#""Action": "s3:Get?*", "Resource": "*""#, true),
        (r#""Action": "s3:Get*", "Resource": "*""#, r#""Action": "s3:*Acl", "Resource": "*""#, false),
        (r#""NotAction": "s3:*", "Resource": "*""#, r#""Action": ["ec2:*", "IAM:*"], "Resource": "*""#, true),
        (r#""NotAction": "s3:Get*", "Resource": "*""#, r#""Action": "s3:*", "Resource": "*""#, false),
        (r#""NotAction": "s3:*", "Resource": "*""#, r#""NotAction": ["s3:Get*", "ec2:*"], "Resource": "*""#, false),
        (r#""NotAction": "s3:Get*", "Resource": "*""#, r#""NotAction": ["s3:*", "ec2:*"], "Resource": "*""#, true),
        (
            r#""Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:ViaAWSService": "true"}}"#,
            r#""Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:ViaAWSService": "true", "aws:SecureTransport": "true"}}"#,
            true,
        ),
        (
            r#""Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:ViaAWSService": "true"}}"#,
            r#""Action": "s3:Get*", "Resource": "*", "Condition": {"Bool": {"aws:ViaAWSService": "false"}}"#,
            false,
        ),
    ] {
        for (first, second) in [(one, two), (two, one)] {
            let both = format!("{}, {}", statement(first), statement(second));
            assert_eq!(triggered(Family::Scp, &both, None).contains(&"shadowed"), expected, "{both}");
        }
    }
}

#[test]
fn the_access_role_is_looked_after_in_every_service_that_it_calls_and_where_it_calls_it() {
    let deny = |action: &str, operator: &str, region: &str| {
        let condition = format!(r#""Condition": {{"{operator}": {{"aws:RequestedRegion": "{region}"}}}}"#);
        format!(r#"{{"Sid": "A", "Effect": "Deny", "Action": "{action}", "Resource": "*", {condition}}}"#)
    };
    for (action, operator, region, expected) in [
        ("ram:*", "StringEquals", "eu-central-1", true),
        ("ram:*", "StringEquals", "us-east-1", false),
        ("account:*", "StringEquals", "us-east-1", true),
        ("account:*", "StringEquals", "eu-west-1", false),
        ("account:*", "StringNotEquals", "eu-west-1", true),
        ("s3:*", "StringEquals", "eu-west-1", false),
    ] {
        let found = triggered(Family::Scp, &deny(action, operator, region), None);
        assert_eq!(found.contains(&"access-role"), expected, "{action} {operator} {region}: {found:?}");
    }
}

/// What the lints find in each condition or resource, by rule.
#[test]
fn what_matches_nothing_or_everything_is_told() {
    let deny = |rest: &str| format!(r#"{{"Sid": "A", "Effect": "Deny", {rest}}}"#);
    let on = |condition: &str| deny(&format!(r#""Action": "gamelift:*", "Resource": "*", "Condition": {{{condition}}}"#));
    for (statement, rule, expected) in [
        (on(r#""Bool": {"aws:RequestedRegion": "true"}"#), "operator-type", true),
        (on(r#""NumericEquals": {"aws:PrincipalAccount": "111122223333"}"#), "operator-type", true),
        (on(r#""StringEquals": {"aws:SecureTransport": "false"}"#), "operator-type", false),
        (on(r#""Bool": {"aws:PrincipalTag/admin": "false"}"#), "operator-type", false),
        (on(r#""NumericLessThan": {"aws:EpochTime": "1800000000"}"#), "operator-type", false),
        (on(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:sts::111122223333:assumed-role/Admin/*"}"#), "assumed-role-arn", true),
        (on(r#""StringLike": {"aws:PrincipalArn": "*:assumed-role/Admin/*"}"#), "assumed-role-arn", true),
        (on(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/assumed-role/x"}"#), "assumed-role-arn", false),
        (on(r#""StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTags/team}"}"#), "unknown-variable", true),
        (on(r#""StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}"#), "unknown-variable", false),
        (on(r#""StringLike": {"s3:prefix": "${token.actions.githubusercontent.com:sub}/*"}"#), "unknown-variable", false),
        (on(r#""BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}"#), "mfa-absent", false),
        (on(r#""Bool": {"aws:MultiFactorAuthPresent": "true"}"#), "mfa-absent", false),
        (on(r#""Bool": {"aws:MultiFactorAuthPresent": "false"}, "Null": {"aws:MultiFactorAuthPresent": "false"}"#), "mfa-absent", false),
        (deny(r#""Action": "sns:*", "Resource": "arn:aws:sns:eu-*:*:a""#), "unknown-place", false),
        (deny(r#""Action": "sns:*", "Resource": "arn:*:sns:*:*:a""#), "unknown-place", false),
        (deny(r#""Action": "sns:*", "Resource": "arn:aws*:sns:us-gov-west-1:*:a""#), "unknown-place", false),
        (deny(r#""Action": "sns:*", "Resource": "arn:aws:sns:${aws:RequestedRegion}:*:a""#), "unknown-place", false),
        (deny(r#""Action": "sns:*", "Resource": "arn:aws:sns:eu-west-9:*:a""#), "unknown-place", true),
        // [limits] has it.
        (deny(r#""Action": "sns:*", "Resource": "arn:aws:sns:xy-north-1:*:a""#), "unknown-place", false),
        (deny(r#""Action": "sns:*", "Resource": "arn:amazon:sns:*:*:a""#), "unknown-place", true),
        (on(r#""ArnLike": {"aws:PrincipalArn": "arn:aws-china:iam::*:role/x"}"#), "unknown-place", true),
        (on(r#""ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-west-11:*:x"}"#), "unknown-place", true),
        (on(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}"#), "unknown-place", false),
        (deny(r#""Action": "ssm:SendCommand", "Resource": "arn:aws:ec2:*:*:instance/*""#), "other-service", false),
        (deny(r#""Action": ["s3:*", "sqs:*"], "Resource": ["arn:aws:s3:::a/*", "arn:aws:sqs:*:*:a"]"#), "other-service", false),
        (deny(r#""Action": ["s3:*", "sqs:*"], "Resource": ["arn:aws:s3:::a/*", "arn:aws:sns:*:*:a"]"#), "other-service", true),
        (deny(r#""NotAction": "s3:*", "Resource": "arn:aws:sns:*:*:a""#), "other-service", false),
        (deny(r#""Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::a/*"]"#), "bucket-objects", false),
        (deny(r#""Action": "s3:GetObject*", "Resource": "arn:aws:s3:::a""#), "bucket-objects", true),
        (deny(r#""Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::a""#), "bucket-objects", true),
        (deny(r#""Action": "s3:*", "Resource": "arn:aws:s3:::a""#), "bucket-objects", false),
        (deny(r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::a-*""#), "bucket-objects", false),
    ] {
        assert_eq!(triggered(Family::Scp, &statement, None).contains(&rule), expected, "{rule}: {statement}");
    }
}

/// The Deny that everybody writes first, and its kin.
#[test]
fn a_deny_of_regions_leaves_global_services_alone() {
    for (actions, operator, regions, expected) in [
        (r#""Action": "*""#, "StringNotEquals", r#""eu-west-1""#, true),
        (r#""Action": "*""#, "StringNotEqualsIfExists", r#"["eu-west-1", "eu-central-1"]"#, true),
        (r#""Action": "*""#, "StringNotLike", r#""eu-*""#, true),
        (r#""Action": "*""#, "StringEquals", r#""us-east-1""#, true),
        (r#""Action": "*""#, "StringEquals", r#""us-west-1""#, false),
        (r#""Action": "*""#, "StringNotLike", r#"["eu-*", "us-*"]"#, false),
        (r#""Action": "*""#, "StringNotEquals", r#"["cn-north-1"]"#, false),
        (r#""Action": "*""#, "StringNotEquals", r#"["cn-northwest-1"]"#, true),
        (r#""Action": ["ec2:*", "iam:*"]"#, "StringNotEquals", r#""eu-west-1""#, true),
        (r#""Action": ["ec2:*", "rds:*"]"#, "StringNotEquals", r#""eu-west-1""#, false),
        (r#""NotAction": ["iam:*", "route53:*", "support:*"]"#, "StringNotEquals", r#""eu-west-1""#, true),
    ] {
        let condition = format!(r#""Condition": {{"{operator}": {{"aws:RequestedRegion": {regions}}}}}"#);
        let statement = format!(r#"{{"Sid": "A", "Effect": "Deny", {actions}, "Resource": "*", {condition}}}"#);
        assert_eq!(triggered(Family::Scp, &statement, None).contains(&"global-services"), expected, "{statement}");
    }
    // Of what a service does for its caller, nothing is hit.
    let statement = r#"{"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}, "Bool": {"aws:ViaAWSService": "true"}}}"#;
    assert!(!triggered(Family::Scp, statement, None).contains(&"global-services"));
}

/// No document of legal size costs more than a second: some 20 million steps a second are what a build without optimisation makes.
#[test]
fn the_work_of_the_worst_documents_is_bounded() {
    const STEPS: usize = 50_000_000;
    let texts = worst::documents();
    for (what, text) in &texts {
        let size = Document::parse("SERVICE_CONTROL_POLICY", text).unwrap_or_else(|e| panic!("{what}: {e:?}")).size();
        assert!(text.len() <= worst::SIZE && size > worst::SIZE * 4 / 5, "{what}: {size}");
        // Beside itself under another name, as often as a level takes policies.
        let policy = Arc::new(Policy::parse(text).unwrap_or_else(|e| panic!("{what}: {e:?}")));
        let scps = (0..10).map(|number| Attached { name: format!("p{number}").into(), policy: Some(Arc::clone(&policy)) }).collect();
        let level = Level { scps, ..Level::default() };
        let hierarchy = Hierarchy { levels: [(Address::new("organization", "main"), level)].into(), ..Hierarchy::default() };
        let setting = Setting {
            hierarchy: &hierarchy,
            catalogue: &Catalogue::built_in(),
            access_role: "OrganizationAccountAccessRole",
            access_actions: &["ec2:CreateVpc".to_owned(), "ec2:DeleteVpc".to_owned()],
            regions: &["eu-west-1", "eu-central-1"],
            added_regions: &Default::default(),
        };
        let subject = Subject { name: "p9", family: Family::Scp, policy: &policy, size, limit: worst::SIZE };
        let (steps, findings) = work::of(|| lint(&subject, &setting));
        assert!(steps < STEPS, "{what}: {steps} steps");
        assert!(steps > 1_000 && !findings.is_empty(), "{what}: {steps} steps, {} findings", findings.len());
    }
}
