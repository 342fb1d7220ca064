//! Checks that the current org.toml matches a saved plan.

use std::path::Path;

use serde_json::json;

use super::shell::Shell;
use super::{Global, Reported, validate};
use crate::plan::differences;
use crate::resource::Desired;

/// Refuses a saved plan that does not match org.toml: it was made from another commit, or by somebody else. Without an org.toml the
/// plan is used alone, and its access role is printed.
pub(super) fn check(global: &Global, file: &Path, planned: &Desired, shell: &Shell) -> Result<(), Reported> {
    if !global.config.exists() {
        shell.say(format_args!(
            "note: no `{}` to compare the plan with; it assumes the role `{}` in every account",
            global.config.display(),
            planned.access_role
        ));
        return Ok(());
    }
    let here = validate::load(global, shell)?.desired;
    let differences = differences(planned, &here);
    if differences.is_empty() {
        return Ok(());
    }
    differences.iter().for_each(|difference| shell.say(format_args!("differs: {difference}")));
    let hint = "check out the org.toml that the plan was made of, or make a new plan (`overlord plan --out FILE`)".to_owned();
    let message = format!("`{}` does not match `{}`; nothing was changed", file.display(), global.config.display());
    Err(shell.error(message, Some(hint)).with("differences", json!(differences)))
}
