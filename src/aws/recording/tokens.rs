//! What is an id, an e-mail address, a key or a public address in any text, and the made-up one that stands for it. Pure.
//!
//! The same real one has the same made-up one everywhere in a recording, numbered in the order in which they are first seen. So nothing of a
//! real one can be worked out from a made-up one.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

/// What stands for a secret.
pub(super) const SCRUBBED: &str = "scrubbed";

/// The beginnings of IAM's unique ids: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>, read on 2026-12-01.
const UNIQUE_IDS: [&str; 13] = ["ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "AKIA", "ANPA", "ANVA", "APKA", "AROA", "ASCA", "ASIA", "ATIA"];

/// Ids of Organizations: prefix, and the least length of what follows it. Source: the patterns of the API, read on 2026-12-01.
const ORGANIZATION_IDS: [(&str, usize); 5] = [("o-", 10), ("r-", 4), ("p-", 8), ("h-", 8), ("car-", 8)];

/// A run of letters and digits of this length without anything else is no word: a token, or an encoded message.
const LONGEST_WORD: usize = 64;

/// The real ones and their made-up ones.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<(Sort, String), String>,
    counts: HashMap<Sort, u64>,
}

/// What is numbered together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    Account,
    Email,
    Organization,
    Unit,
    Resource,
    ShortResource,
    Uuid,
    Key,
    Address,
    Person,
    Page,
    Text,
}

