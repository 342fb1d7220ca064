//! Each state in AWS's model of EC2 is in exactly one of overlord's lists. A new state fails here, so that overlord never waits for it in
//! vain.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    NatGatewayState, RouteOrigin, State, TransitGatewayAttachmentState, TransitGatewayState, VpcPeeringConnectionStateReasonCode, VpnState,
};

use super::*;

/// The SDK is generated from the models that botocore has too.
fn check(what: &str, model: &[&str], lists: &[&[&str]]) {
    let mut listed: Vec<&str> = lists.concat();
    listed.sort_unstable();
    let mut model = model.to_vec();
    model.sort_unstable();
    assert_eq!(listed, model, "{what}");
}

#[test]
fn every_state_of_the_models_is_in_exactly_one_list() {
    use vpc_endpoint::{COMING, FAILED, GOING, GONE, READY};
    let endpoint = [&COMING[..], &READY, &GOING, &GONE, &FAILED].map(|states| states.iter().map(State::as_str).collect::<Vec<_>>());
    check("endpoint", State::values(), &endpoint.each_ref().map(Vec::as_slice));
    let attachment = [&transit_gateway_attachment::ALIVE[..], &transit_gateway_attachment::DEAD];
    check("attachment", TransitGatewayAttachmentState::values(), &attachment);
    check("peering", VpcPeeringConnectionStateReasonCode::values(), &[&vpc_peering::ALIVE, &vpc_peering::LOST]);
    check("transit gateway", TransitGatewayState::values(), &[&transit_gateway::ALIVE, &transit_gateway::DEAD]);
    check("VPN connection", VpnState::values(), &[&["pending", "available"], &vpn_connection::DEAD]);
    check("VPN gateway", VpnState::values(), &[&vpn_gateway::ALIVE, &vpn_gateway::DEAD]);
    let is_alive = |state: &&&str| nat_gateway::is_alive(Some(&NatGatewayState::from(**state)));
    let (alive, dead): (Vec<&str>, Vec<&str>) = NatGatewayState::values().iter().partition(is_alive);
    assert_eq!((alive, dead), (vec!["available", "pending"], vec!["deleted", "deleting", "failed"]));
}

/// A state on the way to deletion is not the end: the wait for the deletion continues.
#[test]
fn a_peering_that_is_being_deleted_is_not_gone() {
    let lost: BTreeSet<&str> = vpc_peering::LOST.into();
    let dead: BTreeSet<&str> = vpc_peering::DEAD.into();
    assert_eq!(lost.difference(&dead).collect::<Vec<_>>(), [&"deleting"]);
}

#[test]
fn every_origin_of_a_route_is_known() {
    assert_eq!(RouteOrigin::values(), ["Advertisement", "CreateRoute", "CreateRouteTable", "EnableVgwRoutePropagation"]);
    let origin = |origin: &str| {
        let route = aws_sdk_ec2::types::Route::builder().destination_cidr_block("10.0.0.0/8").origin(RouteOrigin::from(origin));
        let table = aws_sdk_ec2::types::RouteTable::builder().routes(route.gateway_id("igw-1").build()).build();
        describe::route_table(&table).routes.pop().unwrap().origin
    };
    let propagated = [origin("Advertisement"), origin("EnableVgwRoutePropagation")];
    assert!(propagated.iter().all(|origin| *origin == world::Origin::Propagated), "a route server's route is nobody's call");
    assert_eq!(origin("CreateRoute"), world::Origin::Call);
    assert_eq!(origin("CreateRouteTable"), world::Origin::Aws);
}
