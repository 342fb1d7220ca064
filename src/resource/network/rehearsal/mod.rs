//! Copies an account's networks in a Region, as they were read, into the sandbox's EC2 with the same ids. A rehearsal is applied to this
//! copy. Pure.
//!
//! Values that no list returns are invented: public and private addresses, the ids of associations and rules, AWS's own DHCP options.
//! Resources that the sandbox does not model are left out: other kinds of gateways and endpoints, and routes to them.

mod connections;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnetwork::Ipv6Network;

use super::ENABLED;
use super::security_group::Rule;
use super::world::{Endpoint, NatGateway, Origin, RouteTable, SecurityGroup, Vpc, World};
use super::{Tags, world};
use crate::sandbox::ec2::{self, EndpointType, Ipv6Block, Life, NatLink, NatPlace, Peer, Region, Target};
use crate::sandbox::{self, OptIn};

/// Replaces a policy or a format that was not read.
const UNREAD: &str = "{}";
/// Where invented public addresses start: reserved for benchmarks (RFC 2544).
const PUBLIC: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
/// The first 48 bits of invented IPv6 blocks: reserved for documentation (RFC 3849).
const PUBLIC_IPV6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0);

/// What was read, for a rehearsal.
#[derive(Default)]
pub struct Kept {
    pub(super) places: Vec<Place>,
    /// The ids of the accounts that could not be read.
    pub(super) unreachable: BTreeSet<String>,
}

impl Kept {
    /// Adds it to a copy of the organization: accounts that could not be read cannot be read there either.
    pub fn put(&self, copy: &mut sandbox::World) {
        self.places.iter().for_each(|place| place.put(copy));
        connections::put(&self.places, copy);
        for account in copy.accounts.values_mut().filter(|account| self.unreachable.contains(&account.id)) {
            account.roles.clear();
        }
    }
}

/// What was read of an account in a Region.
#[derive(Clone)]
pub(super) struct Place {
    /// The account's id.
    pub account: String,
    pub region: String,
    /// The status of an opt-in Region.
    pub status: Option<String>,
    pub world: World,
}

impl Place {
    /// Adds it to the copy, replacing the Region's default resources.
    fn put(&self, copy: &mut sandbox::World) {
        let now_ms = copy.clock_ms;
        if let Some(status) = &self.status {
            let enabled = status == ENABLED || status == "ENABLING";
            let opt_ins = copy.opt_ins.entry(self.account.clone()).or_default();
            opt_ins.insert(self.region.clone(), OptIn { enabled, due_ms: now_ms });
            if status != ENABLED {
                return;
            }
        }
        // A Region that the sandbox does not know refuses everything that the rehearsal does there.
        if let Some(region) = copy.region_mut(&self.account, &self.region) {
            Copy {
                world: &self.world,
                name: &self.region,
                life: Life { created_ms: now_ms, available_ms: now_ms, deleted_ms: None },
                region,
            }
            .fill();
        }
    }
}

struct Copy<'a> {
    world: &'a World,
    name: &'a str,
    /// The lifecycle state of existing resources.
    life: Life,
    region: &'a mut Region,
}

