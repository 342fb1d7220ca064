//! `security_group`: a security group: what may come in. What may go out is left as AWS makes it: everything.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Tags, not_built, tags_differ};
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `security_group`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroupAttributes {
    /// What it is for.
    pub description: String,
    /// What may come in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ingress: BTreeSet<Rule>,
    /// Unique in its VPC.
    pub name: String,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
}

/// What may come in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    /// A block of addresses, or the id of a security group or prefix list.
    pub from: String,
    /// `tcp`, `udp`, `icmp`, a protocol's number, or `all`.
    pub protocol: String,
    /// `443`, `1024-65535` or `all`.
    pub ports: String,
}

/// The kind.
pub struct SecurityGroup;

impl Kind for SecurityGroup {
    type Attributes = SecurityGroupAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "security_group",
        summary: "a security group",
        attributes: &[
            AttributeSpec::new("description", OnChange::Forbidden("AWS never changes a security group's description")),
            AttributeSpec::new("ingress", OnChange::Update),
            AttributeSpec::new("name", OnChange::Forbidden("AWS never changes a security group's name")),
            AttributeSpec::new("tags", OnChange::Update),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
        ],
        on_removal: OnRemoval::Delete,
        guards_target: false,
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
