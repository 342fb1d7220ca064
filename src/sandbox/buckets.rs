//! The server's token buckets for AWS's published request rates, exact to the nanosecond.
//!
//! A bucket is kept as the time at which it will be full again (the generic cell rate algorithm), in whole nanoseconds. Rounding can never
//! make it stricter than published, so a client that keeps to the rates is never refused.

use std::collections::BTreeMap;

use super::service::Service;
use crate::limits::{LIMITS, Rate};

/// All buckets, by service, operation, and the account and Region that are charged.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    full_at: BTreeMap<(Service, String, String, String), u128>,
}

impl Buckets {
    /// Takes a token at `now` (nanoseconds on any clock that does not go back), if there is one.
    pub(super) fn take(&mut self, service: Service, operation: &str, account: &str, region: &str, now: u128) -> bool {
        let Some(Rate { per_second, burst }) = LIMITS.rate(service.as_str(), operation) else { return true };
        let region = if service.is_regional() { region } else { "" };
        // Rounded down: in the client's favour.
        let interval = (1e9 / per_second) as u128;
        let full_at = self.full_at.entry((service, operation.to_owned(), account.to_owned(), region.to_owned())).or_insert(now);
        let after = (*full_at).max(now) + interval;
        let allowed = after <= now + interval * u128::from(burst);
        if allowed {
            *full_at = after;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_and_refill_are_exact() {
        let mut buckets = Buckets::default();
        let mut take = |seconds: f64| buckets.take(Service::Organizations, "CreateAccount", "1", "us-east-1", (seconds * 1e9) as u128);
        // 3 at once, then one every ten seconds.
        assert_eq!([take(0.0), take(0.0), take(0.0), take(0.0)], [true, true, true, false]);
        assert_eq!([take(9.999), take(10.0), take(10.0), take(20.0), take(29.0)], [false, true, false, true, false]);
        // Full again after thirty idle seconds, and never fuller.
        assert_eq!([take(500.0), take(500.0), take(500.0), take(500.0)], [true, true, true, false]);
    }

    #[test]
    fn accounts_and_operations_do_not_share() {
        let mut buckets = Buckets::default();
        assert!(buckets.take(Service::Account, "PutAccountName", "1", "us-east-1", 0));
        assert!(!buckets.take(Service::Account, "PutAccountName", "1", "us-east-1", 0));
        assert!(buckets.take(Service::Account, "PutAccountName", "2", "us-east-1", 0));
        assert!(
            buckets.take(Service::Organizations, "EnableAWSServiceAccess", "1", "us-east-1", 0),
            "an operation without a published rate"
        );
    }
}
