//! `default_security_group`: the security group that AWS creates and deletes with a VPC. overlord removes its rules: an instance without
//! a named group gets no access.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, SecurityGroup};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, SETTLING, filter, is_missing, never_deleted};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, Need, OnChange, OnRemoval, Weight};

/// The attributes of a `default_security_group`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DefaultSecurityGroupAttributes {
    /// Its rules in words, `ingress …` and `egress …`: AWS makes one of each.
    pub rules: BTreeSet<String>,
    /// Its VPC.
    pub vpc: Reference,
}

/// The kind.
pub struct DefaultSecurityGroup;

impl Kind for DefaultSecurityGroup {
    type Attributes = DefaultSecurityGroupAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "default_security_group",
        summary: "the default security group of a VPC, emptied",
        attributes: &[
            AttributeSpec::new("rules", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        on_removal: OnRemoval::Leave,
        weight: Weight::Network,
        own_id: false,
        part_of: super::PART_OF_VPC,
        needs: &[Need::apply(&["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"])],
        events: &[EventSpec::changed(&["rules"], &["ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"])],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        // A new VPC's group has a rule each way.
        let has = |side: &str| before.is_none_or(|before| before.rules.iter().any(|rule| rule.starts_with(side)));
        let revoke = |side: &str, call: &'static str| (after.is_some_and(|after| after.rules.is_empty()) && has(side)).then_some(call);
        let calls =
            revoke("ingress", "ec2:RevokeSecurityGroupIngress").into_iter().chain(revoke("egress", "ec2:RevokeSecurityGroupEgress"));
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let client = ResourceClient::of(context).await?;
        let vpc = client.resolve(&after.vpc)?;
        let find = || async { find(&client, vec![filter("vpc-id", &vpc), filter("group-name", "default")]).await };
        let group = client.wait("the default security group of a new VPC", SETTLING, find).await?;
        empty(&client, &group).await?;
        client.id("ec2:DescribeSecurityGroups", group.group_id)
    }

    async fn update(context: &Context, id: &str, _before: Self::Attributes, _after: Self::Attributes) -> AwsResult<()> {
        let client = ResourceClient::of(context).await?;
        match find(&client, vec![filter("group-id", id)]).await? {
            Some(group) => empty(&client, &group).await,
            // It was deleted with its VPC.
            None => Ok(()),
        }
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

async fn find(client: &ResourceClient<'_>, filters: Vec<Filter>) -> AwsResult<Option<SecurityGroup>> {
    let pages = client.client.describe_security_groups().set_filters(Some(filters)).into_paginator().items().send();
    let groups = client.map_sdk_error("ec2:DescribeSecurityGroups", pages.collect::<Result<Vec<_>, _>>().await)?;
    Ok(groups.into_iter().next())
}

/// Removes all rules that the group had when it was read.
async fn empty(client: &ResourceClient<'_>, group: &SecurityGroup) -> AwsResult<()> {
    let id = group.group_id().unwrap_or_default();
    // A request whose answer was lost removed a rule that is gone.
    let gone = |result: AwsResult<()>| match result {
        Err(e) if is_missing(&e) => Ok(()),
        result => result,
    };
    if !group.ip_permissions().is_empty() {
        let request = client.client.revoke_security_group_ingress().group_id(id).set_ip_permissions(group.ip_permissions.clone());
        gone(client.map_sdk_error("ec2:RevokeSecurityGroupIngress", request.send().await).map(drop))?;
    }
    if !group.ip_permissions_egress().is_empty() {
        let request = client.client.revoke_security_group_egress().group_id(id).set_ip_permissions(group.ip_permissions_egress.clone());
        gone(client.map_sdk_error("ec2:RevokeSecurityGroupEgress", request.send().await).map(drop))?;
    }
    Ok(())
}
