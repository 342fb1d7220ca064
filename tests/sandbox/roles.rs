//! Roles that owners make in their accounts: what IAM refuses, whom STS lets in, and what a role without a policy may do.

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Tag;
use overlord::sandbox::world::FeatureSet;
use overlord::sandbox::{Sandbox, Weather, World};

use crate::sandbox::common::*;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const NAME: &str = "access";

/// An organization, and the id of a member that was made with the usual role.
fn sandbox(weather: Weather) -> (Sandbox, String) {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(FeatureSet::All);
    let member = world.add_account("app", "app@example.com", &root);
    // So long that STS and EC2 know it.
    world.clock_ms += 60_000;
    (Sandbox::new(world, weather), member)
}

fn iam(sandbox: &Sandbox, key: &str) -> Client {
    Client::new(&config(sandbox, key, 1))
}

fn trust(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"{condition}}}}}"#
    )
}

async fn assume(sandbox: &Sandbox, account: &str, external_id: Option<&str>) -> Result<String, String> {
    let sts = aws_sdk_sts::Client::new(&config(sandbox, "AKIAMANAGEMENT", 1));
    let request = sts.assume_role().role_arn(format!("arn:aws:iam::{account}:role/{NAME}")).role_session_name("test");
    match request.set_external_id(external_id.map(str::to_owned)).send().await {
        Ok(answer) => Ok(answer.credentials.unwrap().access_key_id),
        Err(error) => Err(refusal(Err::<(), _>(error))),
    }
}

#[tokio::test]
async fn what_iam_refuses() {
    let (sandbox, member) = sandbox(Weather::default());
    let owner = iam(&sandbox, &format!("AKIA{member}"));
    let create = |name: &str, trust: &str| owner.create_role().role_name(name).assume_role_policy_document(trust).send();
    let fine = trust(MANAGEMENT, "");
    assert_eq!(refusal(owner.get_role().role_name(NAME).send().await), "NoSuchEntity");
    assert_eq!(refusal(owner.list_attached_role_policies().role_name(NAME).send().await), "NoSuchEntity");
    assert_eq!(refusal(create("a b", &fine).await), "ValidationError");
    for malformed in ["{", "[]", "{}"] {
        assert_eq!(refusal(create(NAME, malformed).await), "MalformedPolicyDocument");
    }
    // The role that CreateAccount made is a role as any other.
    let born = owner.get_role().role_name("OrganizationAccountAccessRole").send().await.unwrap().role.unwrap();
    assert!(born.assume_role_policy_document().unwrap().contains(&format!("%3A{MANAGEMENT}%3Aroot")), "{born:?}");
    assert_eq!(refusal(create("OrganizationAccountAccessRole", &fine).await), "EntityAlreadyExists");

    let tag = Tag::builder().key("team").value("core + co").build().unwrap();
    let made = owner.create_role().role_name(NAME).assume_role_policy_document(&fine).tags(tag.clone()).send().await.unwrap();
    let found = owner.get_role().role_name(NAME).send().await.unwrap().role;
    assert_eq!((made.role, found.as_ref().unwrap().tags()), (found.clone(), [tag].as_slice()));
    assert_eq!(refusal(create(NAME, &fine).await), "EntityAlreadyExists");
    let attach = |role: &str, policy: &str| owner.attach_role_policy().role_name(role).policy_arn(policy).send();
    assert_eq!(refusal(attach("other", ADMINISTRATOR).await), "NoSuchEntity");
    assert_eq!(refusal(attach(NAME, "arn:aws:iam::111111111111:policy/ours").await), "NoSuchEntity");
    for _ in 0..2 {
        attach(NAME, ADMINISTRATOR).await.unwrap();
    }
    let attached = owner.list_attached_role_policies().role_name(NAME).send().await.unwrap();
    let names: Vec<_> = attached.attached_policies().iter().map(|policy| policy.policy_name().unwrap()).collect();
    assert_eq!(names, ["AdministratorAccess"]);
    // What is another account's, that one does not see.
    assert_eq!(refusal(iam(&sandbox, "AKIA999999999999").get_role().role_name(NAME).send().await), "NoSuchEntity");
}

