//! Expands a valid configuration to its desired resources, in the exact form in which overlord reads them from AWS.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::check::packing::{part_address, part_name};
use super::check::policies::Declared;
use super::check::{Checked, attachments, ou_name, root};
use super::section::{Administrators, File, Organization};
use super::span::{At, Tags};
use crate::address::{Address, Reference};
use crate::limits::{LIMITS, PolicyTypeLimits};
use crate::network::Quotas;
use crate::policy::Document;
use crate::resource::organizations::{
    Account, AccountAttributes, CREDENTIALS, DelegatedAdministrator, DelegatedAdministratorAttributes, IAM, Invitation,
    InvitationAttributes, OrganizationAttributes, OrganizationalUnit, OrganizationalUnitAttributes, Policy, PolicyAttachments,
    PolicyAttachmentsAttributes, PolicyAttributes, PolicyType, PolicyTypeAttributes, RootAccessAttributes, RootCredentials,
    RootCredentialsAttributes, SESSIONS, TrustedService, TrustedServiceAttributes, organization_address, root_access_address,
};
use crate::resource::{Attributes, Desired, Kind, untyped};

/// The Region of an organization that names none: Organizations itself lives there.
pub const HOME_REGION: &str = "us-east-1";
/// The role that CreateAccount makes when it is given no name.
pub const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

/// The desired resources. For a file with mistakes, those that are known.
pub(super) fn desired(file: &File, checked: Checked<'_>) -> Desired {
    let none = Organization::default();
    let section = file.organization.as_ref().map_or(&none, |o| &o.value);
    let text = |value: &Option<At<String>>, default: &str| value.as_ref().map_or(default, |v| v.as_str()).to_owned();
    let mut desired = Desired {
        management_account: text(&section.management_account, ""),
        home_region: text(&section.home_region, HOME_REGION),
        access_role: text(&section.access_role, ACCESS_ROLE),
        plan_role: section.plan_role.as_ref().map(|role| role.value.clone()),
        external_id: section.external_id.as_ref().map(|id| id.value.clone()),
        account_quota: file.limits.accounts.as_ref().map(|quota| quota.value as usize),
        network_quotas: network_quotas(file),
        added_regions: file.limits.regions.iter().map(|region| region.value.clone()).collect(),
        attached: attached(file),
        quarantine: section.quarantine.as_ref().map(|key| OrganizationalUnit::address(key.as_str())),
        moved: checked.moved.clone(),
        ..Desired::default()
    };
    let mut resources = Resources(&mut desired.resources);
    resources.organization(section, &checked);
    resources.ous(file);
    resources.policies(&checked);
    resources.accounts(&checked);
    for account in &checked.accounts {
        account
            .contacts
            .resources(account, &desired.management_account)
            .into_iter()
            .for_each(|(address, attributes)| drop(resources.0.insert(address, attributes)));
    }
    for account in checked.accounts.iter().filter(|account| root::is_to_go(account)) {
        let attributes = RootCredentialsAttributes {
            account: account.address().into(),
            credentials: BTreeSet::new(),
            root_access: root_access_address().into(),
        };
        resources.add(RootCredentials::address(&account.key), &attributes);
    }
    for (address, (attributes, _)) in checked.accounts.iter().flat_map(|account| &account.settings) {
        resources.0.insert(address.clone(), attributes.clone());
    }
    for (target, policies) in &checked.attachments {
        let address = PolicyAttachments::address(target.to_string());
        resources.add(address, &PolicyAttachmentsAttributes { policies: policies.clone(), target: target.clone().into() });
    }
    for (team, stage) in checked.accounts.iter().filter_map(|account| account.team) {
        desired.teams.entry(team.to_owned()).or_default().insert(stage.to_owned());
    }
    desired.pinned = checked.accounts.iter().filter_map(|a| Some((a.address(), a.id?.value.clone()))).collect();
    desired.network = checked.network;
    desired.prices = checked.prices;
    desired
}

/// The quotas of accounts and Regions that org.toml raises.
fn network_quotas(file: &File) -> Quotas {
    let said = |quota: &Option<At<u32>>| quota.as_ref().map(|quota| quota.value as usize);
    let limits = &file.limits;
    Quotas { vpcs: said(&limits.vpcs), elastic_ips: said(&limits.elastic_ips), nat_gateways_per_zone: said(&limits.nat_gateways_per_zone) }
}

/// The numbers of attached policies that the file says, by AWS's names of the types.
fn attached(file: &File) -> BTreeMap<String, usize> {
    let said = |limits: &PolicyTypeLimits| {
        let most = file.limits.policy.get(limits.short.as_str())?.attached.as_ref()?;
        Some((limits.name.clone(), most.value as usize))
    };
    LIMITS.policy_types.iter().filter_map(said).collect()
}

struct Resources<'d>(&'d mut BTreeMap<Address, Attributes>);

