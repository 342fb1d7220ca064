//! The part of AWS Config that aggregators need: recorders in accounts, aggregators over them, and queries of recorded items.
//! <https://docs.aws.amazon.com/config/latest/APIReference/Welcome.html>
//!
//! A Region of an account is recorded after PutConfigurationRecorder and StartConfigurationRecorder; the sandbox needs no delivery channel.
//! Changes are recorded with a delay (`recording` of the weather). A stopped recorder keeps its last items.

mod items;
mod query;
mod recorder;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use recorder::Recorder;
pub(super) use recorder::Recorders;

use super::ec2::{self, Place, Region};
use super::token::Position;
use super::weather::Weather;
use super::wire::{Call, Outcome, Refusal};
use super::world::{AccountState, World};
use query::Query;

/// The largest page of a query, and of the statuses of sources.
const PAGE: usize = 100;

/// A page of a query that says nothing of its size.
const DEFAULT_PAGE: usize = 25;

/// What sees the records of many accounts and Regions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aggregator {
    /// Its name, unique in its account and Region.
    pub name: String,
    /// The accounts that it sees; `None` for all of the organization.
    pub accounts: Option<BTreeSet<String>>,
    /// The Regions that it sees; `None` for all.
    pub regions: Option<BTreeSet<String>>,
    /// Accounts and Regions of which the last transfer failed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub failed: BTreeSet<(String, String)>,
    /// When it was made, in milliseconds of the epoch.
    #[serde(default)]
    pub created_ms: u64,
    /// When it was put last.
    #[serde(default)]
    pub updated_ms: u64,
}

