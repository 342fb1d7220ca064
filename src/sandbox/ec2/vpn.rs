//! Site-to-site VPNs: virtual private gateways, customer gateways, and VPN connections with static routes.

use std::collections::{BTreeMap, BTreeSet};

use ipnetwork::Ipv4Network;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::life::{Life, Stage};
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Turn, tags};
use crate::sandbox::input::bad_value;
use crate::sandbox::wire::{Outcome, Refusal};

/// How long what is deleted is still listed (ms).
const LISTED_MS: u64 = 3_600_000;
/// The configuration of the far end that AWS returns, including pre-shared keys. A client that shows any of it has a leak.
const CONFIGURATION: &str = "<vpn_connection><ike><pre_shared_key>SANDBOX-PRE-SHARED-KEY</pre_shared_key></ike></vpn_connection>";

/// A VPN gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpnGateway {
    /// The VPC that it is attached to, and the life of that.
    pub attachment: Option<(String, Life)>,
    /// Its life.
    pub life: Life,
    /// Until when AWS still works on what was done to it or its connections, and refuses to attach, detach or delete it (ms).
    #[serde(default)]
    pub pending_ms: u64,
}

/// An office.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerGateway {
    /// Its address.
    pub address: String,
    /// Its number in BGP.
    pub asn: String,
    /// Its life.
    pub life: Life,
}

/// A connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpnConnection {
    /// The office.
    pub far: String,
    /// The VPN gateway.
    pub near: String,
    /// Its static routes.
    pub routes: BTreeSet<String>,
    /// Its life.
    pub life: Life,
}

/// Whether it is there, or still listed.
pub(super) fn is_listed(life: &Life, now_ms: u64) -> bool {
    life.deleted_ms.is_none_or(|deleted| now_ms < deleted + LISTED_MS)
}

fn state(life: &Life, now_ms: u64) -> &'static str {
    match life.stage(now_ms) {
        Stage::Pending => "pending",
        Stage::Available => "available",
        Stage::Deleting => "deleting",
        Stage::Deleted => "deleted",
    }
}

const GATEWAYS: Listing = Listing {
    kind: Kind::VpnGateway,
    set: "vpnGatewaySet",
    ids: "VpnGatewayId",
    filters: &[("attachment.vpc-id", "attachments/vpcId"), ("state", "state")],
};
const OFFICES: Listing =
    Listing { kind: Kind::CustomerGateway, set: "customerGatewaySet", ids: "CustomerGatewayId", filters: &[("state", "state")] };
const CONNECTIONS: Listing =
    Listing { kind: Kind::VpnConnection, set: "vpnConnectionSet", ids: "VpnConnectionId", filters: &[("state", "state")] };

/// The three lists here know no pages: AWS answers with all at once.
fn whole<'a>(ask: &Ask<'a>) -> Ask<'a> {
    Ask { empty_page: false, ..*ask }
}

pub(super) fn describe_gateways(ask: &Ask<'_>) -> Outcome {
    list(&whole(ask), &GATEWAYS, ask.region.vpn_gateways.keys(), |id| show_gateway(ask.region, ask.now_ms, id))
}

fn show_gateway(region: &Region, now_ms: u64, id: &str) -> Option<Value> {
    let gateway = region.vpn_gateways.get(id)?;
    let attachment = |(vpc, life): &(String, Life)| {
        let state = match life.stage(now_ms) {
            Stage::Pending => "attaching",
            Stage::Available => "attached",
            Stage::Deleting => "detaching",
            Stage::Deleted => "detached",
        };
        json!({ "vpcId": vpc, "state": state })
    };
    Some(json!({
        "vpnGatewayId": id,
        "state": state(&gateway.life, now_ms),
        "type": "ipsec.1",
        "amazonSideAsn": 64_512,
        "attachments": gateway.attachment.iter().map(attachment).collect::<Value>(),
        "tagSet": region.tag_set(id),
    }))
}

/// The only type that there is.
fn check_type(turn: &Turn<'_>) -> Result<(), Refusal> {
    match turn.input.text("Type")? {
        "ipsec.1" => Ok(()),
        other => Err(bad_value("type", other)),
    }
}

pub(super) fn create_gateway(turn: &mut Turn<'_>) -> Outcome {
    check_type(turn)?;
    let tags = tags::of_creation(turn.input, Kind::VpnGateway)?;
    let id = turn.region.fresh("vgw");
    let takes_ms = turn.weather.vpn_gateway_ms;
    let gateway = VpnGateway { attachment: None, life: Life::begin(turn.now_ms, takes_ms), pending_ms: turn.now_ms + 2 * takes_ms };
    turn.region.vpn_gateways.insert(id.clone(), gateway);
    turn.region.put_tags(&id, tags);
    Ok(json!({ "vpnGateway": show_gateway(turn.region, turn.now_ms, &id) }))
}

