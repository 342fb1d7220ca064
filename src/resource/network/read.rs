//! The reader of the network family: it reads all accounts and Regions side by side, each with the fewest calls.
//!
//! First it reads the configuration's accounts in the Regions of its layouts: 8 Describe calls each, and no more if nothing changes.
//! Usually this starts while the rest of the organization is still being read ([`super::ahead()`]). The result may require more reads:
//! zones, if a subnet is to be created; and the VPCs of all other accounts, if a CIDR block is to be assigned. An account that cannot be
//! read is a finding; the run continues.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};

use super::bind::{Bound, Names, names_of_peerings};
use super::describe::{Ec2Reader, LiveZones};
use super::freeze::freeze;
use super::prefetch::Prefetch;
use super::rehearsal::{Kept, Place};
use super::scope::{self, Reading};
use super::site::{AT_A_TIME, AT_A_TIME_ONCE, Answer, Site, Taken, read, regions, sites};
use super::unread::{Blocks, Consequence};
use super::zones::Zones;
use super::{Subnet, VpcEndpoint, connected};
use crate::address::{Address, Reference, Scope};
use crate::aws::{AwsResult, Error, Sessions};
use crate::network::{Block, Observed, Others, Unmanaged, has_gateway_endpoint, zone_of};
use crate::plural::count;
use crate::resource::organizations::{Account, OrganizationalUnit};
use crate::resource::reach::is_fatal;
use crate::resource::standing::{Standing, standing};
use crate::resource::unread::{self, Unread, warning};
use crate::resource::{Desired, Finding, FindingSeverity, Keep, Kind, Live, LiveResource, NOT_JOINED, NOT_READ, NOT_SELECTED};

/// Reads the networks of `desired` and adds them to `live`, which already contains the organization. `members` are the ids of all usable
/// accounts of the organization; `ahead` is what was read before all of them were known. Returns what `ahead` wants to keep.
///
/// # Errors
/// The run was interrupted, or its own credentials have expired. Every other failure is a finding.
pub async fn live(sessions: &Sessions, desired: &Desired, ahead: Prefetch, members: &BTreeSet<String>, live: &mut Live) -> AwsResult<Kept> {
    let regions = regions(desired);
    if regions.is_empty() && (desired.network.opted_in.is_empty() || !desired.selection.reads_networks()) {
        return Ok(Kept::default());
    }
    let mut accounts = Accounts::of(live, desired);
    // Other accounts are only read for their blocks, and only if a block is to be assigned.
    accounts.open.retain(|key, _| desired.selection.reads_networks_of(key));
    let mut reader = Reader { sessions, desired, regions, accounts, found: Found::default() };
    let keep = ahead.keep;
    reader.accounts(ahead).await?;
    reader.found.hands_out = reader.hands_out_blocks();
    if reader.found.hands_out {
        reader.others(keep, members).await?;
    }
    reader.zones().await?;
    reader.endpoint_zones().await?;
    reader.foreign_streams();
    reader.found.observed.frozen = reader.accounts.frozen;
    reader.found.observed.absent = reader.accounts.absent;
    Ok(reader.found.give(live, desired))
}

/// The accounts of the configuration that exist, by key.
struct Accounts {
    /// With their ids.
    open: BTreeMap<String, String>,
    /// Closed, suspended, or leaving: there is nothing to read and nothing to do.
    frozen: BTreeSet<String>,
    /// Those of them that are not members yet.
    absent: BTreeSet<String>,
    /// Accounts and OUs, by id: shares refer to them.
    places: BTreeMap<String, Address>,
}

impl Accounts {
    fn of(live: &Live, desired: &Desired) -> Self {
        let named = live.resources.iter().filter(|(address, _)| Account::has(address) || OrganizationalUnit::has(address));
        let places = named.filter_map(|(address, place)| Some((place.id.clone()?, address.clone()))).collect();
        let mut accounts = Self { open: BTreeMap::new(), frozen: BTreeSet::new(), absent: BTreeSet::new(), places };
        for address in live.resources.keys().filter(|address| Account::has(address)) {
            let key = address.key().to_owned();
            match standing(address, desired, live) {
                None => {}
                Some(Standing::Usable(id)) => {
                    accounts.open.insert(key, id);
                }
                Some(Standing::Frozen(why)) => {
                    if why == NOT_JOINED {
                        accounts.absent.insert(key.clone());
                    }
                    accounts.frozen.insert(key);
                }
            }
        }
        accounts
    }

