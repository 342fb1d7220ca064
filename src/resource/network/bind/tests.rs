//! Binding, with worlds of plain values: those that a plan would build, and those that somebody changed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::world::{DhcpOptions, FlowLog as LiveFlowLog};
use super::super::world::{Endpoint, Gateway, NatGateway, Origin, Route, RouteTable, SecurityGroup, Subnet, Vpc, World};
use super::super::*;
use super::*;
use crate::network::{Dhcp, FlowLog as FlowLogDesign, Nat, Observed, Pool, Request, Share, Tier, allocate, vpc_address};
use crate::resource::network::expand;
use crate::resource::{ADDRESS_TAG, Attributes, typed};

fn scope() -> Scope {
    Scope { account: "records-dev".to_owned(), region: "eu-west-1".to_owned() }
}

fn address(kind: &str, key: &str) -> Address {
    Address::within(scope(), kind, key)
}

fn layout(nat: Nat) -> Layout {
    let tier = |name: &str, percent: f64| Tier { name: name.to_owned(), share: Share::of_percent(percent).unwrap() };
    Layout {
        region: "eu-west-1".to_owned(),
        pool: "main".to_owned(),
        prefix: 19,
        zones: 3,
        zone_bits: 3,
        only_zones: Default::default(),
        avoid_zones: Default::default(),
        nat,
        tiers: vec![tier("public", 25.0), tier("shared", 25.0), tier("private", 50.0)],
        endpoints: BTreeSet::from(["s3".to_owned(), "dynamodb".to_owned()]),
        dhcp: None,
        flow_log: None,
        dns_hostnames: None,
        dns_support: None,
        ipv6: false,
        connections: Default::default(),
    }
}

/// A layout with all that there is.
fn rich() -> Layout {
    let dhcp = Dhcp { name_servers: vec!["10.10.0.2".to_owned(), "AmazonProvidedDNS".to_owned()], domain_name: Some("corp".to_owned()) };
    let flow_log = FlowLogDesign { destination: "arn:aws:s3:::flow-logs".to_owned(), traffic: "ALL".to_owned(), interval: 600 };
    Layout {
        endpoints: ["s3", "ssm", "ecr.api"].map(str::to_owned).into(),
        dhcp: Some(dhcp),
        flow_log: Some(flow_log),
        ipv6: true,
        ..layout(Nat::PerZone)
    }
}

fn design(layout: Layout) -> Design {
    let request = Request {
        layout: "standard".to_owned(),
        pinned: None,
        id: None,
        tags: BTreeMap::from([("team".to_owned(), "records".to_owned())]),
    };
    Design {
        pools: [("main".to_owned(), Pool { cidr: "10.0.0.0/8".parse().unwrap(), reserved: BTreeSet::new() })].into(),
        layouts: [("standard".to_owned(), layout)].into(),
        vpcs: [(vpc_address("records-dev", "eu-west-1", "standard"), request)].into(),
        ..Design::default()
    }
}

fn desired(design: &Design) -> BTreeMap<Address, Attributes> {
    let observed = Observed::default();
    expand(design, &observed, &allocate(design, &observed))
}

/// The id of what a reference names.
fn id(reference: &Reference) -> String {
    match reference {
        Reference::Address(address) => format!("{}:{}", address.kind(), address.key()),
        Reference::Id(id) => id.clone(),
    }
}

/// With the tags of the creating call, in an account that had another key then.
fn tagged(address: &Address, tags: &Tags) -> Tags {
    let was = Address::within(Scope { account: "archive".to_owned(), region: "eu-west-1".to_owned() }, address.kind(), address.key());
    tags.iter().map(|(key, value)| (key.clone(), value.clone())).chain([(ADDRESS_TAG.to_owned(), was.to_string())]).collect()
}

fn ids(references: &BTreeSet<Reference>) -> BTreeSet<String> {
    references.iter().map(id).collect()
}

