//! `overlord policy diff`: compares the permissions of accounts under two configurations. Offline. Revisions are read from git.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output};

use clap::Args;

use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::config::{self, Files, Loaded};
use crate::files;
use crate::render::{Style, impact};
use crate::{plan, resource::Desired};

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The first configuration: an org.toml, a folder with one, or a git revision of the file that --config names
    #[arg(value_name = "FILE|REVISION")]
    from: String,

    /// The second configuration, likewise [default: the org.toml that --config names]
    #[arg(value_name = "FILE|REVISION")]
    to: Option<String>,

    /// Name every account and every action
    #[arg(long)]
    detail: bool,
}

/// Where a configuration is.
enum Source {
    File(PathBuf),
    /// A commit, by its id, and how it was called.
    Revision(String, String),
}

pub(super) fn run(global: &Global, args: &DiffArgs, shell: &Shell) -> Result<Exit, Reported> {
    let from = load(&find(&args.from, global, shell)?, global, shell)?;
    let to = match &args.to {
        Some(to) => find(to, global, shell)?,
        None => Source::File(global.config.clone()),
    };
    let to = load(&to, global, shell)?;
    let difference = plan::between(&from, &to);
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => {
            shell.result(impact::difference(&difference, Style { detail: args.detail, ..shell.style() }));
        }
        Format::Json => shell.result(format_args!("{:#}\n", impact::json(&difference))),
        Format::Markdown => shell.comment(&impact::markdown(&difference, args.detail)),
    }
    Ok(if difference.is_empty() { Exit::Done } else { Exit::Changes })
}

/// A file goes before a revision of the same name.
fn find(name: &str, global: &Global, shell: &Shell) -> Result<Source, Reported> {
    let path = PathBuf::from(name);
    if path.is_dir() && path.join("org.toml").is_file() {
        return Ok(Source::File(path.join("org.toml")));
    }
    if path.is_file() {
        return Ok(Source::File(path));
    }
    let commit = format!("{name}^{{commit}}");
    let found = git(global, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).map_err(|e| no_git(&e, shell))?;
    let id = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if !found.status.success() || id.is_empty() {
        let hint = "give an org.toml, a folder with one, or a branch, tag or commit of the repository that org.toml is in".to_owned();
        return Err(shell.error(format_args!("`{name}` is neither a file nor a revision that git knows here"), Some(hint)));
    }
    Ok(Source::Revision(id, name.to_owned()))
}

fn no_git(error: &io::Error, shell: &Shell) -> Reported {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "install git (https://git-scm.com), or compare two files".to_owned(),
        _ => "compare two files instead".to_owned(),
    };
    shell.error(format_args!("reading a revision needs `git`, which cannot be run: {error}"), Some(hint))
}

/// Runs git where org.toml is.
fn git(global: &Global, arguments: &[&str]) -> io::Result<Output> {
    Command::new("git").arg("-C").arg(folder(&global.config)).args(arguments).output()
}

fn folder(config: &Path) -> &Path {
    config.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn load(source: &Source, global: &Global, shell: &Shell) -> Result<Desired, Reported> {
    let (path, loaded) = match source {
        Source::File(path) => (path.clone(), config::load_untested(path)),
        Source::Revision(commit, name) => of_revision(commit, name, global, shell)?,
    };
    validate::told_of(&path, shell, loaded).map(|loaded| loaded.desired)
}

/// A configuration, and how its file is called in messages: `main:./org.toml`.
type OfRevision = (PathBuf, Result<Loaded, Vec<crate::diagnostic::Diagnostic>>);

fn of_revision(commit: &str, name: &str, global: &Global, shell: &Shell) -> Result<OfRevision, Reported> {
    let file = global.config.file_name().map(Path::new).unwrap_or(Path::new("org.toml"));
    let read = |relative: &Path| blob(global, commit, relative);
    let bytes = match read(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(no_git(&error, shell)),
        bytes => bytes,
    };
    // As git takes it.
    let path = PathBuf::from(format!("{name}:./{}", file.display()));
    let loaded = config::load_untested_with(&path, bytes, &Files::new(format!("{name}:."), &read));
    Ok((path, loaded))
}

/// A file as a commit has it, by its path from the folder of org.toml; none is `NotFound`.
fn blob(global: &Global, commit: &str, relative: &Path) -> io::Result<Vec<u8>> {
    // Git knows paths by slashes, and takes `./` for the folder it runs in.
    let parts: Vec<_> = relative
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_string_lossy().into_owned(),
            Component::ParentDir => "..".to_owned(),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => ".".to_owned(),
        })
        .collect();
    let name = format!("{commit}:./{}", parts.join("/"));
    let size = git(global, &["cat-file", "-s", &name])?;
    if String::from_utf8_lossy(&size.stdout).trim().parse::<u64>().is_ok_and(|size| size > files::CONFIGURATION) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let found = git(global, &["cat-file", "blob", &name])?;
    if found.status.success() { Ok(found.stdout) } else { Err(io::ErrorKind::NotFound.into()) }
}
