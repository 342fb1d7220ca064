//! Whether one statement is about all that another is about. Never claimed where it is not certain.

use crate::policy::condition::Condition;
use crate::policy::pattern::{Case, Pattern, question};
use crate::policy::statement::{Form, Selector, Statement};
use crate::policy::truth::Truth;

/// Whether `wide` matches every request that `narrow` matches.
pub(super) fn statement(wide: &Statement, narrow: &Statement) -> bool {
    let principals = wide.principal.as_ref().map(|p| &p.value) == narrow.principal.as_ref().map(|p| &p.value);
    principals
        && actions(&wide.actions, &narrow.actions)
        && selector(&wide.resources, &narrow.resources, Case::Sensitive)
        && wide.conditions.iter().all(|one| narrow.conditions.iter().any(|other| same(one, other)))
}

/// Whether one list of actions holds all of another.
pub(super) fn actions(wide: &Selector, narrow: &Selector) -> bool {
    selector(wide, narrow, Case::Insensitive)
}

/// Whether two lists of actions may have an action in common.
pub(super) fn meet(one: &Selector, other: &Selector) -> bool {
    let meet = |a: &Pattern, b: &Pattern| holds(a, b, Case::Insensitive) != Truth::False;
    one.patterns.iter().any(|a| other.patterns.iter().any(|b| meet(&a.value, &b.value)))
}

fn selector(wide: &Selector, narrow: &Selector, case: Case) -> bool {
    let all_in = |these: &Selector, those: &Selector| {
        these.patterns.iter().all(|this| those.patterns.iter().any(|that| holds(&that.value, &this.value, case) == Truth::True))
    };
    match (wide.form, narrow.form) {
        (Form::Any, Form::Any) => all_in(narrow, wide),
        (Form::Not, Form::Not) => all_in(wide, narrow),
        (Form::Any, Form::Not) => wide.patterns.iter().any(|pattern| pattern.value.is_everything()),
        (Form::Not, Form::Any) => {
            narrow.patterns.iter().all(|this| wide.patterns.iter().all(|that| holds(&that.value, &this.value, case) == Truth::False))
        }
    }
}

/// Whether a pattern matches all that another matches: asked of the matcher as a question with holes.
fn holds(wide: &Pattern, narrow: &Pattern, case: Case) -> Truth {
    if wide.text() == narrow.text() || wide.is_everything() {
        return Truth::True;
    }
    if wide.variables().next().is_some() {
        return Truth::Unknown;
    }
    wide.matches_plain(&question(&without_variables(narrow)), case)
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

/// Whether two conditions are one, in whatever order their values stand.
fn same(one: &Condition, other: &Condition) -> bool {
    let all_in = |these: &Condition, those: &Condition| these.values.iter().all(|v| those.values.iter().any(|w| v.value == w.value));
    one.operator.value == other.operator.value && one.folded == other.folded && all_in(one, other) && all_in(other, one)
}
