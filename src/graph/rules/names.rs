//! Rule 8: a change that takes a name depends on the change that gives it up. Nothing takes a temporary name. If names form a cycle, one
//! member is renamed in 2 steps (`graph/names.rs`).
//!
//! Reason: AWS refuses two siblings of one name.

use std::collections::BTreeMap;

use crate::change::Change;
use crate::graph::edges::Edges;
use crate::graph::names::{self, Name};
use crate::graph::{Constraint, first_step};

pub(super) fn free_names_first(edges: &mut Edges<'_>) {
    let changed: Vec<(usize, &Change)> = edges.changes.iter().enumerate().filter(|(_, change)| names::is_named_anew(change)).collect();
    let gives_up = changed.iter().filter(|(_, change)| first_step(&change.address).is_none());
    let given_up = gives_up.filter_map(|(index, change)| Some((Name::of(change, change.before.as_ref()?)?, *index)));
    let given_up: BTreeMap<Name, usize> = given_up.collect();
    let taken = changed.iter().filter_map(|(index, change)| {
        let from = *given_up.get(&Name::of(change, change.after.as_ref()?)?)?;
        (from != *index).then_some((*index, from, Constraint::Required))
    });
    edges.found.extend(taken);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::graph::tests::{check, is};

    #[test]
    fn a_name_is_given_up_before_it_is_taken() {
        let ou = |name: &str| json!({ "name": name, "parent": { "ref": "organization.main" } });
        check(
            json!({ "ou.a": ou("two"), "ou.b": ou("three"), "ou.c": ou("free") }),
            json!({ "ou.a": is("ou-1", ou("one")), "ou.b": is("ou-2", ou("two")), "ou.c": is("ou-3", ou("four")) }),
            &["Update ou.b", "Update ou.a < ou.b", "Update ou.c"],
        );
    }
}
