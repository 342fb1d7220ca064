//! Runs the `[[test]]` blocks of a configuration: do its guardrails allow and deny what the tests expect?

use std::collections::HashMap;

use crate::address::Address;
use crate::diagnostic::Span;

use super::classes::Classes;
use super::context::Fact;
use super::evaluate::{Decision, Outcome};
use super::question::{Evaluator, Question};
use super::request::Place;

/// One `[[test]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Its name, or its number.
    pub name: String,
    /// Its position in the file.
    pub at: Span,
    /// The accounts that it is about.
    pub accounts: Vec<Address>,
    /// The callers, as [`Question::principal`]; anybody when empty.
    pub principals: Vec<String>,
    /// For what; anything when empty.
    pub resources: Vec<String>,
    /// Condition keys.
    pub facts: Vec<(String, Fact)>,
    /// What is expected.
    pub expectations: Vec<Expectation>,
}

/// One action of `allow` or `deny`.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The action; `*` and `?` stand for all that they match.
    pub action: String,
    /// What must become of it.
    pub expected: Expected,
    /// Its position in the file.
    pub at: Span,
}

/// What must become of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// The guardrails allow it.
    Allow,
    /// They deny it, one way or the other.
    Deny,
}

impl Expected {
    /// As org.toml says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// Whether an outcome is as expected. An unknown outcome is neither.
    pub fn is_met_by(self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::WithinGuardRails => self == Self::Allow,
            Outcome::ExplicitDeny | Outcome::ImplicitDeny => self == Self::Deny,
            Outcome::Unknown => false,
        }
    }
}

/// How an expectation of a test fared.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult<'t> {
    /// The test.
    pub test: &'t Test,
    /// Its expectation.
    pub expectation: &'t Expectation,
    /// The number of requests: accounts, times principals, times resources.
    pub asked: usize,
    /// Where it is not met.
    pub failures: Vec<Failure>,
}

/// One answer that is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The account.
    pub account: Address,
    /// The caller.
    pub principal: Option<String>,
    /// For what.
    pub resource: Option<String>,
    /// What the guardrails say.
    pub decision: Decision,
}

impl Test {
    /// Runs a test. Accounts of one class are evaluated once. If one fails, each account of its class is evaluated, for the report.
    pub fn run(&self, evaluator: &Evaluator<'_>) -> Vec<TestResult<'_>> {
        let principals = each(&self.principals).into_iter();
        let asked = principals.flat_map(|principal| each(&self.resources).into_iter().map(move |resource| (principal.clone(), resource)));
        let templates: Vec<Question> = asked
            .map(|(principal, resource)| Question {
                account: Place::Outside,
                principal,
                action: String::new(),
                resource,
                owner: None,
                facts: self.facts.clone(),
            })
            .collect();
        let actions = || self.expectations.iter().map(|expectation| expectation.action.as_str());
        let mut classes: Vec<Classes<'_, '_>> = templates.iter().map(|template| Classes::new(evaluator, template, actions())).collect();
        // Of each account and each template, its class and its question.
        let asked: Vec<(&Address, Vec<(usize, Question)>)> =
            self.accounts.iter().map(|account| (account, classes.iter_mut().map(|classes| classes.of(account)).collect())).collect();
        self.expectations.iter().map(|expectation| self.check(expectation, &asked, evaluator)).collect()
    }

    fn check<'t>(
        &'t self,
        expectation: &'t Expectation,
        asked: &[(&Address, Vec<(usize, Question)>)],
        evaluator: &Evaluator<'_>,
    ) -> TestResult<'t> {
        let mut result = TestResult { test: self, expectation, asked: 0, failures: Vec::new() };
        let mut known: HashMap<(usize, usize), bool> = HashMap::new();
        for (account, questions) in asked {
            for (template, (class, asked)) in questions.iter().enumerate() {
                result.asked += 1;
                let decide = || evaluator.decide(&Question { action: expectation.action.clone(), ..asked.clone() });
                let mut decision = None;
                let is_met = *known.entry((template, *class)).or_insert_with(|| {
                    let outcome = decision.insert(decide()).outcome;
                    expectation.expected.is_met_by(outcome)
                });
                if !is_met {
                    let decision = decision.unwrap_or_else(decide);
                    let (principal, resource) = (asked.principal.clone(), asked.resource.clone());
                    result.failures.push(Failure { account: (*account).clone(), principal, resource, decision });
                }
            }
        }
        result
    }
}

/// All of a list, or once nothing in particular.
fn each(list: &[String]) -> Vec<Option<String>> {
    if list.is_empty() { vec![None] } else { list.iter().cloned().map(Some).collect() }
}
