//! Effective policies of an account as text, Markdown and JSON: each setting with the policies that made it, settings without effect,
//! settings whose effect is unknown, and differences from AWS.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::policy::{at, line};
use super::words::plain;
use super::{Comment, Style};
use crate::address::Address;
use crate::diagnostic::Span;
use crate::limits::PolicyTypeLimits;
use crate::policy::effective::{Difference, Doubt, Effective, Ignored, Place, Setting};
use crate::resource::Kind;
use crate::resource::organizations::Organization;

/// What there is to show.
pub struct Shown<'s> {
    /// Whose policies.
    pub account: &'s Address,
    /// By type.
    pub policies: &'s [OfType],
    /// A position in a file.
    pub place: &'s dyn Fn(&Place) -> Option<Span>,
}

/// Those of one type.
#[derive(Debug)]
pub struct OfType {
    /// The type.
    pub spec: &'static PolicyTypeLimits,
    /// The computed policy; `None` if none is attached.
    pub effective: Option<Effective>,
    /// AWS's own answer, if it was requested.
    pub live: Option<LiveAnswer>,
}

/// AWS's own answer.
#[derive(Debug)]
pub struct LiveAnswer {
    /// The document; `None` if there is none.
    pub content: Option<Value>,
    /// Where the two differ.
    pub differences: Vec<Difference>,
}

impl OfType {
    /// Whether AWS's value there is unknown offline.
    pub fn is_doubtful(&self, difference: &Difference) -> bool {
        let doubts = self.effective.iter().flat_map(|effective| &effective.doubts);
        doubts.into_iter().any(|doubt| difference.path.starts_with(&doubt.path))
    }

    fn doubts(&self) -> &[Doubt] {
        self.effective.as_ref().map_or(&[], |effective| &effective.doubts)
    }
}

/// For people.
pub fn text(shown: &Shown<'_>, style: Style) -> String {
    let mut out = String::new();
    for (index, of_type) in shown.policies.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", style.bold(&format!("{} policies of {}", of_type.spec.short, shown.account)));
        match &of_type.effective {
            Some(effective) => effective_text(effective, shown, style, &mut out),
            None => drop(writeln!(out, "  {}", style.dim("none is attached to it, or above it"))),
        }
        if let Some(live) = &of_type.live {
            live_text(of_type, live, style, &mut out);
        }
    }
    if shown.policies.is_empty() {
        let _ = writeln!(out, "{}", style.dim("no policy that configures is attached to it, or above it"));
    }
    out
}

fn effective_text(effective: &Effective, shown: &Shown<'_>, style: Style, out: &mut String) {
    let Effective { content: _, settings, ignored, doubts } = effective;
    for Setting { path, value, set_by } in settings {
        let is_doubtful = doubts.iter().any(|doubt| doubt.path == *path);
        let value = if is_doubtful { style.warning(&format!("? {value}")) } else { plain(&value.to_string()) };
        let by: Vec<String> = set_by.iter().map(|place| said(place, shown)).collect();
        let _ = writeln!(out, "  {} = {value}  {}", plain(&path.join(".")), style.dim(&plain(&by.join("; "))));
    }
    if settings.is_empty() {
        let _ = writeln!(out, "  {}", style.dim("nothing is set"));
    }
    for Ignored { path, verb, said: place, forbidden } in ignored {
        let what = verb.map_or("a new key", |verb| verb.name());
        let line = format!("{}: {what} of {}, forbidden by {}", path.join("."), said(place, shown), said(forbidden, shown));
        let _ = writeln!(out, "  {} {}", style.warning("without effect:"), plain(&line));
    }
    for Doubt { path, why, said: _ } in doubts {
        let _ = writeln!(out, "  {} {}: {}", style.warning("unknown:"), plain(&path.join(".")), why.says());
    }
}

fn live_text(of_type: &OfType, live: &LiveAnswer, style: Style, out: &mut String) {
    if live.differences.is_empty() {
        let _ = writeln!(out, "  {}", style.good("AWS says the same"));
        return;
    }
    for difference in &live.differences {
        let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
        let what = if of_type.is_doubtful(difference) { "unknown offline" } else { "computed" };
        let line = format!("{}: AWS has {}; {what}: {}", difference.path.join("."), side(&difference.live), side(&difference.computed));
        let head = if of_type.is_doubtful(difference) { style.warning("AWS says:") } else { style.error("AWS disagrees:") };
        let _ = writeln!(out, "  {head} {}", plain(&line));
    }
}

fn said(place: &Place, shown: &Shown<'_>) -> String {
    let level = if Organization::has(&place.level) { "the root".to_owned() } else { place.level.to_string() };
    let file = (shown.place)(place).map(|span| format!(", {}", at(&span))).unwrap_or_default();
    format!("{} at {level}{file}", place.policy)
}

/// For a comment on a pull request.
pub fn markdown(shown: &Shown<'_>) -> Comment {
    let mut out = Comment::titled("overlord policy effective");
    out.block(text(shown, Style::default()).trim_end());
    out
}

/// For programs.
pub fn json(shown: &Shown<'_>) -> Value {
    let policies: Vec<Value> = shown.policies.iter().map(|of_type| of_type_json(of_type, shown)).collect();
    json!({ "format_version": 1, "account": shown.account, "policies": policies })
}

fn of_type_json(of_type: &OfType, shown: &Shown<'_>) -> Value {
    let effective = of_type.effective.as_ref();
    let setting = |Setting { path, value, set_by }: &Setting| {
        let by: Vec<Value> = set_by.iter().map(|place| place_json(place, shown).into()).collect();
        json!({ "path": path.join("."), "value": value, "set_by": by })
    };
    let ignored = |Ignored { path, verb, said, forbidden }: &Ignored| {
        let mut row = place_json(said, shown);
        row.insert("path".to_owned(), path.join(".").into());
        row.insert("operator".to_owned(), json!(verb.map(|verb| verb.name())));
        row.insert("forbidden_by".to_owned(), place_json(forbidden, shown).into());
        Value::Object(row)
    };
    let doubt = |Doubt { path, why, said }: &Doubt| {
        let by: Vec<Value> = said.iter().map(|place| place_json(place, shown).into()).collect();
        json!({ "path": path.join("."), "why": why.says(), "said_by": by })
    };
    let difference = |difference: &Difference| {
        let Difference { path, computed, live } = difference;
        json!({ "path": path.join("."), "computed": computed, "live": live, "doubtful": of_type.is_doubtful(difference) })
    };
    let live = of_type.live.as_ref().map(|LiveAnswer { content, differences }| {
        json!({ "content": content, "differences": differences.iter().map(difference).collect::<Vec<_>>() })
    });
    json!({
        "type": of_type.spec.short,
        "content": effective.map(|effective| &effective.content),
        "settings": effective.into_iter().flat_map(|effective| &effective.settings).map(setting).collect::<Vec<_>>(),
        "ignored": effective.into_iter().flat_map(|effective| &effective.ignored).map(ignored).collect::<Vec<_>>(),
        "doubts": of_type.doubts().iter().map(doubt).collect::<Vec<_>>(),
        "live": live,
    })
}

fn place_json(place: &Place, shown: &Shown<'_>) -> Map<String, Value> {
    let span = (shown.place)(place);
    let entries = [
        ("level", json!(place.level)),
        ("policy", json!(&*place.policy)),
        ("file", json!(span.as_ref().map(|span| span.source.path.display().to_string()))),
        ("line", json!(span.as_ref().map(line))),
    ];
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
