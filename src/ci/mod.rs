//! CI: workflows that run overlord, and the roles that they assume. Pure: generates text from a configuration.
//!
//! No access keys are stored. A job presents the OIDC token of its platform, and AWS gives it the role that trusts the repository. There are
//! two roles: one that plans and checks for drift, with read permissions only, and one that applies, for the branch `main` only. In member
//! accounts, plans assume a role that has a template too: the `plan_role` of org.toml, or `overlord-read` if org.toml names none.

mod roles;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::aws::partition_of;
use crate::permissions::{Permissions, Run};
use crate::resource::Desired;

/// The role that plans assume in members where org.toml names none. The access role would do, and may write.
const PLAN_ROLE: &str = "overlord-read";

/// Where overlord is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// A machine's cron, in a container.
    Cron,
}

/// What starts an apply on GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The merge; the environment `production` makes it wait for reviewers, where the plan of GitHub has those.
    Merge,
    /// A person who has read the plan starts the workflow.
    Manual,
}

const CONTAINERFILE: (&str, &str) = ("ci/Containerfile", include_str!("templates/Containerfile"));
const ROLES: &str = "ci/roles.json";
const MEMBER_ROLE: &str = "ci/member-role.json";

impl Platform {
    fn templates(self, trigger: Trigger) -> Vec<(&'static str, &'static str)> {
        let apply = match trigger {
            Trigger::Merge => include_str!("templates/github/apply.yml"),
            Trigger::Manual => include_str!("templates/github/apply-manual.yml"),
        };
        match self {
            Self::GitHub => vec![
                (".github/actions/overlord/action.yml", include_str!("templates/github/action.yml")),
                (".github/workflows/overlord-plan.yml", include_str!("templates/github/plan.yml")),
                (".github/workflows/overlord-apply.yml", apply),
                (".github/workflows/overlord-drift.yml", include_str!("templates/github/drift.yml")),
                CONTAINERFILE,
            ],
            Self::GitLab => vec![("ci/overlord.yml", include_str!("templates/gitlab/overlord.yml")), CONTAINERFILE],
            Self::Cron => vec![
                ("ci/drift.sh", include_str!("templates/cron/drift.sh")),
                ("ci/crontab", include_str!("templates/cron/crontab")),
                CONTAINERFILE,
            ],
        }
    }

    /// Manual steps on the platform after the files are written.
    fn steps(self, trigger: Trigger) -> Vec<String> {
        let roles = |parameters: &str| {
            format!(
                "create the roles, in the management account: `aws cloudformation deploy --template-file {ROLES} --stack-name overlord-roles \
                 --capabilities CAPABILITY_NAMED_IAM --parameter-overrides {parameters}`"
            )
        };
        let image =
            |of: &str| format!("build the image of ci/Containerfile, and set the variable `OVERLORD_IMAGE` of the {of} to its name");
        match self {
            Self::GitHub => {
                let ids = "`gh api repos/OWNER/NAME --jq '\"OwnerId=\\(.owner.id) RepositoryId=\\(.id)\"'` prints the ids";
                let guard = match trigger {
                    Trigger::Merge => {
                        "create the environment `production`, restrict it to the branch `main` and add required reviewers. Private repositories have \
                         required reviewers only on GitHub Enterprise, and environments from GitHub Pro and Team on: elsewhere nobody is asked before \
                         an apply. There, run `overlord init ci --for github --apply manual --force` instead"
                    }
                    Trigger::Manual => {
                        "protect the branch `main`: who can push to it can apply. To apply, run the workflow `overlord apply` with the id of the run \
                         whose plan you have read"
                    }
                };
                vec![format!("{}; {ids}", roles("Repository=OWNER/NAME OwnerId=ID RepositoryId=ID")), image("repository"), guard.to_owned()]
            }
            Self::GitLab => vec![
                roles("Repository=GROUP/NAME"),
                image("project"),
                "include ci/overlord.yml in .gitlab-ci.yml, protect the branch `main` and the environment `production`, and create a pipeline schedule"
                    .to_owned(),
            ],
            Self::Cron => vec![
                "build the image of ci/Containerfile".to_owned(),
                "give the machine credentials with the policies of `overlord doctor --policy plan`".to_owned(),
                "put the line of ci/crontab where cron reads it".to_owned(),
            ],
        }
    }
}

/// The files by their paths, which are relative to the folder of org.toml; and the manual steps.
pub fn files(platform: Platform, trigger: Trigger, desired: &Desired) -> (BTreeMap<String, String>, Vec<String>) {
    let named = with_plan_role(desired);
    let (desired, is_new) = (named.as_ref(), desired.plan_role != named.plan_role);
    let partition = partition_of(&desired.home_region);
    let filled = |text: &str| {
        let text = text.replace("@management@", &desired.management_account).replace("@region@", &desired.home_region);
        text.replace("@partition@", partition)
    };
    let templates = platform.templates(trigger).into_iter().map(|(path, text)| (path.to_owned(), filled(text)));
    let roles = roles::template(platform, trigger, desired).map(|template| (ROLES.to_owned(), format!("{template:#}\n")));
    let member = roles::of_members(desired).map(|template| (MEMBER_ROLE.to_owned(), format!("{template:#}\n")));
    let line = is_new.then(|| {
        format!(
            "add `plan_role = \"{PLAN_ROLE}\"` to [organization] in org.toml: plans then assume that role in members, which only reads. The roles in \
             ci/ expect it"
        )
    });
    let steps = line.into_iter().chain(platform.steps(trigger)).chain(step_in_members(desired)).collect();
    (templates.chain(roles).chain(member).collect(), steps)
}

/// The same, with a role that plans assume in members where they enter members at all.
fn with_plan_role(desired: &Desired) -> Cow<'_, Desired> {
    if desired.plan_role.is_some() || !Permissions::of(desired, Run::Plan).enters_members() {
        return Cow::Borrowed(desired);
    }
    Cow::Owned(Desired { plan_role: Some(PLAN_ROLE.to_owned()), ..desired.clone() })
}

/// Manual steps for the role that plans assume in members.
fn step_in_members(desired: &Desired) -> Option<String> {
    let role = desired.plan_role.as_ref()?;
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-activate-trusted-access.html (2026-12-01)
    if partition_of(&desired.home_region) == "aws-cn" {
        return Some(format!(
            "create the role `{role}` in each member, with credentials of that account: `aws cloudformation deploy --template-file {MEMBER_ROLE} \
             --stack-name {role} --capabilities CAPABILITY_NAMED_IAM`. CloudFormation has no service-managed StackSets in China"
        ));
    }
    Some(format!(
        "create the role `{role}` in all members, now and in future, in the management account: `aws cloudformation activate-organizations-access`, \
         then `aws cloudformation create-stack-set --stack-set-name {role} --template-body file://{MEMBER_ROLE} --capabilities CAPABILITY_NAMED_IAM \
         --permission-model SERVICE_MANAGED --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false`, then `aws cloudformation \
         create-stack-instances --stack-set-name {role} --regions {} --deployment-targets OrganizationalUnitIds=ROOT` with the id of the root",
        desired.home_region
    ))
}

#[cfg(test)]
mod tests;