/// AWS's state once all of it was created.
fn built(desired: &BTreeMap<Address, Attributes>) -> World {
    let mut world = World::default();
    let mut of_tables: BTreeMap<String, (Vec<Route>, BTreeSet<String>)> = BTreeMap::new();
    for (address, attributes) in desired {
        let own = id(&address.clone().into());
        match address.kind() {
            "vpc" => {
                let is: VpcAttributes = typed(attributes).unwrap();
                let mut tags = tagged(address, &is.tags);
                tags.insert(WITH_TAG.to_owned(), is.with.iter().cloned().collect::<Vec<_>>().join(" "));
                world.extras.dns_hostnames.extend(is.enable_dns_hostnames.map(|on| (own.clone(), on)));
                world.extras.dns_support.extend(is.enable_dns_support.map(|on| (own.clone(), on)));
                let dhcp_options = Some(is.dhcp_options.as_ref().map_or_else(|| "dopt-aws".to_owned(), id));
                let vpc =
                    Vpc { blocks: BTreeSet::from([is.cidr.clone()]), cidr: is.cidr, ipv6: is.ipv6, is_default: false, dhcp_options, tags };
                world.vpcs.insert(own, vpc);
            }
            "subnet" => {
                let is: SubnetAttributes = typed(attributes).unwrap();
                of_tables.entry(id(is.route_table.as_ref().unwrap())).or_default().1.insert(own.clone());
                let ipv6 = is.ipv6.map(|place| format!("2001:db8:0:12{place:02x}::/64"));
                let tags = tagged(address, &is.tags);
                world.subnets.insert(own, Subnet { vpc: id(&is.vpc), cidr: is.cidr, ipv6, zone: is.zone, is_default: false, tags });
            }
            "route" => {
                let is: RouteAttributes = typed(attributes).unwrap();
                let route = Route { destination: is.destination, target: id(&is.target), ..Route::default() };
                of_tables.entry(id(&is.route_table)).or_default().0.push(route);
            }
            "route_table" => {
                let is: RouteTableAttributes = typed(attributes).unwrap();
                let local =
                    Route { destination: "10.0.0.0/19".to_owned(), target: "local".to_owned(), origin: Origin::Aws, is_blackhole: false };
                let tags = tagged(address, &is.tags);
                let table = RouteTable {
                    vpc: id(&is.vpc),
                    routes: vec![local],
                    propagating: ids(&is.propagating_gateways.unwrap_or_default()),
                    tags,
                    ..RouteTable::default()
                };
                world.route_tables.insert(own, table);
            }
            "internet_gateway" => {
                let is: InternetGatewayAttributes = typed(attributes).unwrap();
                world.internet_gateways.insert(own, Gateway { vpc: is.vpc.as_ref().map(id), tags: tagged(address, &is.tags) });
            }
            "egress_only_internet_gateway" => {
                let is: EgressOnlyInternetGatewayAttributes = typed(attributes).unwrap();
                world.extras.egress_only_gateways.insert(own, Gateway { vpc: Some(id(&is.vpc)), tags: tagged(address, &is.tags) });
            }
            "nat_gateway" => {
                let is: NatGatewayAttributes = typed(attributes).unwrap();
                let gateway = NatGateway {
                    vpc: id(&is.vpc),
                    subnet: is.subnet.as_ref().map(id),
                    is_regional: is.availability_mode == "regional",
                    address: is.elastic_ip.as_ref().map(id),
                    public_ips: BTreeSet::new(),
                    tags: tagged(address, &is.tags),
                };
                world.nat_gateways.insert(own, gateway);
            }
            "elastic_ip" => drop(world.addresses.insert(own, tagged(address, &typed::<ElasticIpAttributes>(attributes).unwrap().tags))),
            "vpc_endpoint" => {
                let is: VpcEndpointAttributes = typed(attributes).unwrap();
                let endpoint = Endpoint {
                    vpc: id(&is.vpc),
                    route_tables: ids(&is.route_tables),
                    subnets: ids(&is.subnets),
                    security_groups: ids(&is.security_groups),
                    tags: tagged(address, &is.tags),
                    service: is.service,
                    endpoint_type: is.endpoint_type,
                    private_dns: is.private_dns,
                };
                world.endpoints.insert(own, endpoint);
            }
            "security_group" => {
                let is: SecurityGroupAttributes = typed(attributes).unwrap();
                let (vpc, tags) = (id(&is.vpc), tagged(address, &is.tags));
                let group =
                    SecurityGroup { vpc, name: is.name, description: is.description, ingress: is.ingress, egress: BTreeSet::new(), tags };
                world.security_groups.insert(own, group);
            }
            "default_security_group" => {
                let is: DefaultSecurityGroupAttributes = typed(attributes).unwrap();
                let group = SecurityGroup { vpc: id(&is.vpc), name: "default".to_owned(), ..SecurityGroup::default() };
                world.security_groups.insert(own, group);
            }
            "dhcp_options" => {
                let is: DhcpOptionsAttributes = typed(attributes).unwrap();
                let tags = tagged(address, &is.tags);
                world.extras.dhcp_options.insert(own, DhcpOptions { domain_name: is.domain_name, name_servers: is.name_servers, tags });
            }
            "flow_log" => {
                let is: FlowLogAttributes = typed(attributes).unwrap();
                let (of, tags) = (id(&is.vpc), tagged(address, &is.tags));
                let log = LiveFlowLog { of, destination: is.destination, traffic: is.traffic, interval: is.interval, tags };
                world.extras.flow_logs.insert(own, log);
            }
            "default_vpc" => {}
            other => panic!("`{other}` is not built here"),
        }
    }
    for (table, (routes, subnets)) in of_tables {
        let table = world.route_tables.get_mut(&table).unwrap();
        table.routes.extend(routes);
        table.subnets = subnets;
    }
    world
}

