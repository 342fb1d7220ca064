//! Account Management's contacts: three alternate ones by type, and the primary one. A write replaces the whole contact.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::account::{Input, validation};
use super::wire::{Outcome, Refusal};
use super::world::World;

/// Whom AWS writes to about an account: fields by their name in the API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contacts {
    /// By type, as the API spells it.
    pub alternate: BTreeMap<String, BTreeMap<String, String>>,
    /// Empty when nothing is known.
    pub primary: BTreeMap<String, String>,
}

const TYPES: [&str; 3] = ["BILLING", "OPERATIONS", "SECURITY"];

/// The fields of an alternate contact, with the most characters that AWS takes; all are required.
/// <https://docs.aws.amazon.com/accounts/latest/reference/API_PutAlternateContact.html>
const ALTERNATE: [(&str, usize); 4] = [("EmailAddress", 254), ("Name", 64), ("PhoneNumber", 25), ("Title", 50)];

/// Those of the primary contact: <https://docs.aws.amazon.com/accounts/latest/reference/API_ContactInformation.html>
const PRIMARY: [(&str, usize, Needed); 12] = [
    ("AddressLine1", 60, Needed::Yes),
    ("AddressLine2", 60, Needed::No),
    ("AddressLine3", 60, Needed::No),
    ("City", 50, Needed::Yes),
    ("CompanyName", 50, Needed::No),
    ("CountryCode", 2, Needed::Yes),
    ("DistrictOrCounty", 50, Needed::No),
    ("FullName", 50, Needed::Yes),
    ("PhoneNumber", 20, Needed::Yes),
    ("PostalCode", 20, Needed::Yes),
    ("StateOrRegion", 50, Needed::No),
    ("WebsiteUrl", 256, Needed::No),
];

/// Countries whose addresses need a state or region, says the same page.
const WITH_STATE: [&str; 7] = ["US", "CA", "GB", "DE", "JP", "IN", "BR"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    Yes,
    No,
}

fn none(what: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("No {what} was found for the account.")).status(StatusCode::NOT_FOUND)
}

fn contact_type(input: &Input) -> Result<&str, Refusal> {
    let wanted = input.rest.get("AlternateContactType").and_then(Value::as_str).unwrap_or_default();
    TYPES.into_iter().find(|known| *known == wanted).ok_or_else(|| validation(format!("AlternateContactType {wanted:?} is not valid")))
}

pub(super) fn get_alternate(input: &Input, account: &str, world: &World) -> Outcome {
    let contact_type = contact_type(input)?;
    let contact = world.contacts.get(account).and_then(|contacts| contacts.alternate.get(contact_type));
    let mut answer = json!(contact.ok_or_else(|| none("contact of the given type"))?);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("AlternateContactType".to_owned(), contact_type.into());
    }
    Ok(json!({ "AlternateContact": answer }))
}

pub(super) fn get_primary(account: &str, world: &World) -> Outcome {
    let contact = world.contacts.get(account).map(|contacts| &contacts.primary).filter(|contact| !contact.is_empty());
    match contact {
        Some(contact) => Ok(json!({ "ContactInformation": contact })),
        // Nobody signs up without one.
        None if account == world.management_account => Ok(json!({ "ContactInformation": signed_up() })),
        None => Err(none("contact information")),
    }
}

/// What the owner of the management account gave when it signed up.
fn signed_up() -> Value {
    json!({
        "AddressLine1": "1 Example Street", "City": "Dublin", "CountryCode": "IE", "FullName": "Management", "PhoneNumber": "+35310000000",
        "PostalCode": "D01 X000",
    })
}

pub(super) fn put_alternate(input: &Input, account: String, world: &mut World) -> Outcome {
    let contact_type = contact_type(input)?.to_owned();
    let fields = ALTERNATE.iter().filter_map(|(name, most)| field(&input.rest, name, *most, Needed::Yes).transpose());
    let fields = fields.collect::<Result<BTreeMap<_, _>, _>>()?;
    if !fields.get("EmailAddress").is_some_and(|email| email.contains('@')) {
        return Err(validation("EmailAddress is not valid"));
    }
    world.contacts.entry(account).or_default().alternate.insert(contact_type, fields);
    Ok(Value::Null)
}

pub(super) fn put_primary(input: &Input, account: String, world: &mut World) -> Outcome {
    let given =
        input.rest.get("ContactInformation").and_then(Value::as_object).ok_or_else(|| validation("ContactInformation is required"))?;
    let given: BTreeMap<String, Value> = given.clone().into_iter().collect();
    let fields = PRIMARY.iter().filter_map(|(name, most, needed)| field(&given, name, *most, *needed).transpose());
    let fields = fields.collect::<Result<BTreeMap<_, _>, _>>()?;
    let country = fields.get("CountryCode").map(String::as_str).unwrap_or_default();
    if WITH_STATE.contains(&country) && !fields.contains_key("StateOrRegion") {
        return Err(validation(format!("StateOrRegion is required in {country}")));
    }
    if !fields.get("PhoneNumber").is_some_and(|phone| phone.starts_with('+')) {
        return Err(validation("PhoneNumber is not valid"));
    }
    world.contacts.entry(account).or_default().primary = fields;
    Ok(Value::Null)
}

/// A field that was given, if its length is one that AWS takes.
fn field(given: &BTreeMap<String, Value>, name: &str, most: usize, needed: Needed) -> Result<Option<(String, String)>, Refusal> {
    match given.get(name).and_then(Value::as_str) {
        Some(text) if (1..=most).contains(&text.chars().count()) => Ok(Some((name.to_owned(), text.to_owned()))),
        None if needed == Needed::No => Ok(None),
        Some(_) | None => Err(validation(format!("{name} must have 1 to {most} characters"))),
    }
}
