//! `[organization]`: the expected account id, the Region, the role, the trusted services and their administrators.

use super::accounts::Planned;
use super::{Model, tree, values};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::Organization;
use crate::config::span::At;
use crate::diagnostic::ByteRange;
use crate::resource::organizations::organization_address;

/// Checks the section, or says that it is missing.
pub(super) fn check(model: &Model<'_>, accounts: &[Planned<'_>], report: &mut Report) {
    let hint = "write the id of the account that you run overlord in: `management_account = \"111111111111\"`";
    let Some(section) = &model.file.organization else {
        if !report.is_broken(&["organization"]) {
            report.at(ByteRange { start: 0, end: 0 }, Code::MissingKey.error("there is no [organization]").hint(hint));
        }
        return;
    };
    match &section.management_account {
        None if !report.is_broken(&["organization", "management_account"]) => {
            report.at(section.at, Code::MissingKey.error("[organization] has no `management_account`").hint(hint));
        }
        Some(id) if !values::account_id(id) => report.at(id.at, super::bad_account_id(id)),
        None | Some(_) => {}
    }
    if let Some(region) = &section.home_region {
        model.regions.check(region, region.at, report);
    }
    for role in [&section.access_role, &section.plan_role].into_iter().flatten().filter(|role| !values::role(role)) {
        let diagnostic = Code::BadRole.error(format!("`{}` is not a role name", role.value));
        report.at(role.at, diagnostic.hint("1 to 64 letters, digits or any of _ + = , . @ -; the name, not the ARN"));
    }
    let access_role = section.access_role.as_ref().map_or(crate::config::ACCESS_ROLE, |role| role.value.as_str());
    if let Some(role) = section.plan_role.as_ref().filter(|role| role.value == access_role) {
        let diagnostic = Code::BadRole.error(format!("`plan_role` is the access role `{access_role}`, which can write"));
        report.at(role.at, diagnostic.hint("name another role, a read-only one, or leave `plan_role` out"));
    }
    if let Some(id) = section.external_id.as_ref().filter(|id| !values::external_id(id)) {
        let diagnostic = Code::BadExternalId.error(format!("`{}` is not a valid external id", id.value));
        report.at(id.at, diagnostic.hint("2 to 1,224 letters, digits or any of _ + = , . @ : / -"));
    }
    for service in &section.trusted_services {
        check_service(service, report);
    }
    super::repeated(&section.trusted_services, report);
    if let Some(quarantine) = &section.quarantine {
        let named = tree::reference(quarantine, model, report);
        if named == Some(organization_address().into()) {
            let diagnostic = Code::UnknownOu.error("the root cannot be the quarantine: every account is created there");
            report.at(quarantine.at, diagnostic.hint("name an OU whose policies deny what new accounts must not do yet"));
        }
    }
    administrators(section, accounts, report);
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

fn administrators(section: &Organization, accounts: &[Planned<'_>], report: &mut Report) {
    for (service, named) in &section.delegated_administrators {
        let service = &service.0;
        check_service(service, report);
        let trusted = section.trusted_services.iter().any(|s| s.value == service.value);
        if !trusted && values::service(service) && !report.is_broken(&["organization", "trusted_services"]) {
            let summary = format!("`{}` has an administrator but is not a trusted service", service.value);
            let hint = format!("add \"{}\" to `trusted_services`", service.value);
            report.at(service.at, Code::UntrustedService.error(summary).hint(hint));
        }
        let named = named.keys();
        super::repeated(&named, report);
        for account in named {
            // An account of a team whose stages were taken out is not known, and is not unknown.
            let unsure = || report.is_broken(&["account", account.as_str()]) || report.any_broken_in(&["team", "defaults"]);
            if !accounts.iter().any(|a| a.key == account.value) && !unsure() {
                let hint = report.suggest(&account, accounts.iter().map(|a| a.key.as_str()), "name the key of an account, such as `audit`");
                report.at(account.at, Code::UnknownAccount.error(format!("unknown account `{}`", account.value)).hint(hint));
            }
        }
    }
}
