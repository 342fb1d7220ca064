//! IAM: central root access, and the root user's credentials of a member account, as a root session sees them. Roles are in `roles.rs`, the
//! policy simulator in `simulate.rs`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html>

use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Value, json};

use super::roles;
use super::simulate;
use super::sts::{Caller, ROOT_SESSION};
use super::wire::{Call, Outcome, Refusal};
use super::world::{FeatureSet, World};

/// The service that must be trusted first.
const PRINCIPAL: &str = "iam.amazonaws.com";

/// The feature that lets root credentials be removed.
pub(super) const CREDENTIALS: &str = "RootCredentialsManagement";

/// AWS's policies that root sessions can have here: that which reads, and that which reads and removes.
pub(super) const AUDIT: &str = "IAMAuditRootUserCredentials";
pub(super) const DELETE: &str = "IAMDeleteRootUserCredentials";

fn gone(what: &str) -> Refusal {
    Refusal::new("NoSuchEntity", format!("The root user has no {what}."))
}

/// A time in milliseconds since 1970, as IAM writes it.
pub(super) fn date(ms: u64) -> String {
    let time = DateTime::from_secs((ms / 1_000) as i64);
    time.fmt(Format::DateTime).unwrap_or_default()
}

pub(super) fn read(call: &Call, caller: &Caller, world: &World) -> Outcome {
    if roles::OPERATIONS.contains(&call.operation.as_str()) {
        return roles::read(call, caller, world);
    }
    if call.operation == "ListOrganizationsFeatures" {
        manages_root(caller, world)?;
        return Ok(features(world));
    }
    if call.operation == "SimulateCustomPolicy" {
        no_session_of_root(call, caller)?;
        return simulate::simulate(call, &caller.account, world);
    }
    is_root(call, caller, &[AUDIT, DELETE])?;
    let created = date(world.clock_ms);
    let all = |word: &str| names(world, &caller.account, word);
    match call.operation.as_str() {
        "GetLoginProfile" => match has(world, &caller.account, "password") {
            true => Ok(json!({ "LoginProfile": { "UserName": "root", "CreateDate": created, "PasswordResetRequired": false } })),
            false => Err(gone("password")),
        },
        "ListAccessKeys" => {
            let key = |id: String| json!({ "UserName": "root", "AccessKeyId": id, "Status": "Active", "CreateDate": created });
            Ok(json!({ "AccessKeyMetadata": all("access-key").into_iter().map(key).collect::<Value>(), "IsTruncated": false }))
        }
        "ListMFADevices" => {
            let device = |serial: String| json!({ "UserName": "root", "SerialNumber": serial, "EnableDate": created });
            Ok(json!({ "MFADevices": all("mfa-device").into_iter().map(device).collect::<Value>(), "IsTruncated": false }))
        }
        _ => {
            let certificate =
                |id: String| json!({ "UserName": "root", "CertificateId": id, "CertificateBody": "sandbox", "Status": "Active" });
            Ok(json!({ "Certificates": all("signing-certificate").into_iter().map(certificate).collect::<Value>(), "IsTruncated": false }))
        }
    }
}

pub(super) fn write(call: &Call, caller: &Caller, world: &mut World) -> Outcome {
    if roles::OPERATIONS.contains(&call.operation.as_str()) {
        return roles::write(call, caller, world);
    }
    let feature = match call.operation.as_str() {
        "EnableOrganizationsRootCredentialsManagement" => Some(CREDENTIALS),
        "EnableOrganizationsRootSessions" => Some("RootSessions"),
        _ => None,
    };
    if let Some(feature) = feature {
        manages_root(caller, world)?;
        world.root_features.insert(feature.to_owned());
        return Ok(features(world));
    }
    is_root(call, caller, &[DELETE])?;
    let input = call.input.as_ref().map_err(Clone::clone)?;
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let credential = match call.operation.as_str() {
        "DeleteLoginProfile" => "password".to_owned(),
        "DeleteAccessKey" => format!("access-key {}", text("AccessKeyId")),
        "DeleteSigningCertificate" => format!("signing-certificate {}", text("CertificateId")),
        _ => format!("mfa-device {}", text("SerialNumber")),
    };
    match world.root_credentials.get_mut(&caller.account).is_some_and(|has| has.remove(&credential)) {
        true => Ok(Value::Null),
        false => Err(gone(&credential)),
    }
}

fn features(world: &World) -> Value {
    let organization = world.organization.as_ref().map(|organization| organization.id.clone());
    json!({ "OrganizationId": organization.unwrap_or_default(), "EnabledFeatures": world.root_features })
}

/// Only for the management account of an organization with all features that trusts IAM.
fn manages_root(caller: &Caller, world: &World) -> Result<(), Refusal> {
    let Some(organization) = &world.organization else {
        return Err(Refusal::new("OrganizationNotFoundException", "The account is in no organization."));
    };
    if caller.account != world.management_account {
        let code = "AccountNotManagementOrDelegatedAdministratorException";
        return Err(Refusal::new(code, "The account is neither the management account nor a delegated administrator."));
    }
    if organization.feature_set != FeatureSet::All {
        return Err(Refusal::new("OrganizationNotInAllFeaturesModeException", "The organization has not all features."));
    }
    match world.trusted_services.contains_key(PRINCIPAL) {
        true => Ok(()),
        false => Err(Refusal::new("ServiceAccessNotEnabledException", "The organization does not trust iam.amazonaws.com.")),
    }
}

/// Whether the caller is a root session with one of these policies.
fn is_root(call: &Call, caller: &Caller, tasks: &[&str]) -> Result<(), Refusal> {
    match &caller.session {
        Some((role, task)) if role == ROOT_SESSION && tasks.contains(&task.as_str()) => Ok(()),
        Some(_) | None => Err(denied(call, caller)),
    }
}

/// What a root session may not do: anything but its task.
pub(super) fn no_session_of_root(call: &Call, caller: &Caller) -> Result<(), Refusal> {
    match &caller.session {
        Some((role, _)) if role == ROOT_SESSION => Err(denied(call, caller)),
        Some(_) | None => Ok(()),
    }
}

fn denied(call: &Call, caller: &Caller) -> Refusal {
    let message = format!("{} is not authorized to perform: {}", caller.account, call.name());
    call.service.denied(message)
}

fn has(world: &World, account: &str, credential: &str) -> bool {
    world.root_credentials.get(account).is_some_and(|has| has.contains(credential))
}

fn names(world: &World, account: &str, word: &str) -> Vec<String> {
    let all = world.root_credentials.get(account).into_iter().flatten();
    all.filter_map(|credential| Some(credential.strip_prefix(word)?.strip_prefix(' ')?.to_owned())).collect()
}
