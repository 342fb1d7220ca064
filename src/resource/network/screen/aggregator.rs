//! The calls to an aggregator of AWS Config: which accounts it covers, which of its sources failed, and which network resources it has.
//!
//! An aggregator of an organization collects the records of all accounts in one place. 3 kinds of calls replace 8 per account and Region.
//! <https://docs.aws.amazon.com/config/latest/developerguide/aggregate-data.html>

use std::collections::BTreeSet;

use aws_sdk_config::types::{AggregatedSourceStatus, AggregatedSourceStatusType, AggregatedSourceType, ConfigurationAggregator};
use futures_util::future::try_join_all;

use super::item::{Item, TAGGED, TYPES};
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::pages::whole_list;

/// The largest page of either list. Source: the API reference of each operation.
const PAGE: i32 = 100;

/// The fields that are requested of each item. Source: awslabs/aws-config-resource-schema, the properties that all types have.
const PROPERTIES: &str = "accountId, awsRegion, resourceType, resourceId, configurationItemStatus, recordingFrequency, tags";

/// The coverage of an aggregator.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// `None` for all accounts of the organization.
    accounts: Option<BTreeSet<String>>,
    /// `None` for all Regions.
    regions: Option<BTreeSet<String>>,
    /// Accounts and Regions for which its data is not current, or missing.
    failed: BTreeSet<(String, String)>,
}

/// Whether its data for an account and Region can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// It can.
    Seen,
    /// The aggregator does not cover it.
    Unseen,
    /// AWS says that the last transfer failed or is outdated.
    Failed,
}

impl Sources {
    pub fn sight(&self, account: &str, region: &str) -> Sight {
        let has = |set: &Option<BTreeSet<String>>, of: &str| set.as_ref().is_none_or(|set| set.contains(of));
        let failed = |account: &str| self.failed.contains(&(account.to_owned(), region.to_owned()));
        match has(&self.accounts, account) && has(&self.regions, region) {
            false => Sight::Unseen,
            // If the transfer of the organization failed, that of each account did.
            true if failed(account) || failed("") => Sight::Failed,
            true => Sight::Seen,
        }
    }
}

/// An aggregator, in the account and Region where it is.
pub(super) struct Questions<'a> {
    client: aws_sdk_config::Client,
    name: &'a str,
    account: &'a str,
    region: &'a str,
}

impl<'a> Questions<'a> {
    pub fn new(sessions: &Sessions, account: &'a str, region: &'a str, name: &'a str) -> Self {
        Self { client: sessions.config(account, region), name, account, region }
    }

    /// Its coverage, and which of its sources failed.
    pub async fn sources(&self) -> AwsResult<Sources> {
        const DESCRIBE: &str = "config:DescribeConfigurationAggregators";
        const STATUS: &str = "config:DescribeConfigurationAggregatorSourcesStatus";
        let described = async {
            let answer = self.client.describe_configuration_aggregators().configuration_aggregator_names(self.name).send().await;
            let answer = answer.map_err(|e| Error::sdk(DESCRIBE, &e).within(self.account, self.region))?;
            answer
                .configuration_aggregators
                .into_iter()
                .flatten()
                .next()
                .ok_or_else(|| Error::failed(format!("{DESCRIBE} answered without `{}`", self.name)))
        };
        let request = || {
            let request =
                self.client.describe_configuration_aggregator_sources_status().configuration_aggregator_name(self.name).limit(PAGE);
            request.update_status(AggregatedSourceStatusType::Failed).update_status(AggregatedSourceStatusType::Outdated)
        };
        let failed = whole_list(
            STATUS,
            |source: &Source| Some(source.key.as_str()),
            |token| {
                let page = request().set_next_token(token).send();
                async move {
                    let page = page.await.map_err(|e| Error::sdk(STATUS, &e).within(self.account, self.region))?;
                    let sources = page.aggregated_source_status_list.into_iter().flatten().filter_map(|source| Source::of(&source));
                    Ok((Some(sources.collect()), page.next_token))
                }
            },
        );
        let (described, failed) = tokio::try_join!(described, failed)?;
        let (accounts, regions) = seen(&described);
        let failed = failed.into_iter().map(|source| (source.account, source.region)).collect();
        Ok(Sources { accounts, regions, failed })
    }

    /// All network records in these Regions. Each type is a query of its own, since the pages of one query can only be read one after the
    /// other.
    pub async fn items(&self, regions: &BTreeSet<&str>) -> AwsResult<Vec<Item>> {
        let of_type = |name: &str| format!("resourceType = '{name}'");
        let all = TYPES.iter().map(|name| (format!("{PROPERTIES}, configuration"), of_type(name)));
        let types = TAGGED.map(|name| format!("'{name}'")).join(", ");
        let tagged = (PROPERTIES.to_owned(), format!("resourceType IN ({types})"));
        let queries = all.chain([tagged]).flat_map(|(properties, which)| {
            let query = move |region: &&str| format!("SELECT {properties} WHERE awsRegion = '{region}' AND {which}");
            regions.iter().map(query).collect::<Vec<_>>()
        });
        let answers = try_join_all(queries.map(|query| self.select(query))).await?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn select(&self, query: String) -> AwsResult<Vec<Item>> {
        const SELECT: &str = "config:SelectAggregateResourceConfig";
        let request = || {
            let request = self.client.select_aggregate_resource_config().configuration_aggregator_name(self.name);
            request.expression(&query).max_results(PAGE)
        };
        whole_list(
            SELECT,
            |item: &Item| Some(item.id()),
            |token| {
                let page = request().set_next_token(token).send();
                async move {
                    let page = page.await.map_err(|e| Error::sdk(SELECT, &e).within(self.account, self.region))?;
                    let items = page.results.into_iter().flatten().map(|text| Item::read(&text).ok_or_else(|| no_item(&text)));
                    Ok((Some(items.collect::<AwsResult<_>>()?), page.next_token))
                }
            },
        )
        .await
    }
}

fn no_item(text: &str) -> Error {
    Error::failed(format!("AWS Config returned an invalid configuration item: {text}"))
}

/// An account and Region, or all of the organization in a Region.
struct Source {
    key: String,
    account: String,
    region: String,
}

impl Source {
    fn of(status: &AggregatedSourceStatus) -> Option<Self> {
        let is_account = status.source_type() == Some(&AggregatedSourceType::Account);
        let account = if is_account { status.source_id()?.to_owned() } else { String::new() };
        let region = status.aws_region()?.to_owned();
        Some(Self { key: format!("{account}/{region}"), account, region })
    }
}

/// The accounts and Regions of an aggregator's sources; `None` for all.
fn seen(aggregator: &ConfigurationAggregator) -> (Option<BTreeSet<String>>, Option<BTreeSet<String>>) {
    let set = |texts: &[String]| texts.iter().cloned().collect();
    if let Some(source) = aggregator.organization_aggregation_source() {
        return (None, (!source.all_aws_regions()).then(|| set(source.aws_regions())));
    }
    let sources = aggregator.account_aggregation_sources();
    let accounts = sources.iter().flat_map(|source| source.account_ids()).cloned().collect();
    let every_region = sources.iter().any(|source| source.all_aws_regions());
    let regions = sources.iter().flat_map(|source| source.aws_regions()).cloned().collect();
    (Some(accounts), (!every_region).then_some(regions))
}
