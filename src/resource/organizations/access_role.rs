//! The access role of an invited account, created with its owner's credentials: AWS creates one only in accounts that it creates itself.
//! `overlord invite` calls this once the account is a member.
//!
//! A role that overlord created is recognised by its tag, as everywhere. A role that the owner created is reported and left unchanged.

use std::collections::BTreeSet;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AttachedPolicy, Role, Tag};
use percent_encoding::percent_decode_str;

use super::calls::{SETTLING, poll};
use crate::address::Address;
use crate::aws::{AwsResult, Error, Sessions};
use crate::policy::canonical;
use crate::resource::ADDRESS_TAG;
use crate::resource::pages::whole_list;

/// Any type whose canonical form is that of the IAM language.
const IAM_LANGUAGE: &str = "SERVICE_CONTROL_POLICY";
const DESCRIPTION: &str = "Lets the management account of the organization administer this account";

/// The desired role.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The account; its address in the tag shows that overlord created the role.
    pub account: &'a Address,
    /// Its name.
    pub name: &'a str,
    /// Its trust policy: JSON.
    pub trust: &'a str,
    /// The ARN of the managed policy that it has.
    pub policy: &'a str,
}

/// The result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessRoleState {
    /// It was missing, or left incomplete by an earlier attempt, and exists now.
    Made,
    /// It already existed as desired.
    There,
    /// The owner created it with the desired trust policy. The owner decides about its permissions.
    Owners,
    /// A role of that name exists with another trust policy. It was left unchanged.
    TrustsOthers,
}

/// Creates the role in the account of `owner` if it is missing. A lost answer does no harm: the created role is found.
///
/// # Errors
/// AWS refused; the deadline; the interrupt.
pub async fn make(owner: &Sessions, wanted: Wanted<'_>) -> AwsResult<AccessRoleState> {
    let client = owner.iam();
    if let Some(role) = find(&client, wanted.name).await? {
        return complete(owner, wanted, &role).await;
    }
    match create(&client, wanted).await {
        Ok(()) => attach(owner, wanted).await.map(|()| AccessRoleState::Made),
        Err(e) if e.is(&["EntityAlreadyExists", "EntityAlreadyExistsException"]) => {
            let what = format!("the role `{}`, which AWS says is there, to be found", wanted.name);
            let role = poll(what, SETTLING).until(owner.request_gate().interrupt(), || find(&client, wanted.name)).await?;
            complete(owner, wanted, &role).await
        }
        Err(e) => Err(e),
    }
}

/// What is still missing in an existing role.
async fn complete(owner: &Sessions, wanted: Wanted<'_>, role: &Role) -> AwsResult<AccessRoleState> {
    let trust = percent_decode_str(role.assume_role_policy_document().unwrap_or_default()).decode_utf8_lossy();
    if canonical(IAM_LANGUAGE, &trust) != canonical(IAM_LANGUAGE, wanted.trust) {
        return Ok(AccessRoleState::TrustsOthers);
    }
    let address = wanted.account.to_string();
    if !role.tags().iter().any(|tag| tag.key() == ADDRESS_TAG && tag.value() == address) {
        return Ok(AccessRoleState::Owners);
    }
    if attached(&owner.iam(), wanted.name).await?.contains(wanted.policy) {
        return Ok(AccessRoleState::There);
    }
    attach(owner, wanted).await.map(|()| AccessRoleState::Made)
}

async fn find(client: &Client, name: &str) -> AwsResult<Option<Role>> {
    match client.get_role().role_name(name).send().await.map_err(|e| Error::sdk("iam:GetRole", &e)) {
        Ok(answer) => Ok(answer.role),
        Err(e) if is_missing(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

async fn create(client: &Client, wanted: Wanted<'_>) -> AwsResult<()> {
    let tag = Tag::builder().key(ADDRESS_TAG).value(wanted.account.to_string()).build().map_err(|e| Error::internal(e.to_string()))?;
    let request = client.create_role().role_name(wanted.name).assume_role_policy_document(wanted.trust);
    let answer = request.description(DESCRIPTION).tags(tag).send().await;
    answer.map(drop).map_err(|e| Error::sdk("iam:CreateRole", &e))
}

/// Attaches the policy; AWS may not find a new role everywhere yet.
async fn attach(owner: &Sessions, wanted: Wanted<'_>) -> AwsResult<()> {
    let client = owner.iam();
    let ask = || async {
        let answer = client.attach_role_policy().role_name(wanted.name).policy_arn(wanted.policy).send().await;
        match answer.map_err(|e| Error::sdk("iam:AttachRolePolicy", &e)) {
            Ok(_) => Ok(Some(())),
            Err(e) if is_missing(&e) => Ok(None),
            Err(e) => Err(e),
        }
    };
    poll(format!("the role `{}` to take its policy", wanted.name), SETTLING).until(owner.request_gate().interrupt(), ask).await
}

async fn attached(client: &Client, name: &str) -> AwsResult<BTreeSet<String>> {
    const OPERATION: &str = "iam:ListAttachedRolePolicies";
    let policies = whole_list(
        OPERATION,
        |policy: &AttachedPolicy| policy.policy_arn(),
        |token| {
            let page = client.list_attached_role_policies().role_name(name).set_marker(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk(OPERATION, &e))?;
                Ok((page.attached_policies, page.marker))
            }
        },
    );
    Ok(policies.await?.into_iter().filter_map(|policy| policy.policy_arn).collect())
}

fn is_missing(error: &Error) -> bool {
    error.is(&["NoSuchEntity", "NoSuchEntityException"])
}
