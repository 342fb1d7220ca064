//! `overlord graph`: of a plan made now and of a saved one.

use std::fs;

use crate::cli::case::*;
use crate::cli::snapshots::snapshot;

#[test]
fn what_waits_for_what_is_drawn() {
    let case = Case::small();
    let dot = case.run(&["graph", "--sandbox"]).ends(0).out;
    snapshot("graph.dot", &dot);
    case.run(&["plan", "--sandbox", "--out", "plan.json"]).ends(2);
    fs::remove_file(case.path("org.toml")).unwrap();
    assert_eq!(case.run(&["graph", "plan.json"]).ends(0).out, dot, "a saved plan needs neither org.toml nor AWS");
    snapshot("graph.mermaid", &case.run(&["graph", "plan.json", "--as", "mermaid"]).ends(0).out);
    let svg = case.run(&["graph", "plan.json", "--as", "svg", "--detail"]).ends(0).out;
    assert!(svg.starts_with("<svg") && svg.contains("+ account.audit"));
    let document = case.run(&["graph", "plan.json", "--detail", "--format", "json"]).ends(0).json();
    let plan: serde_json::Value = serde_json::from_str(&fs::read_to_string(case.path("plan.json")).unwrap()).unwrap();
    assert_eq!(document["nodes"].as_array().unwrap().len(), plan["changes"].as_array().unwrap().len());
    case.run(&["graph", "plan.json", "--account", "audit"]).ends(1).says(&["a saved plan is applied as a whole"]);
    case.run(&["graph", "none.json"]).ends(1).says(&["`none.json` cannot be read", "overlord plan --out FILE"]);
}
