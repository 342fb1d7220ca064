//! Errors of AWS calls: which operation, in which account and Region, the request id, and what to do.

use std::fmt;

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::operations::{self, Effect};
use super::request_gate::CallDenied;
use super::wire::is_throttling;
use crate::escape::one_line;

/// Where a call was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The 12-digit id of the account.
    pub account: String,
    /// The Region; `None` for a global service.
    pub region: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "in account {}, {region}", self.account),
            None => write!(f, "in account {}", self.account),
        }
    }
}

/// What AWS said when it refused a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `organizations:CreateAccount`.
    pub operation: String,
    /// The account and Region; `None` for a call of the organization.
    pub place: Option<Box<Place>>,
    /// AWS's code, such as `AccessDeniedException`.
    pub code: String,
    /// AWS's message.
    pub message: String,
    /// What else the answer says; `None` if the refusal is a part of an answer.
    pub details: Option<Box<Details>>,
    /// The request id to quote to AWS's support.
    pub request_id: Option<String>,
}

/// What a refusing answer says besides code and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The HTTP status.
    pub status: u16,
    /// The member `Reason` of Organizations, such as `SERVICE_ACCESS_NOT_ENABLED`.
    pub reason: Option<String>,
}

impl Details {
    fn of(response: &HttpResponse) -> Box<Self> {
        Box::new(Self { status: response.status().as_u16(), reason: reason_in(response) })
    }
}

/// Why a call or a change failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// AWS answered and refused.
    Refused(Refusal),
    /// No usable answer came, so whether the request took effect is unknown.
    NoAnswer {
        /// `organizations:CreateAccount`.
        operation: String,
        /// The account and Region; `None` for a call of the organization.
        place: Option<Box<Place>>,
        /// What the connection or the parser said.
        message: String,
    },
    /// The user interrupted the run, or it is over.
    Interrupted,
    /// A wait reached its deadline.
    Deadline {
        /// What was waited for.
        what: String,
        /// How long, in seconds.
        seconds: u64,
    },
    /// AWS accepted the request, but the result is not as requested: a failed account creation, a wrong account.
    Failed {
        /// What happened.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// AWS will accept it later: a limit per period is used up. Nothing is wrong and nothing was changed.
    Waiting {
        /// What it waits for.
        message: String,
        /// What to do, and when.
        hint: String,
    },
    /// A defect of overlord.
    Internal(String),
}

impl Refusal {
    /// Whether AWS failed on its side: like a missing answer, such an answer leaves the effect unknown. The status decides, since
    /// services name the failure differently. Throttling has status 503 too, and its code says so.
    fn is_failure_of_aws(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.status >= 500) && !is_throttling(&self.code)
    }
}

/// A result with this module's error.
pub type AwsResult<T> = Result<T, Error>;

