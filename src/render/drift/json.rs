//! For programs. docs/commands.md describes the shape.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{WEIGHTS, name, place, summary};
use crate::config::Places;
use crate::drift::{Drift, FORMAT_VERSION, Finding, Remedy};
use crate::plan::Effect;

/// All of it.
pub fn json(drift: &Drift, places: &Places) -> Value {
    let counts: BTreeMap<&str, usize> = WEIGHTS
        .into_iter()
        .map(|weight| (name(weight), drift.findings.iter().filter(|finding| finding.weight == weight).count()))
        .collect();
    json!({
        "format_version": FORMAT_VERSION, "clean": drift.is_clean(), "looked_at": drift.looked_at, "counts": counts,
        "findings": drift.findings.iter().map(|finding| one(finding, places)).collect::<Vec<_>>(),
        "ignored": drift.ignored, "known": drift.known, "gone": drift.gone, "notes": drift.notes, "screening": drift.screening,
    })
}

fn one(finding: &Finding, places: &Places) -> Value {
    let span = place(finding, places);
    let (line, column) = span.line_and_column();
    let impact = finding
        .effect
        .as_ref()
        .map(|Effect { accounts, lets_pass, denies, .. }| json!({ "accounts": accounts, "lets_pass": lets_pass, "denies": denies }));
    let apply = match &finding.remedy {
        Remedy::Change { action, calls, needs } => json!({ "action": action, "calls": calls, "needs": needs }),
        Remedy::Leave => json!({ "action": "leave", "calls": [], "needs": null }),
        Remedy::Refuse => json!({ "action": "refuse", "calls": [], "needs": null }),
    };
    json!({
        "what": finding.what, "severity": name(finding.weight), "subject": finding.subject, "address": finding.address, "id": finding.id,
        "summary": summary(finding), "attributes": finding.differences, "parts": finding.parts, "apply": apply,
        "effect": finding.effect.as_ref().map(|effect| effect.effect), "impact": impact,
        "since": finding.origin.as_ref().map(|origin| &origin.since), "by": finding.origin.as_ref().map(|origin| &origin.by),
        "event": finding.origin,
        "file": span.source.path.display().to_string(), "line": line, "column": column, "fingerprint": finding.fingerprint(),
    })
}
