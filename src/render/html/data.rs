//! The accounts as JSON data for the page's script, with everything that the script needs to draw one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::parts::{known, look, places, shares};
use super::{compliance, drift};
use crate::address::Address;
use crate::render::words::plain;
use crate::report::{Account, Report, Unit};

/// The data.
pub(super) fn data(report: &Report<'_>) -> Value {
    let policies = places(report);
    let numbers = |attached: &BTreeMap<String, BTreeSet<String>>| -> Vec<usize> {
        let pairs = attached.iter().flat_map(|(policy_type, keys)| keys.iter().map(move |key| (policy_type.as_str(), key.as_str())));
        pairs.filter_map(|pair| policies.get(&pair).copied()).collect()
    };
    let numbered: BTreeMap<&Address, usize> = report.units.iter().enumerate().map(|(number, unit)| (&unit.address, number)).collect();
    let unit = |unit: &Unit| {
        let parent = unit.parent.as_ref().and_then(|parent| numbered.get(parent));
        json!({"name": plain(&unit.name), "id": unit.id, "parent": parent, "policies": numbers(&unit.policies)})
    };
    let account = |account: &Account| {
        json!({
            "key": plain(account.address.key()),
            "name": account.name.as_deref().map(plain),
            "id": account.id.as_deref().map(plain),
            "team": team(account),
            "unit": numbered.get(&account.unit),
            "policies": numbers(&account.policies),
            "marks": marks(account),
            "told": told(account),
            "management": account.is_management,
            "restriction": account.restriction,
            "standings": account.standings.iter().map(|(framework, standing)| {
                let (look, says) = compliance::says(standing);
                json!([plain(framework), look, says])
            }).collect::<Vec<_>>(),
            "vpcs": account.vpcs.iter().map(|vpc| {
                format!("{} {} in {}{}", vpc.layout, vpc.cidr, vpc.region, if vpc.is_live { "" } else { ", planned" })
            }).collect::<Vec<_>>(),
            "usd": account.usd_a_month.map(|usd| usd.to_string()),
            "findings": account.findings,
        })
    };
    let finding = |(number, finding)| json!([plain(&drift::line(finding)), drift::is_shown(report, number)]);
    json!({
        "units": report.units.iter().map(unit).collect::<Vec<_>>(),
        "accounts": report.accounts.iter().map(account).collect::<Vec<_>>(),
        "policies": report.policies.iter().map(|policy| json!([look(policy), plain(&policy.key)])).collect::<Vec<_>>(),
        "shares": report.restrictions.classes.iter().map(|class| {
            shares(class.passes.count, class.conditional.count, class.denied.count)
        }).collect::<Vec<_>>(),
        "findings": report.drift.findings.iter().enumerate().map(finding).collect::<Vec<_>>(),
    })
}

fn team(account: &Account) -> Option<String> {
    let (team, stage) = account.team.as_ref().zip(account.stage.as_ref())?;
    Some(plain(&format!("{team} · {stage}")))
}

/// Looks and words.
fn marks(account: &Account) -> Vec<(&'static str, &'static str)> {
    let management = account.is_management.then_some(("info", "management account"));
    let frozen = account.left_alone.is_some().then_some(("warn", "left as it is"));
    let unread = account.unread.is_some().then_some(("bad", "not read"));
    management.into_iter().chain(known(account.known)).chain(frozen).chain(unread).collect()
}

/// Notes about it.
fn told(account: &Account) -> Vec<String> {
    let unread = account.unread.as_ref().map(|why| format!("Its network could not be read: {why}"));
    account.left_alone.clone().into_iter().chain(unread).map(|text| plain(&text)).collect()
}
