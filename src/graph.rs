//! The graph: which change waits for which. Edges come from references (invariant 6). Pure.
//!
//! It stands between the diff, which knows no time, and the plan. Seven rules make all edges:
//! 1. A change waits for what its after-value refers to, through resources that do not change.
//! 2. A deletion waits for every change whose before-value refers to it and whose after-value no longer does.
//! 3. What comes to be in a place waits for the guard rails of that place and of all places above it. Places themselves do not
//!    wait: an empty OU needs no guard, and what goes into it waits for the whole chain.
//! 4. A guard rail that is loosened waits for what leaves its place, so that nothing is ever under fewer guard rails than those
//!    before and after have in common.
//! 5. For the same reason a guard rail that goes up or down the tree arrives before it leaves, and what an account is given directly
//!    it has before it leaves its place.
//! 6. What comes to be in an account waits for the account, for its guard rails and for its Region, whether it refers to them or not.
//!    What goes from an account does not wait: it was there.
//! 7. A VPC that takes the place of the default one in the quota waits until that is gone.
//!
//! Rules 4 and 5 are soft: where they would close a circle, they yield, and a warning says so.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::rc::Rc;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::address::{Address, Reference, Scope};
use crate::diff::prerequisite;
use crate::limits::LIMITS;
use crate::plan::{Action, Change};
use crate::resource::{self, Attributes, Desired, Finding, FindingSeverity, Live};

/// Changes in an order in which they can be made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ordered {
    /// Each behind all that it waits for, otherwise in order of address.
    pub changes: Vec<Change>,
    /// One error per circle.
    pub findings: Vec<Finding>,
}

/// How much an edge insists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Hard,
    Soft,
}

/// Fills `waits_for` and puts the changes in order.
pub fn order(mut changes: Vec<Change>, desired: &Desired, live: &Live) -> Ordered {
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    let mut edges = Edges::new(&changes, desired, live).find();
    let mut findings = Vec::new();
    let mut order = ranks(changes.len(), &edges);
    // Circles are looked for only where something could never be next.
    if order.len() < changes.len() {
        let yielding = circles(changes.len(), &edges);
        let yields = |&&(from, to, edge): &&(usize, usize, Edge)| edge == Edge::Soft && in_one(&yielding, from, to);
        let given_up: BTreeSet<usize> = edges.iter().filter(yields).map(|&(from, ..)| from).collect();
        edges.retain(|&(from, to, edge)| edge == Edge::Hard || !in_one(&yielding, from, to));
        let closed = circles(changes.len(), &edges);
        findings.extend(given_up.into_iter().map(|guard| unguarded(guard, &changes)));
        findings.extend(closed.members.iter().map(|members| finding(members, &changes)));
        edges.retain(|&(from, to, _)| !in_one(&closed, from, to));
        order = ranks(changes.len(), &edges);
    }
    Ordered { changes: arranged(changes, &edges, &order), findings }
}

/// What finds the edges: everything by its place in `changes`, which are in order of address.
struct Edges<'a> {
    changes: &'a [Change],
    desired: &'a Desired,
    live: &'a Live,
    /// Deletions left out: nothing can refer to what will not be.
    by_address: HashMap<&'a Address, usize>,
    /// By the address of their target: the addresses of the guards.
    guards: BTreeMap<Address, Vec<&'a Address>>,
    /// The kinds that something has as its parent.
    places: BTreeSet<String>,
    /// The live places by AWS's id.
    places_by_id: BTreeMap<&'a str, &'a Address>,
    /// Memo of [`Self::providers`].
    known: BTreeMap<&'a Address, Rc<BTreeSet<usize>>>,
    found: Vec<(usize, usize, Edge)>,
}

impl<'a> Edges<'a> {
    fn new(changes: &'a [Change], desired: &'a Desired, live: &'a Live) -> Self {
        let by_address = changes.iter().enumerate().filter(|(_, c)| c.action != Action::Delete).map(|(i, c)| (&c.address, i)).collect();
        let mut guards: BTreeMap<Address, Vec<&Address>> = BTreeMap::new();
        let mut places = BTreeSet::new();
        for (address, attributes) in &desired.resources {
            let guards_target = resource::kind(address.kind()).is_some_and(|kind| kind.spec().guards_target);
            if guards_target && let Some(Reference::Address(target)) = resource::reference(attributes, "target") {
                guards.entry(target).or_default().push(address);
            }
        }
        let live_attributes = live.resources.iter().map(|(address, live)| (address, &live.attributes));
        for (_, attributes) in desired.resources.iter().chain(live_attributes).filter(|(address, _)| has_parent(address)) {
            if let Some(Reference::Address(parent)) = resource::reference(attributes, "parent")
                && !places.contains(parent.kind())
            {
                places.insert(parent.kind().to_owned());
            }
        }
        let live_places = live.resources.iter().filter(|(address, _)| places.contains(address.kind()));
        let places_by_id = live_places.filter_map(|(address, live)| Some((live.id.as_deref()?, address))).collect();
        Self { changes, desired, live, by_address, guards, places, places_by_id, known: BTreeMap::new(), found: Vec::new() }
    }

