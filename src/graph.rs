//! The graph: which change waits for which. Edges come from references (invariant 6). Pure.
//!
//! It stands between the diff, which knows no time, and the plan. Four rules make all edges:
//! 1. A change waits for what its after-value refers to, through resources that do not change.
//! 2. A deletion waits for every change whose before-value refers to it and whose after-value no longer does.
//! 3. What comes to be in a place waits for the guard rails of that place and of all places above it. Places themselves do not
//!    wait: an empty OU needs no guard, and what goes into it waits for the whole chain.
//! 4. A guard rail that is loosened waits for what leaves its place, so that nothing is ever under fewer guard rails than those
//!    before and after have in common. This one is soft: where it would close a circle, it yields.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::rc::Rc;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value;

use crate::address::{Address, Reference};
use crate::diff::prerequisite;
use crate::plan::{Action, Change};
use crate::resource::{self, Attributes, Desired, Finding, FindingSeverity, Live};

/// Changes in an order in which they can be made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ordered {
    /// Each behind all that it waits for, otherwise in order of address.
    pub changes: Vec<Change>,
    /// One error per circle.
    pub findings: Vec<Finding>,
}

/// How much an edge insists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Hard,
    Soft,
}

/// Fills `waits_for` and puts the changes in order.
pub fn order(mut changes: Vec<Change>, desired: &Desired, live: &Live) -> Ordered {
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    let mut edges = Edges::new(&changes, desired, live).find();
    let mut findings = Vec::new();
    let circle = |edges: &BTreeSet<(usize, usize, Edge)>| circles(changes.len(), edges);
    let yielding = circle(&edges);
    edges.retain(|&(from, to, edge)| edge == Edge::Hard || !in_one(&yielding, from, to));
    let closed = circle(&edges);
    findings.extend(closed.members.iter().map(|members| finding(members, &changes)));
    edges.retain(|&(from, to, _)| !in_one(&closed, from, to));
    Ordered { changes: sorted(changes, &edges), findings }
}

/// What finds the edges: everything by its place in `changes`, which are in order of address.
struct Edges<'a> {
    changes: &'a [Change],
    desired: &'a Desired,
    live: &'a Live,
    /// Deletions left out: nothing can refer to what will not be.
    by_address: BTreeMap<&'a Address, usize>,
    /// By the address of their target: the addresses of the guards.
    guards: BTreeMap<Address, Vec<&'a Address>>,
    /// The kinds that something has as its parent.
    places: BTreeSet<String>,
    /// Memo of [`Self::providers`].
    known: BTreeMap<&'a Address, Rc<BTreeSet<usize>>>,
    found: BTreeSet<(usize, usize, Edge)>,
}

impl<'a> Edges<'a> {
    fn new(changes: &'a [Change], desired: &'a Desired, live: &'a Live) -> Self {
        let by_address = changes.iter().enumerate().filter(|(_, c)| c.action != Action::Delete).map(|(i, c)| (&c.address, i)).collect();
        let mut guards: BTreeMap<Address, Vec<&Address>> = BTreeMap::new();
        let mut places = BTreeSet::new();
        for (address, attributes) in &desired.resources {
            let guards_target = resource::kind(address.kind()).is_some_and(|kind| kind.spec().guards_target);
            if guards_target && let Some(Reference::Address(target)) = resource::reference(attributes, "target") {
                guards.entry(target).or_default().push(address);
            }
            if let Some(Reference::Address(parent)) = resource::reference(attributes, "parent")
                && !places.contains(parent.kind())
            {
                places.insert(parent.kind().to_owned());
            }
        }
        Self { changes, desired, live, by_address, guards, places, known: BTreeMap::new(), found: BTreeSet::new() }
    }

    fn find(mut self) -> BTreeSet<(usize, usize, Edge)> {
        for (index, change) in self.changes.iter().enumerate() {
            self.references(index, change);
            self.guarded(index, change);
        }
        self.deletions();
        self.loosened();
        self.found
    }

    fn wait(&mut self, from: usize, to: &BTreeSet<usize>) {
        self.found.extend(to.iter().map(|&to| (from, to, Edge::Hard)));
    }

    /// Rule 1, and what a change needs without referring to it.
    fn references(&mut self, index: usize, change: &'a Change) {
        let needed = prerequisite(change, &self.desired.management_account);
        for address in change.after.iter().flat_map(resource::references).chain(needed) {
            let providers = self.providers(&address);
            self.wait(index, &providers);
        }
    }

