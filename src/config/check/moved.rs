//! `[[moved]]`: renamed keys, and how overlord recognises the resource in AWS.

use std::collections::BTreeMap;

use super::Model;
use super::accounts::Planned;
use crate::address::Address;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::Moved;
use crate::config::span::{At, Key};
use crate::config::template::{Names, fill};
use crate::diagnostic::ByteRange;
use crate::resource::network::Vpc;
use crate::resource::organizations::{Account, OrganizationalUnit, Policy};
use crate::resource::{Former, Kind};

/// The sections whose keys can be renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Movable {
    Ou,
    Policy,
    Team,
    Account,
}

impl Movable {
    const fn word(self) -> &'static str {
        match self {
            Self::Ou => OrganizationalUnit::SPEC.kind,
            Self::Policy => Policy::SPEC.kind,
            Self::Team => "team",
            Self::Account => Account::SPEC.kind,
        }
    }
}

/// Checks all moves, and returns them by the new address.
pub(super) fn check(model: &Model<'_>, accounts: &[Planned<'_>], report: &mut Report) -> BTreeMap<Address, Former> {
    let by_key = accounts.iter().map(|a| (a.key.as_str(), a)).collect();
    let mut moves = Moves { model, accounts, by_key, first: BTreeMap::new(), found: BTreeMap::new() };
    let mut header = None;
    for Moved { from, to } in &model.file.moved {
        match (from, to) {
            (Some(from), Some(to)) => moves.add(from, to, report),
            (Some(given), None) => missing("to", given.at, report),
            (None, Some(given)) => missing("from", given.at, report),
            (None, None) => {
                let header = *header.get_or_insert_with(|| first_header(report.text()));
                missing("from", header, report);
            }
        }
    }
    moves.found.into_iter().map(|(address, (former, _))| (address, former)).collect()
}

fn missing(key: &str, at: ByteRange, report: &mut Report) {
    if !report.is_broken(&["moved", key]) {
        let hint = "write both: `from = \"ou.old-key\"`, `to = \"ou.new-key\"`";
        report.at(at, Code::MissingKey.error(format!("this [[moved]] has no `{key}`")).hint(hint));
    }
}

/// The place of the first `[[moved]]`: an empty one has no value that could keep a place.
fn first_header(text: &str) -> ByteRange {
    let start = text.find("[[moved]]").unwrap_or_default();
    ByteRange { start, end: (start + "[[moved]]".len()).min(text.len()) }
}

/// An address of something that can move.
fn parse<'t>(text: &'t At<String>, report: &mut Report) -> Option<(Movable, &'t str)> {
    let parsed = text.split_once('.').and_then(|(kind, key)| {
        let kind = [Movable::Ou, Movable::Policy, Movable::Team, Movable::Account].into_iter().find(|k| k.word() == kind)?;
        (!key.is_empty()).then_some((kind, key))
    });
    if parsed.is_none() {
        let diagnostic = Code::BadMove.error(format!("`{}` is not the address of something that can move", text.value));
        let is_layout = text.split_once('.').is_some_and(|(section, _)| section == Vpc::SPEC.kind);
        let hint = if is_layout {
            // All that was built carries the layout's key in its tag.
            "a layout keeps its key while it has VPCs: give the section its old key again"
        } else {
            "write `ou.<key>`, `policy.<key>`, `team.<key>` or `account.<key>`"
        };
        report.at(text.at, diagnostic.hint(hint));
    }
    parsed
}

/// Which end of a move a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    From,
    To,
}

struct Moves<'m> {
    model: &'m Model<'m>,
    accounts: &'m [Planned<'m>],
    by_key: BTreeMap<&'m str, &'m Planned<'m>>,
    first: BTreeMap<(End, Movable, &'m str), ByteRange>,
    // With the place of the move, since a team and one of its accounts may both be said to have moved.
    found: BTreeMap<Address, (Former, ByteRange)>,
}

