//! The calls that read a network: each a Describe call with all of its pages, and AWS's answer in plain values.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    self, AvailabilityMode, AvailabilityZoneOptInStatus, AvailabilityZoneState as ZoneState, RouteOrigin, RouteState,
    SubnetCidrBlockStateCode, Tag, VpcAttributeName, VpcCidrBlockStateCode,
};

use super::Tags;
use super::calls::filter;
use super::rules::rules;
use super::world::{DhcpOptions, Endpoint, FlowLog, Gateway, NatGateway, Origin, Route, RouteTable, SecurityGroup, Subnet, Vpc};
use crate::address::Address;
use crate::aws::{AwsResult, Error};
use crate::resource::ADDRESS_TAG;
use crate::resource::pages::whole_list;

/// The largest page that AWS returns. A call without this parameter is throttled earlier, or returns only a part.
/// Source: EC2's API reference, each operation's `MaxResults`.
const PAGE: i32 = 1000;
/// The same for route tables.
const PAGE_OF_TABLES: i32 = 100;
/// The same for egress-only internet gateways.
const PAGE_OF_EGRESS_ONLY_GATEWAYS: i32 = 255;

/// The availability zones of an account in a Region.
#[derive(Debug, Clone, Default)]
pub(super) struct LiveZones {
    /// The IDs of those in which new resources can be created, in the order of their numbers.
    pub sound: Vec<String>,
    /// Those that AWS reports as impaired, constrained or unavailable, with that word. Nothing new is created there.
    pub troubled: BTreeMap<String, String>,
}

/// One account and Region, read with its own client.
pub(super) struct Ec2Reader<'a> {
    pub client: &'a Client,
    /// Resources that other accounts share with this one are not its own.
    pub account: &'a str,
}

/// A list, page by page.
macro_rules! list {
    ($request:expr, $items:ident, $item:ident, $id:ident, $operation:literal) => {
        whole_list(
            $operation,
            |item: &types::$item| item.$id(),
            |token| {
                let page = $request.set_next_token(token).send();
                async move {
                    let page = page.await.map_err(|e| Error::sdk($operation, &e))?;
                    Ok((page.$items, page.next_token))
                }
            },
        )
        .await?
    };
}

pub(super) use list;

