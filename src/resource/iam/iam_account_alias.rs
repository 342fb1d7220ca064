//! `iam_account_alias`: the name of an account in the URL of its sign-in page.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-alias.html>

use serde::{Deserialize, Serialize};

use crate::aws::{AwsResult, Error};
use crate::resource::{AccountClients, AttributeSpec, EventSpec, KindSpec, NamedBy, Need, OnChange, OnRemoval, PartOf, Setting};
use crate::sandbox::World;

/// The attributes of an `iam_account_alias`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountAliasAttributes {
    /// 3 to 63 small letters, digits and hyphens, unique in all of AWS.
    pub alias: String,
}

/// The kind.
pub struct AccountAlias;

impl Setting for AccountAlias {
    type Attributes = AccountAliasAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "iam_account_alias",
        summary: "the name of an account in the URL of its sign-in page",
        attributes: &[AttributeSpec::new("alias", OnChange::Update)],
        // It carries no tag, so its origin is unknown.
        on_removal: OnRemoval::Leave,
        own_id: false,
        part_of: PartOf::Account,
        noun: Some(["account alias", "account aliases"]),
        needs: &[Need::plan(&["iam:ListAccountAliases"]), Need::apply(&["iam:CreateAccountAlias"])],
        events: &[
            EventSpec::changed(&["alias"], &["iam:CreateAccountAlias", "iam:DeleteAccountAlias"]),
            EventSpec::gone(&["iam:DeleteAccountAlias"]),
        ],
        // It is the only one of its account.
        named_by: NamedBy::Attributes(&[]),
        ..KindSpec::BASE
    };

    fn calls(_before: Option<&Self::Attributes>, _after: &Self::Attributes) -> Vec<String> {
        vec!["iam:CreateAccountAlias".to_owned()]
    }

    async fn get(clients: &AccountClients) -> AwsResult<Option<Self::Attributes>> {
        let answer = clients.iam().list_account_aliases().send().await;
        let answer = answer.map_err(|e| Error::sdk("iam:ListAccountAliases", &e))?;
        // An account has at most one.
        Ok(answer.account_aliases.into_iter().next().map(|alias| AccountAliasAttributes { alias }))
    }

    /// A new alias replaces the old one. Source: the IAM user guide, "Using an alias for your AWS account ID", read 2026-12-01.
    async fn put(clients: &AccountClients, after: &Self::Attributes) -> AwsResult<()> {
        let answer = clients.iam().create_account_alias().account_alias(&after.alias).send().await;
        match answer.map_err(|e| Error::sdk("iam:CreateAccountAlias", &e)) {
            Err(error) if error.is(&["EntityAlreadyExists", "EntityAlreadyExistsException"]) => taken(clients, after).await,
            result => result.map(drop),
        }
    }

    fn copy(attributes: &Self::Attributes, account: &str, _region: Option<&str>, copy: &mut World) {
        copy.set_account_alias(account, &attributes.alias);
    }
}

/// AWS says the same whether this account has the alias, from a request whose answer was lost, or another account has it.
async fn taken(clients: &AccountClients, after: &AccountAliasAttributes) -> AwsResult<()> {
    if AccountAlias::get(clients).await?.is_some_and(|live| live == *after) {
        return Ok(());
    }
    Err(Error::Failed {
        message: format!("another account has the alias `{}`, in this organization or outside", after.alias),
        hint: Some("choose another `alias` in org.toml: it must be unique in all of AWS".to_owned()),
    })
}
