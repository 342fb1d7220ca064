//! What connects networks: workflows of VPN gateways, peerings that are asked for twice, and shares of RAM.

use std::time::Duration;

use aws_sdk_ec2::types::{GatewayType, VpnConnectionOptionsSpecification};
use aws_sdk_ram::types::{ResourceOwner, ResourceShareAssociationType};
use overlord::sandbox::world::FeatureSet;
use overlord::sandbox::{Sandbox, Weather, World};
use tokio::time::advance;

use crate::sandbox::common::*;
use crate::sandbox::ec2::*;

/// AWS refuses what comes while it still works on the last call, in words that only the message has.
#[tokio::test(start_paused = true)]
async fn a_vpn_gateway_is_pending_for_a_while() {
    let (sandbox, client) = ec2(Weather { vpn_gateway_ms: 10_000, nat_gateway_ms: 60_000, ..Weather::default() });
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let made = client.create_vpn_gateway().r#type(GatewayType::Ipsec1).send().await.unwrap().vpn_gateway.unwrap();
    let id = made.vpn_gateway_id().unwrap();
    assert_eq!(made.state().unwrap().as_str(), "pending");
    let attach = || client.attach_vpn_gateway().vpn_gateway_id(id).vpc_id(&vpc);
    let detach = || client.detach_vpn_gateway().vpn_gateway_id(id).vpc_id(&vpc);
    let delete = || client.delete_vpn_gateway().vpn_gateway_id(id);
    assert_eq!(refusal(attach().send().await), "InvalidParameterValue");
    assert_eq!(refusal(delete().send().await), "InvalidParameterValue");
    // It is available before the workflow has ended.
    advance(Duration::from_secs(10)).await;
    assert_eq!(refusal(attach().send().await), "InvalidParameterValue");
    advance(Duration::from_secs(10)).await;
    attach().send().await.unwrap();
    assert_eq!(refusal(detach().send().await), "InvalidParameterValue");
    advance(Duration::from_secs(20)).await;
    let far = client.create_customer_gateway().r#type(GatewayType::Ipsec1).ip_address("203.0.113.10").send().await.unwrap();
    let far = far.customer_gateway.unwrap().customer_gateway_id.unwrap();
    let connect = client.create_vpn_connection().r#type("ipsec.1").customer_gateway_id(far).vpn_gateway_id(id);
    let connect = connect.options(VpnConnectionOptionsSpecification::builder().static_routes_only(true).build());
    let connection = connect.send().await.unwrap().vpn_connection.unwrap().vpn_connection_id.unwrap();
    assert_eq!(refusal(detach().send().await), "InvalidParameterValue");
    advance(Duration::from_secs(60)).await;
    client.delete_vpn_connection().vpn_connection_id(connection).send().await.unwrap();
    advance(Duration::from_secs(60)).await;
    // The connection has gone, and AWS has not done yet.
    assert_eq!(refusal(detach().send().await), "InvalidParameterValue");
    advance(Duration::from_secs(10)).await;
    detach().send().await.unwrap();
    advance(Duration::from_secs(20)).await;
    delete().send().await.unwrap();
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test]
async fn a_second_peering_of_a_pair_is_the_first_or_cannot_be_accepted() {
    let (_, client) = ec2(Weather::default());
    let (one, two) = (vpc(&client, "10.0.0.0/16").await, vpc(&client, "10.1.0.0/16").await);
    let ask = async |from: &str, to: &str| {
        let made = client.create_vpc_peering_connection().vpc_id(from).peer_vpc_id(to).send().await.unwrap();
        made.vpc_peering_connection.unwrap().vpc_peering_connection_id.unwrap()
    };
    let first = ask(&one, &two).await;
    assert_eq!(ask(&one, &two).await, first);
    let accept = |id: &str| client.accept_vpc_peering_connection().vpc_peering_connection_id(id).send();
    accept(&first).await.unwrap();
    assert_eq!(ask(&one, &two).await, first);
    let back = ask(&two, &one).await;
    assert_ne!(back, first);
    assert_eq!(refusal(accept(&back).await), "VpcPeeringConnectionAlreadyExists");
}