    /// The key of the configuration's account of that id.
    fn key(&self, id: &str) -> Option<&str> {
        self.places.get(id).filter(|place| Account::has(place)).map(Address::key)
    }
}

struct Reader<'a> {
    sessions: &'a Sessions,
    desired: &'a Desired,
    regions: BTreeSet<&'a str>,
    accounts: Accounts,
    found: Found,
}

/// The results so far.
#[derive(Default)]
struct Found {
    resources: BTreeMap<Address, LiveResource>,
    findings: Vec<Finding>,
    observed: Observed,
    /// Opt-in Regions that an account has not enabled yet.
    not_enabled: BTreeSet<Scope>,
    /// Whether this run assigns blocks.
    hands_out: bool,
    /// Why accounts could not be read, by their key and Region.
    failures: BTreeMap<String, BTreeMap<String, Error>>,
    kept: Kept,
}

impl Reader<'_> {
    /// Each account, by key and id, in each Region.
    fn sites<'s>(&self, accounts: impl Iterator<Item = (&'s String, &'s String)>) -> Vec<Site> {
        accounts.flat_map(|(key, id)| sites(self.desired, &self.regions, key, id)).collect()
    }

    /// Everything that the accounts of the configuration have.
    async fn accounts(&mut self, ahead: Prefetch) -> AwsResult<()> {
        let Prefetch { keep, mut reach, lost, read: mut ahead } = ahead;
        if let Some(error) = lost {
            return Err(error);
        }
        let (mut connected, mut left) = (Vec::new(), Vec::new());
        for site in self.sites(self.accounts.open.iter()) {
            match ahead.remove(&site.scope).filter(|(account, _)| *account == site.account) {
                Some((_, reading)) => connected.extend(self.found.take(site, reading)?),
                None => left.push(site),
            }
        }
        let (sessions, desired) = (self.sessions, self.desired);
        let mut readings = stream::iter(left).map(|site| read(sessions, desired, keep, site)).buffer_unordered(AT_A_TIME);
        while let Some((site, reading)) = readings.next().await {
            let is_lost = reach.is_lost(&site.account, reading.as_ref().err());
            match reading {
                Err(error) if is_lost => return Err(error),
                reading => connected.extend(self.found.take(site, reading)?),
            }
        }
        drop(readings);
        self.connected(keep, connected);
        Ok(())
    }

    /// Accounts and Regions with connections, with the names of everything that they connect to.
    fn connected(&mut self, keep: Keep, mut readings: Vec<(Site, Reading)>) {
        connected::tell_attachments(readings.iter_mut().map(|(_, reading)| &mut reading.world.extras.connected));
        let mut shared = self.accounts.places.clone();
        for (site, reading) in &readings {
            shared.extend(Names::of(&site.scope, &self.desired.network, &reading.world).0.into_shared());
        }
        let peerings = readings.iter().flat_map(|(_, reading)| names_of_peerings(&reading.world, &shared));
        let peerings: Vec<_> = peerings.collect();
        shared.extend(peerings);
        for (site, reading) in readings {
            let taken = Taken::of(&site, self.desired, keep, reading, &shared);
            self.found.put(site.scope, taken);
        }
    }

    /// Whether a VPC is to be created, which needs a free block.
    fn hands_out_blocks(&self) -> bool {
        let new = self.desired.network.vpcs.keys().filter(|vpc| !self.found.observed.vpcs.contains_key(vpc));
        new.filter_map(|vpc| vpc.scope())
            .any(|scope| self.is_planned(&scope.account) && self.desired.selection.makes_vpcs_in(&scope.account))
    }

    fn is_planned(&self, account: &str) -> bool {
        !self.found.failures.contains_key(account) && !self.accounts.frozen.contains(account)
    }

    /// The VPCs of all accounts outside the configuration.
    async fn others(&mut self, keep: Keep, members: &BTreeSet<String>) -> AwsResult<()> {
        let known: BTreeSet<&String> = self.accounts.open.values().collect();
        let management = &self.desired.management_account;
        let others = members.iter().chain(std::iter::once(management)).filter(|id| !known.contains(id)).collect::<BTreeSet<_>>();
        let sessions = self.sessions;
        let read = |site: Site| -> BoxFuture<'_, _> {
            Box::pin(async move {
                let vpcs = scope::vpcs(sessions, &site.scope.region, &site.account).await;
                let vpcs = vpcs.map_err(|error| site.error(error));
                (site, vpcs)
            })
        };
        let mut readings = stream::iter(self.sites(others.iter().map(|id| (*id, *id)))).map(read).buffer_unordered(AT_A_TIME_ONCE);
        let mut failed = BTreeMap::new();
        while let Some((site, vpcs)) = readings.next().await {
            match vpcs {
                Ok(reading) => {
                    let blocks = reading.world.vpcs.values().flat_map(|vpc| &vpc.blocks);
                    self.found.observed.blocks.extend(blocks.filter_map(|block| block.parse::<Block>().ok()));
                    self.found.kept.places.extend(Place::kept(&site, keep, reading));
                }
                Err(error) if is_fatal(&error) => return Err(error),
                Err(error) => drop(failed.entry(site.account).or_insert(error)),
            }
        }
        drop(readings);
        let unread = failed.into_iter().map(|(account, error)| {
            self.found.kept.unreachable.insert(account.clone());
            // An account that is not selected: its pools stay closed, as for an unreadable account.
            let key = self.accounts.key(&account);
            if let Some(key) = key {
                self.found.observed.unreachable.insert(key.to_owned(), error.to_string());
            }
            let consequence = if key.is_some() { Consequence::PoolsWait } else { Consequence::AddressesUnknown };
            Unread { subject: account.clone(), account, consequence, error }
        });
        self.found.findings.extend(unread::findings(unread.collect()));
        Ok(())
    }

    /// The zones in which subnets are to be created.
    async fn zones(&mut self) -> AwsResult<()> {
        let Zones { to_read, known } = Zones::of(&self.desired.network, &self.found.observed, |account| self.is_planned(account));
        self.found.observed.zones = known;
        let mut sites = Vec::new();
        // For accounts that cannot be read yet, by Region: the management account sees the same zone IDs.
        let mut in_general: BTreeMap<String, Vec<Scope>> = BTreeMap::new();
        for scope in to_read {
            match self.accounts.open.get(&scope.account) {
                Some(account) if !self.found.not_enabled.contains(&scope) => sites.push((Site { account: account.clone(), scope }, None)),
                Some(_) | None => in_general.entry(scope.region.clone()).or_default().push(scope),
            }
        }
        for (region, scopes) in in_general {
            let scope = Scope { account: String::new(), region };
            sites.push((Site { account: self.desired.management_account.clone(), scope }, Some(scopes)));
        }
        let sessions = self.sessions;
        let read = |(site, scopes): (Site, Option<Vec<Scope>>)| -> BoxFuture<'_, _> {
            Box::pin(async move {
                let client = sessions.ec2(&site.account, &site.scope.region);
                let zones = Ec2Reader { client: &client, account: &site.account }.zones().await;
                let zones = zones.map_err(|error| site.error(error));
                (site.scope, scopes, zones)
            })
        };
        let mut readings = stream::iter(sites).map(read).buffer_unordered(AT_A_TIME_ONCE);
        while let Some((scope, scopes, zones)) = readings.next().await {
            match (scopes, zones) {
                (None, Ok(zones)) => {
                    self.found.troubled_zones(&scope.region, &zones);
                    self.found.observed.zones.insert(scope, zones.sound);
                }
                (None, Err(error)) => self.found.fail(&scope, error)?,
                (Some(scopes), Ok(zones)) => {
                    self.found.troubled_zones(&scope.region, &zones);
                    self.found.observed.zones.extend(scopes.into_iter().map(|scope| (scope, zones.sound.clone())));
                }
                (Some(_), Err(error)) if is_fatal(&error) => return Err(error),
                (Some(_), Err(error)) => {
                    let what = format!("the zones of `{}` cannot be read, and are taken to be numbered from 1", scope.region);
                    self.found.findings.push(warning(scope.region, &what, &error, &self.desired.management_account));
                }
            }
        }
        self.found.too_few_zones(self.desired);
        Ok(())
    }

    /// The zones in which AWS offers the services of endpoints that are to be created, or that are in fewer zones than their layout says.
    /// They are the same for all accounts, so one account per Region is read.
    async fn endpoint_zones(&mut self) -> AwsResult<()> {
        let mut wanted: BTreeMap<&str, Vec<(Address, &str)>> = BTreeMap::new();
        for (vpc, request) in &self.desired.network.vpcs {
            let (Some(scope), Some(layout)) = (vpc.scope(), self.desired.network.layouts.get(&request.layout)) else { continue };
            if !self.is_planned(&scope.account) || !self.desired.selection.reads_networks_of(&scope.account) {
                continue;
            }
            for service in layout.endpoints.iter().filter(|service| !has_gateway_endpoint(service)) {
                let endpoint = VpcEndpoint::address_within(scope.clone(), format!("{}/{service}", request.layout));
                if self.found.zones_of_endpoint(&endpoint).len() < layout.zones as usize {
                    wanted.entry(&layout.region).or_default().push((endpoint, service.as_str()));
                }
            }
        }
        for (region, endpoints) in wanted {
            let scope = |account: &str| Scope { account: account.to_owned(), region: region.to_owned() };
            let can_ask = |(key, _): &(&String, &String)| self.is_planned(key) && !self.found.not_enabled.contains(&scope(key));
            let has_vpc = |(key, _): &(&String, &String)| endpoints.iter().any(|(endpoint, _)| endpoint.scope() == Some(&scope(key)));
            let own = self.accounts.open.iter().filter(can_ask).find(has_vpc).map(|(_, id)| id);
            let account = own.unwrap_or(&self.desired.management_account).clone();
            let client = self.sessions.ec2(&account, region);
            let offered = Ec2Reader { client: &client, account: &account }.endpoint_zones(region).await;
            match offered.map_err(|error| error.within(&account, region)) {
                Ok(offered) => {
                    for (endpoint, service) in endpoints {
                        let Some(zones) = offered.get(service) else { continue };
                        let all = zones.iter().cloned().chain(self.found.zones_of_endpoint(&endpoint)).collect();
                        self.found.observed.endpoint_zones.insert(endpoint, all);
                    }
                }
                Err(error) if is_fatal(&error) => return Err(error),
                Err(error) => {
                    let what = format!("the zones that have endpoint services in `{region}` cannot be read, and are taken to be all");
                    self.found.findings.push(warning(region.to_owned(), &what, &error, &self.desired.management_account));
                }
            }
        }
        Ok(())
    }

    /// VPCs whose flow logs would go to a delivery stream of another account: AWS refuses that without roles, which overlord does not make.
    /// Source: CreateFlowLogs, `DeliverLogsPermissionArn`, botocore 1.44.8.
    fn foreign_streams(&mut self) {
        for (address, request) in &self.desired.network.vpcs {
            let layout = self.desired.network.layouts.get(&request.layout);
            let stream = layout.and_then(|layout| layout.flow_log.as_ref()?.stream_account());
            let (Some(stream), Some(scope)) = (stream, address.scope()) else { continue };
            let own = self.accounts.open.get(&scope.account).map(String::as_str);
            let is_read = self.is_planned(&scope.account) && self.desired.selection.reads_networks_of(&scope.account);
            if is_read && own != Some(stream) {
                let summary = format!(
                    "its flow logs cannot go to a delivery stream of account `{stream}`, since AWS wants roles for that which overlord does not \
                     make: send them to a bucket, or make a layout for that account alone"
                );
                self.found.findings.push(Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary });
            }
        }
    }
}

