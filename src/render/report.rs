//! The result of an apply: text and JSON of the same report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::vpcs::{self, Place};
use super::words::{count, plain, things};
use super::{Style, inventory};
use crate::address::Address;
use crate::apply::{Counts, Needs, Outcome, Report};

/// The number of failures that are listed before the rest is counted.
pub(crate) const SINGLY: usize = 40;

/// Ids of created resources that are listed, before the rest is counted.
const IDS: usize = 40;

/// The ids of created resources; the outcomes: failures with what to do, skipped changes with the cause, changes not applied; the counts.
pub fn text(report: &Report, style: Style) -> String {
    let mut out = String::new();
    created(&mut out, report, style);
    failures(&mut out, report, style);
    skipped(&mut out, report, style);
    waiting(&mut out, report, style);
    withheld(&mut out, report, style);
    interrupted(&mut out, report, style);
    let Counts { applied, failed, skipped, withheld, waiting, interrupted, not_started } = report.counts();
    let rest = [
        (failed, "failed"),
        (skipped, "skipped"),
        (withheld, "withheld"),
        (waiting, "waiting"),
        (interrupted, "interrupted"),
        (not_started, "not started"),
    ];
    let rest: String = rest.iter().filter(|(n, _)| *n > 0).map(|(n, told)| format!(", {n} {told}")).collect();
    let all = count(report.outcomes.len(), "change");
    let _ = writeln!(out, "{} {applied} of {all} applied{rest}", style.bold("Apply:"));
    out
}

/// The ids as `overlord output` prints them; of many, how many more of which kind there are.
fn created(out: &mut String, report: &Report, style: Style) {
    if report.ids.is_empty() {
        return;
    }
    let listed: BTreeMap<&Address, &str> = report.ids.iter().take(IDS).map(|(address, id)| (address, id.as_str())).collect();
    let _ = writeln!(out, "{}", style.bold("Created:"));
    for line in inventory::ids_text(&listed).lines() {
        let _ = writeln!(out, "  {line}");
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    report.ids.keys().skip(IDS).for_each(|address| *kinds.entry(address.kind()).or_default() += 1);
    if !kinds.is_empty() {
        let more: Vec<String> = kinds.iter().map(|(kind, n)| things(*n, kind)).collect();
        let more = format!("… and {} more: {} (`overlord output` prints all ids)", report.ids.len() - IDS, more.join(", "));
        let _ = writeln!(out, "  {}", style.dim(&more));
    }
    out.push('\n');
}

/// The first failures in full; the rest counted by kind, AWS's error, and place.
fn failures(out: &mut String, report: &Report, style: Style) {
    let mut more: BTreeMap<(&str, &str), Vec<&Address>> = BTreeMap::new();
    let failed = report.outcomes.iter().filter_map(|(address, outcome)| match outcome {
        Outcome::Failed(error) => Some((address, error)),
        Outcome::Applied
        | Outcome::Skipped { .. }
        | Outcome::Withheld { .. }
        | Outcome::Waiting(_)
        | Outcome::Interrupted
        | Outcome::NotStarted => None,
    });
    for (position, (address, error)) in failed.enumerate() {
        if position >= SINGLY {
            more.entry((error.code().unwrap_or("no error of AWS's"), address.kind())).or_default().push(address);
            continue;
        }
        let _ = writeln!(out, "{}: {}: {}", style.error("failed"), plain(&address.to_string()), plain(&error.to_string()));
        if let Some(hint) = error.hint() {
            let _ = writeln!(out, "  help: {hint}");
        }
    }
    if more.is_empty() {
        return;
    }
    let rest: usize = more.values().map(Vec::len).sum();
    let _ = writeln!(out, "… and {rest} more failed (--format json lists all):");
    for ((code, kind), mut addresses) in more {
        addresses.sort_unstable();
        let _ = writeln!(out, "  {}: {}, {}", things(addresses.len(), kind), plain(code), from_to(&addresses));
    }
}

/// One failure may block thousands of changes: they are grouped by it.
fn skipped(out: &mut String, report: &Report, style: Style) {
    for (because_of, addresses) in skipped_by_cause(report) {
        let (label, because_of) = (style.dim("skipped"), plain(&because_of.to_string()));
        let _ = match addresses.as_slice() {
            [address] => writeln!(out, "{label}: {}: because of {because_of}", plain(&address.to_string())),
            many => writeln!(out, "{label}: {}, {}: because of {because_of}", count(many.len(), "change"), from_to(many)),
        };
    }
}

/// What AWS takes later: those that wait for the same, in one line.
fn waiting(out: &mut String, report: &Report, style: Style) {
    let mut alike: BTreeMap<String, (Vec<&Address>, Option<String>)> = BTreeMap::new();
    for (address, outcome) in &report.outcomes {
        if let Outcome::Waiting(error) = outcome {
            alike.entry(error.to_string()).or_insert_with(|| (Vec::new(), error.hint())).0.push(address);
        }
    }
    for (why, (mut addresses, hint)) in alike {
        addresses.sort_unstable();
        let who = match addresses.as_slice() {
            [address] => plain(&address.to_string()),
            many => format!("{}, {}", count(many.len(), "change"), from_to(many)),
        };
        let _ = writeln!(out, "{}: {who}: {}", style.warning("waiting"), plain(&why));
        if let Some(hint) = hint {
            let _ = writeln!(out, "  help: {hint}");
        }
    }
}

/// What was begun and cut: some by name, many by kind.
fn interrupted(out: &mut String, report: &Report, style: Style) {
    let cut = report.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Interrupted).map(|(address, _)| address);
    let mut kinds: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    cut.for_each(|address| kinds.entry(address.kind()).or_default().push(address));
    for (kind, mut addresses) in kinds {
        addresses.sort_unstable();
        let who = match addresses.as_slice() {
            [address] => plain(&address.to_string()),
            many => format!("{}, {}", things(many.len(), kind), from_to(many)),
        };
        let _ = writeln!(out, "{}: {who}: started but not finished; the next run continues", style.warning("interrupted"));
    }
}

