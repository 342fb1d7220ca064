//! Turns a plan into findings: its changes and its notes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Difference, Finding, Note, Remedy, What};
use crate::address::Address;
use crate::apply::Consent;
use crate::graph::first_step;
use crate::plan::{Action, AttributeChange, Change, Plan, differing};
use crate::resource::{self, FindingSeverity, KindSpec, UNREAD, Weight};

/// The findings, in no particular order, and the notes.
pub(super) fn findings(plan: &Plan) -> (Vec<Finding>, Vec<Note>) {
    let changes = whole(&plan.changes);
    let created = |address: &Address| changes.get(address).is_some_and(|change| change.action == Action::Create);
    // The last step of a creation, such as the move of a new account under its guardrails, is a part of it.
    let of_its_own = |change: &&Change| {
        let completes = resource::spec(&change.address).is_some_and(|spec| spec.completes_creation);
        !(completes && resource::whole(&change.address).is_some_and(|whole| created(&whole)))
    };
    let mut found: Vec<Finding> = changes.values().filter(of_its_own).map(of_change).collect();
    let accounts = unread_accounts(plan);
    let unreachable: BTreeSet<Address> = accounts.iter().filter_map(|finding| finding.address.clone()).collect();
    found.extend(accounts);
    let mut notes = Vec::new();
    for told in &plan.findings {
        match of_told(plan, told, &changes, &unreachable) {
            Told::Finding(finding) => found.push(*finding),
            // A blocked change is not a second finding.
            Told::Against(address) => {
                for finding in found.iter_mut().filter(|finding| finding.address.as_ref() == Some(&address)) {
                    finding.remedy = Remedy::Refuse;
                    finding.summary = format!("{}; {}", finding.summary, told.summary);
                }
            }
            Told::Note => notes.push(Note { subject: told.subject.clone(), summary: told.summary.clone() }),
            Told::Known => {}
        }
    }
    (found, notes)
}

/// The changes by address. The two steps of a replacement are merged.
fn whole(changes: &[Change]) -> BTreeMap<Address, Change> {
    let mut whole: BTreeMap<Address, Change> = BTreeMap::new();
    for change in changes {
        let address = first_step(&change.address).unwrap_or_else(|| change.address.clone());
        match whole.get_mut(&address) {
            // Each comes after its dependencies, and the second depends on the first.
            Some(first) => {
                first.after.clone_from(&change.after);
                first.calls.extend(change.calls.iter().cloned());
            }
            None => drop(whole.insert(address.clone(), Change { address, ..change.clone() })),
        }
    }
    whole
}

fn of_change(change: &Change) -> Finding {
    let spec = resource::spec(&change.address);
    let what = match (change.action, &change.after) {
        (Action::Create, _) => What::Missing,
        (Action::Delete, None) => What::LeftOver,
        (Action::NoOp | Action::Update | Action::Replace | Action::Move | Action::Adopt | Action::Delete, _) => What::Changed,
    };
    let attributes = match (&change.before, &change.after) {
        // A replacement lists all attributes; only those that differ are its reason.
        (Some(before), Some(after)) if change.action == Action::Replace => differing(before, after),
        _ => change.attributes(),
    };
    let summary = match what {
        What::Changed => summary(attributes.iter().map(|attribute| attribute.name.as_str())),
        What::Missing | What::LeftOver | What::Unmanaged | What::Stuck | What::Unread | What::ExpiredIgnore => change.reason.to_string(),
    };
    let needs = Consent::none().lacks(change).map(|needs| needs.to_string());
    Finding {
        what,
        weight: weight_of(spec, what, &attributes),
        subject: change.address.to_string(),
        address: Some(change.address.clone()),
        id: change.id.clone(),
        summary,
        differences: attributes.into_iter().map(|attribute| difference(spec, attribute)).collect(),
        parts: BTreeMap::new(),
        remedy: Remedy::Change { action: change.action, calls: change.calls.clone(), needs },
        effect: None,
        origin: None,
        at: None,
    }
}

/// What the line of a change says.
pub(super) fn summary<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "it differs".to_owned(),
        [one] => format!("{one} differs"),
        [several @ .., last] => format!("{} and {last} differ", several.join(", ")),
    }
}

fn difference(spec: Option<&KindSpec>, attribute: AttributeChange) -> Difference {
    let known = spec.and_then(|spec| spec.attribute(&attribute.name));
    if known.is_some_and(|known| known.sensitive) {
        return Difference::sensitive(attribute.name);
    }
    let AttributeChange { name, before, after } = attribute;
    Difference { name, wanted: after, live: before }
}

/// The highest severity of its differences; for a missing or left-over resource, the kind's severity.
fn weight_of(spec: Option<&KindSpec>, what: What, attributes: &[AttributeChange]) -> Weight {
    let kinds = spec.map_or(Weight::Organization, |spec| spec.weight);
    if what != What::Changed {
        return kinds;
    }
    attributes.iter().map(|attribute| weight(spec, &attribute.name).unwrap_or(kinds)).min().unwrap_or(kinds)
}

