//! `overlord init ci`: what runs overlord without a person, made from org.toml.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::ci::{self, Platform};
use crate::cli::deliver::deliver;
use crate::cli::shell::Shell;
use crate::cli::{Exit, Global, Reported, validate};
use crate::files::Replace;

#[derive(Debug, Args)]
pub(super) struct CiArgs {
    /// Where it is to run
    #[arg(long = "for", value_enum, value_name = "PLATFORM")]
    platform: PlatformChoice,

    /// Write below DIR [default: the folder of org.toml]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write over files that are there already
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

pub(super) fn run(global: &Global, args: &CiArgs, shell: &Shell) -> Result<Exit, Reported> {
    let desired = validate::load(global, shell)?.desired;
    let platform = match args.platform {
        PlatformChoice::Github => Platform::GitHub,
        PlatformChoice::Gitlab => Platform::GitLab,
        PlatformChoice::Cron => Platform::Cron,
    };
    let folder = args.out.as_deref().or(global.config.parent()).unwrap_or(Path::new(""));
    let files = ci::files(platform, &desired).into_iter().map(|(path, text)| (folder.join(path), text)).collect();
    let next: Vec<String> = platform.next_steps().iter().map(|step| (*step).to_owned()).chain(ci::step_in_members(&desired)).collect();
    deliver(&files, Replace::forced(args.force), &next, shell)
}