    /// The edges in order, each once.
    fn find(mut self) -> Vec<(usize, usize, Edge)> {
        for (index, change) in self.changes.iter().enumerate() {
            let before = self.found.len();
            self.references(index, change);
            self.within(index, change, before);
            self.guarded(index, change);
        }
        self.deletions();
        self.crowded();
        self.loosened();
        self.handed_on();
        self.found.sort_unstable();
        self.found.dedup();
        self.found
    }

    /// Lets a change wait until `address` is what the configuration says.
    fn wait(&mut self, from: usize, address: &Address) {
        if let Some(&to) = self.by_address.get(address) {
            self.found.push((from, to, Edge::Hard));
            return;
        }
        let providers = self.providers(address);
        self.found.extend(providers.iter().map(|&to| (from, to, Edge::Hard)));
    }

    /// Rule 1, and what a change needs without referring to it.
    fn references(&mut self, index: usize, change: &'a Change) {
        let needed = prerequisite(change, &self.desired.management_account);
        let ahead = self.goes_ahead_of(index, change);
        for address in change.after.iter().flat_map(resource::references).chain(needed) {
            if ahead.as_ref() != Some(&address) {
                self.wait(index, &address);
            }
        }
    }

    /// Rule 6. What waits for something in the same account and Region already, as nearly all of a network does, waits through that:
    /// so there are few edges. `known` is where the edges of this change begin.
    fn within(&mut self, index: usize, change: &'a Change, known: usize) {
        let Some(scope) = change.address.scope().filter(|_| change.action != Action::Delete) else { return };
        let in_scope = |&(_, to, _): &(usize, usize, Edge)| self.changes.get(to).is_some_and(|to| to.address.scope() == Some(scope));
        if self.found.get(known..).is_some_and(|edges| edges.iter().any(in_scope)) {
            return;
        }
        let region = change.address.beside("region", "main");
        if change.address != region && self.by_address.contains_key(&region) {
            return self.wait(index, &region);
        }
        let account = Address::new("account", scope.account.as_str());
        let guard = Address::new("policy_attachments", account.to_string());
        self.wait(index, &account);
        self.wait(index, &guard);
    }

    /// The changes that must be made before `address` is what the configuration says: its own, or those of all that it refers to.
    fn providers(&mut self, address: &Address) -> Rc<BTreeSet<usize>> {
        if let Some(&index) = self.by_address.get(address) {
            return Rc::new(BTreeSet::from([index]));
        }
        // Only what the configuration names is followed: AWS's side may refer to what is leaving.
        let Some((address, attributes)) = self.desired.resources.get_key_value(address) else { return Rc::default() };
        if let Some(known) = self.known.get(address) {
            return Rc::clone(known);
        }
        // Known as nothing while it is followed, so that references in a circle end; the circle itself needs no order.
        self.known.insert(address, Rc::default());
        let mut providers = BTreeSet::new();
        for next in resource::references(attributes) {
            providers.extend(self.providers(&next).iter());
        }
        let providers = Rc::new(providers);
        self.known.insert(address, Rc::clone(&providers));
        providers
    }

