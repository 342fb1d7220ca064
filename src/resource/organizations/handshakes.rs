//! The calls for invitations, from both sides: shared by the kind, the reader and `overlord invite`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::error::SdkError;
use aws_sdk_organizations::operation::accept_handshake::AcceptHandshakeError;
use aws_sdk_organizations::operation::invite_account_to_organization::InviteAccountToOrganizationError;
use aws_sdk_organizations::types::{
    ActionType, ConstraintViolationExceptionReason, Handshake, HandshakeConstraintViolationExceptionReason as Reason, HandshakeFilter,
    HandshakeParty, HandshakePartyType, HandshakeResourceType, Tag,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::calls::{SETTLING, poll};
use super::invited::{InvitationState, LiveInvitation, Standing};
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::pages::whole_list;

/// AWS completes a new organization within the hour.
const FINISHING: Duration = Duration::from_secs(30 * 60);

/// An invitation to the owner of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The account's id or e-mail.
    pub recipient: String,
    /// The message to the owner.
    pub note: Option<String>,
    /// The tags that the account gets when it joins.
    pub tags: BTreeMap<String, String>,
}

/// Only invitations, among all handshakes.
pub(super) fn invitations_only() -> HandshakeFilter {
    HandshakeFilter::builder().action_type(ActionType::InviteAccountToOrganization).build()
}

/// All invitations that AWS lists, by the id of the handshake.
///
/// # Errors
/// AWS refused; the list has no end.
pub async fn invitations(sessions: &Sessions) -> AwsResult<BTreeMap<String, LiveInvitation>> {
    const OPERATION: &str = "organizations:ListHandshakesForOrganization";
    let client = sessions.organizations();
    let handshakes = whole_list(
        OPERATION,
        |handshake: &Handshake| handshake.id(),
        |token| {
            let page = client.list_handshakes_for_organization().filter(invitations_only()).max_results(20).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk(OPERATION, &e))?;
                Ok((page.handshakes, page.next_token))
            }
        },
    );
    Ok(handshakes.await?.iter().filter_map(invitation).collect())
}

