//! `overlord report`: what the configuration amounts to, offline.

use clap::{Args, Subcommand};

use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::config;
use crate::policy::framework::matrix;
use crate::policy::{Family, Hierarchy};
use crate::render::{Style, compliance};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Say which accounts are restricted to which lists of services, the frameworks of org.toml
    Compliance(ComplianceArgs),
}

#[derive(Debug, Args)]
struct ComplianceArgs {
    /// Name every service and action that is open outside of a list
    #[arg(long)]
    detail: bool,

    /// Print a line for each account and framework, for a spreadsheet
    #[arg(long, conflicts_with_all = ["detail", "format"])]
    csv: bool,
}

pub(super) fn run(global: &Global, args: &ReportArgs, shell: &Shell) -> Result<Exit, Reported> {
    match &args.command {
        ReportCommand::Compliance(args) => of_compliance(global, args, shell),
    }
}

fn of_compliance(global: &Global, args: &ComplianceArgs, shell: &Shell) -> Result<Exit, Reported> {
    // It tells what is, whether or not tests agree.
    let loaded = validate::told(global, shell, config::load_untested(&global.config))?;
    if loaded.frameworks.is_empty() {
        let hint = "declare one: [framework.hipaa], with its list in policies/frameworks/hipaa.toml; see docs/org-toml.md".to_owned();
        return Err(shell.error("org.toml has no framework", Some(hint)));
    }
    let role = &loaded.desired.access_role;
    let hierarchy = Hierarchy::of_desired(&loaded.desired);
    if !hierarchy.families.contains(&Family::Scp) {
        let hint = "remove `service_control_policies = false`, and declare those that there are: `overlord import` does".to_owned();
        return Err(shell.error("org.toml leaves service control policies alone: whom they restrict is not known", Some(hint)));
    }
    let matrix = matrix(&loaded.frameworks, &hierarchy, role, &loaded.desired.catalogue());
    match global.format {
        _ if args.csv => shell.result(compliance::csv(&matrix)),
        Format::Text | Format::Junit | Format::Sarif | Format::Line => {
            shell.result(compliance::text(&matrix, role, Style { detail: args.detail, ..shell.style() }))
        }
        Format::Json => shell.result(format_args!("{:#}\n", compliance::json(&matrix, role))),
        Format::Markdown => shell.result(compliance::markdown(&matrix, role, args.detail)),
    }
    Ok(Exit::Done)
}
