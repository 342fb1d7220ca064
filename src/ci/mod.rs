//! What runs overlord without a person: workflows, and the roles that they take. Pure: texts from a configuration.
//!
//! No keys are kept anywhere: a job shows the token that its platform signs for it, and AWS gives it the role that trusts the repository.
//! There are two: one that plans and looks for drift, and cannot write; one that applies, for the environment `production` alone. Where org.toml
//! names a role for plans in members, that has a template too.

mod roles;

use std::collections::BTreeMap;

use crate::resource::Desired;

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

const CONTAINERFILE: (&str, &str) = ("ci/Containerfile", include_str!("templates/Containerfile"));
const ROLES: &str = "ci/roles.json";
const MEMBER_ROLE: &str = "ci/member-role.json";

impl Platform {
    fn templates(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::GitHub => &[
                (".github/actions/overlord/action.yml", include_str!("templates/github/action.yml")),
                (".github/workflows/overlord-plan.yml", include_str!("templates/github/plan.yml")),
                (".github/workflows/overlord-apply.yml", include_str!("templates/github/apply.yml")),
                (".github/workflows/overlord-drift.yml", include_str!("templates/github/drift.yml")),
                CONTAINERFILE,
            ],
            Self::GitLab => &[("ci/overlord.yml", include_str!("templates/gitlab/overlord.yml")), CONTAINERFILE],
            Self::Cron => &[
                ("ci/drift.sh", include_str!("templates/cron/drift.sh")),
                ("ci/crontab", include_str!("templates/cron/crontab")),
                CONTAINERFILE,
            ],
        }
    }

    /// What is left to do by hand once the files are there.
    pub fn next_steps(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &[
                "make the roles, in the management account: `aws cloudformation deploy --template-file ci/roles.json --stack-name overlord-roles \
                 --capabilities CAPABILITY_NAMED_IAM --parameter-overrides Repository=OWNER/NAME`",
                "build the image of ci/Containerfile, and name it in the variable `OVERLORD_IMAGE` of the repository",
                "give the environment `production` of the repository people who must agree",
            ],
            Self::GitLab => &[
                "make the roles, in the management account: `aws cloudformation deploy --template-file ci/roles.json --stack-name overlord-roles \
                 --capabilities CAPABILITY_NAMED_IAM --parameter-overrides Repository=GROUP/NAME`",
                "build the image of ci/Containerfile, and name it in the variable `OVERLORD_IMAGE` of the project",
                "include ci/overlord.yml in .gitlab-ci.yml, protect the environment `production`, and make a pipeline schedule",
            ],
            Self::Cron => &[
                "build the image of ci/Containerfile",
                "give the machine credentials with the policies of `overlord doctor --policy plan`",
                "put the line of ci/crontab where cron reads it",
            ],
        }
    }
}

/// The files by their paths, which are relative to the folder of org.toml.
pub fn files(platform: Platform, desired: &Desired) -> BTreeMap<String, String> {
    let partition = roles::partition(desired);
    let filled = |text: &str| {
        let text = text.replace("@management@", &desired.management_account).replace("@region@", &desired.home_region);
        text.replace("@partition@", partition)
    };
    let templates = platform.templates().iter().map(|(path, text)| ((*path).to_owned(), filled(text)));
    let roles = roles::template(platform, desired).map(|template| (ROLES.to_owned(), format!("{template:#}\n")));
    let member = roles::of_members(desired).map(|template| (MEMBER_ROLE.to_owned(), format!("{template:#}\n")));
    templates.chain(roles).chain(member).collect()
}

/// What is left to do by hand for the role that org.toml wants plans to assume in members.
pub fn step_in_members(desired: &Desired) -> Option<String> {
    let role = desired.plan_role.as_ref()?;
    Some(format!(
        "make the role `{role}` in all members, those to come too, in the management account: `aws cloudformation create-stack-set --stack-set-name \
         {role} --template-body file://{MEMBER_ROLE} --capabilities CAPABILITY_NAMED_IAM --permission-model SERVICE_MANAGED --auto-deployment \
         Enabled=true,RetainStacksOnAccountRemoval=false`, then `aws cloudformation create-stack-instances --stack-set-name {role} --regions {} \
         --deployment-targets OrganizationalUnitIds=ROOT` with the root's id",
        desired.home_region
    ))
}
