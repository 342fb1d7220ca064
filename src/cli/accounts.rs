//! `overlord accounts`: lists the accounts by their names in org.toml, with their ids. Read-only.

use clap::Args;

use super::connect::connect;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::render::inventory;
use crate::resource::organizations::Account;
use crate::resource::{Kind, Selection};
use crate::snapshot;

#[derive(Debug, Args)]
pub(super) struct AccountsArgs {
    /// Print one line per account, for a spreadsheet
    #[arg(long, conflicts_with = "format")]
    csv: bool,
}

pub(super) async fn run(global: &Global, args: &AccountsArgs, shell: &Shell) -> Result<Exit, Reported> {
    let mut loaded = validate::load(global, shell)?;
    // No network is read.
    let only_accounts = Selection::of(&loaded.desired, &[], &[], &[Account::SPEC.kind.to_owned()]);
    loaded.desired.selection = only_accounts.map_err(|error| shell.error(&error, Some(error.hint())))?;
    let connection = connect(global, &loaded.desired, shell).await?;
    let live = snapshot::read(&connection.sessions, &loaded.desired).await.map_err(|e| shell.aws_error(&e))?;
    let rows = inventory::accounts(&loaded, &live);
    match global.format {
        _ if args.csv => shell.whole(inventory::accounts_csv(&rows)),
        Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.whole(inventory::accounts_text(&rows)),
        Format::Json => shell.result(format_args!("{:#}\n", inventory::accounts_json(&rows))),
        Format::Markdown => shell.comment(&inventory::accounts_markdown(&rows)),
    }
    connection.close(shell)?;
    Ok(Exit::Done)
}
