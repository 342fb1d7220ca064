//! `subnet`: a subnet in one zone, and which route table it uses.

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `subnet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubnetAttributes {
    /// Its addresses.
    pub cidr: String,
    /// Which /64 of its VPC's /56 it has; `None` without IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<u8>,
    /// The route table that it is associated with; `None` for the VPC's main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_table: Option<Reference>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
    /// The ID of its availability zone: `euw1-az1`.
    pub zone: String,
}

/// The kind.
pub struct Subnet;

impl Kind for Subnet {
    type Attributes = SubnetAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "subnet",
        summary: "a subnet in one zone, with its route table",
        attributes: &[
            AttributeSpec::new("cidr", OnChange::Forbidden("a subnet keeps its block for life: remove it and add another tier")),
            AttributeSpec::new("ipv6", OnChange::Update),
            AttributeSpec::new("route_table", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
            AttributeSpec::new("zone", OnChange::Forbidden("a subnet keeps its zone for life")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls: Vec<&str> = match (before, after) {
            (None, Some(after)) => {
                let associate = after.route_table.is_some().then_some("ec2:AssociateRouteTable");
                std::iter::once("ec2:CreateSubnet").chain(associate).collect()
            }
            (Some(before), Some(after)) => {
                let route_table = match (&before.route_table, &after.route_table) {
                    (None, Some(_)) => Some("ec2:AssociateRouteTable"),
                    (Some(_), None) => Some("ec2:DisassociateRouteTable"),
                    (before, after) => (before != after).then_some("ec2:ReplaceRouteTableAssociation"),
                };
                let ipv6 = (before.ipv6 != after.ipv6).then_some((before.ipv6, after.ipv6));
                let off = ipv6.and_then(|(before, _)| before).map(|_| "ec2:DisassociateSubnetCidrBlock");
                let on = ipv6.and_then(|(_, after)| after).map(|_| "ec2:AssociateSubnetCidrBlock");
                let tags = tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags");
                route_table.into_iter().chain(off).chain(on).chain(tags).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteSubnet"],
            (None, None) => Vec::new(),
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
