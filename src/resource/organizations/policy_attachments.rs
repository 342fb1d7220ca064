//! `policy_attachments`: the whole set of policies attached directly to one target. If policies are attached and detached at different
//! times, the graph makes 2 changes of the set, and each is applied on its own (`graph/steps.rs`).

use std::collections::BTreeSet;

use aws_sdk_organizations::types::PolicySummary;
use serde::{Deserialize, Serialize};

use super::attachment_steps::{Room, Rooms, Step, steps};
use super::calls::{SETTLING, every_page, never_deleted, poll, settled};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::limits::LIMITS;
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, Need, OnChange, OnRemoval, PartOf, PolicyRole, Weight};

/// The attributes of a `policy_attachments`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyAttachmentsAttributes {
    /// The set. AWS's own policies are `{"id": "p-FullAWSAccess"}`.
    pub policies: BTreeSet<Reference>,
    /// The root (as the organization), an OU or an account.
    pub target: Reference,
}

/// The kind.
pub struct PolicyAttachments;

impl Kind for PolicyAttachments {
    type Attributes = PolicyAttachmentsAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "policy_attachments",
        summary: "the whole set of policies attached directly to one target",
        attributes: &[AttributeSpec::new("policies", OnChange::Update), AttributeSpec::new("target", OnChange::Update)],
        on_removal: OnRemoval::Report,
        guards_target: true,
        weight: Weight::GuardRail,
        own_id: false,
        part_of: PartOf::KeyAddress,
        policy_role: PolicyRole::Attachments,
        needs: &[
            Need::apply(&["organizations:AttachPolicy", "organizations:DetachPolicy", "organizations:ListPoliciesForTarget"]).on_joining()
        ],
        events: &[
            EventSpec::added(&["policies"], &["organizations:AttachPolicy"]),
            EventSpec::removed(&["policies"], &["organizations:DetachPolicy"]),
            // It is in the address, and never differs alone.
            EventSpec::unexplained(&["target"]),
        ],
        noun: Some(["set of attached policies", "sets of attached policies"]),
        ..KindSpec::BASE
    };

    /// Attachments first. Only if that would exceed AWS's limit do some detachments come earlier; their number is the same.
    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let none = BTreeSet::new();
        let before = before.map_or(&none, |attributes| &attributes.policies);
        let Some(after) = after.map(|attributes| &attributes.policies) else {
            return Vec::new();
        };
        let attach = after.difference(before).map(|_| "organizations:AttachPolicy");
        let detach = before.difference(after).map(|_| "organizations:DetachPolicy");
        attach.chain(detach).map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        // Every target has a live set from the start; without one, the set counts as empty.
        let target = context.resolve(&after.target)?;
        let before = PolicyAttachmentsAttributes { policies: BTreeSet::new(), target: after.target.clone() };
        change(context, &target, &before, &after).await?;
        Ok(target)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        change(context, id, &before, &after).await
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

async fn change(
    context: &Context,
    target: &str,
    before: &PolicyAttachmentsAttributes,
    after: &PolicyAttachmentsAttributes,
) -> AwsResult<()> {
    let ids = |from: &BTreeSet<Reference>, without: &BTreeSet<Reference>| {
        from.difference(without).map(|policy| context.resolve(policy)).collect::<AwsResult<Vec<_>>>()
    };
    let (attach, mut detach) = (ids(&after.policies, &before.policies)?, ids(&before.policies, &after.policies)?);
    // AWS's default last: without it, the others may allow nothing.
    detach.sort_by_key(|policy| LIMITS.policy_types.iter().any(|limits| limits.default.as_ref() == Some(policy)));
    let smallest = LIMITS.policy_types.iter().map(|limits| context.most_attached(limits)).min().unwrap_or_default();
    let rooms = match detach.is_empty() || before.policies.len() + attach.len() <= smallest {
        true => Rooms::default(),
        false => {
            let ask = || async { settled(rooms(context, target, &attach).await) };
            poll(format!("what is attached to `{target}` to be listed"), SETTLING)
                .until(context.sessions().request_gate().interrupt(), ask)
                .await?
        }
    };
    for step in steps(&attach, &detach, rooms) {
        match step {
            Step::Attach(policy) => attach_policy(context, target, policy).await?,
            Step::Detach(policy) => detach_policy(context, target, policy).await?,
        }
    }
    Ok(())
}

