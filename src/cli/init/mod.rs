//! `overlord init`: writes starter files, offline: a configuration, or the CI workflows that run it.

mod ci;
mod organization;

use std::path::Path;

use clap::{Args, Subcommand};

use super::shell::Shell;
use super::{Exit, Global, Reported};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct InitArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    organization: organization::OrganizationArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write CI workflows: plans for pull requests, apply on merge, drift detection every night, and the IAM roles for them
    #[command(after_help = "Exit status: 0 written, 1 error")]
    Ci(ci::CiArgs),
}

impl InitArgs {
    /// The folder that org.toml is written to, where it is not that of `--config`.
    pub(super) fn out(&self) -> Option<&Path> {
        if self.what.is_some() { None } else { self.organization.out() }
    }
}

pub(super) fn run(global: &Global, args: &InitArgs, shell: &Shell) -> Result<Exit, Reported> {
    match &args.what {
        Some(What::Ci(args)) => ci::run(global, args, shell),
        None => organization::run(global, &args.organization, shell),
    }
}
