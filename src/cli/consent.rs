//! Confirmation on the command line: `--allow-delete`, `--allow-lockout`, and the ids of the accounts that leave. On a terminal, overlord prompts
//! for names and ids.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal};

use clap::Args;
use serde_json::json;

use super::Reported;
use super::codes::Asking;
use super::shell::Shell;
use crate::address::Address;
use crate::apply::{Consent, Needs};
use crate::plan::Plan;
use crate::plural::count;
use crate::policy::Lockout;
use crate::render;
use crate::resource::organizations::Leaving;

#[derive(Debug, Default, Args)]
pub(super) struct Consenting {
    /// Do not ask for confirmation. Does not confirm deletions
    #[arg(long)]
    yes: bool,

    /// Apply the deletions of the plan. Prompts for the id of each account that is to leave, on a terminal
    #[arg(long)]
    allow_delete: bool,

    /// Close this account, by its 12-digit id, where org.toml says `close = true`; may be given several times
    #[arg(long, value_name = "ID", value_parser = account_id)]
    close: Vec<String>,

    /// Take this account out of the organization, by its 12-digit id, where org.toml says `removed = true`; may be given several times
    #[arg(long, value_name = "ID", value_parser = account_id)]
    remove: Vec<String>,

    #[command(flatten)]
    locking: Locking,

    #[command(flatten)]
    creating: Creating,
}

/// `--allow-new-accounts`, of `plan` and `apply`.
#[derive(Debug, Default, Args)]
pub(super) struct Creating {
    /// Create accounts even if the plan says that they look like existing ones under another key
    #[arg(long)]
    allow_new_accounts: bool,
}

impl Creating {
    /// An error where new accounts look renamed and that is not allowed: a second account stays for 90 days.
    pub(super) fn check(&self, plan: &Plan, shell: &Shell) -> Result<(), Reported> {
        let looks_renamed: usize = plan.renames.iter().map(|rename| rename.accounts.len()).sum();
        if looks_renamed == 0 || self.allow_new_accounts {
            return Ok(());
        }
        let what = match looks_renamed {
            1 => "1 new account looks like an existing one under another key".to_owned(),
            many => format!("{many} new accounts look like existing ones under other keys"),
        };
        let hint = "add the `[[moved]]` blocks above to org.toml; if these are other accounts, pass `--allow-new-accounts`, and remove the \
                    `overlord:address` tag from the old ones so that they are not taken for them again";
        Err(shell.error(format_args!("{what}; nothing was changed"), Some(hint.to_owned())).with("renames", json!(plan.renames)))
    }
}

/// `--allow-lockout`, of `plan` and `apply`.
#[derive(Debug, Default, Args)]
pub(super) struct Locking {
    /// Continue although overlord's access role is locked out: of this account, by its key or id, or by this policy or level, by its name in
    /// the plan; may be given several times
    #[arg(long, value_name = "NAME")]
    allow_lockout: Vec<String>,
}

impl Locking {
    /// Consent to these lockouts, and to nothing else.
    fn consent(&self, consent: Consent) -> Consent {
        self.allow_lockout.iter().fold(consent, Consent::and_lockout)
    }

    /// An error where the plan locks overlord out and that is not allowed.
    pub(super) fn check(&self, plan: &Plan, shell: &Shell) -> Result<(), Reported> {
        self.tell_what_leads_nowhere(plan, shell);
        Self::refuse(&self.consent(Consent::none()).locked_out(plan), plan, shell)
    }

    fn tell_what_leads_nowhere(&self, plan: &Plan, shell: &Shell) {
        if plan.impact.iter().all(|impact| impact.lockouts.is_empty()) {
            self.allow_lockout.iter().for_each(|name| {
                shell.say(format_args!("`--allow-lockout {name}` leads nowhere: the plan locks overlord out of no account"));
            });
        }
    }

    /// Asks for the name of each lockout that is not allowed yet, typed out; an error at the first that is not.
    fn ask(plan: &Plan, mut consent: Consent, shell: &Shell) -> Result<Consent, Reported> {
        while let Some(lockout) = consent.locked_out(plan).first() {
            let name = &lockout.by;
            let of = accounts(lockout.accounts.len());
            let typed =
                ask(shell, &format!("\nThe plan locks overlord's own access role out of {of}. Type `{name}` to go on all the same."));
            if typed.as_ref() != Some(name) {
                Self::refuse(std::slice::from_ref(lockout), plan, shell)?;
            }
            consent = consent.and_lockout(name.clone());
        }
        Ok(consent)
    }

    fn refuse(left: &[Lockout], plan: &Plan, shell: &Shell) -> Result<(), Reported> {
        let locked_out: BTreeSet<&Address> = left.iter().flat_map(|lockout| &lockout.accounts).collect();
        let Some(first) = left.first() else { return Ok(()) };
        let hint = format!(
            "except the role `{}` in the guardrail, or go on all the same with `--allow-lockout {}`",
            plan.desired.access_role, first.by
        );
        let of = accounts(locked_out.len());
        Err(shell.error(format_args!("the plan locks overlord's own access role out of {of}; nothing was changed"), Some(hint)))
    }
}

