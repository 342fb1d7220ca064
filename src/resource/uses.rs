//! What one resource of a kind uses: a quota of its account, and money.

use crate::network::{Others, Quotas};
use crate::prices::Item;

use super::Attributes;

/// What a resource costs by the hour: AWS's items, with the number of units. The arguments are its attributes and the number of zones
/// of its VPC.
pub type Price = fn(&Attributes, u64) -> Vec<(Item, u64)>;

/// A quota of an account and Region that every resource of a kind counts against.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// Its key in `[limits]`.
    pub key: &'static str,
    /// Its name in Service Quotas.
    pub name: &'static str,
    /// What one that counts is called.
    pub noun: &'static str,
    /// What `report` calls it; `None` if the line of another kind covers it.
    pub title: Option<&'static str>,
    /// How many there may be.
    pub most: fn(&Quotas) -> usize,
    /// The zone in which a resource with this key counts. It is empty if the quota is one of the Region, and `None` if the resource does
    /// not count.
    pub zone: fn(&str) -> Option<&str>,
    /// How many unmanaged ones there are in a zone, without those that `freed_by` removes.
    pub unmanaged: fn(&Others, &str) -> usize,
    /// The kind of which a change frees a part of this quota.
    pub freed_by: Option<FreedBy>,
}

/// A kind whose change frees a part of a quota.
#[derive(Debug, Clone, Copy)]
pub struct FreedBy {
    /// Its name.
    pub kind: &'static str,
    /// How many it uses as long as it does not change.
    pub uses: fn(&Others) -> usize,
    /// Whether a creation waits for that change if there is no room for both. What belongs to a resource that waits needs no edge of its
    /// own.
    pub is_waited_for: bool,
}

/// For a quota of the Region: every resource counts.
pub(crate) fn anywhere(_: &str) -> Option<&str> {
    Some("")
}
