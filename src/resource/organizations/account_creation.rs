//! Creates an account only once. CreateAccount accepts no idempotency token. So overlord first looks for an account that exists or is
//! being created, by name among AWS's creations and then by e-mail; and again whenever an answer was lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_organizations::operation::create_account::CreateAccountError;
use aws_sdk_organizations::types::{
    Account as SdkAccount, ConstraintViolationExceptionReason, CreateAccountFailureReason, CreateAccountState, CreateAccountStatus,
};

use super::calls::{carries_our_address, creation_tags, every_page, poll};
use super::{AccountAttributes, organization_address};
use crate::aws::{AwsResult, Error};
use crate::resource::{Context, KnownCreation};

/// The origin of an account.
#[derive(Debug)]
pub(super) enum Creation {
    /// Created by this call: it is under the root, with overlord's tags.
    Made(String),
    /// It already existed or was being created: its place and its tags are unknown.
    Found(String),
}

/// AWS usually takes minutes, and up to an hour right after the organization itself was created.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// How long AWS's lists may be older than a CreateAccount without an answer. Organizations documents no bound and says that reads are
/// eventually consistent (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html>); delays of seconds have
/// been observed. Until this time has passed, an account that is not listed may exist.
const LISTS_LAG: Duration = Duration::from_secs(60);

/// The same in the run that creates the organization: AWS may report for an hour that there are too many accounts. Source:
/// ACCOUNT_NUMBER_LIMIT_EXCEEDED of ConstraintViolationException, botocore 1.44.8, 2026-11-30.
const NEW_ORGANIZATION: Duration = Duration::from_secs(65 * 60);

/// How often a CreateAccount without an answer is sent again, each time after looking for the result of the last one.
const ATTEMPTS: usize = 3;

/// What identifies the new account.
struct Wanted<'a> {
    name: &'a str,
    email: &'a str,
}

/// The account with the e-mail of `after`: created, or found.
///
/// # Errors
/// AWS refused; the creation failed; the deadline; the interrupt.
pub(super) async fn create(context: &Context, after: &AccountAttributes) -> AwsResult<Creation> {
    let Some(email) = after.email.as_deref() else {
        return Err(Error::Failed {
            message: format!("`{}` has no e-mail to create an account with", context.address()),
            hint: Some("give it an `email`, or the id of an account that is in the organization".to_owned()),
        });
    };
    let wanted = Wanted { name: after.name.as_deref().unwrap_or(context.address().key()), email };
    let known = context.known_creations.get_or_try_init(|| list_creations(context)).await?;
    if let Some(id) = among_creations(context, &wanted, known).await? {
        return Ok(Creation::Found(id));
    }
    let mut unanswered = None;
    for _ in 0..ATTEMPTS {
        match request(context, &wanted, after).await {
            Ok(status) => match finished(context, status).await? {
                Finished::Made(id) => return Ok(Creation::Made(id)),
                Finished::EmailTaken => return owner_of_taken_email(context, &wanted, unanswered.is_some()).await.map(Creation::Found),
            },
            Err(e) if e.leaves_open() => unanswered = Some(e),
            Err(e) => return Err(e),
        }
        if let Some(id) = look_until_current(context, &wanted).await? {
            return Ok(Creation::Found(id));
        }
    }
    Err(unanswered.unwrap_or_else(|| Error::internal("no attempt to create an account")))
}

/// Every account creation that AWS lists and that did not fail.
async fn list_creations(context: &Context) -> AwsResult<Vec<KnownCreation>> {
    let client = context.sessions().organizations();
    let statuses = every_page(
        |status: &CreateAccountStatus| status.id(),
        |token| {
            let request = client.list_create_account_status().max_results(20).set_next_token(token);
            let page = request.states(CreateAccountState::InProgress).states(CreateAccountState::Succeeded).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListCreateAccountStatus", &e))?;
                Ok((page.create_account_statuses, page.next_token))
            }
        },
    );
    let known = |status: CreateAccountStatus| {
        let state = status.state?.as_str().to_owned();
        Some(KnownCreation { request_id: status.id?, name: status.account_name?, state, account_id: status.account_id })
    };
    let mut found: Vec<KnownCreation> = statuses.await?.into_iter().filter_map(known).collect();
    found.sort_by(|a, b| a.request_id.cmp(&b.request_id));
    found.dedup();
    Ok(found)
}

