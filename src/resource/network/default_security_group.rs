//! `default_security_group`: the security group that AWS makes with a VPC and that goes with it. It is emptied: who forgets to name a group gets none.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::not_built;
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

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
        on_removal: OnRemoval::Report,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        // A new VPC's group has a rule each way.
        let has = |side: &str| before.is_none_or(|before| before.rules.iter().any(|rule| rule.starts_with(side)));
        let revoke = |side: &str, call: &'static str| (after.is_some_and(|after| after.rules.is_empty()) && has(side)).then_some(call);
        let calls =
            revoke("ingress", "ec2:RevokeSecurityGroupIngress").into_iter().chain(revoke("egress", "ec2:RevokeSecurityGroupEgress"));
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
