//! Rules 1, 2, 6, 7 and 8: dependencies that come from references, names and quotas. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::Constraint;
use super::cycles::Found;
use super::guardrails::{Documents, Shift, guards_target};
use super::names::{self, Name};
use super::producers::ProducerIndex;
use crate::address::{Address, Reference, Scope};
use crate::change::{Action, Change};
use crate::diff::prerequisite;
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
        Self { changes, desired, live, shifts, documents, by_address, loosening, guards, places, by_id, known, found }
    }

    /// The edges in order, each once.
    pub fn find(mut self) -> Vec<Found> {
        for (index, change) in self.changes.iter().enumerate() {
            let before = self.found.len();
            self.references(index, change);
            self.within(index, change, before);
            self.guarded(index, change);
        }
        self.deletions();
        self.crowded();
        self.names();
        self.loosened();
        self.transferred();
        self.keep_an_allow_attached();
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

    /// Rule 1, and what a change needs without referring to it.
    fn references(&mut self, index: usize, change: &'a Change) {
        if let Some(shift) = self.shifts.get(&index) {
            let is_new = |address: &&Address| matches!(self.change_of(address).map(|c| c.action), Some(Action::Create | Action::Replace));
            let mut needed: Vec<Address> = [&shift.target].into_iter().filter(is_new).cloned().collect();
            for policy in &shift.gained {
                let Reference::Address(address) = policy else { continue };
                match self.by_address.get(address) {
                    // Keeping the old document for a while would mean one policy too many.
                    Some(edit) if self.documents.is_edited(policy) => self.found.push((index, edit, Constraint::Preferred)),
                    Some(_) | None => needed.push(address.clone()),
                }
            }
            needed.extend(super::steps::first_step(&change.address));
            return needed.iter().for_each(|address| self.wait(index, address));
        }
        let needed = prerequisite(change, &self.desired.management_account).into_iter().chain(super::first_step(&change.address));
        let near = |after| resource::references_near(after, &change.address);
        for address in change.after.iter().flat_map(near).chain(needed) {
            self.wait(index, &address);
        }
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

    /// Rule 6. If a change already depends on something in the same account and Region, as nearly all of a network does, it gets no edge
    /// of its own: so there are few edges. `known` is where the edges of this change begin.
    fn within(&mut self, index: usize, change: &'a Change, known: usize) {
        let Some(key) = change.address.account().filter(|_| change.action != Action::Delete) else { return };
        let in_scope = |&(_, to, _): &Found| self.changes.get(to).is_some_and(|to| to.address.is_beside(&change.address));
        if self.found.get(known..).is_some_and(|edges| edges.iter().any(in_scope)) {
            return;
        }
        let region = change.address.beside("region", "main");
        if change.address != region && self.by_address.near(index, &region).is_some() {
            return self.wait(index, &region);
        }
        let account = Address::new("account", key);
        let guard = Address::new("policy_attachments", account.to_string());
        self.wait(index, &account);
        self.wait(index, &guard);
        // In the quarantine OU, nothing may be allowed yet.
        self.wait(index, &Address::new("placement", key));
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

    /// Rule 2.
    fn deletions(&mut self) {
        let deleted: BTreeMap<Reference, usize> = self
            .changes
            .iter()
            .enumerate()
            .filter(|(_, change)| change.action == Action::Delete)
            .flat_map(|(i, c)| [Some((Reference::Address(c.address.clone()), i)), c.id.clone().map(|id| (Reference::Id(id), i))])
            .flatten()
            .collect();
        if deleted.is_empty() {
            return;
        }
        for (index, change) in self.changes.iter().enumerate() {
            let kept = change.after.as_ref().map(named).unwrap_or_default();
            let released = change.before.as_ref().map(named).unwrap_or_default();
            for reference in released.difference(&kept) {
                if let Some(&deletion) = deleted.get(reference).filter(|&&deletion| deletion != index) {
                    self.found.push((deletion, index, Constraint::Required));
                }
            }
        }
    }

    /// Rule 7. If there is room for both, the two are independent.
    fn crowded(&mut self) {
        let is_default = |change: &Change| change.address.kind() == "default_vpc" && change.action != Action::NoOp;
        let going = self.changes.iter().enumerate().filter(|(_, change)| is_default(change));
        let going: HashMap<&Scope, usize> = going.filter_map(|(index, change)| Some((change.address.scope()?, index))).collect();
        if going.is_empty() {
            return;
        }
        let mut there: HashMap<&Scope, usize> = HashMap::new();
        let only_live = self.live.resources.keys().filter(|address| !self.desired.resources.contains_key(*address));
        for vpc in self.desired.resources.keys().chain(only_live).filter(|address| address.kind() == "vpc") {
            vpc.scope().into_iter().for_each(|scope| *there.entry(scope).or_default() += 1);
        }
        for (scope, others) in &self.live.network.others {
            *there.entry(scope).or_default() += others.vpcs;
        }
        let is_made = |change: &&Change| change.address.kind() == "vpc" && change.action == Action::Create;
        for (index, change) in self.changes.iter().enumerate().filter(|(_, change)| is_made(change)) {
            let scope = change.address.scope();
            let crowded = scope.and_then(|scope| there.get(scope)).is_some_and(|vpcs| *vpcs >= self.desired.network_quotas.vpcs());
            if let Some(&gone) = scope.and_then(|scope| going.get(scope)).filter(|_| crowded) {
                self.found.push((index, gone, Constraint::Required));
            }
        }
    }

    /// Rule 8. Nothing takes a temporary name.
    fn names(&mut self) {
        let changed: Vec<(usize, &Change)> = self.changes.iter().enumerate().filter(|(_, change)| names::is_named_anew(change)).collect();
        let gives_up = changed.iter().filter(|(_, change)| super::first_step(&change.address).is_none());
        let given_up = gives_up.filter_map(|(index, change)| Some((Name::of(change, change.before.as_ref()?)?, *index)));
        let given_up: BTreeMap<Name, usize> = given_up.collect();
        let taken = changed.iter().filter_map(|(index, change)| {
            let from = *given_up.get(&Name::of(change, change.after.as_ref()?)?)?;
            (from != *index).then_some((*index, from, Constraint::Required))
        });
        self.found.extend(taken);
    }
}

/// Whether things of its kind are in a place. A resource in an account has no other place.
fn has_parent(address: &Address) -> bool {
    address.scope().is_none()
        && resource::kind(address.kind()).is_some_and(|kind| kind.spec().attributes.iter().any(|attribute| attribute.name == "parent"))
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

/// All that attributes refer to, by address and by id.
fn named(attributes: &Attributes) -> BTreeSet<Reference> {
    attributes.references().into_iter().collect()
}
