//! Screening: overlord reads networks from an aggregator of AWS Config, and reads an account directly only if the aggregator shows a
//! difference there.
//!
//! ```text
//! aggregator ─ items ─► World of each account and Region ─ complete, bind ─► plan ─► what differs ─ read directly ─┐
//!                                                                             ▲                                   │
//!                                                                             └───────────── until nothing new ───┘
//! ```
//!
//! So no reported difference relies on a record, which may be some minutes old: overlord has seen all of them in the account itself.
//! Screening can miss a difference that is not recorded yet, or no longer.
//!
//! Some facts are not in AWS Config, so overlord always reads them in the account: whether an opt-in Region is enabled, DNS attributes
//! that are declared, whether a default VPC that is to be deleted is in use, and connections.

mod aggregator;
mod item;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use serde::Serialize;

use super::prefetch::Prefetch;
use super::scope;
use super::site::{AT_A_TIME, Answer, Site, read, regions, sites};
use super::world::World;
use crate::address::{Address, Scope};
use crate::aws::{AwsResult, Sessions};
use crate::resource::organizations::Account;
use crate::resource::{ADDRESS_TAG, Desired, Keep, Kind, Live};
use aggregator::{Questions, Sight, Sources};
use item::Item;

/// What it calls where the aggregator is.
pub(super) const OPERATIONS: &[&str] = &[
    "config:DescribeConfigurationAggregatorSourcesStatus",
    "config:DescribeConfigurationAggregators",
    "config:SelectAggregateResourceConfig",
];

/// What an aggregator has recorded.
pub struct Records {
    sources: Sources,
    by_site: BTreeMap<(String, String), Record>,
}

/// What it has of an account and Region.
#[derive(Default)]
struct Record {
    world: World,
    /// The kinds named in overlord's tags.
    kinds_of_ours: BTreeSet<String>,
    /// Whether an item is incomplete, or may be a day old.
    is_broken: bool,
}

impl Records {
    /// Reads the networks of `desired` from the aggregator of that name in an account and Region.
    ///
    /// # Errors
    /// AWS refused, or there is no such aggregator.
    pub async fn read(sessions: &Sessions, desired: &Desired, account: &str, region: &str, name: &str) -> AwsResult<Self> {
        let ask = Questions::new(sessions, account, region, name);
        // Where the name is wrong, one refusal is enough.
        let sources = ask.sources().await?;
        let mut by_site: BTreeMap<(String, String), Record> = BTreeMap::new();
        for item in ask.items(&regions(desired)).await? {
            by_site.entry((item.account_id.clone(), item.aws_region.clone())).or_default().take(&item);
        }
        Ok(Self { sources, by_site })
    }
}

impl Record {
    fn take(&mut self, item: &Item) {
        self.is_broken |= item.put(&mut self.world).is_none() || item.is_daily();
        if item.is_gone() {
            return;
        }
        let tag = item.tags().remove(ADDRESS_TAG).and_then(|tag| tag.parse::<Address>().ok());
        self.kinds_of_ours.extend(tag.map(|address| address.kind().to_owned()));
    }
}

/// Why an account and Region was read directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// The aggregator has nothing about it, incomplete items, or only daily records.
    NoRecord,
    /// AWS says that the aggregator's data is not current.
    Failed,
    /// The record differs from org.toml.
    Differs,
}

/// The networks of a screened run.
pub struct Screen<'a> {
    sessions: &'a Sessions,
    desired: &'a Desired,
    answers: BTreeMap<Scope, (String, AwsResult<Answer>)>,
    /// Those that were read directly.
    direct: BTreeMap<Scope, Why>,
}

impl<'a> Screen<'a> {
    /// Screens the accounts of `desired` that are in `live`, which contains the organization.
    pub async fn of(sessions: &'a Sessions, desired: &'a Desired, records: Records, live: &Live) -> Self {
        let mut screen = Self { sessions, desired, answers: BTreeMap::new(), direct: BTreeMap::new() };
        let (mut recorded, mut unrecorded) = (Vec::new(), BTreeMap::new());
        let Records { sources, mut by_site } = records;
        for site in screen.sites(live) {
            let (account, region) = (site.account.as_str(), site.scope.region.as_str());
            let record = by_site.remove(&(site.account.clone(), region.to_owned())).filter(|record| !record.is_broken);
            match (sources.sight(account, region), record) {
                // Without any record, recording may be off: the Region has security groups at least.
                (Sight::Seen, Some(record)) if !record.world.security_groups.is_empty() => recorded.push((site, record)),
                (Sight::Failed, _) => drop(unrecorded.insert(site, Why::Failed)),
                (Sight::Seen | Sight::Unseen, _) => drop(unrecorded.insert(site, Why::NoRecord)),
            }
        }
        screen.complete(recorded).await;
        screen.read(unrecorded).await;
        screen.check().await;
        screen
    }

