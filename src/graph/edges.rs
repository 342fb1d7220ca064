//! What the rules of the graph work on: the changes, both states, and the edges found so far. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Constraint;
use super::cycles::Found;
use super::guardrails::{Documents, Shift, guards_target};
use super::producers::ProducerIndex;
use super::rules::RULES;
use crate::address::{Address, Reference};
use crate::change::{Action, Change};
use crate::resource::{self, Attributes, Desired, Live};

/// Finds the edges. All numbers are positions in `changes`, which are in order of address.
pub(super) struct Edges<'a> {
    pub(super) changes: &'a [Change],
    pub(super) desired: &'a Desired,
    pub(super) live: &'a Live,
    /// For each change of a set of guardrails: what it detaches and attaches.
    pub(super) shifts: BTreeMap<usize, Shift>,
    pub(super) documents: Documents,
    /// Without deletions, which nothing can refer to, and sets that are only loosened, which nothing needs.
    pub(super) by_address: ProducerIndex<'a>,
    /// The sets that are only loosened, by their target.
    pub(super) loosening: BTreeMap<Address, usize>,
    /// The addresses of the sets, by the address of their target.
    pub(super) guards: BTreeMap<Address, Vec<&'a Address>>,
    /// The kinds that can be a parent.
    pub(super) places: BTreeSet<String>,
    /// The resources with guardrails, by AWS's id.
    by_id: BTreeMap<&'a str, &'a Address>,
    /// By position: whether the references of a change let it depend on another one in its place.
    pub(super) depends_beside: Vec<bool>,
    /// Memo of [`Self::providers`].
    known: BTreeMap<&'a Address, Rc<BTreeSet<usize>>>,
    pub(super) found: Vec<Found>,
}

impl<'a> Edges<'a> {
    pub fn new(changes: &'a [Change], desired: &'a Desired, live: &'a Live) -> Self {
        let shifts: BTreeMap<usize, Shift> = changes.iter().enumerate().filter_map(|(i, change)| Some((i, Shift::of(change)?))).collect();
        let only_loosens = |index: &usize| shifts.get(index).is_some_and(Shift::only_loosens);
        let by_address = ProducerIndex::of(changes, |index, change| change.action != Action::Delete && !only_loosens(&index));
        let loosening =
            shifts.iter().filter(|(index, _)| only_loosens(index)).map(|(index, shift)| (shift.target.clone(), *index)).collect();
        let mut places = BTreeSet::new();
        let live_attributes = live.resources.iter().map(|(address, live)| (address, &live.attributes));
        for (_, attributes) in desired.resources.iter().chain(live_attributes).filter(|(address, _)| has_parent(address)) {
            if let Some(Reference::Address(parent)) = resource::reference(attributes, "parent")
                && !places.contains(parent.kind())
            {
                places.insert(parent.kind().to_owned());
            }
        }
        let live_places = live.resources.iter().filter(|(address, _)| places.contains(address.kind()));
        let targets = live_places.chain(live.beside.iter().filter(|(address, _)| has_parent(address)));
        let by_id = targets.filter_map(|(address, live)| Some((live.id.as_deref()?, address))).collect();
        let mut guards: BTreeMap<Address, Vec<&Address>> = BTreeMap::new();
        let beside = live.beside.iter().map(|(address, live)| (address, &live.attributes));
        for (address, attributes) in desired.resources.iter().chain(beside).filter(|(address, _)| guards_target(address)) {
            if let Some(target) = resource::reference(attributes, "target").and_then(|target| named_by(target, &by_id)) {
                guards.entry(target).or_default().push(address);
            }
        }
        let documents = Documents::of(desired, live);
        let (known, found) = (BTreeMap::new(), Vec::new());
        let depends_beside = Vec::with_capacity(changes.len());
        Self { changes, desired, live, shifts, documents, by_address, loosening, guards, places, by_id, depends_beside, known, found }
    }

    /// The edges that the rules require, in order, each once.
    pub fn find(mut self) -> Vec<Found> {
        for rule in RULES {
            rule(&mut self);
        }
        self.found.sort_unstable();
        self.found.dedup();
        self.found
    }

