//! The reader of the family: all accounts and Regions side by side, each with the fewest calls.
//!
//! First what the configuration's accounts have in the Regions of its layouts: eight Describe calls each, and no more when nothing is to
//! change. What that shows may raise more questions: of zones, where a subnet is to be made; and of the VPCs of everybody else in the
//! organization, where a block of addresses is to be handed out. An account that cannot be read is a finding, not the end of the run.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};

use super::bind::{self, Bound, Names};
use super::connected;
use super::describe::Questions;
use super::scope::{self, Reading};
use super::zones::Zones;
use super::{ENABLED, RegionAttributes};
use crate::address::{Address, Reference, Scope};
use crate::aws::{AwsResult, Error, Sessions};
use crate::network::{Block, Observed};
use crate::resource::{Desired, Finding, FindingSeverity, Live, LiveResource, untyped};

/// So many accounts and Regions are asked at a time: AWS's rates are those of each of them, so the more the faster, until the places in the
/// door are taken. Each holds the answers of its eight calls.
const AT_A_TIME: usize = 256;

/// Reads the networks of `desired` and adds them to `live`, which holds the organization already. `members` are the ids of all accounts of
/// the organization that can be used.
///
/// # Errors
/// The run was interrupted, or its own credentials are at an end. All else is a finding.
pub async fn live(sessions: &Sessions, desired: &Desired, members: &BTreeSet<String>, live: &mut Live) -> AwsResult<()> {
    let regions: BTreeSet<&str> = desired.network.layouts.values().map(|layout| layout.region.as_str()).collect();
    if regions.is_empty() || !desired.selection.reads_networks() {
        return Ok(());
    }
    let mut accounts = Accounts::of(live);
    // The others are asked for their blocks alone, and only when one is to be handed out.
    accounts.open.retain(|key, _| desired.selection.reads_networks_of(key));
    let mut reader = Reader { sessions, desired, regions, accounts, found: Found::default() };
    reader.accounts().await?;
    if reader.hands_out_blocks() {
        reader.others(members).await?;
    }
    reader.zones().await?;
    reader.found.observed.frozen = reader.accounts.frozen;
    reader.found.give(live, desired);
    Ok(())
}

/// The accounts of the configuration that exist, by key.
struct Accounts {
    /// With their ids.
    open: BTreeMap<String, String>,
    /// Closed, suspended: there is nothing to read and nothing to do.
    frozen: BTreeSet<String>,
    /// Accounts and OUs, by id: what is shared with them names them.
    places: BTreeMap<String, Address>,
}

impl Accounts {
    fn of(live: &Live) -> Self {
        let named = live.resources.iter().filter(|(address, _)| matches!(address.kind(), "account" | "ou"));
        let places = named.filter_map(|(address, place)| Some((place.id.clone()?, address.clone()))).collect();
        let mut accounts = Self { open: BTreeMap::new(), frozen: BTreeSet::new(), places };
        for (address, account) in live.resources.iter().filter(|(address, _)| address.kind() == "account") {
            match (&account.id, &account.frozen) {
                (_, Some(_)) => drop(accounts.frozen.insert(address.key().to_owned())),
                (Some(id), None) => drop(accounts.open.insert(address.key().to_owned(), id.clone())),
                (None, None) => {}
            }
        }
        accounts
    }
}

/// An account in a Region.
#[derive(Debug, Clone)]
struct Site {
    scope: Scope,
    /// Its id.
    account: String,
}

impl Site {
    /// An error of a call here. The role is asked for from outside.
    fn error(&self, error: Error) -> Error {
        match &error {
            Error::Refused(refusal) if refusal.operation.starts_with("sts:") => error,
            _ => error.within(&self.account, &self.scope.region),
        }
    }
}

struct Reader<'a> {
    sessions: &'a Sessions,
    desired: &'a Desired,
    regions: BTreeSet<&'a str>,
    accounts: Accounts,
    found: Found,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    resources: BTreeMap<Address, LiveResource>,
    findings: Vec<Finding>,
    observed: Observed,
    /// Opt-in Regions that an account has not enabled yet.
    not_enabled: BTreeSet<Scope>,
    /// Why accounts could not be read, by their key and Region.
    failures: BTreeMap<String, BTreeMap<String, Error>>,
}

