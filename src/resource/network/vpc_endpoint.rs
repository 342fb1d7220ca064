//! `vpc_endpoint`: an endpoint of an AWS service inside a VPC.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, State, VpcEndpoint as Live, VpcEndpointType};
use serde::{Deserialize, Serialize};

use super::calls::{Earlier, ResourceClient, is_missing};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::prices::Item;
use crate::resource::{AttributeSpec, Attributes, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The attributes of a `vpc_endpoint`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcEndpointAttributes {
    /// `Gateway` or `Interface`.
    pub endpoint_type: String,
    /// Whether the service's usual DNS name resolves to it; always false for a gateway endpoint.
    pub private_dns: bool,
    /// For a gateway endpoint: the route tables that route to it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub route_tables: BTreeSet<Reference>,
    /// For an interface endpoint: the security group that limits access to it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub security_groups: BTreeSet<Reference>,
    /// The service's short name: `s3`.
    pub service: String,
    /// For an interface endpoint: the subnets that it has an interface in, one per zone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub subnets: BTreeSet<Reference>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
}

/// An interface endpoint is paid for in every zone. AWS does not charge for a gateway endpoint.
fn price(attributes: &Attributes, _zones: u64) -> Vec<(Item, u64)> {
    if attributes.get("endpoint_type").is_none_or(|of| of != "Interface") {
        return Vec::new();
    }
    let subnets = attributes.get("subnets").and_then(|subnets| subnets.as_array().map(Vec::len)).unwrap_or_default();
    vec![(Item::InterfaceEndpoint, subnets as u64)]
}

/// The kind.
pub struct VpcEndpoint;

impl Kind for VpcEndpoint {
    type Attributes = VpcEndpointAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "vpc_endpoint",
        summary: "a gateway or interface endpoint of a service",
        attributes: &[
            AttributeSpec::new("endpoint_type", OnChange::Forbidden("remove the endpoint, apply, and add it again")),
            AttributeSpec::new("private_dns", OnChange::Update),
            AttributeSpec::new("route_tables", OnChange::Update),
            AttributeSpec::new("security_groups", OnChange::Update),
            AttributeSpec::new("service", OnChange::Forbidden("an endpoint is known by its service")),
            AttributeSpec::new("subnets", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        noun: Some(["endpoint", "endpoints"]),
        price: Some(price),
        needs: &[
            Need::apply(&["ec2:CreateTags", "ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint"]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteVpcEndpoints"]),
            // Source: the Service Authorization Reference, CreateVpcEndpoint: the service's names become a private zone of the VPC.
            Need::besides(&["route53:AssociateVPCWithHostedZone"]).when("private_dns", "true"),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["private_dns", "route_tables", "security_groups", "subnets"], &["ec2:ModifyVpcEndpoint"]),
            EventSpec::gone(&["ec2:DeleteVpcEndpoints"]).created_by("ec2:CreateVpcEndpoint"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ec2:CreateVpcEndpoint"],
            (Some(before), Some(after)) => {
                let place = |side: &Self::Attributes| {
                    (side.private_dns, side.route_tables.clone(), side.security_groups.clone(), side.subnets.clone())
                };
                let modify = (place(before) != place(after)).then_some("ec2:ModifyVpcEndpoint");
                modify.into_iter().chain(tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags")).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteVpcEndpoints"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let mut dead = Vec::new();
        if client.earlier(Some(&after.vpc))? == Earlier::Possible {
            for endpoint in ours(&client).await? {
                match (endpoint.vpc_endpoint_id, is_alive(endpoint.state.as_ref())) {
                    (Some(id), true) => return available(&client, &after, id).await,
                    (Some(id), false) => dead.push(id),
                    (None, _) => {}
                }
            }
        }
        let id = make(&client, &after, dead).await?;
        available(&client, &after, id).await
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        if before.place() != after.place() {
            modify(&client, id, &before, &after).await?;
        }
        client.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let delete = || async {
            let answer =
                client.map_sdk_error("ec2:DeleteVpcEndpoints", client.client.delete_vpc_endpoints().vpc_endpoint_ids(id).send().await)?;
            client.item_by_item("ec2:DeleteVpcEndpoints", answer.unsuccessful)
        };
        client.deleted(None, delete).await?;
        // Its interfaces keep the subnets and the group in use until it is deleted.
        let gone = || async { Ok(matches!(states(&client).await?.0.get(id), None | Some(Standing::Gone)).then_some(())) };
        client.wait("the endpoint to be deleted", DEADLINE, gone).await
    }
}

/// AWS takes some minutes to create or to delete an interface endpoint.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// How often a token may return an endpoint that is gone.
const ATTEMPTS: usize = 5;

type References = BTreeSet<Reference>;

impl VpcEndpointAttributes {
    /// What AWS changes in place.
    fn place(&self) -> (bool, &References, &References, &References) {
        (self.private_dns, &self.route_tables, &self.security_groups, &self.subnets)
    }

    fn is_interface(&self) -> bool {
        self.endpoint_type == VpcEndpointType::Interface.as_str()
    }
}

/// Creates it. AWS remembers tokens: the same token finds an endpoint whose answer was lost. It may also find a deleted one; then
/// overlord derives another token from that.
async fn make(client: &ResourceClient<'_>, after: &VpcEndpointAttributes, mut dead: Vec<String>) -> AwsResult<String> {
    let vpc = client.resolve(&after.vpc)?;
    let mut names = service_names(client.region(), &after.service, after.is_interface()).into_iter().peekable();
    let tables = client.resolve_all(&after.route_tables)?;
    let (subnets, groups) = (client.resolve_all(&after.subnets)?, client.resolve_all(&after.security_groups)?);
    let some = |ids: &[String]| (!ids.is_empty()).then(|| ids.to_vec());
    let said = after.tags.iter().flat_map(|(key, value)| [key, value]).chain([&vpc, &after.service]);
    let said: Vec<&str> = said.chain(&tables).chain(&subnets).chain(&groups).map(String::as_str).collect();
    for _ in 0..ATTEMPTS {
        let Some(service) = names.peek().cloned() else { break };
        dead.sort();
        let token = client.token(said.iter().copied().chain([service.as_str()]).chain(dead.iter().map(String::as_str)));
        let send = || async {
            let request = client.client.create_vpc_endpoint().client_token(&token).vpc_id(&vpc).service_name(&service);
            let request = request.vpc_endpoint_type(VpcEndpointType::from(after.endpoint_type.as_str()));
            let request = request.set_private_dns_enabled(after.is_interface().then_some(after.private_dns));
            let request = request.set_route_table_ids(some(&tables)).set_subnet_ids(some(&subnets)).set_security_group_ids(some(&groups));
            let request = request.tag_specifications(client.creation_tags(ResourceType::VpcEndpoint, &after.tags));
            client.map_sdk_error("ec2:CreateVpcEndpoint", request.send().await)
        };
        let endpoint = match client.retry_not_found(send).await {
            // Only AWS knows which of its names a service has.
            Err(e) if e.is(&["InvalidServiceName"]) && names.next().is_some() && names.peek().is_some() => continue,
            answer => answer?.vpc_endpoint,
        };
        let (state, id) = endpoint.map(|endpoint| (endpoint.state, endpoint.vpc_endpoint_id)).unwrap_or_default();
        let id = client.id("ec2:CreateVpcEndpoint", id)?;
        if is_alive(state.as_ref()) || dead.contains(&id) {
            return Ok(id);
        }
        dead.push(id);
    }
    Err(client.failed("AWS answers with endpoints that are gone", "run the same command again in an hour: by then AWS has forgotten them"))
}

/// The prefixes of service names, by the start of the Region's name: first the one that most interface endpoints there have. In China and
/// in the European sovereign cloud both prefixes occur, and no list of AWS's says which service has which. Source:
/// <https://docs.amazonaws.cn/en_us/batch/latest/userguide/vpc-endpoint-create.html>, and the answers of DescribeVpcEndpointServices
/// there (<https://github.com/aws/aws-cdk/pull/25333>).
const PREFIXES: [(&str, &[&str]); 2] = [("cn-", &["cn.com.amazonaws", USUAL]), ("eusc-", &[USUAL, "eu.amazonaws"])];
const USUAL: &str = "com.amazonaws";

fn prefixes(region: &str) -> &'static [&'static str] {
    PREFIXES.iter().find(|(start, _)| region.starts_with(start)).map_or(&[USUAL], |(_, prefixes)| prefixes)
}

/// AWS's possible names of a service, the likeliest first. A gateway endpoint's is the same everywhere.
fn service_names(region: &str, service: &str, is_interface: bool) -> Vec<String> {
    let prefixes = if is_interface { prefixes(region) } else { &[USUAL] };
    prefixes.iter().map(|prefix| format!("{prefix}.{region}.{service}")).collect()
}

/// `s3` of `com.amazonaws.eu-west-1.s3`; the whole name if it is not one of AWS's in the Region.
pub(super) fn short_name<'n>(region: &str, name: &'n str) -> &'n str {
    let short = |prefix: &&str| name.strip_prefix(prefix)?.strip_prefix('.')?.strip_prefix(region)?.strip_prefix('.');
    prefixes(region).iter().find_map(short).unwrap_or(name)
}

/// Adds and removes in one request. AWS refuses to repeat it after a lost answer; then the endpoint is as it should be.
async fn modify(client: &ResourceClient<'_>, id: &str, before: &VpcEndpointAttributes, after: &VpcEndpointAttributes) -> AwsResult<()> {
    let only = |one: &References, other: &References| {
        let ids = client.resolve_all(one.difference(other))?;
        Ok::<_, Error>((!ids.is_empty()).then_some(ids))
    };
    let request = client.client.modify_vpc_endpoint().vpc_endpoint_id(id);
    let request = request.set_add_route_table_ids(only(&after.route_tables, &before.route_tables)?);
    let request = request.set_remove_route_table_ids(only(&before.route_tables, &after.route_tables)?);
    let request = request.set_add_subnet_ids(only(&after.subnets, &before.subnets)?);
    let request = request.set_remove_subnet_ids(only(&before.subnets, &after.subnets)?);
    let request = request.set_add_security_group_ids(only(&after.security_groups, &before.security_groups)?);
    let request = request.set_remove_security_group_ids(only(&before.security_groups, &after.security_groups)?);
    let request = request.set_private_dns_enabled((before.private_dns != after.private_dns).then_some(after.private_dns));
    let wanted = Members {
        tables: client.resolve_all(&after.route_tables)?.into_iter().collect(),
        subnets: client.resolve_all(&after.subnets)?.into_iter().collect(),
        groups: client.resolve_all(&after.security_groups)?.into_iter().collect(),
        private_dns: after.private_dns,
    };
    match client.retry_not_found(|| async { client.map_sdk_error("ec2:ModifyVpcEndpoint", request.clone().send().await).map(drop) }).await {
        Err(e) if e.code().is_some() => {
            let live = of_id(client, id).await?;
            if live.iter().any(|endpoint| Members::of(endpoint) == wanted) { Ok(()) } else { Err(e) }
        }
        result => result,
    }
}

/// The status of the endpoints of an account and Region, by id: one list for all that are waited for.
#[derive(Debug)]
pub struct EndpointStates(BTreeMap<String, Standing>);

#[derive(Debug)]
enum Standing {
    Pending,
    Available,
    Deleting,
    Gone,
    /// With AWS's state, code and message.
    Failed(String),
}

impl Standing {
    fn of(endpoint: &Live) -> Self {
        let is = |states: &[State]| is_one_of(endpoint.state(), states);
        if is(&READY) {
            Self::Available
        } else if is(&GOING) {
            Self::Deleting
        } else if is(&GONE) {
            Self::Gone
        } else if is(&FAILED) {
            let error = endpoint.last_error();
            let said = [endpoint.state().map(State::as_str), error.and_then(|error| error.code()), error.and_then(|error| error.message())];
            Self::Failed(said.into_iter().flatten().collect::<Vec<_>>().join(": "))
        } else {
            Self::Pending
        }
    }
}

async fn states(client: &ResourceClient<'_>) -> AwsResult<Arc<EndpointStates>> {
    let ask = || async {
        let pages = client.client.describe_vpc_endpoints().into_paginator().items().send();
        let endpoints = client.map_sdk_error("ec2:DescribeVpcEndpoints", pages.collect::<Result<Vec<_>, _>>().await)?;
        let state = |endpoint: Live| Some((endpoint.vpc_endpoint_id.clone()?, Standing::of(&endpoint)));
        Ok(EndpointStates(endpoints.into_iter().filter_map(state).collect()))
    };
    client.endpoints()?.or(ask).await
}

/// Waits until an interface endpoint answers, so that dependents can rely on it. A gateway endpoint is routes, and works at once.
async fn available(client: &ResourceClient<'_>, after: &VpcEndpointAttributes, id: String) -> AwsResult<String> {
    if !after.is_interface() {
        return Ok(id);
    }
    let ask = || async {
        match states(client).await?.0.get(&id) {
            Some(Standing::Available) => Ok(Some(())),
            // A new endpoint is not visible at once.
            None | Some(Standing::Pending) => Ok(None),
            Some(Standing::Failed(said)) => Err(client.failed(
                format!("the endpoint `{id}` of `{}` was not created: {said}", after.service),
                "delete it, see that the service has endpoints in these zones, and run the same command again",
            )),
            Some(Standing::Deleting | Standing::Gone) => Err(client.failed(
                format!("the endpoint `{id}` was deleted outside overlord while it was being created"),
                "run the same command again, it makes another one",
            )),
        }
    };
    client.wait("the endpoint to be available", DEADLINE, ask).await?;
    Ok(id)
}

/// What is in an endpoint, as ids.
#[derive(PartialEq, Eq)]
struct Members {
    tables: BTreeSet<String>,
    subnets: BTreeSet<String>,
    groups: BTreeSet<String>,
    private_dns: bool,
}

impl Members {
    fn of(live: &Live) -> Self {
        Self {
            tables: live.route_table_ids().iter().cloned().collect(),
            subnets: live.subnet_ids().iter().cloned().collect(),
            groups: live.groups().iter().filter_map(|group| group.group_id.clone()).collect(),
            private_dns: live.private_dns_enabled() == Some(true),
        }
    }
}

/// States from which an endpoint becomes available. AWS writes its states in lower case, unlike its own model
/// (<https://docs.aws.amazon.com/cli/latest/reference/ec2/describe-vpc-endpoints.html>, examples).
#[cfg(test)]
pub(super) const COMING: [State; 2] = [State::Pending, State::PendingAcceptance];
/// States in which it answers, if only in some of its zones.
pub(super) const READY: [State; 2] = [State::Available, State::Partial];
/// Being deleted.
pub(super) const GOING: [State; 1] = [State::Deleting];
/// Deleted.
pub(super) const GONE: [State; 1] = [State::Deleted];
/// States from which it never becomes available.
pub(super) const FAILED: [State; 3] = [State::Failed, State::Rejected, State::Expired];

/// Whether an endpoint of that state exists, or will.
pub(super) fn is_alive(state: Option<&State>) -> bool {
    ![&GOING[..], &GONE, &FAILED].iter().any(|states| is_one_of(state, states))
}

fn is_one_of(state: Option<&State>, states: &[State]) -> bool {
    state.is_some_and(|state| states.iter().any(|one| state.as_str().eq_ignore_ascii_case(one.as_str())))
}

/// The endpoint of that id, if AWS still lists it.
async fn of_id(client: &ResourceClient<'_>, id: &str) -> AwsResult<Vec<Live>> {
    match client.map_sdk_error("ec2:DescribeVpcEndpoints", client.client.describe_vpc_endpoints().vpc_endpoint_ids(id).send().await) {
        Err(e) if is_missing(&e) => Ok(Vec::new()),
        answer => Ok(answer?.vpc_endpoints.unwrap_or_default()),
    }
}

async fn ours(client: &ResourceClient<'_>) -> AwsResult<Vec<Live>> {
    let pages = client.client.describe_vpc_endpoints().filters(client.ours()).into_paginator().items().send();
    let mut endpoints = client.map_sdk_error("ec2:DescribeVpcEndpoints", pages.collect::<Result<Vec<_>, _>>().await)?;
    endpoints.retain(|endpoint| client.is_ours(endpoint.tags()));
    Ok(endpoints)
}
