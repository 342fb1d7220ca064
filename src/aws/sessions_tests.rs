//! Tests of the sessions: one role per account, the account guard, and missing or wrong credentials.

use futures_util::future::join_all;

use super::*;
use crate::aws::mock_transport::{MANAGEMENT, MockTransport, assume_role, caller_identity, sessions};
use crate::aws::wire::Facts;

/// STS only. An account's GetCallerIdentity shows which account's key signed it.
fn sts() -> MockTransport {
    MockTransport::counting(|_, request| {
        let facts = Facts::of(request);
        let account = facts.access_key.as_deref().and_then(crate::aws::wire::account_in_key).unwrap().to_owned();
        match facts.operation.as_str() {
            "AssumeRole" => assume_role(request),
            _ => caller_identity(&account),
        }
    })
}

fn assumed(canned: &MockTransport) -> usize {
    canned.sent().iter().filter(|o| *o == "sts:AssumeRole").count()
}

async fn whoami(sessions: &Sessions, account: &str, region: &str) -> String {
    let client = aws_sdk_sts::Client::new(&sessions.in_account(account, region));
    client.get_caller_identity().send().await.unwrap().account.unwrap()
}

#[tokio::test(start_paused = true)]
async fn two_hundred_accounts_assume_two_hundred_roles() {
    let canned = sts();
    let sessions = sessions(canned.request_gate()).await;
    for round in 0..5 {
        for n in 0..200 {
            let account = format!("2222{n:08}");
            let region = if round % 2 == 0 { "eu-central-1" } else { "us-east-1" };
            assert_eq!(whoami(&sessions, &account, region).await, account);
        }
    }
    assert_eq!(assumed(&canned), 200);
}

#[tokio::test(start_paused = true)]
async fn concurrent_first_uses_assume_one_role() {
    let canned = sts();
    let sessions = sessions(canned.request_gate()).await;
    join_all((0..50).map(|_| whoami(&sessions, "222222222222", "eu-central-1"))).await;
    assert_eq!(assumed(&canned), 1);
}

#[tokio::test(start_paused = true)]
async fn the_management_account_uses_its_own_credentials() {
    let canned = sts();
    let sessions = sessions(canned.request_gate()).await;
    assert_eq!(whoami(&sessions, MANAGEMENT, "eu-west-1").await, MANAGEMENT);
    assert_eq!(assumed(&canned), 0);
}

/// China and GovCloud have role ARNs of their own.
#[tokio::test(start_paused = true)]
async fn roles_are_of_the_callers_partition() {
    for partition in ["aws", "aws-cn", "aws-us-gov"] {
        let canned = MockTransport::counting(move |_, request| match Facts::of(request).operation.as_str() {
            "AssumeRole" => {
                let body = std::str::from_utf8(request.body().bytes().unwrap()).unwrap();
                assert!(body.contains(&format!("arn%3A{partition}%3Aiam%3A%3A222222222222%3Arole")), "{body}");
                assume_role(request)
            }
            _ => crate::aws::mock_transport::xml(
                "GetCallerIdentity",
                &format!("<Arn>arn:{partition}:iam::{MANAGEMENT}:user/u</Arn><UserId>U</UserId><Account>{MANAGEMENT}</Account>"),
            ),
        });
        let sessions = sessions(canned.request_gate()).await;
        sessions.guard(MANAGEMENT).await.unwrap();
        whoami(&sessions, "222222222222", "eu-central-1").await;
        assert_eq!(assumed(&canned), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_guard_lets_only_the_management_account_pass() {
    let sessions = sessions(sts().request_gate()).await;
    assert_eq!(sessions.guard(MANAGEMENT).await, Ok(()));
    let error = sessions.guard("333333333333").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "these are credentials of account `111111111111` (`arn:aws:iam::111111111111:user/u`), and the organization's management \
         account is `333333333333`"
    );
    assert!(error.hint().unwrap().contains("--profile"));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_is_told_as_such() {
    let canned = MockTransport::counting(|_, _| {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not yours</Message></Error>\
                    <RequestId>r-1</RequestId></ErrorResponse>";
        Ok(http::Response::builder()
            .status(403)
            .header("x-amzn-requestid", "r-1")
            .body(aws_smithy_types::body::SdkBody::from(body))
            .unwrap()
            .try_into()
            .unwrap())
    });
    let sessions = sessions(canned.request_gate()).await;
    let client = aws_sdk_sts::Client::new(&sessions.in_account("222222222222", "eu-central-1"));
    let error = Error::sdk("sts:GetCallerIdentity", &client.get_caller_identity().send().await.unwrap_err());
    assert_eq!(error.to_string(), "sts:AssumeRole was refused: AccessDenied: not yours (request r-1)");
}

#[tokio::test(start_paused = true)]
async fn missing_credentials_are_told_with_what_to_do() {
    #[derive(Debug)]
    struct None;
    impl ProvideCredentials for None {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err(CredentialsError::not_loaded_no_source()))
        }
    }
    let canned = sts();
    let config = sessions(canned.request_gate()).await.in_account(MANAGEMENT, "eu-central-1");
    let config = config.to_builder().credentials_provider(SharedCredentialsProvider::new(None)).build();
    let error = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap_err();
    let error = Error::sdk("sts:GetCallerIdentity", &error);
    assert_eq!(error.to_string(), "no AWS credentials were found, and sts:GetCallerIdentity needs them");
    assert!(error.hint().unwrap().contains("--profile"));
    assert_eq!(canned.sent().len(), 0);
}

#[tokio::test(start_paused = true)]
#[expect(deprecated, reason = "the successors are in aws-runtime, which nothing else here needs")]
async fn a_profile_that_is_not_there_is_named() {
    use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
    let files = ProfileFiles::builder().with_contents(ProfileFileKind::Config, "[profile other]\nregion = eu-west-1").build();
    let credentials = ProfileFileCredentialsProvider::builder()
        .configure(&ProviderConfig::without_region().with_http_client(sts().request_gate().http_client()))
        .profile_files(files)
        .profile_name("nope")
        .build();
    let config = sessions(sts().request_gate()).await.in_account(MANAGEMENT, "eu-central-1").to_builder();
    let named = NamedProfile { name: "nope".to_owned(), credentials };
    let config = config.credentials_provider(SharedCredentialsProvider::new(named)).build();
    let error = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap_err();
    let error = Error::sdk("sts:GetCallerIdentity", &error);
    assert_eq!(error.to_string(), "the profile `nope` does not exist or has no credentials");
}

#[test]
fn loopback_endpoints() {
    for url in ["http://127.0.0.1:5000", "http://localhost:5000/", "http://[::1]:1", "http://organizations.localhost:4566"] {
        assert!(is_loopback(url), "{url}");
    }
    for url in ["https://organizations.us-east-1.amazonaws.com", "http://10.0.0.1", "http://localhost.example.com", "nonsense"] {
        assert!(!is_loopback(url), "{url}");
    }
}

#[test]
fn plain_endpoints() {
    for url in ["http://10.0.0.1:5000", "HTTP://moto:5000", " http://localhost.example.com"] {
        assert!(is_plain(url) && !is_loopback(url), "{url}");
    }
    assert!(!is_plain("https://organizations.us-east-1.amazonaws.com"));
}
