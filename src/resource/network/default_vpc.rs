//! `default_vpc`: the VPC that AWS creates in every Region of a new account. overlord removes it if nothing uses it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, never_deleted};
use super::{NO_DEFAULT_VPC, default_vpc_removal};
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, OnRemoval, PartOf, Weight};

/// The attributes of a `default_vpc`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DefaultVpcAttributes {
    /// Whether it exists.
    pub present: bool,
    /// How many subnets it has. A fact about the live VPC, never part of the desired state.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub subnets: usize,
}

fn is_zero(subnets: &usize) -> bool {
    *subnets == 0
}

/// The kind.
pub struct DefaultVpc;

impl Kind for DefaultVpc {
    type Attributes = DefaultVpcAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "default_vpc",
        summary: "the default VPC of an account and Region, removed",
        attributes: &[AttributeSpec::new("present", OnChange::Delete), AttributeSpec::new("subnets", OnChange::Update)],
        on_removal: OnRemoval::Leave,
        weight: Weight::Network,
        own_id: false,
        part_of: PartOf::Account,
        missing: Some("a new account has one, and org.toml wants it gone"),
        noun: Some(["default VPC", "default VPCs"]),
        needs: &[
            Need::plan(&["ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces"]),
            Need::apply(&["ec2:DetachInternetGateway"]),
            // AWS creates default VPCs and their parts without tags.
            Need::delete(Deletes::Untagged, &["ec2:DeleteInternetGateway", "ec2:DeleteSubnet", "ec2:DeleteVpc"]),
        ],
        events: &[EventSpec::changed(&["present", "subnets"], &["ec2:CreateDefaultVpc", "ec2:CreateDefaultSubnet"])],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls: Vec<&str> = match (before, after) {
            (before, Some(after)) if !after.present && before.is_none_or(|before| before.present) => {
                // In a new account it has a subnet in each zone; how many, only the account reports.
                let subnets = before.map_or(1, |before| before.subnets);
                let gateway = ["ec2:DetachInternetGateway", "ec2:DeleteInternetGateway"];
                gateway.into_iter().chain(std::iter::repeat_n("ec2:DeleteSubnet", subnets)).chain(["ec2:DeleteVpc"]).collect()
            }
            (None | Some(_), None | Some(_)) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    /// In a new account, or wherever none was seen: there may be one, and then it is deleted.
    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let vpc = find(context, &client).await?;
        if let Some(vpc) = &vpc
            && !after.present
        {
            default_vpc_removal::remove(&client, vpc).await?;
        }
        Ok(vpc.filter(|_| after.present).unwrap_or_else(|| NO_DEFAULT_VPC.to_owned()))
    }

    async fn update(context: &Context, id: &str, _before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        match after.present || id == NO_DEFAULT_VPC {
            true => Ok(()),
            false => default_vpc_removal::remove(&ResourceClient::of(context).await?, id).await,
        }
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

/// How long overlord looks for the default VPC of an account or Region that is new in this run. AWS does not document whether it exists
/// when EC2 first answers.
const LATE: Duration = Duration::from_secs(60);

async fn find(context: &Context, client: &ResourceClient<'_>) -> AwsResult<Option<String>> {
    if !context.is_new(context.scope()?) {
        return default_vpc_removal::find(client).await;
    }
    match client.wait("the default VPC to be made", LATE, || default_vpc_removal::find(client)).await {
        Err(Error::Deadline { .. }) => Ok(None),
        found => found.map(Some),
    }
}
