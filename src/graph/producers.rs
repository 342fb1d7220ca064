//! Finds the change after which an address is as the configuration says. Pure.

use crate::address::Address;
use crate::change::Change;

/// How far around a change its references are searched first: about the size of an account and Region.
const NEIGHBOURHOOD: usize = 32;

/// Finds changes by address with a binary search: a million of them need no index.
pub(super) struct ProducerIndex<'a> {
    /// In order of address.
    changes: &'a [Change],
    /// Which of them produce something.
    make: Vec<bool>,
}

impl<'a> ProducerIndex<'a> {
    /// The ones of `changes` that `makes` selects; `changes` are in order of address.
    pub fn of(changes: &'a [Change], makes: impl Fn(usize, &Change) -> bool) -> Self {
        debug_assert!(changes.is_sorted_by(|one, other| one.address < other.address), "changes are not in order of address");
        Self { changes, make: changes.iter().enumerate().map(|(index, change)| makes(index, change)).collect() }
    }

    /// The position of the change that produces `address`.
    pub fn get(&self, address: &Address) -> Option<usize> {
        self.find(address, 0, self.changes.len())
    }

    /// The same, searched around the position of a change that refers to it, and then farther away.
    pub fn near(&self, place: usize, address: &Address) -> Option<usize> {
        let is_before = |at: usize| at.checked_sub(1).and_then(|last| self.changes.get(last)).is_none_or(|last| last.address < *address);
        let is_behind = |at: usize| self.changes.get(at).is_none_or(|next| next.address > *address);
        let place = place.min(self.changes.len());
        let mut reach = NEIGHBOURHOOD;
        let mut low = place.saturating_sub(reach);
        while !is_before(low) {
            reach *= 2;
            low = place.saturating_sub(reach);
        }
        reach = NEIGHBOURHOOD;
        let mut high = place.saturating_add(reach);
        while !is_behind(high) {
            reach *= 2;
            high = place.saturating_add(reach);
        }
        self.find(address, low, high.min(self.changes.len()))
    }

    fn find(&self, address: &Address, low: usize, high: usize) -> Option<usize> {
        let among = self.changes.get(low..high)?;
        let found = low + among.binary_search_by(|change| change.address.cmp(address)).ok()?;
        self.make.get(found).copied().unwrap_or_default().then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::worlds;

    /// From every starting position the result is the same: the producer, and nothing else.
    #[test]
    fn near_and_far_the_same_is_found() {
        let all = (0..300).map(|i| (format!("a{}/r/vpc.v{:02}", i / 60, i % 60), serde_json::json!({ "cidr": "10.0.0.0/16" })));
        let all: serde_json::Map<_, _> = all.chain([("ou.a".to_owned(), serde_json::json!({ "name": "a" }))]).collect();
        let changes = crate::diff::diff(&worlds::desired(all.into()), &worlds::live(serde_json::json!({}))).changes;
        assert_eq!(changes.len(), 301);
        let producers = ProducerIndex::of(&changes, |index, _| index % 7 != 0);
        let known = changes.iter().enumerate().map(|(index, change)| (change.address.clone(), (index % 7 != 0).then_some(index)));
        let missing = ["a.a", "a0/r/vpc.v000", "a2/r/vpc.w", "a9/r/vpc.v01", "ou.b"].map(|text| (text.parse().unwrap(), None));
        for (address, place) in known.chain(missing) {
            assert_eq!(producers.get(&address), place, "{address}");
            for from in [0, 1, 31, 32, 33, 150, 299, 300, 301, 5_000] {
                assert_eq!(producers.near(from, &address), place, "{address} from {from}");
            }
        }
    }
}