impl Names {
    /// The made-up one of a real one.
    pub(super) fn of(&mut self, sort: Sort, real: &str) -> String {
        if let Some(known) = self.known.get(&(sort, real.to_owned())) {
            return known.clone();
        }
        let count = self.counts.entry(sort).or_default();
        *count += 1;
        let n = *count;
        let made_up = match sort {
            Sort::Account => format!("9{n:011}"),
            Sort::Email => format!("account-{n}@example.com"),
            Sort::Organization => format!("{}rec{n:07}", real.split_inclusive('-').next().unwrap_or_default()),
            Sort::Unit => format!("ou-rec0-{n:08}"),
            Sort::Resource => format!("0fa4e{n:012x}"),
            Sort::ShortResource => format!("fa{n:06x}"),
            Sort::Uuid => format!("00000000-0000-4000-8000-{n:012x}"),
            Sort::Key => format!("{}SCRUBBED{n:08}", real.get(..4).unwrap_or_default()),
            Sort::Address => {
                Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)).wrapping_add(u32::try_from(n).unwrap_or(0))).to_string()
            }
            Sort::Person => format!("person-{n}"),
            Sort::Page => format!("page-{n}"),
            Sort::Text => format!("text-{n}"),
        };
        self.known.insert((sort, real.to_owned()), made_up.clone());
        made_up
    }

    /// A text with all that is an id, an e-mail address, a key or a public address replaced, in JSON and percent-encoded text inside it too.
    pub(super) fn text(&mut self, text: &str) -> String {
        if let Some(inner) = nested(text) {
            return self.document(&inner).to_string();
        }
        match decoded(text) {
            Some(plain) => utf8_percent_encode(&self.text(&plain), NON_ALPHANUMERIC).to_string(),
            None => {
                let text = self.emails(text);
                let text = self.people(&text);
                let text = self.addresses(&text);
                self.runs(&text)
            }
        }
    }

    /// The same of each text in a JSON value, names of members included.
    pub(super) fn document(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.document(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (self.text(name), self.document(value))).collect::<serde_json::Map<_, _>>().into()
            }
            Value::Number(number) => self.number(number),
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    /// A number of twelve digits may be an account.
    pub(super) fn number(&mut self, number: &serde_json::Number) -> Value {
        let digits = number.to_string();
        match is_account(&digits) {
            true => serde_json::from_str(&self.of(Sort::Account, &digits)).unwrap_or(Value::Null),
            false => Value::Number(number.clone()),
        }
    }

    fn emails(&mut self, text: &str) -> String {
        if !text.contains('@') {
            return text.to_owned();
        }
        if is_email(text) {
            return self.of(Sort::Email, &text.to_lowercase());
        }
        let local = |c: char| c.is_alphanumeric() || ".+_-~'".contains(c);
        let domain = |c: char| c.is_alphanumeric() || ".-".contains(c);
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            let (before, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
            let start = before.trim_end_matches(local).len();
            let end = after.find(|c| !domain(c)).unwrap_or(after.len());
            let host = after.get(..end).unwrap_or_default().trim_end_matches(['.', '-']);
            let name = before.get(start..).unwrap_or_default();
            if name.is_empty() || host.is_empty() {
                result.push_str(rest.get(..=at).unwrap_or_default());
                rest = after;
                continue;
            }
            result.push_str(before.get(..start).unwrap_or_default());
            let real = format!("{name}@{host}").to_lowercase();
            result.push_str(&self.of(Sort::Email, &real));
            rest = after.get(host.len()..).unwrap_or_default();
        }
        result + rest
    }

    /// Users and sessions in ARNs have the names of people.
    fn people(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (mark, segments) in [(":user/", 0), (":assumed-role/", 1), (":federated-user/", 0)] {
            let mut done = 0;
            while let Some(found) = text.get(done..).and_then(|rest| rest.find(mark)) {
                let start = done + found + mark.len();
                let rest = text.get(start..).unwrap_or_default();
                let whole = rest.find(|c: char| !(c.is_alphanumeric() || "+=,.@_/-*$?".contains(c))).unwrap_or(rest.len());
                let skipped =
                    rest.get(..whole).unwrap_or_default().splitn(segments + 1, '/').map(|s| s.len() + 1).take(segments).sum::<usize>();
                let name = rest.get(skipped..whole).unwrap_or_default().to_owned();
                done = start;
                if !name.is_empty() && !name.contains(['*', '$', '?']) && !name.ends_with("@example.com") {
                    let made_up = self.of(Sort::Person, &name);
                    text.replace_range(start + skipped..start + whole, &made_up);
                }
            }
        }
        text
    }

    /// Public IPv4 addresses. CIDR blocks stay, but those of one address.
    fn addresses(&mut self, text: &str) -> String {
        let inside = |c: char| c.is_ascii_digit() || c == '.';
        let mut result = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let before = rest.get(..start).unwrap_or_default();
            result.push_str(before);
            let tail = rest.get(start..).unwrap_or_default();
            let end = tail.find(|c| !inside(c)).unwrap_or(tail.len());
            let (run, after) = tail.split_at(end);
            let dots = run.trim_end_matches('.');
            let glued = before.ends_with(char::is_alphanumeric);
            match dots.parse::<Ipv4Addr>() {
                Ok(address) if !glued && is_public(address) && (!after.starts_with('/') || after.starts_with("/32")) => {
                    let made_up = self.of(Sort::Address, dots);
                    result.push_str(&made_up);
                    result.push_str(run.get(dots.len()..).unwrap_or_default());
                }
                _ => result.push_str(run),
            }
            rest = after;
        }
        result + rest
    }

    fn runs(&mut self, text: &str) -> String {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let start = rest.find(inside).unwrap_or(rest.len());
            result.push_str(rest.get(..start).unwrap_or_default());
            rest = rest.get(start..).unwrap_or_default();
            let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            result.push_str(&self.run(run));
            rest = after;
        }
        result
    }

    /// One run of letters, digits, `-` and `_`.
    fn run(&mut self, run: &str) -> String {
        if run == SCRUBBED || run.len() < 4 {
            return run.to_owned();
        }
        if is_uuid(run) {
            return self.of(Sort::Uuid, &run.to_lowercase());
        }
        if run.starts_with("ou-") && is_unit(run) {
            return self.of(Sort::Unit, run);
        }
        if is_unique_id(run) {
            return self.of(Sort::Key, run);
        }
        // Whole, or behind a `-`: an id may be a part of a name.
        for (at, _) in run.char_indices().filter(|(at, _)| *at == 0 || run.as_bytes().get(at - 1) == Some(&b'-')) {
            let tail = run.get(at..).unwrap_or_default();
            if (at == 0 && is_organization_id(tail)) || (at > 0 && tail.bytes().any(|b| b.is_ascii_digit()) && is_organization_id(tail)) {
                return format!("{}{}", self.pieces(run.get(..at).unwrap_or_default()), self.of(Sort::Organization, tail));
            }
        }
        if run.len() > LONGEST_WORD && run.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return SCRUBBED.to_owned();
        }
        self.pieces(run)
    }

    /// Accounts and ids of resources between `-` and `_`.
    fn pieces(&mut self, run: &str) -> String {
        let mut result = String::with_capacity(run.len());
        let mut previous = "";
        for piece in run.split_inclusive(['-', '_']) {
            let bare = piece.trim_end_matches(['-', '_']);
            let lower = bare.to_ascii_lowercase();
            let is_hex = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_hexdigit());
            let made_up = if is_account(bare) {
                self.of(Sort::Account, bare)
            } else if is_hex && bare.len() == 17 {
                self.of(Sort::Resource, &lower)
            } else if is_hex && bare.len() == 8 && previous.ends_with('-') && previous.starts_with(|c: char| c.is_ascii_alphabetic()) {
                self.of(Sort::ShortResource, &lower)
            } else {
                self.accounts_within(bare)
            };
            result.push_str(&made_up);
            result.push_str(piece.get(bare.len()..).unwrap_or_default());
            previous = piece;
        }
        result
    }

    /// Twelve digits that are glued to letters: `acct111111111111`.
    fn accounts_within(&mut self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, tail) = rest.split_at(start);
            let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
            let (digits, after) = tail.split_at(end);
            result.push_str(before);
            match is_account(digits) {
                true => result.push_str(&self.of(Sort::Account, digits)),
                false => result.push_str(digits),
            }
            rest = after;
        }
        result + rest
    }
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@').filter(|(name, host)| !name.is_empty() && !host.contains('@') && !host.is_empty());
    parts.is_some() && !text.contains([' ', ':', '/', '"', '<', '>', ',', ';', '*', '\n', '\t'])
}

