//! Which accounts `overlord invite` works on, and how each one is invited.

use std::path::Path;

use super::super::shell::Shell;
use super::super::{Global, Reported, validate};
use super::InviteArgs;
use crate::address::Address;
use crate::escape;
use crate::files;
use crate::resource::organizations::{Account, AccountAttributes, Invitation, InvitationAttributes, OrganizationalUnit};
use crate::resource::{Desired, Kind, Selection, typed};

/// An account that is to be invited.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Its address.
    pub account: Address,
    /// How it is invited.
    pub invitation: InvitationAttributes,
    /// Its e-mail, if org.toml has it.
    pub email: Option<String>,
    /// What is to be added to org.toml, where it does not stand there.
    pub section: Option<String>,
}

/// The configuration, completed with sections for the named accounts that it lacks; and these accounts.
pub(super) fn read(global: &Global, args: &InviteArgs, shell: &Shell) -> Result<(Desired, Vec<Target>), Reported> {
    let mut names = args.accounts.clone();
    if let Some(file) = &args.from {
        names.extend(listed(file, shell)?);
    }
    let declared = validate::load(global, shell)?.desired;
    let strangers: Vec<&String> = names.iter().filter(|name| find(&declared, name).is_none() && is_outside(name)).collect();
    let sections: Vec<(String, String)> = strangers.iter().map(|name| section(&declared, name, args.ou.as_deref())).collect();
    let desired = match sections.is_empty() {
        true => declared,
        false => {
            let more: String = sections.iter().map(|(_, text)| format!("\n{text}")).collect();
            validate::load_with_more(global, &more, shell)?.desired
        }
    };
    let mut targets = Vec::new();
    for account in accounts(&desired, &names, shell)? {
        let section = sections.iter().find(|(key, _)| key == account.key()).map(|(_, text)| text.clone());
        targets.push(target(&desired, account, section, args, shell)?);
    }
    if targets.is_empty() {
        let hint = "name accounts with --account, or give those in org.toml `invite = true`".to_owned();
        return Err(shell.error("there are no accounts to invite", Some(hint)));
    }
    Ok((desired, targets))
}

/// One name per line; text after `#` is ignored.
fn listed(file: &Path, shell: &Shell) -> Result<Vec<String>, Reported> {
    let text = files::read_text(file, files::LIST).map_err(|e| {
        let hint = "give a file with an account's key, id or e-mail on each line".to_owned();
        shell.error(format_args!("the list `{}` cannot be read: {e}", file.display()), Some(hint))
    })?;
    let names = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    Ok(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The account of org.toml that has this key, id or e-mail.
fn find(desired: &Desired, name: &str) -> Option<Address> {
    let mut accounts = desired.resources.iter().filter(|(address, _)| Account::has(address));
    let is_it = |(address, attributes): &(&Address, &crate::resource::Attributes)| {
        let email = || typed::<AccountAttributes>(attributes).ok().and_then(|account| account.email);
        address.key() == name
            || desired.pinned.get(*address).is_some_and(|id| id == name)
            || (name.contains('@') && email().is_some_and(|email| email.eq_ignore_ascii_case(name)))
    };
    accounts.find(is_it).map(|(address, _)| address.clone())
}

/// Whether it can only be the id or e-mail of an account.
fn is_outside(name: &str) -> bool {
    name.contains('@') || (name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit()))
}

/// Key and text of the section of an account that org.toml does not have.
fn section(declared: &Desired, name: &str, ou: Option<&str>) -> (String, String) {
    let (word, before_the_at) = match name.split_once('@') {
        Some((local, _)) => ("email", local),
        None => ("id", name),
    };
    let letters = before_the_at.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let wanted = format!("invited-{}", letters.collect::<String>().trim_matches('-'));
    let free = |key: &String| !declared.resources.contains_key(&Account::address(key.as_str()));
    let key = std::iter::once(wanted.clone()).chain((2_usize..).map(|n| format!("{wanted}-{n}"))).find(free).unwrap_or(wanted);
    let quoted = escape::toml(name);
    let text = format!("[account.{key}]\n{word} = {quoted}\ninvite = true\nou = \"{}\"\n", ou.unwrap_or("root"));
    (key, text)
}

/// Those named, each once; or all that org.toml wants invited.
fn accounts(desired: &Desired, names: &[String], shell: &Shell) -> Result<Vec<Address>, Reported> {
    if names.is_empty() {
        let invited = desired.resources.keys().filter(|address| Invitation::has(address));
        return Ok(invited.map(|address| Account::address(address.key())).collect());
    }
    let mut found = Vec::new();
    for name in names {
        let account = find(desired, name).ok_or_else(|| match Selection::of(desired, std::slice::from_ref(name), &[], &[]) {
            Err(unknown) => shell.error(&unknown, Some(unknown.hint())),
            Ok(_) => shell.error(format_args!("org.toml has no account `{name}`"), None),
        })?;
        if !found.contains(&account) {
            found.push(account);
        }
    }
    Ok(found)
}

fn target(desired: &Desired, account: Address, section: Option<String>, args: &InviteArgs, shell: &Shell) -> Result<Target, Reported> {
    let attributes = desired.resources.get(&account).and_then(|attributes| typed::<AccountAttributes>(attributes).ok());
    let invitation = desired.resources.get(&Invitation::address(account.key()));
    let declared = invitation.and_then(|attributes| typed::<InvitationAttributes>(attributes).ok());
    let pinned = desired.pinned.get(&account);
    let Some(attributes) = attributes else {
        return Err(shell.error(format_args!("org.toml has no `{account}`"), None));
    };
    let email = attributes.email.clone();
    let mut invitation = match (declared, pinned) {
        (Some(invitation), _) => invitation,
        (None, Some(id)) => {
            let Some(parent) = attributes.parent.clone() else {
                let hint = "remove `close` or `removed` from its section, or do not invite it".to_owned();
                return Err(shell.error(format_args!("org.toml makes `{account}` to leave the organization"), Some(hint)));
            };
            InvitationAttributes { note: None, parent, recipient: id.clone(), tags: attributes.tags }
        }
        (None, None) => {
            let hint = "give it `invite = true` in org.toml if it exists already".to_owned();
            return Err(shell.error(format_args!("`{account}` is a new account that `overlord apply` creates"), Some(hint)));
        }
    };
    let elsewhere = |ou: &&String| section.is_none() && invitation.parent != OrganizationalUnit::address(ou.as_str()).into();
    if let Some(ou) = args.ou.as_ref().filter(elsewhere) {
        let hint = format!("leave out --ou, or change the `ou` of `{}` there", account.key());
        return Err(shell.error(format_args!("org.toml places `{account}` in `{}`, not in `{ou}`", invitation.parent), Some(hint)));
    }
    if let Some(note) = &args.note {
        invitation.note = Some(note.clone());
    }
    Ok(Target { account, invitation, email, section })
}