impl Aggregator {
    fn sees(&self, account: &str, region: &str) -> bool {
        self.accounts.as_ref().is_none_or(|accounts| accounts.contains(account))
            && self.regions.as_ref().is_none_or(|regions| regions.contains(region))
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    configuration_aggregator_name: String,
    configuration_aggregator_names: Vec<String>,
    organization_aggregation_source: Option<Source>,
    account_aggregation_sources: Vec<Source>,
    #[serde(flatten)]
    recorder: recorder::Input,
    update_status: Vec<String>,
    expression: String,
    limit: usize,
    max_results: usize,
    next_token: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Source {
    account_ids: BTreeSet<String>,
    aws_regions: BTreeSet<String>,
    all_aws_regions: bool,
}

impl Input {
    fn of(call: &Call) -> Result<Self, Refusal> {
        call.parse()
    }
}

/// The caller's account and Region.
struct Asked<'a> {
    account: &'a str,
    region: &'a str,
}

pub(super) fn read(call: &Call, account: &str, world: &World, now_ms: u64, weather: &Weather, empty_page: bool) -> Outcome {
    let (input, asked) = (Input::of(call)?, Asked { account, region: &call.region });
    let view = View { world, now_ms, weather };
    match call.operation.as_str() {
        "DescribeConfigurationAggregators" => describe(&input, &asked, world),
        "DescribeConfigurationAggregatorSourcesStatus" => view.statuses(&input, aggregator(&input, &asked, world)?),
        _ => view.select(&input, aggregator(&input, &asked, world)?, empty_page),
    }
}

pub(super) fn write(call: &Call, account: &str, world: &mut World, now_ms: u64, weather: &Weather) -> Outcome {
    let (input, asked) = (Input::of(call)?, Asked { account, region: &call.region });
    let place = ec2::enter(world, account, &call.region, now_ms, weather)
        .map_err(|refusal| Refusal::new("UnrecognizedClientException", refusal.message))?;
    match call.operation.as_str() {
        "PutConfigurationAggregator" => put_aggregator(input, &asked, world, now_ms),
        "PutConfigurationRecorder" => recorder::put(input.recorder, place, world),
        "StartConfigurationRecorder" => recorder::start(&input.recorder, &place, world),
        _ => recorder::stop(&input.recorder, &place, world),
    }
}

fn key(asked: &Asked<'_>, name: &str) -> String {
    format!("{}/{}/{name}", asked.account, asked.region)
}

fn aggregator<'w>(input: &Input, asked: &Asked<'_>, world: &'w World) -> Result<&'w Aggregator, Refusal> {
    let name = &input.configuration_aggregator_name;
    world.aggregators.get(&key(asked, name)).ok_or_else(|| no_aggregator(name))
}

fn no_aggregator(name: &str) -> Refusal {
    Refusal::new("NoSuchConfigurationAggregatorException", format!("The configuration aggregator '{name}' does not exist."))
}

fn put_aggregator(input: Input, asked: &Asked<'_>, world: &mut World, now_ms: u64) -> Outcome {
    let name = input.configuration_aggregator_name;
    let regions = |source: &Source| (!source.all_aws_regions).then(|| source.aws_regions.clone());
    let (accounts, regions) = match (&input.organization_aggregation_source, input.account_aggregation_sources.as_slice()) {
        (Some(source), []) => {
            let administers = |services: &std::collections::BTreeMap<String, u64>| services.contains_key("config.amazonaws.com");
            if asked.account != world.management_account && !world.delegated_administrators.get(asked.account).is_some_and(administers) {
                let message = "This action can only be performed by the management account or a delegated administrator of AWS Config.";
                return Err(Refusal::new("OrganizationAccessDeniedException", message));
            }
            (None, regions(source))
        }
        (None, [source]) => (Some(source.account_ids.clone()), regions(source)),
        _ => {
            let message = "Specify either OrganizationAggregationSource or one of AccountAggregationSources.";
            return Err(Refusal::new("InvalidParameterValueException", message));
        }
    };
    let created_ms = world.aggregators.get(&key(asked, &name)).map_or(now_ms, |before| before.created_ms);
    let aggregator = Aggregator { name: name.clone(), accounts, regions, failed: BTreeSet::new(), created_ms, updated_ms: now_ms };
    let shown = show(&aggregator, asked);
    world.aggregators.insert(key(asked, &name), aggregator);
    Ok(json!({ "ConfigurationAggregator": shown }))
}

fn describe(input: &Input, asked: &Asked<'_>, world: &World) -> Outcome {
    let names = &input.configuration_aggregator_names;
    if let Some(name) = names.iter().find(|name| !world.aggregators.contains_key(&key(asked, name))) {
        return Err(no_aggregator(name));
    }
    let own = world.aggregators.iter().filter(|(key, _)| key.starts_with(&self::key(asked, "")));
    let shown = own.filter(|(_, aggregator)| names.is_empty() || names.contains(&aggregator.name));
    Ok(json!({ "ConfigurationAggregators": shown.map(|(_, aggregator)| show(aggregator, asked)).collect::<Value>() }))
}

fn show(aggregator: &Aggregator, asked: &Asked<'_>) -> Value {
    let Asked { account, region } = asked;
    let name = &aggregator.name;
    let mut source = json!({ "AllAwsRegions": aggregator.regions.is_none() });
    if let (Some(regions), Some(fields)) = (&aggregator.regions, source.as_object_mut()) {
        fields.insert("AwsRegions".to_owned(), json!(regions));
    }
    let arn = format!("arn:aws:config:{region}:{account}:config-aggregator/config-aggregator-{name}");
    let mut shown = json!({
        "ConfigurationAggregatorName": name,
        "ConfigurationAggregatorArn": arn,
        "CreationTime": timestamp(aggregator.created_ms),
        "LastUpdatedTime": timestamp(aggregator.updated_ms),
    });
    if let (Some(shown), Some(fields)) = (shown.as_object_mut(), source.as_object_mut()) {
        match &aggregator.accounts {
            None => {
                fields.insert("RoleArn".to_owned(), format!("arn:aws:iam::{account}:role/aggregator").into());
                shown.insert("OrganizationAggregationSource".to_owned(), source);
            }
            Some(accounts) => {
                fields.insert("AccountIds".to_owned(), json!(accounts));
                shown.insert("AccountAggregationSources".to_owned(), json!([source]));
            }
        }
    }
    shown
}

/// AWS puts times as seconds since 1970, with a fraction.
fn timestamp(ms: u64) -> Value {
    json!(ms as f64 / 1000.0)
}

/// What an aggregator looks at.
struct View<'a> {
    world: &'a World,
    now_ms: u64,
    weather: &'a Weather,
}

