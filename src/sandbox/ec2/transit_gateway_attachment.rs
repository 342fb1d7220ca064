//! Attachments of VPCs to transit gateways, in the VPC's account; and the gateway's side of them: associations with its route table, and
//! propagated routes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::life::{Life, Stage};
use super::list::{Listing, list};
use super::region::Region;
use super::transit_gateway::{self, TransitGateway};
use super::{Ask, Place, Turn, tags};
use crate::sandbox::wire::{Outcome, Refusal};

/// An attachment of a VPC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransitGatewayAttachment {
    /// The transit gateway.
    pub gateway: String,
    /// The 12-digit account that has the gateway.
    pub owner: String,
    /// The VPC.
    pub vpc: String,
    /// Its subnets, one per zone.
    pub subnets: BTreeSet<String>,
    /// Its life.
    pub life: Life,
}

const LISTING: Listing = Listing {
    kind: Kind::TransitGatewayAttachment,
    set: "transitGatewayVpcAttachments",
    ids: "TransitGatewayAttachmentIds",
    filters: &[("vpc-id", "vpcId"), ("transit-gateway-id", "transitGatewayId"), ("state", "state")],
};
const ALL: Listing = Listing {
    kind: Kind::TransitGatewayAttachment,
    set: "transitGatewayAttachments",
    ids: "TransitGatewayAttachmentIds",
    filters: &[("transit-gateway-id", "transitGatewayId"), ("state", "state")],
};
const PROPAGATIONS: Listing =
    Listing { kind: Kind::TransitGatewayAttachment, set: "transitGatewayRouteTablePropagations", ids: "-", filters: &[] };

fn state(life: &Life, now_ms: u64) -> &'static str {
    match life.stage(now_ms) {
        Stage::Pending => "pending",
        Stage::Available => "available",
        Stage::Deleting => "deleting",
        Stage::Deleted => "deleted",
    }
}

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.transit_gateway_attachments.keys(), |id| show(ask.region, ask.place, ask.now_ms, id))
}

fn show(region: &Region, place: &Place, now_ms: u64, id: &str) -> Option<Value> {
    let attachment = region.transit_gateway_attachments.get(id)?;
    Some(json!({
        "transitGatewayAttachmentId": id,
        "transitGatewayId": attachment.gateway,
        "vpcId": attachment.vpc,
        "vpcOwnerId": place.account,
        "state": state(&attachment.life, now_ms),
        "subnetIds": attachment.subnets,
        "tagSet": region.tag_set(id),
    }))
}

/// All attachments to the gateways of the account, whosever VPCs they are of.
pub(super) fn describe_all(ask: &Ask<'_>) -> Outcome {
    let mut found = std::collections::BTreeMap::new();
    for (account, _, region) in ask.world.ec2.iter() {
        for (id, attachment) in &region.transit_gateway_attachments {
            let Some(gateway) = ask.region.transit_gateways.get(&attachment.gateway) else { continue };
            let association = gateway.associated.contains(id);
            let item = json!({
                "transitGatewayAttachmentId": id,
                "transitGatewayId": attachment.gateway,
                "transitGatewayOwnerId": ask.place.account,
                "resourceOwnerId": account,
                "resourceType": "vpc",
                "resourceId": attachment.vpc,
                "state": state(&attachment.life, ask.now_ms),
                "association": association.then(|| json!({ "transitGatewayRouteTableId": gateway.table, "state": "associated" })),
            });
            found.insert(id.clone(), item);
        }
    }
    list(ask, &ALL, found.keys(), |id| found.get(id).cloned())
}

pub(super) fn propagations(ask: &Ask<'_>) -> Outcome {
    let table = ask.input.text("TransitGatewayRouteTableId")?;
    let gateway = ask.region.transit_gateways.values().find(|gateway| gateway.table == table).ok_or_else(|| no_table(table))?;
    let show = |id: &str| Some(json!({ "transitGatewayAttachmentId": id, "resourceType": "vpc", "state": "enabled" }));
    list(ask, &PROPAGATIONS, gateway.propagated.iter(), show)
}

fn no_table(table: &str) -> Refusal {
    Refusal::new("InvalidRouteTableID.NotFound", format!("Transit Gateway Route Table {table} was deleted or does not exist."))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let (gateway, vpc) = (turn.input.text("TransitGatewayId")?, turn.input.text("VpcId")?);
    let tags = tags::of_creation(turn.input, Kind::TransitGatewayAttachment)?;
    Kind::Vpc.find(&turn.region.vpcs, vpc)?;
    let owner =
        transit_gateway::owner(turn.world, turn.region, turn.place, gateway).ok_or_else(|| Kind::TransitGateway.missing(gateway))?;
    let subnets: BTreeSet<String> = turn.input.texts("SubnetIds").into_iter().map(str::to_owned).collect();
    check_subnets(turn.region, vpc, &subnets)?;
    let now_ms = turn.now_ms;
    let mut own = turn.region.transit_gateway_attachments.values();
    if own.any(|other| other.gateway == gateway && other.vpc == vpc && other.life.is_there(now_ms)) {
        let message = format!("{gateway} has already been attached to VPC {vpc}");
        return Err(Refusal::new("DuplicateTransitGatewayAttachment", message));
    }
    let id = turn.region.fresh("tgw-attach");
    let is_own = owner.account == turn.place.account;
    let mut ready = None;
    with_gateway(turn, &owner, gateway, |gateway| {
        ready = Some((gateway.life.stage(now_ms) == Stage::Available, gateway.auto_accept || is_own));
    });
    match ready {
        Some((true, true)) => {}
        Some((true, false)) | Some((false, _)) | None => {
            return Err(Refusal::new("IncorrectState", format!("{gateway} is in an invalid state, or accepts nothing by itself")));
        }
    }
    let life = Life::begin(now_ms, turn.weather.nat_gateway_ms);
    let attachment =
        TransitGatewayAttachment { gateway: gateway.to_owned(), owner: owner.account.clone(), vpc: vpc.to_owned(), subnets, life };
    turn.region.transit_gateway_attachments.insert(id.clone(), attachment);
    turn.region.put_tags(&id, tags);
    with_gateway(turn, &owner, gateway, |gateway| {
        if gateway.default_association {
            gateway.associated.insert(id.clone());
        }
        if gateway.default_propagation {
            gateway.propagated.insert(id.clone());
        }
    });
    Ok(json!({ "transitGatewayVpcAttachment": show(turn.region, turn.place, now_ms, &id) }))
}

