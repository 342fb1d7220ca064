//! One question about many accounts, many actions, or both: which actions may this account use, which accounts may do that.
//!
//! Exact, and asked once for what cannot differ: accounts under the same policies are one, unless a policy looks at which account it is;
//! actions that no statement tells apart are one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::Address;

use super::condition::Operand;
use super::evaluate::{Outcome, decide};
use super::hierarchy::{Attached, Hierarchy};
use super::pattern::Pattern;
use super::question::Question;
use super::request::Place;
use super::services::RCP_SERVICES;
use super::statement::{Policy, Statement};
use super::truth::Truth;

/// Condition keys that tell accounts apart that stand under the same policies.
const PERSONAL: [&str; 5] =
    ["aws:principalaccount", "aws:principalarn", "aws:principalorgpaths", "aws:resourceaccount", "aws:resourceorgpaths"];

/// Accounts of which the same holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Which.
    pub accounts: Vec<Address>,
    /// What holds, of which actions: their names by the prefix of their service.
    pub outcomes: BTreeMap<Outcome, BTreeMap<String, BTreeSet<String>>>,
}

/// Asks the question of each account about each action, in place of its own. Accounts with the same answers are one group, in the order of
/// their first.
pub fn survey(question: &Question, accounts: &[Address], actions: &[String], hierarchy: &Hierarchy) -> Vec<Answered> {
    let mut known: BTreeMap<Class, Vec<Outcome>> = BTreeMap::new();
    let mut groups: Vec<(Vec<Outcome>, Vec<Address>)> = Vec::new();
    for account in accounts {
        let ask = || {
            let question = Question { account: Place::of(account, hierarchy), ..question.clone() };
            outcomes(&question, account, actions, hierarchy)
        };
        let answers = known.entry(Class::of(account, hierarchy)).or_insert_with(ask);
        match groups.iter_mut().find(|(outcomes, _)| outcomes == answers) {
            Some((_, accounts)) => accounts.push(account.clone()),
            None => groups.push((answers.clone(), vec![account.clone()])),
        }
    }
    groups.into_iter().map(|(outcomes, accounts)| Answered { accounts, outcomes: by_outcome(&outcomes, actions) }).collect()
}

fn by_outcome(outcomes: &[Outcome], actions: &[String]) -> BTreeMap<Outcome, BTreeMap<String, BTreeSet<String>>> {
    let mut sorted: BTreeMap<Outcome, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (outcome, action) in outcomes.iter().zip(actions) {
        let (service, name) = action.split_once(':').unwrap_or((action, ""));
        sorted.entry(*outcome).or_default().entry(service.to_owned()).or_default().insert(name.to_owned());
    }
    sorted
}

type Names = Vec<Arc<str>>;

/// What can make two accounts differ.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    /// The names of what is attached, level by level: of each family.
    policies: Vec<[Names; 2]>,
    is_management: bool,
    has_id: bool,
    /// The account itself, where a policy looks at which it is.
    itself: Option<Address>,
}

impl Class {
    fn of(account: &Address, hierarchy: &Hierarchy) -> Self {
        let chain = hierarchy.chain(account);
        let attached = || chain.iter().flat_map(|(_, level)| level.scps.iter().chain(&level.rcps));
        let is_personal = attached().filter_map(|attached| attached.policy.as_ref()).any(|policy| is_personal(policy));
        let names = |attached: &[Attached]| -> Names { attached.iter().map(|attached| Arc::clone(&attached.name)).collect() };
        Self {
            policies: chain.iter().map(|(_, level)| [names(&level.scps), names(&level.rcps)]).collect(),
            is_management: hierarchy.is_management(account),
            has_id: hierarchy.ids.contains_key(account),
            itself: is_personal.then(|| account.clone()),
        }
    }
}

fn is_personal(policy: &Policy) -> bool {
    let varies = |pattern: &Pattern| pattern.variables().next().is_some();
    let of_value = |value: &Operand| match value {
        Operand::Text(pattern) => varies(pattern),
        Operand::Arn(parts) => parts.iter().any(varies),
        Operand::Number(_) | Operand::Instant(_) | Operand::Flag(_) | Operand::Network(_) | Operand::Malformed(_) => false,
    };
    policy.statements.iter().any(|statement| {
        let looks = statement.conditions.iter();
        looks.into_iter().any(|c| PERSONAL.contains(&c.folded.as_str()) || c.values.iter().any(|value| of_value(&value.value)))
            || statement.resources.patterns.iter().any(|pattern| varies(&pattern.value))
    })
}

/// Of each action; those that no statement tells apart are asked once.
fn outcomes(question: &Question, account: &Address, actions: &[String], hierarchy: &Hierarchy) -> Vec<Outcome> {
    let mut request = question.request(hierarchy);
    let owner = if let Place::Member(owner) = &request.owner { Some(owner) } else { None };
    let levels = [Some(account), owner].into_iter().flatten().flat_map(|account| hierarchy.chain(account));
    let policies: Vec<Arc<Policy>> =
        levels.flat_map(|(_, level)| level.scps.iter().chain(&level.rcps)).filter_map(|attached| attached.policy.clone()).collect();
    let statements: Vec<&Statement> = policies.iter().flat_map(|policy| &policy.statements).collect();
    let mut known: BTreeMap<Vec<Truth>, Outcome> = BTreeMap::new();
    let mut outcomes = Vec::with_capacity(actions.len());
    for action in actions {
        let selected = statements.iter().map(|statement| statement.actions.selects_action(action));
        let told_apart: Vec<Truth> = selected.chain([RCP_SERVICES.restrict(action)]).collect();
        outcomes.push(*known.entry(told_apart).or_insert_with(|| {
            request.action.clone_from(action);
            decide(&request, hierarchy).outcome
        }));
    }
    outcomes
}