fn accounts(number: usize) -> String {
    count(number, "account")
}

fn account_id(text: &str) -> Result<String, String> {
    let is_one = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if is_one { Ok(text.to_owned()) } else { Err("an account id is 12 digits, leading zeros included".to_owned()) }
}

/// Whether a run changes AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It does.
    Aws,
    /// It changes a copy: there is nothing to consent to but what the copy is to lose.
    Copy,
}

impl Consenting {
    /// Consent to what destroys nothing, without being asked for it, or not.
    pub(super) fn yes(yes: bool) -> Self {
        Self { yes, ..Self::default() }
    }

    /// Whether the run may ask for more than consent.
    pub(super) fn asking(&self) -> Asking {
        if self.yes { Asking::Never } else { Asking::AtTerminal }
    }

    /// Whether somebody is asked about this plan.
    pub(super) fn asks(&self, plan: &Plan, stage: Stage) -> bool {
        stage == Stage::Aws && !self.yes && !plan.is_empty() && std::io::stdin().is_terminal()
    }

    /// The user's consent to a plan: to its making at all, and to what of it destroys.
    pub(super) fn obtain(&self, plan: &Plan, stage: Stage, shell: &Shell) -> Result<Consent, Reported> {
        if plan.has_errors() {
            let hint = "fix the plan's errors, then apply again".to_owned();
            return Err(shell.error("the plan has errors; nothing was changed", Some(hint)));
        }
        if stage == Stage::Aws {
            self.creating.check(plan, shell)?;
        }
        // On a terminal, ask after the rest.
        let asks = stage == Stage::Aws && !self.yes && std::io::stdin().is_terminal();
        match stage {
            Stage::Aws if asks => self.locking.tell_what_leads_nowhere(plan, shell),
            Stage::Aws => self.locking.check(plan, shell)?,
            Stage::Copy => {}
        }
        let mut consent = if self.allow_delete { Consent::to_deletions() } else { Consent::none() };
        for (leaving, ids) in [(Leaving::Closed, &self.close), (Leaving::Removed, &self.remove)] {
            consent = ids.iter().fold(consent, |consent, id| consent.and(leaving, id));
        }
        let consent = self.locking.consent(consent);
        self.tell_what_leads_nowhere(plan, shell);
        if plan.is_empty() || self.yes || stage == Stage::Copy {
            return Ok(consent);
        }
        agree("Apply these changes?", shell)?;
        let consent = if asks { Locking::ask(plan, consent, shell)? } else { consent };
        Ok(if self.allow_delete { ask_for_ids(plan, consent, shell) } else { consent })
    }

    /// A wrong id does no harm, but the user should know.
    fn tell_what_leads_nowhere(&self, plan: &Plan, shell: &Shell) {
        for (leaving, ids) in [(Leaving::Closed, &self.close), (Leaving::Removed, &self.remove)] {
            let leaves =
                |id: &String| plan.changes.iter().any(|change| change.leaving() == Some(leaving) && change.id.as_ref() == Some(id));
            for id in ids.iter().filter(|id| !leaves(id)) {
                let flag = Needs::Id { leaving, id: id.clone() };
                shell.say(format_args!("`{flag}` leads nowhere: the plan has no such account"));
            }
        }
    }
}

/// Prompts for confirmation. Only `yes` confirms; without a terminal it is an error.
pub(super) fn agree(question: &str, shell: &Shell) -> Result<(), Reported> {
    if !std::io::stdin().is_terminal() {
        return Err(shell.error(
            "cannot ask for confirmation (no terminal); nothing was changed",
            Some("pass --yes to apply without asking".to_owned()),
        ));
    }
    match ask(shell, &format!("\n{question} Type \"yes\" to continue:")).as_deref() {
        Some("yes") => Ok(()),
        Some(_) | None => Err(shell.error("not approved; nothing was changed", None)),
    }
}

/// Each account that is to leave and is not confirmed by its id yet.
fn ask_for_ids(plan: &Plan, mut consent: Consent, shell: &Shell) -> Consent {
    for change in &plan.changes {
        let Some(Needs::Id { leaving, id }) = consent.lacks(change) else { continue };
        let what = match leaving {
            Leaving::Closed => "Close",
            Leaving::Removed => "Take out of the organization",
        };
        let address = render::plain(&change.address.to_string());
        let typed = ask(shell, &format!("\n{what}: {address} ({id}). Type its id to confirm; anything else leaves it unchanged."));
        match typed {
            Some(typed) if typed == id => consent = consent.and(leaving, id),
            Some(_) | None => shell.say(format_args!("{address} stays as it is")),
        }
    }
    consent
}

/// A line of answer, without white space around it.
pub(super) fn ask(shell: &Shell, question: &str) -> Option<String> {
    shell.say(question);
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).ok()?;
    Some(answer.trim().to_owned())
}