impl VpnGateway {
    /// The VPC that it is attached to.
    pub(super) fn vpc(&self, now_ms: u64) -> Option<&str> {
        self.attachment.as_ref().filter(|(_, life)| life.is_there(now_ms)).map(|(vpc, _)| vpc.as_str())
    }

    /// Refuses while AWS still works on an earlier call. Source: the acceptance tests of Terraform's provider that ran on AWS, hashicorp/
    /// terraform-provider-aws pull requests 11720 and 35772, read 2026-11-30.
    fn check_pending(&self, id: &str, now_ms: u64) -> Result<(), Refusal> {
        if self.pending_ms <= now_ms {
            return Ok(());
        }
        let message = format!("This call cannot be completed because there is a conflicting pending workflow for {id}");
        Err(Refusal::new("InvalidParameterValue", message))
    }
}

pub(super) fn attach(turn: &mut Turn<'_>) -> Outcome {
    let (id, vpc) = (turn.input.text("VpnGatewayId")?, turn.input.text("VpcId")?);
    Kind::Vpc.find(&turn.region.vpcs, vpc)?;
    let now_ms = turn.now_ms;
    let gateway = Kind::VpnGateway.find(&turn.region.vpn_gateways, id)?;
    if gateway.vpc(now_ms) != Some(vpc) {
        let taken = turn.region.vpn_gateways.values().any(|other| other.vpc(now_ms) == Some(vpc));
        if taken || gateway.vpc(now_ms).is_some() {
            let message = format!("The VPN gateway '{id}' or the VPC '{vpc}' is attached already");
            return Err(Refusal::new("InvalidParameterValue", message));
        }
        gateway.check_pending(id, now_ms)?;
        let takes_ms = turn.weather.vpn_gateway_ms;
        let gateway = Kind::VpnGateway.find_mut(&mut turn.region.vpn_gateways, id)?;
        gateway.attachment = Some((vpc.to_owned(), Life::begin(now_ms, takes_ms)));
        gateway.pending_ms = now_ms + 2 * takes_ms;
    }
    Ok(json!({ "attachment": { "state": "attaching", "vpcId": vpc } }))
}

