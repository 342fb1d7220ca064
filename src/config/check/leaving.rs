//! Accounts that are to leave the organization: `close = true` and `removed = true`. overlord changes nothing else of them, so any other
//! setting that would be misleading is a mistake.

use super::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{Account, Stage};
use crate::config::span::{At, List, Table};
use crate::resource::organizations::Leaving;

/// What a section says that an account which leaves has no use for.
struct Section<'f> {
    close: Option<&'f At<bool>>,
    removed: Option<&'f At<bool>>,
    invite: Option<&'f At<bool>>,
    vpc: Option<&'f List>,
    cidr: &'f Table<At<String>>,
    policies: Option<&'f List>,
}

/// How a single account leaves, if it does.
pub(super) fn of_account(account: &Account, report: &mut Report) -> Option<Leaving> {
    let Account { close, removed, invite, vpc, cidr, policies, .. } = account;
    of(
        &Section {
            close: close.as_ref(),
            removed: removed.as_ref(),
            invite: invite.as_ref(),
            vpc: vpc.as_ref(),
            cidr,
            policies: policies.as_ref(),
        },
        report,
    )
}

/// How the account of a stage leaves, if it does.
pub(super) fn of_stage(stage: &Stage, report: &mut Report) -> Option<Leaving> {
    let Stage { close, removed, invite, vpc, cidr, policies, .. } = stage;
    of(
        &Section {
            close: close.as_ref(),
            removed: removed.as_ref(),
            invite: invite.as_ref(),
            vpc: vpc.as_ref(),
            cidr,
            policies: policies.as_ref(),
        },
        report,
    )
}

fn of(section: &Section<'_>, report: &mut Report) -> Option<Leaving> {
    let is_set = |key: Option<&At<bool>>| key.is_some_and(|key| key.value);
    let leaves = match (is_set(section.close), is_set(section.removed)) {
        (false, false) => return None,
        (true, false) => Leaving::Closed,
        (false, true) => Leaving::Removed,
        (true, true) => {
            if let (Some(close), Some(removed)) = (section.close, section.removed) {
                let diagnostic = Code::BadLeaving.error("an account is either closed or taken out of the organization");
                let diagnostic = diagnostic.related(report.span(close.at), "closed here");
                report.at(removed.at, diagnostic.hint("keep `close` to end it, or `removed` to let it live on by itself"));
            }
            Leaving::Closed
        }
    };
    if let Some(invite) = section.invite.filter(|invite| invite.value) {
        let summary = format!("an account that is invited cannot be {} at once", word(leaves));
        report.at(invite.at, Code::BadLeaving.error(summary).hint("remove `invite`, or the key with which it leaves"));
    }
    let unused = [
        ("vpc", section.vpc.map(|list| list.at)),
        ("cidr", section.cidr.values().next().map(|cidr| cidr.at)),
        ("policies", section.policies.map(|list| list.at)),
    ];
    for (key, at) in unused.into_iter().filter_map(|(key, at)| Some((key, at?))) {
        let summary = format!("`{key}` says nothing of an account that is to be {}", word(leaves));
        let diagnostic = Code::BadLeaving.warning(summary).detail("overlord changes nothing else of it until it has left");
        report.at(at, diagnostic.hint(format!("remove `{key}`")));
    }
    Some(leaves)
}

fn word(leaving: Leaving) -> &'static str {
    match leaving {
        Leaving::Closed => "closed",
        Leaving::Removed => "taken out of the organization",
    }
}

pub(super) fn management_account(facts: &Facts<'_>, report: &mut Report) {
    let Some(management) = facts.management_account() else { return };
    for account in facts.accounts {
        let Some(leaving) = account.leaves else { continue };
        if let Some(id) = account.id.filter(|id| id.value == management.value) {
            let summary = format!("the management account cannot be {}", word(leaving));
            report.at(id.at, Code::BadLeaving.error(summary).hint("remove `close` or `removed`: the organization ends with this account"));
        }
    }
}

pub(super) fn administrators(facts: &Facts<'_>, report: &mut Report) {
    let Some(section) = &facts.file.organization else { return };
    for account in facts.accounts {
        let Some(leaving) = account.leaves else { continue };
        let administers = section.delegated_administrators.values().flat_map(At::keys);
        administers.filter(|named| named.value == account.key).for_each(|named| needed(&named, leaving, report));
    }
}

/// An account that is to leave is named where it is needed.
pub(super) fn needed(named: &At<String>, leaving: Leaving, report: &mut Report) {
    let summary = format!("`{}` is to be {}, and is needed here", named.value, word(leaving));
    report.at(named.at, Code::BadLeaving.error(summary).hint("name another account, apply that, and then let this one leave"));
}
