//! A drawing: one column per layer. A change is to the right of its dependencies.

use super::{Graph, Node};
use crate::plan::Action;
use crate::plural::count;
use crate::render::network_svg::canvas::{Area, Canvas};

/// Sizes in pixels.
const MARGIN: f64 = 40.0;
const LINE: f64 = 18.0;
const PADDING: f64 = 10.0;
const GAP: f64 = 16.0;
/// Between two columns, where the lines run.
const ALLEY: f64 = 70.0;
/// Of a character, at most: the fonts are the reader's.
const CHARACTER: f64 = 7.4;

/// The graph as SVG.
pub fn svg(graph: &Graph) -> String {
    let areas = places(graph);
    let right = areas.iter().map(|area| area.right()).fold(400.0, f64::max);
    let bottom = areas.iter().map(|area| area.bottom()).fold(MARGIN + 50.0, f64::max);
    let mut canvas = Canvas::new(right + MARGIN);
    canvas.text((MARGIN, MARGIN + 14.0), "title", "Plan");
    let changes: usize = graph.nodes.iter().map(|node| node.changes.len()).sum();
    canvas.text(
        (MARGIN + 70.0, MARGIN + 14.0),
        "dim",
        &format!("{}; changes to the right wait for those to the left", count(changes, "change")),
    );
    for (first, then) in &graph.edges {
        if let (Some(from), Some(to)) = (areas.get(*first), areas.get(*then)) {
            let (start, end) = ((from.right(), from.y + from.height / 2.0), (to.x, to.y + to.height / 2.0));
            let turn = to.x - ALLEY / 2.0;
            canvas.line(&[start, (turn - ALLEY / 4.0, start.1), (turn + ALLEY / 4.0, end.1), end], "edge", r#"marker-end="url(#in)""#);
        }
    }
    for (node, area) in graph.nodes.iter().zip(&areas) {
        canvas.rect(*area, look(node.action), 4.0);
        for (number, line) in node.lines().iter().enumerate() {
            let y = area.y + PADDING + LINE * (number as f64 + 0.75);
            canvas.text((area.x + PADDING, y), if number == 0 { "bold" } else { "dim" }, line);
        }
    }
    canvas.finish(bottom + MARGIN)
}

fn look(action: Action) -> &'static str {
    match action {
        Action::Create => "t0",
        Action::Move => "t1",
        Action::NoOp | Action::Update | Action::Adopt => "t3",
        Action::Replace | Action::Delete => "t4",
    }
}

/// The position of each node, in the order of the nodes, which is that of the layers.
fn places(graph: &Graph) -> Vec<Area> {
    let width = |node: &Node| node.lines().iter().map(|line| line.chars().count()).max().unwrap_or_default() as f64 * CHARACTER;
    let (mut x, mut y, mut widest, mut layer) = (MARGIN, MARGIN + 40.0, 0.0_f64, 0);
    let mut areas = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        if node.layer != layer {
            (x, y, widest, layer) = (x + widest + ALLEY, MARGIN + 40.0, 0.0, node.layer);
        }
        let area = Area { x, y, width: width(node) + 2.0 * PADDING, height: node.lines().len() as f64 * LINE + 2.0 * PADDING };
        widest = widest.max(area.width);
        y = area.bottom() + GAP;
        areas.push(area);
    }
    areas
}
