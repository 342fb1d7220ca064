//! The root, the OUs and the accounts, in the order of the tree.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::networks::Vpc;
use super::state::{Known, State, Thing};
use crate::address::{Address, Reference};
use crate::config::Loaded;
use crate::cost::Usd;
use crate::drift::Drift;
use crate::limits::LIMITS;
use crate::resource::organizations::{OrganizationalUnit, PolicyAttachments, organization_address};
use crate::resource::{self, Live, PolicyRole};

/// The root or an OU.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unit {
    /// `organization.main` for the root.
    pub address: Address,
    /// What AWS shows; of the root, `Root`.
    pub name: String,
    /// AWS's id, where it is there.
    pub id: Option<String>,
    /// Its parent; `None` for the root.
    pub parent: Option<Address>,
    /// The number of units above it.
    pub depth: usize,
    /// Who knows of it.
    pub known: Known,
    /// What is attached to it directly: keys or names of policies, by type as org.toml spells it.
    pub policies: BTreeMap<String, BTreeSet<String>>,
    /// The number of accounts in it and below it.
    pub accounts: usize,
    /// The findings that are about it, by their place among those of the drift.
    pub findings: Vec<usize>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// What AWS shows, where that is known.
    pub name: Option<String>,
    /// AWS's id, where it is there.
    pub id: Option<String>,
    /// Its root or OU.
    pub unit: Address,
    /// Whose it is.
    pub team: Option<String>,
    /// For which stage.
    pub stage: Option<String>,
    /// Whether it is the management account, which guardrails do not bind.
    pub is_management: bool,
    /// Who knows of it.
    pub known: Known,
    /// Why overlord leaves it as it is: it is closed, or has not joined.
    pub left_alone: Option<String>,
    /// Why its network could not be read.
    pub unread: Option<String>,
    /// What is attached to it directly, as of a unit.
    pub policies: BTreeMap<String, BTreeSet<String>>,
    /// Its class among the restrictions.
    pub restriction: Option<usize>,
    /// Its result for each framework, by key.
    pub standings: BTreeMap<String, Standing>,
    /// Its VPCs.
    pub vpcs: Vec<Vpc>,
    /// What its network costs a month.
    pub usd_a_month: Option<Usd>,
    /// The findings that are about it or something in it, as of a unit.
    pub findings: Vec<usize>,
}

/// The result of an account for a framework.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Standing {
    /// Which of four.
    pub standing: super::Kept,
    /// What is open besides, by its place among the exceptions.
    pub exceptions: Option<usize>,
    /// Whether more is open to overlord's access role.
    pub access_role_exempt: bool,
}

/// What is attached, by target.
type Attached = BTreeMap<Address, BTreeMap<String, BTreeSet<String>>>;

/// The parent of everything.
type ByParent<'a> = BTreeMap<Address, Vec<&'a Address>>;

/// Both, in the order of the tree.
pub(super) fn of(state: &State<'_>, loaded: &Loaded, live: &Live) -> (Vec<Unit>, Vec<Account>) {
    let attached = attached(state);
    let (mut below, mut members) = (ByParent::new(), ByParent::new());
    for (address, thing) in state.of_kind::<OrganizationalUnit>() {
        below.entry(parent(state, thing)).or_default().push(address);
    }
    for (address, thing) in state.of_kind::<resource::organizations::Account>() {
        members.entry(parent(state, thing)).or_default().push(address);
    }
    let (mut units, mut accounts) = (Vec::new(), Vec::new());
    // Depth first; the last one in is the next.
    let mut next = vec![(organization_address(), None, 0)];
    while let Some((address, parent, depth)) = next.pop() {
        let Some(thing) = state.things.get(&address) else { continue };
        let own = members.remove(&address).unwrap_or_default();
        accounts.extend(own.iter().filter_map(|account| {
            let policies = attached.get(*account).cloned().unwrap_or_default();
            Some(account_of(account, state.things.get(account)?, &address, (loaded, live), policies))
        }));
        let policies = attached.get(&address).cloned().unwrap_or_default();
        let children = below.remove(&address).unwrap_or_default();
        next.extend(children.into_iter().rev().map(|child| (child.clone(), Some(address.clone()), depth + 1)));
        units.push(unit_of(address, thing, parent, depth, policies));
    }
    count(&mut units, &accounts);
    (units, accounts)
}

/// The parent of something: the root if it is unknown, or if its ancestors do not lead to the root.
fn parent(state: &State<'_>, thing: &Thing<'_>) -> Address {
    let parent = thing.attributes.reference("parent").and_then(|parent| state.address(parent));
    parent.filter(|parent| state.things.contains_key(parent)).unwrap_or_else(organization_address)
}

