//! The position of a resource in org.toml: the line that SARIF points to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::Checked;
use super::section::File;
use crate::address::Address;
use crate::diagnostic::{ByteRange, Source, Span};
use crate::resource::network::{CustomerGateway, TransitGateway, Vpc};
use crate::resource::organizations::{
    Account, DelegatedAdministrator, OrganizationalUnit, Policy, PolicyAttachments, TrustedService, organization_address,
    root_access_address,
};
use crate::resource::{self, Kind, Section};

/// The places of what org.toml declares, by address.
#[derive(Debug)]
pub struct Places {
    source: Arc<Source>,
    declared: BTreeMap<Address, ByteRange>,
    /// The place of what it does not declare: the organization's.
    organization: ByteRange,
}

impl Places {
    pub(super) fn new(file: &File, checked: &Checked<'_>, source: &Arc<Source>) -> Self {
        let mut declared = BTreeMap::new();
        declared.extend(file.ou.keys().map(|key| (OrganizationalUnit::address(key.as_str()), key.at())));
        declared.extend(file.policy.keys().map(|key| (Policy::address(key.as_str()), key.at())));
        declared.extend(file.vpc.keys().map(|key| (Vpc::address(key.as_str()), key.at())));
        declared.extend(file.transit_gateway.keys().map(|key| (TransitGateway::address(key.as_str()), key.at())));
        declared.extend(file.vpn.keys().map(|key| (CustomerGateway::address(key.as_str()), key.at())));
        declared.extend(checked.accounts.iter().map(|account| (account.address(), account.at)));
        let attachments = |target: Address| PolicyAttachments::address(target.to_string());
        if let Some(organization) = file.organization.as_ref().map(|section| &section.value) {
            declared.extend(organization.trusted_services.iter().map(|service| (TrustedService::address(service.as_str()), service.at)));
            let administrators = organization.delegated_administrators.iter();
            declared.extend(administrators.map(|(key, account)| (DelegatedAdministrator::address(&*key.0), account.at)));
            declared.extend(organization.root_access.iter().map(|access| (root_access_address(), access.at)));
            declared.extend(organization.policies.iter().map(|set| (attachments(organization_address()), set.at)));
        }
        for (key, ou) in &file.ou {
            declared.extend(ou.policies.iter().map(|set| (attachments(OrganizationalUnit::address(key.as_str())), set.at)));
        }
        for account in &checked.accounts {
            declared.extend(account.policies.iter().map(|set| (attachments(account.address()), set.at)));
        }
        let organization = file.organization.as_ref().and_then(|section| section.management_account.as_ref());
        Self { source: Arc::clone(source), declared, organization: organization.map_or(ByteRange { start: 0, end: 0 }, |id| id.at) }
    }

    /// Where org.toml speaks of it: its own section, that of the layout or the account that it is a part of, or that of the organization.
    pub fn of(&self, address: &Address) -> Span {
        self.span(self.section(address).unwrap_or(self.organization))
    }

    fn section(&self, address: &Address) -> Option<ByteRange> {
        let declared = |address: &Address| self.declared.get(address).copied();
        let first = address.key().split_once('/').map_or(address.key(), |(first, _)| first);
        let account = || declared(&Account::address(address.scope().map_or(first, |scope| scope.account.as_str())));
        match resource::kind(address.kind())?.spec().section {
            Section::Own => declared(&Address::new(address.kind(), address.key())),
            Section::Account => account(),
            Section::Layout => declared(&Vpc::address(first)).or_else(account),
            Section::Target => declared(address).or_else(|| declared(&address.key().parse().ok()?)),
        }
    }

    /// The place of what org.toml does not have.
    pub fn organization(&self) -> Span {
        self.span(self.organization)
    }

    fn span(&self, range: ByteRange) -> Span {
        Span { source: Arc::clone(&self.source), range }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{Files, load_untested_with};

    const TEXT: &str = r#"[organization]
management_account = "111111111111"
trusted_services = ["account.amazonaws.com", "config.amazonaws.com", "iam.amazonaws.com", "ram.amazonaws.com"]
delegated_administrators = { "config.amazonaws.com" = "audit" }
root_access = "central"
policies = ["FullAWSAccess"]
[ou.work]
policies = ["FullAWSAccess", "deny"]
[policy.deny]
[account.audit]
id = "222222222222"
ou = "work"
[pool.main]
cidr = "10.0.0.0/8"
[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 20
zones = 2
tiers = { private = 100 }
[transit_gateway.hub]
account = "audit"
region = "eu-west-1"
"#;

    #[test]
    fn a_resource_is_at_its_own_section_or_that_of_what_it_is_part_of() {
        let read = |_: &Path| Ok(br#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#.to_vec());
        let loaded = load_untested_with(Path::new("org.toml"), Ok(TEXT.as_bytes().to_vec()), &Files::new("", &read)).unwrap();
        let at = |address: &str| {
            let span = loaded.places.of(&address.parse().unwrap());
            TEXT[span.range.start..span.range.end].to_owned()
        };
        let organization = "\"111111111111\"";
        let expected = [
            ("ou.work", "work"),
            ("policy.deny", "deny"),
            ("account.audit", "audit"),
            ("trusted_service.iam.amazonaws.com", "\"iam.amazonaws.com\""),
            ("delegated_administrator.config.amazonaws.com", "\"audit\""),
            ("root_access.main", "\"central\""),
            ("policy_attachments.organization.main", "[\"FullAWSAccess\"]"),
            ("policy_attachments.ou.work", "[\"FullAWSAccess\", \"deny\"]"),
            ("policy_attachments.account.audit", "audit"),
            ("placement.audit", "audit"),
            ("alternate_contact.audit/billing", "audit"),
            ("audit/eu-west-1/transit_gateway.hub", "hub"),
            ("audit/eu-west-1/subnet.standard/private-euw1-az1", "standard"),
            ("audit/eu-west-1/resource_share.hub", "audit"),
            ("audit/eu-west-1/region.main", "audit"),
            ("audit/eu-west-1/default_vpc.standard", "audit"),
            ("organization.main", organization),
            ("policy_type.SERVICE_CONTROL_POLICY", organization),
            ("account.other", organization),
            ("no-kind.audit", organization),
        ];
        assert_eq!(expected.map(|(address, _)| at(address)), expected.map(|(_, place)| place));
    }
}
