//! NAT gateways: zonal or regional. They are created and deleted slowly. One that cannot work is created and then fails.
//! <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html>

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address::Link;
use super::kinds::Kind;
use super::life::{Life, Stage};
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Turn, tags, timestamp, tokens};
use crate::sandbox::input::bad_value;
use crate::sandbox::wire::{Outcome, Refusal};

const CREATE: &str = "CreateNatGateway";

/// How long one that is deleted or has failed is still listed (ms).
const LISTED_MS: u64 = 3_600_000;

/// A NAT gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// Its VPC.
    pub vpc: String,
    /// Where in it.
    pub place: NatPlace,
    /// Whether it leads to the internet.
    pub public: bool,
    /// Its interface in its subnet; a regional one has none.
    pub link: Option<NatLink>,
    /// Its life.
    pub life: Life,
    /// Why it cannot be made: AWS's code and message.
    pub failure: Option<(String, String)>,
}

/// Where a NAT gateway is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NatPlace {
    /// In this subnet.
    Zonal(String),
    /// In every zone, with the elastic addresses by zone ID; AWS finds zones and addresses itself when there are none.
    Regional(Vec<(String, Vec<String>)>),
}

/// The interface of a zonal NAT gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatLink {
    /// Its elastic address, if it is public.
    pub allocation: Option<String>,
    /// The id of the address's association.
    pub association: String,
    /// The interface.
    pub interface: String,
    /// The interface's address.
    pub private_ip: Ipv4Addr,
}

impl NatGateway {
    /// The subnet of a zonal one.
    pub fn subnet(&self) -> Option<&str> {
        match &self.place {
            NatPlace::Zonal(subnet) => Some(subnet),
            NatPlace::Regional(_) => None,
        }
    }

    /// As the API spells it.
    pub fn state(&self, now_ms: u64) -> &'static str {
        match self.life.stage(now_ms) {
            Stage::Pending => "pending",
            Stage::Available if self.failure.is_some() => "failed",
            Stage::Available => "available",
            Stage::Deleting => "deleting",
            Stage::Deleted => "deleted",
        }
    }

    /// Whether it keeps its subnet, its address and its VPC from being deleted.
    pub fn holds(&self, now_ms: u64) -> bool {
        self.failure.is_none() && self.life.is_there(now_ms)
    }

    /// Whether it is still listed.
    pub(super) fn is_listed(&self, now_ms: u64) -> bool {
        let ended = self.life.deleted_ms.or_else(|| self.failure.is_some().then_some(self.life.available_ms));
        ended.is_none_or(|ended| now_ms < ended + LISTED_MS)
    }

    fn allocations(&self) -> impl Iterator<Item = &String> {
        let regional = match &self.place {
            NatPlace::Zonal(_) => [].iter(),
            NatPlace::Regional(zones) => zones.iter(),
        };
        self.link.iter().filter_map(|link| link.allocation.as_ref()).chain(regional.flat_map(|(_, allocations)| allocations))
    }
}

const LISTING: Listing = Listing {
    kind: Kind::NatGateway,
    set: "natGatewaySet",
    ids: "NatGatewayId",
    filters: &[("nat-gateway-id", "natGatewayId"), ("vpc-id", "vpcId"), ("subnet-id", "subnetId"), ("state", "state")],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.nat_gateways.keys(), |id| show(ask.region, ask.now_ms, id))
}

fn show(region: &Region, now_ms: u64, id: &str) -> Option<Value> {
    let gateway = region.nat_gateways.get(id).filter(|gateway| gateway.is_listed(now_ms))?;
    let (code, message) = gateway.failure.iter().filter(|_| gateway.state(now_ms) == "failed").cloned().unzip::<_, _, Vec<_>, Vec<_>>();
    let regional = match &gateway.place {
        NatPlace::Zonal(_) => None,
        NatPlace::Regional(zones) if zones.is_empty() => Some("enabled"),
        NatPlace::Regional(_) => Some("disabled"),
    };
    Some(json!({
        "natGatewayId": id,
        "vpcId": gateway.vpc,
        "subnetId": gateway.subnet(),
        "state": gateway.state(now_ms),
        "createTime": timestamp(gateway.life.created_ms),
        "deleteTime": gateway.life.deleted_ms.map(timestamp),
        "failureCode": code.first(),
        "failureMessage": message.first(),
        "connectivityType": if gateway.public { "public" } else { "private" },
        "availabilityMode": if regional.is_some() { "regional" } else { "zonal" },
        "autoProvisionZones": regional,
        "autoScalingIps": regional,
        "natGatewayAddressSet": show_addresses(region, id, gateway),
        "tagSet": region.tag_set(id),
    }))
}