    /// The changes that must be made before `address` is what the configuration says: its own, or those of all that it refers to.
    fn providers(&mut self, address: &Address) -> Rc<BTreeSet<usize>> {
        if let Some(&index) = self.by_address.get(address) {
            return Rc::new(BTreeSet::from([index]));
        }
        // Only what the configuration names is followed: AWS's side may refer to what is leaving.
        let Some((address, attributes)) = self.desired.resources.get_key_value(address) else { return Rc::default() };
        if let Some(known) = self.known.get(address) {
            return Rc::clone(known);
        }
        // Known as nothing while it is followed, so that references in a circle end; the circle itself needs no order.
        self.known.insert(address, Rc::default());
        let mut providers = BTreeSet::new();
        for next in resource::references(attributes) {
            providers.extend(self.providers(&next).iter());
        }
        let providers = Rc::new(providers);
        self.known.insert(address, Rc::clone(&providers));
        providers
    }

    /// Rule 2.
    fn deletions(&mut self) {
        let deleted: BTreeMap<Reference, usize> = self
            .changes
            .iter()
            .enumerate()
            .filter(|(_, change)| change.action == Action::Delete)
            .flat_map(|(i, c)| [Some((Reference::Address(c.address.clone()), i)), c.id.clone().map(|id| (Reference::Id(id), i))])
            .flatten()
            .collect();
        if deleted.is_empty() {
            return;
        }
        for (index, change) in self.changes.iter().enumerate() {
            let kept = change.after.as_ref().map(named).unwrap_or_default();
            let released = change.before.as_ref().map(named).unwrap_or_default();
            for reference in released.difference(&kept) {
                if let Some(&deletion) = deleted.get(reference).filter(|&&deletion| deletion != index) {
                    self.found.insert((deletion, index, Edge::Hard));
                }
            }
        }
    }

    /// Rule 3.
    fn guarded(&mut self, index: usize, change: &'a Change) {
        let arrives = change.attributes.iter().any(|attribute| attribute.name == "parent");
        let Some(after) = change.after.as_ref().filter(|_| arrives && !self.places.contains(change.address.kind())) else { return };
        for place in places_above(after, |address| self.desired.resources.get(address)) {
            for guard in self.guards.get(&place).cloned().unwrap_or_default() {
                let providers = self.providers(guard);
                self.wait(index, &providers);
            }
        }
    }

    /// Rule 4.
    fn loosened(&mut self) {
        let mut loosened: BTreeMap<Address, usize> = BTreeMap::new();
        for (index, change) in self.changes.iter().enumerate() {
            let guards = resource::kind(change.address.kind()).is_some_and(|kind| kind.spec().guards_target);
            if let (true, Some(before), Some(after)) = (guards, &change.before, &change.after)
                && let Some(Reference::Address(target)) = resource::reference(after, "target")
                && !named(before).is_subset(&named(after))
            {
                loosened.insert(target, index);
            }
        }
        if loosened.is_empty() {
            return;
        }
        let places = self.live.resources.iter().filter(|(address, _)| self.places.contains(address.kind()));
        let by_id: BTreeMap<&str, &Address> = places.filter_map(|(address, live)| Some((live.id.as_deref()?, address))).collect();
        for (index, change) in self.changes.iter().enumerate() {
            let (Some(before), Some(after)) = (&change.before, &change.after) else { continue };
            if !change.attributes.iter().any(|attribute| attribute.name == "parent") {
                continue;
            }
            let stays: BTreeSet<Address> = places_above(after, |address| self.desired.resources.get(address)).into_iter().collect();
            let in_live = |address: &Address| self.live.resources.get(address).map(|live| &live.attributes);
            // What is in a place that is made anew names it by id.
            let left = match resource::reference(before, "parent") {
                Some(Reference::Id(id)) => by_id.get(id.as_str()).map(|place| chain(Some((*place).clone().into()), in_live)),
                Some(Reference::Address(_)) | None => Some(places_above(before, in_live)),
            };
            for guard in left.unwrap_or_default().iter().filter(|place| !stays.contains(*place)).filter_map(|place| loosened.get(place)) {
                self.found.insert((*guard, index, Edge::Soft));
            }
        }
    }
}

/// The places that attributes lie in, from the parent up to the organization. Ends where it would go round.
fn places_above<'a>(attributes: &Attributes, lookup: impl Fn(&Address) -> Option<&'a Attributes>) -> Vec<Address> {
    chain(resource::reference(attributes, "parent"), lookup)
}

