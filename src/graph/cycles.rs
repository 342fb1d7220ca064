//! Turns edges into an order. If edges form a cycle, the weakest ones are dropped. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::acyclic::Acyclic;
use petgraph::algo::{is_cyclic_directed, kosaraju_scc};
use petgraph::graph::{DiGraph, NodeIndex};

use super::{Constraint, Ordered};
use crate::address::Address;
use crate::change::Change;
use crate::resource::{self, Finding, FindingSeverity, PolicyRole};

/// An edge: the dependent, its dependency, and the edge's strength. Both are positions in the list of changes.
pub(super) type Found = (usize, usize, Constraint);

/// The changes in order, each with its dependencies. `edges` are sorted, each once.
pub(super) fn arranged(changes: Vec<Change>, mut edges: Vec<Found>) -> Ordered {
    let mut findings = Vec::new();
    let mut order = ranks(changes.len(), &edges);
    // Cycles are searched only if some change could never be next.
    if order.len() < changes.len() {
        let (mut firm, weaker): (Vec<Found>, Vec<Found>) = edges.into_iter().partition(|(.., edge)| *edge <= Constraint::KeepsGuardrail);
        let yielding = Circles::of(changes.len(), &firm);
        let given_up = given_up(&yielding, &firm);
        firm.retain(|&(from, to, edge)| edge == Constraint::Required || !given_up.contains(&from) || !yielding.hold(from, to));
        let closed = Circles::of(changes.len(), &firm);
        findings.extend(given_up.into_iter().filter_map(|guard| changes.get(guard)).map(yields));
        findings.extend(closed.members.iter().map(|members| finding(members, &changes)));
        firm.retain(|&(from, to, _)| !closed.hold(from, to));
        edges = with_weaker(changes.len(), firm, weaker);
        order = ranks(changes.len(), &edges);
    }
    Ordered { changes: put_in_order(changes, &edges, &order), findings }
}

/// The cycles of a graph.
pub(super) struct Circles {
    /// Each with its members in order.
    members: Vec<Vec<usize>>,
    /// The cycle of a node.
    of: BTreeMap<usize, usize>,
}

impl Circles {
    pub fn of(nodes: usize, edges: &[Found]) -> Self {
        let graph = graph(nodes, edges.iter());
        let on_itself: BTreeSet<usize> = edges.iter().filter(|(from, to, _)| from == to).map(|(from, ..)| *from).collect();
        let mut members: Vec<Vec<usize>> = kosaraju_scc(&graph)
            .into_iter()
            .map(|component| component.into_iter().map(NodeIndex::index).collect::<Vec<_>>())
            .filter(|component| component.len() > 1 || component.iter().any(|node| on_itself.contains(node)))
            .collect();
        members.iter_mut().for_each(|circle| circle.sort_unstable());
        members.sort_unstable();
        let of = members.iter().enumerate().flat_map(|(circle, nodes)| nodes.iter().map(move |&node| (node, circle))).collect();
        Self { members, of }
    }

    /// Whether a node is in any cycle.
    pub fn have(&self, node: usize) -> bool {
        self.of.contains_key(&node)
    }

    /// Whether an edge is part of a cycle.
    fn hold(&self, from: usize, to: usize) -> bool {
        self.of.get(&from).is_some_and(|circle| self.of.get(&to) == Some(circle))
    }
}

/// Each dependent points to its dependency.
fn graph<'e>(nodes: usize, edges: impl Iterator<Item = &'e Found>) -> DiGraph<(), ()> {
    let mut graph = DiGraph::<(), ()>::with_capacity(nodes, 0);
    for _ in 0..nodes {
        graph.add_node(());
    }
    for &(from, to, _) in edges {
        graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
    }
    graph
}

/// `edges`, which form no cycle, plus as many of the `weaker` ones as possible without forming one: stronger edges are tried first.
fn with_weaker(nodes: usize, mut edges: Vec<Found>, mut weaker: Vec<Found>) -> Vec<Found> {
    weaker.sort_unstable_by_key(|&(from, to, edge)| (edge, from, to));
    let Ok(mut graph) = Acyclic::try_from_graph(graph(nodes, edges.iter())) else { return edges };
    let fits = |&(from, to, _): &Found| graph.try_add_edge(NodeIndex::new(from), NodeIndex::new(to), ()).is_ok();
    edges.extend(weaker.into_iter().filter(fits));
    edges.sort_unstable();
    edges
}

