//! The building blocks of all sections.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::plural::plural;
use crate::policy::{OfService, Selection};
use crate::report::{Class, Known, Policy, Report, is_whole};

/// Actions of a service that are named before the rest is counted.
const ACTIONS: usize = 8;

pub(super) use crate::escape::html as safe;

/// A section with its heading and a line that says what it shows.
pub(super) fn framed(id: &str, heading: &str, says: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{heading}</h2>\n<p class=\"dim\">{says}</p>\n{body}</section>\n")
}

/// A word with a look: `good`, `warn`, `bad`, `info`.
pub(super) fn mark(look: &str, text: &str) -> String {
    format!("<span class=\"mark {look}\">{text}</span>")
}

/// What to say of something that only one side has.
pub(super) fn known(known: Known) -> Option<(&'static str, &'static str)> {
    match known {
        Known::ToBoth => None,
        Known::Missing => Some(("warn", "not there yet")),
        Known::Unmanaged => Some(("info", "not in org.toml")),
    }
}

/// The position of each policy in the report, by type and key.
pub(super) fn places<'r>(report: &'r Report<'_>) -> BTreeMap<(&'r str, &'r str), usize> {
    let policies = report.policies.iter().enumerate();
    policies.map(|(number, Policy { policy_type, key, .. })| ((policy_type.as_str(), key.as_str()), number)).collect()
}

/// The class of a policy's look: pale for AWS's own, of types that are no guardrails, none.
pub(super) fn look(policy: &Policy) -> &'static str {
    match (policy.known, policy.policy_type.as_str()) {
        (None, _) => "own",
        (Some(_), "scp") => "scp",
        (Some(_), "rcp") => "rcp",
        (Some(_), _) => "",
    }
}

/// `21,788`.
pub(super) fn number(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 account`, `5,000 accounts`.
pub(super) fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {}", number(n), plural(one)) }
}

/// A table; cells are markup already. Columns whose heading begins with `>` are aligned to the right.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let looks: Vec<&str> = headings.iter().map(|heading| if heading.starts_with('>') { " class=\"right\"" } else { "" }).collect();
    let mut out = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
    for (heading, look) in headings.iter().zip(&looks) {
        let _ = write!(out, "<th scope=\"col\"{look}>{}</th>", heading.trim_start_matches('>'));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (cell, look) in row.iter().zip(&looks) {
            let _ = write!(out, "<td{look}>{cell}</td>");
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody>\n</table></div>\n"
}

/// A bar of a part of something.
pub(super) fn bar(part: u64, of: u64) -> String {
    meter(part, 0, of).replace(" full\"", "\"")
}

/// A bar from 0 to `of`: the usage, and what a run adds; red if it is nearly full.
pub(super) fn meter(used: u64, more: u64, of: u64) -> String {
    let width = |part: u64| (part as f64 * 100.0 / of.max(1) as f64).min(100.0);
    let (used_width, more_width) = (width(used), width(used + more) - width(used));
    let full = if of > 0 && (used + more) * 10 > of * 9 { " full" } else { "" };
    format!(
        "<svg class=\"meter{full}\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{used} of {of}\">\
         <rect class=\"of\" width=\"100\" height=\"10\"/><rect class=\"used\" width=\"{used_width:.2}\" height=\"10\"/>\
         <rect class=\"more\" x=\"{used_width:.2}\" width=\"{more_width:.2}\" height=\"10\"/></svg>"
    )
}

/// Of all actions, how many in a hundred pass, hinge on conditions and are denied; 100 together.
pub(super) fn shares(passes: usize, conditional: usize, denied: usize) -> [u8; 3] {
    let all = (passes + conditional + denied).max(1);
    // What is there is never nothing.
    let share = |part: usize| u8::try_from((part * 100 + all / 2) / all).unwrap_or(100).max(u8::from(part > 0));
    let mut shares = [share(passes), share(conditional), share(denied)];
    let sum: u8 = shares.iter().sum();
    if let Some(largest) = shares.iter_mut().max() {
        *largest = (*largest + 100).saturating_sub(sum);
    }
    shares
}

/// The three shares as a bar.
pub(super) fn split(shares: [u8; 3]) -> String {
    let [passes, conditional, denied] = shares;
    format!(
        "<svg class=\"split\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{passes} % pass, {conditional} % under conditions, {denied} % denied\">\
         <rect class=\"p\" width=\"{passes}\" height=\"10\"/><rect class=\"c\" x=\"{passes}\" width=\"{conditional}\" height=\"10\"/>\
         <rect class=\"d\" x=\"{}\" width=\"{denied}\" height=\"10\"/></svg>",
        passes + conditional
    )
}

/// What the three colours mean.
pub(super) fn split_key() -> String {
    let one = |look: &str, text: &str| format!("<span><svg><rect class=\"{look}\" width=\"12\" height=\"12\"/></svg>{text}</span>");
    let keys = [one("p", "passes"), one("c", "under conditions"), one("d", "denied")];
    format!("<div class=\"key\">{}</div>\n", keys.concat())
}

/// Actions by service: whole services, then of the others how many of how many, and which.
pub(super) fn services(selection: &Selection, class: &Class) -> String {
    let whole: Vec<&str> = selection.services.iter().filter(|(_, of)| is_whole(of)).map(|(prefix, _)| prefix.as_str()).collect();
    let parts: Vec<String> = selection.services.iter().filter(|(_, of)| !is_whole(of)).map(|of| part(of, class)).collect();
    let mut out = String::new();
    if !whole.is_empty() {
        let _ = write!(out, "<p>All of {}: {}</p>", count(whole.len(), "service"), safe(&whole.join(", ")));
    }
    if !parts.is_empty() {
        let _ = write!(out, "<p>Of {}: {}</p>", if parts.len() == 1 { "one" } else { "others" }, safe(&parts.join("; ")));
    }
    if out.is_empty() { "<p class=\"dim\">none</p>".to_owned() } else { out }
}

fn part((prefix, of): (&String, &OfService), class: &Class) -> String {
    let named: Vec<&str> = of.actions.iter().take(ACTIONS).map(String::as_str).collect();
    let more = if of.actions.len() > named.len() { ", …" } else { "" };
    let all = class.size_of(prefix);
    format!("{prefix} ({} of {all}: {}{more})", of.count, named.join(", "))
}

/// A list of so many things, the rest counted.
pub(super) fn some(names: &[String], shown: usize) -> String {
    let list = names.iter().take(shown).map(|name| safe(name)).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(shown) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_make_a_hundred_and_hide_nothing() {
        for (counts, expected) in [
            ((1, 1, 1), [34, 33, 33]),
            ((0, 0, 10), [0, 0, 100]),
            ((1, 100_000, 0), [1, 99, 0]),
            ((1, 1, 100_000), [1, 1, 98]),
            ((0, 0, 0), [100, 0, 0]),
        ] {
            let shares = shares(counts.0, counts.1, counts.2);
            assert_eq!(shares.iter().map(|share| u32::from(*share)).sum::<u32>(), 100, "{counts:?}");
            let mut sorted = (shares, expected);
            sorted.0.sort_unstable();
            sorted.1.sort_unstable();
            assert_eq!(sorted.0, sorted.1, "{counts:?}");
        }
    }
}