/// The attached policies of the types in `attach`: read only if a set is so large that a type might run out of room.
async fn rooms(context: &Context, target: &str, attach: &[String]) -> AwsResult<Rooms> {
    let mut found = Rooms::default();
    for policy in attach {
        let name = type_of(context, policy).await?;
        found.types.insert(policy.clone(), name.clone());
        if let Some(limits) = LIMITS.policy_type(&name)
            && !found.rooms.contains_key(&name)
        {
            let room = Room { attached: attached(context, target, &name).await?, limit: context.most_attached(limits) };
            found.rooms.insert(name, room);
        }
    }
    Ok(found)
}

async fn type_of(context: &Context, policy: &str) -> AwsResult<String> {
    if let Some(limits) = LIMITS.policy_types.iter().find(|limits| limits.default.as_deref() == Some(policy)) {
        return Ok(limits.name.clone());
    }
    let answer = context.sessions().organizations().describe_policy().policy_id(policy).send().await;
    let answer = answer.map_err(|e| Error::sdk("organizations:DescribePolicy", &e))?;
    let name = answer.policy().and_then(|policy| policy.policy_summary()?.r#type());
    name.map(|name| name.as_str().to_owned())
        .ok_or_else(|| Error::failed(format!("AWS does not say of what type the policy `{policy}` is")))
}

/// The policies of a type that are attached directly to the target.
async fn attached(context: &Context, target: &str, policy_type: &str) -> AwsResult<BTreeSet<String>> {
    let client = context.sessions().organizations();
    let policies = every_page(
        |policy: &PolicySummary| policy.id(),
        |token| {
            let request = client.list_policies_for_target().target_id(target).filter(policy_type.into());
            let page = request.set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListPoliciesForTarget", &e))?;
                Ok((page.policies, page.next_token))
            }
        },
    );
    Ok(policies.await?.into_iter().filter_map(|policy| policy.id).collect())
}

async fn is_attached(context: &Context, target: &str, policy: &str) -> AwsResult<bool> {
    let name = type_of(context, policy).await?;
    Ok(attached(context, target, &name).await?.contains(policy))
}

/// AWS may need a moment until it finds a new policy or target.
async fn attach_policy(context: &Context, target: &str, policy: &str) -> AwsResult<()> {
    let ask = || async {
        let request = context.sessions().organizations().attach_policy().policy_id(policy).target_id(target);
        match request.send().await.map_err(|e| Error::sdk("organizations:AttachPolicy", &e)) {
            Err(e) if e.is(&["DuplicatePolicyAttachmentException"]) => Ok(Some(())),
            Err(e) if e.is(&["PolicyNotFoundException", "TargetNotFoundException", "PolicyChangesInProgressException"]) => Ok(None),
            result => result.map(|_| Some(())),
        }
    };
    poll(format!("the policy `{policy}` and its target `{target}` to be found"), SETTLING)
        .until(context.sessions().request_gate().interrupt(), ask)
        .await
}

/// AWS may attach a default policy to a new target a moment later. So a missing default counts as detached only if a read confirms it,
/// and a policy that appears in that read is detached again.
async fn detach_policy(context: &Context, target: &str, policy: &str) -> AwsResult<()> {
    let ask = || async {
        let request = context.sessions().organizations().detach_policy().policy_id(policy).target_id(target);
        match request.send().await.map_err(|e| Error::sdk("organizations:DetachPolicy", &e)) {
            Err(e) if e.is(&["PolicyNotAttachedException"]) => {
                let still = settled(is_attached(context, target, policy).await)?;
                Ok((still == Some(false)).then_some(()))
            }
            Err(e) if e.is(&["PolicyChangesInProgressException"]) => Ok(None),
            // A deleted policy is attached nowhere.
            Err(e) if e.is(&["PolicyNotFoundException"]) => Ok(Some(())),
            result => result.map(|_| Some(())),
        }
    };
    poll(format!("the policy `{policy}` to be detached from `{target}`"), SETTLING)
        .until(context.sessions().request_gate().interrupt(), ask)
        .await
}
