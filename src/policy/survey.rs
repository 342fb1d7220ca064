//! One question about many accounts, many actions, or both: which actions may this account use, which accounts may do that.
//!
//! The answer is exact, and equal cases are evaluated once. Accounts under the same policies are one case, unless a policy depends on the
//! account. Actions that no statement distinguishes are one case.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::address::Address;

use super::classes::Classes;
use super::evaluate::Outcome;
use super::pattern::question;
use super::question::{Evaluator, Question};
use super::request::Place;
use super::services::RCP_SERVICES;
use super::statement::{Policy, Statement};
use super::truth::Truth;

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
pub fn survey(template: &Question, accounts: &[Address], actions: &[String], evaluator: &Evaluator<'_>) -> Vec<Answered> {
    let mut classes = Classes::new(evaluator, template, actions.iter().map(String::as_str));
    let mut group_of_class: HashMap<usize, usize> = HashMap::new();
    let mut group_of_outcomes: HashMap<Vec<Outcome>, usize> = HashMap::new();
    let mut groups: Vec<Vec<Address>> = Vec::new();
    for account in accounts {
        let (class, asked) = classes.of(account);
        let group = *group_of_class.entry(class).or_insert_with(|| {
            let next = group_of_outcomes.len();
            *group_of_outcomes.entry(outcomes(&asked, account, actions, evaluator)).or_insert(next)
        });
        match groups.get_mut(group) {
            Some(members) => members.push(account.clone()),
            None => groups.push(vec![account.clone()]),
        }
    }
    let mut told: Vec<(usize, Vec<Outcome>)> = group_of_outcomes.into_iter().map(|(outcomes, group)| (group, outcomes)).collect();
    told.sort_unstable();
    groups.into_iter().zip(told).map(|(accounts, (_, told))| Answered { accounts, outcomes: by_outcome(&told, actions) }).collect()
}

fn by_outcome(outcomes: &[Outcome], actions: &[String]) -> BTreeMap<Outcome, BTreeMap<String, BTreeSet<String>>> {
    let mut sorted: BTreeMap<Outcome, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (outcome, action) in outcomes.iter().zip(actions) {
        let (service, name) = action.split_once(':').unwrap_or((action, ""));
        sorted.entry(*outcome).or_default().entry(service.to_owned()).or_default().insert(name.to_owned());
    }
    sorted
}

/// Per action; actions that no statement distinguishes are evaluated once.
fn outcomes(asked: &Question, account: &Address, actions: &[String], evaluator: &Evaluator<'_>) -> Vec<Outcome> {
    let (hierarchy, mut request) = (evaluator.hierarchy, evaluator.request(asked));
    let owner = if let Place::Member(owner) = &request.owner { Some(owner) } else { None };
    let levels = [Some(account), owner].into_iter().flatten().flat_map(|account| hierarchy.chain(account));
    let policies: Vec<Arc<Policy>> =
        levels.flat_map(|(_, level)| level.scps.iter().chain(&level.rcps)).filter_map(|attached| attached.policy.clone()).collect();
    let statements: Vec<&Statement> = policies.iter().flat_map(|policy| &policy.statements).collect();
    let mut known: HashMap<(Vec<Truth>, String), Outcome> = HashMap::new();
    let mut outcomes = Vec::with_capacity(actions.len());
    for action in actions {
        let (text, resource) = (question(action), evaluator.resource(asked, action));
        let selected = statements.iter().map(|statement| statement.actions.selects_action(&text));
        let told_apart: Vec<Truth> = selected.chain([RCP_SERVICES.restrict(&text)]).collect();
        outcomes.push(*known.entry((told_apart, resource)).or_insert_with_key(|(_, resource)| {
            request.action = text;
            request.resource.clone_from(resource);
            evaluator.decide_request(&request).outcome
        }));
    }
    outcomes
}