/// A handshake, if it is an invitation.
pub(super) fn invitation(handshake: &Handshake) -> Option<(String, LiveInvitation)> {
    if handshake.action().is_some_and(|action| *action != ActionType::InviteAccountToOrganization) {
        return None;
    }
    let parties = handshake.parties().iter().filter(|party| *party.r#type() != HandshakePartyType::Organization).map(HandshakeParty::id);
    let is_name = |kind: &HandshakeResourceType| matches!(kind, HandshakeResourceType::Account | HandshakeResourceType::Email);
    let resources = handshake.resources().iter().filter(|resource| resource.r#type().is_some_and(is_name));
    let recipients: BTreeSet<String> = parties.chain(resources.filter_map(|resource| resource.value())).map(str::to_owned).collect();
    let live = LiveInvitation {
        recipients,
        state: InvitationState::of(handshake.state().map(|state| state.as_str()).unwrap_or_default()),
        requested: handshake.requested_timestamp().map(|at| at.secs()).unwrap_or_default(),
        expires: handshake.expiration_timestamp().map(|at| at.secs()).unwrap_or_default(),
    };
    Some((handshake.id()?.to_owned(), live))
}

/// Sends an invitation, and returns the id of the handshake. AWS accepts only one per account: after a lost answer, the sent one is
/// found.
///
/// # Errors
/// AWS refused, with what to do; the deadline; the interrupt.
pub async fn send(sessions: &Sessions, letter: &Letter) -> AwsResult<String> {
    let ask = || async {
        match request(sessions, letter).await {
            Ok(id) => Ok(Some(id)),
            Err(error) => match error.as_service_error() {
                Some(InviteAccountToOrganizationError::FinalizingOrganizationException(_)) => Ok(None),
                Some(InviteAccountToOrganizationError::DuplicateHandshakeException(_)) => already_sent(sessions, letter).await.map(Some),
                _ => Err(explained(letter, &error)),
            },
        }
    };
    let what = format!("AWS to accept the invitation of `{}`", letter.recipient);
    poll(what, FINISHING).until(sessions.request_gate().interrupt(), ask).await
}

async fn request(sessions: &Sessions, letter: &Letter) -> Result<String, SdkError<InviteAccountToOrganizationError, HttpResponse>> {
    let kind = if letter.recipient.contains('@') { HandshakePartyType::Email } else { HandshakePartyType::Account };
    let target = HandshakeParty::builder().id(&letter.recipient).r#type(kind).build().map_err(SdkError::construction_failure)?;
    let tags = letter.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags: Vec<Tag> = tags.collect::<Result<_, _>>().map_err(SdkError::construction_failure)?;
    let request = sessions.organizations().invite_account_to_organization().target(target).set_notes(letter.note.clone());
    let answer = request.set_tags((!tags.is_empty()).then_some(tags)).send().await?;
    Ok(answer.handshake.and_then(|handshake| handshake.id).unwrap_or_default())
}

/// The open invitation that AWS says exists already: of an earlier attempt whose answer was lost, or of another caller.
async fn already_sent(sessions: &Sessions, letter: &Letter) -> AwsResult<String> {
    let ask = || async {
        let all = invitations(sessions).await?;
        Ok(match Standing::of(&all, &[&letter.recipient]) {
            Standing::Open(id, _) => Some(id.to_owned()),
            Standing::Uninvited(_) => None,
        })
    };
    let poll = poll(format!("the invitation of `{}` to be listed", letter.recipient), SETTLING);
    match poll.until(sessions.request_gate().interrupt(), ask).await {
        Err(Error::Deadline { .. }) => Err(Error::Failed {
            message: format!(
                "AWS says that `{}` has an open invitation of this organization, and lists none of that name",
                letter.recipient
            ),
            hint: Some(
                "it was sent by e-mail where this one names the id, or the other way round: name it the same way, or cancel that one"
                    .to_owned(),
            ),
        }),
        found => found,
    }
}

/// Cancels an invitation. One that is already closed is not an error.
///
/// # Errors
/// AWS refused.
pub async fn cancel(sessions: &Sessions, id: &str) -> AwsResult<()> {
    let answer = sessions.organizations().cancel_handshake().handshake_id(id).send().await;
    match answer.map_err(|e| Error::sdk("organizations:CancelHandshake", &e)) {
        Err(e) if e.is(&["HandshakeAlreadyInStateException"]) => Ok(()),
        Err(e) if e.is(&["InvalidHandshakeTransitionException", "HandshakeNotFoundException"]) => Err(Error::Failed {
            message: format!("the invitation `{id}` can no longer be canceled: {e}"),
            hint: Some("run `overlord invite` with the same account: it shows the invitation's status".to_owned()),
        }),
        result => result.map(drop),
    }
}

/// Accepts an invitation with a client of the invited account. An accepted one is not an error.
///
/// # Errors
/// AWS refused, with what to do.
pub async fn accept(client: &Client, id: &str) -> AwsResult<()> {
    let Err(error) = client.accept_handshake().handshake_id(id).send().await else { return Ok(()) };
    let refusal = Error::sdk("organizations:AcceptHandshake", &error);
    let known = match error.as_service_error() {
        Some(AcceptHandshakeError::HandshakeAlreadyInStateException(_)) => return Ok(()),
        Some(AcceptHandshakeError::HandshakeConstraintViolationException(violation)) => violation.reason().map(why),
        Some(AcceptHandshakeError::MasterCannotLeaveOrganizationException(_)) => {
            let what = "the account manages another organization";
            Some((what, "that organization must be deleted first, or its members go one by one: a management account cannot be taken over"))
        }
        Some(AcceptHandshakeError::InvalidHandshakeTransitionException(_) | AcceptHandshakeError::HandshakeNotFoundException(_)) => {
            Some(("the invitation is no longer open", "send another one: `overlord invite` with the same account"))
        }
        Some(AcceptHandshakeError::AccessDeniedException(_)) => {
            let hint = "give credentials of the invited account that may `organizations:AcceptHandshake` and, where it is a member of another \
                        organization, `organizations:LeaveOrganization`; a guardrail of that organization may deny it";
            Some(("the credentials may not accept the invitation", hint))
        }
        _ => None,
    };
    Err(told(&format!("`{id}` was not accepted"), known, refusal))
}

/// The ids of the invitations that the client's account has received.
///
/// # Errors
/// AWS refused; the list has no end.
pub async fn received(client: &Client) -> AwsResult<BTreeSet<String>> {
    const OPERATION: &str = "organizations:ListHandshakesForAccount";
    let handshakes = whole_list(
        OPERATION,
        |handshake: &Handshake| handshake.id(),
        |token| {
            let page = client.list_handshakes_for_account().filter(invitations_only()).max_results(20).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk(OPERATION, &e))?;
                Ok((page.handshakes, page.next_token))
            }
        },
    );
    Ok(handshakes.await?.into_iter().filter_map(|handshake| handshake.id).collect())
}

/// Whether an account of that id is a member, and its e-mail.
///
/// # Errors
/// AWS refused.
pub async fn member(sessions: &Sessions, id: &str) -> AwsResult<Option<String>> {
    let answer = sessions.organizations().describe_account().account_id(id).send().await;
    match answer.map_err(|e| Error::sdk("organizations:DescribeAccount", &e)) {
        Ok(answer) => Ok(Some(answer.account.and_then(|account| account.email).unwrap_or_default())),
        Err(e) if e.is(&["AccountNotFoundException"]) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The ids of all members by e-mail, in lower case.
///
/// # Errors
/// AWS refused; the list has no end.
pub async fn members_by_email(sessions: &Sessions) -> AwsResult<BTreeMap<String, String>> {
    const OPERATION: &str = "organizations:ListAccounts";
    let client = sessions.organizations();
    let accounts = whole_list(
        OPERATION,
        |account: &aws_sdk_organizations::types::Account| account.id(),
        |token| {
            let page = client.list_accounts().max_results(20).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk(OPERATION, &e))?;
                Ok((page.accounts, page.next_token))
            }
        },
    );
    Ok(accounts.await?.into_iter().filter_map(|account| Some((account.email?.to_ascii_lowercase(), account.id?))).collect())
}

