//! What all sections have in common: keys, tags, lists of stages.

use super::table::Facts;
use super::{attachments, bad_key, repeated, tags};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::span::Key;

pub(super) fn keys(facts: &Facts<'_>, report: &mut Report) {
    let file = facts.file;
    let stages = file.team.values().flat_map(|t| t.stage.keys()).map(|k| ("stage", k));
    let ous = file.ou.keys().map(|k| ("ou", k));
    let policies = file.policy.keys().map(|k| ("policy", k));
    let teams = file.team.keys().map(|k| ("team", k));
    let accounts = file.account.keys().map(|k| ("account", k));
    let pools = file.pool.keys().map(|k| ("pool", k));
    let layouts = file.vpc.keys().map(|k| ("vpc", k));
    let gateways = file.transit_gateway.keys().map(|k| ("transit_gateway", k)).chain(file.vpn.keys().map(|k| ("vpn", k)));
    let tiers = file.vpc.values().filter_map(|v| v.tiers.as_ref()).flat_map(|t| t.keys()).map(|k| ("tier", k));
    let frameworks = file.framework.keys().map(|k| ("framework", k));
    let stages = stages.chain(frameworks).chain(pools).chain(layouts).chain(gateways).chain(tiers);
    for (section, key) in ous.chain(policies).chain(teams).chain(accounts).chain(stages) {
        if !Key::is_well_formed(key) {
            report.at(key.at(), bad_key(key.as_str()));
        } else if attachments::is_reserved(section, key.as_str()) {
            let summary = format!("`{}` cannot be the key of this section", key.as_str());
            let hint = match section {
                "ou" => "`root` is the root itself, whose policies are in [organization]: choose another key",
                _ => "it is an AWS managed policy, which needs no section: choose another key",
            };
            report.at(key.at(), Code::ReservedKey.error(summary).hint(hint));
        }
    }
}

pub(super) fn tags(facts: &Facts<'_>, report: &mut Report) {
    let file = facts.file;
    for (key, ou) in &file.ou {
        tags::check(ou.tags.as_ref(), key.at(), report);
    }
    for (key, policy) in &file.policy {
        tags::check(policy.tags.as_ref(), key.at(), report);
    }
    tags::check_keys(&file.defaults.tags, report);
    for team in file.team.values() {
        tags::check_keys(&team.tags, report);
        team.stage.values().for_each(|stage| tags::check_keys(&stage.tags, report));
    }
    file.account.values().filter_map(|a| a.tags.as_ref()).for_each(|tags| tags::check_keys(tags, report));
}

pub(super) fn stages(facts: &Facts<'_>, report: &mut Report) {
    let file = facts.file;
    for list in file.team.values().filter_map(|t| t.stages.as_ref()).chain(&file.defaults.stages) {
        repeated(list, report);
    }
}
