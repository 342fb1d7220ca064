//! The live side of the diff: converts the world as it was read into the form of the configuration. Pure.
//!
//! [`Identity`] matches live resources to addresses, and [`Removal`] says which managed resources can be deleted. Here they become
//! [`LiveResource`]s with attributes in the same form as the desired ones, and findings about everything else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::crowded::Rooms;
use super::identity::{Identity, list};
use super::invited::Outside;
use super::policy_type::policy_type_id;
use super::removal::{self, Removal};
use super::renamed;
use super::world::{LivePolicy, Member, Wanted, World};
use super::{Account, departing};
use super::{
    AccountAttributes, DelegatedAdministratorAttributes, OrganizationAttributes, OrganizationalUnitAttributes, PolicyAttachmentsAttributes,
    PolicyAttributes, PolicyTypeAttributes, TrustedServiceAttributes, organization_address,
};
use super::{DelegatedAdministrator, email};
use crate::address::{Address, Reference};
use crate::aws::AwsResult;
use crate::limits::LIMITS;
use crate::resource::{
    ADDRESS_TAG, Attributes, CROWDED, Desired, Finding, FindingSeverity, Kind, Live, LiveResource, SUCCESSOR, WITH_ITS_ACCOUNT, untyped,
};

mod beside;
mod contacts;
mod root;

/// Binds a world, or the absence of an organization, to the configuration.
///
/// # Errors
/// The desired attributes are malformed.
pub(crate) fn bind(desired: &Desired, world: Option<&World>) -> AwsResult<Live> {
    let wanted = Wanted::of(desired)?;
    Ok(match world {
        Some(world) => {
            let identity = Identity::of(desired, &wanted, world);
            let removal = Removal::of(&wanted, world, &identity);
            let live = Live { locked: world.locked, ..Live::default() };
            Binder { desired, wanted: &wanted, world, identity: &identity, removal: &removal, live }.bind()
        }
        None => before_the_organization(desired, &wanted),
    })
}

/// The only live resource is the account that will be the management account, under the root, as soon as there is one.
fn before_the_organization(desired: &Desired, wanted: &Wanted) -> Live {
    let mut live = Live::default();
    let management = |address: &Address| desired.pinned.get(address) == Some(&desired.management_account);
    for (address, account) in &wanted.accounts {
        let pinned = desired.pinned.get(address);
        if account.leaves.is_some() {
            continue;
        }
        if management(address) {
            // Its name and e-mail can be read only once the organization exists; a second run reads them.
            let attributes = AccountAttributes {
                parent: Some(organization_address().into()),
                tags: account.tags.as_ref().map(|_| BTreeMap::new()),
                ..account.clone()
            };
            let id = Some(desired.management_account.clone());
            live.resources.insert(address.clone(), LiveResource { id, attributes: untyped(&attributes), ours: None, frozen: None });
        } else if let Some(id) = pinned.filter(|_| !wanted.is_invited(address)) {
            let summary =
                format!("the account `{id}` is not in the organization, which does not exist yet: remove its `id`, or add `invite = true`");
            live.findings.push(Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary });
        }
    }
    root::all_unborn(&mut live, wanted);
    for (address, set) in &wanted.attachments {
        let attributes = PolicyAttachmentsAttributes { policies: wanted.born_with(|_| true).collect(), target: set.target.clone() };
        let id = match &set.target {
            Reference::Address(target) if management(target) => Some(desired.management_account.clone()),
            Reference::Address(_) | Reference::Id(_) => None,
        };
        live.resources.insert(address.clone(), LiveResource { id, attributes: untyped(&attributes), ours: None, frozen: None });
    }
    let accounts = wanted.accounts.keys().filter(|address| wanted.is_invited(address) && !management(address)).cloned().collect();
    let outside = Outside { desired, wanted, invitations: &BTreeMap::new(), now: 0, accounts };
    outside.freeze(&mut live);
    outside.plan(&mut live);
    live
}

struct Binder<'a> {
    desired: &'a Desired,
    wanted: &'a Wanted,
    world: &'a World,
    identity: &'a Identity,
    removal: &'a Removal,
    live: Live,
}

