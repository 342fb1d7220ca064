//! `root_access` and `root_credentials`: their valid values, and their requirements.

use super::accounts::Planned;
use super::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{DEFAULT_VPCS, ROOT_ACCESS};
use crate::config::span::At;
use crate::resource::organizations::IAM;

/// Whether what the root user of an account has is to go.
pub(in crate::config) fn is_to_go(account: &Planned<'_>) -> bool {
    account.inherited.root_credentials.is_some_and(is_remove)
}

pub(super) fn access(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    let Some(access) = &section.root_access else { return };
    let trusted = section.trusted_services.iter().any(|service| service.value == IAM);
    if !ROOT_ACCESS.contains(&access.as_str()) {
        let diagnostic = Code::BadRootAccess.error(format!("`root_access` cannot be `{}`", access.value));
        report.at(access.at, diagnostic.hint("write `root_access = \"central\"`, or leave it out"));
    } else if !trusted && !report.is_broken(&["organization", "trusted_services"]) {
        let diagnostic = Code::UntrustedService.error(format!("central root access needs `{IAM}` to be trusted"));
        report.at(access.at, diagnostic.hint(format!("add \"{IAM}\" to `trusted_services`")));
    }
}

pub(super) fn credentials(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    let central = section.root_access.is_some() || report.is_broken(&["organization", "root_access"]);
    for text in facts.file.inherited().filter_map(|keys| keys.root_credentials) {
        if !DEFAULT_VPCS.contains(&text.as_str()) {
            let hint = report.suggest(text, DEFAULT_VPCS.into_iter(), "choose one");
            report.at(text.at, Code::BadRootAccess.error(format!("`root_credentials` cannot be `{}`", text.value)).hint(hint));
        } else if is_remove(text) && !central {
            let diagnostic = Code::BadRootAccess.error("root credentials can be removed only with central root access");
            report.at(text.at, diagnostic.hint("add `root_access = \"central\"` to [organization]"));
        }
    }
}

pub(super) fn management_credentials(facts: &Facts<'_>, report: &mut Report) {
    let Some(management) = facts.management_account() else { return };
    let of_management = |account: &&Planned<'_>| is_to_go(account) && account.id.is_some_and(|id| id.value == management.value);
    for account in facts.accounts.iter().filter(of_management) {
        let diagnostic = Code::BadRootAccess.error("AWS lets nobody remove the root credentials of the management account from outside");
        let at = account.inherited.root_credentials.map_or(account.at, |text| text.at);
        report.at(at, diagnostic.hint("set `root_credentials = \"keep\"` for it: its root user manages them"));
    }
}

fn is_remove(text: &At<String>) -> bool {
    text.value == "remove"
}
