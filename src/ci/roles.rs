//! The roles that jobs take, as a CloudFormation template: each with the least that org.toml needs, each for the repository alone.

use serde_json::{Map, Value, json};

use super::Platform;
use crate::permissions::{MANAGED_POLICY_SIZE, Permissions, Run, Who};
use crate::resource::Desired;

/// Who signs the tokens of a platform, and what of them a role trusts.
struct Issuer {
    /// The host, with its path.
    host: &'static str,
    audience: &'static str,
    /// The subjects of jobs that may plan; `{}` is the repository.
    plans: &'static [&'static str],
    /// Those that may apply.
    applies: &'static [&'static str],
    /// An example of a repository.
    example: &'static str,
}

/// <https://docs.github.com/actions/reference/security/oidc>
const GITHUB: Issuer = Issuer {
    host: "token.actions.githubusercontent.com",
    audience: "sts.amazonaws.com",
    plans: &["repo:${Repository}:pull_request", "repo:${Repository}:ref:refs/heads/main"],
    applies: &["repo:${Repository}:environment:production"],
    example: "OWNER/NAME",
};

/// <https://docs.gitlab.com/ci/secrets/id_token_authentication/>
const GITLAB: Issuer = Issuer {
    host: "gitlab.com",
    audience: "https://gitlab.com",
    plans: &["project_path:${Repository}:ref_type:branch:ref:*"],
    applies: &["project_path:${Repository}:ref_type:branch:ref:main"],
    example: "GROUP/NAME",
};

/// The partition of the organization's Region.
pub(super) fn partition(desired: &Desired) -> &'static str {
    match desired.home_region.as_str() {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The template; `None` where no platform signs tokens.
pub(super) fn template(platform: Platform, desired: &Desired) -> Option<Value> {
    let issuer = match platform {
        Platform::GitHub => GITHUB,
        Platform::GitLab => GITLAB,
        Platform::Cron => return None,
    };
    let mut resources = Map::new();
    resources.insert(
        "Issuer".to_owned(),
        json!({
            "Type": "AWS::IAM::OIDCProvider",
            "Condition": "MakesIssuer",
            "Properties": { "Url": format!("https://{}", issuer.host), "ClientIdList": [issuer.audience] },
        }),
    );
    role(&mut resources, ("Plan", 3_600), issuer.plans, &Permissions::of(desired, Run::Plan), &issuer);
    // As long as a job may run: an apply is not cut short for its credentials.
    role(&mut resources, ("Apply", 21_600), issuer.applies, &Permissions::of(desired, Run::Apply), &issuer);
    Some(json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The roles that overlord's jobs take, made by overlord init ci from org.toml",
        "Parameters": {
            "Repository": { "Type": "String", "Description": format!("The repository, as {}", issuer.example), "AllowedPattern": "[^/*?]+(/[^/*?]+)+" },
            "IssuerExists": {
                "Type": "String", "AllowedValues": ["yes", "no"], "Default": "no",
                "Description": format!("Whether the account has an OIDC provider for {} already", issuer.host),
            },
        },
        "Conditions": { "MakesIssuer": { "Fn::Equals": [{ "Ref": "IssuerExists" }, "no"] } },
        "Resources": resources,
    }))
}

/// `seconds` is how long its sessions may last.
fn role(resources: &mut Map<String, Value>, (name, seconds): (&str, u32), subjects: &[&str], permissions: &Permissions, issuer: &Issuer) {
    let subject: Vec<Value> = subjects.iter().map(|subject| json!({ "Fn::Sub": subject })).collect();
    let (audience_key, subject_key) = (format!("{}:aud", issuer.host), format!("{}:sub", issuer.host));
    let trust = json!({
        "Effect": "Allow",
        "Principal": { "Federated": { "Fn::Sub": format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:oidc-provider/{}", issuer.host) } },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": { audience_key: issuer.audience }, "StringLike": { subject_key: subject } },
    });
    let mut properties = json!({
        "RoleName": format!("overlord-{}", name.to_lowercase()),
        "Description": format!("overlord {}, for the jobs of one repository", name.to_lowercase()),
        "MaxSessionDuration": seconds,
        "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [trust] },
    });
    let documents = packed(&permissions.document(Who::Caller));
    let policies: Vec<String> = (1..=documents.len()).map(|number| format!("{name}Policy{number}")).collect();
    if let Some(properties) = properties.as_object_mut() {
        let references: Vec<Value> = policies.iter().map(|policy| json!({ "Ref": policy })).collect();
        properties.insert("ManagedPolicyArns".to_owned(), references.into());
    }
    for (policy, document) in policies.into_iter().zip(documents) {
        resources.insert(policy, json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": { "PolicyDocument": document } }));
    }
    resources.insert(format!("{name}Role"), json!({ "Type": "AWS::IAM::Role", "Properties": properties }));
}

/// The role that plans assume in members, for a StackSet of the organization: it reads what they need, and trusts the management account.
pub(super) fn of_members(desired: &Desired) -> Option<Value> {
    let name = desired.plan_role.as_ref()?;
    let management = format!("arn:${{AWS::Partition}}:iam::{}:root", desired.management_account);
    let mut trust = json!({ "Effect": "Allow", "Principal": { "AWS": { "Fn::Sub": management } }, "Action": "sts:AssumeRole" });
    if let (Some(id), Some(trust)) = (&desired.external_id, trust.as_object_mut()) {
        trust.insert("Condition".to_owned(), json!({ "StringEquals": { "sts:ExternalId": id } }));
    }
    let mut resources = Map::new();
    let documents = packed(&Permissions::of(desired, Run::Plan).document(Who::AccessRole));
    // Where nothing is read in members, the role is only tried.
    let documents: Vec<Value> = documents.into_iter().filter(|document| document.get("Statement") != Some(&json!([]))).collect();
    let policies: Vec<String> = (1..=documents.len()).map(|number| format!("Policy{number}")).collect();
    let references: Vec<Value> = policies.iter().map(|policy| json!({ "Ref": policy })).collect();
    resources.insert(
        "Role".to_owned(),
        json!({ "Type": "AWS::IAM::Role", "Properties": {
            "RoleName": name,
            "Description": "overlord plans and looks for drift: it reads",
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [trust] },
            "ManagedPolicyArns": references,
        } }),
    );
    for (policy, document) in policies.into_iter().zip(documents) {
        resources.insert(policy, json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": { "PolicyDocument": document } }));
    }
    Some(json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role that overlord assumes in members to read, made by overlord init ci from org.toml",
        "Resources": resources,
    }))
}

/// A policy as several, each of which IAM takes.
fn packed(document: &Value) -> Vec<Value> {
    let version = document.get("Version");
    let of = |statements: &[Value]| json!({ "Version": version, "Statement": statements });
    let mut packed: Vec<Vec<Value>> = vec![Vec::new()];
    for statement in document.get("Statement").and_then(Value::as_array).into_iter().flatten() {
        if let Some(last) = packed.last_mut() {
            last.push(statement.clone());
            if last.len() > 1 && of(last).to_string().chars().count() > MANAGED_POLICY_SIZE {
                last.pop();
                packed.push(vec![statement.clone()]);
            }
        }
    }
    packed.iter().map(|statements| of(statements)).collect()
}
