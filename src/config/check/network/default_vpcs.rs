//! `default_vpc`: the accounts whose default VPCs are to be deleted.

use std::collections::BTreeSet;

use super::super::accounts::Planned;
use crate::config::check::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::DEFAULT_VPCS;
use crate::config::span::At;

/// The accounts without default VPCs, by key.
pub(super) fn read(accounts: &[Planned<'_>]) -> BTreeSet<String> {
    accounts.iter().filter(|account| account.inherited.default_vpc.is_some_and(is_remove)).map(|account| account.key.clone()).collect()
}

pub(in crate::config::check) fn values(facts: &Facts<'_>, report: &mut Report) {
    let file = facts.file;
    for text in file.inherited().filter_map(|keys| keys.default_vpc) {
        if !DEFAULT_VPCS.contains(&text.as_str()) {
            let hint = report.suggest(text, DEFAULT_VPCS.into_iter(), "choose one");
            report.at(text.at, Code::BadDefaultVpc.error(format!("`default_vpc` cannot be `{}`", text.value)).hint(hint));
        } else if is_remove(text) && file.vpc.is_empty() {
            let diagnostic = Code::BadDefaultVpc.warning("no default VPC is deleted: there is no layout");
            report.at(text.at, diagnostic.hint("default VPCs are removed in the Regions of layouts: declare one, [vpc.standard]"));
        }
    }
}

fn is_remove(text: &At<String>) -> bool {
    text.value == "remove"
}
