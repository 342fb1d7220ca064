//! `[organization]`: the expected account id, the Region, the role, the trusted services and their administrators.

use super::table::Facts;
use super::{tree, values};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::span::At;
use crate::diagnostic::ByteRange;
use crate::resource::organizations::organization_address;

const HINT: &str = "write the id of the account that you run overlord in: `management_account = \"111111111111\"`";

pub(super) fn section(facts: &Facts<'_>, report: &mut Report) {
    if facts.file.organization.is_none() && !report.is_broken(&["organization"]) {
        report.at(ByteRange { start: 0, end: 0 }, Code::MissingKey.error("there is no [organization]").hint(HINT));
    }
}

pub(super) fn management_account(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    match &section.management_account {
        None if !report.is_broken(&["organization", "management_account"]) => {
            report.at(section.at, Code::MissingKey.error("[organization] has no `management_account`").hint(HINT));
        }
        Some(id) if !values::account_id(id) => report.at(id.at, super::bad_account_id(id)),
        None | Some(_) => {}
    }
}

pub(super) fn home_region(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    if let Some(region) = &section.home_region {
        facts.model.regions.check(region, region.at, report);
    }
}

pub(super) fn role_names(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    for role in [&section.access_role, &section.plan_role].into_iter().flatten().filter(|role| !values::role(role)) {
        let diagnostic = Code::BadRole.error(format!("`{}` is not a role name", role.value));
        report.at(role.at, diagnostic.hint("1 to 64 letters, digits or any of _ + = , . @ -; the name, not the ARN"));
    }
}

pub(super) fn plan_role(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    let access_role = section.access_role.as_ref().map_or(crate::config::ACCESS_ROLE, |role| role.value.as_str());
    if let Some(role) = section.plan_role.as_ref().filter(|role| role.value == access_role) {
        let diagnostic = Code::BadRole.error(format!("`plan_role` is the access role `{access_role}`, which can write"));
        report.at(role.at, diagnostic.hint("name another role, a read-only one, or leave `plan_role` out"));
    }
}

pub(super) fn external_id(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    if let Some(id) = section.external_id.as_ref().filter(|id| !values::external_id(id)) {
        let diagnostic = Code::BadExternalId.error(format!("`{}` is not a valid external id", id.value));
        report.at(id.at, diagnostic.hint("2 to 1,224 letters, digits or any of _ + = , . @ : / -"));
    }
}

pub(super) fn trusted_services(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    for service in &section.trusted_services {
        check_service(service, report);
    }
    super::repeated(&section.trusted_services, report);
}

pub(super) fn quarantine(facts: &Facts<'_>, report: &mut Report) {
    let Some(quarantine) = facts.file.organization.as_ref().and_then(|section| section.quarantine.as_ref()) else { return };
    let named = tree::reference(quarantine, facts.model, report);
    if named == Some(organization_address().into()) {
        let diagnostic = Code::UnknownOu.error("the root cannot be the quarantine: every account is created there");
        report.at(quarantine.at, diagnostic.hint("name an OU whose policies deny what new accounts must not do yet"));
    }
}

fn check_service(service: &At<String>, report: &mut Report) {
    if !values::service(service) {
        let guess = format!("{}.amazonaws.com", service.value);
        let hint = if values::service(&guess) {
            format!("did you mean `{guess}`?")
        } else {
            "it is a name like `config.amazonaws.com`".to_owned()
        };
        report.at(service.at, Code::BadService.error(format!("`{}` is not a service principal", service.value)).hint(hint));
    }
}

pub(super) fn administrators(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    for (service, named) in &section.delegated_administrators {
        check_service(&service.0, report);
        let named = named.keys();
        super::repeated(&named, report);
        for account in named {
            // An account of a team whose stages were taken out is not known, and is not unknown.
            let unsure = || report.is_broken(&["account", account.as_str()]) || report.any_broken_in(&["team", "defaults"]);
            if !facts.accounts.iter().any(|a| a.key == account.value) && !unsure() {
                let keys = facts.accounts.iter().map(|a| a.key.as_str());
                let hint = report.suggest(&account, keys, "name the key of an account, such as `audit`");
                report.at(account.at, Code::UnknownAccount.error(format!("unknown account `{}`", account.value)).hint(hint));
            }
        }
    }
}

pub(super) fn trusted_administration(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    if report.is_broken(&["organization", "trusted_services"]) {
        return;
    }
    for service in section.delegated_administrators.keys().map(|service| &service.0) {
        let trusted = section.trusted_services.iter().any(|s| s.value == service.value);
        if !trusted && values::service(service) {
            let summary = format!("`{}` has an administrator but is not a trusted service", service.value);
            let hint = format!("add \"{}\" to `trusted_services`", service.value);
            report.at(service.at, Code::UntrustedService.error(summary).hint(hint));
        }
    }
}
