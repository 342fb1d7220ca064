//! IPv6 blocks: AWS chooses a /56 for a VPC, and each subnet gets the /64 that its index selects.

use std::net::Ipv6Addr;

use aws_sdk_ec2::types::{VpcCidrBlockStateCode, VpcIpv6CidrBlockAssociation};

use super::calls::{ResourceClient, SETTLING, filter};
use crate::aws::{AwsResult, Error};

/// The associations of the VPC's IPv6 blocks, whatever their state.
pub(super) async fn associations(client: &ResourceClient<'_>, vpc: &str) -> AwsResult<Vec<VpcIpv6CidrBlockAssociation>> {
    let pages = client.client.describe_vpcs().filters(filter("vpc-id", vpc)).into_paginator().items().send();
    let vpcs = client.map_sdk_error("ec2:DescribeVpcs", pages.collect::<Result<Vec<_>, _>>().await)?;
    Ok(vpcs.into_iter().next().and_then(|vpc| vpc.ipv6_cidr_block_association_set).unwrap_or_default())
}

/// Waits until the VPC has its /56: `2001:db8:1234:5600::/56`.
pub(super) async fn vpc_block(client: &ResourceClient<'_>, vpc: &str) -> AwsResult<String> {
    let ask = || async {
        let all = associations(client, vpc).await?;
        Ok(all.into_iter().filter(|a| state(a) == Some(&VpcCidrBlockStateCode::Associated)).find_map(|a| a.ipv6_cidr_block))
    };
    client.wait("the IPv6 block of the VPC", SETTLING, ask).await
}

/// The state of an association.
pub(super) fn state(association: &VpcIpv6CidrBlockAssociation) -> Option<&VpcCidrBlockStateCode> {
    association.ipv6_cidr_block_state().and_then(|state| state.state())
}

/// The /64 number `index` of a /56.
///
/// # Errors
/// The text is no /56.
pub(super) fn subnet_block(vpc: &str, index: u8) -> AwsResult<String> {
    let wrong = || Error::failed(format!("AWS names `{vpc}` as the IPv6 block of the VPC, which is not a /56"));
    let (address, length) = vpc.split_once('/').ok_or_else(wrong)?;
    let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
    let bits = address.to_bits();
    if length != "56" || bits & ((1 << 72) - 1) != 0 {
        return Err(wrong());
    }
    Ok(format!("{}/64", Ipv6Addr::from_bits(bits | u128::from(index) << 64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_has_the_block_of_its_index() {
        assert_eq!(subnet_block("2001:db8:12:3400::/56", 0), Ok("2001:db8:12:3400::/64".to_owned()));
        assert_eq!(subnet_block("2001:db8:12:3400::/56", 0xab), Ok("2001:db8:12:34ab::/64".to_owned()));
        for wrong in ["", "2001:db8::", "2001:db8::/48", "2001:db8:0:1::/56", "10.0.0.0/56"] {
            assert!(subnet_block(wrong, 1).is_err(), "{wrong}");
        }
    }
}
