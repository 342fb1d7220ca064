//! The lints of the guardrails, for people, for a pull request and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::words::{count, plain};
use super::{Comment, Style, diagnostic};
use crate::config::Linted;
use crate::diagnostic::Severity;

/// For people: the findings with their lines, what is suppressed, and how many there are.
pub fn text(linted: &Linted, style: Style) -> String {
    let mut out = diagnostic::render(&linted.found, style);
    for silenced in &linted.silenced {
        let line =
            format!("suppressed: {} in `{}`, {}: {}", silenced.rule, silenced.policy, count(silenced.findings, "finding"), silenced.reason);
        let _ = writeln!(out, "{}", style.dim(&plain(&line)));
    }
    let summary = summary(linted);
    let painted = if linted.count(Severity::Error) > 0 {
        style.error(&summary)
    } else if linted.count(Severity::Warning) > 0 {
        style.warning(&summary)
    } else {
        style.good(&summary)
    };
    let _ = writeln!(out, "{painted}");
    out
}

fn summary(linted: &Linted) -> String {
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Hint, "hint")];
    counts.map(|(severity, word)| count(linted.count(severity), word)).join(", ")
}

/// For a comment on a pull request.
pub fn markdown(linted: &Linted) -> Comment {
    let mut out = Comment::titled("overlord policy lint");
    out.block(text(linted, Style::default()).trim_end());
    out
}

/// For programs.
pub fn json(linted: &Linted) -> Value {
    let silenced = linted.silenced.iter().map(|s| json!({"policy": s.policy, "rule": s.rule, "reason": s.reason, "findings": s.findings}));
    json!({
        "format_version": 1,
        "errors": linted.count(Severity::Error), "warnings": linted.count(Severity::Warning), "hints": linted.count(Severity::Hint),
        "findings": linted.found.iter().map(diagnostic::json).collect::<Vec<_>>(),
        "suppressed": silenced.collect::<Vec<_>>(),
    })
}