fn bound(design: &Design, world: &World) -> Bound {
    bind(&scope(), design, world, &BTreeMap::new())
}

fn attributes(bound: &Bound) -> BTreeMap<Address, Attributes> {
    bound.resources.iter().map(|(address, resource)| (address.clone(), resource.attributes.clone())).collect()
}

fn summaries(bound: &Bound) -> Vec<String> {
    bound.findings.iter().map(|finding| format!("{:?} {}: {}", finding.severity, finding.subject, finding.summary)).collect()
}

/// The standard VPC as it was built, to be changed by the test.
fn standard() -> (Design, World) {
    let design = design(layout(Nat::PerZone));
    let world = built(&desired(&design));
    (design, world)
}

#[test]
fn what_is_built_as_planned_is_read_as_planned() {
    let regional = Layout { ipv6: true, ..layout(Nat::Regional) };
    let declared = Layout { dns_hostnames: Some(true), dns_support: Some(false), ..layout(Nat::None) };
    for layout in [layout(Nat::PerZone), layout(Nat::Single), regional, declared, rich()] {
        let mut design = design(layout);
        design.without_default_vpc.insert("records-dev".to_owned());
        let desired = desired(&design);
        let bound = bound(&design, &built(&desired));
        assert_eq!(attributes(&bound), desired);
        assert_eq!((summaries(&bound), &bound.blocks), (Vec::new(), &BTreeSet::new()));
        let (address, vpc) = bound.vpcs.first_key_value().unwrap();
        assert_eq!((address.to_string().as_str(), vpc.block.to_string()), ("records-dev/eu-west-1/vpc.standard", "10.0.0.0/19".to_owned()));
        let observed = Observed { vpcs: bound.vpcs.clone(), ..Observed::default() };
        let again = expand(&design, &observed, &allocate(&design, &observed));
        assert_eq!(again, desired, "what is live changes nothing in the plan");
    }
}

#[test]
fn ids_are_those_of_aws() {
    let (design, world) = standard();
    let bound = bound(&design, &world);
    let id = |kind: &str, key: &str| bound.resources[&address(kind, key)].id.clone().unwrap();
    assert_eq!(id("vpc", "standard"), "vpc:standard");
    assert_eq!(id("route", "standard/public/0.0.0.0/0"), "route_table:standard/public/0.0.0.0/0");
    assert_eq!(id("default_security_group", "standard"), "default_security_group:standard");
    assert!(bound.resources.values().all(|resource| resource.ours != Some(false)));
}

#[test]
fn what_left_the_configuration_is_known_by_its_tag() {
    let (mut design, world) = standard();
    let before = bound(&design, &world);
    design.vpcs.clear();
    let after = bound(&design, &world);
    let kinds = |bound: &Bound| bound.resources.keys().map(|a| a.kind().to_owned()).collect::<BTreeSet<_>>();
    let gone: Vec<String> = kinds(&before).difference(&kinds(&after)).cloned().collect();
    assert_eq!(gone, ["default_security_group"], "it goes with its VPC");
    assert!(after.resources.values().all(|resource| resource.ours == Some(true)));
    assert_eq!((after.vpcs, after.blocks), (BTreeMap::new(), BTreeSet::from(["10.0.0.0/19".parse().unwrap()])));
}

