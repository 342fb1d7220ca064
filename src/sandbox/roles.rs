//! IAM roles: the roles that owners create in their accounts, who may assume them, and what their sessions may do.
//!
//! Of a trust policy, the sandbox reads only what AWS's documentation of cross-account access shows: statements that let accounts assume the
//! role, with or without an external id. Of permissions, it knows only that a role without a policy has none.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::iam::{date, no_session_of_root};
use super::service::Service;
use super::sts::Caller;
use super::wire::{Call, Outcome, Refusal};
use super::world::World;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A role that was made through IAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Who may assume it: the document as it was sent.
    pub trust: String,
    /// The ARNs of the managed policies that it has.
    #[serde(default)]
    pub policies: BTreeSet<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// When it was made (ms).
    pub made_ms: u64,
    /// The longest that a session of it may last, in seconds; `None` is an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_session_seconds: Option<u64>,
}

/// AWS's own policies, by what follows [`AWS_POLICY`] in their ARN.
static AWS_POLICIES: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| include_str!("managed_policies.txt").lines().filter(|line| !line.starts_with('#')).collect());
const AWS_POLICY: &str = "arn:aws:iam::aws:policy/";

/// How long a session lasts that asks for nothing else.
const HOUR: u64 = 3_600;

impl Role {
    /// The longest that a session of it may last, in seconds.
    pub(super) fn longest_session(&self) -> u64 {
        self.max_session_seconds.unwrap_or(HOUR)
    }

    /// Whether callers of `account` may assume it with that external id.
    pub(super) fn trusts(&self, account: &str, external_id: Option<&str>) -> bool {
        let document: Value = serde_json::from_str(&self.trust).unwrap_or_default();
        document.get("Statement").is_some_and(|statements| each(statements).any(|one| lets_in(one, account, external_id)))
    }
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

fn lets_in(statement: &Value, account: &str, external_id: Option<&str>) -> bool {
    let has = |pointer: &str, wanted: &[&str]| {
        statement.pointer(pointer).is_some_and(|values| each(values).any(|value| value.as_str().is_some_and(|text| wanted.contains(&text))))
    };
    let root = format!("arn:aws:iam::{account}:root");
    let conditions = statement.get("Condition").and_then(Value::as_object);
    // No caller is known to meet any other condition.
    let met = conditions.is_none_or(|conditions| {
        conditions.is_empty()
            || (conditions.len() == 1 && external_id.is_some_and(|id| has("/Condition/StringEquals/sts:ExternalId", &[id])))
    });
    has("/Effect", &["Allow"]) && has("/Action", &["sts:AssumeRole", "sts:*"]) && has("/Principal/AWS", &[account, root.as_str()]) && met
}

impl World {
    /// The role of that name in an account: one that was made through IAM, or one of those that are only known by name.
    pub(super) fn role(&self, account: &str, name: &str) -> Option<Cow<'_, Role>> {
        if let Some(made) = self.roles.get(account).and_then(|roles| roles.get(name)) {
            return Some(Cow::Borrowed(made));
        }
        let member = self.accounts.get(account).filter(|account| account.roles.contains(name));
        let external_id = match (member, self.external_accounts.get(account).and_then(|outsider| outsider.roles.get(name))) {
            (Some(member), _) => member.external_ids.get(name),
            (None, Some(outside)) => outside.as_ref(),
            (None, None) => return None,
        };
        let principal = format!("arn:aws:iam::{}:root", self.management_account);
        let mut statement = json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole" });
        if let (Some(id), Some(statement)) = (external_id, statement.as_object_mut()) {
            statement.insert("Condition".to_owned(), json!({ "StringEquals": { "sts:ExternalId": id } }));
        }
        Some(Cow::Owned(Role {
            trust: json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string(),
            policies: BTreeSet::from([ADMINISTRATOR.to_owned()]),
            tags: BTreeMap::new(),
            made_ms: 0,
            max_session_seconds: None,
        }))
    }
}

