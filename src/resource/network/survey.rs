//! All networks that accounts have in some Regions, managed or not: `import` searches them for layouts.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};

use super::bind::{self, Names};
use super::guess;
use super::scope::{self, Reading};
use super::site::{AT_A_TIME, Site, Taken};
use super::world::World;
use super::zones::Zones;
use crate::address::{Address, Scope};
use crate::aws::{AwsResult, Sessions};
use crate::network::{Design, Observed};
use crate::resource::reach::is_fatal;
use crate::resource::{Desired, Keep, Live};

/// All VPCs of some accounts and Regions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Survey {
    /// By account, Region and id.
    pub(crate) vpcs: Vec<LiveVpc>,
    /// Account, Region and why it could not be read.
    pub(crate) unread: Vec<(String, String, String)>,
    /// By account and Region: everything that was read, if there is an unmanaged VPC.
    pub(super) sites: BTreeMap<(String, String), Reading>,
}

/// A VPC with the values that an org.toml could declare.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LiveVpc {
    /// The account's id.
    pub account: String,
    pub region: String,
    pub id: String,
    /// Its first block.
    pub cidr: String,
    pub is_default: bool,
    pub ipv6: bool,
    /// The key of its layout, if its tag says that overlord created it.
    pub layout: Option<String>,
    /// Its `Name`.
    pub name: Option<String>,
    /// Optional features that it has ever had.
    pub with: BTreeSet<String>,
    /// Why no layout matches it, for an unmanaged VPC.
    pub unlike: Option<String>,
    /// Tier, zone and block; in unmanaged VPCs, the tiers are guessed.
    pub subnets: Vec<(String, String, String)>,
    /// How many NAT gateways are in one of its zones.
    pub zonal_nat_gateways: usize,
    pub has_regional_nat_gateway: bool,
    /// Services.
    pub endpoints: BTreeSet<String>,
    /// Name servers and domain.
    pub dhcp: Option<(Vec<String>, Option<String>)>,
    /// Destination, traffic and interval.
    pub flow_log: Option<(String, String, u32)>,
}

/// Reads all accounts, by id, in all Regions.
///
/// # Errors
/// The run was interrupted, or its own credentials have expired. A failure in one account is part of the survey.
pub async fn survey(sessions: &Sessions, accounts: &BTreeSet<String>, regions: &BTreeSet<String>) -> AwsResult<Survey> {
    // A configuration without layouts, which still reads what is there.
    let nothing = Desired { network: Design { governed: regions.clone(), ..Design::default() }, ..Desired::default() };
    let sites = accounts.iter().flat_map(|account| {
        regions.iter().map(|region| Site { scope: Scope { account: account.clone(), region: region.clone() }, account: account.clone() })
    });
    let read = |site: Site| async {
        let reading = scope::read(sessions, &nothing, &site.scope, &site.account).await.map_err(|error| site.error(error));
        (site, reading)
    };
    let mut readings = stream::iter(sites).map(read).buffer_unordered(AT_A_TIME);
    let mut survey = Survey::default();
    while let Some((Site { scope, account }, reading)) = readings.next().await {
        match reading {
            Ok(reading) => {
                let vpcs = vpcs(&scope, &reading.world);
                if vpcs.iter().any(LiveVpc::is_of_others) {
                    survey.sites.insert((account, scope.region), reading);
                }
                survey.vpcs.extend(vpcs);
            }
            Err(error) if is_fatal(&error) => return Err(error),
            Err(error) => survey.unread.push((account, scope.region, error.to_string())),
        }
    }
    survey.vpcs.sort_by(|a, b| (&a.account, &a.region, &a.id).cmp(&(&b.account, &b.region, &b.id)));
    survey.unread.sort();
    Ok(survey)
}

