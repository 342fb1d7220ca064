//! What becomes of each member of a request or an answer, by its name. A name that is not here has its text replaced. Pure.

use super::tokens::{Names, SCRUBBED, Sort};
use super::xml::Element;
use crate::address::Address;
use serde_json::{Map, Value};

/// Members whose text is kept, but for what is an id, an e-mail address, a key or a public address in it: what AWS names, what the readers
/// compare, and names that people gave to accounts, OUs, policies and networks.
const KEPT: &str = include_str!("kept.txt");

/// Members that are never written.
const SECRET: [&str; 8] = [
    "secretaccesskey",
    "sessiontoken",
    "presharedkey",
    "customergatewayconfiguration",
    "externalid",
    "webidentitytoken",
    "password",
    "temporarypassword",
];

/// Places in a list of several pages: one request must name what another answer said.
const PAGES: [&str; 3] = ["nexttoken", "marker", "paginationtoken"];

/// Tags whose values are kept: overlord's own, by which things are recognised, and names.
fn is_kept_tag(key: &str) -> bool {
    key == "Name" || key.starts_with("overlord:")
}

/// What a walk is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'m> {
    /// The operation.
    pub operation: &'m str,
    /// The service.
    pub service: &'m str,
    /// The nearest member with a name of its own: items of a list have that of the list.
    pub member: &'m str,
}

impl<'m> Place<'m> {
    pub(super) fn member(self, member: &'m str) -> Self {
        match member {
            "item" | "member" => self,
            _ => Self { member, ..self },
        }
    }
}

