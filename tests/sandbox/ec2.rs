//! EC2 as its clients see it: what a Region is born with, what is made is read back, filters, pages, tags, and who sees what.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, DomainType, Filter, FlowLogsResourceType, IpPermission, IpRange, NewDhcpConfiguration, ResourceType, Tag,
    TagSpecification, TrafficType, UserIdGroupPair, Vpc, VpcAttributeName, VpcEndpointType,
};
use overlord::sandbox::world::{FeatureSet, OptIn};
use overlord::sandbox::{Sandbox, Weather, World};

use crate::sandbox::common::*;

pub const ADDRESS: &str = "overlord:address";

pub fn tagged(kind: ResourceType, value: &str) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).tags(tag(ADDRESS, value)).build()
}

pub fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

pub fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

pub async fn vpc(client: &Client, cidr: &str) -> String {
    let made = client.create_vpc().cidr_block(cidr).send().await.unwrap();
    made.vpc.unwrap().vpc_id.unwrap()
}

pub async fn subnet(client: &Client, vpc: &str, cidr: &str, zone: &str) -> String {
    let made = client.create_subnet().vpc_id(vpc).cidr_block(cidr).availability_zone_id(zone).send().await.unwrap();
    made.subnet.unwrap().subnet_id.unwrap()
}

pub async fn gateway(client: &Client, vpc: &str) -> String {
    let made = client.create_internet_gateway().send().await.unwrap();
    let id = made.internet_gateway.unwrap().internet_gateway_id.unwrap();
    client.attach_internet_gateway().internet_gateway_id(&id).vpc_id(vpc).send().await.unwrap();
    id
}

pub async fn address(client: &Client) -> String {
    client.allocate_address().domain(DomainType::Vpc).send().await.unwrap().allocation_id.unwrap()
}

pub async fn nat(client: &Client, subnet: &str, address: &str) -> String {
    let made = client.create_nat_gateway().subnet_id(subnet).allocation_id(address).send().await.unwrap();
    made.nat_gateway.unwrap().nat_gateway_id.unwrap()
}

pub async fn table(client: &Client, vpc: &str) -> String {
    let made = client.create_route_table().vpc_id(vpc).send().await.unwrap();
    made.route_table.unwrap().route_table_id.unwrap()
}

async fn vpcs(client: &Client) -> Vec<Vpc> {
    client.describe_vpcs().send().await.unwrap().vpcs.unwrap()
}