impl Ec2Reader<'_> {
    fn is_own(&self, owner: Option<&str>) -> bool {
        owner.is_none_or(|owner| owner.is_empty() || owner == self.account)
    }

    pub async fn vpcs(&self) -> AwsResult<BTreeMap<String, Vpc>> {
        let request = || self.client.describe_vpcs().max_results(PAGE);
        let vpcs = list!(request(), vpcs, Vpc, vpc_id, "ec2:DescribeVpcs");
        Ok(by_id(vpcs.iter().filter(|vpc| self.is_own(vpc.owner_id())), |vpc| Some((vpc.vpc_id()?, self::vpc(vpc)))))
    }

    pub async fn subnets(&self) -> AwsResult<BTreeMap<String, Subnet>> {
        let request = || self.client.describe_subnets().max_results(PAGE);
        let subnets = list!(request(), subnets, Subnet, subnet_id, "ec2:DescribeSubnets");
        Ok(by_id(subnets.iter().filter(|subnet| self.is_own(subnet.owner_id())), |subnet| {
            Some((subnet.subnet_id()?, self::subnet(subnet)))
        }))
    }

    pub async fn route_tables(&self) -> AwsResult<BTreeMap<String, RouteTable>> {
        let request = || self.client.describe_route_tables().max_results(PAGE_OF_TABLES);
        let tables = list!(request(), route_tables, RouteTable, route_table_id, "ec2:DescribeRouteTables");
        Ok(by_id(tables.iter().filter(|table| self.is_own(table.owner_id())), |table| Some((table.route_table_id()?, route_table(table)))))
    }

    pub async fn internet_gateways(&self) -> AwsResult<BTreeMap<String, Gateway>> {
        let request = || self.client.describe_internet_gateways().max_results(PAGE);
        let gateways = list!(request(), internet_gateways, InternetGateway, internet_gateway_id, "ec2:DescribeInternetGateways");
        Ok(by_id(gateways.iter().filter(|gateway| self.is_own(gateway.owner_id())), |gateway| {
            Some((gateway.internet_gateway_id()?, self::gateway(gateway.attachments(), gateway.tags())))
        }))
    }

    pub async fn nat_gateways(&self) -> AwsResult<BTreeMap<String, NatGateway>> {
        let request = || self.client.describe_nat_gateways().max_results(PAGE);
        let gateways = list!(request(), nat_gateways, NatGateway, nat_gateway_id, "ec2:DescribeNatGateways");
        Ok(by_id(gateways.iter().filter(|gateway| lives(gateway)), |gateway| Some((gateway.nat_gateway_id()?, nat_gateway(gateway)))))
    }

    /// Tags and public addresses, by allocation id. AWS returns one page.
    pub async fn addresses(&self) -> AwsResult<(BTreeMap<String, Tags>, BTreeMap<String, String>)> {
        let answer = self.client.describe_addresses().send().await.map_err(|e| Error::sdk("ec2:DescribeAddresses", &e))?;
        let tags = by_id(answer.addresses(), |address| Some((address.allocation_id()?, tags(address.tags()))));
        Ok((tags, by_id(answer.addresses(), |address| Some((address.allocation_id()?, address.public_ip()?.to_owned())))))
    }

    pub async fn endpoints(&self, region: &str) -> AwsResult<BTreeMap<String, Endpoint>> {
        let request = || self.client.describe_vpc_endpoints().max_results(PAGE);
        let endpoints = list!(request(), vpc_endpoints, VpcEndpoint, vpc_endpoint_id, "ec2:DescribeVpcEndpoints");
        let lives = |endpoint: &&types::VpcEndpoint| self.is_own(endpoint.owner_id()) && super::vpc_endpoint::is_alive(endpoint.state());
        Ok(by_id(endpoints.iter().filter(lives), |endpoint| Some((endpoint.vpc_endpoint_id()?, self::endpoint(endpoint, region)))))
    }

    pub async fn security_groups(&self) -> AwsResult<BTreeMap<String, SecurityGroup>> {
        let request = || self.client.describe_security_groups().max_results(PAGE);
        let groups = list!(request(), security_groups, SecurityGroup, group_id, "ec2:DescribeSecurityGroups");
        Ok(by_id(groups.iter().filter(|group| self.is_own(group.owner_id())), |group| Some((group.group_id()?, security_group(group)))))
    }

    pub async fn dhcp_options(&self) -> AwsResult<BTreeMap<String, DhcpOptions>> {
        let request = || self.client.describe_dhcp_options().max_results(PAGE);
        let all = list!(request(), dhcp_options, DhcpOptions, dhcp_options_id, "ec2:DescribeDhcpOptions");
        Ok(by_id(all.iter().filter(|options| self.is_own(options.owner_id())), |options| {
            Some((options.dhcp_options_id()?, dhcp_options(options)))
        }))
    }

    pub async fn egress_only_gateways(&self) -> AwsResult<BTreeMap<String, Gateway>> {
        let request = || self.client.describe_egress_only_internet_gateways().max_results(PAGE_OF_EGRESS_ONLY_GATEWAYS);
        let gateways = list!(
            request(),
            egress_only_internet_gateways,
            EgressOnlyInternetGateway,
            egress_only_internet_gateway_id,
            "ec2:DescribeEgressOnlyInternetGateways"
        );
        Ok(by_id(&gateways, |gateway| {
            Some((gateway.egress_only_internet_gateway_id()?, self::gateway(gateway.attachments(), gateway.tags())))
        }))
    }

    pub async fn flow_logs(&self) -> AwsResult<BTreeMap<String, FlowLog>> {
        let request = || self.client.describe_flow_logs().max_results(PAGE);
        let logs = list!(request(), flow_logs, FlowLog, flow_log_id, "ec2:DescribeFlowLogs");
        Ok(by_id(&logs, |log| Some((log.flow_log_id()?, flow_log(log)))))
    }

    /// Whether instances of a VPC get DNS names.
    pub async fn dns_hostnames(&self, vpc: &str) -> AwsResult<Option<bool>> {
        let answer = self.attribute(vpc, VpcAttributeName::EnableDnsHostnames).await?;
        Ok(answer.enable_dns_hostnames().and_then(|attribute| attribute.value()))
    }

    /// Whether AWS's resolver is enabled in a VPC.
    pub async fn dns_support(&self, vpc: &str) -> AwsResult<Option<bool>> {
        let answer = self.attribute(vpc, VpcAttributeName::EnableDnsSupport).await?;
        Ok(answer.enable_dns_support().and_then(|attribute| attribute.value()))
    }

    async fn attribute(
        &self,
        vpc: &str,
        name: VpcAttributeName,
    ) -> AwsResult<aws_sdk_ec2::operation::describe_vpc_attribute::DescribeVpcAttributeOutput> {
        let request = self.client.describe_vpc_attribute().vpc_id(vpc).attribute(name);
        request.send().await.map_err(|e| Error::sdk("ec2:DescribeVpcAttribute", &e))
    }

    /// The network interfaces in a VPC: everything that runs there has one.
    pub async fn interfaces(&self, vpc: &str) -> AwsResult<BTreeSet<String>> {
        let request = || self.client.describe_network_interfaces().filters(filter("vpc-id", vpc)).max_results(PAGE);
        let all = list!(request(), network_interfaces, NetworkInterface, network_interface_id, "ec2:DescribeNetworkInterfaces");
        Ok(all.into_iter().filter_map(|interface| interface.network_interface_id).collect())
    }

    /// The network interfaces in a VPC that belong neither to NAT gateways nor to endpoints; `None` if listing them is not permitted.
    pub async fn users(&self, vpc: &str) -> AwsResult<Option<BTreeSet<String>>> {
        // As the API reference spells it, and as AWS returns it.
        const OF_SERVICES: [&str; 3] = ["natGateway", "nat_gateway", "vpc_endpoint"];
        let list = async {
            let request = || self.client.describe_network_interfaces().filters(filter("vpc-id", vpc)).max_results(PAGE);
            Ok(list!(request(), network_interfaces, NetworkInterface, network_interface_id, "ec2:DescribeNetworkInterfaces"))
        };
        let all: Vec<types::NetworkInterface> = match list.await {
            Err(e) if Error::is(&e, &["UnauthorizedOperation"]) => return Ok(None),
            all => all?,
        };
        let is_of_others =
            |interface: &types::NetworkInterface| interface.interface_type().is_none_or(|kind| !OF_SERVICES.contains(&kind.as_str()));
        Ok(Some(all.into_iter().filter(is_of_others).filter_map(|interface| interface.network_interface_id).collect()))
    }

    /// What prevents the deletion of a VPC and has no network interface: custom network ACLs, VPN gateways and egress-only internet
    /// gateways.
    pub async fn hidden_uses(&self, vpc: &str) -> AwsResult<BTreeSet<String>> {
        let (acls, vpn_gateways, egress_only) =
            tokio::try_join!(self.network_acls(vpc), self.vpn_gateways_of(vpc), self.egress_only_gateways())?;
        let egress_only = egress_only.into_iter().filter(|(_, gateway)| gateway.vpc.as_deref() == Some(vpc)).map(|(id, _)| id);
        Ok(acls.into_iter().chain(vpn_gateways).chain(egress_only).collect())
    }

    async fn network_acls(&self, vpc: &str) -> AwsResult<Vec<String>> {
        let filters = || Some(vec![filter("vpc-id", vpc), filter("default", "false")]);
        let request = || self.client.describe_network_acls().set_filters(filters()).max_results(PAGE);
        let acls = list!(request(), network_acls, NetworkAcl, network_acl_id, "ec2:DescribeNetworkAcls");
        Ok(acls.into_iter().filter_map(|acl| acl.network_acl_id).collect())
    }

    async fn vpn_gateways_of(&self, vpc: &str) -> AwsResult<Vec<String>> {
        let answer = self.client.describe_vpn_gateways().filters(filter("attachment.vpc-id", vpc)).send().await;
        let answer = answer.map_err(|e| Error::sdk("ec2:DescribeVpnGateways", &e))?;
        let holds = |gateway: &&types::VpnGateway| {
            let detached = Some(&types::AttachmentStatus::Detached);
            gateway.vpc_attachments().iter().any(|attachment| attachment.vpc_id() == Some(vpc) && attachment.state() != detached)
        };
        Ok(answer.vpn_gateways().iter().filter(holds).filter_map(|gateway| gateway.vpn_gateway_id.clone()).collect())
    }

    /// The kinds of all resources with overlord's tag: one list, where each kind would need one of its own.
    pub async fn kinds_of_ours(&self) -> AwsResult<BTreeSet<String>> {
        let request = || self.client.describe_tags().filters(filter("key", ADDRESS_TAG)).max_results(PAGE);
        let tags = list!(request(), tags, TagDescription, resource_id, "ec2:DescribeTags");
        let tags = tags.into_iter().filter(|tag| tag.key() == Some(ADDRESS_TAG));
        let address = |tag: types::TagDescription| tag.value?.parse::<Address>().ok();
        Ok(tags.filter_map(address).map(|address| address.kind().to_owned()).collect())
    }

    /// The IDs of the zones in which interface endpoints of services can be, by the short name of the service.
    pub async fn endpoint_zones(&self, region: &str) -> AwsResult<BTreeMap<String, BTreeSet<String>>> {
        let services = || filter("service-type", types::ServiceType::Interface.as_str());
        let request = || self.client.describe_vpc_endpoint_services().filters(services()).max_results(PAGE);
        let all = list!(request(), service_details, ServiceDetail, service_id, "ec2:DescribeVpcEndpointServices");
        let is_interface = |service: &&types::ServiceDetail| {
            let of = |detail: &types::ServiceTypeDetail| detail.service_type() == Some(&types::ServiceType::Interface);
            service.service_type().is_empty() || service.service_type().iter().any(of)
        };
        // Zone names differ per account. Not every endpoint also returns the IDs.
        let needs_ids = all.iter().any(|service| service.availability_zone_ids().is_empty() && !service.availability_zones().is_empty());
        let ids = if needs_ids { self.zone_ids().await? } else { BTreeMap::new() };
        let mut offered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for service in all.iter().filter(is_interface) {
            let name = super::vpc_endpoint::short_name(region, service.service_name().unwrap_or_default());
            let by_name = service.availability_zones().iter().filter_map(|name| ids.get(name));
            offered.entry(name.to_owned()).or_default().extend(service.availability_zone_ids().iter().chain(by_name).cloned());
        }
        Ok(offered)
    }

    /// The IDs of the account's zones, by name.
    async fn zone_ids(&self) -> AwsResult<BTreeMap<String, String>> {
        let answer = self.client.describe_availability_zones().send().await;
        let answer = answer.map_err(|e| Error::sdk("ec2:DescribeAvailabilityZones", &e))?;
        let zones = answer.availability_zones.unwrap_or_default().into_iter();
        Ok(zones.filter_map(|zone| Some((zone.zone_name?, zone.zone_id?))).collect())
    }

    /// The availability zones that the account can use.
    pub async fn zones(&self) -> AwsResult<LiveZones> {
        let answer = self.client.describe_availability_zones().send().await;
        let answer = answer.map_err(|e| Error::sdk("ec2:DescribeAvailabilityZones", &e))?;
        let usable = |zone: &&types::AvailabilityZone| {
            // Local and wavelength zones are zones of another type.
            zone.zone_type().is_none_or(|zone_type| zone_type == "availability-zone")
                && zone.opt_in_status() != Some(&AvailabilityZoneOptInStatus::NotOptedIn)
        };
        let mut zones = LiveZones::default();
        for zone in answer.availability_zones().iter().filter(usable) {
            let Some(id) = zone.zone_id.clone() else { continue };
            match zone.state() {
                Some(state @ (ZoneState::Impaired | ZoneState::Unavailable | ZoneState::Constrained)) => {
                    zones.troubled.insert(id, state.as_str().to_owned());
                }
                _ => zones.sound.push(id),
            }
        }
        super::zones::sort(&mut zones.sound);
        Ok(zones)
    }
}

