//! Route tables and their subnet associations.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::life::Stage;
use super::list::{Listing, list};
use super::region::Region;
use super::vpc_endpoint::EndpointType;
use super::{Ask, Place, Turn, dependency, tags, tokens};
use crate::sandbox::wire::{Outcome, Refusal};

const CREATE: &str = "CreateRouteTable";

/// A route table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// Its VPC.
    pub vpc: String,
    /// The id of the main association, if this is the VPC's main table.
    pub main: Option<String>,
    /// Subnets by the id of their association.
    pub associations: BTreeMap<String, String>,
    /// Targets by destination. The local routes and those to gateway endpoints follow from the VPC and the endpoints.
    pub routes: BTreeMap<String, Target>,
    /// The VPN gateways whose routes it takes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub propagating: BTreeSet<String>,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// An internet gateway.
    Gateway(String),
    /// A NAT gateway.
    NatGateway(String),
    /// An egress-only internet gateway.
    EgressOnlyInternetGateway(String),
    /// A network interface.
    NetworkInterface(String),
    /// A peering.
    Peering(String),
    /// A transit gateway.
    TransitGateway(String),
}

impl Target {
    /// What answers call it, and its id.
    pub(super) fn field(&self) -> (&'static str, &str) {
        match self {
            Self::Gateway(id) => ("gatewayId", id),
            Self::NatGateway(id) => ("natGatewayId", id),
            Self::EgressOnlyInternetGateway(id) => ("egressOnlyInternetGatewayId", id),
            Self::NetworkInterface(id) => ("networkInterfaceId", id),
            Self::Peering(id) => ("vpcPeeringConnectionId", id),
            Self::TransitGateway(id) => ("transitGatewayId", id),
        }
    }

    /// Whether it leads to something in that VPC.
    pub(super) fn leads_on(&self, region: &Region, vpc: &str, now_ms: u64) -> bool {
        match self {
            Self::Gateway(id) => region.internet_gateways.get(id).is_some_and(|gateway| gateway.vpc.as_deref() == Some(vpc)),
            Self::NatGateway(id) => region.nat_gateways.get(id).is_some_and(|gateway| gateway.vpc == vpc && gateway.holds(now_ms)),
            Self::EgressOnlyInternetGateway(id) => region.egress_only_internet_gateways.get(id).is_some_and(|gateway| gateway.vpc == vpc),
            Self::NetworkInterface(id) => {
                let subnet = region.interfaces.get(id).and_then(|interface| region.subnets.get(&interface.subnet));
                subnet.is_some_and(|subnet| subnet.vpc == vpc)
            }
            Self::Peering(id) => region.peerings.get(id).is_some_and(|peering| peering.is_of(vpc) && peering.holds(now_ms)),
            Self::TransitGateway(id) => {
                let mut attachments = region.transit_gateway_attachments.values();
                attachments.any(|attachment| {
                    attachment.gateway == *id && attachment.vpc == vpc && attachment.life.stage(now_ms) == Stage::Available
                })
            }
        }
    }
}

impl RouteTable {
    /// A table as CreateRouteTable makes it.
    pub fn new(vpc: &str) -> Self {
        Self { vpc: vpc.to_owned(), main: None, associations: BTreeMap::new(), routes: BTreeMap::new(), propagating: BTreeSet::new() }
    }
}