impl View<'_> {
    /// Accounts and Regions that an aggregator sees and that are recorded, from an account on.
    fn recorded<'v>(&'v self, aggregator: &'v Aggregator, from: &str) -> impl Iterator<Item = (&'v str, &'v str, &'v Recorder)> {
        let is_open = |account: &str| self.world.accounts.get(account).is_some_and(|account| account.state == AccountState::Active);
        let is_enabled = |account: &str, region: &str| {
            self.world.facts(region).is_some_and(|facts| self.world.region_is_enabled(account, facts, self.now_ms))
        };
        let recorders = self
            .world
            .recorders
            .from(from)
            .filter(move |(account, region, _)| is_open(account) && is_enabled(account, region) && aggregator.sees(account, region));
        recorders.filter(|(_, _, recorder)| recorder.has_recorded())
    }

    fn statuses(&self, input: &Input, aggregator: &Aggregator) -> Outcome {
        let status = |account: &str, region: &str| {
            if aggregator.failed.contains(&(account.to_owned(), region.to_owned())) { "FAILED" } else { "SUCCEEDED" }
        };
        let all = self.recorded(aggregator, "").map(|(account, region, _)| (account, region, status(account, region)));
        let wanted = all.filter(|(.., status)| input.update_status.is_empty() || input.update_status.iter().any(|wanted| wanted == status));
        let after = after(input, "Sources")?.map(|position| position.after).unwrap_or_default();
        let mut left = wanted.filter(|(account, region, _)| format!("{account}/{region}") > after);
        let size = if input.limit == 0 { PAGE } else { input.limit.min(PAGE) };
        let page: Vec<_> = left.by_ref().take(size).collect();
        let last = page.last().map(|(account, region, _)| format!("{account}/{region}")).unwrap_or_default();
        let next = left.next().map(|_| Position { after: last, empty: 0 }.token("Sources"));
        let show = |(account, region, status): (&str, &str, &str)| {
            let mut shown = json!({
                "SourceId": account,
                "SourceType": "ACCOUNT",
                "AwsRegion": region,
                "LastUpdateStatus": status,
                "LastUpdateTime": timestamp(self.now_ms.saturating_sub(self.weather.recording_ms)),
            });
            if let (Some(fields), "FAILED") = (shown.as_object_mut(), status) {
                fields.insert("LastErrorCode".to_owned(), "AccessDenied".into());
                fields.insert("LastErrorMessage".to_owned(), "The source account has not authorized the aggregator.".into());
            }
            shown
        };
        Ok(json!({ "AggregatedSourceStatusList": page.into_iter().map(show).collect::<Value>(), "NextToken": next }))
    }

    /// The Region as it has been recorded.
    fn region(&self, place: &Place, recorder: &Recorder) -> Arc<Region> {
        let seed = self.world.seed;
        match recorder.stopped() {
            Some(region) => region,
            None => self.world.ec2.get_past(seed, place, self.now_ms.saturating_sub(self.weather.recording_ms)),
        }
    }

    /// <https://docs.aws.amazon.com/config/latest/APIReference/API_SelectAggregateResourceConfig.html>
    fn select(&self, input: &Input, aggregator: &Aggregator, empty_page: bool) -> Outcome {
        let query = Query::parse(&input.expression).map_err(|message| Refusal::new("InvalidExpressionException", message))?;
        let size = match (input.max_results, input.limit) {
            (0, 0) => DEFAULT_PAGE,
            (0, size) | (size, _) => size,
        };
        let Position { after, empty } = after(input, "Results")?.unwrap_or_default();
        if empty_page {
            return Ok(json!({ "Results": [], "NextToken": Position { after, empty: empty + 1 }.token("Results") }));
        }
        let from = after.split('/').next().unwrap_or_default();
        let sources = self.recorded(aggregator, from).filter(|(account, region, _)| query.admits(account, region));
        let items = sources.flat_map(|(account, region, recorder)| {
            let Some(place) = self.world.place(account, region) else { return Vec::new() };
            let kept = self.region(&place, recorder);
            let wanted = |resource_type: &str| recorder.records(resource_type) && query.wants(resource_type);
            let mut items = items::of(&kept, self.world, &place, self.now_ms, wanted);
            for item in &mut items {
                if let Some(fields) = item.value.as_object_mut() {
                    fields.insert("recordingFrequency".to_owned(), recorder.frequency().into());
                }
            }
            items
        });
        let mut left = items.filter(|item| item.key() > after && query.holds(&item.value));
        let page: Vec<_> = left.by_ref().take(size).collect();
        let last = page.last().map(items::Item::key).unwrap_or_default();
        let next = left.next().map(|_| Position { after: last, empty: 0 }.token("Results"));
        let results: Value = page.iter().map(|item| query.project(&item.value).to_string()).collect();
        let fields: Value = query.fields().map(|name| json!({ "Name": name })).collect();
        Ok(json!({ "Results": results, "QueryInfo": { "SelectFields": fields }, "NextToken": next }))
    }
}

fn after(input: &Input, list: &str) -> Result<Option<Position>, Refusal> {
    let bad_token = || Refusal::new("InvalidNextTokenException", "The specified next token is not valid.");
    input.next_token.as_ref().map(|token| Position::read(token, list).ok_or_else(bad_token)).transpose()
}