fn show_addresses(region: &Region, id: &str, gateway: &NatGateway) -> Value {
    let public = |allocation: &String| region.addresses.get(allocation).map(|address| address.public_ip);
    if let Some(link) = &gateway.link {
        return json!([{
            "allocationId": link.allocation,
            "associationId": link.allocation.as_ref().map(|_| &link.association),
            "networkInterfaceId": link.interface,
            "privateIp": link.private_ip,
            "publicIp": link.allocation.as_ref().and_then(public),
            "isPrimary": true,
            "status": "succeeded",
        }]);
    }
    match &gateway.place {
        NatPlace::Zonal(_) => json!([]),
        NatPlace::Regional(zones) if zones.is_empty() => {
            let zones: BTreeSet<&String> =
                region.subnets.values().filter(|subnet| subnet.vpc == gateway.vpc).map(|subnet| &subnet.zone).collect();
            let show =
                |zone| json!({ "availabilityZoneId": zone, "publicIp": region.public_ip(&format!("{id} {zone}")), "status": "succeeded" });
            zones.into_iter().map(show).collect()
        }
        NatPlace::Regional(zones) => {
            let each = zones.iter().flat_map(|(zone, allocations)| allocations.iter().map(move |allocation| (zone, allocation)));
            let show = |(zone, allocation)| json!({ "availabilityZoneId": zone, "allocationId": allocation, "publicIp": public(allocation), "status": "succeeded" });
            each.map(show).collect()
        }
    }
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let tags = tags::of_creation(turn.input, Kind::NatGateway)?;
    let id = match tokens::made(turn, CREATE)?.filter(|id| turn.region.nat_gateways.contains_key(id)) {
        Some(id) => id,
        None => {
            let gateway = match turn.input.get("AvailabilityMode") {
                None | Some("zonal") => zonal(turn)?,
                Some("regional") => regional(turn)?,
                Some(other) => return Err(bad_value("availabilityMode", other)),
            };
            let id = turn.region.fresh("nat");
            turn.region.nat_gateways.insert(id.clone(), gateway);
            turn.region.put_tags(&id, tags);
            tokens::remember(turn, CREATE, &id);
            id
        }
    };
    Ok(json!({ "clientToken": turn.input.get("ClientToken"), "natGateway": show(turn.region, turn.now_ms, &id) }))
}

fn is_public(turn: &Turn<'_>) -> Result<bool, Refusal> {
    match turn.input.get("ConnectivityType") {
        None | Some("public") => Ok(true),
        Some("private") => Ok(false),
        Some(other) => Err(bad_value("connectivityType", other)),
    }
}

fn zonal(turn: &mut Turn<'_>) -> Result<NatGateway, Refusal> {
    let public = is_public(turn)?;
    let subnet_id = turn.input.text("SubnetId")?;
    let subnet = Kind::Subnet.find(&turn.region.subnets, subnet_id)?.clone();
    if turn.weather.lacking_zone.as_ref() == Some(&subnet.zone) {
        let message = format!("Nat Gateway is not available in this availability zone: {}", subnet.zone);
        return Err(Refusal::new("NotAvailableInZone", message));
    }
    let allocation = turn.input.get("AllocationId");
    match (public, allocation) {
        (true, None) => {
            return Err(Refusal::new(
                "MissingParameter",
                "The request must include the AllocationId parameter. Add the required parameter and retry the request.",
            ));
        }
        (true, Some(allocation)) => drop(Kind::Address.find(&turn.region.addresses, allocation)?),
        (false, Some(_)) => {
            return Err(Refusal::new("InvalidParameterCombination", "AllocationId cannot be used with a private NAT gateway"));
        }
        (false, None) => {}
    }
    let in_zone = |gateway: &&NatGateway| {
        let zone = gateway.subnet().and_then(|id| turn.region.subnets.get(id)).map(|subnet| &subnet.zone);
        gateway.holds(turn.now_ms) && zone == Some(&subnet.zone)
    };
    let quota = turn.weather.nat_gateway_quota;
    if turn.region.nat_gateways.values().filter(in_zone).count() >= quota {
        let message = format!("Performing this operation would exceed the limit of {quota} NAT gateways");
        return Err(Refusal::new("NatGatewayLimitExceeded", message));
    }
    let failure = failure(turn, &subnet.vpc, public, allocation.into_iter());
    let link = failure.is_none().then(|| {
        let interface = turn.region.fresh("eni");
        NatLink {
            allocation: allocation.map(str::to_owned),
            association: turn.region.fresh("eipassoc"),
            private_ip: turn.region.private_ip(subnet_id, &interface),
            interface,
        }
    });
    let life = Life::begin(turn.now_ms, turn.weather.nat_gateway_ms);
    Ok(NatGateway { vpc: subnet.vpc, place: NatPlace::Zonal(subnet_id.to_owned()), public, link, life, failure })
}

