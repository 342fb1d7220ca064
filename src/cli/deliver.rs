//! The result of a command that writes files: it writes all of them or none, lists their paths, and says what is left to do by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::shell::Shell;
use super::{Exit, Format, Reported};
use crate::files::{self, Kind, Replace, WriteError};

/// Writes the files, prints their paths, and says what comes next.
pub(super) fn deliver(files: &BTreeMap<PathBuf, String>, replace: Replace, next: &[String], shell: &Shell) -> Result<Exit, Reported> {
    refuse(files::in_the_way(files.keys().map(PathBuf::as_path), replace), shell)?;
    files::write_all(files, replace).map_err(|e| {
        let hint = "choose another folder with --out; nothing was written".to_owned();
        shell.error(&e, Some(hint))
    })?;
    let written: Vec<_> = files.keys().map(|path| Path::display(path).to_string()).collect();
    match shell.format() {
        Format::Text | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => {
            written.iter().for_each(|path| shell.whole(format_args!("{path}\n")));
        }
        Format::Json => shell.result(format_args!("{:#}\n", json!({"format_version": 1, "files": written, "next": next}))),
    }
    for (number, step) in next.iter().enumerate() {
        shell.say(format_args!("{}. {step}", number + 1));
    }
    Ok(Exit::Done)
}

/// All that is in the way, at once.
pub(super) fn refuse(in_the_way: Vec<PathBuf>, shell: &Shell) -> Result<(), Reported> {
    let Some((last, others)) = in_the_way.split_last() else { return Ok(()) };
    for path in others {
        let _ = shell.error(format_args!("`{}` is there already", path.display()), None);
    }
    let hint = "choose another folder with --out, or overwrite it with --force".to_owned();
    let reported = shell.error(format_args!("`{}` already exists; nothing was written", last.display()), Some(hint));
    Err(reported.with("in_the_way", json!(in_the_way)))
}

/// Refuses a file of `--out` that must stay, before work that takes minutes.
pub(super) fn check_out(path: Option<&PathBuf>, kind: Kind, shell: &Shell) -> Result<(), Reported> {
    path.map_or(Ok(()), |path| files::check(path, Replace::Kind(kind)).map_err(|e| not_written(&e, "--out", shell)))
}

/// Writes the file of `--out`, over nothing or over one of its kind.
pub(super) fn write_out(path: &Path, text: &str, kind: Kind, shell: &Shell) -> Result<(), Reported> {
    files::write(path, text, Replace::Kind(kind)).map_err(|e| not_written(&e, "--out", shell))
}

/// The error of a file that an option names and that was not written.
pub(super) fn not_written(error: &WriteError, option: &str, shell: &Shell) -> Reported {
    let hint = match error.is_in_the_way() {
        true => format!("give another file with {option}, or remove it first if nobody needs it"),
        false => format!("give another file with {option}"),
    };
    shell.error(format_args!("{error}; nothing was written"), Some(hint))
}
