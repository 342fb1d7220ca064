//! `nat_gateway`: a NAT gateway. A zonal one is in a public subnet with an address that overlord allocates; a regional one is in no
//! subnet and AWS chooses its addresses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ec2::types::{AvailabilityMode, ConnectivityType, NatGateway as Live, NatGatewayState, ResourceType};
use serde::{Deserialize, Serialize};

use super::calls::{Earlier, ResourceClient};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::network::Quotas;
use crate::prices::Item;
use crate::resource::{AttributeSpec, Attributes, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Quota, Weight};

/// The attributes of a `nat_gateway`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NatGatewayAttributes {
    /// `zonal` or `regional`.
    pub availability_mode: String,
    /// Its address; `None` for a regional one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elastic_ip: Option<Reference>,
    /// The internet gateway of its VPC, which must be attached before the NAT gateway is created; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internet_gateway: Option<Reference>,
    /// Its subnet; `None` for a regional one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<Reference>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
}

/// AWS can change nothing in a NAT gateway except its tags.
const WAY_OUT: &str = "delete this NAT gateway in AWS, then run the same command again: it makes another one as org.toml says, and until then \
                       what leaves through it does not";

/// Some accounts have zones without NAT gateways, such as old ones `apne1-az3`.
const NO_NAT: &str = "the zone has no NAT gateways for this account: list other `zones` in its layout, which removes the subnets there, \
                      or choose `nat = \"single\"` with another first zone";

const QUOTA: Quota = Quota {
    key: "nat_gateways_per_zone",
    name: "NAT gateways per Availability Zone",
    noun: "NAT gateway",
    title: Some("NAT gateways of one account in one zone"),
    most: Quotas::nat_gateways_per_zone,
    zone,
    unmanaged: |others, zone| others.nat_gateways.get(zone).copied().unwrap_or_default(),
    freed_by: None,
};

/// The zone of a NAT gateway: its key ends with it, as in `standard/euw1-az1`. A regional one has none.
fn zone(key: &str) -> Option<&str> {
    key.rsplit('/').next().filter(|zone| zone.contains('-'))
}

/// A regional one is paid for in every zone that it is active in. The address of a zonal one is a resource of its own; AWS chooses the
/// addresses of a regional one.
fn price(attributes: &Attributes, zones: u64) -> Vec<(Item, u64)> {
    let is_regional = attributes.get("availability_mode").is_some_and(|mode| mode == "regional");
    let units = if is_regional { zones } else { 1 };
    let mut items = vec![(Item::NatGateway, units)];
    if attributes.get("elastic_ip").is_none_or(|address| address.get("ref").is_none()) {
        items.push((Item::PublicAddress, units));
    }
    items
}

/// The kind.
pub struct NatGateway;