impl Copy<'_> {
    fn fill(&mut self) {
        let world = self.world;
        self.dhcp_options();
        let vpcs = (0..).zip(&world.vpcs).filter_map(|(number, (id, vpc))| Some((id.clone(), self.vpc(number, id, vpc)?)));
        self.region.vpcs = vpcs.collect();
        self.subnets();
        self.region.route_tables = world.route_tables.iter().map(|(id, table)| (id.clone(), route_table(self.region, table))).collect();
        let gateways = world.internet_gateways.iter();
        self.region.internet_gateways = gateways.map(|(id, live)| (id.clone(), ec2::InternetGateway { vpc: live.vpc.clone() })).collect();
        let gateways = world.extras.egress_only_gateways.iter();
        let gateways = gateways.filter_map(|(id, live)| Some((id.clone(), ec2::EgressOnlyInternetGateway { vpc: live.vpc.clone()? })));
        self.region.egress_only_internet_gateways = gateways.collect();
        let addresses = (1_u32..).zip(world.addresses.keys());
        let addresses =
            addresses.map(|(number, id)| (id.clone(), ec2::Address { public_ip: Ipv4Addr::from_bits(PUBLIC.to_bits() + number) }));
        self.region.addresses = addresses.collect();
        self.region.nat_gateways = world.nat_gateways.iter().map(|(id, live)| (id.clone(), self.nat_gateway(live))).collect();
        self.region.vpc_endpoints = world.endpoints.iter().filter_map(|(id, live)| Some((id.clone(), self.endpoint(live)?))).collect();
        let groups = world.security_groups.iter();
        self.region.security_groups = groups.map(|(id, live)| (id.clone(), security_group(self.region, live))).collect();
        let logs = world.extras.flow_logs.iter();
        self.region.flow_logs = logs.map(|(id, live)| (id.clone(), flow_log(live, self.life.created_ms))).collect();
        self.interfaces();
        self.born_with_vpcs();
        let tags = tags(world).filter(|(_, tags)| !tags.is_empty());
        self.region.tags = tags.map(|(id, tags)| (id.clone(), tags.clone())).collect();
    }

    /// Those that were read, and AWS's own for the other VPCs.
    fn dhcp_options(&mut self) {
        let of_aws = self.region.dhcp_options.get(&self.region.default_dhcp_options).cloned();
        for vpc in self.world.vpcs.values() {
            if let (Some(id), Some(of_aws)) = (&vpc.dhcp_options, &of_aws)
                && vpc.is_default
            {
                self.region.dhcp_options = BTreeMap::from([(id.clone(), of_aws.clone())]);
                self.region.default_dhcp_options.clone_from(id);
            }
        }
        let used = self.world.vpcs.values().filter_map(|vpc| vpc.dhcp_options.clone());
        let used = used.filter_map(|id| Some((id, of_aws.clone()?))).collect::<Vec<_>>();
        self.region.dhcp_options.extend(used);
        for (id, live) in &self.world.extras.dhcp_options {
            let name = live.domain_name.iter().map(|name| ("domain-name".to_owned(), vec![name.clone()]));
            let servers = (!live.name_servers.is_empty()).then(|| ("domain-name-servers".to_owned(), live.name_servers.clone()));
            self.region.dhcp_options.insert(id.clone(), ec2::DhcpOptions { values: name.chain(servers).collect() });
        }
    }

    fn vpc(&self, number: u128, id: &str, live: &Vpc) -> Option<ec2::Vpc> {
        let extras = &self.world.extras;
        let dhcp_options = live.dhcp_options.as_ref().unwrap_or(&self.region.default_dhcp_options);
        let secondary = live.blocks.iter().filter(|block| **block != live.cidr).filter_map(|block| block.parse().ok());
        let of_subnet =
            || self.world.subnets.values().filter(|subnet| subnet.vpc == id).find_map(|subnet| subnet.ipv6.as_ref()?.parse().ok());
        let ipv6 = live.ipv6.then(|| {
            let made_up = || Ipv6Addr::from_bits(PUBLIC_IPV6.to_bits() | (number & 0xff) << 72);
            of_subnet().map_or_else(made_up, |block: Ipv6Network| block.ip())
        });
        let vpc = ec2::Vpc::new(live.cidr.parse().ok()?, dhcp_options);
        Some(ec2::Vpc {
            secondary: secondary.collect(),
            ipv6: ipv6.and_then(|ip| block(ip, 56, id)),
            dns_support: extras.dns_support.get(id).copied().unwrap_or(true),
            dns_hostnames: extras.dns_hostnames.get(id).copied().unwrap_or(live.is_default),
            is_default: live.is_default,
            ..vpc
        })
    }

    fn subnets(&mut self) {
        let subnets = self.world.subnets.iter().filter_map(|(id, live)| {
            let ipv6 = live.ipv6.as_ref().and_then(|block| block.parse::<Ipv6Network>().ok());
            let subnet = ec2::Subnet {
                ipv6: ipv6.and_then(|ipv6| block(ipv6.ip(), 64, id)),
                map_public_ip: live.is_default,
                default_for_zone: live.is_default,
                ..ec2::Subnet::new(&live.vpc, live.cidr.parse().ok()?, &live.zone)
            };
            Some((id.clone(), subnet))
        });
        self.region.subnets = subnets.collect();
    }

    fn nat_gateway(&mut self, live: &NatGateway) -> ec2::NatGateway {
        let (place, link) = match &live.subnet {
            Some(subnet) => {
                let link = NatLink {
                    allocation: live.address.clone(),
                    association: self.region.fresh("eipassoc"),
                    interface: self.region.fresh("eni"),
                    private_ip: Ipv4Addr::UNSPECIFIED,
                };
                (NatPlace::Zonal(subnet.clone()), Some(link))
            }
            None => (NatPlace::Regional(Vec::new()), None),
        };
        let public = live.is_regional || live.address.is_some();
        ec2::NatGateway { vpc: live.vpc.clone(), place, public, link, life: self.life, failure: None }
    }

    fn endpoint(&mut self, live: &Endpoint) -> Option<ec2::VpcEndpoint> {
        let kind = match live.endpoint_type.as_str() {
            "Gateway" => EndpointType::Gateway,
            "Interface" => EndpointType::Interface,
            _ => return None,
        };
        // The reader shortens the names of the Region's own services.
        let is_whole = ["com.", "cn.", "aws."].iter().any(|start| live.service.starts_with(start));
        let service = if is_whole { live.service.clone() } else { format!("com.amazonaws.{}.{}", self.name, live.service) };
        Some(ec2::VpcEndpoint {
            vpc: live.vpc.clone(),
            service,
            kind,
            policy: UNREAD.to_owned(),
            route_tables: live.route_tables.clone(),
            subnets: live.subnets.iter().map(|subnet| (subnet.clone(), self.region.fresh("eni"))).collect(),
            groups: live.security_groups.clone(),
            private_dns: live.private_dns,
            life: self.life,
        })
    }

    /// For accounts outside the configuration, only the VPCs are read: they get what AWS creates with every VPC.
    fn born_with_vpcs(&mut self) {
        for id in self.world.vpcs.keys() {
            if !self.region.route_tables.values().any(|table| table.vpc == *id && table.main.is_some()) {
                let (table, main) = (self.region.fresh("rtb"), self.region.fresh("rtbassoc"));
                self.region.route_tables.insert(table, ec2::RouteTable { main: Some(main), ..ec2::RouteTable::new(id) });
            }
            if !self.region.security_groups.values().any(|group| group.vpc == *id && group.is_default()) {
                let (vpc, name) = (id.clone(), "default".to_owned());
                let group = ec2::SecurityGroup { vpc, name, description: String::new(), rules: BTreeMap::new() };
                let id = self.region.fresh("sg");
                self.region.security_groups.insert(id, group);
            }
        }
    }

    /// Only those of a default VPC that is to be deleted are read: it keeps them.
    fn interfaces(&mut self) {
        let subnet = self.world.subnets.iter().find(|(_, subnet)| subnet.is_default).map(|(id, _)| id.clone()).unwrap_or_default();
        let interfaces = self.world.extras.default_vpc_interfaces.iter().map(|id| {
            let interface = ec2::NetworkInterface {
                subnet: subnet.clone(),
                groups: Default::default(),
                description: String::new(),
                private_ip: Ipv4Addr::UNSPECIFIED,
                public_ip: None,
            };
            (id.clone(), interface)
        });
        self.region.interfaces = interfaces.collect();
    }
}