#[tokio::test]
async fn a_region_is_born_with_a_default_vpc() {
    let (sandbox, client) = ec2(Weather::default());
    let vpcs = vpcs(&client).await;
    let [vpc] = vpcs.as_slice() else { panic!("{vpcs:?}") };
    assert_eq!((vpc.cidr_block(), vpc.is_default(), vpc.owner_id()), (Some("172.31.0.0/16"), Some(true), Some(MANAGEMENT)));
    let id = vpc.vpc_id().unwrap();
    let subnets = client.describe_subnets().filters(filter("vpc-id", id)).send().await.unwrap().subnets.unwrap();
    assert_eq!(subnets.len(), 3);
    assert!(subnets.iter().all(|subnet| subnet.default_for_az() == Some(true) && subnet.map_public_ip_on_launch() == Some(true)));
    assert!(subnets.iter().all(|subnet| subnet.available_ip_address_count() == Some(4091)));
    let tables = client.describe_route_tables().send().await.unwrap().route_tables.unwrap();
    let [table] = tables.as_slice() else { panic!("{tables:?}") };
    assert_eq!(table.associations()[0].main(), Some(true));
    let gateways = client.describe_internet_gateways().filters(filter("attachment.vpc-id", id)).send().await.unwrap();
    let gateway = gateways.internet_gateways()[0].internet_gateway_id().unwrap();
    let routes: Vec<_> = table.routes().iter().map(|route| (route.destination_cidr_block(), route.gateway_id())).collect();
    assert_eq!(routes, [(Some("172.31.0.0/16"), Some("local")), (Some("0.0.0.0/0"), Some(gateway))]);
    let groups = client.describe_security_groups().send().await.unwrap().security_groups.unwrap();
    let [group] = groups.as_slice() else { panic!("{groups:?}") };
    assert_eq!(group.group_name(), Some("default"));
    assert_eq!(group.ip_permissions()[0].user_id_group_pairs()[0].group_id(), group.group_id());
    assert_eq!(group.ip_permissions_egress()[0].ip_ranges()[0].cidr_ip(), Some("0.0.0.0/0"));
    let options = client.describe_dhcp_options().dhcp_options_ids(vpc.dhcp_options_id().unwrap()).send().await.unwrap();
    assert_eq!(options.dhcp_options().len(), 1);
    // Looking costs nothing, and shows what a write would find.
    assert!(sandbox.world().ec2.is_empty());
    client.create_internet_gateway().send().await.unwrap();
    assert_eq!(client.describe_vpcs().vpc_ids(id).send().await.unwrap().vpcs().len(), 1);
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test]
async fn accounts_and_regions_do_not_see_each_other() {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(FeatureSet::All);
    let member = world.add_account("member", "member@example.com", &root);
    let sandbox = Sandbox::new(world, Weather::default());
    let clients =
        [ec2_of(&sandbox, MANAGEMENT, "eu-west-1"), ec2_of(&sandbox, &member, "eu-west-1"), ec2_of(&sandbox, MANAGEMENT, "us-east-1")];
    let mut ids = Vec::new();
    for client in &clients {
        ids.push(vpc(client, "10.0.0.0/16").await);
    }
    for (client, own) in clients.iter().zip(&ids) {
        for id in &ids {
            assert_eq!(client.describe_vpcs().vpc_ids(id).send().await.is_ok(), id == own, "{id}");
        }
    }
    let journal = sandbox.journal();
    let writes: Vec<_> =
        journal.iter().filter(|e| e.operation == "ec2:CreateVpc").map(|e| (e.account.as_str(), e.region.as_str())).collect();
    assert_eq!(writes, [(MANAGEMENT, "eu-west-1"), (&*member, "eu-west-1"), (MANAGEMENT, "us-east-1")]);
}

#[tokio::test]
async fn zones_have_ids_of_everybody_and_names_of_the_account() {
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(FeatureSet::All);
    let members: Vec<String> = (0..8).map(|n| world.add_account("a", &format!("{n}@example.com"), &root)).collect();
    let sandbox = Sandbox::new(world, Weather::default());
    let mut first = std::collections::BTreeSet::new();
    for member in &members {
        let client = ec2_of(&sandbox, member, "us-east-1");
        let zones = client.describe_availability_zones().send().await.unwrap().availability_zones.unwrap();
        let mut ids: Vec<_> = zones.iter().map(|zone| zone.zone_id().unwrap().to_owned()).collect();
        first.insert(ids[0].clone());
        ids.sort();
        assert_eq!(ids, ["use1-az1", "use1-az2", "use1-az3", "use1-az4", "use1-az5", "use1-az6"]);
        assert_eq!(zones[0].zone_name(), Some("us-east-1a"));
        let vpc = vpc(&client, "10.0.0.0/16").await;
        let made = client.create_subnet().vpc_id(&vpc).cidr_block("10.0.0.0/24").availability_zone("us-east-1a").send().await.unwrap();
        assert_eq!(made.subnet().unwrap().availability_zone_id(), zones[0].zone_id());
    }
    assert!(first.len() > 1, "us-east-1a is {first:?} for everybody");
}