/// A JSON value of an answer or a request.
pub(super) fn json(value: &Value, place: Place<'_>, names: &mut Names) -> Value {
    match value {
        Value::String(text) => Value::String(text_of(text, place, names)),
        Value::Array(items) => items.iter().map(|item| json(item, place, names)).collect(),
        Value::Object(members) => object(members, place, names),
        Value::Number(number) => names.number(number),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

fn object(members: &Map<String, Value>, place: Place<'_>, names: &mut Names) -> Value {
    let tag = ["Key", "key", "TagKey"].iter().find_map(|key| members.get(*key)?.as_str()).filter(|_| members.len() <= 2);
    let is_map = tag.is_none() && is_tag_map(place.member);
    let scrubbed = members.iter().map(|(name, value)| {
        let key = if is_map { Some(name.as_str()) } else { tag.filter(|_| ["Value", "value", "TagValue"].contains(&name.as_str())) };
        let value = match (key, value.as_str()) {
            (Some(key), Some(text)) => Value::String(tag_value(key, text, names)),
            _ => json(value, place.member(name), names),
        };
        (names.text(name), value)
    });
    scrubbed.collect::<Map<_, _>>().into()
}

fn is_tag_map(member: &str) -> bool {
    member == "tags"
}

fn tag_value(key: &str, text: &str, names: &mut Names) -> String {
    let text = names.text(text);
    match is_kept_tag(key) || text.is_empty() {
        true => text,
        false => names.of(Sort::Text, &text),
    }
}

/// An element of an XML answer.
pub(super) fn xml(element: &Element, place: Place<'_>, names: &mut Names) -> Element {
    let place = place.member(&element.name);
    let text_in = |name: &str| element.children.iter().find(|child| child.name.eq_ignore_ascii_case(name)).map(|child| child.text.as_str());
    let tag = text_in("key").filter(|_| text_in("value").is_some());
    let children = element.children.iter().map(|child| match tag {
        Some(key) if child.name.eq_ignore_ascii_case("value") && child.children.is_empty() => {
            Element { text: tag_value(key, &child.text, names), ..child.clone() }
        }
        _ => xml(child, place, names),
    });
    let children = children.collect();
    let text = if element.text.is_empty() { String::new() } else { text_of(&element.text, place, names) };
    Element { name: element.name.clone(), namespace: element.namespace.clone(), children, text }
}

/// The parameters of a form: `Filter.1.Value.2`. Each in place of the member that it is a part of.
pub(super) fn form(parameters: &[(String, String)], place: Place<'_>, names: &mut Names) -> Value {
    let key_of = |name: &str| {
        let sibling = name.strip_suffix(".Value").map(|tag| format!("{tag}.Key"))?;
        parameters.iter().find(|(other, _)| *other == sibling).map(|(_, key)| key.clone())
    };
    let scrubbed = parameters.iter().map(|(name, text)| {
        let last = name.split('.').rev().find(|part| !part.bytes().all(|b| b.is_ascii_digit()) && *part != "member");
        let text = match key_of(name) {
            Some(key) => tag_value(&key, text, names),
            None => text_of(text, place.member(last.unwrap_or(name)), names),
        };
        (name.clone(), Value::String(text))
    });
    scrubbed.collect::<Map<_, _>>().into()
}

fn text_of(text: &str, place: Place<'_>, names: &mut Names) -> String {
    let member = place.member.to_ascii_lowercase();
    if text.is_empty() {
        return String::new();
    }
    if SECRET.contains(&member.as_str()) {
        return SCRUBBED.to_owned();
    }
    if PAGES.contains(&member.as_str()) {
        return names.of(Sort::Page, text);
    }
    if place.service == "account" && place.operation.contains("Contact") && !["AlternateContactType", "AccountId"].contains(&place.member) {
        return contact(text, names);
    }
    let scrubbed = names.text(text);
    let described = place.service == "organizations" && member == "description";
    match !described && (is_kept(place.member) || is_plain(text)) {
        true => scrubbed,
        false => names.of(Sort::Text, &scrubbed),
    }
}

/// Text of a contact: of a person.
fn contact(text: &str, names: &mut Names) -> String {
    let scrubbed = names.text(text);
    match text.contains('@') {
        true => scrubbed,
        false => names.of(Sort::Person, &scrubbed),
    }
}

fn is_kept(member: &str) -> bool {
    KEPT.lines().any(|line| line == member)
}

/// Yes, no, a number or a time: no name.
fn is_plain(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_time = || {
        let date: Vec<&str> = text.split('T').next().unwrap_or_default().split('-').collect();
        matches!(date.as_slice(), [y, m, d] if digits(y) && digits(m) && digits(d)) && text.len() <= 32
    };
    ["true", "false"].contains(&text) || (digits(text) && text.len() <= 9) || is_time()
}

/// What a configuration asks for, or another part of a saved plan, in the words of the recording: the same made-up ones for the same real
/// ones.
pub(super) fn configuration(desired: &Value, names: &mut Names) -> Value {
    configured(desired, Within::Anything, names)
}

/// What a part of a configuration is in.
#[derive(Debug, Clone, Copy)]
enum Within {
    Anything,
    /// Attributes by address.
    Resources,
    Contact,
    Policy,
    Tags,
    Person,
    Text,
}

impl Within {
    fn member(self, name: &str, value: &Value) -> Self {
        match self {
            Self::Resources => match name.parse::<Address>().as_ref().map_or("", Address::kind) {
                "alternate_contact" | "primary_contact" => Self::Contact,
                "policy" => Self::Policy,
                _ => Self::Anything,
            },
            Self::Contact if !["account", "contact_type", "trusted_service"].contains(&name) => Self::Person,
            Self::Policy if name == "description" => Self::Text,
            Self::Tags | Self::Person | Self::Text => self,
            Self::Anything | Self::Contact | Self::Policy => match name {
                "resources" => Self::Resources,
                _ if is_tag_map(name) && value.is_object() => Self::Tags,
                _ => Self::Anything,
            },
        }
    }
}

fn configured(value: &Value, within: Within, names: &mut Names) -> Value {
    match (value, within) {
        (Value::Object(members), _) => {
            let members = members.iter().map(|(name, value)| {
                let value = match (within, value) {
                    (Within::Tags, Value::String(text)) => Value::String(tag_value(name, text, names)),
                    (_, Value::String(_)) if name == "external_id" => Value::from(SCRUBBED),
                    _ => configured(value, within.member(name, value), names),
                };
                (names.text(name), value)
            });
            members.collect::<Map<_, _>>().into()
        }
        (Value::Array(items), _) => items.iter().map(|item| configured(item, within, names)).collect(),
        (Value::String(text), Within::Person) if !text.is_empty() => Value::String(contact(text, names)),
        (Value::String(text), Within::Text) if !text.is_empty() => {
            let text = names.text(text);
            Value::String(names.of(Sort::Text, &text))
        }
        _ => names.document(value),
    }
}
