//! `ebs_encryption_default`: whether new EBS volumes and copies of snapshots are encrypted although a request does not ask for it.
//! Existing volumes stay as they are. Source: <https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html>

use serde::{Deserialize, Serialize};

use crate::aws::{AwsResult, Error};
use crate::resource::{AccountClients, AttributeSpec, EventSpec, KindSpec, NamedBy, Need, OnChange, OnRemoval, PartOf, Setting, Weight};
use crate::sandbox::World;

/// The attributes of an `ebs_encryption_default`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EbsEncryptionDefaultAttributes {
    /// Whether encryption is on.
    pub enabled: bool,
}

/// The kind.
pub struct EbsEncryptionDefault;

impl Setting for EbsEncryptionDefault {
    type Attributes = EbsEncryptionDefaultAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "ebs_encryption_default",
        summary: "encryption of all new EBS volumes of an account in a Region",
        attributes: &[AttributeSpec::new("enabled", OnChange::Update)],
        // Without it, new volumes would no longer be encrypted, so nothing but a person turns it off.
        on_removal: OnRemoval::Leave,
        weight: Weight::GuardRail,
        own_id: false,
        part_of: PartOf::Account,
        noun: Some(["EBS encryption default", "EBS encryption defaults"]),
        needs: &[Need::plan(&["ec2:GetEbsEncryptionByDefault"]), Need::apply(&["ec2:EnableEbsEncryptionByDefault"])],
        events: &[EventSpec::changed(&["enabled"], &["ec2:DisableEbsEncryptionByDefault", "ec2:EnableEbsEncryptionByDefault"])],
        // It is the only one of its account and Region.
        named_by: NamedBy::Attributes(&[]),
        ..KindSpec::BASE
    };

    fn calls(_before: Option<&Self::Attributes>, _after: &Self::Attributes) -> Vec<String> {
        vec!["ec2:EnableEbsEncryptionByDefault".to_owned()]
    }

    async fn get(clients: &AccountClients) -> AwsResult<Option<Self::Attributes>> {
        let answer = clients.ec2()?.get_ebs_encryption_by_default().send().await;
        let answer = answer.map_err(|e| Error::sdk("ec2:GetEbsEncryptionByDefault", &e))?;
        Ok(Some(EbsEncryptionDefaultAttributes { enabled: answer.ebs_encryption_by_default.unwrap_or(false) }))
    }

    /// Twice is not an error, since the operation sets a flag. AWS documents no error for it; assumed 2026-12-01.
    async fn put(clients: &AccountClients, after: &Self::Attributes) -> AwsResult<()> {
        if !after.enabled {
            return Err(Error::internal("org.toml never turns the encryption of EBS off"));
        }
        let answer = clients.ec2()?.enable_ebs_encryption_by_default().send().await;
        answer.map(drop).map_err(|e| Error::sdk("ec2:EnableEbsEncryptionByDefault", &e))
    }

    fn copy(attributes: &Self::Attributes, account: &str, region: Option<&str>, copy: &mut World) {
        if let Some(region) = region {
            copy.set_ebs_encryption_default(account, region, attributes.enabled);
        }
    }
}
