//! Classes of accounts with the same answer to a question. Accounts under the same policies are one class. A statement that depends on the
//! account (`aws:PrincipalAccount`, a path, an ARN) is first decided for each account; accounts with the same result are one class again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::address::Address;

use super::hierarchy::{Attached, Family};
use super::pattern::question;
use super::question::{Evaluator, Question};
use super::request::{Place, Request};
use super::statement::{Policy, Statement};
use super::truth::Truth;

/// Sorts accounts into classes. What is worked out of a policy or a level is worked out once.
pub(super) struct Classes<'e, 'h> {
    evaluator: &'e Evaluator<'h>,
    template: &'e Question,
    /// The question: statements about other actions do not distinguish accounts.
    actions: Vec<String>,
    policies: HashMap<Identity, usize>,
    /// By level and family.
    levels: HashMap<(&'h Address, Family), Known<'h>>,
    /// By the policies of a level.
    by_policies: Numbers<Vec<usize>>,
    classes: Numbers<Class>,
}

/// What a policy is recognised by.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    Read(*const Policy),
    Unread(Arc<str>),
}

/// What is known of a level.
struct Known<'h> {
    /// Equal where the same policies say something about the actions.
    number: usize,
    /// The statements that ask which account it is.
    personal: Vec<&'h Statement>,
}

/// What can make two accounts differ: where caller and resource belong, and of each family the levels, each with what its personal statements
/// come out as.
#[derive(PartialEq, Eq, Hash)]
struct Class {
    belongs: [usize; 2],
    scps: Vec<(usize, Vec<Truth>)>,
    rcps: Vec<(usize, Vec<Truth>)>,
}

/// Values by number, in the order in which they come.
struct Numbers<T>(HashMap<T, usize>);

impl<T: Eq + Hash> Numbers<T> {
    fn of(&mut self, value: T) -> usize {
        let next = self.0.len();
        *self.0.entry(value).or_insert(next)
    }
}

impl<'e, 'h> Classes<'e, 'h> {
    /// Of a question, asked of each account about each of these actions in place of its own.
    pub(super) fn new<'a>(evaluator: &'e Evaluator<'h>, template: &'e Question, actions: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            evaluator,
            template,
            actions: actions.into_iter().map(question).collect(),
            policies: HashMap::new(),
            levels: HashMap::new(),
            by_policies: Numbers(HashMap::new()),
            classes: Numbers(HashMap::new()),
        }
    }

    /// The number of an account's class, and the question of the account.
    pub(super) fn of(&mut self, account: &Address) -> (usize, Question) {
        let asked = Question { account: Place::of(account, self.evaluator.hierarchy), ..self.template.clone() };
        let owner = self.evaluator.owner(&asked);
        // Computed only if a statement needs it.
        let mut request = None;
        let [scps, rcps] = [(&asked.account, Family::Scp), (&owner, Family::Rcp)].map(|(place, family)| match place {
            Place::Member(member) => self.chain(member, family, &asked, &mut request),
            Place::Management | Place::Outside => Vec::new(),
        });
        let belongs = [belongs(&asked.account, &owner), belongs(&owner, &asked.account)];
        (self.classes.of(Class { belongs, scps, rcps }), asked)
    }

    fn chain(&mut self, member: &Address, family: Family, asked: &Question, request: &mut Option<Request>) -> Vec<(usize, Vec<Truth>)> {
        let mut chain = Vec::new();
        for (address, level) in self.evaluator.hierarchy.chain(member) {
            if !self.levels.contains_key(&(address, family)) {
                let known = self.level(level.attached(family));
                self.levels.insert((address, family), known);
            }
            let Some(known) = self.levels.get(&(address, family)) else { continue };
            let mut truths = Vec::new();
            if !known.personal.is_empty() {
                let request = request.get_or_insert_with(|| self.evaluator.request(asked));
                for statement in &known.personal {
                    // Of actions that take a resource, and of actions that take none.
                    truths.extend([request.resource.as_str(), "*"].map(|resource| statement.holds(resource, &request.context)));
                }
            }
            chain.push((known.number, truths));
        }
        chain.sort_unstable();
        chain.dedup();
        chain
    }

    fn level(&mut self, attached: &'h [Attached]) -> Known<'h> {
        let (mut policies, mut personal) = (Vec::new(), Vec::new());
        for attached in attached {
            let identity = match &attached.policy {
                Some(policy) => {
                    let about: Vec<&Statement> = policy.statements.iter().filter(|statement| self.is_about(statement)).collect();
                    if about.is_empty() {
                        continue;
                    }
                    personal.extend(about.into_iter().filter(|statement| statement.asks_which_account()));
                    Identity::Read(Arc::as_ptr(policy))
                }
                None => Identity::Unread(Arc::clone(&attached.name)),
            };
            let next = self.policies.len();
            policies.push(*self.policies.entry(identity).or_insert(next));
        }
        Known { number: self.by_policies.of(policies), personal }
    }

    fn is_about(&self, statement: &Statement) -> bool {
        self.actions.iter().any(|action| statement.actions.selects_action(action) != Truth::False)
    }
}

/// Where something belongs, as far as that decides which guardrails bind it.
fn belongs(place: &Place, other: &Place) -> usize {
    match place {
        Place::Management => 0,
        Place::Outside => 1,
        Place::Member(_) if place == other => 2,
        Place::Member(_) => 3,
    }
}
