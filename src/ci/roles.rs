//! The roles of the jobs as a CloudFormation template. Each trusts only the repository and has only the permissions that org.toml needs.

use serde_json::{Map, Value, json};

use super::{Platform, Trigger};
use crate::permissions::{MANAGED_POLICY_SIZE, Permissions, Run, Who};
use crate::resource::Desired;

/// Who signs the tokens of a platform.
struct Issuer {
    /// The host, with its path.
    host: &'static str,
    audience: &'static str,
    /// An example of a repository.
    example: &'static str,
    /// What a repository's name looks like.
    pattern: &'static str,
}

/// <https://docs.github.com/actions/reference/security/oidc>
const GITHUB: Issuer = Issuer {
    host: "token.actions.githubusercontent.com",
    audience: "sts.amazonaws.com",
    example: "OWNER/NAME",
    pattern: "[^/*?@]+/[^/*?@]+",
};

/// <https://docs.gitlab.com/ci/secrets/id_token_authentication/>
const GITLAB: Issuer = Issuer { host: "gitlab.com", audience: "https://gitlab.com", example: "GROUP/NAME", pattern: "[^/*?]+(/[^/*?]+)+" };

/// The jobs that a role trusts.
struct Trust {
    /// What subjects end with.
    subjects: &'static [&'static str],
    /// Claims that must be these, whatever the subject says.
    claims: &'static [(&'static str, &'static str)],
    /// The workflow that a job must belong to, if the subject does not say it.
    workflow: Option<&'static str>,
}

const MAIN: (&str, &str) = ("ref", "refs/heads/main");

impl Trust {
    /// Jobs that may plan: those of pull requests, which anybody who can push a branch can write, and those of the branch `main`.
    fn plans(platform: Platform) -> Self {
        let subjects: &[_] = match platform {
            Platform::GitLab => &["ref_type:branch:ref:*"],
            Platform::GitHub | Platform::Cron => &["pull_request", "ref:refs/heads/main"],
        };
        Self { subjects, claims: &[], workflow: None }
    }

    /// Jobs that may apply: of the branch `main` alone. An environment of GitHub is open to every branch unless it is restricted, and IAM
    /// takes the branch as a condition.
    fn applies(platform: Platform, trigger: Trigger) -> Self {
        match (platform, trigger) {
            (Platform::GitLab, _) => Self { subjects: &["ref_type:branch:ref:main"], claims: &[], workflow: None },
            (_, Trigger::Merge) => Self { subjects: &["environment:production"], claims: &[MAIN], workflow: None },
            (_, Trigger::Manual) => {
                let workflow = "*/.github/workflows/overlord-apply.yml@refs/heads/main";
                Self { subjects: &["ref:refs/heads/main"], claims: &[MAIN], workflow: Some(workflow) }
            }
        }
    }
}

impl Issuer {
    /// The conditions on a token. Repositories of GitHub that were made, renamed or transferred since 2026-07-15 send the ids of the owner and
    /// of the repository in the subject, and others do not: both are trusted. No owner's name has an `@`, so neither form is wider.
    /// <https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens> (2026-12-01)
    fn conditions(&self, platform: Platform, trust: &Trust) -> Value {
        let key = |claim: &str| format!("{}:{claim}", self.host);
        let mut equals = Map::new();
        let mut like = Map::new();
        equals.insert(key("aud"), json!(self.audience));
        for (claim, value) in trust.claims {
            equals.insert(key(claim), json!(value));
        }
        let mut subjects = Vec::new();
        for subject in trust.subjects {
            match platform {
                Platform::GitLab => subjects.push(json!({ "Fn::Sub": format!("project_path:${{Repository}}:{subject}") })),
                Platform::GitHub | Platform::Cron => {
                    subjects.push(json!({ "Fn::Sub": format!("repo:${{Repository}}:{subject}") }));
                    let part = |index: u8| json!({ "Fn::Select": [index, { "Fn::Split": ["/", { "Ref": "Repository" }] }] });
                    let text = format!("repo:${{Owner}}@${{OwnerId}}/${{Name}}@${{RepositoryId}}:{subject}");
                    subjects.push(json!({ "Fn::Sub": [text, { "Owner": part(0), "Name": part(1) }] }));
                }
            }
        }
        if platform == Platform::GitHub {
            // Where the id is given, a new repository under the old name is another one.
            let id = json!({ "Fn::If": ["KnowsRepository", { "Ref": "RepositoryId" }, { "Ref": "AWS::NoValue" }] });
            equals.insert(key("repository_id"), id);
        }
        like.insert(key("sub"), subjects.into());
        if let Some(workflow) = trust.workflow {
            like.insert(key("job_workflow_ref"), json!(workflow));
        }
        json!({ "StringEquals": equals, "StringLike": like })
    }

    fn parameters(&self, platform: Platform) -> Value {
        let mut parameters = json!({
            "Repository": { "Type": "String", "Description": format!("The repository, as {}", self.example), "AllowedPattern": self.pattern },
            "IssuerExists": {
                "Type": "String", "AllowedValues": ["yes", "no"], "Default": "no",
                "Description": format!("Whether the account has an OIDC provider for {} already", self.host),
            },
        });
        if let (Platform::GitHub, Some(parameters)) = (platform, parameters.as_object_mut()) {
            let id = |of: &str| {
                json!({
                    "Type": "String", "AllowedPattern": "[0-9]+|[*]", "Default": "*",
                    "Description": format!("The numeric id of the {of}; * trusts any"),
                })
            };
            parameters.insert("OwnerId".to_owned(), id("owner"));
            parameters.insert("RepositoryId".to_owned(), id("repository"));
        }
        parameters
    }
}

/// The template; `None` where no platform signs tokens.
pub(super) fn template(platform: Platform, trigger: Trigger, desired: &Desired) -> Option<Value> {
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
    let conditions = |trust: &Trust| issuer.conditions(platform, trust);
    let (plans, applies) = (conditions(&Trust::plans(platform)), conditions(&Trust::applies(platform, trigger)));
    role(&mut resources, ("Plan", 3_600), (&issuer, &plans), &Permissions::of(desired, Run::Plan));
    // As long as a job may run: an apply is not cut short for its credentials.
    role(&mut resources, ("Apply", 21_600), (&issuer, &applies), &Permissions::of(desired, Run::Apply));
    let mut conditions = json!({ "MakesIssuer": { "Fn::Equals": [{ "Ref": "IssuerExists" }, "no"] } });
    if let (Platform::GitHub, Some(conditions)) = (platform, conditions.as_object_mut()) {
        let unknown = json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "RepositoryId" }, "*"] }] });
        conditions.insert("KnowsRepository".to_owned(), unknown);
    }
    Some(json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The roles that overlord's jobs take, made by overlord init ci from org.toml",
        "Parameters": issuer.parameters(platform),
        "Conditions": conditions,
        "Resources": resources,
    }))
}

/// `seconds` is how long its sessions may last.
fn role(
    resources: &mut Map<String, Value>,
    (name, seconds): (&str, u32),
    (issuer, conditions): (&Issuer, &Value),
    permissions: &Permissions,
) {
    // The reference makes the role wait for the provider that the stack makes.
    let provider = format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:oidc-provider/{}", issuer.host);
    let trust = json!({
        "Effect": "Allow",
        "Principal": { "Federated": { "Fn::If": ["MakesIssuer", { "Ref": "Issuer" }, { "Fn::Sub": provider }] } },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
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
            "Description": "overlord plans and looks for drift with it; it allows only reads",
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
