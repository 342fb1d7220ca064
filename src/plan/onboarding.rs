//! Services that need a call of their own after Organizations trusts them, as dated data (`onboarding.toml`), and what a plan says about
//! them. Pure.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::address::{Address, Reference};
use crate::change::{Action, Change};
use crate::resource::organizations::{DelegatedAdministrator, TrustedService};
use crate::resource::{self, Finding, FindingSeverity, Kind, LiveResource};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Services {
    #[expect(dead_code, reason = "for who renews the file")]
    date: String,
    service: Vec<Service>,
}

/// A service that needs a call of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    service: String,
    command: String,
    regional: bool,
    #[expect(dead_code, reason = "for who renews the file")]
    source: String,
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a unit test reads it")]
static SERVICES: LazyLock<Services> = LazyLock::new(|| toml::from_str(include_str!("onboarding.toml")).expect("onboarding.toml is valid"));

/// A warning for each service that the changes trust or give an administrator, if that is not enough: it says what to run afterwards.
pub(crate) fn warnings(changes: &[Change], live: &BTreeMap<Address, LiveResource>) -> Vec<Finding> {
    let named = |change: &&Change| matches!(change.action, Action::Create | Action::Update) && DelegatedAdministrator::has(&change.address);
    let mut warnings = BTreeMap::new();
    for change in changes.iter().filter(named) {
        let Some(service) = service_of(change) else { continue };
        let account = change.after.as_ref().and_then(|after| resource::reference(after, "account"));
        let account = account.map(|account| match account {
            Reference::Id(id) => id,
            Reference::Address(address) => {
                let id = live.get(&address).and_then(|account| account.id.clone());
                id.unwrap_or_else(|| format!("<id of {address}>"))
            }
        });
        warnings.entry(&service.service).or_insert_with(|| warning(change, service, account.as_deref().unwrap_or(UNNAMED)));
    }
    let trusted = |change: &&Change| change.action == Action::Create && TrustedService::has(&change.address);
    for change in changes.iter().filter(trusted) {
        let Some(service) = service_of(change) else { continue };
        warnings.entry(&service.service).or_insert_with(|| warning(change, service, UNNAMED));
    }
    warnings.into_values().collect()
}

/// If org.toml names no administrator.
const UNNAMED: &str = "<id of the administrator>";

fn service_of(change: &Change) -> Option<&'static Service> {
    let name = change.after.as_ref()?.get("service")?;
    SERVICES.service.iter().find(|service| name.as_str() == Some(&service.service))
}

fn warning(change: &Change, service: &Service, account: &str) -> Finding {
    let command = service.command.replace("{account}", account);
    let regions = if service.regional { " in each Region that you use" } else { "" };
    let what = if TrustedService::has(&change.address) { "trusted access" } else { "a delegated administrator" };
    let summary = format!("{what} in Organizations is not enough for `{}`: afterwards run `{command}`{regions}", service.service);
    Finding { severity: FindingSeverity::Warning, subject: change.address.to_string(), summary }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(address: &str, after: serde_json::Value) -> Change {
        Change {
            address: address.parse().unwrap(),
            action: Action::Create,
            reason: "".into(),
            id: None,
            before: None,
            after: Some(serde_json::from_value(after).unwrap()),
            calls: Vec::new(),
            waits_for: Vec::new(),
        }
    }

    fn trusts(service: &str) -> Change {
        let after = json!({ "organization": { "ref": "organization.main" }, "service": service });
        change(&format!("trusted_service.{service}"), after)
    }

    fn delegates(service: &str, account: &str) -> Change {
        let trusted = format!("trusted_service.{service}");
        let after = json!({ "account": { "ref": account }, "service": service, "trusted_service": { "ref": trusted } });
        change(&format!("delegated_administrator.{service}"), after)
    }

    fn said(changes: &[Change]) -> Vec<String> {
        let account = json!({ "account.known": { "id": "222222222222", "attributes": {} } });
        let live = serde_json::from_value(account).unwrap();
        warnings(changes, &live).into_iter().map(|finding| format!("{}: {}", finding.subject, finding.summary)).collect()
    }

    #[test]
    fn a_service_with_its_own_call_is_a_warning_with_the_command_and_the_administrators_id() {
        let guardduty = "guardduty.amazonaws.com";
        let run = "aws guardduty enable-organization-admin-account --admin-account-id";
        let expected = |account: &str| {
            format!(
                "delegated_administrator.{guardduty}: a delegated administrator in Organizations is not enough for `{guardduty}`: afterwards \
                 run `{run} {account}` in each Region that you use"
            )
        };
        assert_eq!(said(&[trusts(guardduty), delegates(guardduty, "account.known")]), [expected("222222222222")]);
        assert_eq!(said(&[trusts(guardduty), delegates(guardduty, "account.new")]), [expected("<id of account.new>")]);
        let alone = said(&[trusts("servicecatalog.amazonaws.com")]);
        assert!(alone[0].ends_with("afterwards run `aws servicecatalog enable-aws-organizations-access`"), "{alone:?}");
    }

    #[test]
    fn a_service_that_organizations_alone_sets_up_is_none() {
        let config = "config.amazonaws.com";
        assert_eq!(said(&[trusts(config), delegates(config, "account.known")]), Vec::<String>::new());
    }
}
