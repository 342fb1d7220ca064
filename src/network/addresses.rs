//! The addresses of VPCs and of the peerings between them.
//!
//! The kinds of resources are in a higher layer, so their names are repeated here. A test compares them.

use crate::address::{Address, Scope};

const VPC: &str = "vpc";
const PEERING: &str = "vpc_peering";

/// `records-dev/eu-west-1/vpc.standard`.
pub fn vpc_address(account: &str, region: &str, layout: &str) -> Address {
    Address::within(Scope { account: account.to_owned(), region: region.to_owned() }, VPC, layout)
}

/// What comes before the addresses of all VPCs of an account and Region, in their order.
pub(super) fn before_vpcs_in(scope: &Scope) -> Address {
    Address::within(scope.clone(), VPC, "")
}

/// The address of the peering of 2 VPCs of one layout, from their addresses: the account whose key sorts first has it. `None` if one of
/// them is in no account.
pub fn peering_address(one: &Address, other: &Address) -> Option<Address> {
    let (near, far) = if one <= other { (one, other) } else { (other, one) };
    let (here, there) = (near.scope()?, far.scope()?);
    Some(Address::within(here.clone(), PEERING, format!("{}/{}", near.key(), there.account)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Kind;
    use crate::resource::network::{Vpc, VpcPeering};

    #[test]
    fn addresses_are_named_as_the_kinds_are() {
        assert_eq!([VPC, PEERING], [Vpc::SPEC.kind, VpcPeering::SPEC.kind]);
    }
}
