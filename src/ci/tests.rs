//! What the generated roles may do, by the policy evaluator: the plan role may never write, whatever else a request contains.

use std::path::Path;

use serde_json::Value;

use super::*;
use crate::aws::operations::{Effect, OPERATIONS};
use crate::config::{self, Files};
use crate::policy::{Context, Effect as Says, Fact, Policy, Truth, question};

const PLAIN: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
trusted_services = ["account.amazonaws.com", "iam.amazonaws.com"]
root_access = "central"
policies = ["FullAWSAccess", "rail"]
[ou.work]
[policy.rail]
[account.one]
email = "one@example.org"
ou = "work"
"#;

const NETWORKS: &str = r#"
root_credentials = "remove"
vpc = ["main"]
default_vpc = "remove"
[pool.main]
cidr = "10.0.0.0/8"
[vpc.main]
region = "eu-west-1"
pool = "main"
prefix = 20
zones = 2
nat = "regional"
endpoints = ["s3", "ssm"]
peering = "mesh"
flow_logs = "arn:aws:s3:::flows"
tiers = { public = 50, private = 50 }
"#;

fn desired(text: &str) -> Desired {
    let read = |_: &Path| Ok(br#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#.to_vec());
    match config::load_with(Path::new("org.toml"), Ok(text.as_bytes().to_vec()), &Files::new("", &read)) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

/// Without networks, with them, and with them and a role that org.toml names.
fn configurations() -> [Desired; 3] {
    let named = "home_region = \"eu-west-1\"\nplan_role = \"reads\"\nexternal_id = \"of-ours\"";
    let networks = format!("{PLAIN}{NETWORKS}");
    [desired(PLAIN), desired(&networks), desired(&networks.replacen("home_region = \"eu-west-1\"", named, 1))]
}

fn json(files: &BTreeMap<String, String>, path: &str) -> Value {
    serde_json::from_str(&files[path]).unwrap()
}

/// The policies of a role in a template.
fn policies(template: &Value, role: &str) -> Vec<Policy> {
    let resources = &template["Resources"];
    let references = resources[role]["Properties"]["ManagedPolicyArns"].as_array().unwrap();
    assert!(resources[role]["Properties"].get("Policies").is_none());
    let document = |reference: &Value| &resources[reference["Ref"].as_str().unwrap()]["Properties"]["PolicyDocument"];
    references.iter().map(|reference| Policy::parse(&document(reference).to_string()).unwrap()).collect()
}

/// Whether any of the policies allows it.
fn allows(policies: &[Policy], action: &str, resource: &str, context: &Context) -> Truth {
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    let allow = statements.filter(|statement| statement.effect.value == Says::Allow);
    Truth::any(allow.map(|statement| statement.matches(action, resource, context)))
}

#[test]
fn who_plans_can_write_nowhere() {
    for desired in configurations() {
        for platform in [Platform::GitHub, Platform::GitLab] {
            let (files, _) = files(platform, Trigger::Merge, &desired);
            let management = policies(&json(&files, ROLES), "PlanRole");
            let member = files.get(MEMBER_ROLE).map(|_| policies(&json(&files, MEMBER_ROLE), "Role")).unwrap_or_default();
            // Any resource, and nothing known of the request besides.
            let (anything, partial) = (question("*"), Context::partial());
            for operation in OPERATIONS.iter().filter(|operation| operation.effect == Effect::Write) {
                let action = format!("{}:{}", operation.service, operation.name);
                for policies in [&management, &member] {
                    assert_eq!(allows(policies, &action, &anything, &partial), Truth::False, "{action}");
                }
            }
            // Beyond the operations that overlord knows: what is granted are reads by name, and sessions that the next lines judge.
            for statement in management.iter().chain(&member).flat_map(|policy| &policy.statements) {
                for pattern in &statement.actions.patterns {
                    let name = pattern.value.text();
                    let (service, operation) = name.split_once(':').unwrap();
                    let known = OPERATIONS.iter().find(|o| o.service == service && o.name == operation);
                    assert_eq!(known.map(|o| o.effect), Some(Effect::Read), "{name}");
                }
            }
            for role in [desired.access_role.as_str(), "overlord-apply", "AWSControlTowerExecution", "Admin"] {
                let role = question(&format!("arn:aws:iam::*:role/{role}"));
                for policies in [&management, &member] {
                    assert_eq!(allows(policies, "sts:AssumeRole", &role, &partial), Truth::False, "{role}");
                }
            }
            for task in ["IAMDeleteRootUserCredentials", "IAMCreateRootUserPassword", "S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"] {
                let mut context = Context::partial();
                context.set("sts:TaskPolicyArn", Fact::known([format!("arn:aws:iam::aws:policy/root-task/{task}")]));
                for policies in [&management, &member] {
                    assert_eq!(allows(policies, "sts:AssumeRoot", &question("arn:aws:iam::*:root"), &context), Truth::False, "{task}");
                }
            }
            // The evaluator can say otherwise.
            let apply = policies(&json(&files, ROLES), "ApplyRole");
            assert_eq!(allows(&apply, "organizations:CreateAccount", "*", &partial), Truth::True);
            assert_eq!(allows(&apply, "organizations:DeletePolicy", &anything, &partial), Truth::Unknown, "it hinges on the tag");
        }
    }
}

/// Members are entered by the role that reads and by no other; where nothing is read in them, by none.
#[test]
fn plans_enter_members_by_a_role_that_reads_or_not_at_all() {
    let entered = |desired: &Desired| {
        let (files, steps) = files(Platform::GitHub, Trigger::Merge, desired);
        let plan = policies(&json(&files, ROLES), "PlanRole");
        let role = desired.plan_role.as_deref().unwrap_or(PLAN_ROLE);
        let mut context = Context::complete();
        context.set("aws:PrincipalOrgID", Fact::known(["o-ours"]));
        context.set("sts:ExternalId", Fact::known(["of-ours"]));
        let mut of = |organization: &str| {
            context.set("aws:ResourceOrgID", Fact::known([organization]));
            allows(&plan, "sts:AssumeRole", &format!("arn:aws:iam::222222222222:role/{role}"), &context)
        };
        (of("o-ours"), of("o-theirs"), files.contains_key(MEMBER_ROLE), steps)
    };
    let [plain, networks, named] = configurations();
    let (inside, outside, has_template, steps) = entered(&plain);
    assert_eq!((inside, outside, has_template), (Truth::False, Truth::False, false));
    assert!(!steps.iter().any(|step| step.contains("plan_role")), "{steps:#?}");
    let (inside, outside, has_template, steps) = entered(&networks);
    assert_eq!((inside, outside, has_template), (Truth::True, Truth::False, true));
    assert!(steps[0].contains("add `plan_role = \"overlord-read\"` to [organization] in org.toml"), "{steps:#?}");
    let (inside, outside, has_template, steps) = entered(&named);
    assert_eq!((inside, outside, has_template), (Truth::True, Truth::False, true));
    assert!(steps.iter().any(|step| step.contains("create the role `reads`")) && !steps[0].contains("plan_role"), "{steps:#?}");
    // What is written before the line is added is what is written after it.
    let added = Desired { plan_role: Some(PLAN_ROLE.to_owned()), ..networks.clone() };
    assert_eq!(files(Platform::GitHub, Trigger::Merge, &networks).0, files(Platform::GitHub, Trigger::Merge, &added).0);
}

/// The trust of a role, with parameters and conditions of the template filled in, as a policy.
fn trust(template: &Value, role: &str, parameters: &[(&str, &str)]) -> Policy {
    fn filled(value: &Value, parameters: &[(&str, &str)]) -> Value {
        let given = |name: &str| parameters.iter().find(|(known, _)| *known == name).map_or("*", |(_, value)| *value).to_owned();
        match value {
            Value::Array(items) => items.iter().map(|item| filled(item, parameters)).collect(),
            Value::Object(map) => match map.iter().next().map(|(key, value)| (key.as_str(), value)) {
                Some(("Ref", name)) => given(name.as_str().unwrap()).into(),
                Some(("Fn::Sub", text)) => {
                    let text = text.as_str().or(text[0].as_str()).unwrap();
                    let (owner, name) = parameters[0].1.split_once('/').unwrap();
                    let text = text.replace("${Repository}", parameters[0].1).replace("${Owner}", owner).replace("${Name}", name);
                    text.replace("${OwnerId}", &given("OwnerId")).replace("${RepositoryId}", &given("RepositoryId")).into()
                }
                Some(("Fn::If", arms)) => {
                    let chosen = if arms[0] == "KnowsRepository" { given("RepositoryId") != "*" } else { false };
                    filled(&arms[if chosen { 1 } else { 2 }], parameters)
                }
                _ => {
                    let filled = map.iter().map(|(key, value)| (key.clone(), filled(value, parameters)));
                    // AWS::NoValue
                    Value::Object(filled.filter(|(_, value)| *value != "*").collect())
                }
            },
            other => other.clone(),
        }
    }
    let document = filled(&template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"], parameters);
    let mut document = document;
    // The evaluator is of policies without principals.
    document["Statement"][0].as_object_mut().unwrap().remove("Principal");
    document["Statement"][0]["Resource"] = "*".into();
    Policy::parse(&document.to_string()).unwrap()
}

/// Whether a role takes a job with these claims.
fn takes(policy: &Policy, claims: &[(&str, &str)]) -> bool {
    let mut context = Context::complete();
    context.set("token.actions.githubusercontent.com:aud", Fact::known(["sts.amazonaws.com"]));
    for (claim, value) in claims {
        context.set(&format!("token.actions.githubusercontent.com:{claim}"), Fact::known([*value]));
    }
    allows(std::slice::from_ref(policy), "sts:AssumeRoleWithWebIdentity", "*", &context) == Truth::True
}

#[test]
fn the_apply_role_trusts_the_branch_main_alone() {
    let template = |trigger| json(&files(Platform::GitHub, trigger, &desired(PLAIN)).0, ROLES);
    let merge = trust(&template(Trigger::Merge), "ApplyRole", &[("Repository", "o/n")]);
    let environment = [("sub", "repo:o/n:environment:production"), ("repository_id", "2")];
    let on = |branch| [environment[0], environment[1], ("ref", branch)];
    assert!(takes(&merge, &on("refs/heads/main")));
    assert!(!takes(&merge, &on("refs/heads/attack")) && !takes(&merge, &on("refs/pull/7/merge")) && !takes(&merge, &environment));
    let manual = trust(&template(Trigger::Manual), "ApplyRole", &[("Repository", "o/n")]);
    let of = |subject, workflow| [("sub", subject), ("ref", "refs/heads/main"), ("job_workflow_ref", workflow)];
    let apply = "o/n/.github/workflows/overlord-apply.yml@refs/heads/main";
    assert!(takes(&manual, &of("repo:o/n:ref:refs/heads/main", apply)));
    assert!(!takes(&manual, &of("repo:o/n:ref:refs/heads/main", "o/n/.github/workflows/overlord-drift.yml@refs/heads/main")));
    assert!(!takes(&manual, &of("repo:o/n:ref:refs/heads/main", "o/n/.github/workflows/overlord-apply.yml@refs/heads/attack")));
    assert!(!takes(&manual, &of("repo:o/n:pull_request", apply)) && !takes(&manual, &of("repo:o/other:ref:refs/heads/main", apply)));
}

/// Repositories since 2026-07-15 send the ids in the subject, and older ones do not.
#[test]
fn both_forms_of_a_subject_are_trusted_and_a_namesake_is_not() {
    let template = json(&files(Platform::GitHub, Trigger::Merge, &desired(PLAIN)).0, ROLES);
    for (role, claim) in [("PlanRole", "pull_request"), ("PlanRole", "ref:refs/heads/main"), ("ApplyRole", "environment:production")] {
        let any = trust(&template, role, &[("Repository", "o/n")]);
        let known = trust(&template, role, &[("Repository", "o/n"), ("OwnerId", "1"), ("RepositoryId", "2")]);
        let takes = |policy: &Policy, prefix: &str, id| {
            takes(policy, &[("sub", &format!("repo:{prefix}:{claim}")), ("ref", "refs/heads/main"), ("repository_id", id)])
        };
        for prefix in ["o/n", "o@1/n@2"] {
            assert!(takes(&any, prefix, "2") && takes(&known, prefix, "2"), "{role} {prefix}");
            assert!(!takes(&known, prefix, "3"), "{role} {prefix}: another repository, under the old name");
        }
        for prefix in ["o/other", "evil/n", "o@1/other@2", "evil@1/n@2", "o@9/n@9"] {
            assert!(!takes(&known, prefix, "9"), "{role} {prefix}");
            assert!(prefix == "o@9/n@9" || !takes(&any, prefix, "9"), "{role} {prefix}");
        }
    }
}

#[test]
fn each_partition_has_its_own_arns_and_its_own_way_into_members() {
    for (region, partition) in
        [("eusc-de-east-1", "aws-eusc"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("us-east-1", "aws")]
    {
        let desired = Desired { plan_role: Some("reads".to_owned()), home_region: region.to_owned(), ..desired(PLAIN) };
        let (files, steps) = files(Platform::GitHub, Trigger::Merge, &desired);
        let plan = &files[".github/workflows/overlord-plan.yml"];
        assert!(plan.contains(&format!("arn:{partition}:iam::111111111111:role/overlord-plan")), "{plan}");
        let step = steps.iter().find(|step| step.contains("`reads`")).unwrap();
        let activates = step.find("activate-organizations-access");
        match partition {
            "aws-cn" => assert!(activates.is_none() && !step.contains("SERVICE_MANAGED") && step.contains("each member"), "{step}"),
            _ => assert!(activates.unwrap() < step.find("create-stack-set").unwrap(), "{step}"),
        }
    }
}