    /// The accounts and Regions whose networks are read.
    fn sites(&self, live: &Live) -> Vec<Site> {
        let regions = regions(self.desired);
        let accounts = live.resources.iter().filter(|(address, account)| {
            Account::has(address) && account.frozen.is_none() && self.desired.selection.reads_networks_of(address.key())
        });
        let ids = accounts.filter_map(|(address, account)| Some((address.key(), account.id.as_deref()?)));
        let networks = self.desired.network.regions();
        // A Region that is only enabled has no networks, and takes one call.
        ids.flat_map(|(key, id)| sites(self.desired, &regions, key, id))
            .filter(|site| networks.contains(site.scope.region.as_str()))
            .collect()
    }

    /// Reads what is not recorded, and binds.
    async fn complete(&mut self, recorded: Vec<(Site, Record)>) {
        let (sessions, desired) = (self.sessions, self.desired);
        let completed = |(site, record): (Site, Record)| async move {
            let completed = scope::complete(sessions, desired, &site.scope, &site.account, record.world, &record.kinds_of_ours).await;
            let answer = completed.map(|reading| Answer::of(&site, desired, Keep::Nothing, reading)).map_err(|error| site.error(error));
            (site, answer)
        };
        let mut completed = stream::iter(recorded).map(completed).buffer_unordered(AT_A_TIME);
        while let Some((site, answer)) = completed.next().await {
            self.answers.insert(site.scope, (site.account, answer));
        }
    }

    async fn read(&mut self, which: BTreeMap<Site, Why>) {
        let (sessions, desired) = (self.sessions, self.desired);
        let mut readings =
            stream::iter(which.keys().cloned()).map(|site| read(sessions, desired, Keep::Nothing, site)).buffer_unordered(AT_A_TIME);
        while let Some((site, answer)) = readings.next().await {
            self.answers.insert(site.scope, (site.account, answer));
        }
        drop(readings);
        self.direct.extend(which.into_iter().map(|(site, why)| (site.scope, why)));
    }

    /// All that was read, for [`super::live`].
    pub fn prefetch(&self) -> Prefetch {
        Prefetch { read: self.answers.clone(), ..Prefetch::default() }
    }

    /// Reads accounts directly that look different by themselves: with an unmanaged or wrong resource, or a missing VPC.
    async fn check(&mut self) {
        let stands_out = |(scope, (_, answer)): (&Scope, &(String, AwsResult<Answer>))| match answer {
            Ok(Answer::Taken(taken)) => {
                let is_missing = self.desired.network.vpcs_in(scope).any(|(vpc, _)| !taken.bound.vpcs.contains_key(vpc));
                (is_missing || !taken.bound.findings.is_empty()).then(|| scope.clone())
            }
            // Their findings are in the plan.
            Ok(Answer::Connected(_)) | Err(_) => None,
        };
        let different = self.answers.iter().filter_map(stands_out).collect();
        self.read_scopes(different).await;
    }

    /// Reads directly what was not read yet. Returns whether there was anything to read.
    pub async fn read_scopes(&mut self, scopes: BTreeSet<Scope>) -> bool {
        let account = |scope: Scope| {
            let account = self.answers.get(&scope).map(|(account, _)| account.clone())?;
            Some((Site { scope, account }, Why::Differs))
        };
        let new: BTreeMap<Site, Why> = scopes.into_iter().filter(|scope| !self.direct.contains_key(scope)).filter_map(account).collect();
        let is_new = !new.is_empty();
        self.read(new).await;
        is_new
    }

    /// The result; the aggregator is the one of that name.
    pub fn screening(&self, aggregator: &str) -> Screening {
        let count = |why: Why| self.direct.values().filter(|other| **other == why).count();
        Screening {
            aggregator: aggregator.to_owned(),
            recorded: self.answers.len() - self.direct.len(),
            unrecorded: count(Why::NoRecord),
            failed: count(Why::Failed),
            different: count(Why::Differs),
        }
    }
}

/// How much of a run relies on an aggregator: accounts, each counted once per Region.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Screening {
    /// Its name.
    pub aggregator: String,
    /// Recorded as org.toml says, and not read directly.
    pub recorded: usize,
    /// Read directly, since the aggregator has nothing about them.
    pub unrecorded: usize,
    /// Read directly, since AWS says that the aggregator's data is not current.
    pub failed: usize,
    /// Read directly, since the record looked different.
    pub different: usize,
}

impl Screening {
    /// All networks that were compared.
    pub fn all(&self) -> usize {
        self.recorded + self.unrecorded + self.failed + self.different
    }
}
