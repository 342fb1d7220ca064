//! New accounts that look like existing ones under another key, and the `[[moved]]` blocks that org.toml lacks.

use std::fmt::Write as _;

use super::Style;
use super::words::{count, plain};
use crate::plan::Plan;
use crate::resource::organizations::Rename;

/// Accounts of one key that are named, without `--detail`.
const NAMED: usize = 5;

/// What looks renamed, with the block to paste; empty for nothing.
pub(super) fn text(plan: &Plan, style: Style) -> String {
    let mut out = String::new();
    for rename in &plan.renames {
        let _ = writeln!(
            out,
            "{}: `{}` looks like a rename of `{}`: {} under the old key, and {} planned. Add this `[[moved]]` block to org.toml:\n",
            style.warning("warning"),
            plain(&rename.to),
            plain(&rename.from),
            existing(rename, style),
            if rename.accounts.len() == 1 { "a new one is" } else { "new ones are" }
        );
        let _ = writeln!(out, "{}", plain_block(rename));
    }
    out
}

/// `3 accounts (payments-dev 111111111111, …) exist`.
fn existing(rename: &Rename, style: Style) -> String {
    let most = if style.detail { usize::MAX } else { NAMED };
    let named: Vec<String> =
        rename.accounts.iter().take(most).map(|account| format!("{} {}", plain(account.from.key()), plain(&account.id))).collect();
    let more = match rename.accounts.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let verb = if rename.accounts.len() == 1 { "exists" } else { "exist" };
    format!("{} ({}{more}) {verb}", count(rename.accounts.len(), "account"), named.join(", "))
}

/// A tag names the old key, and anybody may write tags.
fn plain_block(rename: &Rename) -> String {
    rename.block().lines().map(|line| plain(line) + "\n").collect()
}