impl Found {
    /// Adds what was read; returns what cannot be bound yet.
    fn take(&mut self, site: Site, answer: AwsResult<Answer>) -> AwsResult<Option<(Site, Reading)>> {
        match answer {
            Ok(Answer::Taken(taken)) => {
                self.put(site.scope, *taken);
                Ok(None)
            }
            Ok(Answer::Connected(reading)) => Ok(Some((site, *reading))),
            Err(error) => self.fail(&site.scope, error).map(|()| None),
        }
    }

    fn put(&mut self, scope: Scope, taken: Taken) {
        let Taken { not_enabled, bound, kept } = taken;
        let Bound { resources, findings, vpcs, blocks, unmanaged, others, public_ips } = bound;
        if unmanaged != Unmanaged::default() {
            self.observed.unmanaged.insert(scope.clone(), unmanaged);
        }
        if others != Others::default() {
            self.observed.others.insert(scope.clone(), others);
        }
        self.observed.public_ips.extend(public_ips);
        if not_enabled {
            self.not_enabled.insert(scope);
        }
        self.kept.places.extend(kept);
        self.resources.extend(resources);
        self.findings.extend(findings);
        self.observed.vpcs.extend(vpcs);
        self.observed.blocks.extend(blocks);
    }

    /// The zones in which an endpoint has interfaces.
    fn zones_of_endpoint(&self, endpoint: &Address) -> BTreeSet<String> {
        let subnets = self.resources.get(endpoint).map(|live| live.attributes.references()).unwrap_or_default();
        let zone = |subnet: Reference| match subnet {
            Reference::Address(address) if Subnet::has(&address) => {
                address.key().rsplit_once('/').and_then(|(_, name)| zone_of(name)).map(str::to_owned)
            }
            Reference::Address(_) | Reference::Id(_) => None,
        };
        subnets.into_iter().filter_map(zone).collect()
    }

