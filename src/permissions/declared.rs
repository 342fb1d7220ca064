//! What a configuration declares, as far as permissions depend on it.

use std::collections::{BTreeMap, BTreeSet};

use super::Who;
use crate::address::Address;
use crate::resource::{self, Attributes, By, Desired, EventSpec, FamilyNeeds, Need, family};

/// The declared resources of a kind, by where they are: that decides who calls AWS for them.
#[derive(Default)]
struct OfKind<'d> {
    in_organization: Vec<&'d Attributes>,
    in_accounts: Vec<&'d Attributes>,
}

/// The declared resources.
pub(super) struct Declared<'d> {
    kinds: BTreeMap<&'d str, OfKind<'d>>,
    /// The families with resources in the management account.
    in_management: BTreeSet<&'static str>,
}

impl<'d> Declared<'d> {
    pub(super) fn new(desired: &'d Desired, families: &'d [FamilyNeeds]) -> Self {
        let mut kinds: BTreeMap<&str, OfKind<'_>> = BTreeMap::new();
        let planned = families.iter().flat_map(|family| family.planned.iter().map(|(address, attributes)| (address, attributes)));
        for (address, attributes) in desired.resources.iter().chain(planned) {
            let of_kind = kinds.entry(address.kind()).or_default();
            let place = if address.account().is_some() { &mut of_kind.in_accounts } else { &mut of_kind.in_organization };
            place.push(attributes);
        }
        let management = desired.management_key();
        let is_in_management = |address: &&Address| management.is_some() && address.account() == management;
        let of_resources = desired.resources.keys().filter(is_in_management).filter_map(|address| family(address.kind()));
        let of_families = families.iter().filter(|family| family.in_management).map(|family| family.family);
        Self { kinds, in_management: of_resources.chain(of_families).collect() }
    }

    /// What the declared kinds need, each with its kind.
    pub(super) fn needs(&self) -> impl Iterator<Item = (&'d str, &'static Need)> {
        let needs_of = |kind: &str| resource::kind(kind).map(|kind| kind.spec().needs).unwrap_or_default();
        self.kinds.keys().flat_map(move |kind| needs_of(kind).iter().map(move |need| (*kind, need)))
    }

    /// Who needs that for a kind: the place of its resources decides.
    pub(super) fn who(&self, kind: &str, need: &Need) -> Vec<Who> {
        let mut who = self.who_in_accounts(kind, need);
        let in_organization = self.kinds.get(kind).is_some_and(|of_kind| any_needs(&of_kind.in_organization, need));
        if in_organization && !who.contains(&Who::Caller) {
            who.push(Who::Caller);
        }
        who
    }

    /// Who needs that for the resources of a kind in accounts.
    pub(super) fn who_in_accounts(&self, kind: &str, need: &Need) -> Vec<Who> {
        if !self.kinds.get(kind).is_some_and(|of_kind| any_needs(&of_kind.in_accounts, need)) {
            return Vec::new();
        }
        self.identities(By::Accounts, family(kind).unwrap_or_default())
    }

    /// What a family needs of its own, and who needs it.
    pub(super) fn own<'f>(&self, family: &'f FamilyNeeds) -> impl Iterator<Item = (Vec<Who>, &'f Need)> {
        family.own.iter().map(|(by, need)| (self.identities(*by, family.family), need))
    }

    /// What a family only reads to explain differences, and who reads it.
    pub(super) fn reads(&self, family: &FamilyNeeds) -> impl Iterator<Item = (Vec<Who>, &'static [&'static str])> {
        family.reads.iter().map(|(by, operations)| (self.identities(*by, family.family), *operations))
    }

    /// Whether `drift` looks up events in the accounts themselves: something is there whose differences requests explain.
    pub(super) fn looks_up_events_in_accounts(&self) -> bool {
        let has_events = |name: &str| resource::kind(name).is_some_and(|kind| kind.spec().events.iter().any(EventSpec::explains_something));
        self.kinds.iter().any(|(kind, of_kind)| !of_kind.in_accounts.is_empty() && has_events(kind))
    }

    fn identities(&self, by: By, family: &str) -> Vec<Who> {
        match by {
            By::Caller => vec![Who::Caller],
            By::Accounts if self.in_management.contains(family) => vec![Who::AccessRole, Who::Caller],
            By::Accounts => vec![Who::AccessRole],
            By::Everybody => vec![Who::Caller, Who::AccessRole],
        }
    }
}

/// Whether one of these resources needs it.
fn any_needs(resources: &[&Attributes], need: &Need) -> bool {
    resources.iter().any(|attributes| need.when.is_none_or(|(attribute, text)| says(attributes, attribute, text)))
}

/// Whether an attribute is declared and its JSON contains that text.
fn says(attributes: &Attributes, attribute: &str, text: &str) -> bool {
    attributes.get(attribute).is_some_and(|value| !value.is_null() && value.to_string().contains(text))
}