fn chain<'a>(mut next: Option<Reference>, lookup: impl Fn(&Address) -> Option<&'a Attributes>) -> Vec<Address> {
    let mut above: Vec<Address> = Vec::new();
    while let Some(Reference::Address(place)) = next.take() {
        if above.contains(&place) {
            break;
        }
        next = lookup(&place).and_then(|attributes| resource::reference(attributes, "parent"));
        above.push(place);
    }
    above
}

/// All that attributes refer to, by address and by id.
fn named(attributes: &Attributes) -> BTreeSet<Reference> {
    fn walk(value: &Value, found: &mut BTreeSet<Reference>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            Value::Object(map) => match <Reference as serde::Deserialize>::deserialize(value) {
                Ok(reference) => found.extend([reference]),
                Err(_) => map.values().for_each(|item| walk(item, found)),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    attributes.values().for_each(|value| walk(value, &mut found));
    found
}

/// The circles of a graph.
struct Circles {
    /// Each with its members in order.
    members: Vec<Vec<usize>>,
    /// Which circle a node is in.
    of: BTreeMap<usize, usize>,
}

fn circles(nodes: usize, edges: &BTreeSet<(usize, usize, Edge)>) -> Circles {
    let mut graph = DiGraph::<(), ()>::with_capacity(nodes, edges.len());
    for _ in 0..nodes {
        graph.add_node(());
    }
    for &(from, to, _) in edges {
        graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
    }
    let on_itself = |node: NodeIndex| edges.contains(&(node.index(), node.index(), Edge::Hard));
    let mut members: Vec<Vec<usize>> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|component| component.len() > 1 || component.iter().any(|&node| on_itself(node)))
        .map(|component| component.into_iter().map(NodeIndex::index).collect())
        .collect();
    members.iter_mut().for_each(|circle| circle.sort_unstable());
    members.sort_unstable();
    let of = members.iter().enumerate().flat_map(|(circle, nodes)| nodes.iter().map(move |&node| (node, circle))).collect();
    Circles { members, of }
}

fn in_one(circles: &Circles, from: usize, to: usize) -> bool {
    circles.of.get(&from).is_some_and(|circle| circles.of.get(&to) == Some(circle))
}

fn finding(members: &[usize], changes: &[Change]) -> Finding {
    let names: Vec<String> = members.iter().filter_map(|&i| changes.get(i)).map(|change| format!("`{}`", change.address)).collect();
    let subject = members.first().and_then(|&i| changes.get(i)).map(|change| change.address.to_string()).unwrap_or_default();
    let summary = match names.as_slice() {
        [one] => format!("{one} refers to itself: remove that reference"),
        _ => format!("these wait for each other in a circle, so none can be first: {}; remove one of the references", names.join(", ")),
    };
    Finding { severity: FindingSeverity::Error, subject, summary }
}

/// The changes, each behind all that it waits for; among those that could be next, the first by address is.
fn sorted(changes: Vec<Change>, edges: &BTreeSet<(usize, usize, Edge)>) -> Vec<Change> {
    let mut nodes: Vec<Node> =
        changes.into_iter().map(|change| Node { change: Some(change), open: BTreeSet::new(), dependents: Vec::new() }).collect();
    let addresses: Vec<Address> = nodes.iter().filter_map(|node| node.change.as_ref().map(|change| change.address.clone())).collect();
    for &(from, to, _) in edges {
        if let Some(node) = nodes.get_mut(to) {
            node.dependents.push(from);
        }
        if let Some(node) = nodes.get_mut(from) {
            node.open.insert(to);
        }
    }
    let mut waiting: Vec<usize> = nodes.iter().map(|node| node.open.len()).collect();
    let mut ready: BinaryHeap<Reverse<usize>> = waiting.iter().enumerate().filter(|(_, n)| **n == 0).map(|(i, _)| Reverse(i)).collect();
    let mut ordered = Vec::with_capacity(nodes.len());
    while let Some(Reverse(index)) = ready.pop() {
        let Some(node) = nodes.get_mut(index) else { continue };
        let dependents = std::mem::take(&mut node.dependents);
        let waits_for = std::mem::take(&mut node.open).into_iter().filter_map(|to| addresses.get(to).cloned()).collect();
        ordered.extend(node.change.take().map(|change| Change { waits_for, ..change }));
        for dependent in dependents {
            if let Some(count) = waiting.get_mut(dependent) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(Reverse(dependent));
                }
            }
        }
    }
    ordered
}

/// A change while it is sorted.
struct Node {
    change: Option<Change>,
    open: BTreeSet<usize>,
    dependents: Vec<usize>,
}

#[cfg(test)]
mod tests;
