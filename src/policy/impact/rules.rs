//! Statements as the impact sees them: their actions, and everything else they say. Equal statements are one rule, in whichever policies they
//! are written.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::super::catalogue::{Actions, Set};
use super::super::condition::Condition;
use super::super::context::Context;
use super::super::hierarchy::Attached;
use super::super::pattern::question;
use super::super::statement::{Effect, Form, Policy, Selector, Statement};
use super::super::truth::Truth;

/// What a statement says; or, of a policy of which nothing is known, that it may say anything.
pub(super) struct Rule<'p> {
    pub effect: Effect,
    /// The actions that it is about.
    pub selected: Rc<Set>,
    /// A number for all that it says besides its effect and its actions: equal where that is equal.
    pub rest: usize,
    /// Whether it depends on the account.
    pub asks_who: bool,
    /// Whether it depends on the account's place.
    pub asks_where: bool,
    /// What it hinges on, as the document spells it.
    pub hinges_on: Vec<String>,
    statement: Option<&'p Statement>,
}

impl Rule<'_> {
    /// Whether what it says besides its actions holds: of an action that takes a resource, and of one that takes none.
    pub(super) fn holds(&self, context: &Context) -> [Truth; 2] {
        let Some(statement) = self.statement else { return [Truth::Unknown; 2] };
        [statement.holds(&question("*"), context), statement.holds("*", context)]
    }
}

/// The rules of the organization before and after, by number.
pub(super) struct Rules<'p> {
    actions: &'p Actions,
    rules: Vec<Rule<'p>>,
    by_meaning: HashMap<(Effect, usize, usize), usize>,
    selections: Vec<Rc<Set>>,
    by_selection: HashMap<Rc<Set>, usize>,
    /// By the pattern as it is written, in lower case: most patterns occur in many statements.
    by_pattern: HashMap<String, Set>,
    rests: HashMap<String, usize>,
    /// By the address in memory: a policy is attached in many places.
    by_policy: HashMap<*const Policy, Vec<usize>>,
}

impl<'p> Rules<'p> {
    /// None yet.
    pub(super) fn new(actions: &'p Actions) -> Self {
        Self {
            actions,
            rules: Vec::new(),
            by_meaning: HashMap::new(),
            selections: Vec::new(),
            by_selection: HashMap::new(),
            by_pattern: HashMap::new(),
            rests: HashMap::new(),
            by_policy: HashMap::new(),
        }
    }

    /// A rule by its number.
    pub(super) fn get(&self, number: usize) -> Option<&Rule<'p>> {
        self.rules.get(number)
    }

    /// The rules of a policy that is attached.
    pub(super) fn of(&mut self, attached: &'p Attached) -> Vec<usize> {
        let Some(policy) = &attached.policy else { return self.unknown(&attached.name) };
        if let Some(known) = self.by_policy.get(&Arc::as_ptr(policy)) {
            return known.clone();
        }
        let rules: Vec<usize> = policy.statements.iter().map(|statement| self.of_statement(statement)).collect();
        self.by_policy.insert(Arc::as_ptr(policy), rules.clone());
        rules
    }

    /// It may allow and deny anything.
    fn unknown(&mut self, name: &str) -> Vec<usize> {
        let says = format!("what the policy `{name}` says");
        let (selection, rest) = (self.selection(self.actions.all()), self.rest(says.clone()));
        let rule = |effect| (effect, selection, rest, None, vec![says.clone()]);
        [Effect::Allow, Effect::Deny].map(|effect| self.intern(rule(effect))).to_vec()
    }

    fn of_statement(&mut self, statement: &'p Statement) -> usize {
        let selected = self.selected(&statement.actions);
        let selection = self.selection(selected);
        let rest = self.rest(rest_of(statement));
        let hinges_on = statement.hinges_on_besides(&question("*"), &Context::partial());
        self.intern((statement.effect.value, selection, rest, Some(statement), hinges_on))
    }

    /// The actions that a statement is about.
    fn selected(&mut self, selector: &Selector) -> Set {
        let mut found = self.actions.none();
        for pattern in &selector.patterns {
            let known = self.by_pattern.entry(pattern.value.text().to_lowercase());
            let actions = self.actions;
            found.unite(known.or_insert_with(|| actions.matching(&pattern.value)));
        }
        match selector.form {
            Form::Any => found,
            Form::Not => self.actions.all().without(&found),
        }
    }

    fn selection(&mut self, set: Set) -> usize {
        let set = Rc::new(set);
        let next = self.selections.len();
        let number = *self.by_selection.entry(Rc::clone(&set)).or_insert(next);
        if number == next {
            self.selections.push(set);
        }
        number
    }

    fn rest(&mut self, text: String) -> usize {
        let next = self.rests.len();
        *self.rests.entry(text).or_insert(next)
    }

    fn intern(
        &mut self,
        (effect, selection, rest, statement, hinges_on): (Effect, usize, usize, Option<&'p Statement>, Vec<String>),
    ) -> usize {
        let next = self.rules.len();
        let number = *self.by_meaning.entry((effect, selection, rest)).or_insert(next);
        if number == next
            && let Some(selected) = self.selections.get(selection)
        {
            let asks_who = statement.is_some_and(Statement::asks_which_account);
            let asks_where = statement.is_some_and(Statement::asks_where_it_lies);
            self.rules.push(Rule { effect, selected: Rc::clone(selected), rest, asks_who, asks_where, hinges_on, statement });
        }
        number
    }
}

/// All that a statement says besides its effect and its actions, so that equal texts say the same.
fn rest_of(statement: &Statement) -> String {
    let everything = statement.resources.form == Form::Any && statement.resources.patterns.iter().any(|p| p.value.is_everything());
    let resources: BTreeSet<String> = match everything {
        true => BTreeSet::new(),
        false => statement.resources.patterns.iter().map(|pattern| format!("{:?}", pattern.value)).collect(),
    };
    let form = if everything { Form::Any } else { statement.resources.form };
    let principal = statement.principal.as_ref().map(|principal| &principal.value).filter(|principal| !principal.is_everyone());
    let condition = |Condition { operator, key: _, folded, values }: &Condition| {
        let values: BTreeSet<String> = values.iter().map(|value| format!("{:?}", value.value)).collect();
        format!("{:?} {folded} {values:?}", operator.value)
    };
    let conditions: BTreeSet<String> = statement.conditions.iter().map(condition).collect();
    format!("{principal:?} {form:?} {resources:?} {conditions:?}")
}
