//! What a resource is a part of, as its kind and its address say: nobody wants to read forty lines about one deleted VPC.

use super::organizations::Account;
use super::{Kind as _, kind};
use crate::address::Address;

/// What the resources of a kind are a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartOf {
    /// Of nothing but the organization.
    Nothing,
    /// Of an account: the one that they are in, or, in the organization, the one whose key begins theirs
    /// (`alternate_contact.web/billing`).
    Account,
    /// Of the resource whose address is their key: `policy_attachments.ou.work`.
    KeyAddress,
    /// Of the resource of that kind in the same place whose key is or begins theirs: `subnet.standard/a` and `flow_log.standard` are parts
    /// of `vpc.standard`. The resource itself is a part of its account.
    Beside(&'static str),
}

impl PartOf {
    /// The resource that `address` is directly a part of; whether it exists is not said.
    fn whole(self, address: &Address) -> Option<Address> {
        let account = || account_of(address);
        match self {
            Self::Nothing => None,
            Self::Account => Some(account()),
            Self::KeyAddress => address.key().parse().ok(),
            Self::Beside(kind) => {
                let whole = address.beside(kind, first_segment(address.key()));
                Some(if whole == *address { account() } else { whole })
            }
        }
    }
}

/// The resources that one is a part of, the nearest first: of a subnet, its VPC and its account. None for an unknown kind.
pub fn wholes(address: &Address) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    let mut next = whole(address);
    while let Some(one) = next.filter(|one| one != address && !found.contains(one)) {
        next = whole(&one);
        found.push(one);
    }
    found
}

/// The resource that one is directly a part of.
pub fn whole(address: &Address) -> Option<Address> {
    kind(address.kind())?.spec().part_of.whole(address)
}

/// The address of the account of that key.
pub fn account_address(key: &str) -> Address {
    Account::address(key)
}

/// Whether a resource is an account.
pub fn is_account(address: &Address) -> bool {
    Account::has(address)
}

/// The account of a part of an account.
fn account_of(address: &Address) -> Address {
    account_address(address.account().unwrap_or_else(|| first_segment(address.key())))
}

/// The part of a key before its first slash.
fn first_segment(key: &str) -> &str {
    key.split_once('/').map_or(key, |(first, _)| first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(address: &str) -> Vec<String> {
        wholes(&address.parse().unwrap()).iter().map(Address::to_string).collect()
    }

    #[test]
    fn parts_name_their_wholes_the_nearest_first() {
        for (address, expected) in [
            ("organization.main", vec![]),
            ("ou.work", vec![]),
            ("account.web", vec![]),
            ("alternate_contact.web/billing", vec!["account.web"]),
            ("placement.web", vec!["account.web"]),
            ("policy_attachments.account.web", vec!["account.web"]),
            ("policy_attachments.ou.work", vec!["ou.work"]),
            ("web/r/vpc.std", vec!["account.web"]),
            ("web/r/vpc.std/vpc-2", vec!["web/r/vpc.std", "account.web"]),
            ("web/r/subnet.std/a", vec!["web/r/vpc.std", "account.web"]),
            ("web/r/flow_log.std", vec!["web/r/vpc.std", "account.web"]),
            ("web/r/transit_gateway.std", vec!["account.web"]),
            ("unknown.web", vec![]),
        ] {
            assert_eq!(texts(address), expected, "{address}");
        }
    }

    /// A resource that is no part of a VPC may have the key of one.
    #[test]
    fn sharing_a_key_with_a_vpc_makes_no_part_of_it() {
        let in_no_region = Address::in_account("web", "any", "std");
        assert_eq!(PartOf::Account.whole(&in_no_region), Some(account_address("web")));
        assert_eq!(texts("web/r/default_vpc.main"), ["account.web"]);
        assert_eq!(texts("web/r/region.main"), ["account.web"]);
    }
}
