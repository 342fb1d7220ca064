//! CloudTrail's event history: which changes were made in an account and Region in the last 90 days, and by whom.
//!
//! It needs no configured trail and costs nothing. AWS allows 2 requests per second, account and Region.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::retry::RetryConfig;

use super::{AwsResult, Error, Sessions, partition_of};

/// What a look-up calls.
pub const LOOK_UP_EVENTS: &str = "cloudtrail:LookupEvents";

/// Events of a page: the most that AWS gives.
const PAGE: i32 = 50;

/// Pages that one look-up reads: 200 events, in a second and a half.
const PAGES: usize = 4;

/// Attempts of a request, about 4 s: a run does not wait long for optional information.
const ATTEMPTS: u32 = 4;

/// What to look up in the history of an account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lookup {
    /// The 12-digit account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// AWS accepts one attribute.
    pub by: LookupBy,
}

/// The attribute to look up by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookupBy {
    /// Events of that name: `DetachPolicy`.
    Name(String),
    /// Events that name that resource, by its id. Events of Organizations name none.
    Resource(String),
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// The events, as CloudTrail writes them, the newest first.
    pub events: Vec<String>,
    /// Whether there are older ones that were not read.
    pub has_more: bool,
}

/// The Region with the events of services that have one endpoint for all Regions: Organizations, Account Management, IAM. In every other
/// Region, a look-up does not find them. Sources, all read on 2026-12-01: "Global service events" in
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>; "You can view all CloudTrail information for
/// AWS Organizations only in the US East (N. Virginia) Region",
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html>; and AWS's notice that LookupEvents shows
/// global events in us-east-1 alone since November 22, 2021, <https://github.com/SummitRoute/aws_breaking_changes/issues/51>.
pub fn global_events_region(home_region: &str) -> &'static str {
    match partition_of(home_region) {
        "aws-us-gov" => "us-gov-west-1",
        "aws-cn" => "cn-northwest-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

/// Looks up events until the result is `enough` or there are no more pages.
///
/// # Errors
/// AWS refused: usually a missing permission.
pub async fn look_up(sessions: &Sessions, lookup: &Lookup, enough: impl Fn(&[String]) -> bool) -> AwsResult<History> {
    let (key, value) = match &lookup.by {
        LookupBy::Name(name) => (LookupAttributeKey::EventName, name),
        LookupBy::Resource(id) => (LookupAttributeKey::ResourceName, id),
    };
    let attribute = LookupAttribute::builder().attribute_key(key).attribute_value(value).build();
    let attribute = attribute.map_err(|error| Error::internal(error.to_string()))?;
    let client = sessions.cloudtrail(&lookup.account, &lookup.region);
    let mut history = History::default();
    let mut token = None;
    for _ in 0..PAGES {
        let request = client.lookup_events().lookup_attributes(attribute.clone()).max_results(PAGE).set_next_token(token.take());
        let few = aws_sdk_cloudtrail::config::Builder::new().retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        let page = request.customize().config_override(few).send().await;
        let page = page.map_err(|e| Error::sdk(LOOK_UP_EVENTS, &e).within(&lookup.account, &lookup.region))?;
        token = page.next_token;
        history.events.extend(page.events.into_iter().flatten().filter_map(|event| event.cloud_trail_event));
        history.has_more = token.is_some();
        if !history.has_more || enough(&history.events) {
            break;
        }
    }
    Ok(history)
}