/// Changes of the organization one by one, changes of networks by VPC.
fn withheld(out: &mut String, report: &Report, style: Style) {
    let label = style.warning("withheld");
    let mut inside: BTreeMap<Place<'_>, Vec<&Address>> = BTreeMap::new();
    for (address, outcome) in &report.outcomes {
        let Outcome::Withheld { needs } = outcome else { continue };
        if let Needs::Id { .. } = needs {
            let _ = writeln!(out, "{label}: {}: it needs {needs}", plain(&address.to_string()));
            continue;
        }
        match Place::of(address) {
            Some(place) => inside.entry(place).or_default().push(address),
            None => drop(writeln!(out, "{label}: {}: deletions need --allow-delete", plain(&address.to_string()))),
        }
    }
    for (place, addresses) in inside {
        let told = vpcs::kinds_of(addresses.into_iter(), vpcs::NAMED);
        let _ = writeln!(out, "{label}: {}: {told}: deletions need --allow-delete", plain(&place.to_string()));
    }
}

/// `account.a to account.z`: the first and the last.
fn from_to(addresses: &[&Address]) -> String {
    match addresses {
        [] => String::new(),
        [only] => plain(&only.to_string()),
        [first, .., last] => plain(&format!("{first} to {last}")),
    }
}

/// The skipped changes, grouped by the change that caused it, in order: one failure may block thousands.
fn skipped_by_cause(report: &Report) -> BTreeMap<&Address, Vec<&Address>> {
    let mut causes: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (address, outcome) in &report.outcomes {
        if let Outcome::Skipped { because_of } = outcome {
            causes.entry(because_of).or_default().push(address);
        }
    }
    causes.values_mut().for_each(|addresses| addresses.sort_unstable());
    causes
}