fn is_uuid(run: &str) -> bool {
    let lengths: Vec<usize> = run.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && run.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn is_unit(run: &str) -> bool {
    let parts: Vec<&str> = run.split('-').collect();
    matches!(parts.as_slice(), ["ou", root, unit] if is_plain(root) && is_plain(unit) && root.len() >= 4 && unit.len() >= 8)
}

fn is_organization_id(run: &str) -> bool {
    ORGANIZATION_IDS.iter().any(|(prefix, least)| {
        let id = run.strip_prefix(prefix);
        id.is_some_and(|id| {
            id.len() >= *least && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || (*prefix == "p-" && b == b'_'))
        })
    })
}

fn is_unique_id(run: &str) -> bool {
    let upper = run.len() >= 16 && run.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    upper && UNIQUE_IDS.iter().any(|prefix| run.starts_with(prefix))
}

fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let made_up = a == 198 && (b == 18 || b == 19);
    !(address.is_private() || address.is_loopback() || address.is_link_local() || a == 0 || a >= 224 || shared || made_up)
}

/// JSON inside a text: a policy document.
fn nested(text: &str) -> Option<Value> {
    let begins = text.trim_start().starts_with(['{', '[']);
    begins.then(|| serde_json::from_str(text).ok()).flatten().filter(|value: &Value| value.is_object() || value.is_array())
}

/// What a percent-encoded text says, where it is one.
fn decoded(text: &str) -> Option<String> {
    let encoded = text.as_bytes().windows(3).any(|w| matches!(w, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()));
    let plain = encoded.then(|| percent_decode_str(text).decode_utf8().ok()).flatten()?;
    (plain != text).then(|| plain.into_owned())
}