const LISTING: Listing = Listing {
    kind: Kind::RouteTable,
    set: "routeTableSet",
    ids: "RouteTableId",
    filters: &[
        ("route-table-id", "routeTableId"),
        ("vpc-id", "vpcId"),
        ("owner-id", "ownerId"),
        ("association.main", "associationSet/main"),
        ("association.subnet-id", "associationSet/subnetId"),
        ("association.route-table-association-id", "associationSet/routeTableAssociationId"),
        ("route.nat-gateway-id", "routeSet/natGatewayId"),
        ("route.gateway-id", "routeSet/gatewayId"),
        ("route.destination-cidr-block", "routeSet/destinationCidrBlock"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.route_tables.keys(), |id| show(ask.region, ask.place, ask.now_ms, id))
}

fn show(region: &Region, place: &Place, now_ms: u64, id: &str) -> Option<Value> {
    let table = region.route_tables.get(id)?;
    let association = |association: &String, subnet: Option<&String>| {
        json!({
            "routeTableAssociationId": association,
            "routeTableId": id,
            "main": subnet.is_none(),
            "subnetId": subnet,
            "associationState": { "state": "associated" },
        })
    };
    let main = table.main.iter().map(|id| association(id, None));
    let subnets = table.associations.iter().map(|(id, subnet)| association(id, Some(subnet)));
    Some(json!({
        "routeTableId": id,
        "ownerId": place.account,
        "vpcId": table.vpc,
        "associationSet": main.chain(subnets).collect::<Value>(),
        "propagatingVgwSet": table.propagating.iter().map(|id| json!({ "gatewayId": id })).collect::<Value>(),
        "routeSet": show_routes(region, place, now_ms, id, table),
        "tagSet": region.tag_set(id),
    }))
}

/// What answers call a destination.
fn destination_field(destination: &str) -> &'static str {
    if destination.contains(':') { "destinationIpv6CidrBlock" } else { "destinationCidrBlock" }
}

fn show_routes(region: &Region, place: &Place, now_ms: u64, id: &str, table: &RouteTable) -> Value {
    let local = local_destinations(region, &table.vpc).into_iter().map(|destination| {
        json!({ destination_field(&destination): destination, "gatewayId": "local", "origin": "CreateRouteTable", "state": "active" })
    });
    let own = table.routes.iter().map(|(destination, target)| {
        let state = if target.leads_on(region, &table.vpc, now_ms) { "active" } else { "blackhole" };
        let (field, id) = target.field();
        json!({ destination_field(destination): destination, field: id, "origin": "CreateRoute", "state": state })
    });
    let endpoints = region.vpc_endpoints.iter().filter(|(_, endpoint)| {
        endpoint.kind == EndpointType::Gateway && endpoint.route_tables.contains(id) && endpoint.life.deleted_ms.is_none()
    });
    let endpoints = endpoints.map(|(id, endpoint)| {
        let list = place.prefix_list(&endpoint.service);
        json!({ "destinationPrefixListId": list, "gatewayId": id, "origin": "CreateRoute", "state": "active" })
    });
    local.chain(own).chain(endpoints).collect()
}