/// The IPv6 block of the resource with that id.
fn block(ip: Ipv6Addr, prefix: u8, id: &str) -> Option<Ipv6Block> {
    let cidr = Ipv6Network::new(ip, prefix).ok()?;
    let cidr = Ipv6Network::new(cidr.network(), prefix).ok()?;
    Some(Ipv6Block { association: format!("cidr-assoc-{id}"), cidr })
}

fn route_table(region: &mut Region, live: &RouteTable) -> ec2::RouteTable {
    let routes = live.routes.iter().filter(|route| route.origin == Origin::Call);
    let routes = routes.filter_map(|route| Some((route.destination.clone(), target(&route.target)?)));
    ec2::RouteTable {
        vpc: live.vpc.clone(),
        main: live.is_main.then(|| region.fresh("rtbassoc")),
        associations: live.subnets.iter().map(|subnet| (region.fresh("rtbassoc"), subnet.clone())).collect(),
        routes: routes.collect(),
        propagating: live.propagating.clone(),
    }
}

fn target(id: &str) -> Option<Target> {
    let (kind, _) = id.split_once('-')?;
    let id = id.to_owned();
    match kind {
        "igw" | "vgw" => Some(Target::Gateway(id)),
        "nat" => Some(Target::NatGateway(id)),
        "eigw" => Some(Target::EgressOnlyInternetGateway(id)),
        "eni" => Some(Target::NetworkInterface(id)),
        "pcx" => Some(Target::Peering(id)),
        "tgw" => Some(Target::TransitGateway(id)),
        _ => None,
    }
}

