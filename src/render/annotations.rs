//! Diagnostics where a pull request shows them: workflow commands of GitHub, and the Code Quality report of GitLab.

use serde_json::{Value, json};

use super::plain;
use crate::diagnostic::{Diagnostic, Severity};

/// Workflow commands, one a line. GitHub shows ten errors and ten warnings of a step.
/// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands> (2026-12-01)
pub fn github(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(command).collect()
}

fn command(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "notice",
    };
    let mut properties = Vec::new();
    if let Some(span) = &diagnostic.span {
        let (line, column) = span.line_and_column();
        let file = property(&plain(&span.source.path.display().to_string()));
        properties.push(format!("file={file},line={line},col={column}"));
    }
    properties.extend(diagnostic.code.map(|code| format!("title={}", property(code))));
    let properties = properties.join(",");
    let space = if properties.is_empty() { "" } else { " " };
    format!("::{level}{space}{properties}::{}\n", data(&message(diagnostic)))
}

/// What is wrong, why, and what to do: a line each.
fn message(diagnostic: &Diagnostic) -> String {
    let help = diagnostic.hint.as_ref().map(|hint| format!("help: {}", plain(hint)));
    let detail = diagnostic.detail.as_deref().map(plain);
    std::iter::once(plain(&diagnostic.summary)).chain(detail).chain(help).collect::<Vec<_>>().join("\n")
}

/// The text of a workflow command. A line break would begin another command.
/// <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts> (2026-12-01)
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command, which `:` and `,` end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The Code Quality report of GitLab. Equal mistakes have equal fingerprints, so that GitLab can show which are new.
/// <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format> (2026-12-01)
pub fn gitlab(diagnostics: &[Diagnostic]) -> Value {
    diagnostics.iter().map(issue).collect()
}

fn issue(diagnostic: &Diagnostic) -> Value {
    let severity = match diagnostic.severity {
        Severity::Error => "blocker",
        Severity::Warning => "minor",
        Severity::Hint => "info",
    };
    let (file, line) = diagnostic
        .span
        .as_ref()
        .map_or_else(|| ("org.toml".to_owned(), 1), |span| (span.source.path.display().to_string(), span.line_and_column().0));
    let name = diagnostic.code.unwrap_or("overlord");
    json!({
        "description": message(diagnostic),
        "check_name": name,
        "fingerprint": fingerprint(&[name, &file, &diagnostic.summary]),
        "severity": severity,
        "location": { "path": file.trim_start_matches("./"), "lines": { "begin": line } },
    })
}

/// The FNV-1a hash of some texts, in hexadecimal digits.
fn fingerprint(texts: &[&str]) -> String {
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    format!("{:016x}", bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::{Source, Span};

    fn hostile() -> Diagnostic {
        let source = Source::new("a,b:c%.toml", "one\ntwo\n");
        let at = Span { source: Arc::new(source), range: (4..7).into() };
        Diagnostic::error("100% `x\n::error::y\r`").code("bad-name").at(at).detail("because\u{1b}[31m").hint("mend: it, now")
    }

    #[test]
    fn no_text_ends_a_property_or_begins_another_command() {
        let expected = "::error file=a%2Cb%3Ac%25.toml,line=2,col=1,title=bad-name::\
                        100%25 `x\\n::error::y\\r`%0Abecause\\u{1b}[31m%0Ahelp: mend: it, now\n";
        assert_eq!(github(&[hostile()]), expected);
        assert_eq!(github(&[Diagnostic::warning("everywhere")]), "::warning::everywhere\n");
        assert_eq!(data("a\r\nb%"), "a%0D%0Ab%25");
    }

    #[test]
    fn a_report_has_what_gitlab_asks_for() {
        let report = gitlab(&[hostile(), Diagnostic::warning("everywhere")]);
        assert_eq!(report[0]["location"], json!({ "path": "a,b:c%.toml", "lines": { "begin": 2 } }));
        assert_eq!((&report[0]["severity"], &report[0]["check_name"]), (&json!("blocker"), &json!("bad-name")));
        assert_eq!(report[1]["location"], json!({ "path": "org.toml", "lines": { "begin": 1 } }));
        assert_ne!(report[0]["fingerprint"], report[1]["fingerprint"]);
        assert_eq!(report[0]["fingerprint"], gitlab(&[hostile()])[0]["fingerprint"]);
    }
}