/// The outcomes as data: `{"format_version", "outcomes": [{"address", "outcome", …}], "ids": {address: id}}`.
pub fn json(report: &Report) -> Value {
    let outcomes = report.outcomes.iter().map(|(address, outcome)| match outcome {
        Outcome::Applied => json!({"address": address, "outcome": "applied"}),
        Outcome::Failed(error) => {
            json!({"address": address, "outcome": "failed", "error": error.to_string(), "code": error.code(), "help": error.hint()})
        }
        Outcome::Skipped { because_of } => json!({"address": address, "outcome": "skipped", "because_of": because_of}),
        Outcome::Withheld { needs } => json!({"address": address, "outcome": "withheld", "needs": needs.to_string()}),
        Outcome::Waiting(error) => json!({"address": address, "outcome": "waiting", "why": error.to_string(), "help": error.hint()}),
        Outcome::Interrupted => json!({"address": address, "outcome": "interrupted"}),
        Outcome::NotStarted => json!({"address": address, "outcome": "not-started"}),
    });
    json!({"format_version": 1, "outcomes": outcomes.collect::<Vec<_>>(), "ids": report.ids})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Error;

    #[test]
    fn one_failure_that_holds_back_thousands_is_told_in_two_lines() {
        let root = Address::new("organization", "main");
        let skipped = |n| (Address::new("account", format!("a{n:04}")), Outcome::Skipped { because_of: root.clone() });
        let mut outcomes = vec![(root.clone(), Outcome::Failed(Error::failed("no\u{1b}[2J")))];
        outcomes.extend((0..5000).map(skipped));
        let told = text(&Report { outcomes, ..Report::default() }, Style::default());
        let expected = "failed: organization.main: no\\u{1b}[2J\n\
                        skipped: 5000 changes, account.a0000 to account.a4999: because of organization.main\n\
                        Apply: 0 of 5001 changes applied, 1 failed, 5000 skipped\n";
        assert_eq!(told, expected);
    }

    #[test]
    fn many_ids_are_folded_in_text_and_whole_in_json() {
        let id = |n: usize| (Address::new("account", format!("a{n:02}")), format!("{n:012}"));
        let mut report = Report { ids: (0..42).map(id).collect(), ..Report::default() };
        report.ids.insert("a00/eu-west-1/vpc.standard".parse().unwrap(), "vpc-1".to_owned());
        let told = text(&report, Style::default());
        assert!(told.starts_with("Created:\n  account.a00 = 000000000000\n"), "{told}");
        let rest = "  … and 3 more: 2 accounts, 1 VPC (`overlord output` prints all ids)\n\nApply: 0 of 0 changes applied\n";
        assert!(told.ends_with(rest), "{told}");
        assert_eq!(told.lines().count(), IDS + 4);
        assert_eq!(json(&report)["ids"].as_object().unwrap().len(), 43);
        assert_eq!(json(&report)["ids"]["a00/eu-west-1/vpc.standard"], "vpc-1");
    }

    #[test]
    fn what_was_interrupted_is_no_failure() {
        let cut = |key: &str| (Address::new("account", key), Outcome::Interrupted);
        let report = Report { outcomes: vec![cut("a"), cut("b"), (Address::new("ou", "c"), Outcome::NotStarted)], ..Report::default() };
        let expected = "interrupted: 2 accounts, account.a to account.b: started but not finished; the next run continues\n\
                        Apply: 0 of 3 changes applied, 2 interrupted, 1 not started\n";
        assert_eq!(text(&report, Style::default()), expected);
        assert_eq!(json(&report)["outcomes"][0], json!({"address": "account.a", "outcome": "interrupted"}));
    }

    #[test]
    fn thousands_of_failures_are_counted() {
        let failed = |n| (Address::new("account", format!("a{n:04}")), Outcome::Failed(Error::failed("no")));
        let told = text(&Report { outcomes: (0..5000).map(failed).collect(), ..Report::default() }, Style::default());
        assert_eq!(told.lines().count(), SINGLY + 3);
        let rest = "… and 4960 more failed (--format json lists all):\n  \
                    4960 accounts: no error of AWS's, account.a0040 to account.a4999\n\
                    Apply: 0 of 5000 changes applied, 5000 failed\n";
        assert!(told.ends_with(rest), "{told}");
    }

    #[test]
    fn what_is_withheld_of_a_network_is_told_by_vpc() {
        let withheld = |key: &str| (key.parse().unwrap(), Outcome::Withheld { needs: Needs::AllowDelete });
        let network = |account: &str| {
            ["nat_gateway.standard/a", "nat_gateway.standard/b", "route.standard/x/0.0.0.0/0"]
                .map(|key| withheld(&format!("{account}/eu-west-1/{key}")))
        };
        let outcomes = [withheld("ou.old")].into_iter().chain(["web", "records"].into_iter().flat_map(network)).collect();
        let told = text(&Report { outcomes, ..Report::default() }, Style::default());
        let expected = "withheld: ou.old: deletions need --allow-delete\n\
                        withheld: records/eu-west-1/vpc.standard: 2 NAT gateways (a, b), 1 route (x/0.0.0.0/0): deletions need --allow-delete\n\
                        withheld: web/eu-west-1/vpc.standard: 2 NAT gateways (a, b), 1 route (x/0.0.0.0/0): deletions need --allow-delete\n\
                        Apply: 0 of 7 changes applied, 7 withheld\n";
        assert_eq!(told, expected);
    }
}
