//! The codes that AWS sends to new primary e-mail addresses. At the end of an apply, overlord prompts for them on a terminal. Otherwise it
//! prints the command that takes a code.

use std::io::IsTerminal;

use super::consent::ask;
use super::shell::Shell;
use crate::address::Address;
use crate::apply::{Outcome, Report};
use crate::aws::{Mode, Sessions};
use crate::plan::{Change, Plan};
use crate::render;
use crate::resource::Kind;
use crate::resource::organizations::{Account, EmailChange};

/// Whether a run may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// Where there is a terminal.
    AtTerminal,
    /// Never: `--yes`.
    Never,
}

/// Completes changes that need a code: prompts for each code that the run had sent, or prints the next step.
pub(super) async fn settle(plan: &Plan, report: &Report, sessions: &Sessions, asking: Asking, shell: &Shell) {
    let is_applied = |address: &Address| report.outcomes.iter().any(|(other, outcome)| other == address && *outcome == Outcome::Applied);
    let interactive = asking == Asking::AtTerminal && std::io::stdin().is_terminal();
    for change in plan.changes.iter().filter(|change| is_applied(&change.address)) {
        let Some(email) = sent(change) else { continue };
        let address = render::plain(&change.address.to_string());
        if !interactive || !handed_in(&address, &email, sessions, shell).await {
            shell.say(format_args!(
                "{address}: AWS sent a code to its new e-mail address; enter it with `overlord email --account {} --code CODE`",
                change.address.key()
            ));
        }
    }
}

/// The e-mail that a change had a code sent to. That of a new account takes none.
fn sent(change: &Change) -> Option<EmailChange> {
    let is_update = Account::has(&change.address) && change.changes("email") && change.leaving().is_none();
    let id = change.id.clone().filter(|_| is_update)?;
    let text = |attributes: Option<&crate::resource::Attributes>| Some(attributes?.get("email")?.as_str()?.to_owned());
    Some(EmailChange { id, live: text(change.before.as_ref())?, wanted: text(change.after.as_ref())?, awaited: true })
}

/// Whether the code was entered and accepted by AWS. Prompts again after a wrong one.
async fn handed_in(address: &str, email: &EmailChange, sessions: &Sessions, shell: &Shell) -> bool {
    let wanted = render::plain(&email.wanted);
    let question = format!("\n{address}: AWS sends a code to `{wanted}`. Enter the code, or nothing to do it later:");
    loop {
        let code = ask(shell, &question).unwrap_or_default();
        if code.is_empty() || sessions.request_gate().interrupt().is_triggered() {
            return false;
        }
        if !is_code(&code) {
            shell.say(format_args!("`{}` is not a valid code: AWS's codes are six letters or digits", render::plain(&code)));
            continue;
        }
        sessions.request_gate().set_mode(Mode::ReadWrite);
        let done = email.hand_in(sessions, &code).await;
        sessions.request_gate().set_mode(Mode::ReadOnly);
        match done {
            Ok(()) => {
                shell.say(format_args!("{address}: its e-mail is `{wanted}` now"));
                return true;
            }
            Err(e) => shell.say(render::plain(&e.to_string())),
        }
    }
}

/// Source: the pattern of the API's Otp.
pub(super) fn is_code(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|b| b.is_ascii_alphanumeric())
}
