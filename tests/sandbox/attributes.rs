//! The attributes of accounts that Account Management and IAM keep: contacts, e-mails and root users, each refusal with AWS's code.

use aws_sdk_account::types::{AlternateContactType, ContactInformation};
use aws_sdk_sts::types::PolicyDescriptorType;
use overlord::sandbox::world::FeatureSet;
use overlord::sandbox::{AccountState, Sandbox, Weather, World};

use crate::sandbox::common::*;

const TRUST: &str = "account.amazonaws.com";

/// An organization that trusts a service, with a member and another one.
fn world(trusted: Option<&str>) -> (World, String, String) {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(FeatureSet::All);
    let member = world.add_account("member", "member@example.org", &root);
    let other = world.add_account("other", "other@example.org", &root);
    world.trusted_services.extend(trusted.map(|service| (service.to_owned(), 0)));
    (world, member, other)
}

fn account(world: World, key: &str) -> (Sandbox, aws_sdk_account::Client) {
    let sandbox = Sandbox::new(world, Weather::default());
    let client = aws_sdk_account::Client::new(&config(&sandbox, key, 1));
    (sandbox, client)
}

#[tokio::test]
async fn contacts_are_written_and_read_back() {
    let (world, member, _) = world(Some(TRUST));
    let (_, client) = account(world, "AKIAMANAGEMENT");
    let billing = || client.get_alternate_contact().alternate_contact_type(AlternateContactType::Billing).account_id(&member);
    assert_eq!(refusal(billing().send().await), "ResourceNotFoundException");
    // A management account has its contact from the beginning.
    assert!(client.get_contact_information().send().await.unwrap().contact_information.is_some());
    let put = |phone: &str| {
        let put = client.put_alternate_contact().alternate_contact_type(AlternateContactType::Billing).account_id(&member);
        put.name("Ledger").title("Accountant").email_address("bills@example.org").phone_number(phone)
    };
    put("1").send().await.unwrap();
    put("2").send().await.unwrap();
    let read = billing().send().await.unwrap().alternate_contact.unwrap();
    assert_eq!((read.name(), read.phone_number()), (Some("Ledger"), Some("2")));
    assert_eq!(refusal(put(&"1".repeat(26)).send().await), "ValidationException");
    let security = client.get_alternate_contact().alternate_contact_type(AlternateContactType::Security).account_id(&member);
    assert_eq!(refusal(security.send().await), "ResourceNotFoundException");

    let information = |country: &str, phone: &str| {
        let builder = ContactInformation::builder().full_name("Ada").address_line1("1 Main Street").city("Oslo").postal_code("0150");
        builder.country_code(country).phone_number(phone).build().unwrap()
    };
    client.put_contact_information().contact_information(information("NO", "+47 1")).send().await.unwrap();
    let read = client.get_contact_information().send().await.unwrap().contact_information.unwrap();
    assert_eq!((read.country_code(), read.company_name()), ("NO", None));
    for wrong in [information("US", "+1 555"), information("NO", "555"), information("Norway", "+47 1")] {
        assert_eq!(refusal(client.put_contact_information().contact_information(wrong).send().await), "ValidationException");
    }
}

#[tokio::test]
async fn members_speak_for_themselves_and_the_management_account_only_in_trust() {
    let (world, member, other) = world(None);
    let (sandbox, client) = account(world, "AKIAMANAGEMENT");
    let read = |client: &aws_sdk_account::Client| client.get_alternate_contact().alternate_contact_type(AlternateContactType::Billing);
    assert_eq!(refusal(read(&client).account_id(&member).send().await), "AccessDeniedException");
    let own = aws_sdk_account::Client::new(&config(&sandbox, &format!("AKIA{member}"), 1));
    assert_eq!(refusal(read(&own).send().await), "ResourceNotFoundException");
    assert_eq!(refusal(read(&own).account_id(&other).send().await), "AccessDeniedException");
}

#[tokio::test]
async fn an_email_changes_with_its_code_alone() {
    let (world, member, _) = world(Some(TRUST));
    let (sandbox, client) = account(world, "AKIAMANAGEMENT");
    let start = |email: &str| client.start_primary_email_update().account_id(&member).primary_email(email);
    let accept = |email: &str, code: &str| client.accept_primary_email_update().account_id(&member).primary_email(email).otp(code);
    assert_eq!(refusal(accept("new@example.org", "123456").send().await), "ResourceNotFoundException");
    assert_eq!(refusal(start("Other@example.org").send().await), "ConflictException");
    assert_eq!(refusal(start("nobody").send().await), "ValidationException");
    assert_eq!(
        refusal(client.start_primary_email_update().account_id(MANAGEMENT).primary_email("m@example.org").send().await),
        "ValidationException"
    );
    start("new@example.org").send().await.unwrap();
    let first = sandbox.world().email_updates[&member].code.clone();
    start("new@example.org").send().await.unwrap();
    assert_eq!(refusal(accept("new@example.org", &first).send().await), "ValidationException");
    let code = sandbox.world().email_updates[&member].code.clone();
    assert_eq!(refusal(accept("newer@example.org", &code).send().await), "ResourceNotFoundException");
    accept("new@example.org", &code).send().await.unwrap();
    let world = sandbox.world();
    assert_eq!(world.accounts[&member].email, "new@example.org");
    assert!(world.accounts_with_email("member@example.org").is_empty() && world.accounts_with_email("NEW@example.org").contains(&member));
    assert_eq!(refusal(accept("new@example.org", &code).send().await), "ResourceNotFoundException");
}

