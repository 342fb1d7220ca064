//! Statements of service and resource control policies, typed, with positions. The evaluator and the lints work on them.

use crate::diagnostic::ByteRange;

use super::condition::Condition;
use super::context::Context;
use super::pattern::{Case, Pattern, Variable, Variables};
use super::truth::Truth;

/// A value and the bytes of the document that say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its position.
    pub at: ByteRange,
}

/// A document of IAM's policy language.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Of the language.
    pub version: Version,
    /// In the order of the document.
    pub statements: Vec<Statement>,
}

/// The version of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, and what a document without a version is in: without variables.
    Of2008,
    /// `2012-10-17`.
    Of2012,
}

impl Version {
    /// Whether `${…}` is a variable.
    pub fn variables(self) -> Variables {
        match self {
            Self::Of2008 => Variables::Literal,
            Self::Of2012 => Variables::Replaced,
        }
    }
}

/// What a statement says of the requests that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// This level allows them.
    Allow,
    /// They are denied.
    Deny,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its number in the document, from 0.
    pub index: usize,
    /// The name that its author gave it.
    pub sid: Option<Placed<String>>,
    /// Allow or Deny.
    pub effect: Placed<Effect>,
    /// Who; service control policies have none.
    pub principal: Option<Placed<Principals>>,
    /// `Action` or `NotAction`.
    pub actions: Selector,
    /// `Resource` or `NotResource`.
    pub resources: Selector,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// From its `{` to its `}`.
    pub at: ByteRange,
}

/// Whether a list names what is meant, or what is not: `Action` or `NotAction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Any of the list.
    Any,
    /// None of the list.
    Not,
}

/// A list of patterns, and how it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// How.
    pub form: Form,
    /// The patterns.
    pub patterns: Vec<Placed<Pattern>>,
    /// The key and its value.
    pub at: ByteRange,
}

impl Selector {
    /// Whether it selects an action. Case does not matter: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>.
    pub fn selects_action(&self, action: &str) -> Truth {
        self.selects(|pattern| pattern.matches_plain(action, Case::Insensitive))
    }

    /// Whether it selects a resource. Case matters. `*` stands for any text, colons included.
    pub fn selects_resource(&self, resource: &str, context: &Context) -> Truth {
        self.selects(|pattern| pattern.matches(resource, Case::Sensitive, context))
    }

    fn selects(&self, matches: impl Fn(&Pattern) -> Truth) -> Truth {
        let any = Truth::any(self.patterns.iter().map(|pattern| matches(&pattern.value)));
        match self.form {
            Form::Any => any,
            Form::Not => !any,
        }
    }
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals {
    /// How the list is meant.
    pub form: Form,
    /// Kind (`AWS`, `Service`, `Federated`, `CanonicalUser`) and name; `*` alone is `("AWS", "*")`.
    pub listed: Vec<(String, String)>,
}

impl Principals {
    /// Whether it is `*`: all that AWS takes in a resource control policy.
    pub fn is_everyone(&self) -> bool {
        self.form == Form::Any && self.listed.iter().any(|(kind, name)| kind == "AWS" && name == "*")
    }
}

/// The keys with the caller's account and its place, in lower case.
const OF_THE_ACCOUNT: [&str; 5] =
    ["aws:principalarn", "aws:principalaccount", "aws:principalorgpaths", "aws:resourceaccount", "aws:resourceorgpaths"];
/// Those of them that change when the account moves.
const OF_ITS_PLACE: [&str; 2] = ["aws:principalorgpaths", "aws:resourceorgpaths"];

impl Statement {
    /// The variables that it has.
    pub(super) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let resources = self.resources.patterns.iter().flat_map(|pattern| pattern.value.variables());
        let values = self.conditions.iter().flat_map(|condition| &condition.values);
        resources.chain(values.flat_map(|value| value.value.patterns()).flat_map(Pattern::variables))
    }

    /// The condition keys that it looks at, as conditions and as variables, in lower case.
    fn mentions(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| condition.folded.as_str()).chain(self.variables().map(|variable| variable.key.as_str()))
    }

    /// Whether it depends on the account: then accounts with the same policies may differ.
    pub(super) fn asks_which_account(&self) -> bool {
        self.mentions().any(|key| OF_THE_ACCOUNT.contains(&key))
    }

    /// Whether it depends on the account's place.
    pub(super) fn asks_where_it_lies(&self) -> bool {
        self.mentions().any(|key| OF_ITS_PLACE.contains(&key))
    }

    /// How people call it: its Sid, or its number, from 1.
    pub fn title(&self) -> String {
        self.sid.as_ref().map_or_else(|| format!("statement {}", self.index + 1), |sid| sid.value.clone())
    }

    /// Whether it is about the request.
    pub fn matches(&self, action: &str, resource: &str, context: &Context) -> Truth {
        match self.actions.selects_action(action) {
            Truth::False => Truth::False,
            truth => truth.and(self.holds(resource, context)),
        }
    }

    /// Whether all that it says besides its actions holds.
    pub(super) fn holds(&self, resource: &str, context: &Context) -> Truth {
        let conditions = || Truth::all(self.conditions.iter().map(|condition| condition.holds(context)));
        match self.is_about_everyone().and(self.resources.selects_resource(resource, context)) {
            Truth::False => Truth::False,
            truth => truth.and(conditions()),
        }
    }

    /// Whether it is about every principal. AWS takes no other in its guardrails, so that of any other nothing is documented.
    fn is_about_everyone(&self) -> Truth {
        self.principal.as_ref().map_or(Truth::True, |p| if p.value.is_everyone() { Truth::True } else { Truth::Unknown })
    }

    /// What its match hinges on, when that is unknown: condition keys as the document spells them, `the action`, `the resource`,
    /// `the principal`.
    pub fn hinges_on(&self, action: &str, resource: &str, context: &Context) -> Vec<String> {
        let action = (self.actions.selects_action(action) == Truth::Unknown).then(|| "the action".to_owned());
        action.into_iter().chain(self.hinges_on_besides(resource, context)).collect()
    }

    /// The same, whatever the action.
    pub(super) fn hinges_on_besides(&self, resource: &str, context: &Context) -> Vec<String> {
        let mut on = Vec::new();
        if self.resources.selects_resource(resource, context) == Truth::Unknown {
            on.push("the resource".to_owned());
        }
        if self.is_about_everyone() == Truth::Unknown {
            on.push("the principal".to_owned());
        }
        on.extend(self.conditions.iter().filter(|c| c.holds(context) == Truth::Unknown).map(|c| c.key.value.clone()));
        on
    }
}
