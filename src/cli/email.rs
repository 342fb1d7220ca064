//! `overlord email`: has AWS send a code to an account's new e-mail address, and sends the code back.

use std::io::{BufRead, IsTerminal};

use clap::Args;
use serde_json::json;

use super::codes::is_code;
use super::connect::{Connection, connect_to_write};
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::address::Address;
use crate::aws::Mode;
use crate::resource::organizations::{self, Account, EmailChange};
use crate::resource::{Desired, Kind, Selection};

#[derive(Debug, Args)]
pub(super) struct EmailArgs {
    /// The account, by its key or id in org.toml; its `email` there is the new address
    #[arg(long, value_name = "KEY|ID")]
    account: String,

    /// The code that AWS sent to that address; without it, AWS sends one
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
}

pub(super) async fn run(global: &Global, args: &EmailArgs, shell: &Shell) -> Result<Exit, Reported> {
    let mut desired = validate::load(global, shell)?.desired;
    if let Some(code) = &args.code {
        well_formed(code, shell)?;
    }
    let address = named(&mut desired, &args.account, shell)?;
    let connection = connect_to_write(global, &desired, shell).await?;
    let done = change(&connection, &desired, &address, args, shell).await;
    connection.close(shell)?;
    done
}

fn well_formed(code: &str, shell: &Shell) -> Result<(), Reported> {
    match is_code(code) {
        true => Ok(()),
        false => Err(shell.error(format_args!("`{code}` is not a valid code"), Some("AWS's codes are six letters or digits".to_owned()))),
    }
}

/// The address of the account; `desired` is narrowed to it.
fn named(desired: &mut Desired, account: &str, shell: &Shell) -> Result<Address, Reported> {
    let selection = Selection::of(desired, &[account.to_owned()], &[], &[]);
    let selection = selection.map_err(|e| shell.error(&e, Some(e.hint())))?;
    let address = desired.resources.keys().find(|address| Account::has(address) && selection.selects(address)).cloned();
    desired.selection = selection;
    address.ok_or_else(|| shell.error(format_args!("org.toml has no account `{account}`"), None))
}

async fn change(connection: &Connection, desired: &Desired, address: &Address, args: &EmailArgs, shell: &Shell) -> Result<Exit, Reported> {
    let sessions = &connection.sessions;
    let reading = organizations::read(sessions, desired, |_, _| ()).await.map_err(|e| shell.aws_error(&e))?;
    let found = reading.email(desired, address).map_err(|e| shell.aws_error(&e))?;
    let Some(email) = found else {
        let hint = "`overlord plan` shows how it is recognised; `email` in its section is the new address".to_owned();
        return Err(shell.error(format_args!("`{address}` is not in the organization, or declares no `email`"), Some(hint)));
    };
    if email.live.eq_ignore_ascii_case(&email.wanted) {
        told(&email, address, "unchanged", shell);
        return Ok(Exit::Done);
    }
    if email.id == desired.management_account {
        let hint = "its root user changes it in the account settings".to_owned();
        return Err(shell.error("AWS lets nobody change the e-mail of the management account from outside", Some(hint)));
    }
    let request_gate = sessions.request_gate();
    request_gate.set_mode(Mode::ReadWrite);
    let code = match &args.code {
        Some(code) => Some(code.clone()),
        None => {
            email.send_code(sessions).await.map_err(|e| shell.aws_error(&e))?;
            shell.say(format_args!("AWS sends a code to `{}`", email.wanted));
            asked(shell)?
        }
    };
    let Some(code) = code else {
        shell.say(format_args!("enter it with `overlord email --account {} --code CODE`", args.account));
        told(&email, address, "waiting", shell);
        return Ok(Exit::Done);
    };
    email.hand_in(sessions, &code).await.map_err(|e| shell.aws_error(&e))?;
    request_gate.set_mode(Mode::ReadOnly);
    told(&email, address, "changed", shell);
    Ok(Exit::Done)
}

/// The code, entered on the terminal.
fn asked(shell: &Shell) -> Result<Option<String>, Reported> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    shell.say("Enter the code, or nothing to do it later:");
    let mut answer = String::new();
    match std::io::stdin().lock().read_line(&mut answer) {
        Ok(_) if !answer.trim().is_empty() => well_formed(answer.trim(), shell).map(|()| Some(answer.trim().to_owned())),
        Ok(_) | Err(_) => Ok(None),
    }
}

fn told(email: &EmailChange, address: &Address, state: &str, shell: &Shell) {
    match shell.format() {
        Format::Json => {
            let document = json!({
                "format_version": 1, "address": address, "account": email.id, "before": email.live, "email": email.wanted, "state": state,
            });
            shell.result(format_args!("{document:#}\n"));
        }
        Format::Text | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => {
            let EmailChange { live, wanted, .. } = email;
            shell.result(match state {
                "changed" => format!("{address}: its e-mail is `{wanted}` now, and was `{live}`\n"),
                "waiting" => format!("{address}: its e-mail is `{live}`, and becomes `{wanted}` with the code\n"),
                _ => format!("{address}: its e-mail is `{live}` already\n"),
            });
        }
    }
}
