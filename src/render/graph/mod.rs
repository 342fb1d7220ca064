//! The dependency graph of a plan, for Graphviz, for Mermaid and as a drawing. Pure.
//!
//! A change is in the layer after its last dependency, so every edge leads from a layer to a later one. Without `detail`, changes of one
//! layer, kind and action share one node, so that a plan of thousands of changes stays readable. Edges that others imply are left out.

mod dot;
mod mermaid;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

use super::words::{symbol, things};
use crate::address::Address;
use crate::plan::{Action, Change, Plan};

/// Names that a node of several changes has.
const NAMED: usize = 3;
/// The maximum number of nodes for removing implied edges: the cost grows with its square.
const REDUCED: usize = 3_000;

/// A graph, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    /// From a dependency to its dependent, in order.
    edges: BTreeSet<(usize, usize)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    action: Action,
    /// The number of layers before it.
    layer: usize,
    changes: Vec<Address>,
}

impl Graph {
    /// Of a plan's changes: each a node with `detail`, else those of one layer, kind and action together.
    pub fn of(plan: &Plan, detail: bool) -> Self {
        let mut layers: BTreeMap<&Address, usize> = BTreeMap::new();
        // Each comes after all its dependencies.
        for change in &plan.changes {
            let layer = change.waits_for.iter().filter_map(|address| layers.get(address)).max().map_or(0, |last| last + 1);
            layers.insert(&change.address, layer);
        }
        let layer = |change: &Change| layers.get(&change.address).copied().unwrap_or_default();
        let mut nodes: BTreeMap<(usize, &str, Action, Option<&Address>), Vec<Address>> = BTreeMap::new();
        for change in &plan.changes {
            let own = detail.then_some(&change.address);
            nodes.entry((layer(change), change.address.kind(), change.action, own)).or_default().push(change.address.clone());
        }
        let nodes: Vec<Node> = nodes.into_iter().map(|((layer, _, action, _), changes)| Node { action, layer, changes }).collect();
        let place: BTreeMap<&Address, usize> =
            nodes.iter().enumerate().flat_map(|(index, node)| node.changes.iter().map(move |address| (address, index))).collect();
        let edge = |first: &Address, then: &Address| Some((*place.get(first)?, *place.get(then)?));
        let edges = plan.changes.iter().flat_map(|change| change.waits_for.iter().filter_map(|first| edge(first, &change.address)));
        let edges = edges.collect();
        let edges = if nodes.len() <= REDUCED { reduced(nodes.len(), &edges) } else { edges };
        Self { nodes, edges }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let node =
            |(index, node): (usize, &Node)| json!({"node": index, "action": node.action, "layer": node.layer, "changes": node.changes});
        json!({
            "format_version": 1, "nodes": self.nodes.iter().enumerate().map(node).collect::<Vec<_>>(),
            "edges": self.edges.iter().map(|(first, then)| json!({"first": first, "then": then})).collect::<Vec<_>>(),
        })
    }
}

/// Without the edges that others imply. Every edge leads to a larger number, since the nodes are in order of layer.
fn reduced(nodes: usize, edges: &BTreeSet<(usize, usize)>) -> BTreeSet<(usize, usize)> {
    let mut before: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (first, then) in edges {
        before.entry(*then).or_default().push(*first);
    }
    let mut all_before: Vec<BTreeSet<usize>> = Vec::with_capacity(nodes);
    let mut kept = BTreeSet::new();
    for node in 0..nodes {
        let mut reached: BTreeSet<usize> = BTreeSet::new();
        // The last first: its own dependencies are implied.
        for first in before.get(&node).into_iter().flatten().rev() {
            if reached.insert(*first) {
                kept.insert((*first, node));
                reached.extend(all_before.get(*first).into_iter().flatten());
            }
        }
        all_before.push(reached);
    }
    kept
}

impl Node {
    /// What it says, in lines: the first is the head.
    fn lines(&self) -> Vec<String> {
        let kind = self.changes.first().map_or("", Address::kind);
        let (head, named) = match self.changes.as_slice() {
            [one] => return vec![format!("{} {}", symbol(self.action), one)],
            several => (format!("{} {}", symbol(self.action), things(several.len(), kind)), several.iter().take(NAMED)),
        };
        let mut lines = vec![head];
        lines.extend(named.map(ToString::to_string));
        if let Some(more) = self.changes.len().checked_sub(NAMED).filter(|more| *more > 0) {
            lines.push(format!("… and {more} more"));
        }
        lines
    }
}

#[cfg(test)]
mod tests;
