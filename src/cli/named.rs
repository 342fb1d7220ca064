//! The files that the command line names. No two options may name the same file.

use std::path::{Path, PathBuf};

use super::shell::Shell;
use super::{Command, DEFAULT_SANDBOX, Global, Reported};
use crate::aws::recording::{DESIRED, EXCHANGES};
use crate::files::{Clash, Named, clash};
use crate::sandbox::lock_of;

/// An error if one file would be read or written for two purposes.
pub(super) fn refuse(global: &Global, command: &Command, shell: &Shell) -> Option<Reported> {
    let named = of(global, command);
    let named: Vec<Named<'_>> = named.iter().map(|(by, path)| Named { by, path }).collect();
    let Clash { first, second } = clash(&named)?;
    let message =
        format!("`{}` and `{}` name the same file, `{}`; nothing was read or written", first.by, second.by, second.path.display());
    Some(shell.error(message, Some("give each a file of its own".to_owned())))
}

/// What is read and written, and which option names it.
fn of(global: &Global, command: &Command) -> Vec<(&'static str, PathBuf)> {
    let mut named = Vec::new();
    let mut add = |by, path: Option<&Path>| named.extend(path.map(|path| (by, path.to_owned())));
    // A command that writes an org.toml elsewhere does not read this one.
    let writes_elsewhere = match command {
        Command::Import(args) => args.out().map(|folder| folder.join("org.toml")),
        Command::Init(args) => args.out().map(|folder| folder.join("org.toml")),
        _ => None,
    };
    match &writes_elsewhere {
        Some(path) => add("--out", Some(path)),
        None => add("--config", Some(&global.config)),
    }
    let sandbox = match command {
        Command::Sandbox(_) => Some(global.sandbox.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_SANDBOX))),
        _ => global.sandbox.clone(),
    };
    if let Some(world) = &sandbox {
        add("--sandbox", Some(world));
        add("--sandbox", Some(&lock_of(world)));
    }
    add("--trace", global.trace.as_deref());
    for file in [EXCHANGES, DESIRED] {
        add("--record", global.record.as_ref().map(|folder| folder.join(file)).as_deref());
    }
    match command {
        Command::Plan(args) => add("--out", args.out()),
        Command::Apply(args) => add("FILE", args.file()),
        Command::Drift(args) => add("--baseline", args.baseline()),
        Command::Graph(args) => add("FILE", args.plan()),
        Command::Network(args) => add("--out", args.out()),
        Command::Invite(args) => add("--from", args.from()),
        Command::Policy(args) => add("--out", args.out()),
        Command::Report(args) => add("--out", args.page().as_deref()),
        Command::Accounts(_)
        | Command::Output(_)
        | Command::Import(_)
        | Command::Validate(_)
        | Command::Email(_)
        | Command::Doctor(_)
        | Command::Init(_)
        | Command::Sandbox(_)
        | Command::Schema
        | Command::Completions(_)
        | Command::Man(_) => {}
    }
    named
}