impl Error {
    /// Of an SDK call's error. `operation` is `service:Operation`.
    pub fn sdk<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if let Some(known) = known(operation, error) {
            return known;
        }
        if let Some(service) = error.as_service_error()
            && let Some(code) = service.code()
        {
            return Self::Refused(Refusal {
                operation: operation.to_owned(),
                place: None,
                code: code.to_owned(),
                message: service.message().unwrap_or_default().to_owned(),
                details: error.raw_response().map(Details::of),
                request_id: error.request_id().map(str::to_owned),
            });
        }
        let message = match (error.raw_response().map(|r| r.status().as_u16()), error.as_service_error()) {
            (Some(status), Some(_)) => format!("HTTP status {status} without an error code"),
            (Some(status), None) => format!("HTTP status {status} with a body that cannot be read: {}", innermost(error)),
            (None, _) => innermost(error),
        };
        Self::NoAnswer { operation: operation.to_owned(), place: None, message }
    }

    /// The same, of a call inside an account and Region. Where one is known already, that one stays.
    #[must_use]
    pub fn within(self, account: &str, region: &str) -> Self {
        self.in_place(Place { account: account.to_owned(), region: Some(region.to_owned()) })
    }

    /// The same, of a call of a global service inside an account.
    #[must_use]
    pub fn within_account(self, account: &str) -> Self {
        self.in_place(Place { account: account.to_owned(), region: None })
    }

    /// The same, of calls with the access role of an account, in a Region or of a global service. The role itself is assumed from outside,
    /// so an error of that has no place.
    #[must_use]
    pub fn with_role_in(self, account: &str, region: Option<&str>) -> Self {
        match &self {
            Self::Refused(refusal) if refusal.operation.starts_with("sts:") => self,
            _ => self.in_place(Place { account: account.to_owned(), region: region.map(str::to_owned) }),
        }
    }

    fn in_place(mut self, known: Place) -> Self {
        match &mut self {
            Self::Refused(Refusal { place, .. }) | Self::NoAnswer { place, .. } => {
                place.get_or_insert_with(|| Box::new(known));
            }
            Self::Interrupted | Self::Deadline { .. } | Self::Failed { .. } | Self::Waiting { .. } | Self::Internal(_) => {}
        }
        self
    }

    /// Whether the request may have taken effect nevertheless. After a failure on AWS's side, the effect is as unknown as without an
    /// answer.
    pub fn leaves_open(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.is_failure_of_aws(),
            other => matches!(other, Self::NoAnswer { .. }),
        }
    }

    /// A result that AWS reported and that is not as requested.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), hint: None }
    }

    /// A defect of overlord.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }

    /// Attributes that a kind cannot read: a plan of another version, or edited by hand.
    pub fn malformed(kind: &str, error: &serde_json::Error) -> Self {
        Self::Internal(format!("the attributes of a `{kind}` are malformed: {error}"))
    }

    /// AWS's code, when AWS refused.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(&refusal.code),
            Self::NoAnswer { .. }
            | Self::Interrupted
            | Self::Deadline { .. }
            | Self::Failed { .. }
            | Self::Waiting { .. }
            | Self::Internal(_) => None,
        }
    }

    /// AWS's message, when AWS refused.
    pub fn said(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.message,
            Self::NoAnswer { .. }
            | Self::Interrupted
            | Self::Deadline { .. }
            | Self::Failed { .. }
            | Self::Waiting { .. }
            | Self::Internal(_) => "",
        }
    }

    /// Whether AWS refused with one of these codes.
    pub fn is(&self, codes: &[&str]) -> bool {
        self.code().is_some_and(|code| codes.contains(&code))
    }

    /// Whether AWS refused for that reason, which Organizations gives beside the code.
    pub fn has_reason(&self, reason: &str) -> bool {
        match self {
            Self::Refused(Refusal { details: Some(details), .. }) => details.reason.as_deref() == Some(reason),
            _ => false,
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => match refusal.code.as_str() {
                "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" | "AccessDeniedForDependencyException" => {
                    Some(allow(refusal))
                }
                _ if refusal.is_failure_of_aws() => Some(
                    "AWS failed on its side: run the same command again later; if it stays so, quote the request id to AWS's support"
                        .to_owned(),
                ),
                // EC2's own: `VpcLimitExceeded`, `AddressLimitExceeded`; `RequestLimitExceeded` is about the rate.
                code if code.ends_with("LimitExceeded") && code != "RequestLimitExceeded" => Some(
                    "a quota of this account and Region is used up: raise it in Service Quotas, or remove what is no longer needed, then \
                     run the same command again"
                        .to_owned(),
                ),
                "ExpiredToken" | "ExpiredTokenException" => Some("the credentials have expired: sign in again and rerun".to_owned()),
                _ => None,
            },
            Self::NoAnswer { operation, .. } => Some(if is_read(operation) {
                "check the network, the proxy settings and AWS_ENDPOINT_URL, then run the same command again".to_owned()
            } else {
                "whether it took effect is unknown; a rerun looks first and finishes what is left".to_owned()
            }),
            Self::Interrupted => Some("run the same command again: it does what is left".to_owned()),
            Self::Deadline { .. } => Some("run the same command again: it continues to wait for what was started".to_owned()),
            Self::Failed { hint, .. } => hint.clone(),
            Self::Waiting { hint, .. } => Some(hint.clone()),
            Self::Internal(_) => Some("this is a defect of overlord: please report it".to_owned()),
        }
    }
}

/// Who lacks which permission. AWS names the action, which is not always that of the operation: creating a resource with tags also needs
/// the tagging action. If AWS names no action, or names a guardrail, the operation's action is used.
fn allow(refusal: &Refusal) -> String {
    let Refusal { operation, place, message, .. } = refusal;
    let named = message.split_once("is not authorized to perform: ").and_then(|(_, rest)| rest.split_whitespace().next());
    let action = one_line(named.unwrap_or(operation));
    let all = "`overlord doctor --policy plan|apply` prints all that org.toml needs";
    match place {
        Some(place) => format!("allow `{action}` to the access role in account {} ({all})", place.account),
        None => format!("allow `{action}` to the credentials in use, or use others (--profile); {all}"),
    }
}

/// The member `Reason` of a JSON body.
fn reason_in(response: &HttpResponse) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(response.body().bytes()?).ok()?;
    body.get("Reason")?.as_str().map(str::to_owned)
}

