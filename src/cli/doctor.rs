//! `overlord doctor`: checks whether a run can succeed, and prints the least-privilege IAM policies.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::connect::reach;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::config;
use crate::doctor::{self, State, Time};
use crate::permissions::{MANAGED_POLICY_SIZE, Permissions, Run, Who};
use crate::render;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Print the least IAM policy that org.toml needs, offline, as one JSON document and nothing else
    #[arg(long, value_enum, value_name = "RUN")]
    policy: Option<PolicyOf>,

    /// Whose policy: the credentials' in the management account, or the access role's in all other accounts
    #[arg(long = "for", value_enum, value_name = "WHO", default_value_t = For::Caller, requires = "policy")]
    whose: For,

    /// With `--policy import`: allow reading networks in this Region; may be given several times
    #[arg(long = "region", value_name = "REGION", requires = "policy")]
    regions: Vec<String>,

    /// With `--policy import`: the role to assume in every account
    #[arg(long, value_name = "NAME", default_value = config::ACCESS_ROLE, requires = "policy")]
    access_role: String,

    /// With `--policy import`: the Region of the organization's regional calls
    #[arg(long, value_name = "REGION", default_value = config::HOME_REGION, requires = "policy")]
    home_region: String,
}

/// `--policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PolicyOf {
    /// For reading: plan, doctor
    Plan,
    /// For everything that apply may do
    Apply,
    /// For inviting accounts, in org.toml or not, and applying org.toml to them
    Invite,
    /// For reading an organization that has no org.toml yet; needs none
    Import,
}

/// `--for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum For {
    /// The credentials that overlord is started with
    Caller,
    /// The role that it assumes in the accounts
    AccessRole,
}

pub(super) async fn run(global: &Global, args: &DoctorArgs, shell: &Shell) -> Result<Exit, Reported> {
    if let Some(policy) = args.policy {
        return least(global, policy, args, shell);
    }
    let loaded = validate::load(global, shell)?;
    let desired = &loaded.desired;
    let connection = reach(global, desired, shell).await?;
    connection.sessions.request_gate().give_up_early();
    let emulated = global.sandbox.is_some() || connection.sessions.is_loopback_endpoint();
    let time = if emulated { Time::Emulated } else { Time::Real };
    let checks = doctor::examine(&connection.sessions, desired, &loaded.quotas, time).await;
    let is_wrong = checks.iter().any(|check| check.state == State::Wrong);
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.result(render::doctor::text(&checks, shell.style())),
        Format::Markdown => shell.comment(&render::doctor::markdown(&checks)),
        Format::Json => {
            let document = json!({ "format_version": 1, "well": !is_wrong, "checks": checks });
            shell.result(format_args!("{document:#}\n"));
        }
    }
    shell.say("the least IAM policies: `overlord doctor --policy plan|apply|invite|import`, for the access role with `--for access-role`");
    connection.close(shell)?;
    Ok(if is_wrong { Exit::Error } else { Exit::Done })
}

/// Prints the least policy for a run.
fn least(global: &Global, policy: PolicyOf, args: &DoctorArgs, shell: &Shell) -> Result<Exit, Reported> {
    let desired = || validate::load(global, shell).map(|loaded| loaded.desired);
    let permissions = match policy {
        PolicyOf::Plan => Permissions::of(&desired()?, Run::Plan),
        PolicyOf::Apply => Permissions::of(&desired()?, Run::Apply),
        PolicyOf::Invite => Permissions::of_invite(&desired()?),
        PolicyOf::Import => Permissions::of_import(&args.home_region, &args.access_role, &args.regions.iter().cloned().collect()),
    };
    let who = match args.whose {
        For::Caller => Who::Caller,
        For::AccessRole => Who::AccessRole,
    };
    let document = permissions.document(who);
    let size = document.to_string().chars().count();
    if size > MANAGED_POLICY_SIZE {
        shell.say(format_args!(
            "it has {size} characters, and IAM takes {MANAGED_POLICY_SIZE} in a managed policy: attach its statements as two policies"
        ));
    }
    shell.whole(format_args!("{document:#}\n"));
    Ok(Exit::Done)
}