/// The changes that do not wait for a dependency: as few as possible if they are tried one by one, in order of address.
fn given_up(circles: &Circles, edges: &[Found]) -> BTreeSet<usize> {
    let mut given_up = BTreeSet::new();
    for members in &circles.members {
        let place: BTreeMap<usize, usize> = members.iter().enumerate().map(|(place, node)| (*node, place)).collect();
        let within = |&(from, to, edge): &Found| Some((*place.get(&from)?, *place.get(&to)?, edge));
        let (mut kept, soft): (Vec<Found>, Vec<Found>) =
            edges.iter().filter_map(within).partition(|(.., edge)| *edge == Constraint::Required);
        // If only an error is left, nothing is dropped.
        if is_cyclic_directed(&graph(members.len(), kept.iter())) {
            continue;
        }
        for (from, node) in members.iter().enumerate() {
            let before = kept.len();
            kept.extend(soft.iter().filter(|(waits, ..)| *waits == from));
            if kept.len() > before && is_cyclic_directed(&graph(members.len(), kept.iter())) {
                kept.truncate(before);
                given_up.insert(*node);
            }
        }
    }
    given_up
}

fn finding(members: &[usize], changes: &[Change]) -> Finding {
    let names: Vec<String> = members.iter().filter_map(|&i| changes.get(i)).map(|change| format!("`{}`", change.address)).collect();
    let subject = members.first().and_then(|&i| changes.get(i)).map(|change| change.address.to_string()).unwrap_or_default();
    let summary = match names.as_slice() {
        [one] => format!("{one} refers to itself: remove that reference"),
        _ => format!("these depend on each other in a cycle, so none can be first: {}; remove one of the references", names.join(", ")),
    };
    Finding { severity: FindingSeverity::Error, subject, summary }
}

fn yields(guard: &Change) -> Finding {
    let summary = match resource::policy_role(&guard.address) {
        PolicyRole::Policy => {
            "no order of this plan's changes keeps every account under its guardrails at every moment, since the document is needed both \
             as it was and as it will be: to avoid that, attach the new one as a policy of its own, and remove this one with a second plan"
        }
        _ => {
            "no order of this plan's changes keeps every account under its guardrails at every moment, since there is no room for more: \
             to avoid that, take out what is needed nowhere any more with a plan of its own"
        }
    };
    Finding { severity: FindingSeverity::Warning, subject: guard.address.to_string(), summary: summary.to_owned() }
}

/// The positions of the changes, each after all of its dependencies; among those that could be next, the first by address is. Changes in
/// a cycle, and their dependents, are left out.
fn ranks(nodes: usize, edges: &[Found]) -> Vec<usize> {
    let mut waiting = vec![0_usize; nodes];
    let mut dependents: Vec<(usize, usize)> = edges.iter().map(|&(from, to, _)| (to, from)).collect();
    dependents.sort_unstable();
    dependents.dedup();
    for (_, from) in &dependents {
        waiting.get_mut(*from).into_iter().for_each(|count| *count += 1);
    }
    let mut ready: BinaryHeap<Reverse<usize>> = waiting.iter().enumerate().filter(|(_, n)| **n == 0).map(|(i, _)| Reverse(i)).collect();
    let mut order = Vec::with_capacity(nodes);
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        let first = dependents.partition_point(|(to, _)| *to < index);
        for (_, dependent) in dependents.iter().skip(first).take_while(|(to, _)| *to == index) {
            let Some(count) = waiting.get_mut(*dependent) else { continue };
            *count -= 1;
            if *count == 0 {
                ready.push(Reverse(*dependent));
            }
        }
    }
    order
}

/// The changes in that order, each with its dependencies.
fn put_in_order(mut changes: Vec<Change>, edges: &[Found], order: &[usize]) -> Vec<Change> {
    let mut waits_for = Vec::with_capacity(changes.len());
    for index in 0..changes.len() {
        let first = edges.partition_point(|(from, ..)| *from < index);
        let own = edges.iter().skip(first).take_while(|(from, ..)| *from == index);
        let mut addresses: Vec<Address> = own.filter_map(|(_, to, _)| Some(changes.get(*to)?.address.clone())).collect();
        addresses.dedup();
        waits_for.push(addresses);
    }
    for (change, waits_for) in changes.iter_mut().zip(waits_for) {
        change.waits_for = waits_for;
    }
    let mut places = vec![0_usize; changes.len()];
    for (rank, index) in order.iter().enumerate() {
        places.get_mut(*index).into_iter().for_each(|place| *place = rank);
    }
    let mut placed: Vec<(usize, Change)> = places.into_iter().zip(changes).collect();
    placed.sort_unstable_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, change)| change).collect()
}
