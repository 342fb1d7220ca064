//! The sandbox refuses what AWS refuses, with AWS's codes and reasons, and a refusal changes nothing.

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{PolicyType, Tag};
use overlord::sandbox::world::{AccountState, Joined};
use overlord::sandbox::{Answer, Sandbox, ServerRates, Weather, World};

use crate::sandbox::common::*;

const GONE: &str = "999999999999";

/// Sends a request that must be refused, and compares code and reason; the world must not have changed.
macro_rules! refused {
    ($sandbox:expr, $request:expr, $expected:expr) => {{
        let before = timeless($sandbox.world());
        assert_eq!(refusal($request.send().await), $expected, "{}", stringify!($request));
        assert!(before == timeless($sandbox.world()), "{} changed the world", stringify!($request));
    }};
}

/// Root, an OU with a child, an SCP that is attached nowhere, an account under the root.
struct Stage {
    sandbox: Sandbox,
    client: Client,
    root: String,
    ou: String,
    child: String,
    policy: String,
    account: String,
}

async fn stage() -> Stage {
    let (sandbox, client, root) = organized(Weather::default()).await;
    let ou = create_ou(&client, &root, "ou").await;
    let child = create_ou(&client, &ou, "child").await;
    let policy = create_policy(&client, PolicyType::ServiceControlPolicy, "policy", SCP).await;
    let account = create_account(&client, "account", "account@example.com").await.unwrap();
    Stage { sandbox, client, root, ou, child, policy, account }
}

#[tokio::test]
async fn without_an_organization() {
    let (sandbox, client) = bare(Weather::default());
    refused!(sandbox, client.describe_organization(), "AWSOrganizationsNotInUseException");
    refused!(sandbox, client.list_accounts(), "AWSOrganizationsNotInUseException");
    refused!(sandbox, client.create_account().account_name("a").email("a@example.com"), "AWSOrganizationsNotInUseException");
    client.create_organization().send().await.unwrap();
    refused!(sandbox, client.create_organization(), "AlreadyInOrganizationException");
    let stranger = client_of(&sandbox, GONE);
    refused!(sandbox, stranger.list_roots(), "AWSOrganizationsNotInUseException");
    refused!(sandbox, stranger.create_organization(), "AccessDeniedException");
}

#[tokio::test]
async fn to_members() {
    let Stage { sandbox, client, root, account, .. } = stage().await;
    let member = client_of(&sandbox, &account);
    refused!(sandbox, member.list_accounts(), "AccessDeniedException");
    refused!(sandbox, member.create_organizational_unit().parent_id(&root).name("x"), "AccessDeniedException");
    refused!(sandbox, member.create_organization(), "AlreadyInOrganizationException");
    member.describe_organization().send().await.unwrap();
    // A delegated administrator reads, and writes no more than another member.
    client.enable_aws_service_access().service_principal("config.amazonaws.com").send().await.unwrap();
    client.register_delegated_administrator().account_id(&account).service_principal("config.amazonaws.com").send().await.unwrap();
    member.list_accounts().send().await.unwrap();
    refused!(sandbox, member.create_organizational_unit().parent_id(&root).name("x"), "AccessDeniedException");
}