impl<'m> Moves<'m> {
    fn add(&mut self, from: &'m At<String>, to: &'m At<String>, report: &mut Report) {
        let (Some((kind, old)), Some((to_kind, new))) = (parse(from, report), parse(to, report)) else { return };
        if kind != to_kind {
            let summary = format!("`{}` cannot become `{}`: they are of different kinds", from.value, to.value);
            report.at(to.at, Code::BadMove.error(summary).hint(format!("write `{}.…`", kind.word())));
            return;
        }
        for (at, end, key) in [(from.at, End::From, old), (to.at, End::To, new)] {
            if let Some(other) = self.first.get(&(end, kind, key)) {
                twice(&format!("{}.{key}", kind.word()), at, *other, report);
            } else {
                self.first.insert((end, kind, key), at);
            }
        }
        if self.exists(kind, old) {
            let diagnostic = Code::MovedFromLiving.error(format!("`{}` is listed as moved, but its section still exists", from.value));
            report.at(from.at, diagnostic.hint("remove this [[moved]], or the old section"));
        }
        if self.exists(kind, new) {
            for (address, former) in self.formers(kind, old, new, report) {
                if kind == Movable::Team && self.by_key.contains_key(former.address.key()) {
                    let diagnostic = Code::MovedFromLiving.error(format!("`{}` is still there", former.address));
                    let hint = format!("the accounts of the team `{old}` moved: rename or remove this one");
                    report.at(from.at, diagnostic.hint(hint));
                }
                if let Some((_, other)) = self.found.insert(address.clone(), (former, to.at)) {
                    twice(&address.to_string(), to.at, other, report);
                }
            }
        } else if !report.is_broken(&[kind.word(), new]) {
            let hint = match report.similar(new, self.known(kind)) {
                Some(near) => format!("did you mean `{}.{near}`?", kind.word()),
                None => "`to` is the key in org.toml now".to_owned(),
            };
            report.at(to.at, Code::MovedToNothing.error(format!("`{}` is not declared", to.value)).hint(hint));
        }
    }

    fn exists(&self, kind: Movable, key: &str) -> bool {
        match kind {
            Movable::Ou => self.model.file.ou.contains_key(key),
            Movable::Policy => self.model.file.policy.contains_key(key),
            Movable::Team => self.model.file.team.contains_key(key),
            Movable::Account => self.by_key.contains_key(key),
        }
    }

    fn known(&self, kind: Movable) -> Box<dyn Iterator<Item = &'m str> + '_> {
        match kind {
            Movable::Ou => Box::new(self.model.file.ou.keys().map(Key::as_str)),
            Movable::Policy => Box::new(self.model.file.policy.keys().map(Key::as_str)),
            Movable::Team => Box::new(self.model.file.team.keys().map(Key::as_str)),
            Movable::Account => Box::new(self.by_key.keys().copied()),
        }
    }

    /// What moves, by its new address: a team's accounts, or the thing itself.
    fn formers(&self, kind: Movable, old: &str, new: &str, report: &mut Report) -> Vec<(Address, Former)> {
        let named = |name: Option<&At<String>>| {
            let names = vec![name.map_or(old, |n| n.as_str()).to_owned()];
            (Address::new(kind.word(), new), Former { address: Address::new(kind.word(), old), names })
        };
        match kind {
            Movable::Ou => self.model.file.ou.get(new).map(|ou| named(ou.name.as_ref())).into_iter().collect(),
            Movable::Policy => self.model.file.policy.get(new).map(|policy| named(policy.name.as_ref())).into_iter().collect(),
            Movable::Account => self.by_key.get(new).map(|a| former_account(a, old, a.team, report)).into_iter().collect(),
            Movable::Team => {
                let of_team = self.accounts.iter().filter_map(|a| Some((a, a.team.filter(|(team, _)| *team == new)?)));
                of_team.map(|(a, (_, stage))| former_account(a, &format!("{old}-{stage}"), Some((old, stage)), report)).collect()
            }
        }
    }
}

fn twice(what: &str, at: ByteRange, other: ByteRange, report: &mut Report) {
    let diagnostic = Code::MovedTwice.error(format!("`{what}` moves twice")).related(report.span(other), "first here");
    report.at(at, diagnostic.hint("keep one: from the key that AWS knows to the key of today"));
}

/// An account under its old key, with the e-mail address that the key made.
fn former_account(account: &Planned<'_>, old: &str, team: Option<(&str, &str)>, report: &mut Report) -> (Address, Former) {
    let names = Names { account: old, team, region: None };
    let email = account.email_template.and_then(|template| fill(template, names, report)).map(|made| made.text);
    (account.address(), Former { address: Account::address(old), names: email.into_iter().collect() })
}
