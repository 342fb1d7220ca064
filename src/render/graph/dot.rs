//! DOT, for Graphviz. <https://graphviz.org/doc/info/lang.html>

use std::fmt::Write as _;

use super::Graph;
use crate::escape::dot as quoted;
use crate::plan::Action;

/// The graph as DOT.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from("digraph plan {\n  rankdir = LR;\n  node [shape = box, fontname = \"sans-serif\"];\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let label: String = node.lines().iter().map(|line| format!("{}\\l", quoted(line))).collect();
        let _ = writeln!(out, "  n{index} [label = \"{label}\", color = \"{}\"];", colour(node.action));
    }
    for (first, then) in &graph.edges {
        let _ = writeln!(out, "  n{first} -> n{then};");
    }
    out.push_str("}\n");
    out
}

fn colour(action: Action) -> &'static str {
    match action {
        Action::NoOp => "gray",
        Action::Create => "darkgreen",
        Action::Update | Action::Adopt => "darkorange",
        Action::Move => "blue",
        Action::Replace | Action::Delete => "red",
    }
}
