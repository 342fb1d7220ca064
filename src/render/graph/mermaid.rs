//! Mermaid, for Markdown on GitHub and GitLab. <https://mermaid.js.org/syntax/flowchart.html>

use std::fmt::Write as _;

use super::Graph;
use crate::escape::mermaid as escaped;
use crate::plan::Action;

/// The graph as a flowchart.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let label = node.lines().iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>");
        let _ = writeln!(out, "  n{index}[\"{label}\"]:::{}", class(node.action));
    }
    for (first, then) in &graph.edges {
        let _ = writeln!(out, "  n{first} --> n{then}");
    }
    out.push_str("  classDef made stroke:#1f7a4d\n  classDef changed stroke:#b45f06\n  classDef moved stroke:#3574c4\n  classDef gone stroke:#b8365a\n");
    out
}

fn class(action: Action) -> &'static str {
    match action {
        Action::Create => "made",
        Action::NoOp | Action::Update | Action::Adopt => "changed",
        Action::Move => "moved",
        Action::Replace | Action::Delete => "gone",
    }
}