/// The severity of an attribute, if it is not that of its kind.
pub(super) fn weight(spec: Option<&KindSpec>, name: &str) -> Option<Weight> {
    spec?.attribute(name)?.weight
}

/// The accounts of which something could not be read: one finding for each. So a run that could not look is not clean.
fn unread_accounts(plan: &Plan) -> Vec<Finding> {
    let networks = plan.network.unreachable.iter();
    let mut found: BTreeMap<Address, Finding> = networks
        .map(|(account, error)| (account, Weight::Network, format!("its network cannot be read: {error}")))
        .map(|(account, weight, summary)| (resource::account_address(account), unread(account, weight, summary)))
        .collect();
    let is_unread = |address: &&Address| plan.observed.get(*address).and_then(|live| live.frozen.as_deref()) == Some(UNREAD);
    for address in plan.observed.keys().filter(is_unread) {
        let Some(account) = address.account() else { continue };
        let weight = resource::spec(address).map_or(Weight::Organization, |spec| spec.weight);
        let subject = resource::account_address(account);
        let summary = || warning_about(plan, &subject).unwrap_or_else(|| "some of its resources cannot be read".to_owned());
        let finding = found.entry(subject.clone()).or_insert_with(|| unread(account, weight, summary()));
        finding.weight = finding.weight.min(weight);
    }
    found.into_values().collect()
}

/// What the plan warns of a resource.
fn warning_about(plan: &Plan, address: &Address) -> Option<String> {
    let subject = address.to_string();
    let is_it = |told: &&resource::Finding| told.severity == FindingSeverity::Warning && told.subject == subject;
    plan.findings.iter().find(is_it).map(|told| told.summary.clone())
}

fn unread(account: &str, weight: Weight, summary: String) -> Finding {
    let address = resource::account_address(account);
    Finding {
        what: What::Unread,
        weight,
        subject: address.to_string(),
        address: Some(address),
        id: None,
        summary,
        differences: Vec::new(),
        parts: BTreeMap::new(),
        remedy: Remedy::Leave,
        effect: None,
        origin: None,
        at: None,
    }
}

/// What a finding of the plan becomes.
enum Told {
    Finding(Box<Finding>),
    /// It blocks the change of this address.
    Against(Address),
    Note,
    /// Another finding reports it already, or it is about how the changes are made.
    Known,
}

fn of_told(plan: &Plan, told: &resource::Finding, changes: &BTreeMap<Address, Change>, unreachable: &BTreeSet<Address>) -> Told {
    // What is no address may look like one: `444444444444 (a.b)`.
    let address = told.subject.parse::<Address>().ok().filter(|address| resource::spec(address).is_some());
    let spec = address.as_ref().and_then(resource::spec);
    let frozen = |address: &Address| plan.observed.get(address).is_some_and(|live| live.frozen.is_some());
    let (what, remedy) = match (told.severity, &address) {
        (FindingSeverity::Error, Some(address)) if changes.contains_key(address) => return Told::Against(address.clone()),
        (FindingSeverity::Error, _) => (What::Stuck, Remedy::Refuse),
        (FindingSeverity::Unmanaged, _) => (What::Unmanaged, Remedy::Leave),
        (FindingSeverity::Warning, Some(address)) if changes.contains_key(address) || unreachable.contains(address) => return Told::Known,
        (FindingSeverity::Warning, Some(address)) if frozen(address) => (What::Stuck, Remedy::Leave),
        (FindingSeverity::Warning, Some(_)) if spec.is_some_and(|spec| spec.warns_if_unread) => (What::Unread, Remedy::Leave),
        (FindingSeverity::Warning, _) => return Told::Note,
    };
    let weight = match (spec, &address) {
        (Some(spec), _) => spec.weight,
        // `vpc-1 (account/region)`: it is in a Region of an account.
        (None, _) if told.subject.rsplit_once('(').is_some_and(|(_, place)| told.subject.ends_with(')') && is_scope(plan, place)) => {
            Weight::Network
        }
        (None, _) => Weight::Organization,
    };
    Told::Finding(Box::new(Finding {
        what,
        weight,
        subject: told.subject.clone(),
        id: address.as_ref().and_then(|address| plan.observed.get(address)?.id.clone()),
        address,
        summary: told.summary.clone(),
        differences: Vec::new(),
        parts: BTreeMap::new(),
        remedy,
        effect: None,
        origin: None,
        at: None,
    }))
}

fn is_scope(plan: &Plan, place: &str) -> bool {
    let account = place.trim_end_matches(')').split_once('/').map(|(account, _)| account);
    account.is_some_and(|account| plan.desired.resources.contains_key(&resource::account_address(account)))
}
