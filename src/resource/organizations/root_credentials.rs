//! `root_credentials`: removes the credentials of a member's root user: password, access keys, MFA devices and signing certificates.
//!
//! overlord reads and removes them in short root sessions, each with AWS's policy for the task:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};

use super::calls::never_deleted;
use crate::address::Reference;
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, Need, OnChange, OnRemoval, PartOf, Run, Weight};

/// AWS's policies for reading root credentials and for removing them.
const AUDIT: &str = "IAMAuditRootUserCredentials";
const DELETE: &str = "IAMDeleteRootUserCredentials";

/// How many accounts are read at a time: each has its own rate limits.
const AT_A_TIME: usize = 64;

/// The attributes of a `root_credentials`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootCredentialsAttributes {
    /// The account.
    pub account: Reference,
    /// The existing ones: `password`, `access-key <id>`, `signing-certificate <id>`, `mfa-device <serial number>`. Only the empty set can
    /// be desired.
    pub credentials: BTreeSet<String>,
    /// The central root access that permits their removal from outside.
    pub root_access: Reference,
}

/// The kind.
pub struct RootCredentials;

impl Kind for RootCredentials {
    type Attributes = RootCredentialsAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "root_credentials",
        summary: "the credentials of a member's root user, removed",
        attributes: &[
            AttributeSpec::new("account", OnChange::Update),
            AttributeSpec::new("credentials", OnChange::Delete),
            AttributeSpec::new("root_access", OnChange::Update),
        ],
        on_removal: OnRemoval::Leave,
        weight: Weight::GuardRail,
        part_of: PartOf::Account,
        warns_if_unread: true,
        needs: &[
            Need::plan(&["sts:AssumeRoot"]),
            Need::root_task(Run::Plan, "IAMAuditRootUserCredentials"),
            Need::root_task(Run::Apply, "IAMDeleteRootUserCredentials").on_joining(),
        ],
        events: &[
            // A root user makes them, in its own account's trail: a few kinds of events, in other words each.
            EventSpec::unexplained(&["credentials"]),
            // They are in the address, and never differ alone.
            EventSpec::unexplained(&["account", "root_access"]),
        ],
        noun: Some(["set of root credentials", "sets of root credentials"]),
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let going = before.zip(after).map(|(before, after)| going(before, after)).unwrap_or_default();
        going.into_iter().map(|(credential, _)| credential.deletion().to_owned()).collect()
    }

    /// An account is created without any: existing ones are seen before they are removed.
    async fn create(context: &Context, _after: Self::Attributes) -> Result<String, Error> {
        Err(Error::internal(format!("`{}` is never made", context.address())))
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let root = context.sessions().root(id, DELETE).await?;
        for (credential, name) in going(&before, &after) {
            match credential.delete(&root, name).await {
                Err(e) if e.is(&["NoSuchEntity", "NoSuchEntityException"]) => {}
                result => result?,
            }
        }
        Ok(())
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

/// A credential of a root user, in the order of removal: what protects the password comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Credential {
    Password,
    AccessKey,
    SigningCertificate,
    MfaDevice,
}

impl Credential {
    const ALL: [(&'static str, Self); 4] = [
        ("password", Self::Password),
        ("access-key", Self::AccessKey),
        ("signing-certificate", Self::SigningCertificate),
        ("mfa-device", Self::MfaDevice),
    ];

    fn deletion(self) -> &'static str {
        match self {
            Self::Password => "iam:DeleteLoginProfile",
            Self::AccessKey => "iam:DeleteAccessKey",
            Self::SigningCertificate => "iam:DeleteSigningCertificate",
            Self::MfaDevice => "iam:DeactivateMFADevice",
        }
    }

    async fn delete(self, root: &Client, name: &str) -> AwsResult<()> {
        // The error's type differs per call.
        macro_rules! done {
            ($request:expr) => {
                $request.send().await.map(drop).map_err(|e| Error::sdk(self.deletion(), &e))
            };
        }
        match self {
            Self::Password => done!(root.delete_login_profile()),
            Self::AccessKey => done!(root.delete_access_key().access_key_id(name)),
            Self::SigningCertificate => done!(root.delete_signing_certificate().certificate_id(name)),
            Self::MfaDevice => done!(root.deactivate_mfa_device().serial_number(name)),
        }
    }
}

/// Existing and not desired credentials, in order.
fn going<'a>(before: &'a RootCredentialsAttributes, after: &'a RootCredentialsAttributes) -> Vec<(Credential, &'a str)> {
    let parse = |text: &'a String| {
        let (word, name) = text.split_once(' ').unwrap_or((text, ""));
        Credential::ALL.iter().find(|(known, _)| *known == word).map(|(_, credential)| (*credential, name))
    };
    let mut going: Vec<_> = before.credentials.difference(&after.credentials).filter_map(parse).collect();
    going.sort_unstable();
    going
}

/// The credentials of members' root users, by account; or why they could not be read.
pub(super) type Audits = BTreeMap<String, AwsResult<BTreeSet<String>>>;

/// Reads the root users' credentials of these accounts.
pub(super) async fn audits(sessions: &Sessions, accounts: BTreeSet<String>) -> Audits {
    let read = |account: String| async move {
        let found = audit(sessions, &account).await;
        (account, found)
    };
    stream::iter(accounts).map(read).buffer_unordered(AT_A_TIME).collect().await
}

async fn audit(sessions: &Sessions, account: &str) -> AwsResult<BTreeSet<String>> {
    let root = sessions.root(account, AUDIT).await?;
    // A root user has few of each: one page contains all.
    let (password, keys, certificates, devices) = tokio::try_join!(
        has_password(&root),
        async { root.list_access_keys().send().await.map_err(|e| Error::sdk("iam:ListAccessKeys", &e)) },
        async { root.list_signing_certificates().send().await.map_err(|e| Error::sdk("iam:ListSigningCertificates", &e)) },
        async { root.list_mfa_devices().send().await.map_err(|e| Error::sdk("iam:ListMFADevices", &e)) },
    )?;
    let keys = keys.access_key_metadata().iter().filter_map(|key| Some(format!("access-key {}", key.access_key_id()?)));
    let certificates = certificates.certificates().iter().map(|one| format!("signing-certificate {}", one.certificate_id()));
    let devices = devices.mfa_devices().iter().map(|device| format!("mfa-device {}", device.serial_number()));
    let password = password.then(|| "password".to_owned());
    Ok(keys.chain(certificates).chain(devices).chain(password).collect())
}

async fn has_password(root: &Client) -> AwsResult<bool> {
    match root.get_login_profile().send().await.map_err(|e| Error::sdk("iam:GetLoginProfile", &e)) {
        Ok(_) => Ok(true),
        Err(e) if e.is(&["NoSuchEntity", "NoSuchEntityException"]) => Ok(false),
        Err(e) => Err(e),
    }
}