impl Kind for NatGateway {
    type Attributes = NatGatewayAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "nat_gateway",
        summary: "a NAT gateway, of a zone or of the whole VPC",
        attributes: &[
            AttributeSpec::new("availability_mode", OnChange::Forbidden(WAY_OUT)),
            AttributeSpec::new("elastic_ip", OnChange::Forbidden(WAY_OUT)),
            AttributeSpec::new("internet_gateway", OnChange::Forbidden(WAY_OUT)),
            AttributeSpec::new("subnet", OnChange::Forbidden(WAY_OUT)),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("vpc", OnChange::Forbidden(WAY_OUT)),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        noun: Some(["NAT gateway", "NAT gateways"]),
        quota: Some(&QUOTA),
        price: Some(price),
        needs: &[
            Need::apply(&["ec2:CreateNatGateway", "ec2:CreateTags"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteNatGateway"]),
            // Source: Amazon VPC's user guide, "Using service-linked roles for VPC": AWSServiceRoleForNATGateway, of regional ones.
            Need::linked_role("ec2-nat-gateway.amazonaws.com").when("availability_mode", "regional"),
        ],
        events: &[super::TAG_SET, super::TAG_REMOVED, EventSpec::gone(&["ec2:DeleteNatGateway"]).created_by("ec2:CreateNatGateway")],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateNatGateway"],
            (Some(before), Some(after)) => tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags").into_iter().collect(),
            (Some(_), None) => vec!["ec2:DeleteNatGateway"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let wanted = Wanted::of(&client, &after)?;
        let mut dead = Vec::new();
        if client.earlier(Some(&after.vpc))? == Earlier::Possible {
            for gateway in list(&client).await? {
                match (gateway.nat_gateway_id, is_alive(gateway.state.as_ref())) {
                    (Some(id), true) => {
                        client.recognise(&id);
                        return available(&client, &id).await.map(|()| id);
                    }
                    (Some(id), false) => dead.push(id),
                    (None, _) => {}
                }
            }
        }
        let id = make(&client, &wanted, &after.tags, dead).await?;
        available(&client, &id).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        ResourceClient::of(context).await?.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let delete = || async {
            client.map_sdk_error("ec2:DeleteNatGateway", client.client.delete_nat_gateway().nat_gateway_id(id).send().await).map(drop)
        };
        client.deleted(None, delete).await?;
        let gone = || async {
            let states = states(&client).await?;
            Ok(matches!(states.0.get(id), None | Some(State::Deleted)).then_some(()))
        };
        client.wait("the NAT gateway to be deleted", DEADLINE, gone).await
    }
}

/// AWS takes a minute or two to create one, and to delete one.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// How often a token may return a gateway that is gone.
const ATTEMPTS: usize = 5;

/// The parameters of a gateway, as ids.
struct Wanted {
    vpc: String,
    /// Its subnet and address; `None` for a regional one.
    zonal: Option<(String, String)>,
}

impl Wanted {
    fn of(client: &ResourceClient<'_>, after: &NatGatewayAttributes) -> AwsResult<Self> {
        let vpc = client.resolve(&after.vpc)?;
        match (after.availability_mode.as_str(), &after.subnet, &after.elastic_ip) {
            ("regional", None, None) => Ok(Self { vpc, zonal: None }),
            ("zonal", Some(subnet), Some(address)) => Ok(Self { vpc, zonal: Some((client.resolve(subnet)?, client.resolve(address)?)) }),
            (mode, _, _) => Err(Error::internal(format!("a {mode} NAT gateway with this subnet and address"))),
        }
    }
}

/// Creates it. AWS remembers tokens: the same token finds a gateway whose answer was lost. It may also find one that was deleted or that
/// failed; then overlord derives another token from those.
async fn make(client: &ResourceClient<'_>, wanted: &Wanted, tags: &Tags, mut dead: Vec<String>) -> AwsResult<String> {
    let said: Vec<&str> = tags.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]).collect();
    for _ in 0..ATTEMPTS {
        dead.sort();
        let place = wanted.zonal.as_ref().map_or(vec![wanted.vpc.as_str()], |(subnet, address)| vec![subnet, address]);
        let token = client.token(place.into_iter().chain(said.iter().copied()).chain(dead.iter().map(String::as_str)));
        let send = || async {
            let request = client.client.create_nat_gateway().client_token(&token).connectivity_type(ConnectivityType::Public);
            let request = request.tag_specifications(client.creation_tags(ResourceType::Natgateway, tags));
            let request = match &wanted.zonal {
                Some((subnet, address)) => request.subnet_id(subnet).allocation_id(address),
                None => request.availability_mode(AvailabilityMode::Regional).vpc_id(&wanted.vpc),
            };
            client.map_sdk_error("ec2:CreateNatGateway", request.send().await)
        };
        let gateway = match client.retry_not_found(send).await {
            Err(e) if e.is(&["NotAvailableInZone"]) => return Err(Error::Failed { message: e.to_string(), hint: Some(NO_NAT.to_owned()) }),
            answer => answer?.nat_gateway,
        };
        let (state, id) = gateway.map(|gateway| (gateway.state, gateway.nat_gateway_id)).unwrap_or_default();
        let id = client.id("ec2:CreateNatGateway", id)?;
        if is_alive(state.as_ref()) || dead.contains(&id) {
            return Ok(id);
        }
        dead.push(id);
    }
    Err(client
        .failed("AWS answers with NAT gateways that are gone", "run the same command again in an hour: by then AWS has forgotten them"))
}

/// Whether a gateway of that state exists, or will.
pub(super) fn is_alive(state: Option<&NatGatewayState>) -> bool {
    !matches!(state, Some(NatGatewayState::Failed | NatGatewayState::Deleting | NatGatewayState::Deleted))
}

async fn list(client: &ResourceClient<'_>) -> AwsResult<Vec<Live>> {
    let pages = client.client.describe_nat_gateways().filter(client.ours()).into_paginator().items().send();
    let mut gateways = client.map_sdk_error("ec2:DescribeNatGateways", pages.collect::<Result<Vec<_>, _>>().await)?;
    gateways.retain(|gateway| client.is_ours(gateway.tags()));
    Ok(gateways)
}

/// The status of the NAT gateways of an account and Region, by id: one list for all that are waited for.
#[derive(Debug)]
pub struct NatGatewayStates(BTreeMap<String, State>);

#[derive(Debug)]
enum State {
    Pending,
    Available,
    Deleting,
    Deleted,
    /// With AWS's code and message.
    Failed(String, String),
}

impl State {
    fn of(gateway: &Live) -> Self {
        match &gateway.state {
            Some(NatGatewayState::Available) => Self::Available,
            Some(NatGatewayState::Deleted) => Self::Deleted,
            Some(NatGatewayState::Failed) => Self::Failed(
                gateway.failure_code().unwrap_or("no reason given").to_owned(),
                gateway.failure_message().unwrap_or_default().to_owned(),
            ),
            Some(NatGatewayState::Deleting) => Self::Deleting,
            // Also a state that this SDK does not know.
            Some(NatGatewayState::Pending | _) | None => Self::Pending,
        }
    }
}

async fn states(client: &ResourceClient<'_>) -> AwsResult<Arc<NatGatewayStates>> {
    let ask = || async {
        let pages = client.client.describe_nat_gateways().into_paginator().items().send();
        let gateways = client.map_sdk_error("ec2:DescribeNatGateways", pages.collect::<Result<Vec<_>, _>>().await)?;
        let state = |gateway: Live| Some((gateway.nat_gateway_id.clone()?, State::of(&gateway)));
        Ok(NatGatewayStates(gateways.into_iter().filter_map(state).collect()))
    };
    client.nat_gateways()?.or(ask).await
}

/// Waits until traffic can pass: AWS accepts a route to a pending gateway, but traffic on it is lost.
async fn available(client: &ResourceClient<'_>, id: &str) -> AwsResult<()> {
    let ask = || async {
        match states(client).await?.0.get(id) {
            Some(State::Available) => Ok(Some(())),
            // A new gateway is not visible at once.
            None | Some(State::Pending) => Ok(None),
            Some(State::Failed(code, message)) => Err(failure(client, id, code, message)),
            Some(State::Deleting | State::Deleted) => Err(client.failed(
                format!("the NAT gateway `{id}` was deleted outside overlord while it was being created"),
                "run the same command again, it makes another one",
            )),
        }
    };
    client.wait("the NAT gateway to be available", DEADLINE, ask).await
}

/// AWS's reasons: <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html>.
fn failure(client: &ResourceClient<'_>, id: &str, code: &str, message: &str) -> Error {
    let hint = match code {
        "InsufficientFreeAddressesInSubnet" => "free an address in its subnet, or give the tier a larger share",
        "Gateway.NotAttached" => "attach the internet gateway again: the next run does so if overlord manages it",
        "InvalidAllocationID.NotFound" => {
            "the elastic address was released meanwhile: run the same command again, it allocates another one"
        }
        "Resource.AlreadyAssociated" => "the elastic address is in use elsewhere: free it, or release it and run the same command again",
        "InvalidSubnetID.NotFound" => "the subnet was deleted meanwhile: run the same command again",
        "InternalError" => "AWS failed on its side: run the same command again, it makes another one",
        _ => "run the same command again, it makes another one; if that fails too, AWS's support knows more",
    };
    let message = if message.is_empty() { String::new() } else { format!(": {message}") };
    client.failed(format!("the NAT gateway `{id}` failed: {code}{message}"), hint)
}
