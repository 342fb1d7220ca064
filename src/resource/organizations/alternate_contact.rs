//! `alternate_contact`: the contact for billing, operations or security of an account.

use std::collections::BTreeMap;

use aws_sdk_account::types::{AlternateContact as Live, AlternateContactType};
use serde::{Deserialize, Serialize};

use super::calls::never_deleted;
use super::contacts::{self, Subject};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, NamedBy, Need, OnChange, OnRemoval, PartOf};

/// The attributes of an `alternate_contact`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlternateContactAttributes {
    /// The account.
    pub account: Reference,
    /// `BILLING`, `OPERATIONS` or `SECURITY`.
    pub contact_type: String,
    /// The e-mail address.
    pub email: String,
    /// The name.
    pub name: String,
    /// The telephone number.
    pub phone: String,
    /// The title or role.
    pub title: String,
    /// The trusted access that the management account needs to call for a member; `None` for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_service: Option<Reference>,
}

/// The kind.
pub struct AlternateContact;

impl Kind for AlternateContact {
    type Attributes = AlternateContactAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "alternate_contact",
        summary: "the contact for billing, operations or security of an account",
        attributes: &[
            AttributeSpec::new("account", OnChange::Update),
            AttributeSpec::new("contact_type", OnChange::Update),
            AttributeSpec::new("email", OnChange::Update),
            AttributeSpec::new("name", OnChange::Update),
            AttributeSpec::new("phone", OnChange::Update),
            AttributeSpec::new("title", OnChange::Update),
            AttributeSpec::new("trusted_service", OnChange::Update),
        ],
        // It carries no tag, so its origin is unknown.
        on_removal: OnRemoval::Leave,
        own_id: false,
        part_of: PartOf::Account,
        missing: Some("not in the account"),
        needs: &[Need::plan(&["account:GetAlternateContact"]), Need::apply(&["account:PutAlternateContact"]).on_joining()],
        events: &[
            EventSpec::changed(&["email", "name", "phone", "title"], &["account:PutAlternateContact"]),
            EventSpec::gone(&["account:DeleteAlternateContact"]),
            // They are in the address, and never differ alone.
            EventSpec::unexplained(&["account", "contact_type", "trusted_service"]),
        ],
        named_by: NamedBy::Attributes(&["account", "contact_type"]),
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let put = after.filter(|_| before != after).map(|_| "account:PutAlternateContact".to_owned());
        put.into_iter().collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let account = contacts::write(context, &after.account, after.trusted_service.as_ref(), |subject| put(context, subject, &after));
        Ok(id(&account.await?, &after.contact_type))
    }

    async fn update(context: &Context, _id: &str, _before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        Self::create(context, after).await.map(drop)
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

impl AlternateContactAttributes {
    /// Its fields, as the API names them.
    pub(super) fn as_api(&self) -> BTreeMap<String, String> {
        let fields = [("EmailAddress", &self.email), ("Name", &self.name), ("PhoneNumber", &self.phone), ("Title", &self.title)];
        fields.map(|(name, value)| (name.to_owned(), value.clone())).into()
    }

    /// As it was read, under its account's id and its type.
    pub(super) fn by_account(self) -> Option<((String, String), Self)> {
        match &self.account {
            Reference::Id(account) => Some(((account.clone(), self.contact_type.clone()), self)),
            Reference::Address(_) => None,
        }
    }
}

/// AWS has no id for a contact.
pub(super) fn id(account: &str, contact_type: &str) -> String {
    format!("{account}/{contact_type}")
}

/// Writing an existing contact again is not an error.
async fn put(context: &Context, subject: Subject, wanted: &AlternateContactAttributes) -> AwsResult<()> {
    let request = context.sessions().account().put_alternate_contact();
    let request = request.set_account_id(subject.parameter()).alternate_contact_type(wanted.contact_type.as_str().into());
    let request = request.name(&wanted.name).title(&wanted.title).email_address(&wanted.email).phone_number(&wanted.phone);
    request.send().await.map(drop).map_err(|e| Error::sdk("account:PutAlternateContact", &e))
}

/// The contact in AWS; `None` if there is none.
pub(super) async fn get(
    client: &aws_sdk_account::Client,
    subject: &Subject,
    contact_type: &str,
) -> AwsResult<Option<AlternateContactAttributes>> {
    let request = client.get_alternate_contact().alternate_contact_type(AlternateContactType::from(contact_type));
    match request.set_account_id(subject.parameter()).send().await {
        Ok(answer) => Ok(answer.alternate_contact().map(|live| read(live, subject, contact_type))),
        Err(e) => match Error::sdk("account:GetAlternateContact", &e) {
            e if e.is(&["ResourceNotFoundException"]) => Ok(None),
            e => Err(e),
        },
    }
}

fn read(live: &Live, subject: &Subject, contact_type: &str) -> AlternateContactAttributes {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    AlternateContactAttributes {
        account: Reference::Id(subject.id().to_owned()),
        contact_type: contact_type.to_owned(),
        email: text(live.email_address()),
        name: text(live.name()),
        phone: text(live.phone_number()),
        title: text(live.title()),
        trusted_service: None,
    }
}
