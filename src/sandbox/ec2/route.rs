//! Routes of a route table. Local routes and those of gateway endpoints cannot be changed.

use ipnetwork::IpNetwork;
use serde_json::json;

use super::Turn;
use super::kinds::Kind;
use super::route_table::{Target, different_networks, local_destinations};
use crate::sandbox::wire::{Outcome, Refusal};

/// The destination of a request, in the form that AWS gives it.
fn destination(turn: &Turn<'_>) -> Result<String, Refusal> {
    let given = turn.input.get("DestinationCidrBlock").or_else(|| turn.input.get("DestinationIpv6CidrBlock"));
    let missing = || Refusal::new("MissingParameter", "The request must contain exactly one destination");
    let given = given.ok_or_else(missing)?;
    let invalid = || {
        Refusal::new(
            "InvalidParameterValue",
            format!("Value ({given}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block."),
        )
    };
    let block: IpNetwork = given.parse().map_err(|_| invalid())?;
    if !given.contains('/') || block.ip() != block.network() {
        return Err(invalid());
    }
    Ok(block.to_string())
}

/// The target of a request: it exists, and in the table's VPC.
fn target(turn: &Turn<'_>, table: &str, vpc: &str) -> Result<Target, Refusal> {
    let given = |name: &str| turn.input.get(name).map(str::to_owned);
    let region = &*turn.region;
    let target = if let Some(id) = given("GatewayId") {
        Kind::InternetGateway.find(&region.internet_gateways, &id)?;
        Target::Gateway(id)
    } else if let Some(id) = given("NatGatewayId") {
        if !region.nat_gateways.get(&id).is_some_and(|gateway| gateway.holds(turn.now_ms)) {
            let message = format!("The natGateway ID '{id}' does not exist");
            return Err(Refusal::new("InvalidNatGatewayID.NotFound", message));
        }
        Target::NatGateway(id)
    } else if let Some(id) = given("EgressOnlyInternetGatewayId") {
        Kind::EgressOnlyInternetGateway.find(&region.egress_only_internet_gateways, &id)?;
        Target::EgressOnlyInternetGateway(id)
    } else if let Some(id) = given("NetworkInterfaceId") {
        Kind::NetworkInterface.find(&region.interfaces, &id)?;
        Target::NetworkInterface(id)
    } else if let Some(id) = given("VpcPeeringConnectionId") {
        Kind::Peering.find(&region.peerings, &id)?;
        Target::Peering(id)
    } else if let Some(id) = given("TransitGatewayId") {
        Target::TransitGateway(id)
    } else {
        return Err(Refusal::new("MissingParameter", "The request must contain exactly one target of the kinds that the sandbox has"));
    };
    if !target.leads_on(region, vpc, turn.now_ms) {
        let (_, id) = target.field();
        return Err(different_networks(&format!("route table {table} and network gateway {id}")));
    }
    Ok(target)
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("RouteTableId")?;
    let table = Kind::RouteTable.find(&turn.region.route_tables, id)?;
    let destination = destination(turn)?;
    let target = target(turn, id, &table.vpc)?;
    if table.routes.contains_key(&destination) || local_destinations(turn.region, &table.vpc).contains(&destination) {
        let message = format!("The route identified by {destination} already exists.");
        return Err(Refusal::new("RouteAlreadyExists", message));
    }
    Kind::RouteTable.find_mut(&mut turn.region.route_tables, id)?.routes.insert(destination, target);
    Ok(json!({ "return": true }))
}

pub(super) fn replace(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("RouteTableId")?;
    let table = Kind::RouteTable.find(&turn.region.route_tables, id)?;
    let destination = destination(turn)?;
    let target = target(turn, id, &table.vpc)?;
    if !table.routes.contains_key(&destination) {
        let message = format!("There is no route defined for '{destination}' in the route table. Use CreateRoute instead.");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    Kind::RouteTable.find_mut(&mut turn.region.route_tables, id)?.routes.insert(destination, target);
    Ok(json!({ "return": true }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("RouteTableId")?;
    let table = Kind::RouteTable.find(&turn.region.route_tables, id)?;
    let destination = destination(turn)?;
    if local_destinations(turn.region, &table.vpc).contains(&destination) {
        let message = format!("cannot remove local route {destination} in route table {id}");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    if Kind::RouteTable.find_mut(&mut turn.region.route_tables, id)?.routes.remove(&destination).is_none() {
        let message = format!("no route with destination-cidr-block {destination} in route table {id}");
        return Err(Refusal::new("InvalidRoute.NotFound", message));
    }
    Ok(json!({ "return": true }))
}
