//! `contacts`: the people to whom AWS writes about an account. Their valid values, and their requirements.

use std::collections::BTreeMap;

use super::accounts::Planned;
use super::table::Facts;
use super::values;
use crate::address::{Address, Reference};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{AlternateContact, Contacts, PrimaryContact};
use crate::config::span::At;
use crate::config::template::{Names, fill};
use crate::diagnostic::ByteRange;
use crate::resource::organizations::{
    ACCOUNT_MANAGEMENT, AlternateContactAttributes, CONTACT_TYPES, PrimaryContactAttributes, TrustedService, alternate_contact_address,
    primary_contact_address,
};
use crate::resource::{Attributes, Kind, untyped};

/// The contacts of one account, placeholders filled in. What they refer to is not known yet.
#[derive(Debug, Default)]
pub(in crate::config) struct PlannedContacts {
    /// By type, as org.toml calls it.
    alternate: BTreeMap<&'static str, AlternateContactAttributes>,
    primary: Option<PrimaryContactAttributes>,
    /// The position of the first of them.
    at: Option<ByteRange>,
}

impl PlannedContacts {
    /// Their resources. The management account speaks for itself, and needs no trust.
    pub(in crate::config) fn resources(&self, account: &Planned<'_>, management_account: &str) -> BTreeMap<Address, Attributes> {
        let of = Reference::from(account.address());
        let trusted = (!is_management(account, management_account)).then(|| TrustedService::address(ACCOUNT_MANAGEMENT).into());
        let alternate = self.alternate.iter().map(|(contact_type, contact)| {
            let attributes = AlternateContactAttributes { account: of.clone(), trusted_service: trusted.clone(), ..contact.clone() };
            (alternate_contact_address(&account.key, contact_type), untyped(&attributes))
        });
        let primary = self.primary.iter().map(|contact| {
            let attributes = PrimaryContactAttributes { account: of.clone(), trusted_service: trusted.clone(), ..contact.clone() };
            (primary_contact_address(&account.key), untyped(&attributes))
        });
        alternate.chain(primary).collect()
    }
}

fn is_management(account: &Planned<'_>, management_account: &str) -> bool {
    account.id.is_some_and(|id| id.as_str() == management_account)
}

/// Contacts of members need Account Management to be trusted: one diagnostic for all of them.
pub(super) fn trust(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    let management = section.management_account.as_ref().map_or("", |id| id.as_str());
    let trusted = section.trusted_services.iter().any(|service| service.value == ACCOUNT_MANAGEMENT);
    if trusted || report.is_broken(&["organization", "trusted_services"]) {
        return;
    }
    let members = facts.accounts.iter().filter(|account| !is_management(account, management));
    if let Some(at) = members.filter_map(|account| account.contacts.at).min_by_key(|at| at.start) {
        let summary = format!("contacts of member accounts need `{ACCOUNT_MANAGEMENT}` to be trusted");
        let hint = format!("add \"{ACCOUNT_MANAGEMENT}\" to `trusted_services` in [organization]");
        report.at(at, Code::UntrustedService.error(summary).hint(hint));
    }
}

/// The contacts of one account: each from the nearest place that declares it. `places` are nearest first.
pub(super) fn fill_in(places: &[&Contacts], names: Names<'_>, report: &mut Report) -> PlannedContacts {
    let mut planned = PlannedContacts::default();
    let mut found = Vec::new();
    for (word, contact_type) in CONTACT_TYPES {
        let Some(declared) = places.iter().find_map(|place| alternate_of(place, word)) else { continue };
        found.push(declared.at);
        planned.alternate.extend(alternate(declared, contact_type, names, report).map(|contact| (word, contact)));
    }
    if let Some(declared) = places.iter().find_map(|place| place.primary.as_ref()) {
        found.push(declared.at);
        planned.primary = primary(declared, names, report);
    }
    planned.at = found.into_iter().min_by_key(|at| at.start);
    planned
}

fn alternate_of<'f>(contacts: &'f Contacts, word: &str) -> Option<&'f At<AlternateContact>> {
    match word {
        "billing" => contacts.billing.as_ref(),
        "operations" => contacts.operations.as_ref(),
        _ => contacts.security.as_ref(),
    }
}

