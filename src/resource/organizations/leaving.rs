//! How an account leaves: it is closed for good, or removed from the organization and then continues as a standalone account.
//!
//! Both are the `leaves` attribute of an `account` and amount to its deletion; [`crate::apply::Consent`] says which confirmation is
//! needed. AWS limits how many accounts may leave in a period. If the limit is reached, the account waits; that is not a failure.

use aws_sdk_organizations::types::ConstraintViolationExceptionReason as Reason;
use serde::{Deserialize, Serialize};

use super::calls::poll;
use crate::aws::{AwsResult, Error};
use crate::resource::{Attributes, Context};

/// How an account leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leaving {
    /// AWS closes it, and deletes its resources 90 days later.
    Closed,
    /// It continues as a standalone account.
    Removed,
}

/// How an account with these desired attributes is to leave, if it is.
pub fn leaving(attributes: &Attributes) -> Option<Leaving> {
    attributes.get("leaves").and_then(|value| serde_json::from_value(value).ok())
}

/// The longest time that AWS takes to close an account: "a few minutes", says CloseAccount's reference.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// Closes or removes it. An account that is already gone is success.
///
/// # Errors
/// AWS refused; AWS will accept it later ([`Error::Waiting`]).
pub(super) async fn leave(context: &Context, id: &str, leaving: Leaving) -> AwsResult<()> {
    match leaving {
        Leaving::Closed => close(context, id).await,
        Leaving::Removed => remove(context, id).await,
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html>: AWS completes it on its own. overlord waits all
/// the same, since AWS works on 3 at a time.
async fn close(context: &Context, id: &str) -> AwsResult<()> {
    if context.no_more_closings.initialized() {
        return Err(quota_used_up());
    }
    let request = context.sessions().organizations().close_account().account_id(id);
    if let Err(e) = request.send().await {
        let reason = e.as_service_error().and_then(|e| match e {
            aws_sdk_organizations::operation::close_account::CloseAccountError::ConstraintViolationException(e) => e.reason(),
            _ => None,
        });
        match (reason, Error::sdk("organizations:CloseAccount", &e)) {
            (Some(Reason::CloseAccountQuotaExceeded), _) => {
                // Each further refusal would use a token of a bucket that refills in 20 seconds.
                let _ = context.no_more_closings.set(());
                return Err(quota_used_up());
            }
            (Some(Reason::CloseAccountRequestsLimitExceeded), _) => {
                return Err(Error::Waiting {
                    message: format!("AWS is closing as many accounts as it does at a time, and `{id}` is not among them"),
                    hint: "run the same command again in a few minutes".to_owned(),
                });
            }
            (_, error) if error.is(&["AccountAlreadyClosedException", "AccountNotFoundException"]) => return Ok(()),
            // An earlier attempt, or another caller: it is in progress.
            (_, error) if error.is(&["ConflictException"]) && state(context, id).await?.as_deref() != Some("ACTIVE") => {}
            (_, error) => return Err(error),
        }
    }
    let closed = || async {
        let state = state(context, id).await?;
        Ok((!matches!(state.as_deref(), Some("ACTIVE" | "PENDING_CLOSURE"))).then_some(()))
    };
    // AWS has accepted it and continues on its own, whether or not its progress can be read.
    let _ = poll(format!("the account `{id}` to be closed"), CLOSING).until(context.sessions().request_gate().interrupt(), closed).await;
    Ok(())
}

fn quota_used_up() -> Error {
    Error::Waiting {
        message: "AWS closes no more accounts for now: those of the last 30 days have used up its quota".to_owned(),
        hint: "run the same command again when the first of those is 30 days ago; the quota grows with the organization".to_owned(),
    }
}

/// The state of an account; `None` if it is no longer in the organization.
async fn state(context: &Context, id: &str) -> AwsResult<Option<String>> {
    match context.sessions().organizations().describe_account().account_id(id).send().await {
        Ok(answer) => {
            let account = answer.account();
            let state = account.and_then(|account| account.state().map(|state| state.as_str()).or(account.status().map(|s| s.as_str())));
            Ok(state.map(str::to_owned))
        }
        Err(e) => match Error::sdk("organizations:DescribeAccount", &e) {
            e if e.is(&["AccountNotFoundException"]) => Ok(None),
            e => Err(e),
        },
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_RemoveAccountFromOrganization.html>.
async fn remove(context: &Context, id: &str) -> AwsResult<()> {
    use aws_sdk_organizations::operation::remove_account_from_organization::RemoveAccountFromOrganizationError as Refused;
    let request = context.sessions().organizations().remove_account_from_organization().account_id(id);
    let Err(e) = request.send().await else { return Ok(()) };
    let reason = e.as_service_error().and_then(|e| match e {
        Refused::ConstraintViolationException(e) => e.reason().cloned(),
        _ => None,
    });
    let error = Error::sdk("organizations:RemoveAccountFromOrganization", &e);
    if error.is(&["AccountNotFoundException"]) {
        return Ok(());
    }
    let failed = |message: String, hint: &str| Err(Error::Failed { message, hint: Some(hint.to_owned()) });
    match reason {
        Some(Reason::WaitPeriodActive) => Err(Error::Waiting {
            message: format!("AWS lets an account that the organization created go four days after that, and `{id}` is younger"),
            hint: "run the same command again then".to_owned(),
        }),
        Some(
            Reason::MemberAccountPaymentInstrumentRequired
            | Reason::InvalidPaymentInstrument
            | Reason::AccountCannotLeaveWithoutEula
            | Reason::AccountCannotLeaveWithoutPhoneVerification,
        ) => failed(
            format!("AWS lets `{id}` go only when it can be a standalone account, and it cannot yet: {error}"),
            "sign in to it as root and complete its registration: contact data, a valid payment method, phone verification and a support \
             plan; then run the same command again",
        ),
        Some(Reason::CannotRemoveDelegatedAdministratorFromOrg) => failed(
            format!("`{id}` administers a service of the organization, and cannot leave it: {error}"),
            "name another account in `delegated_administrators`, or deregister it in AWS; then run the same command again",
        ),
        _ => Err(error),
    }
}