    /// Rule 5: the move of the account that a guard is of, when the guard gives it what it leaves. The account is there, so its guard
    /// need not wait; but where it also loses what the account goes to, both wait for each other, and yield.
    fn goes_ahead_of(&mut self, index: usize, guard: &Change) -> Option<Address> {
        let shift = Shift::of(guard).filter(|shift| guard.id.is_some() && !shift.gained.is_empty())?;
        let moved = *self.by_address.get(&shift.target)?;
        let change = self.changes.get(moved).filter(|change| change.id.is_some() && change.action != Action::Replace && arrives(change))?;
        let places = self.places_before(change);
        // A place that goes has its policies with it.
        let left = places.iter().chain(places.iter().filter_map(|place| self.guards.get(place)).flatten().copied());
        let left: BTreeSet<Reference> =
            left.filter_map(|address| self.live.resources.get(address)).flat_map(|live| named(&live.attributes)).collect();
        if left.is_disjoint(&shift.gained) {
            return None;
        }
        self.found.push((moved, index, Edge::Soft));
        let above = change.after.as_ref().map(|after| places_above(after, |address| self.desired.resources.get(address)));
        let reached = self.guards_of(above.unwrap_or_default().iter());
        if !reached.is_disjoint(&shift.lost) || !shift.gained_defaults.is_empty() {
            self.found.push((index, moved, Edge::Soft));
        }
        Some(shift.target)
    }

    /// Rule 5: who loses a guard rail waits for whom gains it, above and below.
    fn handed_on(&mut self) {
        let shifts: Vec<(usize, Shift)> = self.changes.iter().enumerate().filter_map(|(i, c)| Some((i, Shift::of(c)?))).collect();
        let desired = self.desired;
        let above = |target: &Address| {
            let attributes = desired.resources.get(target);
            attributes.map(|attributes| places_above(attributes, |address| desired.resources.get(address))).unwrap_or_default()
        };
        // By guard rail and place: who gains it there, and who below.
        let (mut there, mut below): (Gainers<'_>, Gainers<'_>) = Default::default();
        for (index, shift) in &shifts {
            // What arrives waits for the guards of its new place itself.
            if self.by_address.get(&shift.target).and_then(|&i| self.changes.get(i)).is_some_and(arrives) {
                continue;
            }
            let over = if shift.gained.is_empty() { Vec::new() } else { above(&shift.target) };
            for policy in &shift.gained {
                there.entry((policy, shift.target.clone())).or_default().push(*index);
                over.iter().for_each(|place| below.entry((policy, place.clone())).or_default().push(*index));
            }
        }
        for (loser, shift) in shifts.iter().filter(|(_, shift)| !shift.lost.is_empty()) {
            let over = above(&shift.target);
            for policy in &shift.lost {
                let gaining = over.iter().filter_map(|place| there.get(&(policy, place.clone())));
                let gaining = gaining.chain(below.get(&(policy, shift.target.clone()))).flatten();
                self.found.extend(gaining.map(|&gainer| (*loser, gainer, Edge::Soft)));
            }
        }
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
                    self.found.push((deletion, index, Edge::Hard));
                }
            }
        }
    }

    /// Rule 7. Where there is room for both, the two have nothing to do with each other.
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
        let is_made = |change: &&Change| change.address.kind() == "vpc" && change.action == Action::Create;
        for (index, change) in self.changes.iter().enumerate().filter(|(_, change)| is_made(change)) {
            let scope = change.address.scope();
            let crowded = scope.and_then(|scope| there.get(scope)).is_some_and(|vpcs| *vpcs >= LIMITS.quotas.vpcs);
            if let Some(&gone) = scope.and_then(|scope| going.get(scope)).filter(|_| crowded) {
                self.found.push((index, gone, Edge::Hard));
            }
        }
    }

    /// Rule 3. A guard that only goes, of a place that was above before, need not be gone first: rule 4 may want it the other way.
    fn guarded(&mut self, index: usize, change: &'a Change) {
        let Some(after) = change.after.as_ref().filter(|_| arrives(change) && !self.places.contains(change.address.kind())) else { return };
        let before = self.places_before(change);
        for place in places_above(after, |address| self.desired.resources.get(address)) {
            for guard in self.guards.get(&place).cloned().unwrap_or_default() {
                let shift = self.by_address.get(guard).and_then(|&guard| Shift::of(self.changes.get(guard)?));
                let first = match shift {
                    Some(shift) if shift.only_loses() && before.contains(&place) => {
                        self.desired.resources.get(guard).map(resource::references).unwrap_or_default()
                    }
                    Some(_) | None => vec![guard.clone()],
                };
                first.iter().for_each(|address| self.wait(index, address));
            }
        }
    }

    /// The live places above something.
    fn places_before(&self, change: &Change) -> Vec<Address> {
        let in_live = |address: &Address| self.live.resources.get(address).map(|live| &live.attributes);
        let parent = change.before.as_ref().and_then(|before| resource::reference(before, "parent"));
        // What is in a place that is made anew names it by id.
        let parent = parent.and_then(|parent| match parent {
            Reference::Id(id) => Some((*self.places_by_id.get(id.as_str())?).clone().into()),
            Reference::Address(_) => Some(parent),
        });
        chain(parent, in_live)
    }

    /// The guard rails that targets will have.
    fn guards_of<'t>(&self, targets: impl Iterator<Item = &'t Address>) -> BTreeSet<Reference> {
        let guards = targets.filter_map(|target| self.guards.get(target)).flatten();
        guards.filter_map(|guard| self.desired.resources.get(*guard)).flat_map(named).collect()
    }

    /// Rule 4. Of a place that stays above, only what the new place has too would be missed in between.
    fn loosened(&mut self) {
        let shifts = self.changes.iter().enumerate().filter_map(|(index, change)| Some((index, Shift::of(change)?)));
        let loosened = shifts.filter(|(_, shift)| !shift.lost.is_empty() || !shift.lost_defaults.is_empty());
        let loosened: BTreeMap<Address, (usize, Shift)> = loosened.map(|(index, shift)| (shift.target.clone(), (index, shift))).collect();
        if loosened.is_empty() {
            return;
        }
        for (index, change) in self.changes.iter().enumerate() {
            let (Some(_), Some(after)) = (&change.before, &change.after) else { continue };
            if !arrives(change) {
                continue;
            }
            let stays: BTreeSet<Address> = places_above(after, |address| self.desired.resources.get(address)).into_iter().collect();
            let kept = self.guards_of(stays.iter().chain([&change.address]));
            for place in self.places_before(change) {
                if let Some((guard, shift)) = loosened.get(&place)
                    && (!stays.contains(&place) || !shift.lost.is_disjoint(&kept))
                {
                    self.found.push((*guard, index, Edge::Soft));
                }
            }
        }
    }
}

