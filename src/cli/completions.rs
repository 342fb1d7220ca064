//! `overlord completions SHELL`.

use clap::{Args, CommandFactory};

use super::shell::Shell;
use super::{Cli, Exit, Reported};

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &CompletionsArgs, shell: &Shell) -> Result<Exit, Reported> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "overlord", &mut script);
    shell.own(String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