#[tokio::test(start_paused = true)]
async fn shares_answer_as_modelled_and_take_a_minute_after_they_were_enabled() {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(FeatureSet::All);
    let member = world.add_account("member", "member@example.org", &root);
    world.trusted_services.insert("ram.amazonaws.com".to_owned(), 0);
    let sandbox = Sandbox::new(world, Weather { sharing_ms: 60_000, ..Weather::default() });
    let client = ec2_of(&sandbox, MANAGEMENT, "us-east-1");
    let ram = aws_sdk_ram::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let subnet = subnet(&client, &vpc, "10.0.0.0/24", "use1-az1").await;
    let subnet = format!("arn:aws:ec2:us-east-1:{MANAGEMENT}:subnet/{subnet}");
    let create = || ram.create_resource_share().name("shared").principals(&member).allow_external_principals(false);
    // Outside of the organization, and inside while sharing is off, AWS invites accounts one by one.
    for (who, what) in [(member.as_str(), "inside"), ("999999999999", "outside")] {
        let invites = ram.create_resource_share().name(what).principals(who).send().await.unwrap().resource_share.unwrap();
        assert_eq!(invites.allow_external_principals(), Some(true));
        let of = ram.get_resource_share_associations().association_type(ResourceShareAssociationType::Principal);
        let associations = of.resource_share_arns(invites.resource_share_arn().unwrap()).send().await.unwrap();
        let [association] = associations.resource_share_associations() else { panic!("{associations:?}") };
        assert_eq!((association.status().unwrap().as_str(), association.external()), ("ASSOCIATING", Some(true)));
        let both = ram.create_resource_share().name("subnet").principals(who).resource_arns(&subnet);
        assert_eq!(refusal(both.send().await), "OperationNotPermittedException", "a subnet stays inside");
    }
    let theirs = aws_sdk_ram::Client::new(&config(&sandbox, &format!("AKIA{member}"), 1));
    let seen = theirs.get_resource_shares().resource_owner(ResourceOwner::OtherAccounts).send().await.unwrap();
    assert!(seen.resource_shares().is_empty(), "an invitation shares nothing: {seen:?}");
    let outside = ram.create_resource_share().name("closed").principals("999999999999").allow_external_principals(false);
    assert_eq!(refusal(outside.send().await), "InvalidParameterException");
    // To trust the service is not to let it share.
    assert_eq!(refusal(create().send().await), "OperationNotPermittedException");
    ram.enable_sharing_with_aws_organization().send().await.unwrap();
    assert_eq!(refusal(create().send().await), "OperationNotPermittedException");
    advance(Duration::from_secs(60)).await;
    let made = create().send().await.unwrap().resource_share.unwrap();
    assert_eq!(made.allow_external_principals(), Some(false));
    let arn = made.resource_share_arn().unwrap();
    let joined = ram.associate_resource_share().resource_share_arn(arn).resource_arns(&subnet).send().await.unwrap();
    let [joined] = joined.resource_share_associations() else { panic!("{joined:?}") };
    assert_eq!((joined.associated_entity(), joined.status().unwrap().as_str()), (Some(subnet.as_str()), "ASSOCIATING"));
    let left = ram.disassociate_resource_share().resource_share_arn(arn).principals(&member).send().await.unwrap();
    assert_eq!(left.resource_share_associations()[0].status().unwrap().as_str(), "DISASSOCIATING");
    let renamed = ram.update_resource_share().resource_share_arn(arn).name("other").allow_external_principals(false).send().await.unwrap();
    let renamed = renamed.resource_share.unwrap();
    assert_eq!((renamed.name(), renamed.allow_external_principals()), (Some("other"), Some(false)));
    assert_eq!(ram.delete_resource_share().resource_share_arn(arn).send().await.unwrap().return_value(), Some(true));
}
