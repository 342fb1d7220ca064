//! The effect of a change on a typical request, used where verdicts depend on conditions. The request comes from a role that no policy names,
//! over TLS, for the account's own resources, in each Region that guardrails name, and for a global service in the Region of its endpoint.
//! This distinguishes conditions that are only reworded from narrower and wider ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::super::catalogue::{Actions, Set};
use super::super::condition::Operand;
use super::super::context::Fact;
use super::super::global_services::GLOBAL_SERVICES;
use super::super::hierarchy::{Hierarchy, Level};
use super::super::pattern::Pattern;
use super::chains::{Asker, Chain, Chains};
use super::lockout::facts;
use super::restriction::ROLE;
use super::verdicts::Verdicts;
use crate::address::Address;
use crate::limits::LIMITS;

/// The maximum number of Regions that are evaluated. Regions that only one side names come first.
const REGIONS: usize = 8;

/// A request of which everything is known that is the same for most: its Region, and the actions whose requests carry it.
pub(super) struct Request {
    pub(super) region: Option<String>,
    facts: Vec<(&'static str, Fact)>,
    /// The actions of global services that have their endpoint in this Region.
    global: Set,
    /// All other actions, where a guardrail names the Region.
    regional: Set,
}

/// The typical requests, given the Regions that the guardrails of both sides name.
pub(super) fn requests(before: &Hierarchy, after: &Hierarchy, actions: &Actions) -> Vec<Request> {
    let (then, now) = (regions(before.levels.values()), regions(after.levels.values()));
    let named: Vec<&String> = then.symmetric_difference(&now).chain(then.intersection(&now)).take(REGIONS).collect();
    let home = named.first().map_or("", |region| region.as_str());
    let mut global: BTreeMap<&str, Set> = BTreeMap::new();
    let mut regional = actions.all();
    for (service, region) in GLOBAL_SERVICES.as_seen_from(home) {
        let numbers = actions.services().find(|(prefix, _)| *prefix == service).map(|(_, range)| range).unwrap_or_default();
        let own = global.entry(region).or_insert_with(|| actions.none());
        numbers.for_each(|number| own.insert(number));
        regional.remove(own);
    }
    let request = |region: Option<&str>, global: Set, regional: Set| Request {
        region: region.map(str::to_owned),
        facts: facts(region),
        global,
        regional,
    };
    if named.is_empty() {
        return vec![request(None, actions.all(), actions.none())];
    }
    let regions: BTreeSet<&str> = named.iter().map(|region| region.as_str()).chain(global.keys().copied()).collect();
    let of = |region: &str| {
        let is_named = named.iter().any(|named| named.as_str() == region);
        let own = global.get(region).cloned().unwrap_or_else(|| actions.none());
        request(Some(region), own, if is_named { regional.clone() } else { actions.none() })
    };
    regions.into_iter().map(of).collect()
}

/// The Regions that guardrails above an account name, before and after: in others its requests are not asked about.
pub(super) fn regions_above(account: &Address, sides: [&Hierarchy; 2]) -> BTreeSet<String> {
    regions(sides.into_iter().flat_map(|side| side.chain(account)).map(|(_, level)| level))
}

/// The Regions that conditions name, and of those with wildcards which they match.
fn regions<'l>(levels: impl Iterator<Item = &'l Level>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let attached = levels.flat_map(|level| level.scps.iter().chain(&level.rcps));
    let policies = attached.filter_map(|attached| attached.policy.as_ref()).filter(|policy| seen.insert(Arc::as_ptr(policy)));
    let conditions = policies.flat_map(|policy| &policy.statements).flat_map(|statement| &statement.conditions);
    let values = conditions.filter(|condition| condition.folded == "aws:requestedregion").flat_map(|condition| &condition.values);
    let mut found = BTreeSet::new();
    for pattern in values.filter_map(|value| if let Operand::Text(pattern) = &value.value { Some(pattern) } else { None }) {
        found.extend(matched(pattern));
    }
    found
}

fn matched(pattern: &Pattern) -> Vec<String> {
    match pattern.text().contains(['*', '?', '$']) {
        false => vec![pattern.text().to_owned()],
        true => LIMITS.regions.names().filter(|region| Pattern::plain(pattern.text()).is_like(region)).map(str::to_owned).collect(),
    }
}

/// What a typical request loses and gains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shifts {
    /// Passes so far, and is denied from now on.
    pub(super) loses: Set,
    /// Passes so far, and then hinges on what no request is typical in, such as the resource.
    pub(super) may_lose: Set,
    pub(super) gains: Set,
    pub(super) may_gain: Set,
}

impl Shifts {
    /// None.
    pub(super) fn none(actions: &Actions) -> Self {
        let none = || actions.none();
        Self { loses: none(), may_lose: none(), gains: none(), may_gain: none() }
    }

    /// Takes those of another request in.
    pub(super) fn unite(&mut self, other: &Self) {
        self.loses.unite(&other.loses);
        self.may_lose.unite(&other.may_lose);
        self.gains.unite(&other.gains);
        self.may_gain.unite(&other.may_gain);
    }

    /// The part about some actions. Each is listed once, as certain if it is both certain and possible.
    pub(super) fn of(&self, actions: &Set) -> Self {
        let (loses, gains) = (self.loses.and(actions), self.gains.and(actions));
        let may_lose = self.may_lose.and(actions).without(&loses);
        let may_gain = self.may_gain.and(actions).without(&gains);
        Self { loses, may_lose, gains, may_gain }
    }
}

/// The chains of accounts under one typical request, before and after.
pub(super) struct Asked<'p> {
    request: &'p Request,
    chains: Chains<'p>,
    of: Vec<(Chain, Chain)>,
    known: HashMap<Chain, Verdicts>,
}

impl<'p> Asked<'p> {
    pub(super) fn new(request: &'p Request, [before, after]: [&'p Hierarchy; 2], accounts: &[&Address], actions: &'p Actions) -> Self {
        let mut chains = Chains::new(Asker::Role(ROLE, &request.facts), actions);
        let then = chains.of(before, accounts.iter().copied());
        let now = chains.of(after, accounts.iter().copied());
        Self { request, chains, of: then.into_iter().zip(now).collect(), known: HashMap::new() }
    }

    /// The chains of an account, by its number among the accounts.
    pub(super) fn chains_of(&self, account: usize) -> Option<&(Chain, Chain)> {
        self.of.get(account)
    }

    /// What an account loses and gains of actions.
    /// `regions` are those that guardrails above it name; where they name none, all Regions are one.
    pub(super) fn shifts(&mut self, account: usize, regions: &BTreeSet<String>) -> Option<Shifts> {
        let (then, now) = self.of.get(account)?;
        for chain in [then, now] {
            if !self.known.contains_key(chain) {
                self.known.insert(chain.clone(), self.chains.verdicts(chain));
            }
        }
        let (then, now) = (self.known.get(then)?, self.known.get(now)?);
        let mut actions = self.request.global.clone();
        if regions.is_empty() || self.request.region.as_ref().is_some_and(|region| regions.contains(region)) {
            actions.unite(&self.request.regional);
        }
        let asked = |set: Set| set.and(&actions);
        Some(Shifts {
            loses: asked(then.passes.and(&now.denied)),
            may_lose: asked(then.passes.without(&now.passes).without(&now.denied)),
            gains: asked(then.denied.and(&now.passes)),
            may_gain: asked(now.passes.without(&then.passes).without(&then.denied)),
        })
    }
}