#[tokio::test]
async fn of_organizational_units() {
    let Stage { sandbox, client, root, ou, child, account, .. } = stage().await;
    let create = |parent: &str, name: &str| client.create_organizational_unit().parent_id(parent).name(name);
    refused!(sandbox, create("ou-abcd-gone1234", "x"), "ParentNotFoundException");
    refused!(sandbox, create(&root, "ou"), "DuplicateOrganizationalUnitException");
    refused!(sandbox, create(&root, &"x".repeat(129)), "InvalidInputException/MaxLengthExceeded");
    refused!(sandbox, client.list_organizational_units_for_parent().parent_id("ou-abcd-gone1234"), "ParentNotFoundException");
    refused!(sandbox, client.list_accounts_for_parent().parent_id("ou-abcd-gone1234"), "ParentNotFoundException");
    refused!(sandbox, client.list_parents().child_id(GONE), "ChildNotFoundException");
    let gone = "OrganizationalUnitNotFoundException";
    refused!(sandbox, client.describe_organizational_unit().organizational_unit_id("ou-abcd-gone1234"), gone);
    refused!(sandbox, client.update_organizational_unit().organizational_unit_id("ou-abcd-gone1234").name("x"), gone);
    refused!(sandbox, client.delete_organizational_unit().organizational_unit_id("ou-abcd-gone1234"), gone);
    refused!(sandbox, client.delete_organizational_unit().organizational_unit_id(&ou), "OrganizationalUnitNotEmptyException");
    client.move_account().account_id(&account).source_parent_id(&root).destination_parent_id(&child).send().await.unwrap();
    refused!(sandbox, client.delete_organizational_unit().organizational_unit_id(&child), "OrganizationalUnitNotEmptyException");
    create_ou(&client, &root, "other").await;
    let rename = client.update_organizational_unit().organizational_unit_id(&ou).name("other");
    refused!(sandbox, rename, "DuplicateOrganizationalUnitException");
    // One's own name is no duplicate, and another parent's name is free.
    client.update_organizational_unit().organizational_unit_id(&ou).name("ou").send().await.unwrap();
    let mut deepest = create_ou(&client, &child, "other").await;
    for level in 4..=5 {
        deepest = create_ou(&client, &deepest, &format!("level {level}")).await;
    }
    refused!(sandbox, create(&deepest, "level 6"), "ConstraintViolationException/OuDepthLimitExceeded");
    client.delete_organizational_unit().organizational_unit_id(&deepest).send().await.unwrap();
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test]
async fn of_a_2001st_unit() {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(overlord::sandbox::world::FeatureSet::All);
    for number in 0..2_000 {
        world.add_ou(&root, &number.to_string());
    }
    let sandbox = Sandbox::new(world, Weather::default());
    refused!(
        sandbox,
        client(&sandbox).create_organizational_unit().parent_id(&root).name("one more"),
        "ConstraintViolationException/OuNumberLimitExceeded"
    );
}

#[tokio::test]
async fn of_accounts() {
    let Stage { sandbox, client, root, ou, account, .. } = stage().await;
    let create = |name: &str, email: &str| client.create_account().account_name(name).email(email);
    refused!(sandbox, create("a", "nobody"), "InvalidInputException/InvalidPattern");
    refused!(sandbox, create("", "a@example.com"), "InvalidInputException/MinLengthExceeded");
    refused!(sandbox, create("a", &format!("{}@example.com", "a".repeat(60))), "InvalidInputException/MaxLengthExceeded");
    refused!(sandbox, client.describe_account().account_id(GONE), "AccountNotFoundException");
    let request = "car-00000000000000000000000000000000";
    refused!(sandbox, client.describe_create_account_status().create_account_request_id(request), "CreateAccountStatusNotFoundException");
    // The request is accepted; its status tells, as with AWS. E-mails differ by more than case.
    assert_eq!(create_account(&client, "again", "Account@example.com").await, Err("EMAIL_ALREADY_EXISTS".to_owned()));
    let failed = client.list_create_account_status().states(aws_sdk_organizations::types::CreateAccountState::Failed).send().await.unwrap();
    assert_eq!(failed.create_account_statuses().len(), 1);

    let move_to = |account: &str, source: &str, destination: &str| {
        client.move_account().account_id(account).source_parent_id(source).destination_parent_id(destination)
    };
    refused!(sandbox, move_to(GONE, &root, &ou), "AccountNotFoundException");
    refused!(sandbox, move_to(&account, &root, "ou-abcd-gone1234"), "DestinationParentNotFoundException");
    refused!(sandbox, move_to(&account, "ou-abcd-gone1234", &ou), "SourceParentNotFoundException");
    refused!(sandbox, move_to(&account, &root, &root), "DuplicateAccountException");
    move_to(&account, &root, &ou).send().await.unwrap();
    refused!(sandbox, move_to(&account, &root, &root), "SourceParentNotFoundException");
}