impl Binder<'_> {
    fn bind(mut self) -> Live {
        self.organization();
        self.services();
        self.units();
        self.policies();
        self.accounts();
        self.attachments();
        self.contacts();
        self.root();
        self.invitations();
        self.beside();
        self.live.renames = renamed::renames(self.desired, self.wanted, self.world, self.identity);
        let quota = self.account_quota();
        self.live.findings.extend(quota);
        self.live.findings.extend(self.identity.findings.iter().chain(&self.removal.findings).cloned());
        self.live.findings.sort();
        self.live
    }

    /// New accounts that exceed the quota. If it is exceeded already, AWS must have raised it, and the new limit is unknown.
    fn account_quota(&self) -> Option<Finding> {
        let is_new = |(address, account): &(&Address, &AccountAttributes)| {
            let is_asked = self.desired.selection.selects(address) && account.leaves.is_none();
            is_asked
                && self.identity.id(address).is_none()
                && !self.desired.pinned.contains_key(*address)
                && !self.wanted.is_invited(address)
        };
        let new = self.wanted.accounts.iter().filter(is_new).count();
        let (there, quota) = (self.world.accounts.len(), self.desired.account_quota.unwrap_or(LIMITS.quotas.accounts));
        if new == 0 || there > quota || there + new <= quota {
            return None;
        }
        let summary = format!(
            "{} to be created, and there are {there}, closed ones included, of {quota} that AWS allows: raise \"Default maximum number of \
             accounts\" in Service Quotas (us-east-1, AWS Organizations), then set `accounts = {}` in [limits]",
            if new == 1 { "1 account is".to_owned() } else { format!("{new} accounts are") },
            there + new
        );
        Some(Finding { severity: FindingSeverity::Error, subject: "accounts".to_owned(), summary })
    }

    fn add(&mut self, address: Address, id: &str, attributes: Attributes) -> &mut LiveResource {
        let resource = LiveResource { id: Some(id.to_owned()), attributes, ours: self.world.ours(id), frozen: None };
        self.live.resources.entry(address).insert_entry(resource).into_mut()
    }

    fn report(&mut self, subject: String, summary: impl Into<String>) {
        self.live.findings.push(Finding { severity: FindingSeverity::Unmanaged, subject, summary: summary.into() });
    }

    /// The reference to a live OU, the root or an account in the attributes of another resource.
    fn name_of(&self, id: &str) -> Reference {
        let removed = || self.removal.units.get(id);
        self.identity.address(id).or_else(removed).cloned().map_or_else(|| Reference::Id(id.to_owned()), Reference::Address)
    }

    fn name_of_policy(&self, id: &str) -> Reference {
        let removed = || self.removal.policies.get(id);
        self.identity.address(id).or_else(removed).cloned().map_or_else(|| Reference::Id(id.to_owned()), Reference::Address)
    }

    /// The live values of the declared tags: other tags are unmanaged, so they are not a difference.
    fn tags(&self, id: &str, declared: Option<&BTreeMap<String, String>>) -> Option<BTreeMap<String, String>> {
        let live = self.world.tags.get(id);
        let value = |key: &String| Some((key.clone(), live?.get(key)?.clone()));
        declared.map(|declared| declared.keys().filter(|key| *key != ADDRESS_TAG).filter_map(value).collect())
    }

    fn organization(&mut self) {
        let (organization, root) = (organization_address(), self.world.root.clone());
        if self.desired.resources.contains_key(&organization) {
            let attributes = OrganizationAttributes { feature_set: self.world.feature_set.clone() };
            self.add(organization.clone(), &root, untyped(&attributes));
            if self.world.feature_set == "CONSOLIDATED_BILLING" {
                // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html
                let summary = "all features will be enabled, which AWS cannot undo, and every invited account must agree first";
                let subject = organization.to_string();
                self.live.findings.push(Finding { severity: FindingSeverity::Warning, subject, summary: summary.to_owned() });
            }
        }
        for (name, address) in &self.wanted.policy_types {
            if self.world.enabled(name) {
                let attributes = PolicyTypeAttributes { organization: organization.clone().into(), policy_type: name.clone() };
                self.add(address.clone(), &policy_type_id(&root, name), untyped(&attributes));
            }
        }
        // A type is managed while a policy of it is declared. A user who removes the last one must not assume that its attachments are
        // gone.
        let unmanaged = self.world.policy_types.keys().map(String::as_str);
        let unmanaged = unmanaged.filter(|name| self.world.enabled(name) && !self.wanted.policy_types.contains_key(*name));
        let unmanaged = list(&unmanaged.collect::<Vec<_>>());
        if !unmanaged.is_empty() {
            let summary = format!("enabled, and no policy of them is in the configuration, so what is attached of them stays: {unmanaged}");
            self.report("policy types".to_owned(), summary);
        }
    }

    fn services(&mut self) {
        let mut undeclared: BTreeSet<&str> = self.world.trusted_services.iter().map(String::as_str).collect();
        for (address, wanted) in &self.wanted.trusted_services {
            if undeclared.remove(wanted.service.as_str()) {
                let attributes = TrustedServiceAttributes { organization: organization_address().into(), service: wanted.service.clone() };
                self.add(address.clone(), &wanted.service, untyped(&attributes));
            }
        }
        if !undeclared.is_empty() {
            let services = list(&undeclared.into_iter().collect::<Vec<_>>());
            self.report("trusted services".to_owned(), format!("enabled and not in the configuration: {services}"));
        }
        self.several_administrators();
        for (address, wanted) in self.wanted.administrators.iter().filter(|(address, wanted)| address.key() == wanted.service) {
            let mut accounts: Vec<&str> =
                self.world.administrators.get(&wanted.service).into_iter().flatten().map(String::as_str).collect();
            // A service may have several: the desired one first, so that nothing changes if it is among them.
            accounts.sort_by_key(|id| self.name_of(id) != wanted.account);
            let (bound, others) = match accounts.split_first() {
                None => continue,
                // Several unmanaged ones: the service allows more than one, so the desired one is added and replaces none of them.
                Some((first, others)) if !others.is_empty() && self.name_of(first) != wanted.account => {
                    self.report(address.to_string(), format!("administered by further accounts: {}", list(&accounts)));
                    continue;
                }
                Some((bound, others)) => (bound, others),
            };
            let attributes = DelegatedAdministratorAttributes {
                account: self.name_of(bound),
                service: wanted.service.clone(),
                trusted_service: wanted.trusted_service.clone(),
            };
            self.add(address.clone(), &wanted.service, untyped(&attributes));
            if !others.is_empty() {
                self.report(address.to_string(), format!("administered by further accounts: {}", list(others)));
            }
        }
    }

    /// The administrators of services for which org.toml names several: each one exists or not, and replaces no other.
    fn several_administrators(&mut self) {
        let mut named: BTreeMap<&str, BTreeSet<Reference>> = BTreeMap::new();
        for (address, wanted) in self.wanted.administrators.iter().filter(|(address, wanted)| address.key() != wanted.service) {
            named.entry(&wanted.service).or_default().insert(wanted.account.clone());
            let accounts = self.world.administrators.get(&wanted.service);
            if accounts.into_iter().flatten().any(|id| self.name_of(id) == wanted.account) {
                self.add(address.clone(), &wanted.service, untyped(wanted));
            }
        }
        for (service, named) in named {
            let accounts = self.world.administrators.get(service).into_iter().flatten();
            let others: Vec<&str> = accounts.filter(|id| !named.contains(&self.name_of(id))).map(String::as_str).collect();
            if !others.is_empty() {
                let subject = DelegatedAdministrator::address(service).to_string();
                self.report(subject, format!("administered by further accounts: {}", list(&others)));
            }
        }
    }

    fn units(&mut self) {
        for (id, unit) in &self.world.units {
            let bound = self.identity.address(id).and_then(|address| Some((address, self.wanted.units.get(address)?)));
            let declared = bound.and_then(|(_, wanted)| wanted.tags.as_ref());
            let attributes =
                OrganizationalUnitAttributes { name: unit.name.clone(), parent: self.name_of(&unit.parent), tags: self.tags(id, declared) };
            if let Some((address, _)) = bound {
                self.add(address.clone(), id, untyped(&attributes));
            } else if let Some(address) = self.removal.units.get(id) {
                let attached = self.world.policies.iter().filter(|(_, policy)| policy.targets.contains(id));
                let policies: BTreeSet<Reference> = attached.map(|(policy, _)| self.name_of_policy(policy)).collect();
                let mut attributes = untyped(&attributes).with("policies", serde_json::json!(policies));
                if let Some(successor) = removal::successor(self.wanted, self.world, id) {
                    attributes = attributes.with(SUCCESSOR, successor.to_string().into());
                }
                self.add(address.clone(), id, attributes);
            }
        }
    }

    fn policies(&mut self) {
        for (id, policy) in &self.world.policies {
            let bound = self.identity.address(id).and_then(|address| Some((address, self.wanted.policies.get(address)?)));
            let (address, declared, reference) = match (bound, self.removal.policies.get(id)) {
                (Some((address, wanted)), _) => (address, wanted.tags.as_ref(), wanted.policy_type.clone()),
                (None, Some(address)) => {
                    let enabled = self.wanted.policy_types.get(&policy.policy_type);
                    (address, None, enabled.cloned().map_or_else(|| Reference::Id(policy.policy_type.clone()), Reference::Address))
                }
                (None, None) => continue,
            };
            let attributes = self.policy_attributes(id, policy, declared, reference);
            self.add(address.clone(), id, untyped(&attributes));
        }
    }

    fn policy_attributes(
        &self,
        id: &str,
        policy: &LivePolicy,
        declared: Option<&BTreeMap<String, String>>,
        policy_type: Reference,
    ) -> PolicyAttributes {
        PolicyAttributes {
            content: policy.content.as_deref().map_or(Value::Null, |text| crate::policy::canonical(&policy.policy_type, text)),
            description: policy.description.clone(),
            name: policy.name.clone(),
            policy_type,
            tags: self.tags(id, declared),
        }
    }

    fn accounts(&mut self) {
        for (id, account) in &self.world.accounts {
            let bound = self.identity.address(id).and_then(|address| Some((address, self.wanted.accounts.get(address)?)));
            let Some((address, wanted)) = bound else {
                if *id != self.world.management_account {
                    self.report(format!("{id} ({})", account.name), describe_unmanaged(self.desired, self.world, account));
                }
                continue;
            };
            if let Some(leaving) = wanted.leaves {
                let attributes = departing::attributes(wanted, leaving, account, self.parent_of(account));
                self.add(address.clone(), id, untyped(&attributes)).frozen = departing::frozen(leaving, account);
                continue;
            }
            // E-mails are compared case-insensitively, as in AWS. A change that only waits for its code is done, as far as a plan can do
            // it.
            let awaited = |email: &String| email::is_awaited(self.world.tags.get(id), email);
            let same = |email: &&String| email.eq_ignore_ascii_case(&account.email) || awaited(email);
            if let Some(email) = wanted.email.as_ref().filter(|email| !email.eq_ignore_ascii_case(&account.email) && awaited(email)) {
                self.live.findings.push(waits_for_code(address, &account.email, email));
            }
            let attributes = AccountAttributes {
                code_sent_to: email::lost_note(self.world.tags.get(id), &account.email, wanted.email.as_ref()),
                email: Some(wanted.email.as_ref().filter(same).unwrap_or(&account.email).clone()),
                leaves: None,
                name: Some(account.name.clone()),
                parent: Some(self.parent_of(account)),
                tags: self.tags(id, wanted.tags.as_ref()),
            };
            self.add(address.clone(), id, untyped(&attributes)).frozen = departing::way_out(account);
        }
        let departing = departing::findings(self.wanted, self.world, self.identity);
        self.live.findings.extend(departing);
    }

    fn parent_of(&self, account: &Member) -> Reference {
        self.name_of(account.parent.as_deref().unwrap_or(&self.world.root))
    }

    /// For accounts that have joined, nothing is left to do.
    fn invitations(&mut self) {
        let account = |address: &Address| Account::address(address.key());
        let invited = || self.wanted.invitations.iter().map(|(address, wanted)| (address, wanted, account(address)));
        let joined = invited().filter_map(|(address, wanted, account)| Some((address, wanted, self.identity.id(&account)?)));
        let joined: Vec<(Address, LiveResource)> = joined
            .map(|(address, wanted, id)| {
                let id = Some(id.to_owned());
                (address.clone(), LiveResource { id, attributes: untyped(wanted), ours: None, frozen: None })
            })
            .collect();
        self.live.resources.extend(joined);
        let accounts = invited().map(|(_, _, account)| account).filter(|account| self.identity.id(account).is_none()).collect();
        let World { invitations, now, .. } = self.world;
        let outside = Outside { desired: self.desired, wanted: self.wanted, invitations, now: *now, accounts };
        outside.freeze(&mut self.live);
        outside.plan(&mut self.live);
    }

    /// The set of every managed target. If the type is not enabled yet, or the target does not exist yet, AWS attaches the defaults
    /// itself, so the set starts with them.
    fn attachments(&mut self) {
        let mut attached: BTreeMap<&str, BTreeSet<Reference>> = BTreeMap::new();
        // Attachments of Control Tower and of the console are not a difference, so overlord never detaches them.
        let of_aws = |id: &String, policy: &LivePolicy| self.world.puts_itself(id, policy) && self.identity.address(id).is_none();
        for (id, policy) in self.world.policies.iter().filter(|(id, policy)| !of_aws(id, policy)) {
            for target in &policy.targets {
                attached.entry(target).or_default().insert(self.name_of_policy(id));
            }
        }
        let rooms = Rooms::of(self.world, self.wanted, self.desired, |id| self.name_of_policy(id));
        for (address, wanted) in &self.wanted.attachments {
            let id = match &wanted.target {
                Reference::Address(target) => self.identity.id(target).map(str::to_owned),
                Reference::Id(id) => Some(id.clone()),
            };
            let mut policies = id.as_deref().and_then(|id| attached.get(id)).cloned().unwrap_or_default();
            policies.extend(self.wanted.born_with(|name| id.is_none() || !self.world.enabled(name)));
            let account = id.as_ref().and_then(|id| self.world.accounts.get(id));
            let frozen = account.and_then(Member::frozen).map(|_| WITH_ITS_ACCOUNT.to_owned());
            let crowded = id.as_deref().and_then(|id| rooms.crowded(id, &policies, &wanted.policies));
            let mut attributes = untyped(&PolicyAttachmentsAttributes { policies, target: wanted.target.clone() });
            if let Some(crowded) = crowded {
                attributes = attributes.with(CROWDED, crowded);
            }
            self.live.resources.insert(address.clone(), LiveResource { id, attributes, ours: None, frozen });
        }
    }
}

fn waits_for_code(address: &Address, live: &str, wanted: &str) -> Finding {
    let summary = format!(
        "its e-mail is `{live}` until the code that AWS sent to `{wanted}` is submitted: `overlord email --account {key} --code CODE`; \
         `overlord email --account {key}` has another one sent",
        key = address.key()
    );
    Finding { severity: FindingSeverity::Warning, subject: address.to_string(), summary }
}

fn describe_unmanaged(desired: &Desired, world: &World, account: &Member) -> String {
    let place = account.parent.as_deref().map(|parent| world.path(parent)).filter(|path| !path.is_empty());
    let place = place.map_or_else(|| "under the root".to_owned(), |path| format!("in OU `{path}`"));
    match account.frozen() {
        Some(reason) => format!("an account that is not in the configuration, {place}; {reason}"),
        // overlord must not move it.
        None if desired.quarantine.is_some() && account.parent.as_ref() == Some(&world.root) => {
            format!("an account that is not in the configuration, {place}: declare it, or move it into the quarantine by hand")
        }
        None => format!("an account that is not in the configuration, {place}"),
    }
}

#[cfg(test)]
#[path = "bind_tests.rs"]
mod tests;
