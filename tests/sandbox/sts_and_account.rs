//! STS and Account Management: who the caller is, sessions in members, and names.

use aws_sdk_account::error::ProvideErrorMetadata;
use aws_sdk_organizations::operation::RequestId;
use overlord::sandbox::{RequestOutcome, Sandbox, Weather, World};

use crate::sandbox::common::*;

fn world() -> (World, String) {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(overlord::sandbox::world::FeatureSet::All);
    let member = world.add_account("member", "member@example.com", &root);
    (world, member)
}

#[tokio::test]
async fn an_assumed_role_acts_in_its_account() {
    let (world, member) = world();
    let sandbox = Sandbox::new(world, Weather::default());
    let sts = aws_sdk_sts::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some(MANAGEMENT));

    let role = format!("arn:aws:iam::{member}:role/OrganizationAccountAccessRole");
    let assumed = sts.assume_role().role_arn(&role).role_session_name("overlord").send().await.unwrap();
    let key = assumed.credentials().unwrap().access_key_id();
    assert!(key.starts_with(&format!("ASIA{member}")));
    assert!(assumed.credentials().unwrap().expiration().secs() > 0);
    let inside = aws_sdk_sts::Client::new(&config(&sandbox, key, 1));
    let identity = inside.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some(member.as_str()));
    let arn = format!("arn:aws:sts::{member}:assumed-role/OrganizationAccountAccessRole/overlord");
    assert_eq!(identity.arn(), Some(arn.as_str()));
    assert_eq!(sandbox.journal().last().unwrap().account, member);

    for (client, role) in [
        (&sts, format!("arn:aws:iam::{member}:role/Other")),
        (&sts, "arn:aws:iam::999999999999:role/OrganizationAccountAccessRole".to_owned()),
        (&sts, format!("arn:aws:iam::{MANAGEMENT}:role/OrganizationAccountAccessRole")),
        (&inside, role),
    ] {
        let denied = client.assume_role().role_arn(&role).role_session_name("test").send().await.unwrap_err();
        assert_eq!(denied.as_service_error().unwrap().code(), Some("AccessDenied"), "{role}");
        assert!(denied.request_id().is_some());
    }
    let unserved = sts.get_session_token().send().await.unwrap_err();
    assert_eq!(unserved.as_service_error().unwrap().message(), Some("the sandbox does not serve `sts:GetSessionToken`"));
}

#[tokio::test]
async fn members_are_named_only_with_trusted_access() {
    let (mut world, member) = world();
    let account = |world: &World| {
        let sandbox = Sandbox::new(world.clone(), Weather::default());
        let client = aws_sdk_account::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
        (sandbox, client)
    };
    let (sandbox, client) = account(&world);
    let put = client.put_account_name().account_id(&member).account_name("renamed");
    assert_eq!(put.send().await.unwrap_err().as_service_error().unwrap().code(), Some("AccessDeniedException"));
    assert_eq!(sandbox.world().accounts[&member].name, "member");
    client.put_account_name().account_name("root").send().await.unwrap();
    assert_eq!(sandbox.world().accounts[MANAGEMENT].name, "root");

    world.trusted_services.insert("account.amazonaws.com".to_owned(), 0);
    let (sandbox, client) = account(&world);
    client.put_account_name().account_id(&member).account_name("renamed").send().await.unwrap();
    assert_eq!(sandbox.world().accounts[&member].name, "renamed");
    let shown = client.get_account_information().account_id(&member).send().await.unwrap();
    assert_eq!(shown.account_name(), Some("renamed"));
    let own = client.put_account_name().account_id(MANAGEMENT).account_name("x").send().await.unwrap_err();
    assert_eq!(own.as_service_error().unwrap().code(), Some("ValidationException"));
    let gone = client.put_account_name().account_id("999999999999").account_name("x").send().await.unwrap_err();
    assert_eq!(gone.as_service_error().unwrap().code(), Some("AccessDeniedException"));
    assert_eq!(sandbox.journal().last().unwrap().outcome, RequestOutcome::Refused("AccessDeniedException".to_owned()));
}

/// STS issues credentials only in a Region that both accounts have enabled; so does RAM answer.
#[tokio::test]
async fn a_region_that_an_account_has_not_enabled_is_refused() {
    let (mut world, member) = world();
    let there = |key: &str, sandbox: &Sandbox| {
        config(sandbox, key, 1).into_builder().region(aws_types::region::Region::new("eu-central-2")).build()
    };
    let role = format!("arn:aws:iam::{member}:role/OrganizationAccountAccessRole");
    let sandbox = Sandbox::new(world.clone(), Weather::default());
    let sts = aws_sdk_sts::Client::new(&there("AKIAMANAGEMENT", &sandbox));
    assert_eq!(refusal(sts.get_caller_identity().send().await), "InvalidClientTokenId");
    let ram = aws_sdk_ram::Client::new(&there("AKIAMANAGEMENT", &sandbox));
    assert_eq!(refusal(ram.enable_sharing_with_aws_organization().send().await), "UnrecognizedClientException");

    let opt_in = overlord::sandbox::world::OptIn { enabled: true, due_ms: 0 };
    let mut enable = |account: &str| {
        world.opt_ins.entry(account.to_owned()).or_default().insert("eu-central-2".to_owned(), opt_in);
    };
    enable(MANAGEMENT);
    let sandbox = Sandbox::new(world.clone(), Weather::default());
    let sts = aws_sdk_sts::Client::new(&there("AKIAMANAGEMENT", &sandbox));
    sts.get_caller_identity().send().await.unwrap();
    let assume = || sts.assume_role().role_arn(&role).role_session_name("overlord");
    assert_eq!(refusal(assume().send().await), "RegionDisabledException");
    let root = sts.assume_root().target_principal(&member);
    let policy =
        aws_sdk_sts::types::PolicyDescriptorType::builder().arn("arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials").build();
    assert_eq!(refusal(root.task_policy_arn(policy).send().await), "RegionDisabledException");
}
