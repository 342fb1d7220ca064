//! The results of `[[test]]` blocks, as a test runner shows them, as JSON and as JUnit's XML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::policy::{at, cause_json};
use super::words::{count, plain};
use super::xml::{Attributes, Xml};
use super::{Comment, Style};
use crate::diagnostic::Span;
use crate::policy::{Cause, Failure, TestResult};

/// Failures of one expectation that are shown before the rest is counted, without `--detail`.
const SHOWN: usize = 3;

/// For people: a line for each expectation, more where one fails.
pub fn text(results: &[TestResult<'_>], place: &dyn Fn(&Cause) -> Option<Span>, style: Style) -> String {
    let mut out = String::new();
    let mut test = None;
    for result in results {
        if test != Some(&result.test.at) {
            test = Some(&result.test.at);
            let accounts = count(result.test.accounts.len(), "account");
            let _ = writeln!(out, "{} {}", style.bold(&plain(&result.test.name)), style.dim(&format!("({accounts})")));
        }
        let mark = if result.failures.is_empty() { style.good("ok  ") } else { style.error("FAIL") };
        let _ = writeln!(out, "  {mark} {} {}", result.expectation.expected.word(), plain(&result.expectation.action));
        let shown = if style.detail { result.failures.len() } else { SHOWN };
        for failure in result.failures.iter().take(shown) {
            let _ = writeln!(out, "         {}", plain(&told(failure)));
            if let Some(span) = failure.decision.cause.as_ref().and_then(place) {
                let _ = writeln!(out, "           {}", style.dim(&at(&span)));
            }
        }
        if result.failures.len() > shown {
            let _ = writeln!(out, "         {}", style.dim(&format!("… and {} more (--detail shows them)", result.failures.len() - shown)));
        }
    }
    let failed = results.iter().filter(|result| !result.failures.is_empty()).count();
    let asked: usize = results.iter().map(|result| result.asked).sum();
    let summary = format!(
        "{}: {} passed, {failed} failed; {} decided",
        count(results.len(), "expectation"),
        results.len() - failed,
        count(asked, "request")
    );
    let _ = writeln!(
        out,
        "{}{}",
        if out.is_empty() { "" } else { "\n" },
        if failed == 0 { style.good(&summary) } else { style.error(&summary) }
    );
    out
}

/// For a comment on a pull request.
pub fn markdown(results: &[TestResult<'_>], place: &dyn Fn(&Cause) -> Option<Span>, detail: bool) -> Comment {
    let mut out = Comment::titled("overlord policy test");
    out.block(text(results, place, Style { colour: false, detail }).trim_end());
    out
}

/// One failure on a line.
fn told(failure: &Failure) -> String {
    let mut text = format!("{} {}", failure.account.key(), failure.decision.outcome.says());
    for part in [&failure.principal, &failure.resource].into_iter().flatten() {
        let _ = write!(text, ", {part}");
    }
    if let Some(cause) = &failure.decision.cause {
        let _ = write!(text, ": {}", cause.says(failure.decision.outcome));
    }
    if !failure.decision.hinges_on.is_empty() {
        let _ = write!(text, "; hinges on {}", failure.decision.hinges_on.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    }
    text
}

/// For programs.
pub fn json(results: &[TestResult<'_>], place: &dyn Fn(&Cause) -> Option<Span>) -> Value {
    let failure = |failure: &Failure| {
        json!({
            "account": failure.account.key(), "principal": failure.principal, "resource": failure.resource,
            "decision": failure.decision.outcome.word(), "cause": failure.decision.cause.as_ref().map(|cause| cause_json(cause, place)),
            "hinges_on": failure.decision.hinges_on,
        })
    };
    let result = |result: &TestResult<'_>| {
        json!({
            "test": result.test.name, "action": result.expectation.action, "expected": result.expectation.expected.word(),
            "asked": result.asked, "passed": result.failures.is_empty(), "failures": result.failures.iter().map(failure).collect::<Vec<_>>(),
        })
    };
    let passed = results.iter().all(|result| result.failures.is_empty());
    json!({"format_version": 1, "passed": passed, "results": results.iter().map(result).collect::<Vec<_>>()})
}

/// JUnit's XML, as continuous integration reads it: a suite for each test, a case for each expectation.
pub fn junit(results: &[TestResult<'_>], place: &dyn Fn(&Cause) -> Option<Span>) -> Xml {
    // By place: two tests may have one name.
    let mut suites: BTreeMap<&Span, Vec<&TestResult<'_>>> = BTreeMap::new();
    for result in results {
        suites.entry(&result.test.at).or_default().push(result);
    }
    let failures = |results: &[&TestResult<'_>]| results.iter().filter(|result| !result.failures.is_empty()).count();
    let all: Vec<&TestResult<'_>> = results.iter().collect();
    let mut out = Xml::document();
    out.open(0, "testsuites", &[("name", &"overlord policy test"), ("tests", &results.len()), ("failures", &failures(&all))]);
    for (span, cases) in suites {
        let name = cases.first().map_or("", |case| case.test.name.as_str());
        out.open(1, "testsuite", &[("name", &name), ("tests", &cases.len()), ("failures", &failures(&cases))]);
        let file = span.source.path.display();
        for case in cases {
            let title = format!("{} {}", case.expectation.expected.word(), case.expectation.action);
            let attributes: Attributes<'_> = &[("classname", &name), ("name", &title), ("file", &file)];
            if case.failures.is_empty() {
                out.empty(2, "testcase", attributes);
                continue;
            }
            let lines: Vec<String> = case.failures.iter().map(|failure| format!("{}{}", told(failure), place_of(failure, place))).collect();
            let message = format!("not met in {} of {}", case.failures.len(), count(case.asked, "request"));
            out.open(2, "testcase", attributes);
            out.text(3, "failure", &[("message", &message)], &lines.join("\n"));
            out.close(2, "testcase");
        }
        out.close(1, "testsuite");
    }
    out.close(0, "testsuites");
    out
}

fn place_of(failure: &Failure, place: &dyn Fn(&Cause) -> Option<Span>) -> String {
    failure.decision.cause.as_ref().and_then(place).map(|span| format!(" ({})", at(&span))).unwrap_or_default()
}