#[test]
fn two_of_one_address_are_an_error_that_names_both() {
    let (design, mut world) = standard();
    let mut second = world.vpcs["vpc:standard"].clone();
    second.cidr = "10.9.0.0/19".to_owned();
    second.blocks = BTreeSet::from(["10.9.0.0/19".to_owned()]);
    world.vpcs.insert("vpc:zzz".to_owned(), second);
    let bound = bound(&design, &world);
    assert_eq!(bound.resources[&address("vpc", "standard")].id.as_deref(), Some("vpc:standard"));
    assert!(bound.blocks.contains(&"10.9.0.0/19".parse().unwrap()), "in use, managed or not");
    let finding = bound.findings.iter().find(|finding| finding.severity == FindingSeverity::Error).unwrap();
    assert_eq!(finding.subject, "records-dev/eu-west-1/vpc.standard");
    assert!(finding.summary.contains("`vpc:standard`") && finding.summary.contains("`vpc:zzz`"), "{}", finding.summary);
}

#[test]
fn a_tag_that_is_of_another_kind_or_no_address_is_not_believed() {
    let (design, mut world) = standard();
    let foreign = |tag: &str| Gateway { vpc: None, tags: Tags::from([(ADDRESS_TAG.to_owned(), tag.to_owned())]) };
    world.internet_gateways.insert("igw-1".to_owned(), foreign("a/eu-west-1/vpc.standard"));
    world.internet_gateways.insert("igw-2".to_owned(), foreign("mine"));
    world.internet_gateways.insert("igw-3".to_owned(), foreign("ou.internet"));
    let bound = bound(&design, &world);
    assert_eq!(attributes(&bound), desired(&design));
    let found = summaries(&bound);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|finding| finding.starts_with("Warning igw-")), "{found:?}");
}

#[test]
fn what_is_not_ours_is_told_and_its_addresses_are_in_use() {
    let (design, mut world) = standard();
    let blocks = ["192.168.0.0/24", "10.5.0.0/16"].map(str::to_owned);
    world.vpcs.insert("vpc-0".to_owned(), Vpc { cidr: "192.168.0.0/24".to_owned(), blocks: blocks.into(), ..Vpc::default() });
    world.vpcs.insert("vpc-d".to_owned(), Vpc { is_default: true, cidr: "172.31.0.0/16".to_owned(), ..Vpc::default() });
    world.vpcs.get_mut("vpc:standard").unwrap().blocks.insert("100.64.0.0/20".to_owned());
    let subnet = Subnet { vpc: "vpc:standard".to_owned(), cidr: "10.0.31.0/24".to_owned(), ..Subnet::default() };
    world.subnets.insert("subnet-1".to_owned(), subnet);
    world.route_tables.insert("rtb-main".to_owned(), RouteTable { vpc: "vpc:standard".to_owned(), is_main: true, ..RouteTable::default() });
    let bound = bound(&design, &world);
    assert_eq!(attributes(&bound), desired(&design));
    let in_use: BTreeSet<Block> = ["192.168.0.0/24", "10.5.0.0/16", "100.64.0.0/20"].map(|block| block.parse().unwrap()).into();
    assert_eq!(bound.blocks, in_use);
    assert_eq!(
        summaries(&bound),
        [
            "Unmanaged vpc-0 (records-dev/eu-west-1): a VPC with `10.5.0.0/16`, `192.168.0.0/24` that overlord did not make; its addresses \
             are not assigned to any other VPC",
            "Unmanaged records-dev/eu-west-1/vpc.standard: it contains unmanaged resources, which stay as they are: `subnet-1`",
        ]
    );
    // No managed subnet can be in its range.
    let vpc = &bound.vpcs[&address("vpc", "standard")];
    assert_eq!(vpc.subnets["subnet-1"].to_string(), "10.0.31.0/24");
    assert_eq!(vpc.nat_zones, BTreeSet::from(["euw1-az1", "euw1-az2", "euw1-az3"].map(str::to_owned)));
}