#[tokio::test]
async fn of_too_many_accounts() {
    let (sandbox, client, _) = organized(Weather { account_quota: None, create_account_ms: 1_000, ..Weather::default() }).await;
    tokio::time::pause();
    for batch in 0..2 {
        for number in 0..5 {
            let email = format!("{batch}-{number}@example.com");
            let sent = client.create_account().account_name("a").email(email).send().await;
            if (batch, number) == (1, 4) {
                // The management account is the tenth.
                assert_eq!(refusal(sent), "ConstraintViolationException/AccountNumberLimitExceeded");
            } else {
                sent.unwrap();
            }
        }
        if batch == 0 {
            let sixth = client.create_account().account_name("a").email("sixth@example.com");
            refused!(sandbox, sixth, "ConstraintViolationException/AccountCreationRateLimitExceeded");
        }
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
    }
    assert_eq!(sandbox.world().accounts.len(), 10);
}

#[tokio::test]
async fn of_policies() {
    let Stage { sandbox, client, root, policy, .. } = stage().await;
    let create =
        |kind: &str, name: &str, content: &str| client.create_policy().r#type(kind.into()).name(name).description("").content(content);
    let scp = "SERVICE_CONTROL_POLICY";
    let malformed = "MalformedPolicyDocumentException";
    refused!(sandbox, create(scp, "policy", SCP), "DuplicatePolicyException");
    refused!(sandbox, create(scp, "x", "{"), malformed);
    refused!(sandbox, create(scp, "x", "{}"), malformed);
    refused!(sandbox, create(scp, "x", RCP), malformed);
    refused!(sandbox, create("RESOURCE_CONTROL_POLICY", "x", SCP), malformed);
    refused!(sandbox, create("TAG_POLICY", "x", r#"{"tag":{}}"#), malformed);
    refused!(sandbox, create("BACKUP_POLICY", "x", r#"{"plans":{},"tags":{}}"#), malformed);
    // The same list that `validate` is held to.
    let cases: serde_json::Value = serde_json::from_str(include_str!("../policy/refused.json")).unwrap();
    for case in cases["refused"].as_array().unwrap() {
        for (kind, principal) in [(scp, None), ("RESOURCE_CONTROL_POLICY", Some("*"))] {
            let mut statement = case["statement"].clone();
            statement["Effect"] = "Deny".into();
            if let Some(principal) = principal {
                statement["Principal"] = principal.into();
            }
            let document = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            refused!(sandbox, create(kind, "x", &document), malformed);
            refused!(sandbox, client.update_policy().policy_id(&policy).content(document), malformed);
        }
    }
    refused!(sandbox, create("HOPE", "x", SCP), "InvalidInputException/InvalidEnumPolicyType");
    let padding = " ".repeat(10_240 - SCP.len());
    let full = create_policy(&client, PolicyType::ServiceControlPolicy, "full", &format!("{SCP}{padding}")).await;
    refused!(sandbox, create(scp, "x", &format!("{SCP}{padding} ")), "ConstraintViolationException/PolicyContentLimitExceeded");
    // One name may stand in two types.
    create_policy(&client, PolicyType::ResourceControlPolicy, "policy", RCP).await;

    let update = |id: &str| client.update_policy().policy_id(id);
    refused!(sandbox, update("p-gone1234").name("x"), "PolicyNotFoundException");
    refused!(sandbox, update("p-FullAWSAccess").content(SCP), "InvalidInputException/ImmutablePolicy");
    refused!(sandbox, update(&full).name("policy"), "DuplicatePolicyException");
    refused!(sandbox, update(&full).content("[]"), malformed);
    refused!(sandbox, client.describe_policy().policy_id("p-gone1234"), "PolicyNotFoundException");
    refused!(sandbox, client.list_targets_for_policy().policy_id("p-gone1234"), "PolicyNotFoundException");
    refused!(sandbox, client.list_policies().filter("HOPE".into()), "InvalidInputException/InvalidEnumPolicyType");

    refused!(sandbox, client.delete_policy().policy_id("p-gone1234"), "PolicyNotFoundException");
    refused!(sandbox, client.delete_policy().policy_id("p-FullAWSAccess"), "InvalidInputException/ImmutablePolicy");
    client.attach_policy().policy_id(&policy).target_id(&root).send().await.unwrap();
    refused!(sandbox, client.delete_policy().policy_id(&policy), "PolicyInUseException");
    client.detach_policy().policy_id(&policy).target_id(&root).send().await.unwrap();
    client.delete_policy().policy_id(&policy).send().await.unwrap();
}

#[tokio::test]
async fn of_attachments() {
    let Stage { sandbox, client, root, ou, policy, account, .. } = stage().await;
    let attach = |policy: &str, target: &str| client.attach_policy().policy_id(policy).target_id(target);
    let detach = |policy: &str, target: &str| client.detach_policy().policy_id(policy).target_id(target);
    refused!(sandbox, attach("p-gone1234", &ou), "PolicyNotFoundException");
    refused!(sandbox, attach(&policy, "ou-abcd-gone1234"), "TargetNotFoundException");
    refused!(sandbox, detach(&policy, "ou-abcd-gone1234"), "TargetNotFoundException");
    refused!(sandbox, attach("p-FullAWSAccess", &ou), "DuplicatePolicyAttachmentException");
    refused!(sandbox, detach(&policy, &ou), "PolicyNotAttachedException");
    // The last SCP of a root, an OU or an account stays.
    for target in [&root, &ou, &account] {
        refused!(sandbox, detach("p-FullAWSAccess", target), "ConstraintViolationException/MinPolicyTypeAttachmentLimitExceeded");
    }
    attach(&policy, &ou).send().await.unwrap();
    detach("p-FullAWSAccess", &ou).send().await.unwrap();
    for number in 1..10 {
        let more = create_policy(&client, PolicyType::ServiceControlPolicy, &number.to_string(), SCP).await;
        attach(&more, &ou).send().await.unwrap();
    }
    refused!(sandbox, attach("p-FullAWSAccess", &ou), "ConstraintViolationException/MaxPolicyTypeAttachmentLimitExceeded");

    let rcp = create_policy(&client, PolicyType::ResourceControlPolicy, "rcp", RCP).await;
    refused!(sandbox, attach(&rcp, &ou), "PolicyTypeNotEnabledException");
    client.enable_policy_type().root_id(&root).policy_type(PolicyType::ResourceControlPolicy).send().await.unwrap();
    attach(&rcp, &ou).send().await.unwrap();
    refused!(sandbox, detach("p-RCPFullAWSAccess", &ou), "InvalidInputException/NonDetachablePolicy");
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test]
async fn of_effective_policies() {
    let Stage { sandbox, client, root, ou, account, .. } = stage().await;
    let describe = |kind: &str, target: &str| client.describe_effective_policy().policy_type(kind.into()).target_id(target);
    let none = "EffectivePolicyNotFoundException";
    refused!(sandbox, describe("SERVICE_CONTROL_POLICY", &account), "InvalidInputException/InvalidEnumPolicyType");
    refused!(sandbox, describe("HOPE", &account), "InvalidInputException/InvalidEnumPolicyType");
    refused!(sandbox, describe("TAG_POLICY", "999999999999"), "TargetNotFoundException");
    refused!(sandbox, describe("TAG_POLICY", &ou), "InvalidInputException/InvalidPatternTargetId");
    refused!(sandbox, describe("TAG_POLICY", &account), none);
    let policy = create_policy(&client, PolicyType::TagPolicy, "tags", r#"{"tags":{"Team":{"tag_key":{"@@assign":"Team"}}}}"#).await;
    client.enable_policy_type().root_id(&root).policy_type(PolicyType::TagPolicy).send().await.unwrap();
    refused!(sandbox, describe("TAG_POLICY", &account), none);
    client.attach_policy().policy_id(&policy).target_id(&root).send().await.unwrap();
    let said = describe("TAG_POLICY", &account).send().await.unwrap().effective_policy.unwrap();
    assert_eq!(said.policy_content(), Some(r#"{"tags":{"team":{"tag_key":"Team"}}}"#));
    // A member asks about itself, and about nobody else.
    let own = client_of(&sandbox, &account);
    let said = own.describe_effective_policy().policy_type("TAG_POLICY".into()).send().await.unwrap().effective_policy.unwrap();
    assert_eq!(said.target_id(), Some(account.as_str()));
    let other = own.describe_effective_policy().policy_type("TAG_POLICY".into()).target_id(MANAGEMENT);
    refused!(sandbox, other, "AccessDeniedException");
}

#[tokio::test]
async fn of_simulations() {
    use aws_sdk_iam::types::OrderedOrganizationPolicyType as Level;
    const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let (sandbox, _, _) = organized(Weather::default()).await;
    let client = aws_sdk_iam::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
    let ask = |action: &str| client.simulate_custom_policy().policy_input_list(EVERYTHING).action_names(action);
    let level = |text: &str| Level::builder().service_control_policy_input_list(text).build();
    let none = Level::builder().set_service_control_policy_input_list(Some(Vec::new())).build();
    refused!(sandbox, ask("s3:*"), "InvalidInput");
    refused!(sandbox, ask("s3:GetObject").caller_arn("arn:aws:sts::222222222222:assumed-role/Dev/me"), "InvalidInput");
    refused!(sandbox, ask("s3:GetObject").ordered_organization_policy_input_list(none), "InvalidInput");
    refused!(sandbox, ask("s3:GetObject").ordered_organization_policy_input_list(level("{")), "InvalidInput");
    // A level that does not allow is an implicit deny, whatever the others allow.
    let asked = ask("s3:GetObject").ordered_organization_policy_input_list(level(EVERYTHING));
    let asked = asked.ordered_organization_policy_input_list(level(&EVERYTHING.replace("\"*\",\"Res", "\"ec2:*\",\"Res")));
    let answer = asked.send().await.unwrap();
    let result = &answer.evaluation_results()[0];
    assert_eq!(result.eval_decision().as_str(), "implicitDeny");
    assert!(!result.organizations_decision_detail().unwrap().allowed_by_organizations());
}

#[tokio::test(start_paused = true)]
async fn of_policy_types() {
    let (sandbox, client, root) = organized(Weather { policy_type_ms: 5_000, ..Weather::default() }).await;
    let enable = |kind: &str, root: &str| client.enable_policy_type().root_id(root).policy_type(kind.into());
    let disable = |kind: &str| client.disable_policy_type().root_id(&root).policy_type(kind.into());
    let tag = "TAG_POLICY";
    refused!(sandbox, enable("HOPE", &root), "InvalidInputException/InvalidEnumPolicyType");
    refused!(sandbox, enable(tag, "r-gone"), "RootNotFoundException");
    refused!(sandbox, enable("SERVICE_CONTROL_POLICY", &root), "PolicyTypeAlreadyEnabledException");
    refused!(sandbox, disable(tag), "PolicyTypeNotEnabledException");
    let policy = create_policy(&client, PolicyType::TagPolicy, "tags", r#"{"tags":{}}"#).await;
    enable(tag, &root).send().await.unwrap();
    refused!(sandbox, enable(tag, &root), "PolicyChangesInProgressException");
    refused!(sandbox, disable(tag), "PolicyChangesInProgressException");
    refused!(sandbox, client.attach_policy().policy_id(&policy).target_id(&root), "PolicyChangesInProgressException");
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    client.attach_policy().policy_id(&policy).target_id(&root).send().await.unwrap();
    disable(tag).send().await.unwrap();
    refused!(sandbox, client.detach_policy().policy_id(&policy).target_id(&root), "PolicyChangesInProgressException");
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    refused!(sandbox, client.detach_policy().policy_id(&policy).target_id(&root), "PolicyNotAttachedException");
}

#[tokio::test]
async fn of_tags() {
    let Stage { sandbox, client, ou, .. } = stage().await;
    let tag = |key: &str| Tag::builder().key(key).value("").build().unwrap();
    let add = |id: &str| client.tag_resource().resource_id(id);
    refused!(sandbox, add(GONE).tags(tag("a")), "TargetNotFoundException");
    refused!(sandbox, client.list_tags_for_resource().resource_id(GONE), "TargetNotFoundException");
    refused!(sandbox, add(&ou).tags(tag("a")).tags(tag("a")), "InvalidInputException/DuplicateTagKey");
    refused!(sandbox, add(&ou).tags(tag("aws:a")), "InvalidInputException/InvalidSystemTagsParameter");
    add(&ou).set_tags(Some((0..50).map(|number| tag(&number.to_string())).collect())).send().await.unwrap();
    refused!(sandbox, add(&ou).tags(tag("one more")), "ConstraintViolationException/MaxTagLimitExceeded");
    add(&ou).tags(tag("7")).send().await.unwrap();
}

#[tokio::test]
async fn of_delegated_administrators() {
    let Stage { sandbox, client, account, .. } = stage().await;
    let service = "config.amazonaws.com";
    let register = |account: &str| client.register_delegated_administrator().account_id(account).service_principal(service);
    let deregister = |account: &str| client.deregister_delegated_administrator().account_id(account).service_principal(service);
    refused!(sandbox, client.enable_aws_service_access().service_principal("config"), "InvalidInputException/UnrecognizedServicePrincipal");
    refused!(sandbox, register(&account), "ConstraintViolationException/ServiceAccessNotEnabled");
    client.enable_aws_service_access().service_principal(service).send().await.unwrap();
    refused!(sandbox, register(GONE), "AccountNotFoundException");
    refused!(sandbox, register(MANAGEMENT), "ConstraintViolationException/CannotRegisterMasterAsDelegatedAdministrator");
    refused!(sandbox, deregister(&account), "AccountNotRegisteredException");
    refused!(sandbox, client.list_delegated_services_for_account().account_id(&account), "AccountNotRegisteredException");
    register(&account).send().await.unwrap();
    refused!(sandbox, register(&account), "AccountAlreadyRegisteredException");
    let mut world = sandbox.world();
    let other = world.add_account("suspended", "suspended@example.com", world.root().unwrap().to_owned().as_str());
    world.accounts.get_mut(&other).unwrap().state = AccountState::Suspended;
    world.accounts.get_mut(&other).unwrap().joined = Joined::Invited;
    let sandbox = Sandbox::new(world, Weather::default());
    let request = crate::sandbox::common::client(&sandbox).register_delegated_administrator().account_id(&other).service_principal(service);
    refused!(sandbox, request, "ConstraintViolationException/CannotRegisterSuspendedAccountAsDelegatedAdministrator");
}

#[tokio::test]
async fn of_pages_and_tokens() {
    let Stage { sandbox, client, .. } = stage().await;
    refused!(sandbox, client.list_accounts().max_results(21), "InvalidInputException/MaxValueExceeded");
    refused!(sandbox, client.list_accounts().max_results(0), "InvalidInputException/MinValueExceeded");
    refused!(sandbox, client.list_accounts().next_token("made up"), "InvalidInputException/InvalidPaginationToken");
    let token = client.list_accounts().max_results(1).send().await.unwrap().next_token.unwrap();
    client.list_accounts().next_token(&token).send().await.unwrap();
    let elsewhere = client.list_policies().filter(PolicyType::ServiceControlPolicy).next_token(&token);
    refused!(sandbox, elsewhere, "InvalidInputException/InvalidPaginationToken");
}

#[tokio::test(start_paused = true)]
async fn of_requests_that_come_too_fast() {
    let (sandbox, client, root) = organized(Weather { rates: ServerRates::Published, ..Weather::default() }).await;
    let create = |name: &str| client.create_organizational_unit().parent_id(&root).name(name);
    create("a").send().await.unwrap();
    create("b").send().await.unwrap();
    refused!(sandbox, create("c"), "TooManyRequestsException");
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    create("c").send().await.unwrap();
    refused!(sandbox, create("d"), "TooManyRequestsException");
}

/// What the sandbox answers to a request as it is: status, content type, body.
async fn raw(weather: &Weather, service: &str, body: &str, kind: &str) -> (u16, String, String) {
    let sandbox = Sandbox::new(World::new(MANAGEMENT), weather.clone());
    let credential = format!("AWS4-HMAC-SHA256 Credential=AKIA{MANAGEMENT}/20260101/us-east-1/{service}/aws4_request");
    let request = http::Request::post("http://localhost/").header("authorization", credential).header("content-type", kind);
    let Answer::Response(answer) = sandbox.handle(request.body(bytes::Bytes::copy_from_slice(body.as_bytes())).unwrap()).await else {
        panic!("the connection is broken");
    };
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, String::from_utf8(answer.body().to_vec()).unwrap())
}

/// The element of an XML text.
fn element(xml: &str, name: &str) -> String {
    let rest = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}")).1;
    rest.split_once(&format!("</{name}>")).unwrap().0.to_owned()
}

/// A client that expects XML can read every refusal: of operations that are not served, of malformed and throttled requests, of the weather.
#[tokio::test]
async fn services_that_speak_xml_refuse_in_xml() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let calm = Weather::default();
    for (service, namespace, version, broken) in [
        ("iam", "https://iam.amazonaws.com/doc/2010-05-08/", "2010-05-08", "ServiceFailure"),
        ("sts", "https://sts.amazonaws.com/doc/2011-06-15/", "2011-06-15", "InternalFailure"),
        ("ec2", "", "2016-11-15", "InternalError"),
    ] {
        let root =
            if service == "ec2" { "<Response><Errors><Error>".to_owned() } else { format!("<ErrorResponse xmlns=\"{namespace}\"><Error>") };
        let operation = match service {
            "iam" => "GetRole",
            "sts" => "GetCallerIdentity",
            _ => "DescribeVpcs",
        };
        let version = format!("&Version={version}");
        let all_fail = Weather { errors: 0.9999, ..Weather::default() };
        let cases = [
            (&calm, format!("Action=NoSuchThing{version}"), 501, "NotServedBySandbox"),
            (&calm, version.clone(), 400, "MissingAction"),
            (&all_fail, format!("Action={operation}{version}"), 500, broken),
        ];
        for (weather, body, status, code) in cases {
            let (found, kind, xml) = raw(weather, service, &body, FORM).await;
            assert_eq!((found, kind.as_str(), element(&xml, "Code").as_str()), (status, "text/xml", code), "{service} {body}: {xml}");
            assert!(xml.starts_with(&root), "{xml}");
            assert!(!element(&xml, "Message").is_empty() && (xml.contains("<RequestId>") || xml.contains("<RequestID>")), "{xml}");
        }
    }
}

/// The same of services that the sandbox does not have.
#[tokio::test]
async fn unknown_services_are_refused_in_the_form_that_they_speak() {
    let calm = Weather::default();
    for (service, kind, root) in [
        ("s3", "", "<Error><Code>NotServedBySandbox</Code>"),
        ("route53", "text/xml", "<ErrorResponse"),
        ("cloudformation", "application/x-www-form-urlencoded", "<ErrorResponse"),
        ("dynamodb", "application/x-amz-json-1.0", "{"),
    ] {
        let (status, answered, body) = raw(&calm, service, "", kind).await;
        assert_eq!(status, 501);
        assert!(body.starts_with(root) && body.contains("NotServedBySandbox"), "{service}: {body}");
        assert_eq!(answered.contains("xml"), root.starts_with('<'), "{service}: {answered}");
    }
}
