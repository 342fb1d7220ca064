//! The calls to one account and Region: 8 lists at once, and the reads that follow from them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_account::types::RegionOptStatus;
use futures_util::future::{OptionFuture, try_join_all};

use super::bind::{self, Names};
use super::connected::Connected;
use super::describe::Ec2Reader;
use super::world::{Extras, Vpc, World};
use super::{ENABLED, features};
use crate::address::{Address, Scope};
use crate::aws::{AwsResult, Error, Sessions};
use crate::limits::LIMITS;
use crate::network::Design;
use crate::resource::network as kinds;
use crate::resource::{ADDRESS_TAG, Desired, Kind};

/// What was read of an account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reading {
    /// The status of an opt-in Region.
    pub region: Option<String>,
    /// Empty where the Region is not enabled.
    pub world: World,
}

/// Reads all that an account has in a Region.
///
/// # Errors
/// A call failed: a partial result is not used.
pub(super) async fn read(sessions: &Sessions, desired: &Desired, scope: &Scope, account: &str) -> AwsResult<Reading> {
    let region = region(sessions, &scope.region, account).await?;
    if region.as_ref().is_some_and(|status| status != ENABLED) {
        return Ok(Reading { region, ..Reading::default() });
    }
    // A Region that is only enabled cannot contain managed resources.
    if !desired.network.regions().contains(scope.region.as_str()) {
        return Ok(Reading { region, ..Reading::default() });
    }
    let client = sessions.ec2(account, &scope.region);
    let ask = Ec2Reader { client: &client, account };
    // The first failure ends the others: without the role, one refusal is enough.
    let (vpcs, subnets, route_tables, internet_gateways, nat_gateways, addresses, endpoints, security_groups) = tokio::try_join!(
        ask.vpcs(),
        ask.subnets(),
        ask.route_tables(),
        ask.internet_gateways(),
        ask.nat_gateways(),
        ask.addresses(),
        ask.endpoints(&scope.region),
        ask.security_groups(),
    )?;
    let mut world = World {
        vpcs,
        subnets,
        route_tables,
        internet_gateways,
        nat_gateways,
        addresses: addresses.0,
        public_ips: addresses.1,
        endpoints,
        security_groups,
        extras: Extras::default(),
    };
    // Creating a client takes work, and few accounts share anything.
    let ram = || sessions.ram(account, &scope.region);
    let mut wanted = Wanted::of(scope, &desired.network, &world);
    if wanted.stands_alone {
        wanted.add_kinds(&Box::pin(ask.kinds_of_ours()).await?);
    }
    world.extras = wanted.read(&ask, ram).await?;
    Ok(Reading { region, world })
}

/// Completes a World of an account and Region that came from AWS Config, with the kinds in overlord's tags there: reads what AWS Config
/// does not record.
///
/// # Errors
/// A call failed.
pub(super) async fn complete(
    sessions: &Sessions,
    desired: &Desired,
    scope: &Scope,
    account: &str,
    recorded: World,
    kinds_of_ours: &BTreeSet<String>,
) -> AwsResult<Reading> {
    let region = region(sessions, &scope.region, account).await?;
    if region.as_ref().is_some_and(|status| status != ENABLED) {
        return Ok(Reading { region, ..Reading::default() });
    }
    let mut world = recorded;
    let known = std::mem::take(&mut world.extras);
    let mut wanted = Wanted::of(scope, &desired.network, &world);
    if wanted.stands_alone {
        wanted.add_kinds(kinds_of_ours);
    }
    let client = sessions.ec2(account, &scope.region);
    let ram = || sessions.ram(account, &scope.region);
    let [dhcp_options, egress_only, flow_logs] = features::RECORDED.map(|name| wanted.with.remove(name));
    let read = wanted.read(&Ec2Reader { client: &client, account }, ram).await?;
    // As in a direct read: undeclared features are left empty.
    world.extras = Extras {
        dhcp_options: if dhcp_options { known.dhcp_options } else { BTreeMap::new() },
        egress_only_gateways: if egress_only { known.egress_only_gateways } else { BTreeMap::new() },
        flow_logs: if flow_logs { known.flow_logs } else { BTreeMap::new() },
        ..read
    };
    Ok(Reading { region, world })
}

/// Reads the VPCs that an account has in a Region, and nothing else.
///
/// # Errors
/// A call failed.
pub(super) async fn vpcs(sessions: &Sessions, region_name: &str, account: &str) -> AwsResult<Reading> {
    let region = region(sessions, region_name, account).await?;
    if region.as_ref().is_some_and(|status| status != ENABLED) {
        return Ok(Reading { region, ..Reading::default() });
    }
    let client = sessions.ec2(account, region_name);
    let vpcs = Ec2Reader { client: &client, account }.vpcs().await?;
    Ok(Reading { region, world: World { vpcs, ..World::default() } })
}

/// The status of an opt-in Region in an account; `None` for a Region that every account has.
async fn region(sessions: &Sessions, region: &str, account: &str) -> AwsResult<Option<String>> {
    if !LIMITS.regions.is_opt_in(region) {
        return Ok(None);
    }
    // The account calls for itself: from outside, the organization would first have to trust Account Management.
    let answer = sessions.account_of(account).get_region_opt_status().region_name(region).send().await;
    let answer = answer.map_err(|e| Error::sdk("account:GetRegionOptStatus", &e))?;
    Ok(Some(answer.region_opt_status().map_or("DISABLED", RegionOptStatus::as_str).to_owned()))
}

