//! A change as the rules of its kind see it.

use super::Attributes;
use crate::address::Address;

/// A change of a resource, before and after.
#[derive(Debug, Clone, Copy)]
pub struct Proposed<'a> {
    /// What is changed.
    pub address: &'a Address,
    /// AWS's id, if it exists.
    pub id: Option<&'a str>,
    /// Its live attributes, if it exists.
    pub before: Option<&'a Attributes>,
    /// Its desired attributes, if it is to exist.
    pub after: Option<&'a Attributes>,
    /// The id of the management account.
    pub management_account: &'a str,
}

impl Proposed<'_> {
    /// Whether it gives an existing resource another value of this attribute.
    pub fn changes(&self, name: &str) -> bool {
        let (Some(before), Some(after)) = (self.before, self.after) else { return false };
        after.get(name).is_some_and(|after| after != before.get(name).unwrap_or_default())
    }
}
