//! Many accounts and actions at once, against one question after the other.

use std::sync::Arc;

use overlord::address::Address;
use overlord::diagnostic::{Source, Span};
use overlord::policy::{
    Attached, Catalogue, Evaluator, Expectation, Expected, Fact, Failure, Family, Hierarchy, Level, Outcome, Place, Policy, Question, Test,
    Verdict, impact, survey,
};

use crate::policy::generate::Random;

/// Statements that tell accounts, actions and resources apart, and some that do not.
const STATEMENTS: &[&str] = &[
    r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#,
    r#"{"Effect": "Allow", "Action": ["s3:*", "sqs:Send*"], "Resource": "*"}"#,
    r#"{"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"}"#,
    r#"{"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}"#,
    r#"{"Effect": "Deny", "NotAction": ["s3:*", "kms:*"], "Resource": "*"}"#,
    r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "222222222222"}}}"#,
    r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:PrincipalAccount}/*"}"#,
    r#"{"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalArn": "*:role/admin"}}}"#,
    r#"{"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}}"#,
    r#"{"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}"#,
    r#"{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}"#,
];

fn policies() -> Vec<Attached> {
    let policy = |(i, statement): (usize, &&str)| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
        Attached { name: format!("p{i}").into(), policy: Some(Arc::new(Policy::parse(&text).unwrap())) }
    };
    STATEMENTS.iter().enumerate().map(policy).collect()
}

fn organization(random: &mut Random, policies: &[Attached]) -> Hierarchy {
    let mut level = |parent: Option<&Address>| {
        let mut some = |most: usize| (0..random.below(most)).map(|_| policies[random.below(policies.len())].clone()).collect::<Vec<_>>();
        let mut scps = some(3);
        if !random.one_in(6) {
            scps.push(policies[0].clone());
        }
        let mut some = |most: usize| (0..random.below(most)).map(|_| policies[random.below(policies.len())].clone()).collect::<Vec<_>>();
        Level { parent: parent.cloned(), scps, rcps: [vec![policies[0].clone()], some(2)].concat() }
    };
    let root = Address::new("organization", "main");
    let mut levels = vec![(root.clone(), level(None))];
    let ous = ["a", "b"].map(|key| Address::new("ou", key));
    levels.extend(ous.iter().map(|ou| (ou.clone(), level(Some(&root)))));
    let plain = Level { scps: vec![policies[0].clone()], rcps: vec![policies[0].clone()], ..Level::default() };
    for i in 0..8 {
        let parent = Some(ous[i % 2].clone());
        let own = if i < 6 { Level { parent, ..plain.clone() } } else { Level { parent, ..level(None) } };
        levels.push((Address::new("account", format!("m{i}")), own));
    }
    let id = |i: usize, id: &str| (Address::new("account", format!("m{i}")), id.to_owned());
    Hierarchy {
        levels: levels.into_iter().collect(),
        families: [Family::Scp, Family::Rcp].into(),
        management: "111111111111".to_owned(),
        ids: [id(0, "222222222222"), id(3, "333333333333"), id(7, "111111111111")].into(),
    }
}

#[test]
fn all_at_once_is_one_after_the_other() {
    let (mut random, policies) = (Random::new(11), policies());
    let actions: Vec<String> =
        ["s3:*Object", "sqs:*", "kms:*rypt*", "ec2:CreateVpc"].iter().flat_map(|p| Catalogue::built_in().actions_matching(p)).collect();
    assert!(actions.len() > 20, "{actions:?}");
    let (mut grouped, mut split) = (0, 0);
    for _ in 0..150 {
        let hierarchy = organization(&mut random, &policies);
        let accounts: Vec<Address> = hierarchy.accounts().cloned().collect();
        let resources = [
            None,
            Some("arn:aws:s3:::222222222222/x"),
            Some("arn:aws:sqs:eu-west-1:333333333333:q"),
            Some("arn:aws:kms:eu-west-1:999999999999:key/1"),
        ];
        let facts = [
            vec![],
            vec![("aws:SecureTransport".to_owned(), Fact::known(["true"])), ("aws:RequestedRegion".to_owned(), Fact::known(["eu-west-1"]))],
        ];
        let template = Question {
            account: Place::Outside,
            principal: random.pick(&[None, Some("role/admin")]).map(str::to_owned),
            action: "*".to_owned(),
            resource: random.pick(&resources).map(str::to_owned),
            owner: None,
            facts: facts[random.below(2)].clone(),
        };
        let catalogue = Catalogue::built_in();
        let groups = survey(&template, &accounts, &actions, &Evaluator::new(&hierarchy, &catalogue));
        assert_eq!(groups.iter().map(|group| group.accounts.len()).sum::<usize>(), accounts.len());
        grouped += usize::from(groups.iter().any(|group| group.accounts.len() > 1));
        split += usize::from(groups.len() > 1);
        for group in &groups {
            for account in &group.accounts {
                for action in &actions {
                    let (service, name) = action.split_once(':').unwrap();
                    let question = Question { account: Place::of(account, &hierarchy), action: action.clone(), ..template.clone() };
                    let outcome = question.decide(&hierarchy, &catalogue).outcome;
                    let told: Vec<Outcome> = group
                        .outcomes
                        .iter()
                        .filter(|(_, by)| by.get(service).is_some_and(|names| names.contains(name)))
                        .map(|(outcome, _)| *outcome)
                        .collect();
                    assert_eq!(told, [outcome], "{account} {action} {template:?}\n{hierarchy:#?}");
                }
            }
        }
    }
    assert!(grouped > 100 && split > 100, "{grouped} {split}");
}

fn span() -> Span {
    Span { source: Arc::new(Source::new("org.toml", "")), range: (0..0).into() }
}

fn test(accounts: &[Address], principals: &[&str], resources: &[&str], expected: &[(&str, Expected)]) -> Test {
    let strings = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let expectation = |(action, expected): &(&str, Expected)| Expectation { action: (*action).to_owned(), expected: *expected, at: span() };
    Test {
        name: "t".to_owned(),
        at: span(),
        accounts: accounts.to_vec(),
        principals: strings(principals),
        resources: strings(resources),
        facts: vec![("aws:SecureTransport".to_owned(), Fact::known(["true"]))],
        expectations: expected.iter().map(expectation).collect(),
    }
}

/// A `[[test]]` says of each account what one question after the other says, failures in the same order.
#[test]
fn a_test_is_one_question_after_the_other() {
    let (mut random, policies, catalogue) = (Random::new(23), policies(), Catalogue::built_in());
    let (mut failed, mut passed) = (0, 0);
    for _ in 0..120 {
        let hierarchy = organization(&mut random, &policies);
        let accounts: Vec<Address> = hierarchy.accounts().cloned().collect();
        let actions = ["s3:PutObject", "sqs:*", "kms:Decrypt", "kms:CreateKey", "new:Thing"];
        let expected = actions.map(|action| (action, random.pick(&[Expected::Allow, Expected::Deny])));
        let resources: &[&str] = random.pick(&[&[] as &[&str], &["arn:aws:s3:::222222222222/x", "arn:aws:sqs:eu-west-1:333333333333:q"]]);
        let test = test(&accounts, random.pick(&[&[] as &[&str], &["role/admin", "root"]]), resources, &expected);
        let evaluator = Evaluator::new(&hierarchy, &catalogue);
        for result in test.run(&evaluator) {
            let (mut asked, mut failures) = (0, Vec::new());
            let each = |list: &[String]| if list.is_empty() { vec![None] } else { list.iter().cloned().map(Some).collect() };
            for account in &accounts {
                for principal in each(&test.principals) {
                    for resource in each(&test.resources) {
                        asked += 1;
                        let question = Question {
                            account: Place::of(account, &hierarchy),
                            principal: principal.clone(),
                            action: result.expectation.action.clone(),
                            resource: resource.clone(),
                            owner: None,
                            facts: test.facts.clone(),
                        };
                        let decision = question.decide(&hierarchy, &catalogue);
                        if !result.expectation.expected.is_met_by(decision.outcome) {
                            failures.push(Failure { account: account.clone(), principal: principal.clone(), resource, decision });
                        }
                    }
                }
            }
            (failed, passed) = (failed + failures.len(), passed + asked - failures.len());
            assert_eq!((result.asked, result.failures), (asked, failures));
        }
    }
    assert!(failed > 1_000 && passed > 1_000, "{failed} {passed}");
}

/// 5,000 accounts without a known id below guardrails that except a role of each account are one class: what is decided does not grow with them.
#[test]
fn accounts_that_cannot_differ_are_decided_once() {
    let attached = |text: &str| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {text}}}"#);
        Attached { name: text.as_str().into(), policy: Some(Arc::new(Policy::parse(&text).unwrap())) }
    };
    let everything = attached(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    let guard = attached(
        r#"{"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Admin"}}}"#,
    );
    let decided = |count: usize| {
        let root = Address::new("organization", "main");
        let mut hierarchy = Hierarchy { management: "111111111111".to_owned(), families: [Family::Scp].into(), ..Hierarchy::default() };
        hierarchy.levels.insert(root.clone(), Level { scps: vec![everything.clone(), guard.clone()], ..Level::default() });
        let accounts: Vec<Address> = (0..count).map(|number| Address::new("account", format!("a{number}"))).collect();
        for account in &accounts {
            let level = Level { parent: Some(root.clone()), scps: vec![everything.clone()], ..Level::default() };
            hierarchy.levels.insert(account.clone(), level);
        }
        let catalogue = Catalogue::built_in();
        let evaluator = Evaluator::new(&hierarchy, &catalogue);
        let expected = [("cloudtrail:StopLogging", Expected::Deny), ("s3:*", Expected::Allow), ("gamelift:*", Expected::Allow)];
        let results = test(&accounts, &["role/Developer", "role/other/Developer"], &[], &expected).run(&evaluator).len();
        assert_eq!(results, 3);
        let template = Question {
            account: Place::Outside,
            principal: Some("role/Admin".to_owned()),
            action: "cloudtrail:*".to_owned(),
            resource: None,
            owner: None,
            facts: Vec::new(),
        };
        let groups = survey(&template, &accounts, &["cloudtrail:StopLogging".to_owned()], &evaluator);
        assert_eq!(groups.iter().map(|group| group.accounts.len()).collect::<Vec<_>>(), [count]);
        evaluator.decided()
    };
    assert_eq!((decided(2), decided(5_000)), (7, 7));
}

/// The resource of an action that takes none is `*`: for `explain`, for `[[test]]` and for what a change does.
#[test]
fn actions_without_a_resource_are_judged_alike_everywhere() {
    let catalogue = Catalogue::built_in();
    let account = Address::new("account", "a");
    let hierarchy = |statement: &str| {
        let text = |statement: &str| format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
        let attached =
            |statement: &str| Attached { name: statement.into(), policy: Some(Arc::new(Policy::parse(&text(statement)).unwrap())) };
        let root = Address::new("organization", "main");
        let scps = vec![attached(STATEMENTS[0]), attached(statement)];
        let levels = [
            (root.clone(), Level { scps, ..Level::default() }),
            (account.clone(), Level { parent: Some(root), scps: vec![attached(STATEMENTS[0])], ..Level::default() }),
        ];
        Hierarchy { levels: levels.into(), families: [Family::Scp].into(), management: "111111111111".to_owned(), ..Hierarchy::default() }
    };
    let before = hierarchy(STATEMENTS[0]);
    for (statement, expected) in [
        (r#"{"Effect": "Deny", "Action": ["kms:CreateKey", "kms:DisableKey"], "Resource": "arn:aws:kms:*:*:key/*"}"#, Expected::Allow),
        (r#"{"Effect": "Deny", "Action": "kms:CreateKey", "NotResource": "arn:aws:kms:*:*:key/*"}"#, Expected::Deny),
    ] {
        let after = hierarchy(statement);
        for resource in [None, Some("arn:aws:kms:eu-west-1:222222222222:key/1"), Some("*")] {
            let question = Question {
                account: Place::Member(account.clone()),
                principal: None,
                action: "kms:CreateKey".to_owned(),
                resource: resource.map(str::to_owned),
                owner: None,
                facts: Vec::new(),
            };
            assert!(expected.is_met_by(question.decide(&after, &catalogue).outcome), "{statement} {resource:?}");
            let resources: Vec<&str> = resource.into_iter().collect();
            let test = test(std::slice::from_ref(&account), &[], &resources, &[("kms:CreateKey", expected)]);
            assert_eq!(test.run(&Evaluator::new(&after, &catalogue))[0].failures, [], "{statement} {resource:?}");
        }
        let shifts: Vec<(Verdict, Verdict)> = impact(&before, &after, &catalogue)
            .groups
            .iter()
            .flat_map(|group| &group.shifts)
            .filter(|shift| shift.actions.includes("kms:CreateKey"))
            .map(|shift| (shift.from, shift.to))
            .collect();
        let denied = vec![(Verdict::Passes, Verdict::Denied)];
        assert_eq!(shifts, if expected == Expected::Deny { denied } else { Vec::new() }, "{statement}");
    }
}
