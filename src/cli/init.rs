//! `overlord init`: files that a repository needs, made from its org.toml, offline.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::files::{self, Existing};
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::ci::{self, Platform};

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write what runs overlord without a person: plans of pull requests, apply on merge, drift every night, and the roles for it
    Ci(CiArgs),
}

#[derive(Debug, Args)]
struct CiArgs {
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

pub(super) fn run(global: &Global, args: &InitArgs, shell: &Shell) -> Result<Exit, Reported> {
    let What::Ci(args) = &args.what;
    let desired = validate::load(global, shell)?.desired;
    let platform = match args.platform {
        PlatformChoice::Github => Platform::GitHub,
        PlatformChoice::Gitlab => Platform::GitLab,
        PlatformChoice::Cron => Platform::Cron,
    };
    let folder = args.out.as_deref().or(global.config.parent()).unwrap_or(Path::new(""));
    let files: BTreeMap<PathBuf, String> =
        ci::files(platform, &desired).into_iter().map(|(path, text)| (folder.join(path), text)).collect();
    let existing = if args.force { Existing::Replaced } else { Existing::Refused };
    super::import::refuse(files::in_the_way(files.keys().map(PathBuf::as_path), existing), shell)?;
    files::write_all(&files, existing).map_err(|e| {
        let hint = "give another folder with --out; nothing was written".to_owned();
        shell.error(format_args!("`{}` cannot be written: {}", e.path.display(), e.cause), Some(hint))
    })?;
    let written: Vec<String> = files.keys().map(|path| path.display().to_string()).collect();
    match global.format {
        Format::Text | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => {
            written.iter().for_each(|path| shell.result(format_args!("{path}\n")));
        }
        Format::Json => {
            let document = json!({ "format_version": 1, "files": written, "next": platform.next_steps() });
            shell.result(format_args!("{document:#}\n"));
        }
    }
    for (number, step) in platform.next_steps().iter().enumerate() {
        shell.say(format_args!("{}. {step}", number + 1));
    }
    Ok(Exit::Done)
}
