//! `[[ignore]]`: drift that is expected until a given day.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Date, Finding, Remedy, What};
use crate::diagnostic::Span;
use crate::resource::{self, Weight};

/// An `[[ignore]]` of org.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// What it is about.
    pub pattern: Pattern,
    /// The attributes that may differ; none for all that there is to find.
    pub attributes: BTreeSet<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Date,
    /// Its position in org.toml.
    pub at: Span,
}

/// An address, or the id of an unmanaged resource; `*` stands for any text, none and slashes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// What an `[[ignore]]` left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Its pattern.
    pub address: String,
    /// Why.
    pub reason: String,
    /// Its last day.
    pub until: Date,
    /// How many findings it left out, whole or in part.
    pub findings: usize,
}

impl Pattern {
    /// From a text in org.toml.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn matches(&self, finding: &Finding) -> bool {
        let ids = finding.id.as_deref().into_iter().chain(finding.subject.split(' ').next());
        std::iter::once(finding.subject.as_str()).chain(ids).any(|text| glob(&self.0, text))
    }
}

/// Whether `text` matches `pattern`, in which `*` matches any text.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The first place leaves the most for what follows.
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.is_empty()
}

impl Ignore {
    /// The finding that its day is over.
    pub(super) fn expired(&self) -> Finding {
        Finding {
            what: What::ExpiredIgnore,
            weight: Weight::Organization,
            subject: self.pattern.as_str().to_owned(),
            address: None,
            id: None,
            summary: format!("the [[ignore]] of it ended on {} ({}): remove it, or give it another day", self.until, self.reason),
            differences: Vec::new(),
            parts: BTreeMap::new(),
            remedy: Remedy::Leave,
            effect: None,
            origin: None,
            at: Some(self.at.clone()),
        }
    }

    /// Removes the expected part of a finding, and says whether there was any; `None` if nothing is left.
    fn take_from(&self, mut finding: Finding) -> (Option<Finding>, bool) {
        if !self.pattern.matches(&finding) {
            return (Some(finding), false);
        }
        if self.attributes.is_empty() {
            return (None, true);
        }
        // That something is missing or too much is no attribute.
        let differ = finding.differences.len();
        if finding.what == What::Changed {
            finding.differences.retain(|difference| !self.attributes.contains(&difference.name));
        }
        if finding.differences.len() == differ {
            return (Some(finding), false);
        }
        let spec = finding.address.as_ref().and_then(resource::spec);
        let kinds = spec.map_or(Weight::Organization, |spec| spec.weight);
        let weights = finding.differences.iter().map(|difference| super::of::weight(spec, &difference.name).unwrap_or(kinds));
        let Some(weight) = weights.min() else { return (None, true) };
        finding.weight = weight;
        finding.summary = super::of::summary(finding.differences.iter().map(|difference| difference.name.as_str()));
        (Some(finding), true)
    }
}

/// The remaining findings, and what each valid entry has left out. Expired entries leave out nothing.
pub(super) fn apply(findings: Vec<Finding>, ignores: &[Ignore], today: Date) -> (Vec<Finding>, Vec<Used>) {
    let holding: Vec<&Ignore> = ignores.iter().filter(|ignore| ignore.until >= today).collect();
    let mut counts = vec![0; holding.len()];
    let through = |finding: Finding| {
        holding.iter().zip(&mut counts).try_fold(finding, |finding, (ignore, count)| {
            let (left, took) = ignore.take_from(finding);
            *count += usize::from(took);
            left
        })
    };
    let left = findings.into_iter().filter_map(through).collect();
    let used = |(ignore, findings): (&&Ignore, usize)| Used {
        address: ignore.pattern.as_str().to_owned(),
        reason: ignore.reason.clone(),
        until: ignore.until,
        findings,
    };
    (left, holding.iter().zip(counts).map(used).collect())
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text) in
            [("a", "a"), ("*", ""), ("*", "a/b.c"), ("a*", "a"), ("*a", "ba"), ("a*c*e", "abcde"), ("*.x*y", "ou.xxy"), ("a*a", "aa")]
        {
            assert!(glob(pattern, text), "{pattern} is {text}");
        }
        for (pattern, text) in
            [("a", "ab"), ("a", "ba"), ("", "a"), ("a*", "b"), ("*a", "ab"), ("a*c*e", "ace f"), ("a*a", "a"), ("a*b*c", "acb")]
        {
            assert!(!glob(pattern, text), "{pattern} is not {text}");
        }
    }
}