#[tokio::test]
async fn what_is_made_is_read_back() {
    let (sandbox, client) = ec2(Weather::default());
    let made = client
        .create_vpc()
        .cidr_block("10.2.0.0/19")
        .amazon_provided_ipv6_cidr_block(true)
        .tag_specifications(tagged(ResourceType::Vpc, "vpc.a"))
        .send()
        .await
        .unwrap();
    let id = made.vpc.unwrap().vpc_id.unwrap();
    client
        .modify_vpc_attribute()
        .vpc_id(&id)
        .enable_dns_hostnames(AttributeBooleanValue::builder().value(true).build())
        .send()
        .await
        .unwrap();
    let read = client.describe_vpc_attribute().vpc_id(&id).attribute(VpcAttributeName::EnableDnsHostnames).send().await.unwrap();
    assert_eq!(read.enable_dns_hostnames().unwrap().value(), Some(true));
    client.associate_vpc_cidr_block().vpc_id(&id).cidr_block("10.3.0.0/24").send().await.unwrap();
    let found = client.describe_vpcs().filters(filter("tag:overlord:address", "vpc.a")).send().await.unwrap().vpcs.unwrap();
    let [vpc] = found.as_slice() else { panic!("{found:?}") };
    let blocks: Vec<_> = vpc.cidr_block_association_set().iter().filter_map(|block| block.cidr_block()).collect();
    assert_eq!(blocks, ["10.2.0.0/19", "10.3.0.0/24"]);
    let ipv6 = vpc.ipv6_cidr_block_association_set()[0].ipv6_cidr_block().unwrap();
    assert!(ipv6.starts_with("2600:1f") && ipv6.ends_with("/56"), "{ipv6}");

    let inner = ipv6.replace("/56", "/64");
    let made = client.create_subnet().vpc_id(&id).cidr_block("10.2.0.0/24").ipv6_cidr_block(&inner).send().await.unwrap();
    let subnet = made.subnet.unwrap();
    let association = &subnet.ipv6_cidr_block_association_set()[0];
    assert_eq!(association.ipv6_cidr_block(), Some(inner.as_str()));
    let own = vpc.ipv6_cidr_block_association_set()[0].association_id().unwrap();
    assert_eq!(refusal(client.disassociate_vpc_cidr_block().association_id(own).send().await), "InvalidCidrBlock.InUse");
    client.disassociate_subnet_cidr_block().association_id(association.association_id().unwrap()).send().await.unwrap();
    let associate = || client.associate_subnet_cidr_block().subnet_id(subnet.subnet_id().unwrap()).ipv6_cidr_block(&inner);
    let again = associate().send().await.unwrap();
    assert_eq!(again.ipv6_cidr_block_association().unwrap().ipv6_cidr_block(), Some(inner.as_str()));
    assert_eq!(refusal(associate().send().await), "CidrLimitExceeded");
    let options = NewDhcpConfiguration::builder().key("domain-name-servers").values("10.0.0.1").values("10.0.0.2").build();
    let made = client.create_dhcp_options().dhcp_configurations(options).send().await.unwrap();
    let options = made.dhcp_options.unwrap();
    assert_eq!(options.dhcp_configurations()[0].values()[1].value(), Some("10.0.0.2"));
    let options = options.dhcp_options_id.unwrap();
    client.associate_dhcp_options().vpc_id(&id).dhcp_options_id(&options).send().await.unwrap();
    assert_eq!(refusal(client.delete_dhcp_options().dhcp_options_id(&options).send().await), "DependencyViolation");
    client.associate_dhcp_options().vpc_id(&id).dhcp_options_id("default").send().await.unwrap();
    client.delete_dhcp_options().dhcp_options_id(&options).send().await.unwrap();
    let made = client.create_egress_only_internet_gateway().vpc_id(&id).client_token("t").send().await.unwrap();
    let again = client.create_egress_only_internet_gateway().vpc_id(&id).client_token("t").send().await.unwrap();
    assert_eq!(made.egress_only_internet_gateway(), again.egress_only_internet_gateway());
    let egress = made.egress_only_internet_gateway.unwrap().egress_only_internet_gateway_id.unwrap();
    let table = table(&client, &id).await;
    client
        .create_route()
        .route_table_id(&table)
        .destination_ipv6_cidr_block("::/0")
        .egress_only_internet_gateway_id(&egress)
        .send()
        .await
        .unwrap();
    let read = client.describe_route_tables().route_table_ids(&table).send().await.unwrap();
    let route = read.route_tables()[0].routes().iter().find(|route| route.destination_ipv6_cidr_block() == Some("::/0")).unwrap();
    assert_eq!(route.egress_only_internet_gateway_id(), Some(egress.as_str()));
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test]
async fn rules_are_gathered_and_revoked() {
    let (_, client) = ec2(Weather::default());
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let made = client.create_security_group().group_name("a").description("a").vpc_id(&vpc).send().await.unwrap();
    let id = made.group_id.unwrap();
    let https = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(443)
        .to_port(443)
        .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/16").description("all").build())
        .user_id_group_pairs(UserIdGroupPair::builder().group_id(&id).build())
        .build();
    client.authorize_security_group_ingress().group_id(&id).ip_permissions(https.clone()).send().await.unwrap();
    let again = client.authorize_security_group_ingress().group_id(&id).ip_permissions(https.clone()).send().await;
    assert_eq!(refusal(again), "InvalidPermission.Duplicate");
    let read = client.describe_security_groups().group_ids(&id).send().await.unwrap().security_groups.unwrap().remove(0);
    let [rule] = read.ip_permissions() else { panic!("{read:?}") };
    assert_eq!((rule.ip_protocol(), rule.from_port(), rule.to_port()), (Some("tcp"), Some(443), Some(443)));
    assert_eq!((rule.ip_ranges().len(), rule.user_id_group_pairs().len()), (1, 1));
    client.revoke_security_group_ingress().group_id(&id).ip_permissions(https.clone()).send().await.unwrap();
    assert_eq!(
        refusal(client.revoke_security_group_ingress().group_id(&id).ip_permissions(https).send().await),
        "InvalidPermission.NotFound"
    );
    // The default group is emptied with what DescribeSecurityGroups said of it.
    let groups = client.describe_security_groups().filters(filter("vpc-id", &vpc)).filters(filter("group-name", "default"));
    let default = groups.send().await.unwrap().security_groups.unwrap().remove(0);
    let id = default.group_id().unwrap();
    client.revoke_security_group_ingress().group_id(id).set_ip_permissions(default.ip_permissions.clone()).send().await.unwrap();
    client.revoke_security_group_egress().group_id(id).set_ip_permissions(default.ip_permissions_egress.clone()).send().await.unwrap();
    let read = client.describe_security_groups().group_ids(id).send().await.unwrap().security_groups.unwrap().remove(0);
    assert!(read.ip_permissions().is_empty() && read.ip_permissions_egress().is_empty());
}