#[test]
fn a_route_is_ours_when_it_leads_to_what_is_ours() {
    let (design, mut world) = standard();
    let table = world.route_tables.get_mut("route_table:standard/public").unwrap();
    let route =
        |destination: &str, target: &str| Route { destination: destination.to_owned(), target: target.to_owned(), ..Route::default() };
    table.routes.retain(|route| route.target == "local");
    table.routes.extend([
        route("0.0.0.0/0", "eni-1"),
        route("10.10.0.0/16", "tgw-1"),
        route("10.11.0.0/16", "internet_gateway:standard"),
        route("10.0.0.0/9", "tgw-1"),
        Route { is_blackhole: true, ..route("10.12.0.0/16", "pcx-1") },
        Route { origin: Origin::Propagated, ..route("10.13.0.0/16", "vgw-1") },
        Route { origin: Origin::Aws, ..route("pl-1", "vpce-1") },
    ]);
    let bound = bound(&design, &world);
    let routes: Vec<String> = bound
        .resources
        .iter()
        .filter_map(|(address, resource)| Some((address.key().strip_prefix("standard/public/")?, resource)))
        .map(|(destination, resource)| format!("{destination} {:?} {}", resource.ours.unwrap(), resource.attributes.get("target").unwrap()))
        .collect();
    assert_eq!(
        routes,
        [
            r#"0.0.0.0/0 false {"id":"eni-1"}"#,
            r#"10.0.0.0/9 false {"id":"tgw-1"}"#,
            r#"10.10.0.0/16 false {"id":"tgw-1"}"#,
            r#"10.11.0.0/16 true {"ref":"records-dev/eu-west-1/internet_gateway.standard"}"#,
            r#"10.12.0.0/16 false {"id":"pcx-1"}"#,
        ]
    );
    let in_use: Vec<String> = bound.blocks.iter().map(Block::to_string).collect();
    assert_eq!(in_use, ["10.10.0.0/16", "10.13.0.0/16"], "what is larger than a VPC says nothing, and what leads nowhere neither");
}

#[test]
fn tags_of_others_and_of_overlord_are_no_attributes() {
    let (design, mut world) = standard();
    let tags = &mut world.vpcs.get_mut("vpc:standard").unwrap().tags;
    tags.extend([("aws:cloudformation:stack-name", "x"), ("owner", "y")].map(|(key, value)| (key.to_owned(), value.to_owned())));
    let bound = bound(&design, &world);
    let tags = bound.resources[&address("vpc", "standard")].attributes.get("tags").unwrap();
    assert_eq!(tags, json!({"Name": "standard", "owner": "y", "team": "records"}));
}

#[test]
fn options_are_looked_at_where_a_vpc_ever_had_some() {
    let (design, mut world) = standard();
    let options = |world: &World| bound(&design, world).resources[&address("vpc", "standard")].attributes.get("dhcp_options");
    assert_eq!(options(&world), None);
    world.vpcs.get_mut("vpc:standard").unwrap().tags.insert(WITH_TAG.to_owned(), "flow_log dhcp_options".to_owned());
    assert_eq!(options(&world), Some(json!({"id": "dopt-aws"})));
}

