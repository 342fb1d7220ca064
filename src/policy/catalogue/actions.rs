//! The actions of the catalogue by number, and sets of them as bits: one operation evaluates 64 actions.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::pattern::{Case, Pattern};
use super::super::services::RCP_SERVICES;
use super::super::truth::Truth;
use super::Action;

/// The actions, in order of service and name.
#[derive(Debug)]
pub(in crate::policy) struct Actions {
    /// `s3:GetObject`, with its service and its name in it.
    full: Vec<String>,
    services: BTreeMap<String, Range<usize>>,
    /// Those that act on something a statement can name.
    pub takes_resource: Set,
    /// Those that resource control policies apply to.
    pub of_rcps: Set,
}

impl Actions {
    pub(super) fn of(catalogue: &BTreeMap<String, Vec<Action>>) -> Self {
        let (mut full, mut services) = (Vec::new(), BTreeMap::new());
        let (mut takes_resource, mut of_rcps) = (Vec::new(), Vec::new());
        for (service, actions) in catalogue {
            let start = full.len();
            for action in actions {
                let name = format!("{service}:{}", action.name);
                if action.takes_resource {
                    takes_resource.push(full.len());
                }
                if RCP_SERVICES.services.contains(service.as_str()) && RCP_SERVICES.restrict(&name) == Truth::True {
                    of_rcps.push(full.len());
                }
                full.push(name);
            }
            services.insert(service.clone(), start..full.len());
        }
        let size = full.len();
        let set = |numbers: Vec<usize>| Set::of(size, numbers);
        Self { full, services, takes_resource: set(takes_resource), of_rcps: set(of_rcps) }
    }

    /// How many there are.
    pub(in crate::policy) fn len(&self) -> usize {
        self.full.len()
    }

    /// The names with their services, by number.
    pub(in crate::policy) fn names(&self) -> impl Iterator<Item = &str> {
        self.full.iter().map(String::as_str)
    }

    /// The name of one of them.
    pub(in crate::policy) fn name(&self, number: usize) -> Option<&str> {
        self.full.get(number).map(String::as_str)
    }

    /// The services, each with the numbers of its actions.
    pub(in crate::policy) fn services(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.services.iter().map(|(service, range)| (service.as_str(), range.clone()))
    }

    /// The number of an action, in whatever case.
    pub(in crate::policy) fn number(&self, action: &str) -> Option<usize> {
        let (service, _) = action.split_once(':')?;
        let mut range = self.services.get(service.to_lowercase().as_str())?.clone();
        range.find(|number| self.name(*number).is_some_and(|name| name.eq_ignore_ascii_case(action)))
    }

    /// Those that a pattern matches.
    pub(in crate::policy) fn matching(&self, pattern: &Pattern) -> Set {
        if pattern.is_everything() {
            return self.all();
        }
        // Nearly all patterns name their service: the others' actions need no look.
        let service = pattern.text().split_once(':').map(|(service, _)| service).filter(|service| !service.contains(['*', '?']));
        let range = match service {
            Some(service) => self.services.get(service.to_lowercase().as_str()).cloned().unwrap_or(0..0),
            None => 0..self.len(),
        };
        let fits = |name: &str| pattern.matches_plain(name, Case::Insensitive) == Truth::True;
        Set::of(self.len(), range.filter(|number| self.name(*number).is_some_and(fits)))
    }

    /// No action.
    pub(in crate::policy) fn none(&self) -> Set {
        Set::of(self.len(), [])
    }

    /// Every action.
    pub(in crate::policy) fn all(&self) -> Set {
        Set::of(self.len(), 0..self.len())
    }
}

/// A set of actions, a bit each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::policy) struct Set(Box<[u64]>);

impl Set {
    fn of(size: usize, numbers: impl IntoIterator<Item = usize>) -> Self {
        let mut set = Self(vec![0; size.div_ceil(64)].into());
        numbers.into_iter().for_each(|number| set.insert(number));
        set
    }