impl Survey {
    /// What a configuration of this design would find in an account and Region with an unmanaged VPC; the account's id is its key.
    pub(crate) fn live(&self, account: &str, region: &str, design: &Design) -> Live {
        let mut live = Live::default();
        let Some(reading) = self.sites.get(&(account.to_owned(), region.to_owned())) else { return live };
        let site = Site { scope: Scope { account: account.to_owned(), region: region.to_owned() }, account: account.to_owned() };
        let desired = Desired { network: design.clone(), ..Desired::default() };
        let Taken { bound, .. } = Taken::of(&site, &desired, Keep::Nothing, reading.clone(), &BTreeMap::new());
        live.resources = bound.resources;
        live.findings = bound.findings;
        live.network = Observed { vpcs: bound.vpcs, blocks: bound.blocks, ..Observed::default() };
        live.network.zones = Zones::of(design, &live.network, |_| true).known;
        live
    }
}

impl LiveVpc {
    /// Whether it was created neither by AWS nor by overlord.
    pub(crate) fn is_of_others(&self) -> bool {
        self.layout.is_none() && !self.is_default
    }
}

fn vpcs(scope: &Scope, world: &World) -> Vec<LiveVpc> {
    let (names, _) = Names::of(scope, &Design::default(), world);
    let vpcs = world.vpcs.iter().map(|(id, vpc)| {
        let layout = names.address(id).map(|address| address.key().to_owned());
        let mut live = LiveVpc {
            account: scope.account.clone(),
            region: scope.region.clone(),
            id: id.clone(),
            cidr: vpc.cidr.clone(),
            is_default: vpc.is_default,
            ipv6: vpc.ipv6,
            name: vpc.tags.get("Name").cloned(),
            with: bind::with(&vpc.tags),
            ..LiveVpc::default()
        };
        match &layout {
            Some(layout) => describe(&mut live, world, &names, layout),
            None if live.is_default => {}
            None => live.unlike = guess::describe(&mut live, world).err(),
        }
        LiveVpc { layout, ..live }
    });
    vpcs.collect()
}

/// The managed resources in the VPC.
fn describe(live: &mut LiveVpc, world: &World, names: &Names, layout: &str) {
    let ours = |id: &String| names.address(id).is_some();
    for (id, subnet) in world.subnets.iter().filter(|(_, subnet)| subnet.vpc == live.id) {
        if let Some(tier) = names.address(id).and_then(|address| tier(address, layout, &subnet.zone)) {
            live.subnets.push((tier, subnet.zone.clone(), subnet.cidr.clone()));
        }
    }
    let gateways: Vec<bool> = of(&world.nat_gateways, |id, gateway| gateway.vpc == live.id && ours(id)).map(|g| g.is_regional).collect();
    live.has_regional_nat_gateway = gateways.contains(&true);
    live.zonal_nat_gateways = gateways.iter().filter(|regional| !**regional).count();
    let endpoints = of(&world.endpoints, |id, endpoint| endpoint.vpc == live.id && ours(id));
    live.endpoints = endpoints.map(|endpoint| endpoint.service.clone()).collect();
    let options = world.vpcs.get(&live.id).and_then(|vpc| vpc.dhcp_options.as_ref()).filter(|id| ours(id));
    let options = options.and_then(|id| world.extras.dhcp_options.get(id));
    live.dhcp = options.map(|options| (options.name_servers.clone(), options.domain_name.clone()));
    let logs = of(&world.extras.flow_logs, |id, log| log.of == live.id && ours(id));
    live.flow_log = logs.map(|log| (log.destination.clone(), log.traffic.clone(), log.interval)).next();
}

fn of<'w, T>(things: &'w BTreeMap<String, T>, is: impl Fn(&String, &T) -> bool + 'w) -> impl Iterator<Item = &'w T> {
    things.iter().filter(move |(id, thing)| is(id, thing)).map(|(_, thing)| thing)
}

/// `public` of `subnet.standard/public-euw1-az1`.
fn tier(address: &Address, layout: &str, zone: &str) -> Option<String> {
    let name = address.key().strip_prefix(layout)?.strip_prefix('/')?;
    name.strip_suffix(zone)?.strip_suffix('-').map(str::to_owned)
}
