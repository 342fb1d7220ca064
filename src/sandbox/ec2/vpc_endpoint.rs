//! VPC endpoints: gateways, which are routes to S3 and DynamoDB, and interfaces in subnets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::life::{Life, Stage};
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Place, Turn, tags, timestamp, tokens};
use crate::sandbox::input::bad_value;
use crate::sandbox::wire::{Outcome, Refusal};

const CREATE: &str = "CreateVpcEndpoint";

/// What AWS lets everybody do through an endpoint without a policy of its own.
const FULL_ACCESS: &str = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// A VPC endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcEndpoint {
    /// Its VPC.
    pub vpc: String,
    /// `com.amazonaws.eu-west-1.s3`.
    pub service: String,
    /// How it is reached.
    pub kind: EndpointType,
    /// The policy document, as it was sent.
    pub policy: String,
    /// A gateway's route tables.
    pub route_tables: BTreeSet<String>,
    /// An interface endpoint's interfaces by subnet.
    pub subnets: BTreeMap<String, String>,
    /// An interface endpoint's security groups.
    pub groups: BTreeSet<String>,
    /// Whether the service's own name leads to it in the VPC.
    pub private_dns: bool,
    /// Its life.
    pub life: Life,
}

/// How an endpoint is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndpointType {
    /// By a route.
    Gateway,
    /// By interfaces.
    Interface,
}

impl EndpointType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "Gateway",
            Self::Interface => "Interface",
        }
    }
}

impl Place {
    /// The id of a service's prefix list in this Region.
    pub(super) fn prefix_list(&self, service: &str) -> String {
        let name = service.rsplit('.').next().unwrap_or_default();
        let number = self
            .region
            .name
            .bytes()
            .chain(name.bytes())
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        format!("pl-{number:08x}")
    }
}