/// AWS's refusal of an invitation, with what to do.
fn explained(letter: &Letter, error: &SdkError<InviteAccountToOrganizationError, HttpResponse>) -> Error {
    use ConstraintViolationExceptionReason as Limit;
    let refusal = Error::sdk("organizations:InviteAccountToOrganization", error);
    let known = match error.as_service_error() {
        Some(InviteAccountToOrganizationError::HandshakeConstraintViolationException(violation)) => violation.reason().map(why),
        Some(InviteAccountToOrganizationError::ConstraintViolationException(violation)) => match violation.reason() {
            Some(Limit::AccountNumberLimitExceeded) => Some(why(&Reason::AccountNumberLimitExceeded)),
            Some(Limit::HandshakeRateLimitExceeded) => Some(why(&Reason::HandshakeRateLimitExceeded)),
            Some(_) | None => None,
        },
        Some(InviteAccountToOrganizationError::AccountOwnerNotVerifiedException(_)) => {
            Some(why(&Reason::ManagementAccountEmailNotVerified))
        }
        Some(InviteAccountToOrganizationError::InvalidInputException(invalid)) if is_about_the_recipient(invalid.reason()) => Some((
            "AWS knows no account by that name",
            "check the id or the e-mail; it is the primary e-mail, the root user's, that counts",
        )),
        _ => None,
    };
    told(&format!("`{}` was not invited", letter.recipient), known, refusal)
}

fn is_about_the_recipient(reason: Option<&aws_sdk_organizations::types::InvalidInputExceptionReason>) -> bool {
    // AWS's documentation does not say which of these it returns for an account that does not exist.
    reason.is_some_and(|reason| {
        ["INVALID_EMAIL_ADDRESS_TARGET", "INVALID_PARTY_TYPE_TARGET", "INVALID_PATTERN_TARGET_ID", "TARGET_NOT_SUPPORTED"]
            .contains(&reason.as_str())
    })
}

/// The meaning of AWS's reasons, and what to do.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_InviteAccountToOrganization.html>
fn why(reason: &Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::AccountNumberLimitExceeded => (
            "the organization has as many accounts and open invitations as its quota allows",
            "raise \"Default maximum number of accounts\" in Service Quotas (us-east-1, AWS Organizations), or cancel invitations that nobody \
             answers (`overlord invite --cancel`); of an organization that was just made, AWS says so for up to an hour",
        ),
        Reason::HandshakeRateLimitExceeded => (
            "AWS takes no more invitations today",
            "run the same command again in 24 hours, or when one of today's is accepted: accepted ones are not counted",
        ),
        Reason::AlreadyInAnOrganization => (
            "it is a member of an organization already",
            "of this one: give its `id` in org.toml and remove `invite`; of another one that AWS does not let it leave directly: its owner runs \
             `aws organizations leave-organization` there first, then run this again",
        ),
        Reason::InviteDisabledDuringEnableAllFeatures | Reason::OrganizationIsAlreadyPendingAllFeaturesMigration => (
            "the organization is enabling all features, and takes no new members meanwhile",
            "run `overlord apply` until all features are enabled, then run this again",
        ),
        Reason::OrganizationFromDifferentSellerOfRecord => (
            "it has another seller of record, or is of another partition, than the management account",
            "AWS takes only accounts of one seller (AWS, AWS India, …) and one partition into an organization: its support can move an account",
        ),
        Reason::OrganizationMembershipChangeRateLimitExceeded => {
            ("it has joined or left an organization too recently", "wait some days, then run this again")
        }
        Reason::PaymentInstrumentRequired => ("it has no payment method", "its owner adds one in the billing console, then run this again"),
        Reason::ManagementAccountEmailNotVerified => (
            "the e-mail of the management account is not verified, and until then AWS does not let it send invitations",
            "open the link in the e-mail that AWS sent to the management account, or send it again from the console of Organizations",
        ),
        Reason::PastDueInvoice => ("an invoice is past due", "pay it, then run this again"),
        Reason::UnusedPrepaymentBalance => ("it has an unused balance of advance payments", "its owner asks AWS's support to move it"),
        Reason::LegacyPermissionsStillInUse => {
            ("permissions for billing of the old kind are still in use", "migrate them to the fine-grained actions, then run this again")
        }
        // Reasons about billing transfers or finished changes, and those that AWS may add: AWS's own message follows.
        _ => ("AWS does not let it join", "see AWS's own words, or ask its support"),
    }
}

/// The refusal, with its meaning in front.
fn told(what: &str, known: Option<(&str, &str)>, refusal: Error) -> Error {
    match known {
        Some((why, hint)) => Error::Failed { message: format!("{what}: {why}: {refusal}"), hint: Some(hint.to_owned()) },
        None => refusal,
    }
}
