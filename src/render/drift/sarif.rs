//! SARIF 2.1.0, for code scanning: each finding at the line of org.toml that speaks of it.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{effect, name, place, remedy, summary};
use crate::config::Places;
use crate::drift::{Drift, Finding, What};
use crate::resource::Weight;

/// What a path of a URI may hold as it is (RFC 3986, unreserved), and the slash between its parts.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The name of the fingerprint, and its version.
const FINGERPRINT: &str = "overlordDrift/v1";

/// All of it: a run with a rule for each kind of finding.
pub fn sarif(drift: &Drift, places: &Places) -> Value {
    let rule = |what: What| {
        json!({
            "id": what.name(),
            "shortDescription": { "text": format!("drift: {}", what.name()) },
            "fullDescription": { "text": what.means() },
            "help": { "text": format!("{}: `overlord drift --detail` shows it, `overlord plan` shows the change that would fix it", what.means()) },
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "overlord", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": What::ALL.map(rule),
            } },
            "automationDetails": { "id": "overlord/drift/" },
            "columnKind": "unicodeCodePoints",
            "results": drift.findings.iter().map(|finding| result(finding, places)).collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Finding, places: &Places) -> Value {
    let level = match finding.weight {
        Weight::GuardRail => "error",
        Weight::Network | Weight::Organization => "warning",
        Weight::Cosmetic => "note",
    };
    let span = place(finding, places);
    let (line, column) = span.line_and_column();
    json!({
        "ruleId": finding.what.name(),
        "ruleIndex": What::ALL.iter().position(|what| *what == finding.what),
        "level": level,
        "message": { "text": message(finding) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": artifact(&span.source.path),
                "region": { "startLine": line, "startColumn": column },
            },
            "logicalLocations": [{ "fullyQualifiedName": finding.subject, "kind": "resource" }],
        }],
        "partialFingerprints": { FINGERPRINT: finding.fingerprint() },
        "properties": {
            "severity": name(finding.weight), "id": finding.id, "attributes": finding.differences,
            "effect": finding.effect.as_ref().map(|effect| effect.effect),
            "since": finding.origin.as_ref().map(|origin| &origin.since), "by": finding.origin.as_ref().map(|origin| &origin.by),
            "event": finding.origin,
        },
    })
}

fn message(finding: &Finding) -> String {
    let effect = effect(finding).map(|effect| format!("; {effect}")).unwrap_or_default();
    format!("{}: {}{effect}; apply {}", finding.subject, summary(finding), remedy(finding))
}

/// A file as SARIF names it: below the root of the sources, unless it lies elsewhere.
fn artifact(path: &Path) -> Value {
    let text = path.display().to_string().replace(std::path::MAIN_SEPARATOR, "/");
    let text = text.strip_prefix("./").unwrap_or(&text);
    let uri = utf8_percent_encode(text, PATH);
    if path.is_absolute() {
        json!({ "uri": format!("file://{}{uri}", if text.starts_with('/') { "" } else { "/" }) })
    } else {
        json!({ "uri": uri.to_string(), "uriBaseId": "%SRCROOT%" })
    }
}
