//! `vpc`: a virtual private cloud with its block, its DNS attributes and its DHCP options.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, VpcCidrBlockStateCode};
use serde::{Deserialize, Serialize};

use super::calls::{Earlier, ResourceClient, all, filter};
use super::default_vpc::DefaultVpc;
use super::ipv6;
use super::{Tags, WITH_TAG, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::network::Quotas;
use crate::resource::uses::anywhere;
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, FreedBy, Kind, KindSpec, Need, OnChange, PartOf, Quota, Weight};

/// The attributes of a `vpc`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcAttributes {
    /// Its first block: `10.2.0.0/19`.
    pub cidr: String,
    /// Its DHCP options; `{"id": "default"}` for AWS's own. `None` if it never had others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dhcp_options: Option<Reference>,
    /// Whether instances get DNS names; `None` when nothing is declared, and then it is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_dns_hostnames: Option<bool>,
    /// Whether AWS's resolver is enabled; `None` when nothing is declared, and then it is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_dns_support: Option<bool>,
    /// Whether it has a /56 of Amazon's IPv6 addresses. Once it has, it keeps them.
    pub ipv6: bool,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Optional features that it has ever had (`dhcp_options`, `flow_log`, …), kept in its tag `overlord:with`: only those are looked
    /// for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub with: BTreeSet<String>,
}