pub(super) fn detach(turn: &mut Turn<'_>) -> Outcome {
    let (id, vpc) = (turn.input.text("VpnGatewayId")?, turn.input.text("VpcId")?);
    let (now_ms, takes_ms) = (turn.now_ms, turn.weather.vpn_gateway_ms);
    let is_pending = |connection: &VpnConnection| matches!(connection.life.stage(now_ms), Stage::Pending | Stage::Deleting);
    if turn.region.vpn_connections.values().any(|connection| connection.near == id && is_pending(connection)) {
        let message = "This call cannot be completed because there are pending VPNs or Virtual Interfaces";
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let gateway = Kind::VpnGateway.find_mut(&mut turn.region.vpn_gateways, id)?;
    gateway.check_pending(id, now_ms)?;
    match &mut gateway.attachment {
        Some((attached, life)) if attached == vpc && life.deleted_ms.is_none() => {
            life.end(now_ms, takes_ms);
            gateway.pending_ms = now_ms + 2 * takes_ms;
        }
        Some(_) | None => {
            let message = format!("The attachment with vpnGateway ID '{id}' and vpc ID '{vpc}' does not exist");
            return Err(Refusal::new("InvalidVpnGatewayAttachment.NotFound", message));
        }
    }
    for table in turn.region.route_tables.values_mut() {
        table.propagating.remove(id);
    }
    Ok(json!({ "return": true }))
}

pub(super) fn delete_gateway(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("VpnGatewayId")?;
    let now_ms = turn.now_ms;
    let gateway = Kind::VpnGateway.find(&turn.region.vpn_gateways, id)?;
    if !gateway.life.is_there(now_ms) {
        return Err(Kind::VpnGateway.missing(id));
    }
    let connected = turn.region.vpn_connections.values().any(|connection| connection.near == id && connection.life.is_there(now_ms));
    if gateway.vpc(now_ms).is_some() || connected {
        return Err(Refusal::new("IncorrectState", format!("The vpnGateway ID '{id}' is attached or has connections")));
    }
    gateway.check_pending(id, now_ms)?;
    Kind::VpnGateway.find_mut(&mut turn.region.vpn_gateways, id)?.life.end(now_ms, 0);
    Ok(json!({ "return": true }))
}

pub(super) fn propagate(turn: &mut Turn<'_>) -> Outcome {
    let (table, gateway) = (turn.input.text("RouteTableId")?, turn.input.text("GatewayId")?);
    let vpc = Kind::VpnGateway.find(&turn.region.vpn_gateways, gateway)?.vpc(turn.now_ms).map(str::to_owned);
    let table = Kind::RouteTable.find_mut(&mut turn.region.route_tables, table)?;
    if vpc.as_ref() != Some(&table.vpc) {
        return Err(Refusal::new("Gateway.NotAttached", format!("resource {gateway} is not attached to network {}", table.vpc)));
    }
    table.propagating.insert(gateway.to_owned());
    Ok(json!({ "return": true }))
}

pub(super) fn stop_propagating(turn: &mut Turn<'_>) -> Outcome {
    let (table, gateway) = (turn.input.text("RouteTableId")?, turn.input.text("GatewayId")?);
    Kind::RouteTable.find_mut(&mut turn.region.route_tables, table)?.propagating.remove(gateway);
    Ok(json!({ "return": true }))
}

pub(super) fn describe_offices(ask: &Ask<'_>) -> Outcome {
    list(&whole(ask), &OFFICES, ask.region.customer_gateways.keys(), |id| show_office(ask.region, ask.now_ms, id))
}

fn show_office(region: &Region, now_ms: u64, id: &str) -> Option<Value> {
    let office = region.customer_gateways.get(id)?;
    Some(json!({
        "customerGatewayId": id,
        "state": state(&office.life, now_ms),
        "type": "ipsec.1",
        "ipAddress": office.address,
        "bgpAsn": office.asn,
        "tagSet": region.tag_set(id),
    }))
}

pub(super) fn create_office(turn: &mut Turn<'_>) -> Outcome {
    check_type(turn)?;
    let tags = tags::of_creation(turn.input, Kind::CustomerGateway)?;
    let address = turn.input.get("IpAddress").or_else(|| turn.input.get("PublicIp"));
    let address = address.ok_or_else(|| Refusal::new("MissingParameter", "The request must contain the parameter IpAddress"))?;
    let asn = turn.input.get("BgpAsnExtended").or_else(|| turn.input.get("BgpAsn")).unwrap_or("65000");
    let (now_ms, same) = (turn.now_ms, |office: &CustomerGateway| office.address == address && office.asn == asn);
    let known = turn.region.customer_gateways.iter().find(|(_, office)| office.life.is_there(now_ms) && same(office));
    // AWS makes no second one, and answers with the first.
    let id = match known.map(|(id, _)| id.clone()) {
        Some(id) => id,
        None => {
            let id = turn.region.fresh("cgw");
            let office = CustomerGateway { address: address.to_owned(), asn: asn.to_owned(), life: Life::begin(now_ms, 0) };
            turn.region.customer_gateways.insert(id.clone(), office);
            turn.region.put_tags(&id, tags);
            id
        }
    };
    Ok(json!({ "customerGateway": show_office(turn.region, now_ms, &id) }))
}

pub(super) fn delete_office(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("CustomerGatewayId")?;
    let now_ms = turn.now_ms;
    if !Kind::CustomerGateway.find(&turn.region.customer_gateways, id)?.life.is_there(now_ms) {
        return Err(Kind::CustomerGateway.missing(id));
    }
    if turn.region.vpn_connections.values().any(|connection| connection.far == id && connection.life.is_there(now_ms)) {
        return Err(Refusal::new("IncorrectState", format!("The customer gateway is in use: '{id}'")));
    }
    Kind::CustomerGateway.find_mut(&mut turn.region.customer_gateways, id)?.life.end(now_ms, 0);
    Ok(json!({ "return": true }))
}

pub(super) fn describe_connections(ask: &Ask<'_>) -> Outcome {
    list(&whole(ask), &CONNECTIONS, ask.region.vpn_connections.keys(), |id| show_connection(ask.region, ask.now_ms, id))
}

fn show_connection(region: &Region, now_ms: u64, id: &str) -> Option<Value> {
    let connection = region.vpn_connections.get(id)?;
    let route = |route: &String| json!({ "destinationCidrBlock": route, "source": "Static", "state": "available" });
    Some(json!({
        "vpnConnectionId": id,
        "state": state(&connection.life, now_ms),
        "type": "ipsec.1",
        "category": "VPN",
        "customerGatewayId": connection.far,
        "vpnGatewayId": connection.near,
        "customerGatewayConfiguration": CONFIGURATION,
        "options": { "staticRoutesOnly": true },
        "routes": connection.routes.iter().map(route).collect::<Value>(),
        "tagSet": region.tag_set(id),
    }))
}

pub(super) fn create_connection(turn: &mut Turn<'_>) -> Outcome {
    check_type(turn)?;
    let tags = tags::of_creation(turn.input, Kind::VpnConnection)?;
    let (far, near) = (turn.input.text("CustomerGatewayId")?, turn.input.text("VpnGatewayId")?);
    let now_ms = turn.now_ms;
    let there = |life: &Life, kind: Kind, id: &str| if life.is_there(now_ms) { Ok(()) } else { Err(kind.missing(id)) };
    there(&Kind::CustomerGateway.find(&turn.region.customer_gateways, far)?.life, Kind::CustomerGateway, far)?;
    there(&Kind::VpnGateway.find(&turn.region.vpn_gateways, near)?.life, Kind::VpnGateway, near)?;
    let id = turn.region.fresh("vpn");
    let life = Life::begin(now_ms, turn.weather.nat_gateway_ms);
    let connection = VpnConnection { far: far.to_owned(), near: near.to_owned(), routes: BTreeSet::new(), life };
    turn.region.vpn_connections.insert(id.clone(), connection);
    turn.region.put_tags(&id, tags);
    Ok(json!({ "vpnConnection": show_connection(turn.region, now_ms, &id) }))
}

/// A connection that can be changed.
fn available<'c>(connections: &'c mut BTreeMap<String, VpnConnection>, id: &str, now_ms: u64) -> Result<&'c mut VpnConnection, Refusal> {
    let connection = Kind::VpnConnection.find_mut(connections, id)?;
    match connection.life.stage(now_ms) {
        Stage::Available => Ok(connection),
        Stage::Pending => Err(Refusal::new("IncorrectState", format!("The vpnConnection ID '{id}' is not available"))),
        Stage::Deleting | Stage::Deleted => Err(Kind::VpnConnection.missing(id)),
    }
}

