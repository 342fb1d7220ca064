use serde_json::json;

use super::*;
use crate::plan::worlds;

fn plan() -> Plan {
    let ou = |name: &str, parent: &str| json!({"name": name, "parent": {"ref": parent}, "tags": null});
    let account = |name: &str, parent: &str| json!({"email": name, "leaves": null, "name": name, "parent": {"ref": parent}, "tags": null});
    let desired = worlds::desired(json!({
        "organization.main": {"feature_set": "ALL"},
        "ou.a": ou("a", "organization.main"), "ou.b": ou("b", "organization.main"), "ou.c": ou("c", "ou.a"),
        "account.x": account("x", "ou.c"), "account.y": account("y", "ou.b"),
    }));
    worlds::plan(&desired, &worlds::live(json!({})))
}

#[test]
fn every_edge_leads_to_a_later_layer_and_none_is_implied() {
    for detail in [true, false] {
        let graph = Graph::of(&plan(), detail);
        assert!(graph.nodes.iter().map(|node| node.layer).is_sorted());
        for (first, then) in &graph.edges {
            assert!(graph.nodes[*first].layer < graph.nodes[*then].layer);
        }
        let changes: usize = graph.nodes.iter().map(|node| node.changes.len()).sum();
        assert_eq!(changes, plan().changes.len());
        assert!(!detail || graph.nodes.len() == changes);
    }
    let edges = [(0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (4, 5)].into();
    assert_eq!(reduced(6, &edges), [(0, 1), (1, 2), (2, 3), (4, 5)].into());
}

#[test]
fn what_waits_is_reached_from_what_it_waits_for() {
    let plan = plan();
    let graph = Graph::of(&plan, true);
    let index = |address: &Address| graph.nodes.iter().position(|node| node.changes.contains(address)).unwrap();
    for change in &plan.changes {
        for first in &change.waits_for {
            let mut reached: BTreeSet<usize> = [index(first)].into();
            for (from, to) in &graph.edges {
                if reached.contains(from) {
                    reached.insert(*to);
                }
            }
            assert!(reached.contains(&index(&change.address)), "{} does not wait for {first}", change.address);
        }
    }
}

#[test]
fn it_is_written_in_three_languages() {
    let graph = Graph::of(&plan(), false);
    let (dot, mermaid, svg) = (dot(&graph), mermaid(&graph), svg(&graph));
    assert!(dot.starts_with("digraph plan {") && dot.ends_with("}\n") && dot.contains("label = \"+ 2 OUs\\lou.a\\lou.b\\l\""), "{dot}");
    assert!(mermaid.starts_with("flowchart LR\n") && mermaid.contains("n0[\"+ organization.main\"]:::made"), "{mermaid}");
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && svg.contains(">+ organization.main<"), "{svg}");
    for edge in &graph.edges {
        assert!(dot.contains(&format!("n{} -> n{};", edge.0, edge.1)) && mermaid.contains(&format!("n{} --> n{}\n", edge.0, edge.1)));
    }
    let odd = Node { action: Action::Update, layer: 0, changes: vec![Address::new("policy", "a\"b<c>#1\\")] };
    let odd = Graph { nodes: vec![odd], edges: BTreeSet::new() };
    assert!(super::dot(&odd).contains(r#""~ policy.a\"b<c>#1\\\l""#), "{}", super::dot(&odd));
    assert!(super::mermaid(&odd).contains(r#"n0["~ policy.a#34;b#60;c#62;#35;1\"]"#), "{}", super::mermaid(&odd));
    assert!(super::svg(&odd).contains("~ policy.a&quot;b&lt;c&gt;#1\\<"));
}
