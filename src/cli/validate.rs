//! `overlord validate`: the configuration only, offline.

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::catalogue;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported};
use crate::config::{self, Loaded};
use crate::diagnostic::{Diagnostic, Severity};
use crate::escape;
use crate::plural;
use crate::render;

#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    /// Print the mistakes with file and line, in the pull request format of a platform
    #[arg(long, value_enum, value_name = "PLATFORM")]
    annotations: Option<Annotations>,
}

/// `--annotations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Annotations {
    /// Workflow commands of GitHub Actions
    Github,
    /// The Code Quality report of GitLab, a JSON document
    Gitlab,
}

pub(super) fn run(global: &Global, args: &ValidateArgs, shell: &Shell) -> Result<Exit, Reported> {
    if let Some(platform) = args.annotations {
        return Ok(annotate(global, platform, shell));
    }
    match global.format {
        Format::Text | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => {
            let loaded = load(global, shell)?;
            catalogue::note_age(&loaded, shell);
            let verdict = format!("`{}` is valid: {}", global.config.display(), loaded.summary);
            if global.format == Format::Markdown && !loaded.warnings.is_empty() {
                shell.comment(&render::markdown::diagnostics(&loaded.warnings, &verdict));
            } else {
                shell.result(format_args!("{verdict}\n"));
            }
            Ok(Exit::Done)
        }
        Format::Json => {
            let (diagnostics, exit) = all(global);
            let diagnostics: Vec<_> = diagnostics.iter().map(render::diagnostic::json).collect();
            shell.result(format_args!("{:#}\n", json!({"format_version": 1, "valid": exit == Exit::Done, "diagnostics": diagnostics})));
            Ok(exit)
        }
    }
}

/// Everything that is wrong, and whether there is an error in it.
fn all(global: &Global) -> (Vec<Diagnostic>, Exit) {
    match config::load(&global.config) {
        Ok(loaded) => (loaded.warnings, Exit::Done),
        Err(diagnostics) => (diagnostics, Exit::Error),
    }
}

fn annotate(global: &Global, platform: Annotations, shell: &Shell) -> Exit {
    let (diagnostics, exit) = all(global);
    match platform {
        // overlord's own commands, with all text escaped: the filter for results would remove them.
        Annotations::Github => shell.own(render::annotations::github(&diagnostics)),
        Annotations::Gitlab => shell.own(escape::json(&format!("{:#}\n", render::annotations::gitlab(&diagnostics)))),
    }
    exit
}

/// Prints the warnings and returns the configuration, or prints all errors.
pub(super) fn load(global: &Global, shell: &Shell) -> Result<Loaded, Reported> {
    told(global, shell, config::load(&global.config))
}

/// The same, with sections that are not in the file.
pub(super) fn load_with_more(global: &Global, more: &str, shell: &Shell) -> Result<Loaded, Reported> {
    told(global, shell, config::load_with_more(&global.config, more))
}

/// The same of what was loaded.
pub(super) fn told(global: &Global, shell: &Shell, loaded: Result<Loaded, Vec<Diagnostic>>) -> Result<Loaded, Reported> {
    let missing = loaded.is_err() && !global.config.exists();
    let hint = "write one with `overlord init`, or generate it from your organization with `overlord import`";
    told_with(&global.config, shell, loaded, missing.then(|| hint.to_owned()))
}

/// The same of what was loaded from elsewhere.
pub(super) fn told_of(path: &Path, shell: &Shell, loaded: Result<Loaded, Vec<Diagnostic>>) -> Result<Loaded, Reported> {
    told_with(path, shell, loaded, None)
}

fn told_with(path: &Path, shell: &Shell, loaded: Result<Loaded, Vec<Diagnostic>>, hint: Option<String>) -> Result<Loaded, Reported> {
    match loaded {
        Ok(loaded) => {
            shell.diagnostics(&loaded.warnings);
            Ok(loaded)
        }
        Err(diagnostics) => {
            shell.diagnostics(&diagnostics);
            let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
            let verdict = format!("{} in `{}`; no AWS calls were made", plural::count(errors, "error"), path.display());
            let reported = shell.error(&verdict, hint);
            if shell.format() == Format::Markdown && !shell.has_answered() {
                shell.comment(&render::markdown::diagnostics(&diagnostics, &verdict));
            }
            Err(reported.with("diagnostics", diagnostics.iter().map(render::diagnostic::json).collect()))
        }
    }
}
