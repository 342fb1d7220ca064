//! Subnets.

use ipnetwork::{Ipv4Network, Ipv6Network};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::places::Zone;
use super::region::Region;
use super::vpc::{Ipv6Block, Vpc};
use super::{Ask, Place, Turn, dependency, tags};
use crate::sandbox::input::Input;
use crate::sandbox::wire::{Outcome, Refusal};

/// Addresses of a subnet that AWS keeps for itself: the first four and the last.
const RESERVED: u32 = 5;

/// A subnet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// Its VPC.
    pub vpc: String,
    /// Its block.
    pub cidr: Ipv4Network,
    /// Its IPv6 block.
    #[serde(default)]
    pub ipv6: Option<Ipv6Block>,
    /// Its zone's ID, `euw1-az1`.
    pub zone: String,
    /// mapPublicIpOnLaunch.
    pub map_public_ip: bool,
    /// assignIpv6AddressOnCreation.
    pub assign_ipv6: bool,
    /// Whether it is one of those that the Region was born with.
    pub default_for_zone: bool,
}

impl Subnet {
    /// A subnet as CreateSubnet makes it.
    pub fn new(vpc: &str, cidr: Ipv4Network, zone: &str) -> Self {
        let (vpc, zone) = (vpc.to_owned(), zone.to_owned());
        Self { vpc, cidr, ipv6: None, zone, map_public_ip: false, assign_ipv6: false, default_for_zone: false }
    }
}

