//! `account`: a member account. It is closed, or removed from the organization, only if its section says so.

use std::collections::BTreeMap;

use aws_sdk_organizations::types::Parent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account_creation::{self, Creation};
use super::calls::{self, SETTLING, every_page, is_root, never_deleted, poll, tags_to_write, write_tags};
use super::contacts::ACCOUNT_MANAGEMENT;
use super::email::{self, EMAIL_TAG};
use super::leaving::{Leaving, leave, leaving};
use super::trusted_service::TrustedService;
use super::{management_account_of, organization_address};
use crate::address::{Address, Reference};
use crate::aws::{AwsResult, Error};
use crate::resource::{
    AttributeSpec, Attributes, Context, Desired, EventSpec, Kind, KindSpec, LAPSED, Need, OnChange, OnRemoval, PolicyRole, Proposed, Says,
    Weight, shown,
};

/// The attributes of a `account`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountAttributes {
    /// The address in the account's tag about a code that is no longer pending: the code was submitted elsewhere, or the address is no
    /// longer desired. It is never desired, so the tag is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sent_to: Option<String>,
    /// The primary e-mail: it identifies an account, unless its id is given; then it may be `None`, unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// How it is to leave the organization; `None` while it stays. A leaving account has no other desired attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Leaving>,
    /// Its display name; `None` leaves it unchanged (an account adopted by id whose name is not declared).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its OU, or the organization for the root; `None` leaves it where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Reference>,
    /// The declared tags; `None` when none are declared, and then none are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The reason of an account's deletion.
fn why_it_leaves(leaves: &Value) -> String {
    let reason = match serde_json::from_value(leaves.clone()) {
        Ok(Leaving::Closed) => "org.toml wants it closed; AWS deletes what is in it after 90 days",
        Ok(Leaving::Removed) => "org.toml wants it out of the organization",
        Err(_) => "org.toml wants it gone",
    };
    reason.to_owned()
}

/// The kind.
pub struct Account;