/// Refuses every call of a session whose role has no policy.
pub(super) fn permit(call: &Call, caller: &Caller, world: &World) -> Result<(), Refusal> {
    let powerless = |(role, _): &(String, String)| world.role(&caller.account, role).is_some_and(|role| role.policies.is_empty());
    // It needs no permission: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    let is_free = call.service == Service::Sts && call.operation == "GetCallerIdentity";
    match !is_free && caller.session.as_ref().is_some_and(powerless) {
        true => Err(call.service.denied(format!("{} is not authorized to perform: {}", caller.arn(), call.name()))),
        false => Ok(()),
    }
}

/// The operations about roles.
pub(super) const OPERATIONS: [&str; 4] = ["AttachRolePolicy", "CreateRole", "GetRole", "ListAttachedRolePolicies"];

/// The parameters of a request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    role_name: String,
    #[serde(default)]
    assume_role_policy_document: String,
    #[serde(default)]
    policy_arn: String,
    max_session_duration: Option<u64>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

impl Input {
    fn of(call: &Call, caller: &Caller) -> Result<Self, Refusal> {
        no_session_of_root(call, caller)?;
        call.parse()
    }
}

fn no_such_entity(message: String) -> Refusal {
    Refusal::new("NoSuchEntity", message)
}

fn no_role(name: &str) -> Refusal {
    no_such_entity(format!("The role with name {name} cannot be found."))
}

pub(super) fn read(call: &Call, caller: &Caller, world: &World) -> Outcome {
    let name = &Input::of(call, caller)?.role_name;
    let role = world.role(&caller.account, name).ok_or_else(|| no_role(name))?;
    if call.operation == "GetRole" {
        return Ok(json!({ "Role": shown(&caller.account, name, &role) }));
    }
    let attached = role.policies.iter().map(|arn| json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn }));
    Ok(json!({ "AttachedPolicies": attached.collect::<Value>(), "IsTruncated": false }))
}

pub(super) fn write(call: &Call, caller: &Caller, world: &mut World) -> Outcome {
    let input = Input::of(call, caller)?;
    match call.operation.as_str() {
        "CreateRole" => create(input, &caller.account, world),
        _ => attach(&input, &caller.account, world),
    }
}

fn create(input: Input, account: &str, world: &mut World) -> Outcome {
    let (name, trust) = (input.role_name.as_str(), input.assume_role_policy_document);
    let has_statements = |document: Value| document.get("Statement").is_some();
    if !serde_json::from_str(&trust).is_ok_and(has_statements) {
        return Err(Refusal::new("MalformedPolicyDocument", "This policy contains invalid Json"));
    }
    if world.role(account, name).is_some() {
        return Err(Refusal::new("EntityAlreadyExists", format!("Role with name {name} already exists.")));
    }
    let tags = input.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    let max_session_seconds = input.max_session_duration;
    let role = Role { trust, policies: BTreeSet::new(), tags, made_ms: world.clock_ms, max_session_seconds };
    let answer = json!({ "Role": shown(account, name, &role) });
    world.roles.entry(account.to_owned()).or_default().insert(name.to_owned(), role);
    Ok(answer)
}

/// Attaching what is attached is no error: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html>
fn attach(input: &Input, account: &str, world: &mut World) -> Outcome {
    let (name, policy) = (input.role_name.as_str(), input.policy_arn.as_str());
    let mut role = world.role(account, name).ok_or_else(|| no_role(name))?.into_owned();
    // The sandbox has no policies that customers made.
    if !policy.strip_prefix(AWS_POLICY).is_some_and(|name| AWS_POLICIES.contains(name)) {
        return Err(no_such_entity(format!("Policy {policy} does not exist or is not attachable.")));
    }
    role.policies.insert(policy.to_owned());
    world.roles.entry(account.to_owned()).or_default().insert(name.to_owned(), role);
    Ok(Value::Null)
}

fn shown(account: &str, name: &str, role: &Role) -> Value {
    let tags: Value = role.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    json!({
        "Path": "/",
        "RoleName": name,
        "RoleId": format!("AROA{account}"),
        "Arn": format!("arn:aws:iam::{account}:role/{name}"),
        "CreateDate": date(role.made_ms),
        "AssumeRolePolicyDocument": utf8_percent_encode(&role.trust, NON_ALPHANUMERIC).to_string(),
        "MaxSessionDuration": role.longest_session(),
        "Tags": tags,
    })
}