/// The blocks of a VPC: every table has a route for each that cannot be changed.
pub(super) fn local_destinations(region: &Region, vpc: &str) -> Vec<String> {
    let Some(vpc) = region.vpcs.get(vpc) else { return Vec::new() };
    vpc.blocks().map(|block| block.to_string()).chain(vpc.ipv6.iter().map(|block| block.cidr.to_string())).collect()
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let vpc = turn.input.text("VpcId")?;
    let tags = tags::of_creation(turn.input, Kind::RouteTable)?;
    let id = match tokens::made(turn, CREATE)?.filter(|id| turn.region.route_tables.contains_key(id)) {
        Some(id) => id,
        None => {
            Kind::Vpc.find(&turn.region.vpcs, vpc)?;
            if turn.region.route_tables.values().filter(|table| table.vpc == vpc).count() >= turn.weather.route_table_quota {
                return Err(Refusal::new("RouteTableLimitExceeded", "The maximum number of route tables has been reached."));
            }
            let id = turn.region.fresh("rtb");
            turn.region.route_tables.insert(id.clone(), RouteTable::new(vpc));
            turn.region.put_tags(&id, tags);
            tokens::remember(turn, CREATE, &id);
            id
        }
    };
    Ok(json!({ "clientToken": turn.input.get("ClientToken"), "routeTable": show(turn.region, turn.place, turn.now_ms, &id) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("RouteTableId")?;
    let table = Kind::RouteTable.find(&turn.region.route_tables, id)?;
    let endpoint =
        turn.region.vpc_endpoints.values().any(|endpoint| endpoint.route_tables.contains(id) && endpoint.life.deleted_ms.is_none());
    if table.main.is_some() || !table.associations.is_empty() || endpoint {
        return Err(dependency(format!("The routeTable '{id}' has dependencies and cannot be deleted.")));
    }
    turn.region.route_tables.remove(id);
    turn.region.prune_tags();
    Ok(json!({ "return": true }))
}

pub(super) fn associate(turn: &mut Turn<'_>) -> Outcome {
    let (id, subnet_id) = (turn.input.text("RouteTableId")?, turn.input.text("SubnetId")?);
    let table = Kind::RouteTable.find(&turn.region.route_tables, id)?;
    let subnet = Kind::Subnet.find(&turn.region.subnets, subnet_id)?;
    if table.vpc != subnet.vpc {
        return Err(different_networks(&format!("Route table {id} and subnet {subnet_id}")));
    }
    let own = |table: &RouteTable| table.associations.iter().find(|(_, other)| *other == subnet_id).map(|(id, _)| id.clone());
    let association = match own(table) {
        // The same once more is no conflict.
        Some(association) => association,
        None if turn.region.route_tables.values().any(|table| own(table).is_some()) => {
            let message = format!("the specified association for route table {id} conflicts with an existing association");
            return Err(Refusal::new("Resource.AlreadyAssociated", message));
        }
        None => {
            let association = turn.region.fresh("rtbassoc");
            let table = Kind::RouteTable.find_mut(&mut turn.region.route_tables, id)?;
            table.associations.insert(association.clone(), subnet_id.to_owned());
            association
        }
    };
    Ok(json!({ "associationId": association, "associationState": { "state": "associated" } }))
}

pub(super) fn different_networks(what: &str) -> Refusal {
    Refusal::new("InvalidParameterValue", format!("{what} belong to different networks"))
}

/// The table of an association, and the subnet, unless it is the main one.
fn association<'r>(region: &'r Region, association: &str) -> Result<(&'r str, Option<&'r str>), Refusal> {
    let found = region.route_tables.iter().find_map(|(id, table)| match table.associations.get(association) {
        Some(subnet) => Some((id.as_str(), Some(subnet.as_str()))),
        None => (table.main.as_deref() == Some(association)).then_some((id.as_str(), None)),
    });
    let message = || format!("The association ID '{association}' does not exist");
    found.ok_or_else(|| Refusal::new("InvalidAssociationID.NotFound", message()))
}

pub(super) fn disassociate(turn: &mut Turn<'_>) -> Outcome {
    let wanted = turn.input.text("AssociationId")?;
    let (table, subnet) = association(turn.region, wanted)?;
    if subnet.is_none() {
        let message = format!("cannot disassociate the main route table association {wanted}");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let table = table.to_owned();
    Kind::RouteTable.find_mut(&mut turn.region.route_tables, &table)?.associations.remove(wanted);
    Ok(json!({ "return": true }))
}

pub(super) fn replace_association(turn: &mut Turn<'_>) -> Outcome {
    let (wanted, id) = (turn.input.text("AssociationId")?, turn.input.text("RouteTableId")?);
    let (from, subnet) = association(turn.region, wanted)?;
    let (from, subnet) = (from.to_owned(), subnet.map(str::to_owned));
    let vpc = |id: &str| Ok::<_, Refusal>(&Kind::RouteTable.find(&turn.region.route_tables, id)?.vpc);
    if vpc(id)? != vpc(&from)? {
        return Err(different_networks(&format!("Route tables {from} and {id}")));
    }
    let new = turn.region.fresh("rtbassoc");
    let before = Kind::RouteTable.find_mut(&mut turn.region.route_tables, &from)?;
    if subnet.is_some() {
        drop(before.associations.remove(wanted))
    } else {
        before.main = None
    }
    let after = Kind::RouteTable.find_mut(&mut turn.region.route_tables, id)?;
    match subnet {
        Some(subnet) => drop(after.associations.insert(new.clone(), subnet)),
        None => after.main = Some(new.clone()),
    }
    Ok(json!({ "newAssociationId": new, "associationState": { "state": "associated" } }))
}
