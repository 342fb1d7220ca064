//! Attributes of accounts besides name and parent: contacts, and the opt-in Regions that are enabled.

use std::collections::BTreeMap;

use super::Left;
use super::text::Value;
use crate::config::values;
use crate::limits::LIMITS;
use crate::resource::organizations::{ACCOUNT_MANAGEMENT, AlternateContactAttributes, CONTACT_TYPES, PrimaryContactAttributes, World};

/// The fields of a contact, in the order of org.toml's documentation; only `address` has more than one line.
pub(super) type Contact = Vec<(&'static str, Vec<String>)>;

/// The contacts of an account, as org.toml calls them.
pub(super) type Contacts = BTreeMap<&'static str, Contact>;

/// What of an account was read and can be said. What cannot be is left, as a whole contact.
pub(super) fn contacts(world: &World, id: &str, left: &mut Vec<Left>) -> Contacts {
    let mut contacts = Contacts::new();
    let mut add = |word: &'static str, contact: Option<Contact>, what: &str| match contact {
        Some(contact) => drop(contacts.insert(word, contact)),
        None => left.push(Left::new(
            format!("{id}, {what}"),
            "org.toml cannot express it: it contains a brace, or text that AWS no longer accepts",
        )),
    };
    for (word, contact_type) in CONTACT_TYPES {
        if let Some(live) = world.alternate_contacts.get(&(id.to_owned(), contact_type.to_owned())) {
            add(word, alternate(live), &format!("{word} contact"));
        }
    }
    if let Some(live) = world.primary_contacts.get(id) {
        add("primary", primary(live), "primary contact");
    }
    contacts
}

fn alternate(live: &AlternateContactAttributes) -> Option<Contact> {
    let AlternateContactAttributes { account: _, contact_type: _, email, name, phone, title, trusted_service: _ } = live;
    let sayable = values::at_most(name, 64).is_ok()
        && values::at_most(title, 50).is_ok()
        && values::contact_email(email).is_ok()
        && values::phone(phone).is_ok();
    let fields = [("name", name), ("title", title), ("email", email), ("phone", phone)];
    plain(fields.map(|(key, text)| (key, vec![text.clone()])).into()).filter(|_| sayable)
}

fn primary(live: &PrimaryContactAttributes) -> Option<Contact> {
    let most = |most: usize, text: &Option<String>| text.as_ref().is_none_or(|text| values::at_most(text, most).is_ok());
    let sayable = (1..=3).contains(&live.address.len())
        && live.address.iter().all(|line| values::at_most(line, 60).is_ok())
        && [&live.full_name, &live.city].iter().all(|text| values::at_most(text, 50).is_ok())
        && values::at_most(&live.postal_code, 20).is_ok()
        && values::country(&live.country_code).is_ok()
        && values::phone_with_country(&live.phone).is_ok()
        && [&live.company, &live.state, &live.district].iter().all(|text| most(50, text))
        && most(256, &live.website)
        && (live.state.is_some() || !values::WITH_STATE.contains(&live.country_code.as_str()));
    let mut fields = vec![("full_name", vec![live.full_name.clone()]), ("address", live.address.clone())];
    let required = [("city", &live.city), ("postal_code", &live.postal_code), ("country_code", &live.country_code), ("phone", &live.phone)];
    fields.extend(required.map(|(key, text)| (key, vec![text.clone()])));
    let optional = [("state", &live.state), ("district", &live.district), ("company", &live.company), ("website", &live.website)];
    fields.extend(optional.into_iter().filter_map(|(key, text)| Some((key, vec![text.clone()?]))));
    plain(fields).filter(|_| sayable)
}

/// Without text that org.toml would read as a placeholder.
fn plain(contact: Contact) -> Option<Contact> {
    let is_plain = contact.iter().flat_map(|(_, lines)| lines).all(|text| !text.contains(['{', '}', '$']));
    is_plain.then_some(contact)
}

/// A contact as a table.
pub(super) fn table(contact: &Contact) -> Value {
    let value = |(key, lines): &(&'static str, Vec<String>)| {
        let value = match *key {
            "address" => Value::List(lines.clone()),
            _ => Value::Text(lines.concat()),
        };
        ((*key).to_owned(), value)
    };
    Value::Table(contact.iter().map(value).collect())
}

/// The opt-in Regions that an account has, as far as they were read and are known to this version.
pub(super) fn regions(world: &World, id: &str, left: &mut Vec<Left>) -> Vec<String> {
    let (known, strange): (Vec<_>, Vec<_>) = world
        .opted_in
        .get(id)
        .into_iter()
        .flatten()
        .cloned()
        .partition(|region| LIMITS.regions.is_known(region) && LIMITS.regions.is_opt_in(region));
    left.extend(strange.into_iter().map(|region| Left::new(format!("{id}, Region {region}"), "this version of overlord does not know it")));
    known
}

/// What could not be read since the organization does not trust Account Management.
pub(super) fn unread(world: &World) -> Option<Left> {
    let is_asked = world.attributes_asked && !world.trusted_services.contains(ACCOUNT_MANAGEMENT);
    is_asked.then(|| {
        let reason = format!("`{ACCOUNT_MANAGEMENT}` is not a trusted service, so AWS does not report them");
        Left::new("contacts and opt-in Regions of members", reason)
    })
}