/// One subnet per zone, all of the VPC.
fn check_subnets(region: &Region, vpc: &str, subnets: &BTreeSet<String>) -> Result<(), Refusal> {
    let mut zones = BTreeSet::new();
    for id in subnets {
        let subnet = Kind::Subnet.find(&region.subnets, id)?;
        if subnet.vpc != vpc {
            return Err(Refusal::new("InvalidParameterValue", format!("{id} is not in {vpc}")));
        }
        if !zones.insert(subnet.zone.clone()) {
            let message = "Duplicate Availability Zones for same TGW attachment".to_owned();
            return Err(Refusal::new("DuplicateSubnetsInSameZone", message));
        }
    }
    if subnets.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter SubnetIds"));
    }
    Ok(())
}

/// Changes a transit gateway of this account or another.
fn with_gateway(turn: &mut Turn<'_>, owner: &Place, id: &str, change: impl FnOnce(&mut TransitGateway)) {
    if owner.account == turn.place.account {
        turn.region.transit_gateways.get_mut(id).map(change);
    } else {
        let taken = turn.world.ec2.take(turn.world.seed, owner);
        let region = turn.world.ec2.put(owner, taken);
        region.transit_gateways.get_mut(id).map(change);
    }
}

pub(super) fn modify(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("TransitGatewayAttachmentId")?;
    let now_ms = turn.now_ms;
    let attachment = Kind::TransitGatewayAttachment.find(&turn.region.transit_gateway_attachments, id)?;
    if attachment.life.stage(now_ms) != Stage::Available {
        return Err(Refusal::new("IncorrectState", format!("{id} is in invalid state")));
    }
    let mut subnets = attachment.subnets.clone();
    subnets.retain(|id| !turn.input.texts("RemoveSubnetIds").contains(&id.as_str()));
    subnets.extend(turn.input.texts("AddSubnetIds").into_iter().map(str::to_owned));
    check_subnets(turn.region, &attachment.vpc, &subnets)?;
    Kind::TransitGatewayAttachment.find_mut(&mut turn.region.transit_gateway_attachments, id)?.subnets = subnets;
    Ok(json!({ "transitGatewayVpcAttachment": show(turn.region, turn.place, now_ms, id) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("TransitGatewayAttachmentId")?;
    let (now_ms, takes_ms) = (turn.now_ms, turn.weather.nat_gateway_ms);
    let attachment = Kind::TransitGatewayAttachment.find_mut(&mut turn.region.transit_gateway_attachments, id)?;
    match attachment.life.stage(now_ms) {
        Stage::Available => attachment.life.end(now_ms, takes_ms),
        Stage::Pending | Stage::Deleting => return Err(Refusal::new("IncorrectState", format!("{id} is in invalid state"))),
        Stage::Deleted => return Err(Kind::TransitGatewayAttachment.missing(id)),
    }
    let (owner, gateway) = (attachment.owner.clone(), attachment.gateway.clone());
    if let Some(owner) = turn.world.place(&owner, turn.place.region.name) {
        with_gateway(turn, &owner, &gateway, |gateway| {
            gateway.associated.remove(id);
            gateway.propagated.remove(id);
        });
    }
    Ok(json!({ "transitGatewayVpcAttachment": show(turn.region, turn.place, now_ms, id) }))
}

/// The gateway with a route table.
fn of_table<'t>(turn: &'t mut Turn<'_>, table: &str) -> Result<&'t mut TransitGateway, Refusal> {
    turn.region.transit_gateways.values_mut().find(|gateway| gateway.table == table).ok_or_else(|| no_table(table))
}

pub(super) fn associate(turn: &mut Turn<'_>) -> Outcome {
    let (table, id) = (turn.input.text("TransitGatewayRouteTableId")?, turn.input.text("TransitGatewayAttachmentId")?);
    if !of_table(turn, table)?.associated.insert(id.to_owned()) {
        return Err(Refusal::new("Resource.AlreadyAssociated", format!("{id} is already associated to a route table")));
    }
    Ok(json!({ "association": { "transitGatewayAttachmentId": id, "transitGatewayRouteTableId": table, "state": "associating" } }))
}

pub(super) fn propagate(turn: &mut Turn<'_>) -> Outcome {
    let (table, id) = (turn.input.text("TransitGatewayRouteTableId")?, turn.input.text("TransitGatewayAttachmentId")?);
    if !of_table(turn, table)?.propagated.insert(id.to_owned()) {
        return Err(Refusal::new("TransitGatewayRouteTablePropagation.Duplicate", format!("{id} propagates to {table} already")));
    }
    Ok(json!({ "propagation": { "transitGatewayAttachmentId": id, "transitGatewayRouteTableId": table, "state": "enabling" } }))
}
