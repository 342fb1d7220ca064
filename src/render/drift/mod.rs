//! Drift, for people and for programs: one value, seven formats. The value in org.toml comes first, then the value in AWS.

mod json;
mod junit;
mod line;
mod markdown;
mod sarif;
mod text;

use std::collections::BTreeMap;

pub use json::json;
pub use junit::junit;
pub use line::line;
pub use markdown::markdown;
pub use sarif::sarif;
pub use text::text;

use super::words::{count, things, verb};
use crate::config::Places;
use crate::diagnostic::Span;
use crate::drift::{Drift, Finding, Origin, Remedy, What};
use crate::plan::{Action, Direction, Effect};
use crate::render::impact::services;
use crate::resource::Weight;

/// All weights, the heaviest first.
pub(super) const WEIGHTS: [Weight; 4] = [Weight::GuardRail, Weight::Network, Weight::Organization, Weight::Cosmetic];

/// A weight as a heading.
pub(super) fn heading(weight: Weight) -> &'static str {
    match weight {
        Weight::GuardRail => "guardrails",
        Weight::Network => "networks",
        Weight::Organization => "organization",
        Weight::Cosmetic => "cosmetic",
    }
}

/// A weight's stable name.
fn name(weight: Weight) -> &'static str {
    match weight {
        Weight::GuardRail => "guard-rail",
        Weight::Network => "network",
        Weight::Organization => "organization",
        Weight::Cosmetic => "cosmetic",
    }
}

/// Its position in org.toml; for a resource that org.toml lacks, the position of the organization.
fn place(finding: &Finding, places: &Places) -> Span {
    let at = finding.at.clone();
    at.or_else(|| finding.address.as_ref().map(|address| places.of(address))).unwrap_or_else(|| places.organization())
}

/// How many there are of each weight, the heaviest first, without those that there are none of.
fn counts(drift: &Drift) -> Vec<(Weight, usize)> {
    let of = |weight| (weight, drift.findings.iter().filter(|finding| finding.weight == weight).count());
    WEIGHTS.into_iter().map(of).filter(|(_, n)| *n > 0).collect()
}

/// `3 findings (guardrails: 1 (1 weakened), cosmetic: 2)`
fn counted(drift: &Drift) -> String {
    let weakens = |finding: &&Finding| finding.effect.as_ref().is_some_and(Effect::weakens);
    let weakened = match drift.findings.iter().filter(weakens).count() {
        0 => String::new(),
        n => format!(" ({n} weakened)"),
    };
    let told = |(weight, n): (Weight, usize)| match weight {
        Weight::GuardRail => format!("{}: {n}{weakened}", heading(weight)),
        Weight::Network | Weight::Organization | Weight::Cosmetic => format!("{}: {n}", heading(weight)),
    };
    let by_weight: Vec<String> = counts(drift).into_iter().map(told).collect();
    format!("{} ({})", count(drift.findings.len(), "finding"), by_weight.join(", "))
}

/// `no drift in 60 accounts`
fn none(drift: &Drift) -> String {
    let new = if drift.known.is_empty() { "" } else { "new " };
    format!("no {new}drift in {}", count(drift.looked_at.accounts, "account"))
}

/// The line of a finding, with its parts.
pub(super) fn summary(finding: &Finding) -> String {
    if finding.parts.is_empty() {
        return finding.summary.clone();
    }
    let parts: Vec<String> = finding.parts.iter().map(|(kind, n)| things(*n, kind)).collect();
    format!("{}; so with {}", finding.summary, parts.join(", "))
}

/// A guardrail's effect in a sentence.
fn effect(finding: &Finding) -> Option<String> {
    let Effect { effect, accounts, lets_pass, denies } = finding.effect.as_ref()?;
    let lets_pass = lets_pass.as_ref().map(|actions| format!("allows what org.toml denies: {}", services(actions)));
    let denies = denies.as_ref().map(|actions| format!("denies what org.toml allows: {}", services(actions)));
    let told = [lets_pass, denies].into_iter().flatten().collect::<Vec<_>>().join("; ");
    Some(match effect {
        Direction::Weakened | Direction::Strengthened | Direction::Mixed => {
            format!("{}, for {}: {told}", direction(*effect), count(*accounts, "account"))
        }
        Direction::None => "no account may do anything more or less by it".to_owned(),
        Direction::Unknown => "effect unknown: it depends on conditions, or on policies that overlord did not read".to_owned(),
    })
}

/// A direction as a word.
fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Weakened => "weakened",
        Direction::Strengthened => "strengthened",
        Direction::Mixed => "weakened and strengthened",
        Direction::None => "no effect",
        Direction::Unknown => "unknown effect",
    }
}

/// `since 2026-01-01T00:00:12Z: DetachPolicy by user sam`, if that is known.
fn origin(finding: &Finding) -> Option<String> {
    let Origin { since, by, name, certain, .. } = finding.origin.as_ref()?;
    let perhaps = if *certain { "" } else { "perhaps " };
    Some(format!("{perhaps}since {since}: {name} by {by}"))
}

/// What `apply` would do, as the end of a sentence that begins with it.
pub(super) fn remedy(finding: &Finding) -> String {
    match &finding.remedy {
        Remedy::Leave if finding.what == What::ExpiredIgnore => "does not know it".to_owned(),
        Remedy::Leave => "leaves it as it is".to_owned(),
        Remedy::Refuse => "refuses while this stands".to_owned(),
        Remedy::Change { action, calls, needs } => {
            let what = match action {
                Action::Update => "would update it in place".to_owned(),
                Action::NoOp | Action::Create | Action::Replace | Action::Delete | Action::Move | Action::Adopt => {
                    format!("would {} it", verb(*action))
                }
            };
            let needs = needs.as_ref().map(|needs| format!(", with {needs}")).unwrap_or_default();
            format!("{what}{needs}{}", told(calls))
        }
    }
}

/// ` (AttachPolicy, 2 DetachPolicy)`, in order.
fn told(calls: &[String]) -> String {
    /// Operations that are named.
    const NAMED: usize = 8;
    let mut order: Vec<&str> = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        let operation = call.split_once(':').map_or(call.as_str(), |(_, operation)| operation);
        let count = counts.entry(operation).or_default();
        *count += 1;
        if *count == 1 {
            order.push(operation);
        }
    }
    let one = |operation: &&str| match counts.get(operation) {
        Some(n) if *n > 1 => format!("{n} {operation}"),
        _ => (*operation).to_owned(),
    };
    let mut named: Vec<String> = order.iter().take(NAMED).map(one).collect();
    if let Some(more) = order.len().checked_sub(NAMED).filter(|more| *more > 0) {
        named.push(count(more, "other operation"));
    }
    if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) }
}
