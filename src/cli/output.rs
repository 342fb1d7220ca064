//! `overlord output`: the ids of all managed resources, for other tools. Read-only.

use clap::Args;

use super::connect::connect;
use super::select::Selecting;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::render::inventory;
use crate::snapshot;

#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// Print the id of this resource and nothing else, such as `account.audit` or `audit/eu-west-1/vpc.standard`
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    #[command(flatten)]
    selecting: Selecting,
}

pub(super) async fn run(global: &Global, args: &OutputArgs, shell: &Shell) -> Result<Exit, Reported> {
    let mut loaded = validate::load(global, shell)?;
    args.selecting.narrow(&mut loaded.desired, shell)?;
    let connection = connect(global, &loaded.desired, shell).await?;
    let live = snapshot::read(&connection.sessions, &loaded.desired).await.map_err(|e| shell.aws_error(&e))?;
    let ids = inventory::ids(&live, |address| loaded.desired.selection.selects(address));
    if let Some(wanted) = &args.address {
        let found = ids.iter().find(|(address, _)| address.to_string() == *wanted);
        let Some((_, id)) = found else {
            let hint = "`overlord output` lists the addresses of everything managed that exists".to_owned();
            return Err(shell.error(format_args!("nothing with the address `{wanted}` exists"), Some(hint)));
        };
        shell.whole(format_args!("{id}\n"));
    } else {
        match global.format {
            Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.whole(inventory::ids_text(&ids)),
            Format::Json => shell.result(format_args!("{:#}\n", inventory::ids_json(&ids))),
            Format::Markdown => shell.comment(&inventory::ids_markdown(&ids)),
        }
    }
    connection.close(shell)?;
    Ok(Exit::Done)
}
