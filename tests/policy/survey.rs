//! Many accounts and actions at once, against one question after the other.

use std::sync::Arc;

use overlord::address::Address;
use overlord::policy::{Attached, Catalogue, Fact, Family, Hierarchy, Level, Outcome, Place, Policy, Question, survey};

use crate::generate::Random;

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
        let groups = survey(&template, &accounts, &actions, &hierarchy);
        assert_eq!(groups.iter().map(|group| group.accounts.len()).sum::<usize>(), accounts.len());
        grouped += usize::from(groups.iter().any(|group| group.accounts.len() > 1));
        split += usize::from(groups.len() > 1);
        for group in &groups {
            for account in &group.accounts {
                for action in &actions {
                    let (service, name) = action.split_once(':').unwrap();
                    let question = Question { account: Place::of(account, &hierarchy), action: action.clone(), ..template.clone() };
                    let outcome = question.decide(&hierarchy).outcome;
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