fn attached(state: &State<'_>) -> Attached {
    let mut attached = Attached::new();
    for (_, set) in state.of_kind::<PolicyAttachments>() {
        let Some(target) = set.attributes.reference("target").and_then(|target| state.address(target)) else { continue };
        let policies: Vec<Reference> =
            set.attributes.get("policies").and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default();
        let by_type = attached.entry(target).or_default();
        for reference in policies {
            let (policy_type, name) = policy_of(state, reference);
            by_type.entry(policy_type).or_default().insert(name);
        }
    }
    attached
}

/// The type and the key of a policy; of AWS's own, the name.
fn policy_of(state: &State<'_>, reference: Reference) -> (String, String) {
    let own = |id: &str| {
        let spec = LIMITS.policy_types.iter().find(|spec| spec.default.as_deref() == Some(id))?;
        Some((spec.short.clone(), spec.default_name.clone().unwrap_or_else(|| id.to_owned())))
    };
    let unknown = |name: String| (super::policies::UNKNOWN_TYPE.to_owned(), name);
    match reference {
        Reference::Id(id) => own(&id).unwrap_or_else(|| match state.address(Reference::Id(id.clone())) {
            Some(address) => policy_of(state, Reference::Address(address)),
            None => unknown(id),
        }),
        Reference::Address(address) => match state.things.get(&address) {
            Some(policy) => (super::policies::type_of(policy), address.key().to_owned()),
            None => unknown(address.key().to_owned()),
        },
    }
}

fn unit_of(
    address: Address,
    thing: &Thing<'_>,
    parent: Option<Address>,
    depth: usize,
    policies: BTreeMap<String, BTreeSet<String>>,
) -> Unit {
    let name = text(thing, "name").unwrap_or_else(|| if depth == 0 { "Root".to_owned() } else { address.key().to_owned() });
    let (id, known) = (thing.id.map(str::to_owned), thing.known);
    Unit { address, name, id, parent, depth, known, policies, accounts: 0, findings: Vec::new() }
}

fn account_of(
    address: &Address,
    thing: &Thing<'_>,
    unit: &Address,
    (loaded, live): (&Loaded, &Live),
    policies: BTreeMap<String, BTreeSet<String>>,
) -> Account {
    let team = loaded.teams.get(address);
    let id = thing.id.map(str::to_owned).or_else(|| loaded.desired.pinned.get(address).cloned());
    Account {
        address: address.clone(),
        name: text(thing, "name"),
        unit: unit.clone(),
        team: team.map(|own| own.team.clone()),
        stage: team.map(|own| own.stage.clone()),
        is_management: id.as_ref() == Some(&loaded.desired.management_account),
        id,
        known: thing.known,
        left_alone: thing.frozen.map(str::to_owned),
        unread: live.network.unreachable.get(address.key()).cloned(),
        policies,
        restriction: None,
        standings: BTreeMap::new(),
        vpcs: Vec::new(),
        usd_a_month: None,
        findings: Vec::new(),
    }
}

fn text(thing: &Thing<'_>, name: &str) -> Option<String> {
    thing.attributes.get(name)?.as_str().map(str::to_owned)
}

/// The number of accounts in each unit and below it.
fn count(units: &mut [Unit], accounts: &[Account]) {
    let mut counts: BTreeMap<Address, usize> = BTreeMap::new();
    for account in accounts {
        *counts.entry(account.unit.clone()).or_default() += 1;
    }
    // Those below come after those above.
    for unit in units.iter_mut().rev() {
        unit.accounts = counts.get(&unit.address).copied().unwrap_or_default();
        if let Some(parent) = &unit.parent {
            *counts.entry(parent.clone()).or_default() += unit.accounts;
        }
    }
}

/// The findings by the unit or account that they are about.
pub(super) fn findings(drift: &Drift) -> BTreeMap<Address, Vec<usize>> {
    let mut found: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
    for (number, finding) in drift.findings.iter().enumerate() {
        if let Some(about) = finding.address.as_ref().and_then(about) {
            found.entry(about).or_default().push(number);
        }
    }
    found
}

/// The account or unit that something belongs to.
fn about(address: &Address) -> Option<Address> {
    let is_level = |address: &Address| {
        let role = resource::policy_role(address);
        matches!(role, PolicyRole::Root | PolicyRole::Unit | PolicyRole::Account)
    };
    if is_level(address) {
        return Some(address.clone());
    }
    resource::wholes(address).into_iter().find(is_level)
}
