//! Mermaid, for Markdown on GitHub and GitLab. <https://mermaid.js.org/syntax/flowchart.html>

use super::Graph;
use crate::plan::Action;
use crate::render::markup::{Markup, Mermaid};

/// The graph as a flowchart.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = Markup::<Mermaid>::new();
    out.own("flowchart LR\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        out.own("  n").text(index).own("[\"");
        for (position, line) in node.lines().iter().enumerate() {
            out.own(if position > 0 { "<br/>" } else { "" }).text(line);
        }
        out.own("\"]:::").own(class(node.action)).own("\n");
    }
    for (first, then) in &graph.edges {
        out.own("  n").text(first).own(" --> n").text(then).own("\n");
    }
    out.own("  classDef made stroke:#1f7a4d\n  classDef changed stroke:#b45f06\n  classDef moved stroke:#3574c4\n  classDef gone stroke:#b8365a\n");
    out.finish()
}

fn class(action: Action) -> &'static str {
    match action {
        Action::Create => "made",
        Action::NoOp | Action::Update | Action::Adopt => "changed",
        Action::Move => "moved",
        Action::Replace | Action::Delete => "gone",
    }
}
