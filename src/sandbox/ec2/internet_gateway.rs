//! Internet gateways.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Place, Turn, dependency, tags};
use crate::sandbox::wire::{Outcome, Refusal};

/// An internet gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetGateway {
    /// The VPC that it is attached to.
    pub vpc: Option<String>,
}

const LISTING: Listing = Listing {
    kind: Kind::InternetGateway,
    set: "internetGatewaySet",
    ids: "InternetGatewayId",
    filters: &[
        ("internet-gateway-id", "internetGatewayId"),
        ("attachment.vpc-id", "attachmentSet/vpcId"),
        ("attachment.state", "attachmentSet/state"),
        ("owner-id", "ownerId"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.internet_gateways.keys(), |id| show(ask.region, ask.place, id))
}

fn show(region: &Region, place: &Place, id: &str) -> Option<Value> {
    let gateway = region.internet_gateways.get(id)?;
    Some(json!({
        "internetGatewayId": id,
        "ownerId": place.account,
        "attachmentSet": gateway.vpc.iter().map(|vpc| json!({ "state": "available", "vpcId": vpc })).collect::<Value>(),
        "tagSet": region.tag_set(id),
    }))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let tags = tags::of_creation(turn.input, Kind::InternetGateway)?;
    // The quota follows that of VPCs.
    if turn.region.internet_gateways.len() >= turn.weather.vpc_quota {
        return Err(Refusal::new("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached."));
    }
    let id = turn.region.fresh("igw");
    turn.region.internet_gateways.insert(id.clone(), InternetGateway { vpc: None });
    turn.region.put_tags(&id, tags);
    Ok(json!({ "internetGateway": show(turn.region, turn.place, &id) }))
}

pub(super) fn attach(turn: &mut Turn<'_>) -> Outcome {
    let (id, vpc) = (turn.input.text("InternetGatewayId")?, turn.input.text("VpcId")?);
    let gateway = Kind::InternetGateway.find(&turn.region.internet_gateways, id)?;
    Kind::Vpc.find(&turn.region.vpcs, vpc)?;
    if let Some(other) = &gateway.vpc {
        let message = format!("resource {id} is already attached to network {other}");
        return Err(Refusal::new("Resource.AlreadyAssociated", message));
    }
    if turn.region.gateway_of(vpc).is_some() {
        let message = format!("Network {vpc} already has an internet gateway attached");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    Kind::InternetGateway.find_mut(&mut turn.region.internet_gateways, id)?.vpc = Some(vpc.to_owned());
    Ok(json!({ "return": true }))
}

pub(super) fn detach(turn: &mut Turn<'_>) -> Outcome {
    let (id, vpc) = (turn.input.text("InternetGatewayId")?, turn.input.text("VpcId")?);
    let gateway = Kind::InternetGateway.find(&turn.region.internet_gateways, id)?;
    Kind::Vpc.find(&turn.region.vpcs, vpc)?;
    if gateway.vpc.as_deref() != Some(vpc) {
        return Err(Refusal::new("Gateway.NotAttached", format!("resource {id} is not attached to network {vpc}")));
    }
    if turn.region.has_public_addresses(vpc, turn.now_ms) {
        let message = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        return Err(dependency(message));
    }
    Kind::InternetGateway.find_mut(&mut turn.region.internet_gateways, id)?.vpc = None;
    Ok(json!({ "return": true }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("InternetGatewayId")?;
    if Kind::InternetGateway.find(&turn.region.internet_gateways, id)?.vpc.is_some() {
        return Err(dependency(format!("The internetGateway '{id}' has dependencies and cannot be deleted.")));
    }
    turn.region.internet_gateways.remove(id);
    turn.region.prune_tags();
    Ok(json!({ "return": true }))
}

impl Region {
    /// The internet gateway of a VPC.
    pub(super) fn gateway_of(&self, vpc: &str) -> Option<&str> {
        self.internet_gateways.iter().find(|(_, gateway)| gateway.vpc.as_deref() == Some(vpc)).map(|(id, _)| id.as_str())
    }
}
