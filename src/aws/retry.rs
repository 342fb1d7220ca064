//! What is worth a retry, and how often: standard retries of the SDK, with a classifier that knows Organizations.
//!
//! There is no deadline over all attempts of an operation: it would run while a request waits for its token bucket, which may
//! rightly take hours. Each attempt has one, counted by the door from the moment of sending; eight attempts with at most 20 s
//! between them are the bound.

use std::time::Duration;

use aws_sdk_organizations::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_organizations::config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

use super::door::ATTEMPT_DEADLINE;
use super::operations::Repeat;
use super::wire::Answer;

const ATTEMPTS: u32 = 8;
const LONGEST_BACKOFF: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Refusals of Organizations that pass by themselves: somebody else is writing, or AWS has not finished what was asked before.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html> and each operation's own errors.
const PASSING: &[&str] = &["ConcurrentModificationException", "FinalizingOrganizationException", "PolicyChangesInProgressException"];

/// Exponential backoff with full jitter.
pub(super) fn config() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(LONGEST_BACKOFF)
}

/// Connecting, and the first byte of an answer. The whole of an attempt is the door's to watch.
pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(ATTEMPT_DEADLINE)
        .disable_operation_timeout()
        .disable_operation_attempt_timeout()
        .build()
}

/// The retry partition of an account and Region: without its own, one throttled account would starve all others, since the
/// SDK's default is one per service and Region in the whole process. Its quota is unlimited: the door's bucket bounds retries as it
/// bounds first attempts, and a quota would turn one bad minute into failures of changes that had not even been tried.
pub(super) fn partition(account: &str, region: &str) -> RetryPartition {
    RetryPartition::custom(format!("{account}/{region}")).token_bucket(TokenBucket::unlimited()).build()
}

/// What the door tells about an answer, as an extension of the HTTP response.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub answer: Answer,
    pub repeat: Repeat,
}

impl Verdict {
    /// What to do after a failed attempt.
    fn action(&self) -> RetryAction {
        let Self { answer, repeat } = self;
        if answer.code.as_deref().is_some_and(|code| PASSING.contains(&code)) {
            // With the longer backoff of throttling: whatever AWS is busy with takes seconds.
            return RetryAction::throttling_error();
        }
        let without_effect = answer.throttled() || (400..500).contains(&answer.status);
        match repeat {
            Repeat::Doubles if !without_effect => RetryAction::RetryForbidden,
            Repeat::Doubles | Repeat::Refused | Repeat::Idempotent => RetryAction::NoActionIndicated,
        }
    }
}

/// The classifier of our clients, beside the SDK's own.
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
