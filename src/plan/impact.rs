//! How a plan changes what accounts may do: `policy::impact` compares the organization before and after it. Computed when a plan is made;
//! no applied change depends on it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change};
use crate::address::{Address, Reference};
use crate::graph::first_step;
use crate::permissions::{Permissions, Run, Who};
use crate::policy::{self, Hierarchy, Impact, RequiredAccess};
use crate::resource::organizations::{Account, leaving};
use crate::resource::{self, Attributes, Desired, Kind, Live, LiveResource, NOT_READ, NOT_SELECTED, PolicyRole};

/// Which accounts lose or gain which permissions; `None` if no change affects guardrails or places, or if there is no account that could
/// be affected.
pub(super) fn of(desired: &Desired, live: &Live, changes: &[Change]) -> Option<Impact> {
    if !changes.iter().any(concerns) {
        return None;
    }
    let before = State::of(live);
    let mut after = before.clone();
    changes.iter().for_each(|change| after.apply(change));
    let known = after.known.clone();
    let (before, after) = (before.hierarchy(desired, live), after.hierarchy(desired, live));
    let catalogue = desired.catalogue();
    let mut impact = policy::impact(&before, &after, &catalogue);
    impact.lockouts = policy::lockouts(&before, &after, &required_access(desired, live, &after), &catalogue);
    let bearing = ChangesByTarget::of(changes, &known);
    for group in &mut impact.groups {
        group.changes = bearing.on(&group.accounts, [&before, &after]);
    }
    if moves(&before, &after) {
        impact.not_compared = live.unread.iter().map(|family| family.short().to_owned()).collect();
    }
    let told = !impact.groups.is_empty() || (impact.accounts > 0 && changes.iter().any(reaches));
    (told || !impact.lockouts.is_empty()).then_some(impact)
}

/// The changes by what they affect.
#[derive(Default)]
struct ChangesByTarget<'c> {
    /// By the level whose place or set of policies they change.
    levels: BTreeMap<Address, Vec<&'c Address>>,
    /// By the name of the policy whose document they change.
    policies: BTreeMap<&'c str, Vec<&'c Address>>,
}

impl<'c> ChangesByTarget<'c> {
    fn of(changes: &'c [Change], known: &BTreeMap<String, Address>) -> Self {
        let mut bearing = Self::default();
        for change in changes {
            let address = &change.address;
            let target = |attributes: &Attributes| match attributes.reference("target")? {
                Reference::Address(address) => Some(address),
                Reference::Id(id) => known.get(&id).cloned(),
            };
            let level = match resource::policy_role(address) {
                PolicyRole::Policy => {
                    bearing.policies.entry(address.key()).or_default().push(address);
                    continue;
                }
                PolicyRole::Attachments => change.after.as_ref().or(change.before.as_ref()).and_then(target),
                PolicyRole::Placement => Some(Account::address(address.key())),
                PolicyRole::Account | PolicyRole::Unit => Some(first_step(address).unwrap_or_else(|| address.clone())),
                PolicyRole::None | PolicyRole::Root | PolicyRole::Invitation | PolicyRole::Type => None,
            };
            if let Some(level) = level {
                bearing.levels.entry(level).or_default().push(address);
            }
        }
        bearing
    }

    /// Those that affect the levels of these accounts before or after, or a policy that is attached there before or after.
    fn on(&self, accounts: &[Address], sides: [&Hierarchy; 2]) -> BTreeSet<Address> {
        let ways = sides.into_iter().flat_map(|side| accounts.iter().flat_map(|account| side.chain(account)));
        let levels: BTreeSet<&Address> = ways.map(|(level, _)| level).collect();
        let there = sides.into_iter().flat_map(|side| levels.iter().filter_map(|level| side.levels.get(*level)));
        let names = there.flat_map(|level| level.scps.iter().chain(&level.rcps)).map(|attached| &*attached.name);
        let policies = names.filter_map(|name| self.policies.get(name));
        levels.iter().filter_map(|level| self.levels.get(*level)).chain(policies).flatten().map(|address| (*address).clone()).collect()
    }
}

/// Whether an account is in another place afterwards.
fn moves(before: &Hierarchy, after: &Hierarchy) -> bool {
    let way = |hierarchy: &Hierarchy, account| hierarchy.chain(account).into_iter().map(|(level, _)| level.clone()).collect::<Vec<_>>();
    let stay = before.accounts().filter(|account| after.levels.contains_key(*account));
    stay.into_iter().any(|account| way(before, account) != way(after, account))
}

/// A comparison of what accounts may do under 2 configurations.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// For the accounts in both.
    pub impact: Impact,
    /// The accounts only in the first.
    pub gone: Vec<Address>,
    /// The accounts only in the second.
    pub new: Vec<Address>,
}

impl Difference {
    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.impact.groups.is_empty() && self.impact.lockouts.is_empty() && self.gone.is_empty() && self.new.is_empty()
    }
}

/// Compares two configurations.
pub fn between(one: &Desired, other: &Desired) -> Difference {
    let (before, after) = (crate::guardrails::hierarchy(one), crate::guardrails::hierarchy(other));
    let catalogue = other.catalogue();
    let mut impact = policy::impact(&before, &after, &catalogue);
    impact.lockouts = policy::lockouts(&before, &after, &required_access(other, &Live::default(), &after), &catalogue);
    let only = |here: &Hierarchy, there: &Hierarchy| here.accounts().filter(|a| !there.levels.contains_key(*a)).cloned().collect();
    Difference { impact, gone: only(&before, &after), new: only(&after, &before) }
}

