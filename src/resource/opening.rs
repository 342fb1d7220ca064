//! Waits until a new account, or a Region that was just enabled, can be used: AWS answers CreateAccount minutes before the account's role
//! and services work.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::aws::{AwsResult, Ec2, Error, Interrupt, Poll};

/// Refusals while an account or Region is still being set up: STS refuses until the role exists, EC2 until the subscription is active,
/// and both until a Region knows the account's credentials
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
pub(crate) const NOT_YET: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "Blocked",
    "InvalidClientTokenId",
    "OptInRequired",
    "PendingVerification",
    "RegionDisabledException",
    "SubscriptionRequired",
    "SubscriptionRequiredException",
    "UnauthorizedOperation",
];

/// AWS usually takes minutes. It verifies some new accounts for hours; for these, a rerun continues to wait.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

const PAUSE: Duration = Duration::from_secs(3);

/// Lists a few VPCs, which needs the role of the account and EC2 in the Region, until AWS answers.
///
/// # Errors
/// Another refusal; the deadline, with AWS's last refusal; the interrupt.
pub(super) async fn wait(client: &Ec2, account: &str, region: &str, interrupt: &Interrupt) -> AwsResult<()> {
    let list = || async {
        // The smallest page that AWS accepts.
        let answer = client.describe_vpcs().max_results(5).send().await;
        answer.map(drop).map_err(|e| Error::sdk("ec2:DescribeVpcs", &e).within(account, region))
    };
    wait_for(format!("account {account} to be usable in {region}"), "ec2:DescribeVpcs in the Region", interrupt, list).await
}

/// Sends a request again until AWS no longer says that the account or Region is not ready. `denied` says what a guardrail may deny.
///
/// # Errors
/// Another refusal; the deadline, with AWS's last refusal; the interrupt.
pub(super) async fn wait_for<F>(what: String, denied: &str, interrupt: &Interrupt, send: impl Fn() -> F) -> AwsResult<()>
where
    F: Future<Output = AwsResult<()>>,
{
    let last = Mutex::new(None);
    let ask = || async {
        match send().await {
            Err(e) if e.is(NOT_YET) => {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(e);
                Ok(None)
            }
            result => result.map(Some),
        }
    };
    match (Poll { what, pause: PAUSE, deadline: DEADLINE }).until(interrupt, ask).await {
        Err(e @ Error::Deadline { .. }) => Err(too_late(&e, last.into_inner().unwrap_or_else(PoisonError::into_inner), denied)),
        result => result,
    }
}

fn too_late(deadline: &Error, last: Option<Error>, denied: &str) -> Error {
    let refusal = last.map(|refusal| format!("; {refusal}")).unwrap_or_default();
    Error::Failed {
        message: format!("{deadline}, in vain{refusal}"),
        hint: Some(format!(
            "run the same command again later: AWS verifies some new accounts for hours; if it stays so, see that the access role exists \
             there and that no guardrail denies {denied}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::aws::mock_transport::{Answer, MockTransport, assume_role, sessions};

    fn answer(status: u16, body: &str) -> Answer {
        let body = SdkBody::from(body);
        Ok(http::Response::builder().status(status).header("content-type", "text/xml").body(body).unwrap().try_into().unwrap())
    }

    /// How the wait ends, and how often EC2 was called, if it first refuses twice with `code`.
    async fn waited(code: &'static str) -> (AwsResult<()>, usize) {
        let refusals = std::sync::atomic::AtomicUsize::new(0);
        let canned = MockTransport::counting(move |_, request| {
            if !std::str::from_utf8(request.body().bytes().unwrap_or_default()).unwrap_or_default().contains("Action=DescribeVpcs") {
                return assume_role(request);
            }
            match refusals.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 | 1 => {
                    answer(400, &format!("<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors></Response>"))
                }
                _ => answer(200, "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>"),
            }
        });
        let sessions = sessions(canned.request_gate()).await;
        let client = sessions.ec2("222222222222", "eu-west-1");
        let outcome = wait(&client, "222222222222", "eu-west-1", &Interrupt::default()).await;
        (outcome, canned.sent().iter().filter(|call| *call == "ec2:DescribeVpcs").count())
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_account_is_waited_for_whatever_aws_calls_its_state() {
        for code in ["Blocked", "RegionDisabledException", "OptInRequired", "PendingVerification", "AuthFailure", "SubscriptionRequired"] {
            assert_eq!(waited(code).await, (Ok(()), 3), "{code}");
        }
        let (outcome, asked) = waited("InvalidParameterValue").await;
        assert!(outcome.unwrap_err().is(&["InvalidParameterValue"]));
        assert_eq!(asked, 1, "another refusal is final");
    }
}