    /// Makes a change wait until `address` is as the configuration says.
    pub(super) fn wait(&mut self, from: usize, address: &Address) {
        if let Some(to) = self.by_address.near(from, address) {
            self.found.push((from, to, Constraint::Required));
            return;
        }
        let providers = self.providers(address);
        self.found.extend(providers.iter().map(|&to| (from, to, Constraint::Required)));
    }

    /// The live state of an address, also if no configuration names it.
    pub(super) fn now(&self, address: &Address) -> Option<&'a Attributes> {
        let live = self.live.resources.get(address).or_else(|| self.live.beside.get(address));
        live.map(|live| &live.attributes)
    }

    /// The future state of an address. A resource that no configuration names stays as it is.
    pub(super) fn then(&self, address: &Address) -> Option<&'a Attributes> {
        self.desired.resources.get(address).or_else(|| self.live.beside.get(address).map(|live| &live.attributes))
    }

    /// The address of a place or of an account.
    pub(super) fn named(&self, reference: Reference) -> Option<Address> {
        named_by(reference, &self.by_id)
    }

    /// The places that will contain something with these attributes, from the parent up.
    pub(super) fn above(&self, attributes: &Attributes) -> Vec<Address> {
        self.chain(resource::reference(attributes, "parent"), |place| self.then(place))
    }

    /// The places that will contain a place or an account. A resource without a desired place stays where it is.
    pub(super) fn over(&self, place: &Address) -> Option<Vec<Address>> {
        let parent = resource::reference(self.then(place)?, "parent");
        let parent = parent.or_else(|| resource::reference(self.now(place)?, "parent"));
        Some(self.chain(parent, |place| self.then(place)))
    }

    /// The place and those above it.
    pub(super) fn chain(&self, place: Option<Reference>, lookup: impl Fn(&Address) -> Option<&'a Attributes>) -> Vec<Address> {
        chain(place, |reference| self.named(reference), lookup)
    }

    /// The change of an address, unless it is a deletion.
    pub(super) fn change_of(&self, address: &Address) -> Option<&'a Change> {
        self.by_address.get(address).and_then(|index| self.changes.get(index))
    }

    /// The changes that must be applied before `address` is as the configuration says: its own, or those of everything that it refers to.
    fn providers(&mut self, address: &Address) -> Rc<BTreeSet<usize>> {
        if let Some(index) = self.by_address.get(address) {
            return Rc::new(BTreeSet::from([index]));
        }
        self.providers_beyond(address)
    }

    /// The dependencies that come from everything `address` refers to.
    pub(super) fn providers_beyond(&mut self, address: &Address) -> Rc<BTreeSet<usize>> {
        // Only the configuration is followed: the live state may refer to resources that are leaving.
        let Some((address, attributes)) = self.desired.resources.get_key_value(address) else { return Rc::default() };
        if let Some(known) = self.known.get(address) {
            return Rc::clone(known);
        }
        // An empty entry while it is followed, so that a cycle of references ends; the cycle itself needs no order.
        self.known.insert(address, Rc::default());
        let mut providers = BTreeSet::new();
        for next in resource::references(attributes) {
            providers.extend(self.providers(&next).iter());
        }
        let providers = Rc::new(providers);
        self.known.insert(address, Rc::clone(&providers));
        providers
    }
}

/// Whether things of its kind are in a place. A resource in an account has no other place.
fn has_parent(address: &Address) -> bool {
    address.account().is_none() && resource::spec(address).is_some_and(|spec| spec.attribute("parent").is_some())
}

/// What a reference means, by AWS's ids of existing resources.
fn named_by(reference: Reference, by_id: &BTreeMap<&str, &Address>) -> Option<Address> {
    match reference {
        Reference::Address(address) => Some(address),
        Reference::Id(id) => by_id.get(id.as_str()).map(|address| (*address).clone()),
    }
}

/// A place and those above it, up to the organization. Ends before a cycle would repeat.
pub(super) fn chain<'a>(
    mut next: Option<Reference>,
    named: impl Fn(Reference) -> Option<Address>,
    lookup: impl Fn(&Address) -> Option<&'a Attributes>,
) -> Vec<Address> {
    let mut above: Vec<Address> = Vec::new();
    while let Some(place) = next.take().and_then(&named) {
        if above.contains(&place) {
            break;
        }
        next = lookup(&place).and_then(|attributes| resource::reference(attributes, "parent"));
        above.push(place);
    }
    above
}
