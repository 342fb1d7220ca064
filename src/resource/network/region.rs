//! `region`: an opt-in Region, which an account must enable before it can be used.

use std::time::Duration;

use aws_sdk_account::types::RegionOptStatus;
use serde::{Deserialize, Serialize};

use super::ENABLED;
use super::calls::never_deleted;
use crate::aws::{AwsResult, Error, Poll};
use crate::resource::organizations::Account;
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, NOT_YET, Need, OnChange, OnRemoval, PartOf, Weight};

/// The attributes of a `region`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegionAttributes {
    /// `ENABLED`, or its current status.
    pub status: String,
}

/// The kind.
pub struct Region;

impl Kind for Region {
    type Attributes = RegionAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "region",
        summary: "an opt-in Region of an account, enabled",
        attributes: &[AttributeSpec::new("status", OnChange::Update)],
        on_removal: OnRemoval::Report,
        weight: Weight::Network,
        own_id: false,
        part_of: PartOf::Account,
        noun: Some(["Region", "Regions"]),
        needs: &[Need::apply(&["account:EnableRegion"])],
        events: &[
            // The request of the account itself or of the management account: in either one's trail.
            EventSpec::unexplained(&["status"]),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let differs = after.is_some_and(|after| before.is_none_or(|before| before.status != after.status));
        let calls = differs.then_some("account:EnableRegion");
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        enable(context, &after.status).await?;
        Ok(context.scope()?.region.clone())
    }

    async fn update(context: &Context, _id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        match before == after {
            true => Ok(()),
            false => enable(context, &after.status).await,
        }
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

/// AWS usually takes minutes, and hours for an account with many resources.
const DEADLINE: Duration = Duration::from_secs(60 * 60);

/// Temporary refusals: a Region is enabled or disabled already, too many are in progress (6 per account, 50 per organization), or the
/// account is
/// still being set up. <https://docs.aws.amazon.com/accounts/latest/reference/API_EnableRegion.html>
const BUSY: &[&str] = &["ConflictException", "TooManyRequestsException", "ResourceNotFoundException"];

/// Enables the Region in the account and waits until it is enabled.
async fn enable(context: &Context, wanted: &str) -> AwsResult<()> {
    if wanted != ENABLED {
        return Err(Error::internal(format!("a Region is never made `{wanted}`")));
    }
    let scope = context.scope()?;
    let (account, region) = (context.account_id(scope)?, scope.region.as_str());
    // The account calls for itself: the management account would need trusted access for account.amazonaws.com.
    let client = context.sessions().account_of(&account);
    let is_new = context.made(&Account::address(scope.account.as_str()).into());
    let poll = Poll { what: format!("{region} to be enabled in account {account}"), pause: Duration::from_secs(5), deadline: DEADLINE };
    let status = || async {
        let answer = client.get_region_opt_status().region_name(region).send().await;
        let answer = answer.map_err(|e| Error::sdk("account:GetRegionOptStatus", &e).within(&account, region));
        answer.map(|answer| answer.region_opt_status)
    };
    let enable = || async {
        let answer = client.enable_region().region_name(region).send().await;
        answer.map(drop).map_err(|e| Error::sdk("account:EnableRegion", &e).within(&account, region))
    };
    let ask = || async {
        let status = match status().await? {
            Some(RegionOptStatus::Disabled) => {
                enable().await?;
                status().await?
            }
            status => status,
        };
        Ok(status.as_ref().is_some_and(is_enabled).then_some(()))
    };
    let patient = || async {
        match ask().await {
            Err(e) if Error::is(&e, BUSY) || is_new && Error::is(&e, NOT_YET) => Ok(None),
            result => result,
        }
    };
    poll.until(context.sessions().request_gate().interrupt(), patient).await
}

fn is_enabled(status: &RegionOptStatus) -> bool {
    matches!(status, RegionOptStatus::Enabled | RegionOptStatus::EnabledByDefault)
}