#[tokio::test]
async fn fifty_regions_at_a_time_in_an_organization() {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(FeatureSet::All);
    let accounts: Vec<String> = (0..9).map(|n| world.add_account(&format!("a{n}"), &format!("a{n}@example.org"), &root)).collect();
    let sandbox = Sandbox::new(world, Weather::parse("region=100000").unwrap());
    let opt_in = ["af-south-1", "ap-east-1", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ca-west-1", "eu-south-1"];
    let mut enabled = 0;
    for account in &accounts {
        let client = aws_sdk_account::Client::new(&config(&sandbox, &format!("AKIA{account}"), 1));
        for (position, region) in opt_in.iter().enumerate() {
            match client.enable_region().region_name(*region).send().await {
                Ok(_) => enabled += 1,
                refused => {
                    assert_eq!(refusal(refused), "TooManyRequestsException");
                    assert!(position >= 6 || enabled >= 50, "refused too early");
                }
            }
        }
    }
    assert_eq!(enabled, 50);
}

#[tokio::test]
async fn root_access_is_central_only_in_trust_and_root_users_are_looked_at_and_cleared_in_sessions_for_it() {
    let (mut world, member, other) = world(None);
    world.root_credentials.insert(member.clone(), ["access-key AKIAROOT000000EXAMPLE", "password"].map(str::to_owned).into());
    world.accounts.get_mut(&other).unwrap().state = AccountState::Suspended;
    let untrusted = Sandbox::new(world.clone(), Weather::default());
    let iam = |sandbox: &Sandbox, key: &str| aws_sdk_iam::Client::new(&config(sandbox, key, 1));
    assert_eq!(refusal(iam(&untrusted, "AKIAMANAGEMENT").list_organizations_features().send().await), "ServiceAccessNotEnabledException");
    world.trusted_services.insert("iam.amazonaws.com".to_owned(), 0);
    let sandbox = Sandbox::new(world, Weather::default());
    let management = iam(&sandbox, "AKIAMANAGEMENT");
    let of_a_member = iam(&sandbox, &format!("AKIA{member}")).enable_organizations_root_sessions().send().await;
    assert_eq!(refusal(of_a_member), "AccountNotManagementOrDelegatedAdministratorException");
    assert!(management.list_organizations_features().send().await.unwrap().enabled_features().is_empty());

    let sts = aws_sdk_sts::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
    let assume = |account: &str, task: &str| {
        let policy = PolicyDescriptorType::builder().arn(format!("arn:aws:iam::aws:policy/root-task/{task}")).build();
        sts.assume_root().target_principal(account).task_policy_arn(policy)
    };
    let (audit, delete) = ("IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials");
    assert_eq!(refusal(assume(&member, audit).send().await), "AccessDenied");
    management.enable_organizations_root_credentials_management().send().await.unwrap();
    let features = management.enable_organizations_root_sessions().send().await.unwrap();
    assert_eq!(features.enabled_features().len(), 2);
    for nobody in [MANAGEMENT, other.as_str(), "999999999999"] {
        assert_eq!(refusal(assume(nobody, audit).send().await), "AccessDenied");
    }
    assert_eq!(refusal(assume(&member, "Everything").send().await), "ValidationError");
    assert_eq!(refusal(assume(&member, audit).duration_seconds(901).send().await), "ValidationError");

    let key_of = async |task: &str| assume(&member, task).send().await.unwrap().credentials.unwrap().access_key_id;
    let (reader, remover) = (iam(&sandbox, &key_of(audit).await), iam(&sandbox, &key_of(delete).await));
    let keys = reader.list_access_keys().send().await.unwrap();
    assert_eq!(keys.access_key_metadata()[0].access_key_id(), Some("AKIAROOT000000EXAMPLE"));
    assert!(reader.list_mfa_devices().send().await.unwrap().mfa_devices().is_empty());
    assert!(reader.list_signing_certificates().send().await.unwrap().certificates().is_empty());
    reader.get_login_profile().send().await.unwrap();
    assert_eq!(refusal(reader.delete_login_profile().send().await), "AccessDenied");
    assert_eq!(refusal(management.list_access_keys().send().await), "AccessDenied");
    remover.delete_login_profile().send().await.unwrap();
    assert_eq!(refusal(remover.delete_login_profile().send().await), "NoSuchEntity");
    assert_eq!(refusal(remover.delete_access_key().access_key_id("AKIAOTHER00000EXAMPLE").send().await), "NoSuchEntity");
    remover.delete_access_key().access_key_id("AKIAROOT000000EXAMPLE").send().await.unwrap();
    assert!(sandbox.world().root_credentials[&member].is_empty());
}
