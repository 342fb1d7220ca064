//! Connections in the copy. They lead from one account to another, so they are added after all accounts. Pure.

use std::collections::BTreeMap;

use super::Place;
use crate::resource::network::connected::{Connected, Peering, Share};
use crate::resource::network::vpc_peering::ACTIVE;
use crate::sandbox;
use crate::sandbox::ec2::{self, Life, Region, Side};

/// AWS's default number for a transit gateway.
const ASN: u32 = 64_512;

/// Adds all connections that were read to the copy.
pub(super) fn put(places: &[Place], copy: &mut sandbox::World) {
    let sides = places.iter().flat_map(|place| {
        place.world.vpcs.iter().map(|(id, vpc)| {
            let (account, region) = (place.account.clone(), place.region.clone());
            (id.as_str(), Side { account, region, vpc: id.clone(), cidr: vpc.cidr.clone() })
        })
    });
    let sides: BTreeMap<&str, Side> = sides.collect();
    let hubs = places.iter().flat_map(|place| {
        let gateways = place.world.extras.connected.transit_gateways.keys();
        gateways.map(|id| (id.as_str(), place.account.as_str()))
    });
    let hubs: BTreeMap<&str, &str> = hubs.collect();
    for place in places {
        let connected = &place.world.extras.connected;
        let life = Life { created_ms: copy.clock_ms, available_ms: copy.clock_ms, deleted_ms: None };
        for (id, live) in &connected.peerings {
            if let Some(peering) = peering(live, &sides, life) {
                for side in [peering.accepter.clone(), peering.requester.clone()] {
                    if let Some(region) = copy.region_mut(&side.account, &side.region) {
                        region.peerings.insert(id.clone(), peering.clone());
                    }
                }
            }
        }
        for (arn, live) in &connected.shares {
            let share = share(place, live, copy);
            copy.shares.insert(arn.clone(), share);
        }
        if let Some(region) = copy.region_mut(&place.account, &place.region) {
            gateways(region, connected, &hubs, life);
        }
    }
}

/// `None` if the other side's VPC is unknown: then its addresses are unknown too.
fn peering(live: &Peering, sides: &BTreeMap<&str, Side>, life: Life) -> Option<ec2::Peering> {
    let side = |vpc: &str| sides.get(vpc).cloned();
    let answer = if live.status == ACTIVE { ec2::Answer::Accepted } else { ec2::Answer::None };
    Some(ec2::Peering { requester: side(&live.vpc)?, accepter: side(&live.peer_vpc)?, life, answer })
}

fn gateways(region: &mut Region, connected: &Connected, hubs: &BTreeMap<&str, &str>, life: Life) {
    for (id, live) in &connected.transit_gateways {
        let gateway = ec2::TransitGateway {
            asn: live.asn.unwrap_or(ASN),
            auto_accept: live.auto_accept,
            default_association: live.default_association,
            default_propagation: live.default_propagation,
            table: region.fresh("tgw-rtb"),
            associated: live.associated.clone(),
            propagated: live.propagated.clone(),
            life,
        };
        region.transit_gateways.insert(id.clone(), gateway);
    }
    for (id, live) in &connected.attachments {
        let attachment = ec2::TransitGatewayAttachment {
            gateway: live.gateway.clone(),
            owner: hubs.get(live.gateway.as_str()).copied().unwrap_or_default().to_owned(),
            vpc: live.vpc.clone(),
            subnets: live.subnets.clone(),
            life,
        };
        region.transit_gateway_attachments.insert(id.clone(), attachment);
    }
    for (id, live) in &connected.vpn_gateways {
        let gateway = ec2::VpnGateway { attachment: live.vpc.clone().map(|vpc| (vpc, life)), life, pending_ms: 0 };
        region.vpn_gateways.insert(id.clone(), gateway);
    }
    for (id, live) in &connected.customer_gateways {
        let gateway = ec2::CustomerGateway { address: live.address.clone(), asn: live.asn.to_string(), life };
        region.customer_gateways.insert(id.clone(), gateway);
    }
    for (id, live) in &connected.vpn_connections {
        let connection = ec2::VpnConnection { far: live.far.clone(), near: live.near.clone(), routes: live.routes.clone(), life };
        region.vpn_connections.insert(id.clone(), connection);
    }
    let tags = (connected.peerings.iter().map(|(id, live)| (id, &live.tags)))
        .chain(connected.transit_gateways.iter().map(|(id, live)| (id, &live.tags)))
        .chain(connected.attachments.iter().map(|(id, live)| (id, &live.tags)))
        .chain(connected.vpn_gateways.iter().map(|(id, live)| (id, &live.tags)))
        .chain(connected.customer_gateways.iter().map(|(id, live)| (id, &live.tags)))
        .chain(connected.vpn_connections.iter().map(|(id, live)| (id, &live.tags)));
    let tags = tags.filter(|(_, tags)| !tags.is_empty()).map(|(id, tags)| (id.clone(), tags.clone()));
    region.tags.extend(tags);
}

/// The reader keeps ids, and RAM has ARNs.
fn share(place: &Place, live: &Share, copy: &sandbox::World) -> sandbox::Share {
    let organization = copy.organization.as_ref().map(|organization| organization.id.clone()).unwrap_or_default();
    let in_organization = |rest: String| format!("arn:aws:organizations::{}:{rest}", copy.management_account);
    let principal = |id: &String| match id.split_once('-') {
        Some(("ou", _)) => in_organization(format!("ou/{organization}/{id}")),
        Some(("o", _)) => in_organization(format!("organization/{organization}")),
        Some(_) | None => id.clone(),
    };
    let resource = |id: &String| {
        let kind = if id.starts_with("tgw-") { "transit-gateway" } else { "subnet" };
        format!("arn:aws:ec2:{}:{}:{kind}/{id}", place.region, place.account)
    };
    sandbox::Share {
        owner: place.account.clone(),
        region: place.region.clone(),
        name: live.name.clone(),
        token: None,
        external: false,
        invited: Default::default(),
        principals: live.principals.iter().map(principal).collect(),
        resources: live.resources.iter().map(resource).collect(),
        tags: live.tags.clone(),
    }
}
