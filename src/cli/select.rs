//! `--account`, `--ou` and `--only`: limit a run to a part of the configuration.

use clap::Args;

use super::Reported;
use super::shell::Shell;
use crate::resource::{Desired, Selection};

#[derive(Debug, Default, Args)]
pub(super) struct Selecting {
    /// Only this account and its resources, by its key or by the id in org.toml; may be given several times
    #[arg(long = "account", value_name = "KEY|ID")]
    accounts: Vec<String>,

    /// Only this OU and everything below it; may be given several times
    #[arg(long = "ou", value_name = "KEY")]
    units: Vec<String>,

    /// Only resources of this kind; may be given several times
    #[arg(long = "only", value_name = "KIND")]
    kinds: Vec<String>,
}

impl Selecting {
    /// Narrows `desired` to what is selected.
    pub(super) fn narrow(&self, desired: &mut Desired, shell: &Shell) -> Result<(), Reported> {
        let unknown = |error: crate::resource::UnknownName| shell.error(&error, Some(error.hint()));
        desired.selection = Selection::of(desired, &self.accounts, &self.units, &self.kinds).map_err(unknown)?;
        Ok(())
    }

    /// A saved plan keeps what was selected when it was made.
    pub(super) fn none(&self, shell: &Shell) -> Result<(), Reported> {
        if self.accounts.is_empty() && self.units.is_empty() && self.kinds.is_empty() {
            return Ok(());
        }
        let hint = "select when the plan is made: `overlord plan --out FILE` with the same options";
        Err(shell.error("a saved plan is applied as a whole; nothing was changed", Some(hint.to_owned())))
    }
}
