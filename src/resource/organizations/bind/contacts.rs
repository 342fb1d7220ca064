//! The contacts of accounts, in the form of the configuration.

use super::Binder;
use crate::address::{Address, Reference};
use crate::resource::organizations::contacts::ACCOUNT_MANAGEMENT;
use crate::resource::organizations::{AlternateContactAttributes, PrimaryContactAttributes, alternate_contact};
use crate::resource::{Attributes, Finding, FindingSeverity, LiveResource, untyped};

impl Binder<'_> {
    /// Contacts of an account that can no longer be used were not read, and must not be written.
    pub(super) fn contacts(&mut self) {
        let mut unread = false;
        for (address, wanted) in &self.wanted.alternate_contacts {
            let Some((account, frozen)) = self.account_of(&wanted.account) else { continue };
            let id = alternate_contact::id(account, &wanted.contact_type);
            let live = self.world.alternate_contacts.get(&(account.to_owned(), wanted.contact_type.clone()));
            let live = live.or(frozen.as_ref().map(|_| wanted)).cloned();
            unread |= !self.reads_contacts_of(account);
            let attributes = live.map(|live| AlternateContactAttributes {
                account: wanted.account.clone(),
                trusted_service: wanted.trusted_service.clone(),
                ..live
            });
            self.add_contact(address, id, attributes.as_ref().map(untyped), frozen);
        }
        for (address, wanted) in &self.wanted.primary_contacts {
            let Some((account, frozen)) = self.account_of(&wanted.account) else { continue };
            let live = self.world.primary_contacts.get(account).or(frozen.as_ref().map(|_| wanted)).cloned();
            unread |= !self.reads_contacts_of(account);
            let attributes = live.map(|live| PrimaryContactAttributes {
                account: wanted.account.clone(),
                trusted_service: wanted.trusted_service.clone(),
                ..live
            });
            self.add_contact(address, account.to_owned(), attributes.as_ref().map(untyped), frozen);
        }
        if unread {
            let summary =
                format!("AWS does not trust `{ACCOUNT_MANAGEMENT}` yet, so they were not read: they are written, whatever they are now");
            self.live.findings.push(Finding { severity: FindingSeverity::Warning, subject: "contacts".to_owned(), summary });
        }
    }

    fn reads_contacts_of(&self, account: &str) -> bool {
        account == self.desired.management_account || self.world.trusted_services.contains(ACCOUNT_MANAGEMENT)
    }

    /// The id of a bound account, and why it stays as it is.
    fn account_of(&self, reference: &Reference) -> Option<(&str, Option<String>)> {
        let Reference::Address(address) = reference else { return None };
        let id = self.identity.id(address)?;
        Some((id, self.world.accounts.get(id)?.frozen()))
    }

    fn add_contact(&mut self, address: &Address, id: String, attributes: Option<Attributes>, frozen: Option<String>) {
        if let Some(attributes) = attributes {
            self.live.resources.insert(address.clone(), LiveResource { id: Some(id), attributes, ours: None, frozen });
        }
    }
}