/// Whether it comes to be in a place where it was not.
fn arrives(change: &Change) -> bool {
    change.changes("parent")
}

/// Whether things of its kind lie in a place.
fn has_parent(address: &Address) -> bool {
    resource::kind(address.kind()).is_some_and(|kind| kind.spec().attributes.iter().any(|attribute| attribute.name == "parent"))
}

/// What a change of a guard takes from its target and gives to it. AWS's defaults allow everything: they guard nothing.
struct Shift {
    target: Address,
    lost: BTreeSet<Reference>,
    gained: BTreeSet<Reference>,
    lost_defaults: BTreeSet<Reference>,
    gained_defaults: BTreeSet<Reference>,
}

/// The changes that bring a guard rail to a place.
type Gainers<'a> = BTreeMap<(&'a Reference, Address), Vec<usize>>;

impl Shift {
    fn of(change: &Change) -> Option<Self> {
        let guards = resource::kind(change.address.kind()).is_some_and(|kind| kind.spec().guards_target);
        let (before, after) = (change.before.as_ref().filter(|_| guards)?, change.after.as_ref()?);
        let Reference::Address(target) = resource::reference(after, "target")? else { return None };
        let is_default = |reference: &Reference| match reference {
            Reference::Id(id) => LIMITS.policy_types.iter().any(|limits| limits.default.as_ref() == Some(id)),
            Reference::Address(_) => false,
        };
        let (before, after) = (named(before), named(after));
        let (lost_defaults, lost) = before.difference(&after).cloned().partition(is_default);
        let (gained_defaults, gained) = after.difference(&before).cloned().partition(is_default);
        Some(Self { target, lost, gained, lost_defaults, gained_defaults })
    }

    fn only_loses(&self) -> bool {
        self.gained.is_empty() && self.gained_defaults.is_empty() && self.lost_defaults.is_empty()
    }
}

/// The places that attributes lie in, from the parent up to the organization. Ends where it would go round.
pub(crate) fn places_above<'a>(attributes: &Attributes, lookup: impl Fn(&Address) -> Option<&'a Attributes>) -> Vec<Address> {
    chain(resource::reference(attributes, "parent"), lookup)
}

