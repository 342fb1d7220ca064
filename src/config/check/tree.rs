//! The tree of OUs: parents, cycles, depth, names.

use std::collections::{BTreeMap, BTreeSet};

use super::table::Facts;
use super::{Model, values};
use crate::address::Reference;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::Ou;
use crate::config::span::{At, Key};
use crate::diagnostic::ByteRange;
use crate::limits::LIMITS;
use crate::plural::count;
use crate::resource::Kind;
use crate::resource::organizations::{LOCK_NAME, OrganizationalUnit, organization_address};

/// The key that means the root wherever an OU is named.
pub(super) const ROOT: &str = "root";

/// What AWS shows for an OU.
pub(in crate::config) fn name<'f>(key: &'f Key, ou: &'f Ou) -> &'f str {
    ou.name.as_ref().map_or(key.as_str(), |n| n.as_str())
}

/// The root, as a parent of OUs and accounts.
pub(super) fn root() -> Reference {
    organization_address().into()
}

/// The OU that `named` names, the organization for the root; a mistake when there is none.
pub(super) fn reference(named: &At<String>, model: &Model<'_>, report: &mut Report) -> Option<Reference> {
    if named.value == ROOT {
        return Some(root());
    }
    if model.file.ou.contains_key(named.as_str()) {
        return Some(OrganizationalUnit::address(named.as_str()).into());
    }
    if !report.is_broken(&["ou", named.as_str()]) {
        let hint = report.suggest(named, model.file.ou.keys().map(Key::as_str), &format!("declare it: [ou.{}]", named.value));
        report.at(named.at, Code::UnknownOu.error(format!("unknown OU `{}`", named.value)).hint(hint));
    }
    None
}

/// The position of what AWS shows for an OU.
fn name_at(key: &Key, ou: &Ou) -> ByteRange {
    ou.name.as_ref().map_or(key.at(), |name| name.at)
}

pub(super) fn names(facts: &Facts<'_>, report: &mut Report) {
    for (key, ou) in &facts.file.ou {
        if let Err(why) = values::ou_name(name(key, ou)) {
            let diagnostic = Code::BadName.error(format!("AWS refuses `{}` as the name of an OU", name(key, ou)));
            report.at(name_at(key, ou), diagnostic.hint(why));
        }
    }
}

pub(super) fn lock_name(facts: &Facts<'_>, report: &mut Report) {
    for (key, ou) in &facts.file.ou {
        if name(key, ou) == LOCK_NAME && ou.parent.as_ref().is_none_or(|parent| parent.value == ROOT) {
            let diagnostic = Code::ReservedKey.error(format!("`{LOCK_NAME}` cannot be the name of an OU right below the root"));
            report.at(name_at(key, ou), diagnostic.hint("overlord takes its lock with an OU of that name: choose another name"));
        }
    }
}

pub(super) fn parents(facts: &Facts<'_>, report: &mut Report) {
    for parent in facts.file.ou.values().filter_map(|ou| ou.parent.as_ref()) {
        reference(parent, facts.model, report);
    }
}

pub(super) fn quota(facts: &Facts<'_>, report: &mut Report) {
    let (ous, limit) = (&facts.file.ou, facts.model.limits.ous);
    let mut keys: Vec<&Key> = ous.keys().collect();
    keys.sort_by_key(|key| key.at());
    if let Some(first) = keys.get(limit.most) {
        let summary = format!("{}, and the quota is {}", count(ous.len(), "OU"), limit.most);
        let diagnostic = limit.exceeded(Code::TooManyOus, summary, report);
        let hint = format!("ask AWS to raise the quota, then set `ous = {}` in [limits]", ous.len());
        report.at(first.at(), diagnostic.label(format!("OU number {}", limit.most + 1)).hint(hint));
    }
}

/// The declared OU above, by key; `None` under the root and where the parent is a mistake.
fn parent<'f>(key: &str, model: &Model<'f>) -> Option<&'f Key> {
    let parent = model.file.ou.get(key)?.parent.as_ref()?;
    model.file.ou.get_key_value(parent.as_str()).map(|(key, _)| key)
}

