//! Unmanaged accounts and OUs: no plan changes them, but the guardrails that a plan changes apply to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Binder;
use crate::address::{Address, Reference};
use crate::policy::{Family, canonical};
use crate::resource::organizations::world::LivePolicy;
use crate::resource::organizations::{
    Account, AccountAttributes, OrganizationalUnit, OrganizationalUnitAttributes, Policy, PolicyAttachments, PolicyAttachmentsAttributes,
    PolicyAttributes,
};
use crate::resource::{Attributes, Kind, LiveResource, untyped};

impl Binder<'_> {
    /// Runs once everything else is bound. Addresses consist of ids and names, as in findings; no key of org.toml looks like that.
    pub(super) fn beside(&mut self) {
        let (units, accounts) = (self.ids_of::<OrganizationalUnit>(), self.ids_of::<Account>());
        let (policies, sets) = (self.ids_of::<Policy>(), self.ids_of::<PolicyAttachments>());
        let mut beside = BTreeMap::new();
        let mut add = |address: Address, id: &str, attributes: Attributes| {
            beside.insert(address, LiveResource { id: Some(id.to_owned()), attributes, ours: None, frozen: None });
        };
        for (id, unit) in self.world.units.iter().filter(|(id, _)| !units.contains(id.as_str())) {
            let attributes = OrganizationalUnitAttributes { name: unit.name.clone(), parent: self.name_of(&unit.parent), tags: None };
            add(OrganizationalUnit::address(format!("{} ({id})", self.world.path(id))), id, untyped(&attributes));
        }
        let open = self.world.accounts.iter().filter(|(_, account)| account.frozen().is_none());
        for (id, account) in open.filter(|(id, _)| !accounts.contains(id.as_str()) && **id != self.world.management_account) {
            let attributes = AccountAttributes {
                email: Some(account.email.clone()).filter(|email| !email.is_empty()),
                name: Some(account.name.clone()),
                parent: Some(self.parent_of(account)),
                ..AccountAttributes::default()
            };
            add(Account::address(format!("{id} ({})", account.name)), id, untyped(&attributes));
        }
        for (id, policy) in self.world.policies.iter().filter(|(id, policy)| !policy.aws_managed && !policies.contains(id.as_str())) {
            let attributes = PolicyAttributes {
                // Unmanaged policies in other places are not read: that would take a call for each of them.
                content: policy.content.as_deref().map_or(Value::Null, |text| canonical(&policy.policy_type, text)),
                description: String::new(),
                name: policy.name.clone(),
                policy_type: Reference::Id(policy.policy_type.clone()),
                tags: None,
            };
            add(Policy::address(format!("{} ({id})", policy.name)), id, untyped(&attributes));
        }
        for (target, policies) in self.unmanaged_sets(&sets) {
            let set = PolicyAttachmentsAttributes { policies, target: self.name_of(target) };
            add(PolicyAttachments::address(target), target, untyped(&set));
        }
        self.live.beside = beside;
        let unread =
            self.world.policy_types.keys().filter(|name| self.world.enabled(name) && !self.wanted.policy_types.contains_key(*name));
        self.live.unread = unread.filter_map(|name| Family::of_type(name)).collect();
    }

    /// The ids of the bound resources of a kind.
    fn ids_of<K: Kind>(&self) -> BTreeSet<&str> {
        let all = self.live.resources.iter().filter(|(address, _)| K::has(address));
        all.filter_map(|(_, live)| live.id.as_deref()).collect()
    }

    /// The attachments of targets without a set; for targets with one, only those that no set covers. An OU that is deleted takes its own
    /// with it.
    fn unmanaged_sets(&self, sets: &BTreeSet<&str>) -> BTreeMap<&str, BTreeSet<Reference>> {
        let mut found: BTreeMap<&str, BTreeSet<Reference>> = BTreeMap::new();
        let targets = [&self.world.root].into_iter().chain(self.world.units.keys()).chain(self.world.accounts.keys());
        for target in targets.filter(|target| !sets.contains(target.as_str()) && !self.removal.units.contains_key(*target)) {
            // AWS attaches the defaults of a type that is about to be enabled everywhere.
            let born = self.wanted.born_with(|name| !self.world.enabled(name));
            found.insert(target, born.collect());
        }
        let hidden = |id: &String, policy: &LivePolicy| self.world.puts_itself(id, policy) && self.identity.address(id).is_none();
        for (id, policy) in &self.world.policies {
            for target in &policy.targets {
                if hidden(id, policy) || found.contains_key(target.as_str()) {
                    found.entry(target).or_default().insert(self.name_of_policy(id));
                }
            }
        }
        found
    }
}
