//! `overlord init ci`: generates the workflows and roles that run overlord in CI, from org.toml.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::ci::{self, Platform, Trigger};
use crate::cli::deliver::deliver;
use crate::cli::shell::Shell;
use crate::cli::{Exit, Global, Reported, validate};
use crate::files::Replace;

#[derive(Debug, Args)]
pub(super) struct CiArgs {
    /// The CI platform
    #[arg(long = "for", value_enum, value_name = "PLATFORM")]
    platform: PlatformChoice,

    /// What starts an apply on GitHub [default: merge]
    #[arg(long, value_enum, value_name = "TRIGGER")]
    apply: Option<TriggerChoice>,

    /// Write below DIR [default: the folder of org.toml]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

/// `--for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlatformChoice {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// Cron, in a container
    Cron,
}

/// `--apply`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TriggerChoice {
    /// A merge; required reviewers of the environment `production` confirm it
    Merge,
    /// Somebody who starts the workflow with the id of a plan's run, for repositories without required reviewers
    Manual,
}

pub(super) fn run(global: &Global, args: &CiArgs, shell: &Shell) -> Result<Exit, Reported> {
    let desired = validate::load(global, shell)?.desired;
    let platform = match args.platform {
        PlatformChoice::Github => Platform::GitHub,
        PlatformChoice::Gitlab => Platform::GitLab,
        PlatformChoice::Cron => Platform::Cron,
    };
    if args.apply.is_some() && platform != Platform::GitHub {
        let hint = "leave `--apply` out: GitLab always applies by hand, and cron never applies".to_owned();
        return Err(shell.error("`--apply` is for GitHub only", Some(hint)));
    }
    let trigger = match args.apply {
        None | Some(TriggerChoice::Merge) => Trigger::Merge,
        Some(TriggerChoice::Manual) => Trigger::Manual,
    };
    let folder = args.out.as_deref().or(global.config.parent()).unwrap_or(Path::new(""));
    let (files, next) = ci::files(platform, trigger, &desired);
    let files = files.into_iter().map(|(path, text)| (folder.join(path), text)).collect();
    deliver(&files, Replace::forced(args.force), &next, shell)
}
