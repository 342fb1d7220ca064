//! `trusted_service`: an AWS service that may act in the organization.

use serde::{Deserialize, Serialize};

use super::calls::never_deleted;
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::network::SHARING_SERVICE;
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, NamedBy, Need, OnChange, OnRemoval};

/// The attributes of a `trusted_service`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrustedServiceAttributes {
    /// The organization.
    pub organization: Reference,
    /// The service principal, such as `config.amazonaws.com`.
    pub service: String,
}

/// The JSON of RAM's name.
const RAM: &str = "\"ram.amazonaws.com\"";

/// The kind.
pub struct TrustedService;

impl Kind for TrustedService {
    type Attributes = TrustedServiceAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "trusted_service",
        summary: "an AWS service that may act in the organization",
        attributes: &[AttributeSpec::new("organization", OnChange::Update), AttributeSpec::new("service", OnChange::Update)],
        on_removal: OnRemoval::Report,
        own_id: false,
        needs: &[
            Need::plan(&["organizations:ListAWSServiceAccessForOrganization"]),
            Need::apply(&["organizations:EnableAWSServiceAccess"]),
            // EnableSharingWithAwsOrganization enables the access of RAM in the caller's name.
            Need::apply(&["ram:EnableSharingWithAwsOrganization"]).when("service", RAM),
            Need::linked_role("ram.amazonaws.com").when("service", RAM),
        ],
        events: &[
            EventSpec::gone(&["organizations:DisableAWSServiceAccess"]),
            // They are in the address, and never differ alone.
            EventSpec::unexplained(&["organization", "service"]),
        ],
        named_by: NamedBy::Attributes(&["service"]),
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let enable = after.filter(|_| before != after).map(|after| match after.service.as_str() {
            SHARING_SERVICE => "ram:EnableSharingWithAwsOrganization",
            _ => "organizations:EnableAWSServiceAccess",
        });
        enable.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        // Enabling a service that is enabled is not an error.
        if after.service == SHARING_SERVICE {
            // RAM enables the access itself, and creates its service-linked role.
            // <https://docs.aws.amazon.com/ram/latest/APIReference/API_EnableSharingWithAwsOrganization.html>
            let request = context.sessions().sharing().enable_sharing_with_aws_organization();
            request.send().await.map_err(|e| Error::sdk("ram:EnableSharingWithAwsOrganization", &e))?;
            return Ok(after.service);
        }
        let request = context.sessions().organizations().enable_aws_service_access().service_principal(&after.service);
        request.send().await.map_err(|e| Error::sdk("organizations:EnableAWSServiceAccess", &e))?;
        Ok(after.service)
    }

    async fn update(context: &Context, _id: &str, _before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        Self::create(context, after).await.map(drop)
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}