/// Whether a change may affect effective permissions, or what overlord may do in a new account.
fn concerns(change: &Change) -> bool {
    reaches(change) || (Account::has(&change.address) && change.action == Action::Create)
}

/// Whether it affects guardrails or places of an existing resource.
fn reaches(change: &Change) -> bool {
    let is_there = change.before.is_some() && change.id.is_some();
    match resource::policy_role(&change.address) {
        PolicyRole::Attachments => is_there,
        PolicyRole::Policy => is_there && change.changes("content"),
        PolicyRole::Account => is_there && change.leaving().is_none() && change.changes("parent"),
        PolicyRole::Placement => true,
        PolicyRole::None | PolicyRole::Root | PolicyRole::Unit | PolicyRole::Invitation | PolicyRole::Type => false,
    }
}

/// The organization at one moment.
#[derive(Debug, Clone)]
pub(super) struct State {
    resources: BTreeMap<Address, Attributes>,
    /// Addresses by AWS's ids.
    known: BTreeMap<String, Address>,
}

impl State {
    /// Its current state.
    pub(super) fn of(live: &Live) -> Self {
        let is_part = |address: &Address| resource::policy_role(address).is_in_hierarchy();
        let here = live.resources.iter().chain(&live.beside).filter(|(address, live)| is_part(address) && is_there(address, live));
        let mut state = Self { resources: BTreeMap::new(), known: BTreeMap::new() };
        for (address, live) in here {
            if let Some(id) = live.id.clone().filter(|_| resource::has_own_id(address)) {
                state.known.insert(id, address.clone());
            }
            state.resources.insert(address.clone(), live.attributes.clone());
        }
        state
    }

    /// Its state as guardrails see it.
    pub(super) fn hierarchy(&self, desired: &Desired, live: &Live) -> Hierarchy {
        let mut ids = desired.pinned.clone();
        let accounts = live.resources.iter().chain(&live.beside).filter(|(address, _)| Account::has(address));
        ids.extend(accounts.filter_map(|(address, live)| Some((address.clone(), live.id.clone()?))));
        crate::guardrails::live_hierarchy(&self.resources, &desired.management_account, ids, &self.known)
    }

    /// Its state once a change is made.
    pub(super) fn apply(&mut self, change: &Change) {
        // Resources in an account are not part of it, and there may be a million of them.
        if change.address.account().is_some() {
            return;
        }
        let address = first_step(&change.address).unwrap_or_else(|| change.address.clone());
        match (&change.after, resource::policy_role(&address)) {
            (Some(after), PolicyRole::Account) if leaving(after).is_some() => drop(self.resources.remove(&address)),
            (Some(after), PolicyRole::Placement) => {
                let account = Account::address(address.key());
                if let (Some(parent), Some(placed)) = (after.get("parent"), self.resources.get_mut(&account)) {
                    *placed = placed.with("parent", parent);
                }
            }
            (Some(after), _) => {
                // An account whose place is not declared stays where it is.
                let parent = self.resources.get(&address).and_then(|before| before.get("parent"));
                let stays = parent.filter(|_| Account::has(&address) && after.reference("parent").is_none());
                let after = stays.map_or_else(|| after.clone(), |parent| after.with("parent", parent));
                self.resources.insert(address, after);
            }
            (None, _) => drop(self.resources.remove(&address)),
        }
    }
}

/// Whether an account has anyone who could act in it: not if it is closed or has not joined.
fn is_there(address: &Address, live: &LiveResource) -> bool {
    let is_closed = || leaving(&live.attributes).is_some();
    let can_work = || live.frozen.as_deref().is_none_or(|why| [NOT_READ, NOT_SELECTED].contains(&why));
    !Account::has(address) || (can_work() && !is_closed())
}

/// What overlord needs from its role, in the accounts of the configuration.
fn required_access(desired: &Desired, live: &Live, after: &Hierarchy) -> RequiredAccess {
    let design = &desired.network;
    let works = |account: &&Address| {
        let there = live.resources.get(*account).is_none_or(|live| is_there(account, live));
        there && desired.resources.get(*account).is_some_and(|attributes| leaving(attributes).is_none())
    };
    let mut accounts: BTreeMap<Address, BTreeSet<String>> =
        after.accounts().filter(works).map(|account| (account.clone(), BTreeSet::new())).collect();
    let gateways = design.gateways.transit.values().map(|gateway| (gateway.account.as_str(), gateway.region.as_str()));
    let vpcs = design.vpcs.keys().filter_map(|vpc| vpc.scope().map(|scope| (scope.account.as_str(), scope.region.as_str())));
    for (account, region) in vpcs.chain(gateways) {
        if let Some(regions) = accounts.get_mut(&Account::address(account)) {
            regions.insert(region.to_owned());
        }
    }
    let builds = accounts.values().any(|regions| !regions.is_empty());
    let permissions = builds.then(|| Permissions::of(desired, Run::Apply));
    let calls = permissions.iter().flat_map(|permissions| &permissions.grants(Who::AccessRole).operations);
    RequiredAccess { role: desired.access_role.clone(), calls: calls.map(|call| (*call).to_owned()).collect(), accounts }
}
