//! Decisions of guardrails: as text with a picture of the levels, as Markdown and as JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::simulated::{self, Live};
use super::words::plain;
use super::{Comment, Style};
use crate::diagnostic::Span;
use crate::limits::LIMITS;
use crate::policy::{Cause, Decision, Family, LevelRuling, Outcome, Side, Truth};
use crate::resource::Kind;
use crate::resource::organizations::Organization;

/// A decision with its request and the positions of its statements.
pub struct Explained<'d> {
    /// The caller, as the user named it.
    pub account: &'d str,
    /// The action.
    pub action: &'d str,
    /// The resource; any, unless given.
    pub resource: Option<&'d str>,
    /// The caller; anybody, unless given.
    pub principal: Option<&'d str>,
    /// What was decided.
    pub decision: &'d Decision,
    /// AWS's own answer, if it was requested.
    pub live: Option<&'d Live>,
    /// The position of a statement in its file.
    pub place: &'d dyn Fn(&Cause) -> Option<Span>,
}

/// Said with every decision: the commonest misunderstanding.
pub const NO_GRANT: &str = "Guardrails grant nothing: what they allow still needs an IAM policy that allows it.";

/// For people.
pub fn text(explained: &Explained<'_>, style: Style) -> String {
    let decision = explained.decision;
    let mut out = String::new();
    let verdict = verdict(decision.outcome);
    let verdict = match decision.outcome {
        Outcome::WithinGuardRails => style.good(verdict),
        Outcome::ExplicitDeny | Outcome::ImplicitDeny => style.error(verdict),
        Outcome::Unknown => style.warning(verdict),
    };
    let _ = writeln!(out, "{verdict}: {}", asked(explained));
    if let Some(cause) = &decision.cause {
        let _ = writeln!(out, "  {}", plain(&cause.says(decision.outcome)));
        if let Some(span) = (explained.place)(cause) {
            let _ = writeln!(out, "  {}", style.dim(&at(&span)));
        }
    }
    if !decision.hinges_on.is_empty() {
        let _ = writeln!(out, "  hinges on: {}", hinges(decision));
        let _ = writeln!(out, "  {}", style.dim("say more with --context KEY=VALUE, --absent KEY, --principal or --resource"));
    }
    for (family, side) in [(Family::Scp, &decision.scp), (Family::Rcp, &decision.rcp)] {
        let _ = writeln!(out, "\n{}", style.bold(heading(family)));
        match side {
            Side::Exempt(exemption) => {
                let _ = writeln!(out, "  {}", style.dim(exemption.why()));
            }
            Side::Levels(levels) => picture(levels, style, &mut out),
        }
    }
    if let Some(live) = explained.live {
        let _ = writeln!(out, "\n{}\n{}", style.bold(simulated::HEADING), simulated::text(live, style).trim_end());
    }
    let _ = writeln!(out, "\n{}", style.dim(NO_GRANT));
    out
}

/// For a comment on a pull request.
pub fn markdown(explained: &Explained<'_>) -> Comment {
    let mut out = Comment::titled("overlord policy explain");
    let text = text(explained, Style::default());
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    out.bold(first).own("\n\n").block(rest.trim_end());
    out
}

/// For programs.
pub fn json(explained: &Explained<'_>) -> Value {
    let decision = explained.decision;
    let cause = |cause: &Cause| cause_json(cause, explained.place);
    let side = |side: &Side| match side {
        Side::Exempt(exemption) => json!({"binds": false, "why": exemption.why(), "levels": []}),
        Side::Levels(levels) => {
            let level = |ruling: &LevelRuling| {
                let denies: Vec<Value> = ruling.denies.iter().map(|(deny, matches)| deny_json(deny, *matches, explained.place)).collect();
                json!({
                    "level": ruling.level, "passes": truth(ruling.passes()), "allows": truth(ruling.allows),
                    "allowed_by": ruling.allowed_by.as_ref().map(&cause), "denies": denies,
                })
            };
            json!({"binds": true, "why": null, "levels": levels.iter().map(level).collect::<Vec<_>>()})
        }
    };
    json!({
        "format_version": 1, "account": explained.account, "action": explained.action, "resource": explained.resource,
        "principal": explained.principal, "decision": decision.outcome.word(), "cause": decision.cause.as_ref().map(&cause),
        "hinges_on": decision.hinges_on, "scp": side(&decision.scp), "rcp": side(&decision.rcp),
        "live": explained.live.map(simulated::json),
    })
}