impl Kind for Account {
    type Attributes = AccountAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "account",
        summary: "a member account; closed or taken out of the organization only where its section says so, and with its id typed",
        attributes: &[
            AttributeSpec::new(LAPSED, OnChange::Update).because(|before, _| {
                format!("the code that AWS sent to {} is no longer pending, but the account's tag still says so", shown(before))
            }),
            AttributeSpec::new("email", OnChange::Update)
                .because(|_, after| format!("AWS sends a code to {}, which `overlord email` submits", shown(after))),
            AttributeSpec::new("leaves", OnChange::Delete).because(|_, after| why_it_leaves(after)),
            AttributeSpec::new("name", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("parent", OnChange::Move).weighs(Weight::GuardRail),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
        ],
        on_removal: OnRemoval::Report,
        policy_role: PolicyRole::Account,
        adopted: true,
        needs: &[
            // Any account that joins is named, tagged and moved.
            Need::apply(&[
                "account:PutAccountName",
                "organizations:DescribeAccount",
                "organizations:ListParents",
                "organizations:MoveAccount",
                "organizations:TagResource",
            ])
            .always_on_joining(),
            Need::apply(&[
                "organizations:CreateAccount",
                "organizations:DescribeCreateAccountStatus",
                "organizations:ListCreateAccountStatus",
            ]),
            Need::apply(&["account:AcceptPrimaryEmailUpdate", "account:StartPrimaryEmailUpdate", "organizations:UntagResource"])
                .when("email", "")
                .on_joining(),
            Need::apply(&["organizations:CloseAccount"]).when("leaves", "\"closed\""),
            Need::apply(&["organizations:RemoveAccountFromOrganization"]).when("leaves", "\"removed\""),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["parent"], &["organizations:MoveAccount"]).saying(Says::ResourceAndValue),
            EventSpec::changed(&["name"], &["account:PutAccountName"]),
            EventSpec::changed(&["email"], &["account:AcceptPrimaryEmailUpdate"]),
            // org.toml changed: the account is to leave.
            EventSpec::unexplained(&["leaves"]),
        ],
        ..KindSpec::BASE
    };

    /// The management account may change the name or the e-mail of a member only with trusted access. For itself, it needs none.
    /// <https://docs.aws.amazon.com/accounts/latest/reference/API_PutAccountName.html>
    fn prerequisite(change: &Proposed<'_>) -> Option<Address> {
        let is_member = change.id.is_some_and(|id| id != change.management_account);
        let needs_access = is_member && (change.changes("name") || change.changes("email"));
        needs_access.then(|| TrustedService::address(ACCOUNT_MANAGEMENT))
    }

    fn refusal(change: &Proposed<'_>, desired: &Desired) -> Option<String> {
        if let Some(needed) = Self::prerequisite(change)
            && !desired.resources.contains_key(&needed)
        {
            let what = if change.changes("name") { "name" } else { "e-mail" };
            return Some(format!(
                "AWS changes the {what} of a member account only with trusted access: add `{ACCOUNT_MANAGEMENT}` to `trusted_services`"
            ));
        }
        let is_management = change.id == Some(change.management_account);
        (is_management && change.changes("email")).then(|| {
            "AWS changes the e-mail of the management account only for its root user: do so in the account settings, or put the live \
             address here"
                .to_owned()
        })
    }

    /// An account that is to leave and does not exist has left.
    fn is_satisfied_by_absence(after: &Attributes) -> bool {
        leaving(after).is_some()
    }

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (_, None) => Vec::new(),
            (None, Some(after)) if after.parent.as_ref().is_none_or(is_root) => vec!["organizations:CreateAccount"],
            (None, Some(_)) => vec!["organizations:CreateAccount", "organizations:MoveAccount"],
            (Some(_), Some(AccountAttributes { leaves: Some(Leaving::Closed), .. })) => vec!["organizations:CloseAccount"],
            (Some(_), Some(AccountAttributes { leaves: Some(Leaving::Removed), .. })) => {
                vec!["organizations:RemoveAccountFromOrganization"]
            }
            (Some(before), Some(after)) => {
                let moves = other_parent(before, after).map(|_| "organizations:MoveAccount");
                let names = new_name(before, after).map(|_| "account:PutAccountName");
                let emails = new_email(before, after).map(|_| "account:StartPrimaryEmailUpdate");
                let tags = emails.is_some() || !tags_to_write(before.tags.as_ref(), after.tags.as_ref()).is_empty();
                let tags = tags.then_some("organizations:TagResource");
                let note = lost_note(before, after).map(|_| "organizations:UntagResource");
                moves.into_iter().chain(names).chain(emails).chain(tags).chain(note).collect()
            }
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    /// AWS creates a new account in the root. The first step is to move it to the place with its guardrails.
    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let creation = account_creation::create(context, &after).await?;
        let (id, found) = match &creation {
            Creation::Made(id) => (id, false),
            Creation::Found(id) => (id, true),
        };
        let root = context.resolve(&organization_address().into())?;
        let parent = after.parent.as_ref().map_or_else(|| Ok(root.clone()), |parent| context.resolve(parent))?;
        let from = if found { parent_of(context, id).await?.unwrap_or(root) } else { root };
        if from != parent {
            move_account(context, id, &from, &parent).await?;
        }
        if found {
            // Another run may be changing it: resources in it are looked for first.
            context.found(id);
            // An earlier attempt's tags may be those of an older configuration, and unmanaged tags must stay.
            write_tags(context, id, &after.tags.unwrap_or_default()).await?;
        }
        Ok(id.clone())
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        if let Some(leaving) = after.leaves {
            return leave(context, id, leaving).await;
        }
        if let Some((from, to)) = other_parent(&before, &after) {
            move_account(context, id, &context.resolve(from)?, &context.resolve(to)?).await?;
        }
        if let Some(name) = new_name(&before, &after) {
            rename(context, id, name).await?;
        }
        let mut tags = tags_to_write(before.tags.as_ref(), after.tags.as_ref());
        if let Some(new) = new_email(&before, &after) {
            email::send_code(context.sessions(), id, new).await?;
            tags.insert(EMAIL_TAG.to_owned(), email::mark(new));
        }
        if !tags.is_empty() {
            write_tags(context, id, &tags).await?;
        }
        if lost_note(&before, &after).is_some() {
            email::forget(context.sessions(), id).await?;
        }
        Ok(())
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