#[tokio::test]
async fn endpoints_and_flow_logs() {
    let (sandbox, client) = ec2(Weather::default());
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let table = table(&client, &vpc).await;
    let create = || client.create_vpc_endpoint().vpc_id(&vpc).service_name("com.amazonaws.eu-west-1.s3").route_table_ids(&table);
    let made = create().tag_specifications(tagged(ResourceType::VpcEndpoint, "e")).send().await.unwrap().vpc_endpoint.unwrap();
    assert_eq!((made.state().unwrap().as_str(), made.route_table_ids()), ("available", &[table.clone()][..]));
    assert_eq!(refusal(create().send().await), "RouteAlreadyExists");
    let read = client.describe_route_tables().route_table_ids(&table).send().await.unwrap();
    let route = read.route_tables()[0].routes().iter().find(|route| route.destination_prefix_list_id().is_some()).unwrap();
    assert_eq!(route.gateway_id(), made.vpc_endpoint_id());
    let id = made.vpc_endpoint_id.unwrap();
    client.modify_vpc_endpoint().vpc_endpoint_id(&id).remove_route_table_ids(&table).send().await.unwrap();
    client.delete_route_table().route_table_id(&table).send().await.unwrap();

    let subnet = subnet(&client, &vpc, "10.0.0.0/24", "euw1-az1").await;
    let interface = || {
        let create = client.create_vpc_endpoint().vpc_id(&vpc).service_name("com.amazonaws.eu-west-1.ssm");
        create.vpc_endpoint_type(VpcEndpointType::Interface).subnet_ids(&subnet)
    };
    assert_eq!(refusal(interface().send().await), "InvalidParameter", "private DNS needs the VPC's host names");
    let made = interface().private_dns_enabled(false).send().await.unwrap().vpc_endpoint.unwrap();
    let found = client.describe_network_interfaces().filters(filter("subnet-id", &subnet)).send().await.unwrap();
    assert_eq!(found.network_interfaces()[0].network_interface_id(), Some(made.network_interface_ids()[0].as_str()));
    assert_eq!(found.network_interfaces()[0].interface_type().unwrap().as_str(), "vpc_endpoint");
    assert_eq!(refusal(client.delete_subnet().subnet_id(&subnet).send().await), "DependencyViolation");
    let deleted = client.delete_vpc_endpoints().vpc_endpoint_ids(made.vpc_endpoint_id().unwrap()).vpc_endpoint_ids("vpce-0").send().await;
    let unsuccessful = deleted.unwrap().unsuccessful.unwrap();
    let [item] = unsuccessful.as_slice() else { panic!("{unsuccessful:?}") };
    assert_eq!(item.error().unwrap().code(), Some("InvalidVpcEndpoint.NotFound"));
    client.delete_subnet().subnet_id(&subnet).send().await.unwrap();

    let log = || {
        let create = client.create_flow_logs().resource_type(FlowLogsResourceType::Vpc).resource_ids(&vpc).traffic_type(TrafficType::All);
        create.log_destination_type(aws_sdk_ec2::types::LogDestinationType::S3).log_destination("arn:aws:s3:::logs")
    };
    let made = log().tag_specifications(tagged(ResourceType::VpcFlowLog, "l")).send().await.unwrap().flow_log_ids.unwrap();
    assert_eq!(refusal(log().send().await), "FlowLogAlreadyExists");
    let read = client.describe_flow_logs().filter(filter("tag:overlord:address", "l")).send().await.unwrap().flow_logs.unwrap();
    assert_eq!((read[0].flow_log_id(), read[0].resource_id()), (Some(made[0].as_str()), Some(vpc.as_str())));
    let stream = |account: &str| {
        let create = client.create_flow_logs().resource_type(FlowLogsResourceType::Vpc).resource_ids(&vpc).traffic_type(TrafficType::All);
        let stream = format!("arn:aws:firehose:eu-west-1:{account}:deliverystream/logs");
        create.log_destination_type(aws_sdk_ec2::types::LogDestinationType::KinesisDataFirehose).log_destination(stream)
    };
    assert_eq!(refusal(stream("222222222222").send().await), "InvalidParameter");
    let by_role = |role: &str| format!("arn:aws:iam::{MANAGEMENT}:role/{role}");
    let roles = stream("222222222222").deliver_logs_permission_arn(by_role("a")).deliver_cross_account_role(by_role("b"));
    roles.send().await.unwrap();
    stream(MANAGEMENT).send().await.unwrap();
    client.delete_flow_logs().set_flow_log_ids(Some(made)).send().await.unwrap();
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test]
async fn tags_come_and_go() {
    let (sandbox, client) = ec2(Weather::default());
    let vpc = vpc(&client, "10.0.0.0/16").await;
    let tags = async || {
        let vpc = client.describe_vpcs().vpc_ids(&vpc).send().await.unwrap().vpcs.unwrap().remove(0);
        vpc.tags().iter().map(|tag| format!("{}={}", tag.key().unwrap(), tag.value().unwrap())).collect::<Vec<_>>().join(",")
    };
    client.create_tags().resources(&vpc).tags(tag("Name", "a")).tags(tag("b", "")).send().await.unwrap();
    client.create_tags().resources(&vpc).tags(tag("Name", "c&<d>")).send().await.unwrap();
    assert_eq!(tags().await, "Name=c&<d>,b=");
    client.delete_tags().resources(&vpc).tags(Tag::builder().key("b").build()).tags(tag("Name", "other")).send().await.unwrap();
    assert_eq!(tags().await, "Name=c&<d>");
    for (resource, key, code) in
        [("vpc-0", "a", "InvalidVpcID.NotFound"), ("x", "a", "InvalidID"), (&*vpc, "aws:a", "InvalidParameterValue")]
    {
        assert_eq!(refusal(client.create_tags().resources(resource).tags(tag(key, "")).send().await), code);
    }
    let many = (0..51).map(|number| tag(&number.to_string(), "")).collect();
    assert_eq!(refusal(client.create_tags().resources(&vpc).set_tags(Some(many)).send().await), "TagLimitExceeded");
    assert_eq!(tags().await, "Name=c&<d>");
    client.delete_vpc().vpc_id(&vpc).send().await.unwrap();
    assert!(sandbox.world().region(MANAGEMENT, "eu-west-1").unwrap().tags.is_empty());
}