/// A statement as data: `{"family", "level", "policy", "statement", "title", "file", "line"}`; statements and lines count from 1.
pub(super) fn cause_json(cause: &Cause, place: &dyn Fn(&Cause) -> Option<Span>) -> Value {
    Value::Object(cause_map(cause, place))
}

/// The same of a Deny, with whether it matches.
fn deny_json(deny: &Cause, matches: Truth, place: &dyn Fn(&Cause) -> Option<Span>) -> Value {
    let mut map = cause_map(deny, place);
    map.insert("matches".to_owned(), truth(matches));
    Value::Object(map)
}

fn cause_map(cause: &Cause, place: &dyn Fn(&Cause) -> Option<Span>) -> Map<String, Value> {
    let span = place(cause);
    let entries = [
        ("family", json!(cause.family.short())),
        ("level", json!(cause.level)),
        ("policy", json!(cause.policy.as_deref())),
        ("statement", json!(cause.statement.as_ref().map(|(index, _)| index + 1))),
        ("title", json!(cause.statement.as_ref().map(|(_, title)| title))),
        ("file", json!(span.as_ref().map(|span| span.source.path.display().to_string()))),
        ("line", json!(span.as_ref().map(line))),
    ];
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn truth(truth: Truth) -> Value {
    match truth {
        Truth::True => true.into(),
        Truth::False => false.into(),
        Truth::Unknown => Value::Null,
    }
}

pub(super) fn verdict(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::WithinGuardRails => "within the guardrails",
        Outcome::ExplicitDeny => "explicitly denied",
        Outcome::ImplicitDeny => "implicitly denied",
        Outcome::Unknown => "effect unknown",
    }
}

fn asked(explained: &Explained<'_>) -> String {
    let who = explained.principal.map_or_else(|| explained.account.to_owned(), |principal| format!("{principal} in {}", explained.account));
    let on = explained.resource.map(|resource| format!(" on {resource}")).unwrap_or_default();
    plain(&format!("{}{on} by {who}", explained.action))
}

fn hinges(decision: &Decision) -> String {
    plain(&decision.hinges_on.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}

pub(super) fn at(span: &Span) -> String {
    format!("{}:{}", span.source.path.display(), line(span))
}

/// The line of a place, from 1.
pub(super) fn line(span: &Span) -> usize {
    span.line_and_column().0
}

fn heading(family: Family) -> &'static str {
    match family {
        Family::Scp => "Service control policies, of the caller's account",
        Family::Rcp => "Resource control policies, of the resource's account",
    }
}

/// The levels with their verdicts, each indented one step further.
fn picture(levels: &[LevelRuling], style: Style, out: &mut String) {
    for (depth, ruling) in levels.iter().enumerate() {
        let branch = if depth == 0 { String::new() } else { format!("{}└─ ", "   ".repeat(depth - 1)) };
        let name = if Organization::has(&ruling.level) { "root".to_owned() } else { ruling.level.to_string() };
        let (mark, says) = says(ruling);
        let mark = match ruling.passes() {
            Truth::True => style.good(mark),
            Truth::False => style.error(mark),
            Truth::Unknown => style.warning(mark),
        };
        let _ = writeln!(out, "  {branch}{} {mark} {}", plain(&name), plain(&says));
    }
}

fn says(ruling: &LevelRuling) -> (&'static str, String) {
    // AWS's own have one statement, which has no name.
    let is_aws_own = |policy: &str| LIMITS.policy_types.iter().any(|spec| spec.default_name.as_deref() == Some(policy));
    let title = |cause: &Cause| match (&cause.policy, &cause.statement) {
        (Some(policy), Some(_)) if is_aws_own(policy) => policy.to_string(),
        (Some(policy), Some((_, title))) => format!("{policy}/{title}"),
        (Some(policy), None) => policy.to_string(),
        (None, _) => String::new(),
    };
    let of = |wanted: Truth| {
        ruling.denies.iter().filter(|(_, matches)| *matches == wanted).map(|(cause, _)| title(cause)).collect::<Vec<_>>().join(", ")
    };
    let (certain, possible) = (of(Truth::True), of(Truth::Unknown));
    let allowed = ruling.allowed_by.as_ref().map(title).unwrap_or_default();
    match (certain.is_empty(), ruling.allows, possible.is_empty()) {
        (false, _, _) => ("✗", format!("denied by {certain}")),
        (true, Truth::False, _) => ("✗", "nothing allows it".to_owned()),
        (true, Truth::True, true) => ("✓", format!("allowed by {allowed}")),
        (true, Truth::Unknown, true) => ("?", format!("perhaps allowed by {allowed}")),
        (true, _, false) => ("?", format!("perhaps denied by {possible}")),
    }
}
