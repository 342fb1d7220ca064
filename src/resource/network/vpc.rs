//! `vpc`: a virtual private cloud with its block, its DNS attributes and its DHCP options.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `vpc`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcAttributes {
    /// Its first block: `10.2.0.0/19`.
    pub cidr: String,
    /// Its DHCP options; `{"id": "default"}` for AWS's own. `None` when it never had others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dhcp_options: Option<Reference>,
    /// Whether instances get DNS names; `None` when nothing is declared, and then it is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_dns_hostnames: Option<bool>,
    /// Whether AWS's resolver answers; `None` when nothing is declared, and then it is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_dns_support: Option<bool>,
    /// Whether it has a /56 of Amazon's IPv6 addresses.
    pub ipv6: bool,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// What more than the usual it has ever had (`dhcp_options`, `flow_log`, …), kept in its tag `overlord:with`: only that is looked for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub with: BTreeSet<String>,
}

/// The kind.
pub struct Vpc;

impl Kind for Vpc {
    type Attributes = VpcAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "vpc",
        summary: "a virtual private cloud",
        attributes: &[
            AttributeSpec::new(
                "cidr",
                OnChange::Forbidden(
                    "a VPC keeps its block for life: add a secondary block, migrate to a VPC of another layout, or retire this one first",
                ),
            ),
            AttributeSpec::new("dhcp_options", OnChange::Update),
            AttributeSpec::new("enable_dns_hostnames", OnChange::Update),
            AttributeSpec::new("enable_dns_support", OnChange::Update),
            AttributeSpec::new("ipv6", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("with", OnChange::Update),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(after)) => {
                let dns = [after.enable_dns_support, after.enable_dns_hostnames].into_iter().flatten().map(|_| "ec2:ModifyVpcAttribute");
                let dhcp = after.dhcp_options.is_some().then_some("ec2:AssociateDhcpOptions");
                std::iter::once("ec2:CreateVpc").chain(dns).chain(dhcp).collect()
            }
            (Some(before), Some(after)) => {
                let ipv6 = match (before.ipv6, after.ipv6) {
                    (false, true) => Some("ec2:AssociateVpcCidrBlock"),
                    (true, false) => Some("ec2:DisassociateVpcCidrBlock"),
                    (true, true) | (false, false) => None,
                };
                let dns =
                    [(before.enable_dns_support, after.enable_dns_support), (before.enable_dns_hostnames, after.enable_dns_hostnames)];
                let dns = dns.into_iter().filter(|(before, after)| after.is_some() && before != after).map(|_| "ec2:ModifyVpcAttribute");
                let dhcp =
                    (after.dhcp_options.is_some() && before.dhcp_options != after.dhcp_options).then_some("ec2:AssociateDhcpOptions");
                let tags = tags_differ(&before.tags, &after.tags) || before.with != after.with;
                ipv6.into_iter().chain(dns).chain(dhcp).chain(tags.then_some("ec2:CreateTags")).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteVpc"],
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