pub(super) fn by_id<'a, T: 'a, V>(
    items: impl IntoIterator<Item = &'a T>,
    known: impl Fn(&'a T) -> Option<(&'a str, V)>,
) -> BTreeMap<String, V> {
    items.into_iter().filter_map(|item| known(item).map(|(id, value)| (id.to_owned(), value))).collect()
}

pub(super) fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn set<'a>(items: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    items.into_iter().cloned().collect()
}

pub(super) fn tags(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect()
}

pub(super) fn vpc(live: &types::Vpc) -> Vpc {
    let cidr = text(live.cidr_block());
    let further = live.cidr_block_association_set().iter().filter(|block| {
        let state = block.cidr_block_state().and_then(|state| state.state());
        !matches!(state, Some(VpcCidrBlockStateCode::Disassociated | VpcCidrBlockStateCode::Failed))
    });
    let further = further.filter_map(|block| block.cidr_block.clone());
    let ipv6 = live.ipv6_cidr_block_association_set().iter().any(|block| {
        let state = block.ipv6_cidr_block_state().and_then(|state| state.state());
        matches!(state, None | Some(VpcCidrBlockStateCode::Associated | VpcCidrBlockStateCode::Associating))
    });
    Vpc {
        blocks: further.chain([cidr.clone()]).collect(),
        cidr,
        ipv6,
        is_default: live.is_default().unwrap_or_default(),
        dhcp_options: live.dhcp_options_id.clone(),
        tags: tags(live.tags()),
    }
}

