//! `vpc` and `cidr`: which account has which VPC, and the CIDR blocks that org.toml chooses itself.

use std::collections::BTreeMap;

use super::super::accounts::Planned;
use super::super::{repeated, tags};
use super::{List, block};
use crate::address::Address;
use crate::config::check::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::File;
use crate::config::span::{At, Key};
use crate::config::template::Names;
use crate::config::values;
use crate::diagnostic::Diagnostic;
use crate::network::{Block, Design, Layout, Request, vpc_address};

/// Every list of layouts.
pub(super) fn lists(file: &File) -> impl Iterator<Item = &List> {
    file.inherited().filter_map(|keys| keys.vpc)
}

/// The VPCs, by address.
pub(super) fn read(file: &File, accounts: &[Planned<'_>], design: &Design, report: &mut Report) -> BTreeMap<Address, Request> {
    let mut vpcs = BTreeMap::new();
    let mut pins = Vec::new();
    let mut known_ids = BTreeMap::new();
    for account in accounts {
        let chosen = chosen(account, file, design, report);
        let ids = ids(account, &mut known_ids, report);
        for name in account.inherited.vpc.into_iter().flat_map(|list| list.iter()) {
            let Some(layout) = design.layouts.get(name.as_str()) else { continue };
            let pin = chosen.get(name.as_str()).copied();
            let address = vpc_address(&account.key, &layout.region, name);
            pins.extend(pin.map(|(block, text)| (block, text, address.to_string())));
            let names = Names { account: &account.key, team: account.team, region: Some(&layout.region) };
            let tags = file.vpc.get(name.as_str()).map(|section| tags::filled(&section.tags, names, report)).unwrap_or_default();
            let id = ids.get(name.as_str()).map(|id| (*id).to_owned());
            vpcs.insert(address, Request { layout: name.value.clone(), pinned: pin.map(|(block, _)| block), id, tags });
        }
    }
    clashes(pins, report);
    vpcs
}

pub(in crate::config::check) fn names(facts: &Facts<'_>, report: &mut Report) {
    for list in lists(facts.file) {
        repeated(list, report);
        for name in list.iter() {
            known(name, name, facts.file, report);
        }
    }
}

fn known(name: &str, at: &At<String>, file: &File, report: &mut Report) {
    if !file.vpc.contains_key(name) && !report.is_broken(&["vpc", name]) {
        let hint = report.suggest(name, file.vpc.keys().map(Key::as_str), &format!("declare it: [vpc.{name}]"));
        report.at(at.at, Code::UnknownLayout.error(format!("unknown layout `{name}`")).hint(hint));
    }
}

/// The blocks that are chosen for an account, by layout.
fn chosen<'f>(account: &Planned<'f>, file: &File, design: &Design, report: &mut Report) -> BTreeMap<&'f str, (Block, &'f At<String>)> {
    let mut chosen = BTreeMap::new();
    for (key, text) in account.cidrs.into_iter().flatten() {
        let Some(found) = block(text, report) else { continue };
        if !has(account, key, report) {
            continue;
        }
        let Some(layout) = design.layouts.get(key.as_str()) else { continue };
        match refused(found, key, layout, file, design, report) {
            Some(diagnostic) => report.at(text.at, diagnostic),
            None => drop(chosen.insert(key.as_str(), (found, text))),
        }
    }
    chosen
}

/// Whether an account has a VPC of the layout that a key names.
fn has(account: &Planned<'_>, key: &Key, report: &mut Report) -> bool {
    let names = || account.inherited.vpc.into_iter().flat_map(|list| list.iter()).map(|name| name.as_str());
    let has = names().any(|name| name == key.as_str());
    if !has {
        let hint = report.suggest(key.as_str(), names(), "add it to its `vpc`");
        let summary = format!("the account `{}` has no VPC `{}`", account.key, key.as_str());
        report.at(key.at(), Code::BadPin.error(summary).hint(hint));
    }
    has
}

/// The adopted VPCs of an account, created outside overlord, by layout. `known` has those of the accounts before it.
fn ids<'f>(account: &Planned<'f>, known: &mut BTreeMap<&'f str, &'f At<String>>, report: &mut Report) -> BTreeMap<&'f str, &'f str> {
    let mut ids = BTreeMap::new();
    for (key, id) in account.vpc_ids.into_iter().flatten() {
        if !has(account, key, report) {
            continue;
        }
        if !values::vpc_id(id) {
            let diagnostic = Code::BadPin.error(format!("`{}` is not a VPC id", id.value));
            report.at(id.at, diagnostic.hint("write it as AWS shows it: `vpc-` and 8 or 17 digits and letters from a to f"));
            continue;
        }
        if let Some(first) = known.insert(id.as_str(), id) {
            let diagnostic =
                Code::BadPin.error(format!("`{}` is listed as two VPCs", id.value)).related(report.span(first.at), "first here");
            report.at(id.at, diagnostic.hint("a VPC belongs to one account and one layout: remove one of the two"));
        }
        if !account.cidrs.into_iter().flatten().any(|(other, _)| other.as_str() == key.as_str()) {
            let diagnostic = Code::BadPin.error(format!("`{}` has no block in `cidr`", id.value));
            report.at(id.at, diagnostic.hint(format!("give its CIDR block: `cidr = {{ {} = \"…\" }}`", key.as_str())));
        }
        ids.insert(key.as_str(), id.as_str());
    }
    ids
}

/// Why a VPC of that layout cannot have a block.
fn refused(block: Block, key: &Key, layout: &Layout, file: &File, design: &Design, report: &Report) -> Option<Diagnostic> {
    let pool = design.pools.get(&layout.pool)?;
    let section = file.pool.get(layout.pool.as_str())?;
    if block.prefix() != layout.prefix {
        let summary = format!("`{block}` is no /{}, which VPCs of the layout `{}` have", layout.prefix, key.as_str());
        return Some(Code::BadPin.error(summary).hint("choose a block of that size, or make a layout of its own for this one"));
    }
    if !pool.cidr.contains(block) {
        let summary = format!("`{block}` is not inside of the pool `{}`", layout.pool);
        let hint = format!("choose a part of {}, or make a pool and a layout of its own for this one", pool.cidr);
        return Some(Code::BadPin.error(summary).hint(hint));
    }
    let reserved = pool.reserved.iter().find(|reserved| reserved.overlaps(block))?;
    let text = section.reserved.iter().flat_map(|list| list.iter()).find(|text| text.parse() == Ok(*reserved))?;
    let diagnostic = Code::BadPin.error(format!("`{block}` is reserved")).related(report.span(text.at), "reserved here");
    Some(diagnostic.hint("choose another one, or remove the reservation: a block in `cidr` is never assigned to another VPC anyway"))
}

/// Chosen blocks that overlap: sorted, each is compared with the outermost one before it.
fn clashes(mut pins: Vec<(Block, &At<String>, String)>, report: &mut Report) {
    pins.sort_by(|(a, first, _), (b, second, _)| (a, first.at).cmp(&(b, second.at)));
    let mut outer: Option<(Block, &At<String>, String)> = None;
    for (block, text, address) in pins {
        match &outer {
            Some((around, first, other)) if around.contains(block) => {
                let diagnostic = Code::BadPin
                    .error(format!("`{address}` and `{other}` have the same addresses"))
                    .related(report.span(first.at), "chosen first here")
                    .hint("choose another block for one of them");
                report.at(text.at, diagnostic);
            }
            Some(_) | None => outer = Some((block, text, address)),
        }
    }
}