const LISTING: Listing = Listing {
    kind: Kind::Subnet,
    set: "subnetSet",
    ids: "SubnetId",
    filters: &[
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
        ("availability-zone", "availabilityZone"),
        ("availability-zone-id", "availabilityZoneId"),
        ("cidr-block", "cidrBlock"),
        ("cidrBlock", "cidrBlock"),
        ("default-for-az", "defaultForAz"),
        ("owner-id", "ownerId"),
        ("state", "state"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let zones = ask.place.zones();
    list(ask, &LISTING, ask.region.subnets.keys(), |id| show(ask.region, ask.place, &zones, ask.now_ms, id))
}

fn show(region: &Region, place: &Place, zones: &[Zone], now_ms: u64, id: &str) -> Option<Value> {
    let subnet = region.subnets.get(id)?;
    let used = u32::try_from(region.interfaces_in(id, now_ms)).unwrap_or(u32::MAX);
    let ipv6 = subnet.ipv6.iter().map(show_ipv6);
    Some(json!({
        "subnetId": id,
        "subnetArn": place.arn(&format!("subnet/{id}")),
        "ownerId": place.account,
        "vpcId": subnet.vpc,
        "state": "available",
        "cidrBlock": subnet.cidr,
        "ipv6CidrBlockAssociationSet": ipv6.collect::<Value>(),
        "availabilityZone": zones.iter().find(|zone| zone.id == subnet.zone).map(|zone| &zone.name),
        "availabilityZoneId": subnet.zone,
        "availableIpAddressCount": subnet.cidr.size().saturating_sub(RESERVED).saturating_sub(used),
        "mapPublicIpOnLaunch": subnet.map_public_ip,
        "assignIpv6AddressOnCreation": subnet.assign_ipv6,
        "defaultForAz": subnet.default_for_zone,
        "ipv6Native": false,
        "enableDns64": false,
        "tagSet": region.tag_set(id),
    }))
}

fn show_ipv6(block: &Ipv6Block) -> Value {
    json!({ "associationId": block.association, "ipv6CidrBlock": block.cidr, "ipv6CidrBlockState": { "state": "associated" } })
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let vpc_id = turn.input.text("VpcId")?;
    let vpc = Kind::Vpc.find(&turn.region.vpcs, vpc_id)?;
    let cidr = checked_block(turn, vpc_id, vpc)?;
    let ipv6 = checked_ipv6(turn, vpc_id, vpc)?;
    let zone = zone(turn)?;
    let tags = tags::of_creation(turn.input, Kind::Subnet)?;
    let in_vpc = turn.region.subnets.values().filter(|subnet| subnet.vpc == vpc_id).count();
    if in_vpc >= turn.weather.subnet_quota {
        return Err(Refusal::new("SubnetLimitExceeded", "The maximum number of subnets has been reached."));
    }
    let id = turn.region.fresh("subnet");
    let association = ipv6.map(|cidr| Ipv6Block { association: turn.region.fresh("subnet-cidr-assoc"), cidr });
    turn.region.subnets.insert(id.clone(), Subnet { ipv6: association, ..Subnet::new(vpc_id, cidr, &zone) });
    turn.region.put_tags(&id, tags);
    Ok(json!({ "subnet": show(turn.region, turn.place, &turn.place.zones(), turn.now_ms, &id) }))
}

/// The requested IPv4 block: inside a block of the VPC, without overlap with other subnets.
fn checked_block(turn: &Turn<'_>, vpc_id: &str, vpc: &Vpc) -> Result<Ipv4Network, Refusal> {
    let missing = || Refusal::new("MissingParameter", "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided.");
    let cidr: Ipv4Network = turn.input.parsed("CidrBlock")?.ok_or_else(missing)?;
    let out_of_range = || Refusal::new("InvalidSubnet.Range", format!("The CIDR '{cidr}' is invalid."));
    if !(16..=28).contains(&cidr.prefix()) {
        return Err(out_of_range());
    }
    let cidr = Ipv4Network::new(cidr.network(), cidr.prefix()).map_err(|_| out_of_range())?;
    if !vpc.blocks().any(|block| block.is_supernet_of(cidr)) {
        return Err(out_of_range());
    }
    if turn.region.subnets.values().any(|subnet| subnet.vpc == vpc_id && subnet.cidr.overlaps(cidr)) {
        return Err(conflict(&cidr.to_string()));
    }
    Ok(cidr)
}

fn checked_ipv6(turn: &Turn<'_>, vpc_id: &str, vpc: &Vpc) -> Result<Option<Ipv6Network>, Refusal> {
    let Some(cidr) = turn.input.parsed::<Ipv6Network>("Ipv6CidrBlock")? else { return Ok(None) };
    let inside = vpc.ipv6.as_ref().is_some_and(|block| block.cidr.is_supernet_of(cidr));
    if !inside || cidr.prefix() != 64 || cidr.network() != cidr.ip() {
        return Err(Refusal::new("InvalidSubnet.Range", format!("The CIDR '{cidr}' is invalid.")));
    }
    let taken = |subnet: &Subnet| subnet.vpc == vpc_id && subnet.ipv6.as_ref().is_some_and(|block| block.cidr.overlaps(cidr));
    if turn.region.subnets.values().any(taken) {
        return Err(conflict(&cidr.to_string()));
    }
    Ok(Some(cidr))
}

fn conflict(cidr: &str) -> Refusal {
    Refusal::new("InvalidSubnet.Conflict", format!("The CIDR '{cidr}' conflicts with another subnet"))
}

/// The requested zone ID; the first zone by default.
fn zone(turn: &Turn<'_>) -> Result<String, Refusal> {
    let wanted = turn.input.get("AvailabilityZoneId").or_else(|| turn.input.get("AvailabilityZone"));
    let found = match wanted {
        Some(wanted) => Some(turn.place.zone(wanted).ok_or_else(|| turn.place.no_such_zone(wanted))?),
        None => turn.place.zones().into_iter().next(),
    };
    Ok(found.map(|zone| zone.id).unwrap_or_default())
}

pub(super) fn modify(turn: &mut Turn<'_>) -> Outcome {
    let value = |name: &str| turn.input.at(name).and_then(|attribute: Input<'_>| attribute.flag("Value"));
    let (public, ipv6) = (value("MapPublicIpOnLaunch"), value("AssignIpv6AddressOnCreation"));
    let subnet = Kind::Subnet.find_mut(&mut turn.region.subnets, turn.input.text("SubnetId")?)?;
    match (public, ipv6) {
        (Some(_), Some(_)) => {
            return Err(Refusal::new("InvalidParameterCombination", "Only one attribute can be modified at a time"));
        }
        (Some(public), None) => subnet.map_public_ip = public,
        (None, Some(true)) if subnet.ipv6.is_none() => {
            return Err(Refusal::new("InvalidParameterValue", "The subnet has no IPv6 CIDR block"));
        }
        (None, Some(ipv6)) => subnet.assign_ipv6 = ipv6,
        (None, None) => return Err(Refusal::new("MissingParameter", "The request must contain an attribute")),
    }
    Ok(json!({ "return": true }))
}

pub(super) fn associate_ipv6(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("SubnetId")?;
    let subnet = Kind::Subnet.find(&turn.region.subnets, id)?;
    if subnet.ipv6.is_some() {
        let message = format!("The subnet '{id}' has met its maximum number of allowed IPv6 CIDRs: 1");
        return Err(Refusal::new("CidrLimitExceeded", message));
    }
    let vpc = Kind::Vpc.find(&turn.region.vpcs, &subnet.vpc)?;
    let missing = || Refusal::new("MissingParameter", "The request must contain the parameter ipv6CidrBlock");
    let cidr = checked_ipv6(turn, &subnet.vpc, vpc)?.ok_or_else(missing)?;
    let block = Ipv6Block { association: turn.region.fresh("subnet-cidr-assoc"), cidr };
    let shown = show_ipv6(&block);
    Kind::Subnet.find_mut(&mut turn.region.subnets, id)?.ipv6 = Some(block);
    Ok(json!({ "subnetId": id, "ipv6CidrBlockAssociation": shown }))
}

pub(super) fn disassociate_ipv6(turn: &mut Turn<'_>) -> Outcome {
    let wanted = turn.input.text("AssociationId")?;
    let has = |subnet: &Subnet| subnet.ipv6.as_ref().is_some_and(|block| block.association == wanted);
    let Some((id, subnet)) = turn.region.subnets.iter_mut().find(|(_, subnet)| has(subnet)) else {
        let message = format!("The subnet CIDR block with association ID {wanted} does not exist");
        return Err(Refusal::new("InvalidSubnetCidrBlockAssociationID.NotFound", message));
    };
    if subnet.assign_ipv6 {
        let message = format!("The subnet {id} assigns IPv6 addresses on creation and needs its IPv6 CIDR block");
        return Err(Refusal::new("InvalidCidrBlock.InUse", message));
    }
    let block = subnet.ipv6.take();
    Ok(json!({ "subnetId": id, "ipv6CidrBlockAssociation": block.as_ref().map(show_ipv6) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("SubnetId")?;
    Kind::Subnet.find(&turn.region.subnets, id)?;
    if turn.region.interfaces_in(id, turn.now_ms) > 0 {
        return Err(dependency(format!("The subnet '{id}' has dependencies and cannot be deleted.")));
    }
    let region = &mut *turn.region;
    region.subnets.remove(id);
    for table in region.route_tables.values_mut() {
        table.associations.retain(|_, subnet| subnet != id);
    }
    region.flow_logs.retain(|_, log| log.resource != id);
    region.prune_tags();
    Ok(json!({ "return": true }))
}