    pub(in crate::policy) fn insert(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    pub(in crate::policy) fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    fn change(&mut self, other: &Self, how: impl Fn(u64, u64) -> u64) {
        self.0.iter_mut().zip(&other.0).for_each(|(one, other)| *one = how(*one, *other));
    }

    fn with(&self, other: &Self, how: impl Fn(u64, u64) -> u64) -> Self {
        let mut set = self.clone();
        set.change(other, how);
        set
    }

    /// Takes the others in.
    pub(in crate::policy) fn unite(&mut self, other: &Self) {
        self.change(other, |one, other| one | other);
    }

    /// Keeps only what is in both.
    pub(in crate::policy) fn intersect(&mut self, other: &Self) {
        self.change(other, |one, other| one & other);
    }

    /// Puts the others out.
    pub(in crate::policy) fn remove(&mut self, other: &Self) {
        self.change(other, |one, other| one & !other);
    }

    /// Adds the actions of `other` that are in `of` too.
    pub(in crate::policy) fn unite_within(&mut self, other: &Self, of: &Self) {
        self.0.iter_mut().zip(other.0.iter().zip(&of.0)).for_each(|(one, (other, of))| *one |= other & of);
    }

    /// Adds the actions of `other` that are not in `of`.
    pub(in crate::policy) fn unite_beyond(&mut self, other: &Self, of: &Self) {
        self.0.iter_mut().zip(other.0.iter().zip(&of.0)).for_each(|(one, (other, of))| *one |= other & !of);
    }

    /// What is in both.
    pub(in crate::policy) fn and(&self, other: &Self) -> Self {
        self.with(other, |one, other| one & other)
    }

    /// What is here and not there.
    pub(in crate::policy) fn without(&self, other: &Self) -> Self {
        self.with(other, |one, other| one & !other)
    }

    /// What is in one of them only.
    pub(in crate::policy) fn differing(&self, other: &Self) -> Self {
        self.with(other, |one, other| one ^ other)
    }

    pub(in crate::policy) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Whether something is in both.
    pub(in crate::policy) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one & other != 0)
    }

    pub(in crate::policy) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many of a range of numbers are in it.
    pub(in crate::policy) fn count_within(&self, range: &Range<usize>) -> usize {
        let words = self.0.iter().enumerate().skip(range.start / 64).take_while(|(index, _)| index * 64 < range.end);
        let inside = |(index, word): (usize, &u64)| {
            let (from, to) = (range.start.saturating_sub(index * 64), (range.end - index * 64).min(64));
            let mask = u64::MAX.checked_shr((64 - to) as u32).unwrap_or(0) & u64::MAX.checked_shl(from as u32).unwrap_or(0);
            (word & mask).count_ones() as usize
        };
        words.map(inside).sum()
    }

    /// The numbers, in order.
    pub(in crate::policy) fn numbers(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(index * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::policy::Catalogue;

    #[test]
    fn what_a_pattern_matches_is_what_the_matcher_says_of_each_action() {
        let catalogue = Catalogue::built_in();
        let all = catalogue.actions();
        for pattern in ["*", "s3:Get*", "S3:putobject", "ec2:?*Vpc", "*:*Object", "s?:List*", "nothing:*", "s3*", "*:*"] {
            let pattern = Pattern::plain(pattern);
            let matching = all.matching(&pattern);
            for (number, name) in all.names().enumerate() {
                let expected = pattern.matches_plain(name, Case::Insensitive) == Truth::True;
                assert_eq!(matching.contains(number), expected, "{name} {}", pattern.text());
            }
        }
    }

    #[test]
    fn actions_have_numbers() {
        let catalogue = Catalogue::built_in();
        let all = catalogue.actions();
        let number = all.number("S3:getobject").unwrap();
        assert_eq!((all.name(number), all.number("s3:NoSuchThing")), (Some("s3:GetObject"), None));
        assert!(all.takes_resource.contains(number) && all.of_rcps.contains(number));
        assert!(!all.of_rcps.contains(all.number("ec2:RunInstances").unwrap()));
        assert_eq!(all.all().len(), all.len());
    }

    proptest! {
        #[test]
        fn sets_of_bits_are_sets(one in prop::collection::btree_set(0..200usize, 0..40), other in prop::collection::btree_set(0..200usize, 0..40)) {
            let set = |numbers: &BTreeSet<usize>| Set::of(200, numbers.iter().copied());
            let back = |set: &Set| set.numbers().collect::<BTreeSet<usize>>();
            let (a, b) = (set(&one), set(&other));
            prop_assert_eq!(back(&a.and(&b)), &one & &other);
            prop_assert_eq!(back(&a.without(&b)), &one - &other);
            prop_assert_eq!(back(&a.differing(&b)), &one ^ &other);
            prop_assert_eq!(a.meets(&b), !one.is_disjoint(&other));
            prop_assert_eq!((a.len(), a.is_empty()), (one.len(), one.is_empty()));
            let mut both = a.clone();
            both.unite(&b);
            prop_assert_eq!(back(&both), &one | &other);
            if let (Some(first), Some(last)) = (other.first(), other.last()) {
                prop_assert_eq!(a.count_within(&(*first..*last)), one.range(first..last).count());
            }
        }
    }
}
