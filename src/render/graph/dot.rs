//! DOT, for Graphviz. <https://graphviz.org/doc/info/lang.html>

use super::Graph;
use crate::plan::Action;
use crate::render::markup::{Dot, Markup};

/// The graph as DOT.
pub fn dot(graph: &Graph) -> String {
    let mut out = Markup::<Dot>::new();
    out.own("digraph plan {\n  rankdir = LR;\n  node [shape = box, fontname = \"sans-serif\"];\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        out.own("  n").text(index).own(" [label = \"");
        for line in node.lines() {
            out.text(line).own("\\l");
        }
        out.own("\", color = \"").own(colour(node.action)).own("\"];\n");
    }
    for (first, then) in &graph.edges {
        out.own("  n").text(first).own(" -> n").text(then).own(";\n");
    }
    out.own("}\n");
    out.finish()
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
