//! A set of guardrails that both attaches and detaches policies is split into 2 steps: attach first, detach last. Moves happen in
//! between. Pure.
//!
//! Edges connect steps. If both steps can run one right after the other, they become one change again. Otherwise they stay 2 changes, and
//! the second one gets an address of its own, derived from the first one's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::json;

use super::cycles::{Circles, Found};
use super::guardrails::{Documents, Guardrail, Shift, guards_target, policies};
use crate::address::{Address, Reference};
use crate::change::Change;
use crate::diff;
use crate::resource::{CROWDED, Desired, Live};

/// The suffix of the address of a set's second step. No key in org.toml contains a slash.
const SECOND: &str = "/detach";

/// All changes, with sets split into steps.
pub(super) struct Steps {
    /// In order of address.
    pub changes: Vec<Change>,
    pairs: Vec<Pair>,
}

/// The two steps of a set.
struct Pair {
    first: usize,
    second: usize,
    whole: Change,
    /// Whether they stay 2 steps even if they could be one: the plan chooses what makes room.
    apart: bool,
}

/// A policy type with no room left at a target. The reader reports it, since AWS also counts policies that are not part of a set.
#[derive(Deserialize)]
struct Crowd {
    /// How many must be detached before everything that is attached fits.
    first: usize,
    /// The ones to choose from: they are detached anyway.
    of: Vec<Reference>,
}

/// Splits sets into steps.
pub(super) fn split(changes: Vec<Change>, desired: &Desired, live: &Live) -> Steps {
    let mut needed = None;
    let mut wholes: BTreeMap<Address, (Change, bool)> = BTreeMap::new();
    let mut parts = Vec::with_capacity(changes.len());
    for change in changes {
        match in_two(&change, || needed.get_or_insert_with(|| Needed::of(desired, live))) {
            Some((first, second, apart)) => {
                wholes.insert(change.address.clone(), (change, apart));
                parts.extend([first, second]);
            }
            None => parts.push(change),
        }
    }
    parts.sort_by(|a, b| a.address.cmp(&b.address));
    let pair = |(second, change): (usize, &Change)| {
        let address = first_step(&change.address)?;
        let first = parts.binary_search_by(|other| other.address.cmp(&address)).ok()?;
        let (whole, apart) = wholes.remove(&address)?;
        Some(Pair { first, second, whole, apart })
    };
    let pairs = parts.iter().enumerate().filter_map(pair).collect();
    Steps { changes: parts, pairs }
}

/// The guardrails that any target will have, and how to recognise a policy as one.
struct Needed {
    rails: BTreeSet<Guardrail>,
    documents: Documents,
}

impl Needed {
    fn of(desired: &Desired, live: &Live) -> Self {
        let documents = Documents::of(desired, live);
        let beside = live.beside.iter().map(|(address, live)| (address, &live.attributes));
        let sets = desired.resources.iter().chain(beside).filter(|(address, _)| guards_target(address)).flat_map(|(_, set)| policies(set));
        Self { rails: sets.flat_map(|policy| documents.after(&policy).collect::<Vec<_>>()).collect(), documents }
    }

    fn is_needed(&self, policy: &Reference) -> bool {
        self.documents.before(policy).any(|rail| self.rails.contains(&rail))
    }
}

/// The steps of a set that attaches and detaches, and whether they must be 2.
fn in_two<'n>(change: &Change, needed: impl FnOnce() -> &'n mut Needed) -> Option<(Change, Change, bool)> {
    let shift = Shift::of(change)?;
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let crowds: Vec<Crowd> = before.get(CROWDED).and_then(|crowds| serde_json::from_value(crowds).ok()).unwrap_or_default();
    let mut early = BTreeSet::new();
    if !crowds.is_empty() {
        let needed = needed();
        for Crowd { first, mut of } in crowds {
            of.retain(|policy| shift.lost.contains(policy));
            of.sort_by_cached_key(|policy| (needed.is_needed(policy), policy.clone()));
            early.extend(of.into_iter().take(first));
        }
    }
    let (before_set, after_set) = (policies(before), policies(after));
    let between: BTreeSet<Reference> = before_set.union(&shift.gained).cloned().collect();
    let between: BTreeSet<Reference> = &(&between - &shift.lost_defaults) - &early;
    if between == before_set || between == after_set {
        return None;
    }
    let between = after.with("policies", json!(between));
    let step = |address: Address, before, after| {
        let mut step = Change { address, before, after, ..change.clone() };
        step.reason = diff::reason_of(&step).into();
        step
    };
    let first = step(change.address.clone(), change.before.clone(), Some(between.clone()));
    let address = change.address.beside(change.address.kind(), format!("{}{SECOND}", change.address.key()));
    let mut second = step(address, Some(between), change.after.clone());
    second.reason = format!("{}, in a second step: when nothing needs it there any more", second.reason).into();
    Some((first, second, !early.is_empty()))
}

/// Whether it is the second step of a set; then the address of the first.
pub(super) fn first_step(address: &Address) -> Option<Address> {
    let first = address.key().strip_suffix(SECOND).filter(|_| guards_target(address))?;
    Some(address.beside(address.kind(), first))
}

impl Steps {
    /// Joins steps into one change if that forms no cycle. Returns the changes and the edges between them, in order.
    pub fn joined(self, edges: Vec<Found>) -> (Vec<Change>, Vec<Found>) {
        let Self { mut changes, mut pairs } = self;
        if pairs.is_empty() {
            return (changes, edges);
        }
        let one = |pairs: &[Pair]| {
            let mut one: Vec<usize> = (0..changes.len()).collect();
            pairs.iter().for_each(|pair| one.get_mut(pair.second).into_iter().for_each(|second| *second = pair.first));
            one
        };
        let within = |one: &[usize], (from, to, edge): Found| {
            let joined = (*one.get(from)?, *one.get(to)?, edge);
            (joined.0 != joined.1 || from == to).then_some(joined)
        };
        pairs.retain(|pair| !pair.apart);
        let together = one(&pairs);
        let tried: Vec<Found> = edges.iter().filter_map(|edge| within(&together, *edge)).collect();
        let circles = Circles::of(changes.len(), &tried);
        pairs.retain(|pair| !circles.have(pair.first));
        let together = one(&pairs);
        // The positions of the remaining changes, counted.
        let mut stays = 0;
        let places: Vec<usize> = together
            .iter()
            .enumerate()
            .map(|(index, &of)| {
                stays += usize::from(index == of);
                stays.saturating_sub(1)
            })
            .collect();
        let place = |index: usize| places.get(index).copied();
        let joined = edges.into_iter().filter_map(|edge| within(&together, edge));
        let mut joined: Vec<Found> = joined.filter_map(|(from, to, edge)| Some((place(from)?, place(to)?, edge))).collect();
        joined.sort_unstable();
        joined.dedup();
        let dropped: BTreeSet<usize> = pairs.iter().map(|pair| pair.second).collect();
        for pair in pairs {
            changes.get_mut(pair.first).into_iter().for_each(|change| *change = pair.whole.clone());
        }
        let changes = changes.into_iter().enumerate().filter(|(index, _)| !dropped.contains(index)).map(|(_, change)| change).collect();
        (changes, joined)
    }
}
