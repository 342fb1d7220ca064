//! The wait until a new account, or a Region that was just enabled, can be used: AWS answers CreateAccount minutes before the account's role
//! and its services answer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::aws::{AwsResult, Ec2, Error, Interrupt, Poll};

/// Refusals of an account or Region that is still being set up: of STS while the role is not there, of EC2 while the subscription is not,
/// and of both while a Region does not know the account's credentials
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

/// AWS takes minutes as a rule; it verifies some new accounts for hours, and for these a rerun waits on.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

const PAUSE: Duration = Duration::from_secs(3);

/// Asks for a few VPCs, which needs the role of the account and EC2 in the Region, until AWS answers.
///
/// # Errors
/// Another refusal; the deadline, with AWS's last refusal; the interrupt.
pub(super) async fn wait(client: &Ec2, account: &str, region: &str, interrupt: &Interrupt) -> AwsResult<()> {
    let last = Mutex::new(None);
    let ask = || async {
        // The smallest page that AWS takes.
        let answer = client.describe_vpcs().max_results(5).send().await;
        match answer.map_err(|e| Error::sdk("ec2:DescribeVpcs", &e).within(account, region)) {
            Err(e) if e.is(NOT_YET) => {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(e);
                Ok(None)
            }
            result => result.map(|_| Some(())),
        }
    };
    let what = format!("account {account} to be usable in {region}");
    match (Poll { what, pause: PAUSE, deadline: DEADLINE }).until(interrupt, ask).await {
        Err(e @ Error::Deadline { .. }) => Err(too_late(&e, last.into_inner().unwrap_or_else(PoisonError::into_inner))),
        result => result,
    }
}

fn too_late(deadline: &Error, last: Option<Error>) -> Error {
    let refusal = last.map(|refusal| format!("; {refusal}")).unwrap_or_default();
    Error::Failed {
        message: format!("{deadline}, in vain{refusal}"),
        hint: Some(
            "run the same command again later: AWS verifies some new accounts for hours; if it stays so, see that the access role exists \
             there and that no guard rail denies ec2:DescribeVpcs in the Region"
                .to_owned(),
        ),
    }
}