/// Its current and desired place, unless it is there or stays where it is. Every live account has a place.
fn other_parent<'a>(before: &'a AccountAttributes, after: &'a AccountAttributes) -> Option<(&'a Reference, &'a Reference)> {
    before.parent.as_ref().zip(after.parent.as_ref()).filter(|(from, to)| from != to)
}

fn new_name<'a>(before: &AccountAttributes, after: &'a AccountAttributes) -> Option<&'a str> {
    after.name.as_deref().filter(|&name| before.name.as_deref() != Some(name))
}

/// The address of a code that is no longer pending.
fn lost_note<'a>(before: &'a AccountAttributes, after: &AccountAttributes) -> Option<&'a str> {
    before.code_sent_to.as_deref().filter(|_| after.code_sent_to.is_none())
}

/// The e-mail to which a code is to be sent.
fn new_email<'a>(before: &AccountAttributes, after: &'a AccountAttributes) -> Option<&'a str> {
    after.email.as_deref().filter(|&email| before.email.as_deref() != Some(email))
}

/// Moves it from its current place: another caller may have moved it since the snapshot, and AWS may need a moment until it finds a new
/// account or an OU of this run.
pub(super) async fn move_account(context: &Context, id: &str, from: &str, to: &str) -> AwsResult<()> {
    let ask = || async {
        let moved = match send_move(context, id, from, to).await {
            // AWS's documentation does not say which of these a wrong source causes.
            Err(e) if e.is(&["SourceParentNotFoundException", "AccountNotFoundException"]) => match parent_of(context, id).await? {
                Some(parent) if parent == to => return Ok(Some(())),
                Some(parent) if parent != from => send_move(context, id, &parent, to).await,
                Some(_) | None => return Ok(None),
            },
            result => result,
        };
        match moved {
            Err(e) if e.is(&["DestinationParentNotFoundException"]) && context.has_made(to) => Ok(None),
            result => result.map(Some),
        }
    };
    poll(format!("the account `{id}` and its new parent `{to}` to be found"), SETTLING)
        .until(context.sessions().request_gate().interrupt(), ask)
        .await
}

async fn send_move(context: &Context, id: &str, from: &str, to: &str) -> AwsResult<()> {
    let request = context.sessions().organizations().move_account().account_id(id).source_parent_id(from).destination_parent_id(to);
    match request.send().await.map_err(|e| Error::sdk("organizations:MoveAccount", &e)) {
        // It is there already.
        Err(e) if e.is(&["DuplicateAccountException"]) => Ok(()),
        result => result.map(drop),
    }
}

/// The root or OU of the account; `None` while AWS does not know the account.
pub(super) async fn parent_of(context: &Context, id: &str) -> AwsResult<Option<String>> {
    let client = context.sessions().organizations();
    let parents = every_page(
        |parent: &Parent| parent.id(),
        |token| {
            let page = client.list_parents().child_id(id).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListParents", &e))?;
                Ok((page.parents, page.next_token))
            }
        },
    );
    match parents.await {
        Ok(parents) => Ok(parents.into_iter().find_map(|parent| parent.id)),
        Err(e) if e.is(&["ChildNotFoundException"]) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The management account must not name itself, and every other account must be named
/// (<https://docs.aws.amazon.com/accounts/latest/reference/API_PutAccountName.html>).
async fn rename(context: &Context, id: &str, name: &str) -> AwsResult<()> {
    let management = management_account(context).await?;
    let request = context.sessions().account().put_account_name().account_name(name);
    let request = request.set_account_id((management.as_deref() != Some(id)).then(|| id.to_owned()));
    request.send().await.map(drop).map_err(|e| Error::sdk("account:PutAccountName", &e))
}

async fn management_account(context: &Context) -> AwsResult<Option<String>> {
    let root = calls::root(context).await?;
    Ok(root.as_ref().and_then(|root| management_account_of(root.arn()?)).map(str::to_owned))
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
