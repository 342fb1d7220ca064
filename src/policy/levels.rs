//! The levels of a hierarchy, by their addresses: the root is `organization.main`, an OU `ou.<key>`, an account `account.<key>`.
//!
//! The kinds of resources are in a higher layer, so their names are repeated here. A test compares them.

use crate::address::Address;

const ROOT: &str = "organization";
const UNIT: &str = "ou";
const ACCOUNT: &str = "account";

/// Whether it is the root.
pub(super) fn is_root(level: &Address) -> bool {
    level.kind() == ROOT
}

/// Whether it is an OU.
pub(super) fn is_unit(level: &Address) -> bool {
    level.kind() == UNIT
}

/// Whether it is an account.
pub(super) fn is_account(level: &Address) -> bool {
    level.kind() == ACCOUNT
}

/// The address of an account.
pub(super) fn account(key: &str) -> Address {
    Address::new(ACCOUNT, key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Kind;
    use crate::resource::organizations::{Account, Organization, OrganizationalUnit};

    #[test]
    fn levels_are_named_as_the_kinds_are() {
        assert_eq!([ROOT, UNIT, ACCOUNT], [Organization::SPEC.kind, OrganizationalUnit::SPEC.kind, Account::SPEC.kind]);
    }
}
