//! Account Management's contacts: three alternate ones by type, and the primary one. A write replaces the whole contact.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::account::validation;
use super::input::Input;
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

/// The fields of an alternate contact.
const ALTERNATE: [&str; 4] = ["EmailAddress", "Name", "PhoneNumber", "Title"];

/// Countries whose addresses need a state or region, says the same page.
const WITH_STATE: [&str; 7] = ["US", "CA", "GB", "DE", "JP", "IN", "BR"];

fn none(what: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("No {what} was found for the account."))
}

pub(super) fn get_alternate(input: Input<'_>, account: &str, world: &World) -> Outcome {
    let contact_type = input.str("AlternateContactType");
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

pub(super) fn put_alternate(input: Input<'_>, account: String, world: &mut World) -> Outcome {
    let fields = ALTERNATE.map(|name| (name.to_owned(), input.str(name).to_owned()));
    let contacts = world.contacts.entry(account).or_default();
    contacts.alternate.insert(input.str("AlternateContactType").to_owned(), fields.into());
    Ok(Value::Null)
}

pub(super) fn put_primary(input: Input<'_>, account: String, world: &mut World) -> Outcome {
    let given = input.0.get("ContactInformation").and_then(Value::as_object).into_iter().flatten();
    let fields: BTreeMap<String, String> = given.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect();
    let country = fields.get("CountryCode").map(String::as_str).unwrap_or_default();
    if WITH_STATE.contains(&country) && !fields.contains_key("StateOrRegion") {
        return Err(validation(format!("StateOrRegion is required in {country}")));
    }
    world.contacts.entry(account).or_default().primary = fields;
    Ok(Value::Null)
}