pub(super) fn modify_connection(turn: &mut Turn<'_>) -> Outcome {
    let (id, far) = (turn.input.text("VpnConnectionId")?, turn.input.text("CustomerGatewayId")?);
    Kind::CustomerGateway.find(&turn.region.customer_gateways, far)?;
    let connection = available(&mut turn.region.vpn_connections, id, turn.now_ms)?;
    connection.far = far.to_owned();
    connection.life.available_ms = turn.now_ms + turn.weather.nat_gateway_ms;
    Ok(json!({ "vpnConnection": show_connection(turn.region, turn.now_ms, id) }))
}

pub(super) fn delete_connection(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("VpnConnectionId")?;
    let (now_ms, takes_ms) = (turn.now_ms, turn.weather.nat_gateway_ms);
    let connection = Kind::VpnConnection.find_mut(&mut turn.region.vpn_connections, id)?;
    if connection.life.deleted_ms.is_some() {
        return Err(Kind::VpnConnection.missing(id));
    }
    connection.life.end(now_ms, takes_ms);
    let near = connection.near.clone();
    if let Some(gateway) = turn.region.vpn_gateways.get_mut(&near) {
        gateway.pending_ms = gateway.pending_ms.max(now_ms + takes_ms + turn.weather.vpn_gateway_ms);
    }
    Ok(json!({ "return": true }))
}

fn destination<'a>(turn: &Turn<'a>) -> Result<&'a str, Refusal> {
    let text = turn.input.text("DestinationCidrBlock")?;
    let block: Ipv4Network = text.parse().map_err(|_| bad_value("destinationCidrBlock", text))?;
    if block.ip() == block.network() { Ok(text) } else { Err(bad_value("destinationCidrBlock", text)) }
}

pub(super) fn create_route(turn: &mut Turn<'_>) -> Outcome {
    let (id, route) = (turn.input.text("VpnConnectionId")?, destination(turn)?);
    available(&mut turn.region.vpn_connections, id, turn.now_ms)?.routes.insert(route.to_owned());
    Ok(json!({ "return": true }))
}

pub(super) fn delete_route(turn: &mut Turn<'_>) -> Outcome {
    let (id, route) = (turn.input.text("VpnConnectionId")?, destination(turn)?);
    if !available(&mut turn.region.vpn_connections, id, turn.now_ms)?.routes.remove(route) {
        return Err(Refusal::new("InvalidRoute.NotFound", format!("no route with destination-cidr-block {route} in {id}")));
    }
    Ok(json!({ "return": true }))
}

impl Region {
    /// What keeps a VPC from being deleted: a VPN gateway that is attached to it.
    pub(super) fn has_vpn(&self, vpc: &str, now_ms: u64) -> bool {
        self.vpn_gateways.values().any(|gateway| gateway.vpc(now_ms) == Some(vpc))
    }
}
