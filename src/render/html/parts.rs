//! The building blocks of all sections.

use std::collections::BTreeMap;
use std::fmt;

use crate::plural::plural;
use crate::policy::{OfService, Selection};
use crate::render::markup::{Html, Markup};
use crate::report::{Class, Known, Policy, Report, is_whole};

/// Actions of a service that are named before the rest is counted.
const ACTIONS: usize = 8;

/// The page, or a part of it.
pub(super) type Page = Markup<Html>;

/// A column of a table: its alignment and its heading.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column<'h> {
    Left(&'h str),
    Right(&'h str),
}

impl Column<'_> {
    fn aligned(self) -> &'static str {
        match self {
            Self::Left(_) => "",
            Self::Right(_) => " class=\"right\"",
        }
    }
}

/// A section with its heading and a line that says what it shows.
pub(super) fn framed(id: &'static str, heading: impl fmt::Display, says: &Page, body: &Page) -> Page {
    let mut out = Page::of_own("<section");
    out.attribute("id", id).own(">\n<h2>").text(heading).own("</h2>\n<p class=\"dim\">").and(says).own("</p>\n");
    out.and(body).own("</section>\n");
    out
}

/// A word with a look: `good`, `warn`, `bad`, `info`.
pub(super) fn mark(look: &'static str, text: impl fmt::Display) -> Page {
    let mut out = Page::of_own("<span class=\"mark ");
    out.own(look).own("\">").text(text).own("</span>");
    out
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

/// A table.
pub(super) fn table(columns: &[Column<'_>], rows: &[Vec<Page>]) -> Page {
    let mut out = Page::of_own("<div class=\"scroll\"><table>\n<thead><tr>");
    for column in columns {
        let (Column::Left(heading) | Column::Right(heading)) = column;
        out.own("<th scope=\"col\"").own(column.aligned()).own(">").text(heading).own("</th>");
    }
    out.own("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.own("<tr>");
        for (cell, column) in row.iter().zip(columns) {
            out.own("<td").own(column.aligned()).own(">").and(cell).own("</td>");
        }
        out.own("</tr>\n");
    }
    out.own("</tbody>\n</table></div>\n");
    out
}

/// A bar of a part of something.
pub(super) fn bar(part: u64, of: u64) -> Page {
    drawn("meter", part, 0, of)
}

/// A bar from 0 to `of`: the usage, and what a run adds; red if it is nearly full.
pub(super) fn meter(used: u64, more: u64, of: u64) -> Page {
    drawn(if of > 0 && (used + more) * 10 > of * 9 { "meter full" } else { "meter" }, used, more, of)
}

fn drawn(look: &'static str, used: u64, more: u64, of: u64) -> Page {
    let width = |part: u64| (part as f64 * 100.0 / of.max(1) as f64).min(100.0);
    let (used_width, more_width) = (width(used), width(used + more) - width(used));
    let (used_width, more_width) = (format!("{used_width:.2}"), format!("{more_width:.2}"));
    let mut out = Page::of_own("<svg");
    out.attribute("class", look).own(" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" role=\"img\"");
    out.attribute("aria-label", format_args!("{used} of {of}")).own("><rect class=\"of\" width=\"100\" height=\"10\"/>");
    out.own("<rect class=\"used\"").attribute("width", &used_width).own(" height=\"10\"/>");
    out.own("<rect class=\"more\"").attribute("x", &used_width).attribute("width", &more_width).own(" height=\"10\"/></svg>");
    out
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
pub(super) fn split(shares: [u8; 3]) -> Page {
    let [passes, conditional, denied] = shares;
    let says = format!("{passes} % pass, {conditional} % under conditions, {denied} % denied");
    let mut out = Page::of_own("<svg class=\"split\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" role=\"img\"");
    out.attribute("aria-label", says).own("><rect class=\"p\"").attribute("width", passes).own(" height=\"10\"/>");
    out.own("<rect class=\"c\"").attribute("x", passes).attribute("width", conditional).own(" height=\"10\"/>");
    out.own("<rect class=\"d\"").attribute("x", passes + conditional).attribute("width", denied).own(" height=\"10\"/></svg>");
    out
}

/// What the three colours mean.
pub(super) fn split_key() -> Page {
    let mut out = Page::of_own("<div class=\"key\">");
    for (look, text) in [("p", "passes"), ("c", "under conditions"), ("d", "denied")] {
        out.own("<span><svg><rect").attribute("class", look).own(" width=\"12\" height=\"12\"/></svg>").own(text).own("</span>");
    }
    out.own("</div>\n");
    out
}

/// Actions by service: whole services, then of the others how many of how many, and which.
pub(super) fn services(selection: &Selection, class: &Class) -> Page {
    let whole: Vec<&str> = selection.services.iter().filter(|(_, of)| is_whole(of)).map(|(prefix, _)| prefix.as_str()).collect();
    let parts: Vec<String> = selection.services.iter().filter(|(_, of)| !is_whole(of)).map(|of| part(of, class)).collect();
    let mut out = Page::new();
    if !whole.is_empty() {
        out.own("<p>All of ").text(count(whole.len(), "service")).own(": ").text(whole.join(", ")).own("</p>");
    }
    if !parts.is_empty() {
        out.own(if parts.len() == 1 { "<p>Of one: " } else { "<p>Of others: " }).text(parts.join("; ")).own("</p>");
    }
    if whole.is_empty() && parts.is_empty() {
        out.own("<p class=\"dim\">none</p>");
    }
    out
}

fn part((prefix, of): (&String, &OfService), class: &Class) -> String {
    let named: Vec<&str> = of.actions.iter().take(ACTIONS).map(String::as_str).collect();
    let more = if of.actions.len() > named.len() { ", …" } else { "" };
    let all = class.size_of(prefix);
    format!("{prefix} ({} of {all}: {}{more})", of.count, named.join(", "))
}

/// A list of so many things, the rest counted.
pub(super) fn some(names: &[String], shown: usize) -> String {
    let list = names.iter().take(shown).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(shown) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_in_every_part() {
        let name = "</script><b a=\"'&\">";
        let text = "&lt;/script&gt;&lt;b a=&quot;'&amp;&quot;&gt;";
        let cells = vec![Page::of_text(some(&[name.to_owned(), name.to_owned()], 1)), mark("warn", name)];
        let table = table(&[Column::Left(name), Column::Right(">")], &[cells]);
        let page = framed("names", name, &Page::of_text(name), &table).finish();
        assert_eq!(page.matches(text).count(), 5, "{page}");
        assert!(!page.contains("<b") && !page.contains("</script"), "{page}");
        assert!(page.contains("<th scope=\"col\" class=\"right\">&gt;</th>"), "{page}");
    }

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
