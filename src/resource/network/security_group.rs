//! `security_group`: a security group: which inbound traffic is allowed. Outbound rules stay as AWS creates them: everything is allowed.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, UserIdGroupPair};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, filter, first};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The attributes of a `security_group`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroupAttributes {
    /// What it is for.
    pub description: String,
    /// Its inbound rules.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ingress: BTreeSet<Rule>,
    /// Unique in its VPC.
    pub name: String,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
}

/// An inbound rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    /// A CIDR block, or the id of a security group or prefix list.
    pub from: String,
    /// `443`, `1024-65535` or `all`.
    pub ports: String,
    /// `tcp`, `udp`, `icmp`, a protocol's number, or `all`.
    pub protocol: String,
}

/// AWS can change neither the name nor the description of a group.
const WAY_OUT: &str = "take the interface endpoints out of the layout, apply with `--allow-delete`, then put them in again";

/// The kind.
pub struct SecurityGroup;

impl Kind for SecurityGroup {
    type Attributes = SecurityGroupAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "security_group",
        summary: "a security group",
        attributes: &[
            AttributeSpec::new("description", OnChange::Forbidden(WAY_OUT)),
            AttributeSpec::new("ingress", OnChange::Update),
            AttributeSpec::new("name", OnChange::Forbidden(WAY_OUT)),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        needs: &[
            Need::apply(&[
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:CreateSecurityGroup",
                "ec2:CreateTags",
                "ec2:RevokeSecurityGroupIngress",
            ]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteSecurityGroup"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(
                &["ingress"],
                &["ec2:AuthorizeSecurityGroupIngress", "ec2:ModifySecurityGroupRules", "ec2:RevokeSecurityGroupIngress"],
            ),
            EventSpec::gone(&["ec2:DeleteSecurityGroup"]).created_by("ec2:CreateSecurityGroup"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let differ = |from: Option<&Self::Attributes>, to: Option<&Self::Attributes>| {
            let of = |side: Option<&Self::Attributes>| side.map(|side| side.ingress.clone()).unwrap_or_default();
            !of(to).is_subset(&of(from))
        };
        let authorize = differ(before, after).then_some("ec2:AuthorizeSecurityGroupIngress");
        let calls: Vec<&str> = match (before, after) {
            (None, Some(_)) => std::iter::once("ec2:CreateSecurityGroup").chain(authorize).collect(),
            (Some(old), Some(new)) => {
                let revoke = differ(after, before).then_some("ec2:RevokeSecurityGroupIngress");
                let tags = tags_differ(&old.tags, &new.tags).then_some("ec2:CreateTags");
                authorize.into_iter().chain(revoke).chain(tags).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteSecurityGroup"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let vpc = client.resolve(&after.vpc)?;
        let make = || async {
            let request = client.client.create_security_group().group_name(&after.name).description(&after.description).vpc_id(&vpc);
            let request = request.tag_specifications(client.creation_tags(ResourceType::SecurityGroup, &after.tags));
            let answer = client.map_sdk_error("ec2:CreateSecurityGroup", request.send().await)?;
            client.id("ec2:CreateSecurityGroup", answer.group_id)
        };
        let find = || async {
            let request = client.client.describe_security_groups().filters(client.ours()).filters(filter("vpc-id", &vpc));
            let groups = client.map_sdk_error(
                "ec2:DescribeSecurityGroups",
                request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await,
            )?;
            Ok(first(groups.into_iter().filter(|group| client.is_ours(group.tags())).map(|group| group.group_id)))
        };
        let id = match client.retry_not_found(make).await {
            // Created by a request whose answer was lost; or an unmanaged group of that name.
            Err(e) if e.is(&["InvalidGroup.Duplicate"]) => client.found(&e, find).await?,
            result => result?,
        };
        authorize(&client, &id, after.ingress.iter().map(permission).collect::<AwsResult<_>>()?).await?;
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        authorize(&client, id, after.ingress.difference(&before.ingress).map(permission).collect::<AwsResult<_>>()?).await?;
        revoke(&client, id, before.ingress.difference(&after.ingress).map(permission).collect::<AwsResult<_>>()?).await?;
        client.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        let delete = || async {
            client.map_sdk_error("ec2:DeleteSecurityGroup", client.client.delete_security_group().group_id(id).send().await).map(drop)
        };
        client.deleted(Some(filter("group-id", id)), delete).await
    }
}

/// Adds inbound rules.
async fn authorize(client: &ResourceClient<'_>, id: &str, rules: Vec<IpPermission>) -> AwsResult<()> {
    let send = |rules: Vec<IpPermission>| async {
        let request = client.client.authorize_security_group_ingress().group_id(id).set_ip_permissions(Some(rules));
        client.map_sdk_error("ec2:AuthorizeSecurityGroupIngress", request.send().await).map(drop)
    };
    all_or_each(rules, |rules| client.retry_not_found(move || send(rules.clone())), |e| e.is(&["InvalidPermission.Duplicate"])).await
}

/// Removes inbound rules. A rule or group that is already gone allows nothing.
async fn revoke(client: &ResourceClient<'_>, id: &str, rules: Vec<IpPermission>) -> AwsResult<()> {
    let send = |rules: Vec<IpPermission>| async {
        let request = client.client.revoke_security_group_ingress().group_id(id).set_ip_permissions(Some(rules));
        client.map_sdk_error("ec2:RevokeSecurityGroupIngress", request.send().await).map(drop)
    };
    all_or_each(rules, send, |e| e.is(&["InvalidPermission.NotFound"])).await
}

/// AWS accepts all rules of a request or none. So if it answers for one that nothing is left to do, each is sent on its own.
async fn all_or_each<F>(rules: Vec<IpPermission>, send: impl Fn(Vec<IpPermission>) -> F, is_done: impl Fn(&Error) -> bool) -> AwsResult<()>
where
    F: Future<Output = AwsResult<()>>,
{
    if rules.is_empty() {
        return Ok(());
    }
    match send(rules.clone()).await {
        Err(e) if is_done(&e) => {}
        result => return result,
    }
    if rules.len() == 1 {
        return Ok(());
    }
    for rule in rules {
        match send(vec![rule]).await {
            Err(e) if is_done(&e) => {}
            result => result?,
        }
    }
    Ok(())
}

/// A rule in AWS's form.
pub(super) fn permission(rule: &Rule) -> AwsResult<IpPermission> {
    let protocol = if rule.protocol == "all" { "-1" } else { rule.protocol.as_str() };
    let (from_port, to_port) = ports(rule)?;
    let permission = IpPermission::builder().ip_protocol(protocol).set_from_port(from_port).set_to_port(to_port);
    let permission = match rule.from.split_once('-').map(|(kind, _)| kind) {
        Some("sg") => permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(&rule.from).build()),
        Some("pl") => permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(&rule.from).build()),
        Some(_) | None if rule.from.contains(':') => permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(&rule.from).build()),
        Some(_) | None => permission.ip_ranges(IpRange::builder().cidr_ip(&rule.from).build()),
    };
    Ok(permission.build())
}

/// The first and the last port; for ICMP, `-1` is any type and code. Other protocols have none.
fn ports(rule: &Rule) -> AwsResult<(Option<i32>, Option<i32>)> {
    let has_ports = matches!(rule.protocol.as_str(), "tcp" | "udp" | "6" | "17");
    match (rule.ports.as_str(), rule.protocol.as_str()) {
        ("all", "icmp" | "icmpv6" | "1" | "58") => Ok((Some(-1), Some(-1))),
        ("all", _) if has_ports => Ok((Some(0), Some(65_535))),
        ("all", _) => Ok((None, None)),
        (ports, _) => {
            let number = |text: &str| text.parse().map_err(|e| Error::internal(format!("invalid ports `{ports}`: {e}")));
            let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
            Ok((Some(number(from)?), Some(number(to)?)))
        }
    }
}
