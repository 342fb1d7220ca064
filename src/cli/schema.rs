//! `overlord schema`.

use super::shell::Shell;
use super::{Exit, Reported};

pub(super) fn run(shell: &Shell) -> Result<Exit, Reported> {
    shell.own(format_args!("{:#}\n", crate::config::schema()));
    Ok(Exit::Done)
}