const LISTING: Listing = Listing {
    kind: Kind::VpcEndpoint,
    set: "vpcEndpointSet",
    ids: "VpcEndpointId",
    filters: &[
        ("vpc-endpoint-id", "vpcEndpointId"),
        ("vpc-id", "vpcId"),
        ("service-name", "serviceName"),
        ("vpc-endpoint-state", "state"),
        ("vpc-endpoint-type", "vpcEndpointType"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.vpc_endpoints.keys(), |id| show(ask.region, ask.place, ask.now_ms, id))
}

fn show(region: &Region, place: &Place, now_ms: u64, id: &str) -> Option<Value> {
    let endpoint = region.vpc_endpoints.get(id)?;
    let state = match endpoint.life.stage(now_ms) {
        Stage::Pending => "pending",
        Stage::Available => "available",
        Stage::Deleting => "deleting",
        Stage::Deleted => return None,
    };
    let group = |id: &String| json!({ "groupId": id, "groupName": region.security_groups.get(id).map(|group| &group.name) });
    Some(json!({
        "vpcEndpointId": id,
        "vpcEndpointType": endpoint.kind.as_str(),
        "vpcId": endpoint.vpc,
        "ownerId": place.account,
        "serviceName": endpoint.service,
        "serviceRegion": place.region.name,
        "state": state,
        "policyDocument": endpoint.policy,
        "routeTableIdSet": endpoint.route_tables,
        "subnetIdSet": endpoint.subnets.keys().collect::<Vec<_>>(),
        "networkInterfaceIdSet": endpoint.subnets.values().collect::<Vec<_>>(),
        "groupSet": endpoint.groups.iter().map(group).collect::<Value>(),
        "privateDnsEnabled": endpoint.private_dns,
        "requesterManaged": false,
        "ipAddressType": "ipv4",
        "creationTimestamp": timestamp(endpoint.life.created_ms),
        "tagSet": region.tag_set(id),
    }))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let tags = tags::of_creation(turn.input, Kind::VpcEndpoint)?;
    let id = match tokens::made(turn, CREATE)?.filter(|id| turn.region.vpc_endpoints.contains_key(id)) {
        Some(id) => id,
        None => {
            let mut endpoint = asked_for(turn)?;
            check(turn, &endpoint, None)?;
            for interface in endpoint.subnets.values_mut() {
                *interface = turn.region.fresh("eni");
            }
            let id = turn.region.fresh("vpce");
            turn.region.vpc_endpoints.insert(id.clone(), endpoint);
            turn.region.put_tags(&id, tags);
            tokens::remember(turn, CREATE, &id);
            id
        }
    };
    let shown = show(turn.region, turn.place, turn.now_ms, &id);
    Ok(json!({ "clientToken": turn.input.get("ClientToken"), "vpcEndpoint": shown }))
}

/// Whether AWS has an endpoint service of that name, judged by its first label: `ecr` of `ecr.api`.
fn is_known(name: &str) -> bool {
    static SERVICES: LazyLock<BTreeSet<&str>> =
        LazyLock::new(|| include_str!("../endpoint_services.txt").lines().filter(|line| !line.starts_with('#')).collect());
    let label = name.split('.').next().unwrap_or_default();
    SERVICES.contains(label.strip_suffix("-fips").unwrap_or(label))
}

/// The endpoint that a request describes; its interfaces have no ids yet.
fn asked_for(turn: &Turn<'_>) -> Result<VpcEndpoint, Refusal> {
    let (vpc, service) = (turn.input.text("VpcId")?, turn.input.text("ServiceName")?);
    Kind::Vpc.find(&turn.region.vpcs, vpc)?;
    let name = service.strip_prefix(&format!("com.amazonaws.{}.", turn.place.region.name)).filter(|name| is_known(name));
    let Some(name) = name else {
        return Err(Refusal::new("InvalidServiceName", format!("The Vpc Endpoint Service '{service}' does not exist")));
    };
    let kind = match turn.input.get("VpcEndpointType") {
        None | Some("Gateway") => EndpointType::Gateway,
        Some("Interface") => EndpointType::Interface,
        Some(other) => return Err(bad_value("vpcEndpointType", other)),
    };
    if kind == EndpointType::Gateway && !matches!(name, "s3" | "dynamodb") {
        let message = format!("Vpc Endpoint type (Gateway) does not match available service types ([Interface]) of {service}.");
        return Err(Refusal::new("InvalidParameter", message));
    }
    let owned = |name: &str| turn.input.texts(name).into_iter().map(str::to_owned);
    let mut groups: BTreeSet<String> = owned("SecurityGroupId").collect();
    if kind == EndpointType::Interface && groups.is_empty() {
        let default = turn.region.security_groups.iter().find(|(_, group)| group.vpc == vpc && group.is_default());
        groups.extend(default.map(|(id, _)| id.clone()));
    }
    let slow = match kind {
        EndpointType::Gateway => 0,
        EndpointType::Interface => turn.weather.endpoint_ms,
    };
    Ok(VpcEndpoint {
        vpc: vpc.to_owned(),
        service: service.to_owned(),
        kind,
        policy: turn.input.get("PolicyDocument").unwrap_or(FULL_ACCESS).to_owned(),
        route_tables: owned("RouteTableId").collect(),
        subnets: owned("SubnetId").map(|subnet| (subnet, String::new())).collect(),
        groups,
        // The default for interface endpoints: CreateVpcEndpoint's PrivateDnsEnabled.
        private_dns: kind == EndpointType::Interface && turn.input.flag("PrivateDnsEnabled").unwrap_or(true),
        life: Life::begin(turn.now_ms, slow),
    })
}

/// Refuses an endpoint that cannot be so; `itself` is its id when it is there already.
fn check(turn: &Turn<'_>, endpoint: &VpcEndpoint, itself: Option<&str>) -> Result<(), Refusal> {
    let region = &*turn.region;
    let invalid = |message: String| Err(Refusal::new("InvalidParameter", message));
    match endpoint.kind {
        EndpointType::Gateway if !endpoint.subnets.is_empty() || !endpoint.groups.is_empty() => {
            return invalid("Subnets and security groups cannot be specified for a gateway endpoint".to_owned());
        }
        EndpointType::Interface if !endpoint.route_tables.is_empty() => {
            return invalid("Route table IDs are only supported for Gateway type VPC Endpoint.".to_owned());
        }
        EndpointType::Gateway | EndpointType::Interface => {}
    }
    for id in &endpoint.route_tables {
        let missing = || Refusal::new("InvalidRouteTableId.NotFound", format!("The routeTable ID '{id}' does not exist"));
        let table = region.route_tables.get(id).ok_or_else(missing)?;
        if table.vpc != endpoint.vpc {
            return invalid(format!("Route table {id} belongs to a different network than the endpoint"));
        }
    }
    let mut zones = BTreeSet::new();
    for id in endpoint.subnets.keys() {
        let missing = || Refusal::new("InvalidSubnetId.NotFound", format!("The subnet ID '{id}' does not exist"));
        let subnet = region.subnets.get(id).ok_or_else(missing)?;
        if subnet.vpc != endpoint.vpc {
            return invalid(format!("Subnet {id} belongs to a different network than the endpoint"));
        }
        if endpoint.kind == EndpointType::Interface && turn.weather.lacking_zone.as_ref() == Some(&subnet.zone) {
            let service = &endpoint.service;
            return invalid(format!("The VPC endpoint service {service} does not support the availability zone of the subnet: {id}."));
        }
        if !zones.insert(&subnet.zone) {
            let message = format!(
                "Found another VPC endpoint subnet in the availability zone of {id}. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service."
            );
            return Err(Refusal::new("DuplicateSubnetsInSameZone", message));
        }
    }
    for id in &endpoint.groups {
        let missing = || Refusal::new("InvalidSecurityGroupID.NotFound", format!("The security group '{id}' does not exist"));
        if region.security_groups.get(id).ok_or_else(missing)?.vpc != endpoint.vpc {
            return invalid(format!("Security group {id} belongs to a different network than the endpoint"));
        }
    }
    check_conflicts(turn, endpoint, itself)
}

/// Refuses a second route to a service in one table, and a second private name of it in one VPC.
fn check_conflicts(turn: &Turn<'_>, endpoint: &VpcEndpoint, itself: Option<&str>) -> Result<(), Refusal> {
    let others = turn.region.vpc_endpoints.iter().filter(|(id, other)| {
        Some(id.as_str()) != itself && other.vpc == endpoint.vpc && other.service == endpoint.service && other.life.is_there(turn.now_ms)
    });
    for (_, other) in others {
        if let Some(table) = other.route_tables.intersection(&endpoint.route_tables).next().filter(|_| other.life.deleted_ms.is_none()) {
            let list = turn.place.prefix_list(&endpoint.service);
            let message = format!("route table {table} already has a route with destination-prefix-list-id {list}");
            return Err(Refusal::new("RouteAlreadyExists", message));
        }
        if other.private_dns && endpoint.private_dns {
            let message = format!(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {}",
                endpoint.service, endpoint.vpc
            );
            return Err(Refusal::new("InvalidParameter", message));
        }
    }
    let vpc = turn.region.vpcs.get(&endpoint.vpc);
    if endpoint.private_dns && !vpc.is_some_and(|vpc| vpc.dns_support && vpc.dns_hostnames) {
        let message = format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
            endpoint.vpc
        );
        return Err(Refusal::new("InvalidParameter", message));
    }
    Ok(())
}