fn regional(turn: &mut Turn<'_>) -> Result<NatGateway, Refusal> {
    let vpc = turn.input.text("VpcId")?;
    Kind::Vpc.find(&turn.region.vpcs, vpc)?;
    for other in ["SubnetId", "AllocationId"] {
        if turn.input.get(other).is_some() {
            let message = format!("{other} cannot be used with a regional NAT gateway");
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
    }
    if !is_public(turn)? {
        return Err(Refusal::new("InvalidParameterCombination", "A regional NAT gateway cannot be private"));
    }
    let mut zones = Vec::new();
    for entry in turn.input.items("AvailabilityZoneAddress") {
        let zone = entry.get("AvailabilityZoneId").or_else(|| entry.get("AvailabilityZone")).unwrap_or_default();
        let zone = turn.place.zone(zone).ok_or_else(|| turn.place.no_such_zone(zone))?;
        let allocations: Vec<String> = entry.texts("AllocationId").into_iter().map(str::to_owned).collect();
        for allocation in &allocations {
            Kind::Address.find(&turn.region.addresses, allocation)?;
        }
        zones.push((zone.id, allocations));
    }
    let used: Vec<&str> = zones.iter().flat_map(|(_, allocations)| allocations).map(String::as_str).collect();
    let failure = failure(turn, vpc, true, used.into_iter());
    let life = Life::begin(turn.now_ms, turn.weather.nat_gateway_ms);
    Ok(NatGateway { vpc: vpc.to_owned(), place: NatPlace::Regional(zones), public: true, link: None, life, failure })
}

/// Why AWS fails to create it. AWS reports this in the gateway's state and not in its answer.
fn failure<'a>(turn: &Turn<'_>, vpc: &str, public: bool, mut allocations: impl Iterator<Item = &'a str>) -> Option<(String, String)> {
    if public && turn.region.gateway_of(vpc).is_none() {
        return Some(("Gateway.NotAttached".to_owned(), format!("Network {vpc} has no Internet gateway attached")));
    }
    let taken = allocations.find(|allocation| turn.region.link_of_address(allocation, turn.now_ms).is_some())?;
    Some(("Resource.AlreadyAssociated".to_owned(), format!("Elastic IP address {taken} is already associated")))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("NatGatewayId")?;
    let gateway = Kind::NatGateway.find_mut(&mut turn.region.nat_gateways, id)?;
    gateway.life.end(turn.now_ms, turn.weather.nat_gateway_ms);
    Ok(json!({ "natGatewayId": id }))
}

impl Region {
    /// What an elastic address is mapped to.
    pub(super) fn link_of_address(&self, allocation: &str, now_ms: u64) -> Option<Link> {
        let holder = |gateway: &&NatGateway| gateway.holds(now_ms) && gateway.allocations().any(|other| other == allocation);
        let gateway = self.nat_gateways.values().find(holder)?;
        let derived = |prefix: &str| format!("{prefix}-{}", self.digits(17, &format!("{prefix} {allocation}")));
        Some(match &gateway.link {
            Some(link) => Link { association: link.association.clone(), interface: link.interface.clone(), private_ip: link.private_ip },
            None => Link { association: derived("eipassoc"), interface: derived("eni"), private_ip: Ipv4Addr::UNSPECIFIED },
        })
    }
}