/// AWS counts the default VPC too.
const QUOTA: Quota = Quota {
    key: "vpcs",
    name: "VPCs per Region",
    noun: "VPC",
    title: Some("VPCs of one account in one Region"),
    most: Quotas::vpcs,
    zone: anywhere,
    unmanaged: |others, _| others.vpcs,
    freed_by: Some(FreedBy { kind: DefaultVpc::SPEC.kind, uses: |others| usize::from(others.default_vpc), is_waited_for: true }),
};

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
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("with", OnChange::Update),
        ],
        weight: Weight::Network,
        part_of: PartOf::Beside("vpc"),
        noun: Some(["VPC", "VPCs"]),
        quota: Some(&QUOTA),
        needs: &[
            Need::plan(&["ec2:DescribeVpcAttribute"]).when("enable_dns_hostnames", ""),
            Need::plan(&["ec2:DescribeVpcAttribute"]).when("enable_dns_support", ""),
            // The network interfaces in a resource name what prevents its deletion.
            Need::apply(&[
                "ec2:AssociateDhcpOptions",
                "ec2:AssociateVpcCidrBlock",
                "ec2:CreateTags",
                "ec2:CreateVpc",
                "ec2:DescribeNetworkInterfaces",
                "ec2:ModifyVpcAttribute",
            ]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteVpc"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["dhcp_options"], &["ec2:AssociateDhcpOptions"]),
            EventSpec::changed(&["enable_dns_hostnames", "enable_dns_support"], &["ec2:ModifyVpcAttribute"]),
            EventSpec::changed(&["ipv6"], &["ec2:AssociateVpcCidrBlock", "ec2:DisassociateVpcCidrBlock"]),
            // It is in a tag.
            EventSpec::changed(&["with"], &["ec2:CreateTags", "ec2:DeleteTags"]),
            EventSpec::gone(&["ec2:DeleteVpc"]).created_by("ec2:CreateVpc"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(after)) => {
                let dns = [after.enable_dns_support, after.enable_dns_hostnames].into_iter().flatten().map(|_| "ec2:ModifyVpcAttribute");
                let dhcp = after.dhcp_options.is_some().then_some("ec2:AssociateDhcpOptions");
                std::iter::once("ec2:CreateVpc").chain(dns).chain(dhcp).collect()
            }
            (Some(before), Some(after)) => {
                let ipv6 = (after.ipv6 && !before.ipv6).then_some("ec2:AssociateVpcCidrBlock");
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

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let find = || find(&client, &after.cidr);
        let make = || async {
            let request =
                client.client.create_vpc().cidr_block(&after.cidr).set_amazon_provided_ipv6_cidr_block(after.ipv6.then_some(true));
            let request = request.tag_specifications(client.creation_tags(ResourceType::Vpc, &after.tags_and_with()));
            let answer = client.map_sdk_error("ec2:CreateVpc", request.send().await)?;
            client.id("ec2:CreateVpc", answer.vpc.and_then(|vpc| vpc.vpc_id))
        };
        let id = client.create_idempotent(client.earlier(None)?, find, make).await?;
        if after.ipv6 {
            ipv6::vpc_block(&client, &id).await?;
        }
        set_dns(&client, &id, [after.enable_dns_support, after.enable_dns_hostnames]).await?;
        if let Some(options) = &after.dhcp_options {
            set_dhcp_options(&client, &id, &client.resolve(options)?).await?;
        }
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        if after.ipv6 && !before.ipv6 {
            give_ipv6(&client, id).await?;
        }
        let support = after.enable_dns_support.filter(|wanted| before.enable_dns_support != Some(*wanted));
        let hostnames = after.enable_dns_hostnames.filter(|wanted| before.enable_dns_hostnames != Some(*wanted));
        set_dns(&client, id, [support, hostnames]).await?;
        if let Some(options) = after.dhcp_options.as_ref().filter(|_| before.dhcp_options != after.dhcp_options) {
            set_dhcp_options(&client, id, &client.resolve(options)?).await?;
        }
        client.retag(id, &before.tags_and_with(), &after.tags_and_with()).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let delete = || async { client.map_sdk_error("ec2:DeleteVpc", client.client.delete_vpc().vpc_id(id).send().await).map(drop) };
        client.deleted(Some(filter("vpc-id", id)), delete).await
    }
}

impl VpcAttributes {
    /// The tags, including the one with the optional features that it has had.
    fn tags_and_with(&self) -> Tags {
        let with = self.with.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        self.tags.clone().into_iter().chain((!with.is_empty()).then(|| (WITH_TAG.to_owned(), with))).collect()
    }
}

/// The VPCs with overlord's tag.
///
/// # Errors
/// None of them has the block in the plan: another run created it meanwhile, from another plan.
async fn find(client: &ResourceClient<'_>, cidr: &str) -> AwsResult<Vec<String>> {
    let pages = client.client.describe_vpcs().filters(client.ours()).into_paginator().items().send();
    let vpcs = client.map_sdk_error("ec2:DescribeVpcs", pages.collect::<Result<Vec<_>, _>>().await)?;
    let vpcs: Vec<_> = vpcs.into_iter().filter(|vpc| client.is_ours(vpc.tags())).collect();
    let Some(other) = vpcs.iter().min_by(|a, b| a.vpc_id.cmp(&b.vpc_id)).filter(|_| vpcs.iter().all(|vpc| vpc.cidr_block() != Some(cidr)))
    else {
        return Ok(all(vpcs.into_iter().map(|vpc| vpc.vpc_id)));
    };
    let (id, block) = (other.vpc_id().unwrap_or_default(), other.cidr_block().unwrap_or_default());
    let message = format!("the VPC `{id}` was made meanwhile, with the block {block} and not {cidr}");
    Err(client.failed(message, "run the same command again: the plan then starts from that VPC; nothing else was made"))
}

/// Sets the given values: whether AWS's resolver is enabled, and whether instances get DNS names, which needs the resolver.
async fn set_dns(client: &ResourceClient<'_>, id: &str, [support, hostnames]: [Option<bool>; 2]) -> AwsResult<()> {
    let value = |value: bool| AttributeBooleanValue::builder().value(value).build();
    let request = || client.client.modify_vpc_attribute().vpc_id(id);
    let mut requests: Vec<_> = support.map(|on| request().enable_dns_support(value(on))).into_iter().collect();
    requests.extend(hostnames.map(|on| request().enable_dns_hostnames(value(on))));
    if support == Some(false) {
        requests.reverse();
    }
    for request in requests {
        client.retry_not_found(|| async { client.map_sdk_error("ec2:ModifyVpcAttribute", request.clone().send().await).map(drop) }).await?;
    }
    Ok(())
}

/// `options` is `default` for AWS's own.
async fn set_dhcp_options(client: &ResourceClient<'_>, id: &str, options: &str) -> AwsResult<()> {
    let request = client.client.associate_dhcp_options().vpc_id(id).dhcp_options_id(options);
    client.retry_not_found(|| async { client.map_sdk_error("ec2:AssociateDhcpOptions", request.clone().send().await).map(drop) }).await
}

/// Gives the VPC a /56. AWS would add a second one if the request were repeated.
async fn give_ipv6(client: &ResourceClient<'_>, id: &str) -> AwsResult<()> {
    let find = || async {
        let is_there = |a: &_| matches!(ipv6::state(a), Some(VpcCidrBlockStateCode::Associated | VpcCidrBlockStateCode::Associating));
        Ok(ipv6::associations(client, id).await?.iter().any(is_there).then(|| id.to_owned()).into_iter().collect())
    };
    let make = || async {
        let answer = client.client.associate_vpc_cidr_block().vpc_id(id).amazon_provided_ipv6_cidr_block(true).send().await;
        client.map_sdk_error("ec2:AssociateVpcCidrBlock", answer).map(|_| id.to_owned())
    };
    client.create_idempotent(Earlier::Possible, find, make).await?;
    ipv6::vpc_block(client, id).await.map(drop)
}
