//! Transit gateways. Each has one route table, which attachments are associated with if the gateway says so. Other accounts see a gateway that
//! RAM shares with them. <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-transit-gateways.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::life::{Life, Stage};
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Place, Turn, tags};
use crate::sandbox::input::Input;
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::World;

/// A transit gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransitGateway {
    /// Its number in BGP.
    pub asn: u32,
    /// Whether attachments of other accounts are accepted automatically.
    pub auto_accept: bool,
    /// Whether an attachment gets its route table.
    pub default_association: bool,
    /// Whether the routes of an attachment come into its route table.
    pub default_propagation: bool,
    /// The id of its route table.
    pub table: String,
    /// The attachments that have the table.
    pub associated: BTreeSet<String>,
    /// The attachments that propagate routes to the table.
    pub propagated: BTreeSet<String>,
    /// Its life.
    pub life: Life,
}

const LISTING: Listing = Listing {
    kind: Kind::TransitGateway,
    set: "transitGatewaySet",
    ids: "TransitGatewayIds",
    filters: &[("transit-gateway-id", "transitGatewayId"), ("state", "state"), ("owner-id", "ownerId")],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for id in ask.region.transit_gateways.keys() {
        found.extend(show(ask.region, ask.place, ask.now_ms, id).map(|shown| (id.clone(), shown)));
    }
    let elsewhere = ask.world.ec2.iter().filter(|(account, name, _)| *account != ask.place.account && *name == ask.place.region.name);
    for (account, name, region) in elsewhere {
        let Some(there) = ask.world.place(account, name) else { continue };
        let shared = |id: &&String| ask.world.is_shared(&there.arn(&format!("transit-gateway/{id}")), &ask.place.account);
        for id in region.transit_gateways.keys().filter(shared) {
            let Some(mut shown) = show(region, &there, ask.now_ms, id) else { continue };
            // Tags are the owner's.
            shown.as_object_mut().and_then(|shown| shown.remove("tagSet"));
            found.insert(id.clone(), shown);
        }
    }
    list(ask, &LISTING, found.keys(), |id| found.get(id).cloned())
}

fn show(region: &Region, place: &Place, now_ms: u64, id: &str) -> Option<Value> {
    let gateway = region.transit_gateways.get(id)?;
    let word = |on: bool| if on { "enable" } else { "disable" };
    let state = match gateway.life.stage(now_ms) {
        Stage::Pending => "pending",
        Stage::Available => "available",
        Stage::Deleting => "deleting",
        Stage::Deleted => "deleted",
    };
    Some(json!({
        "transitGatewayId": id,
        "transitGatewayArn": place.arn(&format!("transit-gateway/{id}")),
        "state": state,
        "ownerId": place.account,
        "options": {
            "amazonSideAsn": gateway.asn,
            "autoAcceptSharedAttachments": word(gateway.auto_accept),
            "defaultRouteTableAssociation": word(gateway.default_association),
            "associationDefaultRouteTableId": gateway.table,
            "defaultRouteTablePropagation": word(gateway.default_propagation),
            "propagationDefaultRouteTableId": gateway.table,
        },
        "tagSet": region.tag_set(id),
    }))
}

/// What options say, where they say it.
fn options(input: Input<'_>, gateway: &mut TransitGateway) {
    let Some(options) = input.at("Options") else { return };
    let on = |name: &str, known: bool| options.get(name).map_or(known, |word| word == "enable");
    gateway.auto_accept = on("AutoAcceptSharedAttachments", gateway.auto_accept);
    gateway.default_association = on("DefaultRouteTableAssociation", gateway.default_association);
    gateway.default_propagation = on("DefaultRouteTablePropagation", gateway.default_propagation);
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let tags = tags::of_creation(turn.input, Kind::TransitGateway)?;
    let asn = turn.input.at("Options").map_or(Ok(None), |options| options.number("AmazonSideAsn"))?;
    let mut gateway = TransitGateway {
        asn: asn.unwrap_or(64_512),
        auto_accept: false,
        default_association: true,
        default_propagation: true,
        table: turn.region.fresh("tgw-rtb"),
        associated: BTreeSet::new(),
        propagated: BTreeSet::new(),
        life: Life::begin(turn.now_ms, turn.weather.nat_gateway_ms),
    };
    options(turn.input, &mut gateway);
    let id = turn.region.fresh("tgw");
    turn.region.transit_gateways.insert(id.clone(), gateway);
    turn.region.put_tags(&id, tags);
    Ok(json!({ "transitGateway": show(turn.region, turn.place, turn.now_ms, &id) }))
}

pub(super) fn modify(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("TransitGatewayId")?;
    let (input, now_ms) = (turn.input, turn.now_ms);
    let gateway = Kind::TransitGateway.find_mut(&mut turn.region.transit_gateways, id)?;
    if gateway.life.stage(now_ms) != Stage::Available {
        return Err(Refusal::new("IncorrectState", format!("{id} is not available")));
    }
    options(input, gateway);
    Ok(json!({ "transitGateway": show(turn.region, turn.place, now_ms, id) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("TransitGatewayId")?;
    let now_ms = turn.now_ms;
    let own = turn.region.transit_gateway_attachments.values();
    let all = turn.world.ec2.iter().flat_map(|(_, _, region)| region.transit_gateway_attachments.values()).chain(own);
    let used = all.filter(|attachment| attachment.gateway == id && attachment.life.is_there(now_ms)).count();
    let takes_ms = turn.weather.nat_gateway_ms;
    let gateway = Kind::TransitGateway.find_mut(&mut turn.region.transit_gateways, id)?;
    if !gateway.life.is_there(now_ms) {
        return Err(Kind::TransitGateway.missing(id));
    }
    if used > 0 {
        return Err(Refusal::new("IncorrectState", format!("{id} has non-deleted attachments")));
    }
    gateway.life.end(now_ms, takes_ms);
    Ok(json!({ "transitGateway": show(turn.region, turn.place, now_ms, id) }))
}

/// The account in the same Region that has a transit gateway which `place` may use. `own` is the Region of `place`.
pub(super) fn owner(world: &World, own: &Region, place: &Place, id: &str) -> Option<Place> {
    if own.transit_gateways.contains_key(id) {
        return Some(place.clone());
    }
    let has = |(_, name, region): &(&str, &str, &Region)| *name == place.region.name && region.transit_gateways.contains_key(id);
    let (account, name, _) = world.ec2.iter().find(has)?;
    let there = world.place(account, name)?;
    world.is_shared(&there.arn(&format!("transit-gateway/{id}")), &place.account).then_some(there)
}
