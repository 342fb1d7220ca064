//! How many calls a plan makes, and the time that they take at best.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::LOCK_CALLS;
use crate::address::Place;
use crate::aws::operations::{self, Scope};
use crate::change::Change;
use crate::limits::LIMITS;

/// How many calls a plan makes, and the time that AWS's published rates allow at best.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Budget {
    /// Mutating calls by `service:Operation`.
    pub calls: BTreeMap<String, usize>,
    /// Seconds, from full token buckets: those of the slowest operation, since all buckets refill at the same time.
    pub seconds_at_best: f64,
    /// The operation that determines `seconds_at_best`.
    pub slowest: Option<String>,
    /// The lock's mutating calls of an apply, in addition to `calls`; empty for an apply without a lock. Renewals in a long run come on
    /// top.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lock: BTreeMap<String, usize>,
}

impl Budget {
    pub(super) fn of(changes: &[Change]) -> Self {
        let mut budget = Self::default();
        for ((_, call), count) in buckets(changes) {
            match budget.calls.get_mut(call) {
                Some(all) => *all += count,
                None => drop(budget.calls.insert(call.to_owned(), count)),
            }
            let seconds = LIMITS.rate_of(call).map_or(0.0, |rate| rate.seconds(count));
            if seconds > budget.seconds_at_best {
                budget.seconds_at_best = seconds;
                budget.slowest = Some(call.to_owned());
            }
        }
        budget
    }

    /// Counts the calls of the lock. They are calls to the organization, and share its token buckets with the changes.
    pub(super) fn add_lock(&mut self) {
        for call in LOCK_CALLS {
            self.lock.insert(call.to_owned(), 1);
            let count = self.calls.get(call).copied().unwrap_or_default() + 1;
            let seconds = LIMITS.rate_of(call).map_or(0.0, |rate| rate.seconds(count));
            if seconds > self.seconds_at_best {
                self.seconds_at_best = seconds;
                self.slowest = Some(call.to_owned());
            }
        }
    }
}

/// What shares one token bucket of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Bucket<'a> {
    /// The calls of the management account to the organization.
    Organization,
    /// An account, for a global service such as IAM.
    Account(&'a str),
    /// An account in a Region.
    Region(&'a str, &'a str),
}

/// How often each operation is called, by its token bucket.
fn buckets(changes: &[Change]) -> BTreeMap<(Bucket<'_>, &str), usize> {
    // A plan of 5,000 accounts has a million calls of a hundred operations, so each operation is looked up once.
    let mut services: HashMap<&str, Service> = HashMap::new();
    let mut counts: HashMap<(Bucket<'_>, &str), usize> = HashMap::new();
    for change in changes {
        for call in &change.calls {
            let service = *services.entry(call).or_insert_with(|| Service::of(call));
            *counts.entry((bucket(change, service), call)).or_default() += 1;
        }
    }
    counts.into_iter().collect()
}

/// Where the service of an operation is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    /// By the management account, for the organization.
    Organizations,
    Global,
    Regional,
}

impl Service {
    fn of(call: &str) -> Self {
        let (service, name) = call.split_once(':').unwrap_or((call, ""));
        match operations::lookup(service, name).map(|operation| operation.scope) {
            _ if service == "organizations" => Self::Organizations,
            Some(Scope::Global) => Self::Global,
            Some(Scope::Regional) | None => Self::Regional,
        }
    }
}

fn bucket(change: &Change, service: Service) -> Bucket<'_> {
    match (change.address.place(), service) {
        (Place::Organization, _) | (_, Service::Organizations) => Bucket::Organization,
        (Place::Account(account), _) => Bucket::Account(account),
        (Place::Region(scope), Service::Global) => Bucket::Account(&scope.account),
        (Place::Region(scope), Service::Regional) => Bucket::Region(&scope.account, &scope.region),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Action;

    fn change(address: &str, calls: &[&str]) -> Change {
        let calls = calls.iter().map(|&call| call.to_owned()).collect();
        let address = address.parse().unwrap();
        Change { address, action: Action::Create, reason: "".into(), id: None, before: None, after: None, calls, waits_for: Vec::new() }
    }

    #[test]
    fn a_global_service_has_one_bucket_per_account() {
        let changes = [
            change("a/r-1/region.main", &["account:EnableRegion", "ec2:CreateVpc"]),
            change("a/r-2/region.main", &["account:EnableRegion", "ec2:CreateVpc"]),
            change("a/role.x", &["account:EnableRegion"]),
            change("b/role.x", &["account:EnableRegion", "organizations:TagResource"]),
            change("ou.x", &["organizations:TagResource"]),
        ];
        let counts: Vec<_> = buckets(&changes).into_iter().collect();
        let expected = [
            ((Bucket::Organization, "organizations:TagResource"), 2),
            ((Bucket::Account("a"), "account:EnableRegion"), 3),
            ((Bucket::Account("b"), "account:EnableRegion"), 1),
            ((Bucket::Region("a", "r-1"), "ec2:CreateVpc"), 1),
            ((Bucket::Region("a", "r-2"), "ec2:CreateVpc"), 1),
        ];
        assert_eq!(counts, expected);
        assert_eq!(Budget::of(&changes).calls["account:EnableRegion"], 4);
    }
}