/// Names are not unique and the list contains no e-mail: overlord waits for each creation of that name and checks its account.
async fn among_creations(context: &Context, wanted: &Wanted<'_>, creations: &[KnownCreation]) -> AwsResult<Option<String>> {
    for creation in creations.iter().filter(|creation| creation.name == wanted.name) {
        let account = match (creation.state.as_str(), &creation.account_id) {
            ("SUCCEEDED", Some(id)) => Some(id.clone()),
            ("IN_PROGRESS", _) => wait(context, &creation.request_id, Begun::Before).await?.account_id().map(str::to_owned),
            _ => None,
        };
        let Some(id) = account else { continue };
        let Some(account) = describe(context, &id).await? else { continue };
        if has_email(&account, wanted.email) {
            return usable(&account).map(Some);
        }
        // Created by an interrupted run, from an older configuration: another one would be one too many.
        if usable(&account).is_ok() && !context.is_bound(&id) && carries_our_address(context, &id).await? {
            let email = account.email().unwrap_or_default();
            return Err(Error::Failed {
                message: format!("the account `{id}` was made for `{}` meanwhile, with the e-mail `{email}`", context.address()),
                hint: Some("put that e-mail into org.toml, or change it in AWS; nothing else was made".to_owned()),
            });
        }
    }
    Ok(None)
}

