//! The verdicts of a chain on all actions at once.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalogue::{Actions, Set};
use super::super::hierarchy::Family;
use super::super::statement::Effect;
use super::super::truth::Truth;
use super::chains::{Atom, Chain, Chains};
use super::rules::Rule;

/// The actions that pass whatever the request, and those that never do; what hinges on the request is in neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdicts {
    pub passes: Set,
    pub denied: Set,
}

impl Verdicts {
    /// The rest.
    pub(super) fn depends(&self, actions: &Actions) -> Set {
        actions.all().without(&self.passes).without(&self.denied)
    }
}

/// A condition that blocks or allows: its text, its family, and its place.
type Clause = (Family, usize, Option<usize>);

impl Chains<'_> {
    /// What a chain says of every action.
    pub(super) fn verdicts(&self, chain: &Chain) -> Verdicts {
        let scps = self.of_family(&chain.scps);
        let mut rcps = self.of_family(&chain.rcps);
        // Of other services they say nothing.
        rcps.passes.unite_beyond(&self.actions.all(), &self.actions.of_rcps);
        rcps.denied.intersect(&self.actions.of_rcps);
        let mut both = scps;
        both.passes.intersect(&rcps.passes);
        both.denied.unite(&rcps.denied);
        both
    }

    /// A level allows what one of its Allows matches. A Deny at any level overrides that.
    fn of_family(&self, levels: &[usize]) -> Verdicts {
        let mut verdicts = Verdicts { passes: self.actions.all(), denied: self.actions.none() };
        for level in levels {
            let (mut allowed, mut perhaps_allowed) = (self.actions.none(), self.actions.none());
            for atom in self.level(*level) {
                let Some(rule) = self.rules.get(atom.rule) else { continue };
                match rule.effect {
                    Effect::Allow => {
                        atom.of(self.actions, rule, |truth| truth == Truth::True, &mut allowed);
                        atom.of(self.actions, rule, |truth| truth != Truth::False, &mut perhaps_allowed);
                    }
                    Effect::Deny => {
                        atom.of(self.actions, rule, |truth| truth == Truth::True, &mut verdicts.denied);
                        let mut perhaps = self.actions.none();
                        atom.of(self.actions, rule, |truth| truth != Truth::False, &mut perhaps);
                        verdicts.passes.remove(&perhaps);
                    }
                }
            }
            verdicts.passes.intersect(&allowed);
            verdicts.denied.unite_beyond(&self.actions.all(), &perhaps_allowed);
        }
        verdicts
    }

    /// Of actions that hinge on the request under both chains, those that hinge on something else. What is left hinges on the same.
    pub(super) fn other_conditions(&self, before: &Chain, after: &Chain, both: &Set) -> Set {
        let mut other = self.actions.none();
        if both.is_empty() {
            return other;
        }
        let (denied, denied_then) = (self.perhaps_denied(before), self.perhaps_denied(after));
        let none = self.actions.none();
        for clause in denied.keys().chain(denied_then.keys()) {
            let of = |side: &BTreeMap<Clause, Set>| side.get(clause).unwrap_or(&none).clone();
            other.unite(&of(&denied).differing(&of(&denied_then)));
        }
        other.intersect(both);
        // Levels that are in both chains allow under the same conditions.
        let levels = |chain: &Chain, without: &Chain| {
            let of = |family: Family, levels: &[usize], without: &[usize]| {
                levels.iter().filter(|level| !without.contains(level)).map(|level| (family, *level)).collect::<Vec<_>>()
            };
            [of(Family::Scp, &chain.scps, &without.scps), of(Family::Rcp, &chain.rcps, &without.rcps)].concat()
        };
        let (left, come) = (levels(before, after), levels(after, before));
        if self.perhaps_allow(&left) || self.perhaps_allow(&come) {
            let every = |chain: &Chain| levels(chain, &Chain::default());
            let (left, come) = (every(before), every(after));
            for class in self.classes(both.without(&other), left.iter().chain(&come)) {
                let differs = class.numbers().next().is_some_and(|one| self.allows(&left, one) != self.allows(&come, one));
                if differs {
                    other.unite(&class);
                }
            }
        }
        other
    }

    /// Splits these actions into classes that no conditional Allow of any level distinguishes.
    fn classes<'l>(&self, actions: Set, levels: impl Iterator<Item = &'l (Family, usize)>) -> Vec<Set> {
        let perhaps = levels.filter(|level| self.perhaps_allow(std::slice::from_ref(*level))).map(|(_, level)| *level);
        let rules = perhaps.collect::<BTreeSet<usize>>().into_iter().flat_map(|level| self.level(level));
        let rules: BTreeSet<usize> = rules.map(|atom| atom.rule).collect();
        let selected = rules.iter().filter_map(|rule| self.rules.get(*rule)).filter(|rule| rule.effect == Effect::Allow);
        let tell_apart = selected.map(|rule| &*rule.selected).chain([&self.actions.takes_resource, &self.actions.of_rcps]);
        let mut classes = vec![actions];
        for set in tell_apart {
            classes = classes.iter().flat_map(|class| [class.and(set), class.without(set)]).filter(|class| !class.is_empty()).collect();
        }
        classes
    }

    /// The Denies that may match, each with its actions.
    fn perhaps_denied(&self, chain: &Chain) -> BTreeMap<Clause, Set> {
        let mut found: BTreeMap<Clause, Set> = BTreeMap::new();
        for (family, level) in families(chain) {
            for atom in self.level(level) {
                let Some(rule) = self.rules.get(atom.rule).filter(|rule| rule.effect == Effect::Deny) else { continue };
                let mut actions = self.actions.none();
                atom.of(self.actions, rule, |truth| truth == Truth::Unknown, &mut actions);
                if family == Family::Rcp {
                    actions.intersect(&self.actions.of_rcps);
                }
                if !actions.is_empty() {
                    found.entry((family, rule.rest, atom.place)).or_insert_with(|| self.actions.none()).unite(&actions);
                }
            }
        }
        found
    }

    fn perhaps_allow(&self, levels: &[(Family, usize)]) -> bool {
        let perhaps = |atom: &Atom| {
            atom.holds.contains(&Truth::Unknown) && self.rules.get(atom.rule).is_some_and(|rule| rule.effect == Effect::Allow)
        };
        levels.iter().any(|(_, level)| self.level(*level).iter().any(perhaps))
    }

    /// Of each level that allows an action only perhaps, under which conditions it does.
    fn allows(&self, levels: &[(Family, usize)], action: usize) -> BTreeSet<BTreeSet<Clause>> {
        let resource = usize::from(!self.actions.takes_resource.contains(action));
        let mut all = BTreeSet::new();
        for (family, level) in levels.iter().filter(|(family, _)| *family == Family::Scp || self.actions.of_rcps.contains(action)) {
            let mut clauses = BTreeSet::new();
            let mut certain = false;
            for atom in self.level(*level) {
                let Some(rule) = self.rules.get(atom.rule) else { continue };
                if rule.effect == Effect::Deny || !rule.selected.contains(action) {
                    continue;
                }
                match atom.holds.get(resource) {
                    Some(Truth::True) => certain = true,
                    Some(Truth::Unknown) => drop(clauses.insert((*family, rule.rest, atom.place))),
                    Some(Truth::False) | None => {}
                }
            }
            if !certain {
                all.insert(clauses);
            }
        }
        all
    }

    /// What some of these actions hinge on under a chain.
    pub(super) fn hinges_on(&self, chain: &Chain, actions: &Set) -> BTreeSet<String> {
        let mut on = BTreeSet::new();
        for (_, level) in families(chain) {
            for atom in self.level(level) {
                let Some(rule) = self.rules.get(atom.rule) else { continue };
                let mut unknown = self.actions.none();
                atom.of(self.actions, rule, |truth| truth == Truth::Unknown, &mut unknown);
                // Beside an Allow that matches, one that may changes nothing.
                if unknown.meets(actions) && (rule.effect == Effect::Deny || !self.allows_all(level, actions)) {
                    on.extend(rule.hinges_on.iter().cloned());
                }
            }
        }
        on
    }

    fn allows_all(&self, level: usize, actions: &Set) -> bool {
        let mut left = actions.clone();
        for atom in self.level(level) {
            let Some(rule) = self.rules.get(atom.rule).filter(|rule| rule.effect == Effect::Allow) else { continue };
            let mut allowed = self.actions.none();
            atom.of(self.actions, rule, |truth| truth == Truth::True, &mut allowed);
            left.remove(&allowed);
        }
        left.is_empty()
    }
}

fn families(chain: &Chain) -> impl Iterator<Item = (Family, usize)> {
    let of = |family: Family, levels: &[usize]| levels.iter().map(move |level| (family, *level)).collect::<Vec<_>>();
    of(Family::Scp, &chain.scps).into_iter().chain(of(Family::Rcp, &chain.rcps))
}

impl Atom {
    /// Puts the actions of its rule, for which what it says holds so, into a set.
    fn of(&self, actions: &Actions, rule: &Rule<'_>, is: impl Fn(Truth) -> bool, into: &mut Set) {
        let [with_resource, without] = self.holds.map(is);
        match (with_resource, without) {
            (true, true) => into.unite(&rule.selected),
            (true, false) => into.unite_within(&rule.selected, &actions.takes_resource),
            (false, true) => into.unite_beyond(&rule.selected, &actions.takes_resource),
            (false, false) => {}
        }
    }
}
