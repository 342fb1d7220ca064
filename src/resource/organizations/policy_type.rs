//! `policy_type`: a policy type enabled on the root; asynchronous.

use std::time::Duration;

use aws_sdk_organizations::types::{PolicyTypeStatus, PolicyTypeSummary, Root};
use serde::{Deserialize, Serialize};

use super::calls::{self, SERVICE_ACCESS_NOT_ENABLED, never_deleted, poll};
use super::trusted_service::TrustedService;
use crate::address::{Address, Reference};
use crate::aws::{AwsResult, Error};
use crate::limits::LIMITS;
use crate::resource::{
    AttributeSpec, Context, EventSpec, Kind, KindSpec, NamedBy, Need, OnChange, OnRemoval, PolicyRole, Proposed, Weight,
};

/// The attributes of a `policy_type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyTypeAttributes {
    /// The organization, for its root.
    pub organization: Reference,
    /// As the API spells it.
    pub policy_type: String,
}

/// The kind.
pub struct PolicyType;

impl Kind for PolicyType {
    type Attributes = PolicyTypeAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "policy_type",
        summary: "a policy type enabled on the root; asynchronous",
        attributes: &[AttributeSpec::new("organization", OnChange::Update), AttributeSpec::new("policy_type", OnChange::Update)],
        on_removal: OnRemoval::Report,
        weight: Weight::GuardRail,
        own_id: false,
        policy_role: PolicyRole::Type,
        needs: &[
            Need::plan(&["organizations:DescribePolicy", "organizations:ListPolicies", "organizations:ListTargetsForPolicy"]),
            Need::apply(&["organizations:EnablePolicyType"]),
        ],
        events: &[
            EventSpec::gone(&["organizations:DisablePolicyType"]),
            // They are in the address, and never differ alone.
            EventSpec::unexplained(&["organization", "policy_type"]),
        ],
        named_by: NamedBy::Attributes(&["policy_type"]),
        ..KindSpec::BASE
    };

    /// Some types need trusted access first.
    fn prerequisite(change: &Proposed<'_>) -> Option<Address> {
        let limits = LIMITS.policy_type(change.address.key())?;
        limits.trusted_service.as_ref().map(TrustedService::address)
    }

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        after.filter(|_| before != after).map(|_| "organizations:EnablePolicyType".to_owned()).into_iter().collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let (root, name) = (context.resolve(&after.organization)?, &after.policy_type);
        let interrupt = context.sessions().request_gate().interrupt();
        let begun = poll(format!("AWS to begin enabling {name}"), DEADLINE).until(interrupt, || begin(context, &root, name)).await?;
        if begun != Status::Enabled {
            poll(format!("{name} to be enabled"), DEADLINE).until(interrupt, || enabled(context, &root, name)).await?;
        }
        Ok(policy_type_id(&root, name))
    }

    async fn update(context: &Context, _id: &str, _before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        Self::create(context, after).await.map(drop)
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

/// AWS gives an enabled type no id of its own.
pub(super) fn policy_type_id(root: &str, policy_type: &str) -> String {
    format!("{root}/{policy_type}")
}

/// Enabling usually takes seconds; AWS documents no bound.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

#[derive(PartialEq)]
enum Status {
    Enabled,
    Pending,
}

/// `None` while AWS is busy with another change of policies.
async fn begin(context: &Context, root: &str, name: &str) -> AwsResult<Option<Status>> {
    let request = context.sessions().organizations().enable_policy_type().root_id(root).policy_type(name.into());
    match request.send().await.map_err(|e| Error::sdk("organizations:EnablePolicyType", &e)) {
        Ok(answer) if answer.root().is_some_and(|root| is_enabled(root, name)) => Ok(Some(Status::Enabled)),
        Ok(_) => Ok(Some(Status::Pending)),
        Err(e) if e.is(&["PolicyTypeAlreadyEnabledException"]) => Ok(Some(Status::Pending)),
        Err(e) if e.is(&["PolicyChangesInProgressException"]) => Ok(None),
        Err(e) if e.has_reason(SERVICE_ACCESS_NOT_ENABLED) => without_trust(context, name, &e),
        Err(e) => Err(e),
    }
}

/// The type needs a service with trusted access. AWS may need a moment until it sees one that this run has just enabled.
fn without_trust(context: &Context, name: &str, error: &Error) -> AwsResult<Option<Status>> {
    let service = LIMITS.policy_type(name).and_then(|limits| limits.trusted_service.as_deref());
    if service.is_some_and(|service| context.has_made(service)) {
        return Ok(None);
    }
    let service = service.unwrap_or("the service of that policy type");
    Err(Error::Failed {
        message: error.to_string(),
        hint: Some(format!("AWS enables {name} only while {service} has trusted access: add it to `trusted_services` in [organization]")),
    })
}

async fn enabled(context: &Context, root: &str, name: &str) -> AwsResult<Option<()>> {
    let live = calls::root(context).await?;
    Ok(live.is_some_and(|live| live.id() == Some(root) && is_enabled(&live, name)).then_some(()))
}

fn is_enabled(root: &Root, name: &str) -> bool {
    let enabled = |summary: &PolicyTypeSummary| summary.status() == Some(&PolicyTypeStatus::Enabled);
    root.policy_types().iter().any(|summary| summary.r#type().map(|t| t.as_str()) == Some(name) && enabled(summary))
}