fn chain<'a>(mut next: Option<Reference>, lookup: impl Fn(&Address) -> Option<&'a Attributes>) -> Vec<Address> {
    let mut above: Vec<Address> = Vec::new();
    while let Some(Reference::Address(place)) = next.take() {
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

/// The circles of a graph.
struct Circles {
    /// Each with its members in order.
    members: Vec<Vec<usize>>,
    /// Which circle a node is in.
    of: BTreeMap<usize, usize>,
}

fn circles(nodes: usize, edges: &[(usize, usize, Edge)]) -> Circles {
    let mut graph = DiGraph::<(), ()>::with_capacity(nodes, edges.len());
    for _ in 0..nodes {
        graph.add_node(());
    }
    for &(from, to, _) in edges {
        graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
    }
    let on_itself = |node: NodeIndex| edges.binary_search(&(node.index(), node.index(), Edge::Hard)).is_ok();
    let mut members: Vec<Vec<usize>> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|component| component.len() > 1 || component.iter().any(|&node| on_itself(node)))
        .map(|component| component.into_iter().map(NodeIndex::index).collect())
        .collect();
    members.iter_mut().for_each(|circle| circle.sort_unstable());
    members.sort_unstable();
    let of = members.iter().enumerate().flat_map(|(circle, nodes)| nodes.iter().map(move |&node| (node, circle))).collect();
    Circles { members, of }
}

fn in_one(circles: &Circles, from: usize, to: usize) -> bool {
    circles.of.get(&from).is_some_and(|circle| circles.of.get(&to) == Some(circle))
}

fn finding(members: &[usize], changes: &[Change]) -> Finding {
    let names: Vec<String> = members.iter().filter_map(|&i| changes.get(i)).map(|change| format!("`{}`", change.address)).collect();
    let subject = members.first().and_then(|&i| changes.get(i)).map(|change| change.address.to_string()).unwrap_or_default();
    let summary = match names.as_slice() {
        [one] => format!("{one} refers to itself: remove that reference"),
        _ => format!("these wait for each other in a circle, so none can be first: {}; remove one of the references", names.join(", ")),
    };
    Finding { severity: FindingSeverity::Error, subject, summary }
}

fn unguarded(guard: usize, changes: &[Change]) -> Finding {
    let subject = changes.get(guard).map(|change| change.address.to_string()).unwrap_or_default();
    let summary =
        "no order of this plan's changes keeps every account under its guard rails at every moment: to avoid that, attach first, \
                   and move and detach with a second plan"
            .to_owned();
    Finding { severity: FindingSeverity::Warning, subject, summary }
}

/// The changes by their place, each behind all that it waits for; among those that could be next, the first by address is. Those in a
/// circle, and those behind one, are left out.
fn ranks(nodes: usize, edges: &[(usize, usize, Edge)]) -> Vec<usize> {
    let mut waiting = vec![0_usize; nodes];
    let mut dependents: Vec<(usize, usize)> = edges.iter().map(|&(from, to, _)| (to, from)).collect();
    dependents.sort_unstable();
    dependents.dedup();
    for (_, from) in &dependents {
        waiting.get_mut(*from).into_iter().for_each(|count| *count += 1);
    }
    let mut ready: BinaryHeap<Reverse<usize>> = waiting.iter().enumerate().filter(|(_, n)| **n == 0).map(|(i, _)| Reverse(i)).collect();
    let mut order = Vec::with_capacity(nodes);
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        let first = dependents.partition_point(|(to, _)| *to < index);
        for (_, dependent) in dependents.iter().skip(first).take_while(|(to, _)| *to == index) {
            let Some(count) = waiting.get_mut(*dependent) else { continue };
            *count -= 1;
            if *count == 0 {
                ready.push(Reverse(*dependent));
            }
        }
    }
    order
}

/// The changes in that order, each with what it waits for.
fn arranged(mut changes: Vec<Change>, edges: &[(usize, usize, Edge)], order: &[usize]) -> Vec<Change> {
    let mut waits_for = Vec::with_capacity(changes.len());
    for index in 0..changes.len() {
        let first = edges.partition_point(|(from, ..)| *from < index);
        let own = edges.iter().skip(first).take_while(|(from, ..)| *from == index);
        let mut addresses: Vec<Address> = own.filter_map(|(_, to, _)| Some(changes.get(*to)?.address.clone())).collect();
        addresses.dedup();
        waits_for.push(addresses);
    }
    for (change, waits_for) in changes.iter_mut().zip(waits_for) {
        change.waits_for = waits_for;
    }
    let mut places = vec![0_usize; changes.len()];
    for (rank, index) in order.iter().enumerate() {
        places.get_mut(*index).into_iter().for_each(|place| *place = rank);
    }
    let mut placed: Vec<(usize, Change)> = places.into_iter().zip(changes).collect();
    placed.sort_unstable_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, change)| change).collect()
}

#[cfg(test)]
mod tests;
