//! `organization`: the organization itself; as a parent it means the root.

use aws_sdk_organizations::operation::enable_all_features::EnableAllFeaturesError;
use aws_sdk_organizations::types::{
    ActionType, Handshake, HandshakeConstraintViolationExceptionReason, HandshakeFilter, HandshakeState, Organization as SdkOrganization,
    OrganizationFeatureSet,
};
use serde::{Deserialize, Serialize};

use super::calls::{self, SETTLING, every_page, never_deleted, poll};
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, Need, OnChange, OnRemoval, PolicyRole};

/// The attributes of a `organization`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationAttributes {
    /// `ALL`; consolidated billing is upgraded.
    pub feature_set: String,
}

/// The kind.
pub struct Organization;

impl Kind for Organization {
    type Attributes = OrganizationAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "organization",
        summary: "the organization itself; as a parent it means the root",
        attributes: &[AttributeSpec::new("feature_set", OnChange::Update)],
        on_removal: OnRemoval::Report,
        policy_role: PolicyRole::Root,
        missing: Some("there is no organization yet"),
        needs: &[
            Need::apply(&["organizations:AcceptHandshake", "organizations:CreateOrganization", "organizations:EnableAllFeatures"]),
            // Source: CreateOrganization and AcceptHandshake, AccessDeniedForDependencyException.
            Need::linked_role("organizations.amazonaws.com"),
        ],
        events: &[
            // AWS takes no way back.
            EventSpec::unexplained(&["feature_set"]),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls: &[&str] = match (before, after) {
            (None, Some(_)) => &["organizations:CreateOrganization"],
            (Some(before), Some(after)) if before != after => &["organizations:EnableAllFeatures", "organizations:AcceptHandshake"],
            (Some(_), Some(_)) | (_, None) => &[],
        };
        calls.iter().map(|&call| call.to_owned()).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let request = context.sessions().organizations().create_organization().feature_set(after.feature_set.as_str().into());
        match request.send().await.map_err(|e| Error::sdk("organizations:CreateOrganization", &e)) {
            // An earlier attempt whose answer was lost. The next call proves that it is this account's: only its management account may
            // list the root.
            Err(e) if e.is(&["AlreadyInOrganizationException"]) => {}
            result => drop(result?),
        }
        poll("the new organization to have a root", SETTLING).until(context.sessions().request_gate().interrupt(), || root(context)).await
    }

    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html>: invited accounts agree
    /// first, then the management account accepts the handshake of EnableAllFeatures.
    async fn update(context: &Context, _id: &str, _before: Self::Attributes, _after: Self::Attributes) -> AwsResult<()> {
        if let Some(handshake) = enable_all_features(context).await? {
            accept(context, &handshake).await?;
        }
        let all = || has_all_features(context);
        poll("all features of the organization to be enabled", SETTLING).until(context.sessions().request_gate().interrupt(), all).await
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

async fn root(context: &Context) -> AwsResult<Option<String>> {
    match calls::root(context).await {
        Ok(root) => Ok(root.and_then(|root| root.id)),
        Err(e) if e.is(&["AWSOrganizationsNotInUseException", "FinalizingOrganizationException"]) => Ok(None),
        Err(e) if e.is(&["AccessDeniedException"]) => Err(Error::Failed {
            message: format!("the account is in an organization whose root it may not list: {e}"),
            hint: Some("if it is a member of another organization, it cannot manage one of its own: use another account".to_owned()),
        }),
        Err(e) => Err(e),
    }
}

/// Starts the change, or finds the one already in progress. `None` if all features are enabled already.
async fn enable_all_features(context: &Context) -> AwsResult<Option<String>> {
    use HandshakeConstraintViolationExceptionReason::OrganizationAlreadyHasAllFeatures;
    let organizations = context.sessions().organizations();
    let error = match organizations.enable_all_features().send().await {
        Ok(answer) => {
            let open = answer.handshake().filter(|handshake| handshake.state() != Some(&HandshakeState::Accepted));
            return Ok(open.and_then(Handshake::id).map(str::to_owned));
        }
        Err(e) => e,
    };
    let reason = match error.as_service_error() {
        Some(EnableAllFeaturesError::HandshakeConstraintViolationException(violation)) => violation.reason(),
        _ => None,
    };
    if reason == Some(&OrganizationAlreadyHasAllFeatures) {
        return Ok(None);
    }
    match pending_handshake(context).await? {
        Some(id) => Ok(Some(id)),
        None => Err(Error::sdk("organizations:EnableAllFeatures", &error)),
    }
}

async fn pending_handshake(context: &Context) -> AwsResult<Option<String>> {
    let filter = HandshakeFilter::builder().action_type(ActionType::EnableAllFeatures).build();
    let client = context.sessions().organizations();
    let handshakes = every_page(
        |handshake: &Handshake| handshake.id(),
        |token| {
            let page = client.list_handshakes_for_organization().filter(filter.clone()).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListHandshakesForOrganization", &e))?;
                Ok((page.handshakes, page.next_token))
            }
        },
    );
    let pending = |handshake: &&Handshake| matches!(handshake.state(), Some(HandshakeState::Open | HandshakeState::Requested));
    Ok(handshakes.await?.iter().find(pending).and_then(Handshake::id).map(str::to_owned))
}

async fn accept(context: &Context, handshake: &str) -> AwsResult<()> {
    let request = context.sessions().organizations().accept_handshake().handshake_id(handshake);
    match request.send().await.map_err(|e| Error::sdk("organizations:AcceptHandshake", &e)) {
        Err(e) if e.is(&["HandshakeAlreadyInStateException"]) => Ok(()),
        Err(e) if e.is(&["InvalidHandshakeTransitionException", "HandshakeConstraintViolationException"]) => Err(Error::Failed {
            message: format!("all features are requested and cannot be enabled yet: {e}"),
            hint: Some("every invited account must accept the request that it received; then run this again".to_owned()),
        }),
        result => result.map(drop),
    }
}

async fn has_all_features(context: &Context) -> AwsResult<Option<()>> {
    let answer = context.sessions().organizations().describe_organization().send().await;
    let answer = answer.map_err(|e| Error::sdk("organizations:DescribeOrganization", &e))?;
    let all = |organization: &SdkOrganization| organization.feature_set() == Some(&OrganizationFeatureSet::All);
    Ok(answer.organization().is_some_and(all).then_some(()))
}
