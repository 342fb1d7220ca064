//! `root_access` and `root_credentials`: their valid values, and their requirements.

use super::Model;
use super::accounts::Planned;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{DEFAULT_VPCS, ROOT_ACCESS};
use crate::config::span::At;
use crate::resource::organizations::IAM;

/// Whether what the root user of an account has is to go.
pub(in crate::config) fn is_to_go(account: &Planned<'_>) -> bool {
    account.inherited.root_credentials.is_some_and(is_remove)
}

pub(super) fn check(model: &Model<'_>, accounts: &[Planned<'_>], report: &mut Report) {
    let Some(section) = &model.file.organization else { return };
    if let Some(access) = &section.root_access {
        let trusted = section.trusted_services.iter().any(|service| service.value == IAM);
        if !ROOT_ACCESS.contains(&access.as_str()) {
            let diagnostic = Code::BadRootAccess.error(format!("`root_access` cannot be `{}`", access.value));
            report.at(access.at, diagnostic.hint("write `root_access = \"central\"`, or leave it out"));
        } else if !trusted && !report.is_broken(&["organization", "trusted_services"]) {
            let diagnostic = Code::UntrustedService.error(format!("central root access needs `{IAM}` to be trusted"));
            report.at(access.at, diagnostic.hint(format!("add \"{IAM}\" to `trusted_services`")));
        }
    }
    let central = section.root_access.is_some() || report.is_broken(&["organization", "root_access"]);
    for text in model.file.inherited().filter_map(|keys| keys.root_credentials) {
        if !DEFAULT_VPCS.contains(&text.as_str()) {
            let hint = report.suggest(text, DEFAULT_VPCS.into_iter(), "choose one");
            report.at(text.at, Code::BadRootAccess.error(format!("`root_credentials` cannot be `{}`", text.value)).hint(hint));
        } else if is_remove(text) && !central {
            let diagnostic = Code::BadRootAccess.error("root credentials can be removed only with central root access");
            report.at(text.at, diagnostic.hint("add `root_access = \"central\"` to [organization]"));
        }
    }
    let management = section.management_account.as_ref().map(|id| id.as_str());
    for account in accounts.iter().filter(|account| is_to_go(account) && account.id.is_some_and(|id| Some(id.as_str()) == management)) {
        let diagnostic = Code::BadRootAccess.error("AWS lets nobody remove the root credentials of the management account from outside");
        let at = account.inherited.root_credentials.map_or(account.at, |text| text.at);
        report.at(at, diagnostic.hint("set `root_credentials = \"keep\"` for it: its root user manages them"));
    }
}

fn is_remove(text: &At<String>) -> bool {
    text.value == "remove"
}
