//! `regions`: the opt-in Regions that accounts enable, whether or not a layout uses them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::accounts::Planned;
use super::super::repeated;
use crate::config::check::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::span::List;
use crate::limits::LIMITS;

/// The Regions by the key of the account.
pub(super) fn read(accounts: &[Planned<'_>]) -> BTreeMap<String, BTreeSet<String>> {
    let opt_in = |list: &List| list.iter().map(|region| region.value.clone()).filter(|region| LIMITS.regions.is_opt_in(region)).collect();
    let declared = accounts.iter().filter_map(|account| Some((account.key.clone(), opt_in(account.inherited.regions?))));
    declared.filter(|(_, regions): &(_, BTreeSet<String>)| !regions.is_empty()).collect()
}

pub(in crate::config::check) fn values(facts: &Facts<'_>, report: &mut Report) {
    for list in facts.file.inherited().filter_map(|keys| keys.regions) {
        repeated(list, report);
        for region in list.iter() {
            if facts.model.regions.check(region, region.at, report) && !LIMITS.regions.is_opt_in(region) {
                let diagnostic = Code::BadRegion.warning(format!("`{}` is enabled in every account", region.value));
                report.at(region.at, diagnostic.hint("remove it: `regions` is for those that have to be enabled"));
            }
        }
    }
}
