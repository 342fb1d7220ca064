//! Whether one statement covers everything that another one matches. Claimed only where it is certain.

use std::cell::Cell;

use crate::policy::condition::Condition;
use crate::policy::pattern::{Case, Pattern, question};
use crate::policy::statement::{Form, Selector, Statement};
use crate::policy::truth::Truth;

/// Pairs of letters that are compared at most: a document of the largest size whose patterns all begin alike has a hundred million of them, and no
/// real one has a tenth of these.
const LETTERS: usize = 10_000_000;

/// Compares the statements of a document, as far as its letters allow: beyond that nothing is claimed.
pub(super) struct Cover {
    left: Cell<usize>,
}

impl Default for Cover {
    fn default() -> Self {
        Self { left: Cell::new(LETTERS) }
    }
}

impl Cover {
    /// Whether `wide` matches every request that `narrow` matches.
    pub(super) fn statement(&self, wide: &Statement, narrow: &Statement) -> bool {
        let principals = wide.principal.as_ref().map(|p| &p.value) == narrow.principal.as_ref().map(|p| &p.value);
        principals
            && self.selector(&wide.actions, &narrow.actions, Case::Insensitive)
            && self.selector(&wide.resources, &narrow.resources, Case::Sensitive)
            && wide.conditions.iter().all(|one| narrow.conditions.iter().any(|other| same(one, other)))
    }

    /// Whether two lists of actions may have an action in common.
    pub(super) fn meet(&self, one: &Selector, other: &Selector) -> bool {
        let meet = |a: &Pattern, b: &Pattern| self.holds(a, b, Case::Insensitive).is_some_and(|truth| truth != Truth::False);
        one.patterns.iter().any(|a| other.patterns.iter().any(|b| meet(&a.value, &b.value)))
    }

    fn selector(&self, wide: &Selector, narrow: &Selector, case: Case) -> bool {
        let all_in = |these: &Selector, those: &Selector| {
            these
                .patterns
                .iter()
                .all(|this| those.patterns.iter().any(|that| self.holds(&that.value, &this.value, case) == Some(Truth::True)))
        };
        match (wide.form, narrow.form) {
            (Form::Any, Form::Any) => all_in(narrow, wide),
            (Form::Not, Form::Not) => all_in(wide, narrow),
            (Form::Any, Form::Not) => wide.patterns.iter().any(|pattern| pattern.value.is_everything()),
            (Form::Not, Form::Any) => narrow
                .patterns
                .iter()
                .all(|this| wide.patterns.iter().all(|that| self.holds(&that.value, &this.value, case) == Some(Truth::False))),
        }
    }

    /// Whether a pattern matches all that another matches: evaluated by the matcher as a question with holes. `None` if the question is too large.
    fn holds(&self, wide: &Pattern, narrow: &Pattern, case: Case) -> Option<Truth> {
        if wide.text() == narrow.text() || wide.is_everything() {
            return Some(Truth::True);
        }
        if wide.begins_otherwise(narrow, case) {
            return Some(Truth::False);
        }
        if wide.variables().next().is_some() {
            return Some(Truth::Unknown);
        }
        self.left.set(self.left.get().checked_sub(wide.len() * narrow.len())?);
        Some(wide.matches_plain(&question(&without_variables(narrow)), case))
    }
}

/// A variable may be any text.
fn without_variables(pattern: &Pattern) -> String {
    let (mut text, mut rest) = (String::new(), pattern.text());
    if pattern.variables().next().is_none() {
        return rest.to_owned();
    }
    while let Some((before, behind)) = rest.split_once("${") {
        text.push_str(before);
        text.push('*');
        rest = behind.split_once('}').map_or("", |(_, behind)| behind);
    }
    text + rest
}

/// Whether two conditions are equal, regardless of the order of their values.
fn same(one: &Condition, other: &Condition) -> bool {
    let all_in = |these: &Condition, those: &Condition| these.values.iter().all(|v| those.values.iter().any(|w| v.value == w.value));
    one.operator.value == other.operator.value && one.folded == other.folded && all_in(one, other) && all_in(other, one)
}