pub(super) fn subnet(live: &types::Subnet) -> Subnet {
    let ipv6 = live.ipv6_cidr_block_association_set().iter().find(|block| {
        let state = block.ipv6_cidr_block_state().and_then(|state| state.state());
        matches!(state, None | Some(SubnetCidrBlockStateCode::Associated | SubnetCidrBlockStateCode::Associating))
    });
    Subnet {
        vpc: text(live.vpc_id()),
        cidr: text(live.cidr_block()),
        ipv6: ipv6.and_then(|block| block.ipv6_cidr_block.clone()),
        zone: text(live.availability_zone_id()),
        is_default: live.default_for_az().unwrap_or_default(),
        tags: tags(live.tags()),
    }
}

pub(super) fn route_table(live: &types::RouteTable) -> RouteTable {
    // One that is being deleted is over: its replacement exists beside it.
    let holds = |association: &&types::RouteTableAssociation| {
        let state = association.association_state().and_then(|state| state.state());
        !matches!(
            state,
            Some(
                types::RouteTableAssociationStateCode::Disassociating
                    | types::RouteTableAssociationStateCode::Disassociated
                    | types::RouteTableAssociationStateCode::Failed
            )
        )
    };
    let associations = || live.associations().iter().filter(holds);
    RouteTable {
        vpc: text(live.vpc_id()),
        is_main: associations().any(|association| association.main().unwrap_or_default()),
        subnets: associations().filter_map(|association| association.subnet_id.clone()).collect(),
        routes: live.routes().iter().filter_map(route).collect(),
        propagating: live.propagating_vgws().iter().filter_map(|gateway| gateway.gateway_id.clone()).collect(),
        tags: tags(live.tags()),
    }
}

