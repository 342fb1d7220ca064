//! `primary_contact`: the owner of an account, with the postal address.

use std::collections::BTreeMap;

use aws_sdk_account::types::ContactInformation;
use serde::{Deserialize, Serialize};

use super::calls::never_deleted;
use super::contacts::{self, Subject};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, NamedBy, Need, OnChange, OnRemoval, PartOf};

/// The attributes of a `primary_contact`. AWS only accepts all of them together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrimaryContactAttributes {
    /// The account.
    pub account: Reference,
    /// The lines of the postal address: one to three.
    pub address: Vec<String>,
    /// The city.
    pub city: String,
    /// The company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The country, two letters.
    pub country_code: String,
    /// The district or county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// The full name.
    pub full_name: String,
    /// The telephone number.
    pub phone: String,
    /// The postal code.
    pub postal_code: String,
    /// The state or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The trusted access that the management account needs to call for a member; `None` for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_service: Option<Reference>,
    /// The company's site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
}

/// The kind.
pub struct PrimaryContact;

impl Kind for PrimaryContact {
    type Attributes = PrimaryContactAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "primary_contact",
        summary: "the owner of an account, with the postal address",
        attributes: &[
            AttributeSpec::new("account", OnChange::Update),
            AttributeSpec::new("address", OnChange::Update),
            AttributeSpec::new("city", OnChange::Update),
            AttributeSpec::new("company", OnChange::Update),
            AttributeSpec::new("country_code", OnChange::Update),
            AttributeSpec::new("district", OnChange::Update),
            AttributeSpec::new("full_name", OnChange::Update),
            AttributeSpec::new("phone", OnChange::Update),
            AttributeSpec::new("postal_code", OnChange::Update),
            AttributeSpec::new("state", OnChange::Update),
            AttributeSpec::new("trusted_service", OnChange::Update),
            AttributeSpec::new("website", OnChange::Update),
        ],
        on_removal: OnRemoval::Leave,
        own_id: false,
        part_of: PartOf::Account,
        missing: Some("not in the account"),
        needs: &[Need::plan(&["account:GetContactInformation"]), Need::apply(&["account:PutContactInformation"]).on_joining()],
        events: &[
            EventSpec::changed(
                &["address", "city", "company", "country_code", "district", "full_name", "phone", "postal_code", "state", "website"],
                &["account:PutContactInformation"],
            ),
            // They are in the address, and never differ alone.
            EventSpec::unexplained(&["account", "trusted_service"]),
        ],
        named_by: NamedBy::Attributes(&["account"]),
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let put = after.filter(|_| before != after).map(|_| "account:PutContactInformation".to_owned());
        put.into_iter().collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        contacts::write(context, &after.account, after.trusted_service.as_ref(), |subject| put(context, subject, &after)).await
    }

    async fn update(context: &Context, _id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        // AWS only accepts all fields together: undeclared ones are written unchanged.
        let whole = Self::Attributes {
            company: after.company.or(before.company),
            district: after.district.or(before.district),
            state: after.state.or(before.state),
            website: after.website.or(before.website),
            ..after
        };
        Self::create(context, whole).await.map(drop)
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

impl PrimaryContactAttributes {
    /// Its fields, as the API names them.
    pub(super) fn as_api(&self) -> BTreeMap<String, String> {
        let line = |number: usize| self.address.get(number);
        let fields = [
            ("AddressLine1", line(0)),
            ("AddressLine2", line(1)),
            ("AddressLine3", line(2)),
            ("City", Some(&self.city)),
            ("CompanyName", self.company.as_ref()),
            ("CountryCode", Some(&self.country_code)),
            ("DistrictOrCounty", self.district.as_ref()),
            ("FullName", Some(&self.full_name)),
            ("PhoneNumber", Some(&self.phone)),
            ("PostalCode", Some(&self.postal_code)),
            ("StateOrRegion", self.state.as_ref()),
            ("WebsiteUrl", self.website.as_ref()),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone()))).collect()
    }

    /// As it was read, under its account's id.
    pub(super) fn by_account(self) -> Option<(String, Self)> {
        match &self.account {
            Reference::Id(account) => Some((account.clone(), self)),
            Reference::Address(_) => None,
        }
    }
}

/// Writing an existing contact again is not an error.
async fn put(context: &Context, subject: Subject, wanted: &PrimaryContactAttributes) -> AwsResult<()> {
    let line = |number: usize| wanted.address.get(number).cloned();
    let information = ContactInformation::builder()
        .full_name(&wanted.full_name)
        .set_address_line1(Some(line(0).unwrap_or_default()))
        .set_address_line2(line(1))
        .set_address_line3(line(2))
        .city(&wanted.city)
        .set_state_or_region(wanted.state.clone())
        .set_district_or_county(wanted.district.clone())
        .postal_code(&wanted.postal_code)
        .country_code(&wanted.country_code)
        .phone_number(&wanted.phone)
        .set_company_name(wanted.company.clone())
        .set_website_url(wanted.website.clone())
        .build()
        .map_err(|e| Error::internal(e.to_string()))?;
    let request = context.sessions().account().put_contact_information().contact_information(information);
    let answer = request.set_account_id(subject.parameter()).send().await;
    answer.map(drop).map_err(|e| Error::sdk("account:PutContactInformation", &e))
}

/// The contact in AWS; `None` if there is none.
pub(super) async fn get(client: &aws_sdk_account::Client, subject: &Subject) -> AwsResult<Option<PrimaryContactAttributes>> {
    match client.get_contact_information().set_account_id(subject.parameter()).send().await {
        Ok(answer) => Ok(answer.contact_information().map(|live| read(live, subject))),
        Err(e) => match Error::sdk("account:GetContactInformation", &e) {
            e if e.is(&["ResourceNotFoundException"]) => Ok(None),
            e => Err(e),
        },
    }
}

fn read(live: &ContactInformation, subject: &Subject) -> PrimaryContactAttributes {
    // A missing field may arrive as an empty text.
    let optional = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let lines = [Some(live.address_line1()), live.address_line2(), live.address_line3()];
    PrimaryContactAttributes {
        account: Reference::Id(subject.id().to_owned()),
        address: lines.into_iter().filter_map(optional).collect(),
        city: live.city().to_owned(),
        company: optional(live.company_name()),
        country_code: live.country_code().to_owned(),
        district: optional(live.district_or_county()),
        full_name: live.full_name().to_owned(),
        phone: live.phone_number().to_owned(),
        postal_code: live.postal_code().to_owned(),
        state: optional(live.state_or_region()),
        trusted_service: None,
        website: optional(live.website_url()),
    }
}