fn is_read(operation: &str) -> bool {
    operation
        .split_once(':')
        .and_then(|(service, name)| operations::lookup(service, name))
        .is_some_and(|operation| operation.effect == Effect::Read)
}

/// An error that already describes what failed before anything was sent: a refusal of the request gate, missing credentials, or a failed
/// request for them.
fn known(operation: &str, error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(locked) = error.downcast_ref::<CallDenied>() {
            return Some(Error::Internal(locked.to_string()));
        }
        if let Some(ours) = error.downcast_ref::<Error>() {
            return Some(ours.clone());
        }
        if let Some(credentials) = error.downcast_ref::<CredentialsError>()
            && !has::<Error>(credentials)
        {
            return Some(without_credentials(operation, credentials));
        }
        next = error.source();
    }
    None
}

fn has<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(error.source(), |e| e.source()).any(|e| e.downcast_ref::<E>().is_some())
}

fn without_credentials(operation: &str, error: &CredentialsError) -> Error {
    // The instance metadata service is the last provider, wherever the program runs: if it fails, there are no credentials.
    let none = matches!(error, CredentialsError::CredentialsNotLoaded(_)) || has::<ImdsError>(error);
    if none {
        return Error::Failed {
            message: format!("no AWS credentials were found, and {operation} needs them"),
            hint: Some(
                "sign in (`aws sso login`) and name the profile (--profile or AWS_PROFILE), or set AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY; --sandbox needs none"
                    .to_owned(),
            ),
        };
    }
    Error::Failed {
        message: format!("the AWS credentials cannot be used, and {operation} needs them: {}", innermost(error)),
        hint: Some("sign in again (`aws sso login`), or correct the profile in ~/.aws/config".to_owned()),
    }
}

pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    // The SDK prints its metadata as Rust does.
    match deepest.downcast_ref::<ErrorMetadata>() {
        Some(metadata) => [metadata.code(), metadata.message()].into_iter().flatten().collect::<Vec<_>>().join(": "),
        None => deepest.to_string(),
    }
}

/// A place, if there is one, behind a space.
struct In<'a>(&'a Option<Box<Place>>);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |place| write!(f, " {place}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(Refusal { operation, place, code, message, request_id, details: _ }) => {
                // AWS's messages quote names that other people chose.
                write!(f, "{operation} was refused{}: {}", In(place), one_line(code))?;
                if !message.is_empty() {
                    write!(f, ": {}", one_line(message))?;
                }
                match request_id {
                    Some(id) => write!(f, " (request {})", one_line(id)),
                    None => Ok(()),
                }
            }
            Self::NoAnswer { operation, place, message } => {
                write!(f, "{operation} got no usable answer{}: {}", In(place), one_line(message))
            }
            Self::Interrupted => write!(f, "interrupted"),
            Self::Deadline { what, seconds } => write!(f, "waited {seconds} s for {what}"),
            Self::Failed { message, .. } | Self::Waiting { message, .. } => f.write_str(&one_line(message)),
            Self::Internal(message) => write!(f, "internal error: {}", one_line(message)),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use crate::aws::Error;
    use crate::aws::mock_transport::{MockTransport, json, sessions};

    /// How a read fails that AWS answers like this.
    async fn read(status: u16, code: &'static str) -> Error {
        let canned = MockTransport::counting(move |_, _| json(status, &format!(r#"{{"__type":"{code}","message":"m"}}"#)));
        let answer = sessions(canned.request_gate()).await.organizations().list_roots().send().await;
        Error::sdk("organizations:ListRoots", &answer.unwrap_err())
    }

    #[tokio::test(start_paused = true)]
    async fn a_status_of_500_or_more_is_a_failure_of_aws_whatever_its_code() {
        let codes =
            ["InternalServerException", "ServerInternalException", "ServiceUnavailableException", "ServiceFailure", "PolicyEvaluation"];
        for (status, code) in [500, 501, 502, 503, 504, 507, 529].into_iter().flat_map(|status| codes.map(|code| (status, code))) {
            let error = read(status, code).await;
            assert!(error.leaves_open(), "{status} {code}: {error:?}");
            assert!(error.hint().unwrap().starts_with("AWS failed on its side"), "{status} {code}: {error:?}");
        }
        for (status, code) in [(400, "InternalServerException"), (404, "ServiceFailure"), (503, "ThrottlingException")] {
            let error = read(status, code).await;
            assert!(!error.leaves_open(), "{status} {code}: {error:?}");
        }
    }
}
