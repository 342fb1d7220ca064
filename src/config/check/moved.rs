//! `[[moved]]`: renamed keys, and how what they stand for is recognised in AWS.

use std::collections::{BTreeMap, BTreeSet};

use super::Model;
use super::accounts::Planned;
use crate::address::Address;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::Moved;
use crate::config::span::{At, Key};
use crate::config::template::{Names, fill};
use crate::diagnostic::{ByteRange, Diagnostic};
use crate::resource::Former;

/// The kinds whose keys can be renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Ou,
    Policy,
    Team,
    Account,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Ou => "ou",
            Self::Policy => "policy",
            Self::Team => "team",
            Self::Account => "account",
        }
    }
}

/// Checks all moves, and returns them by the new address.
pub(super) fn check(model: &Model<'_>, accounts: &[Planned<'_>], report: &mut Report) -> BTreeMap<Address, Former> {
    let mut moves = BTreeMap::new();
    let mut first: BTreeMap<(bool, Kind, &str), ByteRange> = BTreeMap::new();
    let by_key: BTreeMap<&str, &Planned<'_>> = accounts.iter().map(|a| (a.key.as_str(), a)).collect();
    for Moved { from, to } in &model.file.moved {
        let (Some(from), Some(to)) = (from, to) else {
            let (at, missing) = match (from, to) {
                (Some(given), _) => (given.at, "to"),
                (None, Some(given)) => (given.at, "from"),
                (None, None) => (moved_at(report.text()), "from"),
            };
            if !report.is_broken(&["moved", missing]) {
                let hint = "write both: `from = \"ou.old-key\"`, `to = \"ou.new-key\"`";
                report.at(at, Code::MissingKey.error(format!("this [[moved]] has no `{missing}`")).hint(hint));
            }
            continue;
        };
        let (Some((kind, old)), Some((to_kind, new))) = (parse(from, report), parse(to, report)) else { continue };
        if kind != to_kind {
            let summary = format!("`{}` cannot become `{}`: they are of different kinds", from.value, to.value);
            report.at(to.at, Code::BadMove.error(summary).hint(format!("write `{}.…`", kind.word())));
            continue;
        }
        for (at, slot) in [(from.at, (true, kind, old)), (to.at, (false, kind, new))] {
            if let Some(other) = first.get(&slot) {
                let summary = format!("`{}.{}` moves twice", kind.word(), slot.2);
                let diagnostic = Code::MovedTwice.error(summary).related(report.span(*other), "first here");
                report.at(at, diagnostic.hint("keep one: from the key that AWS knows to the key of today"));
            } else {
                first.insert(slot, at);
            }
        }
        if exists(kind, old, model, &by_key) {
            let diagnostic = Code::MovedFromLiving.error(format!("`{}` is said to have moved, and is still there", from.value));
            report.at(from.at, diagnostic.hint("remove this [[moved]], or the old section"));
        }
        if exists(kind, new, model, &by_key) {
            formers(kind, old, new, model, accounts, report, &mut moves);
        } else if !report.is_broken(&[kind.word(), new]) {
            let diagnostic = unknown_target(kind, new, to, model, &by_key, report);
            report.at(to.at, diagnostic);
        }
    }
    moves
}

/// The place of the first `[[moved]]`: serde keeps none for an empty one.
fn moved_at(text: &str) -> ByteRange {
    let start = text.find("[[moved]]").unwrap_or_default();
    ByteRange { start, end: (start + "[[moved]]".len()).min(text.len()) }
}

fn parse<'t>(text: &'t At<String>, report: &mut Report) -> Option<(Kind, &'t str)> {
    let parsed = text.split_once('.').and_then(|(kind, key)| {
        let kind = [Kind::Ou, Kind::Policy, Kind::Team, Kind::Account].into_iter().find(|k| k.word() == kind)?;
        (!key.is_empty()).then_some((kind, key))
    });
    if parsed.is_none() {
        let diagnostic = Code::BadMove.error(format!("`{}` is no address of something that can move", text.value));
        report.at(text.at, diagnostic.hint("write `ou.<key>`, `policy.<key>`, `team.<key>` or `account.<key>`"));
    }
    parsed
}

fn exists(kind: Kind, key: &str, model: &Model<'_>, accounts: &BTreeMap<&str, &Planned<'_>>) -> bool {
    match kind {
        Kind::Ou => model.file.ou.contains_key(key),
        Kind::Policy => model.file.policy.contains_key(key),
        Kind::Team => model.file.team.contains_key(key),
        Kind::Account => accounts.contains_key(key),
    }
}

fn unknown_target(
    kind: Kind,
    new: &str,
    to: &At<String>,
    model: &Model<'_>,
    accounts: &BTreeMap<&str, &Planned<'_>>,
    report: &mut Report,
) -> Diagnostic {
    let known: BTreeSet<&str> = match kind {
        Kind::Ou => model.file.ou.keys().map(Key::as_str).collect(),
        Kind::Policy => model.file.policy.keys().map(Key::as_str).collect(),
        Kind::Team => model.file.team.keys().map(Key::as_str).collect(),
        Kind::Account => accounts.keys().copied().collect(),
    };
    let hint = match report.similar(new, known) {
        Some(near) => format!("did you mean `{}.{near}`?", kind.word()),
        None => "`to` is the key that stands in org.toml now".to_owned(),
    };
    Code::MovedToNothing.error(format!("`{}` is not declared", to.value)).hint(hint)
}

fn formers(
    kind: Kind,
    old: &str,
    new: &str,
    model: &Model<'_>,
    accounts: &[Planned<'_>],
    report: &mut Report,
    moves: &mut BTreeMap<Address, Former>,
) {
    let mut add = |kind: &str, new: &str, old: &str, names: Vec<String>| {
        moves.insert(Address::new(kind, new), Former { address: Address::new(kind, old), names });
    };
    match kind {
        Kind::Ou => {
            let Some((_, section)) = model.file.ou.get_key_value(new) else { return };
            add("ou", new, old, vec![section.name.as_ref().map_or(old, |n| n.as_str()).to_owned()]);
        }
        Kind::Policy => {
            let Some(section) = model.file.policy.get(new) else { return };
            add("policy", new, old, vec![section.name.as_ref().map_or(old, |n| n.as_str()).to_owned()]);
        }
        Kind::Account => {
            for account in accounts.iter().filter(|a| a.key == new) {
                add("account", new, old, former_email(account, old, account.team, report));
            }
        }
        Kind::Team => {
            for account in accounts {
                if let Some((team, stage)) = account.team
                    && team == new
                {
                    let old_key = format!("{old}-{stage}");
                    let emails = former_email(account, &old_key, Some((old, stage)), report);
                    add("account", &account.key, &old_key, emails);
                }
            }
        }
    }
}

/// The e-mail address that the old key made.
fn former_email(account: &Planned<'_>, old_key: &str, team: Option<(&str, &str)>, report: &mut Report) -> Vec<String> {
    let names = Names { account: old_key, team };
    account.email_template.and_then(|template| fill(template, names, report)).map(|made| made.text).into_iter().collect()
}