/// `None` for one without a destination.
fn route(live: &types::Route) -> Option<Route> {
    let by_list = live.destination_prefix_list_id();
    let destination = live.destination_cidr_block().or(live.destination_ipv6_cidr_block()).or(by_list)?;
    // AWS names a network interface besides its instance: the interface is the route's target.
    let target = [
        live.gateway_id(),
        live.nat_gateway_id(),
        live.egress_only_internet_gateway_id(),
        live.transit_gateway_id(),
        live.vpc_peering_connection_id(),
        live.network_interface_id(),
        live.instance_id(),
        live.carrier_gateway_id(),
        live.local_gateway_id(),
        live.core_network_arn(),
    ];
    let target = text(target.into_iter().flatten().next());
    let of_endpoint = by_list.is_some() && target.starts_with("vpce-");
    Some(Route {
        destination: destination.to_owned(),
        origin: match live.origin() {
            _ if of_endpoint || target == "local" => Origin::Aws,
            Some(RouteOrigin::CreateRouteTable) => Origin::Aws,
            // A VPN gateway or a route server created it.
            Some(RouteOrigin::EnableVgwRoutePropagation | RouteOrigin::Advertisement) => Origin::Propagated,
            Some(RouteOrigin::CreateRoute | _) | None => Origin::Call,
        },
        is_blackhole: live.state() == Some(&RouteState::Blackhole),
        target,
    })
}