#[tokio::test]
async fn whom_a_trust_policy_lets_in() {
    let with_id = r#","Condition":{"StringEquals":{"sts:ExternalId":"corp-1"}}"#;
    let with_mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
    let (root, another) = (format!("arn:aws:iam::{MANAGEMENT}:root"), "arn:aws:iam::999999999999:root".to_owned());
    let cases = [
        (trust(&root, ""), [true, true]),
        (trust(MANAGEMENT, r#","Condition":{}"#), [true, true]),
        (trust(&another, ""), [false, false]),
        (trust(&root, with_id), [false, true]),
        (trust(&root, with_mfa), [false, false]),
    ];
    for (trust, expected) in cases {
        let (sandbox, member) = sandbox(Weather::default());
        let owner = iam(&sandbox, &format!("AKIA{member}"));
        owner.create_role().role_name(NAME).assume_role_policy_document(&trust).send().await.unwrap();
        let let_in = [assume(&sandbox, &member, None).await.is_ok(), assume(&sandbox, &member, Some("corp-1")).await.is_ok()];
        assert_eq!(let_in, expected, "{trust}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_role_takes_its_time_and_without_a_policy_it_may_nothing() {
    let (sandbox, member) = sandbox(Weather { account_ready_ms: 60_000, ..Weather::default() });
    let owner = iam(&sandbox, &format!("AKIA{member}"));
    owner.create_role().role_name(NAME).assume_role_policy_document(trust(MANAGEMENT, "")).send().await.unwrap();
    assert_eq!(assume(&sandbox, &member, None).await.unwrap_err(), "AccessDenied");
    tokio::time::advance(Duration::from_secs(30)).await;
    let key = assume(&sandbox, &member, None).await.unwrap();
    let session = config(&sandbox, &key, 1);
    aws_sdk_sts::Client::new(&session).get_caller_identity().send().await.unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&session);
    assert_eq!(refusal(ec2.describe_vpcs().send().await), "UnauthorizedOperation");
    assert_eq!(refusal(Client::new(&session).get_role().role_name(NAME).send().await), "AccessDenied");
    owner.attach_role_policy().role_name(NAME).policy_arn(ADMINISTRATOR).send().await.unwrap();
    ec2.describe_vpcs().send().await.unwrap();
    Client::new(&session).get_role().role_name(NAME).send().await.unwrap();
}

#[tokio::test]
async fn a_session_is_no_longer_than_its_role_allows() {
    let (sandbox, member) = sandbox(Weather::default());
    let owner = iam(&sandbox, &format!("AKIA{member}"));
    let create = |name: &str, seconds: i32| {
        let trust = trust(MANAGEMENT, "");
        owner.create_role().role_name(name).assume_role_policy_document(trust).max_session_duration(seconds).send()
    };
    assert_eq!(refusal(create(NAME, 60_000).await), "ValidationError");
    let made = create(NAME, 7_200).await.unwrap().role.unwrap();
    assert_eq!(made.max_session_duration(), Some(7_200));
    owner.attach_role_policy().role_name(NAME).policy_arn(ADMINISTRATOR).send().await.unwrap();
    let assume = async |key: &str, role: &str, seconds: i32| {
        let sts = aws_sdk_sts::Client::new(&config(&sandbox, key, 1));
        let request = sts.assume_role().role_arn(format!("arn:aws:iam::{member}:role/{role}")).role_session_name("test");
        request.duration_seconds(seconds).send().await.map(|answer| answer.credentials.unwrap().access_key_id)
    };
    for (role, seconds) in [(NAME, 899), (NAME, 43_201), (NAME, 7_201), ("OrganizationAccountAccessRole", 3_601)] {
        assert_eq!(refusal(assume("AKIAMANAGEMENT", role, seconds).await), "ValidationError", "{role} {seconds}");
    }
    assume("AKIAMANAGEMENT", NAME, 7_200).await.unwrap();
    let session = assume("AKIAMANAGEMENT", "OrganizationAccountAccessRole", 3_600).await.unwrap();
    let chained = aws_sdk_sts::Client::new(&config(&sandbox, &session, 1));
    let request = chained.assume_role().role_arn(format!("arn:aws:iam::{member}:role/{NAME}")).role_session_name("test");
    assert_eq!(refusal(request.duration_seconds(7_200).send().await), "ValidationError", "a chained session lasts an hour");
}

#[tokio::test]
async fn a_policy_that_aws_does_not_have_is_not_attached() {
    let (sandbox, member) = sandbox(Weather::default());
    let owner = iam(&sandbox, &format!("AKIA{member}"));
    let role = "OrganizationAccountAccessRole";
    let attach = |policy: &str| owner.attach_role_policy().role_name(role).policy_arn(policy).send();
    assert_eq!(refusal(attach("arn:aws:iam::aws:policy/AdministratorAcces").await), "NoSuchEntity");
    assert_eq!(refusal(attach(&format!("arn:aws:iam::{member}:policy/own")).await), "NoSuchEntity");
    attach("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess").await.unwrap();
}