#[test]
fn a_default_vpc_goes_only_where_nothing_uses_it() {
    let (mut design, mut world) = standard();
    design.without_default_vpc.insert("records-dev".to_owned());
    let default = |world: &World| bound(&design, world).resources[&address("default_vpc", "main")].clone();
    assert_eq!((default(&world).id.as_deref(), default(&world).attributes.get("present")), (Some("none"), Some(json!(false))));
    let vpc = || "vpc-d".to_owned();
    let blocks = BTreeSet::from(["172.31.0.0/16".to_owned()]);
    world.vpcs.insert(vpc(), Vpc { is_default: true, cidr: "172.31.0.0/16".to_owned(), blocks, ..Vpc::default() });
    world.subnets.insert("subnet-d".to_owned(), Subnet { vpc: vpc(), is_default: true, ..Subnet::default() });
    let way_out = Route { destination: "0.0.0.0/0".to_owned(), target: "igw-d".to_owned(), ..Route::default() };
    world.route_tables.insert("rtb-d".to_owned(), RouteTable { vpc: vpc(), is_main: true, routes: vec![way_out], ..RouteTable::default() });
    world.security_groups.insert("sg-d".to_owned(), SecurityGroup { vpc: vpc(), name: "default".to_owned(), ..SecurityGroup::default() });
    world.internet_gateways.insert("igw-d".to_owned(), Gateway { vpc: Some(vpc()), ..Gateway::default() });
    let bare = default(&world);
    assert_eq!((bare.id.as_deref(), bare.frozen.as_deref()), (Some("vpc-d"), None));
    assert_eq!(json!(bare.attributes), json!({"present": true, "subnets": 1}));

    let frozen = |change: &dyn Fn(&mut World)| {
        let mut world = world.clone();
        change(&mut world);
        default(&world).frozen.unwrap_or_default()
    };
    assert!(frozen(&|w| w.extras.default_vpc_interfaces.extend(["eni-1".to_owned()])).contains("`eni-1`"));
    assert!(frozen(&|w| w.subnets.get_mut("subnet-d").unwrap().is_default = false).contains("`subnet-d`"));
    assert!(
        frozen(&|w| drop(w.route_tables.insert("rtb-2".to_owned(), RouteTable { vpc: vpc(), ..RouteTable::default() })))
            .contains("`rtb-2`")
    );
    assert!(frozen(&|w| w.route_tables.get_mut("rtb-d").unwrap().routes[0].target = "pcx-1".to_owned()).contains("`rtb-d`"));
    let group = SecurityGroup { vpc: vpc(), name: "web".to_owned(), ..SecurityGroup::default() };
    assert!(frozen(&|w| drop(w.security_groups.insert("sg-2".to_owned(), group.clone()))).contains("`sg-2`"));
    assert!(
        frozen(&|w| drop(w.endpoints.insert("vpce-1".to_owned(), Endpoint { vpc: vpc(), ..Endpoint::default() }))).contains("`vpce-1`")
    );
    assert!(
        frozen(&|w| drop(w.nat_gateways.insert("nat-1".to_owned(), NatGateway { vpc: vpc(), ..NatGateway::default() })))
            .contains("`nat-1`")
    );
    assert!(frozen(&|w| w.vpcs.get_mut("vpc-d").unwrap().blocks.extend(["10.1.0.0/16".to_owned()])).contains("`10.1.0.0/16`"));
}

#[test]
fn a_route_to_a_prefix_list_is_somebody_elses() {
    let design = design(layout(Nat::PerZone));
    let mut world = built(&desired(&design));
    let target = world.nat_gateways.keys().next().unwrap().clone();
    let is_private = |table: &&mut RouteTable| table.tags[ADDRESS_TAG].ends_with("standard/private-euw1-az1");
    let route = Route { destination: "pl-1".to_owned(), target, ..Route::default() };
    world.route_tables.values_mut().find(is_private).unwrap().routes.push(route);
    let bound = bind(&scope(), &design, &world, &BTreeMap::new());
    let ours = |destination: &str| bound.resources[&address("route", &format!("standard/private-euw1-az1/{destination}"))].ours;
    assert_eq!((ours("pl-1"), ours("0.0.0.0/0")), (Some(false), Some(true)));
}

/// As an unmanaged VPC: without overlord's tag.
fn of_others(mut world: World) -> World {
    let named = |id: &String, tags: &mut Tags| *tags = BTreeMap::from([("Name".to_owned(), format!("their {id}"))]);
    world.vpcs.iter_mut().for_each(|(id, vpc)| named(id, &mut vpc.tags));
    world.subnets.iter_mut().for_each(|(id, subnet)| named(id, &mut subnet.tags));
    world.route_tables.iter_mut().for_each(|(id, table)| named(id, &mut table.tags));
    world.internet_gateways.iter_mut().for_each(|(id, gateway)| named(id, &mut gateway.tags));
    world.nat_gateways.iter_mut().for_each(|(id, gateway)| named(id, &mut gateway.tags));
    world.addresses.iter_mut().for_each(|(id, tags)| named(id, tags));
    world.endpoints.iter_mut().for_each(|(id, endpoint)| named(id, &mut endpoint.tags));
    world
}

/// A design that adopts the unmanaged VPC, and declares no tags.
fn adopting(layout: Layout) -> Design {
    let mut design = design(layout);
    for request in design.vpcs.values_mut() {
        request.id = Some("vpc:standard".to_owned());
        request.tags = BTreeMap::new();
    }
    design
}