impl Resources<'_> {
    fn add<A: Serialize>(&mut self, address: Address, attributes: &A) {
        self.0.insert(address, untyped(attributes));
    }

    fn organization(&mut self, section: &Organization, checked: &Checked<'_>) {
        let organization = Reference::from(organization_address());
        self.add(organization_address(), &OrganizationAttributes { feature_set: "ALL".to_owned() });
        for service in &section.trusted_services {
            let attributes = TrustedServiceAttributes { organization: organization.clone(), service: service.value.clone() };
            self.add(TrustedService::address(service.as_str()), &attributes);
        }
        if section.root_access.is_some() {
            let attributes = RootAccessAttributes {
                features: [CREDENTIALS, SESSIONS].map(str::to_owned).into(),
                organization: organization.clone(),
                trusted_service: TrustedService::address(IAM).into(),
            };
            self.add(root_access_address(), &attributes);
        }
        for (service, accounts) in &section.delegated_administrators {
            let service = service.0.as_str();
            for account in accounts.keys() {
                let attributes = DelegatedAdministratorAttributes {
                    account: Account::address(account.as_str()).into(),
                    service: service.to_owned(),
                    trusted_service: TrustedService::address(service).into(),
                };
                let key = match &accounts.value {
                    Administrators::One(_) => service.to_owned(),
                    Administrators::Several(_) => format!("{service}/{}", account.value),
                };
                self.add(DelegatedAdministrator::address(key), &attributes);
            }
        }
        for spec in attachments::managed_types(&checked.policies, section) {
            let attributes = PolicyTypeAttributes { organization: organization.clone(), policy_type: spec.name.clone() };
            self.add(PolicyType::address(&spec.name), &attributes);
        }
    }

    fn ous(&mut self, file: &File) {
        for (key, ou) in &file.ou {
            let parent = match &ou.parent {
                Some(parent) if file.ou.contains_key(parent.as_str()) => OrganizationalUnit::address(parent.as_str()),
                Some(_) | None => organization_address(),
            };
            let attributes =
                OrganizationalUnitAttributes { name: ou_name(key, ou).to_owned(), parent: parent.into(), tags: plain(ou.tags.as_ref()) };
            self.add(OrganizationalUnit::address(key.as_str()), &attributes);
        }
    }

    fn policies(&mut self, checked: &Checked<'_>) {
        for policy in checked.policies.values().flatten() {
            for (number, part) in policy.parts.iter().enumerate() {
                let attributes = PolicyAttributes { name: part_name(policy.name, number), ..policy_of(policy, &part.document) };
                self.add(part_address(policy.key.as_str(), number), &attributes);
            }
        }
        for (address, merged) in &checked.packing.merged {
            let attributes = PolicyAttributes {
                content: merged.document.canonical().clone(),
                description: merged.description.clone(),
                name: merged.name.clone(),
                policy_type: PolicyType::address(&merged.spec.name).into(),
                tags: None,
            };
            self.add(address.clone(), &attributes);
        }
    }

    fn accounts(&mut self, checked: &Checked<'_>) {
        for account in &checked.accounts {
            if account.parent.is_none() && account.leaves.is_none() {
                continue;
            }
            let attributes = AccountAttributes {
                code_sent_to: None,
                email: account.email.as_ref().map(|e| e.text.clone()),
                leaves: account.leaves,
                name: account.name.as_ref().map(|n| n.text.clone()),
                parent: account.parent.clone(),
                tags: account.tags.clone(),
            };
            self.add(account.address(), &attributes);
            if let (Some(invite), Some(parent)) = (&account.invite, &account.parent) {
                let recipient = account.id.map(|id| &id.value).or(account.email.as_ref().map(|email| &email.text));
                let attributes = InvitationAttributes {
                    note: invite.note.clone(),
                    parent: parent.clone(),
                    recipient: recipient.cloned().unwrap_or_default(),
                    tags: account.tags.clone(),
                };
                self.add(Invitation::address(&account.key), &attributes);
            }
        }
    }
}

/// The attributes of a policy that has that document.
fn policy_of(policy: &Declared<'_>, document: &Document) -> PolicyAttributes {
    PolicyAttributes {
        content: document.canonical().clone(),
        description: policy.section.description.as_ref().map(|d| d.value.clone()).unwrap_or_default(),
        name: policy.name.to_owned(),
        policy_type: PolicyType::address(&policy.spec.name).into(),
        tags: plain(policy.section.tags.as_ref()),
    }
}

/// What packing changed, as it is written: split policies as a whole, and sets. For messages about the files.
pub(super) fn as_written(checked: &Checked<'_>) -> BTreeMap<Address, Attributes> {
    let mut written = BTreeMap::new();
    for policy in checked.policies.values().flatten().filter(|policy| policy.parts.len() > 1) {
        let whole = policy.document.as_ref().map(|document| untyped(&policy_of(policy, document)));
        written.extend(whole.map(|whole| (Policy::address(policy.key.as_str()), whole)));
    }
    for (target, policies) in &checked.packing.written {
        let attributes = PolicyAttachmentsAttributes { policies: policies.clone(), target: target.clone().into() };
        written.insert(PolicyAttachments::address(target.to_string()), untyped(&attributes));
    }
    written
}

/// Of each policy that packing made its statements, each as one of a declared policy's file.
pub(super) fn origins(checked: &Checked<'_>) -> BTreeMap<Address, Vec<(Address, usize)>> {
    let mut origins = BTreeMap::new();
    for policy in checked.policies.values().flatten().filter(|policy| policy.parts.len() > 1) {
        for (number, part) in policy.parts.iter().enumerate() {
            let own = Policy::address(policy.key.as_str());
            let of_part = part.origins.iter().map(|origin| (own.clone(), origin.statement)).collect();
            origins.insert(part_address(policy.key.as_str(), number), of_part);
        }
    }
    for (address, merged) in &checked.packing.merged {
        let of_merged = merged.origins.iter().map(|(key, statement)| (Policy::address(key), *statement)).collect();
        origins.insert(address.clone(), of_merged);
    }
    origins
}

/// Tags without places; `None` when none are declared, so that none are read.
fn plain(tags: Option<&Tags>) -> Option<BTreeMap<String, String>> {
    let tags: BTreeMap<String, String> = tags?.iter().map(|(k, v)| (k.0.value.clone(), v.value.clone())).collect();
    if tags.is_empty() { None } else { Some(tags) }
}
