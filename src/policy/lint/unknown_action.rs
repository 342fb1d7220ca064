//! `unknown-action`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::Pattern;
use crate::policy::catalogue::Catalogue;
use crate::policy::statement::Placed;
use crate::policy::work;

pub(super) static RULE: Rule = Rule {
    id: "unknown-action",
    severity: Severity::Warning,
    finds: "an action or a service that AWS does not document",
    why: "A misspelled name matches nothing: an Allow allows nothing, a Deny protects nothing. The list of actions has a date; suppress the \
          finding for a newer service.",
    examples: &[
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "KeepBuckets", "Effect": "Deny", "Action": "s3:DeleteBuckets", "Resource": "*"}"#,
            good: r#"{"Sid": "KeepBuckets", "Effect": "Deny", "Action": "s3:DeleteBucket*", "Resource": "*"}"#,
            beside: None,
        },
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "KeepLogs", "Effect": "Deny", "Action": "cloudwatchlogs:*", "Resource": "*"}"#,
            good: r#"{"Sid": "KeepLogs", "Effect": "Deny", "Action": "logs:*", "Resource": "*"}"#,
            beside: None,
        },
    ],
    check,
};

fn check(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Spot> {
    let mut nearest = Nearest::default();
    let patterns = subject.policy.statements.iter().flat_map(|statement| &statement.actions.patterns);
    patterns.filter_map(|one| of(one, setting.catalogue, &mut nearest)).collect()
}

fn of(pattern: &Placed<Pattern>, catalogue: &Catalogue, nearest: &mut Nearest) -> Option<Spot> {
    let text = pattern.value.text();
    if catalogue.matching(text).next().is_some() {
        return None;
    }
    let (service, name) = text.split_once(':').unwrap_or((text, "*"));
    let known = catalogue.of(service);
    let what = match known {
        Some(_) => format!("the action `{text}`"),
        None => format!("the service `{service}`"),
    };
    let near = match known {
        Some(actions) => nearest.of(name, actions.iter().map(|action| action.name.as_str())).map(|near| format!("{service}:{near}")),
        None => nearest.of(service, catalogue.prefixes()).map(str::to_owned),
    };
    let hint = near.map_or_else(
        || "look it up in AWS's Service Authorization Reference; suppress this if it is new".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Some(Spot::new(pattern.at, format!("{what} is not in AWS's list of {}", catalogue.date()), hint))
}

/// The candidate that is a few letters away.
pub(in crate::policy) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    Nearest::default().of(word, candidates)
}

/// Suggests the nearest known names for misspelled ones of a document. Every misspelled name is reported, but only the first ones get a
/// suggestion: comparing a name with all others is the most expensive step of the lints.
#[derive(Debug, Default)]
pub(super) struct Nearest {
    compared: usize,
}

/// Pairs of letters that are compared for a document at most.
const LETTERS: usize = 2_000_000;

impl Nearest {
    /// The candidate that is a few letters away.
    pub(super) fn of<'c>(&mut self, word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
        let word = word.to_lowercase();
        let length = word.chars().count();
        let far = (length / 4).max(1);
        let mut nearest: Option<(usize, &str)> = None;
        for candidate in candidates {
            let other = candidate.chars().count();
            if self.compared > LETTERS || other.abs_diff(length) > far {
                continue;
            }
            self.compared += length * other;
            work::add(length * other);
            let found = (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate);
            if found.0 <= far && nearest.is_none_or(|nearest| found < nearest) {
                nearest = Some(found);
            }
        }
        nearest.map(|(_, candidate)| candidate)
    }
}
