//! `root_access`: what the organization may do centrally with the root users of its members.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html>

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::calls::{SETTLING, never_deleted, poll};
use crate::address::{Address, Reference};
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, NamedBy, Need, OnChange, OnRemoval, Weight};

/// The service that must be trusted before root access can be central.
pub const IAM: &str = "iam.amazonaws.com";

/// Allows the management account to remove root credentials, and to allow their recovery.
pub const CREDENTIALS: &str = "RootCredentialsManagement";

/// Short sessions as root, for the tasks in AWS's policies.
pub const SESSIONS: &str = "RootSessions";

/// The attributes of a `root_access`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootAccessAttributes {
    /// [`CREDENTIALS`], [`SESSIONS`].
    pub features: BTreeSet<String>,
    /// The organization.
    pub organization: Reference,
    /// The trusted access of IAM in the organization.
    pub trusted_service: Reference,
}

/// `root_access.main`.
pub fn root_access_address() -> Address {
    RootAccess::address("main")
}

/// The requests that take features away.
const DISABLED: &[&str] = &["iam:DisableOrganizationsRootCredentialsManagement", "iam:DisableOrganizationsRootSessions"];

/// The kind.
pub struct RootAccess;

impl Kind for RootAccess {
    type Attributes = RootAccessAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "root_access",
        summary: "central management of the root users of members",
        attributes: &[
            AttributeSpec::new("features", OnChange::Update),
            AttributeSpec::new("organization", OnChange::Update),
            AttributeSpec::new("trusted_service", OnChange::Update),
        ],
        on_removal: OnRemoval::Leave,
        weight: Weight::GuardRail,
        own_id: false,
        missing: Some("root users are not managed centrally"),
        needs: &[
            Need::plan(&["iam:ListOrganizationsFeatures"]),
            Need::apply(&["iam:EnableOrganizationsRootCredentialsManagement"]).when("features", CREDENTIALS),
            Need::apply(&["iam:EnableOrganizationsRootSessions"]).when("features", SESSIONS),
        ],
        events: &[
            EventSpec::changed(&["features"], DISABLED),
            EventSpec::gone(DISABLED),
            // They are in the address, and never differ alone.
            EventSpec::unexplained(&["organization", "trusted_service"]),
        ],
        named_by: NamedBy::Attributes(&[]),
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let Some(after) = after.filter(|_| before != after) else { return Vec::new() };
        let calls = [(CREDENTIALS, "iam:EnableOrganizationsRootCredentialsManagement"), (SESSIONS, "iam:EnableOrganizationsRootSessions")];
        calls.iter().filter(|(feature, _)| lacks(before, after, feature)).map(|(_, call)| (*call).to_owned()).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        // AWS may need a moment until a trusted access of this run takes effect.
        let ask = || async {
            match enable(context.sessions(), None, &after).await {
                Err(e) if e.is(&["ServiceAccessNotEnabledException"]) && context.made(&after.trusted_service) => Ok(None),
                result => result.map(Some),
            }
        };
        poll("IAM to be trusted", SETTLING).until(context.sessions().request_gate().interrupt(), ask).await?;
        Ok(root_access_address().key().to_owned())
    }

    async fn update(context: &Context, _id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        enable(context.sessions(), Some(&before), &after).await
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

/// Whether a feature is to be enabled. If another attribute differs, all features are: enabling one twice is not an error.
fn lacks(before: Option<&RootAccessAttributes>, after: &RootAccessAttributes, feature: &str) -> bool {
    let there = before.is_some_and(|before| before.features != after.features && before.features.contains(feature));
    after.features.contains(feature) && !there
}

/// Enabling a feature that is enabled is not an error.
async fn enable(sessions: &Sessions, before: Option<&RootAccessAttributes>, after: &RootAccessAttributes) -> AwsResult<()> {
    let iam = sessions.iam();
    if lacks(before, after, CREDENTIALS) {
        let answer = iam.enable_organizations_root_credentials_management().send().await;
        answer.map_err(|e| Error::sdk("iam:EnableOrganizationsRootCredentialsManagement", &e))?;
    }
    if lacks(before, after, SESSIONS) {
        let answer = iam.enable_organizations_root_sessions().send().await;
        answer.map_err(|e| Error::sdk("iam:EnableOrganizationsRootSessions", &e))?;
    }
    Ok(())
}

/// The enabled features; none if the organization cannot have them yet.
pub(super) async fn features(sessions: &Sessions) -> AwsResult<BTreeSet<String>> {
    match sessions.iam().list_organizations_features().send().await {
        Ok(answer) => Ok(answer.enabled_features().iter().map(|feature| feature.as_str().to_owned()).collect()),
        Err(e) => match Error::sdk("iam:ListOrganizationsFeatures", &e) {
            e if e.is(&["ServiceAccessNotEnabledException", "OrganizationNotInAllFeaturesModeException"]) => Ok(BTreeSet::new()),
            e => Err(e),
        },
    }
}
