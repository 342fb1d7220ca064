//! `[[ignore]]`: drift that is expected until a given day.

use crate::address::Address;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{Day, Ignore};
use crate::config::span::At;
use crate::diagnostic::ByteRange;
use crate::drift;
use crate::resource::{self, KINDS};

use super::Model;

const HEADER: &str = "[[ignore]]";

/// Checks them, and returns those without mistakes, in their order.
pub(super) fn check(model: &Model<'_>, report: &mut Report) -> Vec<drift::Ignore> {
    let headers = super::headers(report.text(), HEADER);
    let headers = headers.into_iter().chain(std::iter::repeat(ByteRange { start: 0, end: 0 }));
    model.file.ignore.iter().zip(headers).filter_map(|(ignore, header)| one(ignore, header, report)).collect()
}

fn one(Ignore { address, attributes, reason, until }: &Ignore, header: ByteRange, report: &mut Report) -> Option<drift::Ignore> {
    let lacks = [("address", address.is_some()), ("reason", reason.is_some()), ("until", until.is_some())];
    let lacks = lacks.into_iter().filter(|(key, is_there)| !is_there && !report.is_broken(&["ignore", key]));
    let lacks: Vec<String> = lacks.map(|(key, _)| format!("no `{key}`")).collect();
    if !lacks.is_empty() {
        let hint = "say what, why and until when: `address = \"ou.work\"`, `reason = \"migration\"`, `until = 2027-01-31`; drift that \
                    is ignored forever is never fixed";
        report.at(header, Code::MissingKey.error(format!("this [[ignore]] has {}", lacks.join(" and "))).hint(hint));
    }
    let kind = address.as_ref().and_then(|address| self::kind(address, report));
    if let Some(reason) = reason.as_ref().filter(|reason| reason.trim().is_empty()) {
        report.at(reason.at, Code::BadIgnore.error("`reason` is empty").hint("say why, for the next reader"));
    }
    for attribute in attributes.iter().flat_map(|list| &list.value) {
        self::attribute(attribute, kind.as_deref(), report);
    }
    let day = until.as_ref().and_then(|until| day(until, report));
    let (address, reason) = (address.as_ref()?, reason.as_ref()?);
    Some(drift::Ignore {
        pattern: drift::Pattern::new(address.value.clone()),
        attributes: attributes.iter().flat_map(|list| list.value.iter().map(|attribute| attribute.value.clone())).collect(),
        reason: reason.value.clone(),
        until: day?,
        at: report.span(address.at),
    })
}

/// The kind of what it is about, where it is one, and there is one.
fn kind(address: &At<String>, report: &mut Report) -> Option<String> {
    if address.trim().is_empty() {
        let hint = "name the resource that may drift: `address = \"ou.work\"`; `*` is all of it";
        report.at(address.at, Code::BadIgnore.error("`address` is empty").hint(hint));
        return None;
    }
    let parsed: Address = address.parse().ok()?;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    // `4444 (a.b)` is no address, and `records-*.x` may be anything.
    if !plain(parsed.kind()) {
        return None;
    }
    if resource::kind(parsed.kind()).is_none() {
        let hint =
            report.suggest(parsed.kind(), KINDS.iter().map(|kind| kind.spec().kind), "write an address as `overlord drift` shows it");
        report.at(address.at, Code::BadIgnore.error(format!("`{}` is not a kind of resource", parsed.kind())).hint(hint));
        return None;
    }
    Some(parsed.kind().to_owned())
}

/// Of a known kind the attribute must be its own, else that of some kind.
fn attribute(attribute: &At<String>, kind: Option<&str>, report: &mut Report) {
    let kinds = KINDS.iter().map(|known| known.spec()).filter(|spec| kind.is_none_or(|kind| kind == spec.kind));
    let mut names: Vec<&str> = kinds.flat_map(|spec| spec.attributes).map(|known| known.name).collect();
    names.sort_unstable();
    names.dedup();
    if !names.contains(&attribute.as_str()) {
        let of = kind.map_or_else(|| "nothing".to_owned(), |kind| format!("no `{kind}`"));
        let hint = report.suggest(attribute, names.into_iter(), "name an attribute as `overlord drift` shows it, such as `tags`");
        report.at(attribute.at, Code::BadIgnore.error(format!("{of} has an attribute `{}`", attribute.value)).hint(hint));
    }
}

fn day(until: &At<Day>, report: &mut Report) -> Option<drift::Date> {
    match (until.value.0.date, until.value.0.time) {
        (Some(date), None) => Some(drift::Date::new(date.year, date.month, date.day)),
        _ => {
            let summary = format!("`{}` is no day", until.value.0);
            report.at(until.at, Code::BadIgnore.error(summary).hint("write the last day on which it is valid: `until = 2027-01-31`"));
            None
        }
    }
}
