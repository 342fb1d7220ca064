//! `default_vpc`: the VPC that AWS makes in every Region of a new account, removed where nothing uses it.

use serde::{Deserialize, Serialize};

use super::not_built;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `default_vpc`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DefaultVpcAttributes {
    /// Whether it is there.
    pub present: bool,
    /// How many subnets it has. Part of what is removed, never of what is asked for.
    #[serde(default, skip_serializing_if = "is_none")]
    pub subnets: usize,
}

fn is_none(subnets: &usize) -> bool {
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
        on_removal: OnRemoval::Report,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls: Vec<&str> = match (before, after) {
            (before, Some(after)) if !after.present && before.is_none_or(|before| before.present) => {
                // A new account's has a subnet in each zone; how many, only the account tells.
                let subnets = before.map_or(1, |before| before.subnets);
                let gateway = ["ec2:DetachInternetGateway", "ec2:DeleteInternetGateway"];
                gateway.into_iter().chain(std::iter::repeat_n("ec2:DeleteSubnet", subnets)).chain(["ec2:DeleteVpc"]).collect()
            }
            (None | Some(_), None | Some(_)) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, _after: Self::Attributes) -> Result<String, Error> {
        Err(not_built(context))
    }

    async fn update(context: &Context, _id: &str, _before: Self::Attributes, _after: Self::Attributes) -> AwsResult<()> {
        Err(not_built(context))
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(not_built(context))
    }
}
