//! `invitation`: the invitation to the owner of an account outside the organization. It is sent once; the owner does the rest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Account;
use super::calls::never_deleted;
use super::handshakes::{self, Letter};
use crate::address::{Address, Reference};
use crate::aws::{AwsResult, Error};
use crate::resource::{ADDRESS_TAG, AttributeSpec, Context, Kind, KindSpec, Need, OnChange, OnRemoval, PartOf, PolicyRole, Weight};

/// The attributes of an `invitation`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvitationAttributes {
    /// The message to the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The account's future place. The account is invited once that place exists with its guardrails.
    pub parent: Reference,
    /// The account's id or e-mail.
    pub recipient: String,
    /// The declared tags, which the account gets when it joins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The kind.
pub struct Invitation;

const SENT: OnChange =
    OnChange::Forbidden("AWS cannot change an invitation: cancel it with `overlord invite --cancel`, and another one is sent");

impl Kind for Invitation {
    type Attributes = InvitationAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "invitation",
        summary: "the invitation of an account outside of the organization; its owner accepts it",
        attributes: &[
            AttributeSpec::new("note", SENT),
            AttributeSpec::new("parent", SENT),
            AttributeSpec::new("recipient", SENT),
            AttributeSpec::new("tags", SENT).weighs(Weight::Cosmetic),
        ],
        on_removal: OnRemoval::Leave,
        part_of: PartOf::Account,
        policy_role: PolicyRole::Invitation,
        // Until its owner accepts, it is nowhere.
        placed: "into",
        needs: &[
            // The account may come from the command line.
            Need::apply(&[
                "organizations:CancelHandshake",
                "organizations:DescribeAccount",
                "organizations:InviteAccountToOrganization",
                "organizations:TagResource",
            ])
            .always_on_joining(),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let sends = before.is_none() && after.is_some();
        sends.then(|| "organizations:InviteAccountToOrganization".to_owned()).into_iter().collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let InvitationAttributes { note, parent: _, recipient, tags } = after;
        let letter = Letter { recipient, note, tags: with_address(&Account::address(context.address().key()), tags) };
        handshakes::send(context.sessions(), &letter).await
    }

    async fn update(context: &Context, _id: &str, _before: Self::Attributes, _after: Self::Attributes) -> AwsResult<()> {
        Err(Error::internal(format!("`{}` is never changed", context.address())))
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

/// The tags with which an invited account joins: the declared ones, and overlord's.
pub fn with_address(account: &Address, tags: Option<BTreeMap<String, String>>) -> BTreeMap<String, String> {
    tags.into_iter().flatten().chain([(ADDRESS_TAG.to_owned(), account.to_string())]).collect()
}
