//! Cycles of names. AWS does not let 2 siblings have the same name, so one member of the cycle gets a temporary name. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::address::{Address, Reference};
use crate::change::{Action, Change};
use crate::resource::{self, Attributes};

/// The suffix of the address of a renaming's second step. No key in org.toml contains a slash, and the key of a removed resource is a
/// path.
const SECOND: &str = "/rename";

/// A name that must be unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    kind: String,
    within: Option<Reference>,
    name: String,
}

impl Name {
    pub fn of(change: &Change, attributes: &Attributes) -> Option<Self> {
        let within = resource::reference(attributes, unique_in(&change.address)?);
        Some(Self { kind: change.address.kind().to_owned(), within, name: attributes.get("name")?.to_string() })
    }
}

/// The attribute within which AWS requires a unique name; `None` if any number of resources may share one.
fn unique_in(address: &Address) -> Option<&'static str> {
    resource::spec(address)?.unique_name_in
}

/// Whether it takes a name that must be unique.
pub(super) fn is_named_anew(change: &Change) -> bool {
    change.action != Action::Delete && unique_in(&change.address).is_some() && change.changes("name")
}

/// The address of the first step of a renaming, if this is the second.
pub(super) fn first_step(address: &Address) -> Option<Address> {
    let first = address.key().strip_suffix(SECOND).filter(|first| unique_in(address).is_some() && !first.contains('/'))?;
    Some(address.beside(address.kind(), first))
}

/// In every cycle of names, the first resource by address is renamed in 2 steps.
pub(super) fn break_rename_cycles(mut changes: Vec<Change>) -> Vec<Change> {
    let renamed: Vec<usize> = changes.iter().enumerate().filter(|(_, c)| c.id.is_some() && is_named_anew(c)).map(|(i, _)| i).collect();
    let name = |index: usize, of: fn(&Change) -> Option<&Attributes>| changes.get(index).and_then(|change| Name::of(change, of(change)?));
    let before = |index| name(index, |change| change.before.as_ref());
    let given_up: BTreeMap<Name, usize> = renamed.iter().filter_map(|&index| Some((before(index)?, index))).collect();
    // Which change's old name each change takes.
    let takes_from: BTreeMap<usize, usize> =
        renamed.iter().filter_map(|&index| Some((index, *given_up.get(&name(index, |change| change.after.as_ref())?)?))).collect();
    let seconds: Vec<Change> = firsts(&takes_from)
        .into_iter()
        .filter_map(|(first, taker)| {
            let taker = changes.get(taker)?.address.clone();
            in_two(changes.get_mut(first)?, &taker)
        })
        .collect();
    changes.extend(seconds);
    changes
}

/// The first of every cycle, with the change that takes its name.
fn firsts(takes_from: &BTreeMap<usize, usize>) -> Vec<(usize, usize)> {
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    for &first in takes_from.keys() {
        if known.contains(&first) {
            continue;
        }
        let (mut last, mut passed) = (first, BTreeSet::new());
        // Names are given up once and taken once: reaching a visited change again closes a cycle.
        while passed.insert(last)
            && let Some(&next) = takes_from.get(&last)
        {
            if next == first {
                found.push((first, last));
            }
            last = next;
        }
        known.extend(passed);
    }
    found
}

/// Keeps the first step and returns the second.
fn in_two(change: &mut Change, taker: &Address) -> Option<Change> {
    let after = change.after.clone()?;
    // No sibling has this one's id as its name.
    let between = after.with("name", json!(format!("renaming {}", change.id.as_deref()?)));
    let address = change.address.beside(change.address.kind(), format!("{}{SECOND}", change.address.key()));
    let reason = |what: &str| Cow::from(format!("{}; {what}", change.reason));
    let first = reason(&format!("names form a cycle, so it has a temporary name until `{taker}` has its own"));
    let second = Change {
        address,
        reason: "in a second step: once its new name is free".into(),
        before: Some(between.clone()),
        after: Some(after),
        ..change.clone()
    };
    (change.reason, change.after) = (first, Some(between));
    Some(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Renamings of OUs under one parent: `a 1 2` has the name 1 and is to have the name 2.
    fn renamings(names: &[&str]) -> Vec<Change> {
        let of = |name: &str| -> Attributes {
            serde_json::from_value(json!({ "name": name, "parent": { "ref": "organization.main" } })).unwrap()
        };
        let change = |text: &&str| {
            let [key, before, after] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
            Change {
                address: Address::new("ou", key),
                action: Action::Update,
                reason: "`name` differs".into(),
                id: Some(format!("ou-{key}")),
                before: Some(of(before)),
                after: Some(of(after)),
                calls: Vec::new(),
                waits_for: Vec::new(),
            }
        };
        names.iter().map(change).collect()
    }

    fn check(names: &[&str], expected: &[&str]) {
        let name = |attributes: &Option<Attributes>| attributes.as_ref().unwrap().get("name").unwrap().as_str().unwrap().to_owned();
        let told = |change: &Change| format!("{} {} {}", change.address.key(), name(&change.before), name(&change.after));
        assert_eq!(break_rename_cycles(renamings(names)).iter().map(told).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn one_of_every_circle_is_renamed_twice() {
        check(&["a 1 2", "b 2 3"], &["a 1 2", "b 2 3"]);
        check(&["a 1 2", "b 2 1"], &["a 1 renaming ou-a", "b 2 1", "a/rename renaming ou-a 2"]);
        check(
            &["a 0 9", "b 1 2", "c 4 5", "d 2 3", "e 5 4", "f 3 1"],
            &[
                "a 0 9",
                "b 1 renaming ou-b",
                "c 4 renaming ou-c",
                "d 2 3",
                "e 5 4",
                "f 3 1",
                "b/rename renaming ou-b 2",
                "c/rename renaming ou-c 5",
            ],
        );
        let changes = break_rename_cycles(renamings(&["a 1 2", "b 2 1"]));
        assert_eq!(changes[0].reason, "`name` differs; names form a cycle, so it has a temporary name until `ou.b` has its own");
    }

    #[test]
    fn a_second_step_is_known_by_its_address() {
        let second = |address: &str| first_step(&address.parse().unwrap()).map(|first| first.to_string());
        assert_eq!(second("ou.a/rename"), Some("ou.a".to_owned()));
        for other in ["ou.a", "ou./old/rename", "ou.rename", "account.a/rename"] {
            assert_eq!(second(other), None);
        }
    }
}