/// Pages in any weather show everything once.
#[tokio::test]
async fn pages_show_everything_once() {
    for empty_pages in [0.0, 0.6] {
        let (_, client) = ec2(Weather { vpc_quota: 1_000, empty_pages, seed: 5, ..Weather::default() });
        let mut made = Vec::new();
        for number in 0..23 {
            made.push(vpc(&client, &format!("10.{number}.0.0/16")).await);
        }
        made.sort();
        let mut pages = client.describe_vpcs().max_results(5).filters(filter("is-default", "false")).into_paginator().send();
        let (mut seen, mut count) = (Vec::new(), 0);
        while let Some(page) = pages.next().await {
            seen.extend(page.unwrap().vpcs.unwrap_or_default().into_iter().filter_map(|vpc| vpc.vpc_id));
            count += 1;
        }
        assert_eq!(seen, made);
        assert!(if empty_pages > 0.0 { count > 5 } else { count == 5 }, "{count}");
    }
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_does_nothing() {
    let (sandbox, client) = ec2(Weather::default());
    assert_eq!(refusal(client.create_vpc().cidr_block("10.0.0.0/16").dry_run(true).send().await), "DryRunOperation");
    assert_eq!(refusal(client.create_vpc().cidr_block("10.0.0.0/8").dry_run(true).send().await), "InvalidVpc.Range");
    assert_eq!(sandbox.world().region(MANAGEMENT, "eu-west-1").unwrap().vpcs.len(), 1);
}

#[tokio::test]
async fn a_world_shows_its_vpcs() {
    let (sandbox, client) = ec2(Weather::default());
    let id = vpc(&client, "10.0.0.0/16").await;
    client.associate_vpc_cidr_block().vpc_id(&id).cidr_block("10.1.0.0/24").send().await.unwrap();
    client.create_tags().resources(&id).tags(tag("Name", "standard")).send().await.unwrap();
    subnet(&client, &id, "10.0.0.0/24", "euw1-az1").await;
    let shown = overlord::sandbox::describe(&sandbox.world());
    let expected = "eu-west-1 standard 10.0.0.0/16 + 10.1.0.0/24: 1 subnet, 0 NAT gateways, 0 endpoints";
    assert!(shown.contains(expected), "{shown}");
}

/// An older world has no networks.
#[test]
fn a_world_without_networks_is_still_read() {
    let mut old = serde_json::to_value(World::new(MANAGEMENT)).unwrap();
    assert!(old.get("ec2").is_none() && old.get("opt_ins").is_none());
    old["ec2"] = serde_json::json!({ MANAGEMENT: { "eu-west-1": {} } });
    let world: World = serde_json::from_value(old).unwrap();
    assert!(world.region(MANAGEMENT, "eu-west-1").unwrap().vpcs.is_empty());
}

#[tokio::test]
async fn networks_survive_their_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let sandbox = Sandbox::open(&path, MANAGEMENT, Weather::default()).unwrap();
    let client = ec2_of(&sandbox, MANAGEMENT, "eu-west-1");
    let vpc_id = vpc(&client, "10.0.0.0/16").await;
    gateway(&client, &vpc_id).await;
    let subnet = subnet(&client, &vpc_id, "10.0.0.0/24", "euw1-az2").await;
    nat(&client, &subnet, &address(&client).await).await;
    let mut opted = sandbox.world();
    drop((sandbox, client));
    let sandbox = Sandbox::open(&path, MANAGEMENT, Weather::default()).unwrap();
    assert_eq!(timeless(sandbox.world()), timeless(opted.clone()));
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
    assert_eq!(ec2_of(&sandbox, MANAGEMENT, "eu-west-1").describe_nat_gateways().send().await.unwrap().nat_gateways().len(), 1);
    opted.opt_ins.entry(MANAGEMENT.to_owned()).or_default().insert("me-south-1".to_owned(), OptIn { enabled: true, due_ms: 5 });
    let read: World = serde_json::from_str(&serde_json::to_string(&opted).unwrap()).unwrap();
    assert_eq!(read, opted);
}