/// Looks for the result of a CreateAccount without an answer, until the lists are newer than the request. Only AWS itself enforces unique
/// e-mails. With an emulator, a request that is repeated too early creates a second account.
async fn look_until_current(context: &Context, wanted: &Wanted<'_>) -> AwsResult<Option<String>> {
    let look = || look_again(context, wanted);
    let what = format!("the creation of `{}`, which AWS did not answer, to be listed", wanted.name);
    match poll(what, LISTS_LAG).until(context.sessions().request_gate().interrupt(), look).await {
        Ok(id) => Ok(Some(id)),
        Err(Error::Deadline { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The possible result of a CreateAccount without an answer, as far as the lists show it now.
async fn look_again(context: &Context, wanted: &Wanted<'_>) -> AwsResult<Option<String>> {
    match among_creations(context, wanted, &list_creations(context).await?).await? {
        Some(id) => Ok(Some(id)),
        None => by_email(context, wanted).await,
    }
}

/// `repeated`: an earlier request of this run got no answer, so the account may be its own and not listed yet.
async fn owner_of_taken_email(context: &Context, wanted: &Wanted<'_>, repeated: bool) -> AwsResult<String> {
    // First the member, then a creation that was in progress while the members were listed.
    if let Some(id) = by_email(context, wanted).await? {
        return Ok(id);
    }
    let found = if repeated { look_until_current(context, wanted).await? } else { look_again(context, wanted).await? };
    found.ok_or_else(|| Error::Failed {
        message: format!("the e-mail `{}` belongs to an AWS account outside the organization", wanted.email),
        hint: Some("choose another e-mail, or bring that account into the organization and give its `id`".to_owned()),
    })
}

async fn by_email(context: &Context, wanted: &Wanted<'_>) -> AwsResult<Option<String>> {
    let client = context.sessions().organizations();
    let accounts = every_page(
        |account: &SdkAccount| account.id(),
        |token| {
            let page = client.list_accounts().max_results(20).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListAccounts", &e))?;
                Ok((page.accounts, page.next_token))
            }
        },
    );
    accounts.await?.iter().find(|account| has_email(account, wanted.email)).map(usable).transpose()
}

fn has_email(account: &SdkAccount, email: &str) -> bool {
    account.email().is_some_and(|live| live.eq_ignore_ascii_case(email))
}

/// The id of a usable account. A closed one keeps its e-mail and is never created again.
fn usable(account: &SdkAccount) -> AwsResult<String> {
    let id = account.id().ok_or_else(|| Error::failed("AWS names an account without an id"))?;
    let state = account.state().map(|s| s.as_str()).or(account.status().map(|s| s.as_str())).unwrap_or("ACTIVE");
    match state {
        "ACTIVE" | "PENDING_ACTIVATION" => Ok(id.to_owned()),
        closed => Err(Error::Failed {
            message: format!("the account `{id}` already has this e-mail and is {closed}"),
            hint: Some("reopen it through AWS's support within 90 days, or choose another e-mail".to_owned()),
        }),
    }
}

async fn describe(context: &Context, id: &str) -> AwsResult<Option<SdkAccount>> {
    match context.sessions().organizations().describe_account().account_id(id).send().await {
        Ok(answer) => Ok(answer.account().cloned()),
        Err(e) => match Error::sdk("organizations:DescribeAccount", &e) {
            // It has left the organization since.
            e if e.is(&["AccountNotFoundException"]) => Ok(None),
            e => Err(e),
        },
    }
}

/// Sends CreateAccount. Waits while AWS works on as many creations as it accepts at a time, or still completes the organization.
async fn request(context: &Context, wanted: &Wanted<'_>, after: &AccountAttributes) -> AwsResult<CreateAccountStatus> {
    let tags = creation_tags(context, after.tags.as_ref())?;
    let is_new = context.made(&organization_address().into());
    // Whether the quota was the last reason: after an hour it is the only possible one, and the error has to name it.
    let limited = AtomicBool::new(false);
    let ask = || async {
        limited.store(false, Ordering::Relaxed);
        let request = context.sessions().organizations().create_account().email(wanted.email).account_name(wanted.name);
        let request = request.role_name(context.access_role()).set_tags(Some(tags.clone()));
        let error = match request.send().await {
            Ok(answer) => {
                let _ = context.creation_accepted.set(());
                return answer.create_account_status().cloned().map(Some).ok_or_else(no_status);
            }
            Err(e) => e,
        };
        match error.as_service_error() {
            Some(CreateAccountError::FinalizingOrganizationException(_)) => Ok(None),
            Some(CreateAccountError::ConstraintViolationException(violation))
                if violation.reason() == Some(&ConstraintViolationExceptionReason::AccountCreationRateLimitExceeded) =>
            {
                Ok(None)
            }
            Some(CreateAccountError::ConstraintViolationException(violation))
                if violation.reason() == Some(&ConstraintViolationExceptionReason::AccountNumberLimitExceeded) =>
            {
                // Once AWS has accepted an account of this run, the organization is complete, and the refusal is about the quota.
                if is_new && !context.creation_accepted.initialized() {
                    limited.store(true, Ordering::Relaxed);
                    Ok(None)
                } else {
                    Err(failure(&CreateAccountFailureReason::AccountLimitExceeded))
                }
            }
            _ => Err(Error::sdk("organizations:CreateAccount", &error)),
        }
    };
    let deadline = if is_new { NEW_ORGANIZATION } else { DEADLINE };
    let accepted = poll(format!("AWS to accept the creation of `{}`", wanted.name), deadline)
        .until(context.sessions().request_gate().interrupt(), ask)
        .await;
    match accepted {
        Err(Error::Deadline { .. }) if limited.load(Ordering::Relaxed) => Err(failure(&CreateAccountFailureReason::AccountLimitExceeded)),
        accepted => accepted,
    }
}

fn no_status() -> Error {
    Error::NoAnswer { operation: "organizations:CreateAccount".to_owned(), place: None, message: "the answer holds no status".to_owned() }
}

enum Finished {
    Made(String),
    EmailTaken,
}

/// The end of a creation. It is polled only if the first answer is not the end already.
async fn finished(context: &Context, status: CreateAccountStatus) -> AwsResult<Finished> {
    let status = match (is_over(&status), status.id()) {
        (true, _) | (false, None) => status,
        (false, Some(request)) => wait(context, request, Begun::JustNow).await?,
    };
    if let Some(id) = status.account_id()
        && status.state() == Some(&CreateAccountState::Succeeded)
    {
        return Ok(Finished::Made(id.to_owned()));
    }
    match status.failure_reason() {
        Some(CreateAccountFailureReason::EmailAlreadyExists) => Ok(Finished::EmailTaken),
        Some(reason) => Err(failure(reason)),
        None => Err(no_status()),
    }
}

fn is_over(status: &CreateAccountStatus) -> bool {
    matches!(status.state(), Some(CreateAccountState::Succeeded | CreateAccountState::Failed))
}

/// When a creation was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// AWS has just answered that it is in progress: an immediate poll would return the same.
    JustNow,
    Before,
}

/// Waits for a creation to end, with success or failure.
async fn wait(context: &Context, request: &str, begun: Begun) -> AwsResult<CreateAccountStatus> {
    let known = AtomicBool::new(begun == Begun::JustNow);
    let ask = || async {
        if known.swap(false, Ordering::Relaxed) {
            return Ok(None);
        }
        let describe = context.sessions().organizations().describe_create_account_status().create_account_request_id(request);
        match describe.send().await.map_err(|e| Error::sdk("organizations:DescribeCreateAccountStatus", &e)) {
            Ok(answer) => Ok(answer.create_account_status().filter(|status| is_over(status)).cloned()),
            // AWS may need a moment until it finds a new creation.
            Err(e) if e.is(&["CreateAccountStatusNotFoundException"]) => Ok(None),
            Err(e) => Err(e),
        }
    };
    poll(format!("the account creation `{request}`"), DEADLINE).until(context.sessions().request_gate().interrupt(), ask).await
}

/// AWS's reasons: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccountStatus.html>.
fn failure(reason: &CreateAccountFailureReason) -> Error {
    use CreateAccountFailureReason as Reason;
    let hint = match reason {
        Reason::AccountLimitExceeded => {
            "the organization has as many accounts as its quota allows: raise \"Default maximum number of accounts\" in Service Quotas \
             (us-east-1, AWS Organizations), then run this again. In the first hour of an organization AWS says so as well: wait an hour then"
        }
        Reason::InvalidEmail => "AWS does not accept the e-mail: check its spelling, or use another one",
        Reason::InvalidAddress => "the postal address of the management account is not valid: correct it in the account settings",
        Reason::InvalidPaymentInstrument | Reason::MissingPaymentInstrument => {
            "the management account needs a valid payment method: set one in the billing console"
        }
        Reason::ConcurrentAccountModification => "another request changed the same account at the same time: run this again",
        Reason::InternalFailure => "AWS failed: run this again later, and call its support if it stays so",
        Reason::PendingBusinessValidatioNv => "AWS is still validating the business of the management account: run this again later",
        Reason::FailedBusinessValidation
        | Reason::InvalidIdentityForBusinessValidation
        | Reason::MissingBusinessValidation
        | Reason::UnknownBusinessValidation => "AWS could not validate the business of the management account: its support knows more",
        Reason::UpdateExistingResourcePolicyWithTagsNotSupported => {
            "a resource policy of the organization cannot be combined with tags on new accounts: AWS's support knows more"
        }
        // The e-mail is handled where the account is searched; the SDK's enum is open.
        Reason::EmailAlreadyExists | Reason::GovcloudAccountAlreadyExists | _ => "AWS's support knows more",
    };
    Error::Failed { message: format!("AWS could not create the account: {}", reason.as_str()), hint: Some(hint.to_owned()) }
}
