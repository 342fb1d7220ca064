//! `overlord validate`: the configuration only, offline.

use std::path::Path;

use serde_json::json;

use super::catalogue;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported};
use crate::config::{self, Loaded};
use crate::diagnostic::{Diagnostic, Severity};
use crate::render;

pub(super) fn run(global: &Global, shell: &Shell) -> Result<Exit, Reported> {
    match global.format {
        Format::Text | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => {
            let loaded = load(global, shell)?;
            catalogue::note_age(&loaded, shell);
            shell.result(format_args!("`{}` is valid: {}\n", global.config.display(), loaded.summary));
            Ok(Exit::Done)
        }
        Format::Json => {
            let (diagnostics, exit) = match config::load(&global.config) {
                Ok(loaded) => (loaded.warnings, Exit::Done),
                Err(diagnostics) => (diagnostics, Exit::Error),
            };
            let diagnostics: Vec<_> = diagnostics.iter().map(render::diagnostic::json).collect();
            shell.result(format_args!("{:#}\n", json!({"format_version": 1, "valid": exit == Exit::Done, "diagnostics": diagnostics})));
            Ok(exit)
        }
    }
}

/// The configuration, with its warnings told; or all of its errors.
pub(super) fn load(global: &Global, shell: &Shell) -> Result<Loaded, Reported> {
    told(global, shell, config::load(&global.config))
}

/// The same, with sections that do not stand in the file.
pub(super) fn load_with_more(global: &Global, more: &str, shell: &Shell) -> Result<Loaded, Reported> {
    told(global, shell, config::load_with_more(&global.config, more))
}

/// The same of what was loaded.
pub(super) fn told(global: &Global, shell: &Shell, loaded: Result<Loaded, Vec<Diagnostic>>) -> Result<Loaded, Reported> {
    told_of(&global.config, shell, loaded)
}

/// The same of what was loaded from elsewhere.
pub(super) fn told_of(path: &Path, shell: &Shell, loaded: Result<Loaded, Vec<Diagnostic>>) -> Result<Loaded, Reported> {
    match loaded {
        Ok(loaded) => {
            shell.diagnostics(&loaded.warnings);
            Ok(loaded)
        }
        Err(diagnostics) => {
            shell.diagnostics(&diagnostics);
            let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
            let noun = if errors == 1 { "error" } else { "errors" };
            let reported = shell.error(format_args!("`{}` has {errors} {noun}; AWS was not asked", path.display()), None);
            Err(reported.with("diagnostics", diagnostics.iter().map(render::diagnostic::json).collect()))
        }
    }
}