impl Reader<'_> {
    /// Each account, by key and id, in each Region.
    fn sites<'s>(&self, accounts: impl Iterator<Item = (&'s String, &'s String)>) -> Vec<Site> {
        let of = |(key, id): (&String, &String)| {
            let site = |region: &&str| Site { scope: Scope { account: key.clone(), region: (*region).to_owned() }, account: id.clone() };
            self.regions.iter().map(site).collect::<Vec<_>>()
        };
        accounts.flat_map(of).collect()
    }

    /// All that the accounts of the configuration have.
    async fn accounts(&mut self) -> AwsResult<()> {
        let (sessions, desired) = (self.sessions, self.desired);
        // What leads to others can be named only when all of it is read.
        let mut connected = Vec::new();
        let read = |site: Site| -> BoxFuture<'_, _> {
            Box::pin(async move {
                let reading = scope::read(sessions, desired, &site.scope, &site.account).await;
                (site.scope.clone(), reading.map_err(|error| site.error(error)))
            })
        };
        let mut readings = stream::iter(self.sites(self.accounts.open.iter())).map(read).buffer_unordered(AT_A_TIME);
        while let Some((scope, reading)) = readings.next().await {
            match reading {
                Ok(reading) if reading.world.extras.connected.asked => connected.push((scope, reading)),
                Ok(reading) => self.found.take(&scope, desired, &reading, &BTreeMap::new()),
                Err(error) => self.found.fail(&scope, error)?,
            }
        }
        drop(readings);
        self.connected(connected);
        Ok(())
    }

    /// What has connections, with the names of all that they lead to.
    fn connected(&mut self, mut readings: Vec<(Scope, Reading)>) {
        connected::tell_attachments(readings.iter_mut().map(|(_, reading)| &mut reading.world.extras.connected));
        let mut shared = self.accounts.places.clone();
        for (scope, reading) in &readings {
            shared.extend(Names::of(scope, &reading.world).0.into_shared());
        }
        for (scope, reading) in &readings {
            self.found.take(scope, self.desired, reading, &shared);
        }
    }

    /// Whether a VPC is to be made, which needs a block that nobody has.
    fn hands_out_blocks(&self) -> bool {
        let new = self.desired.network.vpcs.keys().filter(|vpc| !self.found.observed.vpcs.contains_key(vpc));
        new.filter_map(|vpc| vpc.scope())
            .any(|scope| self.is_planned(&scope.account) && self.desired.selection.makes_vpcs_in(&scope.account))
    }

    fn is_planned(&self, account: &str) -> bool {
        !self.found.failures.contains_key(account) && !self.accounts.frozen.contains(account)
    }

    /// The VPCs of all accounts that the configuration does not have.
    async fn others(&mut self, members: &BTreeSet<String>) -> AwsResult<()> {
        let known: BTreeSet<&String> = self.accounts.open.values().collect();
        let management = &self.desired.management_account;
        let others = members.iter().chain(std::iter::once(management)).filter(|id| !known.contains(id)).collect::<BTreeSet<_>>();
        let sessions = self.sessions;
        let read = |site: Site| -> BoxFuture<'_, _> {
            Box::pin(async move {
                let blocks = scope::blocks(sessions, &site.scope.region, &site.account).await;
                let blocks = blocks.map_err(|error| site.error(error));
                (site.account, blocks)
            })
        };
        let mut readings = stream::iter(self.sites(others.iter().map(|id| (*id, *id)))).map(read).buffer_unordered(AT_A_TIME);
        let mut failed = BTreeSet::new();
        while let Some((account, blocks)) = readings.next().await {
            match blocks {
                Ok(blocks) => self.found.observed.blocks.extend(blocks),
                Err(error) if is_fatal(&error) => return Err(error),
                Err(error) => {
                    if failed.insert(account.clone()) {
                        let what = "its VPCs cannot be read, and their addresses may be handed out to others";
                        self.found.findings.push(warning(account.clone(), what, &error, &account));
                    }
                }
            }
        }
        Ok(())
    }

    /// The zones in which subnets are to be made.
    async fn zones(&mut self) -> AwsResult<()> {
        let Zones { to_read, known } = Zones::of(&self.desired.network, &self.found.observed, |account| self.is_planned(account));
        self.found.observed.zones = known;
        let mut sites = Vec::new();
        // Of accounts that cannot be asked yet, by Region: the management account sees the same zone IDs.
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
                let zones = Questions { client: &client, account: &site.account }.zones().await;
                let zones = zones.map_err(|error| site.error(error));
                (site.scope, scopes, zones)
            })
        };
        let mut readings = stream::iter(sites).map(read).buffer_unordered(AT_A_TIME);
        while let Some((scope, scopes, zones)) = readings.next().await {
            match (scopes, zones) {
                (None, Ok(zones)) => drop(self.found.observed.zones.insert(scope, zones)),
                (None, Err(error)) => self.found.fail(&scope, error)?,
                (Some(scopes), Ok(zones)) => {
                    self.found.observed.zones.extend(scopes.into_iter().map(|scope| (scope, zones.clone())));
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
}

impl Found {
    fn take(&mut self, scope: &Scope, desired: &Desired, reading: &Reading, shared: &BTreeMap<String, Address>) {
        let is_wanted = || desired.network.vpcs.keys().any(|vpc| vpc.scope() == Some(scope));
        if let Some(status) = reading.region.as_ref().filter(|_| is_wanted()) {
            let attributes = untyped(&RegionAttributes { status: status.clone() });
            let region = LiveResource { id: Some(scope.region.clone()), attributes, ours: None, frozen: None };
            self.resources.insert(Address::within(scope.clone(), "region", "main"), region);
        }
        if reading.region.as_ref().is_some_and(|status| status != ENABLED) {
            self.not_enabled.insert(scope.clone());
            return;
        }
        let Bound { resources, findings, vpcs, blocks } = bind::bind(scope, &desired.network, &reading.world, shared);
        self.resources.extend(resources);
        self.findings.extend(findings);
        self.observed.vpcs.extend(vpcs);
        self.observed.blocks.extend(blocks);
    }

    /// An account could not be read in a Region.
    fn fail(&mut self, scope: &Scope, error: Error) -> AwsResult<()> {
        if is_fatal(&error) {
            return Err(error);
        }
        self.failures.entry(scope.account.clone()).or_default().insert(scope.region.clone(), error);
        Ok(())
    }

    /// VPCs whose layout asks for more zones than the account has.
    fn too_few_zones(&mut self, desired: &Desired) {
        for (address, request) in &desired.network.vpcs {
            let layout = desired.network.layouts.get(&request.layout);
            let zones = address.scope().and_then(|scope| self.observed.zones.get(scope));
            if let (Some(layout), Some(zones)) = (layout, zones)
                && zones.len() < layout.zones as usize
            {
                let summary = format!(
                    "its layout asks for {} zones, and the account has {} in `{}`: subnets are made in those, or set `zones` to that",
                    layout.zones,
                    zones.len(),
                    layout.region
                );
                self.findings.push(Finding { severity: FindingSeverity::Warning, subject: address.to_string(), summary });
            }
        }
    }

    /// Adds all of it to `live`, but for the resources of accounts that were not read in full: nothing is planned in those.
    fn give(mut self, live: &mut Live, desired: &Desired) {
        let of_unread = |address: &Address| address.scope().is_some_and(|scope| self.failures.contains_key(&scope.account));
        live.resources.extend(self.resources.into_iter().filter(|(address, _)| !of_unread(address)));
        let unread = |address: &Address| of_unread(address) || (address.kind() == "account" && self.failures.contains_key(address.key()));
        freeze(live, desired, unread);
        for (account, failures) in &self.failures {
            let regions = failures.keys().map(|region| format!("`{region}`")).collect::<Vec<_>>().join(", ");
            let Some(error) = failures.values().next() else { continue };
            let subject = Address::new("account", account.as_str());
            let id = live.resources.get(&subject).and_then(|resource| resource.id.clone()).unwrap_or_default();
            let what = format!("its network cannot be read in {regions}, and nothing is planned in it");
            self.findings.push(warning(subject.to_string(), &what, error, &id));
            self.observed.unreachable.insert(account.clone(), error.to_string());
        }
        // What lies in no pool is nothing to the allocator, and whoever changes it does not change the plan.
        let in_a_pool = |block: &Block| desired.network.pools.values().any(|pool| pool.cidr.overlaps(*block));
        self.observed.blocks.retain(in_a_pool);
        live.findings.extend(self.findings);
        live.findings.sort();
        live.network = self.observed;
    }
}

/// What leads to an account that could not be read is left as it is: nobody knows what is at the other end.
fn freeze(live: &mut Live, desired: &Desired, unread: impl Fn(&Address) -> bool) {
    let hubs = desired.network.gateways.transit.values();
    let hub_unread = hubs.into_iter().any(|hub| unread(&Address::new("account", hub.account.as_str())));
    let mut frozen = BTreeSet::new();
    for (address, resource) in &mut live.resources {
        let leads_there = match address.kind() {
            "vpc_peering" => resource.attributes.references().iter().any(|one| matches!(one, Reference::Address(there) if unread(there))),
            "transit_gateway_attachment" => {
                hub_unread && matches!(resource.attributes.reference("transit_gateway"), Some(Reference::Id(_)))
            }
            _ => false,
        };
        if leads_there {
            resource.frozen = Some("the account at its other end could not be read".to_owned());
            frozen.insert(address.clone());
        }
    }
    if frozen.is_empty() {
        return;
    }
    for (_, route) in live.resources.iter_mut().filter(|(address, _)| address.kind() == "route") {
        if matches!(route.attributes.reference("target"), Some(Reference::Address(target)) if frozen.contains(&target)) {
            route.frozen = Some("the account that it leads to could not be read".to_owned());
        }
    }
}

/// Whether an error is the end of the run: it is not the account's.
fn is_fatal(error: &Error) -> bool {
    match error {
        Error::Interrupted | Error::Internal(_) => true,
        Error::Refused(refusal) => {
            refusal.operation.starts_with("sts:") && ["ExpiredToken", "ExpiredTokenException", "RequestExpired"].contains(&&*refusal.code)
        }
        Error::NoAnswer { .. } | Error::Deadline { .. } | Error::Failed { .. } => false,
    }
}

fn warning(subject: String, what: &str, error: &Error, account: &str) -> Finding {
    let hint = match error {
        Error::Refused(refusal) if refusal.operation == "sts:AssumeRole" => {
            Some(format!("see that the access role is in account `{account}` and that the management account may assume it"))
        }
        error => error.hint(),
    };
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    Finding { severity: FindingSeverity::Warning, subject, summary: format!("{what}: {error}{hint}") }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