fn security_group(region: &mut Region, live: &SecurityGroup) -> ec2::SecurityGroup {
    let ingress = live.ingress.iter().map(|rule| (false, rule));
    let rules = ingress.chain(live.egress.iter().map(|rule| (true, rule)));
    ec2::SecurityGroup {
        vpc: live.vpc.clone(),
        name: live.name.clone(),
        description: live.description.clone(),
        rules: rules.map(|(egress, rule)| (region.fresh("sgr"), self::rule(egress, rule))).collect(),
    }
}

/// Converts the reader's form back to AWS's.
fn rule(egress: bool, live: &Rule) -> ec2::Rule {
    let from = live.from.clone();
    let peer = match from.as_str() {
        group if group.starts_with("sg-") => Peer::Group(from),
        list if list.starts_with("pl-") => Peer::PrefixList(from),
        block if block.contains(':') => Peer::Ipv6(from),
        _ => Peer::Ipv4(from),
    };
    // ICMP's type and code may be negative: the first character is no separator.
    let separator = live.ports.char_indices().skip(1).find(|(_, letter)| *letter == '-').map(|(at, _)| at);
    let (first, last) = separator.and_then(|at| live.ports.split_at_checked(at)).unwrap_or((&live.ports, ""));
    let last = last.strip_prefix('-').unwrap_or(first);
    let ports = first.parse().ok().and_then(|first| Some((first, last.parse().ok()?)));
    let protocol = if live.protocol == "all" { "-1".to_owned() } else { live.protocol.clone() };
    ec2::Rule { egress, protocol, ports, peer, description: None }
}

fn flow_log(live: &world::FlowLog, now_ms: u64) -> ec2::FlowLog {
    let destination_type = match live.destination.split(':').nth(2) {
        Some("s3") => "s3",
        Some("firehose") => "kinesis-data-firehose",
        _ => "cloud-watch-logs",
    };
    ec2::FlowLog {
        resource: live.of.clone(),
        traffic: live.traffic.clone(),
        destination_type: destination_type.to_owned(),
        destination: Some(live.destination.clone()),
        log_group: None,
        role: None,
        format: UNREAD.to_owned(),
        interval: live.interval,
        created_ms: now_ms,
    }
}

/// The tags of everything.
fn tags(world: &World) -> impl Iterator<Item = (&String, &Tags)> {
    let World {
        vpcs,
        subnets,
        route_tables,
        internet_gateways,
        nat_gateways,
        addresses,
        public_ips: _,
        endpoints,
        security_groups,
        extras,
    } = world;
    let gateways = internet_gateways.iter().chain(&extras.egress_only_gateways);
    (vpcs.iter().map(|(id, live)| (id, &live.tags)))
        .chain(subnets.iter().map(|(id, live)| (id, &live.tags)))
        .chain(route_tables.iter().map(|(id, live)| (id, &live.tags)))
        .chain(gateways.map(|(id, live)| (id, &live.tags)))
        .chain(nat_gateways.iter().map(|(id, live)| (id, &live.tags)))
        .chain(addresses)
        .chain(endpoints.iter().map(|(id, live)| (id, &live.tags)))
        .chain(security_groups.iter().map(|(id, live)| (id, &live.tags)))
        .chain(extras.dhcp_options.iter().map(|(id, live)| (id, &live.tags)))
        .chain(extras.flow_logs.iter().map(|(id, live)| (id, &live.tags)))
}
