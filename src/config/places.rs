//! The position of a resource in org.toml: the line that SARIF points to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::Checked;
use super::section::File;
use crate::address::Address;
use crate::diagnostic::{ByteRange, Source, Span};
use crate::resource::wholes;

/// The places of what org.toml declares, by address.
#[derive(Debug)]
pub struct Places {
    source: Arc<Source>,
    /// Sections are not in any account: that of `web/eu-west-1/vpc.standard` is `vpc.standard`.
    declared: BTreeMap<Address, ByteRange>,
    /// The place of what it does not declare: the organization's.
    organization: ByteRange,
}

impl Places {
    pub(super) fn new(file: &File, checked: &Checked<'_>, source: &Arc<Source>) -> Self {
        let mut declared = BTreeMap::new();
        let mut add = |kind: &str, key: &str, at: ByteRange| {
            declared.insert(Address::new(kind, key), at);
        };
        file.ou.keys().for_each(|key| add("ou", key.as_str(), key.at()));
        file.policy.keys().for_each(|key| add("policy", key.as_str(), key.at()));
        file.vpc.keys().for_each(|key| add("vpc", key.as_str(), key.at()));
        file.transit_gateway.keys().for_each(|key| add("transit_gateway", key.as_str(), key.at()));
        file.vpn.keys().for_each(|key| add("customer_gateway", key.as_str(), key.at()));
        checked.accounts.iter().for_each(|account| add("account", &account.key, account.at));
        for organization in file.organization.iter().map(|section| &section.value) {
            organization.trusted_services.iter().for_each(|service| add("trusted_service", service, service.at));
            organization.delegated_administrators.iter().for_each(|(key, account)| add("delegated_administrator", &key.0, account.at));
            organization.root_access.iter().for_each(|access| add("root_access", "main", access.at));
            organization.policies.iter().for_each(|set| add("policy_attachments", "organization.main", set.at));
        }
        for (key, ou) in &file.ou {
            ou.policies.iter().for_each(|set| add("policy_attachments", &format!("ou.{}", key.as_str()), set.at));
        }
        for account in &checked.accounts {
            account.policies.iter().for_each(|set| add("policy_attachments", &format!("account.{}", account.key), set.at));
        }
        let organization = file.organization.as_ref().and_then(|section| section.management_account.as_ref());
        Self { source: Arc::clone(source), declared, organization: organization.map_or(ByteRange { start: 0, end: 0 }, |id| id.at) }
    }

    /// Where org.toml speaks of it: its own section, else that of the nearest resource that it is a part of, else that of the organization.
    pub fn of(&self, address: &Address) -> Span {
        let declared = |address: &Address| self.declared.get(&Address::new(address.kind(), address.key())).copied();
        let own = std::iter::once(address.clone()).chain(wholes(address)).find_map(|address| declared(&address));
        self.span(own.unwrap_or(self.organization))
    }

    /// The place of what org.toml does not have.
    pub fn organization(&self) -> Span {
        self.span(self.organization)
    }

    fn span(&self, range: ByteRange) -> Span {
        Span { source: Arc::clone(&self.source), range }
    }
}