/// The changes that a plan would make to it.
fn changes(design: &Design, world: &World) -> (Vec<String>, Vec<String>) {
    let bound = bind(&scope(), design, world, &BTreeMap::new());
    let observed = Observed { vpcs: bound.vpcs.clone(), blocks: bound.blocks.clone(), ..Observed::default() };
    let desired = crate::resource::Desired { resources: expand(design, &observed, &allocate(design, &observed)), ..Default::default() };
    let live = crate::resource::Live { resources: bound.resources, findings: bound.findings.clone(), ..Default::default() };
    let difference = crate::diff::diff(&desired, &live);
    let changes = difference.changes.iter().map(|change| format!("{:?} {}", change.action, change.address)).collect();
    let errors = bound.findings.into_iter().chain(crate::resource::network::findings(design, &observed, &allocate(design, &observed)));
    let errors = errors.filter(|finding| finding.severity == FindingSeverity::Error).map(|finding| finding.summary).collect();
    (changes, errors)
}

#[test]
fn what_others_built_is_known_by_its_place_and_nothing_of_it_is_ours() {
    for nat in [Nat::PerZone, Nat::Single, Nat::Regional, Nat::None] {
        let world = of_others(built(&desired(&design(layout(nat)))));
        let design = adopting(layout(nat));
        assert_eq!(changes(&design, &world), (Vec::new(), Vec::new()), "{nat:?}");
        let bound = bind(&scope(), &design, &world, &BTreeMap::new());
        assert!(bound.resources.len() > 20 && bound.resources.values().all(|live| live.ours == Some(false)), "{nat:?}");
        assert!(bound.findings.is_empty(), "{:?}", bound.findings);
        // What was removed from org.toml stays.
        let less = adopting(Layout { endpoints: BTreeSet::new(), nat: Nat::None, ..layout(nat) });
        assert_eq!(changes(&less, &world), (Vec::new(), Vec::new()), "{nat:?}");
    }
}

#[test]
fn what_a_vpc_of_others_lacks_is_made_and_nothing_twice() {
    let mut world = of_others(built(&desired(&design(layout(Nat::Single)))));
    world.subnets.remove("subnet:standard/private-euw1-az3");
    world.route_tables.remove("route_table:standard/private-euw1-az3");
    let design = adopting(layout(Nat::Single));
    let made = ["route_table.standard/private-euw1-az3", "subnet.standard/private-euw1-az3"];
    let (changes, errors) = changes(&design, &world);
    for address in made {
        assert!(changes.contains(&format!("Create records-dev/eu-west-1/{address}")), "{changes:?}");
    }
    assert!(changes.iter().all(|change| change.contains("euw1-az3") || change.starts_with("Update")), "{changes:?}");
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn what_is_no_vpc_of_others_is_not_adopted() {
    let design = adopting(layout(Nat::None));
    let made = built(&desired(&self::design(layout(Nat::None))));
    let theirs = of_others(made.clone());
    let error = |world: &World| changes(&design, world).1.join("\n");
    assert!(error(&World::default()).contains("`vpc:standard` is not in the account and Region"));
    assert_eq!(changes(&design, &World::default()).0, Vec::<String>::new(), "and none is made");
    let mut default = theirs.clone();
    default.vpcs.values_mut().for_each(|vpc| vpc.is_default = true);
    assert!(error(&default).contains("is the default VPC of its Region"));
    let mut second = theirs.clone();
    second.vpcs.insert("vpc:ours".to_owned(), made.vpcs["vpc:standard"].clone());
    assert!(error(&second).contains("it is there already, as `vpc:ours`"));
    // A tier before the others: the tiers of the subnets are unknown.
    let mut shifted = adopting(layout(Nat::None));
    let tiers = &mut shifted.layouts.get_mut("standard").unwrap().tiers;
    tiers[2].share = Share::of_percent(12.5).unwrap();
    tiers.insert(0, Tier { name: "data".to_owned(), share: Share::of_percent(25.0).unwrap() });
    let (_, errors) = changes(&shifted, &theirs);
    assert!(errors.join("\n").contains("are unknown"), "{errors:?}");
}