pub(super) fn modify(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("VpcEndpointId")?;
    let there = |endpoint: &&VpcEndpoint| endpoint.life.deleted_ms.is_none();
    let mut endpoint = turn.region.vpc_endpoints.get(id).filter(there).cloned().ok_or_else(|| Kind::VpcEndpoint.missing(id))?;
    let owned = |name: &str| turn.input.texts(name).into_iter().map(str::to_owned).collect::<BTreeSet<String>>();
    if let Some(policy) = turn.input.get("PolicyDocument") {
        endpoint.policy = policy.to_owned();
    }
    if turn.input.flag("ResetPolicy") == Some(true) {
        endpoint.policy = FULL_ACCESS.to_owned();
    }
    if let Some(private_dns) = turn.input.flag("PrivateDnsEnabled") {
        endpoint.private_dns = private_dns;
    }
    endpoint.route_tables.extend(owned("AddRouteTableId"));
    let (tables, subnets, groups) = (owned("RemoveRouteTableId"), owned("RemoveSubnetId"), owned("RemoveSecurityGroupId"));
    endpoint.route_tables.retain(|table| !tables.contains(table));
    endpoint.subnets.retain(|subnet, _| !subnets.contains(subnet));
    for subnet in owned("AddSubnetId") {
        endpoint.subnets.entry(subnet).or_default();
    }
    endpoint.groups.extend(owned("AddSecurityGroupId"));
    endpoint.groups.retain(|group| !groups.contains(group));
    if endpoint.kind == EndpointType::Interface && endpoint.groups.is_empty() {
        return Err(Refusal::new("InvalidParameter", "An interface endpoint needs at least one security group"));
    }
    check(turn, &endpoint, Some(id))?;
    for interface in endpoint.subnets.values_mut().filter(|interface| interface.is_empty()) {
        *interface = turn.region.fresh("eni");
    }
    turn.region.vpc_endpoints.insert(id.to_owned(), endpoint);
    Ok(json!({ "return": true }))
}

