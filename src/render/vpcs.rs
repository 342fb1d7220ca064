//! Changes inside accounts, grouped by VPC. Nobody reads the 47 resources of one VPC, let alone those of sixty.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use super::Style;
use super::difference::attributes;
use super::fold::{Entry, Folding, Subject};
use super::words::{count, plain, symbol, things};
use crate::address::{Address, Scope};
use crate::plan::{Action, Change};
use crate::resource::network::{self, Region, Vpc};
use crate::resource::{self, Kind, PartOf};

/// How many changes are few, so that a line names them.
const FEW: usize = 6;
/// How many of one kind such a line names.
pub(super) const NAMED: usize = 3;

/// A VPC, or the resources of an account and Region that belong to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    /// The key of the layout.
    pub(super) layout: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// The place of a resource of a network; `None` for any other resource.
    pub(super) fn of(address: &'a Address) -> Option<Self> {
        let Scope { account, region } = address.scope()?;
        let spec = resource::spec(address).filter(|spec| resource::family(spec.kind) == Some(network::FAMILY))?;
        // Not every part of a network is a part of a VPC.
        let layout = address.key().split('/').next().filter(|_| spec.part_of == PartOf::Beside(Vpc::SPEC.kind));
        Some(Self { account, region, layout })
    }

    /// What VPCs like it are called.
    fn family(self) -> String {
        self.layout.map_or_else(|| self.region.to_owned(), |layout| format!("{} in {}", Vpc::address(layout), self.region))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)?;
        self.layout.map_or(Ok(()), |layout| write!(f, "/{}", Vpc::address(layout)))
    }
}

/// Changes by where they are.
pub(super) type Networks<'a> = BTreeMap<Place<'a>, Vec<&'a Change>>;

/// The changes of networks, by VPC.
pub(super) fn by_place<'a>(changes: &[&'a Change]) -> Networks<'a> {
    let mut networks = Networks::new();
    for change in changes {
        if let Some(place) = Place::of(&change.address) {
            networks.entry(place).or_default().push(change);
        }
    }
    networks
}

/// The index of a kind in the table of kinds; unknown kinds come last.
pub(super) fn position(kind: &str) -> usize {
    resource::position(kind).unwrap_or(usize::MAX)
}

/// The network that a new account gets.
#[derive(Default)]
pub(super) struct OfAccount {
    /// A line for each Region; empty without one.
    pub(super) lines: String,
    /// Which blocks its VPCs have; empty without one.
    pub(super) blocks: String,
}

/// The network of an account in a line per Region.
pub(super) fn of_account(networks: &Networks<'_>, account: &str) -> OfAccount {
    let from = Place { account, region: "", layout: None };
    let own = || networks.range(from..).take_while(|(place, _)| place.account == account);
    let mut by_region: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for (place, changes) in own() {
        by_region.entry(place.region).or_default().extend(changes);
    }
    let mut found = OfAccount::default();
    let is_only_enabled = |changes: &[&Change]| changes.iter().all(|change| Region::has(&change.address));
    let (enabled, networks): (BTreeMap<&str, _>, BTreeMap<&str, _>) =
        by_region.into_iter().partition(|(_, changes)| is_only_enabled(changes));
    if !enabled.is_empty() {
        let _ = writeln!(found.lines, "      and enables {}", enabled.into_keys().collect::<Vec<_>>().join(", "));
    }
    for (region, changes) in networks {
        let _ = writeln!(found.lines, "      and its network in {region}: {}", summed(&changes));
    }
    found.blocks =
        own().filter_map(|(place, changes)| Some(format!("{} {}", place.layout?, block(changes)?))).collect::<Vec<_>>().join(", ");
    found
}