/// Each cycle once: walks up from every OU that no walk has seen yet, so all walks together visit each OU once.
pub(super) fn cycles(facts: &Facts<'_>, report: &mut Report) {
    let model = facts.model;
    let mut seen = BTreeSet::new();
    for start in model.file.ou.keys() {
        let mut path: Vec<&Key> = Vec::new();
        let mut on_path = BTreeSet::new();
        let mut next = Some(start);
        while let Some(key) = next {
            if on_path.contains(key.as_str()) {
                let around = path.iter().skip_while(|k| **k != key).copied().collect::<Vec<_>>();
                report_cycle(&around, model, report);
                break;
            }
            if !seen.insert(key.as_str()) {
                break;
            }
            path.push(key);
            on_path.insert(key.as_str());
            next = parent(key.as_str(), model);
        }
    }
}

fn report_cycle(around: &[&Key], model: &Model<'_>, report: &mut Report) {
    let mut members: Vec<(&Key, &At<String>)> =
        around.iter().filter_map(|key| Some((*key, model.file.ou.get(*key)?.parent.as_ref()?))).collect();
    members.sort_by_key(|(_, parent)| parent.at);
    let Some(((key, at), others)) = members.split_first() else { return };
    let summary = if others.is_empty() {
        format!("the OU `{}` is its own parent", key.as_str())
    } else {
        let mut names: Vec<String> = around.iter().map(|k| format!("`{}`", k.as_str())).collect();
        names.extend(names.first().cloned());
        format!("the parents of {} form a cycle", names.join(", "))
    };
    let mut diagnostic = Code::OuCycle.error(summary).hint("remove one `parent`: an OU without one is under the root");
    for (key, parent) in others {
        diagnostic = diagnostic.related(report.span(parent.at), format!("the parent of `{}`", key.as_str()));
    }
    report.at(at.at, diagnostic);
}

/// Only the first level that is too deep: lower levels have the same cause.
pub(super) fn depth(facts: &Facts<'_>, report: &mut Report) {
    let model = facts.model;
    let most = LIMITS.quotas.ou_depth;
    let mut known: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for start in model.file.ou.keys() {
        // The chain up to an OU whose level is known; one in a cycle has none.
        let mut chain = Vec::new();
        let mut next = Some(start);
        let mut level = Some(0);
        while let Some(key) = next {
            if let Some(found) = known.get(key.as_str()) {
                level = *found;
                break;
            }
            known.insert(key.as_str(), None);
            chain.push(key);
            next = parent(key.as_str(), model);
        }
        for key in chain.into_iter().rev() {
            level = level.map(|l| l + 1);
            known.insert(key.as_str(), level);
            if level == Some(most + 1) {
                let at = model.file.ou.get(key).and_then(|ou| ou.parent.as_ref()).map_or(key.at(), |p| p.at);
                let summary = format!("the OU `{}` is on level {}, and AWS has {most}", key.as_str(), most + 1);
                report.at(at, Code::OuTooDeep.error(summary).hint("move it under an OU nearer to the root"));
            }
        }
    }
}

pub(super) fn duplicates(facts: &Facts<'_>, report: &mut Report) {
    let mut by_position: Vec<(&Key, &Ou)> = facts.file.ou.iter().collect();
    by_position.sort_by_key(|(key, _)| key.at());
    let mut first: BTreeMap<(&str, &str), (&Key, &Ou)> = BTreeMap::new();
    for (key, ou) in by_position {
        let above = ou.parent.as_ref().map_or(ROOT, |p| p.as_str());
        if let Some(other) = first.get(&(above, name(key, ou))) {
            let place = if above == ROOT { "the root".to_owned() } else { format!("`{above}`") };
            let diagnostic = Code::DuplicateOuName
                .error(format!("two OUs named `{}` under {place}", name(key, ou)))
                .related(report.span(name_at(other.0, other.1)), "first used here")
                .hint("AWS requires different names under one parent: change `name`");
            report.at(name_at(key, ou), diagnostic);
        } else {
            first.insert((above, name(key, ou)), (key, ou));
        }
    }
}