pub(super) fn gateway(attachments: &[types::InternetGatewayAttachment], live: &[Tag]) -> Gateway {
    // AWS reports an attached one as `available`, which the SDK's enum does not know.
    let holds = |attachment: &&types::InternetGatewayAttachment| {
        !matches!(attachment.state(), Some(types::AttachmentStatus::Detached | types::AttachmentStatus::Detaching))
    };
    Gateway { vpc: attachments.iter().filter(holds).find_map(|attachment| attachment.vpc_id.clone()), tags: tags(live) }
}

/// AWS lists a failed or deleted one for another hour.
pub(super) fn lives(gateway: &types::NatGateway) -> bool {
    super::nat_gateway::is_alive(gateway.state())
}

pub(super) fn nat_gateway(live: &types::NatGateway) -> NatGateway {
    let addresses = live.nat_gateway_addresses();
    let first = addresses.iter().find(|address| address.is_primary() == Some(true)).or(addresses.first());
    let is_regional = live.availability_mode() == Some(&AvailabilityMode::Regional);
    NatGateway {
        vpc: text(live.vpc_id()),
        subnet: live.subnet_id.clone().filter(|subnet| !subnet.is_empty()),
        is_regional,
        // A regional one allocates addresses as it needs them.
        address: first.filter(|_| !is_regional).and_then(|address| address.allocation_id.clone()),
        public_ips: addresses.iter().filter(|_| is_regional).filter_map(|address| address.public_ip.clone()).collect(),
        tags: tags(live.tags()),
    }
}

pub(super) fn endpoint(live: &types::VpcEndpoint, region: &str) -> Endpoint {
    let service = super::vpc_endpoint::short_name(region, live.service_name().unwrap_or_default());
    Endpoint {
        vpc: text(live.vpc_id()),
        service: service.to_owned(),
        endpoint_type: live.vpc_endpoint_type().map(|endpoint_type| endpoint_type.as_str().to_owned()).unwrap_or_default(),
        // Only an interface endpoint answers to a DNS name; moto reports that a gateway endpoint does, too.
        private_dns: live.private_dns_enabled() == Some(true) && live.vpc_endpoint_type() == Some(&types::VpcEndpointType::Interface),
        route_tables: set(live.route_table_ids()),
        subnets: set(live.subnet_ids()),
        security_groups: live.groups().iter().filter_map(|group| group.group_id.clone()).collect(),
        tags: tags(live.tags()),
    }
}

pub(super) fn security_group(live: &types::SecurityGroup) -> SecurityGroup {
    SecurityGroup {
        vpc: text(live.vpc_id()),
        name: text(live.group_name()),
        description: text(live.description()),
        ingress: rules(live.ip_permissions()),
        egress: rules(live.ip_permissions_egress()),
        tags: tags(live.tags()),
    }
}

fn dhcp_options(live: &types::DhcpOptions) -> DhcpOptions {
    let (domain_name, name_servers) = super::dhcp_options::said(live);
    DhcpOptions { domain_name, name_servers, tags: tags(live.tags()) }
}

pub(super) fn flow_log(live: &types::FlowLog) -> FlowLog {
    FlowLog {
        of: text(live.resource_id()),
        destination: text(live.log_destination()),
        traffic: live.traffic_type().map(|traffic| traffic.as_str().to_owned()).unwrap_or_default(),
        // Source: CreateFlowLogs, `MaxAggregationInterval`: 600 by default.
        interval: live.max_aggregation_interval().and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(600),
        tags: tags(live.tags()),
    }
}