/// What changes in one VPC, in a few lines.
pub(super) fn entry(place: Place<'_>, changes: &[&Change], style: Style) -> Entry {
    let mut counts: BTreeMap<Action, usize> = BTreeMap::new();
    changes.iter().for_each(|change| *counts.entry(change.action).or_default() += 1);
    let whole = |action| changes.iter().any(|change| Vpc::has(&change.address) && change.action == action);
    let action = match counts.keys().collect::<Vec<_>>().as_slice() {
        [only] => **only,
        _ if whole(Action::Delete) => Action::Delete,
        _ if whole(Action::Create) => Action::Create,
        _ => Action::Update,
    };
    let folding = match counts.contains_key(&Action::Delete) || counts.contains_key(&Action::Replace) {
        _ if whole(Action::Delete) => Folding::Never,
        true => Folding::NamingAll,
        false => Folding::Freely,
    };
    let made_whole = action == Action::Create && whole(Action::Create) && counts.len() == 1;
    let (why, body) = if made_whole { (summed(changes), String::new()) } else { (common_reason(changes), lines(place, changes, style)) };
    let alone = if made_whole { block(changes).unwrap_or_default() } else { String::new() };
    let subject = Subject { full: plain(&place.to_string()), name: place.account.to_owned(), alone, counts };
    Entry { action, of: place.family(), why, body, folding, subjects: vec![subject] }
}

/// `1 VPC, 9 subnets, 3 NAT gateways: 13 resources`.
fn summed(changes: &[&Change]) -> String {
    format!("{}: {}", kinds(changes, 0), count(changes.len(), "resource"))
}

/// The block of a VPC that is made.
fn block(changes: &[&Change]) -> Option<String> {
    let vpc = changes.iter().find(|change| Vpc::has(&change.address) && change.action == Action::Create)?;
    vpc.after.as_ref()?.get("cidr")?.as_str().map(plain)
}

/// The reason, if all changes have the same one.
fn common_reason(changes: &[&Change]) -> String {
    let mut reasons = changes.iter().map(|change| &*change.reason);
    let Some(first) = reasons.next() else { return String::new() };
    if reasons.all(|reason| reason == first) { plain(first) } else { String::new() }
}

/// A line for each action, and of updates for each set of attributes that differ.
fn lines(place: Place<'_>, changes: &[&Change], style: Style) -> String {
    let mut alike: BTreeMap<(Action, String), Vec<&Change>> = BTreeMap::new();
    for change in changes {
        let names: BTreeSet<String> = match change.action {
            Action::Update | Action::Replace | Action::Move | Action::Adopt => change.attributes().into_iter().map(|a| a.name).collect(),
            Action::NoOp | Action::Create | Action::Delete => BTreeSet::new(),
        };
        alike.entry((change.action, names.into_iter().collect::<Vec<_>>().join(", "))).or_default().push(change);
    }
    let mut out = String::new();
    for ((action, attributes_told), changes) in alike {
        let told = if attributes_told.is_empty() { String::new() } else { format!(": {attributes_told}") };
        let line = format!("{} {}{told}", symbol(action), kinds(&changes, if changes.len() <= FEW { NAMED } else { 0 }));
        let _ = writeln!(out, "      {}", style.action(action, &line));
        if let ([only], false) = (changes.as_slice(), attributes_told.is_empty()) {
            let mut values = String::new();
            attributes(&mut values, only, style);
            // The same in all accounts is said in the same words.
            let here = format!("{}/{}/", place.account, place.region);
            for line in values.replace(&here, "").lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    out
}

fn kinds(changes: &[&Change], named: usize) -> String {
    kinds_of(changes.iter().map(|change| &change.address), named)
}

/// How many of which kinds, in the order of the table of kinds; of a kind that has not more than `named`, with their names.
pub(super) fn kinds_of<'a>(addresses: impl Iterator<Item = &'a Address>, named: usize) -> String {
    let mut kinds: BTreeMap<(usize, &str), Vec<&str>> = BTreeMap::new();
    for address in addresses {
        let name = address.key().split_once('/').map_or("", |(_, name)| name);
        kinds.entry((position(address.kind()), address.kind())).or_default().push(name);
    }
    let told = kinds.into_iter().map(|((_, kind), mut names)| {
        let things = things(names.len(), kind);
        names.sort_unstable();
        let names = if names.len() <= named { names.join(", ") } else { String::new() };
        if names.is_empty() { things } else { format!("{things} ({})", plain(&names)) }
    });
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
