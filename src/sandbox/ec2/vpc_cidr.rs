//! The CIDR blocks of a VPC: the first, those added later, and the IPv6 block that Amazon provides.

use std::net::Ipv6Addr;

use ipnetwork::{Ipv4Network, Ipv6Network};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::region::Region;
use super::vpc::Ipv6Block;
use super::{Place, Turn};
use crate::sandbox::wire::{Outcome, Refusal};

/// IPv4 blocks of one VPC. <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>
const MOST: usize = 5;

/// A block in the form that AWS gives it, if it has a size that AWS takes.
pub(super) fn in_range(cidr: Ipv4Network) -> Result<Ipv4Network, Refusal> {
    if !(16..=28).contains(&cidr.prefix()) {
        return Err(Refusal::new("InvalidVpc.Range", format!("The CIDR '{cidr}' is invalid.")));
    }
    Ipv4Network::new(cidr.network(), cidr.prefix()).map_err(|error| Refusal::new("InvalidVpc.Range", error.to_string()))
}

/// The id of a block's association: it follows from the VPC and the block.
fn association(region: &Region, vpc: &str, block: Ipv4Network) -> String {
    format!("vpc-cidr-assoc-{}", region.digits(17, &format!("{vpc} {block}")))
}

pub(super) fn show(region: &Region, vpc: &str, block: Ipv4Network) -> Value {
    json!({ "associationId": association(region, vpc, block), "cidrBlock": block, "cidrBlockState": { "state": "associated" } })
}

pub(super) fn show_ipv6(block: &Ipv6Block, place: &Place) -> Value {
    json!({
        "associationId": block.association,
        "ipv6CidrBlock": block.cidr,
        "ipv6CidrBlockState": { "state": "associated" },
        "networkBorderGroup": place.region.name,
        "ipv6Pool": "Amazon",
    })
}

/// Gives a VPC a /56 of Amazon's.
pub(super) fn give_ipv6(region: &mut Region, vpc: &str) {
    let association = region.fresh("vpc-cidr-assoc");
    let number = u32::from_str_radix(&region.digits(8, &association), 16).unwrap_or_default();
    let [a, b, c, d] = number.to_be_bytes().map(u16::from);
    let cidr = Ipv6Network::new(Ipv6Addr::new(0x2600, 0x1f00 | a, b << 8 | c, d << 8, 0, 0, 0, 0), 56);
    if let (Ok(cidr), Some(vpc)) = (cidr, region.vpcs.get_mut(vpc)) {
        vpc.ipv6 = Some(Ipv6Block { association, cidr });
    }
}

pub(super) fn associate(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("VpcId")?;
    let vpc = Kind::Vpc.find(&turn.region.vpcs, id)?;
    if turn.input.flag("AmazonProvidedIpv6CidrBlock") == Some(true) {
        if vpc.ipv6.is_some() {
            return Err(Refusal::new("CidrLimitExceeded", format!("This network '{id}' has met its maximum number of allowed CIDRs: 1")));
        }
        give_ipv6(turn.region, id);
        let block = turn.region.vpcs.get(id).and_then(|vpc| vpc.ipv6.as_ref());
        return Ok(json!({ "vpcId": id, "ipv6CidrBlockAssociation": block.map(|block| show_ipv6(block, turn.place)) }));
    }
    let missing = || Refusal::new("MissingParameter", "Either CidrBlock or AmazonProvidedIpv6CidrBlock must be provided.");
    let block = in_range(turn.input.parsed("CidrBlock")?.ok_or_else(missing)?)?;
    if vpc.blocks().any(|other| other.overlaps(block)) {
        return Err(Refusal::new("InvalidVpc.Range", format!("The CIDR '{block}' conflicts with another block of this VPC.")));
    }
    if vpc.blocks().count() >= MOST {
        let message = format!("This network '{id}' has met its maximum number of allowed CIDRs: {MOST}");
        return Err(Refusal::new("CidrLimitExceeded", message));
    }
    Kind::Vpc.find_mut(&mut turn.region.vpcs, id)?.secondary.push(block);
    Ok(json!({ "vpcId": id, "cidrBlockAssociation": show(turn.region, id, block) }))
}

pub(super) fn disassociate(turn: &mut Turn<'_>) -> Outcome {
    let wanted = turn.input.text("AssociationId")?;
    if let Some(outcome) = disassociate_ipv6(turn.region, turn.place, wanted) {
        return outcome;
    }
    let region = &mut *turn.region;
    let found = region.vpcs.iter().find_map(|(id, vpc)| {
        let block = vpc.blocks().find(|block| association(region, id, *block) == wanted);
        block.map(|block| (id.clone(), vpc.cidr == block, block))
    });
    let Some((id, primary, block)) = found else {
        let message = format!("The vpc CIDR block with association ID {wanted} does not exist");
        return Err(Refusal::new("InvalidVpcCidrBlockAssociationID.NotFound", message));
    };
    if primary {
        let message = format!("The vpc CIDR block with association ID {wanted} may not be disassociated.");
        return Err(Refusal::new("OperationNotPermitted", message));
    }
    if region.subnets.values().any(|subnet| subnet.vpc == id && block.is_supernet_of(subnet.cidr)) {
        let message = format!("The vpc {id} currently has a subnet within CIDR block {block}");
        return Err(Refusal::new("InvalidCidrBlock.InUse", message));
    }
    let shown = show(region, &id, block);
    if let Some(vpc) = region.vpcs.get_mut(&id) {
        vpc.secondary.retain(|other| *other != block);
    }
    Ok(json!({ "vpcId": id, "cidrBlockAssociation": shown }))
}

/// Takes the IPv6 block from the VPC that has it under that association.
fn disassociate_ipv6(region: &mut Region, place: &Place, wanted: &str) -> Option<Outcome> {
    let has = |block: &&Ipv6Block| block.association == wanted;
    let (id, block) = region.vpcs.iter().find_map(|(id, vpc)| Some((id.clone(), vpc.ipv6.as_ref().filter(has)?.clone())))?;
    if region.subnets.values().any(|subnet| subnet.vpc == id && subnet.ipv6.is_some()) {
        let message = format!("The vpc {id} currently has a subnet within CIDR block {}", block.cidr);
        return Some(Err(Refusal::new("InvalidCidrBlock.InUse", message)));
    }
    region.vpcs.get_mut(&id)?.ipv6 = None;
    Some(Ok(json!({ "vpcId": id, "ipv6CidrBlockAssociation": show_ipv6(&block, place) })))
}
