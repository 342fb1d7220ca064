//! Which failures are retried, and how often: the SDK's standard retries, with a classifier that knows Organizations.
//!
//! There is no deadline over all attempts of an operation: it would run while a request waits for its token bucket, which may take hours.
//! Each attempt has a deadline, counted by the request gate from the moment of sending. The bound is 8 attempts with at most 20 s between
//! them.

use std::time::Duration;

use aws_sdk_organizations::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_organizations::config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

use super::operations::Repeat;
use super::request_gate::ATTEMPT_DEADLINE;
use super::wire::Answer;

const ATTEMPTS: u32 = 8;
const LONGEST_BACKOFF: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Refusals of Organizations that are temporary: another caller is writing, or AWS has not finished an earlier request.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html> and each operation's own errors.
const PASSING: &[&str] = &["ConcurrentModificationException", "FinalizingOrganizationException", "PolicyChangesInProgressException"];

/// Exponential backoff with full jitter.
pub(super) fn config() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(LONGEST_BACKOFF)
}

/// Connecting, and the first byte of an answer. The request gate limits the whole attempt.
pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(ATTEMPT_DEADLINE)
        .disable_operation_timeout()
        .disable_operation_attempt_timeout()
        .build()
}

/// The retry partition of an account and Region: without its own, one throttled account would starve all others, since the
/// SDK's default is one per service and Region in the whole process. Its quota is unlimited: the request gate's bucket bounds retries as it
/// bounds first attempts, and a quota would turn one bad minute into failures of changes that had not even been tried.
pub(super) fn partition(account: &str, region: &str) -> RetryPartition {
    RetryPartition::custom(format!("{account}/{region}")).token_bucket(TokenBucket::unlimited()).build()
}

/// What the request gate knows about an answer, as an extension of the HTTP response.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub answer: Answer,
    pub repeat: Repeat,
    /// Whether a failure on AWS's side is no longer worth another attempt.
    pub last: bool,
}

impl Verdict {
    /// What to do after a failed attempt.
    fn action(&self) -> RetryAction {
        let Self { answer, repeat, last } = self;
        if answer.throttled() || answer.code.as_deref().is_some_and(|code| PASSING.contains(&code)) {
            // With the longer backoff of throttling: what AWS is busy with takes seconds.
            return RetryAction::throttling_error();
        }
        if *last && answer.status >= 500 {
            return RetryAction::RetryForbidden;
        }
        match repeat {
            Repeat::Doubles if !(400..500).contains(&answer.status) => RetryAction::RetryForbidden,
            Repeat::Doubles | Repeat::Refused | Repeat::Idempotent => RetryAction::NoActionIndicated,
        }
    }
}

/// The classifier of overlord's clients, in addition to the SDK's own.
#[derive(Debug)]
pub(super) struct Classifier;

impl ClassifyRetry for Classifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let verdict = context.response().and_then(|response| response.extension::<Verdict>());
        match verdict {
            Some(verdict) if context.is_failed() => verdict.action(),
            Some(_) | None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "overlord::Classifier"
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use futures_util::future::join_all;

    use crate::aws::mock_transport::{Answer, MockTransport, json, refusal, sessions};
    use crate::aws::{Error, Rates};

    const CREATED: &str = r#"{"CreateAccountStatus":{"Id":"car-1","State":"IN_PROGRESS"}}"#;

    /// The result of CreateAccount, and how often it was sent, if its first answer is `first`.
    async fn create_account(first: fn() -> Answer) -> (Result<(), Error>, usize) {
        let canned = MockTransport::counting(move |n, _| if n == 0 { first() } else { json(200, CREATED) });
        let organizations = sessions(canned.request_gate()).await.organizations();
        let result = organizations.create_account().email("a@example.com").account_name("a").send().await;
        (result.map(drop).map_err(|e| Error::sdk("organizations:CreateAccount", &e)), canned.sent().len())
    }

    #[tokio::test(start_paused = true)]
    async fn create_account_is_not_sent_again_when_it_may_have_taken_effect() {
        for first in [
            (|| Err(ConnectorError::io("connection reset".into()))) as fn() -> Answer,
            || Err(ConnectorError::timeout("no answer".into())),
            || json(500, r#"{"__type":"ServiceException"}"#),
            || json(503, "<html>"),
            || json(200, "{cut off"),
        ] {
            let (result, sent) = create_account(first).await;
            assert!(matches!(result, Err(Error::NoAnswer { .. } | Error::Refused(_))), "{result:?}");
            assert_eq!(sent, 1, "{result:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn create_account_is_sent_again_when_aws_says_that_it_had_no_effect() {
        for first in [
            (|| refusal("TooManyRequestsException")) as fn() -> Answer,
            || refusal("ConcurrentModificationException"),
            || refusal("FinalizingOrganizationException"),
            || json(429, ""),
        ] {
            assert_eq!(create_account(first).await, (Ok(()), 2));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn everything_else_is_sent_again_after_a_lost_answer() {
        let canned = MockTransport::counting(|n, _| match n {
            0 => Err(ConnectorError::io("connection reset".into())),
            1 => json(500, ""),
            2 => refusal("PolicyChangesInProgressException"),
            _ => json(200, "{}"),
        });
        let organizations = sessions(canned.request_gate()).await.organizations();
        organizations.attach_policy().policy_id("p-1").target_id("r-1").send().await.unwrap();
        assert_eq!(canned.sent().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_early_asks_three_times_what_fails_each_time() {
        let began = tokio::time::Instant::now();
        let canned = MockTransport::counting(|_, _| json(500, "<html>not implemented</html>"));
        let request_gate = canned.request_gate();
        request_gate.give_up_early();
        let organizations = sessions(request_gate).await.organizations();
        organizations.list_handshakes_for_organization().send().await.unwrap_err();
        assert_eq!(canned.sent().len(), 3);
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
        let canned = MockTransport::counting(|n, _| if n < 5 { refusal("TooManyRequestsException") } else { json(200, "{}") });
        let request_gate = canned.request_gate();
        request_gate.give_up_early();
        sessions(request_gate).await.organizations().list_handshakes_for_organization().send().await.unwrap();
        assert_eq!(canned.sent().len(), 6, "throttling passes");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_final() {
        let canned = MockTransport::counting(|_, _| refusal("DuplicatePolicyAttachmentException"));
        let organizations = sessions(canned.request_gate()).await.organizations();
        let error = organizations.attach_policy().policy_id("p-1").target_id("r-1").send().await.unwrap_err();
        assert_eq!(canned.sent().len(), 1);
        assert!(Error::sdk("organizations:AttachPolicy", &error).is(&["DuplicatePolicyAttachmentException"]));
    }

    /// 1,000 operations at once, every third request throttled: all succeed, since the request gate makes all of them wait.
    #[tokio::test(start_paused = true)]
    async fn a_third_of_all_requests_throttled_and_all_succeed() {
        for rates in [Rates::Published, Rates::Unlimited] {
            let canned =
                MockTransport::counting(|n, _| if n % 3 == 2 { refusal("TooManyRequestsException") } else { json(200, r#"{"Tags":[]}"#) });
            let request_gate = canned.request_gate();
            request_gate.set_rates(rates);
            let organizations = sessions(request_gate.clone()).await.organizations();
            let results = join_all((0..1000).map(|_| organizations.list_tags_for_resource().resource_id("r-1").send())).await;
            assert_eq!(results.iter().filter(|r| r.is_err()).count(), 0);
            assert_eq!(request_gate.counts().values().sum::<usize>(), canned.sent().len());
            assert!(canned.sent().len() >= 1499, "{}", canned.sent().len());
        }
    }
}
