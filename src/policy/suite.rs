//! The `[[test]]` blocks of a configuration: what its guard rails are meant to let pass and to deny, and whether they do.

use crate::address::Address;
use crate::diagnostic::Span;

use super::context::Fact;
use super::evaluate::{Decision, Outcome};
use super::hierarchy::Hierarchy;
use super::question::Question;
use super::request::Place;

/// One `[[test]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Its name, or its number.
    pub name: String,
    /// Where it stands.
    pub at: Span,
    /// The accounts that it is about.
    pub accounts: Vec<Address>,
    /// Who asks, as [`Question::principal`]; anybody when empty.
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
    /// Where it stands.
    pub at: Span,
}

/// What must become of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// The guard rails let it pass.
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

    /// Whether an outcome is as expected. What cannot be told is neither.
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
    /// How often it was asked: accounts, times principals, times resources.
    pub asked: usize,
    /// Where it is not met.
    pub failures: Vec<Failure>,
}

/// One answer that is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The account.
    pub account: Address,
    /// Who asked.
    pub principal: Option<String>,
    /// For what.
    pub resource: Option<String>,
    /// What the guard rails say.
    pub decision: Decision,
}

impl Test {
    /// Runs it.
    pub fn run(&self, hierarchy: &Hierarchy) -> Vec<TestResult<'_>> {
        self.expectations.iter().map(|expectation| self.check(expectation, hierarchy)).collect()
    }

    fn check<'t>(&'t self, expectation: &'t Expectation, hierarchy: &Hierarchy) -> TestResult<'t> {
        let mut result = TestResult { test: self, expectation, asked: 0, failures: Vec::new() };
        for account in &self.accounts {
            for principal in each(&self.principals) {
                for resource in each(&self.resources) {
                    let question = Question {
                        account: Place::of(account, hierarchy),
                        principal: principal.clone(),
                        action: expectation.action.clone(),
                        resource: resource.clone(),
                        owner: None,
                        facts: self.facts.clone(),
                    };
                    let decision = question.decide(hierarchy);
                    result.asked += 1;
                    if !expectation.expected.is_met_by(decision.outcome) {
                        result.failures.push(Failure { account: account.clone(), principal: principal.clone(), resource, decision });
                    }
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