    /// An account could not be read in a Region.
    fn fail(&mut self, scope: &Scope, error: Error) -> AwsResult<()> {
        if is_fatal(&error) {
            return Err(error);
        }
        self.failures.entry(scope.account.clone()).or_default().insert(scope.region.clone(), error);
        Ok(())
    }

    /// Zones in which nothing new is created for now.
    fn troubled_zones(&mut self, region: &str, zones: &LiveZones) {
        for (zone, state) in &zones.troubled {
            let summary =
                format!("AWS says that the zone `{zone}` is {state}: no new subnets are made there until a run finds it available");
            let finding = Finding { severity: FindingSeverity::Warning, subject: region.to_owned(), summary };
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }

    /// VPCs whose layout needs more zones than the account has.
    fn too_few_zones(&mut self, desired: &Desired) {
        for (address, request) in &desired.network.vpcs {
            let layout = desired.network.layouts.get(&request.layout);
            let zones = address.scope().and_then(|scope| self.observed.zones.get(scope));
            let (Some(layout), Some(zones)) = (layout, zones) else { continue };
            let live = self.observed.vpcs.get(address).map(|vpc| &vpc.subnets).into_iter().flatten();
            let live = live.filter_map(|(name, _)| zone_of(name));
            let zones: BTreeSet<&str> = zones.iter().map(String::as_str).chain(live).filter(|zone| layout.may_be_in(zone)).collect();
            if zones.len() < layout.zones as usize {
                let summary = format!(
                    "its layout asks for {}, and the account can use {} of them in `{}`: subnets are made in those, or set `zones` to that",
                    count(layout.zones as usize, "zone"),
                    zones.len(),
                    layout.region
                );
                self.findings.push(Finding { severity: FindingSeverity::Warning, subject: address.to_string(), summary });
            }
        }
    }

    /// Adds everything to `live`, except the resources of accounts that were not read in full: nothing is planned in those.
    fn give(mut self, live: &mut Live, desired: &Desired) -> Kept {
        let of_unread = |address: &Address| address.scope().is_some_and(|scope| self.failures.contains_key(&scope.account));
        live.resources.extend(self.resources.into_iter().filter(|(address, _)| !of_unread(address)));
        let why = |account: &str| match self.failures.contains_key(account) {
            true => Some(NOT_READ),
            false => (!desired.selection.reads_networks_of(account)).then_some(NOT_SELECTED),
        };
        let unknown = match self.failures.is_empty() {
            true => (!desired.selection.is_everything()).then_some(NOT_SELECTED),
            false => Some(NOT_READ),
        };
        freeze(live, desired, why, unknown);
        let unpinned = desired.network.vpcs.iter().filter(|(_, request)| request.pinned.is_none());
        let closing: BTreeSet<&str> = unpinned.filter_map(|(vpc, _)| Some(vpc.scope()?.account.as_str())).collect();
        let mut unread = Vec::new();
        for (account, failures) in std::mem::take(&mut self.failures) {
            let regions = failures.keys().map(|region| format!("`{region}`")).collect::<Vec<_>>().join(", ");
            let Some(error) = failures.into_values().next() else { continue };
            let subject = Account::address(account.as_str());
            let id = live.resources.get(&subject).and_then(|resource| resource.id.clone()).unwrap_or_default();
            let is_safe = !self.hands_out || closing.contains(account.as_str());
            let blocks = if is_safe { Blocks::Safe } else { Blocks::Exposed };
            self.observed.unreachable.insert(account, error.to_string());
            self.kept.unreachable.insert(id.clone());
            let consequence = Consequence::NothingPlanned { regions, blocks };
            unread.push(Unread { subject: subject.to_string(), account: id, consequence, error });
        }
        self.findings.extend(unread::findings(unread));
        // A block outside all pools does not concern the allocator, and a change of it does not change the plan.
        let in_a_pool = |block: &Block| desired.network.pools.values().any(|pool| pool.cidr.overlaps(*block));
        self.observed.blocks.retain(in_a_pool);
        // Quotas matter only if something may be created.
        let with_vpcs: BTreeSet<&Scope> = desired.network.vpcs.keys().filter_map(Address::scope).collect();
        self.observed.others.retain(|scope, _| with_vpcs.contains(scope));
        live.findings.extend(self.findings);
        live.findings.sort();
        live.network = self.observed;
        self.kept
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