/// Services that are offered where no filter names others.
const SERVICES: [&str; 6] = ["ec2", "kms", "logs", "sqs", "ssm", "sts"];

/// The services of the Region with their zones, all on one page.
pub(super) fn describe_services(ask: &Ask<'_>) -> Outcome {
    let named = ask.input.texts("ServiceName");
    let ours = format!("com.amazonaws.{}.", ask.place.region.name);
    if let Some(unknown) = named.iter().find(|name| !name.starts_with(&ours)) {
        return Err(Refusal::new("InvalidServiceName", format!("The Vpc Endpoint Service '{unknown}' does not exist")));
    }
    let usual: Vec<String> = SERVICES.iter().map(|name| format!("com.amazonaws.{}.{name}", ask.place.region.name)).collect();
    // Whatever is in use is offered too: the sandbox takes any name.
    let used = ask.region.vpc_endpoints.values().filter(|endpoint| endpoint.kind == EndpointType::Interface).map(|e| e.service.clone());
    let all: BTreeSet<String> = usual.into_iter().chain(used).chain(named.iter().map(|name| (*name).to_owned())).collect();
    let zones: Vec<super::places::Zone> = ask.place.zones().into_iter().filter(|zone| ask.lacking_zone != Some(zone.id.as_str())).collect();
    let show = |name: &String| {
        json!({
            "serviceName": name,
            "serviceId": format!("vpce-svc-{}", ask.region.digits(17, name)),
            "serviceType": [{ "serviceType": "Interface" }],
            "availabilityZoneSet": zones.iter().map(|zone| &zone.name).collect::<Vec<_>>(),
            "availabilityZoneIdSet": zones.iter().map(|zone| &zone.id).collect::<Vec<_>>(),
            "owner": "amazon",
            "acceptanceRequired": false,
            "vpcEndpointPolicySupported": true,
            "managesVpcEndpoints": false,
        })
    };
    let wanted = |name: &&String| named.is_empty() || named.contains(&name.as_str());
    let shown: Vec<&String> = all.iter().filter(wanted).collect();
    Ok(json!({ "serviceNameSet": shown, "serviceDetailSet": shown.iter().map(|name| show(name)).collect::<Value>() }))
}

/// One call for many: failures are reported one by one.
pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let ids = turn.input.texts("VpcEndpointId");
    if ids.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter VpcEndpointIds"));
    }
    let mut unsuccessful = Vec::new();
    for id in ids {
        match turn.region.vpc_endpoints.get_mut(id) {
            Some(endpoint) => endpoint.life.end(turn.now_ms, turn.weather.endpoint_ms),
            None => {
                let message = format!("The Vpc Endpoint Id '{id}' does not exist");
                unsuccessful.push(json!({ "resourceId": id, "error": { "code": "InvalidVpcEndpoint.NotFound", "message": message } }));
            }
        }
    }
    turn.region.forget(turn.now_ms);
    Ok(json!({ "unsuccessful": unsuccessful }))
}

impl Region {
    /// The endpoints of a VPC that are not being deleted.
    pub fn endpoints_of(&self, vpc: &str) -> impl Iterator<Item = &VpcEndpoint> {
        self.vpc_endpoints.values().filter(move |endpoint| endpoint.vpc == vpc && endpoint.life.deleted_ms.is_none())
    }
}