fn alternate(
    declared: &At<AlternateContact>,
    contact_type: &str,
    names: Names<'_>,
    report: &mut Report,
) -> Option<AlternateContactAttributes> {
    let mut fields = Fields { at: declared.at, names, report };
    let name = fields.required("name", declared.name.as_ref(), |text| values::at_most(text, 64));
    let title = fields.required("title", declared.title.as_ref(), |text| values::at_most(text, 50));
    let email = fields.required("email", declared.email.as_ref(), values::contact_email);
    let phone = fields.required("phone", declared.phone.as_ref(), values::phone);
    Some(AlternateContactAttributes {
        account: unknown(),
        contact_type: contact_type.to_owned(),
        email: email?,
        name: name?,
        phone: phone?,
        title: title?,
        trusted_service: None,
    })
}

fn primary(declared: &At<PrimaryContact>, names: Names<'_>, report: &mut Report) -> Option<PrimaryContactAttributes> {
    let address = lines(declared, names, report);
    let mut fields = Fields { at: declared.at, names, report };
    let most = |most: usize| move |text: &str| values::at_most(text, most);
    let full_name = fields.required("full_name", declared.full_name.as_ref(), most(50));
    let city = fields.required("city", declared.city.as_ref(), most(50));
    let postal_code = fields.required("postal_code", declared.postal_code.as_ref(), most(20));
    let country_code = fields.required("country_code", declared.country_code.as_ref(), values::country);
    let phone = fields.required("phone", declared.phone.as_ref(), values::phone_with_country);
    let company = fields.optional(declared.company.as_ref(), most(50));
    let state = fields.optional(declared.state.as_ref(), most(50));
    let district = fields.optional(declared.district.as_ref(), most(50));
    let website = fields.optional(declared.website.as_ref(), most(256));
    if let Some(country) = country_code.as_deref().filter(|country| values::WITH_STATE.contains(country) && declared.state.is_none()) {
        let diagnostic = Code::BadContact.error(format!("AWS wants the `state` of an address in `{country}`"));
        report.at(declared.at, diagnostic.hint("add the state or region: `state = \"…\"`"));
    }
    Some(PrimaryContactAttributes {
        account: unknown(),
        address: address?,
        city: city?,
        company,
        country_code: country_code?,
        district,
        full_name: full_name?,
        phone: phone?,
        postal_code: postal_code?,
        state,
        trusted_service: None,
        website,
    })
}

/// Which account they are of is known only where all accounts are.
fn unknown() -> Reference {
    Reference::Id(String::new())
}

/// The lines of a postal address.
fn lines(declared: &At<PrimaryContact>, names: Names<'_>, report: &mut Report) -> Option<Vec<String>> {
    let mut fields = Fields { at: declared.at, names, report };
    let Some(lines) = &declared.address else {
        fields.missing("address");
        return None;
    };
    if !(1..=3).contains(&lines.len()) {
        let diagnostic = Code::BadContact.error(format!("an address of {} lines", lines.len()));
        fields.report.at(lines.at, diagnostic.hint("AWS takes one to three lines; the city and the postal code have keys of their own"));
        return None;
    }
    lines.iter().map(|line| fields.optional(Some(line), |text| values::at_most(text, 60))).collect()
}

/// The fields of one contact, as they are gone through.
struct Fields<'n, 'r> {
    at: ByteRange,
    names: Names<'n>,
    report: &'r mut Report,
}

impl Fields<'_, '_> {
    fn missing(&mut self, key: &str) {
        let diagnostic = Code::MissingKey.error(format!("the contact has no `{key}`"));
        self.report.at(self.at, diagnostic.hint("AWS wants it: add it here"));
    }

    fn required<E: Into<String>>(
        &mut self,
        key: &str,
        template: Option<&At<String>>,
        check: impl Fn(&str) -> Result<(), E>,
    ) -> Option<String> {
        if template.is_none() {
            self.missing(key);
        }
        self.optional(template, check)
    }

    fn optional<E: Into<String>>(&mut self, template: Option<&At<String>>, check: impl Fn(&str) -> Result<(), E>) -> Option<String> {
        let made = fill(template?, self.names, self.report)?;
        if let Err(why) = check(&made.text) {
            self.report.at(made.at, Code::BadContact.error(format!("AWS refuses `{}` in a contact", made.text)).hint(why));
            return None;
        }
        Some(made.text)
    }
}
