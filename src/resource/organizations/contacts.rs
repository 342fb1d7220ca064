//! What both kinds of contacts share: which account calls AWS, and what writing a contact needs.
//!
//! The management account calls for its members, which needs trusted access for Account Management. For itself it calls without an
//! account id. Source: <https://docs.aws.amazon.com/accounts/latest/reference/API_PutAlternateContact.html>

use crate::address::{Address, Reference};
use crate::aws::{AwsResult, Error};
use crate::resource::{Context, Kind, NOT_YET};

use super::calls::{SETTLING, poll};
use super::{AlternateContact, PrimaryContact};

/// The service that must be trusted before the management account reads or changes the attributes of members.
pub const ACCOUNT_MANAGEMENT: &str = "account.amazonaws.com";

/// The alternate contacts of an account: their names in org.toml and in the API.
pub const CONTACT_TYPES: [(&str, &str); 3] = [("billing", "BILLING"), ("operations", "OPERATIONS"), ("security", "SECURITY")];

/// `alternate_contact.<account>/<type>`, the type as org.toml calls it.
pub fn alternate_contact_address(account: &str, contact_type: &str) -> Address {
    AlternateContact::address(format!("{account}/{contact_type}"))
}

/// `primary_contact.<account>`.
pub fn primary_contact_address(account: &str) -> Address {
    PrimaryContact::address(account)
}

/// The account that a request of Account Management concerns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// The caller's own, the management account: AWS refuses requests with its id.
    Own(String),
    /// A member.
    Member(String),
}

impl Subject {
    /// From an account's id and the management account's.
    pub fn of(id: &str, management_account: &str) -> Self {
        if id == management_account { Self::Own(id.to_owned()) } else { Self::Member(id.to_owned()) }
    }

    /// The account's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Own(id) | Self::Member(id) => id,
        }
    }

    /// The `AccountId` of a request.
    pub fn parameter(&self) -> Option<String> {
        match self {
            Self::Own(_) => None,
            Self::Member(id) => Some(id.clone()),
        }
    }
}

/// Writes an attribute of an account, and returns the account's id. If this run creates the account, or enables trusted access for
/// Account Management, AWS may need a moment until it permits that.
pub(super) async fn write<F>(
    context: &Context,
    account: &Reference,
    trusted_service: Option<&Reference>,
    send: impl Fn(Subject) -> F,
) -> AwsResult<String>
where
    F: Future<Output = AwsResult<()>>,
{
    let id = context.resolve(account)?;
    let subject = Subject::of(&id, context.management_account());
    let is_new = context.made(account) || trusted_service.is_some_and(|service| context.made(service));
    let ask = || async {
        match send(subject.clone()).await {
            Err(e) if is_new && (Error::is(&e, NOT_YET) || e.is(&["ResourceNotFoundException"])) => Ok(None),
            result => result.map(Some),
        }
    };
    poll(format!("Account Management to know the account `{id}`"), SETTLING)
        .until(context.sessions().request_gate().interrupt(), ask)
        .await?;
    Ok(id)
}
