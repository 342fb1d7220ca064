//! The rules of the dependency graph. Each is one function in a file of its own, with its reason and its tests. A new rule is such a
//! function and one line of [`RULES`].

mod accounts;
mod allows;
mod arrivals;
mod deletions;
mod departures;
mod names;
mod quotas;
mod references;
mod transfers;

use super::edges::Edges;

/// Finds the edges that one rule requires.
pub(super) type Rule = fn(&mut Edges<'_>);

/// All rules, in the order of their numbers. `accounts` uses what `references` found; otherwise the order does not matter.
pub(super) const RULES: [Rule; 9] = [
    references::wait_for_references,
    deletions::delete_last,
    arrivals::arrive_under_guardrails,
    departures::loosen_after_departures,
    transfers::attach_before_detaching,
    accounts::wait_for_the_account,
    quotas::make_room_in_quotas,
    names::free_names_first,
    allows::keep_an_allow_attached,
];