/// What more is to be read.
#[derive(Debug, Default, PartialEq)]
struct Wanted {
    /// The features that VPCs here have had, by their tag, or that a layout of the Region declares: names of [`super::WITH_TAG`].
    with: BTreeSet<String>,
    /// The VPCs whose DNS attributes are declared.
    dns_hostnames: BTreeSet<String>,
    dns_support: BTreeSet<String>,
    /// Whether managed resources may exist here without a VPC whose tag would name them: a transit gateway, leftovers of an interrupted
    /// run.
    stands_alone: bool,
    /// The VPCs that share an address with another one: which of them is in use?
    twins: BTreeSet<String>,
    /// The default VPC, if it is to be deleted and nothing shows yet that it is in use.
    default_vpc: Option<String>,
}

impl Wanted {
    fn of(scope: &Scope, design: &Design, world: &World) -> Self {
        let (names, _) = Names::of(scope, design, world);
        let twins = bind::twin_vpcs(world);
        let mut wanted = Self { twins: twins.clone(), ..Self::default() };
        // Which of the two keeps the address is not known yet.
        let of_twin = |id: &String, vpc: &Vpc| {
            let tag = vpc.tags.get(ADDRESS_TAG).filter(|_| twins.contains(id))?.parse::<Address>().ok()?;
            Some(kinds::Vpc::address_within(scope.clone(), tag.key()))
        };
        for layout in design.layouts.values().filter(|layout| layout.region == scope.region) {
            wanted.with.extend(layout.extras().map(str::to_owned));
        }
        if design.gateways.transit.values().any(|gateway| (&gateway.account, &gateway.region) == (&scope.account, &scope.region)) {
            wanted.with.extend(features::HUB.map(str::to_owned));
        }
        for (id, vpc) in &world.vpcs {
            let Some(address) = of_twin(id, vpc).or_else(|| names.address(id).cloned()) else { continue };
            wanted.with.extend(bind::with(&vpc.tags));
            let layout = design.vpcs.get(&address).and_then(|request| design.layouts.get(&request.layout));
            let Some(layout) = layout else { continue };
            if layout.wanted_dns_hostnames().is_some() {
                wanted.dns_hostnames.insert(id.clone());
            }
            if layout.wanted_dns_support().is_some() {
                wanted.dns_support.insert(id.clone());
            }
        }
        wanted.stands_alone = design.governed.contains(&scope.region) && !world.vpcs.keys().any(|vpc| names.address(vpc).is_some());
        let default_vpc = bind::default_vpc(scope, design, world).filter(|id| bind::use_of_default_vpc(world, id).is_none());
        wanted.default_vpc = default_vpc.map(str::to_owned);
        wanted
    }

    /// Existing resources of these kinds are read too.
    fn add_kinds(&mut self, kinds: &BTreeSet<String>) {
        self.with.extend(kinds.iter().flat_map(|kind| features::of_kind(kind)).map(|name| (*name).to_owned()));
    }

    async fn read(&self, ask: &Ec2Reader<'_>, ram: impl Fn() -> aws_sdk_ram::Client) -> AwsResult<Extras> {
        let has = |name: &str| self.with.contains(name);
        // Rare calls are boxed: without them the future of a read is small.
        let (dhcp_options, egress_only_gateways, flow_logs, dns_hostnames, dns_support, twins, interfaces, hidden, connected) = tokio::try_join!(
            optional(has(kinds::DhcpOptions::SPEC.kind).then(|| ask.dhcp_options())),
            optional(has(kinds::EgressOnlyInternetGateway::SPEC.kind).then(|| ask.egress_only_gateways())),
            optional(has(kinds::FlowLog::SPEC.kind).then(|| ask.flow_logs())),
            by_vpc(&self.dns_hostnames, |vpc| ask.dns_hostnames(vpc)),
            by_vpc(&self.dns_support, |vpc| ask.dns_support(vpc)),
            by_vpc(&self.twins, |vpc| Box::pin(ask.users(vpc))),
            optional(self.default_vpc.as_deref().map(|vpc| ask.interfaces(vpc))),
            optional(self.default_vpc.as_deref().map(|vpc| Box::pin(ask.hidden_uses(vpc)))),
            Box::pin(Connected::read(ask, ram, has)),
        )?;
        Ok(Extras {
            dhcp_options,
            egress_only_gateways,
            flow_logs,
            dns_hostnames,
            dns_support,
            twin_interfaces: twins,
            default_vpc_interfaces: interfaces,
            default_vpc_hidden: hidden,
            connected,
        })
    }
}

/// The answer to a call that may not be permitted.
async fn optional<T: Default>(question: Option<impl Future<Output = AwsResult<T>>>) -> AwsResult<T> {
    OptionFuture::from(question).await.unwrap_or_else(|| Ok(T::default()))
}

/// One call per VPC.
async fn by_vpc<'v, F, T>(vpcs: &'v BTreeSet<String>, ask: impl Fn(&'v str) -> F) -> AwsResult<BTreeMap<String, T>>
where
    F: Future<Output = AwsResult<Option<T>>>,
{
    let answers = try_join_all(vpcs.iter().map(|vpc| ask(vpc))).await?;
    Ok(vpcs.iter().zip(answers).filter_map(|(vpc, answer)| Some((vpc.clone(), answer?))).collect())
}
